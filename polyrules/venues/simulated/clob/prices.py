"""What each market traded at, a price a minute, for `/prices-history`."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

from polyrules.domain.moments import MINUTE
from polyrules.venues.simulated.exchange.words import Message, Traded

KEPT = 20_000  # prices of a market: two weeks of minutes

Point = tuple[int, str, int]  # when [microseconds UTC], token, price [micro-usd]


class _Past:
    """The prices of one market, in three columns: they are many and stay long."""

    __slots__ = ("at", "price", "tokens", "which")

    def __init__(self) -> None:
        self.at = array("q")
        self.which = array("b")
        self.price = array("q")
        self.tokens: list[str] = []

    def add(self, trade: Traded) -> None:
        """Add a trade; of a minute the last one stays."""
        if self.at and self.at[-1] // MINUTE == trade.at // MINUTE:
            del self.at[-1], self.which[-1], self.price[-1]
        if trade.token not in self.tokens:
            self.tokens.append(trade.token)
        self.at.append(trade.at)
        self.which.append(self.tokens.index(trade.token))
        self.price.append(trade.price)
        if len(self.at) > KEPT:
            for column in (self.at, self.which, self.price):
                del column[: KEPT // 10]

    def between(self, since: int, until: int) -> list[Point]:
        """Return the prices in [since, until), oldest first."""
        first, last = bisect_left(self.at, since), bisect_left(self.at, until)
        return [
            (self.at[each], self.tokens[self.which[each]], self.price[each])
            for each in range(first, last)
        ]


class Prices:
    """The last trade of each minute, by market."""

    def __init__(self) -> None:
        self._of: dict[str, _Past] = {}

    def take(self, messages: Iterable[Message]) -> None:
        """Remember the trades among what happened."""
        for message in messages:
            if isinstance(message, Traded):
                self._of.setdefault(message.market, _Past()).add(message)

    def of(self, market: str, since: int, until: int) -> list[Point]:
        """Return the prices in [since, until), oldest first."""
        past = self._of.get(market)
        return [] if past is None else past.between(since, until)
