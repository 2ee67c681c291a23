"""Baskets on their way: what to do when some legs filled and others did not.

The legs of a basket leave together, each to be filled whole or not at all. Where the
venue filled only some, the shares that have no counterpart are sold again: a basket
with a missing leg is a bet nobody made.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

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


class Baskets:
    """The baskets of which some leg may still fill, and what of them must go again."""

    def __init__(self) -> None:
        self._legs: dict[ClientOrderId, list[Order]] = {}
        self._filled: dict[ClientOrderId, Decimal] = {}
        self._over: dict[tuple[StrategyId, TokenId], tuple[Order, Decimal]] = {}

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
                self._over.pop((order.strategy, order.token), None)

    def see(self, fill: Filled) -> None:
        """Count what filled of a leg."""
        if fill.client_order_id in self._filled:
            self._filled[fill.client_order_id] += fill.size

    def settle(
        self, state: State, allowed: Mapping[StrategyId, Decimal]
    ) -> Iterator[Asked]:
        """Yield sales of what finished baskets hold too much of, until they left.

        Args:
            state: Orders and positions.
            allowed: Shares the legs may differ by, by strategy; 0 where none is given.
        """
        for basket, legs in list(self._legs.items()):
            if not any(leg.client_order_id in state.orders for leg in legs):
                del self._legs[basket]
                self._weigh(legs, allowed)
        for leg, over in self._over.values():
            held = _held(leg, over, state)
            if held is not None:
                rule = Exit(id=UNBALANCED)
                yield leave(leg.strategy, rule, held, state, {}, priority=FIRST)

    def _weigh(self, legs: list[Order], allowed: Mapping[StrategyId, Decimal]) -> None:
        filled = [self._filled.pop(leg.client_order_id) for leg in legs]
        for leg, shares in zip(legs, filled, strict=True):
            over = shares - min(filled)
            if leg.side is Side.BUY and over > allowed.get(leg.strategy, ZERO):
                self._over[leg.strategy, leg.token] = (leg, over)


def _held(leg: Order, over: Decimal, state: State) -> Held | None:
    position = state.own[leg.strategy].portfolio.positions.get(leg.token)
    if position is None:
        return None
    known = state.markets[leg.market]
    bid = known.bid(leg.token)
    return Held(
        position=position,
        known=known,
        free=min(over, state.sellable(leg.strategy, leg.token)),
        bid=None if bid is None else bid / ONE,
    )
