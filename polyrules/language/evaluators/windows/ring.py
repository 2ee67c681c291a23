"""Rows of numbers by time, of which the oldest can be dropped.

Room doubles when it is full of what is still held, so it stays flat over time. It knows
nothing of what the numbers mean.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

FIRST_ROOM = 16
FIRST_WIDTH = 16  # never 1: NumPy adds up a single column in another order


class Ring:
    """One row of numbers for each time and layer, in C order."""

    def __init__(self, layers: int) -> None:
        self._start = 0
        self._end = 0
        self._times = np.zeros(FIRST_ROOM, dtype=np.int64)
        self._cells = np.zeros((layers, FIRST_ROOM, FIRST_WIDTH))

    @property
    def size(self) -> int:
        """Return how many numbers there is room for."""
        return self._cells.size

    @property
    def times(self) -> Times:
        """Return the times held, ascending; a view, shape (k,)."""
        return self._times[self._start : self._end]

    @property
    def cells(self) -> Floats:
        """Return all numbers held; a view, shape (layers, k, width)."""
        return self._cells[:, self._start : self._end]

    def layer(self, index: int) -> Floats:
        """Return one number of every time and row; a view, shape (k, width)."""
        return self._cells[index, self._start : self._end]

    def append(self, time: int, *layers: Floats) -> None:
        """Add a time at the end, with one row of numbers for each layer."""
        if self._end == len(self._times):
            held = self._end - self._start
            grows = 2 * held > len(self._times)
            self._move(len(self._times) * (2 if grows else 1))
        self._times[self._end] = time
        for cells, numbers in zip(self._cells, layers, strict=True):
            cells[self._end] = numbers
        self._end += 1

    def drop(self, count: int) -> None:
        """Forget the oldest times."""
        self._start += count

    def drop_last(self) -> None:
        """Forget the newest time."""
        self._end -= 1

    def widen(self, width: int, fills: Iterable[float]) -> None:
        """Add rows, filled with one number for each layer."""
        layers, room, old = self._cells.shape
        cells = np.empty((layers, room, width))
        cells[:, :, :old] = self._cells
        for layer, fill in zip(cells, fills, strict=True):
            layer[:, old:] = fill
        self._cells = cells

    def restore(self, times: Times, cells: Floats) -> None:
        """Hold what another ring held: copies of its `times` and `cells`."""
        count = len(times)
        room = FIRST_ROOM
        while room < count:
            room *= 2
        layers, _, width = cells.shape
        self._times = np.zeros(room, dtype=np.int64)
        self._cells = np.zeros((layers, room, width))
        self._times[:count] = times
        self._cells[:, :count] = cells
        self._start, self._end = 0, count

    def _move(self, room: int) -> None:
        """Move what is held to the front of a new room."""
        held = slice(self._start, self._end)
        count = self._end - self._start
        layers, _, width = self._cells.shape
        times = np.zeros(room, dtype=np.int64)
        cells = np.zeros((layers, room, width))
        times[:count] = self._times[held]
        cells[:, :count] = self._cells[:, held]
        self._times, self._cells = times, cells
        self._start, self._end = 0, count
