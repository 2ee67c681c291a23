"""How questions were answered: heard from the channel, else asked for after the end.

`market_resolved` may never come, so every market is also asked about from its end on:
often at first (a round is answered about 54 s after it), ever more rarely later. A
disputed answer stays open. Each market is resolved once; a later word that says
otherwise is counted and changes nothing.
"""

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from heapq import heappop, heappush

import msgspec

from polyrules.clock import Clock
from polyrules.domain.events import MarketResolved
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.moments import MINUTE, SECOND
from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.gamma import GammaMarket, RestMarket
from polyrules.venues.polymarket.markets import answers
from polyrules.venues.polymarket.markets.lifecycle import Lifecycle
from polyrules.venues.polymarket.markets.pages import (
    UNREADABLE,
    Source,
    market_page,
)
from polyrules.venues.polymarket.markets.tiers import offset
from polyrules.venues.polymarket.registry import Entry, Registry
from polyrules.venues.polymarket.wire import WireResolved

REST = msgspec.json.Decoder(RestMarket)
ONE, ZERO = Decimal(1), Decimal(0)


class ResolutionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How answers are asked for. Times in microseconds.

    Attributes:
        first: How long after its end a market is asked about first.
        quick: The time between two questions at first.
        quick_for: How long after the first it stays so.
        growth: By how much that time grows then, each time.
        most: How long it gets at most.
        clob_after: How long after the first question the CLOB is asked too: Gamma is a
            cache, up to a minute old.
        batch: Markets in one question to Gamma (their ids make a long URL).
        singles: Questions to the CLOB in one turn, one market each.
        turn: How often is looked for who is due.
    """

    first: int = 5 * SECOND
    quick: int = 5 * SECOND
    quick_for: int = 3 * MINUTE
    growth: float = 1.5
    most: int = 15 * MINUTE
    clob_after: int = 25 * SECOND
    batch: int = 50
    singles: int = 10
    turn: int = SECOND


class Watched(msgspec.Struct):
    """A market whose answer is awaited: when it is asked about next, how often then."""

    due: int
    wait: int
    since: int


class Resolution:
    """Puts one MarketResolved for every market that is answered.

    `moved` must follow the lifecycle, and `look` hear of who left the open listing.
    """

    def __init__(  # noqa: PLR0917 - what every live adapter is made of, in its order
        self,
        rest_gamma: Source,
        rest_clob: Source,
        registry: Registry,
        inbox: Inbox,
        clock: Clock,
        health: Health,
        lifecycle: Lifecycle,
        *,
        settings: ResolutionSettings | None = None,
    ) -> None:
        self._gamma = rest_gamma
        self._clob = rest_clob
        self._registry = registry
        self._inbox = inbox
        self._clock = clock
        self._health = health
        self._lifecycle = lifecycle
        self._settings = settings or ResolutionSettings()
        self._watched: dict[MarketId, Watched] = {}
        self._heap: list[tuple[int, MarketId]] = []
        self._answers: dict[MarketId, Decimal] = {}  # what YES paid
        self._disputed: set[MarketId] = set()

    def heard(self, at: int, message: WireResolved) -> None:
        """Take in a `market_resolved`, stamped `at` by the venue [microseconds UTC].

        One that names no token of the market (half and half may) makes us ask.
        """
        entry = self._registry.get(MarketId(message.market))
        if entry is None:
            self._health.count("resolution", "unknown market")
            return
        if TokenId(message.winning_asset_id) not in entry.tokens:
            self._health.count("resolution", "no winner named")
            self.look([entry])
            return
        won = message.winning_asset_id == entry.market.yes
        self._resolve(entry, ONE if won else ZERO, venue_at=at)

    def moved(self, entry: Entry) -> None:
        """Await a market's answer from its end on; call it when its stage changed."""
        if entry.resolved or entry.closed or entry.market.end is None:
            return  # who closed early is asked about already, whatever its end
        now = self._clock.now()
        due = entry.market.end + self._settings.first
        known = self._watched.get(entry.id)
        if known is None and due + self._settings.quick_for < now:
            self._watch_old(entry.id, due, now)
        elif known is None or (known.since != due and max(known.since, due) > now):
            self._watch(entry.id, due)

    def look(self, entries: Iterable[Entry]) -> None:
        """Ask about markets at once: they may have closed before their end."""
        now = self._clock.now()
        for entry in entries:
            known = self._watched.get(entry.id)
            if entry.resolved:
                continue
            if known is None or known.since > now:
                self._watch(entry.id, now)
            elif known.due > now:  # it is asked about already: only sooner
                known.due = now
                heappush(self._heap, (now, entry.id))

    async def run(self) -> None:
        """Ask who is due, for ever."""
        while True:
            while await self.turn():
                pass
            await self._clock.sleep(self._settings.turn)

    async def turn(self) -> int:
        """Ask about one batch of those due; return how many that were."""
        batch = self._due()
        if not batch:
            return 0
        await self._ask_gamma(batch)
        # The CLOB is asked where Gamma may lag, or says closed without an answer.
        doubtful = [
            entry
            for entry in batch
            if not entry.resolved and (entry.closed or self._is_late(entry))
        ]
        async with asyncio.TaskGroup() as questions:
            for entry in doubtful[: self._settings.singles]:
                questions.create_task(self._ask_clob(entry))
        return len(batch)

    def _due(self) -> list[Entry]:
        """Return a batch of markets to ask about, and set when they are due next."""
        now = self._clock.now()
        batch: list[Entry] = []
        while self._heap and self._heap[0][0] <= now:
            if len(batch) >= self._settings.batch:
                break
            due, market = heappop(self._heap)
            entry, known = self._registry.get(market), self._watched.get(market)
            if entry is None or known is None or known.due != due or entry.resolved:
                continue
            batch.append(entry)
            self._wait_on(market, known, now)
        return batch

    def _wait_on(self, market: MarketId, known: Watched, now: int) -> None:
        settings = self._settings
        if now >= known.since + settings.quick_for:
            known.wait = min(int(known.wait * settings.growth), settings.most)
        known.due = now + known.wait
        heappush(self._heap, (known.due, market))

    async def _ask_gamma(self, batch: list[Entry]) -> None:
        params = [("closed", "true"), ("limit", "100")]
        params += [("condition_ids", entry.id) for entry in batch]
        try:
            page = market_page(await self._gamma.get("/markets/keyset", params))
        except VenueError:
            self._health.count("resolution", "gamma failed")
            return
        for reason in page.refused:
            self._health.count("resolution", reason)
        asked = {entry.id: entry for entry in batch}
        for said in page.markets:
            if (entry := asked.get(MarketId(said.condition_id))) is not None:
                self._hear_gamma(entry, said)

    def _hear_gamma(self, entry: Entry, said: GammaMarket) -> None:
        entry.closed = entry.closed or said.closed is True
        if answers.said_status(said) != "disputed":
            self._disputed.discard(entry.id)
        elif entry.id not in self._disputed:
            self._disputed.add(entry.id)
            self._lifecycle.remark(entry, "disputed")
        try:
            self._pay(entry, answers.payouts(said))
        except UnexpectedReply as error:
            self._health.count("resolution", str(error))

    async def _ask_clob(self, entry: Entry) -> None:
        try:
            body = await self._clob.get(f"/markets/{entry.id}")
            said = REST.decode(body)
            entry.closed = entry.closed or said.closed is True
            if entry.id not in self._disputed:
                self._pay(entry, answers.rest_payouts(said))
        except VenueError:
            self._health.count("resolution", "clob failed")
        except UNREADABLE:
            self._health.count("resolution", "no market of the clob")

    def _pay(self, entry: Entry, payouts: dict[str, Decimal]) -> None:
        """Resolve a market if what its YES pays is among `payouts`."""
        paid = payouts.get(entry.market.yes)
        if paid is not None:
            self._resolve(entry, paid)
        elif payouts:
            self._health.count("resolution", "an answer for other tokens")

    def _resolve(
        self, entry: Entry, payout: Decimal, venue_at: int | None = None
    ) -> None:
        if entry.resolved:
            if self._answers.get(entry.id, payout) != payout:
                self._health.count("resolution", "a second answer that differs")
            return
        entry.resolved = True
        entry.accepting = False
        self._answers[entry.id] = payout
        self._watched.pop(entry.id, None)
        now = self._inbox.now()
        if entry.market.end is not None and now >= entry.market.end:
            self._health.delay("resolution", (now - entry.market.end) / SECOND)
        self._inbox.put(
            MarketResolved(
                at=now, venue_at=venue_at, market=entry.id, payout_yes=payout
            )
        )
        self._lifecycle.deactivate(entry, "resolved")

    def _watch(self, market: MarketId, due: int) -> None:
        self._watched[market] = Watched(due, self._settings.quick, due)
        heappush(self._heap, (due, market))

    def _watch_old(self, market: MarketId, since: int, now: int) -> None:
        """Ask in good time about a market that ended long ago.

        A start finds thousands of them; the rounds that end now come first.
        """
        most = self._settings.most
        due = now + offset(market) % most
        self._watched[market] = Watched(due, most, since)
        heappush(self._heap, (due, market))

    def _is_late(self, entry: Entry) -> bool:
        """Return whether the CLOB may know by now what Gamma does not."""
        known, after = self._watched.get(entry.id), self._settings.clob_after
        return known is not None and self._clock.now() >= known.since + after
