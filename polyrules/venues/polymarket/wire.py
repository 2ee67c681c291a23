"""What the CLOB says of books and trades, in its own shapes, turned into our events.

Unknown fields are ignored and absent ones forgiven where we can do without them; a
number that is none, or a price outside (0, 1), is not: then nothing of the message is
believed. Levels come in any order. Nothing here reads a socket or a clock.
"""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, TypeVar

import msgspec

from polyrules.domain.events import (
    BookChanged,
    LevelChange,
    LevelsChanged,
    TickChanged,
    TradePrinted,
)
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Levels
from polyrules.domain.money import ONE, Side
from polyrules.errors import UnexpectedReply

Frame = BookChanged | LevelsChanged | TradePrinted | TickChanged
Number = str | int | float | None
T = TypeVar("T")

MOST = Decimal(10**12)  # what a tape's 64 bits of micro-units hold, and no one has
BEGIN, END = 1_500_000_000, 4_102_444_800  # July 2017 to the year 2100, unix seconds


class WireLevel(msgspec.Struct):
    """A price and what rests there [usd/share, shares]."""

    price: Number
    size: Number


class WireBook(msgspec.Struct):
    """A whole book: REST /book, or the `book` message."""

    market: str
    asset_id: str
    bids: list[WireLevel]
    asks: list[WireLevel]
    timestamp: Number = None
    tick_size: Number = None
    min_order_size: Number = None
    neg_risk: bool | None = None


class WireChange(msgspec.Struct):
    """One level's new total; old messages name the token only once, outside."""

    price: Number
    size: Number
    side: str
    asset_id: str | None = None


class WireLevels(msgspec.Struct):
    """`price_change`: today's `price_changes`, the old `changes`, or a single one."""

    market: str
    timestamp: Number = None
    asset_id: str | None = None
    price_changes: list[WireChange] | None = None
    changes: list[WireChange] | None = None
    price: Number = None
    size: Number = None
    side: str = ""


class WireTrade(msgspec.Struct):
    """`last_trade_price`; `side` is the taker's."""

    market: str
    asset_id: str
    price: Number
    size: Number
    side: str
    timestamp: Number = None
    transaction_hash: str | None = None


class WireTick(msgspec.Struct):
    """`tick_size_change`."""

    market: str
    new_tick_size: Number
    timestamp: Number = None


class WireResolved(msgspec.Struct):
    """`market_resolved`: which token won."""

    market: str
    winning_asset_id: str
    winning_outcome: str = ""
    assets_ids: list[str] = []
    timestamp: Number = None


def convert(value: dict[str, Any], shape: type[T]) -> T:
    """Read `value` as `shape`.

    Raises:
        UnexpectedReply: A field is missing or of another kind.
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        place = f" in {where.strip('`')}" if where else ""
        raise UnexpectedReply(f"{what[:1].lower()}{what[1:]}{place}") from error


def book(value: dict[str, Any]) -> tuple[BookChanged, WireBook]:
    """Return the event of a book message, and the message for what else it says."""
    wire = convert(value, WireBook)
    at = time(wire.timestamp)
    return (
        BookChanged(
            at=at,
            venue_at=at,
            market=MarketId(wire.market),
            token=TokenId(wire.asset_id),
            bids=_levels(wire.bids, best_is_high=True),
            asks=_levels(wire.asks, best_is_high=False),
        ),
        wire,
    )


def levels(value: dict[str, Any]) -> LevelsChanged:
    """Return the event of a `price_change`, of the new shape or an old one."""
    wire = convert(value, WireLevels)
    changes = wire.price_changes or wire.changes
    if changes is None and wire.side:
        changes = [WireChange(price=wire.price, size=wire.size, side=wire.side)]
    if not changes:
        raise UnexpectedReply("a price change without changes")
    at = time(wire.timestamp)
    return LevelsChanged(
        at=at,
        venue_at=at,
        market=MarketId(wire.market),
        changes=tuple(_change(change, wire.asset_id) for change in changes),
    )


def trade(value: dict[str, Any]) -> TradePrinted:
    """Return the event of a `last_trade_price`."""
    wire = convert(value, WireTrade)
    at = time(wire.timestamp)
    size = shares(wire.size)
    if size == 0:
        raise UnexpectedReply("a trade of 0 shares")
    return TradePrinted(
        at=at,
        venue_at=at,
        market=MarketId(wire.market),
        token=TokenId(wire.asset_id),
        side=_side(wire.side),
        price=price(wire.price),
        size=size,
        transaction=wire.transaction_hash or "",
    )


def tick(value: dict[str, Any]) -> TickChanged:
    """Return the event of a `tick_size_change`."""
    wire = convert(value, WireTick)
    at = time(wire.timestamp)
    step = decimal(wire.new_tick_size)
    if step is None or not 0 < step < 1:
        raise UnexpectedReply("a tick outside (0, 1)")
    return TickChanged(at=at, venue_at=at, market=MarketId(wire.market), tick=step)


def resolved(value: dict[str, Any]) -> tuple[int, WireResolved]:
    """Return the time and the message of a `market_resolved`."""
    wire = convert(value, WireResolved)
    return time(wire.timestamp), wire


FRAMES: dict[str, Any] = {
    "price_change": levels,
    "last_trade_price": trade,
    "tick_size_change": tick,
}


def event(kind: str, value: dict[str, Any]) -> Frame:
    """Return the event of a message whose kind is one of FRAMES."""
    read: Frame = FRAMES[kind](value)
    return read


def time(value: Number) -> int:
    """Return a timestamp in microseconds UTC.

    Numbers are seconds, milliseconds or microseconds by their size; text that is no
    number is ISO 8601, UTC where it does not say.

    Raises:
        UnexpectedReply: There is none, or it cannot be read.
    """
    number = _finite(value)
    if number is None:
        if isinstance(value, str) and value.strip():
            number = Decimal(iso(value)) / 1_000_000
        else:
            raise UnexpectedReply("no timestamp")
    for scale in (1, 1_000, 1_000_000):
        # Compared before it is divided: no comparison overflows.
        if BEGIN * scale <= number < END * scale:
            return int(number / scale * 1_000_000)
    raise UnexpectedReply("a timestamp out of range")


def iso(value: str) -> int:
    """Return an ISO 8601 text, or Gamma's "2024-11-06 15:17:00+00", in microseconds.

    Raises:
        UnexpectedReply: It cannot be read.
    """
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise UnexpectedReply("a time that cannot be read") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    whole = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (whole.days * 86_400 + whole.seconds) * 1_000_000 + whole.microseconds


def decimal(value: Number) -> Decimal | None:
    """Return a finite number, or None: "NaN" in quotes is a valid Decimal.

    Raises:
        UnexpectedReply: It is beyond all that is ever traded.
    """
    number = _finite(value)
    if number is not None and not -MOST <= number <= MOST:
        raise UnexpectedReply("a number beyond 1e12")
    return number


def price(value: Number) -> int:
    """Return a price in micro-dollars.

    Raises:
        UnexpectedReply: It is no number inside (0, 1).
    """
    micros = _micros(value)
    if not 0 < micros < ONE:
        raise UnexpectedReply("a price outside (0, 1)")
    return micros


def shares(value: Number) -> int:
    """Return a size in micro-shares.

    Raises:
        UnexpectedReply: It is no number, or below 0.
    """
    micros = _micros(value)
    if micros < 0:
        raise UnexpectedReply("a size below 0")
    return micros


def _finite(value: Number) -> Decimal | None:
    if value is None:
        return None
    try:
        number = Decimal(str(value).strip())
    except (ArithmeticError, ValueError):  # ValueError: an int of too many digits
        return None
    return number if number.is_finite() else None


def _micros(value: Number) -> int:
    number = decimal(value)
    if number is None:
        raise UnexpectedReply("a price or size that is no number")
    return int((number * ONE).to_integral_value(ROUND_HALF_EVEN))


def _side(word: str) -> Side:
    try:
        return Side(word.upper())
    except ValueError:
        raise UnexpectedReply("a side that is neither BUY nor SELL") from None


def _levels(wire: list[WireLevel], *, best_is_high: bool) -> Levels:
    read = {price(level.price): shares(level.size) for level in wire}
    sizes = ((at, size) for at, size in read.items() if size)
    return tuple(sorted(sizes, reverse=best_is_high))


def _change(wire: WireChange, outside: str | None) -> LevelChange:
    token = wire.asset_id or outside
    if not token:
        raise UnexpectedReply("a price change that names no token")
    return LevelChange(
        TokenId(token), _side(wire.side), price(wire.price), shares(wire.size)
    )
