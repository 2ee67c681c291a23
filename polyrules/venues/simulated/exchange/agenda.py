"""What is to happen later, in order of time; what is due at once keeps its order."""

import heapq
from collections.abc import Callable

Due = Callable[[int], None]


class Agenda:
    """Things to do at a moment [microseconds UTC]."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Due]] = []
        self._number = 0

    def add(self, at: int, todo: Due) -> None:
        """Call `todo` with `at` once the time has come."""
        self._number += 1
        heapq.heappush(self._heap, (at, self._number, todo))

    def due(self, now: int) -> bool:
        """Tell whether anything is to be done by now."""
        return bool(self._heap) and self._heap[0][0] <= now

    def run(self, now: int) -> None:
        """Do what is due, and what that makes due."""
        while self.due(now):
            at, _, todo = heapq.heappop(self._heap)
            todo(at)
