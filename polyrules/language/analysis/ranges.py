"""Where the numbers of the catalog lie, so that what follows from them can be known.

Of a name that is not listed nothing is known, and nothing is said. Prices that rest in
a book lie between the finest tick and one less that; a trade on a tape may be anywhere
in [0, 1].
"""

from collections.abc import Mapping

from polyrules.features.catalog import CATALOG, NEVER, ROW_FEATURES
from polyrules.language.analysis.intervals import MOST, Range, Span, Truth, Words
from polyrules.language.expression import Kind, Type

TICK, TICK_MAX = 0.0001, 0.1  # the finest of the venue, and the coarsest
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
    *("listed_bid", "listed_ask", "position_avg_price"),
    *("t.price", "odds.fair", "game.win_prob", "game.win_prob_before"),
)
_CHANGES = ("price_change_1h", "price_change_1d", "price_change_1w", "price_change_1m")
_AMOUNTS = (
    *("bid_size", "ask_size", "bid_wall_size", "ask_wall_size"),
    *(f"{side}_depth_{n}" for side in ("bid", "ask") for n in (5, 10, 20, 50)),
    *("bid_levels", "ask_levels", "trade_count_1h", "buy_count_1h", "sell_count_1h"),
    *("volume_1h", "buy_volume_1h", "sell_volume_1h", "volume_total", "volume_24h"),
    *("volume_1w", "liquidity", "min_order_shares", "open_orders"),
    *("position_shares", "position_yes_shares", "position_no_shares"),
    *("position_hours", "position_cost", "t.size", "t.notional", "pair.gap"),
)
_SHARES = (
    *("competitive", "fee_rate", "odds.match_score"),
    *("pair.confidence", "t.wallet_win_rate"),
)

RANGES: Mapping[str, Range] = {
    **dict.fromkeys(_RESTING_PRICES, _RESTING),
    **dict.fromkeys(_PRICES, _PRICE),
    **dict.fromkeys(_CHANGES, _CHANGE),
    **dict.fromkeys(_AMOUNTS, _AMOUNT),
    **dict.fromkeys(("book_imbalance", "depth_imbalance"), _BALANCE),
    **dict.fromkeys(("t.ask_now", "t.bid_now"), _RESTING),
    **dict.fromkeys(_SHARES, _PRICE),
    "tick_size": Range(TICK, TICK_MAX),
    "book_age": _AGE,
    "t.age": _AGE,
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
    alias, _, last = name.partition(".")
    row = ROW_FEATURES.get(alias, {}).get(name)
    if row is not None and name in RANGES:
        return RANGES[name]
    feature = CATALOG.get(name) or CATALOG.get(last)
    if feature is None or feature.unit != type_.unit:
        return of_type(type_)
    return RANGES.get(feature.name, of_type(type_))
