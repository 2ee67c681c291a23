"""A clock that stands still until a test moves it, and waiting for things to settle."""

import asyncio
import heapq
from collections.abc import Callable

SETTLING = 15  # turns of the event loop in which everything that can happen does


class Stepped:
    """A Clock of which only the test decides how late it is."""

    speed = 1.0

    def __init__(self, now: int) -> None:
        self._now = now
        self._number = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        return self._now

    async def sleep(self, micros: int) -> None:
        if micros < 1:
            await asyncio.sleep(0)
            return
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number += 1
        heapq.heappush(self._sleepers, (self._now + micros, self._number, awake))
        await awake

    async def advance(self, micros: int) -> None:
        """Move on by so much, waking sleepers one after the other, in their order."""
        target = self._now + micros
        await settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, awake = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not awake.done():
                awake.set_result(None)
                await settle()
        self._now = target
        await settle()


async def settle() -> None:
    """Let everything happen that needs no time."""
    for _ in range(SETTLING):
        await asyncio.sleep(0)


async def until(so: Callable[[], bool]) -> None:
    """Wait for something that the network brings; ten seconds are a failure."""
    async with asyncio.timeout(10):
        while not so():  # noqa: ASYNC110 - what is waited for is another's state
            await asyncio.sleep(0.001)
