import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import ClockTicked, Event
from polyrules.venues.recorded import Recorded, with_ticks
from tests.builders import SECOND, at, book


def played(happened: list[Event], tick: int) -> list[Event]:
    async def collect() -> list[Event]:
        return [event async for event in Recorded(happened, tick).events()]

    return asyncio.run(collect())


def test_the_clock_ticks_at_multiples_and_after_the_events_of_its_moment() -> None:
    early, on_time, late = book(0.5), book(2), book(2.1)

    events = played([early, on_time, late], SECOND)

    assert events == [
        early,
        ClockTicked(at=at(1)),
        on_time,
        ClockTicked(at=at(2)),
        late,
        ClockTicked(at=at(3)),
    ]


def test_the_last_event_on_a_tick_is_followed_by_that_tick_only() -> None:
    assert played([book(1)], SECOND) == [book(1), ClockTicked(at=at(1))]


def test_silence_ticks_too() -> None:
    events = played([book(0), book(60)], 20 * SECOND)

    ticks = [event.at for event in events if isinstance(event, ClockTicked)]
    assert ticks == [at(0), at(20), at(40), at(60)]


def test_without_events_there_are_no_ticks() -> None:
    assert played([], SECOND) == []


def test_time_that_runs_backward_is_refused() -> None:
    with pytest.raises(ValueError, match="at runs backward"):
        list(with_ticks([book(2), book(1)], SECOND))


def test_a_tick_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="tick must be above 0"):
        list(with_ticks([book(1)], 0))


@given(
    seconds=st.lists(st.integers(0, 10_000), min_size=1).map(sorted),
    tick=st.integers(50, 3_000),
)
def test_before_a_tick_comes_every_event_up_to_it_and_none_after(
    seconds: list[int], tick: int
) -> None:
    happened: list[Event] = [book(each / 1000) for each in seconds]

    events = list(with_ticks(happened, tick * 1000))

    times = [event.at for event in events]
    ticks = [event.at for event in events if isinstance(event, ClockTicked)]
    assert times == sorted(times)
    assert [event for event in events if not isinstance(event, ClockTicked)] == happened
    first = -(-happened[0].at // (tick * 1000)) * tick * 1000
    assert ticks == list(range(first, ticks[-1] + 1, tick * 1000))
    assert happened[-1].at <= ticks[-1] < happened[-1].at + tick * 1000
