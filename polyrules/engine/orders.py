"""Approved decisions to commands, and commands that time itself asks for."""

from collections.abc import Iterator

from polyrules.domain.ids import RunId, client_order_id
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
) -> tuple[Command, ...]:
    """Cancel what stands in the way, then place.

    An open order of ours on the other side of the same token would trade with
    ourselves, so it goes first.
    """
    opposite = tuple(
        CancelOrder(live.order.client_order_id, "opposite side")
        for live in state.open_orders(decision.market)
        if live.order.token == decision.token
        and live.order.side is not decision.side
        and not live.cancelling
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
