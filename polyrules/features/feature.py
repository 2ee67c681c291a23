"""What a feature is: a number a rule may name, and what one needs to trust it."""

from enum import Enum

import msgspec

from polyrules.domain.moments import MINUTE, SECOND

NEVER = 1e6  # seconds; the age of what has not happened yet
WHALE_USD = 1_000  # a single trade worth this much is a whale's
PRICE_SPREAD_MAX = 0.10  # above it the mid says nothing, and the last trade is taken

CATEGORIES = (
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
    "other",
)


class Feed(Enum):
    """Where a feature comes from. A market's tier is something else: polling."""

    GAMMA = "gamma"
    BOOK = "book"
    TRADES = "trades"
    WALLETS = "wallets"
    RTDS = "rtds"
    ODDS = "odds"
    GAME = "game"
    CLOCK = "clock"
    PORTFOLIO = "portfolio"


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a market.

    Attributes:
        unit: prob, usd, shares, seconds, hours, count, "1" (a ratio), bool or enum.
        max_age: Microseconds after which its feed's last word is stale; None: never.
        values: Of an enum, the words it may be, in the order of their codes.
    """

    name: str
    unit: str
    feed: Feed
    doc: str
    formula: str = ""
    max_age: int | None = None
    values: tuple[str, ...] = ()


MAX_AGE: dict[Feed, int | None] = {
    Feed.GAMMA: None,
    Feed.BOOK: 5 * MINUTE,
    Feed.TRADES: None,
    Feed.WALLETS: None,
    Feed.RTDS: 30 * SECOND,
    Feed.ODDS: 5 * MINUTE,
    Feed.GAME: MINUTE,
    Feed.CLOCK: None,
    Feed.PORTFOLIO: None,
}
