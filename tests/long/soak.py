"""Let the data plane read a simulated venue for hours, and see what it costs.

python tests/long/soak.py [--hours 4] [--speed 20] [--frames 100] [--markets 150]
    [--made]

The venue runs in a process of its own and shares its clock; with `--made` it runs in
this one, in made time, as fast as the machine can, and its memory counts too. Printed
every ten simulated minutes, and at the end: memory and its slope, share of a core,
frames a second, subscriptions lost, coverage, feeds lost. It fails (exit 1) where
coverage after the start is ever below 1, a feed was lost for the whole venue, or memory
grows by more than 4 MB an hour once it is warm.
"""

import argparse
import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from decimal import Decimal
from pathlib import Path
from time import process_time

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from polyrules import clock as clocks
from polyrules.clock import Clock, Scaled
from polyrules.domain.events import ClockTicked, FeedLost
from polyrules.domain.money import Usd
from polyrules.engine.state import State
from polyrules.features.table import Feeds
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.plane import Plane, Settings, venue_time
from polyrules.venues.simulated.server import Simulator
from polyrules.venues.simulated.world import settings as worlds
from tests.venues.virtual_time import LoopClock, run

S = 1_000_000
MINUTE = 60 * S
WARM = 65 * MINUTE  # of its time; until then tables and windows of an hour fill
STARTED = 5 * MINUTE  # until then everything is subscribed to
SLOPE_MAX = 4.0  # MB an hour
TOLD_EVERY = 10 * MINUTE
STEER_EVERY = 10  # ticks


class Sample(msgspec.Struct, frozen=True):
    """The reader at a moment: minutes since the start, memory [MB], coverage."""

    minute: float
    memory: float
    coverage: float


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def memory_mb() -> float:
    """Return the resident memory of this process [MB]; Linux only."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def serve(said: argparse.Namespace) -> None:
    """Be the venue: say where it is, then run until ended."""
    made = worlds.Settings(markets=said.markets, activity=float(said.frames))
    simulator = Simulator(made, speed=said.speed)
    await simulator.start()
    whales = [whale.address for whale in simulator.world.whales]
    told = {"sources": simulator.sources, "whales": whales}
    say(json.dumps(told))
    try:
        await simulator.wait()
    finally:
        await simulator.stop()


class Soak:
    """Reads the venue, and measures itself."""

    def __init__(self, said: argparse.Namespace) -> None:
        self.samples: list[Sample] = []
        self.kinds: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.health = Health()
        self.state = State(Usd(Decimal(1000)), (), Feeds())
        self._said = said

    async def read(self, sources: dict[str, str], whales: list[str]) -> None:
        """Read for the hours that were asked for."""
        if self._said.made:
            clock: Clock = LoopClock(worlds.BEGIN)
        else:
            clock = Scaled(*await venue_time(sources["clob"], self.health))
        settings = Settings(
            sources=sources,
            wallets=frozenset(whales),
            series=("btc_updown_5m", "btc_updown_15m"),
        )
        plane = Plane(settings, clock, self.health)
        await plane.open()
        begin, began = clock.now(), clocks.monotonic()
        ends = begin + round(self._said.hours * 60) * MINUTE
        ticks = 0
        async for event in plane.events():
            self.kinds[type(event).__name__] += 1
            self.state.apply(event)
            if isinstance(event, FeedLost):
                self.lost["one market" if event.market else event.feed] += 1
            if not isinstance(event, ClockTicked):
                continue
            if ticks % STEER_EVERY == 0:
                urgent = plane.most_urgent()
                plane.follow(urgent, urgent)
            ticks += 1
            if event.at % MINUTE == 0:
                self._sample(event.at - begin)
            if event.at % TOLD_EVERY == 0:
                self._tell(clocks.monotonic() - began, event.at - begin)
            if event.at >= ends:
                break
        await plane.close()

    def _sample(self, since: int) -> None:
        self.state.refresh()
        memory = memory_mb()
        coverage = self.health.gauges.get("coverage", 0.0)
        self.samples.append(Sample(since / MINUTE, memory, coverage))

    def _tell(self, passed: float, since: int) -> None:
        frames = self.health.delays.get("frame_to_inbox")
        counted = frames.count if frames else 0
        last = self.samples[-1]
        say(
            f"{since / MINUTE:6.0f} min  {last.memory:7.1f} MB"
            f"  core {process_time() / passed:5.1%}"
            f"  frames {counted / passed:7.1f}/s ({counted * S / since:.1f} of its)"
            f"  coverage {last.coverage:.4f}"
            f"  markets {self.health.gauges.get('markets', 0):.0f}"
            f"  lost {dict(self.lost)}"
        )

    def slope(self) -> float:
        """Return how memory grew once it was warm [MB an hour]."""
        warm = [each for each in self.samples if each.minute * MINUTE >= WARM]
        if len(warm) < 10:  # no line through fewer
            return 0.0
        minutes = np.array([each.minute for each in warm])
        memory = np.array([each.memory for each in warm])
        return float(np.polyfit(minutes / 60, memory, 1)[0])

    def uncovered(self) -> list[Sample]:
        """Return the moments after the start at which something was not covered."""
        started = STARTED / MINUTE
        return [s for s in self.samples if s.minute > started and s.coverage < 1]


async def soak_in_made_time(said: argparse.Namespace) -> int:
    """Read a venue that runs in this process, and judge."""
    made = worlds.Settings(markets=said.markets, activity=float(said.frames))
    simulator = Simulator(made, clock=LoopClock(worlds.BEGIN))
    await simulator.start()
    reader = Soak(said)
    whales = [whale.address for whale in simulator.world.whales]
    try:
        await reader.read(simulator.sources, whales)
    finally:
        await simulator.stop()
    return _judge(reader)


async def soak(said: argparse.Namespace) -> int:
    """Start the venue, read it, and judge."""
    script = str(Path(__file__))
    options = [f"--{name}={getattr(said, name)}" for name in OPTIONS]
    venue = await asyncio.create_subprocess_exec(
        sys.executable, script, "--serve", *options, stdout=PIPE
    )
    assert venue.stdout is not None, "it is piped"
    told = json.loads(await venue.stdout.readline())
    made = Soak(said)
    try:
        await made.read(told["sources"], told["whales"])
    finally:
        venue.terminate()
        await venue.wait()
    return _judge(made)


def _judge(made: Soak) -> int:
    uncovered, slope = made.uncovered(), made.slope()
    whole = {feed: n for feed, n in made.lost.items() if feed != "one market"}
    whole["trades"] = max(whole.get("trades", 0) - 1, 0)  # one is told at the start
    say(f"memory slope: {slope:+.2f} MB an hour (at most {SLOPE_MAX:g})")
    say(f"minutes with coverage below 1: {len(uncovered)} of {len(made.samples)}")
    if uncovered:
        worst = min(uncovered, key=lambda each: each.coverage)
        say(f"  the worst: {worst.coverage:.4f} at minute {worst.minute:.0f}")
    say(f"feeds lost as a whole: {whole}")
    say(f"events: {dict(made.kinds)}")
    for name, delay in sorted(made.health.delays.items()):
        p99 = delay.quantile(0.99)
        say(f"  {name:<20} {delay.count:>9} p99 {p99:8.4f} s most {delay.most:.4f} s")
    say("counted:")
    for (where, what), number in sorted(made.health.counts.items()):
        say(f"  {where:<16} {what:<50} {number}")
    return int(bool(uncovered) or any(whole.values()) or slope > SLOPE_MAX)


OPTIONS = ("hours", "speed", "frames", "markets")


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--frames", type=float, default=100.0)
    parser.add_argument("--markets", type=int, default=150)
    parser.add_argument("--made", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.serve:
        asyncio.run(serve(said))
        return 0
    if said.made:
        return run(soak_in_made_time(said))
    return asyncio.run(soak(said))


if __name__ == "__main__":
    sys.exit(main())
