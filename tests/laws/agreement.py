"""Where columns and reference disagree: shared by the law and the long hunt."""

import math
import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyrules.domain.ids import StrategyId
from polyrules.language.compile import Plan
from polyrules.language.expression import Expression, Kind
from polyrules.language.reference import RowReference, evaluate
from polyrules.language.strategy import Exit, Fixed, Let, Strategy, Trade, Value
from tests.laws.grammar import Row, columns, encoded

Truths = NDArray[np.bool_]


class Difference(NamedTuple):
    """One row on which the two evaluators differ."""

    source: str
    row: Row
    reference: object
    columns: object


def of_expressions(
    expressions: Sequence[Expression], rows: Sequence[Row]
) -> list[Difference]:
    """Return every expression and row on which the evaluators differ in any bit.

    A boolean is asked for its number, and for TRUE and UNKNOWN on its own.
    """
    names = [f"let_{index}" for index in range(len(expressions))]
    exits = [e for e in expressions if e.type.kind is Kind.BOOL]
    plan = Plan(
        Strategy(
            id=StrategyId("drawn"),
            version="1",
            digest="0" * 32,
            lets=tuple(
                Let(name=name, expression=each)
                for name, each in zip(names, expressions, strict=True)
            ),
            rules=(),
            exits=tuple(Exit(id="leave", when=each) for each in exits),
            sizing=Fixed(usd=1.0),
            every=1,
        )
    )
    read = columns(rows)
    found = plan.lets(names, read, len(rows))
    differences: list[Difference] = []
    for name, each in zip(names, expressions, strict=True):
        expected = [evaluate(each, row) for row in rows]
        numbers = [encoded(value, each.type) for value in expected]
        differences += [
            Difference(each.source, rows[at], expected[at], found[name][at])
            for at in _unequal(numbers, found[name].tolist())
        ]
        if each.type.kind is Kind.BOOL:
            true, unknown = plan.exit(exits.index(each), read, len(rows))
            answers = _kleene(true, unknown)
            differences += [
                Difference(each.source, row, value, answer)
                for row, value, answer in zip(rows, expected, answers, strict=True)
                if value is not answer
            ]
    return differences


def _kleene(true: Truths, unknown: Truths) -> list[bool | None]:
    pairs = zip(true.tolist(), unknown.tolist(), strict=True)
    return [None if unclear else bool(yes) for yes, unclear in pairs]


def _unequal(numbers: Sequence[float], others: Sequence[float]) -> list[int]:
    return [
        at
        for at, (one, other) in enumerate(zip(numbers, others, strict=True))
        if not (math.isnan(one) and math.isnan(other))
        and struct.pack("d", one) != struct.pack("d", other)
    ]
