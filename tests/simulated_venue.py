"""A simulated venue beside a test, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from polyrules.venues.simulated.server import Simulator
from polyrules.venues.simulated.world.settings import Settings


async def _settled() -> None:
    """Let what was closed say its last word."""
    for _ in range(20):
        await asyncio.sleep(0)


@contextmanager
def simulated_venue(settings: Settings, *, speed: float) -> Iterator[Simulator]:
    """Yield a venue that listens on a free port of this machine and trades."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    made: list[Simulator] = []

    async def begin() -> None:
        venue = Simulator(settings, speed=speed)
        await venue.start()
        made.append(venue)

    def serve() -> None:
        try:
            loop.run_until_complete(begin())
        finally:
            ready.set()
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(_settled())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(60), "the venue did not start"
    assert made, "the venue failed; its thread told why"
    try:
        yield made[0]
    finally:
        asyncio.run_coroutine_threadsafe(made[0].stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()
