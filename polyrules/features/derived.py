"""Features that follow from stored columns or from the time, worked out when read."""

import math
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from polyrules.domain.moments import HOUR, hour_of, weekday_of
from polyrules.domain.money import ONE
from polyrules.features.columns import Floats, Rows
from polyrules.features.feature import NEVER, PRICE_SPREAD_MAX


class Stored(Protocol):
    """The columns that are stored, and which books are too old to be believed."""

    def column(self, name: str) -> Floats:
        """Return a stored column, shape (count,)."""
        ...

    def stale(self, rows: Rows, now: int) -> NDArray[np.bool_]:
        """Return where the book is older than its maximum age, shape (n,)."""
        ...


def _snap(values: Floats) -> Floats:
    return np.rint(values * 1e9) / 1e9 + 0.0


def _no_best_bid(table: Stored, rows: Rows, _: int) -> Floats:
    return _snap(1.0 - table.column("best_ask")[rows])


def _no_best_ask(table: Stored, rows: Rows, _: int) -> Floats:
    return _snap(1.0 - table.column("best_bid")[rows])


def _mid(table: Stored, rows: Rows, _: int) -> Floats:
    both = table.column("best_bid")[rows] + table.column("best_ask")[rows]
    return _snap(both / 2.0)


def _spread(table: Stored, rows: Rows, _: int) -> Floats:
    return _snap(table.column("best_ask")[rows] - table.column("best_bid")[rows])


def _price(table: Stored, rows: Rows, now: int) -> Floats:
    tight = _spread(table, rows, now) <= PRICE_SPREAD_MAX
    tight &= ~table.stale(rows, now)
    return np.where(
        tight, _mid(table, rows, now), table.column("last_trade_price")[rows]
    )


def _microprice(table: Stored, rows: Rows, _: int) -> Floats:
    bid, ask = table.column("best_bid")[rows], table.column("best_ask")[rows]
    bids, asks = table.column("bid_size")[rows], table.column("ask_size")[rows]
    return _snap(_ratio(bid * asks + ask * bids, bids + asks))


def _book_imbalance(table: Stored, rows: Rows, _: int) -> Floats:
    bids, asks = table.column("bid_size")[rows], table.column("ask_size")[rows]
    return _ratio(bids - asks, bids + asks)


def _depth_imbalance(table: Stored, rows: Rows, _: int) -> Floats:
    bids = table.column("bid_depth_10")[rows]
    asks = table.column("ask_depth_10")[rows]
    return _ratio(bids - asks, bids + asks)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0.0, top / bottom, math.nan)


def _book_age(table: Stored, rows: Rows, now: int) -> Floats:
    return (now - table.column("@book_at")[rows]) / ONE


def _last_trade_age(table: Stored, rows: Rows, now: int) -> Floats:
    return _since(table.column("@trade_at")[rows], now)


def _time_since_whale(table: Stored, rows: Rows, now: int) -> Floats:
    return _since(table.column("@whale_at")[rows], now)


def _since(moments: Floats, now: int) -> Floats:
    age = (now - moments) / ONE
    return np.where(np.isnan(age), NEVER, np.minimum(age, NEVER))


def _hours_to_close(table: Stored, rows: Rows, now: int) -> Floats:
    return (table.column("@end")[rows] - now) / HOUR


def _seconds_to_close(table: Stored, rows: Rows, now: int) -> Floats:
    return (table.column("@end")[rows] - now) / ONE


def _market_age(table: Stored, rows: Rows, now: int) -> Floats:
    return (now - table.column("@listed_at")[rows]) / HOUR


def _hour_of_day(_: Stored, rows: Rows, now: int) -> Floats:
    return np.full(len(rows), float(hour_of(now)))


def _day_of_week(_: Stored, rows: Rows, now: int) -> Floats:
    return np.full(len(rows), float(weekday_of(now)))


DERIVED: Mapping[str, Callable[[Stored, Rows, int], Floats]] = {
    "no_best_bid": _no_best_bid,
    "no_best_ask": _no_best_ask,
    "mid": _mid,
    "spread": _spread,
    "price": _price,
    "microprice": _microprice,
    "book_imbalance": _book_imbalance,
    "depth_imbalance": _depth_imbalance,
    "book_age": _book_age,
    "last_trade_age": _last_trade_age,
    "time_since_whale": _time_since_whale,
    "hours_to_close": _hours_to_close,
    "seconds_to_close": _seconds_to_close,
    "market_age": _market_age,
    "hour_of_day": _hour_of_day,
    "day_of_week": _day_of_week,
}
