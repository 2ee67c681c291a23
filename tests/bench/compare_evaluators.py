"""A long hunt for a row on which an evaluator and the reference differ in any bit.

python tests/bench/compare_evaluators.py [--pairs N] [--seed N]

A pair is an expression, or a whole strategy, and a row; the columns and the function of
one row are both asked about it. Ends with 1 if it found a difference, and prints the
smallest.
"""

import argparse
import sys
from random import Random
from time import perf_counter

from tests.laws import agreement
from tests.laws.agreement import Difference
from tests.laws.grammar import SYMBOLS, expression, row, strategy, text

ROWS = 100
EXPRESSIONS = 20
STRATEGIES = 2
DEPTH_MAX = 5
REPORT_EVERY = 50_000  # pairs


def batch(random: Random) -> tuple[int, list[Difference]]:
    """Return how many pairs were compared, and where they differ."""
    rows = [row(random) for _ in range(ROWS)]
    sources = [
        text(random, random.choice(SYMBOLS), random.randint(0, DEPTH_MAX))
        for _ in range(EXPRESSIONS)
    ]
    found = agreement.of_expressions([expression(each) for each in sources], rows)
    for _ in range(STRATEGIES):
        found += agreement.of_strategy(strategy(random), rows)
    return ROWS * (EXPRESSIONS + STRATEGIES), found


def tell(difference: Difference) -> None:
    """Print a difference, with the values its text may have read."""
    print(difference.source)
    for name, value in difference.row.items():
        if name in difference.source:
            print(f"  {name} = {value!r}")
    print(f"reference: {difference.reference!r}")
    print(f"{difference.evaluator + ':':10} {difference.found!r}")


def main() -> int:
    """Compare until enough pairs were; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random = Random(options.seed)  # noqa: S311 - no secret is drawn
    began = perf_counter()
    pairs, reported = 0, 0
    differences: list[Difference] = []
    while pairs < options.pairs:
        compared, found = batch(random)
        pairs += compared
        differences += found
        if pairs - reported >= REPORT_EVERY:
            reported = pairs
            print(f"{pairs:,} pairs, {len(differences)} mismatches", file=sys.stderr)
    took = perf_counter() - began
    print(f"{pairs:,} pairs, {len(differences)} mismatches, {took:.1f} s")
    if differences:
        tell(min(differences, key=lambda each: len(each.source)))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
