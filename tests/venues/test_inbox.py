"""Where live events meet: in order, stamped, with the clock ticking in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules import clock
from polyrules.clock import Scaled, Wall
from polyrules.domain.events import ClockTicked, Event, FeedLost, SpotTicked
from polyrules.domain.moments import SECOND
from polyrules.venues.live.health import Delays, Health
from polyrules.venues.live.inbox import Inbox

BEGIN = 1_767_225_600 * SECOND


class Hand:
    """A clock that is set by hand; nobody waits on it."""

    speed = 1e9  # so that waiting for a tick takes no time of ours

    def __init__(self, at: int = BEGIN) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    async def sleep(self, micros: int) -> None:
        self.at += micros


def spot(at: int, price: float = 1.0) -> SpotTicked:
    return SpotTicked(at=at, symbol="BTC", source="price", price=price)


async def taken(inbox: Inbox, count: int) -> list[Event]:
    found: list[Event] = []
    events: AsyncIterator[Event] = inbox.events()
    async with asyncio.timeout(30), aclosing(events) as stream:  # type: ignore[type-var]  # an async generator behind an iterator
        async for event in stream:
            found.append(event)
            if len(found) == count:
                break
    return found


async def test_before_a_tick_stands_every_event_up_to_and_including_its_moment() -> (
    None
):
    hand = Hand()
    inbox = Inbox(hand, SECOND)
    events = inbox.events()
    first = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    hand.at = BEGIN + 1
    assert await first == ClockTicked(at=BEGIN)

    inbox.put(spot(BEGIN + SECOND))
    inbox.put(spot(BEGIN + SECOND + 1))

    assert await anext(events) == spot(BEGIN + SECOND)
    assert await anext(events) == ClockTicked(at=BEGIN + SECOND)
    assert await anext(events) == spot(BEGIN + SECOND + 1)


async def test_time_that_goes_by_in_silence_ticks() -> None:
    hand = Hand()
    inbox = Inbox(hand, SECOND)
    events = inbox.events()
    first = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    hand.at = BEGIN + 2 * SECOND + 1

    assert await first == ClockTicked(at=BEGIN)
    assert await anext(events) == ClockTicked(at=BEGIN + SECOND)
    assert await anext(events) == ClockTicked(at=BEGIN + 2 * SECOND)


async def test_what_is_stamped_before_the_last_is_stamped_anew() -> None:
    inbox = Inbox(Hand(), SECOND)
    inbox.put(spot(BEGIN + 500))
    inbox.put(spot(BEGIN + 400, price=2.0))
    inbox.end()

    assert await taken(inbox, 99) == [spot(BEGIN + 500), spot(BEGIN + 500, price=2.0)]


async def test_a_clock_that_is_set_back_does_not_take_the_events_with_it() -> None:
    hand = Hand()
    inbox = Inbox(hand, SECOND)
    assert inbox.now() == BEGIN
    hand.at -= 3_600 * SECOND

    assert inbox.now() == BEGIN


async def test_the_end_brings_the_error_after_what_still_waited() -> None:
    inbox = Inbox(Hand(), SECOND)
    lost = FeedLost(at=BEGIN, feed="gamma")
    inbox.put(lost)
    inbox.end(RuntimeError("an adapter failed"))
    events = inbox.events()

    assert await anext(events) == lost
    with pytest.raises(RuntimeError, match="an adapter failed"):
        await anext(events)


@given(st.lists(st.integers(min_value=-2_000_000, max_value=2_000_000), max_size=40))
def test_whatever_the_stamps_time_never_runs_backward(offsets: list[int]) -> None:
    async def check() -> None:
        inbox = Inbox(Hand(), SECOND // 10)
        for offset in offsets:
            inbox.put(spot(BEGIN + offset))
        inbox.end()
        found = await taken(inbox, 10**9)
        ats = [event.at for event in found]
        assert ats == sorted(ats)
        told = [event for event in found if isinstance(event, SpotTicked)]
        assert len(told) == len(offsets)

    asyncio.run(check())


def test_a_faster_clock_passes_more_of_its_own_time() -> None:
    slow, fast = Scaled(BEGIN, 1.0), Scaled(BEGIN, 1_000.0)
    before = Wall().now()
    while fast.now() - BEGIN < SECOND:
        pass

    assert slow.now() - BEGIN < SECOND
    assert Wall().now() >= before


def test_the_wall_s_clock_is_not_set_back_and_follows_when_it_is_set_forward(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall, steady = [BEGIN], [100.0]
    monkeypatch.setattr(clock, "now", lambda: wall[0])
    monkeypatch.setattr(clock, "monotonic", lambda: steady[0])
    found = Wall()

    wall[0], steady[0] = BEGIN - 3_600 * SECOND, 110.0  # set back by an hour
    assert found.now() == BEGIN + 10 * SECOND

    wall[0], steady[0] = BEGIN + 7_200 * SECOND, 111.0  # after a sleep of two
    assert found.now() == BEGIN + 7_200 * SECOND
    steady[0] = 112.0
    assert found.now() == BEGIN + 7_201 * SECOND


def test_a_quantile_of_delays_is_at_most_a_quarter_too_long() -> None:
    delays = Delays()
    for thousandth in range(1, 1001):
        delays.add(thousandth / 1000)

    assert 0.99 <= delays.quantile(0.99) <= 0.99 * 1.25
    assert delays.most == 1.0
    assert Delays().quantile(0.99) == 0.0


def test_what_happens_is_counted_by_place_and_name() -> None:
    health = Health()
    health.count("gamma", "429")
    health.count("gamma", "429", 2)
    health.delay("tier_lateness", 0.5)

    assert health.counts == {("gamma", "429"): 3}
    assert health.delays["tier_lateness"].count == 1
