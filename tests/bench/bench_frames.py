"""Frames of the market channel into books, side by side.

    python tests/bench/bench_frames.py [--frames N]

Rows: the typed decode alone (a floor that has to be paid anywhere); frame to checked
book (decode, apply, compare with the stated best prices); the same with its event in
the inbox; and plain programs that do the same work with json and Decimal, on dicts with
their keys sorted by bisect, and on sortedcontainers (which hypothesis brings).

Frames are ordinary ones: one level told for both tokens; as in a recorded half minute,
three of five sizes were never seen before, and every round begins with nothing
remembered. Median of the rounds of processor time, rounds interleaved.
"""

import argparse
import gc
import json
import statistics
import time
from bisect import bisect_left, insort
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from sortedcontainers import SortedDict  # type: ignore[import-untyped]  # ships no types

from polyrules.clock import Wall
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Levels
from polyrules.domain.money import ONE, Side, from_micros
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.channel.books import Distrust, LocalBook
from polyrules.venues.polymarket.channel.held import Held
from polyrules.venues.polymarket.channel.keeper import Keeper
from polyrules.venues.polymarket.channel.reading.frames import LevelsFrame, decode
from polyrules.venues.polymarket.channel.reading.micros import SIZES
from polyrules.venues.polymarket.channel.settings import Settings
from polyrules.venues.polymarket.channel.sockets.shards import Shard
from polyrules.venues.polymarket.registry import Registry

ROUNDS = 7
DEPTH = 45  # levels a side, as real books have
NEW_SIZES = 0.6
KNOWN_SIZES = (0, 0, 0, *(n * 5_000_000 for n in range(1, 18)))
MARKET = MarketId("0x70909f0ba8256a89c301da58812ae47203df54957a07c7f8b10235e877ad63c2")
YES = TokenId(
    "70771354585365381988139008309072205730081182435161568795508496003376222185889"
)
NO = TokenId(
    "46746822541461330721074821991383617225657173789584499857683753079229786702095"
)
BASELINE = "json + SortedDict"
START = 1_772_279_170_000  # milliseconds


def shown() -> tuple[Levels, Levels]:
    """Return the book all rows begin with."""
    bids = tuple((480_000 - 10_000 * n, (n + 1) * 1_000_000) for n in range(DEPTH))
    asks = tuple((500_000 + 10_000 * n, (n + 1) * 1_000_000) for n in range(DEPTH))
    return bids, asks


def written(count: int) -> list[bytes]:
    """Return frames that change one level each, told for both tokens."""
    random = Random(7)  # noqa: S311 - a benchmark's data
    bids, asks = (dict(side) for side in shown())
    frames = []
    for number in range(count):
        side = random.choice((Side.BUY, Side.SELL))
        step = min(int(random.expovariate(0.4)), DEPTH - 1)
        price = 480_000 - 10_000 * step if side is Side.BUY else 500_000 + 10_000 * step
        new = random.randrange(10**4, 10**9) * 10_000
        size = new if random.random() < NEW_SIZES else random.choice(KNOWN_SIZES)
        levels = bids if side is Side.BUY else asks
        levels.pop(price, None)
        if size or len(levels) < DEPTH - 10:
            levels[price] = size = size or 5_000_000
        frames.append(
            frame(START + number, side, (price, size), (max(bids), min(asks)))
        )
    return frames


def frame(
    stamp: int, side: Side, level: tuple[int, int], best: tuple[int, int]
) -> bytes:
    """Return one message as the venue writes it."""
    other = Side.SELL if side is Side.BUY else Side.BUY
    (price, size), (bid, ask) = level, best
    message = {
        "market": MARKET,
        "price_changes": [
            entry(YES, side, level, best),
            entry(NO, other, (ONE - price, size), (ONE - ask, ONE - bid)),
        ],
        "timestamp": str(stamp),
        "event_type": "price_change",
    }
    return json.dumps(message, separators=(",", ":")).encode()


def entry(
    token: str, side: Side, level: tuple[int, int], best: tuple[int, int]
) -> dict[str, str]:
    """Return one entry of a message."""
    return {
        "asset_id": token,
        "price": f"{from_micros(level[0]):f}",
        "size": f"{from_micros(level[1]):f}",
        "side": side.value,
        "hash": "7aecafd480a8e5521b302db213469550989b00d8",
        "best_bid": f"{from_micros(best[0]):f}",
        "best_ask": f"{from_micros(best[1]):f}",
    }


def floor(frames: list[bytes]) -> int:
    """Decode only."""
    return sum(len(decode(one)) for one in frames)


def books(frames: list[bytes]) -> int:
    """Keep a checked book."""
    local = LocalBook(MARKET, YES, NO)
    local.take(*shown(), 0)
    distrusted = 0
    for one in frames:
        for message in decode(one):
            assert isinstance(message, LevelsFrame)
            try:
                local.levels(message)
            except Distrust:
                distrusted += 1
    return distrusted


def events(frames: list[bytes]) -> int:
    """Keep a checked book and tell its changes."""
    clock, settings = Wall(), Settings()
    inbox = Inbox(clock, 1_000_000)
    keeper = Keeper(Registry(), inbox, Health(), settings, _nothing, _nothing)
    local = LocalBook(MARKET, YES, NO)
    local.take(*shown(), 0)
    shard = Shard(0, "", clock, settings, _nothing)
    held = Held(local=local, shard=shard, tick=Decimal("0.01"), sure=True, later=None)
    keeper.add(held)
    for one in frames:
        for message in decode(one):
            assert isinstance(message, LevelsFrame)
            keeper.levels(message, clock.now())
    return inbox.deepest


def _nothing(_: object) -> None: ...


def baseline(frames: list[bytes], kind: Callable[[], Any]) -> int:
    """Keep both tokens' books with json and Decimal, comparing the best prices."""
    bids, asks = shown()
    of_no = [tuple((ONE - at, size) for at, size in side) for side in (asks, bids)]
    sides = {(token, word): kind() for token in (YES, NO) for word in ("BUY", "SELL")}
    for kept, levels in zip(sides.values(), (bids, asks, *of_no), strict=True):
        kept.update({from_micros(at): from_micros(size) for at, size in levels})
    differ = 0
    for one in frames:
        for change in json.loads(one)["price_changes"]:
            token = change["asset_id"]
            side = sides[token, change["side"]]
            price, size = Decimal(change["price"]), Decimal(change["size"])
            if size:
                side[price] = size
            else:
                side.pop(price, None)
            differ += sides[token, "BUY"].peekitem(-1)[0] != Decimal(change["best_bid"])
            differ += sides[token, "SELL"].peekitem(0)[0] != Decimal(change["best_ask"])
    return differ


class Sorted(dict[Decimal, Decimal]):
    """A dict with its keys in a list sorted by bisect: the least that will do."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[Decimal] = []

    def update(self, levels: dict[Decimal, Decimal]) -> None:  # type: ignore[override]  # all a book needs
        """Take several levels."""
        for price, size in levels.items():
            self[price] = size

    def __setitem__(self, price: Decimal, size: Decimal) -> None:
        if price not in self:
            insort(self.order, price)
        super().__setitem__(price, size)

    def pop(self, price: Decimal, _: None = None) -> Decimal | None:  # type: ignore[override]  # all a book needs
        """Remove a level."""
        if price in self:
            del self.order[bisect_left(self.order, price)]
        return super().pop(price, None)

    def peekitem(self, index: int) -> tuple[Decimal, Decimal]:
        """Return the level at an index, ascending."""
        price = self.order[index]
        return price, self[price]


ROWS: dict[str, Callable[[list[bytes]], int]] = {
    "typed decode alone": floor,
    "frame to checked book": books,
    "frame to event in the inbox": events,
    "json + dict and bisect": lambda frames: baseline(frames, Sorted),
    BASELINE: lambda frames: baseline(frames, SortedDict),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20_000)
    said = parser.parse_args()
    frames = written(said.frames)
    taken: dict[str, list[float]] = {name: [] for name in ROWS}
    for _ in range(ROUNDS):
        for name, row in ROWS.items():
            SIZES.clear()
            gc.collect()
            begun = time.process_time()
            row(frames)
            taken[name].append(time.process_time() - begun)
    each = {
        name: statistics.median(times) / len(frames) for name, times in taken.items()
    }
    least, most = each["typed decode alone"], each[BASELINE]
    print(f"{'':31}  µs/frame   frames/s  x decode  vs plain")
    for name, seconds in each.items():
        print(
            f"{name:31} {seconds * 1e6:9.2f} {1 / seconds:10,.0f}"
            f" {seconds / least:9.2f} {most / seconds:8.2f}x"
        )
    print(f"distrusted in {len(frames):,} frames: {books(frames):,}")


if __name__ == "__main__":
    main()
