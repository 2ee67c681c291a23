"""Where the events of all live adapters meet, in the order they came.

Adapters run side by side on one event loop and put here what they hear. It comes out
once, stamped so that `at` never runs backward, with the clock ticking in between:
before a tick stands every event up to and including its moment. Nothing is dropped.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

import msgspec

from polyrules.clock import Clock
from polyrules.domain.events import ClockTicked, Event


class Inbox:
    """Half an exchange, fed from many sides.

    Args:
        clock: The venue's time.
        tick: Interval of the ticks [microseconds], above 0.

    Attributes:
        deepest: The most events that ever waited at once.
        raw: Gets each frame as it came: its source, when it came, its bytes; None
            where nobody keeps them.
    """

    raw: Callable[[str, int, bytes], None] | None = None

    def __init__(self, clock: Clock, tick: int) -> None:
        self.deepest = 0
        self._clock = clock
        self._tick = tick
        self._last = 0
        self._waiting: deque[Event] = deque()
        self._came = asyncio.Event()
        self._ended = False
        self._error: BaseException | None = None

    def now(self) -> int:
        """Return the moment to stamp on what is heard now; it never runs backward."""
        self._last = max(self._last, self._clock.now())
        return self._last

    def keep(self, source: str, frame: str | bytes) -> None:
        """Hand a frame on to whoever keeps them, as it came."""
        if self.raw is not None:
            self.raw(source, self.now(), _bytes(frame))

    def put(self, event: Event) -> None:
        """Take an event; one that is stamped before the last is stamped anew."""
        if event.at < self._last:
            event = msgspec.structs.replace(event, at=self._last)
        self._last = event.at
        self._waiting.append(event)
        self.deepest = max(self.deepest, len(self._waiting))
        self._came.set()

    def end(self, error: BaseException | None = None) -> None:
        """Let the events end once what waits was taken, with `error` if given."""
        self._ended = True
        self._error = error
        self._came.set()

    async def events(self) -> AsyncIterator[Event]:
        """Yield what was put, and the ticks between, until `end`."""
        first = self._waiting[0].at if self._waiting else self.now()
        due = -(-first // self._tick) * self._tick
        while True:
            while self._waiting:
                event = self._waiting.popleft()
                while due < event.at:
                    yield ClockTicked(at=due)
                    due += self._tick
                yield event
            if self._ended:
                break
            now = self.now()
            while due < now and not self._waiting:
                yield ClockTicked(at=due)
                due += self._tick
            if not self._waiting:
                await self._wait(due - now + 1)
        if self._error is not None:
            raise self._error

    async def _wait(self, micros: int) -> None:
        """Wait until something came, at most so long."""
        self._came.clear()
        sleeping = micros / 1_000_000 / self._clock.speed
        try:
            async with asyncio.timeout(sleeping):
                await self._came.wait()
        except TimeoutError:
            pass


def _bytes(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame
