"""Which feeds of the venue are lost for now, in words for whoever looks on.

It only looks at events, and so tells of a tape what it told of the venue.
"""

from polyrules.domain.events import (
    BookChanged,
    ClockTicked,
    Event,
    FeedLost,
    FeedRestored,
    MarketResolved,
    Stage,
    StageChanged,
)
from polyrules.domain.ids import MarketId

MANY, FEW = 0.5, 0.25  # of the books: above which a loss is told, and below its end


class Losses:
    """What is lost, feed by feed; of books, how many of the markets that had one."""

    def __init__(self) -> None:
        self._told: set[MarketId] = set()  # markets that had a book
        self._lost: set[MarketId] = set()  # of those, the ones without one now
        self._feeds: set[str] = set()  # feeds that are lost for all markets
        self._why = ""
        self._many = False

    def see(self, event: Event) -> str:
        """Take an event in; return what to tell of it, "" for nothing."""
        match event:
            case BookChanged(market=market):
                self._told.add(market)
                self._lost.discard(market)
            case FeedLost(feed="book", market=market) if market in self._told:
                self._lost |= {market}
                self._why = event.reason
            case FeedRestored(feed="book", market=market) if market in self._lost:
                self._lost -= {market}
            case FeedLost(market=None):
                return self._lose(event)
            case FeedRestored(feed=feed, market=None) if feed in self._feeds:
                self._feeds.discard(feed)
                return f"{feed} is told again"
            case MarketResolved(market=market):
                self._let_go(market)
            case StageChanged(market=market, stage=Stage.DEACTIVATED):
                self._let_go(market)
            case ClockTicked():
                return self._of_books()
            case _:
                pass
        return ""

    def standing(self) -> str:
        """Return what is lost now, "" for nothing."""
        parts = []
        if self._lost:
            parts.append(f"{len(self._lost):,} of {len(self._told):,} books lost")
        parts += [f"{feed} lost" for feed in sorted(self._feeds)]
        return ", ".join(parts)

    def _lose(self, event: FeedLost) -> str:
        # before the first book nothing was there to be lost, but the listings
        if event.feed in self._feeds or not (self._told or event.feed == "gamma"):
            return ""
        self._feeds.add(event.feed)
        return f"{event.feed} lost: {event.reason}"

    def _let_go(self, market: MarketId) -> None:
        self._told.discard(market)
        self._lost.discard(market)

    def _of_books(self) -> str:
        lost, told = len(self._lost), len(self._told)
        if not self._many and lost > MANY * told:
            self._many = True
            why = f" ({self._why})" if self._why else ""
            return f"{lost:,} of {told:,} books lost{why}: rules that read them wait"
        if self._many and lost <= FEW * told:
            self._many = False
            return "books are told again" + (f", {lost:,} still lost" if lost else "")
        return ""
