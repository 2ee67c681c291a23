"""What a book still has for us: the sizes it shows, less what our orders took.

Everything is in YES terms and in micro-units, as in `domain.market.Book`. Size is left
in whole lots of 0.01 share, the venue's own step; what is finer is not for us.
"""

from collections.abc import Iterator

from polyrules.domain.events import BookChanged, LevelChange
from polyrules.domain.market import Book, Market, is_yes
from polyrules.domain.money import ONE, Side, opposite

LOT = ONE // 100  # micro-shares

Offer = tuple[int, int]  # (price, size left) [micro-units]


class Liquidity:
    """One market's book and what was taken from its levels.

    What was taken from a level stays taken until the level shows more; then only the
    more is there. A level that disappears is forgotten.

    Attributes:
        at: When the book last changed [microseconds UTC]; None before the first.
    """

    def __init__(self, *, refill: bool) -> None:
        self.at: int | None = None
        self._refill = refill
        self._book = Book()
        self._unread: tuple[BookChanged, Market] | None = None
        self._taken: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}

    @property
    def crossed(self) -> bool:
        """True where the book contradicts itself: crossed or locked."""
        self._read()
        return self._book.crossed

    def replace(self, event: BookChanged, market: Market) -> None:
        """Take a new book of one of the market's tokens."""
        if is_yes(market, event.token) is None:
            return
        self.at = event.at
        self._unread = (event, market)
        if self._refill:
            for taken in self._taken.values():
                taken.clear()
        if any(self._taken.values()):
            self._read()  # else it can wait: most books are replaced unread

    def lose(self) -> None:
        """Offer nothing until the next whole book; what was taken stays taken."""
        self._read()
        self.at = None
        self._book = Book()

    def change(self, change: LevelChange, market: Market, at: int) -> None:
        """Take the new total of one level of one of the market's tokens."""
        of_yes = is_yes(market, change.token)
        self._read()
        if of_yes is None or not self._book.seen:
            return
        side, price = change.side, change.price
        self._book.change(side, price, change.size, of_yes=of_yes)
        if not of_yes:
            side, price = opposite(side), ONE - price
        self.at = at
        if price in self._taken[side]:
            self._forget(side, price)

    def offers(self, side: Side, limit: int) -> Iterator[Offer]:
        """Yield what an order on `side` could trade with up to `limit`, best first.

        Nothing is offered by a crossed or locked book.
        """
        if self.crossed:
            return
        buys = side is Side.BUY
        best = self._book.best_ask if buys else self._book.best_bid
        if best is None or (best > limit if buys else best < limit):
            return
        taken = self._taken[opposite(side)]
        for price, shown in self._book.asks() if buys else self._book.bids():
            if price > limit if buys else price < limit:
                return
            left = shown - taken.get(price, 0)
            if left >= LOT:
                yield price, left - left % LOT

    def take(self, side: Side, price: int, size: int) -> None:
        """Note that our order on `side` took `size` from the level at `price`."""
        taken = self._taken[opposite(side)]
        taken[price] = taken.get(price, 0) + size

    def _read(self) -> None:
        if self._unread is None:
            return
        event, market = self._unread
        self._unread = None
        of_yes = event.token == market.yes
        self._book.show(event.bids, event.asks, of_yes=of_yes)
        for side, taken in self._taken.items():
            for price in tuple(taken):
                self._forget(side, price)

    def _forget(self, side: Side, price: int) -> None:
        """Never hold more to be taken from a level than it shows."""
        shown = self._book.size_at(side, price)
        if shown:
            taken = self._taken[side]
            taken[price] = min(taken[price], shown)
        else:
            del self._taken[side][price]
