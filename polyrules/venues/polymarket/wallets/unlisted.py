"""Trades of markets that nobody listed yet: they wait, and are told once it is listed.

Someone else lists markets; here it is only asked for, one market at a time, and again
after a while. A trade whose market is never listed is dropped and counted.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from polyrules.clock import Clock
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import SECOND
from polyrules.errors import VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.registry import Registry
from polyrules.venues.polymarket.wallets.fills import Fill

WAITING_MOST = 10_000
AGAIN_AFTER = 5 * SECOND
AGAIN_AT_MOST = 320 * SECOND
WHERE = "wallets_unlisted"


class Waiting(msgspec.Struct, kw_only=True):
    """The trades of one market, and when to ask for it next [microseconds UTC]."""

    since: int
    fills: list[Fill]
    ask_at: int = 0
    pause: int = AGAIN_AFTER


class Unlisted:
    """Trades that wait for their market.

    Args:
        registry: The markets that are listed.
        clock: The venue's time.
        health: Counts ("wallets_unlisted", …), gauge "wallets_unlisted".
        find: Has a market listed, by its id and slug; None: nobody can.
        patience: How long a trade waits [microseconds].
    """

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        health: Health,
        find: Callable[[MarketId, str], Awaitable[None]] | None,
        patience: int,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._health = health
        self._find = find
        self._patience = patience
        self._waiting: dict[MarketId, Waiting] = {}
        self._number = 0
        self._came = asyncio.Event()

    def keeps(self, fill: Fill) -> bool:
        """Keep a trade of an unlisted market; tell whether it is one."""
        if fill.market in self._registry and fill.market not in self._waiting:
            return False
        if self._number >= WAITING_MOST:
            self._health.count(WHERE, "dropped")
            return True
        waiting = self._waiting.setdefault(
            fill.market, Waiting(since=self._clock.now(), fills=[])
        )
        waiting.fills.append(fill)
        self._count(1)
        self._came.set()
        return True

    async def serve(self, tell: Callable[[Fill], None]) -> None:
        """Have markets listed and tell their trades, until cancelled."""
        while True:
            await self._came.wait()
            self._came.clear()
            while self._waiting:
                for market in list(self._waiting):
                    await self._try(market, tell)
                await self._clock.sleep(SECOND)

    async def _try(self, market: MarketId, tell: Callable[[Fill], None]) -> None:
        waiting, now = self._waiting[market], self._clock.now()
        if market not in self._registry and now >= waiting.ask_at:
            waiting.ask_at = now + waiting.pause
            waiting.pause = min(2 * waiting.pause, AGAIN_AT_MOST)
            await self._ask(market, waiting.fills[0].slug)
        if market in self._registry:
            for fill in sorted(self._drop(market), key=lambda fill: fill.at):
                tell(fill)
        elif now - waiting.since > self._patience:
            self._health.count(WHERE, "never_listed", len(self._drop(market)))

    async def _ask(self, market: MarketId, slug: str) -> None:
        if self._find is None:
            return
        try:
            await self._find(market, slug)
        except VenueError as error:
            self._health.count(WHERE, type(error).__name__)

    def _drop(self, market: MarketId) -> list[Fill]:
        fills = self._waiting.pop(market).fills
        self._count(-len(fills))
        return fills

    def _count(self, more: int) -> None:
        self._number += more
        self._health.gauge("wallets_unlisted", self._number)
