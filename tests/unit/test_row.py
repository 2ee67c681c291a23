import math
from collections.abc import Sequence

import pytest

from polyrules.domain.ids import StrategyId
from polyrules.domain.money import Side, snap
from polyrules.language.actions import Action, Cancel, Piece, Trade, Veto
from polyrules.language.evaluators.compile import Plan
from polyrules.language.evaluators.row import RowAnswer, RowPlan
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.check import Scope, check, feature_types
from polyrules.language.strategy import (
    Exit,
    Fixed,
    Guard,
    HitPolicy,
    Let,
    OnUnknown,
    Rule,
    Schedule,
    Strategy,
)
from tests.strategies import strategy as loaded

TYPES = feature_types()
PROB = Type(Kind.NUMBER, "prob")
BOOL = Type(Kind.BOOL)
NAN = math.nan
T, F, U = True, False, None
SKIP, BLOCK = OnUnknown.SKIP, OnUnknown.BLOCK


def expression(text: str, **lets: Type) -> Expression:
    checked = check(text, Scope({**TYPES, **lets}, {}, None), None)
    assert checked.expression is not None, checked.findings
    return checked.expression


def buy(when: str, on_unknown: OnUnknown = SKIP, edge: str | None = None) -> Rule:
    then = Trade(
        side=Side.BUY,
        token="yes",
        price=expression("best_ask"),
        edge=expression(edge) if edge else None,
    )
    return Rule(id="buy", when=expression(when), then=then, on_unknown=on_unknown)


def protecting(when: str, then: Action, on_unknown: OnUnknown = BLOCK) -> Rule:
    return Rule(id="keep", when=expression(when), then=then, on_unknown=on_unknown)


def strategy(
    *rules: Rule,
    hit_policy: HitPolicy = HitPolicy.FIRST,
    universe: str | None = None,
    lets: Sequence[Let] = (),
    guards: Sequence[str] = (),
    exits: Sequence[str] = (),
) -> Strategy:
    return Strategy(
        id=StrategyId("s"),
        version="1",
        digest="0" * 32,
        universe=expression(universe) if universe else None,
        lets=tuple(lets),
        guards=tuple(Guard(id=text, when=expression(text)) for text in guards),
        hit_policy=hit_policy,
        rules=rules,
        sizing=Fixed(usd=1.0),
        exits=tuple(Exit(id=text, when=expression(text)) for text in exits),
        schedule=Schedule(every=1),
    )


def truth(text: str, **row: float) -> bool | None:
    """Return what a condition is; None is UNKNOWN."""
    true, unknown = RowPlan(strategy(exits=[text])).exit(0, row)
    return None if unknown else true


def number(text: str, **row: float) -> float | None:
    """Return what an expression is; None is missing."""
    plan = RowPlan(strategy(lets=[Let(name="it", expression=expression(text))]))
    found = plan.lets(["it"], row)["it"]
    return None if math.isnan(found) else found


def sign_of(text: str, **row: float) -> float:
    """Return the sign of a number, a zero's too."""
    found = number(text, **row)
    assert found is not None
    return math.copysign(1, found)


def test_a_comparison_with_a_missing_number_is_unknown_both_ways() -> None:
    assert truth("mid < 0.5", mid=0.4) is T
    assert truth("mid < 0.5", mid=0.5) is F
    assert truth("mid < 0.5", mid=NAN) is U
    assert truth("not mid < 0.5", mid=NAN) is U
    assert truth("mid != 0.5", mid=0.4) is T
    assert truth("mid != 0.5", mid=0.5) is F
    assert truth("mid != 0.5", mid=NAN) is U
    assert truth("0.4 < mid <= 0.5", mid=0.4) is F
    assert truth("0.4 < mid <= 0.5", mid=0.5) is T
    assert truth("mid >= 0.5", mid=0.5) is T
    assert truth("mid > 0.5", mid=0.5) is F
    assert truth("not mid <= 0.5", mid=0.5) is F
    assert truth("not mid >= 0.5", mid=0.5) is F
    assert truth("not mid > 0.5", mid=0.5) is T


@pytest.mark.parametrize(
    ("a", "b", "both", "either"),
    [
        (1, 1, T, T),
        (1, 0, F, T),
        (1, NAN, U, T),
        (0, 0, F, F),
        (0, NAN, F, U),
        (NAN, 0, F, U),
        (NAN, 1, U, T),
        (NAN, NAN, U, U),
    ],
)
def test_and_and_or_are_kleenes(
    a: float, b: float, both: bool | None, either: bool | None
) -> None:
    row = {"accepting_orders": a, "neg_risk": b}

    assert truth("accepting_orders and neg_risk", **row) is both
    assert truth("accepting_orders or neg_risk", **row) is either


def test_a_choice_is_missing_where_its_condition_is_unknown() -> None:
    numbers = {"mid": 0.4, "price": 0.6}

    assert number("mid if neg_risk else price", neg_risk=1, **numbers) == 0.4
    assert number("mid if neg_risk else price", neg_risk=0, **numbers) == 0.6
    assert number("mid if neg_risk else price", neg_risk=NAN, **numbers) is None
    assert truth("mid < 0.5 if neg_risk else price < 0.5", neg_risk=0, **numbers) is F
    assert truth("mid < 0.5 if neg_risk else price < 0.5", neg_risk=NAN, **numbers) is U


def test_words_are_compared_by_their_codes() -> None:
    # politics, sports, crypto
    assert truth("category == 'sports'", category=1.0) is T
    assert truth("category in ('sports', 'crypto')", category=0.0) is F
    assert truth("category not in ('sports', 'crypto')", category=0.0) is T
    assert truth("category not in ('sports', 'crypto')", category=NAN) is U


def test_what_would_be_infinite_or_raise_is_missing() -> None:
    assert number("liquidity / volume_24h", liquidity=1, volume_24h=0) is None
    assert number("liquidity / volume_24h", liquidity=1e308, volume_24h=1e-9) is None
    assert number("liquidity * 2", liquidity=1e308) is None
    assert number("liquidity + liquidity", liquidity=1e308) is None
    assert number("mid + price", mid=1e300, price=1.0) is None
    assert number("exp(fee_rate)", fee_rate=1000) is None
    assert number("log(fee_rate)", fee_rate=-1) is None
    assert number("pow(fee_rate, 0)", fee_rate=NAN) is None
    assert number("floor_tick(mid, price)", mid=0.5, price=0) is None


def test_infinity_is_neither_above_nor_below_a_bound() -> None:
    assert truth("liquidity * 10 > 5", liquidity=1e308) is U
    assert truth("known(liquidity * 10)", liquidity=1e308) is F


@pytest.mark.parametrize(
    ("mid", "price"),
    [
        (0.1, 0.2),
        (0.5e-9, 0.0),  # halfway: to the even one
        (1.5e-9, 0.0),
        (-0.4e-9, 0.0),  # 0.0, never -0.0
        (2251799.813685248, 0.0),  # 2**51 nanos, and the next
        (2251799.8136852485, 0.0),
        (-2251799.8136852485, 0.0),
        (9e15, 0.5),
    ],
)
def test_a_sum_of_prices_is_snapped_to_the_same_float(mid: float, price: float) -> None:
    found = number("mid + price", mid=mid, price=price)

    assert found is not None
    assert found == snap(mid + price)
    assert math.copysign(1, found) == math.copysign(1, snap(mid + price))


def test_of_equals_the_first_is_taken_and_zero_keeps_its_sign() -> None:
    zeros = {"mid": -0.0, "price": 0.0}

    assert sign_of("min(mid, price)", **zeros) == -1
    assert sign_of("max(mid, price)", **zeros) == -1
    assert sign_of("min(price, mid)", **zeros) == 1
    assert sign_of("max(price, mid)", **zeros) == 1
    assert sign_of("abs(mid)", mid=-0.0) == 1
    assert sign_of("sign(mid)", mid=-0.0) == 1
    assert sign_of("max(mid, -0)", mid=-1.0) == -1
    assert sign_of("max(mid, 0)", mid=-1.0) == 1


def test_zero_and_minus_zero_are_two_constants() -> None:
    lets = [
        Let(name="plus", expression=expression("max(mid, 0)")),
        Let(name="minus", expression=expression("max(mid, -0)")),
    ]

    found = RowPlan(strategy(lets=lets)).lets(["plus", "minus"], {"mid": -1.0})

    assert [math.copysign(1, each) for each in found.values()] == [1, -1]


def test_the_highest_and_the_lowest_are_missing_if_one_of_them_is() -> None:
    assert number("max(mid, price, 0.5)", mid=0.6, price=0.7) == 0.7
    assert number("min(mid, price)", mid=0.6, price=NAN) is None
    assert number("min(mid, price)", mid=NAN, price=0.6) is None
    assert number("min(mid, 0.5)", mid=NAN) is None
    assert number("max(0.5, mid)", mid=NAN) is None


def test_functions_mean_what_they_mean_everywhere() -> None:
    assert number("clamp(mid, 0.2, 0.8)", mid=0.9) == 0.8
    assert number("coalesce(mid, 0.3)", mid=NAN) == 0.3
    assert number("fee(mid, fee_rate)", mid=0.5, fee_rate=0.07) == 0.0175
    assert number("implied_no(mid)", mid=0.3) == 0.7
    assert number("to_hours(book_age)", book_age=1800) == 0.5
    assert number("sign(liquidity)", liquidity=-3) == -1.0
    assert number("ceil_tick(mid, 0.01)", mid=0.291) == 0.3
    assert truth("between(mid, 0.2, price)", mid=0.1, price=NAN) is F
    assert truth("between(mid, 0.2, price)", mid=0.3, price=NAN) is U
    assert truth("known(neg_risk)", neg_risk=NAN) is F
    assert truth("coalesce(neg_risk, mid < 0.5)", neg_risk=NAN, mid=0.4) is T
    assert truth("coalesce(neg_risk, mid < 0.5)", neg_risk=NAN, mid=0.6) is F
    assert truth("coalesce(neg_risk, mid < 0.5)", neg_risk=0, mid=0.4) is F
    assert truth("coalesce(neg_risk, mid < 0.5)", neg_risk=1, mid=0.6) is T


def test_outside_the_universe_nothing_is_asked() -> None:
    plan = RowPlan(strategy(buy("mid < 0.5"), universe="accepting_orders"))

    assert plan.answer({"mid": 0.4, "accepting_orders": 1.0}) == RowAnswer(rule=0)
    outside = RowAnswer(inside=False)
    assert plan.answer({"mid": 0.4, "accepting_orders": 0.0}) == outside
    assert plan.answer({"mid": 0.4, "accepting_orders": NAN}) == outside


def test_the_first_guard_that_is_not_true_is_named() -> None:
    plan = RowPlan(
        strategy(buy("mid < 0.5"), guards=["accepting_orders", "not neg_risk"])
    )

    def answer(accepting: float, neg_risk: float) -> RowAnswer:
        row = {"mid": 0.4, "accepting_orders": accepting, "neg_risk": neg_risk}
        return plan.answer(row)

    assert answer(1, 0) == RowAnswer(rule=0)
    assert answer(0, 1) == RowAnswer(guarded=0)
    assert answer(1, NAN) == RowAnswer(guarded=1)


def test_an_unknown_rule_is_told_and_the_next_one_asked() -> None:
    plan = RowPlan(strategy(buy("mid < 0.5"), buy("price < 0.5")))

    assert plan.answer({"mid": NAN, "price": 0.4}) == RowAnswer(rule=1, unknown=True)
    assert plan.answer({"mid": NAN, "price": 0.6}) == RowAnswer(unknown=True)
    assert plan.answer({"mid": 0.4, "price": NAN}) == RowAnswer(rule=0)
    assert plan.answer({"mid": 0.6, "price": 0.6}) == RowAnswer()


def test_a_rule_that_blocks_where_it_is_unknown_keeps_the_later_ones_silent() -> None:
    plan = RowPlan(strategy(buy("mid < 0.5", BLOCK), buy("price < 0.5")))

    assert plan.answer({"mid": NAN, "price": 0.4}) == RowAnswer(unknown=True)
    assert plan.answer({"mid": 0.6, "price": 0.4}) == RowAnswer(rule=1)


def test_a_veto_decides_where_it_is_unknown_unless_told_to_skip() -> None:
    row = {"mid": NAN, "price": 0.4}

    blocks = RowPlan(strategy(protecting("mid < 0.5", Veto()), buy("price < 0.5")))
    skips = RowPlan(strategy(protecting("mid < 0.5", Veto(), SKIP), buy("price < 0.5")))

    assert blocks.answer(row) == RowAnswer(rule=0)
    assert skips.answer(row) == RowAnswer(rule=1)
    assert skips.answer({"mid": 0.4, "price": 0.4}) == RowAnswer(rule=0)


def test_under_unique_two_rules_that_fire_are_a_conflict() -> None:
    plan = RowPlan(
        strategy(buy("mid < 0.5"), buy("price < 0.5"), hit_policy=HitPolicy.UNIQUE)
    )

    assert plan.answer({"mid": 0.4, "price": 0.4}) == RowAnswer(conflict=True)
    assert plan.answer({"mid": 0.6, "price": 0.4}) == RowAnswer(rule=1)
    assert plan.answer({"mid": NAN, "price": 0.4}) == RowAnswer(rule=1, unknown=True)


def test_under_best_the_highest_known_edge_wins_and_of_equals_the_first() -> None:
    plan = RowPlan(
        strategy(
            buy("mid < 0.5"),
            buy("mid < 0.5", edge="spread"),
            buy("mid < 0.5", edge="price"),
            hit_policy=HitPolicy.BEST,
        )
    )

    def chosen(spread: float, price: float) -> int:
        return plan.answer({"mid": 0.4, "spread": spread, "price": price}).rule

    assert chosen(0.1, 0.2) == 2
    assert chosen(0.2, 0.2) == 1
    assert chosen(-0.5, NAN) == 1
    assert chosen(NAN, NAN) == 0


def test_under_collect_all_that_fire_are_told_in_their_order() -> None:
    plan = RowPlan(
        strategy(
            buy("mid < 0.5"),
            buy("spread < 0.5"),
            buy("price < 0.5"),
            hit_policy=HitPolicy.COLLECT,
        )
    )

    answer = plan.answer({"mid": NAN, "spread": 0.1, "price": 0.2})

    assert answer == RowAnswer(rule=1, unknown=True, fired=(1, 2))


def test_under_every_policy_but_first_what_protects_stands_before_what_acts() -> None:
    rules = (buy("mid < 0.5"), protecting("price < 0.5", Cancel()))
    row = {"mid": 0.4, "price": NAN}

    assert RowPlan(strategy(*rules)).answer(row) == RowAnswer(rule=0)
    for policy in (HitPolicy.UNIQUE, HitPolicy.BEST, HitPolicy.COLLECT):
        assert RowPlan(strategy(*rules, hit_policy=policy)).answer(row).rule == 1


def test_a_blocking_unknown_rule_silences_the_earlier_ones_too_under_collect() -> None:
    rules = (buy("mid < 0.5"), buy("price < 0.5", BLOCK))
    plan = RowPlan(strategy(*rules, hit_policy=HitPolicy.COLLECT))

    assert plan.answer({"mid": 0.4, "price": NAN}) == RowAnswer(unknown=True)


def test_a_rule_states_its_numbers_whether_it_fires_or_not() -> None:
    plan = RowPlan(strategy(buy("mid < 0.5", edge="mid - best_ask")))

    found = plan.stated(0, {"mid": 0.6, "best_ask": 0.58})
    missing = plan.stated(0, {"mid": NAN, "best_ask": 0.58})

    assert found == {"price": 0.58, "edge": 0.02}
    assert missing["price"] == 0.58
    assert math.isnan(missing["edge"])


def test_values_are_taken_in_the_order_of_the_names() -> None:
    plan = RowPlan(strategy(buy("price > 0.5 and mid < 0.5")))

    assert plan.names == ("mid", "price")
    assert plan.answer_values(0.4, 0.6) == RowAnswer(rule=0)
    assert plan.answer_values(0.6, 0.4) == RowAnswer()


def test_the_columns_read_are_those_of_the_columnar_plan() -> None:
    chosen = strategy(
        Rule(
            id="buy",
            when=expression("it < 0.5", it=PROB),
            then=Trade(
                side=Side.BUY,
                token="yes",
                price=expression("best_ask"),
                reason=(Piece("", "liquidity"), Piece("", "told")),
            ),
            on_unknown=SKIP,
        ),
        universe="neg_risk",
        lets=[
            Let(name="it", expression=expression("mid - price")),
            Let(name="told", expression=expression("spread * 2")),
            Let(name="idle", expression=expression("volume_24h")),
        ],
        exits=["bid_size > 1"],
    )
    plan = Plan(chosen)
    read = RowPlan(chosen).reads

    assert read == plan.reads | plan.universe_reads
    assert sorted(read) == [
        *("best_ask", "bid_size", "liquidity", "mid", "neg_risk", "price", "spread"),
    ]


def test_a_row_that_lacks_a_name_is_an_error_and_not_a_missing_value() -> None:
    with pytest.raises(KeyError, match="price"):
        RowPlan(strategy(buy("price > 0.5 and mid < 0.5"))).answer({"mid": 0.4})


def test_nothing_of_the_file_stands_in_the_printed_source() -> None:
    plan = RowPlan(loaded())
    plan.stated(0, dict.fromkeys(plan.reads, 0.5))

    for name in (*plan.reads, "buy_tight"):
        assert name not in plan.source


def test_a_long_chain_of_lets_and_a_deep_tree_are_no_deep_source() -> None:
    lets = [Let(name="a0", expression=expression("liquidity + 1"))]
    for index in range(1, 500):
        text = f"a{index - 1} / 2 + 1"
        before = {f"a{index - 1}": lets[-1].expression.type}
        lets.append(Let(name=f"a{index}", expression=expression(text, **before)))
    sums = " + ".join(["mid"] * 29)

    plan = RowPlan(strategy(lets=[*lets, Let(name="s", expression=expression(sums))]))
    found = plan.lets(["a499", "s"], {"liquidity": 2.0, "mid": 0.01})

    assert found == {"a499": 2.0, "s": 0.29}


def test_conditions_inside_conditions_do_not_grow_without_bound() -> None:
    lets = [Let(name="b0", expression=expression("neg_risk"))]
    for index in range(1, 40):
        name = f"b{index - 1}"
        inner = f"(known({name}) == {name}) if {name} else coalesce({name}, not {name})"
        lets.append(Let(name=f"b{index}", expression=expression(inner, **{name: BOOL})))

    plan = RowPlan(strategy(lets=lets))
    found = plan.lets(["b39"], {"neg_risk": 1.0})

    assert found == {"b39": 1.0}
    assert len(plan.source) < 40_000
