import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from polyrules.domain.ids import StrategyId
from polyrules.domain.money import Side
from polyrules.errors import InvariantError
from polyrules.language.actions import Piece, Trade, Veto
from polyrules.language.evaluators.compile import Plan
from polyrules.language.evaluators.graph import Graph
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.check import Scope, check, feature_types
from polyrules.language.expressions.hoist import Windows
from polyrules.language.strategy import (
    Exit,
    Fixed,
    Guard,
    Let,
    OnUnknown,
    Rule,
    Schedule,
    Strategy,
    Window,
)
from tests.strategies import BUY_TIGHT
from tests.strategies import strategy as loaded

TYPES = feature_types()
BOOL = Type(Kind.BOOL)
PROB = Type(Kind.NUMBER, "prob")
NAN = math.nan
T, F, U = True, False, None


def expression(text: str, **lets: Type) -> Expression:
    checked = check(text, Scope({**TYPES, **lets}, {}, None), None)
    assert checked.expression is not None, checked.findings
    return checked.expression


SPREAD = expression("spread")


def trade(
    when: str,
    price: str = "best_ask",
    on_unknown: OnUnknown = OnUnknown.SKIP,
    reason: tuple[Piece, ...] = (),
    **lets: Type,
) -> Rule:
    return Rule(
        id="enter",
        when=expression(when, **lets),
        then=Trade(
            side=Side.BUY, token="yes", price=expression(price, **lets), reason=reason
        ),
        on_unknown=on_unknown,
    )


def veto(when: str, on_unknown: OnUnknown = OnUnknown.BLOCK) -> Rule:
    return Rule(id="veto", when=expression(when), then=Veto(), on_unknown=on_unknown)


def strategy(
    *rules: Rule,
    universe: str | None = None,
    lets: Sequence[Let] = (),
    windows: Sequence[Window] = (),
    guards: Sequence[str] = (),
    exits: Sequence[str] = (),
) -> Strategy:
    return Strategy(
        id=StrategyId("s"),
        version="1",
        digest="0" * 32,
        universe=expression(universe) if universe else None,
        lets=tuple(lets),
        windows=tuple(windows),
        guards=tuple(Guard(id=text, when=expression(text)) for text in guards),
        rules=rules,
        sizing=Fixed(usd=1.0),
        exits=tuple(Exit(id=text, when=expression(text)) for text in exits),
        schedule=Schedule(every=1),
    )


def columns(**values: Sequence[float]) -> dict[str, NDArray[np.float64]]:
    return {name: np.array(column) for name, column in values.items()}


def truth(text: str, **values: Sequence[float]) -> list[bool | None]:
    """Return what a condition is on every row; None is UNKNOWN."""
    n = len(next(iter(values.values())))
    true, unknown = Plan(strategy(exits=[text])).exit(0, columns(**values), n)
    return [
        None if u else t for t, u in zip(true.tolist(), unknown.tolist(), strict=True)
    ]


def number(text: str, **values: Sequence[float]) -> list[float | None]:
    """Return what an expression is on every row; None is missing."""
    n = len(next(iter(values.values())))
    plan = Plan(strategy(lets=[Let(name="it", expression=expression(text))]))
    found = plan.lets(["it"], columns(**values), n)["it"].tolist()
    return [None if math.isnan(each) else each for each in found]


def test_a_comparison_with_a_missing_number_is_unknown_both_ways() -> None:
    mid = [0.4, 0.5, 0.6, NAN]

    assert truth("mid < 0.5", mid=mid) == [T, F, F, U]
    assert truth("not mid < 0.5", mid=mid) == [F, T, T, U]
    assert truth("mid != 0.5", mid=mid) == [T, F, T, U]
    assert truth("not mid != 0.5", mid=mid) == [F, T, F, U]
    assert truth("mid == 0.5", mid=mid) == [F, T, F, U]
    assert truth("0.4 < mid <= 0.5", mid=mid) == [F, T, F, U]


def test_and_is_false_if_one_side_is_even_when_the_other_is_unknown() -> None:
    a = [1, 1, 1, 0, 0, 0, NAN, NAN, NAN]
    b = [1, 0, NAN, 1, 0, NAN, 1, 0, NAN]
    both = {"accepting_orders": a, "neg_risk": b}

    assert truth("accepting_orders and neg_risk", **both) == [T, F, U, F, F, F, U, F, U]
    assert truth("accepting_orders or neg_risk", **both) == [T, T, T, T, F, U, T, U, U]
    assert truth("not accepting_orders", **both) == [F, F, F, T, T, T, U, U, U]


def test_a_choice_is_missing_where_its_condition_is_unknown() -> None:
    values = {"neg_risk": [1, 0, NAN], "mid": [0.4, 0.4, 0.4], "price": [0.6, 0.6, 0.6]}

    assert number("mid if neg_risk else price", **values) == [0.4, 0.6, None]
    assert truth("mid < 0.5 if neg_risk else price < 0.5", **values) == [T, F, U]


def test_words_are_compared_by_their_codes() -> None:
    category = [0.0, 1.0, 2.0, NAN]  # politics, sports, crypto

    assert truth("category == 'sports'", category=category) == [F, T, F, U]
    assert truth("category != 'sports'", category=category) == [T, F, T, U]
    assert truth("category in ('sports', 'crypto')", category=category) == [F, T, T, U]
    assert truth("category not in ('sports',)", category=category) == [T, F, T, U]


def test_what_is_not_finite_is_missing() -> None:
    liquidity = [1e308, 5e-324, 0.0, NAN]

    assert number("liquidity * 10", liquidity=liquidity) == [None, 5e-323, 0.0, None]
    assert number("liquidity + liquidity", liquidity=liquidity) == [
        None,
        1e-323,
        0.0,
        None,
    ]
    assert number("1 / liquidity", liquidity=liquidity) == [1e-308, None, None, None]


def test_the_sum_of_prices_lies_on_the_grid() -> None:
    ask, bid = [0.3, 0.1, 0.5, 1e308], [0.28, 0.1 + 1e-12, 0.6, 0.1]

    spread = number("best_ask - best_bid", best_ask=ask, best_bid=bid)

    assert spread == [0.02, 0.0, -0.1, None]
    assert math.copysign(1.0, spread[1] or 0.0) == 1.0


def test_a_number_that_is_no_price_is_not_snapped() -> None:
    assert number("liquidity + volume_24h", liquidity=[0.1], volume_24h=[0.2]) == [
        0.30000000000000004
    ]


def test_the_universe_is_where_it_is_true_and_everywhere_without_one() -> None:
    values = columns(mid=[0.4, 0.6, NAN])

    assert Plan(strategy(universe="mid < 0.5")).universe(values, 3).tolist() == [
        T,
        F,
        F,
    ]
    assert Plan(strategy()).universe({}, 2).tolist() == [T, T]


def test_the_first_guard_that_is_not_true_stops_a_row() -> None:
    plan = Plan(strategy(trade("mid < 1"), guards=["mid > 0.1", "spread < 0.1"]))

    answer = plan.answer(
        columns(
            mid=[0.5, 0.1, 0.5, NAN, 0.5],
            spread=[0.01, NAN, 0.5, 0.01, NAN],
            best_ask=[0.5] * 5,
        ),
        5,
    )

    assert answer.guarded.tolist() == [-1, 0, 1, 0, 1]
    assert answer.rule.tolist() == [0, -1, -1, -1, -1]
    assert answer.unknown.tolist() == [F, F, F, F, F]


def test_the_first_rule_that_is_true_decides() -> None:
    plan = Plan(strategy(trade("mid < 0.2"), trade("mid < 0.4"), trade("spread < 1")))

    answer = plan.answer(
        columns(mid=[0.1, 0.3, 0.5, NAN], spread=[0.1, 0.1, NAN, 0.1]), 4
    )

    assert answer.rule.tolist() == [0, 1, -1, 2]
    assert answer.unknown.tolist() == [F, F, T, T]


def test_a_veto_stops_on_unknown_and_a_trade_does_not() -> None:
    plan = Plan(strategy(trade("mid < 0.2"), veto("neg_risk"), trade("mid < 0.9")))

    answer = plan.answer(
        columns(mid=[0.1, 0.5, 0.5, 0.5], neg_risk=[NAN, 1, NAN, 0]), 4
    )

    assert answer.rule.tolist() == [0, 1, 1, 2]
    assert answer.unknown.tolist() == [F, F, F, F]


def test_a_veto_told_to_skip_lets_the_unknown_pass() -> None:
    plan = Plan(strategy(veto("neg_risk", OnUnknown.SKIP), trade("mid < 0.9")))

    answer = plan.answer(columns(mid=[0.5, 0.5, 0.5], neg_risk=[1, NAN, 0]), 3)

    assert answer.rule.tolist() == [0, 1, 1]


def test_a_trade_told_to_block_stops_on_unknown_without_deciding() -> None:
    plan = Plan(
        strategy(
            trade("mid < 0.2", on_unknown=OnUnknown.BLOCK), trade("best_ask < 0.9")
        )
    )

    answer = plan.answer(columns(mid=[0.1, NAN, 0.5], best_ask=[0.5] * 3), 3)

    assert answer.rule.tolist() == [0, -1, 1]
    assert answer.unknown.tolist() == [F, T, F]


def test_a_trade_gives_the_numbers_it_states() -> None:
    rule = Rule(
        id="enter",
        when=expression("mid < 1"),
        then=Trade(
            side=Side.BUY,
            token="yes",
            price=expression("best_ask + 0.01"),
            fair=expression("mid"),
            confidence=expression("0.5"),
        ),
        on_unknown=OnUnknown.SKIP,
    )

    found = Plan(strategy(rule)).stated(
        0, columns(best_ask=[0.5, NAN], mid=[0.6, 0.7]), 2
    )

    assert list(found) == ["price", "fair", "confidence"]
    assert found["price"][0] == 0.51
    assert math.isnan(found["price"][1])
    assert found["fair"].tolist() == [0.6, 0.7]
    assert found["confidence"].tolist() == [0.5, 0.5]


def test_a_let_may_be_a_condition_or_stand_on_another() -> None:
    lets = [
        Let(name="edge", expression=expression("0.9 - best_ask")),
        Let(name="good", expression=expression("edge > 0.1", edge=PROB)),
    ]
    plan = Plan(strategy(trade("good", price="best_ask", good=BOOL), lets=lets))
    values = columns(best_ask=[0.5, 0.85, NAN])

    found = plan.lets(["edge", "good"], values, 3)

    assert found["edge"][:2].tolist() == [0.4, 0.05]
    np.testing.assert_array_equal(found["good"], [1.0, 0.0, NAN])
    assert plan.answer(values, 3).rule.tolist() == [0, -1, -1]
    assert plan.answer(values, 3).unknown.tolist() == [F, F, T]


def test_a_plan_tells_which_columns_it_reads() -> None:
    windows = Windows()
    scope = Scope(TYPES, {}, windows)
    jump = check("mid - lag(price, hours(1))", scope, None).expression
    assert jump is not None
    plan = Plan(
        strategy(
            trade(
                "jump > 0.1",
                reason=(Piece("at ", "spread"), Piece("", "far")),
                jump=PROB,
            ),
            universe="liquidity > 5",
            windows=tuple(windows),
            lets=[
                Let(name="jump", expression=jump),
                Let(name="far", expression=expression("hours_to_close > 5")),
                Let(name="unused", expression=expression("volume_24h")),
            ],
            exits=["neg_risk"],
        )
    )

    assert plan.universe_reads == {"liquidity"}
    assert plan.hoisted_reads(0) == {"price"}
    assert plan.reads == {
        "mid",
        "@1",
        "best_ask",
        "spread",
        "hours_to_close",
        "neg_risk",
    }
    assert plan.hoisted_argument(0, columns(price=[0.5, 0.6]), 2).tolist() == [0.5, 0.6]


def test_what_two_rules_share_is_worked_out_once() -> None:
    shared = "best_ask - best_bid <= 0.02 and liquidity > 1000"
    plan = Plan(
        strategy(trade(f"{shared} and mid < 0.1"), trade(f"{shared} and mid > 0.9"))
    )

    (answer,) = (
        each for each in plan.source.split("def ") if each.startswith("answer(")
    )
    assert answer.count("subtract(c_best_ask, c_best_bid") == 1
    assert answer.count("c_liquidity") == 3  # read once, asked both ways


def test_columns_are_never_written_to() -> None:
    values = columns(best_ask=[0.5, NAN], best_bid=[0.4, 0.3], mid=[0.1, 0.2])
    for column in values.values():
        column.flags.writeable = False
    plan = Plan(strategy(trade("-(best_ask - best_bid) * 2 < -mid", "best_ask * 1")))

    plan.answer(values, 2)
    plan.stated(0, values, 2)

    assert plan.answer(values, 2).rule.tolist() == [0, -1]


def test_many_rows_answer_as_few_do() -> None:
    plan = Plan(
        strategy(trade("mid < 0.2"), veto("mid > 0.8"), guards=["spread < 0.5"])
    )
    some = {"mid": [0.1, 0.5, 0.9, NAN], "spread": [0.1, 0.6, 0.1, 0.1]}

    few = plan.answer(columns(**some), 4)
    many = plan.answer(columns(**{n: v * 40_000 for n, v in some.items()}), 160_000)

    assert (many.rule.reshape(-1, 4) == few.rule).all()
    assert (many.guarded.reshape(-1, 4) == few.guarded).all()
    assert (many.unknown.reshape(-1, 4) == few.unknown).all()


def test_more_rules_than_a_byte_can_count_are_still_told_apart() -> None:
    rules = [trade(f"trade_count_1h == {index}") for index in range(200)]

    answer = Plan(strategy(*rules)).answer(
        columns(trade_count_1h=list(range(200, -1, -1))), 201
    )

    assert answer.rule.tolist() == [-1, *range(199, -1, -1)]


@pytest.mark.parametrize("n", [0, 1])
def test_a_plan_answers_no_rows_and_one_row(n: int) -> None:
    plan = Plan(strategy(trade("mid < 0.5"), guards=["spread < 0.5"]))

    answer = plan.answer(columns(mid=[0.1] * n, spread=[0.1] * n), n)

    assert answer.rule.tolist() == [0] * n


def test_a_long_chain_of_lets_compiles() -> None:
    lets = "\n".join(f"  l{n}: l{n - 1} + 0.001" for n in range(1, 200))
    text = BUY_TIGHT.replace("\nrules:", f"\nlet:\n  l0: spread + 0\n{lets}\nrules:")
    text = text.replace("spread <= widest", "l199 <= widest")

    plan = Plan(loaded(text))

    assert "spread" in plan.reads


def test_a_window_looks_back_at_what_a_let_stands_for() -> None:
    text = BUY_TIGHT.replace(
        "\nrules:",
        "\nlet:\n  wide: 2 * spread\n  was: lag(wide, minutes(5))\nrules:",
    ).replace("spread <= widest", "was <= widest")

    plan = Plan(loaded(text))

    assert plan.hoisted_reads(0) == {"spread"}
    doubled = plan.hoisted_argument(0, {"spread": np.array([0.02])}, 1)
    assert doubled.tolist() == [0.04]


def chained(lets: int) -> str:
    """Return a file in which each let reads the one above it, and rules read all."""
    lines = "\n".join(f"  l{n}: l{n - 1} + spread" for n in range(1, lets))
    text = BUY_TIGHT.replace("\nrules:", f"\nlet:\n  l0: spread\n{lines}\nrules:")
    return text.replace("spread <= widest", f"l{lets - 1} <= widest and l0 > 0")


def test_what_is_printed_grows_with_the_lets_and_not_with_their_square() -> None:
    plans = [Plan(loaded(chained(lets))) for lets in (40, 80)]
    read = columns(
        spread=[0.02], best_ask=[0.5], position_shares=[0.0], mid=[0.5], l0=[0.0]
    )

    for plan, names in zip(plans, (["l39", "l0"], ["l79", "l0"]), strict=True):
        plan.lets(names, read, 1)
        plan.lets(names, read, 1)

    few, many = (plan.source.count("\n") for plan in plans)
    assert many < 2 * few < 1_200


def test_lets_that_nobody_reads_are_not_printed() -> None:
    plan = Plan(strategy(trade("mid < 0.5"), lets=[Let(name="x", expression=SPREAD)]))

    assert "c_spread" not in plan.source
    assert plan.lets(["x"], columns(spread=[0.1]), 1)["x"].tolist() == [0.1]
    assert "c_spread" in plan.source


def test_no_text_of_a_file_reaches_the_printed_source() -> None:
    evil = "x\n    import os"
    drawn = strategy(
        trade("mid < 0.5"), lets=[Let(name=evil, expression=SPREAD)], exits=["neg_risk"]
    )
    plan = Plan(drawn)

    assert plan.lets([evil], columns(spread=[0.1]), 1)[evil].tolist() == [0.1]
    assert "import" not in plan.source


@pytest.mark.parametrize("name", ["mid\n", "a b", "@x", "@1\n", "é", "", "@٣"])
def test_only_the_name_of_a_feature_or_a_window_becomes_a_column(name: str) -> None:
    with pytest.raises(InvariantError, match="is not the name of a column"):
        Graph({}).column(name)
