"""A row that comes about over time: series played through the windows of a strategy.

The samples are taken as the engine takes them, by the one implementation of windows
there is: at each interval of the series (at `schedule.every` if that is longer), and at
the moment the rules are asked. What is given beside the series holds all the time.
"""

import ast
import math
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from polyrules.language.evaluators.reference import Row, evaluate
from polyrules.language.evaluators.windows import History
from polyrules.language.expression import Kind
from polyrules.language.files.examples import Example
from polyrules.language.strategy import Strategy, Value, Window

Floats = NDArray[np.float64]
TICK = "tick_size"


class Sampler:
    """The windows of a strategy over one row, fed sample by sample.

    Args:
        strategy: Whose windows.
        given: Lets that are given: a window that only these read is left out.

    Attributes:
        reads: The features to be sampled.
    """

    def __init__(self, strategy: Strategy, given: Collection[str] = ()) -> None:
        needed = _needed(strategy, given)
        self._histories = [(window, History(window)) for window in needed]
        self._truths = _truths(strategy)
        self.reads: frozenset[str] = frozenset(
            f"{window.alias}.{name}" if window.alias else name
            for window in needed
            for name in (*window.argument.reads, TICK)
        )

    def observe(self, moment: int, row: Row) -> dict[str, Value]:
        """Return the column of every window, by its name, and take a sample.

        Args:
            moment: Microseconds; never before the last call's.
            row: The features at that moment; what it lacks is missing.
        """
        columns: dict[str, Value] = {}
        for window, history in self._histories:
            found = _observed(window, history, moment, row)
            is_truth = found is not None and window.name in self._truths
            columns[window.name] = bool(found) if is_truth else found
        return columns


def played(strategy: Strategy, example: Example) -> dict[str, Value]:
    """Return the row at `example.at`, with the columns of the windows it needs."""
    sampler = Sampler(strategy, example.case.given)
    row: dict[str, Value] = {}
    for moment in _moments(strategy, example):
        row = row_at(example, moment)
        row |= sampler.observe(moment, row)
    return row


def row_at(example: Example, moment: int) -> dict[str, Value]:
    """Return what is given and what the series are at a moment after the start."""
    index = moment // example.interval
    sampled = {name: series.at(index) for name, series in example.series.items()}
    return {**sampled, **example.case.given}


def covered(strategy: Strategy, example: Example, window: Window) -> tuple[int, int]:
    """Return how many samples of a window have a value, and of how many it is made."""
    since = example.at - window.length
    step = _step(strategy, example)
    moments = [at for at in _moments(strategy, example) if since <= at < example.at]
    rows = (_of_market(window, row_at(example, moment)) for moment in moments)
    known = sum(evaluate(window.argument, row) is not None for row in rows)
    return known, max(round(window.length / step), 1)


def _needed(strategy: Strategy, given: Collection[str]) -> list[Window]:
    """Return the windows that lets read which are not given themselves."""
    reads: set[str] = set()
    for let in strategy.lets:
        if let.name not in given:
            reads |= let.expression.reads
    return [window for window in strategy.windows if window.name in reads]


def _step(strategy: Strategy, example: Example) -> int:
    return max(example.interval, strategy.schedule.every)


def _moments(strategy: Strategy, example: Example) -> Iterator[int]:
    """Yield when samples are taken [microseconds from the start]; last, `at` itself."""
    yield from range(0, example.at, _step(strategy, example))
    yield example.at


def _truths(strategy: Strategy) -> frozenset[str]:
    """Return the columns that are true or false, such as those of held_for."""
    return frozenset(
        node.id
        for let in strategy.lets
        for node, type_ in let.expression.types.items()
        if isinstance(node, ast.Name) and type_.kind is Kind.BOOL
    )


def _of_market(window: Window, row: Row) -> Row:
    """Return what a row says of the market that a window looks back at."""
    if not window.alias:
        return row
    start = f"{window.alias}."
    return {
        name.removeprefix(start): value
        for name, value in row.items()
        if name.startswith(start)
    }


def _observed(window: Window, history: History, moment: int, row: Row) -> float | None:
    row = _of_market(window, row)
    value = _column(evaluate(window.argument, row))
    is_price = window.argument.type.unit == "prob"
    floor = _column(row.get(TICK)) if is_price else None
    (result,) = history.observe(moment, value, floor).tolist()
    return float(result) if math.isfinite(result) else None


def _column(value: Value) -> Floats:
    is_number = isinstance(value, int | float)
    return np.array([value if is_number else math.nan], dtype=np.float64)
