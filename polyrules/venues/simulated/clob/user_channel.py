"""The simulated user channel: tells an API key's owner of their orders and trades.

The first message names the key; a wrong one closes the socket. The text PING is
answered by PONG. Every frame passes the faults; an owner who reads too slowly is cut
off. What happened while nobody was connected is never told.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable

import msgspec
from aiohttp import WSMsgType, web

from polyrules.venues.simulated.clob import user_frames
from polyrules.venues.simulated.clob.auth.keys import Key
from polyrules.venues.simulated.clob.venue import Venue
from polyrules.venues.simulated.exchange.words import Message, OrderMoved, TradeMoved
from polyrules.venues.simulated.faults.standing import Faults

SERVICE = "user_channel"
WAITING_MAX = 10_000  # frames; an owner who reads slower is cut off
WRONG_KEY = 1008  # close code: policy violation


class _Auth(msgspec.Struct, rename="camel"):
    api_key: str = ""
    secret: str = ""
    passphrase: str = ""


class _Said(msgspec.Struct):
    """A message of the owner (wire shape)."""

    auth: _Auth | None = None
    operation: str = ""
    markets: list[str] | None = None


class Listener:
    """One socket: whose it is, which markets it asked for, and what waits for it.

    Attributes:
        markets: The markets it wants to hear of; None for all.
    """

    __slots__ = ("frames", "key", "markets", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.key: Key | None = None
        self.markets: set[str] | None = None
        self.frames: asyncio.Queue[str | None] = asyncio.Queue(WAITING_MAX)

    def wants(self, market: str) -> bool:
        """Tell whether it is to hear of a market."""
        return self.markets is None or market in self.markets


class UserChannel:
    """The channel. `tell` is given what happened, `step` that time went by.

    Args:
        venue: Whose keys are known, and whose orders are told.
        faults: What goes wrong.

    Attributes:
        counts: How often what happened: connected, frames, slow_consumer, wrong_key.
    """

    def __init__(self, venue: Venue, faults: Faults) -> None:
        self.counts: Counter[str] = Counter()
        self._venue = venue
        self._faults = faults
        self._clients: dict[str, Listener] = {}
        self._number = 0

    @property
    def connections(self) -> tuple[str, ...]:
        """The names of the open sockets."""
        return tuple(self._clients)

    @property
    def listening(self) -> int:
        """How many sockets have named their key."""
        return sum(client.key is not None for client in self._clients.values())

    def routes(self) -> list[web.RouteDef]:
        """Return the channel's one route."""
        return [web.get("/ws/user", self.serve)]

    def tell(self, messages: Iterable[Message]) -> None:
        """Send what happened to the owners it happened to."""
        if not self._clients:
            return
        for message in messages:
            if isinstance(message, OrderMoved | TradeMoved):
                self._tell(message)

    def step(self, now: int) -> None:
        """Send what faults held back until `now`, and cut whom they cut."""
        for client in list(self._clients.values()):
            if self._faults.must_close(SERVICE, client.name, now):
                self._cut(client)
                continue
            for frame in self._faults.late(SERVICE, client.name, now):
                self._put(client, frame)

    def close(self) -> None:
        """Cut everybody off: the venue goes away."""
        for client in list(self._clients.values()):
            self._cut(client)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one owner until they leave or are cut off."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self._number += 1
        client = Listener(str(self._number))
        self._clients[client.name] = client
        self._faults.opened(SERVICE, client.name, self._venue.clock.now())
        self.counts["connected"] += 1
        writing = asyncio.create_task(_write(socket, client))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._hear(client, message.data)
        finally:
            self._clients.pop(client.name, None)
            self._faults.closed(SERVICE, client.name)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        return socket

    def _tell(self, message: OrderMoved | TradeMoved) -> None:
        market, owners = user_frames.parties(message)
        token = user_frames.token(message)
        for client in list(self._clients.values()):
            key = client.key
            if key is None or not client.wants(market):
                continue
            if owners.isdisjoint(key.wallets):
                continue
            frame = user_frames.frame(self._venue, key, message)
            now = self._venue.clock.now()
            for each in self._faults.frames(SERVICE, client.name, token, frame, now):
                self._put(client, each)

    def _hear(self, client: Listener, text: str) -> None:
        if text.strip().upper() == "PING":
            self._put(client, "PONG")
            return
        try:
            said = msgspec.json.decode(text, type=_Said)
        except (msgspec.MsgspecError, RecursionError):
            self.counts["garbled"] += 1
            return
        if client.key is None:
            self._greet(client, said)
        else:
            _choose(client, said)

    def _greet(self, client: Listener, said: _Said) -> None:
        """Take the first message: whose socket it is."""
        auth = said.auth or _Auth()
        key = self._venue.keys.find(auth.api_key)
        if key is None or (auth.secret, auth.passphrase) != (
            key.secret,
            key.passphrase,
        ):
            self.counts["wrong_key"] += 1
            self._cut(client)
            return
        client.key = key
        client.markets = set(said.markets) if said.markets else None

    def _put(self, client: Listener, frame: str) -> None:
        if client.frames.full():
            self.counts["slow_consumer"] += 1
            self._cut(client)
            return
        self.counts["frames"] += 1
        client.frames.put_nowait(frame)

    def _cut(self, client: Listener) -> None:
        self._clients.pop(client.name, None)
        while not client.frames.empty():
            client.frames.get_nowait()
        client.frames.put_nowait(None)


def _choose(client: Listener, said: _Said) -> None:
    """Take a later message: more markets, or fewer."""
    named = set(said.markets or ())
    if said.operation == "subscribe" and client.markets is not None:
        client.markets |= named
    elif said.operation == "unsubscribe" and client.markets is not None:
        client.markets -= named


async def _write(socket: web.WebSocketResponse, client: Listener) -> None:
    """Send a listener's frames as they come; None ends it."""
    while (frame := await client.frames.get()) is not None:
        try:
            await socket.send_str(frame)
        except ConnectionError:
            return
    await socket.close(code=WRONG_KEY)
