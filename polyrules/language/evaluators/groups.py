"""Group functions: what a market's number is among those of its group.

A group is told by a code, the same for all its markets. The markets of a group whose
number is missing are left out; a market that is in no group has no result. A result
depends on the numbers in the group only, to the last bit, never on the order of rows:
sums are the nearest number to the exact sum.
"""

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import cast

import numpy as np
from numpy.typing import NDArray

from polyrules.language.strategy import Grouping, GroupKernel

Floats = NDArray[np.float64]
Codes = NDArray[np.integer]

NO_GROUP = -1
NANO = 1e9


def column(kernel: GroupKernel, values: Floats, codes: Codes) -> Floats:
    """Return a group function for every row.

    Args:
        kernel: Which one.
        values: Its argument, shape (n,), NaN where missing; of `count_in` any numbers.
        codes: The group of each row, shape (n,), NO_GROUP for none.

    Returns:
        Shape (n,), NaN where missing, which is wherever there is no group:

        rank: 1 + the number of members with a higher value; missing where x is;
        sum_in, exposure: sum of the known values; missing where none is;
        max_in, min_in, mean_in: of the known values; missing where none is;
        count_in: the number of members, known or not;
        share_in: x / sum_in; missing where x is, and where the sum is 0.
    """
    result = np.full(len(values), math.nan)
    rows = np.flatnonzero(codes != NO_GROUP)
    with np.errstate(all="ignore"):
        if kernel == "rank":
            known = rows[~np.isnan(values[rows])]
            result[known] = _ranks(values[known], codes[known])
        else:
            result[rows] = _spread(kernel, values[rows], codes[rows])
        if kernel == "share_in":
            result = values / result
    return np.where(np.isfinite(result), result, math.nan)


def of(grouping: Grouping, values: Floats, codes: Codes) -> Floats:
    """Return the column of a grouping; a sum of prices is on their grid of 1e-9.

    Args:
        grouping: Which.
        values: Its argument for every row, shape (n,); anything if it has none.
        codes: As in `column`.
    """
    result = column(grouping.kernel, values, codes)
    argument = grouping.argument
    if grouping.kernel == "sum_in" and argument and argument.type.unit == "prob":
        return np.rint(result * NANO) / NANO
    return result


def _ranks(values: Floats, codes: Codes) -> Floats:
    """Return the place of each value in its group; none is missing."""
    order = np.lexsort((-values, codes))
    ordered, groups = values[order], codes[order]
    places = np.arange(len(order))
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = groups[1:] != groups[:-1]
    differs = begins.copy()
    differs[1:] |= ordered[1:] != ordered[:-1]
    first = np.maximum.accumulate(np.where(begins, places, 0))
    alike = np.maximum.accumulate(np.where(differs, places, 0))
    ranks = np.empty(len(order))
    ranks[order] = alike - first + 1
    return ranks


def _spread(kernel: GroupKernel, values: Floats, codes: Codes) -> Floats:
    """Return one number of each group, for all its rows."""
    _, group, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    if kernel == "count_in":
        return sizes[group].astype(np.float64)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(group[known], kind="stable")]
    numbers = (values[order] + 0.0).tolist()  # of -0.0 and 0.0 none is the higher
    ends = np.cumsum(np.bincount(group[known], minlength=len(sizes))).tolist()
    one = KERNELS[kernel]
    found = [
        one(numbers[begin:end]) if end > begin else math.nan
        for begin, end in pairwise([0, *ends])
    ]
    return cast(Floats, np.array(found)[group]) if found else values


def _sum(values: Iterable[float]) -> float:
    try:
        return math.fsum(values)
    except OverflowError:
        return math.nan


def _mean(values: list[float]) -> float:
    return _sum(values) / len(values)


KERNELS: dict[GroupKernel, Callable[[list[float]], float]] = {
    "sum_in": _sum,
    "exposure": _sum,
    "share_in": _sum,
    "mean_in": _mean,
    "max_in": max,
    "min_in": min,
}
"""What a group comes to, from the known numbers of its members; at least one."""
