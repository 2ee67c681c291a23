"""What is asked of the venue before a run: is it there, what time is it, may we trade.

Nothing here decides: each check returns what it found, or raises a VenueError, and that
soon: what is only good to know is not asked five times while a run waits to begin.
"""

import asyncio
import socket
import threading
from collections.abc import Sequence
from urllib.parse import urlsplit
from urllib.request import getproxies

import msgspec

from polyrules.clock import Clock
from polyrules.domain.moments import SECOND
from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.http.failures import Asked, TimedOut, Unreachable
from polyrules.venues.http.rest import Rest

REACH_SECONDS = 8.0  # real ones; a run without network is over within 15
HINT = "use --tape TAPE, or polyrules sim"

SAMPLES = 3  # of the venue's time, which comes in whole seconds
APART = 350_000  # microseconds between them: together they tell parts of a second
BEGIN, END = 1_500_000_000, 4_102_444_800  # July 2017 to the year 2100, unix seconds


class Geoblock(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the venue takes orders from where we are.

    Attributes:
        blocked: It takes none.
        country: Its ISO 3166 code, None if it does not say.
        region: The part of the country, None if it does not say.
    """

    blocked: bool
    country: str | None = None
    region: str | None = None


async def geoblock(rest_site: Rest) -> Geoblock:
    """Ask whether orders from our address are refused.

    Args:
        rest_site: The client of https://polymarket.com, not of one of its APIs.

    Raises:
        VenueError: It cannot be asked, or answers in another shape.
    """
    return await rest_site.get_json("/api/geoblock", shape=Geoblock, attempts=1)


async def clock_skew(rest_clob: Rest, clock: Clock) -> int:
    """Return how far the venue's clock is ahead of ours [microseconds].

    Below 0 it is behind. The venue tells whole seconds, somewhere between our question
    and its answer; what several such answers leave open is halved. That is right to
    about a fifth of a second and half a round trip.

    Raises:
        VenueError: It cannot be asked, or answers with something else.
    """
    least, most = -(10**18), 10**18
    for sample in range(SAMPLES):
        if sample:
            await clock.sleep(APART)
        asked = clock.now()
        told = _seconds(await rest_clob.get("/time", attempts=2), rest_clob) * SECOND
        least = max(least, told - clock.now())
        most = min(most, told + SECOND - asked)
    return (least + most) // 2


async def reachable(
    rests: Sequence[Rest], *, seconds: float = REACH_SECONDS, hint: str = HINT
) -> None:
    """Make sure that every host answers at all, be it with a refusal.

    Args:
        rests: The clients of the hosts.
        seconds: How long it may take [real seconds], all hosts together.
        hint: What to do without them.

    Raises:
        VenueError: One does not answer: it names all that do not, and says why.
    """
    found = await asyncio.gather(*(_silence(rest, seconds) for rest in rests))
    lost = [
        (rest, failure)
        for rest, failure in zip(rests, found, strict=True)
        if failure is not None
    ]
    if lost:
        (rest, failure), others = lost[0], [other.host for other, _ in lost[1:]]
        nor = f" (nor {', '.join(others)})" if others else ""
        why = failure.message.removeprefix(f"{rest.host}: ")
        message = f"cannot reach {rest.host}{nor}: {why}"
        raise VenueError(message, hint=hint) from failure


async def _silence(rest: Rest, seconds: float) -> VenueError | None:
    """Return why a host does not answer, None if it does."""
    asked = Asked(host=rest.host, method="GET", path="/")
    try:
        async with asyncio.timeout(seconds):
            why = await _unknown(rest.base_url)
            if why:
                return Unreachable(asked, why)
            await rest.get("/", attempts=1)
    except TimeoutError:
        return TimedOut(asked, seconds)
    except (Unreachable, TimedOut) as failure:
        return failure
    except VenueError:
        return None  # whoever refuses is there
    return None


async def _unknown(url: str) -> str:
    """Return why the name of a host cannot be resolved, "" if it can.

    In a thread that nobody waits for: a resolver without network takes half a minute
    to give up, and the pool of the event loop would hold up the end of the program.
    """
    parts = urlsplit(url)
    if parts.scheme in getproxies():
        return ""  # then the proxy resolves it
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def look() -> None:
        why = ""
        try:
            socket.getaddrinfo(parts.hostname, None)
        except (OSError, UnicodeError) as error:
            why = str(error)
        try:
            loop.call_soon_threadsafe(_tell, answer, why)
        except RuntimeError:
            return  # the loop is closed: nobody asks any more

    threading.Thread(target=look, name="resolve", daemon=True).start()
    return await answer


def _tell(answer: asyncio.Future[str], why: str) -> None:
    if not answer.done():
        answer.set_result(why)


def _seconds(body: bytes, rest: Rest) -> int:
    text = body.strip().strip(b'"')
    if text.isdigit() and len(text) <= len(str(END)) and BEGIN <= int(text) < END:
        return int(text)
    raise UnexpectedReply(f"{rest.host}: GET /time: not a time in whole seconds")
