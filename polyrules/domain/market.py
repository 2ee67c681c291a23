"""What can be traded, and what its book shows.

A market has two tokens but one liquidity: a NO ask at p is a YES bid at 1 - p. So there
is one Book per market, in YES terms; what is recorded of NO is mirrored into it.
"""

from bisect import bisect_left, insort
from decimal import Decimal

import msgspec

from polyrules.domain.ids import GroupId, MarketId, TokenId
from polyrules.domain.money import ONE, Shares, Side, opposite

Levels = tuple[tuple[int, int], ...]  # (price, size) [micro-units], best price first


class Market(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question with its YES and NO token, as far as the venue has told.

    What the source did not say is None, never guessed. Times are microseconds UTC.
    """

    id: MarketId
    yes: TokenId
    no: TokenId
    question: str = ""
    slug: str = ""
    group: GroupId | None = None
    group_size: int | None = None  # markets the venue lists in the group
    category: str | None = None
    tick: Decimal = Decimal("0.01")
    size_min: Shares = Shares(Decimal(5))
    fee_rate: Decimal | None = None
    neg_risk: bool | None = None
    start: int | None = None
    end: int | None = None


class Listing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the venue's listing says of a market for the moment. None is unsaid.

    Field names are feature names; units as in the catalog (feed gamma).
    """

    accepting_orders: bool | None = None
    listed_bid: float | None = None
    listed_ask: float | None = None
    volume_total: float | None = None
    volume_24h: float | None = None
    volume_1w: float | None = None
    liquidity: float | None = None
    competitive: float | None = None
    price_change_1h: float | None = None
    price_change_1d: float | None = None
    price_change_1w: float | None = None
    price_change_1m: float | None = None


def merged(known: Market, said: Market) -> Market:
    """Return what is known of a market after the venue spoke of it again.

    What the second leaves unsaid stays. The tick stays too: it changes by TickChanged
    only, as a listing may repeat an old one.
    """
    told = {
        name: value
        for name in Market.__struct_fields__
        if (value := getattr(said, name)) not in (None, "")
    }
    return msgspec.structs.replace(known, **{**told, "tick": known.tick})


def is_yes(market: Market, token: TokenId) -> bool | None:
    """Tell whether a token is the market's YES; None if it is none of its two."""
    if token == market.yes:
        return True
    return False if token == market.no else None


def mirror(levels: Levels) -> Levels:
    """Return NO levels in YES terms, and back: p becomes 1 - p, the order is kept.

    The bids of one token are the asks of the other, so a mirrored side changes its
    name too; best first stays best first.
    """
    return tuple((ONE - price, size) for price, size in levels)


class Book:
    """The resting orders of one market, in YES terms. Prices and sizes in micro-units.

    Crossed and locked books are kept as the venue sent them: whether to trust them is
    for the reader to decide (`crossed`). A level that changes before any whole book was
    seen says nothing: what else rests is not known.

    Attributes:
        seen: Whether a whole book was shown yet.
    """

    __slots__ = ("_asks", "_bids", "_sizes", "seen")

    def __init__(self) -> None:
        self._bids: list[int] = []  # ascending, best last
        self._asks: list[int] = []  # ascending, best first
        self._sizes: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.seen = False

    def show(self, bids: Levels, asks: Levels, *, of_yes: bool = True) -> None:
        """Forget everything and take this whole book of one token."""
        self.seen = True
        if not of_yes:
            bids, asks = mirror(asks), mirror(bids)
        held, shown = self._sizes
        held.clear()
        held.update(level for level in bids if level[1])
        shown.clear()
        shown.update(level for level in asks if level[1])
        self._bids = sorted(held)
        self._asks = sorted(shown)

    def change(self, side: Side, price: int, size: int, *, of_yes: bool = True) -> None:
        """Set the shares that rest at a price of one token; 0 removes the level."""
        if not self.seen:
            return
        if not of_yes:
            side, price = opposite(side), ONE - price
        sizes, prices = (
            (self._sizes[0], self._bids)
            if side is Side.BUY
            else (self._sizes[1], self._asks)
        )
        known = price in sizes
        if size:
            sizes[price] = size
            if not known:
                insort(prices, price)
        elif known:
            del sizes[price]
            del prices[bisect_left(prices, price)]

    @property
    def best_bid(self) -> int | None:
        """The highest price anyone pays for YES [micro-usd], or None."""
        return self._bids[-1] if self._bids else None

    @property
    def best_ask(self) -> int | None:
        """The lowest price anyone sells YES for [micro-usd], or None."""
        return self._asks[0] if self._asks else None

    @property
    def crossed(self) -> bool:
        """True where the best bid meets or passes the best ask (locked counts)."""
        return bool(self._bids and self._asks and self._bids[-1] >= self._asks[0])

    def bids(self) -> list[tuple[int, int]]:
        """Return the levels that buy YES, best (highest) first."""
        sizes = self._sizes[0]
        return [(price, sizes[price]) for price in reversed(self._bids)]

    def asks(self) -> list[tuple[int, int]]:
        """Return the levels that sell YES, best (lowest) first."""
        sizes = self._sizes[1]
        return [(price, sizes[price]) for price in self._asks]

    def size_at(self, side: Side, price: int) -> int:
        """Return the shares resting at `price` on `side` [micro-shares]."""
        return self._sizes[side is Side.SELL].get(price, 0)
