"""The column table: one row per market, one float64 column per number, NaN is missing.

A row is given at a market's first listing and never reused. Events write into columns
in place; what follows from other columns or from the time is worked out when a column
is read. The table knows no strategy and no position.
"""

import math
from collections.abc import Callable, Mapping
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from polyrules.domain.events import TradePrinted
from polyrules.domain.market import Book, Listing, Market
from polyrules.domain.moments import HOUR, hour_of, weekday_of
from polyrules.domain.money import ONE, Side
from polyrules.features import books, trades
from polyrules.features.catalog import (
    CATALOG,
    CATEGORIES,
    MAX_AGE,
    NEVER,
    PRICE_SPREAD_MAX,
    Feed,
)

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

FIRST_CAPACITY = 64

_FACTS = ("neg_risk", "tick_size", "min_order_shares", "fee_rate", "category")
_TIMES = ("@book_at", "@trade_at", "@listed_at", "@covered_at", "@end")
_OPEN = "@open"  # 1 while the market may still trade, 0 once it is resolved
_AGELESS = ("book_age", "price")  # an old book has an age; a price may be a trade's
_STORED = (
    *books.COLUMNS,
    *trades.COLUMNS,
    "last_trade_price",
    *_FACTS,
    *Listing.__struct_fields__,
    *_TIMES,
    _OPEN,
)


class Feeds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What data a run is given.

    Attributes:
        given: Feeds that are there. Features of the others are missing.
        max_age: Overrides of the catalog's maximum age by feed [microseconds].
    """

    given: tuple[Feed, ...] = tuple(Feed)
    max_age: dict[Feed, int] = {}

    def age(self, feed: Feed) -> int | None:
        """Return the age from which `feed` is stale [microseconds], None: never."""
        return self.max_age.get(feed, MAX_AGE[feed])


class Table:
    """All markets as columns."""

    def __init__(self, feeds: Feeds) -> None:
        self.feeds = feeds
        self.count = 0
        self._capacity = 0
        self._columns: dict[str, Floats] = {}
        self._cells: dict[str, books.Column] = {}
        self._hours: dict[int, trades.LastHour] = {}
        self._book_age_max = feeds.age(Feed.BOOK)
        self._stale: tuple[int, NDArray[np.bool_]] | None = None  # as of a moment
        self._grow(FIRST_CAPACITY)

    def add(self, market: Market, listing: Listing, at: int) -> int:
        """Give a market its row.

        Returns:
            The row, counted from 0.
        """
        row = self.count
        if row == self._capacity:
            self._grow(2 * self._capacity)
        self.count += 1
        self._stale = None
        born = at if market.start is None else min(at, market.start)
        self._cells["@listed_at"][row] = float(born)
        # Trades of a market that opens later are all seen; of one that was open
        # already, those before now were missed.
        seen_whole = market.start is not None and market.start >= at
        self._cells["@covered_at"][row] = -math.inf if seen_whole else float(at)
        self._cells[_OPEN][row] = 1.0
        if Feed.TRADES in self.feeds.given:
            for name in trades.COUNTS:
                self._cells[name][row] = 0.0
        self.state_facts(row, market, listing)
        return row

    def state_facts(self, row: int, market: Market, listing: Listing) -> None:
        """Write what the venue says of a market. What it leaves unsaid stays."""
        cells = self._cells
        cells["tick_size"][row] = float(market.tick)
        cells["min_order_shares"][row] = float(market.size_min)
        if market.fee_rate is not None:
            cells["fee_rate"][row] = float(market.fee_rate)
        if market.neg_risk is not None:
            cells["neg_risk"][row] = float(market.neg_risk)
        if market.category is not None:
            cells["category"][row] = _category(market.category)
        if market.end is not None:
            cells["@end"][row] = float(market.end)
        for name in Listing.__struct_fields__:
            value = getattr(listing, name)
            if value is not None:
                cells[name][row] = float(value)

    def state_tick(self, row: int, tick: float) -> None:
        """Write a new price step [usd/share]."""
        self._cells["tick_size"][row] = tick

    def close(self, row: int) -> None:
        """Mark a market as resolved: it takes no more orders."""
        self._cells[_OPEN][row] = 0.0
        self._cells["accepting_orders"][row] = 0.0

    def write_book(self, row: int, book: Book) -> None:
        """Write the book features of one market."""
        books.write_book(self._cells, row, book)

    def touch_book(self, row: int, at: int) -> None:
        """Note that the venue told of this market's book at `at`."""
        self._cells["@book_at"][row] = float(at)
        self._stale = None

    def add_trade(self, row: int, trade: TradePrinted, *, of_yes: bool) -> None:
        """Take in a public trade; a NO trade at p counts as YES at 1 - p."""
        price = trade.price if of_yes else ONE - trade.price
        hour = self._hours.setdefault(row, trades.LastHour())
        hour.add(
            trades.Print(
                at=trade.at,
                price=price,
                size=trade.size,
                usd=trade.price * trade.size // ONE,
                lifts=(trade.side is Side.BUY) is of_yes,
            )
        )
        self._cells["last_trade_price"][row] = price / ONE
        self._cells["@trade_at"][row] = float(trade.at)

    def refresh_trades(self, now: int) -> None:
        """Let trades older than an hour drop out of their sums."""
        for row, hour in self._hours.items():
            hour.refresh(self._cells, row, now)

    def open_rows(self) -> Rows:
        """Return the rows of markets that are listed and not resolved, ascending."""
        return np.flatnonzero(self._columns[_OPEN][: self.count] == 1.0)

    def read(self, name: str, rows: Rows, now: int) -> Floats:
        """Return a feature for some rows, as it stands at `now`.

        Args:
            name: A feature of the catalog, but for the portfolio's.
            rows: Row numbers, shape (n,).
            now: Microseconds UTC.

        Returns:
            Values in the catalog's unit, shape (n,), a copy. NaN where the feed is not
            there, has said nothing yet, or is older than its maximum age.
        """
        feature = CATALOG[name]
        if feature.feed not in self.feeds.given and name != "price":
            return np.full(len(rows), math.nan)
        derive = _DERIVED.get(name)
        values = derive(self, rows, now) if derive else self._columns[name][rows]
        if feature.feed is Feed.BOOK and name not in _AGELESS:
            values[self.stale(rows, now)] = math.nan
        if name in trades.COLUMNS:
            values[now - self.column("@covered_at")[rows] < HOUR] = math.nan
        return values

    def stale(self, rows: Rows, now: int) -> NDArray[np.bool_]:
        """Return where the book is older than its maximum age, shape (n,)."""
        if self._stale is None or self._stale[0] != now:
            # The same for every feature read at this moment.
            limit = math.inf if self._book_age_max is None else self._book_age_max
            self._stale = now, now - self.column("@book_at") > limit
        return self._stale[1][rows]

    def is_stale(self, row: int, now: int) -> bool:
        """Tell whether one market's book is older than its maximum age."""
        if self._book_age_max is None:
            return False
        return bool(now - self._columns["@book_at"][row] > self._book_age_max)

    def why_missing(self, name: str, row: int, now: int) -> str:
        """Return why a feature of one row is missing, or "" where it is not."""
        feed = CATALOG[name].feed
        if feed is Feed.PORTFOLIO:
            return "no_position"
        one = np.array([row])
        if feed not in self.feeds.given:
            return "no_feed"
        if not math.isnan(self.read(name, one, now)[0]):
            return ""
        if feed is Feed.BOOK:
            if math.isnan(self._columns["@book_at"][row]):
                return "no_book"
            return "stale" if self.is_stale(row, now) else "one_sided_or_crossed"
        return "not_stated" if feed is Feed.GAMMA else "not_covered"

    def column(self, name: str) -> Floats:
        """Return a stored column itself, shape (count,); for reading only."""
        return self._columns[name][: self.count]

    def _grow(self, capacity: int) -> None:
        for name in _STORED:
            column = np.full(capacity, math.nan)
            if name in self._columns:
                column[: self.count] = self._columns[name][: self.count]
            self._columns[name] = column
            self._cells[name] = cast(books.Column, column.data)
        self._capacity = capacity


def _category(word: str) -> float:
    known = word if word in CATEGORIES else "other"
    return float(CATEGORIES.index(known))


def _snap(values: Floats) -> Floats:
    return np.rint(values * 1e9) / 1e9 + 0.0


def _no_best_bid(table: Table, rows: Rows, _: int) -> Floats:
    return _snap(1.0 - table.column("best_ask")[rows])


def _no_best_ask(table: Table, rows: Rows, _: int) -> Floats:
    return _snap(1.0 - table.column("best_bid")[rows])


def _mid(table: Table, rows: Rows, _: int) -> Floats:
    both = table.column("best_bid")[rows] + table.column("best_ask")[rows]
    return _snap(both / 2.0)


def _spread(table: Table, rows: Rows, _: int) -> Floats:
    return _snap(table.column("best_ask")[rows] - table.column("best_bid")[rows])


def _price(table: Table, rows: Rows, now: int) -> Floats:
    tight = _spread(table, rows, now) <= PRICE_SPREAD_MAX
    tight &= ~table.stale(rows, now)
    return np.where(
        tight, _mid(table, rows, now), table.column("last_trade_price")[rows]
    )


def _microprice(table: Table, rows: Rows, _: int) -> Floats:
    bid, ask = table.column("best_bid")[rows], table.column("best_ask")[rows]
    bids, asks = table.column("bid_size")[rows], table.column("ask_size")[rows]
    return _snap(_ratio(bid * asks + ask * bids, bids + asks))


def _book_imbalance(table: Table, rows: Rows, _: int) -> Floats:
    bids, asks = table.column("bid_size")[rows], table.column("ask_size")[rows]
    return _ratio(bids - asks, bids + asks)


def _depth_imbalance(table: Table, rows: Rows, _: int) -> Floats:
    bids = table.column("bid_depth_10")[rows]
    asks = table.column("ask_depth_10")[rows]
    return _ratio(bids - asks, bids + asks)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0.0, top / bottom, math.nan)


def _book_age(table: Table, rows: Rows, now: int) -> Floats:
    return (now - table.column("@book_at")[rows]) / ONE


def _last_trade_age(table: Table, rows: Rows, now: int) -> Floats:
    age = (now - table.column("@trade_at")[rows]) / ONE
    return np.where(np.isnan(age), NEVER, np.minimum(age, NEVER))


def _hours_to_close(table: Table, rows: Rows, now: int) -> Floats:
    return (table.column("@end")[rows] - now) / HOUR


def _seconds_to_close(table: Table, rows: Rows, now: int) -> Floats:
    return (table.column("@end")[rows] - now) / ONE


def _market_age(table: Table, rows: Rows, now: int) -> Floats:
    return (now - table.column("@listed_at")[rows]) / HOUR


def _hour_of_day(_: Table, rows: Rows, now: int) -> Floats:
    return np.full(len(rows), float(hour_of(now)))


def _day_of_week(_: Table, rows: Rows, now: int) -> Floats:
    return np.full(len(rows), float(weekday_of(now)))


_DERIVED: Mapping[str, Callable[[Table, Rows, int], Floats]] = {
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
    "hours_to_close": _hours_to_close,
    "seconds_to_close": _seconds_to_close,
    "market_age": _market_age,
    "hour_of_day": _hour_of_day,
    "day_of_week": _day_of_week,
}
