"""One market changed: how long its rules take, by each evaluator.

python tests/bench/bench_rows.py [--seed N]

CPU time of one row, medians, all subjects in turns in one process. "plain" is
simpleeval as it comes, with parsed expressions and without Kleene's logic; it is given
no missing values, on which it would raise. "reference" also tells what was missing, and
explains. "row" is called with a mapping, "values" with the numbers in their order.

Rows of the ten rules have a tenth of their values missing. Those of a shipped strategy
are drawn at random, so that most are outside its universe; "inside" are the others.
"""

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from simpleeval import EvalWithCompoundTypes

from polyrules.language.evaluators.compile import Plan
from polyrules.language.evaluators.reference import RowReference, evaluate
from polyrules.language.evaluators.row import RowPlan
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.functions import FUNCTIONS
from polyrules.language.load import load
from polyrules.language.strategy import Strategy, Value
from tests.bench.bench_rules import (
    CONDITIONS,
    FEATURES,
    MISSING,
    RULES,
    medians_us,
    strategy,
)
from tests.laws.grammar import encoded, read_by

STRATEGIES = Path(__file__).parents[2] / "strategies"
ROWS = 300
DRAWS = 20_000  # rows tried to find those that a universe lets pass
CALLS = 20  # a subject that is quick is called so often on each row
SUBJECTS = ("plain", "reference", "columns", "row", "values")
GOAL_US, GOAL_RATIO = 1.0, 30

Row = dict[str, Value]


class Plain:
    """What a strategy is to simpleeval as it comes: lets, universe, rules in order."""

    def __init__(self, chosen: Strategy) -> None:
        functions = {name: each.evaluate for name, each in FUNCTIONS.items()}
        self._simple = EvalWithCompoundTypes(functions=functions)
        self._universe = [chosen.universe] if chosen.universe else []
        self._lets = [(let.name, let.expression) for let in chosen.lets]
        self._whens = [rule.when for rule in chosen.rules]

    def answer(self, row: Row) -> int:
        """Return the first rule that is TRUE; -1 if none is, or if it raises."""
        try:
            return self._answer(row)
        except (ArithmeticError, ValueError, TypeError):
            return -1  # x / 0, which is missing to us

    def _answer(self, row: Row) -> int:
        names = self._simple.names = dict(row)
        if not all(self._is(each) for each in self._universe):
            return -1
        for name, expression in self._lets:
            names[name] = self._is(expression)
        for index, when in enumerate(self._whens):
            if self._is(when):
                return index
        return -1

    def _is(self, expression: Expression) -> Value:
        found: Value = self._simple.eval(expression.source, expression.tree)
        return found


def measure(
    chosen: Strategy, types: Mapping[str, Type], rows: list[Row]
) -> dict[str, float]:
    """Return the median time of each evaluator for one row [us]."""
    row_plan, plan = RowPlan(chosen), Plan(chosen)
    read = [{n: encoded(row[n], t) for n, t in types.items()} for row in rows]
    columns = [{name: np.array([x]) for name, x in row.items()} for row in read]
    values = [tuple(row[name] for name in row_plan.names) for row in read]
    full: list[Row] = [
        {n: 0.0 if x is None else x for n, x in row.items()} for row in rows
    ]

    def by_columns(row: dict[str, NDArray[np.float64]]) -> None:
        plan.universe(row, 1)
        plan.answer(row, 1)

    def by_values() -> None:
        answer = row_plan.answer_values
        for _ in range(CALLS):
            for each in values:
                answer(*each)

    took = medians_us(
        {
            "plain": on_each(Plain(chosen).answer, full),
            "reference": on_each(RowReference(chosen).answer, rows),
            "columns": on_each(by_columns, columns),
            "row": on_each(row_plan.answer, read * CALLS),
            "values": by_values,
        }
    )
    often = {"row": CALLS, "values": CALLS}
    return {name: us / len(rows) / often.get(name, 1) for name, us in took.items()}


T = TypeVar("T")


def on_each(answer: Callable[[T], object], rows: Sequence[T]) -> Callable[[], None]:
    """Return a subject that asks about each row."""

    def run() -> None:
        for row in rows:
            answer(row)

    return run


def of_ten_rules(random: Random) -> tuple[Strategy, dict[str, Type], list[Row]]:
    """Return ten rules of five conditions, and rows uniform in [0, 1]."""
    chosen = strategy(random)
    types = {name: Type(Kind.NUMBER) for name in sorted(RowPlan(chosen).reads)}

    def value() -> float | None:
        return None if random.random() < MISSING else random.random()

    return chosen, types, [{name: value() for name in types} for _ in range(ROWS)]


def ordinary(random: Random, type_: Type) -> Value:
    """Return a value such as a market may have."""
    if type_.kind is Kind.BOOL:
        return random.random() < 0.8
    if type_.kind is Kind.ENUM:
        return random.choice(type_.values)
    if type_.unit in {"prob", "1"}:
        return random.randrange(1, 1000) / 1000
    return random.choice((0.0, 1.0, 5.0, 20.0, 100.0, 1000.0))


def of_shipped(
    chosen: Strategy, random: Random
) -> tuple[dict[str, Type], list[Row], list[Row]]:
    """Return rows of which none is missing: as they come, and inside the universe."""
    types = read_by(chosen)
    drawn = [
        {name: ordinary(random, type_) for name, type_ in types.items()}
        for _ in range(DRAWS)
    ]
    inside = [r for r in drawn if _holds(chosen, r)]
    return types, drawn[:ROWS], (inside * ROWS)[:ROWS]


def _holds(chosen: Strategy, row: Row) -> bool:
    return chosen.universe is None or evaluate(chosen.universe, row) is True


def tell(name: str, took: Mapping[str, float]) -> None:
    """Print one line of the table."""
    line = f"{name:28}" + "".join(
        f"{took.get(subject, math.nan):11.2f}" for subject in SUBJECTS
    )
    best = took["values"]
    for subject in ("plain", "reference", "columns"):
        line += f"{took.get(subject, math.nan) / best:11.0f}"
    print(line)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    random = Random(parser.parse_args().seed)  # noqa: S311 - no secret is drawn
    print(
        f"{RULES} rules x {CONDITIONS} conditions over {FEATURES} features, "
        f"{MISSING:.0%} missing, and the shipped strategies; us per row"
    )
    heads = [*SUBJECTS, "plain/val", "ref/val", "col/val"]
    print(f"{'':28}" + "".join(f"{head:>11}" for head in heads))
    ten = measure(*of_ten_rules(random))
    tell("ten rules", ten)
    for path in sorted(STRATEGIES.glob("*.yaml")):
        chosen = load(path.read_text(), path=path.name)
        types, drawn, inside = of_shipped(chosen, random)
        tell(chosen.id, measure(chosen, types, drawn))
        tell(f"{chosen.id}, inside", measure(chosen, types, inside))
    ratio = ten["plain"] / ten["values"]
    met = ten["values"] <= GOAL_US and ratio >= GOAL_RATIO
    print(
        f"goal: ten rules in at most {GOAL_US} us, at least {GOAL_RATIO} times as fast "
        f"as plain: {'met' if met else 'missed'} ({ten['values']:.2f} us, {ratio:.0f}x)"
    )


if __name__ == "__main__":
    main()
