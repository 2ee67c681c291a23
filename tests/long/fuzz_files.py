"""Damage files and expressions by the thousand, and look for one that does harm.

python tests/long/fuzz_files.py [--cases N] [--seed S]

Every case is loaded; what is wrong with it is rendered; what loads is asked about odd
rows by both evaluators. It prints how many were refused for what, the slowest, and
every case that raised, was unclear, differed, or reached out of the interpreter; such
a case is found again by its seed. The corpus with its bombs is another command:
`python -m tests.foreign.sandbox all`.
"""

import argparse
import os
import sys
from collections import Counter
from heapq import nlargest
from pathlib import Path
from random import Random
from time import process_time
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from polyrules.cli.shipped import folder
from tests.foreign.corpus import HOST, PAIR, Foreign
from tests.foreign.mutations import damaged, file_around
from tests.foreign.sandbox import Seen, load_and_run

FILES = (
    HOST,
    PAIR,
    *(p.read_text("utf-8") for p in sorted(folder("strategies").glob("*"))),
)
SLOWEST = 5
KEPT = 1_000
MISTAKES = (1, 1, 1, 1, 2, 2, 3, 5, 12)
HARMLESS = {"compile", "exec"}


class Timed(NamedTuple):
    """A case and the CPU it took, to load and to run [s]."""

    cpu: float
    seed: int
    loads: bool


def case(seed: int) -> Foreign:
    """Return the case of a seed: a damaged file, or one around an expression."""
    random = Random(seed)  # noqa: S311 - found again by its seed
    if random.random() < 0.5:
        return Foreign(f"{seed}", file_around(random), None)
    text = damaged(random, random.choice(FILES), random.choice(MISTAKES))
    return Foreign(f"{seed}", text.encode("utf-8", "surrogatepass"), None)


def wrong(seen: Seen) -> str:
    """Return what is wrong with what a case came to, or ""."""
    if seen.unclear:
        return f"unclear: {seen.unclear[0]}"
    return f"{seen.differences} differences" if seen.differences else ""


class Tally:
    """What the cases came to so far, and what reached out of the interpreter."""

    def __init__(self) -> None:
        self.codes: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.slowest: list[Timed] = []
        self.loaded = self.harmful = 0

    def watch(self) -> None:
        """Count audit events from now on."""

        def note(event: str, _: tuple[Any, ...]) -> None:
            if event not in HARMLESS:
                self.events[event] += 1

        sys.addaudithook(note)

    def attempt(self, seed: int) -> None:
        """Try the case of a seed; say so if it did harm."""
        one = case(seed)
        noted, began = self.events.total(), process_time()
        try:
            seen = load_and_run(one)
            found = wrong(seen)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            seen, found = Seen(name=one.name), f"{type(error).__name__}: {error}"
        if self.events.total() > noted:
            found = found or "reached out"
        self.slowest.append(Timed(process_time() - began, seed, seen.loads))
        if len(self.slowest) > KEPT:
            self.slowest = nlargest(SLOWEST, self.slowest)
        self.codes.update(seen.codes)
        self.loaded += seen.loads
        if found:
            self.harmful += 1
            say(f"seed {seed}: {found}")


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Try the cases, and print what they came to; exit code 1 if any did harm."""
    parser = argparse.ArgumentParser(description="Damage files, and look for harm.")
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first case")
    options = parser.parse_args()
    tally = Tally()
    load_and_run(Foreign("warm-up", HOST.encode(), None))
    tally.watch()
    for seed in range(options.seed, options.seed + options.cases):
        tally.attempt(seed)
    say(f"{options.cases:,} cases, {tally.loaded:,} load, {tally.harmful:,} do harm")
    told = (f"{code} {count:,}" for code, count in tally.codes.most_common())
    say(f"problems: {', '.join(told)}")
    say(f"audit events: {dict(tally.events) or 'none'}")
    for timed in nlargest(SLOWEST, tally.slowest):
        say(f"  {timed.cpu * 1e3:7.1f} ms  seed {timed.seed}  loads: {timed.loads}")
    os._exit(bool(tally.harmful))  # how the interpreter ends would be noted too


if __name__ == "__main__":
    main()
