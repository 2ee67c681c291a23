"""What the simulated exchange is told, what it answers, and what it tells others.

Everything is in integer micro-units (usd, shares, usd/share) and microseconds UTC. A
price is in the terms of the token beside it. Owners are wallet addresses in lower case.
"""

from decimal import Decimal
from enum import Enum

import msgspec

from polyrules.domain.market import Levels
from polyrules.domain.money import Side


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A market the exchange lists. Tokens are decimal strings of up to 77 digits.

    `fee_rate` is the takers' (0.07 for crypto); `delay` is how long the venue holds a
    taker's order before it matches, in microseconds. A tick that changed later is the
    exchange's to tell, see `Exchange.tick`.
    """

    id: str  # the condition id, 0x and 64 hexadecimal digits
    yes: str
    no: str
    gamma_id: str = ""
    question: str = ""
    slug: str = ""
    outcomes: tuple[str, str] = ("Yes", "No")
    group: str | None = None  # the id of what the venue calls an event
    group_slug: str | None = None
    category: str = ""
    tags: tuple[str, ...] = ()
    tick: Decimal = Decimal("0.01")
    size_min: Decimal = Decimal(5)
    fee_rate: Decimal = Decimal(0)
    neg_risk: bool = False
    start: int | None = None
    end: int | None = None
    created: int = 0
    delay: int = 0


class TimeInForce(Enum):
    """How long an order stays."""

    GTC = "GTC"
    GTD = "GTD"
    FOK = "FOK"
    FAK = "FAK"


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order somebody wants placed, already known to be theirs.

    `spend` is for FOK and FAK buys only: they spend this much [micro-usd] and take as
    many shares as it buys, whatever `size` says. `expiration` is for GTD [microseconds
    UTC]. `id` is the hash of a signed order; the exchange names those without one.
    """

    owner: str
    token: str
    side: Side
    price: int
    size: int
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    expiration: int = 0
    spend: int | None = None
    id: str = ""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The order was taken. `status` is live, matched, delayed or unmatched.

    `making` is what the owner gave and `taking` what they got: usd and shares for a
    buy, shares and usd for a sell, before fees [micro-units]; `trades` are ids.
    """

    order_id: str
    status: str
    making: int = 0
    taking: int = 0
    trades: tuple[str, ...] = ()
    transaction: str = ""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The order was not taken, in the venue's own words."""

    status_code: int
    message: str


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders a cancellation ended, and why it did not end the others."""

    done: tuple[str, ...] = ()
    not_done: dict[str, str] = {}


class OpenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its owner may see it. `status` is the venue's: LIVE, MATCHED, …."""

    id: str
    owner: str
    market: str
    token: str
    side: Side
    price: int
    size: int
    matched: int
    status: str
    time_in_force: TimeInForce
    expiration: int
    created: int
    trades: tuple[str, ...] = ()


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """Cash or shares of one owner [micro-units].

    `free` can be used, `locked` is behind open orders, `pending` comes from trades
    that are not mined yet and cannot be used until they are.
    """

    free: int = 0
    locked: int = 0
    pending: int = 0


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """All that an owner has."""

    cash: Holding
    shares: dict[str, Holding]


class LevelMove(msgspec.Struct, frozen=True):
    """The new total at one price of one token's book; size 0: the level is gone.

    `best_bid` (0 if there is none) and `best_ask` (1,000,000 if there is none) are the
    token's after the whole message.
    """

    token: str
    side: Side
    price: int
    size: int
    best_bid: int
    best_ask: int


class LevelsMoved(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Levels of a market changed; every change is told for both tokens."""

    market: str
    changes: tuple[LevelMove, ...]
    at: int


class BookShown(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The whole book after a trade, in YES terms, best first (NO is its mirror)."""

    market: str
    bids: Levels
    asks: Levels
    at: int


class MakerFill(msgspec.Struct, frozen=True, kw_only=True):
    """What one resting order gave to a trade, in the terms of its own token."""

    order_id: str
    owner: str
    token: str
    side: Side
    price: int
    size: int


class Traded(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A taker's order met resting ones at one price, in the taker's terms.

    `fee` is the taker's [micro-usd]. Trades of one order share their transaction.
    """

    id: str
    market: str
    token: str
    side: Side
    price: int
    size: int
    fee: int
    taker: str
    taker_order_id: str
    makers: tuple[MakerFill, ...]
    transaction: str
    at: int


class TradeStatus(Enum):
    """How far a trade is on its way to the chain."""

    MATCHED = "MATCHED"
    MINED = "MINED"
    CONFIRMED = "CONFIRMED"
    RETRYING = "RETRYING"
    FAILED = "FAILED"


class TradeMoved(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A trade came to another status; it concerns its taker and all its makers."""

    trade: Traded
    status: TradeStatus
    at: int


class OrderMoved(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An order was placed, filled in part or whole, or ended; for watched owners only.

    `kind` is PLACEMENT, UPDATE or CANCELLATION; `reason` is what the status says
    beside CANCELED.
    """

    order: OpenOrder
    kind: str
    at: int


class TickMoved(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The market's price step changed [usd/share]."""

    market: str
    before: Decimal
    after: Decimal
    at: int


class MarketAdded(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The exchange lists a new market."""

    listed: Listed
    at: int


class Resolved(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The question is answered; `winner` is a token, None for fifty-fifty."""

    market: str
    winner: str | None
    at: int


Message = (
    LevelsMoved
    | BookShown
    | Traded
    | TradeMoved
    | OrderMoved
    | TickMoved
    | MarketAdded
    | Resolved
)


class Mode(Enum):
    """What the exchange accepts for the moment."""

    TRADING = "trading"
    POST_ONLY = "post_only"
    CANCEL_ONLY = "cancel_only"
    DISABLED = "disabled"
    RESTARTING = "restarting"


class Fate(Enum):
    """What becomes of a trade on the chain: it is mined, late, or never."""

    CONFIRMED = "confirmed"
    RETRIED = "retried"
    FAILED = "failed"


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long a trade takes from its match on [microseconds].

    With `mined` 0 what a trade brings can be used at once.
    """

    mined: int = 2_000_000
    confirmed: int = 6_000_000
    failed: int = 8_000_000
    retried: int = 4_000_000
