"""Events and baskets as rows: what the markets of one question come to together.

Every number is missing where one market's is: a basket with an unknown leg has no
price. A sum is snapped to the grid of prices, so that three times 1/3 is 1.
"""

import math

import numpy as np

from polyrules.domain.ids import StrategyId
from polyrules.engine.rows.rowset import Floats, RowSet
from polyrules.engine.state import State
from polyrules.features.catalog import ROW_FEATURES
from polyrules.features.entities import KINDS
from polyrules.features.joins import Groups

LEGS_OF_BINARY = 2.0
PRICE_GRID = 1e9


def events(state: State, owner: StrategyId) -> RowSet:
    """Return one row for each event of several markets, by the name of the event."""
    groups = state.joins.groups()
    if not len(groups.starts):
        return RowSet(count=0, own=_none("event"))
    each = _Grouped(state, groups)
    is_open = state.table.is_open()[groups.rows]
    own = {
        "event.markets": each.sizes,
        "event.open_markets": each.of(is_open.astype(np.float64), np.add),
        "event.complete": each.complete(),
        "event.neg_risk": each.read("neg_risk", np.minimum),
        "event.sum_price": _snapped(each.read("price", np.add)),
        "event.max_price": each.read("price", np.maximum),
        "event.min_price": each.read("price", np.minimum),
        "event.volume_24h": each.read("volume_24h", np.add),
        "event.liquidity": each.read("liquidity", np.add),
        "event.hours_to_close": each.read("hours_to_close", np.minimum),
        "event.position_cost": each.of(_costs(state, owner)[groups.rows], np.add),
    }
    return RowSet(count=len(groups.starts), own=own, members=groups.members)


def baskets(state: State, owner: StrategyId, kinds: tuple[str, ...]) -> RowSet:
    """Return one row for each basket: of one market, then of one neg-risk event."""
    found = [
        make(state, owner)
        for kind, make in (("binary", _binary), ("neg_risk", _neg_risk))
        if kind in kinds
    ]
    names = found[0].own
    return RowSet(
        count=sum(each.count for each in found),
        own={
            name: np.concatenate([each.own[name] for each in found]) for name in names
        },
        members=tuple(rows for each in found for rows in each.members),
    )


def _binary(state: State, owner: StrategyId) -> RowSet:
    """Return YES and NO of every open market: one of each pays 1."""
    rows = state.table.open_rows()
    rows = rows[np.argsort(state.joins.ranks()[rows], kind="stable")]

    def read(name: str) -> Floats:
        return state.table.read(name, rows, state.now)

    yes, no, rate = read("best_ask"), read("no_best_ask"), read("fee_rate")
    sizes = np.minimum(read("ask_size"), read("bid_size"))
    missing = np.full(len(rows), math.nan)
    own = {
        "basket.kind": np.full(len(rows), float(KINDS.index("binary"))),
        "basket.legs": np.full(len(rows), LEGS_OF_BINARY),
        "basket.complete": (~np.isnan(yes + no)).astype(np.float64),
        "basket.sum_yes_ask": _snapped(yes + no),
        "basket.sum_no_ask": missing,
        "basket.min_ask_depth": sizes,
        "basket.min_no_ask_depth": missing,
        "basket.max_book_age": read("book_age"),
        "basket.fee_yes": _fee(yes, rate) + _fee(no, rate),
        "basket.fee_no": missing,
        "basket.position_cost": _costs(state, owner)[rows],
    }
    return RowSet(
        count=len(rows),
        own=own,
        members=tuple(rows[i : i + 1] for i in range(len(rows))),
    )


def _neg_risk(state: State, owner: StrategyId) -> RowSet:
    """Return the events of which exactly one market wins: one YES of each pays 1."""
    groups = state.joins.groups()
    if not len(groups.starts):
        return RowSet(count=0, own=_none("basket"))
    each = _Grouped(state, groups)
    yes, no = each.column("best_ask"), each.column("no_best_ask")
    rate = each.column("fee_rate")
    count = len(groups.starts)
    own = {
        "basket.kind": np.full(count, float(KINDS.index("neg_risk"))),
        "basket.legs": each.sizes,
        "basket.complete": each.complete(),
        "basket.sum_yes_ask": _snapped(each.of(yes, np.add)),
        "basket.sum_no_ask": _snapped(each.of(no, np.add)),
        "basket.min_ask_depth": each.read("ask_size", np.minimum),
        "basket.min_no_ask_depth": each.read("bid_size", np.minimum),
        "basket.max_book_age": each.read("book_age", np.maximum),
        "basket.fee_yes": each.of(_fee(yes, rate), np.add),
        "basket.fee_no": each.of(_fee(no, rate), np.add),
        "basket.position_cost": each.of(_costs(state, owner)[groups.rows], np.add),
    }
    found = RowSet(count=count, own=own, members=groups.members)
    return found.take(each.read("neg_risk", np.minimum) == 1.0)


class _Grouped:
    """Features of markets, drawn together for each event."""

    def __init__(self, state: State, groups: Groups) -> None:
        self._state = state
        self._groups = groups
        self.sizes = np.diff(np.append(groups.starts, len(groups.rows))).astype(float)

    def column(self, name: str) -> Floats:
        """Return a feature of every market of every event, event by event."""
        return self._state.table.read(name, self._groups.rows, self._state.now)

    def of(self, values: Floats, how: np.ufunc) -> Floats:
        """Return values of markets drawn together; NaN where one of them is."""
        drawn: Floats = how.reduceat(values, self._groups.starts)
        return drawn

    def read(self, name: str, how: np.ufunc) -> Floats:
        """Return a feature drawn together."""
        return self.of(self.column(name), how)

    def complete(self) -> Floats:
        """Return 1 where every market the venue lists is open and has an ask."""
        known = ~np.isnan(self.column("best_ask"))
        is_open = self._state.table.is_open()[self._groups.rows]
        whole = self.of((known & is_open).astype(np.float64), np.minimum)
        told = self._groups.told
        return np.where(np.isnan(told), math.nan, whole * (self.sizes == told))


def _fee(price: Floats, rate: Floats) -> Floats:
    return rate * price * (1.0 - price)


def _snapped(values: Floats) -> Floats:
    snapped: Floats = np.rint(values * PRICE_GRID) / PRICE_GRID
    return snapped


def _costs(state: State, owner: StrategyId) -> Floats:
    """Return what a strategy paid for what it holds, for every row of the table."""
    costs = np.zeros(state.table.count)
    for position in state.own[owner].portfolio.positions.values():
        costs[state.markets[position.market].row] += float(position.cost)
    return costs


def _none(entity: str) -> dict[str, Floats]:
    return {name: np.empty(0) for name in ROW_FEATURES[entity]}
