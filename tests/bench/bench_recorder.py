"""What recording costs: events a second into the log, into files, and beside a run.

python tests/bench/bench_recorder.py [--events N]
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time

from polyrules.clock import Wall
from polyrules.domain.events import (
    BookChanged,
    Event,
    LevelChange,
    LevelsChanged,
    MarketChanged,
    TradePrinted,
)
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Listing, Market
from polyrules.domain.money import Side
from polyrules.venues.recording.recording import Recording
from polyrules.venues.tape.reader import Tape

GOAL = 10.0  # microseconds of CPU an event, appended
NOON = 1_767_268_800_000_000
MARKETS = 2_000


def happened(events: int) -> Iterator[Event]:
    """Yield a mix as the market channel tells: mostly single levels."""
    side = tuple((400_000 - 10_000 * n, 100_000_000 + n) for n in range(15))
    other = tuple((410_000 + 10_000 * n, 100_000_000 + n) for n in range(15))
    for number in range(events):
        at, name = NOON + number * 500, f"0x{number % MARKETS:064x}"
        market, token = MarketId(name), TokenId(f"{number % MARKETS:077d}")
        kind = number % 20
        if kind == 0:
            yield BookChanged(at=at, market=market, token=token, bids=side, asks=other)
        elif kind == 1:
            yield TradePrinted(
                at=at,
                market=market,
                token=token,
                side=Side.BUY,
                price=410_000,
                size=5_000_000 + number,
                transaction=f"0x{number:064x}",
            )
        elif kind == 2:
            told = Market(id=market, yes=token, no=TokenId(name), question="Will it?")
            yield MarketChanged(
                at=at, market=told, listing=Listing(volume_24h=float(number))
            )
        else:
            change = LevelChange(token, Side.BUY, 390_000, number)
            yield LevelsChanged(at=at, venue_at=at, market=market, changes=(change,))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400_000)
    count = parser.parse_args().events
    events = list(happened(count))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        tape = into_log(place / "tape", events)
        into_files(tape, count)
        began = perf_counter()
        assert list(Tape.open(place / "tape").events()) == events
        rate = count / (perf_counter() - began)
        print(f"read back      {rate:>10,.0f} events/s, equal")
        beside(place / "beside", events)


def into_log(path: Path, events: list[Event]) -> Recording:
    """Measure what appending costs, and how long a flush holds up the loop."""
    tape = Recording(path, clock=Wall())
    flushes = []
    began, used = perf_counter(), process_time()
    for number, event in enumerate(events, 1):
        tape.append(event)
        if number % 2_000 == 0:  # a second of a busy feed
            before = perf_counter()
            tape.flush()
            flushes.append(perf_counter() - before)
    took, spent = perf_counter() - began, process_time() - used
    told("into the log", len(events), took, spent)
    size = tape.size / len(events)
    print(f"               goal: at most {GOAL} us; {size:.0f} bytes each")
    flushes.sort()
    half, most = flushes[len(flushes) // 2], flushes[-len(flushes) // 100]
    print(f"a flush        {half * 1e3:>10.1f} ms median, {most * 1e3:.1f} ms p99")
    return tape


def into_files(tape: Recording, count: int) -> None:
    """Measure what the end of a recording costs, all of it in the log."""
    began, used = perf_counter(), process_time()
    manifest = tape.close()
    told("into files", count, perf_counter() - began, process_time() - used)
    size = sum(file.bytes for file in manifest.files) / count
    print(f"               {size:.0f} bytes each")


def beside(path: Path, events: list[Event]) -> None:
    """Measure what making files beside a recording takes of the machine."""
    tape = Recording(path, clock=Wall())
    for event in events:
        tape.append(event)
    tape.abandon()
    number = max(int(file.stem) for file in (path / "log").glob("*.log"))
    command = [sys.executable, "-m", "polyrules.venues.recording.sealing.seal"]
    began = perf_counter()
    subprocess.run([*command, str(path), str(number)], check=True)  # noqa: S603 - ours
    took = perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    told("beside a run", len(events), took, used.ru_utime + used.ru_stime)
    print(f"               {used.ru_maxrss / 1024:.0f} MB at most, in its own process")


def told(name: str, count: int, took: float, spent: float) -> None:
    """Print a rate, and the CPU of one event."""
    each = spent / count * 1e6
    print(f"{name:14} {count / took:>10,.0f} events/s  {each:5.2f} us CPU each")


if __name__ == "__main__":
    main()
