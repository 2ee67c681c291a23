"""Which rows a strategy is asked about: markets, pairs, events, trades, rounds.

The order of rows, and what is cut where there are too many, depends on what markets are
called, never on when they came.
"""

from collections.abc import Mapping

import numpy as np

from polyrules.engine.rows.groups import baskets, events
from polyrules.engine.rows.rowset import Rows, RowSet
from polyrules.engine.state import State
from polyrules.language.rows import Rows as RowDomain
from polyrules.language.strategy import Strategy
from polyrules.language.tiers import TIERS

Inputs = Mapping[str, frozenset[str]]  # wallets or markets, by the name of the input


class RowSource:
    """Where the rows of one strategy come from.

    Args:
        strategy: Whose rows.
        inputs: The desk's lists.
    """

    def __init__(self, strategy: Strategy, inputs: Inputs) -> None:
        self._domain: RowDomain = strategy.rows
        self._owner = strategy.id
        wanted = inputs.get(strategy.rows.source)
        is_list = bool(strategy.rows.source)
        self._listed = (wanted or frozenset()) if is_list else None
        self._known: tuple[int, Rows] | None = None  # rows of a market_set

    def rows(self, state: State) -> RowSet:
        """Return the rows as they stand now, at most as many as the domain allows."""
        domain = self._domain
        match domain.each:
            case "pair":
                found = self._pairs(state)
            case "event":
                found = events(state, self._owner)
            case "basket":
                found = baskets(state, self._owner, domain.kinds)
            case "trade":
                return self._trades(state)
            case "round":
                now = state.now
                rounds = state.table.rounds(domain.series or None, now)
                return self._bounded(self._one_alias(state, rounds))
            case _:
                open_rows = state.table.open_rows()
                return self._bounded(self._one_alias(state, open_rows))
        return self._bounded(found)

    def rows_of(self, state: State, markets: Rows) -> RowSet:
        """Return the rows, of those there are, that speak of some markets."""
        if self._domain.each in ("market", "round"):
            is_open = state.table.is_open()
            found = self._one_alias(state, markets[is_open[markets]])
            if self._domain.each == "market":
                return found
        return self.rows(state).touching(markets)

    def _bounded(self, found: RowSet) -> RowSet:
        most = self._domain.rows_max
        if found.count <= most:
            return found
        kept = found.take(np.arange(most))
        return RowSet(
            count=most,
            markets=kept.markets,
            own=kept.own,
            members=kept.members,
            wallets=kept.wallets,
            cut=found.count - most,
        )

    def _one_alias(self, state: State, rows: Rows) -> RowSet:
        if self._listed is not None:
            rows = rows[np.isin(rows, self._rows_listed(state))]
        if len(rows) > self._domain.rows_max:
            rows = rows[np.argsort(state.joins.ranks()[rows], kind="stable")]
        return RowSet(count=len(rows), markets={"": rows})

    def _rows_listed(self, state: State) -> Rows:
        count = state.table.count
        if self._known is None or self._known[0] != count:
            assert self._listed is not None, "asked only where there is a list"
            rows = [
                known.row
                for known in state.by_row
                if known.market.id in self._listed or known.market.slug in self._listed
            ]
            self._known = count, np.array(rows, dtype=np.intp)
        return self._known[1]

    def _pairs(self, state: State) -> RowSet:
        pairs = state.joins.families.pairs(adjacent=self._domain.adjacent)
        is_open = state.table.is_open()
        both = is_open[pairs.near] & is_open[pairs.far]
        found = RowSet(
            count=len(pairs.near),
            markets={"near": pairs.near, "far": pairs.far},
            own={"pair.gap": pairs.gap, "pair.confidence": pairs.confidence},
        )
        return found.take(both)

    def _trades(self, state: State) -> RowSet:
        domain = self._domain
        found = state.wallets.rows(
            state.now, domain.within, self._listed, domain.rows_max
        )
        return RowSet(
            count=len(found.markets),
            markets={"m": found.markets},
            own=found.columns,
            wallets=tuple(found.wallets),
            cut=found.cut,
        )


def due_by_tier(
    rows: RowSet, state: State, first_tick: int, before: int | None
) -> RowSet:
    """Return the rows whose tier is polled between two turns.

    A tier is due at multiples of its interval, counted from the first tick; a market
    without an end is of the slowest.
    """
    ((_, markets),) = rows.markets.items()
    hours = state.table.read("hours_to_close", markets, state.now)
    due = np.zeros(rows.count, dtype=np.bool_)
    for tier in TIERS.values():
        turns = (state.now - first_tick) // tier.every
        if before is not None and turns == (before - first_tick) // tier.every:
            continue
        inside = ~(hours < tier.above)
        if tier.below is not None:
            inside &= hours < tier.below
        due |= inside
    return rows.take(due)


def named_order(rows: RowSet, state: State) -> Rows:
    """Return the place of each row in the order of what its markets are called."""
    if rows.members or not rows.markets:
        return np.arange(rows.count)  # events and baskets come by name
    ranks = [state.joins.ranks()[each] for each in rows.markets.values()]
    order = np.lexsort(ranks[::-1])
    places = np.empty(rows.count, dtype=np.intp)
    places[order] = np.arange(rows.count)
    return places
