"""A market channel of our own for tests: books that change, sockets that misbehave."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from polyrules.domain.events import BookChanged, Event, FeedLost, LevelsChanged
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Book, Levels, mirror
from polyrules.domain.money import ONE, Side, from_micros
from polyrules.errors import VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.channel.channel import Channel
from polyrules.venues.polymarket.channel.settings import Settings
from polyrules.venues.polymarket.registry import Entry, Registry
from polyrules.venues.polymarket.wire import WireResolved
from tests.builders import NOON, SECOND, market

SAFETY = 20.0  # seconds; a test that waits longer has failed
Payload = dict[str, Any]


class Hand:
    """A clock that is moved by hand."""

    speed = 1.0

    def __init__(self, begin: int = NOON) -> None:
        self._now = begin
        self._order = count()
        self._sleeping: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        return self._now

    async def sleep(self, micros: int) -> None:
        if micros < 1:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (self._now + micros, next(self._order), woken)
        heapq.heappush(self._sleeping, entry)
        await woken

    async def advance(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass in steps, with room for what happens in between."""
        end = self._now + round(seconds * SECOND)
        while self._now < end:
            self._now = min(self._now + round(step * SECOND), end)
            while self._sleeping and self._sleeping[0][0] <= self._now:
                woken = heapq.heappop(self._sleeping)[2]
                if not woken.done():
                    woken.set_result(None)
            await breathe()


async def breathe(rounds: int = 8) -> None:
    """Let others on the loop go on, sockets included."""
    for _ in range(rounds):
        await asyncio.sleep(0.0005)


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition; the timeout is a safety net only."""
    async with asyncio.timeout(SAFETY):
        while not condition():  # noqa: ASYNC110 - any condition at all
            await asyncio.sleep(0.001)


def text(micros: int) -> str:
    return f"{from_micros(micros):f}"


class VenueBook:
    """One market's book as the venue has it, in YES terms."""

    def __init__(self, name: str) -> None:
        facts = market(name)
        self.id, self.yes, self.no = facts.id, facts.yes, facts.no
        self.stamp = NOON // 1000
        self.bids = {480_000: 100_000_000, 470_000: 50_000_000}
        self.asks = {500_000: 100_000_000, 520_000: 70_000_000}

    def levels(self) -> tuple[Levels, Levels]:
        bids = tuple(sorted(self.bids.items(), reverse=True))
        return bids, tuple(sorted(self.asks.items()))

    def set(self, side: Side, price: int, size: int, stamp: int) -> Payload:
        """Change a level; return the message that tells it."""
        self.stamp = stamp
        levels = self.bids if side is Side.BUY else self.asks
        levels.pop(price, None)
        if size:
            levels[price] = size
        bid, ask = max(self.bids, default=0), min(self.asks, default=ONE)
        other = Side.SELL if side is Side.BUY else Side.BUY
        return {
            "event_type": "price_change",
            "market": self.id,
            "timestamp": str(stamp),
            "price_changes": [
                _entry(self.yes, side, (price, size), (bid, ask)),
                _entry(self.no, other, (ONE - price, size), (ONE - ask, ONE - bid)),
            ],
        }

    def whole(self, token: TokenId) -> Payload:
        """Return the `book` message of a token, best price last as the venue has it."""
        bids, asks = self.levels()
        if token == self.no:
            bids, asks = mirror(asks), mirror(bids)
        return {
            "event_type": "book",
            "market": self.id,
            "asset_id": token,
            "timestamp": str(self.stamp),
            "bids": [_level(*level) for level in reversed(bids)],
            "asks": [_level(*level) for level in reversed(asks)],
        }


def _level(price: int, size: int) -> Payload:
    return {"price": text(price), "size": text(size)}


def _entry(
    token: str, side: Side, level: tuple[int, int], best: tuple[int, int]
) -> Payload:
    return {
        "asset_id": token,
        "price": text(level[0]),
        "size": text(level[1]),
        "side": side.value,
        "best_bid": text(best[0]),
        "best_ask": text(best[1]),
    }


class Venue:
    """The venue: books, sockets, REST, and the faults a test asks for.

    Attributes:
        frozen: Connections that hear nothing any more but PONG.
        deaf: No connection is accepted: 503.
        pongs: Whether PING is answered.
        silent_first: No first books are sent.
        rest_down: REST does not answer.
        asked: Tokens REST was asked for, request by request.
        heard: Requests on the sockets.
    """

    def __init__(self, names: Iterable[str], clock: Hand) -> None:
        self.books = {name: VenueBook(name) for name in names}
        self.clock = clock
        self.rest_down = False
        self.pongs = True
        self.deaf = False
        self.silent_first = False
        self.asked: list[list[TokenId]] = []
        self.heard: list[Payload] = []
        self.connections: dict[ServerConnection, set[str]] = {}
        self.frozen: set[ServerConnection] = set()
        self.accepted = 0
        self._by_token = {
            token: book for book in self.books.values() for token in (book.yes, book.no)
        }
        self._server: Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        return f"ws://{host}:{port}/ws/market"

    async def start(self) -> None:
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            0,
            ping_interval=None,
            close_timeout=1,
            process_request=self._admit,
        )

    async def stop(self) -> None:
        assert self._server is not None
        for connection in list(self.connections):
            connection.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    async def snapshot(self, tokens: Sequence[TokenId]) -> dict[TokenId, BookChanged]:
        self.asked.append(list(tokens))
        if self.rest_down:
            raise VenueError("no answer from the venue")
        return {token: self.rest(token) for token in tokens if token in self._by_token}

    def rest(self, token: TokenId) -> BookChanged:
        book = self._by_token[token]
        bids, asks = book.levels()
        if token == book.no:
            bids, asks = mirror(asks), mirror(bids)
        return BookChanged(
            at=self.clock.now(),
            venue_at=book.stamp * 1000,
            market=book.id,
            token=token,
            bids=bids,
            asks=asks,
        )

    def now(self) -> int:
        """Return the venue's stamp [ms]."""
        return self.clock.now() // 1000

    async def change(
        self, name: str, side: Side, price: int, size: int, *, tell: bool = True
    ) -> Payload:
        """Change a level, and tell those who subscribed unless it is to be dropped."""
        payload = self.books[name].set(side, price, size, self.now())
        if tell:
            await self.tell(payload)
        return payload

    async def tell(self, payload: object, token: str | None = None) -> None:
        """Send a message to all who subscribed its token."""
        if token is None and isinstance(payload, dict):
            entries = payload.get("price_changes")
            token = entries[0]["asset_id"] if entries else payload.get("asset_id")
        raw = msgspec.json.encode(payload).decode()
        for connection, tokens in list(self.connections.items()):
            if connection not in self.frozen and (token is None or token in tokens):
                await self._send(connection, raw)

    async def tell_raw(self, raw: str) -> None:
        for connection in list(self.connections):
            await self._send(connection, raw)

    def freeze(self) -> None:
        """Let all connections of now hear nothing any more but PONG."""
        self.frozen |= set(self.connections)

    def cut(self) -> None:
        """End all connections without a word."""
        for connection in list(self.connections):
            connection.transport.abort()

    async def _send(self, connection: ServerConnection, raw: str) -> None:
        try:
            await connection.send(raw)
        except ConnectionClosed:
            self.connections.pop(connection, None)

    def _admit(self, connection: ServerConnection, _: Request) -> Response | None:
        return connection.respond(503, "restarting") if self.deaf else None

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections[connection] = set()
        self.accepted += 1
        try:
            async for said in connection:
                if said == "PING":
                    if self.pongs:
                        await connection.send("PONG")
                else:
                    await self._take(connection, msgspec.json.decode(said))
        except ConnectionClosed:
            pass
        finally:
            self.connections.pop(connection, None)
            self.frozen.discard(connection)

    async def _take(self, connection: ServerConnection, request: Payload) -> None:
        self.heard.append(request)
        tokens, has = request["assets_ids"], self.connections[connection]
        if request.get("operation") == "unsubscribe":
            has.difference_update(tokens)
            return
        new = [token for token in tokens if token not in has]
        has.update(new)
        if not self.silent_first and connection not in self.frozen:
            books = [self._by_token[one].whole(one) for one in new]
            await self._send(connection, msgspec.json.encode(books).decode())


class Reader:
    """What a reader of the events knows: books it may believe, and what was lost."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.books: dict[MarketId, Book] = {}

    def read(self, inbox: Inbox) -> list[Event]:
        """Take what waits in the inbox."""
        new = list(inbox._waiting)
        inbox._waiting.clear()
        for event in new:
            self.take(event)
        self.events += new
        return new

    def take(self, event: Event) -> None:
        if isinstance(event, BookChanged):
            book = self.books.setdefault(event.market, Book())
            book.show(event.bids, event.asks)
        elif isinstance(event, LevelsChanged) and event.market in self.books:
            for token, side, price, size in map(_fields, event.changes):
                assert token.endswith(":yes")
                self.books[event.market].change(side, price, size)
        elif isinstance(event, FeedLost) and event.feed == "book":
            self.books.pop(event.market or MarketId(""), None)

    def levels(self, name: str) -> tuple[Levels, Levels] | None:
        """Return the book it believes in, None if none."""
        book = self.books.get(MarketId(name))
        return None if book is None else ((*book.bids(),), (*book.asks(),))


def _fields(change: Any) -> tuple[str, Side, int, int]:  # noqa: ANN401 - a LevelChange
    return change.token, change.side, change.price, change.size


class Desk:
    """A channel under test with all around it."""

    def __init__(self, venue: Venue, clock: Hand, settings: Settings) -> None:
        self.venue = venue
        self.clock = clock
        self.health = Health()
        self.inbox = Inbox(clock, SECOND)
        self.registry = Registry()
        self.reader = Reader()
        self.new_markets: list[Payload] = []
        self.resolved: list[tuple[int, WireResolved]] = []
        for name in venue.books:
            self.registry.add(Entry(market=market(name)))
        self.channel = Channel(
            venue.url,
            self.registry,
            self.inbox,
            clock,
            self.health,
            snapshot=venue.snapshot,
            on_new_market=self.new_markets.append,
            on_resolved=lambda at, said: self.resolved.append((at, said)),
            settings=settings,
        )

    def count(self, what: str) -> int:
        return self.health.counts["market_channel", what]

    def agrees(self, *names: str) -> bool:
        """Tell whether the reader believes exactly the venue's books."""
        self.reader.read(self.inbox)
        return all(
            self.reader.levels(name) == self.venue.books[name].levels()
            for name in names or self.venue.books
        )

    def serves(self, *names: str) -> bool:
        return all(
            self.channel.serves(MarketId(name)) for name in names or self.venue.books
        )

    async def pass_until(
        self, condition: Callable[[], object], seconds: float = 120
    ) -> float:
        """Let time pass until a condition holds; return how much did [seconds]."""
        began = self.clock.now()
        while not condition():
            passed = (self.clock.now() - began) / SECOND
            assert passed < seconds, f"not within {seconds} seconds"
            await self.clock.advance(0.5)
        return (self.clock.now() - began) / SECOND


@asynccontextmanager
async def trading(
    *names: str,
    settings: Settings | None = None,
    prepare: Callable[[Venue], Awaitable[None]] | None = None,
) -> AsyncIterator[Desk]:
    """Run a channel on a venue of these markets until the test is over."""
    clock = Hand()
    venue = Venue(names, clock)
    if prepare is not None:
        await prepare(venue)
    await venue.start()
    desk = Desk(venue, clock, settings or Settings(stagger=0))
    task = asyncio.create_task(desk.channel.run())
    try:
        yield desk
    finally:
        if task.done() and not task.cancelled():
            task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await venue.stop()


async def watched(desk: Desk) -> None:
    """Watch all markets and wait for their first books."""
    desk.channel.watch(MarketId(name) for name in desk.venue.books)
    await until(desk.serves)
    assert desk.agrees()
