"""What an order would meet: price first, then time, at the resting orders' prices.

Only plans are made here, nothing moves. Rounding to the micro-dollar goes in favour of
the resting order, so the cash it locked always suffices.
"""

from typing import NamedTuple

from polyrules.domain.money import ONE, Side
from polyrules.venues.simulated.exchange.orders import Working
from polyrules.venues.simulated.exchange.pit import Pit

DUST = 100  # a market buy takes whole steps of 0.0001 share, as its amounts are given
_FEE_SCALE = ONE**3 * 10  # price x price x rate, and the step of 0.00001 usd


class Match(NamedTuple):
    """A resting order and how much of it is taken, at its price in YES terms.

    `usd` is what the YES side of it costs; the NO side costs `size` - `usd`.
    """

    maker: Working
    price: int
    size: int
    usd: int
    fee: int


class Plan(NamedTuple):
    """All that an order meets now. `whole` says whether nothing of it is left over."""

    matches: list[Match]
    whole: bool


def crosses(pit: Pit, *, bid: bool, limit: int) -> bool:
    """Tell whether an order with this limit in YES terms meets a resting one."""
    best = pit.side(bid=not bid).best()
    if best is None:
        return False
    return best <= limit if bid else best >= limit


def plan(pit: Pit, order: Working) -> Plan:
    """Return what `order` meets, without touching anything."""
    ladder, limit, bid = pit.side(bid=not order.bid), order.limit, order.bid
    matches: list[Match] = []
    left, spend = order.left, order.spend
    for price in ladder.prices():
        if price > limit if bid else price < limit:
            break
        for maker in ladder.levels[price].orders.values():
            size = _take(order, price, left, spend, maker.left)
            if not size:
                return Plan(matches, whole=True)
            found = _match(pit, maker, price, size)
            matches.append(found)
            left -= size
            if spend is not None:
                spend -= cost(order, found)
    return Plan(matches, whole=_done(order, left, spend))


def cost(order: Working, match: Match) -> int:
    """Return what the match costs a buyer, or brings a seller, before fees."""
    return (
        match.usd
        if order.bid is (order.new.side is Side.BUY)
        else (match.size - match.usd)
    )


def fee(size: int, price: int, rate: int) -> int:
    """Return the taker's fee [micro-usd]: shares x rate x p (1 - p) to 0.00001 usd."""
    raw = size * rate * price * (ONE - price)
    return (raw + _FEE_SCALE // 2) // _FEE_SCALE * 10


def _take(
    order: Working, price: int, left: int, spend: int | None, offered: int
) -> int:
    if spend is None:
        return min(left, offered)
    own = price if order.bid else ONE - price
    affordable = spend * ONE // own // DUST * DUST
    return min(affordable, offered)


def _done(order: Working, left: int, spend: int | None) -> bool:
    if spend is None:
        return left == 0
    return spend * ONE < order.new.price * DUST


def _match(pit: Pit, maker: Working, price: int, size: int) -> Match:
    exact = price * size
    usd = exact // ONE if maker.bid else -(-exact // ONE)
    charged = fee(size, price, pit.rate) if pit.rate else 0
    return Match(maker, price, size, usd, charged)
