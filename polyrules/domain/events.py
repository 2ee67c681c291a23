"""All that can happen. One closed union; the engine knows nothing else of the world.

Every event has `at`, the time we received it [microseconds UTC], which drives the
engine and never runs backward, and `venue_at`, the venue's own stamp, which serves to
measure latency only. A kind appears here with its first producer.
"""

from decimal import Decimal
from enum import Enum

import msgspec

from polyrules.domain.ids import ClientOrderId, MarketId, TokenId
from polyrules.domain.market import Levels, Listing, Market
from polyrules.domain.money import Price, Shares, Side, Usd
from polyrules.domain.orders import Report


class Happened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What all events share: when we learned of it, and the venue's stamp if any."""

    at: int
    venue_at: int | None = None


class MarketListed(Happened, frozen=True, kw_only=True, tag="MarketListed"):
    """A market was seen for the first time."""

    market: Market
    listing: Listing = Listing()


class MarketChanged(Happened, frozen=True, kw_only=True, tag="MarketChanged"):
    """The venue said something new about a market already listed."""

    market: Market
    listing: Listing = Listing()


class BookChanged(Happened, frozen=True, kw_only=True, tag="BookChanged"):
    """The whole book of one token, in that token's own terms, best price first."""

    market: MarketId
    token: TokenId
    bids: Levels
    asks: Levels


class LevelChange(msgspec.Struct, frozen=True, array_like=True):
    """The new total at one price of one token's book; size 0 removes the level.

    Price and size in micro-units; `side` is the side of the book.
    """

    token: TokenId
    side: Side
    price: int
    size: int


class LevelsChanged(Happened, frozen=True, kw_only=True, tag="LevelsChanged"):
    """Single levels of a market's books changed."""

    market: MarketId
    changes: tuple[LevelChange, ...]


class TradePrinted(Happened, frozen=True, kw_only=True, tag="TradePrinted"):
    """Two strangers traded. Price and size in micro-units; `side` is the taker's."""

    market: MarketId
    token: TokenId
    side: Side
    price: int
    size: int
    transaction: str = ""


class PastTrade(msgspec.Struct, frozen=True, array_like=True):
    """A trade told of later; `at` is when it happened, the rest as of TradePrinted."""

    at: int
    token: TokenId
    side: Side
    price: int
    size: int


class TradesTold(Happened, frozen=True, kw_only=True, tag="TradesTold"):
    """What was traded in a market before it was followed: all trades from `since` on.

    They are history: nothing can be traded against them any more. Oldest first.
    """

    market: MarketId
    since: int
    trades: tuple[PastTrade, ...]


class WalletTraded(Happened, frozen=True, kw_only=True, tag="WalletTraded"):
    """A wallet traded. Price and size in micro-units; `side` is what the wallet did.

    `win_rate` is the share of its settled positions that won, `trades_30d` how often
    it traded in 30 days; None where nobody looked.
    """

    market: MarketId
    token: TokenId
    side: Side
    price: int
    size: int
    wallet: str
    transaction: str = ""
    win_rate: float | None = None
    trades_30d: int | None = None


class SpotTicked(Happened, frozen=True, kw_only=True, tag="SpotTicked"):
    """A coin's price [usd]: of an oracle, of an exchange, or a mean over seconds.

    `symbol` is such as BTC; `source` one of price, binance, twap_30, twap_60.
    """

    symbol: str
    source: str
    price: float


class OddsChanged(Happened, frozen=True, kw_only=True, tag="OddsChanged"):
    """Bookmakers' odds on a market's YES, without their margin.

    `dispersion` is their standard deviation [usd/share], `match_score` how sure the
    match is the same, 0 to 1.
    """

    market: MarketId
    fair: float
    books: int
    dispersion: float
    match_score: float = 1.0


class GameChanged(Happened, frozen=True, kw_only=True, tag="GameChanged"):
    """How a game stands; `happened` is what changed it, "none" for time going by.

    `win_prob` is the chance of the market's YES, by the feed's model.
    """

    market: MarketId
    status: str
    seconds_left: float
    win_prob: float
    happened: str = "none"


class TickChanged(Happened, frozen=True, kw_only=True, tag="TickChanged"):
    """The market's price step changed [usd/share]."""

    market: MarketId
    tick: Decimal


class MarketResolved(Happened, frozen=True, kw_only=True, tag="MarketResolved"):
    """The question is answered: a YES share pays `payout_yes` [usd]: 1, 0 or 0.5."""

    market: MarketId
    payout_yes: Decimal


class Stage(Enum):
    """How far a market is on its way; T0 to T4 by the hours to its end."""

    DISCOVERED = "discovered"
    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    DEACTIVATED = "deactivated"


class StageChanged(Happened, frozen=True, kw_only=True, tag="StageChanged"):
    """A market went on to another stage of its life.

    `before` is None at its discovery. `reason` says why: of a deactivation resolved,
    expired, no_trades or delisted. `hours_to_close` is None where no end is stated.
    """

    market: MarketId
    stage: Stage
    before: Stage | None = None
    hours_to_close: float | None = None
    reason: str = ""


class RoundChanged(Happened, frozen=True, kw_only=True, tag="RoundChanged"):
    """A round of a series was activated, closed, or its activation was missed.

    `series` is such as btc_updown_15m, `symbol` such as BTC; `stage` is activated,
    closed or missed; `start` and `end` are the round's own [microseconds UTC].
    """

    market: MarketId
    series: str
    symbol: str
    stage: str
    start: int
    end: int


class FeedLost(Happened, frozen=True, kw_only=True, tag="FeedLost"):
    """A feed cannot be trusted any more, of one market or (None) of all.

    `feed` is gamma, book, trades, wallets or rtds. What it told before is missing from
    here on: of books until the next whole book, of the others until FeedRestored.
    """

    feed: str
    market: MarketId | None = None
    reason: str = ""


class FeedRestored(Happened, frozen=True, kw_only=True, tag="FeedRestored"):
    """A feed that was lost tells again; what happened in between was not seen."""

    feed: str
    market: MarketId | None = None


class ClockTicked(Happened, frozen=True, kw_only=True, tag="ClockTicked"):
    """Time went by. Silence is news too."""


class OrderReported(Happened, frozen=True, kw_only=True, tag="OrderReported"):
    """The venue said something about one of our orders."""

    client_order_id: ClientOrderId
    report: Report
    reason: str = ""


class Filled(Happened, frozen=True, kw_only=True, tag="Filled"):
    """Shares changed hands because of one of our orders."""

    client_order_id: ClientOrderId
    market: MarketId
    token: TokenId
    side: Side
    price: Price
    size: Shares
    fee: Usd
    maker: bool


class Settled(Happened, frozen=True, kw_only=True, tag="Settled"):
    """Shares we held were paid out at `payout` [usd/share]."""

    market: MarketId
    token: TokenId
    size: Shares
    payout: Decimal


class Halted(Happened, frozen=True, kw_only=True, tag="Halted"):
    """Someone pulled the switch: open orders are cancelled, nothing new is placed."""

    by: str


MarketData = (
    MarketListed
    | MarketChanged
    | BookChanged
    | LevelsChanged
    | TradePrinted
    | TradesTold
    | WalletTraded
    | SpotTicked
    | OddsChanged
    | GameChanged
    | TickChanged
    | MarketResolved
    | StageChanged
    | RoundChanged
    | FeedLost
    | FeedRestored
)
Event = MarketData | ClockTicked | OrderReported | Filled | Settled | Halted
