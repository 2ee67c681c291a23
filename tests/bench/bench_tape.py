"""How fast tables and raw messages become tapes, and tapes become events again.

python tests/bench/bench_tape.py [--rows N]
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import polars as pl

from polyrules.venues.tape.mapping import parse
from polyrules.venues.tape.payloads import import_payloads
from polyrules.venues.tape.reader import Tape
from polyrules.venues.tape.tables import import_tables
from polyrules.venues.tape.writer import TapeWriter

GOAL = 100_000  # rows of a price series a second
NOON = 1_767_268_800  # unix seconds
MARKETS = 200
MAPPING = parse(
    {
        "polyrules_mapping": 1,
        "title": "bench",
        "tables": [
            {
                "rows": "price_series",
                "market": "m",
                "at": {"column": "t", "unit": "s"},
                "price": "p",
            }
        ],
        "constants": {"tick": 0.001},
        "assume": {"book": {"spread": 0.002, "depth": 500}},
    },
    "bench",
)


def prices(file: Path, rows: int) -> None:
    """Write a price series of ten-minute steps."""
    number = pl.int_range(rows, eager=True)
    pl.DataFrame(
        {
            "t": NOON + number // MARKETS * 600,
            "m": "market-" + (number % MARKETS).cast(pl.String),
            "p": (number * 7919 % 1999 + 1) / 2000,
        }
    ).write_parquet(file)


def messages(file: Path, rows: int) -> None:
    """Write messages of the market channel: 9 level changes for each book."""
    side = [{"price": f"0.{cents:02}", "size": "100"} for cents in range(20, 40)]
    with file.open("w", encoding="utf-8") as lines:
        for number in range(rows):
            message: dict[str, object] = {
                "market": f"0x{number % MARKETS}",
                "asset_id": str(number % MARKETS),
                "timestamp": str((NOON + number) * 1000),
            }
            if number % 10 == 0:
                message |= {"event_type": "book", "bids": side, "asks": []}
            else:
                change = {"price": "0.41", "size": str(number), "side": "BUY"}
                changes = [{"asset_id": str(number % MARKETS), **change}]
                message |= {"event_type": "price_change", "price_changes": changes}
            lines.write(json.dumps(message) + "\n")


def timed(name: str, rows: int, work: Callable[[], object]) -> None:
    """Print the rate of `work` over `rows`."""
    began = perf_counter()
    work()
    took = perf_counter() - began
    print(f"{name:34} {rows:>9,} rows  {took:7.2f} s  {rows / took:>10,.0f} rows/s")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, raw = folder / "prices.parquet", folder / "messages.jsonl"
        prices(table, rows)
        messages(raw, rows // 10)

        def from_table() -> None:
            with TapeWriter(folder / "one", ranked=True) as writer:
                import_tables([table], MAPPING, writer, lambda *_: None)

        def from_raw() -> None:
            with TapeWriter(folder / "two", ranked=True) as writer:
                import_payloads([raw], writer, lambda *_: None)

        def read(tape: str) -> None:
            for _ in Tape.open(folder / tape).events():
                pass

        timed("price series to tape", rows, from_table)
        timed("tape of prices to events", rows, lambda: read("one"))
        timed("raw messages to tape", rows // 10, from_raw)
        timed("tape of messages to events", rows // 10, lambda: read("two"))
        print(f"goal: price series to tape at {GOAL:,} rows/s or more")


if __name__ == "__main__":
    main()
