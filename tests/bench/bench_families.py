"""Deadline families: what it costs to add markets and to ask for their pairs.

python tests/bench/bench_families.py

CPU time of one run in one process. "sports" have no date, as most of the venue's
markets; "fives" are families of five deadlines; "one" is one family of them all, of
which nearly all pairs are cut.
"""

from collections.abc import Callable
from time import process_time

from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.features.families import Families

MARKETS = 50_000
AGAIN = 100_000
END = 1_774_915_200_000_000  # 2026-03-31
DATES = ("January 31", "March 31, 2026", "June 30, 2026", "December 31", "end of 2027")


def sports(row: int) -> str:
    """Return a question without a date."""
    return f"Counter-Strike: Team {row} vs Falcons (BO3) - IEM Krakow Group B"


def fives(row: int) -> str:
    """Return one of five deadlines of one of many things."""
    return f"Will thing number {row // 5} happen by {DATES[row % 5]}?"


def one(row: int) -> str:
    """Return one of five deadlines of the same thing."""
    return f"Will it happen by {DATES[row % 5]}?"


def market(row: int, question: str) -> Market:
    """Return a market that ends in March 2026."""
    return Market(
        id=MarketId(f"m{row}"),
        yes=TokenId(f"{row}y"),
        no=TokenId(f"{row}n"),
        question=question,
        end=END,
    )


def measure(name: str, question: Callable[[int], str]) -> None:
    """Print one row of the table."""
    markets = [market(row, question(row)) for row in range(MARKETS)]
    families = Families()
    begun = process_time()
    for row, told in enumerate(markets):
        families.add(row, told)
    added = process_time()
    pairs = families.pairs(adjacent=False)
    asked = process_time()
    for _ in range(AGAIN):
        families.pairs(adjacent=False)
    again = process_time()
    print(
        f"{name:<8}{(added - begun) / MARKETS * 1e6:>12.1f}"
        f"{(asked - added) * 1e3:>12.1f}{(again - asked) / AGAIN * 1e9:>12.0f}"
        f"{len(pairs.near):>10}{families.left_out(adjacent=False):>12}"
    )


def main() -> None:
    """Measure and print."""
    print(f"{MARKETS} markets")
    print(
        f"{'':<8}{'add [us]':>12}{'pairs [ms]':>12}{'again [ns]':>12}{'pairs':>10}"
        f"{'left out':>12}"
    )
    measure("sports", sports)
    measure("fives", fives)
    measure("one", one)


if __name__ == "__main__":
    main()
