"""The feed of coins' prices: one socket to RTDS, replaced whenever it goes silent.

A socket that is open tells nothing by itself: what counts is when each coin's price
was last heard from each source. A silent one means a new socket, and the feed is lost
until everything that was heard before is heard again. A source that stays silent on
several new sockets is given up, so that it does not keep the others from being told.

A price that is older than `late_after`, or than the last one told, is not told.
"""

import asyncio
from collections.abc import Callable, Iterable
from random import Random

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from polyrules.clock import Clock
from polyrules.domain.events import FeedLost, FeedRestored, SpotTicked
from polyrules.domain.moments import SECOND
from polyrules.domain.money import ONE
from polyrules.errors import UnexpectedReply
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.rtds.frames import PING, Tick, subscriptions, ticks
from polyrules.venues.polymarket.rtds.silence import EVERYTHING, Silence

FEED = "rtds"
FRAME_MOST = 4 * 1024 * 1024  # bytes
OPENING = 10.0  # real seconds for a connection, at the speed of life


class RtdsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When to do what. Times in microseconds.

    Attributes:
        ping: Between two PINGs.
        silent_after: How long a price may not be heard until the socket is replaced.
        late_after: How old, or ahead of our clock, a price may be when it comes.
        pause: Before the first new socket; it doubles with each that fails.
        pause_most: At most this.
        sockets_most: New sockets on which a source may be silent until it is given up.
    """

    ping: int = 5 * SECOND
    silent_after: int = 20 * SECOND
    late_after: int = 10 * SECOND
    pause: int = SECOND
    pause_most: int = 30 * SECOND
    sockets_most: int = 3


class Rtds:
    """Coins' prices.

    Args:
        url: Where RTDS is, ws:// or wss://.
        inbox: Takes the events.
        clock: The venue's time.
        health: Counts ("rtds", …), delay "rtds_latency", gauges "rtds_heard",
            "rtds_given_up".
        symbols: The coins, such as BTC.
        rng: Jitter; seeded by whoever starts all this.
        heard: Called with every price told.
        settings: When to do what.

    Attributes:
        lost: Whether the feed is lost.
    """

    def __init__(
        self,
        url: str,
        inbox: Inbox,
        clock: Clock,
        health: Health,
        *,
        symbols: Iterable[str],
        rng: Random,
        heard: Callable[[SpotTicked], None] | None = None,
        settings: RtdsSettings | None = None,
    ) -> None:
        self.lost = False
        self._url = url
        self._inbox = inbox
        self._clock = clock
        self._health = health
        self._symbols = sorted({symbol.upper() for symbol in symbols})
        self._rng = rng
        self._heard = heard
        self._settings = settings or RtdsSettings()
        self._last: dict[tuple[str, str], int] = {}  # the venue's stamp last told
        self._silence = Silence(
            self._settings.silent_after, self._settings.sockets_most
        )
        self._failed = 0  # sockets in a row that told nothing
        self._off: int | None = None  # how late what was not told was [microseconds]

    async def run(self) -> None:
        """Tell prices until cancelled."""
        if not self._symbols:
            return
        while True:
            reason = await self._one_socket()
            self._health.count(FEED, "socket_ended")
            self._lose(reason)
            await self._clock.sleep(self._pause())

    async def _one_socket(self) -> str:
        """Tell what one socket says until it ends; return why it ended."""
        self._silence.begin(self._clock.now())
        self._off = None
        opening = max(OPENING / self._clock.speed, 3.0)
        try:
            async with connect(
                self._url,
                open_timeout=opening,
                close_timeout=1.0,
                ping_interval=None,  # its own PING is a text
                max_size=FRAME_MOST,
            ) as socket:
                return await self._serve(socket)
        except (OSError, TimeoutError, WebSocketException) as error:
            self._health.count(FEED, type(error).__name__)
            return f"the socket broke: {type(error).__name__}"

    async def _serve(self, socket: ClientConnection) -> str:
        """Run what a socket needs until one part of it ends; return why."""
        for message in subscriptions(self._symbols):
            await socket.send(message)
        parts = [
            asyncio.create_task(self._read(socket)),
            asyncio.create_task(self._ping(socket)),
            asyncio.create_task(self._watch()),
        ]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
        return next(part.result() for part in parts if part in done)

    async def _read(self, socket: ClientConnection) -> str:
        async for frame in socket:
            self._inbox.keep(FEED, frame)
            try:
                told = ticks(frame)
            except UnexpectedReply as error:
                self._health.count(FEED, f"refused: {error.message}")
                continue
            if told:
                self._hear(told[-1])  # of a snapshot only the newest is of now
        return "the venue closed the socket"

    async def _ping(self, socket: ClientConnection) -> str:
        while True:
            await self._clock.sleep(self._settings.ping)
            await socket.send(PING)

    async def _watch(self) -> str:
        while True:
            await self._clock.sleep(self._settings.silent_after // 4)
            silent = self._silence.found(self._clock.now())
            if silent:
                self._health.count(FEED, "silent")
                return self._why(silent)

    def _why(self, silent: list[str]) -> str:
        """Return in words what is not heard; late prices are no silence."""
        if self._off is None or silent != [EVERYTHING]:
            return f"silent: {', '.join(silent)}"
        seconds, way = abs(self._off) / ONE, "old" if self._off > 0 else "ahead of ours"
        return f"prices come {seconds:.0f} s {way}: is this machine's clock right?"

    def _hear(self, tick: Tick) -> None:
        now = self._inbox.now()
        name = (tick.symbol, tick.source)
        if tick.symbol not in self._symbols:
            self._health.count(FEED, "not_asked_for")
            return
        if abs(now - tick.at) > self._settings.late_after:
            self._off = now - tick.at
            self._health.count(FEED, "late" if tick.at < now else "ahead")
            return
        self._failed = 0
        self._off = None
        self._silence.heard(f"{tick.symbol} {tick.source}", now)
        if self.lost and self._silence.over:
            self._restore()
        if tick.at <= self._last.get(name, 0):
            self._health.count(FEED, "told_again")
            return
        self._last[name] = tick.at
        self._tell(tick, now)

    def _tell(self, tick: Tick, now: int) -> None:
        event = SpotTicked(
            at=now,
            venue_at=tick.at,
            symbol=tick.symbol,
            source=tick.source,
            price=tick.price,
        )
        self._inbox.put(event)
        self._health.delay("rtds_latency", max(now - tick.at, 0) / ONE)
        if self._heard is not None:
            self._heard(event)

    def _lose(self, reason: str) -> None:
        if self.lost:
            return
        self.lost = True
        self._health.count(FEED, "lost")
        self._inbox.put(FeedLost(at=self._inbox.now(), feed=FEED, reason=reason))

    def _restore(self) -> None:
        self.lost = False
        self._health.count(FEED, "restored")
        self._health.gauge("rtds_heard", len(self._silence.expected))
        self._health.gauge("rtds_given_up", len(self._silence.given_up))
        self._inbox.put(FeedRestored(at=self._inbox.now(), feed=FEED))

    def _pause(self) -> int:
        """Return how long to wait for the next socket; somewhat random."""
        settings = self._settings
        most = min(settings.pause << min(self._failed, 20), settings.pause_most)
        self._failed += 1
        return most // 2 + int(self._rng.random() * (most // 2))
