"""A simulated venue played from a tape: what was recorded happens again, and trades."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import (
    BookChanged,
    ClockTicked,
    Event,
    LevelChange,
    LevelsChanged,
    MarketListed,
    SpotTicked,
    TickChanged,
    TradePrinted,
)
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Book as Shown
from polyrules.domain.market import Listing, Market
from polyrules.domain.money import Side, Usd
from polyrules.engine.state import State
from polyrules.errors import TapeError
from polyrules.features.table import Feeds
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.plane import Plane, Settings
from polyrules.venues.simulated.exchange.words import (
    NewOrder,
    Placed,
    Resolved,
    TickMoved,
    TimeInForce,
    Traded,
)
from polyrules.venues.simulated.server import Simulator
from polyrules.venues.simulated.tape_world import TapeWorld
from polyrules.venues.tape.manifest import FORMAT, Manifest
from polyrules.venues.tape.reader import Tape
from polyrules.venues.tape.writer import TapeWriter
from tests.builders import resolved
from tests.venues.virtual_time import LoopClock, run
from tests.venues.watched_plane import Watched

S = 1_000_000
BEGIN = 1_772_452_800 * S
CID, YES, NO = MarketId("0xc"), TokenId("71"), TokenId("72")
ME = "0x" + "1e" * 20
MARKET = Market(
    id=CID, yes=YES, no=NO, question="Rain?", slug="rain", fee_rate=Decimal("0.04")
)
LISTED = MarketListed(at=BEGIN, market=MARKET, listing=Listing(volume_24h=1234.0))


def at(second: int) -> int:
    return BEGIN + second * S


def book(
    second: int, bids: tuple[tuple[int, int], ...], asks: tuple[tuple[int, int], ...]
) -> BookChanged:
    """A book of YES in cents and shares."""
    return BookChanged(
        at=at(second),
        market=CID,
        token=YES,
        bids=tuple((price * 10_000, size * S) for price, size in bids),
        asks=tuple((price * 10_000, size * S) for price, size in asks),
    )


def level(second: int, side: Side, price: int, size: int) -> LevelsChanged:
    change = LevelChange(YES, side, price * 10_000, size * S)
    return LevelsChanged(at=at(second), market=CID, changes=(change,))


def printed(second: int, side: Side, price: int, size: int) -> TradePrinted:
    return TradePrinted(
        at=at(second),
        market=CID,
        token=YES,
        side=side,
        price=price * 10_000,
        size=size * S,
        transaction="0xabc",
    )


BOOK = book(1, ((48, 100), (47, 200)), ((52, 100), (53, 300)))


def tape(place: Path, *events: Event) -> Tape:
    with TapeWriter(place) as writer:
        for event in events:
            writer.append(event)
        writer.close(Manifest(format=FORMAT, made_by="test", tick=S))
    return Tape.open(place)


def world(place: Path, *events: Event) -> TapeWorld:
    made = TapeWorld(tape(place / "tape", LISTED, *events), step=S)
    made.exchange.fund(ME, 10**12)
    return made


def shown(made: TapeWorld) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The book of YES in cents and shares."""
    bids, asks = made.exchange.book(YES)
    return (
        [(price // 10_000, size // S) for price, size in bids],
        [(price // 10_000, size // S) for price, size in asks],
    )


def bought(made: TapeWorld, price: int, size: int) -> int:
    """Let a client buy YES at once; return the shares it got."""
    order = NewOrder(
        owner=ME,
        token=YES,
        side=Side.BUY,
        price=price * 10_000,
        size=size * S,
        time_in_force=TimeInForce.FAK,
    )
    placed = made.exchange.place(order, made.at)
    return placed.taking // S if isinstance(placed, Placed) else 0


def test_the_world_begins_with_the_tape_and_lists_its_markets(tmp_path: Path) -> None:
    made = world(tmp_path, BOOK)

    assert made.at == BEGIN
    assert list(made.stories) == ["0xc"]
    assert made.stories["0xc"].volume_24h == 1234.0
    assert made.stories["0xc"].listed.fee_rate == Decimal("0.04")
    assert shown(made) == ([], [])


def test_a_book_is_there_when_its_time_has_come(tmp_path: Path) -> None:
    made = world(tmp_path, BOOK, level(3, Side.BUY, 49, 10))

    made.step()
    assert shown(made) == ([(48, 100), (47, 200)], [(52, 100), (53, 300)])
    made.step()
    assert not made.ended
    made.step()
    assert shown(made)[0] == [(49, 10), (48, 100), (47, 200)]
    assert made.ended


def test_a_level_that_went_is_gone_and_one_of_no_is_mirrored(tmp_path: Path) -> None:
    of_no = LevelChange(NO, Side.BUY, 470_000, 7 * S)
    made = world(
        tmp_path,
        BOOK,
        level(2, Side.BUY, 48, 0),
        LevelsChanged(at=at(2), market=CID, changes=(of_no,)),
    )

    made.step()
    made.step()

    assert shown(made) == ([(47, 200)], [(52, 100), (53, 7)])


def test_what_a_client_took_stays_taken_until_the_level_is_told_again(
    tmp_path: Path,
) -> None:
    made = world(
        tmp_path, BOOK, level(2, Side.SELL, 53, 50), level(3, Side.SELL, 52, 100)
    )
    made.step()

    assert bought(made, 52, 60) == 60
    assert shown(made)[1] == [(52, 40), (53, 300)]
    made.step()
    assert shown(made)[1] == [(52, 40), (53, 50)]
    made.step()
    assert shown(made)[1] == [(52, 100), (53, 50)]


def test_a_clients_order_meets_what_the_tape_brings_later(tmp_path: Path) -> None:
    made = world(tmp_path, BOOK, level(2, Side.SELL, 50, 30))
    made.step()
    order = NewOrder(owner=ME, token=YES, side=Side.BUY, price=500_000, size=20 * S)
    made.exchange.place(order, made.at)

    happened = made.step()

    (trade,) = [each for each in happened if isinstance(each, Traded)]
    assert (trade.makers[0].owner, trade.size) == (ME, 20 * S)
    assert shown(made)[1][0] == (50, 10)


def test_a_trade_of_the_tape_meets_what_rests_and_is_told_whole(tmp_path: Path) -> None:
    made = world(tmp_path, BOOK, printed(2, Side.BUY, 52, 130))
    made.step()

    trades = [each for each in made.step() if isinstance(each, Traded)]

    assert [(each.size // S, each.price) for each in trades] == [
        (100, 520_000),
        (30, 520_000),
    ]
    assert trades[1].transaction == "0xabc"
    assert made.stories["0xc"].last_price == 0.52


def test_a_client_who_rests_is_filled_by_the_tapes_seller(tmp_path: Path) -> None:
    made = world(tmp_path, BOOK, printed(2, Side.SELL, 49, 8))
    made.step()
    order = NewOrder(owner=ME, token=YES, side=Side.BUY, price=490_000, size=20 * S)
    made.exchange.place(order, made.at)

    (trade,) = [each for each in made.step() if isinstance(each, Traded)]

    assert (trade.side, trade.size, trade.makers[0].owner) == (Side.SELL, 8 * S, ME)


def test_a_trade_where_nothing_rests_is_told_all_the_same(tmp_path: Path) -> None:
    made = world(tmp_path, printed(1, Side.SELL, 49, 8))

    (trade,) = [each for each in made.step() if isinstance(each, Traded)]

    assert (trade.side, trade.price, trade.size) == (Side.SELL, 490_000, 8 * S)
    assert trade.makers == ()


def test_small_levels_and_fine_prices_are_shown_as_recorded(tmp_path: Path) -> None:
    odd = BookChanged(
        at=at(1), market=CID, token=YES, bids=((481_234, 10_000),), asks=()
    )
    made = world(tmp_path, odd)

    made.step()

    assert made.exchange.book(YES)[0] == ((481_234, 10_000),)
    assert made.counts == {}


def test_a_crossed_book_is_played_without_what_crosses(tmp_path: Path) -> None:
    made = world(tmp_path, book(1, ((50, 10),), ((49, 10), (51, 10))))

    made.step()

    assert shown(made) == ([(50, 10)], [(51, 10)])
    assert made.counts == {"crossed": 1}


def test_ticks_and_answers_are_the_tapes(tmp_path: Path) -> None:
    ticked = TickChanged(at=at(1), market=CID, tick=Decimal("0.001"))
    answer = msgspec.structs.replace(resolved(0, "1"), at=at(2), market=CID)
    made = world(tmp_path, ticked, answer, book(3, ((48, 1),), ()))

    (first,) = made.step()
    assert isinstance(first, TickMoved)
    assert first.after == Decimal("0.001")
    told = made.step()
    assert [each.winner for each in told if isinstance(each, Resolved)] == [YES]
    made.step()
    assert made.stories["0xc"].stage == "resolved"
    assert made.counts == {"resolved": 1}


def test_coins_cost_what_was_told_and_their_means_are_means(tmp_path: Path) -> None:
    ticks = [
        SpotTicked(at=at(each), symbol="BTC", source="price", price=100.0 + each)
        for each in (1, 2, 4)
    ]
    made = world(tmp_path, *ticks)
    for _ in range(4):
        made.step()

    assert made.spot.symbols == ("BTC",)
    assert made.spot.price("BTC", at(3)) == 102.0
    assert made.spot.twap("BTC", at(4), 3) == (102 + 102 + 104) / 3


def test_an_empty_tape_cannot_be_played(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="it has no events"):
        TapeWorld(tape(tmp_path / "tape"))


changes = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 99), st.integers(0, 50)),
    max_size=40,
)


@given(said=changes)
def test_the_book_is_always_the_tapes_where_nobody_trades(
    tmp_path_factory: pytest.TempPathFactory, said: Iterable[tuple[Side, int, int]]
) -> None:
    kept = [each for each in said if (each[1] < 50) is (each[0] is Side.BUY)]
    events = [level(2 + number, *each) for number, each in enumerate(kept)]
    truth = Shown()
    truth.show(BOOK.bids, BOOK.asks)
    made = world(tmp_path_factory.mktemp("tape"), BOOK, *events)
    made.step()

    for event in events:
        made.step()
        for change in event.changes:
            truth.change(change.side, change.price, change.size)

        bids, asks = made.exchange.book(YES)
        assert (list(bids), list(asks)) == (truth.bids(), truth.asks())


async def _recorded() -> list[Event]:
    """Three minutes of what a venue told, with its books at the end of each."""
    heard: list[Event] = []
    async with Watched() as made:
        take = made._take

        def listen(event: Event) -> None:
            heard.append(event)
            take(event)

        made._take = listen  # type: ignore[method-assign]  # to listen in
        await made.watch(made.simulator.world.at + 180 * S)
    return heard


async def _played_again(recorded: Tape) -> tuple[State, TapeWorld]:
    """What the data plane makes of a venue that plays a tape."""
    played = TapeWorld(recorded)
    simulator = Simulator(world=played, clock=LoopClock(played.at))
    await simulator.start()
    sources = Settings(sources=simulator.sources)
    plane = Plane(sources, simulator.clock, Health())
    await plane.open()
    state = State(Usd(Decimal(1000)), (), Feeds())
    async for event in plane.events():
        state.apply(event)
        if isinstance(event, ClockTicked):
            plane.follow(plane.most_urgent(), plane.most_urgent())
            if event.at >= BEGIN + 175 * S:
                break
    await plane.close()
    await simulator.stop()
    return state, played


def test_a_recorded_run_played_again_shows_the_data_plane_the_same_books(
    tmp_path: Path,
) -> None:
    recorded = tape(tmp_path / "tape", *run(_recorded()))

    state, played = run(_played_again(recorded))

    shown = {
        market: (tuple(known.book.bids()), tuple(known.book.asks()))
        for market, known in state.markets.items()
        if known.book.seen
    }
    truth = {
        market: played.exchange.book(played.stories[market].listed.yes)
        for market in shown
    }
    assert len(shown) >= 40
    assert shown == truth
    assert played.counts["refused"] == 0
