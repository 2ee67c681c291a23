import ast
import math
import struct

import numpy as np
import pytest

from polyrules.domain.ids import StrategyId
from polyrules.domain.money import Side
from polyrules.language.actions import Piece, Trade, Veto
from polyrules.language.evaluators.reference import (
    Outcome,
    RowReference,
    evaluate,
    evaluate_part,
    missing_names,
)
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.check import Scope, check, feature_types
from polyrules.language.expressions.hoist import Windows
from polyrules.language.functions import FUNCTIONS, KERNELS
from polyrules.language.strategy import (
    Fixed,
    Guard,
    Let,
    OnUnknown,
    Rule,
    Schedule,
    Strategy,
    Value,
    Window,
)
from tests.strategies import BUY_TIGHT
from tests.strategies import strategy as loaded

PROB = Type(Kind.NUMBER, "prob")
RATIO = Type(Kind.NUMBER, "1")
BOOL = Type(Kind.BOOL)

# p, q, r are TRUE, FALSE, UNKNOWN; x, y are numbers; gone is missing
NAMES = {
    **dict.fromkeys(("p", "q", "r"), BOOL),
    **dict.fromkeys(("x", "y", "gone", "zero", "huge"), RATIO),
    **dict.fromkeys(("bid", "ask", "tick"), PROB),
}
ROW: dict[str, Value] = {
    "p": True,
    "q": False,
    "x": 0.5,
    "y": -2.0,
    "zero": 0.0,
    "huge": 1e308,
    "bid": 0.3,
    "ask": 0.31,
    "tick": 0.01,
    "category": "sports",
}


def read(source: str, **lets: Type) -> Expression:
    checked = check(
        source, Scope({**feature_types(), **NAMES, **lets}, {}, Windows()), None
    )
    assert checked.expression is not None, checked.findings
    return checked.expression


def value(source: str) -> Value:
    return evaluate(read(source), ROW)


CONDITIONS: list[tuple[str, bool | None]] = [
    ("p and p", True),
    ("p and q", False),
    ("p and r", None),
    ("q and r", False),
    ("r and q", False),
    ("r and r", None),
    ("p or r", True),
    ("r or p", True),
    ("q or r", None),
    ("q or q", False),
    ("not p", False),
    ("not q", True),
    ("not r", None),
    ("gone > 1", None),
    ("gone == gone", None),
    ("gone != 1", None),
    ("not gone > 1", None),
    ("0 < x < 1", True),
    ("0 < x < gone", None),
    ("1 < x < gone", False),
    ("gone < x < 0", False),
    ("x in (0.5, 2)", True),
    ("x in (gone, 0.5)", True),
    ("x in (gone, 2)", None),
    ("x not in (gone, 0.5)", False),
    ("gone in (1, 2)", None),
    ("category == 'sports'", True),
    ("category in ('tech', 'crypto')", False),
    ("category not in ('tech', 'crypto')", True),
    ("p == q", False),
    ("p != r", None),
    ("known(gone)", False),
    ("known(r)", False),
    ("known(q)", True),
    ("known(x / zero)", False),
    ("coalesce(r, p)", True),
    ("between(x, 0, 1)", True),
    ("between(x, gone, 0.2)", False),
    ("between(x, 0.6, gone)", False),
    ("between(x, gone, 0.9)", None),
    ("p if q else r", None),
    ("p if p else r", True),
    ("p if r else p", None),
]
NUMBERS: list[tuple[str, float | None]] = [
    ("x + 1", 1.5),
    ("x - y * 2", 4.5),
    ("x / y", -0.25),
    ("-x", -0.5),
    ("x if p else y", 0.5),
    ("x if r else x", None),
    ("x + gone", None),
    ("gone * 0", None),
    ("x / zero", None),
    ("zero / zero", None),
    ("huge * 10", None),
    ("huge + huge", None),
    ("-huge - huge", None),
    ("huge * huge * 0", None),
    ("abs(y)", 2.0),
    ("min(x, y, 3)", -2.0),
    ("max(x, y, 3)", 3.0),
    ("min(x, gone)", None),
    ("max(gone, x)", None),
    ("clamp(x, 0, 0.2)", 0.2),
    ("clamp(y, 0, 1)", 0.0),
    ("clamp(x, 0, gone)", None),
    ("sign(y)", -1.0),
    ("sign(zero)", 0.0),
    ("sign(x)", 1.0),
    ("coalesce(gone, x)", 0.5),
    ("coalesce(y, x)", -2.0),
    ("coalesce(gone, gone)", None),
    ("coalesce(x / zero, 7)", 7.0),
    ("bps(50)", 0.005),
    ("seconds(3)", 3.0),
    ("minutes(2)", 120.0),
    ("hours(2)", 7_200.0),
    ("days(2)", 172_800.0),
    ("to_hours(minutes(90))", 1.5),
    ("as_prob(x)", 0.5),
    ("implied_no(bid)", 0.7),
    ("implied_no(0.29)", 0.71),
    ("fee(bid, 0.25)", 0.0525),
    ("floor_tick(0.29, tick)", 0.29),
    ("floor_tick(0.299999, tick)", 0.29),
    ("floor_tick(0.3 - 0.01 - 0.000000000001, tick)", 0.29),
    ("ceil_tick(0.29, tick)", 0.29),
    ("ceil_tick(0.291, tick)", 0.3),
    ("round_tick(0.294, tick)", 0.29),
    ("round_tick(0.295, tick)", 0.3),
    ("round_tick(0.305, tick)", 0.3),
    ("floor_tick(0.29, 0)", None),
    ("floor_tick(0.29, 0.0000000001)", None),
    ("floor_tick(0.29, -tick)", None),
    ("sqrt(0.25)", 0.5),
    ("sqrt(y)", None),
    ("exp(0)", 1.0),
    ("exp(710)", None),
    ("exp(-800)", 0.0),
    ("log(1)", 0.0),
    ("log(0)", None),
    ("log(y)", None),
    ("pow(2, 3)", 8.0),
    ("pow(0, -1)", None),
    ("pow(y, 0.5)", None),
    ("pow(10, 400)", None),
    ("pow(gone, 0)", None),
    ("pow(1, gone)", None),
    ("normal_cdf(0)", 0.5),
    ("normal_cdf(40)", 1.0),
    ("logit(0.5)", 0.0),
    ("logit(1)", None),
    ("logit(0)", None),
    ("expit(0)", 0.5),
    ("expit(-800)", 0.0),
    ("expit(800)", 1.0),
    ("expit(logit(0.25))", 0.25),
]


@pytest.mark.parametrize(("source", "expected"), CONDITIONS)
def test_conditions_follow_kleene(source: str, expected: bool | None) -> None:
    assert value(source) is expected


@pytest.mark.parametrize(("source", "expected"), NUMBERS)
def test_numbers_are_finite_or_missing(source: str, expected: float | None) -> None:
    assert value(source) == expected


def test_every_function_of_a_row_is_in_the_tables_above() -> None:
    sources = " ".join(source for source, _ in (*CONDITIONS, *NUMBERS))

    assert [name for name in FUNCTIONS if f"{name}(" not in sources] == []


def test_sums_of_prices_are_snapped_and_others_are_not() -> None:
    assert value("0.1 + 0.2 == 0.3") is False
    assert value("bid + 0.1 + 0.2 == 0.6") is True
    assert value("ask - bid <= 0.01") is True
    assert value("x + 0.1 - x == 0.1") is False


def test_a_snapped_zero_has_no_sign_and_another_keeps_it() -> None:
    snapped, kept = value("bid - bid * 1"), value("zero * y")

    assert struct.pack("d", snapped) == struct.pack("d", 0.0)
    assert struct.pack("d", kept) == struct.pack("d", -0.0)
    assert struct.pack("d", value("-bid + bid")) == struct.pack("d", 0.0)


def test_of_equals_min_and_max_take_the_first() -> None:
    assert struct.pack("d", value("min(zero, -zero)")) == struct.pack("d", 0.0)
    assert struct.pack("d", value("max(-zero, zero)")) == struct.pack("d", -0.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None])
def test_what_is_not_finite_in_a_row_is_missing(bad: Value) -> None:
    assert evaluate(read("x"), {"x": bad}) is None
    assert evaluate(read("not x > 1"), {"x": bad}) is None


def test_integers_in_a_row_are_numbers_and_truths_stay_truths() -> None:
    assert evaluate(read("x / 2"), {"x": 1}) == 0.5
    assert evaluate(read("p"), {"p": True}) is True


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_a_kernel_keeps_shapes_and_what_is_missing(name: str) -> None:
    column = np.array([[math.nan, 0.25], [0.5, math.nan]])
    others = [np.array(1.0)] if name == "pow" else []

    result = KERNELS[name](column, *others)

    assert result.shape == (2, 2)
    assert result.dtype == np.float64
    assert np.isnan(result).tolist() == [[True, False], [False, True]]


def test_a_kernel_has_the_bits_of_math() -> None:
    column = np.linspace(-3.0, 3.0, 601)

    assert KERNELS["exp"](column).tolist() == [math.exp(x) for x in column]


# What is missing, and why


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("x > 1", ()),
        ("gone > 1", ("gone",)),
        ("gone > 1 and r", ("gone", "r")),
        ("q and gone > 1", ()),
        ("p and gone > 1", ("gone",)),
        ("coalesce(gone, 1) > r_number", ("r_number",)),
        ("known(gone) or r", ("r",)),
        ("x if r else gone", ("r",)),
        ("gone if p else r_number", ("gone",)),
        ("gone if q else r_number", ("r_number",)),
        ("x / zero > 1", ()),
        ("x in (gone, 2)", ("gone",)),
        ("between(gone, 0, r_number)", ("gone", "r_number")),
    ],
)
def test_only_names_whose_absence_matters_are_told(
    source: str, names: tuple[str, ...]
) -> None:
    assert missing_names(read(source, r_number=RATIO), ROW) == names


def test_a_part_of_an_expression_can_be_asked_alone() -> None:
    expression = read("x > 1 or p")
    assert isinstance(expression.tree, ast.BoolOp)

    assert evaluate_part(expression, expression.tree.values[0], ROW) is False


# Strategies


def trade(**changes: object) -> Trade:
    plain = {"side": Side.BUY, "token": "yes", "price": read("ask - tick")}
    return Trade(**(plain | changes))  # type: ignore[arg-type]  # changes are a test's


def rule(
    name: str, when: str, then: Trade | Veto | None = None, *, blocks: bool = False
) -> Rule:
    return Rule(
        id=name,
        when=read(when, edge=PROB, moved=PROB),
        then=then or trade(),
        on_unknown=OnUnknown.BLOCK if blocks else OnUnknown.SKIP,
    )


def strategy(*rules: Rule, **changes: object) -> Strategy:
    plain = {
        "id": StrategyId("mine"),
        "version": "1",
        "digest": "0" * 32,
        "rules": rules,
        "sizing": Fixed(usd=1.0),
        "schedule": Schedule(every=1),
    }
    return Strategy(**(plain | changes))  # type: ignore[arg-type]  # changes are a test's


def answer(*rules: Rule, **changes: object) -> Outcome:
    return RowReference(strategy(*rules, **changes)).answer(ROW)


def test_the_first_rule_that_is_true_fires_with_its_numbers() -> None:
    fields = {
        "fair": read("bid + 0.05"),
        "edge": read("0.05 - 0.01"),
        "confidence": read("x"),
        "token": "no",
        "reason": (Piece("bid "), Piece("", "bid", ".2f"), Piece(" "), Piece("", "p")),
    }

    outcome = answer(rule("a", "q"), rule("b", "p", trade(**fields)), rule("c", "p"))

    assert (outcome.rule, outcome.decided) == ("b", "b")
    assert (outcome.action, outcome.token) == ("buy", "no")
    assert (outcome.price, outcome.fair) == (0.3, 0.35)
    assert (outcome.edge, outcome.confidence) == (0.05 - 0.01, 0.5)
    assert outcome.reason == "bid 0.30 True"
    assert (outcome.blocked_by, outcome.undecided, outcome.unknown) == (None, (), ())


def test_a_missing_value_in_a_message_is_a_question_mark() -> None:
    told = trade(reason=(Piece("now "), Piece("", "gone", ".2f")))

    assert answer(rule("a", "p", told)).reason == "now ?"


def test_a_trade_that_is_unknown_is_passed_over_and_remembered() -> None:
    outcome = answer(rule("a", "r"), rule("b", "gone > 1 and q"), rule("c", "p"))

    assert outcome.rule == "c"
    assert outcome.undecided == ("a",)
    assert outcome.unknown == ("r",)


def test_a_trade_that_blocks_when_unknown_stops_all_after_it() -> None:
    outcome = answer(rule("a", "r", blocks=True), rule("b", "p"))

    assert (outcome.rule, outcome.decided) == (None, None)
    assert (outcome.blocked_by, outcome.undecided) == ("a", ("a",))


@pytest.mark.parametrize(
    ("when", "blocks", "decided"),
    [
        ("p", True, "veto"),
        ("p", False, "veto"),
        ("r", True, "veto"),
        ("r", False, "b"),
        ("q", True, "b"),
    ],
)
def test_a_veto_blocks_when_true_and_when_unknown_unless_told_to_skip(
    when: str, *, blocks: bool, decided: str
) -> None:
    veto = Veto(reason=(Piece("no"),))

    outcome = answer(rule("veto", when, veto, blocks=blocks), rule("b", "p"))

    assert outcome.decided == decided
    stopped = decided == "veto"
    assert outcome.rule == (None if stopped else "b")
    assert outcome.blocked_by == ("veto" if stopped else None)
    assert outcome.action == ("none" if stopped else "buy")
    assert outcome.reason == ("no" if stopped else "")
    assert outcome.undecided == ()


def test_a_rule_without_a_price_does_not_fire() -> None:
    outcome = answer(
        rule("a", "p", trade(price=read("ask + gone_prob", gone_prob=PROB)))
    )

    assert (outcome.rule, outcome.decided, outcome.action) == (None, "a", "none")
    assert outcome.undecided == ("a",)
    assert outcome.unknown == ("gone_prob",)


def test_a_price_no_order_can_have_is_for_the_engine_to_refuse() -> None:
    assert answer(rule("a", "p", trade(price=read("bid + 1")))).price == 1.3


@pytest.mark.parametrize("when", ["q", "r"])
def test_outside_of_the_universe_nothing_is_asked(when: str) -> None:
    outcome = answer(rule("a", "gone > 1"), universe=read(when))

    assert (outcome.blocked_by, outcome.rule) == ("universe", None)
    assert outcome.undecided == ()
    assert outcome.unknown == (("r",) if when == "r" else ())


@pytest.mark.parametrize("when", ["q", "r"])
def test_the_first_guard_that_is_not_true_blocks(when: str) -> None:
    names = {"open": "p", "calm": when, "late": "q"}
    guards = tuple(Guard(id=name, when=read(text)) for name, text in names.items())

    outcome = answer(rule("a", "p"), guards=guards)

    assert (outcome.blocked_by, outcome.guard) == ("calm", "calm")
    assert outcome.unknown == (("r",) if when == "r" else ())


def lets() -> tuple[Let, ...]:
    return (
        Let(name="edge", expression=read("ask - gone_price", gone_price=PROB)),
        Let(name="sure", expression=read("edge > 0.01", edge=PROB)),
        Let(name="moved", expression=read("bid - lag(best_bid, hours(1))")),
    )


def window() -> tuple[Window, ...]:
    return (Window(name="@1", kernel="lag", argument=read("best_bid"), length=3_600),)


def test_lets_see_what_stands_above_them_and_windows_come_with_the_row() -> None:
    reference = RowReference(strategy(lets=lets(), windows=window()))

    assert reference.lets(ROW) == {"edge": None, "sure": None, "moved": None}
    assert reference.lets({**ROW, "gone_price": 0.29, "@1": 0.25}) == {
        "edge": 0.02,
        "sure": True,
        "moved": 0.05,
    }


def test_a_let_that_is_given_is_taken_as_given() -> None:
    reference = RowReference(strategy(lets=lets(), windows=window()))

    assert reference.lets({**ROW, "moved": 0.2})["moved"] == 0.2
    assert reference.lets({**ROW, "moved": None, "@1": 0.25})["moved"] is None


def test_what_is_missing_is_told_by_features_and_by_lets_that_look_back() -> None:
    when = read("sure and moved > 0.01", sure=BOOL, moved=PROB)
    asked = Rule(id="a", when=when, then=trade(), on_unknown=OnUnknown.SKIP)

    outcome = answer(asked, lets=lets(), windows=window())

    assert outcome.undecided == ("a",)
    assert outcome.unknown == ("gone_price", "moved")
    assert outcome.lets == {"edge": None, "sure": None, "moved": None}


class Counting(dict[str, Value]):
    """A row that lacks everything, and can be asked a thousand times."""

    asked = 0

    def get(self, _: str, default: Value = None) -> Value:  # type: ignore[override]  # one of three overloads
        self.asked += 1
        assert self.asked < 1_000, "every let is looked at once"
        return default


def test_lets_that_are_read_on_many_paths_are_looked_at_once() -> None:
    lets = "\n".join(f"  l{n}: l{n - 1} + l{n - 1} * 2" for n in range(1, 40))
    text = BUY_TIGHT.replace("\nrules:", f"\nlet:\n  l0: mid\n{lets}\nrules:")
    strategy = loaded(text.replace("spread <= widest", "l39 <= widest"))

    missing = RowReference(strategy).missing(strategy.rules[0].when, Counting())

    assert missing == ("mid", "position_shares")
