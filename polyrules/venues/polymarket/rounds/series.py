"""Series of rounds and their slugs, by arithmetic alone.

`btc-updown-15m-1774338300` says in seconds when the round starts; those of 5 minutes,
15 minutes and 4 hours are named so. `bitcoin-up-or-down-february-3-10am-et` is the hour
that begins then in New York, `bitcoin-up-or-down-on-february-3` the day that ends at
noon there. Rounds of 4 hours begin at 0, 4, 8, … o'clock in New York.

What it does not do: ask anyone whether a round exists.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from polyrules.domain.moments import DAY, HOUR, MINUTE, SECOND

COINS = {
    "BNB": "bnb",
    "BTC": "bitcoin",
    "DOGE": "dogecoin",
    "ETH": "ethereum",
    "HYPE": "hyperliquid",
    "SOL": "solana",
    "XRP": "xrp",
}
LENGTHS = {
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "1h": HOUR,
    "4h": 4 * HOUR,
    "1d": DAY,
}
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_BY_SECOND = re.compile(r"([a-z]{2,5})-updown-(5m|15m|4h)-(\d{10})")
_NAME = re.compile(r"([a-z]{2,5})_updown_(\d{1,2}[mhd])")
_NEW_YORK = ZoneInfo("America/New_York")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOON = 12
_EVERY_FOUR = 4


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Rounds of one coin and one length.

    Attributes:
        symbol: The coin, such as BTC.
        word: How long, such as 15m.
    """

    symbol: str
    word: str

    @property
    def name(self) -> str:
        """What rules call it, such as btc_updown_15m."""
        return f"{self.symbol.lower()}_updown_{self.word}"

    @property
    def length(self) -> int:
        """How long a round lasts [microseconds]; a day may be an hour off."""
        return LENGTHS[self.word]

    @property
    def source(self) -> str:
        """Which price of the coin settles its rounds, as SpotTicked names it."""
        return "binance" if self.word in ("1h", "1d") else "twap_60"


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One round: from `start` until just before `end` [microseconds UTC]."""

    series: Series
    start: int
    end: int

    @property
    def slugs(self) -> tuple[str, ...]:
        """What its market may be called, the likeliest first."""
        return _slugs(self.series, self.start, self.end)


def series_of(name: str) -> Series:
    """Return the series of a name such as btc_updown_15m.

    Raises:
        ValueError: There is no such coin or length; says which there are.
    """
    found = _NAME.fullmatch(name)
    symbol, word = (found[1].upper(), found[2]) if found else ("", "")
    if symbol not in COINS or word not in LENGTHS:
        coins = ", ".join(coin.lower() for coin in COINS)
        raise ValueError(
            f"{name!r} is no series of rounds; expected COIN_updown_LENGTH with a coin "
            f"of {coins} and a length of {', '.join(LENGTHS)}, e.g. btc_updown_15m"
        )
    return Series(symbol=symbol, word=word)


def current(series: Series, now: int) -> Span:
    """Return the round that began last [microseconds UTC]; as a rule it is on.

    When summer time ends there is an hour without a round of 4 hours.
    """
    match series.word:
        case "4h":
            start = _four_hours_begin(now)
        case "1d":
            start = _noon_before(now)
        case _:
            start = now - now % series.length
    return _from(series, start)


def following(span: Span) -> Span:
    """Return the round after another."""
    return current(span.series, _next_start(span))


def span_of(slug: str, near: int) -> Span | None:
    """Return the round that a slug names, None if it names none.

    Args:
        slug: A market's slug.
        near: When the round is, to within half a year [microseconds UTC]; slugs in
            words do not name the year.
    """
    if (found := _BY_SECOND.fullmatch(slug)) is not None:
        coin, word, start = found[1].upper(), found[2], int(found[3]) * SECOND
        if coin not in COINS:
            return None
        span = current(Series(symbol=coin, word=word), start)
        return span if span.start == start else None
    return _in_words(slug, near)


def _in_words(slug: str, near: int) -> Span | None:
    coin = next(
        (coin for coin, word in COINS.items() if slug.startswith(f"{word}-up-or-down")),
        None,
    )
    if coin is None:
        return None
    word = "1d" if "-up-or-down-on-" in slug else "1h"
    series = Series(symbol=coin, word=word)
    spans = (current(series, at) for at in _moments(slug, near))
    return next((span for span in spans if slug in span.slugs), None)


def _moments(slug: str, near: int) -> list[int]:
    """Return moments inside the rounds that a slug in words may name."""
    found = re.search(rf"({'|'.join(_MONTHS)})-(\d\d?)(?:-(20\d\d))?", slug)
    if found is None:
        return []
    clock = re.search(r"-(1[0-2]|[1-9])(am|pm)-et$", slug)
    hour = _NOON - 1
    if clock is not None:
        hour = int(clock[1]) % _NOON + _NOON * (clock[2] == "pm")
    near_year = (_EPOCH + timedelta(microseconds=near)).year
    told = found[3]
    years = [int(told)] if told else [near_year - 1, near_year, near_year + 1]
    month, day = _MONTHS.index(found[1]) + 1, int(found[2])
    moments = [_moment(year, month, day, hour) for year in years]
    known = [moment for moment in moments if moment is not None]
    return sorted(known, key=lambda moment: abs(moment - near))


def _moment(year: int, month: int, day: int, hour: int) -> int | None:
    try:
        return _micros(datetime(year, month, day, hour, tzinfo=_NEW_YORK))
    except ValueError:
        return None


def _from(series: Series, start: int) -> Span:
    end = start + series.length
    if series.word == "1d":
        end = _noon_before(start + DAY + 2 * HOUR)
    return Span(series=series, start=start, end=end)


def _next_start(span: Span) -> int:
    if span.series.word != "4h":
        return span.end
    # Five hours lie between two starts when summer time ends.
    later = (span.start + hours * HOUR for hours in (4, 5))
    starts = (_four_hours_begin(at) for at in later)
    return next(start for start in starts if start > span.start)


def _slugs(series: Series, start: int, end: int) -> tuple[str, ...]:
    if series.word not in ("1h", "1d"):
        return (f"{series.symbol.lower()}-updown-{series.word}-{start // SECOND}",)
    coin = COINS[series.symbol]
    if series.word == "1d":
        day = _clock(end)
        date = f"{_MONTHS[day.month - 1]}-{day.day}"
        return (
            f"{coin}-up-or-down-on-{date}",
            f"{coin}-up-or-down-on-{date}-{day.year}",
        )
    day = _clock(start)
    date = f"{_MONTHS[day.month - 1]}-{day.day}"
    hour = f"{(day.hour - 1) % _NOON + 1}{'am' if day.hour < _NOON else 'pm'}-et"
    return (
        f"{coin}-up-or-down-{date}-{hour}",
        f"{coin}-up-or-down-{date}-{day.year}-{hour}",
    )


def _four_hours_begin(now: int) -> int:
    """Return when it last was 0, 4, 8, … o'clock in New York."""
    whole = now - now % HOUR
    while _clock(whole).hour % _EVERY_FOUR:
        whole -= HOUR
    return whole


def _noon_before(now: int) -> int:
    """Return the last noon in New York."""
    at = _clock(now)
    noon = at.replace(hour=_NOON, minute=0, second=0, microsecond=0, fold=0)
    if at.hour < _NOON:
        noon -= timedelta(days=1)  # by the clock on the wall
    return _micros(noon)


def _clock(at: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=at)).astimezone(_NEW_YORK)


def _micros(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
