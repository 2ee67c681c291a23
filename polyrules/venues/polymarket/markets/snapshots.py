"""Whole books by request, many at a time.

What the venue sends is what is told: a crossed or garbled book is counted, and the
crossed one passed on for the reader to distrust. A token without a book is simply not
among the answers. Nothing here retries or waits; whoever asks does.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from polyrules.clock import Clock
from polyrules.domain.events import BookChanged, TickChanged
from polyrules.domain.ids import TokenId
from polyrules.errors import UnexpectedReply
from polyrules.venues.http.failures import Refused
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket import wire
from polyrules.venues.polymarket.markets.pages import UNREADABLE, Source
from polyrules.venues.polymarket.registry import Entry, Registry
from polyrules.venues.polymarket.wire import WireBook

BATCH = 500  # tokens the venue takes in one POST /books (venue sheet 2.2)
SPOILED = (400, 404, 413)  # statuses that one token, or too many, may be the cause of
ASKS = 40  # requests a spoiled batch may cost: enough to find two bad tokens of 500
BREATH = 25  # books read before others on the loop have their turn
BOOKS = msgspec.json.Decoder(list[msgspec.Raw])
BOOK = msgspec.json.Decoder(dict[str, Any])


class Snapshots:
    """Asks for books, and takes note of who has none and whose tick is another."""

    def __init__(
        self,
        rest_clob: Source,
        registry: Registry,
        inbox: Inbox,
        clock: Clock,
        health: Health,
    ) -> None:
        self._rest = rest_clob
        self._registry = registry
        self._inbox = inbox
        self._clock = clock
        self._health = health

    async def books(self, tokens: Sequence[TokenId]) -> dict[TokenId, BookChanged]:
        """Return the books of `tokens` as far as the venue has them.

        `at` is when they came, `venue_at` the venue's stamp. A tick that differs from
        the known one is put into the inbox as TickChanged before this returns.

        Raises:
            VenueError: The venue did not answer; the same question may be asked later.
        """
        found: dict[TokenId, BookChanged] = {}
        for first in range(0, len(tokens), BATCH):
            await self._batch(tokens[first : first + BATCH], found)
        return found

    async def _batch(
        self, tokens: Sequence[TokenId], found: dict[TokenId, BookChanged]
    ) -> None:
        """Ask for a batch; for its halves where the venue refuses the whole.

        One token the venue does not know may spoil a batch.
        """
        asks, waiting = 0, [tokens]
        while waiting:
            part, asks = waiting.pop(), asks + 1
            try:
                await self._ask(part, found)
            except Refused as error:
                if error.status not in SPOILED or asks > ASKS:
                    raise
                self._health.count("books", "batch refused")
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]] if middle else []
                if not middle:
                    self._note(part[0], seen=False)

    async def _ask(
        self, tokens: Sequence[TokenId], found: dict[TokenId, BookChanged]
    ) -> None:
        body = await self._rest.post(
            "/books", [{"token_id": token} for token in tokens]
        )
        await self._read(body, frozenset(tokens), found)
        for token in tokens:
            self._note(token, seen=token in found)

    async def _read(
        self,
        body: bytes,
        asked: frozenset[TokenId],
        found: dict[TokenId, BookChanged],
    ) -> None:
        try:
            raws = BOOKS.decode(body)
        except UNREADABLE as error:
            raise UnexpectedReply("an answer to /books that is no list") from error
        for number, raw in enumerate(raws):
            if number % BREATH == BREATH - 1:
                await self._clock.sleep(0)
            self._take(raw, asked, found)

    def _take(
        self,
        raw: msgspec.Raw,
        asked: frozenset[TokenId],
        found: dict[TokenId, BookChanged],
    ) -> None:
        try:
            event, said = wire.book(BOOK.decode(raw))
        except UNREADABLE:
            self._health.count("books", "not a book")
            return
        except UnexpectedReply as error:
            self._health.count("books", str(error))
            return
        entry = self._registry.of_token(event.token)
        if event.token not in asked:
            self._health.count("books", "a book nobody asked for")
            return
        if event.bids and event.asks and event.bids[0][0] >= event.asks[0][0]:
            self._health.count("books", "crossed")
        if entry is not None:
            self._note_tick(entry, said)
            event = msgspec.structs.replace(event, market=entry.id)
        found[event.token] = msgspec.structs.replace(event, at=self._inbox.now())

    def _note(self, token: TokenId, *, seen: bool) -> None:
        entry = self._registry.of_token(token)
        if entry is not None:
            entry.has_book = seen
        if not seen:
            self._health.count("books", "missing")

    def _note_tick(self, entry: Entry, said: WireBook) -> None:
        try:
            tick = wire.decimal(said.tick_size)
        except UnexpectedReply:
            tick = None
        if tick is None or not 0 < tick < 1 or tick == entry.market.tick:
            return
        self._health.count("books", "another tick")
        entry.market = msgspec.structs.replace(entry.market, tick=tick)
        self._inbox.put(TickChanged(at=self._inbox.now(), market=entry.id, tick=tick))
