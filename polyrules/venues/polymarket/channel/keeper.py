"""Keeps the books of all watched markets and tells what becomes of them.

Messages of the sockets and answers of REST come in here; events go to the inbox. What
cannot be trusted is told lost at once, and told restored only together with a whole
book. A book under comparison keeps what its socket says meanwhile: a difference counts
only if the socket still does not say it after a grace.
"""

from collections.abc import Callable, Iterator

import msgspec

from polyrules.domain.events import (
    BookChanged,
    FeedLost,
    FeedRestored,
    LevelsChanged,
    TickChanged,
)
from polyrules.domain.ids import MarketId, TokenId
from polyrules.errors import UnexpectedReply
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket import wire
from polyrules.venues.polymarket.channel.asking import WHERE
from polyrules.venues.polymarket.channel.books import Distrust
from polyrules.venues.polymarket.channel.held import Held
from polyrules.venues.polymarket.channel.reading.frames import (
    BestFrame,
    BookFrame,
    LevelsFrame,
    TickFrame,
)
from polyrules.venues.polymarket.channel.settings import Settings
from polyrules.venues.polymarket.registry import Registry

BOOK, TRADES = "book", "trades"


class Keeper:
    """All watched markets.

    Args:
        registry: Where the price steps of markets are kept.
        inbox: Where events go.
        health: Where failures are counted.
        settings: Ages and patience.
        repair: Called with the token of a market whose whole book is needed.
        hurry: Called with the token of a market to compare at once.

    Attributes:
        held: The markets by id.
        by_token: The same by either token.
    """

    def __init__(  # noqa: PLR0917 - its parts, given once, in channel.py
        self,
        registry: Registry,
        inbox: Inbox,
        health: Health,
        settings: Settings,
        repair: Callable[[TokenId], None],
        hurry: Callable[[TokenId], None],
    ) -> None:
        self.held: dict[MarketId, Held] = {}
        self.by_token: dict[str, Held] = {}
        self._registry = registry
        self._inbox = inbox
        self._health = health
        self._settings = settings
        self._repair = repair
        self._hurry = hurry

    def add(self, held: Held) -> None:
        """Begin to keep a market."""
        self.held[held.local.market] = held
        self.by_token[held.local.yes] = held
        self.by_token[held.local.no] = held

    def drop(self, market: MarketId) -> None:
        """Keep a market no longer: from here on nothing is known of it."""
        held = self.held.pop(market)
        del self.by_token[held.local.yes], self.by_token[held.local.no]
        self.lose(held, BOOK, "not watched")
        self.lose(held, TRADES, "not watched")

    # What the sockets say.

    def levels(self, frame: LevelsFrame, at: int) -> None:
        """Apply a `price_change`."""
        entries = frame.price_changes
        held = self.by_token.get(entries[0].asset_id) if entries else None
        last = self.by_token.get(entries[-1].asset_id) if entries else None
        if held is None and last is None:
            self._health.count(WHERE, "of a market not watched")
        elif held is None or last is not held:
            for part in self._split(frame):
                self.levels(part, at)
        elif not held.sure:
            self._keep(held, frame)
            self.hear(held, at)
        else:
            if held.later is not None:
                self._keep(held, frame)
            self._apply(held, frame, at)

    def book(self, frame: BookFrame, at: int) -> None:
        """Take a whole book."""
        held = self.by_token.get(frame.asset_id)
        if held is None:
            self._health.count(WHERE, "of a market not watched")
            return
        self.hear(held, at)
        try:
            if held.sure:
                changed = held.local.whole(frame)
                if held.later is not None:
                    self._keep(held, frame)
            else:
                self._first(held, frame)
                changed = True
        except (Distrust, UnexpectedReply) as error:
            self._doubt(held, error, None)
            return
        held.confirmed_at = at
        held.missed = 0
        if frame.tick_size:
            self._tick(held, frame.tick_size, held.local.stamp)
        if changed:
            self.tell(held)
        self.restore(held, BOOK)

    def tick(self, frame: TickFrame, at: int) -> None:
        """Take a new price step: the book of the old one is worth nothing."""
        held = self.held.get(MarketId(frame.market))
        if held is None:
            self._health.count(WHERE, "of a market not watched")
            return
        self.hear(held, at)
        said = wire.time(frame.timestamp)
        if self._tick(held, frame.new_tick_size, said):
            self.distrust(held, "tick changed")

    def best(self, frame: BestFrame, at: int) -> None:
        """Compare stated best prices with the book; a difference is asked about."""
        held = self.by_token.get(frame.asset_id)
        if held is None:
            return
        self.hear(held, at)
        if held.sure and held.question is None and not held.local.agrees(frame):
            self._health.count(WHERE, "best_bid_ask differs")
            self._hurry(held.local.yes)

    def refused(self, market: str, kind: str) -> None:
        """Distrust a book whose message could not be read."""
        held = self.held.get(MarketId(market))
        if held is not None and held.sure and kind in {"book", "price_change", ""}:
            self.distrust(held, "a message was refused")

    # What becomes of a market.

    def distrust(self, held: Held, reason: str) -> None:
        """Let go of a book and wish for a whole one."""
        self._health.count(WHERE, f"distrust: {reason}")
        held.sure = False
        held.later = []
        held.question = None
        self.lose(held, BOOK, reason)
        self._repair(held.local.yes)

    def cut(self, held: Held, reason: str, now: int) -> None:
        """Let go of all that its socket told: it is gone."""
        held.sure = False
        held.later = []
        held.question = None
        held.heard_at = 0
        held.since = now
        held.local.forget()
        self.lose(held, BOOK, reason)
        self.lose(held, TRADES, reason)

    def lose(self, held: Held, feed: str, reason: str) -> None:
        """Tell that a feed is lost, once."""
        if feed not in held.lost:
            held.lost = {**held.lost, feed: reason}
            self._inbox.put(
                FeedLost(
                    at=self._inbox.now(),
                    feed=feed,
                    market=held.local.market,
                    reason=reason,
                )
            )

    def restore(self, held: Held, feed: str) -> None:
        """Tell that a feed is back, if it was lost."""
        if feed in held.lost:
            held.lost = {
                name: reason for name, reason in held.lost.items() if name != feed
            }
            at = self._inbox.now()
            if feed == TRADES:
                held.trades_since = at
            self._inbox.put(FeedRestored(at=at, feed=feed, market=held.local.market))

    def tell(self, held: Held) -> None:
        """Tell the whole book."""
        local = held.local
        bids, asks = local.sides()
        at = held.told_at = self._inbox.now()
        self._inbox.put(
            BookChanged(
                at=at,
                venue_at=local.stamp or None,
                market=local.market,
                token=local.yes,
                bids=bids,
                asks=asks,
            )
        )

    def hear(self, held: Held, at: int) -> None:
        """Note that a market's socket told of it: so it is subscribed."""
        held.heard_at = at
        held.shard.heard.hear(at)
        if held.lost:
            self.restore(held, TRADES)

    def _apply(self, held: Held, frame: LevelsFrame, at: int) -> None:
        try:
            changes = held.local.levels(frame)
        except (Distrust, UnexpectedReply) as error:
            self._doubt(held, error, frame)
            return
        self.hear(held, at)
        if changes:
            self._inbox.put(
                LevelsChanged(
                    at=self._inbox.now(),
                    venue_at=held.local.stamp,
                    market=held.local.market,
                    changes=changes,
                )
            )

    def _doubt(
        self, held: Held, error: Distrust | UnexpectedReply, frame: LevelsFrame | None
    ) -> None:
        if isinstance(error, UnexpectedReply):
            self._health.count(WHERE, f"refused: {error.message}")
            self.distrust(held, "a message was refused")
            return
        self.distrust(held, error.reason)
        if frame is not None and error.reason != "out of order":
            # REST may not know of it yet; what it already knows is skipped by stamp.
            held.later = [frame]

    def _keep(self, held: Held, frame: LevelsFrame | BookFrame) -> None:
        later = held.later = [] if held.later is None else held.later
        if len(later) >= self._settings.later_max:
            # A book asked for before this would lack what is thrown away here.
            later.clear()
            held.question = None
            self._health.count(WHERE, "too many messages kept")
        later.append(frame)

    def _first(self, held: Held, frame: BookFrame) -> None:
        """Take a whole book of the socket for a market that had none."""
        held.local.forget()
        held.local.whole(frame)
        held.local.replay(held.later or (), held.local.stamp + 1)
        self.be_sure(held)

    def be_sure(self, held: Held) -> None:
        """Trust a book from here on."""
        held.sure = True
        held.later = None
        held.question = None
        held.tries = 0

    def _tick(self, held: Held, text: str, said: int) -> bool:
        step = wire.decimal(text)
        if step is None or not 0 < step < 1:
            raise UnexpectedReply("a tick outside (0, 1)")
        if step == held.tick:
            return False
        held.tick = step
        entry = self._registry.get(held.local.market)
        if entry is not None:
            if entry.market.tick == step:
                return True  # who found out before us has told it
            entry.market = msgspec.structs.replace(entry.market, tick=step)
        self._inbox.put(
            TickChanged(
                at=self._inbox.now(),
                venue_at=said,
                market=held.local.market,
                tick=step,
            )
        )
        return True

    def _split(self, frame: LevelsFrame) -> Iterator[LevelsFrame]:
        """Yield a message about several markets as one for each."""
        parts: dict[int, LevelsFrame] = {}
        for entry in frame.price_changes:
            held = self.by_token.get(entry.asset_id)
            part = parts.setdefault(
                id(held), LevelsFrame(frame.market, [], frame.timestamp)
            )
            part.price_changes.append(entry)
        yield from parts.values()
