"""Pages of Gamma's listing, market by market.

One bad market does not spoil its page: it is left out with its reason. Payloads are
not kept; most of a market (its texts, pictures, numbers nobody reads) is skipped
without being built.
"""

import math
from typing import Protocol, TypeVar

import msgspec

from polyrules.errors import UnexpectedReply
from polyrules.venues.polymarket.gamma import SUBJECTS, GammaMarket, Tag, tokens_of
from polyrules.venues.polymarket.wire import iso

Params = list[tuple[str, str]]
NO_CURSOR = ("", "LTE=")  # how a listing says that this was its last page
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
T = TypeVar("T")


class Source(Protocol):
    """What answers requests: a base URL with all that makes asking it safe."""

    async def get(self, path: str, params: Params | None = None) -> bytes:
        """Return the body of the answer.

        Raises:
            VenueError: There is none.
        """
        ...

    async def post(self, path: str, body: object) -> bytes:
        """Return the body of the answer to a question that changes nothing.

        Raises:
            VenueError: There is none.
        """
        ...


class Envelope(msgspec.Struct):
    """What a page of a listing comes in."""

    markets: list[msgspec.Raw] | None = None
    events: list[msgspec.Raw] | None = None
    next_cursor: str | None = None


class Whole(msgspec.Struct):
    """A page of markets without a bad one among them: read at once, twice as fast."""

    markets: list[GammaMarket]
    next_cursor: str | None = None


class Member(msgspec.Struct, rename="camel"):
    """A market inside a group, as far as its membership goes."""

    condition_id: str = ""


class GammaGroup(msgspec.Struct):
    """What Gamma calls an event."""

    slug: str
    markets: list[Member] | None = None
    tags: list[Tag] | None = None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group: its slug, how many markets it lists, the subjects among its tags."""

    slug: str
    size: int | None = None
    tags: tuple[str, ...] = ()


class MarketPage(msgspec.Struct, frozen=True, kw_only=True):
    """The markets of one page, why others were refused, and where the next begins.

    `ids` are those of all, the refused too where they can be read. `cursor` is None on
    the last page.
    """

    markets: tuple[GammaMarket, ...]
    ids: frozenset[str] = frozenset()
    refused: tuple[str, ...] = ()
    cursor: str | None = None


class GroupPage(msgspec.Struct, frozen=True, kw_only=True):
    """The groups of one page, each with the markets it lists."""

    groups: tuple[tuple[Group, tuple[str, ...]], ...]
    refused: tuple[str, ...] = ()
    cursor: str | None = None


WHOLE = msgspec.json.Decoder(Whole)
ENVELOPE = msgspec.json.Decoder(Envelope | list[msgspec.Raw])
MARKET = msgspec.json.Decoder(GammaMarket)
MEMBER = msgspec.json.Decoder(Member)
GROUP = msgspec.json.Decoder(GammaGroup)


def market_page(body: bytes) -> MarketPage:
    """Read a page of markets, in its envelope or as a bare list.

    Raises:
        UnexpectedReply: It is no page.
    """
    try:
        whole = WHOLE.decode(body)
    except UNREADABLE:
        return _one_by_one(body)
    return MarketPage(
        markets=tuple(whole.markets),
        ids=frozenset(each.condition_id for each in whole.markets),
        cursor=_cursor(whole.next_cursor),
    )


def is_dry(said: GammaMarket) -> bool:
    """Return whether a market has no token ids (yet)."""
    try:
        return not tokens_of(said)
    except UnexpectedReply:
        return False  # what cannot be read is refused, not waited for


def listed_at(said: GammaMarket) -> int | None:
    """Return since when a market is listed [microseconds UTC], None if unsaid."""
    return _time(said.created_at or said.start_date)


def oldest_change(page: MarketPage) -> float:
    """Return when the market of a page was changed that was longest ago.

    In microseconds UTC; infinity if none of them says.
    """
    times = (_time(said.updated_at) for said in page.markets)
    return min((at for at in times if at is not None), default=math.inf)


def _time(text: str | None) -> int | None:
    try:
        return iso(text) if text else None
    except UnexpectedReply:
        return None


def _one_by_one(body: bytes) -> MarketPage:
    """Read a page that holds what is no market, or that is a bare list."""
    raws, cursor = _opened(body, "markets")
    markets, refused = _each(raws, MARKET)
    members, _ = _each(raws, MEMBER)
    return MarketPage(
        markets=tuple(markets),
        ids=frozenset(each.condition_id for each in members),
        refused=tuple(refused),
        cursor=cursor,
    )


def group_page(body: bytes) -> GroupPage:
    """Read a page of groups, in its envelope or as a bare list.

    Raises:
        UnexpectedReply: It is no page.
    """
    raws, cursor = _opened(body, "events")
    groups, refused = _each(raws, GROUP)
    return GroupPage(
        groups=tuple(map(_group, groups)), refused=tuple(refused), cursor=cursor
    )


def one_market(body: bytes) -> GammaMarket:
    """Read a market that came alone.

    Raises:
        UnexpectedReply: It is none.
    """
    try:
        return MARKET.decode(body)
    except UNREADABLE as error:
        raise UnexpectedReply(f"no market of Gamma: {_reason(error)}") from error


def _opened(body: bytes, name: str) -> tuple[list[msgspec.Raw], str | None]:
    try:
        page = ENVELOPE.decode(body)
    except UNREADABLE as error:
        raise UnexpectedReply(
            f"no page of {name} of Gamma: {_reason(error)}"
        ) from error
    if isinstance(page, list):
        return page, None
    raws: list[msgspec.Raw] | None = getattr(page, name)
    if raws is None:
        raise UnexpectedReply(f"a page of Gamma without {name}")
    return raws, _cursor(page.next_cursor)


def _cursor(said: str | None) -> str | None:
    return None if said is None or said in NO_CURSOR else said


def _each(
    raws: list[msgspec.Raw], decoder: msgspec.json.Decoder[T]
) -> tuple[list[T], list[str]]:
    """Decode one by one; say why of those that do not fit."""
    read: list[T] = []
    refused: list[str] = []
    for raw in raws:
        try:
            read.append(decoder.decode(raw))
        except UNREADABLE as error:
            refused.append(_reason(error))
    return read, refused


def _group(wire: GammaGroup) -> tuple[Group, tuple[str, ...]]:
    members = tuple(each.condition_id for each in wire.markets or ())
    slugs = (tag.slug for tag in wire.tags or ())
    tags = tuple(slug for slug in slugs if slug in SUBJECTS)
    return Group(slug=wire.slug, size=len(members) or None, tags=tags), members


def _reason(error: Exception) -> str:
    """Return what was wrong, in the words that `wire.convert` uses."""
    what, _, where = str(error).partition(" - at ")
    place = f" in {where.strip('`')}" if where else ""
    return f"{what[:1].lower()}{what[1:]}{place}"
