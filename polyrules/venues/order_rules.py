"""What the venue asks of an order before it takes it, in the venue's own words.

Pure questions about one order, its market and the levels it would take: empty text is
no objection. Money, closing times and the book itself are the exchange's to look at.

Source:
    docs.polymarket.com, error codes, order lifecycle and fees.
"""

from decimal import Decimal

from polyrules.domain.market import Market
from polyrules.domain.money import (
    ONE,
    SHARE_STEP,
    Side,
    from_micros,
    opposite,
    taker_fee,
    to_micros,
)
from polyrules.domain.orders import Order, TimeInForce
from polyrules.venues.liquidity import Offer

MARKETABLE_USD_MIN = Decimal(1)
IMMEDIATE = frozenset({TimeInForce.FAK, TimeInForce.FOK})


def malformed(order: Order, market: Market) -> str:
    """Return what is wrong with an order before any book is looked at; else nothing.

    Source:
        venue rules and wording: docs.polymarket.com, error codes.
    """
    price, size, tick = order.price, order.size, market.tick
    name = f"order {order.client_order_id} is invalid."
    if order.token not in (market.yes, market.no):
        return f"No orderbook exists for the requested token id {order.token}"
    if not (price.is_finite() and tick <= price <= 1 - tick):
        return f"{name} Price ({price}), min: {tick} - max: {1 - tick}"
    if price % tick:
        return f"{name} Price ({price}) breaks minimum tick size rule: {tick}"
    if not size.is_finite() or size <= 0:
        return f"{name} Size ({size}) lower than the minimum: {SHARE_STEP}"
    if size % SHARE_STEP:
        places = -int(size.as_tuple().exponent)
        return (
            f"{name} Size ({size}) has {places} decimal places. Maximum lot size is 2"
        )
    if order.post_only and order.time_in_force in IMMEDIATE:
        kind = order.time_in_force.value
        return f"invalid post-only order: it must be GTC or GTD, was {kind}"
    return ""


def unmatched(order: Order, plan: list[Offer], market: Market) -> str:
    """Return why an order cannot do what it says with what the book has; else nothing.

    `plan` holds the levels it would take now, none if it is not marketable.
    """
    immediate = order.time_in_force in IMMEDIATE
    taken = from_micros(sum(size for _, size in plan))
    if order.post_only and plan:
        return "invalid post-only order: order crosses book"
    if order.time_in_force is TimeInForce.FOK and taken < order.size:
        return (
            "order couldn't be fully filled. FOK orders are fully filled or killed. "
            f"({taken} of {order.size} there)"
        )
    if order.time_in_force is TimeInForce.FAK and not plan:
        return (
            "no orders found to match with FAK order. FAK orders are partially filled "
            "or killed if no match is found."
        )
    if not immediate and taken < order.size < market.size_min:
        return (
            f"order {order.client_order_id} is invalid. Size ({order.size}) lower than "
            f"the minimum: {market.size_min}"
        )
    if not plan:
        return ""
    if market.fee_rate is None:
        return f"the fee rate of market {market.id} is unknown: no order can take"
    amount = order.price * order.size
    if order.side is Side.BUY and amount < MARKETABLE_USD_MIN:
        return (
            f"invalid amount for a marketable BUY order (${amount}), "
            f"min size: ${MARKETABLE_USD_MIN}"
        )
    return ""


def needed(order: Order, plan: list[Offer], market: Market) -> Decimal:
    """Return the dollars a buy must have behind it.

    The venue asks for the limit and its fee; what the plan costs to the last rounding
    of a fee may lie a hair above that.
    """
    limit: Decimal = order.price * order.size
    if not plan:
        return limit
    assert market.fee_rate is not None, "checked before any order takes"
    exact = order.price * (order.size - from_micros(sum(size for _, size in plan)))
    for yes_price, micros in plan:
        own = yes_price if order.token == market.yes else ONE - yes_price
        price, size = from_micros(own), from_micros(micros)
        exact += price * size + taker_fee(price, size, market.fee_rate)
    return max(limit + taker_fee(order.price, order.size, market.fee_rate), exact)


def in_yes(order: Order, market: Market) -> tuple[Side, int]:
    """Return side and limit [micro-usd] of an order in YES terms."""
    if order.token == market.yes:
        return order.side, to_micros(order.price)
    return opposite(order.side), ONE - to_micros(order.price)
