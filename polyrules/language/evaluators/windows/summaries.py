"""How stretches of time are summed up: what is kept of each, and how they add up.

A stretch is told in pieces, the oldest first. A raw piece is one sample for as long as
it held; a summed piece is a longer stretch of which only the numbers of its summary are
left. Adding pieces up gives numbers of the same kind again, so what is over needs to be
summed up once only.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Layers = tuple[Floats, ...]


class Pieces(NamedTuple):
    """Pieces of time, the oldest first.

    Attributes:
        offset: When each begins, since the stretch began [microseconds], shape (k, 1).
        layers: The numbers of each, shape (k, width) each; first of all how much of it
            is covered by samples [microseconds].
    """

    offset: Floats
    layers: Layers


Stretch = Callable[[], Iterable[Pieces]]  # to be gone through more than once


class Summary(NamedTuple):
    """What is kept of a stretch.

    Attributes:
        empty: Each layer where nothing is covered; the first is covered time, 0.
        of_samples: Layers of raw pieces, from samples with 0 where missing, shape
            (k, width), and from covered times.
        total: Layers of a whole stretch, shape (width,) each, from its pieces and from
            a pivot: distances from a recent value lose fewer digits than the values
            themselves, and are exactly 0 for a value that never changes. Any number
            where nothing is covered.
    """

    empty: tuple[float, ...]
    of_samples: Callable[[Floats, Floats], Layers]
    total: Callable[[Stretch, Floats], Layers]


def added(pieces: Floats) -> Floats:
    """Add up over time, in the order of time, for each row by itself."""
    return cast(Floats, np.add.reduce(pieces, axis=0))


# Moments: covered time, mean, sum of squared distances from it weighted by time


def _moments_of(samples: Floats, covered: Floats) -> Layers:
    return covered, samples, np.zeros_like(samples)


def _moments(stretch: Stretch, pivot: Floats) -> Layers:
    covered, total, spread = np.zeros((3, len(pivot)))
    for _, (time, mean, _) in stretch():
        covered += added(time)
        total += added((mean - pivot) * time)
    middle = pivot + total / covered
    for _, (time, mean, inside) in stretch():
        away = mean - middle
        spread += added(away * away * time + inside)
    return covered, middle, spread


# Extremes: covered time, lowest, highest


def _extremes_of(samples: Floats, covered: Floats) -> Layers:
    gone = covered == 0.0
    lowest = np.where(gone, np.inf, samples)
    return covered, lowest, np.where(gone, -np.inf, samples)


def _extremes(stretch: Stretch, pivot: Floats) -> Layers:
    covered = np.zeros(len(pivot))
    lowest, highest = np.full((2, len(pivot)), np.inf)
    highest = -highest
    for _, (time, low, high) in stretch():
        covered += added(time)
        lowest = np.minimum(lowest, low.min(axis=0, initial=np.inf))
        highest = np.maximum(highest, high.max(axis=0, initial=-np.inf))
    return covered, lowest, highest


# Rises: covered time, first and last known value, what it rose between them


def _rises_of(samples: Floats, covered: Floats) -> Layers:
    known = np.where(covered == 0.0, np.nan, samples)
    return covered, known, known, np.zeros_like(samples)


def _rises(stretch: Stretch, pivot: Floats) -> Layers:
    covered, risen = np.zeros((2, len(pivot)))
    first, last = np.full((2, len(pivot)), np.nan)
    for _, (time, begins, ends, inside) in stretch():
        covered += added(time)
        known = _filled(np.concatenate([last[np.newaxis], ends]))
        step = begins - known[:-1]
        risen += added(np.where(step > 0.0, step, 0.0) + inside)
        if np.isnan(first).any():
            first = np.where(np.isnan(first), _first_known(begins), first)
        last = known[-1]
    return covered, first, last, risen


def _filled(values: Floats) -> Floats:
    """Return at each time the last value that was not missing, NaN if none was."""
    gone = np.isnan(values)
    if not (gone[1:] & ~gone[:-1]).any():  # nothing went missing that was known
        return values
    times = np.arange(len(values))[:, np.newaxis]
    at = np.maximum.accumulate(np.where(gone, 0, times), axis=0)
    return cast(Floats, np.take_along_axis(values, at, axis=0))


def _first_known(values: Floats) -> Floats:
    """Return the first value that is not missing, NaN if all are; at least one."""
    at = np.argmin(np.isnan(values), axis=0)
    return cast(Floats, np.take_along_axis(values, at[np.newaxis], axis=0)[0])


# Lean: covered time, mean, mean moment since the stretch began, sum of squared
# distances of moments from that, sum of products of both distances; all by time


def _lean_of(samples: Floats, covered: Floats) -> Layers:
    # A piece that is covered is covered from its beginning to its end.
    cube = covered * covered * covered  # a power may differ in its last digit
    return covered, samples, covered / 2, cube / 12, np.zeros_like(samples)


def _lean(stretch: Stretch, pivot: Floats) -> Layers:
    covered, total, moments, width, lean = np.zeros((5, len(pivot)))
    for offset, (time, mean, moment, _, _) in stretch():
        covered += added(time)
        total += added((mean - pivot) * time)
        moments += added((offset + moment) * time)
    middle = pivot + total / covered
    centre = moments / covered
    for offset, (time, mean, moment, wide, inside) in stretch():
        away = offset + moment - centre
        width += added(away * away * time + wide)
        lean += added(away * (mean - middle) * time + inside)
    return covered, middle, centre, width, lean


MOMENTS = Summary((0.0, 0.0, 0.0), _moments_of, _moments)
EXTREMES = Summary((0.0, np.inf, -np.inf), _extremes_of, _extremes)
RISES = Summary((0.0, np.nan, np.nan, 0.0), _rises_of, _rises)
LEAN = Summary((0.0, 0.0, 0.0, 0.0, 0.0), _lean_of, _lean)
