"""One host, asked once: at its rate, unless it is broken, within its time, and counted.

    rate limit -> circuit breaker -> request -> status -> body

Nothing is tried again here. Requests, failures and delays are counted in Health by the
client's name: "request", "timeout", "unreachable", "circuit_open", "breaker_opened",
"too_large", "not_json", and the status for any that is no success.
"""

import asyncio
from http import HTTPStatus

from polyrules.clock import MICROSECONDS, Clock
from polyrules.errors import UnexpectedReply
from polyrules.venues.http.breaker import Breaker, Ticket
from polyrules.venues.http.carriers.transport import BODY_MAX, Reply, Transport
from polyrules.venues.http.failures import (
    Asked,
    CircuitOpen,
    Throttled,
    TimedOut,
    Unreachable,
    failure_of,
    is_page,
    page,
)
from polyrules.venues.http.limits import Limits
from polyrules.venues.live.health import Health

AT_ONCE = 32  # requests under way; the rest wait, and their seconds do not run
SECONDS_MIN = 3.0  # real: however fast the clock runs, a socket needs its time


class Host:
    """Asks one host, once per call.

    Args:
        base_url: Scheme, host and perhaps a path.
        name: What Health and Limits call it.
        clock: The venue's time.
        health: Where all is counted.
        limits: The rates to keep; None for none.
        timeout: How long a request may take [seconds of the venue's time].
        breaker: When to leave the host alone.
        transport: What carries the requests; None for httpx, loaded when first used.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        clock: Clock,
        health: Health,
        limits: Limits | None,
        timeout: float,
        breaker: Breaker,
        transport: Transport | None,
    ) -> None:
        self._base_url = base_url
        self._name = name
        self._clock = clock
        self._health = health
        self._limits = limits
        self._timeout = timeout
        self._breaker = breaker
        self._transport = transport
        self._trouble = ""
        self._room = asyncio.Semaphore(AT_ONCE)

    async def ask(self, asked: Asked, url: str, content: bytes | None) -> bytes:
        """Return the body of a success, when the rates and the breaker let us ask.

        Raises:
            VenueError: One of `failures`, or UnexpectedReply for a page of HTML or a
                body beyond BODY_MAX.
        """
        if self._breaker.open_until(self._clock.now()) is not None:
            raise self._circuit_open(asked)
        if self._limits is not None:
            await self._limits.take(self._name, asked.method, asked.path)
        async with self._room:
            ticket = self._breaker.enter(self._clock.now())
            if ticket is None:
                raise self._circuit_open(asked)
            reply = await self._reply(asked, url, content, ticket)
        return self._body(asked, reply)

    async def close(self) -> None:
        """Close all connections; a later request would open new ones."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()

    def count(self, what: str) -> None:
        """Count something by the client's name."""
        self._health.count(self._name, what)

    async def _reply(
        self, asked: Asked, url: str, content: bytes | None, ticket: Ticket
    ) -> Reply:
        """Return the reply of whatever status, once the breaker has heard of it."""
        begun = self._clock.now()
        seconds = max(self._timeout / self._clock.speed, SECONDS_MIN)
        self.count("request")
        try:
            reply = await self._carrier().send(asked.method, url, content, seconds)
        except TimeoutError:
            self._failed(ticket, "timeout")
            raise TimedOut(asked, seconds) from None
        except ConnectionError as error:
            self._failed(ticket, "unreachable")
            raise Unreachable(asked, str(error)) from error
        except BaseException:  # cancelled, mostly: nothing was learnt of the host
            self._breaker.dropped(ticket)
            raise
        took = self._clock.now() - begun
        self._health.delay(f"{self._name}_reply", took / MICROSECONDS)
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._failed(ticket, str(reply.status))
        else:
            self._breaker.succeeded(ticket)
        return reply

    def _body(self, asked: Asked, reply: Reply) -> bytes:
        """Return the body of a success, raise any other reply as its failure."""
        status = reply.status
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            failure = failure_of(asked, reply, self._clock.now())
            if status < HTTPStatus.INTERNAL_SERVER_ERROR:  # else counted already
                self.count(str(status))
            if isinstance(failure, Throttled):
                self._hold(asked, failure.retry_after)
            raise failure
        if reply.cut:
            self.count("too_large")
            raise UnexpectedReply(f"{asked}: a body of more than {BODY_MAX >> 20} MB")
        if is_page(reply.body):
            self.count("not_json")
            raise UnexpectedReply(f"{asked}: status {status}: {page(reply.body)}")
        return reply.body

    def _circuit_open(self, asked: Asked) -> CircuitOpen:
        self.count("circuit_open")
        now = self._clock.now()
        until = self._breaker.open_until(now) or now
        return CircuitOpen(asked, self._breaker.in_a_row, self._trouble, until)

    def _failed(self, ticket: Ticket, trouble: str) -> None:
        self.count(trouble)
        self._trouble = trouble
        if self._breaker.failed(ticket, self._clock.now()):
            self.count("breaker_opened")

    def _hold(self, asked: Asked, micros: int | None) -> None:
        if micros and self._limits is not None:
            self._limits.hold(self._name, asked.method, asked.path, micros)

    def _carrier(self) -> Transport:
        if self._transport is None:
            from polyrules.venues.http.carriers.over_httpx import (  # noqa: PLC0415 - heavy
                OverHttpx,
            )

            self._transport = OverHttpx(self._base_url)
        return self._transport
