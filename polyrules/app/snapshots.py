"""Features of every tier snapshot, made beside a recording, for research.

It follows the events as an engine without strategies would and, as often as a market's
tier is polled, writes down all features of the catalog that are not the portfolio's.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from polyrules.domain.events import ClockTicked, Event, Stage, StageChanged
from polyrules.domain.ids import MarketId
from polyrules.domain.money import Usd
from polyrules.engine.state import State
from polyrules.features.catalog import CATALOG, Feed
from polyrules.features.table import Feeds
from polyrules.venues.recording.snapshots import SnapshotWriter

TIERS = (Stage.T0, Stage.T1, Stage.T2, Stage.T3, Stage.T4)
NAMES = tuple(n for n, each in CATALOG.items() if each.feed is not Feed.PORTFOLIO)
AGES = ("book_age", "last_trade_age", "time_since_whale", "spot.age", "odds.age")
PASSIVE = (
    *AGES,
    "game.event_age",
    *(name for name, each in CATALOG.items() if each.feed is Feed.CLOCK),
)


class Snapshots:
    """Sees the events of a recording, and writes a table of features beside it.

    Args:
        path: The folder of the table.
        every: How often a snapshot of T0 to T4 is due [microseconds].
        feeds: The feeds there are.
    """

    def __init__(
        self, path: Path, every: Sequence[int], feeds: tuple[Feed, ...]
    ) -> None:
        self._writer = SnapshotWriter(path, NAMES, PASSIVE)
        self._state = State(Usd(Decimal(0)), (), Feeds(given=feeds))
        self._every = tuple(every)
        self._due = [0] * len(TIERS)
        self._tier: dict[MarketId, int] = {}

    @property
    def rows(self) -> int:
        """Rows that told something new, so far."""
        return self._writer.rows

    def see(self, event: Event) -> None:
        """Take in what happened; at a tick, write the snapshots that are due.

        Raises:
            TapeError: They cannot be written.
        """
        self._state.apply(event)
        if isinstance(event, StageChanged):
            self._stage(event)
        elif isinstance(event, ClockTicked):
            due = [tier for tier in range(len(TIERS)) if event.at >= self._due[tier]]
            if due:
                self._write(event.at, due)

    def close(self) -> None:
        """Put the table in order."""
        self._writer.close()

    def _stage(self, event: StageChanged) -> None:
        if event.stage in TIERS:
            self._tier[event.market] = TIERS.index(event.stage)
        else:
            self._tier.pop(event.market, None)

    def _write(self, at: int, due: list[int]) -> None:
        members: dict[int, list[MarketId]] = defaultdict(list)
        for market, tier in self._tier.items():
            if market in self._state.markets:
                members[tier].append(market)
        self._state.refresh()
        for tier in due:
            self._due[tier] = at - at % self._every[tier] + self._every[tier]
            if members[tier]:
                self._writer.add(at, tier, members[tier], self._read(members[tier], at))

    def _read(self, markets: list[MarketId], at: int) -> np.ndarray:
        rows = np.array([self._state.markets[each].row for each in markets], np.intp)
        table = self._state.table
        return np.column_stack([table.read(name, rows, at) for name in NAMES])
