"""What is said on the price feed: topics, symbols, subscriptions and frames."""

import json
from typing import Any

import msgspec

BINANCE = "crypto_prices"
CHAINLINK = "crypto_prices_chainlink"
WINDOWS = {"crypto_prices_twap_thirty": 30, "crypto_prices_twap_sixty": 60}
TOPICS = (BINANCE, CHAINLINK, *WINDOWS)
# Known to the venue, of no interest here: subscribed to, they stay silent.
SILENT = ("activity", "comments", "equity_prices", "rfq", "clob_user")


class Wanted(msgspec.Struct, frozen=True):
    """One subscription: a topic, a symbol (None: all), and whether updates come."""

    topic: str
    symbol: str | None
    live: bool


def symbol_of(topic: str, coin: str) -> str:
    """Return how a topic spells a coin: btcusdt, or btc/usd."""
    return f"{coin.lower()}usdt" if topic == BINANCE else f"{coin.lower()}/usd"


def full_accuracy(topic: str, value: float) -> str:
    """Return the exact value as the venue spells it: decimal, or E18 of an oracle."""
    if topic == BINANCE:
        return f"{value:.8f}"
    return str(round(value * 10**8) * 10**10)


def wanted_of(said: Any) -> list[Wanted] | None:  # noqa: ANN401 - any JSON value
    """Return the subscriptions of a message; None where one of them spoils it."""
    if not isinstance(said, dict) or said.get("action") not in (
        "subscribe",
        "unsubscribe",
    ):
        return None
    asked = said.get("subscriptions")
    if not isinstance(asked, list):
        return None
    found = []
    for each in asked:
        topic = each.get("topic") if isinstance(each, dict) else None
        if topic not in TOPICS and topic not in SILENT:
            return None
        filters = each.get("filters") or ""
        symbol = _symbol(filters)
        right = each.get("type", "*") in ("*", "update") and symbol != ""
        live = right and not (isinstance(filters, str) and " " in filters)
        found.append(Wanted(str(topic), symbol, live))
    return found


def _symbol(filters: object) -> str | None:
    """Return the symbol a filter names, None without filter, "" where it is none."""
    if filters == "":
        return None
    try:
        said = json.loads(filters) if isinstance(filters, str) else None
    except ValueError:
        return ""
    symbol = said.get("symbol") if isinstance(said, dict) else None
    return symbol if isinstance(symbol, str) else ""


def frame_of(topic: str, kind: str, now: int, payload: dict[str, Any]) -> str:
    """Return a frame as the feed sends it; `now` in microseconds UTC."""
    told = {"topic": topic, "type": kind, "timestamp": now // 1000, "payload": payload}
    return msgspec.json.encode(told).decode()
