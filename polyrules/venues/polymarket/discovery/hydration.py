"""Markets we heard of before the listing knew all of them, asked for until it does.

The channel announces a market minutes before its tokens or its book are there. Each is
asked for by its condition id, many in one request, ever more rarely; who is still not
whole after `give_up` is left to the sweeps.
"""

import msgspec

from polyrules.clock import Clock
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import HOUR, MINUTE, SECOND
from polyrules.venues.live.health import Health


class HydrationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a market is asked for. Times in microseconds.

    Attributes:
        first: After how long first.
        growth: By how much the wait grows each time.
        most: The longest wait.
        give_up: After how long no more.
        batch: Markets in one request (their ids make a long URL).
    """

    first: int = 5 * SECOND
    growth: float = 2.0
    most: int = 5 * MINUTE
    give_up: int = 2 * HOUR
    batch: int = 50


class Thirst(msgspec.Struct):
    """When a market is asked for next, how long after that, and since when."""

    due: int
    wait: int
    since: int


class Hydration:
    """Who is not whole yet, and who of them is to be asked for now."""

    def __init__(
        self, clock: Clock, health: Health, settings: HydrationSettings | None = None
    ) -> None:
        self._clock = clock
        self._health = health
        self._settings = settings or HydrationSettings()
        self._thirsty: dict[MarketId, Thirst] = {}

    def __contains__(self, market: MarketId) -> bool:
        return market in self._thirsty

    def add(self, market: MarketId) -> None:
        """Ask for a market from now on."""
        now = self._clock.now()
        wait = self._settings.first
        self._thirsty.setdefault(market, Thirst(now + wait, wait, now))

    def done(self, market: MarketId) -> None:
        """Ask for a market no more: it is whole."""
        known = self._thirsty.pop(market, None)
        if known is not None:
            self._health.delay("hydration", (self._clock.now() - known.since) / SECOND)

    def due(self) -> list[MarketId]:
        """Return whom to ask for now, at most a batch, and when they are due next."""
        now, settings = self._clock.now(), self._settings
        batch: list[MarketId] = []
        for market, thirst in list(self._thirsty.items()):
            if thirst.due > now or len(batch) >= settings.batch:
                continue
            if now - thirst.since > settings.give_up:
                del self._thirsty[market]
                self._health.count("discovery", "never hydrated")
                continue
            thirst.wait = min(int(thirst.wait * settings.growth), settings.most)
            thirst.due = now + thirst.wait
            batch.append(market)
        return batch
