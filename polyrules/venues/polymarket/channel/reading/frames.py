"""Frames of the market channel, from bytes to messages. Reads no socket and no clock.

The usual frame is decoded in one go into typed messages. One that does not fit (an old
shape, numbers that are no text, one bad message among good ones) is read again message
by message with the tolerant shapes of `wire`; what fits none of them is refused with
its reason, and the rest of the frame goes on.

Prices and sizes stay text here; `micros` reads them when they are applied. The `hash`
of a message is left out: it is the SHA-1 of the whole REST answer of that moment, with
the last trade's price as the venue writes it, which no message tells.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from polyrules.domain.money import Side
from polyrules.errors import UnexpectedReply
from polyrules.venues.polymarket import wire

PONG = b"PONG"


class Level(msgspec.Struct, gc=False):
    """A price and what rests there [usd/share, shares], as text."""

    price: str
    size: str


class BookFrame(msgspec.Struct, tag_field="event_type", tag="book"):
    """The whole book of one token."""

    market: str
    asset_id: str
    bids: list[Level]
    asks: list[Level]
    timestamp: str
    tick_size: str | None = None


class Entry(msgspec.Struct, gc=False):
    """One level's new total, and the best prices of its token afterwards."""

    asset_id: str
    price: str
    size: str
    side: Side
    best_bid: str | None = None
    best_ask: str | None = None


class LevelsFrame(msgspec.Struct, tag_field="event_type", tag="price_change"):
    """Some levels of a market's books."""

    market: str
    price_changes: list[Entry]
    timestamp: str


class TradeFrame(
    msgspec.Struct, tag_field="event_type", tag="last_trade_price", gc=False
):
    """A trade; `side` is the taker's."""

    market: str
    asset_id: str
    price: str
    size: str
    side: Side
    timestamp: str
    transaction_hash: str | None = None


class TickFrame(
    msgspec.Struct, tag_field="event_type", tag="tick_size_change", gc=False
):
    """A new price step; sent once for each token."""

    market: str
    new_tick_size: str
    timestamp: str


class BestFrame(msgspec.Struct, tag_field="event_type", tag="best_bid_ask", gc=False):
    """The best prices of one token."""

    market: str
    asset_id: str
    timestamp: str
    best_bid: str | None = None
    best_ask: str | None = None


class Notice(msgspec.Struct):
    """`new_market` or `market_resolved`, with the venue's own payload."""

    kind: str
    payload: dict[str, Any]


class Refused(msgspec.Struct):
    """A message that cannot be believed, and the market it names, if it does."""

    reason: str
    kind: str = ""
    market: str = ""


Typed = BookFrame | LevelsFrame | TradeFrame | TickFrame | BestFrame
Message = Typed | Notice | Refused

_FAST = msgspec.json.Decoder(Typed | list[Typed])
_ANY = msgspec.json.Decoder()


def decode(frame: bytes) -> list[Message]:
    """Return the messages of a frame, in order; none for PONG and `[]`."""
    try:
        read = _FAST.decode(frame)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [] if frame == PONG else tolerant(frame)
    return [*read] if isinstance(read, list) else [read]


def tolerant(frame: bytes) -> list[Message]:
    """Return the messages of a frame as the tolerant shapes read them."""
    try:
        value = _ANY.decode(frame)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [Refused(reason="not json")]
    values = value if isinstance(value, list) else [value]
    return [message(value) for value in values]


def message(value: object) -> Message:
    """Return one message of a frame, read with the tolerant shapes."""
    if not isinstance(value, dict):
        return Refused(reason="a message that is no object")
    said = value.get("event_type")
    kind = said if isinstance(said, str) else ""
    read = _READERS.get(kind)
    if read is None:
        return _refused(value, kind, "a message of a kind we do not know")
    try:
        return read(value)
    except UnexpectedReply as error:
        return _refused(value, kind, error.message)


def _refused(value: dict[str, Any], kind: str, reason: str) -> Refused:
    market = value.get("market")
    return Refused(
        reason=reason, kind=kind, market=market if isinstance(market, str) else ""
    )


def _text(value: wire.Number) -> str:
    return "" if value is None else str(value)


def _side(word: str) -> Side:
    try:
        return Side(word.upper())
    except ValueError:
        raise UnexpectedReply("a side that is neither BUY nor SELL") from None


def _book(value: dict[str, Any]) -> BookFrame:
    read = wire.convert(value, wire.WireBook)
    return BookFrame(
        market=read.market,
        asset_id=read.asset_id,
        bids=[Level(_text(level.price), _text(level.size)) for level in read.bids],
        asks=[Level(_text(level.price), _text(level.size)) for level in read.asks],
        timestamp=_text(read.timestamp),
        tick_size=None if read.tick_size is None else _text(read.tick_size),
    )


class _WireEntry(msgspec.Struct):
    price: wire.Number
    size: wire.Number
    side: str
    asset_id: str | None = None
    best_bid: wire.Number = None
    best_ask: wire.Number = None


class _WireLevels(msgspec.Struct):
    """As `wire.WireLevels`, with the best prices each entry states."""

    market: str
    timestamp: wire.Number = None
    asset_id: str | None = None
    price_changes: list[_WireEntry] | None = None
    changes: list[_WireEntry] | None = None
    price: wire.Number = None
    size: wire.Number = None
    side: str = ""


def _levels(value: dict[str, Any]) -> LevelsFrame:
    read = wire.convert(value, _WireLevels)
    changes = read.price_changes or read.changes
    if changes is None and read.side:
        changes = [_WireEntry(price=read.price, size=read.size, side=read.side)]
    if not changes:
        raise UnexpectedReply("a price change without changes")
    return LevelsFrame(
        market=read.market,
        price_changes=[_entry(change, read.asset_id) for change in changes],
        timestamp=_text(read.timestamp),
    )


def _entry(read: _WireEntry, outside: str | None) -> Entry:
    token = read.asset_id or outside
    if not token:
        raise UnexpectedReply("a price change that names no token")
    return Entry(
        asset_id=token,
        price=_text(read.price),
        size=_text(read.size),
        side=_side(read.side),
        best_bid=None if read.best_bid is None else _text(read.best_bid),
        best_ask=None if read.best_ask is None else _text(read.best_ask),
    )


def _trade(value: dict[str, Any]) -> TradeFrame:
    read = wire.convert(value, wire.WireTrade)
    return TradeFrame(
        market=read.market,
        asset_id=read.asset_id,
        price=_text(read.price),
        size=_text(read.size),
        side=_side(read.side),
        timestamp=_text(read.timestamp),
        transaction_hash=read.transaction_hash,
    )


def _tick(value: dict[str, Any]) -> TickFrame:
    read = wire.convert(value, wire.WireTick)
    return TickFrame(
        market=read.market,
        new_tick_size=_text(read.new_tick_size),
        timestamp=_text(read.timestamp),
    )


class _WireBest(msgspec.Struct):
    market: str
    asset_id: str
    best_bid: wire.Number = None
    best_ask: wire.Number = None
    timestamp: wire.Number = None


def _best(value: dict[str, Any]) -> BestFrame:
    read = wire.convert(value, _WireBest)
    return BestFrame(
        market=read.market,
        asset_id=read.asset_id,
        timestamp=_text(read.timestamp),
        best_bid=None if read.best_bid is None else _text(read.best_bid),
        best_ask=None if read.best_ask is None else _text(read.best_ask),
    )


def _notice(value: dict[str, Any]) -> Notice:
    return Notice(kind=value["event_type"], payload=value)


_READERS: dict[str, Callable[[dict[str, Any]], Message]] = {
    "book": _book,
    "price_change": _levels,
    "last_trade_price": _trade,
    "tick_size_change": _tick,
    "best_bid_ask": _best,
    "new_market": _notice,
    "market_resolved": _notice,
}
