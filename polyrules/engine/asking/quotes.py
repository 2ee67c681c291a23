"""Quotes: orders that are to rest, compared with those that do.

A quote says what should stand in the book. What stands there already and is near enough
stays; the rest is taken back and placed anew; and what no rule quotes any more goes.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from polyrules.domain.ids import ClientOrderId, TokenId
from polyrules.domain.market import Market
from polyrules.domain.money import Price, Shares, Side, shares_of
from polyrules.domain.orders import CancelOrder, Order, TimeInForce
from polyrules.domain.steps import Decision
from polyrules.engine.asking.policy import Asked, Wish
from polyrules.engine.asking.wishes import Fired, message, on_tick
from polyrules.engine.state import OpenOrder, State
from polyrules.language.actions import Quote, QuoteSide
from polyrules.language.strategy import Strategy

NO_LONGER = "no longer quoted"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A side of a quote as an order could express it."""

    token: TokenId
    side: Side
    price: Price
    shares: Shares


class Quotes:
    """The quotes of one strategy in one evaluation.

    Args:
        strategy: Whose.
        state: As the evaluation sees it.
    """

    def __init__(self, strategy: Strategy, state: State) -> None:
        self._strategy = strategy
        self._state = state
        self._rules = {r.id for r in strategy.rules if isinstance(r.then, Quote)}
        self._kept: set[ClientOrderId] = set()
        self._taken: set[ClientOrderId] = set()  # kept or replaced, for one row each

    def place(self, fired: Fired) -> Iterator[Wish]:
        """Yield the sides of a quote that do not rest yet."""
        quote = fired.rule.then
        assert isinstance(quote, Quote), "asked for quotes only"
        known = fired.market(self._state, quote.market)
        sides = (
            self._wanted(side, index, fired, known.market)
            for index, side in enumerate(quote.sides)
        )
        wanted = [side for side in sides if side is not None]
        resting = self._resting(fired.rule.id, known.market, wanted)
        for one, live in zip(wanted, resting, strict=True):
            if live is not None and live.cancelling:
                continue  # its place is not free before the venue says so
            if live is not None:
                self._taken.add(live.order.client_order_id)
                if self._stays(live, one, quote, fired):
                    self._kept.add(live.order.client_order_id)
                    continue
            yield self._wish(one, live, quote, fired, known.market)

    def stale(self, markets: frozenset[str] | None = None) -> Asked:
        """Return the cancels of what rests and was not quoted, or was replaced.

        Args:
            markets: Of which markets; None: all. What was replaced goes anyway.
        """
        cancels = tuple(
            CancelOrder(order.client_order_id, NO_LONGER)
            for order in self._standing()
            if order.client_order_id not in self._kept
            and (
                markets is None
                or order.market in markets
                or order.client_order_id in self._taken
            )
        )
        return Asked(cancels=cancels)

    def _standing(self) -> Iterator[Order]:
        """Yield the orders of quotes that nobody has taken back yet."""
        for live in self._state.open_orders(strategy=self._strategy.id):
            if live.order.rule in self._rules and not live.cancelling:
                yield live.order

    def _wanted(
        self, side: QuoteSide, index: int, fired: Fired, market: Market
    ) -> Wanted | None:
        told = fired.number(f"shares_{index}")
        price = fired.number(f"price_{index}")
        if told is None or price is None or told <= 0:
            return None
        shares, token, way = shares_of(told), _token(side.token, market), side.side
        if way is Side.SELL:
            free = self._free(fired.rule.id, market, token)
            if side.or_buy is not None and free < max(market.size_min, shares_of(1)):
                token, way, price = _token(side.or_buy, market), Side.BUY, 1.0 - price
            elif min(shares, free) < market.size_min:
                return None  # too few to rest; what must go is for the exits
            else:
                shares = Shares(min(shares, free))
        at = on_tick(price, market, way)
        if at is None or shares <= 0:
            return None
        return Wanted(token=token, side=way, price=at, shares=shares)

    def _free(self, rule: str, market: Market, token: TokenId) -> Shares:
        """Return what may be sold, what this rule offers for sale already included."""
        free = self._state.sellable(self._strategy.id, token)
        for live in self._state.open_orders(market.id, self._strategy.id):
            order = live.order
            if order.rule == rule and order.token == token and order.side is Side.SELL:
                free += live.remaining
        return Shares(free)

    def _resting(
        self, rule: str, market: Market, wanted: list[Wanted]
    ) -> list[OpenOrder | None]:
        """Return for each wanted order the resting one whose place it takes.

        A quote may want several orders on one side: those nearest in price belong
        together, and none takes the place of two, nor of one for another row.
        """
        found: list[OpenOrder | None] = [None] * len(wanted)
        candidates = self._candidates(rule, market, wanted)
        for _, index, live in sorted(candidates, key=_nearest):
            if found[index] is None and all(live is not other for other in found):
                found[index] = live
        return found

    def _candidates(
        self, rule: str, market: Market, wanted: list[Wanted]
    ) -> Iterator[tuple[Decimal, int, OpenOrder]]:
        for live in self._state.open_orders(market.id, self._strategy.id):
            order = live.order
            if order.client_order_id in self._taken:
                continue
            for index, one in enumerate(wanted):
                same = order.token == one.token and order.side is one.side
                if order.rule == rule and same:
                    yield abs(order.price - one.price), index, live

    def _stays(
        self, resting: OpenOrder, wanted: Wanted, quote: Quote, fired: Fired
    ) -> bool:
        if self._state.now - resting.placed_at < quote.min_interval:
            return True
        if resting.remaining > wanted.shares:
            return False  # more is offered than is wanted now
        moved = abs(float(resting.order.price - wanted.price))
        return moved == 0.0 or moved < (fired.number("if_moved") or 0.0) - 1e-9

    def _wish(
        self,
        wanted: Wanted,
        resting: OpenOrder | None,
        quote: Quote,
        fired: Fired,
        market: Market,
    ) -> Wish:
        decision = Decision(
            strategy=self._strategy.id,
            rule=fired.rule.id,
            market=market.id,
            token=wanted.token,
            side=wanted.side,
            price=wanted.price,
            size=wanted.shares,
            values=fired.values,
            edge=fired.number("edge"),
            confidence=fired.number("confidence"),
            reason=message(quote.reason, fired.values),
            time_in_force=TimeInForce.GTC,
            post_only=quote.post_only,
            ttl=quote.ttl or None,
            reduces=wanted.side is Side.SELL,
        )
        return Wish(
            decisions=(decision,),
            priority=fired.priority,
            group=market.group or "",
            replaces=resting.order.client_order_id if resting else None,
            quotes=True,
        )


def _nearest(candidate: tuple[Decimal, int, OpenOrder]) -> tuple[Decimal, int]:
    return candidate[:2]


def _token(token: str, market: Market) -> TokenId:
    return market.yes if token == "yes" else market.no
