"""Engine and run speed in events a second, side by side.

    python tests/bench/bench_engine.py [--events N]

Rows: decoding the same events from JSON (a floor that has to be paid anywhere), the
engine on books alone, the engine with three strategies asked every second, the same on
the paper exchange, and the same recorded in a journal on disk. Median of five rounds of
processor time, rounds interleaved; the last row waits for the disk, so it is wall time.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path

import msgspec

from polyrules import app
from polyrules.domain.events import BookChanged, Event
from polyrules.domain.ids import RunId
from polyrules.domain.limits import Limits
from polyrules.domain.money import Usd
from polyrules.engine.engine import Engine
from polyrules.features.table import Feeds
from polyrules.journal.records import RunSpec
from polyrules.journal.store import Store
from polyrules.language.strategy import Strategy
from polyrules.venues.paper import Paper
from polyrules.venues.recorded import with_ticks
from tests.builders import SECOND, at, listed
from tests.strategies import BUY_TIGHT, SELL_HIGH, strategy

MARKETS = 100
ROUNDS = 5
RUN = RunId("bench")


def books(count: int) -> list[Event]:
    """Return one-level books of 100 markets, 500 a second."""
    happened: list[Event] = [listed(f"m{n}") for n in range(MARKETS)]
    for number in range(count):
        name = f"m{number % MARKETS}"
        bid = 400_000 + number * 7919 % 200 * 1000
        happened.append(
            BookChanged(
                at=at(0) + number * SECOND // 500,
                market=listed(name).market.id,
                token=listed(name).market.yes,
                bids=((bid, 100_000_000),),
                asks=((bid + 20_000, 100_000_000),),
            )
        )
    return happened


def traders() -> list[Strategy]:
    """Return three strategies that trade on these books."""
    third = BUY_TIGHT.replace("id: buy_tight", "id: third")
    return [strategy(), strategy(SELL_HIGH), strategy(third, widest="0.03")]


def engine(strategies: list[Strategy]) -> Engine:
    return Engine(
        strategies,
        limits=Limits(),
        bankroll=Usd(Decimal(1000)),
        feeds=Feeds(),
        run=RUN,
    )


class Told:
    def __init__(self, happened: list[Event]) -> None:
        self._happened = happened

    async def events(self) -> AsyncIterator[Event]:
        for event in self._happened:
            yield event


class Unmoved:
    def see(self, step: object, engine: Engine) -> None:
        pass

    def ending(self, engine: Engine) -> str:
        del engine
        return ""


class Nowhere:
    async def append(self, step: object) -> None:
        pass


def decode(happened: list[Event]) -> Callable[[], None]:
    texts = [msgspec.json.encode(event) for event in happened]
    decoder = msgspec.json.Decoder(Event)

    def run() -> None:
        for text in texts:
            decoder.decode(text)

    return run


def process(happened: list[Event], strategies: list[Strategy]) -> Callable[[], None]:
    def run() -> None:
        one = engine(strategies)
        for event in happened:
            one.process(event)

    return run


def on_paper(happened: list[Event], folder: Path | None) -> Callable[[], None]:
    async def drive() -> None:
        exchange = Paper(Told(happened), cash=Usd(Decimal(1000)))
        if folder is None:
            await app.drive(engine(traders()), exchange, Nowhere(), Unmoved())
            return
        with tempfile.TemporaryDirectory(dir=folder) as place:
            spec = RunSpec(
                id=RUN,
                started_at=0,
                mode="paper",
                strategies=(),
                limits=Limits(),
                bankroll=Usd(Decimal(1000)),
                tick=SECOND,
                version="bench",
            )
            with Store.open(f"sqlite:///{place}/bench.db") as store:
                recorder = store.begin(spec)
                await app.drive(engine(traders()), exchange, recorder, Unmoved())
                recorder.close(0, "finished")

    return lambda: asyncio.run(drive())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()))
    arguments = parser.parse_args()
    plain = books(arguments.events)
    ticked = list(with_ticks(plain, SECOND))
    rows: list[tuple[str, int, Callable[[], None], Callable[[], float]]] = [
        ("decode the events from JSON", len(plain), decode(plain), time.process_time),
        ("engine, books alone", len(plain), process(plain, []), time.process_time),
        (
            "engine, 3 strategies asked every second",
            len(ticked),
            process(ticked, traders()),
            time.process_time,
        ),
        (
            "the same on the paper exchange",
            len(ticked),
            on_paper(ticked, None),
            time.process_time,
        ),
        (
            "the same in a journal on disk (wall time)",
            len(ticked),
            on_paper(ticked, arguments.dir),
            time.perf_counter,
        ),
    ]
    taken: dict[str, list[float]] = {name: [] for name, *_ in rows}
    for _ in range(ROUNDS):
        for name, _count, work, clock in rows:
            start = clock()
            work()
            taken[name].append(clock() - start)
    floor = statistics.median(taken[rows[0][0]]) / rows[0][1]
    print(f"{'':44}{'events/s':>12}{'us/event':>10}{'x decode':>10}")
    for name, count, *_ in rows:
        each = statistics.median(taken[name]) / count
        print(f"{name:44}{1 / each:>12,.0f}{each * 1e6:>10.2f}{each / floor:>10.1f}")


if __name__ == "__main__":
    main()
