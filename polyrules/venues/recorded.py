"""A feed that plays recorded events, with the clock ticking in between.

It invents nothing but the ticks, and those fall at multiples of the tick interval, so
that two runs over one tape see the same events.
"""

from collections.abc import AsyncIterator, Iterable, Iterator

from polyrules.domain.events import ClockTicked, Event


class Recorded:
    """Half an exchange: recorded events and ticks come out, nothing goes in.

    Args:
        tape_events: Recorded events, `at` never running backward.
        tick: Interval of the ticks [microseconds], above 0.
    """

    def __init__(self, tape_events: Iterable[Event], tick: int) -> None:
        self._happened = tape_events
        self._tick = tick

    async def events(self) -> AsyncIterator[Event]:
        """Yield the recorded events and the ticks between them, then end."""
        for event in with_ticks(self._happened, self._tick):
            yield event


def with_ticks(happened: Iterable[Event], tick: int) -> Iterator[Event]:
    """Merge ClockTicked into `happened` at every multiple of `tick`.

    The first tick is at or after the first event, the last one at or after the last;
    before a tick comes every event with `at` up to and including it. Silence ticks
    too. Without events there are no ticks.

    Args:
        happened: Events, `at` never running backward.
        tick: Interval of the ticks [microseconds], above 0.

    Raises:
        ValueError: `tick` is not above 0, or `at` runs backward.
    """
    if tick <= 0:
        raise ValueError(f"tick must be above 0 microseconds, was {tick}")
    due: int | None = None
    last = 0
    for event in happened:
        if due is None:
            due = -(-event.at // tick) * tick
        elif event.at < last:
            raise ValueError(f"at runs backward: {event.at} after {last}")
        last = event.at
        while due < event.at:
            yield ClockTicked(at=due)
            due += tick
        yield event
    if due is not None:
        yield ClockTicked(at=due)
