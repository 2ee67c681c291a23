"""The only door to the wall clock.

The engine never asks for the time: every event carries its own `at`. Only adapters and
the command line come here. A `Clock` is handed to whoever waits for the venue's time to
pass: the wall's, or that of a simulated venue, which may run faster than life.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

MICROSECONDS = 1_000_000


def now() -> int:
    """Return the current time [microseconds since 1970, UTC]."""
    return time.time_ns() // 1000


def monotonic() -> float:
    """Return seconds from an arbitrary start that never run backward."""
    return time.monotonic()


def to_datetime(at: int) -> datetime:
    """Return `at` [microseconds since 1970] as an aware datetime in UTC."""
    whole, rest = divmod(at, MICROSECONDS)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest)


class Clock(Protocol):
    """The time of a venue, and waiting for it to pass.

    Attributes:
        speed: Seconds of the venue in one second of ours; 1 but for simulations.
    """

    speed: float

    def now(self) -> int:
        """Return the venue's time [microseconds since 1970, UTC]."""
        ...

    async def sleep(self, micros: int) -> None:
        """Return once `micros` of the venue's time have passed; at once if below 1."""
        ...


class Wall:
    """The wall clock as a Clock, but for one thing: it is never set back.

    A clock that is set back would make what is old look new. Set forward, or after the
    machine slept, it follows.
    """

    speed = 1.0

    def __init__(self) -> None:
        self._began, self._started = now(), monotonic()

    def now(self) -> int:
        """Return the current time [microseconds since 1970, UTC]."""
        wall, passed = now(), monotonic()
        steady = self._began + int((passed - self._started) * MICROSECONDS)
        if wall - steady > MICROSECONDS:
            self._began, self._started = wall, passed
            return wall
        return steady

    async def sleep(self, micros: int) -> None:
        """Wait."""
        await asyncio.sleep(max(micros, 0) / MICROSECONDS)


class Scaled:
    """A clock that begins at a moment and runs `speed` times as fast as life.

    Args:
        begin: What it shows now [microseconds since 1970, UTC].
        speed: Seconds it advances in one second of ours, above 0.
    """

    def __init__(self, begin: int, speed: float) -> None:
        assert speed > 0, "the desk checks it"
        self.speed = speed
        self._begin = begin
        self._started = monotonic()

    def now(self) -> int:
        """Return the time it shows [microseconds since 1970, UTC]."""
        passed = monotonic() - self._started
        return self._begin + int(passed * self.speed * MICROSECONDS)

    async def sleep(self, micros: int) -> None:
        """Wait `micros` of its own time."""
        await asyncio.sleep(max(micros, 0) / MICROSECONDS / self.speed)
