"""Make small tapes of invented rounds, wallets, odds and games, to see rules at work.

Each tape holds a feed that a plain price tape lacks: the price of a coin and its means,
trades with the wallet that made them, odds of bookmakers, the state of a game. The
books follow some seconds behind, which is what the strategies for these feeds live on.
Nothing here was recorded, and nothing about profit can be learned from it.

    python examples/make_feeds.py OUT [--seed N] [--replace]

writes OUT/rounds, OUT/wallets, OUT/odds and OUT/games. Only additions, multiplications,
divisions, square roots and draws from `random.Random` are used, so that every platform
gets the same events.
"""

import argparse
import random
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from math import sqrt
from pathlib import Path
from typing import NamedTuple

from polyrules.domain.events import (
    BookChanged,
    Event,
    GameChanged,
    MarketListed,
    MarketResolved,
    OddsChanged,
    SpotTicked,
    TradePrinted,
    WalletTraded,
)
from polyrules.domain.ids import GroupId, MarketId, TokenId, digest_of
from polyrules.domain.market import Listing, Market
from polyrules.domain.money import ONE, Side
from polyrules.venues.tape.manifest import FORMAT, Manifest
from polyrules.venues.tape.writer import TapeWriter

SEED = 7
START = 1_788_220_800_000_000  # 2026-09-01T00:00:00Z
SECOND = 1_000_000
MINUTE = 60 * SECOND
LAG = 400_000  # microseconds from the source to us
CENT = ONE // 100
LEVELS = 3  # a side
STATED = ("accepting_orders", "category", "end", "fee_rate", "neg_risk", "start")


def describe(
    slug: str, question: str, *, category: str, fee: str, start: int, end: int
) -> Market:
    """Return the facts of an invented market; its ids come from its slug."""
    return Market(
        id=MarketId("0x" + digest_of("market", slug)),
        yes=TokenId(str(int(digest_of("yes", slug), 16))),
        no=TokenId(str(int(digest_of("no", slug), 16))),
        question=question,
        slug=slug,
        group=GroupId(f"{slug}-event"),
        category=category,
        fee_rate=Decimal(fee),
        neg_risk=False,
        start=start,
        end=end,
    )


def listed(market: Market, at: int) -> MarketListed:
    """Return the listing of a market that takes orders."""
    return MarketListed(at=at, market=market, listing=Listing(accepting_orders=True))


def answered(market: Market, at: int, *, yes: bool) -> MarketResolved:
    """Return the answer of a market."""
    payout = Decimal(1) if yes else Decimal(0)
    return MarketResolved(at=at, market=market.id, payout_yes=payout)


def book(at: int, market: Market, price: float, rng: random.Random) -> BookChanged:
    """Return a book of three levels a side, a cent wide, around a price of YES."""
    bid = min(max(int(price * ONE) // CENT, LEVELS), 99 - LEVELS)
    steps = range(LEVELS)

    def size(step: int) -> int:
        return (100 + 25 * rng.randrange(8)) * (1 + step) * ONE

    return BookChanged(
        at=at,
        venue_at=at - LAG,
        market=market.id,
        token=market.yes,
        bids=tuple(((bid - step) * CENT, size(step)) for step in steps),
        asks=tuple(((bid + 1 + step) * CENT, size(step)) for step in steps),
    )


def bell(rng: random.Random) -> float:
    """Return a draw that is nearly normal: mean 0, deviation 1, within 6."""
    return sum(rng.random() for _ in range(12)) - 6


def inside(price: float) -> float:
    """Return a price held in [0.02, 0.98]."""
    return min(max(price, 0.02), 0.98)


# Rounds: a coin, its means, and books that are eight seconds behind.

ROUNDS = 6
LENGTH = 900  # seconds
WATCHED = 300  # seconds before the first round
STEP = 2  # seconds between two prices
BEHIND = 8  # seconds
SETTLING = 54 * SECOND
A_SECOND = 0.00005  # standard deviation of a second's return
PUSH = 0.000004  # a second, from `PUSHED` seconds on
PUSHED = 600
PUSHES = (1, -1, 0, 1, -1, 1)  # by round


class Coin:
    """What a coin cost, second by second, from `WATCHED` before the first round."""

    def __init__(self, rng: random.Random) -> None:
        price, self.prices, self.means = 100_000.0, list[float](), list[float]()
        last: deque[float] = deque(maxlen=60)
        for second in range(-WATCHED, ROUNDS * LENGTH + 60):
            number, passed = divmod(second, LENGTH)
            late = 0 <= number < ROUNDS and passed > PUSHED
            drift = PUSH * PUSHES[number] if late else 0.0
            price += price * (A_SECOND * bell(rng) + drift)
            last.append(price)
            self.prices.append(round(price, 2))
            self.means.append(round(sum(last) / len(last), 2))

    def price(self, second: int) -> float:
        """Return the price so many seconds after the first round began."""
        return self.prices[second + WATCHED]

    def mean(self, second: int) -> float:
        """Return the mean of the 60 seconds before."""
        return self.means[second + WATCHED]


def rounds(seed: int) -> Iterator[Event]:
    """Yield six rounds on whether a coin is up after 15 minutes."""
    coin = Coin(random.Random(f"{seed} coin"))  # noqa: S311 - a play, no secret
    for second in range(-WATCHED, ROUNDS * LENGTH + 60, STEP):
        at = START + second * SECOND
        told = (("price", coin.price(second)), ("twap_60", coin.mean(second)))
        for source, price in told:
            yield SpotTicked(
                at=at, venue_at=at - LAG, symbol="BTC", source=source, price=price
            )
    for number in range(ROUNDS):
        rng = random.Random(f"{seed} round {number}")  # noqa: S311 - a play, no secret
        yield from a_round(number, coin, rng)


def a_round(number: int, coin: Coin, rng: random.Random) -> Iterator[Event]:
    """Yield one round: its books, denser as the end comes near, and its answer."""
    first = number * LENGTH
    start, end = START + first * SECOND, START + (first + LENGTH) * SECOND
    market = describe(
        f"btc-updown-15m-{start // SECOND}",
        f"Bitcoin up or down, round {number + 1}?",
        category="crypto",
        fee="0.07",
        start=start,
        end=end,
    )
    yield listed(market, start - MINUTE)
    for passed in range(1, LENGTH):
        if passed % (2 if passed > LENGTH - 240 else 15) == 1:
            seen = coin.price(first + max(passed - BEHIND, 0))
            moved = seen / coin.mean(first) - 1
            left = A_SECOND * sqrt(LENGTH - passed)
            price = inside(0.5 + 0.5 * moved / sqrt(left * left + moved * moved))
            at = start + passed * SECOND + 300_000
            yield book(at, market, price + 0.01 * bell(rng) / 3, rng)
    up = coin.mean(first + LENGTH) >= coin.mean(first)
    yield answered(market, end + SETTLING, yes=up)


# Wallets: three markets, and what four wallets bought and sold in them.

FIRST, SECOND_WALLET, LUCKY, STRANGER = ("0x" + each * 40 for each in "abcd")


class Deal(NamedTuple):
    """One trade of a wallet: when [minutes], in which market, and how good it is."""

    minute: float
    market: int
    wallet: str
    side: Side
    of_yes: bool
    shares: int
    win_rate: float | None = 0.66
    trades: int | None = 80
    late: float = 0.0  # seconds by which we hear of it late


DEALS = (
    Deal(12, 0, FIRST, Side.BUY, of_yes=True, shares=20_000),
    Deal(12.5, 0, SECOND_WALLET, Side.BUY, of_yes=True, shares=14_000, win_rate=0.71),
    Deal(15, 1, STRANGER, Side.BUY, of_yes=True, shares=40_000),
    Deal(20, 1, LUCKY, Side.BUY, of_yes=True, shares=30_000, win_rate=0.51),
    Deal(26, 1, FIRST, Side.BUY, of_yes=False, shares=24_000),
    Deal(33, 2, SECOND_WALLET, Side.BUY, of_yes=True, shares=900),
    Deal(40, 0, FIRST, Side.SELL, of_yes=True, shares=6_000),
    Deal(47, 0, FIRST, Side.SELL, of_yes=True, shares=9_000),
    Deal(55, 2, SECOND_WALLET, Side.BUY, of_yes=True, shares=60_000, late=400),
    Deal(70, 2, FIRST, Side.BUY, of_yes=True, shares=50_000, win_rate=None),
    # two agree; when it is told the price has left them, and then it comes back
    Deal(90, 2, FIRST, Side.BUY, of_yes=True, shares=50_000, late=35),
    Deal(90, 2, SECOND_WALLET, Side.BUY, of_yes=True, shares=60_000, late=35),
    Deal(90, 2, STRANGER, Side.BUY, of_yes=True, shares=20_000),
    Deal(91, 2, STRANGER, Side.SELL, of_yes=True, shares=90_000),
    Deal(91, 2, STRANGER, Side.SELL, of_yes=True, shares=30_000),
)
PRICES = (0.42, 0.55, 0.24)  # where the three markets begin
QUESTIONS = (
    ("harbour-strike-ends", "Will the harbour strike end this week?"),
    ("mayor-wins-recount", "Will the mayor of Port Aster win the recount?"),
    ("tunnel-opens-in-autumn", "Will the tunnel open this autumn?"),
)


def wallets(seed: int) -> Iterator[Event]:
    """Yield two hours of three markets, pushed along a little by every large trade."""
    for number, (slug, question) in enumerate(QUESTIONS):
        rng = random.Random(f"{seed} {slug}")  # noqa: S311 - a play, no secret
        market = describe(
            slug,
            question,
            category="politics",
            fee="0.04",
            start=START - 60 * MINUTE,
            end=START + 3 * 24 * 60 * MINUTE,
        )
        yield listed(market, START)
        price, told = PRICES[number], [d for d in DEALS if d.market == number]
        for half in range(240):
            at = START + half * 30 * SECOND + SECOND
            for deal in (d for d in told if int(d.minute * 2) == half):
                yield from traded(market, deal, price, at + 7 * SECOND)
                price += 0.012 if (deal.side is Side.BUY) is deal.of_yes else -0.012
            price = inside(price + 0.0015 * bell(rng))
            yield book(at, market, price, rng)


def traded(market: Market, deal: Deal, price: float, at: int) -> Iterator[Event]:
    """Yield a trade as the market tells it, and as it is told of the wallet."""
    goes_long = (deal.side is Side.BUY) is deal.of_yes
    cents = int(price * ONE) // CENT + goes_long  # the ask, or else the bid
    paid = (cents if deal.of_yes else 100 - cents) * CENT
    token = market.yes if deal.of_yes else market.no
    size = deal.shares * ONE
    yield TradePrinted(
        at=at,
        venue_at=at - LAG,
        market=market.id,
        token=token,
        side=deal.side,
        price=paid,
        size=size,
    )
    yield WalletTraded(
        at=at + 2 * SECOND + int(deal.late * SECOND),
        venue_at=at - LAG,
        market=market.id,
        token=token,
        side=deal.side,
        price=paid,
        size=size,
        wallet=deal.wallet,
        transaction=digest_of("transaction", deal.wallet, str(at)),
        win_rate=deal.win_rate,
        trades_30d=deal.trades,
    )


# Odds: five matches before they start; some the market prices unlike the bookmakers.


class Match(NamedTuple):
    """A match: what bookmakers hold of it, and how far off the market begins."""

    slug: str
    question: str
    fair: float
    off: float
    dispersion: float = 0.008
    books: int = 8
    score: float = 1.0
    comes: float = 1.0  # the share of the distance that the market makes good


MATCHES = (
    Match("reds-beat-blues", "Will the reds beat the blues?", 0.58, -0.08),
    Match("greens-beat-greys", "Will the greens beat the greys?", 0.44, 0.09),
    Match("violets-draw", "Will the violets draw?", 0.31, 0.01),
    Match("whites-win-away", "Will the whites win away?", 0.62, -0.09, comes=-0.8),
    Match("golds-keep-a-clean-sheet", "Clean sheet?", 0.50, -0.10, score=0.7),
)
HOURS = 4  # from the first odds to the start
TOLD_EVERY = 45  # seconds


def odds(seed: int) -> Iterator[Event]:
    """Yield the hours before five matches."""
    start = START + HOURS * 60 * MINUTE
    for match in MATCHES:
        rng = random.Random(f"{seed} {match.slug}")  # noqa: S311 - a play, no secret
        market = describe(
            match.slug,
            match.question,
            category="sports",
            fee="0.03",
            start=START - 24 * 60 * MINUTE,
            end=start,
        )
        yield listed(market, START)
        fair, off, steps = match.fair, match.off, HOURS * 3600 // TOLD_EVERY
        for step in range(steps):
            at = START + step * TOLD_EVERY * SECOND + SECOND
            fair = inside(fair + 0.0004 * bell(rng))
            if step > steps // 4:
                off -= match.comes * match.off / (steps / 2)
                off = off if abs(off) < 2 * abs(match.off) else 2 * match.off
            if step > steps * 3 // 4:
                off = match.off * (1 - match.comes)
            yield OddsChanged(
                at=at,
                venue_at=at - LAG,
                market=market.id,
                fair=round(fair, 4),
                books=match.books,
                dispersion=match.dispersion,
                match_score=match.score,
            )
            price = inside(fair + off + 0.002 * bell(rng))
            yield book(at + 9 * SECOND, market, price, rng)


# Games: three matches being played; books follow the feed by six seconds.


class Turn(NamedTuple):
    """What happens in a game: when [seconds], and by how much the chance of YES jumps.

    `told` is how long the feed takes to tell of it.
    """

    second: int
    happened: str
    shift: float
    told: float = 1.0


GAMES = (
    (
        ("lions-win-the-cup", "Will the lions win the cup?", 0.48),
        (Turn(700, "score", 0.22), Turn(1900, "score", -0.16)),
    ),
    (
        ("bears-win-the-derby", "Will the bears win the derby?", 0.55),
        (Turn(1200, "red_card", -0.17), Turn(2000, "period_end", 0.10)),
    ),
    (
        ("hawks-win-at-home", "Will the hawks win at home?", 0.40),
        # a goal that is disallowed at once; and one of which the feed tells late
        (
            Turn(900, "score", 0.21),
            Turn(904, "none", -0.21),
            Turn(2100, "score", 0.20, told=12.0),
        ),
    ),
)
PLAYED = 2700  # seconds
GAME_STEP = 5  # seconds between two words of the feed, and two books
FOLLOWS = 6  # seconds by which books are behind


def games(seed: int) -> Iterator[Event]:
    """Yield 45 minutes of three games."""
    for (slug, question, chance), turns in GAMES:
        rng = random.Random(f"{seed} {slug}")  # noqa: S311 - a play, no secret
        market = describe(
            slug,
            question,
            category="sports",
            fee="0.03",
            start=START,
            end=START + 3 * 60 * MINUTE,
        )
        yield listed(market, START)
        for second in range(0, PLAYED, GAME_STEP):
            at = START + second * SECOND
            yield said(market, at, turns, chance, None)
            price = inside(chance_at(second - FOLLOWS, turns, chance))
            yield book(at + 2 * SECOND, market, price + 0.002 * bell(rng), rng)
        for turn in turns:
            at = START + int((turn.second + turn.told) * SECOND)
            yield said(market, at, turns, chance, turn)


def chance_at(second: float, turns: tuple[Turn, ...], first: float) -> float:
    """Return the chance of YES at a second, all turns until then included."""
    return first + sum(turn.shift for turn in turns if turn.second <= second)


def said(
    market: Market, at: int, turns: tuple[Turn, ...], first: float, turn: Turn | None
) -> GameChanged:
    """Return what the feed says at a moment: no turn before it has heard of it."""
    second = (at - START) / SECOND
    heard = tuple(each for each in turns if each.second + each.told <= second)
    return GameChanged(
        at=at,
        venue_at=at - LAG if turn is None else START + turn.second * SECOND,
        market=market.id,
        status="live",
        seconds_left=5400.0 - second,
        win_prob=round(inside(chance_at(second, heard, first)), 4),
        happened="none" if turn is None else turn.happened,
    )


class Kind(NamedTuple):
    """One of the tapes: its events, what it is called, its feeds and its clock."""

    make: Callable[[int], Iterator[Event]]
    title: str
    feeds: tuple[str, ...]
    markets: int
    tick: int


KINDS = {
    "rounds": Kind(rounds, "Six invented rounds of a coin", ("rtds",), ROUNDS, SECOND),
    "wallets": Kind(
        wallets,
        "Four invented wallets in three markets",
        ("trades", "wallets"),
        len(QUESTIONS),
        5 * SECOND,
    ),
    "odds": Kind(
        odds,
        "Five invented matches and their odds",
        ("odds",),
        len(MATCHES),
        5 * SECOND,
    ),
    "games": Kind(
        games, "Three invented games being played", ("game",), len(GAMES), SECOND
    ),
}


def write(path: Path, name: str, seed: int = SEED) -> None:
    """Write one of the tapes to `path`.

    Raises:
        TapeError: Something is there already.
    """
    kind = KINDS[name]
    manifest = Manifest(
        format=FORMAT,
        made_by="",
        title=kind.title,
        feeds=("gamma", "book", *kind.feeds),
        stated=dict.fromkeys(STATED, kind.markets),
        assumptions=(f"everything is invented: examples/make_feeds.py, seed {seed}",),
        tick=kind.tick,
    )
    with TapeWriter(path) as writer:
        for event in sorted(kind.make(seed), key=lambda event: event.at):
            writer.append(event)
        writer.close(manifest)


def main() -> None:
    """Make the tapes the command line asks for."""
    parser = argparse.ArgumentParser(description="Make small invented tapes of feeds.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--replace", action="store_true", help="remove them before")
    asked = parser.parse_args()
    for name in KINDS:
        path = asked.out / name
        if asked.replace:
            shutil.rmtree(path, ignore_errors=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, name, asked.seed)
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
