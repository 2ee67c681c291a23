"""Make four small tapes, each a scene in which one kind of strategy has its moment.

    outcomes   two events of four markets of which one wins: all YES of the one, later
               all NO of the other, for less than they pay
    deadlines  one question with three deadlines, for a while the wrong way round
    quotes     six hours of three markets to quote in: a busy one that ends soon, one
               that swings, one with a wide spread
    days       five days of two markets, seen every ten minutes

Nothing here was recorded, and nothing about profit can be learned from it: the moments
are there because they were put there. The same seed gives the same events.

    python examples/make_scenes.py OUT [--seed N] [--replace]
"""

import argparse
import random
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from polyrules.domain.events import (
    BookChanged,
    Event,
    MarketListed,
    MarketResolved,
    TradePrinted,
)
from polyrules.domain.ids import GroupId, MarketId, TokenId, digest_of
from polyrules.domain.market import Levels, Listing, Market
from polyrules.domain.money import ONE, Side
from polyrules.venues.tape.manifest import FORMAT, Manifest
from polyrules.venues.tape.writer import TapeWriter

SEED = 11
START = 1_773_014_400_000_000  # 2026-03-09T00:00:00Z
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
CENT = ONE // 100
LEVELS = 3  # a side


class Scene(NamedTuple):
    """A tape: its title, its clock and how long its books stand, and what happens.

    Times in microseconds; a book stands for `stands`, 0 for as long as usual.
    """

    title: str
    tick: int
    play: Callable[[int], Iterator[Event]]
    stands: int = 0


def invented(
    slug: str,
    question: str,
    end: int,
    *,
    group: str = "",
    size: int | None = None,
    fee_rate: str = "0",
) -> Market:
    """Return the facts of a market; its ids come from its slug."""
    return Market(
        id=MarketId("0x" + digest_of("market", slug)),
        yes=TokenId(str(int(digest_of("yes", slug), 16))),
        no=TokenId(str(int(digest_of("no", slug), 16))),
        question=question,
        slug=slug,
        group=GroupId(group) if group else None,
        group_size=size,
        category="politics",
        fee_rate=Decimal(fee_rate),
        neg_risk=size is not None,
        start=START - 30 * DAY,
        end=START + end,
    )


def listed(market: Market, volume: float = 60_000.0) -> MarketListed:
    """Return a market's first listing."""
    listing = Listing(accepting_orders=True, volume_24h=volume, liquidity=volume / 5)
    return MarketListed(at=START, market=market, listing=listing)


def shown(
    market: Market, at: int, bid: int, ask: int, rng: random.Random
) -> BookChanged:
    """Return a book with its best prices at `bid` and `ask` [cents]."""
    return BookChanged(
        at=START + at,
        venue_at=START + at,
        market=market.id,
        token=market.yes,
        bids=ladder(bid, -1, rng),
        asks=ladder(ask, 1, rng),
    )


def ladder(best: int, step: int, rng: random.Random) -> Levels:
    """Return levels a cent apart, from `best` [cents] outward."""
    prices = (best + step * place for place in range(LEVELS))
    return tuple(
        (price * CENT, (80 + 10 * rng.randrange(4)) * ONE)
        for price in prices
        if 0 < price < ONE // CENT
    )


def printed(
    market: Market, at: int, side: Side, price: int, shares: int
) -> TradePrinted:
    """Return a trade of YES at `price` [cents]."""
    return TradePrinted(
        at=START + at,
        venue_at=START + at,
        market=market.id,
        token=market.yes,
        side=side,
        price=price * CENT,
        size=shares * ONE,
    )


def outcomes(seed: int) -> Iterator[Event]:
    """Two events, in each four markets of which one wins: YES adds up to 101 cents.

    In the first a YES is cheap for half a minute, in the second every NO, later.
    """
    rng = random.Random(f"{seed} outcomes")  # noqa: S311 - a play, no secret
    mayor = event_of("port-aster-mayor", "be mayor of Port Aster")
    prize = event_of("harbour-prize", "win the harbour prize")
    yield from (listed(market) for market in (*mayor, *prize))
    for at in range(2 * SECOND, 20 * MINUTE, 3 * SECOND):
        cheap = 5 * MINUTE <= at < 5 * MINUTE + 30 * SECOND
        dear = 12 * MINUTE <= at < 12 * MINUTE + 30 * SECOND
        for place, ask in enumerate((52, 27, 15, 7)):
            moment = at + place * SECOND // 10
            now = ask - 5 * cheap * (place == 0)
            yield shown(mayor[place], moment, now - 1, now, rng)
            now = ask + 2 * dear
            yield shown(prize[place], moment, now - 1, now, rng)
    for place, market in enumerate((*mayor, *prize)):
        paid = Decimal(int(place in (1, 4)))
        at = START + 21 * MINUTE
        yield MarketResolved(at=at, market=market.id, payout_yes=paid)


def event_of(slug: str, what: str) -> list[Market]:
    """Return the four markets of an event of which one wins."""
    names = ("north", "south", "east", "west")
    return [
        invented(
            f"{slug}-{name}",
            f"Will the candidate of the {name} {what}?",
            20 * MINUTE,
            group=slug,
            size=len(names),
            fee_rate="0.02",
        )
        for name in names
    ]


def deadlines(seed: int) -> Iterator[Event]:
    """One question by three dates; the first is dear for ten minutes."""
    rng = random.Random(f"{seed} deadlines")  # noqa: S311 - a play, no secret
    dates = ("March 12", "March 20", "March 31")
    ends = (4 * DAY, 12 * DAY, 23 * DAY)
    markets = [
        invented(
            f"strait-reopens-by-{date.lower().replace(' ', '-')}",
            f"Will the Strait of Aster reopen by {date}, 2026?",
            end,
            fee_rate="0.02",
        )
        for date, end in zip(dates, ends, strict=True)
    ]
    for market in markets:
        yield listed(market)
    for at in range(5 * SECOND, 40 * MINUTE, 10 * SECOND):
        rumour = 10 * MINUTE <= at < 20 * MINUTE
        late = at >= 30 * MINUTE
        middles = (30 + 14 * rumour - 10 * late, 38, 50 + 6 * late)
        for market, middle in zip(markets, middles, strict=True):
            bid = middle - rng.randrange(2)
            yield shown(market, at + rng.randrange(3) * SECOND, bid, bid + 1, rng)


def quotes(seed: int) -> Iterator[Event]:
    """Six hours of three markets to quote in."""
    soon = invented("budget-passes-soon", "Will the budget pass today?", 16 * HOUR)
    swings = invented("league-title-reds", "Will the reds be champions?", 200 * HOUR)
    wide = invented("new-opera-opens", "Will the new opera open in May?", 200 * HOUR)
    rng = random.Random(f"{seed} quotes")  # noqa: S311 - a play, no secret
    yield from (listed(market) for market in (soon, swings, wide))
    for at in range(10 * SECOND, 6 * HOUR, 15 * SECOND):
        minute = at // MINUTE
        bid = 48 + (minute // 40) % 3
        yield from moment_of(soon, at, bid, bid + 4, rng, chance=0.12)
        bid = 42 + abs((minute + 45) % 90 - 45) // 4
        yield from moment_of(swings, at + SECOND, bid, bid + 2, rng, chance=0.05)
        yield from moment_of(wide, at + 2 * SECOND, 57, 64, rng, chance=0.01)


def moment_of(
    market: Market, at: int, bid: int, ask: int, rng: random.Random, *, chance: float
) -> Iterator[Event]:
    """Yield a book, and perhaps a stranger who takes from it."""
    yield shown(market, at, bid, ask, rng)
    if rng.random() < chance:
        side = rng.choice((Side.BUY, Side.SELL))
        price = ask if side is Side.BUY else bid
        yield printed(market, at, side, price, 10 + 5 * rng.randrange(8))


def days(seed: int) -> Iterator[Event]:
    """Five days of two markets, seen every ten minutes."""
    rng = random.Random(f"{seed} days")  # noqa: S311 - a play, no secret
    markets = [
        invented("lagoon-lock-by-june", "Will the lagoon lock be done?", 90 * DAY),
        invented("night-train-returns", "Will the night train return?", 60 * DAY),
    ]
    yield from (listed(market) for market in markets)
    bids = [44, 57]
    for at in range(MINUTE, 5 * DAY, 10 * MINUTE):
        for place, market in enumerate(markets):
            if rng.random() < 0.05:  # noqa: PLR2004 - twice in seven hours
                bids[place] += rng.choice((-1, 1))
            yield shown(market, at, bids[place], bids[place] + 1, rng)


SCENES = {
    "outcomes": Scene("An event of four markets of which one wins", SECOND, outcomes),
    "deadlines": Scene("One question with three deadlines", 5 * SECOND, deadlines),
    "quotes": Scene("Six hours of three markets to quote in", 5 * SECOND, quotes),
    "days": Scene("Five days of two markets", MINUTE, days, stands=30 * MINUTE),
}


def happened(name: str, seed: int = SEED) -> list[Event]:
    """Return the events of a scene, `at` never running backward."""
    return sorted(SCENES[name].play(seed), key=lambda event: event.at)


def write(path: Path, name: str, seed: int = SEED) -> None:
    """Write a scene to a tape at `path`.

    Raises:
        TapeError: Something is there already.
    """
    scene, events = SCENES[name], happened(name, seed)
    markets = sum(isinstance(event, MarketListed) for event in events)
    stated = ("accepting_orders", "category", "end", "fee_rate", "neg_risk", "start")
    manifest = Manifest(
        format=FORMAT,
        made_by="",
        title=scene.title,
        feeds=("gamma", "book", "trades"),
        stated=dict.fromkeys((*stated, "volume_24h", "liquidity"), markets),
        assumptions=(f"everything is invented: examples/make_scenes.py, seed {seed}",),
        tick=scene.tick,
        max_age={"book": scene.stands} if scene.stands else {},
    )
    with TapeWriter(path) as writer:
        for event in events:
            writer.append(event)
        writer.close(manifest)


def main() -> None:
    """Make the tapes the command line asks for."""
    parser = argparse.ArgumentParser(description="Make four small invented tapes.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--replace", action="store_true", help="remove them before")
    asked = parser.parse_args()
    for name in SCENES:
        if asked.replace:
            shutil.rmtree(asked.out / name, ignore_errors=True)
        write(asked.out / name, name, asked.seed)
        print(f"wrote {asked.out / name}")


if __name__ == "__main__":
    main()
