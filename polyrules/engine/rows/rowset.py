"""The rows of one strategy at one moment, as columns.

All columns of a row come from one moment, so that what is joined fits together.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from polyrules.features.catalog import ROW_FEATURES
from polyrules.language.strategy import Strategy

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class RowSet:
    """The rows of one strategy at one moment; arrays are of shape (count,).

    Attributes:
        markets: Rows of the table by alias; none where a row is a whole event.
        own: The rows' own features, by their dotted names.
        members: Of events and baskets: the markets of each row.
        wallets: Of trades: whose each is.
        cut: How many rows were left out to stay within the bound.
    """

    count: int
    markets: Mapping[str, Rows] = field(default_factory=dict)
    own: Mapping[str, Floats] = field(default_factory=dict)
    members: tuple[Rows, ...] = ()
    wallets: tuple[str, ...] = ()
    cut: int = 0

    def take(self, chosen: NDArray[np.bool_] | Rows) -> "RowSet":
        """Return some of the rows, by mask or by index."""
        at = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        if not self.own and not self.members and not self.wallets:
            markets = {alias: rows[at] for alias, rows in self.markets.items()}
            return RowSet(count=len(at), markets=markets)
        return RowSet(
            count=len(at),
            markets={alias: rows[at] for alias, rows in self.markets.items()},
            own={name: column[at] for name, column in self.own.items()},
            members=tuple(self.members[i] for i in at) if self.members else (),
            wallets=tuple(self.wallets[i] for i in at) if self.wallets else (),
        )

    def involved(self, index: int) -> tuple[int, ...]:
        """Return the table's rows that one row speaks of."""
        if self.members:
            return tuple(int(row) for row in self.members[index])
        return tuple(int(rows[index]) for rows in self.markets.values())

    def touching(self, rows: Rows) -> "RowSet":
        """Return the rows that speak of any of these rows of the table."""
        if self.members:
            sizes = [len(each) for each in self.members]
            hits = np.isin(np.concatenate(self.members), rows)
            starts = np.cumsum([0, *sizes[:-1]])
            return self.take(np.logical_or.reduceat(hits, starts))
        touched = np.zeros(self.count, dtype=np.bool_)
        for each in self.markets.values():
            touched |= np.isin(each, rows)
        return self.take(touched)


def alone(strategy: Strategy, rows: Rows) -> RowSet:
    """Return rows of one market each, whatever they were found by.

    What such a row has of its own, such as the trade that led to it, is missing.
    """
    (alias,) = strategy.rows.domain.markets
    own = ROW_FEATURES.get(strategy.rows.domain.own, {})
    gone = {name: np.full(len(rows), math.nan) for name in own}
    return RowSet(count=len(rows), markets={alias: rows}, own=gone)
