"""Matches: what bookmakers say of a market's YES, and how its game stands.

Numbers are taken as told; one that cannot be what it is called, a chance of 1.3, is
missing. A word we do not know is missing too: an unknown status, and an unknown
happening, of which only that it happened and when is known.
"""

import math

import numpy as np

from polyrules.domain.events import GameChanged, OddsChanged
from polyrules.domain.money import ONE
from polyrules.features.columns import Columns, Floats, Rows
from polyrules.features.entities import HAPPENINGS, STATUSES
from polyrules.features.feature import NEVER

_NOTHING = "none"


class Odds:
    """The odds of markets.

    Args:
        age_max: How long odds hold [microseconds]; None: until the next ones.
    """

    def __init__(self, age_max: int | None) -> None:
        self._age_max = math.inf if age_max is None else float(age_max)
        self._told = Columns("at", "fair", "books", "dispersion", "match_score")

    def change(self, row: int, event: OddsChanged) -> None:
        """Take in what bookmakers say now."""
        self._told.write(
            row,
            at=event.at,
            fair=_chance(event.fair),
            books=event.books,
            dispersion=_at_least_zero(event.dispersion),
            match_score=_chance(event.match_score),
        )

    def read(self, name: str, rows: Rows, now: int) -> Floats:
        """Return a feature of `odds`, shape (len(rows),); NaN where they are old."""
        ages = now - self._told.read("at", rows)
        plain = name.removeprefix("odds.")
        if plain == "age":
            return ages / ONE
        return np.where(ages <= self._age_max, self._told.read(plain, rows), math.nan)

    def why_missing(self, name: str, row: int, now: int) -> str:  # noqa: ARG002 - as every Beside
        """Return why a feature that is missing for a row is."""
        return _why(self._told.cell("at", row), now, self._age_max)


class Games:
    """The games of markets.

    Args:
        age_max: How long a game stands as told [microseconds]; None: until told anew.
    """

    def __init__(self, age_max: int | None) -> None:
        self._age_max = math.inf if age_max is None else float(age_max)
        self._told = Columns(
            *("at", "status", "event", "event_at", "seconds_left"),
            *("win_prob", "win_prob_before"),
        )

    def change(self, row: int, event: GameChanged) -> None:
        """Take in how a game stands now."""
        told = self._told
        if event.happened != _NOTHING:
            told.write(
                row,
                event=_code(HAPPENINGS, event.happened),
                event_at=event.at
                if event.venue_at is None
                else min(event.venue_at, event.at),
                win_prob_before=told.cell("win_prob", row),
            )
        elif math.isnan(told.cell("event_at", row)):
            told.write(row, event=HAPPENINGS.index(_NOTHING))
        told.write(
            row,
            at=event.at,
            status=_code(STATUSES, event.status),
            seconds_left=_at_least_zero(event.seconds_left),
            win_prob=_chance(event.win_prob),
        )

    def read(self, name: str, rows: Rows, now: int) -> Floats:
        """Return a feature of `game`, shape (len(rows),); NaN where it is old."""
        plain = name.removeprefix("game.")
        values = (
            self._event_age(rows, now)
            if plain == "event_age"
            else self._told.read(plain, rows)
        )
        fresh = now - self._told.read("at", rows) <= self._age_max
        return np.where(fresh, values, math.nan)

    def why_missing(self, name: str, row: int, now: int) -> str:  # noqa: ARG002 - as every Beside
        """Return why a feature that is missing for a row is."""
        return _why(self._told.cell("at", row), now, self._age_max)

    def _event_age(self, rows: Rows, now: int) -> Floats:
        ages = (now - self._told.read("event_at", rows)) / ONE
        return np.where(np.isnan(ages), NEVER, np.minimum(ages, NEVER))


def _why(at: float, now: int, age_max: float) -> str:
    if math.isnan(at):
        return "not_covered"
    return "stale" if now - at > age_max else "not_stated"


def _code(words: tuple[str, ...], word: str) -> float:
    return float(words.index(word)) if word in words else math.nan


def _chance(number: float) -> float:
    return number if 0.0 <= number <= 1.0 else math.nan


def _at_least_zero(number: float) -> float:
    return number if 0.0 <= number < math.inf else math.nan
