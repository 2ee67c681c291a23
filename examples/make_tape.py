"""Make a small tape of an invented trading day: the same seed, the same events.

Ten invented markets live for fourteen hours: prices wander and are pulled back, jump
and mostly return, drift to their answer as the end comes near. Books have several
levels, takers eat into them, whales eat deep. Nothing here was recorded, and nothing
about profit can be learned from it; it shows what polyrules does, not what markets do.

    python examples/make_tape.py OUT [--seed N] [--replace]

Only additions, multiplications and draws from `random.Random` are used, so that every
platform gets the same events.
"""

import argparse
import random
import shutil
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from polyrules.domain.events import (
    BookChanged,
    Event,
    LevelChange,
    LevelsChanged,
    MarketChanged,
    MarketListed,
    MarketResolved,
    TickChanged,
    TradePrinted,
)
from polyrules.domain.ids import GroupId, MarketId, TokenId, digest_of
from polyrules.domain.market import Levels, Listing, Market, mirror
from polyrules.domain.money import ONE, Side
from polyrules.venues.tape.manifest import FORMAT, Manifest
from polyrules.venues.tape.writer import TapeWriter

SEED = 7
START = 1_772_409_600_000_000  # 2026-03-02T00:00:00Z
MINUTE = 60_000_000
HOUR = 60 * MINUTE
MINUTES = 14 * 60
TICK = 5_000_000  # microseconds between two ticks of the clock
LAG = 40_000  # microseconds from the venue to us
SETTLING = 2 * MINUTE  # between the end and the answer
CENT, MILL = ONE // 100, ONE // 1000
FINE_BELOW, FINE_ABOVE = 40_000, 960_000  # beyond these the venue takes finer ticks
LEVELS = 5  # a side
DOUBLING, SHARES_MAX = 0.45, 15_000  # of a level's size
SMALL, WHALE_CHANCE, WHALE = 20, 0.02, 5  # takers: a level's size / SMALL, or * WHALE
NEWS_CHANCE = 0.2  # of a jump to stay


class Plot(NamedTuple):
    """The story of one market. Prices in dollars, times in hours from the start."""

    slug: str
    question: str
    category: str
    price: float
    end: float
    fee_rate: str = "0"
    group: str = ""
    swing: float = 0.0015  # standard deviation of a minute's wandering
    jumps: float = 0.0  # an hour
    listed: float = 0.0
    answer: str = ""  # what YES pays; empty: open when the tape ends
    answered: float = 0.0  # when, if not at the end
    turn: tuple[float, float] = (99.0, 0.0)  # at this hour it turns to this price
    trades: float = 20.0  # an hour
    no_side: bool = False  # every other book is told by the NO token


PLOTS = (
    Plot(
        "harbour-bridge-opens-this-week",
        "Will the new harbour bridge open this week?",
        "culture",
        0.945,
        30,
        swing=0.0008,
    ),
    Plot(
        "lighthouse-auction-closes",
        "Will the old lighthouse be sold at today's auction?",
        "culture",
        0.95,
        11,
        answer="1",
        swing=0.0008,
    ),
    Plot(
        "comet-visible-tonight",
        "Will the comet be seen with the naked eye tonight?",
        "weather",
        0.94,
        12,
        answer="0",
        swing=0.0008,
        turn=(8.0, 0.06),
        trades=30,
    ),
    Plot(
        "mayor-resigns-march",
        "Will the mayor of Port Aster resign in March?",
        "politics",
        0.055,
        700,
        fee_rate="0.04",
        swing=0.0006,
    ),
    Plot(
        "snow-in-the-desert",
        "Will it snow in the desert today?",
        "weather",
        0.045,
        13,
        answer="0",
        swing=0.0006,
        no_side=True,
    ),
    Plot(
        "goalkeeper-scores",
        "Will a goalkeeper score in the cup tonight?",
        "sports",
        0.05,
        13.5,
        fee_rate="0.03",
        answer="1",
        turn=(12.4, 0.97),
        swing=0.0006,
        trades=30,
    ),
    Plot(
        "rate-decision-hold",
        "Will the central bank of Aster hold its rate?",
        "economics",
        0.52,
        80,
        jumps=0.35,
        trades=30,
        no_side=True,
    ),
    Plot(
        "rivals-final-red-wins",
        "Will the reds win the final?",
        "sports",
        0.44,
        60,
        fee_rate="0.03",
        group="rivals-final",
        jumps=0.3,
        answer="0.5",
        answered=12.5,
        trades=30,
    ),
    Plot(
        "rivals-final-over-two-goals",
        "Will the final see more than two goals?",
        "sports",
        0.61,
        60,
        fee_rate="0.03",
        group="rivals-final",
        jumps=0.3,
        answer="0.5",
        answered=12.5,
    ),
    Plot(
        "island-ferry-strike",
        "Will the ferry crews strike before Sunday?",
        "economics",
        0.30,
        110,
        jumps=0.4,
        listed=2.0,
    ),
)


class Walk:
    """Where a market's price is, and where it is drawn to."""

    def __init__(self, plot: Plot) -> None:
        self.price = self.anchor = plot.price
        self.plot = plot

    def step(self, minute: int, rng: random.Random) -> float:
        """Go on by a minute and return the price [usd/share], in [0.003, 0.997]."""
        plot, hour = self.plot, minute / 60
        if hour >= plot.turn[0]:
            self.anchor = plot.turn[1]
        if plot.answer and not plot.answered and hour > plot.end - 1:
            self.anchor = float(plot.answer)
        if rng.random() < plot.jumps / 60:
            jump = (0.06 + 0.06 * rng.random()) * rng.choice((-1, 1))
            self.price += jump
            self.anchor += (
                jump if rng.random() < NEWS_CHANCE else 0.0
            )  # real news stays
        pull = 0.03 if self.anchor == plot.price else 0.06
        self.price += pull * (self.anchor - self.price) + plot.swing * bell(rng)
        self.price = min(max(self.price, 0.003), 0.997)
        return self.price


def bell(rng: random.Random) -> float:
    """Return a draw that is nearly normal: mean 0, deviation 1, within 6."""
    return sum(rng.random() for _ in range(12)) - 6


class Stage:
    """One market on its way through the day, minute by minute."""

    def __init__(self, plot: Plot) -> None:
        self.plot = plot
        self.walk = Walk(plot)
        self.tick = CENT
        self.bids: Levels = ()
        self.asks: Levels = ()
        self.market = describe(plot)
        self.listing = Listing(
            accepting_orders=True, volume_24h=25_000.0, liquidity=12_000.0
        )

    def minute(self, number: int, rng: random.Random) -> Iterator[Event]:
        """Yield what happens in one minute, in order."""
        at = START + number * MINUTE + rng.randrange(20) * 50_000
        price = self.walk.step(number, rng)
        fine = not FINE_BELOW <= price * ONE <= FINE_ABOVE
        if fine and self.tick == CENT:
            self.tick = MILL
            tick = Decimal(MILL) / ONE
            yield TickChanged(at=at, market=self.market.id, tick=tick)
        if number % 2 == 0 or self._left_the_book(price):
            yield self._book(at, price, number, rng)
        else:
            yield from self._resize(at, rng)
        if rng.random() < self.plot.trades / 60:
            yield from self._trade(at + rng.randrange(5, 50) * 1_000_000, rng)

    def _left_the_book(self, price: float) -> bool:
        bid = self.bids[0][0] if self.bids else 0
        ask = self.asks[0][0] if self.asks else ONE
        return not bid <= price * ONE <= ask

    def _book(
        self, at: int, price: float, number: int, rng: random.Random
    ) -> BookChanged:
        below = int(price * ONE) // self.tick * self.tick
        wide = self.tick * rng.choice((0, 0, 0, 1))
        self.bids = ladder(below - wide, -self.tick, rng)
        self.asks = ladder(below + self.tick + wide, self.tick, rng)
        market = self.market
        if self.plot.no_side and number % 4 == 0:
            return BookChanged(
                at=at,
                venue_at=at - LAG,
                market=market.id,
                token=market.no,
                bids=mirror(self.asks),
                asks=mirror(self.bids),
            )
        return BookChanged(
            at=at,
            venue_at=at - LAG,
            market=market.id,
            token=market.yes,
            bids=self.bids,
            asks=self.asks,
        )

    def _resize(self, at: int, rng: random.Random) -> Iterator[Event]:
        side = rng.choice((Side.BUY, Side.SELL))
        levels = self.bids if side is Side.BUY else self.asks
        if not levels:
            return
        price, _ = rng.choice(levels)
        size = shares(rng)
        changed = tuple((p, size if p == price else s) for p, s in levels)
        self._keep(side, changed)
        change = LevelChange(self.market.yes, side, price, size)
        yield LevelsChanged(
            at=at, venue_at=at - LAG, market=self.market.id, changes=(change,)
        )

    def _trade(self, at: int, rng: random.Random) -> Iterator[Event]:
        side = rng.choice((Side.BUY, Side.SELL))
        against = Side.SELL if side is Side.BUY else Side.BUY
        levels = dict(self.asks if side is Side.BUY else self.bids)
        whale = rng.random() < WHALE_CHANCE
        wanted = shares(rng) * WHALE if whale else shares(rng) // SMALL
        changes: list[LevelChange] = []
        for price, size in tuple(levels.items()):
            taken = min(size, wanted)
            if not taken:
                break
            wanted -= taken
            levels[price] -= taken
            changes.append(LevelChange(self.market.yes, against, price, levels[price]))
            yield self._print(at, side, price, taken)
        if changes:
            self._keep(against, tuple((p, s) for p, s in levels.items() if s))
            yield LevelsChanged(
                at=at,
                venue_at=at - LAG,
                market=self.market.id,
                changes=tuple(changes),
            )

    def _print(self, at: int, side: Side, price: int, size: int) -> TradePrinted:
        return TradePrinted(
            at=at,
            venue_at=at - LAG,
            market=self.market.id,
            token=self.market.yes,
            side=side,
            price=price,
            size=size,
        )

    def _keep(self, side: Side, levels: Levels) -> None:
        if side is Side.BUY:
            self.bids = levels
        else:
            self.asks = levels


def describe(plot: Plot) -> Market:
    """Return the facts of an invented market; its ids come from its slug."""
    return Market(
        id=MarketId("0x" + digest_of("market", plot.slug)),
        yes=TokenId(str(int(digest_of("yes", plot.slug), 16))),
        no=TokenId(str(int(digest_of("no", plot.slug), 16))),
        question=plot.question,
        slug=plot.slug,
        group=GroupId(plot.group) if plot.group else None,
        category=plot.category,
        fee_rate=Decimal(plot.fee_rate),
        neg_risk=False,
        start=START - 24 * HOUR,
        end=START + int(plot.end * 60) * MINUTE,
    )


def shares(rng: random.Random) -> int:
    """Return a size [micro-shares]: 50 to 275 shares, doubled now and then."""
    size = 50 + 25 * rng.randrange(10)
    while rng.random() < DOUBLING and size < SHARES_MAX:
        size *= 2
    return size * ONE


def ladder(best: int, step: int, rng: random.Random) -> Levels:
    """Return up to five levels from `best` outward, within (0, 1)."""
    prices = [best]
    while len(prices) < LEVELS:
        prices.append(prices[-1] + step * rng.choice((1, 1, 2)))
    deep = [(price, shares(rng) * (1 + i)) for i, price in enumerate(prices)]
    return tuple((price, size) for price, size in deep if 0 < price < ONE)


def life(plot: Plot, rng: random.Random) -> Iterator[Event]:
    """Yield everything that happens to one market, in order."""
    stage = Stage(plot)
    market, listing = stage.market, stage.listing
    first, end = int(plot.listed * 60), int(plot.end * 60)
    answered = int(plot.answered * 60) * MINUTE or end * MINUTE + SETTLING
    last = min(MINUTES, end, answered // MINUTE if plot.answer else MINUTES)
    yield MarketListed(at=START + first * MINUTE, market=market, listing=listing)
    for number in range(first, last):
        yield from stage.minute(number, rng)
    if plot.answer:
        closed = Listing(accepting_orders=False, volume_24h=listing.volume_24h)
        at = START + last * MINUTE
        yield MarketChanged(at=at, market=market, listing=closed)
        yield MarketResolved(
            at=START + answered, market=market.id, payout_yes=Decimal(plot.answer)
        )


def day(seed: int = SEED) -> list[Event]:
    """Return the events of the whole day, `at` never running backward."""
    happened: list[Event] = []
    for plot in PLOTS:
        rng = random.Random(f"{seed} {plot.slug}")  # noqa: S311 - a play, no secret
        happened += life(plot, rng)
    happened.sort(key=lambda event: event.at)  # stable: a market's own order stays
    assert all(a.at <= b.at for a, b in pairwise(happened))
    return happened


def write(path: Path, seed: int = SEED) -> None:
    """Write the day to a tape at `path`.

    Raises:
        TapeError: Something is there already.
    """
    happened = day(seed)
    stated = ("accepting_orders", "category", "end", "fee_rate", "neg_risk", "start")
    manifest = Manifest(
        format=FORMAT,
        made_by="",
        title="An invented day of ten markets",
        feeds=("gamma", "book", "trades"),
        stated=dict.fromkeys((*stated, "volume_24h", "liquidity"), len(PLOTS)),
        assumptions=(f"everything is invented: examples/make_tape.py, seed {seed}",),
        tick=TICK,
    )
    with TapeWriter(path) as writer:
        for event in happened:
            writer.append(event)
        writer.close(manifest)


def main() -> None:
    """Make the tape the command line asks for."""
    parser = argparse.ArgumentParser(description="Make a small invented tape.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--replace", action="store_true", help="remove OUT before")
    asked = parser.parse_args()
    if asked.replace:
        shutil.rmtree(asked.out, ignore_errors=True)
    write(asked.out, asked.seed)
    print(f"wrote {asked.out}")


if __name__ == "__main__":
    main()
