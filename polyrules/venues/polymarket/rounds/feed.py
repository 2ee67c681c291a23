"""The feed of rounds: the one that is on and the next, found before they are needed.

A round's slug follows from the time, so it is asked for by slug, and again until its
market is there. In its last minutes (`before_end`) it is activated, at its end closed,
and one that could not be activated in time is missed; each of this is an event, told
once, and a miss is counted. A market whose stated end is another round's is not used.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from polyrules.clock import Clock
from polyrules.domain.events import RoundChanged, SpotTicked
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import MINUTE, SECOND
from polyrules.domain.money import ONE
from polyrules.errors import VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.registry import Entry, Registry
from polyrules.venues.polymarket.rounds.prices import Prices
from polyrules.venues.polymarket.rounds.series import (
    Series,
    Span,
    current,
    following,
    series_of,
)

WHERE = "rounds"
END_WITHIN = 5 * MINUTE  # how far a market's stated end may be from the round's
MISSED_MOST = 100  # rounds of a series that one silence of ours may count as missed
Find = Callable[[str], Awaitable[Entry | None]]


class RoundSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When to do what. Times in microseconds.

    Attributes:
        before_end: How long before its end a round is activated.
        before_start: How long before its start its books are wanted.
        after_end: How long after its end they still are.
        ahead: How long before its start a round is looked for.
        again: How long until it is looked for again.
        again_soon: The same once its books are wanted.
        step: How often the time is looked at.
    """

    before_end: int = 180 * SECOND
    before_start: int = 180 * SECOND
    after_end: int = 2 * MINUTE
    ahead: int = 60 * MINUTE
    again: int = 30 * SECOND
    again_soon: int = 2 * SECOND
    step: int = 250_000


class Standing(msgspec.Struct, kw_only=True):
    """How a round stands, for status pages.

    Attributes:
        span: When it is.
        market: Its market, None until it was found.
        stage: "", activated, closed or missed.
        price_start: What the coin cost at its start, by the price that settles it.
        price_end: The same at its end.
        ask_at: When it is looked for next [microseconds UTC].
    """

    span: Span
    market: MarketId | None = None
    stage: str = ""
    price_start: float | None = None
    price_end: float | None = None
    ask_at: int = 0

    @property
    def up(self) -> bool | None:
        """Whether the coin went up, None where that is not known; a tie is up."""
        if self.price_start is None or self.price_end is None:
            return None
        return self.price_end >= self.price_start


class Rounds:
    """The rounds of some series.

    Args:
        find: Lists a market by its slug; None where there is none (yet).
        registry: The markets that are listed.
        inbox: Takes the events.
        clock: The venue's time.
        health: Counts ("rounds", …); delay "round_activation" (late by); gauges
            "rounds_found", "rounds_active".
        series: Their names, such as btc_updown_15m.
        settings: When to do what.

    Raises:
        ValueError: A name is none of a series.
    """

    def __init__(
        self,
        find: Find,
        registry: Registry,
        inbox: Inbox,
        clock: Clock,
        health: Health,
        *,
        series: Iterable[str],
        settings: RoundSettings | None = None,
    ) -> None:
        self._find = find
        self._registry = registry
        self._inbox = inbox
        self._clock = clock
        self._health = health
        self._series = [series_of(name) for name in sorted(set(series))]
        self._settings = settings or RoundSettings()
        self._prices = Prices()
        self._standings: dict[str, list[Standing]] = {
            series.name: [] for series in self._series
        }

    async def run(self) -> None:
        """Find, activate and close rounds until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for series in self._series:
                tasks.create_task(self._look(series))
            tasks.create_task(self._keep_time())

    def saw_spot(self, event: SpotTicked) -> None:
        """Note a coin's price."""
        self._prices.add(event)

    def wanted(self) -> set[MarketId]:
        """Return the markets whose books are wanted now."""
        now = self._clock.now()
        return {
            each.market
            for each in self.standings()
            if each.market is not None
            and self._is_near(each.span, now)
            and self._is_open(each.market)
        }

    def _is_near(self, span: Span, now: int) -> bool:
        settings = self._settings
        begin, end = span.start - settings.before_start, span.end + settings.after_end
        return begin <= now < end

    def _is_open(self, market: MarketId) -> bool:
        entry = self._registry.get(market)
        return entry is None or entry.is_open

    def standings(self) -> list[Standing]:
        """Return the rounds lately over, on, and ahead, by series and time."""
        return [each for some in self._standings.values() for each in some]

    @property
    def symbols(self) -> list[str]:
        """The coins they are about."""
        return sorted({series.symbol for series in self._series})

    async def _keep_time(self) -> None:
        while True:
            self.step(self._clock.now())
            await self._clock.sleep(self._settings.step)

    def step(self, now: int) -> None:
        """Do what is due [microseconds UTC]; `run` calls it again and again."""
        for series in self._series:
            self._list(series, now)
            for standing in self._standings[series.name]:
                self._advance(standing, now)
            self._standings[series.name] = [
                each
                for each in self._standings[series.name]
                if now < each.span.end + self._settings.after_end
            ]
        found = [each for each in self.standings() if each.market is not None]
        self._health.gauge("rounds_found", len(found))
        active = sum(each.stage == "activated" for each in found)
        self._health.gauge("rounds_active", active)

    def _list(self, series: Series, now: int) -> None:
        """Add the round that is on, the next, and those that went by unseen."""
        standings = self._standings[series.name]
        on = current(series, now)
        span = following(standings[-1].span) if standings else on
        last = following(on)
        for _ in range(MISSED_MOST):
            if span.start > last.start:
                return
            standings.append(Standing(span=span))
            span = following(span)
        for standing in standings:
            self._advance(standing, now)
        standings.clear()
        self._health.count(WHERE, "slept_through")

    def _advance(self, standing: Standing, now: int) -> None:
        span = standing.span
        self._note_prices(standing, now)
        opens = span.end - self._settings.before_end
        if not standing.stage and opens <= now < span.end and standing.market:
            self._health.delay("round_activation", (now - opens) / ONE)
            self._tell(standing, "activated")
        if now < span.end:
            return
        if standing.stage == "activated":
            self._tell(standing, "closed")
        elif not standing.stage:
            self._tell(standing, "missed")

    def _tell(self, standing: Standing, stage: str) -> None:
        standing.stage = stage
        self._health.count(WHERE, stage)
        span = standing.span
        self._inbox.put(
            RoundChanged(
                at=self._inbox.now(),
                market=standing.market or MarketId(span.slugs[0]),
                series=span.series.name,
                symbol=span.series.symbol,
                stage=stage,
                start=span.start,
                end=span.end,
            )
        )

    def _note_prices(self, standing: Standing, now: int) -> None:
        """Note what the coin cost at the start and the end, once that is known."""
        span = standing.span
        symbol, source = span.series.symbol, span.series.source
        settled = now - SECOND  # a price of the very moment comes a little later
        if standing.price_start is None and span.start <= settled:
            held = self._prices.held(symbol, source, span.start)
            standing.price_start = held
            if held is not None:
                self._health.gauge(f"{span.series.name}_start", held)
        if standing.price_end is None and span.end <= settled:
            standing.price_end = self._prices.held(symbol, source, span.end)

    async def _look(self, series: Series) -> None:
        while True:
            now = self._clock.now()
            for standing in list(self._standings[series.name]):
                if self._is_sought(standing, now):
                    await self._seek(standing)
            await self._clock.sleep(self._settings.again_soon // 2)

    def _is_sought(self, standing: Standing, now: int) -> bool:
        span = standing.span
        return (
            standing.market is None
            and standing.ask_at <= now
            and span.start - self._settings.ahead <= now < span.end
        )

    async def _seek(self, standing: Standing) -> None:
        now, settings = self._clock.now(), self._settings
        soon = now >= standing.span.start - settings.before_start
        standing.ask_at = now + (settings.again_soon if soon else settings.again)
        for slug in standing.span.slugs:
            try:
                entry = await self._find(slug)
            except VenueError as error:
                self._health.count(WHERE, type(error).__name__)
                return
            if entry is not None and self._fits(entry, standing.span):
                standing.market = entry.id
                self._health.count(WHERE, "found")
                return
        self._health.count(WHERE, "not_found_yet")

    def _fits(self, entry: Entry, span: Span) -> bool:
        """Tell whether a market is a round's and can be traded."""
        end = entry.market.end
        if end is not None and abs(end - span.end) > END_WITHIN:
            self._health.count(WHERE, "end_differs")
            return False
        return entry.has_book is not False
