"""All open markets of the venue, found by paging its listing, and new ones at once.

    groups (tags, sizes) -> every open market -> ready
    then: the newest and the last changed, every minute
          every open market again, every half hour: who vanished is noticed
          who was announced by the channel: asked for until the listing has it

Payloads are not kept, and one bad market never stops the rest. While Gamma cannot be
read for long its feed is lost, and restored once a whole sweep has come through.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from polyrules.clock import Clock
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import DAY, MINUTE, SECOND
from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket import gamma
from polyrules.venues.polymarket.discovery.hydration import (
    Hydration,
    HydrationSettings,
)
from polyrules.venues.polymarket.discovery.listing import Listings
from polyrules.venues.polymarket.discovery.reader import Reader, ReaderSettings
from polyrules.venues.polymarket.gamma import GammaMarket
from polyrules.venues.polymarket.markets.lifecycle import Lifecycle
from polyrules.venues.polymarket.markets.pages import (
    MarketPage,
    Params,
    Source,
    group_page,
    is_dry,
    listed_at,
    market_page,
    oldest_change,
    one_market,
)
from polyrules.venues.polymarket.registry import Entry, Registry

LISTING = "/markets/keyset"
OPEN = ("closed", "false")  # without it the listing may return closed ones
YOUNG = 2 * DAY  # since its listing; rounds are listed a day ahead
MISSES = 2  # sweeps without a market before it counts as delisted


class DiscoverySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the listing is read. Times in microseconds.

    Attributes:
        refresh: Between two looks at what is new or was changed.
        refresh_pages: Pages of each kind such a look reads at most.
        overlap: How far a look reaches back before the one before it: the listing is
            a cache, and up to a minute old.
        sweep: Between two readings of all open markets.
        reader: How pages are asked for.
        hydrate: How announced markets are asked for.
    """

    refresh: int = MINUTE
    refresh_pages: int = 20
    overlap: int = 2 * MINUTE
    sweep: int = 30 * MINUTE
    reader: ReaderSettings = ReaderSettings()
    hydrate: HydrationSettings = HydrationSettings()


class Discovery:
    """Keeps the registry whole.

    Args:
        lifecycle: Hears of every market that is listed, shown again or gone.
        rest_clob: Where fees are asked for that Gamma does not tell.
        look: Called with markets that left the open listing: were they answered?
        progress: Called with the number of markets known, after each page at first.

    Attributes:
        ready: Set once every open market was read the first time.
    """

    def __init__(
        self,
        rest_gamma: Source,
        registry: Registry,
        inbox: Inbox,
        clock: Clock,
        health: Health,
        *,
        lifecycle: Lifecycle,
        rest_clob: Source,
        look: Callable[[Sequence[Entry]], None],
        progress: Callable[[int], None] = lambda _: None,
        settings: DiscoverySettings | None = None,
    ) -> None:
        self.ready = asyncio.Event()
        self._gamma = rest_gamma
        self._clob = rest_clob
        self._registry = registry
        self._inbox = inbox
        self._clock = clock
        self._health = health
        self._lifecycle = lifecycle
        self._progress = progress
        self._settings = settings or DiscoverySettings()
        self._look = look
        self._listings = Listings(registry, inbox, health, lifecycle)
        self._hydration = Hydration(clock, health, self._settings.hydrate)
        self._missed: dict[MarketId, int] = {}
        self._useless: set[MarketId] = set()
        self._refreshed: int | None = None
        self._reader = Reader(
            rest_gamma, inbox, clock, health, settings=self._settings.reader
        )

    async def run(self) -> None:
        """Read the listing, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sweeping())
            tasks.create_task(self._refreshing())
            tasks.create_task(self._hydrating())

    def known_soon(self, message: dict[str, Any]) -> None:
        """Take in a `new_market` of the channel: list it, and ask for the rest."""
        market = message.get("market")
        if not isinstance(market, str) or not market:
            self._health.count("discovery", "a new market without an id")
            return
        if MarketId(market) in self._registry:
            return
        self._hydration.add(MarketId(market))
        try:
            self._listings.take(gamma.from_new_market(message, self._inbox.now()))
        except UnexpectedReply as error:
            self._health.count("discovery", str(error))

    async def find(self, slug: str) -> Entry | None:
        """Return the market of a slug, asking for it if need be.

        None if the venue has none yet, did not answer, or it is closed or not whole:
        ask again later.
        """
        known = self._listings.of_slug(slug)
        if known is not None and known.id not in self._hydration:
            return known
        try:
            body = await self._gamma.get(f"/markets/slug/{quote(slug, safe='')}")
            return self._hear(one_market(body))
        except VenueError:
            self._health.count("discovery", "slug not found")
            return None

    async def find_market(self, market: MarketId, slug: str = "") -> None:
        """List a market by its id, else by its slug; nothing happens without it."""
        if market in self._registry:
            return
        ids = [OPEN, ("condition_ids", market)]
        try:
            async for page in self._pages(ids, most=1):
                for said in page.markets:
                    self._hear(said)
        except VenueError:
            self._health.count("discovery", "id not found")
        if slug and market not in self._registry:
            await self.find(slug)

    async def fees(self, entry: Entry) -> None:
        """Ask the CLOB for a market's fee, tick and smallest order; tell what changed.

        Without an answer, all stays as it was.
        """
        try:
            body = await self._clob.get(f"/clob-markets/{entry.id}")
            payload = msgspec.json.decode(body, type=dict[str, Any])
            told = gamma.from_clob(payload)
            if told.id == entry.id:
                self._listings.take(told)
        except (VenueError, msgspec.DecodeError):
            self._health.count("discovery", "fees not told")

    async def sweep(self) -> None:
        """Read all groups, then all open markets; notice who is gone.

        Raises:
            VenueError: A page did not come; nobody is called gone for that.
        """
        before = [entry.id for entry in self._registry.all() if not entry.resolved]
        seen: set[MarketId] = set()
        await self._groups()
        async for page in self._pages([OPEN]):
            seen.update(map(MarketId, page.ids))
            for said in page.markets:
                self._hear(said)
            if not self.ready.is_set():
                self._progress(len(self._registry))
        self._health.gauge("markets", len(self._registry))
        self._settle([market for market in before if market not in seen])
        for market in seen:
            if (entry := self._registry.get(market)) is not None:
                self._missed.pop(market, None)
                self._lifecycle.swept(entry)

    async def refresh(self) -> None:
        """Read the newest markets, and those changed since the last time.

        Raises:
            VenueError: A page did not come.
        """
        begun = self._clock.now()
        async for page in self._newest_first("startDate"):
            ids = (MarketId(said.condition_id) for said in page.markets)
            unknown = [market for market in ids if not self._knows(market)]
            for said in page.markets:
                self._hear(said)
            if not unknown:
                break
        since = begun if self._refreshed is None else self._refreshed
        async for page in self._newest_first("updatedAt"):
            for said in page.markets:
                self._hear(said)
            if oldest_change(page) < since - self._settings.overlap:
                break
        self._refreshed = begun

    async def hydrate(self) -> None:
        """Ask for announced markets that are due.

        Raises:
            VenueError: The page did not come.
        """
        while batch := self._hydration.due():
            ids = [("condition_ids", market) for market in batch]
            async for page in self._pages([OPEN, *ids]):
                for said in page.markets:
                    self._hear(said)

    async def _sweeping(self) -> None:
        while True:
            try:
                await self.sweep()
            except VenueError:
                self._health.count("discovery", "sweep broken off")
                await self._clock.sleep(self._settings.reader.retry)
                continue
            self.ready.set()
            self._reader.whole()
            await self._pause()

    async def _pause(self) -> None:
        """Wait for the next sweep; not so long if the feed is lost meanwhile."""
        until = self._clock.now() + self._settings.sweep
        while self._clock.now() < until and not self._reader.lost:
            await self._clock.sleep(self._settings.reader.retry)

    async def _refreshing(self) -> None:
        await self.ready.wait()
        while True:
            await self._clock.sleep(self._settings.refresh)
            try:
                await self.refresh()
            except VenueError:
                self._health.count("discovery", "refresh broken off")

    async def _hydrating(self) -> None:
        while True:
            await self._clock.sleep(SECOND)
            try:
                await self.hydrate()
            except VenueError:
                self._health.count("discovery", "hydration broken off")

    def _hear(self, said: GammaMarket) -> Entry | None:
        """Take in a market; one without tokens yet is asked for until it has them."""
        market = MarketId(said.condition_id)
        if market and not said.closed and is_dry(said) and self._is_young(said):
            self._health.count("discovery", "no tokens yet")
            self._hydration.add(market)
            return None
        entry = self._listings.hear(said)
        if entry is not None:
            self._hydration.done(market)
        elif said.closed and (known := self._registry.get(market)) is not None:
            self._look([known])
        else:
            self._useless.add(market)
        return entry

    def _is_young(self, said: GammaMarket) -> bool:
        """Return whether its tokens may still come; the oldest never had any."""
        listed = listed_at(said)
        return listed is None or self._clock.now() - listed < YOUNG

    def _knows(self, market: MarketId) -> bool:
        known = (self._registry, self._hydration, self._useless)
        return any(market in each for each in known)

    def _settle(self, gone: list[MarketId]) -> None:
        """Ask about markets that left the listing; let go of those long gone."""
        for market in gone:
            entry = self._registry.get(market)
            if entry is None or entry.resolved:
                continue
            self._look([entry])
            missed = self._missed[market] = self._missed.get(market, 0) + 1
            if missed >= MISSES and not entry.closed:
                self._lifecycle.deactivate(entry, "delisted")

    async def _groups(self) -> None:
        """Read all open groups, and tell of listed markets what is new in them."""
        known = self._listings.groups
        async for page in self._reader.pages("/events/keyset", [OPEN], group_page):
            for group, members in page.groups:
                for member in map(MarketId, members):
                    if known.get(member) == group:
                        continue
                    known[member] = group
                    if (entry := self._registry.get(member)) is not None:
                        self._listings.again(entry)

    def _pages(
        self, params: Params, most: int | None = None
    ) -> AsyncIterator[MarketPage]:
        return self._reader.pages(LISTING, params, market_page, most=most)

    def _newest_first(self, order: str) -> AsyncIterator[MarketPage]:
        params = [OPEN, ("order", order), ("ascending", "false")]
        return self._pages(params, self._settings.refresh_pages)
