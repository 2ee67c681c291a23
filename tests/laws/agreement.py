"""Where an evaluator and the reference disagree: for the law and the long hunt."""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyrules.domain.ids import StrategyId
from polyrules.language.actions import is_needed, protects
from polyrules.language.evaluators.compile import Columns, Plan
from polyrules.language.evaluators.reference import Outcome, RowReference, evaluate
from polyrules.language.evaluators.row import RowPlan
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.strategy import Exit, Fixed, Let, Rule, Schedule, Strategy
from tests.laws.grammar import DRAWN, Row, columns, encoded

Truths = NDArray[np.bool_]


class Difference(NamedTuple):
    """One row on which an evaluator is not of the reference's opinion."""

    source: str
    row: Row
    reference: object
    evaluator: str  # "columns", or "row" for the function of one row
    found: object


def of_expressions(
    expressions: Sequence[Expression], rows: Sequence[Row]
) -> list[Difference]:
    """Return every expression and row on which an evaluator is off in any bit.

    A boolean is asked for its number, and for TRUE and UNKNOWN on its own.
    """
    names = [f"let_{index}" for index in range(len(expressions))]
    exits = [e for e in expressions if e.type.kind is Kind.BOOL]
    drawn = Strategy(
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
        schedule=Schedule(every=1),
    )
    differences: list[Difference] = []
    for evaluator, asked in (("columns", _by_columns), ("row", _by_row)):
        numbers, truths = asked(drawn, names, rows)
        for name, each in zip(names, expressions, strict=True):
            expected = [evaluate(each, row) for row in rows]
            wanted = [encoded(value, each.type) for value in expected]
            differences += [
                Difference(
                    each.source, rows[at], expected[at], evaluator, numbers[name][at]
                )
                for at in _unequal(wanted, numbers[name])
            ]
            if each.type.kind is Kind.BOOL:
                answers = truths[exits.index(each)]
                differences += [
                    Difference(each.source, row, value, evaluator, answer)
                    for row, value, answer in zip(rows, expected, answers, strict=True)
                    if value is not answer
                ]
    return differences


Numbers = dict[str, list[float]]
Kleene = list[list[bool | None]]


def _by_columns(
    strategy: Strategy, names: Sequence[str], rows: Sequence[Row]
) -> tuple[Numbers, Kleene]:
    plan, read, n = Plan(strategy), columns(rows), len(rows)
    numbers = plan.lets(names, read, n)
    truths = [plan.exit(index, read, n) for index in range(len(strategy.exits))]
    return (
        {name: column.tolist() for name, column in numbers.items()},
        [
            [
                _kleene(*pair)
                for pair in zip(true.tolist(), unknown.tolist(), strict=True)
            ]
            for true, unknown in truths
        ],
    )


def _by_row(
    strategy: Strategy, names: Sequence[str], rows: Sequence[Row]
) -> tuple[Numbers, Kleene]:
    plan, read = RowPlan(strategy), _encoded_rows(rows, DRAWN)
    numbers = [plan.lets(names, row) for row in read]
    return (
        {name: [row[name] for row in numbers] for name in names},
        [
            [_kleene(*plan.exit(index, row)) for row in read]
            for index in range(len(strategy.exits))
        ],
    )


def _encoded_rows(
    rows: Sequence[Row], types: Mapping[str, Type]
) -> list[dict[str, float]]:
    return [
        {name: encoded(row[name], type_) for name, type_ in types.items()}
        for row in rows
    ]


def _kleene(true: bool, unknown: bool) -> bool | None:
    return None if unknown else true


def of_strategy(
    strategy: Strategy, rows: Sequence[Row], types: Mapping[str, Type] = DRAWN
) -> list[Difference]:
    """Return every row on which an evaluator answers a strategy differently.

    Args:
        strategy: Whose answers.
        rows: Features, and hoisted windows as if they were some.
        types: Types of all names in a row.
    """
    reference = RowReference(strategy)
    expected = [_expected(strategy, row, reference.answer(row)) for row in rows]
    plan = RowPlan(strategy)
    found = {
        "columns": _answers(strategy, columns(rows, types), len(rows)),
        "row": [_row_answer(plan, strategy, row) for row in _encoded_rows(rows, types)],
    }
    return [
        Difference(_source(strategy), row, wanted, evaluator, answer)
        for evaluator, answers in found.items()
        for row, wanted, answer in zip(rows, expected, answers, strict=True)
        if wanted != answer
    ]


class Answered(NamedTuple):
    """What every evaluator tells of a row; numbers as their bits."""

    blocked_by: str | None = None
    decided: str | None = None
    fired: tuple[str, ...] = ()
    conflict: bool = False
    undecided: bool = False
    stated: tuple[tuple[str, bytes], ...] = ()
    lets: tuple[tuple[str, bytes], ...] = ()


OUTSIDE = Answered(blocked_by="universe")


def _expected(strategy: Strategy, row: Row, outcome: Outcome) -> Answered:
    if outcome.blocked_by == "universe":
        return OUTSIDE
    rules = {rule.id: rule for rule in strategy.rules}
    whole = {**row, **outcome.lets}
    types = {let.name: let.expression.type for let in strategy.lets}
    return Answered(
        blocked_by=outcome.guard,
        decided=outcome.decided,
        fired=outcome.fired,
        conflict=bool(outcome.conflict),
        # What lacks a number it needs is told beside what was UNKNOWN.
        undecided=any(
            evaluate(rules[r].when, whole) is None for r in outcome.undecided
        ),
        stated=_bits({n: x for n, x in outcome.numbers.items() if x is not None}),
        lets=_bits({n: encoded(v, types[n]) for n, v in outcome.lets.items()}),
    )


def _answers(strategy: Strategy, read: Columns, n: int) -> list[Answered]:
    plan = Plan(strategy)
    answer = plan.answer(read, n)
    stated = [plan.stated(index, read, n) for index in range(len(strategy.rules))]
    lets = plan.lets([let.name for let in strategy.lets], read, n)
    found = []
    for at, inside in enumerate(plan.universe(read, n).tolist()):
        guard, rule = int(answer.guarded[at]), int(answer.rule[at])
        masks = answer.fired or [answer.rule == r for r in range(len(strategy.rules))]
        one_row = [
            {name: float(column[at]) for name, column in numbers.items()}
            for numbers in stated
        ]
        fired = [
            index
            for index, mask in enumerate(masks)
            if mask[at] and _carried_out(strategy.rules[index], one_row[index])
        ]
        values = one_row[fired[0]] if fired else {}
        one = Answered(
            blocked_by=strategy.guards[guard].id if guard >= 0 else None,
            decided=strategy.rules[rule].id if rule >= 0 else None,
            fired=tuple(strategy.rules[index].id for index in fired),
            conflict=bool(answer.conflict[at]),
            undecided=bool(answer.unknown[at]),
            stated=_bits({n: x for n, x in values.items() if not math.isnan(x)}),
            lets=_bits({name: float(column[at]) for name, column in lets.items()}),
        )
        found.append(one if inside else OUTSIDE)
    return found


def _row_answer(
    plan: RowPlan, strategy: Strategy, row: Mapping[str, float]
) -> Answered:
    answer = plan.answer(row)
    if not answer.inside:
        return OUTSIDE
    rules = [] if answer.rule < 0 else [answer.rule]
    fired = [
        index
        for index in answer.fired or rules
        if _carried_out(strategy.rules[index], plan.stated(index, row))
    ]
    numbers = plan.stated(fired[0], row) if fired else {}
    names = [let.name for let in strategy.lets]
    return Answered(
        blocked_by=strategy.guards[answer.guarded].id if answer.guarded >= 0 else None,
        decided=strategy.rules[answer.rule].id if rules else None,
        fired=tuple(strategy.rules[index].id for index in fired),
        conflict=answer.conflict,
        undecided=answer.unknown,
        stated=_bits({n: x for n, x in numbers.items() if not math.isnan(x)}),
        lets=_bits(plan.lets(names, row)),
    )


def _carried_out(rule: Rule, numbers: Mapping[str, float]) -> bool:
    needed = [number for name, number in numbers.items() if is_needed(name)]
    return not protects(rule.then) and not any(map(math.isnan, needed))


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
