"""The arithmetic of one row: Python on floats that keeps a missing number missing.

Each function takes terms and returns the term of its result. Results are finite or NaN,
and have the same bits as the scalar definitions in `functions`, down to the sign of a
zero. What is short stands in the printed source itself; the rest is called.
"""

import math
from collections.abc import Callable, Mapping

from polyrules.language.evaluators.rowcode import Code, Term
from polyrules.language.functions import (
    DAY,
    HOUR,
    MINUTE,
    NANO,
    ceil_tick,
    floor_tick,
    round_tick,
)

# A number of up to 2**51 plus this, minus this, is that number rounded, halfway to the
# even one, as `round` does it: between 2**52 and 2**53 floats are whole.
ROUNDING = 1.5 * 2.0**52
ROUNDED_MAX = 2.0**51
FINITE = "{0:first} + {0} * 0.0"  # NaN of an infinity; keeps a -0.0
SNAPPED = (
    f"({{0}} + {ROUNDING!r} - {ROUNDING!r}) / 1e9 "
    f"if {-ROUNDED_MAX!r} <= {{0:first}} <= {ROUNDED_MAX!r} else snapped({{0}})"
)
ABSOLUTE = "0.0 - {0} if {0:first} <= 0.0 else {0}"  # 0.0 of a -0.0
SIGN = "1.0 if {0:first} > 0.0 else -1.0 if {0} < 0.0 else {0} + 0.0"


def snapped(code: Code, x: Term) -> Term:
    """Return x on the grid of 1e-9 as `money.snap` does, never -0.0 or infinite."""
    return code.apply(SNAPPED, code.apply("{0} * 1e9", x))


def divided(code: Code, x: Term, y: Term) -> Term:
    """Return x / y, which may be infinite, and is missing where y is 0."""
    if code.value(y) is None:
        return code.apply("{0} / {1} if {1:first} else nan", x, y)
    return code.apply("{0} / {1}", x, y) if code.value(y) else code.constant(math.nan)


def _extreme(symbol: str) -> Callable[..., Term]:
    """Return the fold to the one `symbol` the others; of equals the first."""

    def extreme(code: Code, first: Term, *others: Term) -> Term:
        for other in others:
            limit = code.value(other)
            if limit is None or math.isnan(limit):
                template = (
                    f"{{0}} if {{0:first}} {symbol}= {{1:first}} or {{0}} != {{0}} "
                    "else {1}"
                )
            else:
                template = f"{{1}} if {{1}} {symbol} {{0:first}} else {{0}}"
            first = code.apply(template, first, other)
        return first

    return extreme


minimum = _extreme("<")
maximum = _extreme(">")


def _clamp(code: Code, x: Term, low: Term, high: Term) -> Term:
    return minimum(code, maximum(code, x, low), high)


def _filled(template: str) -> Callable[..., Term]:
    def filled(code: Code, *numbers: Term) -> Term:
        return code.apply(template, *numbers)

    return filled


def _times(factor: float) -> Callable[[Code, Term], Term]:
    def times(code: Code, x: Term) -> Term:
        return code.apply(FINITE, code.apply(f"{{0}} * {factor!r}", x))

    return times


def _same(_: Code, x: Term) -> Term:
    return x


def _implied_no(code: Code, x: Term) -> Term:
    return snapped(code, code.apply("1.0 - {0}", x))


def _fee(code: Code, price: Term, rate: Term) -> Term:
    fee = code.apply("{1} * {0:first} * (1.0 - {0})", price, rate)
    return code.apply(FINITE, fee)


def _snapped_far(scaled: float) -> float:
    """Return what SNAPPED leaves over: NaN, an infinity, or more than 2**51 nanos."""
    return round(scaled) / NANO if math.isfinite(scaled) else math.nan


def _guarded(definition: Callable[..., float]) -> Callable[..., float]:
    """Return a function that has NaN for NaN, and for no finite result."""

    def call(*numbers: float) -> float:
        for number in numbers:
            if number != number:  # noqa: PLR0124  only NaN differs from itself
                return math.nan
        try:
            result = definition(*numbers)
        except (ArithmeticError, ValueError):
            return math.nan
        return result if math.isfinite(result) else math.nan

    return call


def _expit(x: float) -> float:
    # exp of a large number overflows; of a large negative one it is 0
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def _normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))


OF_ONE: Mapping[str, Callable[..., float]] = {
    "exp": math.exp,
    "expit": _expit,
    "log": math.log,
    "logit": _logit,
    "normal_cdf": _normal_cdf,
    "sqrt": math.sqrt,
}
OF_TWO: Mapping[str, Callable[..., float]] = {
    "ceil_tick": ceil_tick,
    "floor_tick": floor_tick,
    "pow": math.pow,
    "round_tick": round_tick,
}

NAMES: Mapping[str, object] = {
    "__builtins__": {},
    "nan": math.nan,
    "snapped": _snapped_far,
    **{name: _guarded(each) for name, each in {**OF_ONE, **OF_TWO}.items()},
}
"""Every name that the templates use."""

CALLS: Mapping[str, Callable[..., Term]] = {
    "abs": _filled(ABSOLUTE),
    "as_prob": _same,
    "bps": _filled("{0} / 10000.0"),
    "clamp": _clamp,
    "coalesce": _filled("{0} if {0:first} == {0} else {1}"),
    "days": _times(DAY),
    "fee": _fee,
    "hours": _times(HOUR),
    "implied_no": _implied_no,
    "max": maximum,
    "min": minimum,
    "minutes": _times(MINUTE),
    "seconds": _same,
    "sign": _filled(SIGN),
    "to_hours": _filled(f"{{0}} / {HOUR!r}"),
    **{name: _filled(f"{name}({{0}})") for name in OF_ONE},
    **{name: _filled(f"{name}({{0}}, {{1}})") for name in OF_TWO},
}
