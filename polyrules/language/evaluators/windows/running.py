"""Window functions that remember a few numbers a row, however far they look back.

Like all of them they see a step function: a sample holds until the next one, and of
several in one moment the last counts.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyrules.domain.moments import SECOND
from polyrules.features.feature import NEVER
from polyrules.language.strategy import Window

Floats = NDArray[np.float64]
State = Mapping[str, NDArray[np.generic] | int]

# Weights of the same stretch, told in more or in fewer steps, differ in last digits.
SLACK = 1e-12


class Kept(NamedTuple):
    """What is remembered of a row: all of shape (n,), NaN where nothing is known.

    Attributes:
        latest: The last sample; it holds until now.
        before: The sample that held before it.
        mean: ewma: the mean so far.
        weight: ewma: how much of all weight, 1, is covered by samples.
        seen: since: when the condition was last seen TRUE [microseconds].
    """

    latest: Floats
    before: Floats
    mean: Floats
    weight: Floats
    seen: Floats


class Running:
    """One of `hoisted.RUNNING` over all rows.

    Args:
        window: Kernel; length (of ewma: the half-life) and least cover.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._at: int | None = None
        self._kept = _nothing(0)

    @property
    def size(self) -> int:
        """Return how many numbers are held in memory."""
        return sum(numbers.size for numbers in self._kept)

    def observe(self, at: int, values: Floats) -> Floats:
        """Return the kernel at `at`, then store the current sample; see History."""
        self._widen(len(values))
        if self._at is not None and at > self._at:
            self._kept = self._advanced(self._at, at)
        self._at = at
        self._kept = self._kept._replace(latest=values.copy())
        match self._window.kernel:
            case "ewma":
                # Half-lives fully covered give 1 - 2 ** -cover of all weight.
                enough = 1.0 - math.pow(0.5, self._window.cover) - SLACK
                is_covered = self._kept.weight >= enough
                return np.where(is_covered, self._kept.mean, math.nan)
            case "since":
                return _since(at, values, self._kept.seen)
            case _:
                return _both(1.0 - self._kept.before, values)

    def state(self) -> dict[str, NDArray[np.generic] | int]:
        """Return a copy of all that is remembered."""
        moments = np.array([] if self._at is None else [self._at], dtype=np.int64)
        kept = {name: each.copy() for name, each in self._kept._asdict().items()}
        return {"at": moments, **kept}

    def restore(self, state: State) -> None:
        """Remember what `state` gave, and nothing else."""
        moments = np.array(state["at"], dtype=np.int64)
        self._at = int(moments[0]) if len(moments) else None
        self._kept = Kept(
            *(np.array(state[name], dtype=np.float64) for name in Kept._fields)
        )

    def _advanced(self, since: int, until: int) -> Kept:
        """Return what is remembered once the latest sample held over a stretch."""
        kept = self._kept
        if self._window.kernel == "ewma":
            mean, weight = self._averaged(until - since)
            kept = kept._replace(mean=mean, weight=weight)
        seen = np.where(kept.latest == 1.0, float(until), kept.seen)
        return kept._replace(seen=seen, before=kept.latest)

    def _averaged(self, time: int) -> tuple[Floats, Floats]:
        """Return mean and weight after the latest sample held for some time."""
        kept = self._kept
        left = math.pow(0.5, time / self._window.length)
        known = ~np.isnan(kept.latest)
        weight = kept.weight * left + np.where(known, 1.0 - left, 0.0)
        mean = np.where(np.isnan(kept.mean), kept.latest, kept.mean)
        share = np.where(known, (1.0 - left) / weight, 0.0)
        step = np.where(known, kept.latest - mean, 0.0)
        return mean + step * share, weight

    def _widen(self, rows: int) -> None:
        more = rows - len(self._kept.latest)
        if more > 0:
            pairs = zip(self._kept, _nothing(more), strict=True)
            self._kept = Kept(*(np.append(old, new) for old, new in pairs))


def _nothing(rows: int) -> Kept:
    gone = np.full(rows, math.nan)
    return Kept(gone, gone, gone, np.zeros(rows), gone)


def _since(at: int, values: Floats, seen: Floats) -> Floats:
    """Return seconds since a condition was seen TRUE, 0 where it is now."""
    age = np.where(np.isnan(seen), NEVER, np.minimum((at - seen) / SECOND, NEVER))
    age = np.where(values == 1.0, 0.0, age)
    return np.where(np.isnan(values), math.nan, age)


def _both(one: Floats, other: Floats) -> Floats:
    """Return `one and other` by Kleene, of truths as 0, 1 and NaN."""
    either_false = (one == 0.0) | (other == 0.0)
    return np.where(either_false, 0.0, one * other)
