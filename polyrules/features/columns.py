"""Columns of numbers by row, for what only few markets have.

They take no memory until the first row is written, and reach as far as the last row
that was. A row that was never written is missing (NaN).
"""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

FIRST_CAPACITY = 64


class Beside(Protocol):
    """What stands beside some markets, and keeps columns of its own."""

    def read(self, name: str, rows: Rows, now: int) -> Floats:
        """Return a feature for some rows as of `now`, NaN where it is missing."""
        ...

    def why_missing(self, name: str, row: int, now: int) -> str:
        """Return why a feature that is missing for a row is."""
        ...


class Columns:
    """Float64 columns of one length, by name."""

    def __init__(self, *names: str) -> None:
        self._at = {name: number for number, name in enumerate(names)}
        self._numbers: Floats = np.empty((len(names), 0))

    def write(self, row: int, **numbers: float) -> None:
        """Write some columns of one row; the others keep what they have."""
        if row >= self._numbers.shape[1]:
            self._grow(row + 1)
        for name, number in numbers.items():
            self._numbers[self._at[name], row] = number

    def cell(self, name: str, row: int) -> float:
        """Return one number, NaN if it was never written."""
        inside = row < self._numbers.shape[1]
        return float(self._numbers[self._at[name], row]) if inside else math.nan

    def read(self, name: str, rows: Rows) -> Floats:
        """Return the numbers of some rows, shape (len(rows),), a copy."""
        values = np.full(len(rows), math.nan)
        inside = rows < self._numbers.shape[1]
        values[inside] = self._numbers[self._at[name], rows[inside]]
        return values

    def _grow(self, rows: int) -> None:
        count, before = self._numbers.shape
        wider = np.full((count, max(rows, 2 * before, FIRST_CAPACITY)), math.nan)
        wider[:, :before] = self._numbers
        self._numbers = wider
