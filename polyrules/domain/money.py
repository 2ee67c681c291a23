"""Exact amounts: prices, shares and dollars.

Money that can move is a Decimal. A number that only advises (a feature, a probability,
an edge) is a float. The two meet in one function, `limit_price`, and nowhere else.
What the market shows and what the disk stores are integer micro-units.
"""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import Enum
from typing import NewType

Price = NewType("Price", Decimal)  # dollars per share, inside (0, 1)
Shares = NewType("Shares", Decimal)  # outcome tokens; one pays 1 dollar or nothing
Usd = NewType("Usd", Decimal)  # collateral, 6 decimals on chain

ONE = 1_000_000  # micro-units in one dollar, one share, or a price of 1
NANO = 1_000_000_000
ZERO = Decimal(0)
MICRO = Decimal("0.000001")
SHARE_STEP = Decimal("0.01")
FEE_STEP = Decimal("0.00001")


class Side(Enum):
    """Which way an order trades its outcome token."""

    BUY = "BUY"
    SELL = "SELL"


def opposite(side: Side) -> Side:
    """Return the other side."""
    return Side.SELL if side is Side.BUY else Side.BUY


def to_micros(amount: Decimal) -> int:
    """Return `amount` [usd, shares or usd/share] in micro-units.

    Raises:
        ValueError: `amount` is not finite or has more than six decimals.
    """
    if not amount.is_finite():
        raise ValueError(f"an amount must be finite, was {amount}")
    scaled = amount * ONE
    micros = int(scaled)
    if micros != scaled:
        raise ValueError(f"{amount} has more than six decimals")
    return micros


def from_micros(micros: int) -> Decimal:
    """Return an exact Decimal for `micros`; the inverse of `to_micros`."""
    return Decimal(micros).scaleb(-6).normalize() + ZERO


def snap(value: float) -> float:
    """Return `value` on the grid of 1e-9, the same float on every path.

    Sums of prices pick up errors of a few 1e-17; without this `ask - 0.001` lies one
    tick off for 26 of 998 prices. NaN and infinities pass through.
    """
    scaled = value * 1e9
    return round(scaled) / 1e9 if math.isfinite(scaled) else scaled


def limit_price(wanted: float, tick: Decimal, side: Side) -> Price:
    """Turn an advised price into one the book accepts.

    Rounds away from the market: a buy never pays more than `wanted`, a sell never
    takes less. `wanted` is snapped to 1e-9 first.

    Args:
        wanted: Advised price [usd/share].
        tick: The market's current price step [usd/share], e.g. 0.01.
        side: Direction of the order.

    Returns:
        A multiple of `tick` in [tick, 1 - tick].

    Raises:
        ValueError: `wanted` is not finite, or no valid price lies on its safe side.

    Source:
        Polymarket CLOB ticks: 0.1, 0.01, 0.005, 0.0025, 0.001, 0.0001 (ROUNDING_CONFIG,
        py-clob-client-v2 1.2.1). The tick is a fact of the market, never of this code.
    """
    exact = Decimal(str(wanted))
    if not exact.is_finite():
        raise ValueError(f"price must be finite, was {wanted}")
    nanos = round(exact * NANO)
    rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
    steps = (Decimal(nanos) / (tick * NANO)).to_integral_value(rounding)
    price = (steps * tick).quantize(tick)
    if not tick <= price <= 1 - tick:
        raise ValueError(f"no tick of {tick} on the safe side of {wanted} for {side}")
    return Price(price)


def shares_for(budget: Decimal, price: Decimal) -> Shares:
    """Return the most shares `budget` [usd] buys at `price`, in steps of 0.01."""
    return Shares((budget / price).quantize(SHARE_STEP, ROUND_FLOOR))


def shares_of(number: float) -> Shares:
    """Return a positive number of shares in steps of 0.01, rounded down.

    Raises:
        ValueError: `number` is not finite.
    """
    exact = Decimal(str(number))
    if not exact.is_finite():
        raise ValueError(f"shares must be finite, was {number}")
    return Shares(exact.quantize(SHARE_STEP, ROUND_FLOOR))


def cost(price: Decimal, size: Decimal) -> Usd:
    """Return what `size` shares cost at `price` [usd], rounded up to a micro-dollar."""
    return Usd((price * size).quantize(MICRO, ROUND_CEILING))


def taker_fee(price: Decimal, size: Decimal, rate: Decimal) -> Usd:
    """Return the fee a taker pays [usd]; a maker pays none.

    Args:
        price: Price of the fill [usd/share].
        size: Shares filled.
        rate: The market's fee rate [1], e.g. 0.07 for crypto.

    Returns:
        size * rate * p * (1 - p), rounded to 0.00001 usd.

    Source:
        docs.polymarket.com, Fees; rates come with the market (Gamma `feeSchedule`).
    """
    fee = size * rate * price * (1 - price)
    return Usd(fee.quantize(FEE_STEP, ROUND_HALF_UP))
