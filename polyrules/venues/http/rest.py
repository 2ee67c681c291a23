"""REST as all live adapters use it: bounded, limited, retried, counted.

Only reads are asked here, be they GET or POST: all of them may be repeated. Whoever
places orders must not use it. What fails in passing (no connection, no answer in time,
425, 429, 5xx) is tried again after a pause; what remains is raised as a VenueError that
names the host, the path and the tries, and is counted in Health by the client's name:
"retry", "gave_up", "wrong_shape", "not_json", and what `host` counts.
"""

from collections.abc import Callable, Iterable, Mapping
from random import Random
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from polyrules.clock import Clock
from polyrules.errors import UnexpectedReply
from polyrules.venues.http.breaker import Breaker
from polyrules.venues.http.carriers.transport import Transport
from polyrules.venues.http.failures import LONG, Asked, page, plain
from polyrules.venues.http.host import Host
from polyrules.venues.http.limits import Limits
from polyrules.venues.http.retries import PASSING, pause
from polyrules.venues.live.health import Health

T = TypeVar("T")
Param = str | int | float | bool | None
Params = Mapping[str, Param] | Iterable[tuple[str, Param]]

ATTEMPTS = 5


class Rest:
    """Reads from one host.

    Args:
        base_url: Scheme, host and perhaps a path: "http://127.0.0.1:8780/gamma".
        name: What Health and Limits call it: a key of endpoints.GENERAL.
        clock: The venue's time; all pauses are taken on it.
        health: Where requests, retries and failures are counted.
        limits: The rates to keep, shared with the other clients; None for none.
        timeout: How long one try may take [seconds of the venue's time], though no
            less than three real seconds.
        attempts: How often a request is tried at most, at least 1.
        random: Spreads the pauses between tries; None for one seeded by the name.
        breaker: When to leave the host alone; None for one with its defaults.
        transport: What carries the requests; None for httpx, loaded when first used.
        keep: Gets the client's name and the body of every reply; None: nobody.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        clock: Clock,
        health: Health,
        limits: Limits | None = None,
        timeout: float = 10.0,
        attempts: int = ATTEMPTS,
        random: Random | None = None,
        breaker: Breaker | None = None,
        transport: Transport | None = None,
        keep: Callable[[str, bytes], None] | None = None,
    ) -> None:
        assert attempts > 0, "what is never tried needs no client"
        self.base_url = base_url.rstrip("/")
        self.name = name
        self.host = urlsplit(base_url).netloc.rpartition("@")[2]  # tells no password
        self._clock = clock
        self._attempts = attempts
        self._keep = keep
        self._random = random or Random(name)  # noqa: S311 - no secret is drawn
        self._host = Host(
            self.base_url,
            name=name,
            clock=clock,
            health=health,
            limits=limits,
            timeout=timeout,
            breaker=breaker or Breaker(),
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"Rest({self.name}: {self.host})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; a later request would open new ones."""
        await self._host.close()

    async def get(
        self, path: str, params: Params | None = None, *, attempts: int | None = None
    ) -> bytes:
        """Ask for a path below the base URL and return the body.

        Args:
            path: Begins with "/".
            params: The query; a key may come several times in a list of pairs, and
                None leaves a pair out.
            attempts: How often to try at most, if other than the client's.

        Raises:
            VenueError: One of `failures`, or UnexpectedReply for a page of HTML or a
                body beyond all bounds.
        """
        query = query_of(params)
        whole = f"{path}?{query}" if query else path
        return self._kept(await self._ask("GET", path, whole, None, attempts))

    async def post(
        self, path: str, body: object, *, attempts: int | None = None
    ) -> bytes:
        """Ask by a JSON body, as `/books` wants it, and return the body of the reply.

        Raises:
            VenueError: As `get`.
        """
        content = msgspec.json.encode(body)
        return self._kept(await self._ask("POST", path, path, content, attempts))

    def _kept(self, body: bytes) -> bytes:
        if self._keep is not None:
            self._keep(self.name, body)
        return body

    async def get_json(
        self,
        path: str,
        params: Params | None = None,
        *,
        shape: type[T],
        attempts: int | None = None,
    ) -> T:
        """Return what `get` gives, read as `shape`; unknown fields are ignored.

        Raises:
            VenueError: As `get`, and UnexpectedReply for what is not of that shape.
        """
        body = await self.get(path, params, attempts=attempts)
        return self._read(body, "GET", path, shape)

    async def post_json(
        self, path: str, body: object, *, shape: type[T], attempts: int | None = None
    ) -> T:
        """Return what `post` gives, read as `shape`; unknown fields are ignored.

        Raises:
            VenueError: As `get_json`.
        """
        answer = await self.post(path, body, attempts=attempts)
        return self._read(answer, "POST", path, shape)

    async def _ask(
        self,
        method: str,
        path: str,
        whole: str,
        content: bytes | None,
        attempts: int | None,
    ) -> bytes:
        """Ask until there is an answer, or all attempts failed."""
        url, tries = f"{self.base_url}{whole}", 1
        while True:
            asked = Asked(host=self.host, method=method, path=path, tries=tries)
            try:
                return await self._host.ask(asked, url, content)
            except PASSING as failure:
                if tries >= (attempts or self._attempts):
                    self._host.count("gave_up")
                    raise
                wait = pause(failure, tries, self._random)
            self._host.count("retry")
            await self._clock.sleep(wait)
            tries += 1

    def _read(self, body: bytes, method: str, path: str, shape: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=shape)
        except msgspec.ValidationError as error:
            what, why = "wrong_shape", plain(str(error), LONG)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            what, why = "not_json", f"no JSON: {page(body) or 'nothing'}"
        self._host.count(what)
        raise UnexpectedReply(f"{self.host}: {method} {path}: {why}")


def query_of(params: Params | None) -> str:
    """Return the query of a URL; pairs without a value are left out."""
    pairs = params.items() if isinstance(params, Mapping) else params or ()
    return urlencode([(key, _text(value)) for key, value in pairs if value is not None])


def _text(value: Param) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
