"""Where columns and reference disagree: shared by the law and the long hunt."""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyrules.domain.ids import StrategyId
from polyrules.language.evaluators.compile import Columns, Plan
from polyrules.language.evaluators.reference import Outcome, RowReference, evaluate
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.strategy import Exit, Fixed, Let, Strategy, Trade
from tests.laws.grammar import DRAWN, Row, columns, encoded

Truths = NDArray[np.bool_]
STATED = ("price", "fair", "edge", "confidence")


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


def of_strategy(
    strategy: Strategy, rows: Sequence[Row], types: Mapping[str, Type] = DRAWN
) -> list[Difference]:
    """Return every row on which the evaluators answer a strategy differently.

    Args:
        strategy: Whose answers.
        rows: Features, and hoisted windows as if they were some.
        types: Types of all names in a row.
    """
    reference = RowReference(strategy)
    found = _answers(strategy, columns(rows, types), len(rows))
    return [
        Difference(_source(strategy), row, expected, answer)
        for row, answer in zip(rows, found, strict=True)
        if (expected := _expected(strategy, reference.answer(row))) != answer
    ]


class Answered(NamedTuple):
    """What both evaluators tell of a row; numbers as their bits."""

    blocked_by: str | None = None
    decided: str | None = None
    undecided: bool = False
    stated: tuple[tuple[str, bytes], ...] = ()
    lets: tuple[tuple[str, bytes], ...] = ()


OUTSIDE = Answered(blocked_by="universe")


def _expected(strategy: Strategy, outcome: Outcome) -> Answered:
    if outcome.blocked_by == "universe":
        return OUTSIDE
    unpriced = outcome.decided is not None and outcome.price is None
    stated = {name: getattr(outcome, name) for name in STATED}
    types = {let.name: let.expression.type for let in strategy.lets}
    return Answered(
        blocked_by=outcome.guard,
        decided=outcome.decided,
        undecided=any(
            not (unpriced and r == outcome.decided) for r in outcome.undecided
        ),
        stated=_bits({n: x for n, x in stated.items() if x is not None}),
        lets=_bits({n: encoded(v, types[n]) for n, v in outcome.lets.items()}),
    )


def _answers(strategy: Strategy, read: Columns, n: int) -> list[Answered]:
    plan = Plan(strategy)
    answer = plan.answer(read, n)
    stated = {
        index: plan.trade(index, read, n)
        for index, rule in enumerate(strategy.rules)
        if isinstance(rule.then, Trade)
    }
    lets = plan.lets([let.name for let in strategy.lets], read, n)
    found = []
    for at, inside in enumerate(plan.universe(read, n).tolist()):
        guard, rule = int(answer.guarded[at]), int(answer.rule[at])
        numbers = {k: float(v[at]) for k, v in stated.get(rule, {}).items()}
        if math.isnan(numbers.get("price", math.nan)):
            numbers = {}  # nothing fires without a price
        one = Answered(
            blocked_by=strategy.guards[guard].id if guard >= 0 else None,
            decided=strategy.rules[rule].id if rule >= 0 else None,
            undecided=bool(answer.unknown[at]),
            stated=_bits({n: x for n, x in numbers.items() if not math.isnan(x)}),
            lets=_bits({name: float(column[at]) for name, column in lets.items()}),
        )
        found.append(one if inside else OUTSIDE)
    return found


def _bits(numbers: Mapping[str, float]) -> tuple[tuple[str, bytes], ...]:
    # There is one missing, whatever the bits of its NaN.
    return tuple(
        (name, struct.pack("d", math.nan if math.isnan(x) else x))
        for name, x in numbers.items()
    )


def _source(strategy: Strategy) -> str:
    return "; ".join(each.source for each in strategy.expressions())


def _unequal(numbers: Sequence[float], others: Sequence[float]) -> list[int]:
    return [
        at
        for at, (one, other) in enumerate(zip(numbers, others, strict=True))
        if not (math.isnan(one) and math.isnan(other))
        and struct.pack("d", one) != struct.pack("d", other)
    ]
