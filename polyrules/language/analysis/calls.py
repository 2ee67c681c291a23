"""What the functions of the language make of ranges.

A function that is not listed may come to anything. `known`, `coalesce` and `between`
are not numbers of numbers: they are read where conditions are.
"""

import math
from collections.abc import Callable, Mapping

from polyrules.domain.money import snap
from polyrules.language.analysis.intervals import (
    MOST,
    NEVER,
    Range,
    bounded,
    negative,
    widened,
)
from polyrules.language.functions import DAY, FUNCTIONS, HOUR, MINUTE

Call = Callable[..., Range]
NANO_ROOM = 1e-8  # of what is rounded to a grid of 1e-9 twice


def called(name: str, arguments: list[Range]) -> Range:
    """Return what a function of numbers may be."""
    if not all(each.possible for each in arguments):
        return NEVER
    made = _CALLS.get(name, _anything)(*arguments)
    missing = made.missing or any(each.missing for each in arguments)
    return Range(made.low, made.high, missing)


def _anything(*_: Range) -> Range:
    return Range()


def _size(x: Range) -> Range:
    if x.low >= 0.0:
        return _there(x.low, x.high)
    low, high = (-x.high, -x.low) if x.high <= 0.0 else (0.0, max(-x.low, x.high))
    return _there(low, high)


def _there(low: float, high: float) -> Range:
    return Range(low, high, missing=False)


def _least(*xs: Range) -> Range:
    return _there(min(x.low for x in xs), min(x.high for x in xs))


def _most(*xs: Range) -> Range:
    return _there(max(x.low for x in xs), max(x.high for x in xs))


def _clamp(x: Range, low: Range, high: Range) -> Range:
    return _least(_most(x, low), high)


def _sign(x: Range) -> Range:
    return _there(
        float(x.low > 0.0) - (x.low < 0.0), float(x.high > 0.0) - (x.high < 0)
    )


def _times(factor: float) -> Call:
    return lambda x: bounded(x.low * factor, x.high * factor, missing=False)


def _over(divisor: float) -> Call:
    return lambda x: _there(x.low / divisor, x.high / divisor)


def _same(x: Range) -> Range:
    return _there(x.low, x.high)


def _on_tick(below: bool, above: bool) -> Call:  # noqa: FBT001 - which way it rounds
    def rounded(x: Range, tick: Range) -> Range:
        step = max(tick.high, 0.0)
        room = Range(x.low - step * below, x.high + step * above)
        made = widened(room, 1e-9, NANO_ROOM)
        low = max(made.low, 0.0) if x.low >= 0.0 else made.low  # the grid has 0
        high = min(made.high, 0.0) if x.high <= 0.0 else made.high
        return Range(max(low, -MOST), min(high, MOST))

    return rounded


def _implied_no(x: Range) -> Range:
    return bounded(snap(1.0 - x.high), snap(1.0 - x.low), missing=False)


def _fee(price: Range, rate: Range) -> Range:
    """Return what rate * p * (1 - p) may be: highest at p = 0.5."""
    if not (price.low >= 0.0 and price.high <= 1.0):
        return Range()
    ends = [p * (1.0 - p) for p in (price.low, price.high)]
    high = 0.25 if price.low <= 0.5 <= price.high else max(ends)  # noqa: PLR2004 - the middle
    corners = [r * q for r in (rate.low, rate.high) for q in (min(ends), high)]
    made = widened(_there(min(corners), max(corners)), 1e-12, 1e-300)
    return _there(max(made.low, 0.0), made.high) if min(corners) >= 0.0 else made


def _rising(name: str, low: float, high: float) -> Call:
    """Return what a function that never falls may be, between its own ends."""
    evaluate = FUNCTIONS[name].evaluate
    assert evaluate, "no window"

    def at(x: float, end: float) -> float:
        value = evaluate(x)
        return float(value) if isinstance(value, float) and value == value else end  # noqa: PLR0124 - not NaN

    def risen(x: Range) -> Range:
        made = widened(_there(at(x.low, low), at(x.high, high)), 1e-12, 1e-300)
        return Range(max(made.low, low), min(made.high, high), missing=True)

    return risen


def _root(x: Range) -> Range:
    if x.high < 0.0:
        return NEVER
    made = widened(_there(math.sqrt(max(x.low, 0.0)), math.sqrt(x.high)))
    return Range(max(made.low, 0.0), made.high, x.low < 0.0)


def _log(x: Range) -> Range:
    if x.high <= 0.0:
        return NEVER
    low = math.log(x.low) if x.low > 0.0 else -746.0  # of the least float: -744.4
    made = widened(_there(low, math.log(x.high)), 1e-12, 1e-300)
    return Range(made.low, made.high, x.low <= 0.0)


def _logit(p: Range) -> Range:
    if p.high <= 0.0 or p.low >= 1.0:
        return NEVER
    return _rising("logit", -746.0, 746.0)(p)


def _power(x: Range, y: Range) -> Range:
    if x.low < 0.0:
        return Range()
    return Range(0.0, 1.0 if x.high <= 1.0 and y.low >= 0.0 else MOST)


_CALLS: Mapping[str, Call] = {
    "abs": _size,
    "min": _least,
    "max": _most,
    "clamp": _clamp,
    "sign": _sign,
    "floor_tick": _on_tick(below=True, above=False),
    "ceil_tick": _on_tick(below=False, above=True),
    "round_tick": _on_tick(below=True, above=True),
    "bps": _over(10_000.0),
    "seconds": _same,
    "minutes": _times(MINUTE),
    "hours": _times(HOUR),
    "days": _times(DAY),
    "to_hours": _over(HOUR),
    "as_prob": _same,
    "implied_no": _implied_no,
    "fee": _fee,
    "sqrt": _root,
    "exp": _rising("exp", 0.0, MOST),
    "log": _log,
    "pow": _power,
    "normal_cdf": _rising("normal_cdf", 0.0, 1.0),
    "logit": _logit,
    "expit": _rising("expit", 0.0, 1.0),
}


def over_time(kernel: str, x: Range) -> Range:
    """Return what a window function of x may be."""
    match kernel:
        case "lag" | "min_over" | "max_over":
            return Range(x.low, x.high)
        case "mean_over":
            made = widened(x, 1e-9, _room(x))
            return Range(made.low, made.high)
        case "std_over":
            # the tick is its floor for prices, and 0.1 the widest of the venue
            width = widened(Range(0.0, min(x.high - x.low, MOST)), 1e-9)
            return Range(0.0, max(width.high, 1.0))
        case _:
            return Range()


def _room(x: Range) -> float:
    """Return by how much a mean may leave the range of its samples."""
    return 1e-9 * min(max(abs(x.low), abs(x.high)), 1e6)


def inverted(name: str, result: Range) -> Range | None:
    """Return where x lies if a function of it alone lies in `result`; None: unknown."""
    if name == "abs":
        return Range(-result.high, result.high, missing=False)
    return negative(result) if name == "-" else None
