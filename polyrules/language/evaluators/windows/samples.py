"""The samples of one window, and the sums of its parts that are over.

A sample holds until the next one; of several in one moment the last counts. So that a
long window stays cheap, each of its parts of equal length is summed up once, when it is
over; parts begin at multiples of their length since 1970, so that a result does not
depend on when the run began.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from polyrules.language.evaluators.windows.ring import FIRST_WIDTH, Ring
from polyrules.language.evaluators.windows.summaries import Layers, Pieces, Summary

Floats = NDArray[np.float64]
State = Mapping[str, NDArray[np.generic] | int]

PARTS = 64  # of a window; so few that adding them up costs no more than its raw ends
CHUNK = 256  # samples taken at once: bounds the memory of intermediate results


class Samples:
    """What a window of a given length remembers, of all rows.

    Args:
        length: Of the window [microseconds].
        summary: How its parts are summed up; None if only samples are asked for.
    """

    def __init__(self, length: int, summary: Summary | None) -> None:
        self._length = length
        self._summary = summary
        self._part = max(length // PARTS, 1)
        self._samples = Ring(layers=1)
        self._parts = Ring(layers=len(summary.empty) if summary else 0)
        self._summed_until = 0
        self._pivot = np.zeros(FIRST_WIDTH)

    @property
    def size(self) -> int:
        """Return how many numbers are held in memory, used or not."""
        return self._samples.size + self._parts.size

    def forget(self, since: int) -> None:
        """Drop what is before `since`, but for the sample that holds there."""
        held = int(np.searchsorted(self._samples.times, since, side="right"))
        self._samples.drop(max(held - 1, 0))
        self._parts.drop(int(np.searchsorted(self._parts.times, since)))

    def held(self, moment: int) -> Floats:
        """Return what held at a moment; `forget` left at most one sample before it."""
        times, samples = self._samples.times, self._samples.layer(0)
        if len(times) and times[0] <= moment:
            held: Floats = samples[0].copy()
            return held
        return np.full(len(self._pivot), math.nan)

    def total(self, since: int, until: int) -> Layers:
        """Return the summary of [since, until), shape (width,) each layer."""
        self._sum_parts(since, until)
        return self._total(since, until)

    def raw(self, since: int, until: int) -> Iterator[tuple[Floats, Floats]]:
        """Yield the samples that hold somewhere in [since, until), the oldest first.

        Yields:
            Samples, 0 where missing, shape (k, width); and for how long each covers
            that time [microseconds], of the same shape.
        """
        for samples, covered, _ in self._raw(since, until, since):
            yield samples, covered

    def store(self, at: int, values: Floats) -> None:
        """Take a sample; one of the same moment is forgotten for it."""
        if len(self._samples.times) and self._samples.times[-1] == at:
            self._samples.drop_last()
        n = len(values)
        self._pivot[:n] = np.where(np.isnan(values), self._pivot[:n], values)
        sample = np.full(len(self._pivot), math.nan)
        sample[:n] = values
        self._samples.append(at, sample)

    def widen(self, rows: int) -> None:
        """Make room for so many rows; a new one was missing before."""
        width = len(self._pivot)
        while width < rows:
            width *= 2
        if width > len(self._pivot):
            self._samples.widen(width, (math.nan,))
            self._parts.widen(width, self._summary.empty if self._summary else ())
            self._pivot = np.append(self._pivot, np.zeros(width - len(self._pivot)))

    def state(self) -> dict[str, NDArray[np.generic] | int]:
        """Return a copy of all that is remembered."""
        return {
            "summed_until": self._summed_until,
            "pivot": self._pivot.copy(),
            "times": self._samples.times.copy(),
            "samples": self._samples.cells.copy(),
            "part_times": self._parts.times.copy(),
            "parts": self._parts.cells.copy(),
        }

    def restore(self, state: State) -> None:
        """Remember what `state` gave, and nothing else."""
        summed_until = state["summed_until"]
        assert isinstance(summed_until, int), "the keys of a state are looked at before"
        self._summed_until = summed_until
        self._pivot = np.array(state["pivot"], dtype=np.float64)
        self._samples.restore(*_pair(state, "times", "samples"))
        self._parts.restore(*_pair(state, "part_times", "parts"))

    def _total(self, since: int, until: int) -> Layers:
        assert self._summary, "only a window with a summary is summed up"
        return self._summary.total(lambda: self._stretch(since, until), self._pivot)

    def _stretch(self, since: int, until: int) -> Iterator[Pieces]:
        """Yield [since, until) in pieces: summed parts, and raw samples around them."""
        starts = self._parts.times
        first, last = np.searchsorted(starts, (since, until - self._part + 1))
        if first >= last:
            yield from self._pieces(since, until, since)
            return
        yield from self._pieces(since, int(starts[first]), since)
        offset = (starts[first:last] - since).astype(np.float64)[:, np.newaxis]
        yield Pieces(offset, tuple(self._parts.cells[:, first:last]))
        yield from self._pieces(int(starts[last - 1]) + self._part, until, since)

    def _pieces(self, begin: int, until: int, since: int) -> Iterator[Pieces]:
        """Yield the raw pieces of [begin, until), told from `since` on."""
        assert self._summary, "only a window with a summary is summed up"
        for samples, covered, offset in self._raw(begin, until, since):
            yield Pieces(offset, self._summary.of_samples(samples, covered))

    def _raw(
        self, begin: int, until: int, since: int
    ) -> Iterator[tuple[Floats, Floats, Floats]]:
        times = self._samples.times
        first = max(int(np.searchsorted(times, begin, side="right")) - 1, 0)
        last = int(np.searchsorted(times, until))
        begins = np.maximum(times[first:last], begin)
        ends = np.append(begins[1:], until)
        weights = (ends - begins).astype(np.float64)[:, np.newaxis]
        offsets = (begins - since).astype(np.float64)[:, np.newaxis]
        samples = self._samples.layer(0)[first:last]
        for start in range(0, len(samples), CHUNK):
            chunk = slice(start, start + CHUNK)
            gone = np.isnan(samples[chunk])
            covered = np.where(gone, 0.0, weights[chunk])
            yield np.where(gone, 0.0, samples[chunk]), covered, offsets[chunk]

    def _sum_parts(self, since: int, until: int) -> None:
        """Sum up every part that is over by now and will be asked for."""
        assert self._summary, "only a window with a summary is summed up"
        part, times = self._part, self._samples.times
        if not len(times):
            return
        first = _multiple_from(max(since, int(times[0]) - part + 1), part)
        for start in range(max(first, self._summed_until), until - part + 1, part):
            layers = self._total(start, start + part)
            gone = layers[0] == 0.0
            for numbers, empty in zip(layers, self._summary.empty, strict=True):
                numbers[gone] = empty
            self._parts.append(start, *layers)
            self._summed_until = start + part


def _multiple_from(moment: int, step: int) -> int:
    """Return the least multiple of `step` that is not before `moment`."""
    return -(-moment // step) * step


def _pair(state: State, times: str, cells: str) -> tuple[NDArray[np.int64], Floats]:
    return (
        np.array(state[times], dtype=np.int64),
        np.array(state[cells], dtype=np.float64),
    )
