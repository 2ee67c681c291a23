"""Fills of wallets: read from rows, and told exactly once.

The venue shows a fill again in every poll that overlaps, in any order, some of them
late. A fill is known by its transaction, token, side, size, price and wallet; one
transaction may hold several. Two that agree in all of these cannot be told apart and
count as one.
"""

import msgspec

from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.moments import MINUTE
from polyrules.domain.money import Side
from polyrules.errors import UnexpectedReply
from polyrules.venues.polymarket.data_api import Activity
from polyrules.venues.polymarket.wire import price, shares, time

AHEAD_MOST = 10 * MINUTE  # further than this no honest stamp is ahead of our clock
TRADE = "TRADE"
COMBO_DIGITS = 62

Key = tuple[str, str, Side, int, int, str]


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet's trade. Price and size in micro-units, `at` by the venue's stamp."""

    wallet: str  # in lower case
    market: MarketId
    token: TokenId
    side: Side
    price: int
    size: int
    at: int
    transaction: str = ""
    slug: str = ""

    @property
    def key(self) -> Key:
        """What tells it from every other fill."""
        return (
            self.transaction,
            self.token,
            self.side,
            self.size,
            self.price,
            self.wallet,
        )


def fill_of(row: Activity, now: int) -> Fill:
    """Return the fill that a row of type TRADE tells of.

    Args:
        row: What the venue said.
        now: Microseconds UTC.

    Raises:
        UnexpectedReply: It names no market, token, wallet, side, price or size, or
            its time is missing or well ahead of now.
    """
    if not row.proxy_wallet or not row.condition_id or not row.asset:
        raise UnexpectedReply("a trade without a wallet, market or token")
    at = time(row.timestamp)
    if at > now + AHEAD_MOST:
        raise UnexpectedReply("a trade from the future")
    size = shares(row.size)
    if size == 0:
        raise UnexpectedReply("a trade of 0 shares")
    return Fill(
        wallet=row.proxy_wallet.lower(),
        market=MarketId(row.condition_id),
        token=TokenId(row.asset),
        side=_side(row.side),
        price=price(row.price),
        size=size,
        at=at,
        transaction=(row.transaction_hash or "").lower(),
        slug=row.slug or "",
    )


def is_combo(market: MarketId) -> bool:
    """Tell whether an id is of several markets bundled, which no other API knows.

    It has 62 digits; a market's has 64.
    """
    return len(market) == len("0x") + COMBO_DIGITS and market.startswith("0x")


class Told:
    """Which fills of one wallet were told already.

    Attributes:
        since: What is older is never news [microseconds UTC]; it only goes forward,
            and what lies before it is forgotten.
    """

    def __init__(self, since: int) -> None:
        self.since = since
        self._at: dict[Key, int] = {}

    def __len__(self) -> int:
        return len(self._at)

    def is_news(self, fill: Fill) -> bool:
        """Tell whether a fill was not told before; from now on it was."""
        if fill.at < self.since or fill.key in self._at:
            return False
        self._at[fill.key] = fill.at
        return True

    def forget(self, before: int) -> None:
        """Let nothing older than `before` be news any more."""
        if before <= self.since:
            return
        self.since = before
        self._at = {key: at for key, at in self._at.items() if at >= before}


def _side(word: str | None) -> Side:
    try:
        return Side((word or "").upper())
    except ValueError:
        raise UnexpectedReply("a side that is neither BUY nor SELL") from None
