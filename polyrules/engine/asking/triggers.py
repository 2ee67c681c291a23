"""Events after which a strategy is asked at once, about the markets they speak of."""

from collections.abc import Mapping

import numpy as np

from polyrules.domain.events import (
    BookChanged,
    Event,
    GameChanged,
    LevelsChanged,
    OddsChanged,
    SpotTicked,
    TradePrinted,
    WalletTraded,
)
from polyrules.domain.ids import MarketId, StrategyId
from polyrules.engine.asking.policy import Asked
from polyrules.engine.asking.rules import Rules
from polyrules.engine.rows.rowset import Rows
from polyrules.engine.state import State

KINDS: Mapping[type, str] = {
    BookChanged: "book",
    LevelsChanged: "book",
    TradePrinted: "trade",
    WalletTraded: "wallet",
    SpotTicked: "spot",
    OddsChanged: "odds",
    GameChanged: "game",
}


class Triggers:
    """Who waits for which kind of event."""

    def __init__(self, rules: Mapping[StrategyId, Rules]) -> None:
        self._waiting: dict[str, list[Rules]] = {}
        for each in rules.values():
            for kind in each.strategy.schedule.triggers:
                self._waiting.setdefault(kind, []).append(each)

    def ask(self, event: Event, state: State) -> list[Asked]:
        """Ask every strategy that waits for this event, about its markets only."""
        waiting = self._waiting.get(KINDS.get(type(event), ""), ())
        if not waiting:
            return []
        rows = _rows(event, state)
        if not len(rows):
            return []
        state.refresh()
        return [asked for each in waiting for asked in each.decide_at(state, rows)]


def _rows(event: Event, state: State) -> Rows:
    """Return the rows of the table that an event speaks of."""
    rows: list[int] = []
    if isinstance(event, SpotTicked):
        table = state.table
        for row in table.rounds(None, state.now):
            told = table.round_of(int(row))
            if told is not None and told.symbol == event.symbol:
                rows.append(int(row))
    else:
        known = state.markets.get(getattr(event, "market", MarketId("")))
        rows += [] if known is None else [known.row]
    return np.array(rows, dtype=np.intp)
