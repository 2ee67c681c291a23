from decimal import Decimal

import msgspec
import pytest

from polyrules.domain.ids import RunId, StrategyId, TokenId
from polyrules.domain.limits import Limits
from polyrules.domain.money import Shares, Side
from polyrules.domain.orders import PlaceOrder
from polyrules.domain.steps import Approved
from polyrules.engine.asking.policy import Claims, Wish, ordered
from polyrules.engine.orders import all_open, expired, plan
from polyrules.engine.sizing import propose
from polyrules.language.strategy import Fixed, Kelly
from tests.builders import at, market
from tests.unit.test_risk import ready, wish
from tests.unit.test_state import TWO, order


def sized(
    sizing: Fixed | Kelly, *, fair: float | None = None, fee_rate: str | None = "0"
) -> Decimal:
    return propose(
        msgspec.structs.replace(wish("0", price="0.50"), fair=fair),
        sizing,
        market=market(fee_rate=fee_rate),
        limits=Limits(),
        capital=Decimal(1000),
    )


@pytest.mark.parametrize(
    ("sizing", "fair", "fee_rate", "shares"),
    [
        (Fixed(usd=25), None, "0", "50"),
        (Fixed(shares=12), None, "0", "12"),
        # f = (0.60 - 0.50) / (1 - 0.50) = 0.2, a quarter of it of 1000 usd is 50 usd
        (Kelly(fraction=0.25), 0.60, "0", "100"),
        # the desk allows at most a quarter
        (Kelly(fraction=1.0), 0.60, "0", "100"),
        (Kelly(fraction=0.25, cap=20), 0.60, "0", "40"),
        # fee 0.04 * 0.25 = 0.01: f = 0.09 / 0.49, stake 45.918367 usd
        (Kelly(fraction=0.25), 0.60, "0.04", "91.83"),
        (Kelly(fraction=0.25), 0.50, "0", "0"),
        (Kelly(fraction=0.25), 0.505, "0.04", "0"),
        (Kelly(fraction=0.25), 0.60, None, "0"),
        (Kelly(fraction=0.25), None, "0", "0"),
    ],
)
def test_a_stake_is_what_its_method_says(
    sizing: Fixed | Kelly, fair: float | None, fee_rate: str | None, shares: str
) -> None:
    assert sized(sizing, fair=fair, fee_rate=fee_rate) == Decimal(shares)


def want(
    strategy: str = "one",
    *,
    side: Side = Side.BUY,
    market_name: str = "m",
    priority: int = 0,
    edge: float | None = None,
    reduces: bool = False,
) -> Wish:
    decision = wish(
        strategy=StrategyId(strategy), side=side, on=market_name, reduces=reduces
    )
    return Wish(
        decisions=(msgspec.structs.replace(decision, edge=edge),), priority=priority
    )


def chosen(*wishes: Wish) -> list[tuple[str, str, str]]:
    state = ready()
    claims = Claims(state)
    allowed: list[tuple[str, str, str]] = []
    for one in ordered(list(wishes), state):
        if claims.allow(one):
            claims.claim(one)
            d = one.decision
            allowed.append((d.strategy, d.side.value, d.market))
    return allowed


def test_of_two_strategies_that_want_the_same_the_higher_edge_gets_it() -> None:
    assert chosen(want("one", edge=0.01), want("two", edge=0.02)) == [
        ("two", "BUY", "m")
    ]


def test_priority_goes_before_edge_and_the_id_decides_between_equals() -> None:
    assert chosen(want("one", edge=0.9), want("two", priority=1)) == [
        ("two", "BUY", "m")
    ]
    assert chosen(want("two"), want("one")) == [("one", "BUY", "m")]


def test_no_two_sides_of_a_market_in_one_step_and_leaving_goes_first() -> None:
    leaving = want("two", side=Side.SELL, reduces=True)

    assert chosen(want("one", edge=0.5), leaving) == [("two", "SELL", "m")]


def test_each_strategy_may_leave_its_own_position() -> None:
    wishes = [want(name, side=Side.SELL, reduces=True) for name in ("one", "two")]

    assert chosen(*wishes) == [("one", "SELL", "m"), ("two", "SELL", "m")]


def test_leaving_one_way_does_not_keep_another_strategy_from_leaving() -> None:
    selling_yes = want("one", side=Side.SELL, reduces=True)
    other = want("two", side=Side.SELL, reduces=True)
    no = msgspec.structs.replace(other.decision, token=TokenId("m:no"))
    selling_no = msgspec.structs.replace(other, decisions=(no,))

    assert len(chosen(selling_yes, selling_no)) == 2


def test_a_refused_wish_claims_nothing() -> None:
    state = ready()
    claims = Claims(state)
    first, second = want("one", edge=0.02), want("two", edge=0.01)

    allowed = [claims.allow(first), claims.allow(second)]

    assert allowed == [True, True]


def test_the_order_does_not_depend_on_arrival() -> None:
    a, b = want(market_name="n"), want(market_name="m")

    assert chosen(a, b) == chosen(b, a) == [("one", "BUY", "m"), ("one", "BUY", "n")]


def test_a_wish_whose_order_is_open_is_dropped() -> None:
    state = ready()
    state.expect(PlaceOrder(order()))

    assert ordered([want("one")], state) == []


def test_a_wish_is_dropped_while_it_cools_down() -> None:
    state = ready()
    state.cooldowns[want("one").key] = at(10)

    assert ordered([want("one")], state) == []
    state.now = at(10)
    assert len(ordered([want("one")], state)) == 1


def test_a_buy_of_ours_that_would_trade_with_a_sell_is_cancelled_first() -> None:
    state = ready()
    state.expect(PlaceOrder(order(strategy=TWO)))
    selling = wish("5", side=Side.SELL)

    commands = plan(
        selling,
        Approved(size=Shares(Decimal(5))),
        state,
        run=RunId("run"),
        sequence=1,
        ordinal=0,
    )

    assert [type(command).__name__ for command in commands] == [
        "CancelOrder",
        "PlaceOrder",
    ]


def test_a_time_to_live_ends_with_a_cancel_at_the_next_tick_and_only_one() -> None:
    state = ready()
    short = msgspec.structs.replace(order(), expires_at=at(60))
    state.expect(PlaceOrder(short))
    state.now = at(59)
    early = list(expired(state))
    state.now = at(60)
    (cancel,) = expired(state)
    state.expect(cancel)

    assert early == []
    assert cancel.reason == "ttl"
    assert list(expired(state)) == []
    assert list(all_open(state, "halt")) == []
