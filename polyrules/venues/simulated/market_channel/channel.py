"""The simulated market channel: books, changes and trades to whoever subscribed.

It speaks as the venue does: one whole book a token on subscribing, in an array, best
price last; then every change for both tokens of a market, with the best prices after
it. More than 500 tokens on one connection and the first books never come; a client who
reads too slowly is cut off; a second subscription to a token brings no second book.
Every frame passes the faults. It decides nothing about markets.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from polyrules.clock import Clock
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.words import (
    BookShown,
    LevelsMoved,
    MarketAdded,
    Message,
    Resolved,
    TickMoved,
    Traded,
)
from polyrules.venues.simulated.faults.standing import Faults
from polyrules.venues.simulated.market_channel.frames import (
    best_frames,
    book_frame,
    change_frame,
    new_market_frame,
    resolved_frame,
    tick_frames,
    trade_frame,
)
from polyrules.venues.simulated.market_channel.subscribers import (
    Subscriber,
    Subscribers,
)

SERVICE = "market_channel"
TOKENS_MAX = 500  # above it the first books silently never arrive
WAITING_MAX = 20_000  # frames; a client that reads slower is cut off
BOOKS_A_FRAME = 50
SENT_MAX = 1 << 24  # bytes of one message we read


class MarketChannel:
    """The channel. `tell` is given what happened, `step` that time went by.

    Args:
        exchange: Whose books are told.
        clock: The venue's time.
        faults: What goes wrong.
        settled: Tells all that happened so far; called before a book is read.

    Attributes:
        counts: How often what happened: connected, frames, slow_consumer, too_many.
    """

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        faults: Faults,
        settled: Callable[[], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._exchange = exchange
        self._clock = clock
        self._faults = faults
        self._settled = settled
        self._clients = Subscribers(exchange)
        self._best: dict[str, tuple[int, int]] = {}
        self._number = 0

    @property
    def connections(self) -> tuple[str, ...]:
        """The names of the open sockets."""
        return tuple(self._clients.all)

    @property
    def subscribed(self) -> int:
        """How many subscriptions to tokens stand, over all sockets."""
        return sum(len(client.tokens) for client in self._clients.all.values())

    def routes(self) -> list[web.RouteDef]:
        """Return the channel's one route."""
        return [web.get("/ws/market", self.serve)]

    def tell(self, messages: Iterable[Message]) -> None:
        """Send what happened to whoever subscribed to it."""
        if not self._clients.all:
            return
        for message in messages:
            self._tell(message)

    def step(self, now: int) -> None:
        """Send what faults held back until `now`, and cut whom they cut."""
        for client in list(self._clients.all.values()):
            if self._faults.must_close(SERVICE, client.name, now):
                self._cut(client)
                continue
            for frame in self._faults.late(SERVICE, client.name, now):
                self._put(client, frame)

    def close(self) -> None:
        """Cut everybody off: the venue goes away."""
        for client in list(self._clients.all.values()):
            self._cut(client)

    # -- what happened -------------------------------------------------------------

    def _tell(self, message: Message) -> None:
        match message:
            case LevelsMoved():
                self._moved(message)
            case Traded(token=token):
                self._send((token,), lambda: [(token, trade_frame(message))])
            case BookShown(market=market):
                self._send(
                    self._tokens(market), lambda: book_frames(self._exchange, message)
                )
            case TickMoved(market=market):
                listed = self._exchange.pits[market].listed
                tokens = self._tokens(market)
                self._send(tokens, lambda: tick_frames(listed, message))
            case Resolved(market=market):
                self._resolved(market, message)
            case MarketAdded(listed=listed):
                self._announce(listed.yes, new_market_frame(message))
            case _:
                pass  # orders and trades of somebody: the user channel's

    def _moved(self, message: LevelsMoved) -> None:
        tokens = self._tokens(message.market)
        clients = self._clients.of_market(tokens)
        if not clients or not message.changes:
            return
        frame = change_frame(message, self._clients.hashes(message))
        now = self._clock.now()
        for client in clients:
            self._pass(client, message.changes[0].token, frame, now)
        for move in message.changes[-2:]:
            best = (move.best_bid, move.best_ask)
            if self._best.get(move.token) != best:
                self._best[move.token] = best
                keen = [each for each in self._clients.of(move.token) if each.custom]
                if keen:
                    told = best_frames(message.market, move, message.at)
                    for client in keen:
                        self._pass(client, move.token, told, now)

    def _resolved(self, market: str, message: Resolved) -> None:
        tokens = self._tokens(market)
        keen = [each for each in self._clients.of_market(tokens) if each.custom]
        frame = resolved_frame(self._exchange.pits[market].listed, message)
        now = self._clock.now()
        for client in keen:
            self._pass(client, tokens[0], frame, now)
        for token in tokens:
            self._best.pop(token, None)

    def _announce(self, token: str, frame: str) -> None:
        now = self._clock.now()
        for client in list(self._clients.all.values()):
            if client.custom:
                self._pass(client, token, frame, now)

    def _send(
        self,
        tokens: Sequence[str],
        frames: Callable[[], Iterable[tuple[str, str]]],
    ) -> None:
        """Send frames about single tokens to the subscribers of each."""
        if not self._clients.has(tokens):
            return
        now = self._clock.now()
        for token, frame in frames():
            for client in self._clients.of(token):
                self._pass(client, token, frame, now)

    def _tokens(self, market: str) -> tuple[str, str]:
        listed = self._exchange.pits[market].listed
        return listed.yes, listed.no

    def _pass(self, client: Subscriber, token: str, frame: str, now: int) -> None:
        for each in self._faults.frames(SERVICE, client.name, token, frame, now):
            self._put(client, each)

    def _put(self, client: Subscriber, frame: str) -> None:
        if client.frames.full():
            self.counts["slow_consumer"] += 1
            self._cut(client)
            return
        self.counts["frames"] += 1
        client.frames.put_nowait(frame)

    def _cut(self, client: Subscriber) -> None:
        self._clients.forget(client)
        while not client.frames.empty():
            client.frames.get_nowait()
        client.frames.put_nowait(None)

    # -- one socket ----------------------------------------------------------------

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one client until it leaves or is cut off."""
        socket = web.WebSocketResponse(max_msg_size=SENT_MAX, compress=False)
        await socket.prepare(request)
        self._number += 1
        client = Subscriber(str(self._number), WAITING_MAX)
        self._clients.all[client.name] = client
        self._faults.opened(SERVICE, client.name, self._clock.now())
        self.counts["connected"] += 1
        writing = asyncio.create_task(_write(socket, client))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._hear(client, message.data)
        finally:
            self._clients.forget(client)
            self._faults.closed(SERVICE, client.name)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        return socket

    def _hear(self, client: Subscriber, text: str) -> None:
        if client.name not in self._clients.all:
            return  # cut off, and not gone yet
        if text.strip().upper() == "PING":
            client.frames.put_nowait("PONG") if not client.frames.full() else None
            return
        try:
            said = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            self.counts["garbled"] += 1
            return
        if isinstance(said, dict):
            self._asked(client, said)

    def _asked(self, client: Subscriber, said: dict[str, Any]) -> None:
        """Take a subscription or its end; what is no such thing is passed over."""
        asked = said.get("assets_ids")
        tokens = [each for each in asked or () if isinstance(each, str)]
        if said.get("custom_feature_enabled") is True:
            client.custom = True
        if said.get("operation") == "unsubscribe":
            self._clients.leave(client, tokens)
        elif said.get("operation") == "subscribe" or said.get("type") == "market":
            self._join(client, tokens)

    def _join(self, client: Subscriber, tokens: list[str]) -> None:
        self._settled()
        fresh = self._clients.join(client, tokens)
        if len(client.tokens) > TOKENS_MAX:
            self.counts["too_many"] += 1
            return
        now = self._clock.now()
        known = [each for each in fresh if self._exchange.pit(each) is not None]
        for first in range(0, len(known), BOOKS_A_FRAME):
            batch = known[first : first + BOOKS_A_FRAME]
            books = (book_frame(self._exchange, token, now) for token in batch)
            self._pass(client, batch[0], f"[{','.join(books)}]", now)


def book_frames(exchange: Exchange, shown: BookShown) -> list[tuple[str, str]]:
    """Return the `book` frames of both tokens after a trade."""
    listed = exchange.pits[shown.market].listed
    return [
        (token, book_frame(exchange, token, shown.at, shown))
        for token in (listed.yes, listed.no)
    ]


async def _write(socket: web.WebSocketResponse, client: Subscriber) -> None:
    try:
        while (frame := await client.frames.get()) is not None:
            await socket.send_str(frame)
    except ConnectionError:
        return
    await socket.close()
