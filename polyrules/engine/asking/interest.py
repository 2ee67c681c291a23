"""Which markets a strategy may come to decide on: those worth following closely.

What is known without following a market, its listing and the time, is asked whether the
market may be in the universe; whatever else the universe reads counts as unknown. So
the answer does not depend on what happens to be followed already. It says nothing of
rules, and decides nothing.
"""

from collections.abc import Callable, Mapping

import numpy as np

from polyrules.engine.rows.rowset import Floats, Rows, RowSet
from polyrules.engine.rows.sources import RowSource
from polyrules.engine.state import State
from polyrules.features.catalog import CATALOG, Feed
from polyrules.language.evaluators.compile import Plan
from polyrules.language.strategy import Strategy

_KNOWN = (Feed.GAMMA, Feed.CLOCK)
_OF_PAIRS = ("pair.gap", "pair.confidence")  # from the markets' questions alone


def _half(left: Floats, right: Floats) -> Floats:
    return (left + right) / 2.0


# What the listing says of the book: too old to act on, good enough to look there first.
_LISTED: Mapping[str, tuple[str, str, Callable[[Floats, Floats], Floats]]] = {
    "best_bid": ("listed_bid", "listed_bid", _half),
    "best_ask": ("listed_ask", "listed_ask", _half),
    "mid": ("listed_bid", "listed_ask", _half),
    "price": ("listed_bid", "listed_ask", _half),
    "spread": ("listed_ask", "listed_bid", np.subtract),
}


def interest(
    strategy: Strategy, plan: Plan, source: RowSource, state: State
) -> tuple[Rows, Rows]:
    """Return rows of the table a strategy may decide on.

    Returns:
        Those whose listed prices fit the universe, and all that may fit it.
    """
    rows = source.rows(state)
    unknown = {n: _column(strategy, n, rows, state) for n in plan.universe_reads}
    perhaps = rows.take(plan.perhaps(unknown, rows.count))
    hinted = {n: _hinted(strategy, n, perhaps, state) for n in plan.universe_reads}
    fits = perhaps.take(plan.universe(hinted, perhaps.count))
    return _markets(fits), _markets(perhaps)


def _column(strategy: Strategy, name: str, rows: RowSet, state: State) -> Floats:
    """Return a column as far as it is known without following the markets."""
    if name in _OF_PAIRS and name in rows.own:
        return rows.own[name]
    if name.startswith("@") or name in rows.own:
        return np.full(rows.count, np.nan)
    alias, plain = strategy.rows.split(name)
    if plain not in CATALOG or CATALOG[plain].feed not in _KNOWN:
        return np.full(rows.count, np.nan)
    return state.table.read(plain, rows.markets[alias], state.now)


def _hinted(strategy: Strategy, name: str, rows: RowSet, state: State) -> Floats:
    """Return the same with prices of the listing in place of those of the book."""
    if not name.startswith("@") and name not in rows.own:
        alias, plain = strategy.rows.split(name)
        if (listed := _LISTED.get(plain)) is not None:
            left, right, join = listed
            markets, read = rows.markets[alias], state.table.read
            return join(read(left, markets, state.now), read(right, markets, state.now))
    return _column(strategy, name, rows, state)


def _markets(rows: RowSet) -> Rows:
    """Return the markets that some rows speak of, each once, ascending."""
    spoken_of = [*rows.markets.values(), *rows.members]
    if not spoken_of:
        return np.empty(0, dtype=np.intp)
    return np.unique(np.concatenate(spoken_of))
