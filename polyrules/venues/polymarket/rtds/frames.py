"""What RTDS says, in its own shapes: what to send, and what a frame means.

A subscription is one message for each topic and coin, its filter in compact JSON: one
space silences it, and one bad topic would silence all that came with it. A snapshot may
carry the wrong topic; a symbol that is not spelled as its topic spells it gives that
away, and such a frame is not believed. `full_accuracy_value` is the price, in 1e-18
dollars where the oracle is the source.
"""

from decimal import Decimal
from typing import Any

import msgspec

from polyrules.errors import UnexpectedReply
from polyrules.venues.polymarket.wire import Number, convert, time

# Topic: our word for its source, and what follows a coin in its symbols.
TOPICS = {
    "crypto_prices_chainlink": ("price", "/usd"),
    "crypto_prices": ("binance", "usdt"),
    "crypto_prices_twap_thirty": ("twap_30", "/usd"),
    "crypto_prices_twap_sixty": ("twap_60", "/usd"),
}
WINDOWS = {"twap_30": 30, "twap_60": 60}
PING = "PING"
PONG = "PONG"
E18 = Decimal(10**18)
PRICE_LEAST = Decimal("1e-12")  # usd, and far from where a float is 0
PRICE_MOST = Decimal(10**9)
AGREES = Decimal("0.01")  # how far two ways to write one price may be apart


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """A coin's price [usd] at the venue's stamp [microseconds UTC]."""

    symbol: str
    source: str
    price: float
    at: int


class WirePrice(msgspec.Struct):
    """One price of a frame, or of a snapshot."""

    value: Number = None
    full_accuracy_value: Number = None
    timestamp: Number = None


class WirePayload(msgspec.Struct):
    """The payload of an update, or (with `data`) of a snapshot."""

    symbol: str | None = None
    value: Number = None
    full_accuracy_value: Number = None
    timestamp: Number = None
    window_s: Number = None
    data: list[WirePrice] | None = None


class WireFrame(msgspec.Struct):
    """A frame of RTDS; frames that are no data have another shape."""

    topic: str | None = None
    type: str | None = None
    payload: Any = None


def subscriptions(symbols: list[str]) -> list[str]:
    """Return the messages that ask for all prices of some coins, such as BTC."""
    return [
        _subscription(topic, f"{symbol.lower()}{suffix}")
        for symbol in symbols
        for topic, (_, suffix) in TOPICS.items()
    ]


def ticks(frame: str | bytes) -> list[Tick]:
    """Return the prices a frame tells of, the oldest first; none if it is no data.

    Raises:
        UnexpectedReply: It is no JSON, contradicts itself, or holds no price.
    """
    if frame in (PONG, PING, "", b""):
        return []
    wire = _frame(frame)
    if wire.topic not in TOPICS or not isinstance(wire.payload, dict):
        return []
    source, suffix = TOPICS[wire.topic]
    payload = convert(wire.payload, WirePayload)
    symbol = _symbol(payload.symbol, suffix)
    _check_window(source, payload.window_s)
    told = payload.data
    prices = [_single(payload)] if told is None else told
    read = [_tick(symbol, source, price) for price in prices]
    return sorted(read, key=lambda tick: tick.at)


def _subscription(topic: str, symbol: str) -> str:
    filters = msgspec.json.encode({"symbol": symbol}).decode()
    asked = {"topic": topic, "type": "*", "filters": filters}
    return msgspec.json.encode(
        {"action": "subscribe", "subscriptions": [asked]}
    ).decode()


def _frame(frame: str | bytes) -> WireFrame:
    try:
        return msgspec.json.decode(frame, type=WireFrame)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise UnexpectedReply("a frame that is no JSON of ours") from None


def _symbol(spelled: str | None, suffix: str) -> str:
    low = (spelled or "").lower()
    if not low.endswith(suffix) or len(low) == len(suffix):
        raise UnexpectedReply("a symbol that is not its topic's")
    return low.removesuffix(suffix).upper()


def _check_window(source: str, told: Number) -> None:
    wanted = WINDOWS.get(source)
    if told is not None and str(told) != str(wanted):
        raise UnexpectedReply("a window that is not its topic's")


def _single(payload: WirePayload) -> WirePrice:
    return WirePrice(
        value=payload.value,
        full_accuracy_value=payload.full_accuracy_value,
        timestamp=payload.timestamp,
    )


def _tick(symbol: str, source: str, wire: WirePrice) -> Tick:
    price = _price(_positive(wire.value), _positive(wire.full_accuracy_value))
    at = time(wire.timestamp)
    return Tick(symbol=symbol, source=source, price=float(price), at=at)


def _price(value: Decimal | None, accurate: Decimal | None) -> Decimal:
    """Return the accurate price if it agrees with the other one, in either scale."""
    if accurate is not None:
        for scaled in (accurate, accurate / E18):
            if value is None:
                if scaled <= PRICE_MOST:
                    return scaled
            elif abs(scaled - value) <= AGREES * value:
                return scaled
    if value is None or value > PRICE_MOST:
        raise UnexpectedReply("no price")
    return value


def _positive(value: Number) -> Decimal | None:
    try:
        number = Decimal(str(value)) if value is not None else None
    except (ArithmeticError, ValueError):
        return None
    if number is None or not number.is_finite():
        return None
    return number if PRICE_LEAST <= number < PRICE_MOST * E18 else None
