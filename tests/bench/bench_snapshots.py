"""How many bytes a day the snapshots of 2,000 markets every 15 s take, and how fast.

python tests/bench/bench_snapshots.py [--hours N] [--markets N] [--changed SHARE]
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from polyrules.app.snapshots import NAMES, PASSIVE
from polyrules.venues.recording.snapshots import SnapshotWriter

GOAL = 0.2  # GB a day
NOON = 1_767_225_600_000_000
EVERY = 15
MISSING = 25  # columns without data: odds, games, most coins


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--markets", type=int, default=2_000)
    parser.add_argument(
        "--changed", type=float, default=0.1, help="of the markets, at each snapshot"
    )
    said = parser.parse_args()
    rng = np.random.default_rng(7)
    count, width = said.markets, len(NAMES)
    markets = [f"0x{number:064x}" for number in range(count)]
    values = np.round(rng.random((count, width)) * 1_000) / 1_000
    values[:, -MISSING:] = np.nan
    passive = [NAMES.index(name) for name in PASSIVE]
    steps = int(said.hours * 3_600 / EVERY)
    with tempfile.TemporaryDirectory() as folder:
        writer = SnapshotWriter(Path(folder), NAMES, PASSIVE)
        began, used = perf_counter(), process_time()
        for step in range(steps):
            moved = rng.random(count) < said.changed
            cells = rng.integers(0, width - MISSING, (int(moved.sum()), 12))
            ticks = rng.integers(-3, 4, cells.shape) / 1_000
            rows = np.flatnonzero(moved)[:, None]
            values[rows, cells] = np.round(values[rows, cells] + ticks, 3)
            values[:, passive] += EVERY
            writer.add(NOON + step * EVERY * 1_000_000, 4, markets, values)
        took, spent = perf_counter() - began, process_time() - used
        began = perf_counter()
        writer.close()
        merging = perf_counter() - began
        size = sum(file.stat().st_size for file in Path(folder).glob("*.parquet"))
    day = size / said.hours * 24 / 1e9
    rate = steps * count / took
    print(f"{steps} snapshots of {count:,} markets x {width} features")
    print(f"rows written   {writer.rows:>12,} of {steps * count:,}")
    print(
        f"taken          {rate:>12,.0f} rows/s  {spent / steps * 1e3:.1f} ms CPU each"
    )
    print(f"put in order   {merging:>12.1f} s at the end of the day's part")
    print(f"size           {size / writer.rows:>12.1f} bytes a row")
    print(f"               {day:>12.3f} GB a day (goal {GOAL})")


if __name__ == "__main__":
    main()
