"""What Gamma and the CLOB's listings say of markets, turned into facts of ours.

A listing is a photograph: it says what was true when it was taken, and that time is
kept beside it (`said_at`). What a closed market's listing knows of the answer is kept
apart from its facts, with the time it closed, so that nobody learns it early.
"""

from decimal import Decimal
from typing import Any

import msgspec

from polyrules.domain.market import Listing
from polyrules.domain.moments import SECOND
from polyrules.errors import UnexpectedReply
from polyrules.venues.polymarket.told import Told, turned_listing, yes_by_label
from polyrules.venues.polymarket.wire import (
    BEGIN,
    MOST,
    Number,
    convert,
    decimal,
    iso,
)

MOST_FLOAT = float(MOST)
Words = str | list[str] | None  # Gamma sends lists as JSON inside a text
# Tags that are subjects; Gamma mixes them with names and topics.
SUBJECTS = (
    "politics",
    "sports",
    "crypto",
    "finance",
    "economics",
    "tech",
    "culture",
    "weather",
    "geopolitics",
    "mentions",
)


class FeeSchedule(msgspec.Struct):
    """Gamma's `feeSchedule`."""

    rate: Number = None


class Tag(msgspec.Struct):
    """Gamma's tag."""

    slug: str | None = None


class GroupName(msgspec.Struct):
    """The event inside a market, as far as we read it."""

    slug: str | None = None


class GammaMarket(msgspec.Struct, rename="camel"):
    """A market of Gamma; every field but the id may be absent."""

    condition_id: str
    id: str | int | None = None
    version: str | None = None
    question: str | None = None
    slug: str | None = None
    category: str | None = None
    outcomes: Words = None
    outcome_prices: Words = None
    clob_token_ids: Words = None
    position_ids: Words = None
    closed: bool | None = None
    accepting_orders: bool | None = None
    neg_risk: bool | None = None
    start_date: str | None = None
    event_start_time: str | None = None
    game_start_time: str | None = None
    end_date: str | None = None
    closed_time: str | None = None
    updated_at: str | None = None
    created_at: str | None = None
    order_price_min_tick_size: Number = None
    order_min_size: Number = None
    fees_enabled: bool | None = None
    fee_type: str | None = None
    fee_schedule: FeeSchedule | None = None
    volume: Number = None
    volume_num: Number = None
    volume24hr: Number = None
    volume1wk: Number = None
    liquidity: Number = None
    liquidity_num: Number = None
    best_bid: Number = None
    best_ask: Number = None
    competitive: Number = None
    one_hour_price_change: Number = None
    one_day_price_change: Number = None
    one_week_price_change: Number = None
    one_month_price_change: Number = None
    events: list[GroupName] | None = None
    tags: list[Tag] | None = None
    uma_resolution_status: str | None = None
    resolution_status: str | None = None


class ClobToken(msgspec.Struct):
    """A token in the CLOB's listing; the names are long or short."""

    token_id: str = ""
    outcome: str = ""
    winner: bool | None = None
    t: str = ""
    o: str = ""


class ClobFee(msgspec.Struct):
    """`fd` of /clob-markets."""

    r: Number = None


class ClobMarket(msgspec.Struct):
    """/clob-markets: short names (venue sheet 2.3)."""

    c: str
    t: list[ClobToken] = []
    mts: Number = None
    mos: Number = None
    nr: bool | None = None
    ao: bool | None = None
    fd: ClobFee | None = None
    gst: str | None = None


class RestMarket(msgspec.Struct):
    """/markets of the CLOB."""

    condition_id: str
    tokens: list[ClobToken]
    question: str | None = None
    market_slug: str | None = None
    minimum_tick_size: Number = None
    minimum_order_size: Number = None
    neg_risk: bool | None = None
    closed: bool | None = None
    accepting_orders: bool | None = None
    accepting_order_timestamp: str | None = None
    game_start_time: str | None = None
    end_date_iso: str | None = None
    is_50_50_outcome: bool | None = None


class NewMarket(msgspec.Struct):
    """The `new_market` message."""

    market: str
    assets_ids: list[str]
    outcomes: list[str]
    question: str | None = None
    slug: str | None = None
    order_price_min_tick_size: Number = None
    event_message: GroupName | None = None
    timestamp: Number = None


def from_gamma(
    value: dict[str, Any],
    group: str | None = None,
    tags: tuple[str, ...] = (),
    group_size: int | None = None,
) -> Told:
    """Read a market of Gamma.

    Args:
        value: The market.
        group: The slug of the event around it.
        tags: The tags of that event.
        group_size: How many markets that event lists.

    Raises:
        UnexpectedReply: Its shape is not a market's, or it has not two tokens.
    """
    return read(convert(value, GammaMarket), group, tags, group_size)


def read(
    wire: GammaMarket,
    group: str | None = None,
    tags: tuple[str, ...] = (),
    group_size: int | None = None,
) -> Told:
    """Read a market of Gamma that was decoded already; see `from_gamma`.

    Raises:
        UnexpectedReply: It has not two tokens, or a value that cannot be read.
    """
    tokens, labels = tokens_of(wire), words(wire.outcomes)
    both(tokens, "token ids")
    yes = yes_by_label(labels)
    first = yes or 0
    listing = _listing(wire)
    listed = group or next((each.slug for each in wire.events or () if each.slug), None)
    closed = bool(wire.closed)
    return Told(
        id=wire.condition_id,
        yes=tokens[first],
        no=tokens[1 - first],
        question=wire.question,
        slug=wire.slug,
        group=listed,
        group_size=group_size,
        category=_subject(wire, tags),
        tick=decimal(wire.order_price_min_tick_size),
        size_min=decimal(wire.order_min_size),
        fee_rate=_fee_rate(wire),
        neg_risk=wire.neg_risk,
        start=_first_time(wire.event_start_time, wire.game_start_time, wire.start_date),
        end=_first_time(wire.end_date),
        created=_first_time(wire.created_at, wire.start_date),
        listing=turned_listing(listing) if first else listing,
        said_at=_first_time(
            wire.updated_at, *(() if closed else (wire.created_at, wire.start_date))
        ),
        closed=closed,
        closed_at=_first_time(wire.closed_time),
        payout_yes=_payout(words(wire.outcome_prices), first) if closed else None,
        by_label=yes is not None,
    )


def from_clob(value: dict[str, Any]) -> Told:
    """Read an entry of /clob-markets: tokens, tick, fee, smallest order."""
    wire = convert(value, ClobMarket)
    tokens = [token.t for token in wire.t]
    labels = [token.o for token in wire.t]
    both(tokens, "tokens")
    yes = yes_by_label(labels)
    first = yes or 0
    return Told(
        id=wire.c,
        yes=tokens[first],
        no=tokens[1 - first],
        tick=decimal(wire.mts),
        size_min=decimal(wire.mos),
        fee_rate=decimal(wire.fd.r) if wire.fd else None,
        neg_risk=wire.nr,
        start=_first_time(wire.gst),
        listing=Listing(
            accepting_orders=_accepting(wire.ao, closed=False, timed=False)
        ),
        by_label=yes is not None,
    )


def from_rest(value: dict[str, Any]) -> Told:
    """Read a market of the CLOB's /markets. It knows a winner but not since when."""
    wire = convert(value, RestMarket)
    tokens = [token.token_id for token in wire.tokens]
    labels = [token.outcome for token in wire.tokens]
    both(tokens, "tokens")
    yes = yes_by_label(labels)
    first = yes or 0
    winners = [token.winner for token in wire.tokens]
    closed = bool(wire.closed)
    won = Decimal(int(winners[first] is True)) if True in winners else None
    return Told(
        id=wire.condition_id,
        yes=tokens[first],
        no=tokens[1 - first],
        question=wire.question,
        slug=wire.market_slug,
        tick=decimal(wire.minimum_tick_size),
        size_min=decimal(wire.minimum_order_size),
        neg_risk=wire.neg_risk,
        start=_first_time(wire.game_start_time),
        end=_first_time(wire.end_date_iso),
        created=_first_time(wire.accepting_order_timestamp),
        listing=Listing(
            accepting_orders=_accepting(
                wire.accepting_orders, closed=closed, timed=False
            )
        ),
        closed=closed,
        payout_yes=won if closed else None,
        by_label=yes is not None,
    )


def from_new_market(value: dict[str, Any], at: int) -> Told:
    """Read a `new_market` message, said at `at`."""
    wire = convert(value, NewMarket)
    both(wire.assets_ids, "tokens")
    yes = yes_by_label(wire.outcomes)
    first = yes or 0
    return Told(
        id=wire.market,
        yes=wire.assets_ids[first],
        no=wire.assets_ids[1 - first],
        question=wire.question,
        slug=wire.slug,
        group=wire.event_message.slug if wire.event_message else None,
        tick=decimal(wire.order_price_min_tick_size),
        said_at=at,
        exact=True,
        by_label=yes is not None,
    )


def tokens_of(wire: GammaMarket) -> list[str]:
    """Return the token ids; many a v1 market has position ids too, without a book.

    Raises:
        UnexpectedReply: They cannot be read.
    """
    # Venue sheet 4.3: positionIds count for markets of the second protocol only.
    return words(wire.position_ids if wire.version == "v2" else wire.clob_token_ids)


def words(value: Words) -> list[str]:
    """Return a list that Gamma may have sent as JSON inside a text.

    Raises:
        UnexpectedReply: It is neither.
    """
    if value is None or value == "":
        return []
    try:
        read = msgspec.json.decode(value) if isinstance(value, str) else value
        return msgspec.convert(read, list[str], strict=False)
    except msgspec.MsgspecError:
        raise UnexpectedReply("a list that cannot be read") from None


def both(tokens: list[str], what: str) -> None:
    """Raise UnexpectedReply unless there are two different tokens."""
    if len([token for token in tokens if token]) != len({*tokens}) or len(tokens) != 2:  # noqa: PLR2004 - two are what a market has
        raise UnexpectedReply(f"a market without two {what}")


def _first_time(*texts: str | None) -> int | None:
    """Return the first time that is said; year 1 is how some programs say nothing."""
    for text in texts:
        if text and (at := iso(text)) >= BEGIN * SECOND:
            return at
    return None


def _payout(prices: list[str], yes: int) -> Decimal | None:
    read = [decimal(price) for price in prices]
    if sorted(map(str, read)) in (["0", "1"], ["0.5", "0.5"]):
        return read[yes]
    return None


def _fee_rate(wire: GammaMarket) -> Decimal | None:
    if wire.fee_schedule and decimal(wire.fee_schedule.rate) is not None:
        return decimal(wire.fee_schedule.rate)
    return Decimal(0) if wire.fees_enabled is False else None


def _subject(wire: GammaMarket, tags: tuple[str, ...]) -> str | None:
    """Return the subject: of the fee, of the market, of its tags. Lower case."""
    if wire.fee_type and "_fees" in wire.fee_type:
        return wire.fee_type.partition("_fees")[0].lower()
    if wire.category:
        return wire.category.lower()
    own = tuple(tag.slug for tag in wire.tags or () if tag.slug)
    return next((tag for tag in (*own, *tags) if tag in SUBJECTS), None)


def _accepting(
    said: bool | None,  # noqa: FBT001 - the venue's own word
    *,
    closed: bool,
    timed: bool,
) -> bool | None:
    """Return whether orders are taken; that none are needs a time since when."""
    # "accepting": true with "closed": true really occurs; closed is the truth.
    if closed or said is False:
        return False if timed else None
    return said


def _listing(wire: GammaMarket) -> Listing:
    return Listing(
        accepting_orders=_accepting(
            wire.accepting_orders,
            closed=bool(wire.closed),
            timed=wire.updated_at is not None,
        ),
        listed_bid=_float(wire.best_bid),
        listed_ask=_float(wire.best_ask),
        volume_total=_float(wire.volume_num, wire.volume),
        volume_24h=_float(wire.volume24hr),
        volume_1w=_float(wire.volume1wk),
        liquidity=_float(wire.liquidity_num, wire.liquidity),
        competitive=_float(wire.competitive),
        price_change_1h=_float(wire.one_hour_price_change),
        price_change_1d=_float(wire.one_day_price_change),
        price_change_1w=_float(wire.one_week_price_change),
        price_change_1m=_float(wire.one_month_price_change),
    )


def _float(*values: Number) -> float | None:
    for value in values:
        if isinstance(value, float) and -MOST_FLOAT < value < MOST_FLOAT:
            return value  # as the long way round gives, many times faster
        number = decimal(value)
        if number is not None:
            return float(number)
    return None
