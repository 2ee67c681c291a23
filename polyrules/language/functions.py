"""The functions of the language: a closed list, each with one definition on numbers.

`evaluate` is what a function means, on Python's floats; the reference interpreter calls
it. The columns say the same in NumPy, bit for bit. Where NumPy's own functions differ
from `math` in the last digit (exp on 5 % of inputs, tanh on 28 %), both go through
KERNELS, which apply `math` element by element.

Functions of more than one row are in `hoisted`.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from polyrules.domain.money import snap
from polyrules.language.function import Function, function
from polyrules.language.hoisted import GROUPS, WINDOWS
from polyrules.language.strategy import Value

__all__ = ["FUNCTIONS", "GROUPS", "KERNELS", "WINDOWS", "Function"]

Floats = NDArray[np.float64]
Kernel = Callable[..., Floats]

NANO = 1e9
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0  # seconds


def between(x: Value, low: Value, high: Value) -> bool | None:
    """Return low <= x <= high; FALSE if one side fails, whatever the other is."""
    sides = [
        None if one is None or other is None else one <= other  # type: ignore[operator]  # the checker lets numbers of one unit through
        for one, other in ((low, x), (x, high))
    ]
    if False in sides:
        return False
    return None if None in sides else True


def floor_tick(x: float, tick: float) -> float:
    """Return the highest multiple of `tick` that is not above x.

    Counted in 1e-9, so that 0.29 is 29 ticks of 0.01. Missing unless tick > 0.
    """
    return _on_grid(x, tick, math.floor)


def ceil_tick(x: float, tick: float) -> float:
    """Return the lowest multiple of `tick` that is not below x."""
    return _on_grid(x, tick, math.ceil)


def round_tick(x: float, tick: float) -> float:
    """Return the nearest multiple of `tick`; halfway, the even one."""
    return _on_grid(x, tick, round)


def _on_grid(x: float, tick: float, rounded: Callable[[float], int]) -> float:
    nanos, step = float(round(x * NANO)), float(round(tick * NANO))
    if step <= 0.0:
        raise ValueError(f"a tick must be at least 1e-9, was {tick}")
    return rounded(nanos / step) * step / NANO


def _sign(x: float) -> float:
    return float((x > 0.0) - (x < 0.0))


def _minimum(*xs: float) -> float:
    return min(xs)  # of equals (0.0 and -0.0) the first


def _maximum(*xs: float) -> float:
    return max(xs)


def _expit(x: float) -> float:
    # exp of a large number overflows; of a large negative one it is 0
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def _normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))


def _kernel(definition: Callable[..., float]) -> Kernel:
    def of_one(*arguments: float) -> float:
        if any(map(math.isnan, arguments)):
            return math.nan  # math.pow(nan, 0.0) is 1.0
        try:
            result = definition(*arguments)
        except (ArithmeticError, ValueError):
            return math.nan
        return result if math.isfinite(result) else math.nan

    def of_all(*arguments: Floats) -> Floats:
        columns = np.broadcast_arrays(*arguments)
        rows = zip(*(column.ravel().tolist() for column in columns), strict=True)
        results = [of_one(*row) for row in rows]
        return np.array(results, dtype=np.float64).reshape(columns[0].shape)

    return of_all


KERNELS: Mapping[str, Kernel] = {
    "sqrt": _kernel(math.sqrt),
    "exp": _kernel(math.exp),
    "log": _kernel(math.log),
    "pow": _kernel(math.pow),
    "normal_cdf": _kernel(_normal_cdf),
    "logit": _kernel(_logit),
    "expit": _kernel(_expit),
}
"""float64 arrays in and out, broadcast; NaN, and what `math` refuses, becomes NaN."""


def _one(name: str) -> Callable[..., float]:
    kernel = KERNELS[name]

    def of_one(*arguments: float) -> float:
        return float(kernel(*(np.array([each]) for each in arguments))[0])

    return of_one


_SCALAR = (
    function("abs(x)", "x", "x", "Size of x without its sign.", abs),
    function(
        "min(x, y)", "x x", "x", "The lowest; of equals the first.", _minimum, many=True
    ),
    function(
        "max(x, y)",
        "x x",
        "x",
        "The highest; of equals the first.",
        _maximum,
        many=True,
    ),
    function(
        "clamp(x, low, high)",
        "x x x",
        "x",
        "x held between low and high: min(max(x, low), high).",
        lambda x, low, high: min(max(x, low), high),
    ),
    function(
        "between(x, low, high)",
        "x x x",
        "bool",
        "x >= low and x <= high.",
        between,
        strict=False,
    ),
    function("sign(x)", "number", "1", "-1, 0 or 1.", _sign),
    function(
        "floor_tick(x, tick)",
        "prob prob",
        "prob",
        "The price on the tick at or below x: floor(x / tick) * tick, in 1e-9.",
        floor_tick,
    ),
    function(
        "ceil_tick(x, tick)",
        "prob prob",
        "prob",
        "The price on the tick at or above x: ceil(x / tick) * tick, in 1e-9.",
        ceil_tick,
    ),
    function(
        "round_tick(x, tick)",
        "prob prob",
        "prob",
        "The nearest price on a tick, halfway the even one, in 1e-9.",
        round_tick,
    ),
    function(
        "known(x)",
        "any",
        "bool",
        "Whether x has a value; never missing itself.",
        lambda x: x is not None,
        strict=False,
    ),
    function(
        "coalesce(x, default)",
        "value value",
        "value",
        "x, or the default where x is missing.",
        lambda x, default: default if x is None else x,
        strict=False,
    ),
    function(
        "bps(n)",
        "plain",
        "prob",
        "Hundredths of a per cent: n / 10000.",
        lambda n: n / 10_000.0,
    ),
    function("seconds(n)", "plain", "seconds", "n seconds.", lambda n: n),
    function("minutes(n)", "plain", "seconds", "n * 60 seconds.", lambda n: n * MINUTE),
    function("hours(n)", "plain", "seconds", "n * 3600 seconds.", lambda n: n * HOUR),
    function("days(n)", "plain", "seconds", "n * 86400 seconds.", lambda n: n * DAY),
    function(
        "to_hours(x)",
        "seconds",
        "hours",
        "Seconds as hours: x / 3600.",
        lambda x: x / HOUR,
    ),
    function(
        "as_prob(x)",
        "plain",
        "prob",
        "A plain number taken for a price or a probability.",
        lambda x: x,
    ),
    function(
        "implied_no(x)",
        "prob",
        "prob",
        "The price of NO beside that of YES: 1 - x, on the grid of 1e-9.",
        lambda x: snap(1.0 - x),
    ),
    function(
        "fee(price, rate)",
        "prob plain",
        "prob",
        "Taker fee per share: rate * price * (1 - price).",
        lambda price, rate: rate * price * (1.0 - price),
    ),
    function("sqrt(x)", "plain", "1", "Square root; missing below 0.", _one("sqrt")),
    function("exp(x)", "plain", "1", "e to the power of x.", _one("exp")),
    function(
        "log(x)", "plain", "1", "Natural logarithm; missing unless x > 0.", _one("log")
    ),
    function(
        "pow(x, y)",
        "plain plain",
        "1",
        "x to the power of y; missing where not real.",
        _one("pow"),
    ),
    function(
        "normal_cdf(x)",
        "plain",
        "1",
        "Standard normal distribution: erfc(-x / sqrt(2)) / 2.",
        _one("normal_cdf"),
    ),
    function(
        "logit(p)",
        "prob",
        "1",
        "log(p / (1 - p)); missing outside (0, 1).",
        _one("logit"),
    ),
    function(
        "expit(x)",
        "plain",
        "prob",
        "1 / (1 + exp(-x)), the inverse of logit.",
        _one("expit"),
    ),
)

FUNCTIONS: Mapping[str, Function] = {each.name: each for each in _SCALAR}
"""Every function of one row, by name."""
