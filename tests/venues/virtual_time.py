"""An event loop whose time is made: when nothing is left to do, it is later.

Sockets on loopback work as ever, but nobody waits: as soon as every task waits for a
moment, that moment has come. So hours pass in seconds, and a slow machine changes
nothing.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
MICROSECONDS = 1_000_000
STUCK = 20.0  # seconds of ours that nothing at all may happen
CLOSING = 10.0  # seconds of made time in which connections close


class Jumping(selectors.DefaultSelector):
    """Waits for sockets only as long as one has something to say."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0  # seconds of made time

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is not None:
            self.passed += timeout
            return []
        ready = super().select(STUCK)
        if not ready:
            raise RuntimeError("every task waits for something that never comes")
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop of such a selector."""

    def __init__(self) -> None:
        self._jumping = Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed


class LoopClock:
    """A Clock that shows the loop's made time."""

    speed = 1.0

    def __init__(self, begin: int) -> None:
        self._begin = begin
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()

    def now(self) -> int:
        passed = self._loop.time() - self._started
        return self._begin + round(passed * MICROSECONDS)

    async def sleep(self, micros: int) -> None:
        await asyncio.sleep(max(micros, 0) / MICROSECONDS)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end in made time, and until every connection is closed."""

    async def whole() -> T:
        try:
            return await coroutine
        finally:
            await asyncio.sleep(CLOSING)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(whole())
