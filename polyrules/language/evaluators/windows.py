"""What a window function remembers, and the number it makes of it.

A sample holds until the next one, so a window is a step function over time, weighted
by time: how often it was sampled does not matter. The window is [now - length, now);
the current value is not in its own baseline. A missing sample covers nothing, and where
too little of the window is covered the result is missing.

There is this one implementation; every evaluator reads its columns. The result for a
market depends on that market's samples only, never on how many markets there are. So
that a long window stays cheap, each of its parts of equal length is summed up once,
when it is over; parts begin at multiples of their length since 1970, so that a result
does not depend on when the run began either.
"""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from polyrules.language.strategy import Window

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

PARTS = 64  # of a window; so few that adding them up costs no more than its raw ends
FIRST_ROOM = 16
FIRST_WIDTH = 16  # never 1: NumPy adds up a single column in another order
CHUNK = 256  # samples taken at once: bounds the memory of intermediate results


class Stretch(NamedTuple):
    """Pieces of time, shape (k, width) each, the oldest first.

    Attributes:
        covered: How much of each piece is covered by samples [microseconds].
        mean: Mean over the covered time; any number where nothing is covered.
        spread: Sum of squared distances from that mean, weighted by time.
    """

    covered: Floats
    mean: Floats
    spread: Floats | float


class History:
    """The samples of one window, of all rows.

    Args:
        window: Kernel, length and least cover.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._part = max(window.length // PARTS, 1)
        self._samples = _Ring(layers=1)
        self._parts = _Ring(layers=3)
        self._summed_until = 0
        # Distances from a recent value lose fewer digits than the values themselves,
        # and are exactly 0 for a value that never changes.
        self._pivot = np.zeros(FIRST_WIDTH)

    @property
    def size(self) -> int:
        """Return how many numbers are held in memory, used or not."""
        return self._samples.size + self._parts.size

    def observe(self, at: int, values: Floats, floor: Floats | None) -> Floats:
        """Return the kernel over [at - length, at), then store the current sample.

        Args:
            at: Now [microseconds]; never before the last call's.
            values: Current value of the window's argument, shape (n,), NaN where
                missing; n never shrinks, and a new row was missing before.
            floor: Least standard deviation, shape (n,), such as the tick for prices;
                where it is missing there is no deviation. None: no floor.

        Returns:
            lag: the value that held at `at - length`; mean_over, std_over: mean and
            standard deviation (of the population), by time; zscore: (values - mean) /
            std. Shape (n,), NaN where missing.
        """
        times = self._samples.times
        assert not len(times) or at >= times[-1], f"time ran backward to {at}"
        self._widen(len(values))
        since = at - self._window.length
        self._forget(since)
        with np.errstate(all="ignore"):
            if self._window.kernel == "lag":
                result = self._held(since)[: len(values)]
            else:
                self._sum_parts(since, at)
                result = self._kernel(at, values, floor)
        self._store(at, values)
        return result

    def _kernel(self, at: int, values: Floats, floor: Floats | None) -> Floats:
        length = self._window.length
        covered, mean, spread = self._total(at - length, at)
        mean[covered / length < self._window.cover] = math.nan
        mean = mean[: len(values)]
        if self._window.kernel == "mean_over":
            return _finite(mean)
        deviation = np.sqrt(spread / covered)[: len(values)]
        if floor is not None:
            deviation = np.maximum(deviation, floor)
        if self._window.kernel == "std_over":
            return _finite(np.where(np.isnan(mean), math.nan, deviation))
        return _finite((values - mean) / deviation)

    def _held(self, moment: int) -> Floats:
        """Return what held at a moment; `_forget` left at most one sample before it."""
        times, samples = self._samples.times, self._samples.layer(0)
        if len(times) and times[0] <= moment:
            held: Floats = samples[0].copy()
            return held
        return np.full(len(self._pivot), math.nan)

    def _total(self, since: int, until: int) -> tuple[Floats, Floats, Floats]:
        """Return covered time, mean and spread over [since, until), by row."""
        covered, total = np.zeros((2, len(self._pivot)))
        for stretch in self._stretches(since, until):
            covered += _sum(stretch.covered)
            total += _sum((stretch.mean - self._pivot) * stretch.covered)
        mean = self._pivot + total / covered
        spread = np.zeros(len(self._pivot))
        for stretch in self._stretches(since, until):
            away = stretch.mean - mean
            spread += _sum(away * away * stretch.covered + stretch.spread)
        return covered, mean, spread

    def _stretches(self, since: int, until: int) -> Iterator[Stretch]:
        """Yield [since, until) in pieces: summed parts, and raw samples around them."""
        starts = self._parts.times
        first, last = np.searchsorted(starts, (since, until - self._part + 1))
        if first >= last:
            yield from self._raw(since, until)
            return
        yield from self._raw(since, int(starts[first]))
        yield Stretch(*(self._parts.layer(index)[first:last] for index in range(3)))
        yield from self._raw(int(starts[last - 1]) + self._part, until)

    def _raw(self, since: int, until: int) -> Iterator[Stretch]:
        """Yield the samples that hold somewhere in [since, until)."""
        times = self._samples.times
        first = max(int(np.searchsorted(times, since, side="right")) - 1, 0)
        last = int(np.searchsorted(times, until))
        begin = np.maximum(times[first:last], since)
        end = np.append(begin[1:], until)
        weights = (end - begin).astype(np.float64)
        samples = self._samples.layer(0)[first:last]
        for start in range(0, len(samples), CHUNK):
            chunk = slice(start, start + CHUNK)
            gone = np.isnan(samples[chunk])
            covered = np.where(gone, 0.0, weights[chunk, np.newaxis])
            yield Stretch(covered, np.where(gone, 0.0, samples[chunk]), 0.0)

    def _sum_parts(self, since: int, until: int) -> None:
        """Sum up every part that is over by now and will be asked for."""
        part, times = self._part, self._samples.times
        if not len(times):
            return
        first = _multiple_from(max(since, int(times[0]) - part + 1), part)
        for start in range(max(first, self._summed_until), until - part + 1, part):
            covered, mean, spread = self._total(start, start + part)
            for numbers in (mean, spread):
                numbers[covered == 0.0] = 0.0
            self._parts.append(start, covered, mean, spread)
            self._summed_until = start + part

    def _forget(self, since: int) -> None:
        """Drop what is before `since`, but for the sample that holds there."""
        held = int(np.searchsorted(self._samples.times, since, side="right"))
        self._samples.drop(max(held - 1, 0))
        self._parts.drop(int(np.searchsorted(self._parts.times, since)))

    def _store(self, at: int, values: Floats) -> None:
        n = len(values)
        self._pivot[:n] = np.where(np.isnan(values), self._pivot[:n], values)
        sample = np.full(len(self._pivot), math.nan)
        sample[:n] = values
        self._samples.append(at, sample)

    def _widen(self, rows: int) -> None:
        width = len(self._pivot)
        while width < rows:
            width *= 2
        if width > len(self._pivot):
            self._samples.widen(width, (math.nan,))
            self._parts.widen(width, (0.0, 0.0, 0.0))
            self._pivot = np.append(self._pivot, np.zeros(width - len(self._pivot)))


class _Ring:
    """Rows of numbers by time, in C order; the oldest can be dropped.

    Room doubles when it is full of what is still held, so it stays flat over time.
    """

    def __init__(self, layers: int) -> None:
        self._start = 0
        self._end = 0
        self._times = np.zeros(FIRST_ROOM, dtype=np.int64)
        self._cells = np.zeros((layers, FIRST_ROOM, FIRST_WIDTH))

    @property
    def size(self) -> int:
        """Return how many numbers there is room for."""
        return self._cells.size

    @property
    def times(self) -> Times:
        """Return the times held, ascending; a view, shape (k,)."""
        return self._times[self._start : self._end]

    def layer(self, index: int) -> Floats:
        """Return one number of every time and row; a view, shape (k, width)."""
        return self._cells[index, self._start : self._end]

    def append(self, time: int, *layers: Floats) -> None:
        """Add a time at the end, with one row of numbers for each layer."""
        if self._end == len(self._times):
            held = self._end - self._start
            grows = 2 * held > len(self._times)
            self._move(len(self._times) * (2 if grows else 1))
        self._times[self._end] = time
        for cells, numbers in zip(self._cells, layers, strict=True):
            cells[self._end] = numbers
        self._end += 1

    def drop(self, count: int) -> None:
        """Forget the oldest times."""
        self._start += count

    def widen(self, width: int, fills: Iterable[float]) -> None:
        """Add rows, filled with one number for each layer."""
        layers, room, old = self._cells.shape
        cells = np.empty((layers, room, width))
        cells[:, :, :old] = self._cells
        for layer, fill in zip(cells, fills, strict=True):
            layer[:, old:] = fill
        self._cells = cells

    def _move(self, room: int) -> None:
        """Move what is held to the front of a new room."""
        held = slice(self._start, self._end)
        count = self._end - self._start
        layers, _, width = self._cells.shape
        times = np.zeros(room, dtype=np.int64)
        cells = np.zeros((layers, room, width))
        times[:count] = self._times[held]
        cells[:, :count] = self._cells[:, held]
        self._times, self._cells = times, cells
        self._start, self._end = 0, count


def _sum(pieces: Floats) -> Floats:
    """Add up over time, in the order of time, for each row by itself."""
    return cast(Floats, np.add.reduce(pieces, axis=0))


def _multiple_from(moment: int, step: int) -> int:
    """Return the least multiple of `step` that is not before `moment`."""
    return -(-moment // step) * step


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, math.nan)
