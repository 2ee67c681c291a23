"""What the paper exchange never does, whatever the market and we may do."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.domain.events import (
    BookChanged,
    Event,
    Filled,
    LevelChange,
    LevelsChanged,
    OrderReported,
    Settled,
    TradePrinted,
)
from polyrules.domain.ids import ClientOrderId, MarketId, StrategyId, TokenId
from polyrules.domain.market import Book, Levels, mirror
from polyrules.domain.money import (
    ONE,
    ZERO,
    Price,
    Shares,
    Side,
    Usd,
    to_micros,
)
from polyrules.domain.orders import (
    OPEN,
    CancelOrder,
    Command,
    Order,
    OrderStatus,
    PlaceOrder,
    Report,
    TimeInForce,
    advance,
)
from polyrules.domain.portfolio import Portfolio
from polyrules.venues.paper import Paper
from tests.builders import at, listed, market, resolved, tick

YES, NO = TokenId("m:yes"), TokenId("m:no")
CASH = Usd(Decimal(12))
FEE_RATE = "0.07"
CENT = 10_000  # micro-usd

cents = st.integers(48, 52)
tokens = st.sampled_from([YES, NO])
sides = st.sampled_from(list(Side))
amounts = st.sampled_from([2_000_000, 5_000_000, 7_129_000, 40_000_000])


class Turn(msgspec.Struct, frozen=True):
    """An event of the feed, and the commands that follow it."""

    event: Event
    commands: tuple[Command, ...] = ()


@st.composite
def ladders(draw: st.DrawFn, best: int, step: int) -> Levels:
    """Draw up to three levels away from `best` [cents]."""
    shown = draw(st.lists(amounts, min_size=1, max_size=3))
    return tuple(((best + step * i) * CENT, size) for i, size in enumerate(shown))


@st.composite
def books(draw: st.DrawFn, second: int) -> BookChanged:
    """Draw books of either token, a few of them crossed or locked."""
    bid, spread = draw(cents), draw(st.integers(-1, 5))
    return BookChanged(
        at=at(second),
        market=MarketId("m"),
        token=draw(tokens),
        bids=draw(ladders(bid, -1)),
        asks=draw(ladders(bid + spread, 1)),
    )


@st.composite
def market_events(draw: st.DrawFn, second: int) -> Event:
    """Draw books, single levels, trades and silence."""
    kind = draw(st.sampled_from(["book", "level", "trade", "tick"]))
    if kind == "tick":
        return tick(second)
    if kind == "book":
        return draw(books(second))
    token, price = draw(tokens), draw(cents) * CENT
    size = draw(amounts)
    if kind == "trade":
        return TradePrinted(
            at=at(second),
            market=MarketId("m"),
            token=token,
            side=draw(sides),
            price=price,
            size=size,
        )
    shown = draw(st.sampled_from([0, size]))
    change = LevelChange(token, draw(sides), price, shown)
    return LevelsChanged(at=at(second), market=MarketId("m"), changes=(change,))


@st.composite
def orders(draw: st.DrawFn, name: str) -> PlaceOrder:
    """Draw orders of all kinds, most of them acceptable."""
    kinds = [TimeInForce.GTC] * 4 + [TimeInForce.FAK, TimeInForce.FOK]
    kind = draw(st.sampled_from(kinds))
    quiet = kind is TimeInForce.GTC and draw(st.integers(0, 3)) == 0
    return PlaceOrder(
        Order(
            client_order_id=ClientOrderId(name),
            strategy=StrategyId("s"),
            rule="r",
            market=MarketId("m"),
            token=draw(tokens),
            side=draw(sides),
            price=Price(Decimal(draw(cents)) / 100),
            size=Shares(Decimal(draw(st.sampled_from(["3", "5", "8", "12.5"])))),
            time_in_force=kind,
            post_only=quiet,
        )
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Turn]:
    """Draw a market with our commands in it, sometimes up to its resolution."""
    facts = market(fee_rate=FEE_RATE)
    turns = [Turn(listed(facts=facts)), Turn(draw(books(0)))]
    placed: list[ClientOrderId] = []
    for second in range(1, draw(st.integers(2, 20))):
        commands: list[Command] = []
        for _ in range(draw(st.integers(0, 2))):
            place = draw(orders(f"o{len(placed)}"))
            placed.append(place.order.client_order_id)
            commands.append(place)
        cancels = draw(st.booleans())
        if placed and cancels:
            commands.append(CancelOrder(draw(st.sampled_from(placed))))
        turns.append(Turn(draw(market_events(second)), tuple(commands)))
    if draw(st.booleans()):
        turns.append(Turn(resolved(99, draw(st.sampled_from(["0", "0.5", "1"])))))
    return turns


class Script:
    """A feed that says what it was told to."""

    def __init__(self, turns: list[Turn]) -> None:
        self._turns = turns

    async def events(self) -> AsyncIterator[Event]:
        for turn in self._turns:
            yield turn.event


Seen = list[tuple[Event, Decimal]]  # what was said, and the cash after it


def played(turns: list[Turn], *, refill: bool = False) -> Seen:
    paper = Paper(Script(turns), cash=CASH, refill=refill)
    commands = {id(turn.event): turn.commands for turn in turns}

    async def go() -> Seen:
        seen: Seen = []
        async for event in paper.events():
            for command in commands.get(id(event), ()):
                await paper.submit(command)
            seen.append((event, paper.portfolio.cash))
        return seen

    return asyncio.run(go())


def placed_in(turns: list[Turn]) -> dict[ClientOrderId, Order]:
    commands = [command for turn in turns for command in turn.commands]
    return {
        command.order.client_order_id: command.order
        for command in commands
        if isinstance(command, PlaceOrder)
    }


def show(book: Book, event: Event) -> None:
    """Bring a book in YES terms up to an event."""
    if isinstance(event, BookChanged):
        if event.token == YES:
            book.show(event.bids, event.asks)
        else:
            book.show(mirror(event.asks), mirror(event.bids))
    elif isinstance(event, LevelsChanged):
        for change in event.changes:
            if change.token == YES:
                book.change(change.side, change.price, change.size)
            else:
                side = Side.SELL if change.side is Side.BUY else Side.BUY
                book.change(side, ONE - change.price, change.size)


def in_yes(fill: Filled) -> tuple[Side, int]:
    """Return the side of the book a fill took from, and the price, in YES terms."""
    price = to_micros(fill.price)
    took = Side.SELL if fill.side is Side.BUY else Side.BUY
    if fill.token == YES:
        return took, price
    return fill.side, ONE - price


@given(turns=histories(), refill=st.booleans())
@settings(deadline=None)
def test_no_price_is_ever_worse_than_the_limit(turns: list[Turn], refill: bool) -> None:
    limits = placed_in(turns)

    for event, _ in played(turns, refill=refill):
        if isinstance(event, Filled):
            limit = limits[event.client_order_id].price
            paid = event.price
            assert paid <= limit if event.side is Side.BUY else paid >= limit


@given(turns=histories())
@settings(deadline=None)
def test_a_taker_fills_only_at_shown_levels_and_never_above_what_they_showed(
    turns: list[Turn],
) -> None:
    book = Book()
    left: dict[tuple[Side, int], int] = defaultdict(int)

    for event, _ in played(turns):
        if isinstance(event, BookChanged | LevelsChanged):
            before = {
                (side, price): size
                for side, levels in ((Side.BUY, book.bids()), (Side.SELL, book.asks()))
                for price, size in levels
            }
            show(book, event)
            for side, levels in ((Side.BUY, book.bids()), (Side.SELL, book.asks())):
                for price, size in levels:
                    grown = max(0, size - before.get((side, price), 0))
                    left[side, price] = min(size, left[side, price] + grown)
        if isinstance(event, Filled) and not event.maker:
            level = in_yes(event)
            assert book.size_at(*level) > 0
            left[level] -= to_micros(event.size)
            assert left[level] >= 0


@given(turns=histories(), refill=st.booleans())
@settings(deadline=None)
def test_nothing_fills_on_a_crossed_or_locked_book(
    turns: list[Turn], refill: bool
) -> None:
    book = Book()

    for event, _ in played(turns, refill=refill):
        show(book, event)
        assert not (isinstance(event, Filled) and book.crossed)


@given(turns=histories(), refill=st.booleans())
@settings(deadline=None)
def test_a_print_fills_no_more_than_its_size_and_a_book_no_more_than_it_shows(
    turns: list[Turn], refill: bool
) -> None:
    book = Book()
    shown = printed = taken = 0

    for event, _ in played(turns, refill=refill):
        if isinstance(event, Filled) and event.maker and printed:
            printed -= to_micros(event.size)
            assert printed >= 0
        elif isinstance(event, Filled):
            taken += to_micros(event.size)
            assert taken <= shown
        elif not isinstance(event, OrderReported):
            show(book, event)
            taken = 0
            shown = sum(size for _, size in book.bids() + book.asks())
            printed = event.size if isinstance(event, TradePrinted) else 0


@given(turns=histories(), refill=st.booleans())
@settings(deadline=None)
def test_cash_is_never_negative(turns: list[Turn], refill: bool) -> None:
    assert all(cash >= 0 for _, cash in played(turns, refill=refill))


@given(turns=histories())
@settings(deadline=None)
def test_the_events_alone_tell_the_final_cash(turns: list[Turn]) -> None:
    seen = played(turns)
    mine = Portfolio(CASH)

    for event, _ in seen:
        if isinstance(event, Filled | Settled):
            mine.apply(event)

    assert mine.cash == seen[-1][1]


@given(turns=histories(), refill=st.booleans())
@settings(deadline=None)
def test_every_order_lives_a_life_the_table_of_states_allows(
    turns: list[Turn], refill: bool
) -> None:
    ordered = placed_in(turns)
    status = dict.fromkeys(ordered, OrderStatus.SUBMITTED)
    filled = dict.fromkeys(ordered, ZERO)

    for event, _ in played(turns, refill=refill):
        if isinstance(event, OrderReported):
            name = event.client_order_id
            status[name] = advance(status[name], event.report)
        elif isinstance(event, Filled):
            name = event.client_order_id
            filled[name] += event.size
            assert filled[name] <= ordered[name].size
            whole = filled[name] == ordered[name].size
            status[name] = advance(
                status[name], Report.FILLED_WHOLE if whole else Report.FILLED_PART
            )

    assert all(status[name] is not OrderStatus.SUBMITTED for name in ordered)
    immediate = (TimeInForce.FAK, TimeInForce.FOK)
    for name, order in ordered.items():
        assert order.time_in_force not in immediate or status[name] not in OPEN


@given(turns=histories())
@settings(deadline=None)
def test_post_only_and_resting_orders_pay_no_fee_and_takers_never_rest(
    turns: list[Turn],
) -> None:
    ordered = placed_in(turns)

    for event, _ in played(turns):
        if isinstance(event, Filled):
            order = ordered[event.client_order_id]
            assert event.maker or not order.post_only
            assert event.fee == 0 or not event.maker


@given(turns=histories(), refill=st.booleans())
@settings(deadline=None)
def test_the_same_history_gets_the_same_answers(
    turns: list[Turn], refill: bool
) -> None:
    first = msgspec.json.encode([event for event, _ in played(turns, refill=refill)])
    second = msgspec.json.encode([event for event, _ in played(turns, refill=refill)])

    assert first == second


@given(turns=histories())
@settings(deadline=None)
def test_time_never_runs_backward(turns: list[Turn]) -> None:
    times = [event.at for event, _ in played(turns)]

    assert times == sorted(times)


@given(turns=histories())
@settings(deadline=None)
def test_after_the_resolution_nothing_is_held_and_nothing_rests(
    turns: list[Turn],
) -> None:
    paper = Paper(Script([*turns, Turn(resolved(100))]), cash=CASH)
    commands = {id(turn.event): turn.commands for turn in turns}

    async def go() -> None:
        async for event in paper.events():
            for command in commands.get(id(event), ()):
                await paper.submit(command)

    asyncio.run(go())

    assert paper.portfolio.positions == {}
    assert paper.portfolio.cash == CASH + paper.portfolio.realised
    assert paper._reserved == 0
