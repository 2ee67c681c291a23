"""Orders and the life they may lead."""

from enum import Enum

import msgspec

from polyrules.domain.ids import ClientOrderId, MarketId, StrategyId, TokenId
from polyrules.domain.money import Price, Shares, Side
from polyrules.errors import InvariantError


class TimeInForce(Enum):
    """How long an order may rest. The CLOB's own names."""

    GTC = "GTC"
    GTD = "GTD"
    FOK = "FOK"
    FAK = "FAK"


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What we ask of the venue. Never changed: a new price is a new order.

    `expires_at` [microseconds UTC] is our own promise to cancel, not the venue's;
    `basket` is the first order of the basket it is a leg of.
    """

    client_order_id: ClientOrderId
    strategy: StrategyId
    rule: str
    market: MarketId
    token: TokenId
    side: Side
    price: Price
    size: Shares
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    expires_at: int | None = None
    basket: ClientOrderId | None = None


class PlaceOrder(msgspec.Struct, frozen=True, tag="PlaceOrder"):
    """Ask the venue to accept an order."""

    order: Order


class CancelOrder(msgspec.Struct, frozen=True, tag="CancelOrder"):
    """Ask the venue to take an order back."""

    client_order_id: ClientOrderId
    reason: str = ""


Command = PlaceOrder | CancelOrder


class OrderStatus(Enum):
    """Where an order stands. The first five are open, the rest final."""

    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    UNKNOWN = "UNKNOWN"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class Report(Enum):
    """What the venue, or we, just said about an order."""

    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    FILLED_PART = "FILLED_PART"
    FILLED_WHOLE = "FILLED_WHOLE"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    LOST = "LOST"


S, R = OrderStatus, Report

OPEN = frozenset({S.CREATED, S.SUBMITTED, S.PENDING, S.PARTIALLY_FILLED, S.UNKNOWN})

TRANSITIONS: dict[OrderStatus, dict[Report, OrderStatus]] = {
    S.CREATED: {R.SUBMITTED: S.SUBMITTED},
    S.SUBMITTED: {
        R.ACCEPTED: S.PENDING,
        R.REJECTED: S.REJECTED,
        R.FILLED_PART: S.PARTIALLY_FILLED,  # a fill may overtake its acknowledgement
        R.FILLED_WHOLE: S.FILLED,
        R.CANCELLED: S.CANCELLED,
        R.EXPIRED: S.EXPIRED,
        R.LOST: S.UNKNOWN,
    },
    S.PENDING: {
        R.FILLED_PART: S.PARTIALLY_FILLED,
        R.FILLED_WHOLE: S.FILLED,
        R.CANCELLED: S.CANCELLED,
        R.EXPIRED: S.EXPIRED,
        R.LOST: S.UNKNOWN,
    },
    S.PARTIALLY_FILLED: {
        R.ACCEPTED: S.PARTIALLY_FILLED,
        R.FILLED_PART: S.PARTIALLY_FILLED,
        R.FILLED_WHOLE: S.FILLED,
        R.CANCELLED: S.CANCELLED,  # the rest of it: what filled stays filled
        R.EXPIRED: S.EXPIRED,
        R.LOST: S.UNKNOWN,
    },
    S.UNKNOWN: {
        R.ACCEPTED: S.PENDING,
        R.REJECTED: S.REJECTED,
        R.FILLED_PART: S.PARTIALLY_FILLED,
        R.FILLED_WHOLE: S.FILLED,
        R.CANCELLED: S.CANCELLED,
        R.EXPIRED: S.EXPIRED,
    },
    S.FILLED: {},
    S.CANCELLED: {},
    S.REJECTED: {},
    S.EXPIRED: {},
}


def advance(status: OrderStatus, report: Report) -> OrderStatus:
    """Return the status after `report`.

    Raises:
        InvariantError: The table knows no such step; our picture of the venue is wrong.
    """
    try:
        return TRANSITIONS[status][report]
    except KeyError:
        raise InvariantError(f"{report.name} cannot follow {status.name}") from None
