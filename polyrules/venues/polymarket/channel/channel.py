"""The market channel: books and trades of the watched markets, as they change.

Several sockets, each with its part of the markets. What they say is applied in the
order it came; what becomes of it goes to the inbox. The watchdog looks at how old the
word of each market is, not at whether a socket is open: an open socket may say nothing
for hours. What is silent is compared with REST, what is proven wrong is told lost and
served by a new socket.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from polyrules.clock import MICROSECONDS, Clock
from polyrules.domain.ids import MarketId, TokenId
from polyrules.errors import UnexpectedReply
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.channel.answers import Answers
from polyrules.venues.polymarket.channel.asking import WHERE, Asking, Books, Snapshot
from polyrules.venues.polymarket.channel.held import held as begin
from polyrules.venues.polymarket.channel.keeper import TRADES, Keeper
from polyrules.venues.polymarket.channel.printing import Notices, Trades
from polyrules.venues.polymarket.channel.reading.frames import (
    BestFrame,
    BookFrame,
    LevelsFrame,
    Message,
    Notice,
    Refused,
    TickFrame,
    TradeFrame,
)
from polyrules.venues.polymarket.channel.settings import (
    Settings,
    SocketStatus,
    at_speed,
)
from polyrules.venues.polymarket.channel.sockets.shards import (
    Arrived,
    Began,
    News,
    Shard,
)
from polyrules.venues.polymarket.channel.watch import Watch
from polyrules.venues.polymarket.registry import Entry, Registry
from polyrules.venues.polymarket.wire import WireResolved

BREATH = 100  # frames applied before others on the loop have their turn


class Channel:
    """The venue's market channel.

    Args:
        url: Where it is, such as wss://…/ws/market.
        registry: The markets known.
        inbox: Where events go.
        clock: The venue's time.
        health: Where failures are counted.
        snapshot: Asks for several books by REST; raises VenueError.
        on_new_market: Gets each `new_market` message once.
        on_resolved: Gets the time and message of each `market_resolved` once.
        settings: Sizes and patience.
    """

    def __init__(
        self,
        url: str,
        registry: Registry,
        inbox: Inbox,
        clock: Clock,
        health: Health,
        *,
        snapshot: Snapshot,
        on_new_market: Callable[[dict[str, Any]], None],
        on_resolved: Callable[[int, WireResolved], None],
        settings: Settings | None = None,
    ) -> None:
        self._settings = settings = at_speed(settings or Settings(), clock.speed)
        self._registry = registry
        self._clock = clock
        self._health = health
        self._queue: deque[News] = deque()
        self._arrived = asyncio.Event()
        self._wanted: tuple[MarketId, ...] = ()

        def keep(frame: bytes) -> None:
            inbox.keep(WHERE, frame)

        self._shards = [
            Shard(number, url, clock, settings, self._put, keep=keep)
            for number in range(settings.sockets)
        ]
        self._asking = Asking(
            snapshot, clock, settings, health, self._asked, self._answered
        )
        self._keeper = Keeper(
            registry,
            inbox,
            health,
            settings,
            self._asking.repair,
            self._asking.hurry,
        )
        self._answers = Answers(self._keeper, health, settings)
        self._watch = Watch(
            self._shards,
            self._keeper,
            self._answers,
            self._asking,
            registry,
            clock,
            health,
            settings,
        )
        self._trades = Trades(inbox)
        self._notices = Notices(on_new_market, on_resolved)

    async def run(self) -> None:
        """Read, apply, watch and ask, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for shard in self._shards:
                group.create_task(shard.run())
            group.create_task(self._consume())
            group.create_task(self._asking.run())
            group.create_task(self._watch.run())

    def watch(self, markets: Iterable[MarketId]) -> None:
        """Watch these markets, most wanted first, and no others.

        A market stays on its socket. What finds no room, or is not known, is counted
        and not watched; coverage tells.
        """
        wanted: dict[MarketId, Entry] = {}
        asked = dict.fromkeys(markets)
        room = len(self._shards) * (self._settings.tokens_per_socket // 2)
        for market in asked:
            entry = self._registry.get(market)
            if entry is None:
                self._health.count(WHERE, "a market not listed")
            elif len(wanted) < room:
                wanted[market] = entry
            else:
                self._health.count(WHERE, "no room for a market")
        self._watch.should = len(asked)
        for market in [name for name in self._keeper.held if name not in wanted]:
            self._asking.forget(self._keeper.held[market].local.yes)
            self._keeper.drop(market)
        self._assign(wanted)

    def serves(self, market: MarketId) -> bool:
        """Tell whether a market's book is whole, trusted, and its word not too old."""
        return self._watch.serves(market)

    def status(self) -> list[SocketStatus]:
        """Return how each connection stands."""
        return self._watch.status()

    def _assign(self, wanted: dict[MarketId, Entry]) -> None:
        """Give each market a socket, the emptiest to each new one; tell the sockets."""
        kept = self._keeper.held
        parts: list[dict[MarketId, tuple[TokenId, TokenId]]] = [
            {} for _ in self._shards
        ]
        for market, entry in wanted.items():
            if market in kept:
                parts[kept[market].shard.number][market] = entry.tokens
        for market, entry in wanted.items():
            if market not in kept:
                shard = min(self._shards, key=lambda one: len(parts[one.number]))
                parts[shard.number][market] = entry.tokens
                self._keeper.add(begin(entry.market, shard, self._clock.now()))
        for shard in self._shards:
            if parts[shard.number].keys() != shard.markets.keys():
                shard.want(parts[shard.number])

    def _put(self, news: News) -> None:
        """Take what a socket says; it is applied in its turn."""
        if isinstance(news, Arrived) and len(self._queue) >= self._settings.queue_max:
            self._overflow()
        self._queue.append(news)
        self._arrived.set()

    def _overflow(self) -> None:
        """Throw away the frames that wait, and with them all that they were part of."""
        self._health.count(WHERE, "queue overflow")
        self._queue = deque(
            news for news in self._queue if not isinstance(news, Arrived)
        )
        for kept in self._keeper.held.values():
            self._keeper.lose(kept, TRADES, "too slow")
            if kept.sure:
                self._keeper.distrust(kept, "too slow")

    async def _consume(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            applied = 0
            while self._queue:
                self._handle(self._queue.popleft())
                applied += 1
                if applied % BREATH == 0:
                    await self._clock.sleep(0)

    def _handle(self, news: News) -> None:
        if isinstance(news, Arrived):
            for message in news.messages:
                try:
                    self._apply(message, news.at)
                except UnexpectedReply as error:
                    self._health.count(WHERE, f"refused: {error.message}")
            passed = (self._clock.now() - news.at) / MICROSECONDS
            self._health.delay("frame_to_inbox", passed / self._clock.speed)
        elif isinstance(news, Began):
            self._watch.began(news.shard)
        else:
            self._health.count(WHERE, f"socket ended: {news.reason}")
            self._watch.ended(news.shard, news.reason)

    def _apply(self, message: Message, at: int) -> None:
        if isinstance(message, LevelsFrame):
            self._keeper.levels(message, at)
        elif isinstance(message, BookFrame):
            self._keeper.book(message, at)
        elif isinstance(message, TradeFrame):
            self._trade(message, at)
        elif isinstance(message, BestFrame):
            self._keeper.best(message, at)
        elif isinstance(message, TickFrame):
            self._keeper.tick(message, at)
        elif isinstance(message, Notice):
            self._notices.take(message)
        else:
            self._refuse(message)

    def _trade(self, frame: TradeFrame, at: int) -> None:
        kept = self._keeper.by_token.get(frame.asset_id)
        if kept is None:
            self._health.count(WHERE, "of a market not watched")
            return
        kept.shard.trades.hear(at)
        self._keeper.hear(kept, at)
        why_not = self._trades.take(frame, kept.local.market, kept.trades_since)
        if why_not:
            self._health.count(WHERE, why_not)

    def _refuse(self, message: Refused) -> None:
        self._health.count(WHERE, f"refused: {message.reason}")
        self._keeper.refused(message.market, message.kind)

    def _asked(self, tokens: list[TokenId]) -> None:
        self._answers.asked(tokens, self._clock.now())

    def _answered(self, tokens: list[TokenId], books: Books | None) -> None:
        now = self._clock.now()
        answered = books or {}
        self._answers.unanswered([one for one in tokens if one not in answered], now)
        for token, book in answered.items():
            self._answers.answered(token, book, now)
