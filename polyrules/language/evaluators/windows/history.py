"""What a window function remembers, and the number it makes of it.

A sample holds until the next one, so a window is a step function over time, weighted
by time: how often it was sampled does not matter. The window is [now - length, now);
the current value is not in its own baseline. A missing sample covers nothing, and where
too little of the window is covered the result is missing.

There is this one implementation; every evaluator reads its columns. The result for a
market depends on that market's samples only, never on how many markets there are, nor,
but for `ewma` and `since`, which forget nothing, on when the run began.
"""

import ast
import math
from collections.abc import Mapping
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from polyrules.domain.moments import HOUR
from polyrules.language.evaluators.windows.running import Running
from polyrules.language.evaluators.windows.samples import Samples
from polyrules.language.evaluators.windows.summaries import (
    EXTREMES,
    LEAN,
    MOMENTS,
    RISES,
    Layers,
    Summary,
)
from polyrules.language.hoisted import RUNNING
from polyrules.language.strategy import Window, WindowKernel

Floats = NDArray[np.float64]
State = Mapping[str, NDArray[np.generic] | int]

SUMMARIES: Mapping[WindowKernel, Summary] = {
    "mean_over": MOMENTS,
    "std_over": MOMENTS,
    "zscore": MOMENTS,
    "min_over": EXTREMES,
    "max_over": EXTREMES,
    "held_for": EXTREMES,
    "sum_over": RISES,
    "count_over": RISES,
    "slope": LEAN,
}
NANO = 1e9
DIGEST_SIZE = 16


class History:
    """The samples of one window, of all rows.

    Args:
        window: Kernel, length and least cover.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._meaning = _meaning(window)
        self._last: int | None = None
        is_running = window.kernel in RUNNING
        self._running = Running(window) if is_running else None
        self._samples = Samples(window.length, SUMMARIES.get(window.kernel))

    @property
    def size(self) -> int:
        """Return how many numbers are held in memory, used or not."""
        return self._running.size if self._running else self._samples.size

    def observe(self, at: int, values: Floats, floor: Floats | None) -> Floats:
        """Return the kernel over [at - length, at), then store the current sample.

        Truths are 0 and 1. Conditions are joined as Kleene joins them: what is FALSE
        somewhere was not held, whatever the rest was.

        Args:
            at: Now [microseconds]; never before the last call's.
            values: Current value of the window's argument, shape (n,), NaN where
                missing; n never shrinks, and a new row was missing before.
            floor: Least standard deviation, shape (n,), such as the tick for prices;
                where it is missing there is no deviation. None: no floor.

        Returns:
            Shape (n,), NaN where missing:

            lag: the value that held at `at - length`;
            mean_over, std_over: mean and standard deviation (of the population);
            min_over, max_over: the lowest and the highest value that held;
            sum_over: the sum of all rises from one known value to the next;
            count_over: the same of a truth: how often it became TRUE;
            ewma: mean over all the past with the weight 2 ** (-age / length); missing
                unless the weight covered is that of `cover * length` just past;
            zscore: (values - mean) / std;
            slope: of the line that fits best, by least squares [per hour];
            pct_rank_over: share of the time it was lower than now, or half, as low;
            held_for: whether it is TRUE now, and was all the time;
            crossed_above: whether it is TRUE now, and was FALSE at the moment before;
            since: time since it was last seen TRUE [seconds], NEVER at most; missing
                where it is UNKNOWN now.
        """
        assert self._last is None or at >= self._last, f"time ran backward to {at}"
        self._last = at
        with np.errstate(all="ignore"):
            if self._running is not None:
                return self._running.observe(at, values)
            self._samples.widen(len(values))
            self._samples.forget(at - self._window.length)
            result = self._kernel(at, values, floor)
        self._samples.store(at, values)
        return result

    def state(self) -> dict[str, NDArray[np.generic] | int]:
        """Return a copy of all that is remembered, to be restored in another run."""
        memory = self._running or self._samples
        last = np.array([] if self._last is None else [self._last], dtype=np.int64)
        return {"window": self._meaning, "last": last, **memory.state()}

    def restore(self, state: State) -> None:
        """Go on from a state as if there had been no stop, to the last bit.

        Raises:
            ValueError: It is the state of another window.
        """
        if state.keys() != self.state().keys() or not np.array_equal(
            np.asarray(state["window"]), self._meaning
        ):
            window = self._window
            raise ValueError(f"no state of {window.kernel} of {window.argument.source}")
        memory = self._running or self._samples
        memory.restore(state)
        last = np.array(state["last"], dtype=np.int64)
        self._last = int(last[0]) if len(last) else None

    def digest(self) -> str:
        """Return 32 hexadecimal digits over all that is remembered."""
        digest = blake2b(digest_size=DIGEST_SIZE)
        for name, value in sorted(self.state().items()):
            array = np.asarray(value)
            digest.update(f"{name}\x1f{array.dtype.str}\x1f{array.shape}\x1f".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()

    def _kernel(self, at: int, values: Floats, floor: Floats | None) -> Floats:
        n, kernel = len(values), self._window.kernel
        since = at - self._window.length
        if kernel == "lag":
            return self._samples.held(since)[:n]
        if kernel == "pct_rank_over":
            covered, result = self._rank(since, at, values)
        else:
            layers = tuple(each[:n] for each in self._samples.total(since, at))
            covered, result = layers[0], self._made_of(layers, values, floor)
        is_covered = covered / self._window.length >= self._window.cover
        if kernel == "held_for":
            # FALSE now, or at any time, is known however little is covered.
            is_known = is_covered | (result == 0.0)
            return np.where(is_known, result, math.nan)
        return _finite(np.where(is_covered, result, math.nan))

    def _made_of(self, layers: Layers, values: Floats, floor: Floats | None) -> Floats:
        """Return the kernel from the summary of the window."""
        match self._window.kernel:
            case "mean_over":
                return layers[1]
            case "std_over":
                return _deviation(layers, floor)
            case "zscore":
                return (values - layers[1]) / _deviation(layers, floor)
            case "min_over":
                return layers[1]
            case "max_over":
                return layers[2]
            case "held_for":
                return np.where(layers[1] == 0.0, 0.0, values)
            case "slope":
                return layers[4] / layers[3] * float(HOUR)
            case _:
                is_price = self._window.argument.type.unit == "prob"
                return np.rint(layers[3] * NANO) / NANO if is_price else layers[3]

    def _rank(self, since: int, until: int, values: Floats) -> tuple[Floats, Floats]:
        """Return covered time, and the share of it in which it was below `values`."""
        n = len(values)
        covered, below = np.zeros((2, n))
        for samples, time in self._samples.raw(since, until):
            held, lasted = samples[:, :n], time[:, :n]
            covered += np.add.reduce(lasted, axis=0)
            half = 0.5 * (held == values) + (held < values)
            below += np.add.reduce(lasted * half, axis=0)
        return covered, np.where(np.isnan(values), math.nan, below / covered)


def _meaning(window: Window) -> NDArray[np.uint8]:
    """Return as bytes what makes two windows the same."""
    what = window.kernel, ast.unparse(window.argument.tree), window.length, window.cover
    return np.frombuffer("\x1f".join(map(str, what)).encode(), dtype=np.uint8)


def _deviation(layers: Layers, floor: Floats | None) -> Floats:
    deviation = np.sqrt(layers[2] / layers[0])
    return deviation if floor is None else np.maximum(deviation, floor)


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, math.nan)
