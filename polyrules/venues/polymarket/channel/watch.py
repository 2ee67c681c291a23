"""The watchdog: how old the word of each market is, and what to do about it.

It trusts no open socket. What was not heard of is compared with REST; what nobody
confirms is told lost when it is too old; a socket that is silent while its markets
move, or that lost what it should have said twice, is replaced by a new one.
"""

from polyrules.clock import Clock
from polyrules.domain.events import Stage
from polyrules.domain.ids import MarketId
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.channel.answers import Answers
from polyrules.venues.polymarket.channel.asking import WHERE, Asking
from polyrules.venues.polymarket.channel.held import Held
from polyrules.venues.polymarket.channel.keeper import Keeper
from polyrules.venues.polymarket.channel.settings import Settings, SocketStatus
from polyrules.venues.polymarket.channel.sockets.shards import Shard
from polyrules.venues.polymarket.registry import Registry

MISSED_MAX = 2  # proven gaps of one market in a row before its socket is replaced


class Watch:
    """Rounds over all markets and sockets.

    Attributes:
        should: How many markets should be served.
    """

    def __init__(  # noqa: PLR0917 - its parts, given once, in channel.py
        self,
        shards: list[Shard],
        keeper: Keeper,
        answers: Answers,
        asking: Asking,
        registry: Registry,
        clock: Clock,
        health: Health,
        settings: Settings,
    ) -> None:
        self.should = 0
        self._shards = shards
        self._keeper = keeper
        self._answers = answers
        self._asking = asking
        self._registry = registry
        self._clock = clock
        self._health = health
        self._settings = settings
        self._compared_at: dict[int, int] = {}

    async def run(self) -> None:
        """Make a round at each interval, until cancelled."""
        while True:
            self.round(self._clock.now())
            await self._clock.sleep(self._settings.watch_every)

    def round(self, now: int) -> None:
        """Look at every market and every socket once."""
        for held in list(self._keeper.held.values()):
            if held.shard.is_up:
                self._look(held, now)
        for shard in self._shards:
            shard.heard.advance(now)
            shard.trades.advance(now)
            if shard.is_up and shard.markets:
                self._look_at_socket(shard, now)
        self._gauge()

    def began(self, shard: Shard) -> None:
        """Note that a socket is open: its first books are due."""
        now = self._clock.now()
        self._health.count(WHERE, "socket opened")
        for held in self._of(shard):
            held.since = now

    def ended(self, shard: Shard, reason: str) -> None:
        """Let go of all that a socket served."""
        now = self._clock.now()
        for held in self._of(shard):
            self._asking.forget(held.local.yes)
            self._keeper.cut(held, reason, now)

    def serves(self, market: MarketId) -> bool:
        """Tell whether a market's book is whole, trusted, and its word not too old."""
        held = self._keeper.held.get(market)
        return held is not None and self._is_fresh(held, self._clock.now())

    def status(self) -> list[SocketStatus]:
        """Return how each connection stands."""
        return [self._status(shard) for shard in self._shards]

    def _look(self, held: Held, now: int) -> None:
        question = held.question
        if question is not None and question.rest is not None:
            if now >= question.due:
                self._settle(held, now)
            return
        if question is not None or now < held.ask_at:
            return
        if not held.sure:
            # The first book comes by the socket; REST only where it does not.
            if now - held.since > self._settings.snapshot_within:
                self._asking.repair(held.local.yes)
        elif now - held.word_at > self._settings.age_max:
            self._keeper.distrust(held, "not confirmed")
        elif now - held.confirmed_at > self._settings.confirm_every:
            self._asking.compare(held.local.yes)
        elif now - held.told_at > self._settings.retell_every:
            self._keeper.tell(held)

    def _settle(self, held: Held, now: int) -> None:
        question, shard = held.question, held.shard
        asked_at = question.asked_at if question is not None else now
        if not self._answers.settle(held, now):
            return
        if (shard.heard.heard_at or 0) < asked_at:
            self._replace(shard, "silent while its markets moved")
        elif held.missed >= MISSED_MAX:
            self._replace(shard, "misses changes")

    def _look_at_socket(self, shard: Shard, now: int) -> None:
        """Compare a socket's markets at once if it says too little."""
        settings = self._settings
        silent = now - max(shard.heard.heard_at or 0, shard.since)
        norm = self._norm(shard)
        expected = shard.heard.normal(norm) >= settings.expected_min
        share, least = settings.degraded_share, settings.expected_min
        if expected and silent > settings.blind_after and self._is_blind(shard, silent):
            self._replace(shard, "silent")
        elif shard.trades.degraded(share, least) and not shard.trades.lately():
            self._replace(shard, "no trades")
        elif silent > settings.silent_after or shard.heard.degraded(share, least, norm):
            self._compare_all(shard, now)

    def _is_blind(self, shard: Shard, silent: int) -> bool:
        """Tell whether REST confirmed no market of a socket since it fell silent."""
        since = self._clock.now() - silent
        return all(held.confirmed_at <= since for held in self._of(shard))

    def _compare_all(self, shard: Shard, now: int) -> None:
        """Wish to compare the markets of a socket, the last heard of first."""
        if now - self._compared_at.get(shard.number, 0) < self._settings.confirm_every:
            return
        self._compared_at[shard.number] = now
        self._health.count(WHERE, "socket suspected")
        sure = [held for held in self._of(shard) if held.sure and not held.question]
        sure.sort(key=lambda held: held.heard_at)
        for held in sure[-self._settings.batch :]:
            self._asking.hurry(held.local.yes)

    def _replace(self, shard: Shard, reason: str) -> None:
        self._health.count(WHERE, f"socket replaced: {reason}")
        shard.replace(reason)

    def _of(self, shard: Shard) -> list[Held]:
        held = self._keeper.held
        return [held[market] for market in shard.markets if market in held]

    def _norm(self, shard: Shard) -> float:
        norms = self._settings.norms
        if not norms:
            return 0.0
        entries = (self._registry.get(market) for market in shard.markets)
        stages = (entry.stage if entry else Stage.DISCOVERED for entry in entries)
        return sum(norms.get(stage, 0.0) for stage in stages)

    def _is_fresh(self, held: Held, now: int) -> bool:
        young = now - held.word_at <= self._settings.age_max
        return held.sure and held.shard.is_up and young

    def _gauge(self) -> None:
        now = self._clock.now()
        fresh = sum(self._is_fresh(held, now) for held in self._keeper.held.values())
        self._health.gauge("coverage", fresh / self.should if self.should else 1.0)
        self._health.gauge("sockets", sum(shard.is_up for shard in self._shards))

    def _status(self, shard: Shard) -> SocketStatus:
        now = self._clock.now()
        return SocketStatus(
            socket=shard.number,
            state=shard.state,
            since=shard.since,
            markets=len(shard.markets),
            fresh=sum(self._is_fresh(held, now) for held in self._of(shard)),
            messages=shard.heard.total,
            rate=shard.heard.lately() or 0.0,
            normal=shard.heard.normal(self._norm(shard)),
            reconnects=max(shard.opened - 1, 0),
            heard_at=shard.heard.heard_at,
            reason=shard.reason,
        )
