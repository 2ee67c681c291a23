"""A simulated venue on loopback whose time a test moves, and a client of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from polyrules.venues.simulated.clob.auth.keys import Key
from polyrules.venues.simulated.faults import Fault
from polyrules.venues.simulated.server import Simulator
from polyrules.venues.simulated.world.settings import BEGIN, Settings

S = 1_000_000
SMALL = Settings(seed=3, markets=30)


class Moved:
    """A clock that stands still until a test moves it; whoever sleeps, sleeps on."""

    speed = 20.0

    def __init__(self, at: int = BEGIN) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    async def sleep(self, micros: int) -> None:
        del micros
        await asyncio.Event().wait()


class Visit:
    """A venue, and somebody who asks it."""

    def __init__(self, venue: Simulator, clock: Moved) -> None:
        self.venue = venue
        self.clock = clock
        self.session = aiohttp.ClientSession()

    def pass_time(self, seconds: float) -> None:
        """Let the venue's time go by, a second at a time."""
        until = self.clock.at + round(seconds * S)
        while self.clock.at < until:
            self.clock.at = min(self.clock.at + S, until)
            self.venue.turn()

    async def get(self, path: str) -> tuple[int, Any]:
        """Return the status and the JSON of a page."""
        async with self.session.get(self.venue.url + path) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, body: object) -> tuple[int, Any]:
        """Return what a page answers to JSON."""
        async with self.session.post(self.venue.url + path, json=body) as answer:
            return answer.status, await answer.json()

    async def market_socket(self, *said: object) -> "Socket":
        """Return a socket of the market channel, after what was said on it."""
        url = self.venue.sources["market_channel"]
        socket = Socket(await self.session.ws_connect(url))
        for each in said:
            await socket.socket.send_str(json.dumps(each))
        return socket

    async def user_socket(self, key: Key) -> "Socket":
        """Return a socket of the user channel that has named its key."""
        auth = {
            "apiKey": key.name,
            "secret": key.secret,
            "passphrase": key.passphrase,
        }
        socket = Socket(await self.session.ws_connect(f"{self.venue.url}/ws/user"))
        await socket.socket.send_str(json.dumps({"type": "user", "auth": auth}))
        assert await socket.heard() == []
        return socket


class Socket:
    """One socket of the market or the user channel."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def heard(self) -> list[dict[str, Any]]:
        """Return the messages that came before the answer to a ping, arrays undone."""
        async with asyncio.timeout(20):
            await self.socket.send_str("PING")
            found: list[dict[str, Any]] = []
            while (text := (await self.socket.receive()).data) != "PONG":
                said = json.loads(text)
                found += said if isinstance(said, list) else [said]
        return found


@asynccontextmanager
async def visit(
    settings: Settings = SMALL, faults: tuple[Fault, ...] = ()
) -> AsyncIterator[Visit]:
    """Yield a visit to a venue of these settings."""
    clock = Moved(settings.begin)
    venue = Simulator(settings, faults=faults, clock=clock)
    await venue.start()
    found = Visit(venue, clock)
    try:
        yield found
    finally:
        await found.session.close()
        await venue.stop()


def tokens_of(market: dict[str, Any]) -> list[str]:
    """Return the tokens of a market of Gamma."""
    tokens: list[str] = json.loads(market["clobTokenIds"])
    return tokens
