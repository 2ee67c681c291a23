"""What each market traded at, a price a minute, for `/prices-history`."""

from bisect import bisect_left
from collections.abc import Iterable

from polyrules.domain.moments import MINUTE
from polyrules.venues.simulated.exchange.words import Message, Traded

KEPT = 20_000  # prices of a market: two weeks of minutes

Point = tuple[int, str, int]  # when [microseconds UTC], token, price [micro-usd]


class Prices:
    """The last trade of each minute, by market."""

    def __init__(self) -> None:
        self._of: dict[str, list[Point]] = {}

    def take(self, messages: Iterable[Message]) -> None:
        """Remember the trades among what happened."""
        for message in messages:
            if isinstance(message, Traded):
                self._add(message)

    def of(self, market: str, since: int, until: int) -> list[Point]:
        """Return the prices in [since, until), oldest first."""
        points = self._of.get(market, [])
        first = bisect_left(points, since, key=_at)
        return points[first : bisect_left(points, until, key=_at)]

    def _add(self, trade: Traded) -> None:
        points = self._of.setdefault(trade.market, [])
        point = (trade.at, trade.token, trade.price)
        if points and points[-1][0] // MINUTE == trade.at // MINUTE:
            points[-1] = point
            return
        points.append(point)
        if len(points) > KEPT:
            del points[: KEPT // 10]


def _at(point: Point) -> int:
    return point[0]
