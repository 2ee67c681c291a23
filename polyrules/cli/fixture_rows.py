"""Rows that tapes hold: what a strategy would have seen of a market at a moment.

The tape is played through the same state and the same windows as in a run, without
orders: positions are none. Nothing behind the moment is read.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

from polyrules.domain.events import ClockTicked
from polyrules.domain.moments import SECOND
from polyrules.domain.money import Usd
from polyrules.engine.state import MarketState, State
from polyrules.errors import InputError
from polyrules.features.catalog import Feed
from polyrules.features.table import Feeds
from polyrules.language.files.examples import Fixture
from polyrules.language.strategy import Strategy, Value
from polyrules.language.testing.play import Sampler
from polyrules.venues.recorded import with_ticks
from polyrules.venues.tape.manifest import Manifest
from polyrules.venues.tape.reader import Tape

UNHELD = ("position_avg_price",)  # what has no value without a position
MARKET = "market"  # the domain whose rows can be looked up by a market


def row_of(fixture: Fixture, path: str, strategy: Strategy) -> dict[str, Value]:
    """Return a row of a tape, with the windows of a strategy.

    Args:
        fixture: Tape (seen from the file that names it), market and moment.
        path: That file.
        strategy: Whose features and windows are wanted.

    Raises:
        InputError: The tape cannot be read, the market is not on it by then, the moment
            is none or lies outside the tape, or the rows are no markets.
    """
    if strategy.rows.each != MARKET:
        raise InputError(
            f"a fixture is the row of one market, and each row here is a"
            f" {strategy.rows.each}",
            hint="give the row outright",
        )
    tape = Tape.open(Path(path).parent / fixture.tape)
    at = _moment(fixture.at)
    first, last = tape.span or (0, 0)
    if not first <= at <= last:
        raise InputError(
            f"at {fixture.at} lies outside the tape",
            hint=f"the tape goes from {_shown(first)} to {_shown(last)}",
        )
    return _Look(tape, strategy, fixture.market).row(at)


class _Look:
    """One look at one market of a tape."""

    def __init__(self, tape: Tape, strategy: Strategy, market: str) -> None:
        self._tape = tape
        self._strategy = strategy
        self._market = market
        self._state = State(Usd(Decimal(0)), (strategy.id,), _feeds(tape.manifest))
        self._sampler = Sampler(strategy)
        self._turn = -1
        self._first = 0

    def row(self, at: int) -> dict[str, Value]:
        state = self._state
        tick = self._tape.manifest.tick or SECOND
        for event in with_ticks(self._tape.events(), tick):
            is_tick = isinstance(event, ClockTicked)
            if event.at > at or (is_tick and event.at == at):
                break
            state.apply(event)
            if is_tick and self._is_due(event.at):
                known = self._known()
                if known is not None:
                    self._sampled(known, event.at)
        state.apply(ClockTicked(at=at))
        known = self._known()
        if known is None:
            raise InputError(
                f'the tape has no market "{self._market}" by then',
                hint="polyrules tape info lists its markets",
            )
        row = self._sampled(known, at)
        names = [name for name in self._strategy.reads if not name.startswith("@")]
        return {**self._values(known, names), **row}

    def _is_due(self, now: int) -> bool:
        self._first = self._first or now
        turn = (now - self._first) // self._strategy.schedule.every
        due = turn > self._turn
        self._turn = max(turn, self._turn)
        return due

    def _known(self) -> MarketState | None:
        for known in self._state.by_row:
            if self._market in (known.market.id, known.market.slug):
                return known
        return None

    def _sampled(self, known: MarketState, at: int) -> dict[str, Value]:
        self._state.refresh()
        return self._sampler.observe(at, self._values(known, self._sampler.reads))

    def _values(self, known: MarketState, names: Iterable[str]) -> dict[str, Value]:
        return {name: self._value(known, name) for name in names}

    def _value(self, known: MarketState, name: str) -> Value:
        feature = self._strategy.rows.feature(name)
        if feature.feed is Feed.PORTFOLIO:
            return None if name in UNHELD else 0.0
        row = np.array([known.row], dtype=np.intp)
        (number,) = self._state.table.read(name, row, self._state.now).tolist()
        if math.isnan(number):
            return None
        match feature.unit:
            case "bool":
                return bool(number)
            case "enum":
                return feature.values[int(number)]
            case _:
                return float(number)


def _feeds(manifest: Manifest) -> Feeds:
    given = {Feed(name) for name in manifest.feeds} | {Feed.CLOCK, Feed.PORTFOLIO}
    ages = {Feed(name): age for name, age in manifest.max_age.items()}
    return Feeds(given=tuple(feed for feed in Feed if feed in given), max_age=ages)


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InputError(
            f"{text} is not a moment, expected one such as 2026-11-20T14:05:00Z"
        )
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def _shown(at: int) -> str:
    moment = datetime.fromtimestamp(at // SECOND, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
