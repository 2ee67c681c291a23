"""One wallet of the Data API: its fills, its positions at average cost, its past."""

import hashlib
from collections import deque

import msgspec

from polyrules.domain.money import ONE, Side

SECOND = 1_000_000
ROWS_MAX = 1_000  # of one wallet
CLOSED_MAX = 500  # of one wallet
LATE_MIN, LATE_MAX = 1, 6  # seconds until a row is seen
VERY_LATE = 20  # one row in so many comes
VERY_LATE_MAX = 60  # up to so many seconds late


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a wallet's activity [micro-units, microseconds UTC].

    `kind` is the venue's word: TRADE, REDEEM, … `shown` is when it may be seen first.
    """

    wallet: str
    market: str
    token: str
    side: Side | None
    price: int
    size: int
    usd: int
    at: int
    shown: int
    transaction: str
    trade: str = ""
    taker: bool = True
    kind: str = "TRADE"


class Position(msgspec.Struct):
    """What a wallet holds of a token, at average cost [micro-units]."""

    market: str
    token: str
    size: int = 0
    cost: int = 0  # of what it holds
    bought: int = 0  # shares, ever
    paid: int = 0  # for them
    realized: int = 0
    touched: int = 0

    @property
    def average(self) -> float:
        """Average price paid [usd/share], 0 where nothing was bought."""
        return self.paid / self.bought if self.bought else 0.0


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet with a past: what it did before the simulation began.

    `settled` positions, of which `win_rate` (0 to 1) won, with a profit of `pnl` and a
    volume of `volume` [usd].
    """

    wallet: str
    name: str = ""
    pseudonym: str = ""
    settled: int = 0
    win_rate: float = 0.5
    pnl: float = 0.0
    volume: float = 0.0


class Account:
    """One wallet.

    Attributes:
        rows: What it did, oldest first.
        positions: What it holds or held, by token, until its market is redeemed.
        closed: What it held of redeemed markets, oldest first.
        volume: What it traded for [micro-usd].
        realized: Its profit so far [micro-usd].
        traded: In how many markets it traded.
    """

    def __init__(self, wallet: str) -> None:
        self.wallet = wallet
        self.rows: deque[Fill] = deque(maxlen=ROWS_MAX)
        self.positions: dict[str, Position] = {}
        self.closed: deque[Position] = deque(maxlen=CLOSED_MAX)
        self.volume = 0
        self.realized = 0
        self.traded = 0

    def position(self, market: str, token: str) -> Position:
        """Return its position in a token, a new one if it had none."""
        found = self.positions.get(token)
        if found is None:
            found = self.positions[token] = Position(market=market, token=token)
        return found


def lateness(transaction: str, wallet: str) -> int:
    """Return how long after a fill its row is seen first [microseconds].

    The same for the same row: 1 to 6 seconds, one row in twenty up to a minute.
    """
    number = int(hash_of(transaction, wallet)[2:18], 16)
    most = VERY_LATE_MAX if number % VERY_LATE == 0 else LATE_MAX
    return LATE_MIN * SECOND + number // VERY_LATE % ((most - LATE_MIN) * SECOND)


def hash_of(*parts: str) -> str:
    """Return what looks like a transaction, the same for the same parts."""
    return "0x" + hashlib.blake2b("|".join(parts).encode(), digest_size=32).hexdigest()


def bought(position: Position, size: int, price: int, at: int) -> None:
    """Put shares in at what they cost."""
    paid = price * size // ONE
    position.size += size
    position.cost += paid
    position.bought += size
    position.paid += paid
    position.touched = at


def sold(position: Position, size: int, price: int, at: int) -> int:
    """Take shares out at average cost; return the profit [micro-usd].

    Shares it never saw bought are taken for bought at the price they are sold at.
    """
    known = min(size, position.size)
    cost = position.cost * known // position.size if position.size else 0
    profit = known * price // ONE - cost
    position.size -= known
    position.cost -= cost
    position.realized += profit
    position.touched = at
    return profit
