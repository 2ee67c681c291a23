"""The shipped strategies, each over so many rows of its own: columns, rows, memcpy.

python tests/bench/bench_shipped.py [--seed N]

CPU time, medians, all subjects in turns in one process. "plain" is simpleeval as it
comes, without missing values and without Kleene's logic, which short-cuts most rows at
the universe as the columns do; "reference" is our Kleene interpreter. Both are measured
on a sample of rows. "memcpy" copies every column a strategy reads, once. Half of the
rows are drawn from inside the universe; a tenth of what columns see is missing.
"""

import argparse
import math
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from polyrules.language.evaluators.compile import Plan
from polyrules.language.evaluators.reference import RowReference
from polyrules.language.load import load
from polyrules.language.strategy import Strategy
from tests.bench.bench_rows import Plain, Row, of_shipped, on_each
from tests.bench.bench_rules import MISSING, medians_us, repeated
from tests.laws.grammar import encoded

STRATEGIES = Path(__file__).parents[2] / "strategies"
MARKETS = (10_000, 50_000)
SAMPLE = 300
SUBJECTS = ("memcpy", "columns", "reference", "plain")

Columns = dict[str, NDArray[np.float64]]


def measure(chosen: Strategy, random: Random, count: int) -> dict[str, float]:
    """Return the median time of each evaluator over all rows [us]."""
    types, drawn, inside = of_shipped(chosen, random)
    sample: list[Row] = [
        row for pair in zip(drawn, inside or drawn, strict=True) for row in pair
    ][:SAMPLE]
    holes = [
        {n: None if random.random() < MISSING else x for n, x in row.items()}
        for row in sample
    ]
    plan = Plan(chosen)
    repeats = -(-count // len(holes))
    columns: Columns = {
        name: np.array([encoded(row[name], type_) for row in holes] * repeats)[:count]
        for name, type_ in types.items()
    }
    copies = {name: np.empty(count) for name in columns}

    def copy() -> None:
        for name, target in copies.items():
            np.copyto(target, columns[name])

    def by_columns() -> None:
        rows = np.flatnonzero(plan.universe(columns, count))
        chosen_rows = {name: columns[name][rows] for name in plan.reads}
        plan.answer(chosen_rows, len(rows))

    fast = medians_us({"memcpy": repeated(copy, 5), "columns": repeated(by_columns, 5)})
    slow = medians_us(
        {
            "reference": on_each(RowReference(chosen).answer, holes),
            "plain": on_each(Plain(chosen).answer, sample),
        }
    )
    scale = count / len(sample)
    return {name: us / 5 for name, us in fast.items()} | {
        name: us * scale for name, us in slow.items()
    }


def main() -> None:
    """Print a table for each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    random = Random(parser.parse_args().seed)  # noqa: S311 - no secret is drawn
    paths = sorted(STRATEGIES.glob("*.yaml"))
    strategies = [load(path.read_text("utf-8"), path=path.name) for path in paths]
    for count in MARKETS:
        print(f"{count:,} rows of each strategy; ms")
        heads = (*SUBJECTS, "plain/col", "ref/col", "col/memcpy")
        print(f"{'':22}" + "".join(f"{head:>12}" for head in heads))
        whole = dict.fromkeys(SUBJECTS, 0.0)
        for strategy in strategies:
            took = measure(strategy, random, count)
            for name, us in took.items():
                whole[name] += us
            print(_line(strategy.id, took))
        print(_line(f"all {len(strategies)}", whole))


def _line(name: str, took: dict[str, float]) -> str:
    line = f"{name:22}" + "".join(f"{took[each] / 1000:12.2f}" for each in SUBJECTS)
    columns = took["columns"] or math.nan
    line += f"{took['plain'] / columns:12,.0f}{took['reference'] / columns:12,.0f}"
    return line + f"{columns / took['memcpy']:12.2f}"


if __name__ == "__main__":
    main()
