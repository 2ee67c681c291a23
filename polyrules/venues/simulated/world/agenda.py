"""What is to be done when, in order of time and then of entry."""

import heapq
from collections.abc import Callable

Deed = Callable[[int], None]  # is given the moment [microseconds UTC]


class Agenda:
    """Deeds by the moment they are due."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, Deed]] = []
        self._number = 0

    def add(self, at: int, deed: Deed) -> None:
        """Let `deed` be done at `at` [microseconds UTC]; at the next run if passed."""
        self._number += 1
        heapq.heappush(self._entries, (at, self._number, deed))

    def run(self, now: int) -> None:
        """Do all that is due at `now`, what is added meanwhile included."""
        while self._entries and self._entries[0][0] <= now:
            _, _, deed = heapq.heappop(self._entries)
            deed(now)
