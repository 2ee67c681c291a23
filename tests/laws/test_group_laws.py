"""A group function gives what a plain telling gives, in whatever order rows stand."""

import math
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polyrules.language.evaluators.groups import NO_GROUP, column
from polyrules.language.strategy import GroupKernel

KERNELS: tuple[GroupKernel, ...] = (
    *("rank", "sum_in", "count_in", "max_in", "min_in", "mean_in", "share_in"),
    "exposure",
)
numbers = st.one_of(
    st.sampled_from([0.0, -0.0, 0.1, 0.2, 0.3, 1e16, -1e16, math.nan]),
    st.floats(-1e300, 1e300),
)
rows = st.lists(st.tuples(numbers, st.integers(NO_GROUP, 3)), max_size=30)
kernels = st.sampled_from(KERNELS)


def plain(kernel: GroupKernel, told: Sequence[tuple[float, int]], row: int) -> float:
    value, group = told[row]
    members = [number for number, code in told if code == group]
    known = [number for number in members if not math.isnan(number)]
    if kernel == "count_in" and group != NO_GROUP:
        return float(len(members))
    is_of_its_own = kernel in ("rank", "share_in")
    if group == NO_GROUP or not known or (is_of_its_own and math.isnan(value)):
        return math.nan
    match kernel:
        case "rank":
            return 1.0 + sum(number > value for number in known)
        case "max_in":
            return max(known)
        case "min_in":
            return min(known)
        case "mean_in":
            return math.fsum(known) / len(known)
        case "share_in":
            total = math.fsum(known)
            return value / total if total else math.nan
        case _:
            return math.fsum(known)


def found(kernel: GroupKernel, told: Sequence[tuple[float, int]]) -> list[float]:
    values = np.array([value for value, _ in told], dtype=np.float64)
    codes = np.array([code for _, code in told], dtype=np.int64)
    return [float(each) for each in column(kernel, values, codes)]


@given(told=rows, kernel=kernels)
def test_a_group_function_agrees_with_its_definition(
    told: list[tuple[float, int]], kernel: GroupKernel
) -> None:
    expected = [plain(kernel, told, row) for row in range(len(told))]

    finite = [each if math.isfinite(each) else math.nan for each in expected]
    np.testing.assert_array_equal(found(kernel, told), finite)


@given(told=rows, kernel=kernels, data=st.data())
def test_the_order_of_rows_changes_no_bit(
    told: list[tuple[float, int]], kernel: GroupKernel, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(told))))

    straight = found(kernel, told)
    shuffled = found(kernel, [told[row] for row in order])

    assert (
        np.array(shuffled).tobytes() == np.array([straight[r] for r in order]).tobytes()
    )


@given(told=rows, kernel=kernels, group=st.integers(NO_GROUP, 3))
def test_a_group_does_not_feel_the_others(
    told: list[tuple[float, int]], kernel: GroupKernel, group: int
) -> None:
    alone = [(value, code) for value, code in told if code == group]

    among_others = [
        each
        for each, (_, code) in zip(found(kernel, told), told, strict=True)
        if code == group
    ]

    assert np.array(found(kernel, alone)).tobytes() == np.array(among_others).tobytes()
