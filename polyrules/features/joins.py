"""Which markets belong together: events, deadline families, and their order by name.

Worked out when somebody asks, and again only after a market came or changed.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyrules.domain.ids import GroupId
from polyrules.domain.market import Market
from polyrules.features.families import Families

Rows = NDArray[np.intp]
SEVERAL = 2  # markets that make an event a row


class Groups(NamedTuple):
    """Events of several markets, by name; in each the markets by their id.

    Attributes:
        names: Of the events, shape (k,).
        rows: Rows of the table, event after event, shape (n,).
        starts: Where each event begins in `rows`, shape (k,).
        members: The rows of each event.
        told: How many markets the venue says an event has; NaN where it did not.
    """

    names: tuple[GroupId, ...]
    rows: Rows
    starts: Rows
    members: tuple[Rows, ...]
    told: NDArray[np.float64]


class Joins:
    """Remembers every market, and draws them together."""

    def __init__(self) -> None:
        self._markets: list[Market] = []  # by row
        self._seen: list[int] = []
        self._unread: dict[int, None] = {}  # rows the families have not looked at
        self._families = Families()
        self._groups: Groups | None = None
        self._codes: dict[str, Rows] = {}
        self._ranks: Rows | None = None

    def take(self, row: int, market: Market, at: int) -> None:
        """Take in a market, or what is newly known of it; rows come in their order."""
        if row == len(self._markets):
            self._markets.append(market)
            self._seen.append(at)
        elif self._markets[row] == market:
            return  # a listing that says nothing new of what belongs together
        else:
            self._markets[row] = market
        self._ranks = None
        self._unread[row] = None
        self._groups = None
        self._codes.clear()

    @property
    def families(self) -> Families:
        """The deadline families of all markets."""
        for row in self._unread:
            self._families.add(row, self._markets[row], self._seen[row])
        self._unread.clear()
        return self._families

    def ranks(self) -> Rows:
        """Return the place of each row in the order of (group, market), shape (n,)."""
        if self._ranks is None:
            names = [(market.group or "", market.id) for market in self._markets]
            order = sorted(range(len(names)), key=names.__getitem__)
            self._ranks = np.empty(len(names), dtype=np.intp)
            self._ranks[order] = np.arange(len(names))
        return self._ranks

    def codes(self, by: str) -> Rows:
        """Return the group of each row: event, family, category or all; -1 for none.

        Codes are as good as their names: they say which rows belong together.
        """
        if by not in self._codes:
            self._codes[by] = self._coded(by)
        return self._codes[by]

    def _coded(self, by: str) -> Rows:
        match by:
            case "event":
                names: list[str | None] = [market.group for market in self._markets]
            case "category":
                names = [market.category for market in self._markets]
            case "family":
                names = [None] * len(self._markets)
                for family in self.families.all():
                    for member in family.members:
                        names[member.row] = family.stem
            case _:
                return np.zeros(len(self._markets), dtype=np.intp)
        numbers = {name: code for code, name in enumerate(dict.fromkeys(names)) if name}
        return np.array([numbers.get(name or "", -1) for name in names], dtype=np.intp)

    def groups(self) -> Groups:
        """Return the events of several markets."""
        if self._groups is None:
            self._groups = self._grouped()
        return self._groups

    def _grouped(self) -> Groups:
        found: dict[GroupId, list[int]] = {}
        for row, market in enumerate(self._markets):
            if market.group is not None:
                found.setdefault(market.group, []).append(row)
        names = sorted(name for name, rows in found.items() if len(rows) >= SEVERAL)
        members = [
            sorted(found[name], key=lambda row: self._markets[row].id) for name in names
        ]
        sizes = [len(rows) for rows in members]
        told = [self._told(rows) for rows in members]
        return Groups(
            names=tuple(names),
            rows=np.array([row for rows in members for row in rows], dtype=np.intp),
            starts=np.cumsum([0, *sizes[:-1]], dtype=np.intp)[: len(names)],
            members=tuple(np.array(rows, dtype=np.intp) for rows in members),
            told=np.array(told, dtype=np.float64),
        )

    def _told(self, rows: list[int]) -> float:
        sizes = [self._markets[row].group_size for row in rows]
        return max(
            (float(size) for size in sizes if size is not None), default=math.nan
        )
