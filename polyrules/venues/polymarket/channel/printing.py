"""Trades and notices of the channel, each told once.

The venue repeats: a frame may come twice, a notice on every socket, and trades of half
an hour ago are played again after a reconnect.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from polyrules.domain.events import TradePrinted
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.moments import MINUTE
from polyrules.errors import UnexpectedReply
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket import wire
from polyrules.venues.polymarket.channel.reading.frames import Notice, TradeFrame
from polyrules.venues.polymarket.channel.reading.micros import PRICES, SIZES, stamp

REPLAYED_AFTER = 5 * MINUTE  # behind the newest trade heard, in the venue's own time
REMEMBERED = 10_000


class Once:
    """Remembers the last things it saw, so that a repetition is noticed."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._order: deque[object] = deque()
        self._seen: set[object] = set()
        self._most = most

    def is_new(self, thing: object) -> bool:
        """Tell whether this was not seen lately, and remember it."""
        if thing in self._seen:
            return False
        self._seen.add(thing)
        self._order.append(thing)
        if len(self._order) > self._most:
            self._seen.remove(self._order.popleft())
        return True


class Trades:
    """Turns `last_trade_price` into events, without repetitions and replays."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._once = Once()
        self._newest = 0

    def take(self, frame: TradeFrame, market: MarketId, since: int = 0) -> str:
        """Tell a trade; return "", or why it was not told.

        One that was made before `since` [microseconds UTC] is history: who was not
        there yet reads it from the venue's list, and it is no news.

        Raises:
            UnexpectedReply: It is impossible.
        """
        at, price, size = stamp(frame.timestamp), PRICES[frame.price], SIZES[frame.size]
        if size == 0:
            raise UnexpectedReply("a trade of 0 shares")
        transaction = frame.transaction_hash or ""
        if at < self._newest - REPLAYED_AFTER:
            return "an old trade"
        if at < since:
            return "a trade from before it was followed"
        # Without a transaction two equal prints cannot be told from one sent twice.
        if transaction and not self._once.is_new(
            (transaction, frame.asset_id, price, size, frame.side, at)
        ):
            return "a trade told before"
        self._newest = max(self._newest, at)
        self._inbox.put(
            TradePrinted(
                at=self._inbox.now(),
                venue_at=at,
                market=market,
                token=TokenId(frame.asset_id),
                side=frame.side,
                price=price,
                size=size,
                transaction=transaction,
            )
        )
        return ""


class Notices:
    """Hands on what the venue announces of markets, once.

    Args:
        on_new_market: Gets the venue's own `new_market` message.
        on_resolved: Gets the time and the message of a `market_resolved`.
    """

    def __init__(
        self,
        on_new_market: Callable[[dict[str, Any]], None],
        on_resolved: Callable[[int, wire.WireResolved], None],
    ) -> None:
        self._on_new_market = on_new_market
        self._on_resolved = on_resolved
        self._once = Once()

    def take(self, notice: Notice) -> None:
        """Hand on a notice unless it was before.

        Raises:
            UnexpectedReply: It is impossible.
        """
        market = notice.payload.get("market")
        if not isinstance(market, str) or not market:
            raise UnexpectedReply("a notice that names no market")
        if notice.kind == "new_market":
            if self._once.is_new((notice.kind, market)):
                self._on_new_market(notice.payload)
            return
        at, answer = wire.resolved(notice.payload)
        if self._once.is_new((notice.kind, market, answer.winning_asset_id, at)):
            self._on_resolved(at, answer)
