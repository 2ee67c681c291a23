from decimal import Decimal

import msgspec
import pytest

from polyrules.domain.events import (
    Filled,
    MarketChanged,
    OrderReported,
    Settled,
    TickChanged,
)
from polyrules.domain.ids import ClientOrderId, MarketId, StrategyId, TokenId
from polyrules.domain.money import Price, Shares, Side, Usd
from polyrules.domain.orders import (
    CancelOrder,
    Order,
    OrderStatus,
    PlaceOrder,
    Report,
)
from polyrules.engine.state import State
from polyrules.errors import InvariantError
from polyrules.features.table import Feeds
from tests.builders import HOUR, NOON, at, book, level, listed, market, resolved, tick

ONE = StrategyId("one")
TWO = StrategyId("two")


def state_of(*events: object) -> State:
    state = State(Usd(Decimal(1000)), (ONE, TWO), Feeds())
    for event in events:
        state.apply(event)  # type: ignore[arg-type]  # builders return events
    return state


def order(
    name: str = "o1",
    side: Side = Side.BUY,
    *,
    strategy: StrategyId = ONE,
    price: str = "0.50",
    size: str = "20",
) -> Order:
    return Order(
        client_order_id=ClientOrderId(name),
        strategy=strategy,
        rule="r",
        market=MarketId("m"),
        token=TokenId("m:yes"),
        side=side,
        price=Price(Decimal(price)),
        size=Shares(Decimal(size)),
    )


def fill(
    name: str = "o1", side: Side = Side.BUY, *, price: str = "0.50", size: str = "20"
) -> Filled:
    return Filled(
        at=at(1),
        client_order_id=ClientOrderId(name),
        market=MarketId("m"),
        token=TokenId("m:yes"),
        side=side,
        price=Price(Decimal(price)),
        size=Shares(Decimal(size)),
        fee=Usd(Decimal(0)),
        maker=False,
    )


def bought(state: State, placed: Order) -> None:
    state.expect(PlaceOrder(placed))
    state.apply(
        fill(placed.client_order_id, price=str(placed.price), size=str(placed.size))
    )


def test_time_never_runs_backward() -> None:
    state = state_of(tick(5))

    with pytest.raises(InvariantError, match="came after"):
        state.apply(tick(4))


def test_a_no_book_is_mirrored_into_the_one_book_of_the_market() -> None:
    state = state_of(
        listed(), book(1, (("0.50", "60"),), (("0.52", "100"),), token="no")
    )

    known = state.markets[MarketId("m")]

    assert known.book.best_bid == 480_000
    assert known.bid(TokenId("m:no")) == 500_000


def test_a_level_of_the_no_book_changes_the_other_side_of_the_yes_book() -> None:
    state = state_of(
        listed(), book(1, asks=()), level(2, Side.BUY, "0.30", "9", token="no")
    )

    assert state.markets[MarketId("m")].book.asks() == [(700_000, 9_000_000)]


def test_a_level_before_any_whole_book_says_nothing() -> None:
    state = state_of(listed(), level(1, Side.SELL, "0.80", "50"))

    known = state.markets[MarketId("m")]
    assert known.book.best_ask is None
    assert known.book_at is None


def test_a_token_of_no_market_does_not_freshen_a_book() -> None:
    state = state_of(listed(), book(1), book(2, token="other"))

    assert state.markets[MarketId("m")].book_at == at(1)


def test_a_later_word_on_a_market_keeps_what_it_leaves_unsaid_and_the_tick() -> None:
    fine = TickChanged(at=at(1), market=MarketId("m"), tick=Decimal("0.001"))
    said = MarketChanged(at=at(2), market=market(fee_rate=None, hours=None))

    state = state_of(listed(), fine, said)

    known = state.markets[MarketId("m")].market
    assert known.tick == Decimal("0.001")
    assert known.fee_rate == 0
    assert known.end is not None


def test_a_market_resolved_before_it_was_listed_stays_closed() -> None:
    state = state_of(resolved(1), listed(seconds=2))

    assert state.table.open_rows().tolist() == []


def test_a_market_that_goes_quiet_keeps_its_worth() -> None:
    state = state_of(listed(), book())
    bought(state, order())

    state.apply(tick(3_000))

    assert state.desk.equity == Decimal("999.60")


def test_orders_of_both_tokens_can_meet() -> None:
    state = state_of(listed(), book())
    state.expect(PlaceOrder(order(price="0.50")))
    no = msgspec.structs.replace(order("o2", price="0.51"), token=TokenId("m:no"))
    far = msgspec.structs.replace(no, price=Price(Decimal("0.49")))

    assert [o.order.client_order_id for o in state.would_trade_with(no)] == ["o1"]
    assert list(state.would_trade_with(far)) == []


def test_an_event_of_a_market_nobody_described_changes_nothing() -> None:
    state = state_of(book(1), level(2, Side.BUY, "0.30", "9"), resolved(3))

    assert state.markets == {}


def test_a_tick_change_reaches_the_market_and_the_table() -> None:
    changed = TickChanged(at=at(1), market=MarketId("m"), tick=Decimal("0.001"))

    state = state_of(listed(), changed)

    assert state.markets[MarketId("m")].market.tick == Decimal("0.001")
    assert state.table.column("tick_size")[0] == 0.001


def test_a_filled_order_is_not_open_and_its_owner_holds_the_shares() -> None:
    state = state_of(listed(), book())

    bought(state, order())

    assert list(state.open_orders()) == []
    assert state.desk.portfolio.positions[TokenId("m:yes")].shares == 20
    assert TokenId("m:yes") in state.own[ONE].portfolio.positions
    assert state.own[TWO].portfolio.positions == {}


def test_a_part_fill_leaves_the_rest_open() -> None:
    state = state_of(listed(), book())
    state.expect(PlaceOrder(order()))

    state.apply(fill(size="5"))

    (live,) = state.open_orders()
    assert live.status is OrderStatus.PARTIALLY_FILLED
    assert live.remaining == 15


def test_what_is_already_offered_cannot_be_sold_twice() -> None:
    state = state_of(listed(), book())
    bought(state, order())

    state.expect(PlaceOrder(order("o2", Side.SELL, size="15")))

    assert state.sellable(ONE, TokenId("m:yes")) == 5
    assert state.sellable(TWO, TokenId("m:yes")) == 0


def test_a_report_for_an_order_we_do_not_know_is_our_bug() -> None:
    report = OrderReported(
        at=at(1), client_order_id=ClientOrderId("ghost"), report=Report.ACCEPTED
    )

    with pytest.raises(InvariantError, match="ghost"):
        state_of(report)


def test_a_fill_above_the_order_is_our_bug() -> None:
    state = state_of(listed(), book())
    state.expect(PlaceOrder(order(size="5")))

    with pytest.raises(InvariantError, match="above its size"):
        state.apply(fill(size="6"))


def test_a_cancel_is_remembered_until_the_venue_answers() -> None:
    state = state_of(listed(), book())
    state.expect(PlaceOrder(order()))

    state.expect(CancelOrder(ClientOrderId("o1")))

    (live,) = state.open_orders()
    assert live.cancelling


def test_settlement_pays_each_strategy_for_its_own_shares() -> None:
    state = state_of(listed(), book())
    bought(state, order("o1", strategy=ONE, size="20"))
    bought(state, order("o2", strategy=TWO, size="30"))

    state.apply(
        Settled(
            at=at(2),
            market=MarketId("m"),
            token=TokenId("m:yes"),
            size=Shares(Decimal(50)),
            payout=Decimal("0.5"),
        )
    )

    assert state.desk.portfolio.cash == 1000
    assert state.own[ONE].portfolio.cash == 1000
    assert state.own[TWO].portfolio.positions == {}


def test_equity_marks_at_the_best_bid() -> None:
    state = state_of(listed(), book())
    bought(state, order(price="0.50"))

    state.apply(tick(2))

    assert state.desk.equity == Decimal("999.60")


def test_without_a_bid_the_last_one_known_counts_and_after_its_age_nothing() -> None:
    state = state_of(listed(), book())
    bought(state, order())
    state.apply(tick(2))
    state.apply(book(3, bids=()))

    state.apply(tick(4))
    known = state.desk.equity
    state.apply(tick(304))

    assert known == Decimal("999.60")
    assert state.desk.equity == 990


def test_a_day_loss_counts_from_the_first_marking_of_the_utc_day() -> None:
    state = state_of(listed(facts=None), book())
    bought(state, order(price="0.50"))
    state.apply(tick(2))
    lower = msgspec.structs.replace(book(0, (("0.30", "9"),)), at=NOON + 13 * HOUR)
    state.apply(lower)

    state.apply(msgspec.structs.replace(tick(0), at=NOON + 13 * HOUR))
    first = state.desk.day_loss
    lowest = msgspec.structs.replace(lower, bids=((200_000, 1),), at=NOON + 14 * HOUR)
    state.apply(lowest)
    state.apply(msgspec.structs.replace(tick(0), at=NOON + 14 * HOUR))

    assert first == 0
    assert state.desk.day_loss == 2
    assert state.desk.week_loss == Decimal("5.6")
