"""Ten rules of five conditions: columns against a row interpreter, and against memcpy.

python tests/bench/bench_rules.py [--seed N]

CPU time, medians, all subjects in turns in one process. "memcpy" copies the columns
that the rules read, once: no evaluator that looks at them all can be much faster.
"plain" is simpleeval as it comes, with parsed expressions and without Kleene's logic;
it is given no missing values, on which it would raise.
"""

import argparse
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from random import Random
from time import process_time

import numpy as np
from numpy.typing import NDArray
from simpleeval import SimpleEval

from polyrules.domain.ids import StrategyId
from polyrules.domain.money import Side
from polyrules.language.actions import Trade
from polyrules.language.evaluators.compile import Plan
from polyrules.language.evaluators.reference import evaluate
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.check import Scope, check, feature_types
from polyrules.language.strategy import (
    Fixed,
    OnUnknown,
    Rule,
    Schedule,
    Strategy,
    Value,
)

RULES = 10
CONDITIONS = 5
FEATURES = 65
MISSING = 0.1
MARKETS = (2_000, 10_000, 50_000)
REFERENCE_ROWS = 500  # of which the time per row is measured; rows cost alike
ROUNDS = 21
TYPES = feature_types()
BOOL = Type(Kind.BOOL)


def strategy(random: Random) -> Strategy:
    """Return rules that compare random features with constants."""
    names = [name for name, type_ in TYPES.items() if type_.kind is Kind.NUMBER]
    names = random.sample(names, min(FEATURES, len(names)))

    def condition() -> str:
        sign = random.choice(("<", "<=", ">", ">="))
        # Numbers are uniform in [0, 1]: each condition holds about half the time.
        return f"{random.choice(names)} {sign} {random.uniform(0.2, 0.8):.3f}"

    def rule(index: int) -> Rule:
        when = " and ".join(condition() for _ in range(CONDITIONS))
        return Rule(
            id=f"rule_{index}",
            when=checked(when, BOOL),
            then=Trade(side=Side.BUY, token="yes", price=checked("best_ask", None)),
            on_unknown=OnUnknown.SKIP,
        )

    return Strategy(
        id=StrategyId("bench"),
        version="1",
        digest="0" * 32,
        rules=tuple(rule(index) for index in range(RULES)),
        sizing=Fixed(usd=1.0),
        schedule=Schedule(every=1),
    )


def checked(source: str, want: Type | None) -> Expression:
    """Return a text, checked."""
    found = check(source, Scope(TYPES, {}, None), want)
    assert found.expression is not None, found.findings
    return found.expression


def table(names: Sequence[str], markets: int) -> dict[str, NDArray[np.float64]]:
    """Return columns uniform in [0, 1], a tenth of each missing."""
    random = np.random.default_rng(markets)
    columns = {name: random.random(markets) for name in names}
    for column in columns.values():
        column[random.random(markets) < MISSING] = math.nan
    return columns


def medians_us(subjects: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median CPU time of each subject [us], taken in turns."""
    times: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(ROUNDS):
        for name, subject in subjects.items():
            began = process_time()
            subject()
            times[name].append((process_time() - began) * 1e6)
    return {name: statistics.median(taken) for name, taken in times.items()}


def repeated(subject: Callable[[], object], times: int) -> Callable[[], None]:
    """Return a subject that takes long enough to be measured."""

    def run() -> None:
        for _ in range(times):
            subject()

    return run


def measure(chosen: Strategy, markets: int) -> dict[str, float]:
    """Return the median time of each evaluator for all markets and rules [us]."""
    plan = Plan(chosen)
    whens = [rule.when for rule in chosen.rules]
    read = sorted(frozenset[str]().union(*(when.reads for when in whens)))
    columns = table(sorted(plan.reads), markets)
    copies = {name: np.empty(markets) for name in read}
    sample = _rows(columns, min(markets, REFERENCE_ROWS))
    full = [{name: value or 0.0 for name, value in row.items()} for row in sample]

    def copy() -> None:
        for name, target in copies.items():
            np.copyto(target, columns[name])

    def reference() -> None:
        for row in sample:
            for when in whens:
                evaluate(when, row)

    plain = SimpleEval()

    def simple() -> None:
        for row in full:
            plain.names = row
            for when in whens:
                plain.eval(when.source, when.tree)

    times = max(1, 50_000 // markets)
    fast = medians_us(
        {
            "memcpy": repeated(copy, times),
            "columns": repeated(lambda: plan.answer(columns, markets), times),
        }
    )
    slow = medians_us({"reference": reference, "plain": simple})
    scale = markets / len(sample)
    return {name: time / times for name, time in fast.items()} | {
        name: time * scale for name, time in slow.items()
    }


def _rows(
    columns: Mapping[str, NDArray[np.float64]], count: int
) -> list[dict[str, Value]]:
    lists = {name: column[:count].tolist() for name, column in columns.items()}
    return [
        {
            name: None if math.isnan(numbers[at]) else numbers[at]
            for name, numbers in lists.items()
        }
        for at in range(count)
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    chosen = strategy(Random(seed))  # noqa: S311 - no secret is drawn
    read = frozenset[str]().union(*(rule.when.reads for rule in chosen.rules))
    print(
        f"{RULES} rules x {CONDITIONS} conditions over {len(read)} of {FEATURES} "
        f"features, {MISSING:.0%} missing; ns per market and rule\n"
        f"(reference and plain: measured on {REFERENCE_ROWS} rows)"
    )
    head = ("markets", "memcpy", "columns", "reference", "plain")
    ratios = ("ref/col", "plain/col", "col/memcpy")
    print("".join(f"{name:>12}" for name in head + ratios))
    for markets in MARKETS:
        took = measure(chosen, markets)
        per = {name: us * 1000 / markets / RULES for name, us in took.items()}
        row = f"{markets:12,}" + "".join(f"{per[name]:12.2f}" for name in head[1:])
        row += f"{took['reference'] / took['columns']:12,.0f}"
        row += f"{took['plain'] / took['columns']:12,.0f}"
        row += f"{took['columns'] / took['memcpy']:12.2f}"
        print(row)


if __name__ == "__main__":
    main()
