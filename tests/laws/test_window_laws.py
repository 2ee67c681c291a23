"""A window gives what a slow and plain telling of its definition gives."""

import ast
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from polyrules.language.evaluators.windows import History
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.strategy import Window

LENGTH = 6_400
TICK = 0.01
Kernel = Literal["lag", "mean_over", "std_over", "zscore"]
KERNELS: tuple[Kernel, ...] = ("lag", "mean_over", "std_over", "zscore")


class Sample(NamedTuple):
    at: int
    values: list[float]  # of the rows listed so far


def history_of(kernel: Kernel, cover: float) -> History:
    tree = ast.Name("x")
    x = Expression("x", tree, {tree: Type(Kind.NUMBER, "prob")}, frozenset({"x"}))
    return History(
        Window(name="@1", kernel=kernel, argument=x, length=LENGTH, cover=cover)
    )


def observed(history: History, samples: Sequence[Sample]) -> list[NDArray[np.float64]]:
    return [
        history.observe(
            sample.at, np.array(sample.values), np.full(len(sample.values), TICK)
        )
        for sample in samples
    ]


def plain(
    kernel: Kernel, cover: float, before: Sequence[tuple[int, float]], at: int, x: float
) -> float:
    """Return the kernel of one row from all its earlier samples."""
    since = at - LENGTH
    if kernel == "lag":
        held = [value for time, value in before if time <= since]
        return held[-1] if held else math.nan
    pieces = []
    for (start, value), (end, _) in pairwise([*before, (at, x)]):
        weight = end - max(start, since)
        if weight > 0 and not math.isnan(value):
            pieces.append((weight, value))
    covered = sum(weight for weight, _ in pieces)
    if not covered or covered / LENGTH < cover:
        return math.nan
    mean = math.fsum(weight * value for weight, value in pieces) / covered
    spread = math.fsum(weight * (value - mean) ** 2 for weight, value in pieces)
    deviation = max(math.sqrt(spread / covered), TICK)
    score = (x - mean) / deviation
    return {"mean_over": mean, "std_over": deviation, "zscore": score}[kernel]


numbers = st.one_of(
    st.just(math.nan),
    st.integers(0, 1000).map(lambda ticks: ticks / 1000),
    st.floats(0, 1),
)
gaps = st.one_of(st.integers(0, 400), st.just(100), st.integers(LENGTH - 1, LENGTH + 1))


@st.composite
def histories(draw: st.DrawFn) -> list[Sample]:
    """Samples at irregular times; markets may be listed on the way."""
    at = draw(st.integers(-5, 10**15))
    rows = draw(st.integers(1, 3))
    samples = []
    for gap in draw(st.lists(gaps, min_size=1, max_size=60)):
        at += gap
        rows += draw(st.sampled_from([0, 0, 0, 0, 1, 20]))
        values = draw(st.lists(numbers, min_size=1, max_size=3))
        samples.append(Sample(at, [values[row % len(values)] for row in range(rows)]))
    return samples


@given(
    samples=histories(),
    kernel=st.sampled_from(KERNELS),
    cover=st.sampled_from([0.0, 0.5, 0.8, 1.0]),
)
def test_a_window_agrees_with_its_definition(
    samples: list[Sample], kernel: Kernel, cover: float
) -> None:
    found = observed(history_of(kernel, cover), samples)

    for index, (at, values) in enumerate(samples):
        for row, x in enumerate(values[:3]):
            before = [
                (s.at, s.values[row] if row < len(s.values) else math.nan)
                for s in samples[:index]
            ]
            expected = plain(kernel, cover, before, at, x)
            # A score divides by a deviation of at least a tick.
            tolerance = 1e-10 if kernel == "zscore" else 1e-12
            np.testing.assert_allclose(
                found[index][row], expected, rtol=0, atol=tolerance
            )


@given(samples=histories(), kernel=st.sampled_from(KERNELS))
def test_a_market_does_not_feel_how_many_others_there_are(
    samples: list[Sample], kernel: Kernel
) -> None:
    alone = [Sample(at, values[:1]) for at, values in samples]
    crowded = [Sample(at, [*values[:1], *[0.5] * 99]) for at, values in samples]

    by_itself = observed(history_of(kernel, 0.5), alone)
    among_many = observed(history_of(kernel, 0.5), crowded)

    for one, many in zip(by_itself, among_many, strict=True):
        assert one.tobytes() == many[:1].tobytes()


@given(samples=histories(), kernel=st.sampled_from(KERNELS), late=st.integers(1, 20))
def test_a_run_that_began_earlier_gives_the_same_window(
    samples: list[Sample], kernel: Kernel, late: int
) -> None:
    began_late = samples[late:]
    whole = [s for s in began_late if s.at - LENGTH >= began_late[0].at]

    early = observed(history_of(kernel, 0.5), samples)
    later = observed(history_of(kernel, 0.5), began_late)

    for one, two in zip(early[::-1], later[::-1][: len(whole)], strict=False):
        assert one.tobytes() == two.tobytes()
