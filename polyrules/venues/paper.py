"""A pretended exchange: real books in, pretended fills out.

It fills only against size that the book shows, never at a better price than shown and
never twice against the same size, or against a public trade at the order's price. It
knows no latency, no queue, no market impact beyond the size taken and no adverse
selection: its profits are an upper bound, and whoever prints one prints `OPTIMISM`
beside it. Orders live in YES terms: to buy NO at p is to sell YES at 1 - p.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from decimal import Decimal

import msgspec

from polyrules.domain.events import (
    BookChanged,
    Event,
    FeedLost,
    Filled,
    LevelsChanged,
    MarketChanged,
    MarketListed,
    MarketResolved,
    OrderReported,
    Settled,
    TickChanged,
    TradePrinted,
)
from polyrules.domain.ids import ClientOrderId, MarketId
from polyrules.domain.market import Market, merged
from polyrules.domain.money import (
    ONE,
    ZERO,
    Price,
    Shares,
    Side,
    Usd,
    from_micros,
    opposite,
    taker_fee,
    to_micros,
)
from polyrules.domain.orders import (
    CancelOrder,
    Command,
    Order,
    PlaceOrder,
    Report,
)
from polyrules.domain.portfolio import Portfolio
from polyrules.domain.ports import Feed
from polyrules.errors import InvariantError
from polyrules.venues.liquidity import LOT, Liquidity, Offer
from polyrules.venues.order_rules import IMMEDIATE, in_yes, malformed, needed, unmatched

OPTIMISM = (
    "paper is optimistic: it fills at the shown size, without latency, queue, market "
    "impact beyond the size taken, or adverse selection"
)


class Working(msgspec.Struct, kw_only=True):
    """An order that rests: its side and limit in YES terms, what is left of it.

    `limit` in micro-usd, `left` in micro-shares, `reserved` the dollars kept for it.
    """

    order: Order
    side: Side
    limit: int
    left: int
    reserved: Decimal = ZERO


class Pit(msgspec.Struct, kw_only=True):
    """One market as the paper exchange sees it."""

    market: Market
    liquidity: Liquidity
    working: dict[ClientOrderId, Working] = {}
    accepting: bool = True
    resolved: bool = False

    def closed(self, at: int) -> str:
        """Return why no order is taken at `at`; empty if it is."""
        name, end = self.market.id, self.market.end
        if self.resolved:
            return f"market {name} is resolved: it takes no orders"
        if not self.accepting:
            return f"market {name} is closed: it takes no orders"
        if end is not None and at >= end:
            return f"market {name} ended at {end}, now is {at}: it takes no orders"
        return ""


class Paper:
    """An Exchange over any Feed, with pretended money.

    Attributes:
        portfolio: What the pretended account holds; for reading only.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        cash: Usd,
        refill: bool = False,
        book_age_max: int | None = None,
    ) -> None:
        """Open an account of `cash` [usd].

        Args:
            feed: Where the books come from.
            cash: What there is to spend [usd].
            refill: Each new book brings back what was taken from the one before: for
                books that are assumed around a price series.
            book_age_max: Age [microseconds] from which a book fills nothing any more;
                None: never.
        """
        self.portfolio = Portfolio(cash)
        self._feed = feed
        self._refill = refill
        self._book_age_max = book_age_max
        self._inbox: deque[Command] = deque()
        self._pits: dict[MarketId, Pit] = {}
        self._resolved: set[MarketId] = set()
        self._where: dict[ClientOrderId, Pit] = {}
        self._reserved = ZERO

    async def submit(self, command: Command) -> None:
        """Take a command; it is answered before the next event of the feed."""
        self._inbox.append(command)

    async def events(self) -> AsyncIterator[Event]:
        """Yield the feed, and after each event what became of our orders.

        First what the event did to orders that rested already, then the answers to the
        commands it caused, until there are no more.
        """
        async for event in self._feed.events():
            caused = self._observe(event)
            yield event
            for answer in caused:
                yield answer
            while self._inbox:
                for answer in self._answer(self._inbox.popleft(), event.at):
                    yield answer

    def _observe(self, event: Event) -> Iterable[Event]:
        match event:
            case BookChanged() | LevelsChanged():
                return self._change_book(event)
            case TradePrinted():
                return self._trade(event)
            case MarketListed() | MarketChanged():
                self._describe(event)
            case TickChanged():
                pit = self._pits.get(event.market)
                if pit is not None:
                    pit.market = msgspec.structs.replace(pit.market, tick=event.tick)
            case MarketResolved():
                return self._resolve(event)
            case FeedLost(feed="book"):
                for pit in self._named(event.market):
                    pit.liquidity.lose()
            case _:
                pass
        return ()

    def _named(self, market: MarketId | None) -> Iterable[Pit]:
        """Return one market, or all; none where nobody described it."""
        if market is None:
            return self._pits.values()
        pit = self._pits.get(market)
        return () if pit is None else (pit,)

    def _describe(self, event: MarketListed | MarketChanged) -> None:
        market = event.market
        pit = self._pits.get(market.id)
        if pit is None:
            pit = Pit(
                market=market,
                liquidity=Liquidity(refill=self._refill),
                resolved=market.id in self._resolved,
            )
            self._pits[market.id] = pit
        turned = market.yes != pit.market.yes
        pit.market = merged(pit.market, market)
        if turned:  # what is known was told in terms of the other token
            pit.liquidity.lose()
            for working in pit.working.values():
                working.side, working.limit = in_yes(working.order, pit.market)
        if event.listing.accepting_orders is not None:
            pit.accepting = event.listing.accepting_orders

    def _change_book(self, event: BookChanged | LevelsChanged) -> Iterable[Event]:
        pit = self._pits.get(event.market)
        if pit is None:
            return ()  # nobody said which token is YES
        if isinstance(event, BookChanged):
            pit.liquidity.replace(event, pit.market)
        else:
            for change in event.changes:
                pit.liquidity.change(change, pit.market, event.at)
        if not pit.working or pit.closed(event.at):
            return ()
        return list(self._match_resting(pit, event.at))

    def _match_resting(self, pit: Pit, at: int) -> Iterator[Event]:
        """Fill resting orders at their own limits from the levels that reach them."""
        for side in Side:
            for working in _by_priority(pit, side):
                for offer in list(pit.liquidity.offers(side, working.limit)):
                    size = min(offer[1], working.left)
                    if size:
                        pit.liquidity.take(side, offer[0], size)
                        yield self._fill_resting(pit, working, size, at)

    def _trade(self, event: TradePrinted) -> Iterable[Event]:
        pit = self._pits.get(event.market)
        if pit is None or not pit.working or pit.closed(event.at):
            return ()
        if event.token not in (pit.market.yes, pit.market.no) or pit.liquidity.crossed:
            return ()
        return list(self._match_trade(pit, event))

    def _match_trade(self, pit: Pit, event: TradePrinted) -> Iterator[Event]:
        """Fill resting orders with a stranger's trade at their price or past it.

        The stranger was on the other side and found a price no better than ours, so he
        would have met us (if we were first in the queue). His size is all there is.
        """
        taker, price = event.side, event.price
        if event.token == pit.market.no:
            taker, price = opposite(taker), ONE - price
        side = opposite(taker)
        left = event.size - event.size % LOT
        for working in _by_priority(pit, side):
            reached = (
                price <= working.limit if side is Side.BUY else price >= working.limit
            )
            size = min(left, working.left)
            if not reached or not size:
                return
            left -= size
            yield self._fill_resting(pit, working, size, event.at)

    def _resolve(self, event: MarketResolved) -> Iterable[Event]:
        self._resolved.add(event.market)
        pit = self._pits.get(event.market)
        if pit is None or pit.resolved:
            return ()
        pit.resolved = True
        said: list[Event] = [
            self._cancel(pit, working, event.at, "market resolved")
            for working in tuple(pit.working.values())
        ]
        payouts = (
            (pit.market.yes, event.payout_yes),
            (pit.market.no, 1 - event.payout_yes),
        )
        for token, payout in payouts:
            held = self.portfolio.positions.get(token)
            if held is not None:
                settled = Settled(
                    at=event.at,
                    market=event.market,
                    token=token,
                    size=Shares(held.shares),
                    payout=payout,
                )
                self.portfolio.apply(settled)
                said.append(settled)
        return said

    def _answer(self, command: Command, at: int) -> list[Event]:
        match command:
            case PlaceOrder(order=order):
                return self._place(order, at)
            case CancelOrder(client_order_id=order_id, reason=reason):
                pit = self._where.get(order_id)
                if pit is None:
                    return []  # already final: its last report said so
                return [self._cancel(pit, pit.working[order_id], at, reason)]

    def _place(self, order: Order, at: int) -> list[Event]:
        pit = self._pits.get(order.market)
        if pit is None:
            return [_rejected(order, at, f"market not found: {order.market}")]
        if order.client_order_id in self._where:
            raise InvariantError(f"order {order.client_order_id} was placed twice")
        reason = pit.closed(at) or malformed(order, pit.market)
        if reason:
            return [_rejected(order, at, reason)]
        plan = self._plan(pit, order, at)
        reason = unmatched(order, plan, pit.market) or self._unfunded(pit, order, plan)
        if reason:
            return [_rejected(order, at, reason)]
        return list(self._accept(pit, order, plan, at))

    def _plan(self, pit: Pit, order: Order, at: int) -> list[Offer]:
        """Return the levels, in YES terms, that `order` would take right now."""
        shown_at, age_max = pit.liquidity.at, self._book_age_max
        if shown_at is None or (age_max is not None and at - shown_at > age_max):
            return []
        side, limit = in_yes(order, pit.market)
        left = to_micros(order.size)
        plan: list[Offer] = []
        for price, size in pit.liquidity.offers(side, limit):
            plan.append((price, min(size, left)))
            left -= plan[-1][1]
            if not left:
                break
        return plan

    def _unfunded(self, pit: Pit, order: Order, plan: list[Offer]) -> str:
        if order.side is Side.SELL:
            held = self.portfolio.positions.get(order.token)
            selling = (
                from_micros(working.left)
                for working in pit.working.values()
                if working.order.token == order.token
                and working.order.side is Side.SELL
            )
            free = (held.shares if held else ZERO) - sum(selling, ZERO)
            wanted: Decimal = order.size
        else:
            free = self.portfolio.cash - self._reserved
            wanted = needed(order, plan, pit.market)
        if wanted <= free:
            return ""
        return (
            "not enough balance / allowance: the balance is not enough -> "
            f"balance: {free}, order amount: {wanted}"
        )

    def _accept(
        self, pit: Pit, order: Order, plan: list[Offer], at: int
    ) -> Iterator[Event]:
        side, limit = in_yes(order, pit.market)
        working = Working(
            order=order, side=side, limit=limit, left=to_micros(order.size)
        )
        pit.working[order.client_order_id] = working
        self._where[order.client_order_id] = pit
        self._reserve(working)
        yield _said(order, at, Report.ACCEPTED)
        for price, size in plan:
            pit.liquidity.take(side, price, size)
            yield self._fill_taking(pit, working, price, size, at)
        if working.left and order.time_in_force in IMMEDIATE:
            filled = order.size - from_micros(working.left)
            killed = f"FAK: {filled} of {order.size} filled, the rest is killed"
            yield self._cancel(pit, working, at, killed)

    def _fill_taking(
        self, pit: Pit, working: Working, price: int, size: int, at: int
    ) -> Filled:
        if working.order.token == pit.market.no:
            price = ONE - price
        paid, shares = Price(from_micros(price)), Shares(from_micros(size))
        assert pit.market.fee_rate is not None, "checked before any order takes"
        fee = taker_fee(paid, shares, pit.market.fee_rate)
        return self._fill(pit, working, paid, size, at, fee=fee, maker=False)

    def _fill_resting(self, pit: Pit, working: Working, size: int, at: int) -> Filled:
        price = working.order.price
        return self._fill(pit, working, price, size, at, fee=Usd(ZERO), maker=True)

    def _fill(
        self,
        pit: Pit,
        working: Working,
        price: Price,
        size: int,
        at: int,
        *,
        fee: Usd,
        maker: bool,
    ) -> Filled:
        order = working.order
        filled = Filled(
            at=at,
            client_order_id=order.client_order_id,
            market=order.market,
            token=order.token,
            side=order.side,
            price=price,
            size=Shares(from_micros(size)),
            fee=fee,
            maker=maker,
        )
        self.portfolio.apply(filled)
        working.left -= size
        self._reserve(working)
        if not working.left:
            self._drop(pit, working)
        return filled

    def _cancel(self, pit: Pit, working: Working, at: int, reason: str) -> Event:
        working.left = 0
        self._reserve(working)
        self._drop(pit, working)
        return _said(working.order, at, Report.CANCELLED, reason)

    def _reserve(self, working: Working) -> None:
        """Keep the dollars that what is left of a buy may still cost."""
        if working.order.side is Side.BUY:
            needs = working.order.price * from_micros(working.left)
            self._reserved += needs - working.reserved
            working.reserved = needs

    def _drop(self, pit: Pit, working: Working) -> None:
        del pit.working[working.order.client_order_id]
        del self._where[working.order.client_order_id]


def _by_priority(pit: Pit, side: Side) -> list[Working]:
    """Return the orders on `side`, best limit first, then oldest first."""
    waiting = [w for w in pit.working.values() if w.side is side]
    return sorted(waiting, key=lambda w: w.limit, reverse=side is Side.BUY)


def _said(order: Order, at: int, report: Report, reason: str = "") -> OrderReported:
    return OrderReported(
        at=at, client_order_id=order.client_order_id, report=report, reason=reason
    )


def _rejected(order: Order, at: int, reason: str) -> OrderReported:
    return _said(order, at, Report.REJECTED, reason)
