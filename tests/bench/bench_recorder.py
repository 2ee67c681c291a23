"""What recording costs: events a second into the log, into files, and beside a run.

python tests/bench/bench_recorder.py [--events N]
"""

import argparse
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400_000)
    count = parser.parse_args().events
    events = list(happened(count))
    with tempfile.TemporaryDirectory() as folder:
        tape = Recording(Path(folder) / "tape", clock=Wall())
        began, used = perf_counter(), process_time()
        for number, event in enumerate(events):
            tape.append(event)
            if number % 10_000 == 0:
                tape.flush()
        tape.flush()
        took, spent = perf_counter() - began, process_time() - used
        log = tape.size
        each = spent / count * 1e6
        print(
            f"into the log   {count / took:>10,.0f} events/s  {each:5.2f} us CPU each"
        )
        print(f"               goal: at most {GOAL} us; {log / count:.0f} bytes each")
        began, used = perf_counter(), process_time()
        manifest = tape.close()
        took, spent = perf_counter() - began, process_time() - used
        each = spent / count * 1e6
        print(
            f"into files     {count / took:>10,.0f} events/s  {each:5.2f} us CPU each"
        )
        size = sum(file.bytes for file in manifest.files)
        print(f"               {size / count:.0f} bytes each")
        began = perf_counter()
        assert list(Tape.open(Path(folder) / "tape").events()) == events
        print(
            f"read back      {count / (perf_counter() - began):>10,.0f} events/s, equal"
        )


if __name__ == "__main__":
    main()
