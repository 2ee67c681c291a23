"""What coins cost when rounds began and ended: the price that held at a moment.

Rules work this out for themselves from the same events; here it is for whoever watches.
"""

from bisect import bisect_right
from collections import deque

from polyrules.domain.events import SpotTicked
from polyrules.domain.moments import MINUTE

WITHIN = MINUTE  # how old what holds at a moment may be
KEPT = 3 * MINUTE


class Prices:
    """The last minutes of each price of each coin."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], deque[tuple[int, float]]] = {}

    def add(self, event: SpotTicked) -> None:
        """Take in a price; one that is older than the last is left out."""
        told = self._told.setdefault((event.symbol, event.source), deque())
        at = event.at if event.venue_at is None else min(event.venue_at, event.at)
        if told and at < told[-1][0]:
            return
        told.append((at, event.price))
        while told[0][0] < at - KEPT:
            told.popleft()

    def held(self, symbol: str, source: str, moment: int) -> float | None:
        """Return the price that held at a moment [microseconds UTC].

        None where none was told, or the last one was a minute old by then.
        """
        told = self._told.get((symbol, source), ())
        place = bisect_right(told, moment, key=lambda each: each[0]) - 1
        if place < 0 or moment - told[place][0] > WITHIN:
            return None
        return told[place][1]
