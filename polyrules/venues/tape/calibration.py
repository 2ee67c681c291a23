"""Were prices right? Of the markets priced at p, how many came out YES?

Each market with an answer counts once, with one price: the mid of its book, in YES
terms, a while (`lead`) before its end. A price too near the end repeats the answer.
Few markets prove nothing: the width of doubt is printed beside the share.
"""

import math
from collections.abc import Iterator

import msgspec

from polyrules.domain.events import (
    BookChanged,
    LevelsChanged,
    MarketListed,
    MarketResolved,
)
from polyrules.domain.ids import MarketId
from polyrules.domain.market import Book, Market, mirror
from polyrules.domain.money import ONE, Side
from polyrules.venues.tape.reader import Tape

BUCKETS = 20  # of 5 cents
Z = 1.96  # a 95 % interval


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Markets priced in [low, high): how many, at what mean, and how many won.

    `won_low` and `won_high` bound the true share with 95 % (Wilson's interval). A
    market that paid half counts as half won.
    """

    low: float
    high: float
    markets: int
    price: float
    won: float
    won_low: float
    won_high: float


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """The table, and what is not in it.

    `lead` [microseconds] is None where every market has one price only, which is then
    taken wherever it stands.
    """

    lead: int | None
    markets: int
    unpriced: int
    flagged: int
    buckets: tuple[Bucket, ...]


class _Watch:
    """One market on its way to its answer: its book, and its last prices."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.book = Book()
        self.prices: list[tuple[int, float]] = []  # at, mid; where it changed

    def look(self, at: int) -> None:
        mid = price(self.book)
        if mid is not None and (not self.prices or self.prices[-1][1] != mid):
            self.prices.append((at, mid))


def calibrate(tape: Tape, lead: int) -> Calibration:
    """Compare prices with answers over the whole tape.

    Args:
        tape: A tape with answers.
        lead: How long before the end (or the answer, if that is earlier or no end is
            known) a market's price is taken [microseconds].
    """
    watched, paid, books = _read(tape)
    single = all(count <= 1 for count in books.values())
    flags = tape.manifest.flagged
    priced: list[tuple[float, float]] = []
    unpriced = flagged = 0
    for market, (at, payout) in paid.items():
        watch = watched[market]
        end = min(at, watch.market.end or at)
        last = at if single else end - lead
        known = [mid for when, mid in watch.prices if when <= last]
        if not known:
            unpriced += 1
        elif flags and not flags.below < known[-1] < flags.above:
            flagged += 1
        else:
            priced.append((known[-1], payout))
    return Calibration(
        lead=None if single else lead,
        markets=len(priced),
        unpriced=unpriced,
        flagged=flagged,
        buckets=tuple(_buckets(priced)),
    )


def price(book: Book) -> float | None:
    """Return the mid of a book; a missing side stands at 0 or 1; None if unusable."""
    if book.crossed or (book.best_bid is None and book.best_ask is None):
        return None
    bid = book.best_bid or 0
    ask = ONE if book.best_ask is None else book.best_ask
    return (bid + ask) / (2 * ONE)


def wilson(won: float, markets: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of which `won` of `markets` was seen.

    Source:
        E. B. Wilson, Probable inference, JASA 22 (1927) 209-212.
    """
    share, z2 = won / markets, Z * Z
    centre = share + z2 / (2 * markets)
    spread = Z * math.sqrt(share * (1 - share) / markets + z2 / (4 * markets**2))
    scale = 1 + z2 / markets
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)


Paid = dict[MarketId, tuple[int, float]]


def _read(tape: Tape) -> tuple[dict[MarketId, _Watch], Paid, dict[MarketId, int]]:
    watched: dict[MarketId, _Watch] = {}
    paid: Paid = {}
    books: dict[MarketId, int] = {}
    for event in tape.events():
        match event:
            case MarketListed():
                watched[event.market.id] = _Watch(event.market)
            case BookChanged() | LevelsChanged() if event.market in watched:
                watch = watched[event.market]
                _apply(watch, event)
                watch.look(event.at)
                books[event.market] = books.get(event.market, 0) + 1
            case MarketResolved() if event.market in watched:
                paid.setdefault(event.market, (event.at, float(event.payout_yes)))
            case _:
                pass
    return watched, paid, books


def _apply(watch: _Watch, event: BookChanged | LevelsChanged) -> None:
    no = watch.market.no
    if isinstance(event, BookChanged):
        if event.token == no:
            watch.book.show(mirror(event.asks), mirror(event.bids))
        else:
            watch.book.show(event.bids, event.asks)
        return
    for change in event.changes:
        if change.token == no:
            side = Side.SELL if change.side is Side.BUY else Side.BUY
            watch.book.change(side, ONE - change.price, change.size)
        else:
            watch.book.change(change.side, change.price, change.size)


def _buckets(priced: list[tuple[float, float]]) -> Iterator[Bucket]:
    for number in range(BUCKETS):
        low, high = number / BUCKETS, (number + 1) / BUCKETS
        inside = [(mid, won) for mid, won in priced if low <= mid < high]
        if not inside:
            continue
        count, won = len(inside), sum(won for _, won in inside)
        won_low, won_high = wilson(won, count)
        yield Bucket(
            low=low,
            high=high,
            markets=count,
            price=sum(mid for mid, _ in inside) / count,
            won=won / count,
            won_low=won_low,
            won_high=won_high,
        )
