"""Spot features: what a coin costs, what it did lately, what it cost as rounds began.

Prices and means are taken as told; a mean that no feed tells of is missing, never
worked out from prices. A price holds until the next one, though no longer than the
feed's maximum age. A round's start is a fact: once it is known it does not get old.
"""

import math
from collections.abc import Callable

import numpy as np

from polyrules.domain.events import SpotTicked
from polyrules.domain.moments import HOUR, MINUTE
from polyrules.domain.money import ONE
from polyrules.features.columns import Floats, Rows
from polyrules.features.rounds import Round, Rounds

SOURCES = ("price", "binance", "twap_30", "twap_60")
START_WITHIN = MINUTE  # how old what holds at a round's start may be
VOLATILITY_OVER = 5 * MINUTE
_LONGEST = 4 * HOUR  # until a longer round is listed
_KEPT_AFTER = HOUR  # beyond the longest round
_FIRST_CAPACITY = 256
_AT_START = {"round.twap_start": "twap_60", "round.open": "price"}
_RETURNS = {"spot.ret_1m": MINUTE, "spot.ret_3m": 3 * MINUTE}


class History:
    """What one source said of one coin, oldest first, as far back as `keep` says.

    Attributes:
        keep: How far [microseconds].
    """

    __slots__ = ("_ats", "_first", "_next", "_values", "keep")

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self._ats: Floats = np.empty(_FIRST_CAPACITY)  # whole until the year 2255
        self._values: Floats = np.empty(_FIRST_CAPACITY)
        self._first = self._next = 0

    def add(self, at: int, value: float) -> None:
        """Take in a value that holds from `at` on."""
        if self._next == len(self._ats):
            self._make_room(at)
        self._ats[self._next] = at
        self._values[self._next] = value
        self._next += 1

    def told(self) -> tuple[Floats, Floats]:
        """Return when which values were told; for reading only, until the next one."""
        kept = slice(self._first, self._next)
        return self._ats[kept], self._values[kept]

    def held(self, moments: Floats, age_max: float) -> Floats:
        """Return the values that held at some moments, shape (len(moments),).

        NaN where the last one was older than `age_max` [microseconds] or there was
        none, and where the moment is NaN.
        """
        ats, values = self.told()
        if not len(ats):
            return np.full(len(moments), math.nan)
        last = np.searchsorted(ats, moments, side="right") - 1
        holds = (last >= 0) & (moments - ats[last] <= age_max)
        return np.where(holds, values[last], math.nan)

    def last_at(self) -> int | None:
        """Return when the last value was told, None before the first."""
        return int(self._ats[self._next - 1]) if self._next > self._first else None

    def last(self) -> float:
        """Return the last value, NaN before the first."""
        told = self._next > self._first
        return float(self._values[self._next - 1]) if told else math.nan

    def _make_room(self, now: int) -> None:
        ats, values = self.told()
        old = int(np.searchsorted(ats, now - self.keep))
        ats, values = ats[old:].copy(), values[old:].copy()
        if 2 * len(ats) > len(self._ats):
            more = len(self._ats)
            self._ats = np.concatenate([self._ats, np.empty(more)])
            self._values = np.concatenate([self._values, np.empty(more)])
        self._first, self._next = 0, len(ats)
        self._ats[: len(ats)], self._values[: len(ats)] = ats, values


class Spot:
    """What was told of every coin, and the features of rows that belong to one.

    Args:
        rounds: Which coin a row belongs to, and when its round starts.
        age_max: How long a price holds [microseconds]; None: until the next one.

    Attributes:
        lost: Whether the feed cannot be trusted for now: then no price holds.
    """

    def __init__(self, rounds: Rounds, age_max: int | None) -> None:
        self.lost = False
        self._rounds = rounds
        self._age_max = math.inf if age_max is None else float(age_max)
        self._told: dict[tuple[str, str], History] = {}  # by symbol and source
        self._longest: dict[str, int] = {}

    def tick(self, event: SpotTicked) -> None:
        """Take in a price. One that is no positive number tells nothing."""
        if event.source in SOURCES and 0.0 < event.price < math.inf:
            self._history(event.symbol.upper(), event.source).add(event.at, event.price)

    def keep_for(self, told: Round) -> None:
        """See to it that what holds at the round's start is known until its end."""
        length = told.end - told.start
        self._longest[told.symbol] = max(length, self._longest.get(told.symbol, 0))
        for source in _AT_START.values():
            self._history(told.symbol, source).keep = self._keep(told.symbol, source)

    def read(self, name: str, rows: Rows, now: int) -> Floats:
        """Return a feature of `spot`, or of a round's start, shape (len(rows),)."""
        coins = self._rounds.coins(rows)
        if (source := _AT_START.get(name)) is not None:
            return self._at_start(source, rows, coins, now)
        feature = self._feature(name)
        symbols = self._rounds.symbols
        # The last is of the rows without a coin, whose code is NO_COIN, that is -1.
        by_coin = np.full(len(symbols) + 1, math.nan)
        for coin in {int(code) for code in np.unique(coins)} - {-1}:
            by_coin[coin] = feature(symbols[coin], now)
        return by_coin[coins]

    def why_missing(self, name: str, row: int, now: int) -> str:
        """Return why a feature that is missing for a row is."""
        told = self._rounds.of(row)
        if told is None:
            return "no_round"
        if name in _AT_START:
            return "not_covered" if told.start <= now else "not_started"
        if self.lost:
            return "lost"
        source = name.removeprefix("spot.")
        last = self._history(told.symbol, source if source in SOURCES else "price")
        at = last.last_at()
        return "stale" if at is not None and now - at > self._age_max else "not_covered"

    def _at_start(self, source: str, rows: Rows, coins: Rows, now: int) -> Floats:
        starts = self._rounds.starts(rows)
        starts[starts > now] = math.nan  # what will hold then is not known yet
        values = np.full(len(rows), math.nan)
        for coin, symbol in enumerate(self._rounds.symbols):
            here = coins == coin
            if here.any():
                history = self._history(symbol, source)
                values[here] = history.held(starts[here], START_WITHIN)
        return values

    def _feature(self, name: str) -> Callable[[str, int], float]:
        source = name.removeprefix("spot.")
        if source in SOURCES:
            return lambda symbol, now: self._last(symbol, source, now)
        if (back := _RETURNS.get(name)) is not None:
            return lambda symbol, now: self._return(symbol, now, back)
        return self._age if name == "spot.age" else self._volatility

    def _last(self, symbol: str, source: str, now: int) -> float:
        """Return what was told last, NaN if that is too long ago."""
        history = self._history(symbol, source)
        at = history.last_at()
        silent = self.lost or at is None or now - at > self._age_max
        return math.nan if silent else history.last()

    def _return(self, symbol: str, now: int, back: int) -> float:
        then = np.array([float(now - back)])
        before = self._history(symbol, "price").held(then, self._age_max)[0]
        return self._last(symbol, "price", now) / float(before) - 1.0

    def _age(self, symbol: str, now: int) -> float:
        at = self._history(symbol, "price").last_at()
        return math.nan if at is None else (now - at) / ONE

    def _volatility(self, symbol: str, now: int) -> float:
        """Return the realised volatility of the last five minutes, a minute's worth.

        A silence longer than a price holds is not covered, and neither is the return
        over it counted.
        """
        ats, prices = self._history(symbol, "price").told()
        since = now - VOLATILITY_OVER
        first = max(int(np.searchsorted(ats, since, side="right")) - 1, 0)
        ats, prices = ats[first:], prices[first:]
        if self.lost or not len(ats) or now - int(ats[-1]) > self._age_max:
            return math.nan
        gaps = np.diff(ats)
        watched = gaps <= self._age_max
        covered = int((ats[1:] - np.maximum(ats[:-1], since))[watched].sum())
        minutes = (covered + now - int(ats[-1])) / MINUTE
        if minutes < 1.0:
            return math.nan
        returns = prices[1:][watched] / prices[:-1][watched] - 1.0
        return math.sqrt(math.fsum((returns * returns).tolist()) / minutes)

    def _history(self, symbol: str, source: str) -> History:
        found = self._told.get((symbol, source))
        if found is None:
            found = self._told[symbol, source] = History(self._keep(symbol, source))
        return found

    def _keep(self, symbol: str, source: str) -> int:
        if source not in _AT_START.values():
            return 0  # only its last word is asked for
        return max(_LONGEST, self._longest.get(symbol, 0)) + _KEPT_AFTER
