"""Baskets on their way: what to do when some legs filled and others did not.

The legs of a basket leave together, each to be filled whole or not at all. Where the
venue filled only some, the shares that have no counterpart are sold again: a basket
with a missing leg is a bet nobody made.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from polyrules.domain.events import Filled
from polyrules.domain.ids import ClientOrderId, StrategyId, TokenId
from polyrules.domain.money import ONE, ZERO, Side
from polyrules.domain.orders import Command, Order, PlaceOrder
from polyrules.engine.asking.exits import Held, leave
from polyrules.engine.asking.policy import Asked
from polyrules.engine.state import State
from polyrules.language.strategy import Exit

UNBALANCED = "unbalanced"
FIRST = 900_000  # priority: above any a file may give, below the hard stop
SALES_MAX = 20  # orders to sell one leg again: a rest no venue takes is let be

_Key = tuple[StrategyId, TokenId]
NOBODYS: _Key = (StrategyId(""), TokenId(""))


class _Over(msgspec.Struct, kw_only=True):
    """What has no counterpart: shares of a leg, and how often a sale of them left."""

    leg: Order
    shares: Decimal
    sales: int = 0


class Baskets:
    """The baskets of which some leg may still fill, and what of them must go again."""

    def __init__(self) -> None:
        self._legs: dict[ClientOrderId, list[Order]] = {}
        self._filled: dict[ClientOrderId, Decimal] = {}
        self._over: dict[_Key, _Over] = {}
        self._selling: dict[ClientOrderId, _Key] = {}

    def watch(self, commands: Iterable[Command]) -> None:
        """Remember the legs that leave, and what is sold again."""
        for command in commands:
            if not isinstance(command, PlaceOrder):
                continue
            order = command.order
            if order.basket is not None:
                self._legs.setdefault(order.basket, []).append(order)
                self._filled[order.client_order_id] = ZERO
            elif order.rule == UNBALANCED:
                key = (order.strategy, order.token)
                self._selling[order.client_order_id] = key
                if key in self._over:
                    self._over[key].sales += 1

    def see(self, fill: Filled) -> None:
        """Count what filled of a leg, or of what is sold again."""
        if fill.client_order_id in self._filled:
            self._filled[fill.client_order_id] += fill.size
        over = self._over.get(self._selling.get(fill.client_order_id, NOBODYS))
        if over is not None:
            over.shares -= fill.size

    def settle(
        self, state: State, allowed: Mapping[StrategyId, Decimal]
    ) -> Iterator[Asked]:
        """Yield sales of what finished baskets hold too much of, until it is sold.

        Args:
            state: Orders and positions.
            allowed: Shares the legs may differ by, by strategy; 0 where none is given.
        """
        for basket, legs in list(self._legs.items()):
            if not any(leg.client_order_id in state.orders for leg in legs):
                del self._legs[basket]
                self._weigh(legs, allowed)
        self._selling = {
            order: key for order, key in self._selling.items() if order in state.orders
        }
        for key, over in list(self._over.items()):
            held = _held(over, state)
            if held is None or over.sales >= SALES_MAX:
                del self._over[key]
            else:
                rule = Exit(id=UNBALANCED)
                yield leave(over.leg.strategy, rule, held, state, {}, priority=FIRST)

    def _weigh(self, legs: list[Order], allowed: Mapping[StrategyId, Decimal]) -> None:
        filled = [self._filled.pop(leg.client_order_id) for leg in legs]
        for leg, shares in zip(legs, filled, strict=True):
            over = shares - min(filled)
            if leg.side is Side.BUY and over > allowed.get(leg.strategy, ZERO):
                key = (leg.strategy, leg.token)
                before = self._over[key].shares if key in self._over else ZERO
                self._over[key] = _Over(leg=leg, shares=before + over)


def _held(over: _Over, state: State) -> Held | None:
    """Return what is to be sold again; None where nothing is left of it."""
    leg = over.leg
    position = state.own[leg.strategy].portfolio.positions.get(leg.token)
    if position is None or over.shares <= 0:
        return None
    known = state.markets[leg.market]
    bid = known.bid(leg.token)
    return Held(
        position=position,
        known=known,
        free=min(over.shares, state.sellable(leg.strategy, leg.token)),
        bid=None if bid is None else bid / ONE,
    )
