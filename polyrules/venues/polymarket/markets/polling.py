"""Books by request, tier by tier, for markets that no socket serves.

One token a market is enough: both tokens share one book. Requests are few and full,
a bounded number at a time; who is due when is the Schedule's business.
"""

import asyncio
from collections.abc import Callable, Iterable

import msgspec

from polyrules.clock import Clock
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import MINUTE, SECOND
from polyrules.errors import VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.markets.snapshots import BATCH, Snapshots
from polyrules.venues.polymarket.markets.tiers import Schedule, Tiers, hours_to_close
from polyrules.venues.polymarket.registry import Entry, Registry


class PollingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How books are polled. Times in microseconds.

    Attributes:
        batch: Markets in one request, 1 to 500.
        in_flight: Requests at a time.
        turn: How often the schedule is asked who is due: seldom makes requests full,
            often makes polls punctual.
        after_failure: When markets are asked for again after a request failed.
        without_book: When a market whose book was not there yet is asked for again;
            each time twice as late, and never later than its tier says.
    """

    batch: int = BATCH
    in_flight: int = 4
    turn: int = 400_000
    after_failure: int = 5 * SECOND
    without_book: int = MINUTE


class Polling:
    """Puts a BookChanged for every polled market once an interval of its tier."""

    def __init__(  # noqa: PLR0917 - what every live adapter is made of, in its order
        self,
        snapshots: Snapshots,
        registry: Registry,
        inbox: Inbox,
        clock: Clock,
        health: Health,
        tiers: Tiers,
        *,
        served: Callable[[MarketId], bool] = lambda _: False,
        settings: PollingSettings | None = None,
    ) -> None:
        self._snapshots = snapshots
        self._registry = registry
        self._inbox = inbox
        self._clock = clock
        self._health = health
        self._tiers = tiers
        self._served = served
        self._settings = settings or PollingSettings()
        self._schedule = Schedule()
        self._wanted: frozenset[MarketId] | None = None
        self._without: dict[MarketId, int] = {}  # the last wait for a book

    def want(self, markets: Iterable[MarketId] | None) -> None:
        """Poll these markets only; None polls all within the look-ahead."""
        before, self._wanted = self._wanted, None
        if markets is not None:
            self._wanted = frozenset(markets)
        if before is None or self._wanted is None:
            entries = list(self._registry.all())
        else:
            known = map(self._registry.get, sorted(before ^ self._wanted))
            entries = [entry for entry in known if entry is not None]
        for entry in entries:
            self.moved(entry)

    def hurry(self, markets: Iterable[MarketId]) -> None:
        """Ask for the books of those markets now that are polled at all."""
        now = self._clock.now()
        for market in sorted(markets):
            self._schedule.again(market, now)

    def moved(self, entry: Entry) -> None:
        """Poll a market as its stage demands; call it when the stage changed."""
        now = self._clock.now()
        if entry.is_open and self._is_wanted(entry, now):
            self._schedule.put(entry.id, self._tiers.interval(entry.stage), now)
        else:
            self._schedule.remove(entry.id)
            self._without.pop(entry.id, None)
        self._health.gauge("polled", len(self._schedule))

    async def run(self) -> None:
        """Poll who is due, for ever."""
        free = asyncio.Semaphore(self._settings.in_flight)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await free.acquire()
                if batch := self._due():
                    task = tasks.create_task(self.poll(batch))
                    task.add_done_callback(lambda _: free.release())
                    continue
                free.release()
                await self._clock.sleep(self._settings.turn)

    async def poll(self, batch: list[Entry]) -> None:
        """Ask for the books of `batch`, and put what came into the inbox."""
        try:
            books = await self._snapshots.books([entry.market.yes for entry in batch])
        except VenueError:
            # Rest counted and named it already; here it only matters who waits on.
            self._health.count("polling", "failed")
            self._later(batch)
            return
        for entry in batch:
            event = books.get(entry.market.yes)
            if event is None:
                self._wait_for_book(entry)
                continue
            self._without.pop(entry.id, None)
            # A socket that took it over meanwhile knows better: its changes would
            # then be applied to this book, which is older.
            if not self._served(entry.id):
                self._inbox.put(event)

    def _due(self) -> list[Entry]:
        """Return markets to ask for now, at most a batch; those served are let be."""
        now = self._clock.now()
        batch: list[Entry] = []
        for market, since in self._schedule.due(now, self._settings.batch):
            entry = self._registry.get(market)
            if entry is None or entry.closed or self._served(market):
                continue
            self._health.delay("tier_lateness", (now - since) / SECOND)
            batch.append(entry)
        return batch

    def _is_wanted(self, entry: Entry, now: int) -> bool:
        if self._wanted is not None:
            return entry.id in self._wanted
        return self._tiers.within(hours_to_close(entry.market.end, now))

    def _wait_for_book(self, entry: Entry) -> None:
        wait = self._without.get(entry.id, self._settings.without_book // 2) * 2
        self._without[entry.id] = wait
        self._schedule.again(entry.id, self._clock.now() + wait)

    def _later(self, batch: list[Entry]) -> None:
        at = self._clock.now() + self._settings.after_failure
        for entry in batch:
            self._schedule.again(entry.id, at)
