"""What the data plane adds to its adapters: order among them, and asking again."""

import asyncio
from collections.abc import Sequence

import pytest

from polyrules.domain.events import Event, FeedLost, FeedRestored, Stage, TradesTold
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.domain.moments import HOUR, MINUTE, SECOND
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.plane import Plane, Settings
from polyrules.venues.polymarket.registry import Entry
from tests.venues.market_fakes import NOON
from tests.venues.stepped_clock import Stepped

M = MarketId("m")
NOWHERE = "http://127.0.0.1:9"


def plane(clock: Stepped) -> Plane:
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
