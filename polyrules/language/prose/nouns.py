"""How features are called in a sentence; what has no name here is called by its words.

A noun stands where a value does ("the best ask is ..."); a feature that is true or
false is a sentence, with its opposite.
"""

import re
from collections.abc import Mapping

from polyrules.language.rows import Rows

NOUNS: Mapping[str, str] = {
    "best_bid": "the best bid",
    "best_ask": "the best ask",
    "no_best_bid": "the best NO bid",
    "no_best_ask": "the best NO ask",
    "mid": "the mid price",
    "price": "the price of YES",
    "bid_size": "the size of the best bid",
    "ask_size": "the size of the best ask",
    "bid_levels": "the number of bid levels",
    "ask_levels": "the number of ask levels",
    "book_age": "the age of the book",
    "last_trade_age": "the time since the last trade",
    "time_since_whale": "the time since the last whale",
    "hours_to_close": "the time to the end",
    "seconds_to_close": "the time to the end",
    "market_age": "the age of the market",
    "position_shares": "the position",
    "position_yes_shares": "the YES position",
    "position_no_shares": "the NO position",
    "position_avg_price": "the average cost of the position",
    "position_hours": "the age of the position",
    "open_orders": "the number of open orders",
    "min_order_shares": "the smallest order",
    "tick_size": "the tick",
    "volume_total": "the volume so far",
    "round.seconds_to_end": "the time to the end of the round",
    "round.seconds_from_start": "the time since the round began",
    "round.twap_start": "the mean spot price when the round began",
    "round.open": "the spot price when the round began",
    "round.trades_taken": "the number of orders filled in this round",
    "spot.price": "the spot price",
    "spot.twap_30": "the mean spot price of the last 30 seconds",
    "spot.twap_60": "the mean spot price of the last 60 seconds",
    "spot.vol_1m": "the volatility of the spot price a minute",
    "odds.fair": "the bookmakers' fair chance of YES",
    "odds.books": "the number of bookmakers",
    "odds.dispersion": "the disagreement of the bookmakers",
    "odds.age": "the age of the odds",
    "game.status": "the status of the game",
    "game.event": "what happened last in the game",
    "game.event_age": "the time since something happened in the game",
    "game.seconds_left": "the playing time left",
    "game.win_prob": "the feed's chance of YES",
    "game.win_prob_before": "the feed's chance of YES before what happened last",
    "pair.gap": "the time between the two deadlines",
    "pair.confidence": "how sure it is that only the deadlines differ",
    "event.markets": "the number of markets in the event",
    "event.open_markets": "the number of open markets in the event",
    "basket.legs": "the number of legs",
    "basket.sum_yes_ask": "the cost of one YES of each leg",
    "basket.sum_no_ask": "the cost of one NO of each leg",
    "basket.min_ask_depth": "the least size of a best YES ask among the legs",
    "basket.min_no_ask_depth": "the least size of a best NO ask among the legs",
    "basket.max_book_age": "the age of the oldest book among the legs",
    "basket.fee_yes": "the fees of buying each YES",
    "basket.fee_no": "the fees of buying each NO",
    "t.price": "the price the wallet traded at",
    "t.size": "the size of the wallet's trade in shares",
    "t.notional": "the size of the wallet's trade in dollars",
    "t.age": "the age of the wallet's trade",
    "t.side": "the side of the wallet's trade",
    "t.token": "the token of the wallet's trade",
    "t.ask_now": "the best ask for that token now",
    "t.bid_now": "the best bid for that token now",
    "t.wallet_win_rate": "the wallet's share of won positions",
    "t.wallet_trades_30d": "the number of the wallet's trades in 30 days",
}
SENTENCES: Mapping[str, tuple[str, str]] = {
    "accepting_orders": ("the market takes orders", "the market takes no orders"),
    "neg_risk": (
        "the market is one of several of which exactly one wins",
        "the market is not one of several of which exactly one wins",
    ),
}
NOTHING: Mapping[str, str] = {
    "position_shares": "the strategy holds nothing here",
    "position_yes_shares": "the strategy holds no YES here",
    "position_no_shares": "the strategy holds no NO here",
    "open_orders": "the strategy has no open order here",
}
"""What it means that a feature is 0."""

SPANS = {"1h": "hour", "24h": "24 hours", "1d": "day", "1w": "week", "1m": "month"}
COUNT = re.compile(r"(?P<what>\w+)_count_(?P<span>1h|24h|1d|1w|1m)")
OVER = re.compile(r"(?P<what>\w+)_(?P<span>1h|24h|1d|1w|1m)")
DEPTH = re.compile(r"(?P<side>bid|ask)_depth_(?P<levels>[0-9]+)")
PLACES: Mapping[str, str] = {"near": "the near market", "far": "the far market"}


def noun(name: str, rows: Rows) -> str:
    """Return how a feature is called in a sentence."""
    alias, plain = rows.split(name)
    said = NOUNS.get(plain) or _by_pattern(plain)
    place = PLACES.get(alias)
    return f"{said} of {place}" if place else said


def sentence(name: str, rows: Rows, *, holds: bool) -> str:
    """Return what it means that a feature is true, or false."""
    alias, plain = rows.split(name)
    if plain in SENTENCES:
        said = SENTENCES[plain][0 if holds else 1]
    else:
        entity, dot, quality = plain.rpartition(".")
        what = f"the {entity}" if dot else "the market"
        said = f"{what} is {'' if holds else 'not '}{_words(quality)}"
    return said.replace("the market", PLACES.get(alias, "the market"))


def nothing(name: str, rows: Rows) -> str:
    """Return what it means that a feature is 0; "" where that is nothing special."""
    alias, plain = rows.split(name)
    said = NOTHING.get(plain, "")
    return said.replace("here", f"in {PLACES[alias]}") if alias in PLACES else said


def _by_pattern(plain: str) -> str:
    if found := DEPTH.fullmatch(plain):
        return f"the size of the {found['levels']} best {found['side']}s"
    if found := COUNT.fullmatch(plain):
        return (
            f"the number of {_words(found['what'])}s in the last {SPANS[found['span']]}"
        ).replace("trades trades", "trades")
    if found := OVER.fullmatch(plain):
        return f"the {_words(found['what'])} of the last {SPANS[found['span']]}"
    entity, dot, rest = plain.partition(".")
    return f"the {entity}'s {_words(rest)}" if dot else f"the {_words(plain)}"


def _words(name: str) -> str:
    return name.replace("_", " ")
