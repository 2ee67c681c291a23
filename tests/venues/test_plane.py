"""What the data plane adds to its adapters: order among them, and asking again."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest

from polyrules.clock import Clock
from polyrules.domain.events import Event, FeedLost, FeedRestored, Stage, TradesTold
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.domain.moments import HOUR, MINUTE, SECOND
from polyrules.errors import VenueError
from polyrules.venues.http.carriers.transport import Reply
from polyrules.venues.http.rest import Rest
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.plane import Plane, Settings
from polyrules.venues.polymarket.registry import Entry
from tests.venues.market_fakes import NOON
from tests.venues.stepped_clock import Stepped

M = MarketId("m")
NOWHERE = "http://127.0.0.1:9"


def plane(clock: Clock) -> Plane:
    names = ("gamma", "clob", "market_channel", "data_api", "rtds", "geoblock")
    return Plane(
        Settings(sources=dict.fromkeys(names, NOWHERE), tick=HOUR), clock, Health()
    )


async def seen(found: Plane, events: Sequence[Event]) -> list[str]:
    """Return the kinds of events that come out of those put in."""
    for event in events:
        found._inbox.put(event)
    found._inbox.end()
    return [type(event).__name__ async for event in found.events()]


def told(since: int) -> TradesTold:
    return TradesTold(at=NOON + 2, market=M, since=since, trades=())


async def test_history_closes_the_gap_it_was_asked_about() -> None:
    restored = FeedRestored(at=NOON + 1, feed="trades", market=M)

    events: list[Event] = [restored, told(NOON + 1 - HOUR)]

    assert await seen(plane(Stepped(NOON + 1)), events) == [
        "FeedRestored",
        "TradesTold",
    ]


async def test_history_does_not_close_a_gap_that_opened_while_it_was_asked() -> None:
    # The market was cut off, and came back, while the answer was on its way.
    events: list[Event] = [
        FeedRestored(at=NOON + 1, feed="trades", market=M),
        FeedLost(at=NOON + 2, feed="trades", market=M),
        FeedRestored(at=NOON + 2, feed="trades", market=M),
        told(NOON + 1 - HOUR),
    ]

    assert await seen(plane(Stepped(NOON + 1)), events) == [
        "FeedRestored",
        "FeedLost",
        "FeedRestored",
    ]


async def test_a_fee_nobody_told_is_asked_for_until_it_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Stepped(NOON)
    found = plane(clock)
    entry = Entry(market=Market(id=M, yes=TokenId("1"), no=TokenId("2")))
    found.registry.add(entry)
    asked: list[int] = []

    async def fails(entry: Entry) -> None:
        asked.append((clock.now() - NOON) // SECOND)
        assert entry.id == M

    monkeypatch.setattr(found._discovery, "fees", fails)
    found._wish_fees([M])
    asking = asyncio.create_task(found._ask_fees())
    await clock.advance(11 * MINUTE)
    found._wish_fees([])  # nobody follows it any more
    await clock.advance(11 * MINUTE)
    asking.cancel()

    assert asked == [1, 301, 601]


def test_a_market_that_is_followed_no_longer_is_asked_for_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = plane(Stepped(NOON))
    for name in ("a", "b"):
        facts = Market(id=MarketId(name), yes=TokenId(name), no=TokenId(f"no {name}"))
        found.registry.add(Entry(market=facts, stage=Stage.T0))
    hurried: list[frozenset[MarketId]] = []
    monkeypatch.setattr(found._polling, "hurry", hurried.append)
    both = [MarketId("a"), MarketId("b")]

    found.follow(both, both)
    found.follow(both[:1], both)

    assert hurried == [frozenset(), {"b"}]


async def test_a_reader_that_falls_behind_shows_in_the_figures() -> None:
    clock = Stepped(NOON)
    found = plane(clock)
    for at in (NOON, NOON + HOUR + 1):
        found._inbox.put(FeedLost(at=at, feed="trades", market=M))
    await clock.advance(HOUR + 9 * SECOND)  # nobody read meanwhile
    found._inbox.end()

    kinds = [type(event).__name__ async for event in found.events()]

    assert kinds == ["FeedLost", "ClockTicked", "ClockTicked", "FeedLost"]
    assert found.health.gauges["inbox_deepest"] == 2
    assert found.health.delays["tick_lateness"].most == HOUR / SECOND + 9


class Quick:
    """A clock that goes on when it is slept upon, at once."""

    speed = 1.0

    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    async def sleep(self, micros: int) -> None:
        self.at += micros


class Answers:
    """A transport that answers by path, whoever is asked."""

    def __init__(self, bodies: dict[str, tuple[int, bytes]]) -> None:
        self._bodies = bodies

    async def send(
        self,
        method: str,  # noqa: ARG002 - a transport is asked so
        url: str,
        content: bytes | None,  # noqa: ARG002 - as above
        seconds: float,  # noqa: ARG002 - as above
    ) -> Reply:
        path = urlsplit(url).path
        status, body = self._bodies.get(path, (404, b"{}"))
        return Reply(status=status, body=body)

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ((200, b"<!DOCTYPE html><html>hello</html>"), "is not the venue"),
        ((403, b"<html>Attention Required</html>"), "is not the venue"),
        ((404, b'{"error":"not found"}'), "is not the venue"),
        ((200, b"hello"), "is not the venue"),
    ],
)
async def test_a_host_that_does_not_speak_as_the_venue_does_ends_it_at_the_start(
    body: tuple[int, bytes], expected: str
) -> None:
    found = plane(Stepped(NOON))
    rest = Rest(
        "http://127.0.0.1:9",
        name="gamma",
        clock=Stepped(NOON),
        health=found.health,
        transport=Answers({"/markets/keyset": body}),
    )

    with pytest.raises(VenueError, match=expected):
        await found._make_sure(rest, "/markets/keyset")


async def test_a_host_that_only_fails_for_now_does_not() -> None:
    found = plane(Stepped(NOON))
    rest = Rest(
        "http://127.0.0.1:9",
        name="gamma",
        clock=Stepped(NOON),
        health=found.health,
        transport=Answers({"/markets/keyset": (503, b"{}")}),
    )

    await found._make_sure(rest, "/markets/keyset")

    assert found.health.counts["gamma", "failed at the start"] == 1


@pytest.mark.parametrize(
    ("ahead", "refused", "noted"),
    [(0, False, False), (30, False, True), (-30, False, True), (90, True, False)],
)
async def test_clocks_that_are_far_apart_are_noted_or_refused(
    ahead: int, refused: bool, noted: bool
) -> None:
    clock = Quick(NOON)
    found = plane(clock)
    time = str(NOON // SECOND + ahead).encode()
    found._clob = Rest(
        "http://127.0.0.1:9",
        name="clob",
        clock=clock,
        health=found.health,
        transport=Answers({"/time": (200, time)}),
    )
    found._site = Rest(
        "http://127.0.0.1:9",
        name="site",
        clock=clock,
        health=found.health,
        transport=Answers({"/api/geoblock": (200, b'{"blocked":false}')}),
    )

    if refused:
        with pytest.raises(VenueError, match="s ahead of ours"):
            await found._look_around()
    else:
        await found._look_around()
        assert any("set the clock" in note for note in found.notes) is noted
