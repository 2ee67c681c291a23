"""The market channel under steady load over loopback: CPU, memory, delay.

    python tests/long/soak_channel.py [--frames 2000] [--markets 2000] [--minutes 1]

A second process plays the venue: it serves the sockets and answers for REST. Printed
each ten seconds and at the end, of our process alone: share of one core, resident
memory and its slope, frames a second, the delay from frame to inbox (p50, p99, most),
the delay from the venue's stamp to the reader of events (p99), coverage, and whatever
was counted.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from polyrules.clock import Wall, monotonic, now
from polyrules.domain.events import BookChanged, ClockTicked
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.domain.money import ONE, from_micros
from polyrules.venues.live.health import Delays, Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket import wire
from polyrules.venues.polymarket.channel.channel import Channel
from polyrules.venues.polymarket.channel.settings import Settings
from polyrules.venues.polymarket.registry import Entry, Registry

DEPTH = 20  # levels a side
STEP = 0.005  # seconds between two bursts of the venue
PAGE = 4096
SOCKETS = 20
REPORT = 10.0


def names(number: int) -> tuple[str, str, str]:
    """Return ids as long as the venue's, so that bytes count as they would."""
    return f"0x{number:064x}", f"{number * 2 + 1:077d}", f"{number * 2 + 2:077d}"


class World:
    """Books of one price each side, whose sizes change."""

    def __init__(self, markets: int) -> None:
        self.random = Random(7)  # noqa: S311 - a load, no secret
        self.bids = [self._side(480_000, -10_000) for _ in range(markets)]
        self.asks = [self._side(500_000, 10_000) for _ in range(markets)]
        self.stamps = [now() // 1000] * markets
        self.listening: dict[str, ServerConnection] = {}

    def _side(self, first: int, step: int) -> dict[int, int]:
        return {first + step * n: 10_000_000 * (n + 1) for n in range(DEPTH)}

    def change(self) -> tuple[str, bytes]:
        """Change a level; return the token and the message."""
        random = self.random
        number = random.randrange(len(self.bids))
        buys = random.random() < 0.5
        side = (self.bids if buys else self.asks)[number]
        price = random.choice(tuple(side))
        side[price] = size = random.randrange(1, 10**6) * 10_000
        stamp = self.stamps[number] = now() // 1000
        market, yes, no = names(number)
        words = ("BUY", "SELL") if buys else ("SELL", "BUY")
        message = {
            "market": market,
            "price_changes": [
                _entry(yes, price, size, words[0], ("0.48", "0.5")),
                _entry(no, ONE - price, size, words[1], ("0.5", "0.52")),
            ],
            "timestamp": str(stamp),
            "event_type": "price_change",
        }
        return yes, msgspec.json.encode(message)

    def book(self, token: str) -> dict[str, Any]:
        """Return the whole book of a token."""
        number, of_no = divmod(int(token) - 1, 2)
        bids, asks = self.bids[number], self.asks[number]
        if of_no:
            bids, asks = _turned(asks), _turned(bids)
        return {
            "event_type": "book",
            "market": names(number)[0],
            "asset_id": token,
            "timestamp": str(self.stamps[number]),
            "bids": _levels(bids),
            "asks": _levels(asks),
        }


def _turned(side: dict[int, int]) -> dict[int, int]:
    return {ONE - price: size for price, size in side.items()}


def _levels(side: dict[int, int]) -> list[dict[str, str]]:
    return [
        {"price": f"{from_micros(price):f}", "size": f"{from_micros(size):f}"}
        for price, size in side.items()
    ]


def _entry(
    token: str, price: int, size: int, word: str, best: tuple[str, str]
) -> dict[str, str]:
    return {
        "asset_id": token,
        "price": f"{from_micros(price):f}",
        "size": f"{from_micros(size):f}",
        "side": word,
        "hash": "7aecafd480a8e5521b302db213469550989b00d8",
        "best_bid": best[0],
        "best_ask": best[1],
    }


async def venue(markets: int, frames: int) -> None:
    """Be the venue until killed; the first line printed is the port."""
    world = World(markets)

    async def answer(connection: ServerConnection) -> None:
        assert connection.request is not None
        rest = connection.request.path == "/rest"
        async for said in connection:
            if said == "PING":
                await connection.send("PONG")
            elif rest:
                books = [world.book(token) for token in json.loads(said)]
                await connection.send(json.dumps(books))
            else:
                tokens = json.loads(said)["assets_ids"]
                books = [world.book(token) for token in tokens]
                await connection.send(json.dumps(books))
                world.listening.update(dict.fromkeys(tokens, connection))

    async with serve(answer, "127.0.0.1", 0, ping_interval=None, max_size=None) as up:
        print(next(iter(up.sockets)).getsockname()[1], flush=True)  # noqa: T201 - for its parent
        begun, sent = monotonic(), 0
        while True:
            await asyncio.sleep(STEP)
            if len(world.listening) < 2 * markets:
                begun, sent = monotonic(), 0
                continue
            due = int((monotonic() - begun) * frames)
            for _ in range(min(due - sent, frames)):
                token, raw = world.change()
                await world.listening[token].send(raw, text=True)
            sent = due


class Rest:
    """Books by request, over a socket of their own."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def books(self, tokens: Sequence[TokenId]) -> dict[TokenId, BookChanged]:
        """Return the books of `tokens`."""
        await self._connection.send(json.dumps(tokens))
        books = json.loads(await self._connection.recv())
        return {TokenId(one["asset_id"]): wire.book(one)[0] for one in books}


def resident() -> float:
    """Return the memory of this process [MB]."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * PAGE / 1e6


async def soak(port: int, markets: int, minutes: float) -> None:
    """Watch all markets, and print how that goes."""
    clock, registry, health = Wall(), Registry(), Health()
    inbox = Inbox(clock, 1_000_000)
    for number in range(markets):
        market, yes, no = names(number)
        facts = Market(id=MarketId(market), yes=TokenId(yes), no=TokenId(no))
        registry.add(Entry(market=facts))
    async with connect(f"ws://127.0.0.1:{port}/rest", max_size=None) as connection:
        channel = Channel(
            f"ws://127.0.0.1:{port}/ws/market",
            registry,
            inbox,
            clock,
            health,
            snapshot=Rest(connection).books,
            on_new_market=print,
            on_resolved=print,
            settings=Settings(
                sockets=SOCKETS,
                tokens_per_socket=-(-markets // SOCKETS) * 2,
                stagger=50_000,
            ),
        )
        channel.watch(entry.id for entry in registry.all())
        running = asyncio.create_task(channel.run())
        whole = Delays()
        reading = asyncio.create_task(_read(inbox, clock, whole))
        await asyncio.sleep(SOCKETS * 0.05 + 3)  # until all are subscribed
        await _report(health, whole, channel, minutes)
        running.cancel()
        reading.cancel()
        await asyncio.gather(running, reading, return_exceptions=True)
    for (where, what), count in sorted(health.counts.items()):
        print(f"{where}: {what}: {count:,}")  # noqa: T201 - what it is for


async def _read(inbox: Inbox, clock: Wall, whole: Delays) -> None:
    async for event in inbox.events():
        if event.venue_at and not isinstance(event, BookChanged | ClockTicked):
            whole.add((clock.now() - event.venue_at) / 1e6)


async def _report(
    health: Health, whole: Delays, channel: Channel, minutes: float
) -> None:
    health.delays["frame_to_inbox"] = Delays()  # the first books are no steady load
    begun, used, first = monotonic(), process_time(), resident()
    heard = sum(one.messages for one in channel.status())
    while True:
        await asyncio.sleep(REPORT)
        passed = monotonic() - begun
        cpu = (process_time() - used) / passed
        messages = sum(one.messages for one in channel.status()) - heard
        memory, delays = resident(), health.delays["frame_to_inbox"]
        print(  # noqa: T201 - what it is for
            f"{passed:6.0f} s  {messages / passed:7,.0f} frames/s  cpu {cpu:5.1%}"
            f"  {memory:6.1f} MB ({(memory - first) / passed * 3600:+6.1f} an hour)"
            f"  to inbox p50 {delays.quantile(0.5) * 1000:.1f}"
            f" p99 {delays.quantile(0.99) * 1000:.1f} most {delays.most * 1000:.1f} ms"
            f"  from stamp p99 {whole.quantile(0.99) * 1000:.1f} ms"
            f"  coverage {health.gauges['coverage']:.1%}",
            flush=True,
        )
        if passed >= minutes * 60:
            return


def main() -> None:
    """Start the venue beside us and soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--markets", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--venue", action="store_true", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.venue:
        asyncio.run(venue(said.markets, said.frames))
        return
    command = [sys.executable, __file__, "--venue", "--frames", str(said.frames)]
    command += ["--markets", str(said.markets)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:  # noqa: S603 - ourselves
        assert other.stdout is not None
        try:
            port = int(other.stdout.readline())
            asyncio.run(soak(port, said.markets, said.minutes))
        finally:
            other.kill()


if __name__ == "__main__":
    main()
