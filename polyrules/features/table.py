"""The column table: one row per market, one float64 column per number, NaN is missing.

A row is given at a market's first listing and never reused. Events write into columns
in place; what follows from other columns or from the time is worked out when a column
is read. The table knows no strategy and no position.
"""

import math
from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from polyrules.domain.events import (
    GameChanged,
    OddsChanged,
    PastTrade,
    SpotTicked,
    TradePrinted,
)
from polyrules.domain.market import Book, Listing, Market
from polyrules.domain.moments import HOUR
from polyrules.domain.money import ONE, Side
from polyrules.features import books, trades
from polyrules.features.catalog import (
    CATALOG,
    CATEGORIES,
    MAX_AGE,
    Feed,
)
from polyrules.features.columns import FIRST_CAPACITY, Beside, Floats, Rows
from polyrules.features.derived import DERIVED
from polyrules.features.games import Games, Odds
from polyrules.features.rounds import Round, Rounds
from polyrules.features.spot import Spot

_FACTS = ("neg_risk", "tick_size", "min_order_shares", "fee_rate", "category")
_TIMES = (
    "@book_at",
    "@trade_at",
    "@whale_at",
    "@listed_at",
    "@covered_at",
    "@regained_at",  # when a gap in the trades ended; infinite while it lasts
    "@end",
)
_LAST = {  # what a gap makes doubtful, and when it was last told
    "last_trade_age": "@trade_at",
    "time_since_whale": "@whale_at",
}
_LISTED = frozenset(Listing.__struct_fields__)
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
        self._traded: deque[tuple[int, int]] = deque()  # when, and in which row
        self._told: list[tuple[int, int]] = []  # the same, told later; a heap
        self._unwritten: set[int] = set()  # rows whose last hour changed
        self._bookless: set[int] = set()  # rows whose book was lost
        self._book_age_max = feeds.age(Feed.BOOK)
        self._lost: set[Feed] = set()
        self._stale: tuple[int, NDArray[np.bool_]] | None = None  # as of a moment
        self._rounds = Rounds()
        self._spot = Spot(self._rounds, feeds.age(Feed.RTDS))
        self._odds = Odds(feeds.age(Feed.ODDS))
        self._games = Games(feeds.age(Feed.GAME))
        self._beside: dict[Feed, Beside] = {
            Feed.CLOCK: self._rounds,
            Feed.RTDS: self._spot,
            Feed.ODDS: self._odds,
            Feed.GAME: self._games,
        }
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
        if Feed.TRADES in self._lost:
            self.lose_trades(row)  # until they are told of this market
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
        if (told := self._rounds.state(row, market)) is not None:
            self._spot.keep_for(told)

    def state_tick(self, row: int, tick: float) -> None:
        """Write a new price step [usd/share]."""
        self._cells["tick_size"][row] = tick

    def close(self, row: int) -> None:
        """Mark a market as resolved: it takes no more orders."""
        self._cells[_OPEN][row] = 0.0
        self._cells["accepting_orders"][row] = 0.0

    def lose(self, feed: Feed) -> None:
        """Note that a whole feed cannot be trusted: what it says gets missing."""
        self._lost.add(feed)
        self._spot.lost = Feed.RTDS in self._lost

    def regain(self, feed: Feed) -> None:
        """Note that a feed that was lost tells again."""
        self._lost.discard(feed)
        self._spot.lost = Feed.RTDS in self._lost

    def lose_book(self, row: int) -> None:
        """Forget the book of one market."""
        for name in books.COLUMNS:
            self._cells[name][row] = math.nan
        self._cells["@book_at"][row] = math.nan
        self._bookless.add(row)
        self._stale = None

    def lose_trades(self, row: int) -> None:
        """Note that trades of one market go by unseen from now on."""
        self._cells["last_trade_price"][row] = math.nan
        self._cells["@covered_at"][row] = math.inf
        self._cells["@regained_at"][row] = math.inf
        if row in self._hours:
            # The venue's list will tell these again, and each counts once.
            self._hours[row].forget()
            self._unwritten.add(row)

    def regain_trades(self, row: int, at: int) -> None:
        """Note that the trades of one market are all seen from `at` on."""
        self._cells["@covered_at"][row] = float(at)
        self._cells["@regained_at"][row] = float(at)

    def write_book(self, row: int, book: Book) -> None:
        """Write the book features of one market."""
        books.write_book(self._cells, row, book)

    def touch_book(self, row: int, at: int) -> None:
        """Note that the venue told of this market's book at `at`."""
        self._cells["@book_at"][row] = float(at)
        self._bookless.discard(row)
        self._stale = None

    def add_trade(self, row: int, trade: TradePrinted, *, of_yes: bool) -> None:
        """Take in a public trade; a NO trade at p counts as YES at 1 - p."""
        printed = _print(trade, of_yes=of_yes)
        self._hours.setdefault(row, trades.LastHour()).add(printed)
        self._traded.append((trade.at, row))
        self._unwritten.add(row)
        self._write_last(row, printed)

    def tell_trades(
        self, row: int, since: int, told: Iterable[tuple[PastTrade, bool]]
    ) -> None:
        """Take in what was traded from `since` on, before a market was followed.

        Args:
            row: The market's row.
            since: From when on these trades are all there were [microseconds UTC].
            told: The trades, oldest first, each with whether it was of YES.

        Nothing is taken in while the trades are lost: more go by unseen.
        """
        if self._columns["@regained_at"][row] == math.inf:
            return
        prints = [_print(trade, of_yes=of_yes) for trade, of_yes in told]
        self._hours.setdefault(row, trades.LastHour()).tell(prints)
        for printed in prints:
            heappush(self._told, (printed.at, row))
            self._write_last(row, printed)
        self._unwritten.add(row)
        for name in ("@covered_at", "@regained_at"):
            known = self._columns[name][row]
            self._cells[name][row] = min(known, float(since))

    def _write_last(self, row: int, printed: trades.Print) -> None:
        """Note a trade as the last one, unless a later one is known already."""
        forgotten = math.isnan(self._columns["last_trade_price"][row])
        if forgotten or not self._columns["@trade_at"][row] > printed.at:
            self._cells["last_trade_price"][row] = printed.price / ONE
            self._cells["@trade_at"][row] = float(printed.at)
        if printed.whale and not self._columns["@whale_at"][row] > printed.at:
            self._cells["@whale_at"][row] = float(printed.at)

    def tick_spot(self, event: SpotTicked) -> None:
        """Take in what a coin costs."""
        self._spot.tick(event)

    def change_odds(self, row: int, event: OddsChanged) -> None:
        """Take in what bookmakers say of a market."""
        self._odds.change(row, event)

    def change_game(self, row: int, event: GameChanged) -> None:
        """Take in how the game of a market stands."""
        self._games.change(row, event)

    def refresh_trades(self, now: int) -> None:
        """Let trades older than an hour drop out of their sums."""
        while self._traded and self._traded[0][0] <= now - HOUR:
            self._unwritten.add(self._traded.popleft()[1])
        while self._told and self._told[0][0] <= now - HOUR:
            self._unwritten.add(heappop(self._told)[1])
        for row in self._unwritten:
            self._hours[row].refresh(self._cells, row, now)
        self._unwritten.clear()

    def open_rows(self) -> Rows:
        """Return the rows of markets that are listed and not resolved, ascending."""
        return np.flatnonzero(self.is_open())

    def is_open(self) -> NDArray[np.bool_]:
        """Return which rows are listed and not resolved, shape (count,)."""
        is_open: NDArray[np.bool_] = self.column(_OPEN) == 1.0
        return is_open

    def rounds(self, series: str | None, now: int) -> Rows:
        """Return the rows whose round has begun and is not over, ascending.

        Args:
            series: Such as btc_updown_15m; None for all.
            now: Microseconds UTC.
        """
        return self._rounds.now_in(series, now)

    def round_of(self, row: int) -> Round | None:
        """Return the round that a market is about, None if it is about none."""
        return self._rounds.of(row)

    def series_of(self, row: int) -> str:
        """Return the series of a market's round, such as btc_updown_15m, or ""."""
        told = self._rounds.of(row)
        return "" if told is None else told.series

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
        if "." in name:
            return self._beside[feature.feed].read(name, rows, now)
        derive = DERIVED.get(name)
        values = derive(self, rows, now) if derive else self._columns[name][rows]
        if feature.feed is Feed.BOOK and name not in _AGELESS:
            values[self.stale(rows, now)] = math.nan
        if name in trades.COLUMNS:
            values[now - self.column("@covered_at")[rows] < HOUR] = math.nan
        elif name in _LAST:
            values[self._doubtful(name, rows, now)] = math.nan
        elif name in _LISTED and Feed.GAMMA in self._lost:
            values[:] = math.nan
        return values

    def _doubtful(self, name: str, rows: Rows, now: int) -> NDArray[np.bool_]:
        """Return where a last trade may have gone by unseen, less than an hour ago."""
        regained = self.column("@regained_at")[rows]
        told = self.column(_LAST[name])[rows]
        doubtful: NDArray[np.bool_] = (now - regained < HOUR) & ~(told >= regained)
        return doubtful

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
        if "." in name:
            return self._beside[feed].why_missing(name, row, now)
        if feed in self._lost or name in _LAST:
            return "lost"
        if feed is Feed.BOOK:
            if math.isnan(self._columns["@book_at"][row]):
                return "lost" if row in self._bookless else "no_book"
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


def _print(trade: TradePrinted | PastTrade, *, of_yes: bool) -> trades.Print:
    return trades.Print(
        at=trade.at,
        price=trade.price if of_yes else ONE - trade.price,
        size=trade.size,
        usd=trade.price * trade.size // ONE,
        lifts=(trade.side is Side.BUY) is of_yes,
    )


def _category(word: str) -> float:
    known = word if word in CATEGORIES else "other"
    return float(CATEGORIES.index(known))
