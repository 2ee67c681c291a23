"""Book features: what one look at a market's book says, written into its row.

Prices and sizes leave the book as micro-units and enter the columns as floats. A
crossed or locked book says nothing; of a one-sided book the empty side is missing.
"""

import math
from collections.abc import Mapping
from itertools import accumulate
from typing import Protocol

from polyrules.domain.market import Book
from polyrules.domain.money import ONE

DEPTHS = (5, 10, 20, 50)
WALL_LEVELS = 20

_SIDES = ("bid", "ask")
COLUMNS = tuple(
    name
    for side in _SIDES
    for name in (
        f"best_{side}",
        f"{side}_size",
        *(f"{side}_depth_{depth}" for depth in DEPTHS),
        f"{side}_levels",
        f"{side}_wall_price",
        f"{side}_wall_size",
    )
)
_HALF = len(COLUMNS) // 2
_MISSING = (math.nan,) * _HALF


class Column(Protocol):
    """A column that is written cell by cell."""

    def __setitem__(self, row: int, number: float, /) -> None:
        """Write one cell."""
        ...


Cells = Mapping[str, Column]  # by column name


def write_book(cells: Cells, row: int, book: Book) -> None:
    """Write all of `COLUMNS` for one market.

    Args:
        cells: The table's cells.
        row: The market's row.
        book: Its book as it stands, in YES terms.
    """
    if book.crossed:
        numbers = _MISSING + _MISSING
    else:
        numbers = _side(book.bids()) + _side(book.asks())
    for name, number in zip(COLUMNS, numbers, strict=True):
        cells[name][row] = number


def _side(levels: list[tuple[int, int]]) -> tuple[float, ...]:
    """Return the numbers of one side, in the order of its half of `COLUMNS`."""
    if not levels:
        # An empty side has no price; that it holds nothing is known.
        return (math.nan, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, math.nan, math.nan)
    sums = list(accumulate(size for _, size in levels[: DEPTHS[-1]]))
    wall_price, wall_size = max(levels[:WALL_LEVELS], key=lambda level: level[1])
    return (
        levels[0][0] / ONE,
        levels[0][1] / ONE,
        *(sums[min(depth, len(sums)) - 1] / ONE for depth in DEPTHS),
        float(len(levels)),
        wall_price / ONE,
        wall_size / ONE,
    )
