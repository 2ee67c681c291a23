"""A window gives what a slow and plain telling of its definition gives."""

import ast
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from polyrules.language.evaluators.windows import History
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.strategy import Window, WindowKernel

LENGTH = 6_400
TICK = 0.01
HOUR = 3_600_000_000
SECOND = 1_000_000
OF_NUMBERS: tuple[WindowKernel, ...] = (
    *("lag", "mean_over", "std_over", "min_over", "max_over", "sum_over", "ewma"),
    *("zscore", "slope", "pct_rank_over"),
)
OF_TRUTHS: tuple[WindowKernel, ...] = (
    *("count_over", "held_for", "crossed_above", "since"),
)
KERNELS = OF_NUMBERS + OF_TRUTHS
FORGET_NOTHING: tuple[WindowKernel, ...] = ("ewma", "since", "crossed_above")


class Sample(NamedTuple):
    at: int
    values: list[float]  # of the rows listed so far


class Piece(NamedTuple):
    begin: int
    end: int
    value: float  # NaN where missing


def history_of(kernel: WindowKernel, cover: float) -> History:
    tree = ast.Name("x")
    x = Expression("x", tree, {tree: Type(Kind.NUMBER, "usd")}, frozenset({"x"}))
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


def pieces_of(before: Sequence[tuple[int, float]], at: int) -> list[Piece]:
    """Return the step function of one row until now."""
    pairs = pairwise([*before, (at, math.nan)])
    pieces = [Piece(begin, end, value) for (begin, value), (end, _) in pairs]
    return [piece for piece in pieces if piece.end > piece.begin]


def plain(
    kernel: WindowKernel,
    cover: float,
    before: Sequence[tuple[int, float]],
    at: int,
    x: float,
) -> float:
    """Return the kernel of one row from all its earlier samples."""
    pieces = pieces_of(before, at)
    if kernel in FORGET_NOTHING:
        return plain_running(kernel, cover, pieces, at, x)
    since = at - LENGTH
    if kernel == "lag":
        held = [piece.value for piece in pieces if piece.begin <= since < piece.end]
        return held[-1] if held else math.nan
    inside = [
        Piece(max(begin, since), end, value)
        for begin, end, value in pieces
        if end > since and not math.isnan(value)
    ]
    covered = sum(piece.end - piece.begin for piece in inside)
    if kernel == "held_for":
        if x == 0.0 or any(piece.value == 0.0 for piece in inside):
            return 0.0
        return x if covered and covered / LENGTH >= cover else math.nan
    if not covered or covered / LENGTH < cover:
        return math.nan
    return plain_kernel(kernel, inside, covered, x)


def plain_kernel(
    kernel: WindowKernel, inside: Sequence[Piece], covered: int, x: float
) -> float:
    weights = [piece.end - piece.begin for piece in inside]
    values = [piece.value for piece in inside]
    weighed = list(zip(weights, values, strict=True))
    mean = math.fsum(weight * value for weight, value in weighed) / covered
    spread = math.fsum(weight * (value - mean) ** 2 for weight, value in weighed)
    deviation = max(math.sqrt(spread / covered), TICK)
    match kernel:
        case "mean_over":
            return mean
        case "std_over":
            return deviation
        case "zscore":
            return (x - mean) / deviation
        case "min_over":
            return min(values)
        case "max_over":
            return max(values)
        case "sum_over" | "count_over":
            return math.fsum(max(b - a, 0.0) for a, b in pairwise(values))
        case "pct_rank_over":
            below = math.fsum(w * ((v < x) + (v == x) / 2) for w, v in weighed)
            return math.nan if math.isnan(x) else below / covered
        case _:
            return plain_slope(inside, covered, mean)


def plain_slope(inside: Sequence[Piece], covered: int, mean: float) -> float:
    """Return the integral of (t - mean t)(x - mean x) over that of (t - mean t)²."""
    first = inside[0].begin
    told = [(p.begin - first, p.end - first, p.value) for p in inside]
    centre = math.fsum((end * end - begin * begin) / 2 for begin, end, _ in told)
    centre /= covered
    lean = math.fsum(
        (value - mean) * ((end - centre) ** 2 - (begin - centre) ** 2) / 2
        for begin, end, value in told
    )
    wide = math.fsum(
        ((end - centre) ** 3 - (begin - centre) ** 3) / 3 for begin, end, _ in told
    )
    return lean / wide * HOUR


def plain_running(
    kernel: WindowKernel, cover: float, pieces: Sequence[Piece], at: int, x: float
) -> float:
    if kernel == "crossed_above":
        was = pieces[-1].value if pieces else math.nan
        if x == 0.0 or was == 1.0:
            return 0.0
        return math.nan if math.isnan(x) or math.isnan(was) else 1.0
    if kernel == "since":
        true = [piece.end for piece in pieces if piece.value == 1.0]
        if math.isnan(x) or x == 1.0:
            return 0.0 if x == 1.0 else math.nan
        return min((at - true[-1]) / SECOND, 1e6) if true else 1e6
    heavy = [
        (2 ** ((p.end - at) / LENGTH) - 2 ** ((p.begin - at) / LENGTH), p.value)
        for p in pieces
        if not math.isnan(p.value)
    ]
    weight = math.fsum(each for each, _ in heavy)
    assume(abs(weight - (1 - 2**-cover)) > 1e-9)  # neither side is wrong there
    if not heavy or weight < 1 - 2**-cover:
        return math.nan
    return math.fsum(each * value for each, value in heavy) / weight


numbers = st.one_of(
    st.just(math.nan),
    st.integers(0, 1000).map(lambda ticks: ticks / 1000),
    st.floats(0, 1),
)
truths = st.sampled_from([0.0, 1.0, math.nan])
gaps = st.one_of(st.integers(0, 400), st.just(100), st.integers(LENGTH - 1, LENGTH + 1))
covers = st.sampled_from([0.05, 0.5, 0.8, 1.0])


@st.composite
def histories(draw: st.DrawFn, of: st.SearchStrategy[float] = numbers) -> list[Sample]:
    """Samples at irregular times; markets may be listed on the way."""
    at = draw(st.integers(-5, 10**15))
    rows = draw(st.integers(1, 3))
    samples = []
    for gap in draw(st.lists(gaps, min_size=1, max_size=60)):
        at += gap
        rows += draw(st.sampled_from([0, 0, 0, 0, 1, 20]))
        values = draw(st.lists(of, min_size=1, max_size=3))
        samples.append(Sample(at, [values[row % len(values)] for row in range(rows)]))
    return samples


@st.composite
def asked(draw: st.DrawFn) -> tuple[WindowKernel, list[Sample]]:
    """A kernel, and a history of what it looks back at."""
    kernel = draw(st.sampled_from(KERNELS))
    of = truths if kernel in OF_TRUTHS else numbers
    return kernel, draw(histories(of))


def assert_agrees(
    kernel: WindowKernel, cover: float, samples: list[Sample], tolerance: float
) -> None:
    found = observed(history_of(kernel, cover), samples)
    for index, (at, values) in enumerate(samples):
        for row, x in enumerate(values[:3]):
            before = [
                (s.at, s.values[row] if row < len(s.values) else math.nan)
                for s in samples[:index]
            ]
            expected = plain(kernel, cover, before, at, x)
            np.testing.assert_allclose(
                found[index][row], expected, rtol=0, atol=tolerance
            )


@pytest.mark.parametrize("kernel", [k for k in OF_NUMBERS if k != "slope"])
@settings(max_examples=50)  # of each kernel
@given(samples=histories(), cover=covers)
def test_a_window_agrees_with_its_definition(
    kernel: WindowKernel, samples: list[Sample], cover: float
) -> None:
    # A score divides by a deviation of at least a tick.
    assert_agrees(kernel, cover, samples, 1e-10 if kernel == "zscore" else 1e-12)


@given(samples=histories(), cover=covers)
def test_a_slope_is_that_of_least_squares(samples: list[Sample], cover: float) -> None:
    steepest = HOUR / (LENGTH * 0.05)  # of values in [0, 1]

    assert_agrees("slope", cover, samples, steepest * 1e-10)


@pytest.mark.parametrize("kernel", OF_TRUTHS)
@settings(max_examples=50)  # of each kernel
@given(samples=histories(truths), cover=covers)
def test_a_window_of_a_condition_agrees_with_its_definition(
    kernel: WindowKernel, samples: list[Sample], cover: float
) -> None:
    assert_agrees(kernel, cover, samples, 0.0)


@given(drawn=asked())
def test_a_market_does_not_feel_how_many_others_there_are(
    drawn: tuple[WindowKernel, list[Sample]],
) -> None:
    kernel, samples = drawn
    alone = [Sample(at, values[:1]) for at, values in samples]
    crowded = [Sample(at, [*values[:1], *[0.5] * 99]) for at, values in samples]

    by_itself = observed(history_of(kernel, 0.5), alone)
    among_many = observed(history_of(kernel, 0.5), crowded)

    for one, many in zip(by_itself, among_many, strict=True):
        assert one.tobytes() == many[:1].tobytes()


@given(drawn=asked(), late=st.integers(1, 20))
def test_a_run_that_began_earlier_gives_the_same_window(
    drawn: tuple[WindowKernel, list[Sample]], late: int
) -> None:
    kernel, samples = drawn
    assume(kernel not in FORGET_NOTHING)
    began_late = samples[late:]
    whole = [s for s in began_late if s.at - LENGTH >= began_late[0].at]

    early = observed(history_of(kernel, 0.5), samples)
    later = observed(history_of(kernel, 0.5), began_late)

    for one, two in zip(early[::-1], later[::-1][: len(whole)], strict=False):
        assert one.tobytes() == two.tobytes()


@given(drawn=asked(), extra=st.lists(st.integers(0, 50), min_size=1, max_size=20))
def test_how_often_it_was_sampled_does_not_matter(
    drawn: tuple[WindowKernel, list[Sample]], extra: list[int]
) -> None:
    kernel, samples = drawn
    assume(kernel != "crossed_above")  # asks for the moment it was last looked at
    often = []
    for index, sample in enumerate(samples):
        often.append(sample)
        until = samples[index + 1].at if index + 1 < len(samples) else sample.at
        between = sorted({sample.at + each for each in extra if each})
        often += [Sample(at, sample.values) for at in between if at < until]

    seldom_found = observed(history_of(kernel, 0.5), samples)
    often_found = observed(history_of(kernel, 0.5), often)

    asked_both = dict(zip((s.at for s in often), often_found, strict=True))
    for sample, once in zip(samples, seldom_found, strict=True):
        last = [s for s in samples if s.at == sample.at][-1]
        if sample is last:
            np.testing.assert_allclose(
                asked_both[sample.at], once, rtol=1e-7, atol=1e-9
            )


@given(drawn=asked(), stop=st.integers(0, 60), cover=covers)
def test_a_run_goes_on_from_a_checkpoint_as_if_it_had_never_stopped(
    drawn: tuple[WindowKernel, list[Sample]], stop: int, cover: float
) -> None:
    kernel, samples = drawn
    first = history_of(kernel, cover)
    observed(first, samples[:stop])
    second = history_of(kernel, cover)

    second.restore(first.state())

    assert second.digest() == first.digest()
    for one, two in zip(
        observed(first, samples[stop:]), observed(second, samples[stop:]), strict=True
    ):
        assert one.tobytes() == two.tobytes()
    assert second.digest() == first.digest()
