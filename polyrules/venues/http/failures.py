"""How a request can fail: one class per answer to "what now?".

Every text names the host, the path, how often it was asked and what came back. None
holds a query, a header or a body: secrets travel there. What the venue said itself is
cut short and stripped of all but plain characters before it is repeated.
"""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import ClassVar

import msgspec

from polyrules.domain.moments import SECOND
from polyrules.errors import VenueError
from polyrules.venues.http.carriers.transport import Reply

SHORT = 80  # characters of a page that is no JSON
LONG = 300  # characters of the venue's own words; its longest known are under 200
_TAGS = re.compile(r"(?is)<(?:script|style)\b.*?</(?:script|style)\s*>|<[^<>]*>")
_STRANGE = re.compile(r"[^\x20-\x7e]+")
_SPACES = re.compile(r"\s+")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of whom, and how often so far."""

    host: str
    method: str
    path: str
    tries: int = 1

    def __str__(self) -> str:
        """Return `host: GET /path`, and the tries where there were several."""
        often = f" ({self.tries} tries)" if self.tries > 1 else ""
        return f"{self.host}: {self.method} {self.path}{often}"


class Unreachable(VenueError):
    """No connection: name unknown, refused, cut off, or no network at all."""

    retryable: ClassVar[bool] = True

    def __init__(self, asked: Asked, why: str) -> None:
        self.asked = asked
        super().__init__(f"{asked}: no connection: {plain(why, SHORT)}")


class TimedOut(VenueError):
    """Nothing came back in time. The venue may have got the request all the same."""

    retryable: ClassVar[bool] = True

    def __init__(self, asked: Asked, seconds: float) -> None:
        self.asked = asked
        super().__init__(f"{asked}: no answer within {seconds:g} s")


class Throttled(VenueError):
    """Status 429: we ask too often.

    Attributes:
        retry_after: When the venue wants to be asked again [microseconds from the
            answer], or None if it did not say.
    """

    retryable: ClassVar[bool] = True

    def __init__(self, asked: Asked, said: str, retry_after: int | None) -> None:
        self.asked = asked
        self.retry_after = retry_after
        super().__init__(f"{asked}: status 429{_quoted(said)}")


class NotReady(VenueError):
    """Status 425: the matching engine restarts, which takes it some 90 seconds.

    Attributes:
        retry_after: As in Throttled.
    """

    retryable: ClassVar[bool] = True

    def __init__(self, asked: Asked, said: str, retry_after: int | None) -> None:
        self.asked = asked
        self.retry_after = retry_after
        super().__init__(f"{asked}: status 425, not ready{_quoted(said)}")


class ServerDown(VenueError):
    """Status 500 to 599: their fault. `said` is what they said of it.

    Attributes:
        retry_after: As in Throttled.
    """

    retryable: ClassVar[bool] = True

    def __init__(
        self, asked: Asked, status: int, said: str, retry_after: int | None
    ) -> None:
        self.asked = asked
        self.status = status
        self.said = said
        self.retry_after = retry_after
        super().__init__(f"{asked}: status {status}{_quoted(said)}")


class Refused(VenueError):
    """Any other status that is no success: asking again would change nothing.

    Attributes:
        status: The HTTP status, 300 to 499.
        said: The venue's own words, shortened, "" without any.
    """

    def __init__(self, asked: Asked, status: int, said: str) -> None:
        self.asked = asked
        self.status = status
        self.said = said
        super().__init__(f"{asked}: status {status}{_quoted(said)}")


class CircuitOpen(VenueError):
    """Not asked: the host failed so often in a row that it is left alone for a while.

    Attributes:
        until: When one request is let through again [microseconds UTC].
    """

    retryable: ClassVar[bool] = True

    def __init__(self, asked: Asked, failures: int, last: str, until: int) -> None:
        self.asked = asked
        self.until = until
        super().__init__(
            f"{asked.host}: {asked.method} {asked.path} not tried for now, as the last"
            f" {failures} requests failed ({last})"
        )


class _Said(msgspec.Struct):
    """Where the venue puts its words; each API has its own place."""

    error: object = None
    error_msg: object = None
    errorMsg: object = None  # noqa: N815 - the venue's spelling
    message: object = None


def words_of(body: bytes) -> str:
    """Return the venue's own words in the body of a failure, "" if there are none."""
    try:
        found = msgspec.json.decode(body, type=_Said)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return page(body)
    for word in (found.error, found.error_msg, found.errorMsg, found.message):
        if isinstance(word, str) and word.strip():
            return plain(word, LONG)
    return ""


def failure_of(asked: Asked, reply: Reply, now: int) -> VenueError:
    """Return the failure that a reply is, if its status is no success.

    Args:
        asked: What was asked.
        reply: What came back.
        now: The time [microseconds UTC], to read a date in Retry-After.
    """
    words = words_of(reply.body)
    after = retry_after(reply.retry_after, now)
    match reply.status:
        case HTTPStatus.TOO_EARLY:
            return NotReady(asked, words, after)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled(asked, words, after)
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ServerDown(asked, status, words, after)
        case status if status < HTTPStatus.BAD_REQUEST:
            return Refused(asked, status, "a redirect; is the URL the right one?")
        case status:
            return Refused(asked, status, words)


def retry_after(header: str, now: int) -> int | None:
    """Return what a Retry-After header asks for [microseconds from `now`].

    It holds seconds or an HTTP date; None if it holds neither, 0 if it is over.
    """
    text = header.strip()
    try:
        seconds = float(text)
    except ValueError:
        return _until(text, now)
    if not seconds >= 0:  # NaN too
        return None
    return int(min(seconds, 1_000_000) * SECOND)


def is_page(body: bytes) -> bool:
    """Return whether a body is markup: a proxy's page in the place of JSON."""
    return body[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def page(body: bytes) -> str:
    """Return a body that is no JSON as a few harmless words."""
    words = plain(_TAGS.sub(" ", body[:4_000].decode("utf-8", "replace")), SHORT)
    if is_page(body):
        return f"an HTML page: {words}" if words else "an HTML page"
    return words


def plain(text: str, most: int) -> str:
    """Return `text` on one line, in printable ASCII, of at most so many characters."""
    line = _SPACES.sub(" ", _STRANGE.sub(" ", text)).strip()
    return line if len(line) <= most else line[: most - 3] + "..."


def _quoted(words: str) -> str:
    return f": {words}" if words else ""


def _until(text: str, now: int) -> int | None:
    try:
        moment = parsedate_to_datetime(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0, int(aware.timestamp()) * SECOND - now)
    except (ValueError, OverflowError):
        return None
