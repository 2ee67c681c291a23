"""The simulated exchange, one rule of the venue at a time."""

import random
from decimal import Decimal

import msgspec
import pytest

from polyrules.domain.money import ONE, Side, to_micros
from polyrules.venues.simulated.exchange import history
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.trades import drawn
from polyrules.venues.simulated.exchange.words import (
    Balance,
    Fate,
    Holding,
    Listed,
    MakerFill,
    Message,
    Mode,
    NewOrder,
    OrderMoved,
    Placed,
    Refused,
    Resolved,
    TickMoved,
    TimeInForce,
    Timing,
    Traded,
    TradeMoved,
    TradeStatus,
)

YES, NO = "1" * 77, "2" * 76
MARKET = Listed(id="0xm", yes=YES, no=NO)
SECOND = ONE
NOT_ENOUGH = "not enough balance / allowance: the balance is not enough -> balance: "
CANCEL_ONLY = (
    "Trading is currently cancel-only. New orders are not accepted, "
    "but cancels are allowed."
)
NOW = 1_772_000_000 * SECOND


def opened(listed: Listed = MARKET, timing: Timing | None = None) -> Exchange:
    """Return an exchange where Ann has $1000, and Bob and Cid $1000 and 500 pairs."""
    exchange = Exchange(timing)
    exchange.list(listed, NOW)
    for owner in ("ann", "bob", "cid"):
        exchange.fund(owner, 1000 * ONE)
    for owner in ("bob", "cid"):
        exchange.give(owner, YES, 500 * ONE)
        exchange.give(owner, NO, 500 * ONE)
    exchange.drain()
    return exchange


def order(
    owner: str, side: Side, price: str, size: str, token: str = YES, **more: object
) -> NewOrder:
    plain = NewOrder(
        owner=owner,
        token=token,
        side=side,
        price=to_micros(Decimal(price)),
        size=to_micros(Decimal(size)),
    )
    return msgspec.structs.replace(plain, **more)


def buy(
    owner: str, price: str, size: str, token: str = YES, **more: object
) -> NewOrder:
    return order(owner, Side.BUY, price, size, token, **more)


def sell(
    owner: str, price: str, size: str, token: str = YES, **more: object
) -> NewOrder:
    return order(owner, Side.SELL, price, size, token, **more)


def place(exchange: Exchange, new: NewOrder, now: int = NOW) -> Placed:
    answer = exchange.place(new, now)
    assert isinstance(answer, Placed), answer
    return answer


def refused(exchange: Exchange, new: NewOrder, now: int = NOW) -> str:
    answer = exchange.place(new, now)
    assert isinstance(answer, Refused), answer
    assert answer.status_code == 400
    return answer.message


def trades(messages: list[Message]) -> list[Traded]:
    return [message for message in messages if isinstance(message, Traded)]


def shares(balance: Balance, token: str) -> Holding:
    return balance.shares.get(token, Holding())


def test_the_taker_gets_the_makers_price_and_the_older_order_goes_first() -> None:
    exchange = opened()
    place(exchange, sell("cid", "0.52", "10"))
    first = place(exchange, sell("bob", "0.50", "10"))
    place(exchange, sell("cid", "0.50", "10"))

    answer = place(exchange, buy("ann", "0.55", "12"))

    assert (answer.status, answer.making, answer.taking) == (
        "matched",
        6 * ONE,
        12 * ONE,
    )
    (trade,) = trades(exchange.drain())
    assert (trade.price, trade.size) == (500_000, 12 * ONE)
    assert trade.makers[0] == MakerFill(
        order_id=first.order_id,
        owner="bob",
        token=YES,
        side=Side.SELL,
        price=500_000,
        size=10 * ONE,
    )
    assert exchange.book(YES) == ((), ((500_000, 8 * ONE), (520_000, 10 * ONE)))


def test_a_buy_of_no_and_a_buy_of_yes_meet_and_a_pair_is_minted() -> None:
    exchange = opened(timing=Timing(mined=0))
    place(exchange, buy("bob", "0.40", "10", NO))
    assert exchange.book(YES) == ((), ((600_000, 10 * ONE),))

    place(exchange, buy("ann", "0.60", "10", YES))

    (trade,) = trades(exchange.drain())
    assert (trade.token, trade.price) == (YES, 600_000)
    assert (trade.makers[0].token, trade.makers[0].price) == (NO, 400_000)
    ann, bob = exchange.balance("ann"), exchange.balance("bob")
    assert (ann.cash.free, shares(ann, YES).free) == (994 * ONE, 10 * ONE)
    assert (bob.cash.free, shares(bob, NO).free) == (996 * ONE, 510 * ONE)
    assert exchange.pits["0xm"].collateral == 2010 * ONE


def test_a_sale_of_no_and_a_sale_of_yes_meet_and_a_pair_is_merged() -> None:
    exchange = opened(timing=Timing(mined=0))
    place(exchange, sell("bob", "0.30", "10", NO))

    answer = place(exchange, sell("cid", "0.70", "10", YES))

    assert (answer.making, answer.taking) == (10 * ONE, 7 * ONE)
    assert exchange.balance("bob").cash.free == 1003 * ONE
    assert exchange.balance("cid").cash.free == 1007 * ONE
    assert exchange.pits["0xm"].collateral == 1990 * ONE


def test_only_the_taker_pays_a_fee_of_the_rate_times_p_times_one_minus_p() -> None:
    exchange = opened(
        msgspec.structs.replace(MARKET, fee_rate=Decimal("0.07")), Timing(mined=0)
    )
    place(exchange, sell("bob", "0.50", "10"))

    place(exchange, buy("ann", "0.50", "10"))

    assert exchange.balance("ann").cash.free == to_micros(Decimal("994.825"))
    assert exchange.balance("bob").cash.free == 1005 * ONE
    assert exchange.accounts.fees == 175_000


def test_open_orders_lock_what_they_need_and_cancelling_gives_it_back() -> None:
    exchange = opened()
    bought = place(exchange, buy("ann", "0.40", "100"))
    sold = place(exchange, sell("bob", "0.60", "100"))
    assert exchange.balance("ann").cash == Holding(free=960 * ONE, locked=40 * ONE)
    assert shares(exchange.balance("bob"), YES).locked == 100 * ONE

    assert exchange.cancel(bought.order_id, "ann", NOW) is None
    assert exchange.cancel(sold.order_id, "bob", NOW) is None

    assert exchange.balance("ann").cash == Holding(free=1000 * ONE)
    assert shares(exchange.balance("bob"), YES) == Holding(free=500 * ONE)
    assert exchange.book(YES) == ((), ())


def test_only_the_owner_cancels_an_order() -> None:
    exchange = opened()
    placed = place(exchange, buy("ann", "0.40", "100"))

    why = exchange.cancel(placed.order_id, "bob", NOW)

    assert why == "Order not found or already canceled"
    assert exchange.book(YES)[0] == ((400_000, 100 * ONE),)


def test_what_was_bought_can_be_sold_only_once_it_is_mined() -> None:
    exchange = opened()
    place(exchange, sell("bob", "0.50", "10"))
    place(exchange, buy("ann", "0.50", "10"))

    said = refused(exchange, sell("ann", "0.55", "10"), NOW + SECOND)
    place(exchange, sell("ann", "0.55", "10"), NOW + 3 * SECOND)

    assert said == f"{NOT_ENOUGH}0, order amount: 10000000"


def test_a_trade_goes_from_matched_over_mined_to_confirmed() -> None:
    exchange = opened()
    exchange.history.watched.add("ann")
    place(exchange, sell("bob", "0.50", "10"))
    place(exchange, buy("ann", "0.50", "10"))

    exchange.advance(NOW + 60 * SECOND)

    steps = [m for m in exchange.drain() if isinstance(m, TradeMoved)]
    assert [(step.status, step.at - NOW) for step in steps] == [
        (TradeStatus.MATCHED, 0),
        (TradeStatus.MINED, 2 * SECOND),
        (TradeStatus.CONFIRMED, 6 * SECOND),
    ]


def test_a_ghost_fill_is_retried_fails_and_is_undone() -> None:
    exchange = opened()
    exchange.history.watched.add("ann")
    exchange.trades.fate = lambda _: Fate.FAILED
    place(exchange, sell("bob", "0.50", "10"))
    place(exchange, buy("ann", "0.50", "10"))
    assert shares(exchange.balance("ann"), YES).pending == 10 * ONE

    exchange.advance(NOW + 60 * SECOND)

    steps = [m.status for m in exchange.drain() if isinstance(m, TradeMoved)]
    assert steps == [TradeStatus.MATCHED, TradeStatus.RETRYING, TradeStatus.FAILED]
    ann, bob = exchange.balance("ann"), exchange.balance("bob")
    assert (ann.cash, shares(ann, YES)) == (Holding(free=1000 * ONE), Holding())
    assert (bob.cash.free, shares(bob, YES).free) == (1000 * ONE, 500 * ONE)


def test_a_trade_that_is_retried_arrives_late() -> None:
    exchange = opened()
    exchange.history.watched.add("ann")
    exchange.trades.fate = lambda _: Fate.RETRIED
    place(exchange, sell("bob", "0.50", "10"))
    place(exchange, buy("ann", "0.50", "10"))

    exchange.advance(NOW + 60 * SECOND)

    steps = [m.status.value for m in exchange.drain() if isinstance(m, TradeMoved)]
    assert steps == ["MATCHED", "RETRYING", "MINED", "CONFIRMED"]
    assert shares(exchange.balance("ann"), YES).free == 10 * ONE


def test_fates_are_drawn_by_lot_and_the_same_for_the_same_seed() -> None:
    exchange = opened()
    place(exchange, sell("bob", "0.50", "10"))
    place(exchange, buy("ann", "0.50", "10"))
    (trade,) = trades(exchange.drain())

    first, second = (
        drawn(random.Random(3), failed=0.3, retried=0.2),  # noqa: S311 - a play
        drawn(random.Random(3), failed=0.3, retried=0.2),  # noqa: S311 - a play
    )
    told = [first(trade) for _ in range(1000)]

    assert told == [second(trade) for _ in range(1000)]
    assert 250 < told.count(Fate.FAILED) < 350
    assert 150 < told.count(Fate.RETRIED) < 250


def test_a_market_buy_spends_its_amount_whatever_the_number_of_shares() -> None:
    exchange = opened()
    place(exchange, sell("bob", "0.40", "10"))
    place(exchange, sell("bob", "0.50", "100"))

    answer = place(
        exchange,
        buy("ann", "0.50", "20", time_in_force=TimeInForce.FAK, spend=10 * ONE),
    )

    assert (answer.making, answer.taking) == (10 * ONE, 22 * ONE)


def test_a_fak_takes_what_is_there_and_a_fok_all_or_nothing() -> None:
    exchange = opened()
    place(exchange, sell("bob", "0.50", "10"))
    killed = refused(exchange, buy("ann", "0.50", "11", time_in_force=TimeInForce.FOK))
    taken = place(exchange, buy("ann", "0.50", "11", time_in_force=TimeInForce.FAK))
    nothing = refused(exchange, buy("ann", "0.50", "11", time_in_force=TimeInForce.FAK))

    assert killed == (
        "order couldn't be fully filled. FOK orders are fully filled or killed."
    )
    assert (taken.status, taken.taking) == ("matched", 10 * ONE)
    assert nothing.startswith("no orders found to match with FAK order.")
    assert exchange.book(YES) == ((), ())


def test_the_owner_of_a_killed_order_is_told_why() -> None:
    exchange = opened()
    exchange.history.watched.add("ann")
    place(exchange, sell("bob", "0.50", "10"))
    exchange.place(buy("ann", "0.50", "11", time_in_force=TimeInForce.FOK), NOW)

    (told,) = [m for m in exchange.drain() if isinstance(m, OrderMoved)]

    assert told.kind == "CANCELLATION"
    assert told.order.status == (
        "CANCELED_order couldn't be fully filled. "
        "FOK orders are fully filled or killed."
    )


def test_an_order_with_an_expiration_ends_a_minute_before_it() -> None:
    exchange = opened()
    exchange.history.watched.add("ann")
    dated = buy(
        "ann",
        "0.40",
        "10",
        time_in_force=TimeInForce.GTD,
        expiration=NOW + 100 * SECOND,
    )
    placed = place(exchange, dated)

    exchange.advance(NOW + 39 * SECOND)
    assert exchange.history.works(placed.order_id)
    exchange.advance(NOW + 40 * SECOND)

    ended = exchange.history.find(placed.order_id)
    assert ended is not None
    assert ended.status == "CANCELED_EXPIRED_ORDER"
    assert exchange.balance("ann").cash == Holding(free=1000 * ONE)
    soon = msgspec.structs.replace(dated, expiration=NOW + 60 * SECOND)
    assert refused(exchange, soon) == "invalid expiration"


def test_a_takers_order_is_held_for_the_markets_delay_and_cannot_be_cancelled() -> None:
    exchange = opened(msgspec.structs.replace(MARKET, delay=250_000))
    place(exchange, sell("bob", "0.50", "10"))

    answer = place(exchange, buy("ann", "0.50", "10"))
    why = exchange.cancel(answer.order_id, "ann", NOW + 100_000)
    exchange.advance(NOW + 250_000)

    assert (answer.status, answer.trades) == ("delayed", ())
    assert why == "order match delayed due to market conditions"
    (trade,) = trades(exchange.drain())
    assert (trade.at, trade.size) == (NOW + 250_000, 10 * ONE)


def test_a_held_order_that_finds_nothing_any_more_rests() -> None:
    exchange = opened(msgspec.structs.replace(MARKET, delay=250_000))
    offered = place(exchange, sell("bob", "0.50", "10"))
    place(exchange, buy("ann", "0.50", "10"))

    exchange.cancel(offered.order_id, "bob", NOW + 100_000)
    exchange.advance(NOW + 250_000)

    assert exchange.book(YES) == (((500_000, 10 * ONE),), ())
    assert exchange.balance("ann").cash == Holding(free=995 * ONE, locked=5 * ONE)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (
            buy("ann", "0.505", "10", id="0x1"),
            "order 0x1 is invalid. Price (0.505) breaks minimum tick size rule: 0.01",
        ),
        (
            buy("ann", "1", "10", id="0x1"),
            "order 0x1 is invalid. Price (1) breaks minimum tick size rule: 0.01",
        ),
        (
            buy("ann", "0.40", "4.99", id="0x1"),
            "order 0x1 is invalid. Size (4.99) lower than the minimum: 5",
        ),
        (
            buy("ann", "0.60", "1.5"),
            "invalid amount for a marketable BUY order ($0.9), min size: $1",
        ),
        (
            buy("ann", "0.60", "5", post_only=True),
            "invalid post-only order: order crosses book",
        ),
        (
            buy("ann", "0.40", "2501"),
            f"{NOT_ENOUGH}1000000000, order amount: 1000400000",
        ),
        (
            sell("ann", "0.70", "10"),
            f"{NOT_ENOUGH}0, order amount: 10000000",
        ),
    ],
)
def test_a_wrong_order_is_refused_in_the_venues_words(
    new: NewOrder, words: str
) -> None:
    exchange = opened()
    place(exchange, sell("bob", "0.60", "100"))

    assert refused(exchange, new) == words


def test_the_same_order_is_taken_once_even_after_it_ended() -> None:
    exchange = opened()
    new = buy("ann", "0.40", "10", id="0xhash")
    place(exchange, new)
    exchange.cancel("0xhash", "ann", NOW)

    assert refused(exchange, new) == "order 0xhash is invalid. Duplicated."


def test_an_order_that_was_refused_may_come_again() -> None:
    exchange = opened()
    new = buy("ann", "0.40", "3000", id="0xhash")
    refused(exchange, new)
    exchange.fund("ann", 1000 * ONE)

    assert place(exchange, new).status == "live"


@pytest.mark.parametrize(
    ("mode", "status", "words"),
    [
        (Mode.RESTARTING, 425, "service not ready"),
        (
            Mode.DISABLED,
            503,
            "Trading is currently disabled. Check polymarket.com for updates",
        ),
        (
            Mode.CANCEL_ONLY,
            503,
            CANCEL_ONLY,
        ),
        (
            Mode.POST_ONLY,
            503,
            "post-only mode: only post-only orders and cancels are allowed",
        ),
    ],
)
def test_a_mode_refuses_orders_and_lets_them_be_cancelled(
    mode: Mode, status: int, words: str
) -> None:
    exchange = opened()
    before = place(exchange, buy("ann", "0.40", "10"))

    exchange.mode = mode

    expected = Refused(status_code=status, message=words)
    assert exchange.place(buy("ann", "0.40", "10"), NOW) == expected
    assert exchange.cancel(before.order_id, "ann", NOW) is None


def test_post_only_mode_takes_orders_that_only_rest() -> None:
    exchange = opened()
    exchange.mode = Mode.POST_ONLY

    assert place(exchange, buy("ann", "0.40", "10", post_only=True)).status == "live"


def test_a_resolution_ends_orders_and_shares_are_redeemed_at_the_payout() -> None:
    exchange = opened()
    exchange.history.watched.add("ann")
    placed = place(exchange, buy("ann", "0.40", "10"))
    exchange.drain()

    exchange.resolve("0xm", Decimal(1), NOW)

    resolved = [m for m in exchange.drain() if isinstance(m, Resolved)]
    assert resolved == [Resolved(market="0xm", winner=YES, at=NOW)]
    ended = exchange.history.find(placed.order_id)
    assert ended is not None
    assert ended.status == "CANCELED_MARKET_RESOLVED"
    assert exchange.redeem("bob", "0xm") == 500 * ONE
    assert exchange.redeem("bob", "0xm") == 0
    assert exchange.balance("bob").cash.free == 1500 * ONE
    late = exchange.place(buy("ann", "0.40", "10"), NOW)
    assert late == Refused(
        status_code=404, message="No orderbook exists for the requested token id"
    )


def test_half_a_dollar_is_paid_for_either_share_where_nobody_won() -> None:
    exchange = opened()
    exchange.resolve("0xm", Decimal("0.5"), NOW)

    assert Resolved(market="0xm", winner=None, at=NOW) in exchange.drain()
    assert exchange.redeem("cid", "0xm") == 500 * ONE


def test_nothing_is_redeemed_before_the_resolution() -> None:
    exchange = opened()

    assert exchange.redeem("bob", "0xm") == 0
    assert shares(exchange.balance("bob"), YES).free == 500 * ONE


def test_a_finer_tick_lets_finer_prices_in() -> None:
    exchange = opened()
    exchange.set_tick("0xm", Decimal("0.001"), NOW)

    place(exchange, buy("ann", "0.405", "10"))

    moved = [m for m in exchange.drain() if isinstance(m, TickMoved)]
    assert moved == [
        TickMoved(market="0xm", before=Decimal("0.01"), after=Decimal("0.001"), at=NOW)
    ]


def test_owners_may_trade_with_themselves() -> None:
    exchange = opened(timing=Timing(mined=0))
    place(exchange, sell("bob", "0.50", "10"))

    place(exchange, buy("bob", "0.50", "10"))

    assert exchange.balance("bob").cash == Holding(free=1000 * ONE)
    assert shares(exchange.balance("bob"), YES) == Holding(free=500 * ONE)


def test_pairs_are_split_and_merged_at_a_dollar() -> None:
    exchange = opened()

    assert exchange.split("ann", "0xm", 100 * ONE)
    assert not exchange.split("ann", "0xm", 901 * ONE)
    assert not exchange.split("ann", "0xm", -101 * ONE)
    assert exchange.split("ann", "0xm", -40 * ONE)

    balance = exchange.balance("ann")
    assert balance.cash.free == 940 * ONE
    assert shares(balance, YES).free == shares(balance, NO).free == 60 * ONE


def test_an_order_of_an_owner_nobody_watches_is_forgotten_when_it_ends() -> None:
    exchange = opened()
    placed = place(exchange, buy("ann", "0.40", "10"))

    exchange.cancel(placed.order_id, "ann", NOW)

    assert exchange.history.find(placed.order_id) is None
    assert not [m for m in exchange.drain() if isinstance(m, OrderMoved)]


def test_a_held_order_needs_the_money_for_its_own_price_from_the_start() -> None:
    exchange = opened(msgspec.structs.replace(MARKET, delay=250_000))
    place(exchange, sell("bob", "0.40", "300"))
    exchange.fund("dan", 4_500_000)

    said = refused(exchange, buy("dan", "0.50", "10"))

    assert said == f"{NOT_ENOUGH}4500000, order amount: 5000000"
    assert exchange.balance("dan").cash == Holding(free=4_500_000)


def test_a_held_order_that_cannot_pay_its_fee_any_more_is_dropped() -> None:
    exchange = opened(
        msgspec.structs.replace(MARKET, delay=250_000, fee_rate=Decimal("0.07"))
    )
    exchange.history.watched.add("dan")
    place(exchange, sell("bob", "0.50", "10"))
    exchange.fund("dan", 5 * ONE)
    placed = place(exchange, buy("dan", "0.50", "10"))

    exchange.advance(NOW + 250_000)

    ended = exchange.history.find(placed.order_id)
    assert ended is not None
    assert ended.status == "CANCELED_NOT_ENOUGH_BALANCE"
    assert exchange.balance("dan").cash == Holding(free=5 * ONE)


def test_that_a_strangers_trade_failed_is_told_and_nothing_else_of_it() -> None:
    exchange = opened()
    exchange.trades.fate = lambda _: Fate.FAILED
    place(exchange, sell("bob", "0.50", "10"))
    place(exchange, buy("ann", "0.50", "10"))

    exchange.advance(NOW + 60 * SECOND)

    steps = [m.status for m in exchange.drain() if isinstance(m, TradeMoved)]
    assert steps == [TradeStatus.FAILED]


def test_everybody_is_paid_at_once_and_empty_purses_are_closed() -> None:
    exchange = opened()
    place(exchange, sell("bob", "0.50", "10"))
    place(exchange, buy("ann", "0.50", "10"))
    exchange.advance(NOW + 60 * SECOND)
    exchange.resolve(MARKET.id, Decimal(1), NOW + 61 * SECOND)

    exchange.redeem_all(MARKET.id)
    exchange.redeem_all(MARKET.id)

    assert exchange.balance("ann").cash == Holding(free=1005 * ONE)
    assert exchange.balance("ann").shares == {}
    assert exchange.balance("bob").cash == Holding(free=1495 * ONE)


def test_an_open_market_pays_nobody() -> None:
    exchange = opened()

    exchange.redeem_all(MARKET.id)

    assert shares(exchange.balance("bob"), YES).free == 500 * ONE


def test_old_orders_and_trades_of_watched_owners_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "ENDED_MAX", 3)
    monkeypatch.setattr(history, "NAMED_MAX", 4)
    monkeypatch.setattr(history, "TRADES_MAX", 10)
    exchange = opened()
    exchange.history.watched.add("ann")
    for number in range(11):
        place(exchange, sell("bob", "0.50", "5"))
        place(exchange, buy("ann", "0.50", "5", id=f"0x{number}"))

    known = [n for n in range(11) if exchange.history.find(f"0x{n}") is not None]
    named = [n for n in range(11) if exchange.history.named(f"0x{n}")]
    assert (known, named) == ([8, 9, 10], [7, 8, 9, 10])
    assert len(exchange.history.trades["ann"]) == 10
