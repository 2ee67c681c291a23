"""What can go wrong at a venue, as an operator names it.

Every fault has a span of the venue's time (`from`, `for`) and says whom it strikes. No
key is ever ignored: what is not named here is refused, with its place.
"""

from typing import Annotated, Literal

import msgspec

from polyrules.documents import quantities

SOCKETS = ("market_channel", "user_channel", "rtds")
HTTP = ("gamma", "clob", "data", "geoblock")

Duration = Annotated[
    str,
    msgspec.Meta(
        pattern=quantities.DURATION, description="A length of time: 90s, 2m, 1h."
    ),
]
Share = Annotated[
    float, msgspec.Meta(ge=0, le=1, description="How many of all, 0 to 1.")
]
Socket = Literal["market_channel", "user_channel", "rtds"]
Pages = Literal["gamma", "clob", "data", "geoblock"]


class _Fault(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="fault",
    rename={"begin": "from", "length": "for"},
):
    """What all faults share: since when, and how long; without `for` until cleared.

    `from` counts from the begin of the simulation in a file, from now in a call.
    """

    begin: Duration = "0s"
    length: Duration | None = None


class _OnFrames(_Fault, frozen=True, kw_only=True):
    """A fault of a socket; None strikes every connection, every token."""

    service: Socket
    connection: str | None = None
    token: str | None = None


class Freeze(_OnFrames, frozen=True, kw_only=True, tag="freeze"):
    """The socket stays open and answers PING, but sends nothing any more.

    With `once`, it is only the connections that were open when it began: a new socket
    works at once.
    """

    once: bool = False


class Drop(_OnFrames, frozen=True, kw_only=True, tag="drop"):
    """A share of the frames is never sent; of one `event` only, if named."""

    share: Share
    event: str | None = None


class Duplicate(_OnFrames, frozen=True, kw_only=True, tag="duplicate"):
    """A share of the frames is sent twice."""

    share: Share


class Reorder(_OnFrames, frozen=True, kw_only=True, tag="reorder"):
    """A share of the frames is overtaken: it comes later, at most by `within`."""

    share: Share
    within: Duration = "2s"


class Garble(_OnFrames, frozen=True, kw_only=True, tag="garble"):
    """A share of the frames is cut off in the middle: no JSON any more."""

    share: Share


class Lag(_OnFrames, frozen=True, kw_only=True, tag="lag"):
    """Every frame comes `delay` late, in order."""

    delay: Duration


class Cut(_OnFrames, frozen=True, kw_only=True, tag="cut"):
    """Sockets that were open when it began are closed; new ones are refused."""


class _OnRequests(_Fault, frozen=True, kw_only=True):
    """A fault of requests; None strikes every path. `path` is the begin of one."""

    service: Pages
    path: str | None = None
    share: Share = 1.0


class Status(_OnRequests, frozen=True, kw_only=True, tag="status"):
    """Requests are answered with an error, `retry_after` [s] if the venue says so."""

    status: Literal[400, 401, 404, 425, 429, 500, 502, 503, 504]
    retry_after: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Slow(_OnRequests, frozen=True, kw_only=True, tag="slow"):
    """Answers come `delay` late."""

    delay: Duration


class Html(_OnRequests, frozen=True, kw_only=True, tag="html"):
    """A page for people comes instead of JSON, as of a proxy before the venue."""

    status: Literal[200, 403, 502, 503, 521] = 403


class LostAnswer(_OnRequests, frozen=True, kw_only=True, tag="lost_answer"):
    """The venue does what was asked, but the connection ends before it answers.

    It ends `after` so long: at once, or so late that the client gave up.
    """

    after: Duration = "0s"


class Restart(_Fault, frozen=True, kw_only=True, tag="restart"):
    """The engine restarts: sockets are cut, 425 for `down`, then post-only orders."""

    down: Duration = "90s"
    post_only: Duration = "2m"


class CancelOnly(_Fault, frozen=True, kw_only=True, tag="cancel_only"):
    """New orders are refused, cancels are taken."""


class Tick(_Fault, frozen=True, kw_only=True, tag="tick"):
    """The price step of a market, by its condition id, changes, once."""

    market: str
    tick: Literal["0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001"]


class Skew(_Fault, frozen=True, kw_only=True, tag="skew"):
    """The venue's clock, as `/time` tells it, is off by `seconds`."""

    seconds: Annotated[float, msgspec.Meta(ge=-86_400, le=86_400)]


class Dispute(_Fault, frozen=True, kw_only=True, tag="dispute"):
    """Answers are disputed: what would resolve meanwhile waits for its end.

    `market` is a condition id, "*" every market.
    """

    market: str = "*"


class Geoblock(_Fault, frozen=True, kw_only=True, tag="geoblock"):
    """We trade from where the venue does not want us."""

    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] = "US"


class Ghost(_Fault, frozen=True, kw_only=True, tag="ghost"):
    """Trades do not reach the chain: a share fails and is undone, one comes late.

    It strikes trades made while it lasts, whoever made them; both shares together are
    above 0 and at most 1.
    """

    failed: Share = 0.0
    retried: Share = 0.0


OnFrames = Freeze | Drop | Duplicate | Reorder | Garble | Lag | Cut
OnRequests = Status | Slow | Html | LostAnswer
OnVenue = Restart | CancelOnly | Tick | Skew | Dispute | Geoblock | Ghost
Fault = OnFrames | OnRequests | OnVenue


def micros(duration: Duration) -> int:
    """Return `duration` in microseconds."""
    length = quantities.parse_duration(duration)
    assert length is not None, "a Duration was checked by its pattern"
    return length


def name_of(fault: Fault) -> str:
    """Return what a file calls this fault."""
    return str(type(fault).__struct_config__.tag)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A fault with its span [microseconds UTC]; `end` None until cleared."""

    id: int
    fault: Fault
    begin: int
    end: int | None

    def holds(self, now: int) -> bool:
        """Tell whether it strikes at `now`."""
        return self.begin <= now and (self.end is None or now < self.end)
