"""What a value may be: the lowest and highest number, which truths, which words.

Whatever an expression can come to on a row lies within what is said here; often much
less than that is possible. An evaluator's value is finite or missing, so a range ends
at the largest float at most. The ends go through the very operations of the evaluators,
which never turn two numbers around, so nothing is lost to rounding.
"""

import ast
import math
import sys
from collections.abc import Callable, Iterable, Mapping

import msgspec

from polyrules.domain.money import snap
from polyrules.language.expressions.constants import ARITHMETIC

MOST = sys.float_info.max


class Range(msgspec.Struct, frozen=True):
    """The numbers a value may be, ends included; none if `low` is above `high`."""

    low: float = -MOST
    high: float = MOST
    missing: bool = True

    @property
    def possible(self) -> bool:
        """Whether it can be there at all."""
        return self.low <= self.high

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high


class Truth(msgspec.Struct, frozen=True):
    """What a condition may be: TRUE, FALSE, UNKNOWN, or several of them."""

    true: bool = True
    false: bool = True
    missing: bool = True

    @property
    def possible(self) -> bool:
        """Whether it can be TRUE or FALSE at all."""
        return self.true or self.false


class Words(msgspec.Struct, frozen=True):
    """The words that a value may be."""

    words: frozenset[str]
    missing: bool = True

    @property
    def possible(self) -> bool:
        """Whether it can be there at all."""
        return bool(self.words)


Span = Range | Truth | Words
NEVER = Range(1.0, -1.0)
"""A number that is always missing."""


def point(number: float) -> Range:
    """Return the range of a constant."""
    return Range(number, number, missing=False)


def meet(one: Span, other: Span) -> Span:
    """Return what lies in both."""
    missing = one.missing and other.missing
    match one, other:
        case Range(), Range():
            return Range(max(one.low, other.low), min(one.high, other.high), missing)
        case Truth(), Truth():
            return Truth(one.true and other.true, one.false and other.false, missing)
        case Words(), Words():
            return Words(one.words & other.words, missing)
        case _:
            return one  # of two sorts: checked files have none


def join(one: Span, other: Span) -> Span:
    """Return what lies in either, and for ranges what lies between."""
    missing = one.missing or other.missing
    match one, other:
        case Range(), Range():
            if not (one.possible and other.possible):
                there = one if one.possible else other
                return Range(there.low, there.high, missing)
            return Range(min(one.low, other.low), max(one.high, other.high), missing)
        case Truth(), Truth():
            return Truth(one.true or other.true, one.false or other.false, missing)
        case Words(), Words():
            return Words(one.words | other.words, missing)
        case _:
            return one


def with_missing(span: Span, *, missing: bool) -> Span:
    """Return the same, missing or not."""
    return msgspec.structs.replace(span, missing=missing)


def union_of_words(spans: Iterable[Span]) -> Words:
    """Return all the words that any of these may be."""
    known = [each.words for each in spans if isinstance(each, Words)]
    return Words(frozenset().union(*known), missing=False)


def nothing(span: Span) -> Span:
    """Return what is always missing, of the sort of `span`."""
    match span:
        case Range():
            return NEVER
        case Truth():
            return Truth(true=False, false=False)
        case Words():
            return Words(frozenset())


def every(truths: Iterable[Truth]) -> Truth:
    """Return what `and` may be."""
    truths = list(truths)
    return Truth(
        all(each.true for each in truths),
        any(each.false for each in truths),
        any(each.missing for each in truths)
        and all(each.true or each.missing for each in truths),  # FALSE settles it
    )


def some(truths: Iterable[Truth]) -> Truth:
    """Return what `or` may be."""
    return negated(every(negated(each) for each in truths))


def negated(truth: Truth) -> Truth:
    """Return what `not` may be."""
    return Truth(truth.false, truth.true, truth.missing)


def bounded(low: float, high: float, *, missing: bool) -> Range:
    """Return the range between two results, of which what overflows is missing."""
    fits = -MOST <= low <= high <= MOST
    return Range(max(low, -MOST), min(high, MOST), missing or not fits)


def widened(range_: Range, share: float = 1e-12, least: float = 0.0) -> Range:
    """Return a range with room for what rounding may do.

    Args:
        range_: The range.
        share: Room at each end, as a share of it.
        least: Room at each end at least.
    """
    if not range_.possible:
        return range_
    low = range_.low - max(abs(range_.low) * share, least)
    high = range_.high + max(abs(range_.high) * share, least)
    return Range(max(low, -MOST), min(high, MOST), range_.missing)


def negative(x: Range) -> Range:
    """Return what -x may be."""
    return Range(-x.high, -x.low, x.missing)


def arithmetic(symbol: ast.operator, x: Range, y: Range, *, snaps: bool) -> Range:
    """Return what x + y, x - y, x * y or x / y may be.

    Args:
        symbol: The operator.
        x: What stands before it.
        y: What stands behind it.
        snaps: Whether the result is rounded to 1e-9, as sums of prices are.
    """
    if not (x.possible and y.possible):
        return NEVER
    missing = x.missing or y.missing
    if isinstance(symbol, ast.Div):
        return _quotient(x, y, missing=missing)
    ends = [
        ARITHMETIC[type(symbol)](one, other)
        for one in (x.low, x.high)
        for other in (y.low, y.high)
    ]
    low, high = min(ends), max(ends)
    if snaps:
        low, high = snap(low), snap(high)
    return bounded(low, high, missing=missing)


def _quotient(x: Range, y: Range, *, missing: bool) -> Range:
    if y.low == y.high == 0.0:
        return NEVER
    if y.low < 0.0 < y.high:
        return Range()
    if y.low < 0.0:  # the same with both signs turned
        x, y = negative(x), negative(y)
    if y.low == 0.0:  # near 0 the quotient has no end, but on the side of x
        low = x.low / y.high if x.low >= 0.0 else -MOST
        high = x.high / y.high if x.high <= 0.0 else MOST
        return Range(low, high, missing=True)
    ends = [one / other for one in (x.low, x.high) for other in (y.low, y.high)]
    return bounded(min(ends), max(ends), missing=missing)


def compared(symbol: ast.cmpop, x: Span, y: Span) -> Truth:
    """Return what a comparison may be."""
    if not (x.possible and y.possible):
        return Truth(true=False, false=False)
    true, false = _outcomes(symbol, x, y)
    return Truth(true, false, x.missing or y.missing)


def _outcomes(symbol: ast.cmpop, x: Span, y: Span) -> tuple[bool, bool]:
    """Return whether a comparison of what is there may be TRUE, and FALSE."""
    match x, y:
        case Range(), Range():
            return _ORDERS[type(symbol)](x, y)
        case Words(), Words():
            equal = bool(x.words & y.words), len(x.words | y.words) > 1
        case Truth(), Truth():
            same = (x.true and y.true) or (x.false and y.false)
            equal = same, (x.true and y.false) or (x.false and y.true)
        case _:
            return True, True
    return equal if isinstance(symbol, ast.Eq) else equal[::-1]


def among(x: Span, listed: Iterable[Span]) -> Truth:
    """Return what `x in (a, b)` may be."""
    words = [each for each in listed if isinstance(each, Words)]
    if not isinstance(x, Words) or not x.possible:
        return Truth(true=False, false=False)
    certain = [each.words for each in words if len(each.words) == 1]
    rest = x.words - frozenset().union(*certain)
    missing = x.missing or any(each.missing for each in words)
    return Truth(bool(x.words & union_of_words(words).words), bool(rest), missing)


def _equal(x: Range, y: Range) -> tuple[bool, bool]:
    alike = x.low <= y.high and y.low <= x.high
    return alike, not x.low == x.high == y.low == y.high


_ORDERS: Mapping[type[ast.cmpop], Callable[[Range, Range], tuple[bool, bool]]] = {
    ast.Lt: lambda x, y: (x.low < y.high, x.high >= y.low),
    ast.LtE: lambda x, y: (x.low <= y.high, x.high > y.low),
    ast.Gt: lambda x, y: (x.high > y.low, x.low <= y.high),
    ast.GtE: lambda x, y: (x.high >= y.low, x.low < y.high),
    ast.Eq: _equal,
    ast.NotEq: lambda x, y: _equal(x, y)[::-1],
}


def limits(symbol: ast.cmpop, other: Range) -> Range:
    """Return where x must lie for `x symbol other` to be TRUE."""
    match symbol:
        case ast.Lt():
            return Range(high=math.nextafter(other.high, -math.inf), missing=False)
        case ast.LtE():
            return Range(high=other.high, missing=False)
        case ast.Gt():
            return Range(low=math.nextafter(other.low, math.inf), missing=False)
        case ast.GtE():
            return Range(low=other.low, missing=False)
        case ast.Eq():
            return Range(other.low, other.high, missing=False)
        case _:
            return Range(missing=False)
