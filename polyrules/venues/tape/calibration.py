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
from polyrules.domain.market import Book, Market
from polyrules.domain.money import ONE
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
    """One market on its way to its answer: its book, and the one price that counts.

    Attributes:
        answer: When the answer came [microseconds] and what YES paid, if it did.
        until: The last moment whose price counts [microseconds].
        books: How often the book changed.
        price: The last mid up to `until`; `only`, the first one up to the answer.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.answer: tuple[int, float] | None = None
        self.until = 0
        self.book = Book()
        self.books = 0
        self.price: float | None = None
        self.only: float | None = None

    def take(self, event: BookChanged | LevelsChanged) -> None:
        self.books += 1
        is_first = self.books == 1
        if self.answer is None or (event.at > self.until and not is_first):
            return
        self._apply(event)
        mid = price(self.book)
        if is_first and event.at <= self.answer[0]:
            self.only = mid
        if event.at <= self.until and mid is not None:
            self.price = mid

    def _apply(self, event: BookChanged | LevelsChanged) -> None:
        no = self.market.no
        if isinstance(event, BookChanged):
            self.book.show(event.bids, event.asks, of_yes=event.token != no)
            return
        for each in event.changes:
            is_yes = each.token != no
            self.book.change(each.side, each.price, each.size, of_yes=is_yes)


def calibrate(tape: Tape, lead: int) -> Calibration:
    """Compare prices with answers over the whole tape.

    Args:
        tape: A tape with answers.
        lead: How long before the end (or the answer, if that is earlier or no end is
            known) a market's price is taken [microseconds].

    Raises:
        TapeError: A file of the tape is torn or changed.
    """
    watched = _watch(tape, lead)
    single = all(watch.books <= 1 for watch in watched.values())
    flags = tape.manifest.flagged
    priced: list[tuple[float, float]] = []
    unpriced = flagged = 0
    for watch in watched.values():
        if watch.answer is None:
            continue
        mid = watch.only if single else watch.price
        if mid is None:
            unpriced += 1
        elif flags and not flags.below < mid < flags.above:
            flagged += 1
        else:
            priced.append((mid, watch.answer[1]))
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


def _watch(tape: Tape, lead: int) -> dict[MarketId, _Watch]:
    """Read the answers first, so that no price after the one that counts is held."""
    watched: dict[MarketId, _Watch] = {}
    for event in tape.events_of("MarketListed", "MarketResolved"):
        if isinstance(event, MarketListed):
            watched.setdefault(event.market.id, _Watch(event.market))
        elif isinstance(event, MarketResolved) and event.market in watched:
            watch = watched[event.market]
            if watch.answer is None:
                watch.answer = event.at, float(event.payout_yes)
                watch.until = min(event.at, watch.market.end or event.at) - lead
    for event in tape.events():
        if isinstance(event, BookChanged | LevelsChanged) and event.market in watched:
            watched[event.market].take(event)
    return watched


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
