"""Where one market trades: its resting orders in YES terms, by price, then by time.

A buy of NO at p rests as an offer of YES at 1 - p, so that both tokens share one
liquidity: what meets decides by itself whether shares change hands, are minted as a
pair or are merged back into cash.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from polyrules.domain.market import Levels
from polyrules.domain.money import ONE, Side
from polyrules.venues.simulated.exchange.orders import Working
from polyrules.venues.simulated.exchange.words import LevelMove, Listed


class Level:
    """The orders at one price, oldest first, and how much they want together."""

    __slots__ = ("orders", "total")

    def __init__(self) -> None:
        self.orders: dict[str, Working] = {}
        self.total = 0


class Ladder:
    """One side of a market's book.

    Prices are kept ascending in `sign` times their value, so that the best is last on
    either side.
    """

    __slots__ = ("_keys", "_sign", "levels")

    def __init__(self, *, bids: bool) -> None:
        self._sign = 1 if bids else -1
        self._keys: list[int] = []
        self.levels: dict[int, Level] = {}

    def best(self) -> int | None:
        """Return the best price, None where nothing rests."""
        return self._sign * self._keys[-1] if self._keys else None

    def prices(self) -> Iterator[int]:
        """Yield the prices, best first; nothing may change meanwhile."""
        sign = self._sign
        for key in reversed(self._keys):
            yield sign * key

    def add(self, order: Working) -> None:
        """Let an order rest, behind those already at its price."""
        level = self.levels.get(order.limit)
        if level is None:
            level = self.levels[order.limit] = Level()
            insort(self._keys, self._sign * order.limit)
        level.orders[order.id] = order
        level.total += order.left

    def reduce(self, order: Working, size: int) -> None:
        """Take `size` from a resting order; it goes when nothing is left of it."""
        level = self.levels[order.limit]
        level.total -= size
        order.left -= size
        if not order.left:
            self._drop(order, level)

    def remove(self, order: Working) -> None:
        """Take an order out; what was left of it stays written on it."""
        level = self.levels[order.limit]
        level.total -= order.left
        self._drop(order, level)

    def shown(self) -> Levels:
        """Return price and total of every level, best first."""
        return tuple((price, self.levels[price].total) for price in self.prices())

    def _drop(self, order: Working, level: Level) -> None:
        del level.orders[order.id]
        if not level.orders:
            del self.levels[order.limit]
            del self._keys[bisect_left(self._keys, self._sign * order.limit)]


class Pit:
    """One market while it trades, and what it came to.

    Attributes:
        tick: The price step of the moment [micro-usd/share].
        collateral: Cash behind the market's pairs of shares [micro-usd].
        payout: What a YES share pays [micro-usd]; None before the resolution.
        last: Token, side and price of the last trade.
    """

    __slots__ = (
        "asks",
        "bids",
        "collateral",
        "last",
        "listed",
        "payout",
        "rate",
        "size_min",
        "tick",
    )

    def __init__(self, listed: Listed) -> None:
        self.listed = listed
        self.bids = Ladder(bids=True)
        self.asks = Ladder(bids=False)
        self.tick = micros(listed.tick)
        self.size_min = micros(listed.size_min)
        self.rate = micros(listed.fee_rate)
        self.collateral = 0
        self.payout: int | None = None
        self.last: tuple[str, Side, int] | None = None

    def side(self, *, bid: bool) -> Ladder:
        """Return the side on which bids (or offers) of YES rest."""
        return self.bids if bid else self.asks

    def resting(self) -> list[Working]:
        """Return all orders that rest, best and oldest first, bids before asks."""
        return [
            order
            for ladder in (self.bids, self.asks)
            for price in ladder.prices()
            for order in ladder.levels[price].orders.values()
        ]

    def moved(self, prices: list[int], *, bids: bool) -> tuple[LevelMove, ...]:
        """Return what stands now at `prices` of one side, told for both tokens."""
        listed, ladder = self.listed, self.bids if bids else self.asks
        bid, ask = self.bids.best() or 0, self.asks.best() or ONE
        mine, others = (Side.BUY, Side.SELL) if bids else (Side.SELL, Side.BUY)
        moves: list[LevelMove] = []
        for price in prices:
            level = ladder.levels.get(price)
            size = level.total if level is not None else 0
            moves.append(LevelMove(listed.yes, mine, price, size, bid, ask))
            no = LevelMove(listed.no, others, ONE - price, size, ONE - ask, ONE - bid)
            moves.append(no)
        return tuple(moves)


def micros(amount: Decimal) -> int:
    """Return an amount in micro-units, what is finer cut off."""
    return int(amount * ONE)
