"""Approved decisions to commands, and commands that time itself asks for."""

from collections.abc import Iterator

from polyrules.domain.ids import ClientOrderId, RunId, client_order_id
from polyrules.domain.money import Side
from polyrules.domain.orders import CancelOrder, Command, Order, PlaceOrder
from polyrules.domain.steps import Approved, Decision
from polyrules.engine.state import State


def plan(
    decision: Decision,
    verdict: Approved,
    state: State,
    *,
    run: RunId,
    sequence: int,
    ordinal: int,
    basket: ClientOrderId | None = None,
) -> tuple[Command, ...]:
    """Cancel what stands in the way, then place.

    An open buy of ours that would trade with a sell goes first. (A buy that would
    trade with an order of ours never gets here: risk refuses it.)
    """
    opposite = tuple(
        CancelOrder(live.order.client_order_id, "would trade with our own order")
        for live in state.would_trade_with(decision)
        if live.order.side is Side.BUY and not live.cancelling
        if basket is None or live.order.basket != basket
    )
    order = Order(
        client_order_id=client_order_id(run, sequence, ordinal),
        strategy=decision.strategy,
        rule=decision.rule,
        market=decision.market,
        token=decision.token,
        side=decision.side,
        price=decision.price,
        size=verdict.size,
        time_in_force=decision.time_in_force,
        post_only=decision.post_only,
        expires_at=None if decision.ttl is None else state.now + decision.ttl,
        basket=basket,
    )
    return (*opposite, PlaceOrder(order))


def expired(state: State) -> Iterator[CancelOrder]:
    """Yield a cancel for every order whose time to live is over."""
    for live in state.open_orders():
        ends = live.order.expires_at
        if ends is not None and ends <= state.now and not live.cancelling:
            yield CancelOrder(live.order.client_order_id, "ttl")


def all_open(state: State, reason: str) -> Iterator[CancelOrder]:
    """Yield a cancel for every order that may still trade."""
    for live in state.open_orders():
        if not live.cancelling:
            yield CancelOrder(live.order.client_order_id, reason)
