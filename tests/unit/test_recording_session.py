"""A recording from its begin to its end: what is chosen, and how it comes to an end."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from polyrules.clock import Wall
from polyrules.domain.events import (
    ClockTicked,
    Event,
    FeedLost,
    MarketListed,
    SpotTicked,
)
from polyrules.domain.ids import GroupId
from polyrules.domain.market import Listing
from polyrules.errors import InputError, TapeError, VenueError
from polyrules.venues.recording.recording import Recording
from polyrules.venues.recording.selection import Selection
from polyrules.venues.recording.session import Recorded, record
from polyrules.venues.tape.reader import Tape
from tests.builders import SECOND, at, book, listed, market, resolved
from tests.small_tape import moving


class Feed:
    """A feed that tells what it was given, and may then fail or fall silent."""

    def __init__(
        self,
        events: Iterable[Event],
        error: Exception | None = None,
        silent: asyncio.Event | None = None,
    ) -> None:
        self._events = events
        self._error = error
        self._silent = silent

    async def events(self) -> AsyncIterator[Event]:
        for event in self._events:
            yield event
        if self._error is not None:
            raise self._error
        if self._silent is not None:
            self._silent.set()
            await asyncio.Event().wait()


def slugged(name: str, slug: str, **more: object) -> MarketListed:
    facts = msgspec.structs.replace(market(name), slug=slug, **more)
    return listed(name, facts=facts)


async def recorded(
    place: Path,
    feed: Feed,
    *words: str,
    lasts: int | None = None,
    quota: int | None = None,
) -> Recorded:
    tape = Recording(place, clock=Wall(), free_bytes_min=0, quota_bytes=quota)
    return await record(feed, tape, Selection(words), lasts=lasts)


def on(place: Path) -> list[Event]:
    return list(Tape.open(place).events())


async def test_a_recording_ends_with_its_feed(tmp_path: Path) -> None:
    happened = list(moving(10))

    told = await recorded(tmp_path / "tape", Feed(happened))

    assert (told.ended, told.events, told.lost) == ("the feed ended", 31, 0)
    assert on(tmp_path / "tape") == happened


async def test_a_recording_ends_when_its_time_is_over(tmp_path: Path) -> None:
    happened: list[Event] = [
        listed(),
        *(ClockTicked(at=at(n)) for n in range(1, 100)),
        book(100),
    ]

    told = await recorded(tmp_path / "tape", Feed(happened), lasts=60 * SECOND)

    assert told.ended == "its time was over"
    assert on(tmp_path / "tape") == [listed()]


async def test_an_interrupted_recording_is_in_order(tmp_path: Path) -> None:
    silent = asyncio.Event()
    feed = Feed([listed(), book(1)], silent=silent)
    task = asyncio.create_task(recorded(tmp_path / "tape", feed))

    await silent.wait()
    task.cancel()
    told = await task

    assert told.ended == "interrupted"
    assert on(tmp_path / "tape") == [listed(), book(1)]


async def test_what_a_feed_told_before_it_failed_is_on_the_tape(tmp_path: Path) -> None:
    feed = Feed([listed(), book(1)], error=VenueError("gone"))

    with pytest.raises(VenueError, match="gone"):
        await recorded(tmp_path / "tape", feed)

    assert on(tmp_path / "tape") == [listed(), book(1)]


async def test_a_recording_without_room_ends_with_an_error_and_a_sound_tape(
    tmp_path: Path,
) -> None:
    many = (book(n, name="m" * 900) for n in range(200_000))

    with pytest.raises(TapeError, match="quota of 4,000,000 bytes is used up"):
        await recorded(tmp_path / "tape", Feed(many), quota=4_000_000)

    tape = Tape.open(tmp_path / "tape")
    assert tape.verify() == ()
    assert tape.manifest.rows > 100


async def test_only_the_markets_asked_for_are_recorded(tmp_path: Path) -> None:
    spot = SpotTicked(at=at(1), symbol="BTC", source="price", price=1.0)
    lost = FeedLost(at=at(1), feed="book")
    wanted = slugged("a", "btc-up-or-down")
    happened: list[Event] = [
        wanted,
        slugged("b", "will-it-rain"),
        book(1, name="a"),
        book(1, name="b"),
        book(1, name="unlisted"),
        spot,
        lost,
    ]

    await recorded(tmp_path / "tape", Feed(happened), "btc")

    assert on(tmp_path / "tape") == [wanted, book(1, name="a"), spot, lost]


@pytest.mark.parametrize(
    "word",
    [
        "btc",
        "BTC",
        "btc-*",
        "*-down",
        "0xabc",
        "id=0xabc",
        "slug=btc*",
        "category=crypto",
        "category=c*",
        "group=event-7",
    ],
)
def test_a_market_is_chosen_by_slug_id_group_or_category(word: str) -> None:
    facts = msgspec.structs.replace(
        market("0xabc", category="Crypto"),
        slug="btc-up-or-down",
        group=GroupId("event-7"),
    )

    assert Selection([word]).wants(facts)
    assert Selection(["nothing-like-it", word]).wants(facts)
    assert not Selection([word]).wants(market("0xdef"))


@pytest.mark.parametrize("word", ["", "color=red", "category=", "=x"])
def test_a_word_that_chooses_nothing_is_refused(word: str) -> None:
    with pytest.raises(InputError, match="selects no market"):
        Selection([word])


def test_markets_are_followed_by_their_end_and_then_by_what_they_trade() -> None:
    selection = Selection()
    busy = Listing(volume_24h=9.0)
    for event in (
        listed("never", facts=market("never", hours=None)),
        listed("late", facts=market("late", hours=9)),
        listed("quiet", facts=market("quiet", hours=2)),
        listed("busy", facts=market("busy", hours=2), listing=busy),
        listed("over", facts=market("over", hours=1)),
        resolved(1, "1", name="over"),
    ):
        assert selection.takes(event)

    assert selection.nearest() == ["busy", "quiet", "late", "never"]
    assert selection.markets == 5


def test_a_market_that_is_told_more_of_later_may_be_chosen_then() -> None:
    selection = Selection(["category=crypto"])

    first = selection.takes(listed("a"))
    told = msgspec.structs.replace(
        market("a"), category="crypto", tick=Decimal("0.001")
    )
    then = selection.takes(listed("a", 1, facts=told))

    assert (first, then) == (False, True)
    assert selection.takes(book(2, name="a"))


def test_what_should_have_ended_already_is_followed_last() -> None:
    selection = Selection()
    for name, hours in (("zombie", -900.0), ("soon", 1.0), ("never", None)):
        assert selection.takes(listed(name, facts=market(name, hours=hours)))

    assert selection.nearest() == ["soon", "never", "zombie"]


def test_a_listing_that_lags_behind_does_not_reopen_a_resolved_market() -> None:
    selection = Selection()
    selection.takes(listed("m"))
    selection.takes(resolved(1, "1", name="m"))
    selection.takes(listed("m", 2))  # from the venue's cache

    assert selection.nearest() == []
