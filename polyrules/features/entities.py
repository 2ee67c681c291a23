"""Features of what stands beside a market, and of rows that are no single market.

A market may belong to a round of a series, whose coin has a spot price; a match has a
game and the odds of bookmakers. Their features are columns of the market's own row,
named with a dot. A pair, an event, a basket and a wallet's trade are rows of their own.
"""

from collections.abc import Iterable, Mapping

from polyrules.features.feature import MAX_AGE, Feature, Feed

Table = tuple[tuple[str, str, str, str], ...]  # name, unit, meaning, formula

STATUSES = ("pre", "live", "halftime", "final")
HAPPENINGS = ("none", "score", "red_card", "injury", "period_end")
SIDES = ("buy", "sell")
TOKENS = ("yes_token", "no_token")
KINDS = ("binary", "neg_risk")

WORDS: Mapping[str, tuple[str, ...]] = {
    "game.status": STATUSES,
    "game.event": HAPPENINGS,
    "basket.kind": KINDS,
    "t.side": SIDES,
    "t.token": TOKENS,
}

_ROUND: Table = (
    ("seconds_to_end", "seconds", "Time to the end of the round.", "end - now"),
    ("seconds_from_start", "seconds", "Time since the round began.", "now - start"),
    ("length", "seconds", "How long the round lasts.", "end - start"),
    (
        "twap_start",
        "usd",
        "Mean price of 60 seconds when the round began: what it settles against.",
        "spot.twap_60 at start",
    ),
    ("open", "usd", "The coin's price when the round began.", "spot.price at start"),
)
_ROUND_TAKEN: Table = (
    ("trades_taken", "count", "Orders of the strategy filled in this round.", ""),
)
_SPOT: Table = (
    ("price", "usd", "Price of the coin, from the oracle that settles the round.", ""),
    ("binance", "usd", "Price of the coin on Binance.", ""),
    ("twap_30", "usd", "Mean price of the last 30 seconds, by time.", ""),
    ("twap_60", "usd", "Mean price of the last 60 seconds, by time.", ""),
    ("ret_1m", "1", "Return of the last minute.", "price / price 1 min ago - 1"),
    ("ret_3m", "1", "Return of the last three minutes.", "price / price 3 min ago - 1"),
    (
        "vol_1m",
        "1",
        "Realised volatility per minute, over the last five; missing below one.",
        "sqrt(sum((price / price before - 1) ** 2) / minutes)",
    ),
    ("age", "seconds", "Time since the last price.", "now - spot.at"),
)
_ODDS: Table = (
    ("fair", "prob", "Chance of YES by the bookmakers, without their margin.", ""),
    ("books", "count", "Bookmakers behind it.", ""),
    ("dispersion", "prob", "How far they disagree: standard deviation.", ""),
    ("match_score", "1", "How sure we are that it is the same match, 0 to 1.", ""),
    ("age", "seconds", "Time since the odds last changed.", "now - odds.at"),
)
_GAME: Table = (
    ("status", "enum", "Where the game stands.", ""),
    ("event", "enum", "What happened last.", ""),
    ("event_age", "seconds", "Time since that happened; 1e6 if nothing yet.", ""),
    ("seconds_left", "seconds", "Playing time left.", ""),
    ("win_prob", "prob", "Chance of YES by the model of the feed.", ""),
    ("win_prob_before", "prob", "The same before what happened last.", ""),
)
_PAIR: Table = (
    ("gap", "hours", "Time between the two deadlines.", "far deadline - near deadline"),
    ("confidence", "1", "How sure we are that only the deadline differs, 0 to 1.", ""),
)
_EVENT: Table = (
    ("markets", "count", "Markets of the event that were seen.", ""),
    ("open_markets", "count", "Those that take orders.", ""),
    ("complete", "bool", "All markets the venue lists were seen, with books.", ""),
    ("neg_risk", "bool", "Exactly one of them wins.", ""),
    ("sum_price", "prob", "Sum of the YES prices; missing if one is.", ""),
    ("max_price", "prob", "Highest YES price.", ""),
    ("min_price", "prob", "Lowest YES price.", ""),
    ("volume_24h", "usd", "Dollars traded in the last 24 hours, all markets.", ""),
    ("liquidity", "usd", "Dollars resting in all books, as the venue counts.", ""),
    ("hours_to_close", "hours", "Time to the first end.", ""),
    ("position_cost", "usd", "Dollars the strategy paid for what it holds.", ""),
)
_BASKET: Table = (
    (
        "kind",
        "enum",
        "binary: both tokens of a market; neg_risk: all of an event.",
        "",
    ),
    ("legs", "count", "Tokens that make up the basket.", ""),
    ("complete", "bool", "All markets the venue lists were seen, with books.", ""),
    ("sum_yes_ask", "prob", "What one YES of each leg costs; missing if one is.", ""),
    ("sum_no_ask", "prob", "What one NO of each leg costs; missing if one is.", ""),
    ("min_ask_depth", "shares", "Fewest shares at the best YES ask of a leg.", ""),
    ("min_no_ask_depth", "shares", "Fewest shares at the best NO ask of a leg.", ""),
    ("max_book_age", "seconds", "Age of the oldest book.", ""),
    ("fee_yes", "prob", "Taker fees of buying each YES.", "sum(fee(ask, fee_rate))"),
    ("fee_no", "prob", "Taker fees of buying each NO.", "sum(fee(no ask, fee_rate))"),
    ("position_cost", "usd", "Dollars the strategy paid for what it holds.", ""),
)
_TRADE: Table = (
    ("price", "prob", "What the wallet paid or got for a share of its token.", ""),
    ("size", "shares", "Shares it traded.", ""),
    ("notional", "usd", "Dollars it traded.", "price * size"),
    ("age", "seconds", "Time since it traded.", "now - when the venue says it traded"),
    ("side", "enum", "What it did.", ""),
    ("token", "enum", "The token it traded.", ""),
    ("ask_now", "prob", "Lowest price anyone sells that token for now.", ""),
    ("bid_now", "prob", "Highest price anyone pays for that token now.", ""),
    ("wallet_win_rate", "1", "Share of its settled positions that won, 0 to 1.", ""),
    ("wallet_trades_30d", "count", "Trades it made in the last 30 days.", ""),
)


def entries(feed: Feed, table: Table, entity: str = "") -> Iterable[Feature]:
    """Return the features of a table, named `entity.name` if it is of an entity."""
    for name, unit, doc, formula in table:
        full = f"{entity}.{name}" if entity else name
        yield Feature(
            name=full,
            unit=unit,
            feed=feed,
            doc=doc,
            formula=formula,
            max_age=MAX_AGE[feed],
            values=WORDS.get(full, ()),
        )


MARKET_ENTITIES: Mapping[str, tuple[Feature, ...]] = {
    "round": (
        *entries(Feed.CLOCK, _ROUND[:3], "round"),
        *entries(Feed.RTDS, _ROUND[3:], "round"),
        *entries(Feed.PORTFOLIO, _ROUND_TAKEN, "round"),
    ),
    "spot": tuple(entries(Feed.RTDS, _SPOT, "spot")),
    "odds": tuple(entries(Feed.ODDS, _ODDS, "odds")),
    "game": tuple(entries(Feed.GAME, _GAME, "game")),
}
"""What belongs to a market: columns of its row."""

ROW_ENTITIES: Mapping[str, tuple[Feature, ...]] = {
    "pair": tuple(entries(Feed.GAMMA, _PAIR, "pair")),
    "event": tuple(entries(Feed.BOOK, _EVENT, "event")),
    "basket": tuple(entries(Feed.BOOK, _BASKET, "basket")),
    "t": tuple(entries(Feed.WALLETS, _TRADE, "t")),
}
"""What rows of other domains have of their own."""
