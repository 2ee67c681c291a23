from decimal import Decimal

import msgspec
import pytest

from polyrules.domain.events import Halted
from polyrules.domain.ids import MarketId, StrategyId, TokenId
from polyrules.domain.limits import Limits
from polyrules.domain.money import Price, Shares, Side, Usd
from polyrules.domain.orders import PlaceOrder
from polyrules.domain.steps import Approved, Decision, Refused, Verdict
from polyrules.engine import risk
from polyrules.engine.risk import CHECKS, tightened
from polyrules.engine.state import State
from polyrules.language.strategy import RiskRequest
from tests.builders import at, book, listed, market, tick
from tests.unit.test_state import ONE, TWO, bought, order, state_of

WIDE = Limits(
    market_usd_max=Usd(Decimal(500)),
    total_usd_max=Usd(Decimal(1000)),
    day_loss_usd_max=Usd(Decimal(500)),
    week_loss_usd_max=Usd(Decimal(500)),
    drawdown_max=Decimal(1),
)
FREE = RiskRequest()


def ready() -> State:
    return state_of(listed(), listed("n"), book(), book(name="n"), tick(0))


def wish(
    size: str = "100",
    *,
    price: str = "0.50",
    on: str = "m",
    side: Side = Side.BUY,
    strategy: StrategyId = ONE,
    reduces: bool = False,
) -> Decision:
    return Decision(
        strategy=strategy,
        rule="r",
        market=MarketId(on),
        token=TokenId(f"{on}:yes"),
        side=side,
        price=Price(Decimal(price)),
        size=Shares(Decimal(size)),
        values={},
        reduces=reduces,
    )


def review(
    decision: Decision, state: State, limits: Limits, request: RiskRequest
) -> Verdict:
    (verdict,) = risk.review((decision,), state, limits, request)
    return verdict


def test_a_decision_inside_all_limits_is_approved_at_its_size() -> None:
    verdict = review(wish(), ready(), WIDE, FREE)

    assert verdict == Approved(size=Shares(Decimal(100)))


def test_size_is_the_smallest_room_and_says_who_left_it() -> None:
    limits = Limits(market_usd_max=Usd(Decimal(20)), total_usd_max=Usd(Decimal(30)))

    verdict = review(wish(), ready(), limits, FREE)

    assert verdict == Approved(size=Shares(Decimal("40.00")), cut_by="market_stake")


def test_while_halted_everything_is_refused_exits_too() -> None:
    state = ready()
    bought(state, order())
    state.apply(Halted(at=at(2), by="test"))

    entry = review(wish(), state, WIDE, FREE)
    leaving = review(wish("20", side=Side.SELL, reduces=True), state, WIDE, FREE)

    assert entry == Refused(check="not_halted", reason="trading is halted")
    assert leaving == Refused(check="not_halted", reason="trading is halted")


def test_a_loss_of_the_day_stops_buying_and_both_numbers_are_told() -> None:
    state = ready()
    bought(state, order(size="400"))
    state.apply(tick(2))
    state.apply(book(3, bids=(("0.40", "9"),)))
    state.apply(tick(4))
    limits = Limits(day_loss_usd_max=Usd(Decimal(25)))

    verdict = review(wish(on="n"), state, limits, FREE)

    assert verdict == Refused(
        check="day_loss", reason="lost 40.00 usd today, the limit is 25.00"
    )


def test_a_drawdown_stops_buying_but_not_leaving() -> None:
    state = ready()
    bought(state, order(size="400"))
    state.apply(book(3, bids=(("0.01", "9"),)))
    state.apply(tick(4))
    limits = Limits(
        day_loss_usd_max=Usd(Decimal(999)), week_loss_usd_max=Usd(Decimal(999))
    )

    entry = review(wish(on="n"), state, limits, FREE)
    leaving = review(
        wish("400", price="0.01", side=Side.SELL, reduces=True), state, limits, FREE
    )

    assert entry == Refused(
        check="drawdown",
        reason="equity is 0.1960 below its peak, the limit is 0.15",
    )
    assert leaving == Approved(size=Shares(Decimal(400)))


def test_a_market_more_than_allowed_is_refused_but_one_held_may_grow() -> None:
    state = ready()
    bought(state, order())
    limits = Limits(positions_max=1)

    assert review(wish(on="n"), state, limits, FREE) == Refused(
        check="open_positions", reason="1 markets are held, the limit is 1"
    )
    assert isinstance(review(wish(), state, limits, FREE), Approved)


def test_open_orders_count_as_stake_so_no_dollar_is_spent_twice() -> None:
    state = ready()
    state.expect(PlaceOrder(order(size="90")))
    limits = Limits(market_usd_max=Usd(Decimal(50)))

    verdict = review(wish(), state, limits, FREE)

    assert verdict == Approved(size=Shares(Decimal("10.00")), cut_by="market_stake")


def test_what_is_left_below_the_minimum_is_refused_by_the_check_that_cut_it() -> None:
    state = ready()
    state.expect(PlaceOrder(order(size="99")))
    limits = Limits(market_usd_max=Usd(Decimal(50)))

    verdict = review(wish(), state, limits, FREE)

    assert verdict == Refused(
        check="market_stake",
        reason="49.50 usd at stake in this market, the limit is 50.00: 0.50 usd are"
        " left; "
        "an order of 0.50 usd is below the least of 1.00",
    )


def test_the_markets_own_minimum_is_in_shares() -> None:
    verdict = review(wish("4"), ready(), WIDE, FREE)

    assert verdict == Refused(
        check="minimum_size", reason="4 shares are below the market's least of 5"
    )


def test_a_days_volume_is_limited() -> None:
    state = ready()
    bought(state, order(size="100"))
    limits = Limits(day_volume_usd_max=Usd(Decimal(50)))

    verdict = review(wish(on="n"), state, limits, FREE)

    assert verdict == Refused(
        check="day_volume", reason="50.00 usd bought today, the limit is 50.00"
    )


def test_a_stake_of_nothing_is_refused_by_sizing() -> None:
    verdict = review(wish("0"), ready(), WIDE, FREE)

    assert verdict == Refused(
        check="sizing", reason="the stake buys 0.00 shares at 0.50, the least is 0.01"
    )


def test_no_order_is_larger_than_the_cash_that_is_free() -> None:
    state = ready()
    state.desk.portfolio.cash = Decimal(30)
    state.expect(PlaceOrder(order(size="20")))

    verdict = review(wish(on="n"), state, WIDE, FREE)

    assert verdict == Approved(size=Shares(Decimal("40.00")), cut_by="funds")


def test_a_buy_that_would_trade_with_our_own_sell_is_refused() -> None:
    state = ready()
    bought(state, order(size="20"))
    state.expect(PlaceOrder(order("o2", Side.SELL, price="0.50", size="20")))

    verdict = review(wish(strategy=TWO), state, WIDE, FREE)

    assert verdict == Refused(
        check="own_order",
        reason="a buy at 0.50 would trade with our own order to sell m:yes at 0.50",
    )


def test_a_stake_on_an_unknown_fee_says_so() -> None:
    state = state_of(listed(facts=market(fee_rate=None)), book(), tick(0))
    blind = msgspec.structs.replace(wish("0"), fair=0.99)

    verdict = review(blind, state, WIDE, FREE)

    assert verdict == Refused(
        check="sizing",
        reason="the market's fee rate is unknown, and the edge depends on it",
    )


def test_a_stake_without_an_edge_tells_both_prices() -> None:
    blind = msgspec.structs.replace(wish("0"), fair=0.49)

    verdict = review(blind, ready(), WIDE, FREE)

    assert verdict == Refused(
        check="sizing",
        reason="a fair price of 0.4900 does not beat 0.5000, price and fee",
    )


def test_a_strategy_is_held_to_its_own_request_by_its_own_positions() -> None:
    state = ready()
    bought(state, order(strategy=TWO, size="100"))
    request = RiskRequest(total_usd_max=50)

    own = review(wish(strategy=TWO), state, WIDE, request)
    other = review(wish(strategy=ONE), state, WIDE, request)

    assert own == Refused(
        check="total_stake",
        reason="50.00 usd at stake in all markets, the limit is 50.00",
    )
    assert other == Approved(size=Shares(Decimal(100)))


def test_a_request_can_only_tighten() -> None:
    desk = Limits()
    request = RiskRequest(market_usd_max=80, positions_max=3, order_usd_min=0.5)

    limits = tightened(desk, request)

    assert limits.market_usd_max == 50
    assert limits.positions_max == 3
    assert limits.order_usd_min == 1


def test_an_exit_sells_no_more_than_is_free() -> None:
    state = ready()
    bought(state, order(size="20"))
    state.expect(PlaceOrder(order("o2", Side.SELL, size="15")))

    part = review(wish("20", side=Side.SELL, reduces=True), state, WIDE, FREE)
    nothing = review(
        wish("20", side=Side.SELL, reduces=True, strategy=TWO), state, WIDE, FREE
    )

    assert part == Approved(size=Shares(Decimal(5)), cut_by="holding")
    assert isinstance(nothing, Refused)


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_says_what_it_holds(check: object) -> None:
    assert getattr(check, "__doc__", None)
