"""Which markets are recorded: words that their slug, id, group or category must fit.

A market is taken if any word fits it, and every market if there are none. Events of no
market, such as the price of a coin, are always taken.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from polyrules.domain.events import Event, MarketChanged, MarketListed, MarketResolved
from polyrules.domain.ids import MarketId
from polyrules.domain.market import Listing, Market, merged
from polyrules.errors import InputError

GLOB = frozenset("*?[")
KEYS = ("category", "group", "id", "slug")
NEVER = 1 << 62  # later than any end


class Selection:
    """Remembers which of the markets that were listed are wanted.

    Args:
        words: Each `KEY=GLOB` with a key of KEYS, or a glob of the slug or id, or a
            part of the slug. Case does not matter.

    Raises:
        InputError: A word has a key that no market has, or is empty.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._fits = tuple(_parsed(word.strip().lower()) for word in words)
        self._open: dict[MarketId, tuple[Market, Listing]] = {}
        self._wanted: set[MarketId] = set()
        self._resolved: set[MarketId] = set()
        self._now = 0

    @property
    def markets(self) -> int:
        """How many wanted markets were listed so far."""
        return len(self._wanted)

    def takes(self, event: Event) -> bool:
        """Tell whether to record an event, and remember what it says of its market."""
        self._now = event.at
        if isinstance(event, MarketListed | MarketChanged):
            return self._list(event)
        market: MarketId | None = getattr(event, "market", None)
        if market is None:
            return True
        if isinstance(event, MarketResolved):
            self._open.pop(market, None)
            self._resolved.add(market)
        return not self._fits or market in self._wanted

    def wants(self, market: Market) -> bool:
        """Tell whether any word fits a market."""
        return not self._fits or any(_fits(*each, market) for each in self._fits)

    def nearest(self) -> list[MarketId]:
        """Return the wanted markets that are open: soonest end, then most traded.

        What should have ended already goes last: it may stay unanswered for months.
        """
        return sorted(self._open, key=self._order)

    def _order(self, market: MarketId) -> tuple[bool, int, float, str]:
        facts, listing = self._open[market]
        end = NEVER if facts.end is None else facts.end
        return end < self._now, end, -(listing.volume_24h or 0.0), market

    def _list(self, event: MarketListed | MarketChanged) -> bool:
        told = event.market
        known = self._open.get(told.id)
        if known is not None:
            told = merged(known[0], told)
        wanted = told.id in self._wanted or self.wants(told)
        if wanted:
            self._wanted.add(told.id)
            if told.id not in self._resolved:  # a cached listing may lag behind
                self._open[told.id] = (told, event.listing)
        return wanted


def _parsed(word: str) -> tuple[tuple[str, ...], str]:
    """Return the fields of a market to look at, and the glob one of them must fit."""
    key, equals, value = word.partition("=")
    if equals:
        if key not in KEYS or not value:
            raise InputError(
                f'"{word}" selects no market: {key} is nothing it could be chosen by',
                hint=f"write one of {', '.join(f'{each}=...' for each in KEYS)}",
            )
        return (key,), value
    if not word:
        raise InputError(
            "an empty word selects no market",
            hint="write part of a slug, a glob like btc-*, an id, or category=crypto",
        )
    if GLOB & set(word):
        return ("slug", "id"), word
    return ("slug", "id"), f"*{word}*"


def _fits(keys: tuple[str, ...], glob: str, market: Market) -> bool:
    return any(
        fnmatchcase(str(getattr(market, key) or "").lower(), glob) for key in keys
    )
