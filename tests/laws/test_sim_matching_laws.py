"""Laws of the simulated exchange, whatever its traders do."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.domain.market import Levels, mirror
from polyrules.domain.money import ONE, Side
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.words import (
    BookShown,
    Fate,
    LevelsMoved,
    Listed,
    NewOrder,
    Placed,
    TimeInForce,
    Timing,
    Traded,
)

YES, NO = "1" * 77, "2" * 76
OWNERS = ("0xann", "0xbob", "0xcid")
MARKET = Listed(
    id="0xmarket", yes=YES, no=NO, fee_rate=Decimal("0.07"), tick=Decimal("0.001")
)
STARTING_CASH = 60 * ONE  # little, so that some orders are too dear
STARTING_SHARES = 30 * ONE
TICK = 1000


class Cancel(msgspec.Struct, frozen=True):
    """Cancel one of the orders placed so far, counted from the last."""

    back: int


class Wait(msgspec.Struct, frozen=True):
    """Let time pass [microseconds]."""

    micros: int


Deed = NewOrder | Cancel | Wait


@st.composite
def orders(draw: st.DrawFn) -> NewOrder:
    side = draw(st.sampled_from(Side))
    kind = draw(st.sampled_from(TimeInForce))
    spends = kind in (TimeInForce.FOK, TimeInForce.FAK) and side is Side.BUY
    step = 100 if spends else 10_000  # market buys come in 0.0001 share
    size = draw(st.integers(1, 60 * ONE // step)) * step
    return NewOrder(
        owner=draw(st.sampled_from(OWNERS)),
        token=draw(st.sampled_from((YES, NO))),
        side=side,
        price=draw(st.integers(495, 505)) * TICK,
        size=size,
        time_in_force=kind,
        post_only=kind is TimeInForce.GTC and draw(st.booleans()),
        expiration=draw(st.integers(61, 90)) * ONE if kind is TimeInForce.GTD else 0,
        spend=draw(st.integers(100, 3000)) * 10_000 if spends else None,
    )


def histories(longest: int = 40) -> st.SearchStrategy[list[Deed]]:
    deed = st.one_of(
        orders(),
        orders(),
        orders(),
        st.builds(Cancel, st.integers(1, 8)),
        st.builds(Wait, st.integers(0, 5 * ONE)),
    )
    return st.lists(deed, min_size=longest // 2, max_size=longest)


def opened(market: Listed = MARKET) -> Exchange:
    exchange = Exchange(Timing())
    exchange.list(market)
    for owner in OWNERS:
        exchange.fund(owner, STARTING_CASH)
        assert exchange.split(owner, market.id, STARTING_SHARES)
    return exchange


def lived(exchange: Exchange, deeds: list[Deed]) -> Iterator[Deed]:
    """Do the deeds; yields after each."""
    now, placed = 0, [("", "")]
    for deed in deeds:
        match deed:
            case Wait(micros=micros):
                now += micros
                exchange.advance(now)
            case Cancel(back=back):
                exchange.cancel(*placed[-back % len(placed)], now)
            case NewOrder():
                answer = exchange.place(deed, now)
                if isinstance(answer, Placed):
                    placed.append((answer.order_id, deed.owner))
        yield deed


def cash(exchange: Exchange) -> int:
    purses = [account.cash for _, account in exchange.accounts]
    return sum(purse.free + purse.locked + purse.pending for purse in purses)


def shares(exchange: Exchange, token: str) -> int:
    purses = [account.of(token) for _, account in exchange.accounts]
    return sum(purse.free + purse.locked + purse.pending for purse in purses)


def wealth(exchange: Exchange, owner: str) -> tuple[int, ...]:
    account = exchange.accounts[owner]
    purses = (account.cash, account.of(YES), account.of(NO))
    return tuple(purse.free + purse.locked + purse.pending for purse in purses)


@given(deeds=histories(), delay=st.sampled_from((0, ONE)), fates=st.randoms())
@settings(deadline=None)
def test_money_and_shares_are_conserved_but_for_fees(
    deeds: list[Deed], delay: int, fates: object
) -> None:
    exchange = opened(msgspec.structs.replace(MARKET, delay=delay))
    exchange.trades.fate = lambda _: fates.choice(list(Fate))  # type: ignore[attr-defined]  # a seeded Random of hypothesis
    pit = exchange.pits["0xmarket"]

    for _ in lived(exchange, deeds):
        given_out = cash(exchange) + pit.collateral + exchange.accounts.fees
        assert given_out == len(OWNERS) * STARTING_CASH
        assert shares(exchange, YES) == shares(exchange, NO) == pit.collateral


@given(deeds=histories(), delay=st.sampled_from((0, ONE)))
@settings(deadline=None)
def test_nobody_ever_owes_and_what_is_locked_is_what_open_orders_need(
    deeds: list[Deed], delay: int
) -> None:
    exchange = opened(msgspec.structs.replace(MARKET, delay=delay))

    for _ in lived(exchange, deeds):
        for owner, account in exchange.accounts:
            for purse in (account.cash, account.of(YES), account.of(NO)):
                assert min(purse.free, purse.locked, purse.pending) >= 0
            working = exchange.history.open_of(owner)
            bought = [order for order in working if order.new.side is Side.BUY]
            assert account.cash.locked == sum(order.need() for order in bought)


@given(deeds=histories())
@settings(deadline=None)
def test_the_book_is_never_crossed_and_shows_what_its_orders_still_want(
    deeds: list[Deed],
) -> None:
    exchange = opened()
    pit = exchange.pits["0xmarket"]

    for _ in lived(exchange, deeds):
        bid, ask = pit.bids.best(), pit.asks.best()
        assert bid is None or ask is None or bid < ask
        for level in (*pit.bids.levels.values(), *pit.asks.levels.values()):
            assert level.total == sum(order.left for order in level.orders.values())


@given(deeds=histories())
@settings(deadline=None)
def test_who_offers_the_better_price_and_then_who_came_first_trades_first(
    deeds: list[Deed],
) -> None:
    exchange = opened()
    pit = exchange.pits["0xmarket"]
    queue: list[tuple[int, int, str]] = []

    for deed in lived(exchange, deeds):
        traded = [each for each in exchange.drain() if isinstance(each, Traded)]
        makers = [maker.order_id for trade in traded for maker in trade.makers]
        buys_yes = isinstance(deed, NewOrder) and (
            (deed.token == YES) is (deed.side is Side.BUY)
        )
        waiting = [row for row in queue if row[1] == (1 if buys_yes else -1)]
        first = [order_id for _, _, order_id in sorted(waiting)][: len(makers)]
        assert makers == first
        queue = [
            (price * sign, sign, order.id)
            for sign, side in ((-1, pit.bids), (1, pit.asks))
            for price, level in side.levels.items()
            for order in level.orders.values()
        ]


@given(deeds=histories())
@settings(deadline=None)
def test_a_fill_is_never_worse_than_the_limit(deeds: list[Deed]) -> None:
    exchange = opened()
    exchange.history.watched.update(OWNERS)

    for deed in lived(exchange, deeds):
        for trade in exchange.drain():
            if not isinstance(trade, Traded):
                continue
            assert isinstance(deed, NewOrder)
            if deed.side is Side.BUY:
                assert trade.price <= deed.price
            else:
                assert trade.price >= deed.price
            assert trade.size == sum(maker.size for maker in trade.makers)


@given(deeds=histories())
@settings(deadline=None)
def test_who_rests_pays_or_gets_the_limit_to_the_micro_dollar_and_never_a_fee(
    deeds: list[Deed],
) -> None:
    exchange = opened()
    exchange.history.watched.update(OWNERS)
    as_taker: set[str] = set()

    for _ in lived(exchange, deeds):
        for message in exchange.drain():
            if isinstance(message, Traded):
                as_taker.add(message.taker_order_id)
                made = [exchange.history.find(m.order_id) for m in message.makers]
                for order in made:
                    if order is None or order.id in as_taker:
                        continue
                    exact = order.new.price * order.matched
                    if order.new.side is Side.BUY:
                        assert order.paid * ONE <= exact
                    else:
                        assert order.paid * ONE >= exact


@given(before=histories(20), order=orders())
@settings(deadline=None)
def test_a_ghost_fill_restores_everybody_exactly(
    before: list[Deed], order: NewOrder
) -> None:
    exchange = opened()
    for _ in lived(exchange, before):
        pass
    now = 1000 * ONE
    exchange.advance(now)
    owned = [wealth(exchange, owner) for owner in OWNERS]
    fees = exchange.accounts.fees
    collateral = exchange.pits["0xmarket"].collateral

    exchange.trades.fate = lambda _: Fate.FAILED
    exchange.place(msgspec.structs.replace(order, expiration=2000 * ONE), now)
    exchange.advance(now + 60 * ONE)

    assert [wealth(exchange, owner) for owner in OWNERS] == owned
    assert exchange.accounts.fees == fees
    assert exchange.pits["0xmarket"].collateral == collateral


@given(deeds=histories())
@settings(deadline=None)
def test_the_messages_alone_rebuild_both_books(deeds: list[Deed]) -> None:
    exchange = opened()
    told: dict[tuple[str, Side], dict[int, int]] = {
        (token, side): {} for token in (YES, NO) for side in Side
    }

    def side_of(token: str, side: Side) -> Levels:
        levels = told[token, side].items()
        return tuple(sorted(levels, reverse=side is Side.BUY))

    for _ in lived(exchange, deeds):
        for message in exchange.drain():
            if isinstance(message, LevelsMoved):
                for move in message.changes:
                    levels = told[move.token, move.side]
                    levels[move.price] = move.size
                    if not move.size:
                        del levels[move.price]
                for move in message.changes:
                    bids = side_of(move.token, Side.BUY)
                    asks = side_of(move.token, Side.SELL)
                    assert move.best_bid == (bids[0][0] if bids else 0)
                    assert move.best_ask == (asks[0][0] if asks else ONE)
            elif isinstance(message, BookShown):
                assert side_of(YES, Side.BUY) == message.bids
                assert side_of(NO, Side.BUY) == mirror(message.asks)
        for token in (YES, NO):
            shown = exchange.book(token)
            assert shown == (side_of(token, Side.BUY), side_of(token, Side.SELL))
            assert all(a > b for a, b in pairwise(price for price, _ in shown[0]))


@given(deeds=histories(20), payout=st.sampled_from(("0", "0.5", "1")))
@settings(deadline=None)
def test_a_resolution_pays_out_all_that_lies_behind_the_shares(
    deeds: list[Deed], payout: str
) -> None:
    exchange = opened()
    for _ in lived(exchange, deeds):
        pass
    exchange.advance(1000 * ONE)

    exchange.resolve("0xmarket", Decimal(payout), 1000 * ONE)
    for owner in OWNERS:
        exchange.redeem(owner, "0xmarket")

    pit = exchange.pits["0xmarket"]
    assert 0 <= pit.collateral <= 2 * len(OWNERS)  # halves of a micro-share
    assert cash(exchange) + exchange.accounts.fees + pit.collateral == (
        len(OWNERS) * STARTING_CASH
    )
    assert exchange.book(YES) == ((), ())
