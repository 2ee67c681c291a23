"""What the tests of HTTP share: a clock that leaps, and hosts that answer by script."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from random import Random

from aiohttp import web

from polyrules.domain.moments import SECOND
from polyrules.venues.http.breaker import Breaker
from polyrules.venues.http.carriers.transport import Reply
from polyrules.venues.http.limits import Limits
from polyrules.venues.http.rest import Rest
from polyrules.venues.live.health import Health

BEGIN = 1_780_000_000 * SECOND  # 2026-05-28 20:26:40 UTC


class LeapingClock:
    """A clock on which a sleep is over at once, and the time has passed."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self.at = BEGIN
        self.slept: list[int] = []

    def now(self) -> int:
        return self.at

    async def sleep(self, micros: int) -> None:
        self.slept.append(micros)
        self.at += micros
        await asyncio.sleep(0)


class Scripted:
    """A transport that gives one answer after the other, the last one for ever."""

    def __init__(self, *answers: Reply | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str, bytes | None]] = []
        self.seconds: list[float] = []
        self.closed = 0
        self.asked = asyncio.Event()

    async def send(
        self, method: str, url: str, content: bytes | None, seconds: float
    ) -> Reply:
        self.sent.append((method, url, content))
        self.seconds.append(seconds)
        self.asked.set()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await asyncio.sleep(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed += 1


class Asker:
    """A Rest on a scripted transport, with all that it was given."""

    def __init__(
        self,
        *answers: Reply | Exception,
        attempts: int = 5,
        speed: float = 1.0,
        breaker: Breaker | None = None,
        limited: bool = False,
    ) -> None:
        self.clock = LeapingClock(speed)
        self.health = Health()
        self.transport = Scripted(*answers)
        self.limits = Limits(self.clock) if limited else None
        self.rest = Rest(
            "https://gamma.test/base/",
            name="gamma",
            clock=self.clock,
            health=self.health,
            limits=self.limits,
            attempts=attempts,
            random=Random(7),  # noqa: S311 - the same pauses each time
            breaker=breaker or Breaker(failures=1_000),
            transport=self.transport,
        )

    def counted(self) -> dict[str, int]:
        """What was counted, without the name."""
        return {what: number for (_, what), number in self.health.counts.items()}


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(answer: Answer) -> AsyncIterator[str]:
    """Serve every path on loopback by `answer`; yields the URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[str]:
    """Serve bytes on loopback, whatever they are; yields a URL.

    Whoever connected must have closed before the end.
    """
    connections: set[asyncio.Task[None]] = set()

    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await talk(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.create_task(connected(reader, writer)))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
        async with asyncio.timeout(30):
            await asyncio.gather(*connections)


def client(url: str, name: str = "gamma", timeout: float = 10.0) -> Rest:
    """Return a client on the network, that tries once, on a clock that leaps."""
    return Rest(
        url,
        name=name,
        clock=LeapingClock(),
        health=Health(),
        timeout=timeout,
        attempts=1,
    )
