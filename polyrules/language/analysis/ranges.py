"""Where the numbers of the catalog lie, so that what follows from them can be known.

Of a name that is not listed nothing is known, and nothing is said. Prices that rest in
a book lie between the finest tick and one less that; a trade on a tape may be anywhere
in [0, 1].
"""

from collections.abc import Mapping

from polyrules.features.catalog import CATALOG, NEVER
from polyrules.language.analysis.intervals import MOST, Range, Span, Truth, Words
from polyrules.language.expression import Kind, Type

TICK = 0.0001  # the finest of the venue
_RESTING = Range(TICK, 1.0 - TICK)
_PRICE = Range(0.0, 1.0)
_CHANGE = Range(-1.0, 1.0)
_AMOUNT = Range(0.0, MOST)
_AGE = Range(0.0, MOST)
_BALANCE = Range(-1.0, 1.0)

_RESTING_PRICES = (
    *("best_bid", "best_ask", "no_best_bid", "no_best_ask", "mid", "microprice"),
    *("bid_wall_price", "ask_wall_price"),
)
_PRICES = (
    *("price", "spread", "last_trade_price", "vwap_1h", "volatility_1h"),
    *("listed_bid", "listed_ask", "position_avg_price", "tick_size"),
)
_CHANGES = ("price_change_1h", "price_change_1d", "price_change_1w", "price_change_1m")
_AMOUNTS = (
    *("bid_size", "ask_size", "bid_wall_size", "ask_wall_size"),
    *(f"{side}_depth_{n}" for side in ("bid", "ask") for n in (5, 10, 20, 50)),
    *("bid_levels", "ask_levels", "trade_count_1h", "buy_count_1h", "sell_count_1h"),
    *("volume_1h", "buy_volume_1h", "sell_volume_1h", "volume_total", "volume_24h"),
    *("volume_1w", "liquidity", "min_order_shares", "open_orders"),
    *("position_shares", "position_yes_shares", "position_no_shares"),
    *("position_hours",),
)

RANGES: Mapping[str, Range] = {
    **dict.fromkeys(_RESTING_PRICES, _RESTING),
    **dict.fromkeys(_PRICES, _PRICE),
    **dict.fromkeys(_CHANGES, _CHANGE),
    **dict.fromkeys(_AMOUNTS, _AMOUNT),
    **dict.fromkeys(("book_imbalance", "depth_imbalance"), _BALANCE),
    "competitive": _PRICE,
    "fee_rate": _PRICE,
    "book_age": _AGE,
    "last_trade_age": Range(0.0, NEVER),
    "hour_of_day": Range(0.0, 23.0),
    "day_of_week": Range(0.0, 6.0),
}
"""What is known of features, by name; any of them may be missing."""


def of_type(type_: Type) -> Span:
    """Return what a value of a type may be if nothing else is known of it."""
    match type_.kind:
        case Kind.BOOL:
            return Truth()
        case Kind.ENUM:
            return Words(frozenset(type_.values))
        case _:
            return Range()


def of_feature(name: str, type_: Type) -> Span:
    """Return what a feature may be; of `near.best_ask` that is what best_ask may be."""
    _, _, last = name.rpartition(".")
    feature = CATALOG.get(name) or CATALOG.get(last)
    if feature is None or feature.unit != type_.unit:
        return of_type(type_)
    return RANGES.get(feature.name, of_type(type_))
