"""What one strategy sees at one moment: columns in, recorded values out.

A reading joins the table's features, the strategy's own positions and orders, and the
columns of its windows. It decides nothing.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from polyrules.domain.moments import HOUR
from polyrules.domain.portfolio import Position
from polyrules.domain.steps import Value
from polyrules.engine.rows.rowset import Floats, Rows, RowSet
from polyrules.engine.state import MarketState, State
from polyrules.features.catalog import CATALOG, Feed
from polyrules.language.evaluators.compile import Plan
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.rows import type_of
from polyrules.language.strategy import Strategy

Columns = dict[str, Floats]


class Reading:
    """One strategy's view of the state, while one event is processed.

    Args:
        strategy: Whose view.
        plan: Its compiled form.
        state: As refreshed for this event.
        windows: Column of every hoisted window over all rows, by its "@" name.
    """

    def __init__(
        self,
        strategy: Strategy,
        plan: Plan,
        state: State,
        windows: Mapping[str, Floats],
    ) -> None:
        self.state = state
        self._strategy = strategy
        self._plan = plan
        self._windows = windows
        self._lets = {let.name: let.expression.type for let in strategy.lets}
        self._aliases = {each.name: each.alias for each in strategy.hoisted}

    def columns(self, names: Iterable[str], rows: RowSet) -> Columns:
        """Return features and windows for some rows, shape (rows.count,) each."""
        return {name: self.column(name, rows) for name in names}

    def column(self, name: str, rows: RowSet) -> Floats:
        """Return one feature or window for some rows, shape (rows.count,)."""
        if name.startswith("@"):
            return self._windows[name][rows.markets[self._aliases[name]]]
        if name in rows.own:
            return rows.own[name]
        alias, plain = self._strategy.rows.split(name)
        return self.of_markets(plain, rows.markets[alias])

    def of_markets(self, name: str, rows: Rows) -> Floats:
        """Return a feature of the catalog for some rows of the table."""
        if CATALOG[name].feed is Feed.PORTFOLIO:
            return self._held(name)[rows]
        return self.state.table.read(name, rows, self.state.now)

    def values(
        self, names: Iterable[str], columns: Columns, count: int
    ) -> list[dict[str, Value]]:
        """Return what the named features and lets were, one dict a row.

        Args:
            names: Features and lets.
            columns: Everything the strategy reads, shape (count,) each.
            count: Number of rows.
        """
        ordered = sorted(names)
        own = [name for name in ordered if name in self._lets]
        lets = self._plan.lets(own, columns, count)
        found = [(name, lets.get(name), self._type(name)) for name in ordered]
        return [
            {
                name: _value(columns[name][at] if let is None else let[at], type_)
                for name, let, type_ in found
            }
            for at in range(count)
        ]

    def missing(self, expression: Expression | None, columns: Columns) -> str:
        """Return " (x missing)" for what an expression lacks in the first row."""
        if expression is None:
            return ""
        names = sorted(self._plan.reads_of(expression))
        gone = [n for n in names if len(columns[n]) and math.isnan(columns[n][0])]
        return f" ({', '.join(gone)} missing)" if gone else ""

    def _type(self, name: str) -> Type:
        if name in self._lets:
            return self._lets[name]
        return type_of(self._strategy.rows.feature(name))

    def _held(self, name: str) -> Floats:
        """Return a portfolio feature of this strategy for every row of the table."""
        state = self.state
        column = np.zeros(state.table.count)
        if name == "round.trades_taken":
            for market, count in state.record[self._strategy.id].entries.items():
                column[state.markets[market].row] = float(count)
            return column
        if name == "open_orders":
            for live in state.open_orders(strategy=self._strategy.id):
                column[state.markets[live.order.market].row] += 1.0
            return column
        if name == "position_avg_price":
            column.fill(math.nan)
        held: set[int] = set()
        for position in state.own[self._strategy.id].portfolio.positions.values():
            known = state.markets[position.market]
            number = _holding(name, position, known, state.now)
            if known.row not in held:
                column[known.row] = number
            elif name == "position_hours":
                column[known.row] = max(column[known.row], number)
            elif name == "position_avg_price":
                column[known.row] = math.nan  # two tokens have no one price
            else:
                column[known.row] += number
            held.add(known.row)
        return column


def _holding(name: str, position: Position, known: MarketState, now: int) -> float:
    is_yes = position.token == known.market.yes
    shares = float(position.shares)
    match name:
        case "position_yes_shares":
            return shares if is_yes else 0.0
        case "position_no_shares":
            return 0.0 if is_yes else shares
        case "position_avg_price":
            return float(position.cost / position.shares)
        case "position_cost":
            return float(position.cost)
        case "position_hours":
            return (now - position.opened_at) / HOUR
        case _:
            return shares


def _value(number: float, type_: Type) -> Value:
    if math.isnan(number):
        return None
    if type_.kind is Kind.BOOL:
        return bool(number)
    if type_.kind is Kind.ENUM:
        return type_.values[int(number)]
    return float(number)
