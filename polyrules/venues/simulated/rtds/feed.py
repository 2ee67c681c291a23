"""The simulated feed of coin prices: topics, snapshots and the traps of the venue's.

Once a venue second it tells every subscriber the price of each coin as an oracle and an
exchange see it, and the means over 30 and 60 seconds, really averaged. As at the venue
a subscription can be wrong without a word: a filter with a blank in it never brings an
update, one unknown topic silences its whole message, and the first frame of an oracle's
topic is labelled `crypto_prices`. It invents no price: the path is handed in.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from aiohttp import WSMsgType, web

from polyrules.clock import Clock
from polyrules.venues.simulated.faults.standing import Faults
from polyrules.venues.simulated.rtds.words import (
    BINANCE,
    TOPICS,
    WINDOWS,
    Wanted,
    frame_of,
    full_accuracy,
    symbol_of,
    wanted_of,
)

SECOND = 1_000_000
SERVICE = "rtds"
WAITING_MAX = 2_000  # frames; a client that reads slower is cut off
CAUGHT_UP_MAX = 120  # seconds told at once after a pause
SNAPSHOT = 60  # points of a first frame


class Path(Protocol):
    """What coins cost, as pure functions of the moment."""

    def price(self, symbol: str, at: int) -> float:
        """Return the price of a coin such as BTC in the second of `at` [usd].

        Raises:
            KeyError: Nothing is known of the coin (yet); `twap` likewise.
        """
        ...

    def twap(self, symbol: str, at: int, seconds: int) -> float:
        """Return the mean over the `seconds` that end with that of `at` [usd]."""
        ...


class Client:
    """One socket: what it subscribed to, and the frames that wait to be sent."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.wanted: set[Wanted] = set()
        self.frames: asyncio.Queue[str | None] = asyncio.Queue(WAITING_MAX)

    def wants(self, topic: str, symbol: str) -> bool:
        """Tell whether updates of a topic's symbol go to this client."""
        return any(
            each.live and each.topic == topic and each.symbol in (None, symbol)
            for each in self.wanted
        )

    def send(self, frame: str) -> bool:
        """Queue a frame; False where the client reads too slowly."""
        if self.frames.full():
            return False
        self.frames.put_nowait(frame)
        return True


class Rtds:
    """The feed. `step` is called as the venue's time goes by.

    Args:
        path: What coins cost; asked of no moment after now.
        coins: Coins it tells of: BTC, ETH.
        clock: The venue's time.
        faults: What goes wrong.

    Attributes:
        counts: How often what happened: connected, poisoned, slow_consumer.
    """

    def __init__(
        self, path: Path, coins: Sequence[str], clock: Clock, faults: Faults
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._path = path
        self._coins = tuple(coins)
        self._clock = clock
        self._faults = faults
        self._clients: dict[str, Client] = {}
        self._told = clock.now() // SECOND
        self._number = 0

    @property
    def connections(self) -> tuple[str, ...]:
        """The names of the open sockets."""
        return tuple(self._clients)

    def routes(self) -> list[web.RouteDef]:
        """Return the feed's one route."""
        return [web.get("/rtds", self.serve)]

    def step(self, now: int) -> None:
        """Tell what is due up to `now`: each venue second once."""
        last = now // SECOND
        first = max(self._told + 1, last - CAUGHT_UP_MAX)
        for second in range(first, last + 1):
            self._tell(second, now)
        self._told = max(self._told, last)
        for client in list(self._clients.values()):
            if self._faults.must_close(SERVICE, client.name, now):
                self._drop(client)
                continue
            for frame in self._faults.late(SERVICE, client.name, now):
                self._send(client, frame)

    def close(self) -> None:
        """Cut everybody off: the venue goes away."""
        for client in list(self._clients.values()):
            self._drop(client)

    def _tell(self, second: int, now: int) -> None:
        if not self._clients:
            return
        for coin in self._coins:
            for topic in TOPICS:
                symbol = symbol_of(topic, coin)
                clients = [
                    client
                    for client in self._clients.values()
                    if client.wants(topic, symbol)
                ]
                payload = self.payload(topic, coin, second) if clients else None
                if payload is not None:
                    frame = frame_of(topic, "update", now, payload)
                    for client in clients:
                        self._pass(client, symbol, frame, now)

    def _pass(self, client: Client, symbol: str, frame: str, now: int) -> None:
        for each in self._faults.frames(SERVICE, client.name, symbol, frame, now):
            self._send(client, each)

    def _send(self, client: Client, frame: str) -> None:
        if not client.send(frame):
            self.counts["slow_consumer"] += 1
            self._drop(client)

    def _drop(self, client: Client) -> None:
        self._clients.pop(client.name, None)
        while not client.frames.empty():
            client.frames.get_nowait()
        client.frames.put_nowait(None)

    def price(self, topic: str, coin: str, second: int) -> float | None:
        """Return what a topic says of a coin at a second [usd], None if nothing."""
        at = second * SECOND
        try:
            if topic in WINDOWS:
                return round(self._path.twap(coin, at, WINDOWS[topic]), 8)
            price = self._path.price(coin, at)
        except KeyError:
            return None
        return round(price, 2 if topic == BINANCE else 8)

    def payload(self, topic: str, coin: str, second: int) -> dict[str, Any] | None:
        """Return the payload of one update, None where the coin has no price yet."""
        value = self.price(topic, coin, second)
        if value is None:
            return None
        payload: dict[str, Any] = {
            "symbol": symbol_of(topic, coin),
            "timestamp": second * 1000,
            "value": value,
            "full_accuracy_value": full_accuracy(topic, value),
        }
        if topic in WINDOWS:
            payload["window_s"] = WINDOWS[topic]
        return payload

    # One socket

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one client until it leaves or is cut off."""
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(request)
        self._number += 1
        client = Client(str(self._number))
        self._clients[client.name] = client
        self._faults.opened(SERVICE, client.name, self._clock.now())
        self.counts["connected"] += 1
        writing = asyncio.create_task(_write(socket, client))
        try:
            await self._read(socket, client)
        finally:
            self._clients.pop(client.name, None)
            self._faults.closed(SERVICE, client.name)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        return socket

    async def _read(self, socket: web.WebSocketResponse, client: Client) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            text = message.data.strip()
            if text.upper() == "PING":
                client.send("PONG")
            elif text:
                self._asked(client, text)

    def _asked(self, client: Client, text: str) -> None:
        """Take a subscription or its end; what is no such thing is passed over."""
        try:
            said = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            self.counts["garbled"] += 1
            return
        found = wanted_of(said)
        if found is None:
            self.counts["poisoned"] += 1
            return
        if said["action"] == "unsubscribe":
            gone = {(each.topic, each.symbol) for each in found}
            client.wanted = {
                each
                for each in client.wanted
                if (each.topic, each.symbol) not in gone
                and (each.topic, None) not in gone
            }
            return
        client.wanted |= set(found)
        for each in found:
            self._snapshot(client, each)

    def _snapshot(self, client: Client, wanted: Wanted) -> None:
        """Send a topic's last minute, labelled `crypto_prices` whatever it is."""
        now = self._clock.now()
        last = now // SECOND
        for coin in self._coins:
            symbol = symbol_of(wanted.topic, coin)
            if wanted.topic not in TOPICS or wanted.symbol not in (None, symbol):
                continue
            points = [
                {"timestamp": at * 1000, "value": value}
                for at in range(last - SNAPSHOT + 1, last + 1)
                if (value := self.price(wanted.topic, coin, at)) is not None
            ]
            payload = {"symbol": symbol, "data": points}
            label = wanted.topic if wanted.topic in WINDOWS else BINANCE
            frame = frame_of(label, "subscribe", now, payload)
            self._pass(client, symbol, frame, now)


async def _write(socket: web.WebSocketResponse, client: Client) -> None:
    try:
        while (frame := await client.frames.get()) is not None:
            await socket.send_str(frame)
    except ConnectionError:
        return
    await socket.close()
