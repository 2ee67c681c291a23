"""The way of every market: discovered, T0 to T4, deactivated; every step is told.

    discovered -> T0 -> T1 -> T2 -> T3 -> T4 -> deactivated
    (tiers may be skipped)         resolved, expired, no_trades, delisted

A market is in exactly one stage. It goes forward only, but for two things the venue
may do: move its end to later (`end_moved`), and list anew what was deactivated
(`relisted`). What is resolved never comes back. Nothing here asks the venue anything.
"""

from collections.abc import Callable
from heapq import heappop, heappush

import msgspec

from polyrules.clock import Clock
from polyrules.domain.events import Stage, StageChanged
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import DAY, HOUR, SECOND
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.markets.tiers import ORDER, Tiers, hours_to_close
from polyrules.venues.polymarket.registry import Entry, Registry

REASONS = ("resolved", "expired", "no_trades", "delisted")
TURN = SECOND  # how often boundaries are looked for


class LifecycleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a market is let go of. Times in microseconds.

    Attributes:
        expired_after: How long after its end an unanswered market still counts as T4;
            after that it is expired, and still watched for its answer.
        volume_24h_min: Below this volume of 24 hours [usd] a market may be let go of;
            0 keeps all.
        quiet_sweeps: After how many sweeps in a row below it.
        settled_in: How long after its listing a market is never called quiet.
    """

    expired_after: int = HOUR
    volume_24h_min: float = 0.0
    quiet_sweeps: int = 3
    settled_in: int = DAY


class Lifecycle:
    """Moves markets from stage to stage as time and the venue's words demand.

    Others follow: they are called with a market after each step of its way, and when
    it comes into the look-ahead.
    """

    def __init__(
        self,
        registry: Registry,
        inbox: Inbox,
        clock: Clock,
        health: Health,
        tiers: Tiers,
        *,
        settings: LifecycleSettings | None = None,
    ) -> None:
        self._registry = registry
        self._inbox = inbox
        self._clock = clock
        self._health = health
        self._tiers = tiers
        self._settings = settings or LifecycleSettings()
        self._followers: list[Callable[[Entry], None]] = []
        self._moves: list[tuple[int, MarketId]] = []  # heap: when to look again
        self._next: dict[MarketId, int] = {}  # the one of them that counts
        self._reasons: dict[MarketId, str] = {}  # of the deactivated
        self._quiet: dict[MarketId, int] = {}  # sweeps in a row
        self._since: dict[MarketId, int] = {}  # listed at, while young

    def follow(self, follower: Callable[[Entry], None]) -> None:
        """Call `follower` with a market after each step from here on."""
        self._followers.append(follower)

    def reason(self, market: MarketId) -> str:
        """Return why a market was deactivated, "" if it was not."""
        return self._reasons.get(market, "")

    def enter(self, entry: Entry, created: int | None = None) -> None:
        """Take in a market that was just listed, since `created` as the venue says."""
        now = self._inbox.now()
        if self._settings.volume_24h_min:
            self._since[entry.id] = now if created is None else created
        if self._is_expired(entry, now):
            self.deactivate(entry, "expired")
        else:
            self._move(entry, self._tier(entry, now), "listed")

    def review(self, entry: Entry) -> None:
        """Look again at a market that the venue's open listing showed anew."""
        now = self._inbox.now()
        if entry.resolved:
            return
        if entry.stage is Stage.DEACTIVATED:
            if self._is_cured(entry, now):
                self._move(entry, self._tier(entry, now), "relisted")
        elif (stage := self._tier(entry, now)) is not entry.stage:
            self._move(entry, stage, "end_moved")
        else:
            self._look_again(entry, now)

    def swept(self, entry: Entry) -> None:
        """Take note of a market's volume, once a full sweep of the listing."""
        settings, volume = self._settings, entry.listing.volume_24h
        if not settings.volume_24h_min or volume is None or not entry.is_open:
            return
        young = self._inbox.now() - self._since.get(entry.id, 0) < settings.settled_in
        if volume >= settings.volume_24h_min or young:
            self._quiet.pop(entry.id, None)
            return
        self._quiet[entry.id] = self._quiet.get(entry.id, 0) + 1
        if self._quiet[entry.id] >= settings.quiet_sweeps:
            self.deactivate(entry, "no_trades")

    def deactivate(self, entry: Entry, reason: str) -> None:
        """Let go of a market for one of REASONS; of the deactivated nothing is told."""
        assert reason in REASONS, "a name of this table"
        if entry.stage is Stage.DEACTIVATED:
            if reason == "resolved":
                self._reasons[entry.id] = reason
            return
        self._reasons[entry.id] = reason
        self._quiet.pop(entry.id, None)
        self._health.count("lifecycle", reason)
        self._move(entry, Stage.DEACTIVATED, reason)

    def remark(self, entry: Entry, reason: str) -> None:
        """Tell that something befell a market that stays in its stage: disputed."""
        self._health.count("lifecycle", reason)
        self._tell(entry, entry.stage, reason)

    def turn(self) -> None:
        """Move every market whose time has come."""
        now = self._inbox.now()
        while self._moves and self._moves[0][0] <= now:
            at, market = heappop(self._moves)
            entry = self._registry.get(market)
            if self._next.get(market) != at or entry is None or not entry.is_open:
                continue
            if self._is_expired(entry, now):
                self.deactivate(entry, "expired")
            elif (stage := self._tier(entry, now)) is not entry.stage:
                closer = ORDER[stage] > ORDER[entry.stage]
                self._move(entry, stage, "time" if closer else "end_moved")
            else:  # it came into sight, or its end was moved since
                self._look_again(entry, now)
                self._call(entry)

    async def run(self) -> None:
        """Move markets as time goes by, for ever."""
        while True:
            self.turn()
            await self._clock.sleep(TURN)

    def _tier(self, entry: Entry, now: int) -> Stage:
        return self._tiers.tier(hours_to_close(entry.market.end, now))

    def _is_expired(self, entry: Entry, now: int) -> bool:
        end = entry.market.end
        return end is not None and now > end + self._settings.expired_after

    def _is_cured(self, entry: Entry, now: int) -> bool:
        """Return whether the reason of a deactivation is gone."""
        if entry.closed or self._is_expired(entry, now):
            return False
        if self._reasons.get(entry.id) == "no_trades":
            volume = entry.listing.volume_24h
            return volume is not None and volume >= self._settings.volume_24h_min
        return True

    def _move(self, entry: Entry, stage: Stage, reason: str) -> None:
        before, entry.stage = entry.stage, stage
        self._count(before, stage)
        if stage is not Stage.DEACTIVATED:
            self._reasons.pop(entry.id, None)
            self._look_again(entry, self._inbox.now())
        self._tell(entry, before, reason)
        self._call(entry)

    def _count(self, before: Stage, stage: Stage) -> None:
        """Keep the gauges of how many markets are in each stage."""
        gauges = self._health.gauges
        left, entered = f"stage {before.value}", f"stage {stage.value}"
        if before is not Stage.DISCOVERED:
            self._health.gauge(left, gauges.get(left, 0) - 1)
        self._health.gauge(entered, gauges.get(entered, 0) + 1)

    def _look_again(self, entry: Entry, now: int) -> None:
        """Note when the market crosses its next boundary, or expires."""
        end = entry.market.end
        if end is not None:
            expires = end + self._settings.expired_after + 1
            at = self._tiers.next_move(end, now) or expires
            if self._next.get(entry.id) != at:
                self._next[entry.id] = at
                heappush(self._moves, (at, entry.id))

    def _tell(self, entry: Entry, before: Stage, reason: str) -> None:
        now = self._inbox.now()
        self._inbox.put(
            StageChanged(
                at=now,
                market=entry.id,
                stage=entry.stage,
                before=before,
                hours_to_close=hours_to_close(entry.market.end, now),
                reason=reason,
            )
        )

    def _call(self, entry: Entry) -> None:
        for follower in self._followers:
            follower(entry)
