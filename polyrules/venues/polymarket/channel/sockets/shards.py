"""A shard: a part of the markets, and the sockets that serve it one after the other.

It reopens what ends, after a pause that doubles with each failure in a row and is
jittered, so that shards do not come back all at once. A socket that is replaced on
suspicion is followed by a new one without a pause, unless that was tried just before.
"""

import asyncio
from collections.abc import Callable
from random import Random

import msgspec

from polyrules.clock import Clock
from polyrules.domain.ids import MarketId, TokenId
from polyrules.venues.polymarket.channel.reading.frames import Message, decode
from polyrules.venues.polymarket.channel.settings import Settings
from polyrules.venues.polymarket.channel.sockets.meter import Meter
from polyrules.venues.polymarket.channel.sockets.socket import Socket


class Arrived(msgspec.Struct):
    """Messages of one frame, and when it was read [microseconds UTC]."""

    shard: "Shard"
    at: int
    messages: list[Message]


class Began(msgspec.Struct):
    """A shard's socket is open."""

    shard: "Shard"


class Ended(msgspec.Struct):
    """A shard's socket has ended."""

    shard: "Shard"
    reason: str


News = Arrived | Began | Ended


class Shard:
    """Part of the markets and its connection.

    Args:
        number: From 0.
        url: Where the market channel is.
        clock: The venue's time.
        settings: Patience and sizes.
        tell: What gets its news, at once and in order.
        keep: Gets every frame as it came.

    Attributes:
        number: From 0.
        markets: The markets it should serve, with their tokens.
        heard: What it says, of any kind.
        trades: What it says of trades.
        state: idle, connecting, up or waiting.
        since: Since when [microseconds UTC].
        opened: How often a socket of it was open.
        reason: Why its last socket ended.
    """

    def __init__(
        self,
        number: int,
        url: str,
        clock: Clock,
        settings: Settings,
        tell: Callable[[News], None],
        *,
        keep: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self.number = number
        self.markets: dict[MarketId, tuple[TokenId, TokenId]] = {}
        self.heard = Meter()
        self.trades = Meter()
        self.state = "idle"
        self.since = 0
        self.opened = 0
        self.reason = ""
        self._url = url
        self._clock = clock
        self._settings = settings
        self._tell = tell
        self._keep = keep
        # A seed of its own for each shard: they must not pause alike.
        self._random = Random(settings.seed * 1000 + number)  # noqa: S311 - no secret
        self._tokens: dict[TokenId, None] = {}
        self._wanted = asyncio.Event()
        self._socket: Socket | None = None

    @property
    def is_up(self) -> bool:
        """Whether its socket is open."""
        return self._socket is not None and self._socket.is_up

    def want(self, markets: dict[MarketId, tuple[TokenId, TokenId]]) -> None:
        """Serve these markets from now on, and no others."""
        self.markets = markets
        self._tokens = {token: None for pair in markets.values() for token in pair}
        if markets:
            self._wanted.set()
        else:
            self._wanted.clear()
        if self._socket is not None:
            self._socket.ask()

    def replace(self, reason: str) -> None:
        """End the socket; a new one follows."""
        if self._socket is not None:
            self._socket.drop(reason)

    async def run(self) -> None:
        """Keep a socket open as long as anything is wanted."""
        await self._clock.sleep(self.number * self._settings.stagger)
        failures = 0
        while True:
            self._stand("idle")
            await self._wanted.wait()
            opened, began = self.opened, self._clock.now()
            self.reason = await self._one()
            self._stand("waiting")
            self._tell(Ended(self, self.reason))
            lasted = self._clock.now() - began
            steady = self.opened > opened and lasted >= self._settings.backoff_most
            failures = 0 if steady else failures + 1
            await self._clock.sleep(self._pause(failures))

    async def _one(self) -> str:
        self._stand("connecting")
        self._socket = Socket(
            self._url, self._clock, self._settings, self._take, lambda: self._tokens
        )
        try:
            return await self._socket.run(self._began)
        finally:
            self._socket = None

    def _began(self) -> None:
        self.opened += 1
        self._stand("up")
        self.heard.restart(self.since)
        self.trades.restart(self.since)
        self._tell(Began(self))

    def _take(self, frame: bytes) -> None:
        at = self._clock.now()
        self._keep(frame)
        messages = decode(frame)
        if messages:
            self._tell(Arrived(self, at, messages))

    def _pause(self, failures: int) -> int:
        """Return the pause before the next attempt [microseconds]: none at first."""
        if failures == 0:
            return 0
        most = self._settings.backoff_most
        pause = min(self._settings.backoff_first << min(failures - 1, 20), most)
        return round(pause * (0.5 + self._random.random() / 2))

    def _stand(self, state: str) -> None:
        self.state = state
        self.since = self._clock.now()
