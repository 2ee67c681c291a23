"""The catalog: every number a rule may name, with what a reader needs to trust it.

The catalog is data; how a column is filled is in the other modules beside it. A
feature without data is missing (NaN), never 0. "It never happened" is data: a count is
0 and an age is `NEVER` while the feed is there.
"""

from polyrules.features.entities import (
    MARKET_ENTITIES,
    ROW_ENTITIES,
    entries,
)
from polyrules.features.feature import (
    CATEGORIES,
    MAX_AGE,
    NEVER,
    PRICE_SPREAD_MAX,
    WHALE_USD,
    Feature,
    Feed,
)

__all__ = [
    "CATALOG",
    "CATEGORIES",
    "MAX_AGE",
    "NEVER",
    "PRICE_SPREAD_MAX",
    "ROW_FEATURES",
    "WHALE_USD",
    "Feature",
    "Feed",
]

# name, unit, meaning, formula
_BOOK: tuple[tuple[str, str, str, str], ...] = (
    ("best_bid", "prob", "Highest price anyone pays for YES.", ""),
    ("best_ask", "prob", "Lowest price anyone sells YES for.", ""),
    ("no_best_bid", "prob", "Highest price anyone pays for NO.", "1 - best_ask"),
    ("no_best_ask", "prob", "Lowest price anyone sells NO for.", "1 - best_bid"),
    ("mid", "prob", "Mean of best bid and best ask.", "(best_bid + best_ask) / 2"),
    ("spread", "prob", "Best ask minus best bid.", "best_ask - best_bid"),
    (
        "price",
        "prob",
        "The market's price of YES: the mid, or the last trade where it says more.",
        "mid if spread <= 0.10 else last_trade_price",
    ),
    (
        "microprice",
        "prob",
        "Mid leaning to the side with less behind it.",
        "(best_bid * ask_size + best_ask * bid_size) / (bid_size + ask_size)",
    ),
    ("bid_size", "shares", "Shares resting at the best bid.", ""),
    ("ask_size", "shares", "Shares resting at the best ask.", ""),
    ("bid_depth_5", "shares", "Shares in the 5 best bid levels.", ""),
    ("bid_depth_10", "shares", "Shares in the 10 best bid levels.", ""),
    ("bid_depth_20", "shares", "Shares in the 20 best bid levels.", ""),
    ("bid_depth_50", "shares", "Shares in the 50 best bid levels.", ""),
    ("ask_depth_5", "shares", "Shares in the 5 best ask levels.", ""),
    ("ask_depth_10", "shares", "Shares in the 10 best ask levels.", ""),
    ("ask_depth_20", "shares", "Shares in the 20 best ask levels.", ""),
    ("ask_depth_50", "shares", "Shares in the 50 best ask levels.", ""),
    ("bid_levels", "count", "Price levels on the bid side.", ""),
    ("ask_levels", "count", "Price levels on the ask side.", ""),
    (
        "book_imbalance",
        "1",
        "Which side holds more at the best prices, in [-1, 1].",
        "(bid_size - ask_size) / (bid_size + ask_size)",
    ),
    (
        "depth_imbalance",
        "1",
        "Which side holds more in its 10 best levels, in [-1, 1].",
        "(bid_depth_10 - ask_depth_10) / (bid_depth_10 + ask_depth_10)",
    ),
    ("bid_wall_price", "prob", "Price of the largest level of the 20 best bids.", ""),
    ("bid_wall_size", "shares", "Size of the largest level of the 20 best bids.", ""),
    ("ask_wall_price", "prob", "Price of the largest level of the 20 best asks.", ""),
    ("ask_wall_size", "shares", "Size of the largest level of the 20 best asks.", ""),
    ("book_age", "seconds", "Time since the book last changed.", "now - book.at"),
)

_TRADES: tuple[tuple[str, str, str, str], ...] = (
    ("last_trade_price", "prob", "Price of the last trade, in YES terms.", ""),
    ("last_trade_age", "seconds", "Time since the last trade; 1e6 if none yet.", ""),
    ("trade_count_1h", "count", "Trades in the last hour.", ""),
    ("buy_count_1h", "count", "Trades whose taker bought YES or sold NO, 1 h.", ""),
    ("sell_count_1h", "count", "Trades whose taker sold YES or bought NO, 1 h.", ""),
    (
        "volume_1h",
        "usd",
        "Dollars traded in the last hour, at the price of the token traded.",
        "sum(price * size)",
    ),
    ("buy_volume_1h", "usd", "The part of volume_1h that bought YES or sold NO.", ""),
    ("sell_volume_1h", "usd", "The part of volume_1h that sold YES or bought NO.", ""),
    (
        "vwap_1h",
        "prob",
        "Mean YES price of the last hour's trades, by size; missing if none.",
        "sum(price * size) / sum(size)",
    ),
    (
        "volatility_1h",
        "prob",
        "Standard deviation of the last hour's trade prices; missing below two.",
        "sqrt(mean((price - mean(price)) ** 2))",
    ),
    ("whale_count_1h", "count", "Trades of 1,000 USD or more in the last hour.", ""),
    ("whale_volume_1h", "usd", "Dollars of the trades in whale_count_1h.", ""),
    (
        "whale_net_flow_1h",
        "usd",
        "Dollars by which whales leaned to YES in the last hour, negative: to NO.",
        "whale buys of YES and sells of NO, less the others",
    ),
    ("time_since_whale", "seconds", "Time since the last whale; 1e6 if none yet.", ""),
)

_CLOCK: tuple[tuple[str, str, str, str], ...] = (
    ("hours_to_close", "hours", "Time to the end; negative after it.", "end - now"),
    ("seconds_to_close", "seconds", "The same in seconds.", "end - now"),
    ("market_age", "hours", "Time since it started, else since it was seen.", ""),
    ("hour_of_day", "count", "Hour of the day in UTC, 0 to 23.", ""),
    ("day_of_week", "count", "Day of the week in UTC, 0 is Monday.", ""),
)

_PORTFOLIO: tuple[tuple[str, str, str, str], ...] = (
    (
        "position_shares",
        "shares",
        "Shares of this market that the strategy holds, YES and NO together.",
        "position_yes_shares + position_no_shares",
    ),
    ("position_yes_shares", "shares", "YES shares the strategy holds.", ""),
    ("position_no_shares", "shares", "NO shares the strategy holds.", ""),
    (
        "position_avg_price",
        "prob",
        "Average cost of the held token; missing without a position.",
        "cost / shares",
    ),
    ("position_hours", "hours", "Time since the position was opened; 0 without.", ""),
    ("position_cost", "usd", "Dollars the strategy paid for what it holds here.", ""),
    ("open_orders", "count", "Orders of the strategy that may still trade here.", ""),
)

_GAMMA: tuple[tuple[str, str, str, str], ...] = (
    ("accepting_orders", "bool", "The venue takes orders and it is not resolved.", ""),
    ("neg_risk", "bool", "One of several markets of which exactly one wins.", ""),
    ("tick_size", "prob", "Price step of the market; changes while trading.", ""),
    ("min_order_shares", "shares", "Smallest resting order.", ""),
    ("fee_rate", "1", "Rate of the taker fee: fee = rate * p * (1 - p).", ""),
    ("listed_bid", "prob", "Best bid as the listing has it; may be a minute old.", ""),
    ("listed_ask", "prob", "Best ask as the listing has it; may be a minute old.", ""),
    ("volume_total", "usd", "Dollars traded since the market was listed.", ""),
    ("volume_24h", "usd", "Dollars traded in the last 24 hours.", ""),
    ("volume_1w", "usd", "Dollars traded in the last week.", ""),
    ("liquidity", "usd", "Dollars resting in the book, as the venue counts.", ""),
    ("competitive", "1", "How near to even the venue sees it, 1 is 50/50.", ""),
    ("price_change_1h", "prob", "Change of the price in an hour.", ""),
    ("price_change_1d", "prob", "Change of the price in a day.", ""),
    ("price_change_1w", "prob", "Change of the price in a week.", ""),
    ("price_change_1m", "prob", "Change of the price in a month.", ""),
)


def _entries() -> dict[str, Feature]:
    tables = {
        Feed.BOOK: _BOOK,
        Feed.TRADES: _TRADES,
        Feed.CLOCK: _CLOCK,
        Feed.PORTFOLIO: _PORTFOLIO,
        Feed.GAMMA: _GAMMA,
    }
    found = [each for feed, table in tables.items() for each in entries(feed, table)]
    found.append(
        Feature(
            name="category",
            unit="enum",
            feed=Feed.GAMMA,
            doc="Subject of the market; a word we do not know is other.",
            values=CATEGORIES,
        )
    )
    found += [each for table in MARKET_ENTITIES.values() for each in table]
    catalog = {entry.name: entry for entry in found}
    assert len(catalog) == len(found), "a feature is defined twice"
    return catalog


CATALOG: dict[str, Feature] = _entries()
"""Every feature of a market, those of what belongs to it (`spot.price`) included."""

ROW_FEATURES: dict[str, dict[str, Feature]] = {
    entity: {each.name: each for each in table}
    for entity, table in ROW_ENTITIES.items()
}
"""Features of rows that are no single market, by what they are of: `pair`, `t`, ..."""
