"""The books of a tape, resting in the exchange as orders of one wallet.

What a client took from a level is gone until the tape speaks of that level again; then
it is as the tape says. A level that would cross the tape's own book is left out.
"""

from collections import Counter

from polyrules.domain.market import Levels, mirror
from polyrules.domain.money import ONE, Side
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.pit import Pit
from polyrules.venues.simulated.exchange.words import NewOrder, Placed, TimeInForce

HOUSE = "0x" + "7a" * 20  # whose orders the tape's books are
STRANGER = "0x" + "7b" * 20  # who takes in the tape's trades

Key = tuple[bool, int]  # a level: bid in YES terms, price [micro-usd]


class Mirror:
    """One market's book as the tape shows it, resting as orders of the house."""

    def __init__(self, exchange: Exchange, pit: Pit, counts: Counter[str]) -> None:
        self._exchange = exchange
        self._pit = pit
        self._counts = counts
        self._wanted: dict[Key, int] = {}  # shares by level
        self._orders: dict[Key, str] = {}
        self._touched: set[Key] = set()

    def show(self, token: str, bids: Levels, asks: Levels, at: int) -> None:
        """Take a whole book of one token."""
        if token != self._pit.listed.yes:
            bids, asks = mirror(asks), mirror(bids)
        self._wanted = {(True, price): size for price, size in bids}
        self._wanted |= {(False, price): size for price, size in asks}
        self._touched = {*self._orders, *self._wanted}
        self.settle(at)

    def change(self, token: str, side: Side, price: int, size: int) -> None:
        """Take the new total of one level; `settle` makes it so."""
        bid = side is Side.BUY
        if token != self._pit.listed.yes:
            bid, price = not bid, ONE - price
        self._wanted[bid, price] = size
        self._touched.add((bid, price))

    def settle(self, at: int) -> None:
        """Let the house's orders be what the tape shows: first less, then more."""
        touched, self._touched = sorted(self._touched), set()
        for key in touched:
            if key in self._orders and self._rests(key) != self._wanted.get(key, 0):
                self._exchange.cancel(self._orders.pop(key), HOUSE, at)
        best = max((key[1] for key in self._wanted if key[0]), default=0)
        for key in touched:
            size = self._wanted.get(key, 0)
            if not size:
                self._wanted.pop(key, None)
            elif not key[0] and key[1] <= best:
                self._counts["crossed"] += 1
            elif key not in self._orders:
                self._rest(key, size, at)

    def take(self, token: str, side: Side, price: int, size: int, at: int) -> int:
        """Let the stranger trade with what rests; return the shares that were met."""
        if not self._exchange.crosses(token, side, price):
            return 0
        if side is Side.SELL:
            self._exchange.give(STRANGER, token, size)
        order = NewOrder(
            owner=STRANGER,
            token=token,
            side=side,
            price=price,
            size=size,
            time_in_force=TimeInForce.FAK,
        )
        placed = self._exchange.place(order, at)
        if not isinstance(placed, Placed):
            return 0
        return placed.taking if side is Side.BUY else placed.making

    def _rests(self, key: Key) -> int:
        """Return what rests of the house's order at a level; 0 where it was taken."""
        level = self._pit.side(bid=key[0]).levels.get(key[1])
        order = level.orders.get(self._orders[key]) if level else None
        return order.left if order else 0

    def _rest(self, key: Key, size: int, at: int) -> None:
        """Place an order of the house, whatever its size and tick."""
        bid, price = key
        listed, pit = self._pit.listed, self._pit
        order = NewOrder(
            owner=HOUSE,
            token=listed.yes if bid else listed.no,
            side=Side.BUY,
            price=price if bid else ONE - price,
            size=size,
        )
        tick, size_min = pit.tick, pit.size_min
        pit.tick, pit.size_min = 1, 0
        placed = self._exchange.place(order, at)
        pit.tick, pit.size_min = tick, size_min
        if isinstance(placed, Placed):
            self._orders[key] = placed.order_id
        else:
            self._counts["refused"] += 1
