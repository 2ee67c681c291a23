"""The columns of what looks back in time or at other markets, for one strategy.

They are worked out over all markets at each turn of the strategy, in its universe or
not, so that a market that enters it already has its past. Between turns they stand as
they were.
"""

import numpy as np

from polyrules.engine.rows.reading import Columns, Reading
from polyrules.engine.rows.rowset import Floats
from polyrules.engine.state import State
from polyrules.language.evaluators import groups
from polyrules.language.evaluators.compile import Plan
from polyrules.language.evaluators.windows import History
from polyrules.language.strategy import Grouping, Strategy, Window


class Hoisted:
    """Remembers the samples of a strategy's windows.

    Attributes:
        columns: Every hoisted column over all rows as of the last turn, by "@" name.
    """

    def __init__(self, strategy: Strategy, plan: Plan) -> None:
        self.columns: Columns = {}
        self._strategy = strategy
        self._plan = plan
        self._histories = {each.name: History(each) for each in strategy.windows}

    def observe(self, state: State) -> Columns:
        """Work out every column as of now, and take a new sample of each window."""
        self.columns = {}
        reading = Reading(self._strategy, self._plan, state, self.columns)
        rows = np.arange(state.table.count)
        for index, each in enumerate(self._strategy.hoisted):
            inputs = {
                name: self.columns[name]
                if name.startswith("@")
                else reading.of_markets(name, rows)
                for name in self._plan.hoisted_reads(index)
            }
            values = self._plan.hoisted_argument(index, inputs, len(rows))
            match each:
                case Window():
                    self.columns[each.name] = self._looked_back(each, values, state)
                case Grouping():
                    self.columns[each.name] = _grouped(each, values, state)
        return self.columns

    def covering(self, count: int) -> Columns:
        """Return the columns of the last turn, missing for markets seen since."""
        for name, column in self.columns.items():
            if len(column) < count:
                more = np.full(count - len(column), np.nan)
                self.columns[name] = np.concatenate([column, more])
        return self.columns

    def _looked_back(self, window: Window, values: Floats, state: State) -> Floats:
        is_price = window.argument.type.unit == "prob"
        tick = state.table.column("tick_size") if is_price else None
        return self._histories[window.name].observe(state.now, values, tick)


def _grouped(grouping: Grouping, values: Floats, state: State) -> Floats:
    codes = state.joins.codes(grouping.by)
    # What is resolved and not paid out yet is still at stake.
    shown = (
        codes
        if grouping.kernel == "exposure"
        else np.where(state.table.is_open(), codes, groups.NO_GROUP)
    )
    return groups.of(grouping, values, shown)
