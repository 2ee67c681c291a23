"""Rounds: markets on whether a coin is up or down when a fixed time is over.

The slug says which series a market belongs to and when its round begins and ends:
`btc-updown-15m-1774338300` by the second it starts,
`bitcoin-up-or-down-february-3-10am-et` by the hour in New York, and
`bitcoin-up-or-down-on-february-3` by the day, from noon to noon there. A slug in words
leaves the year to the market's end; without one there is no round.

What it does not do: guess from a question, or know of prices.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from polyrules.domain.market import Market
from polyrules.domain.moments import DAY, HOUR, MINUTE, SECOND
from polyrules.domain.money import ONE
from polyrules.features.columns import Columns, Floats, Rows

NO_COIN = -1  # the code of a row that belongs to no round
_NEW_YORK = ZoneInfo("America/New_York")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOON = 12
_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}
_COINS = {
    "bitcoin": "BTC",
    "bnb": "BNB",
    "dogecoin": "DOGE",
    "ethereum": "ETH",
    "hyperliquid": "HYPE",
    "solana": "SOL",
    "xrp": "XRP",
}
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_BY_SECOND = re.compile(r"([a-z0-9]{1,10})-updown-([1-9]\d?)([mhd])-(\d{10})")
_IN_WORDS = re.compile(
    rf"({'|'.join(_COINS)})-up-or-down-(on-)?({'|'.join(_MONTHS)})-(\d\d?)"
    r"(?:-(20\d\d))?(?:-(1[0-2]|[1-9])(am|pm)-et)?"
)


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One round of a series, from `start` until just before `end` [microseconds UTC].

    `series` is such as btc_updown_15m, `symbol` the coin, such as BTC.
    """

    series: str
    symbol: str
    start: int
    end: int


def round_of(market: Market) -> Round | None:
    """Return the round that a market is about, or None if its slug names none."""
    if (found := _BY_SECOND.fullmatch(market.slug)) is not None:
        coin, count, unit, start = found.groups()
        length = int(count) * _UNITS[unit]
        return _round(coin.upper(), f"{count}{unit}", int(start) * SECOND, length)
    if (found := _IN_WORDS.fullmatch(market.slug)) is not None:
        return _in_words(found, market)
    return None


class Rounds:
    """The rounds of a table's rows.

    Attributes:
        symbols: Every coin that a round is about, in the order of their codes.
    """

    def __init__(self) -> None:
        self.symbols: list[str] = []
        self._of: dict[int, Round] = {}
        self._times = Columns("start", "end", "coin")
        self._series: dict[str | None, tuple[Rows, Floats, Floats]] = {}

    def state(self, row: int, market: Market) -> Round | None:
        """Note what round a row is about; return it if that is news."""
        told = round_of(market)
        if told is None or told == self._of.get(row):
            return None
        if told.symbol not in self.symbols:
            self.symbols.append(told.symbol)
        coin = self.symbols.index(told.symbol)
        self._of[row] = told
        self._times.write(row, start=told.start, end=told.end, coin=coin)
        self._series.clear()  # none of them is whole any more
        return told

    def of(self, row: int) -> Round | None:
        """Return the round of a row, None if it is about none."""
        return self._of.get(row)

    def now_in(self, series: str | None, now: int) -> Rows:
        """Return the rows whose round has begun and is not over, ascending.

        Args:
            series: Such as btc_updown_15m; None for all.
            now: Microseconds UTC.
        """
        rows, starts, ends = self._of_series(series)
        return rows[(starts <= now) & (now < ends)]

    def starts(self, rows: Rows) -> Floats:
        """Return when rounds start [microseconds UTC], NaN for a row without one."""
        return self._times.read("start", rows)

    def coins(self, rows: Rows) -> Rows:
        """Return the code of each row's coin in `symbols`, NO_COIN without a round."""
        codes = self._times.read("coin", rows)
        return np.where(np.isnan(codes), NO_COIN, codes).astype(np.intp)

    def read(self, name: str, rows: Rows, now: int) -> Floats:
        """Return how long a round lasts, or is from its start or end [seconds]."""
        starts, ends = self._times.read("start", rows), self._times.read("end", rows)
        match name:
            case "round.seconds_to_end":
                return (ends - now) / ONE
            case "round.seconds_from_start":
                return (now - starts) / ONE
            case _:
                return (ends - starts) / ONE

    def why_missing(self, name: str, row: int, now: int) -> str:  # noqa: ARG002 - as every Beside
        """Return why a feature that is missing for a row is: it has no round."""
        assert row not in self._of, "a row with a round has all of its times"
        return "no_round"

    def _of_series(self, series: str | None) -> tuple[Rows, Floats, Floats]:
        found = self._series.get(series)
        if found is None:
            rows = np.array(sorted(self._rows_of(series)), dtype=np.intp)
            ends = self._times.read("end", rows)
            found = self._series[series] = rows, self.starts(rows), ends
        return found

    def _rows_of(self, series: str | None) -> Iterator[int]:
        return (row for row, of in self._of.items() if series in (None, of.series))


def _round(symbol: str, word: str, start: int, length: int) -> Round:
    series = f"{symbol.lower()}_updown_{word}"
    return Round(series=series, symbol=symbol, start=start, end=start + length)


def _in_words(found: re.Match[str], market: Market) -> Round | None:
    """Return the round of a slug in words, in the year that suits the market's end."""
    coin, whole_day, month, day, year, hour, half = found.groups()
    if bool(whole_day) is bool(hour):
        return None
    number = _MONTHS.index(month) + 1
    begins = _NOON if hour is None else int(hour) % _NOON + _NOON * (half == "pm")
    times = [
        _in_new_york(each, number, int(day), begins) for each in _years(year, market)
    ]
    make = _day_until if hour is None else _hour_from
    rounds = [make(_COINS[coin], time) for time in times if time is not None]
    told = market.end or 0
    return min(rounds, key=lambda each: abs(each.end - told), default=None)


def _hour_from(symbol: str, start: int) -> Round:
    return _round(symbol, "1h", start, HOUR)


def _day_until(symbol: str, noon: int) -> Round:
    start = _a_day_before(noon)
    return _round(symbol, "1d", start, noon - start)


def _years(year: str | None, market: Market) -> list[int]:
    if year is not None:
        return [int(year)]
    if market.end is None:
        return []
    near = (_EPOCH + timedelta(microseconds=market.end)).year
    return [near - 1, near, near + 1]


def _in_new_york(year: int, month: int, day: int, hour: int) -> int | None:
    """Return a moment of a clock in New York, None if the calendar has no such day.

    Of the hour that comes twice, when summer time ends, it is the first.
    """
    try:
        moment = datetime(year, month, day, hour, tzinfo=_NEW_YORK)
    except ValueError:
        return None
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _a_day_before(noon: int) -> int:
    """Return the noon before, in New York; 23 or 25 hours when clocks are changed."""
    moment = (_EPOCH + timedelta(microseconds=noon)).astimezone(_NEW_YORK)
    before = moment - timedelta(days=1)  # by the clock on the wall
    return (before.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
