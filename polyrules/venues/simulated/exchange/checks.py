"""Why the venue refuses an order, in the venue's own words."""

from polyrules.domain.moments import MINUTE
from polyrules.domain.money import ONE, Side, from_micros
from polyrules.venues.simulated.exchange.accounts import Account
from polyrules.venues.simulated.exchange.matching import Plan, cost
from polyrules.venues.simulated.exchange.orders import Working
from polyrules.venues.simulated.exchange.pit import Pit
from polyrules.venues.simulated.exchange.words import (
    Mode,
    NewOrder,
    Refused,
    TimeInForce,
)

IMMEDIATE = (TimeInForce.FOK, TimeInForce.FAK)
GTD_SAFETY = MINUTE  # an order with an expiration ends this much before it
NO_BOOK = Refused(
    status_code=404, message="No orderbook exists for the requested token id"
)
FOK_KILLED = Refused(
    status_code=400,
    message="order couldn't be fully filled. FOK orders are fully filled or killed.",
)
FAK_KILLED = Refused(
    status_code=400,
    message="no orders found to match with FAK order. "
    "FAK orders are partially filled or killed if no match is found.",
)
CROSSES = Refused(
    status_code=400, message="invalid post-only order: order crosses book"
)
_BY_MODE = {
    Mode.RESTARTING: Refused(status_code=425, message="service not ready"),
    Mode.DISABLED: Refused(
        status_code=503,
        message="Trading is currently disabled. Check polymarket.com for updates",
    ),
    Mode.CANCEL_ONLY: Refused(
        status_code=503,
        message="Trading is currently cancel-only. New orders are not accepted, "
        "but cancels are allowed.",
    ),
    Mode.POST_ONLY: Refused(
        status_code=503,
        message="post-only mode: only post-only orders and cancels are allowed",
    ),
}


def by_mode(mode: Mode, *, post_only: bool) -> Refused | None:
    """Refuse what the exchange's mode does not allow."""
    if mode is Mode.TRADING or (mode is Mode.POST_ONLY and post_only):
        return None
    return _BY_MODE[mode]


def by_shape(pit: Pit, order: NewOrder, now: int) -> Refused | None:
    """Refuse an order that is wrong in itself: its price, kind, or expiration."""
    immediate = order.time_in_force in IMMEDIATE
    if not immediate and order.price % pit.tick:
        return off_tick(order, pit.tick)
    edge = 1 if immediate else pit.tick
    if not edge <= order.price <= ONE - edge:
        return off_tick(order, pit.tick)
    if order.post_only and immediate:
        return _bad("invalid post-only order: only GTC and GTD orders can be post-only")
    if order.time_in_force is TimeInForce.GTD and order.expiration <= now + GTD_SAFETY:
        return _bad("invalid expiration")
    if order.size <= 0 or (order.spend is not None and order.spend <= 0):
        return _bad("Invalid order payload")
    return None


def by_size(pit: Pit, order: NewOrder, *, marketable: bool) -> Refused | None:
    """Refuse what is too small: a resting order in shares, a taker's buy in usd."""
    if marketable and order.side is Side.BUY:
        usd = order.price * order.size // ONE if order.spend is None else order.spend
        return None if usd >= ONE else _small_buy(usd)
    resting = order.time_in_force not in IMMEDIATE
    if resting and not marketable and order.size < pit.size_min:
        size, least = from_micros(order.size), from_micros(pit.size_min)
        return invalid(order.id, f"Size ({size:f}) lower than the minimum: {least:f}")
    return None


def by_balance(account: Account, order: Working, planned: Plan) -> Refused | None:
    """Refuse what the owner's free cash or shares do not cover, the fee included."""
    new = order.new
    purse = account.cash if new.side is Side.BUY else account.of(new.token)
    wanted = order.need()
    if new.side is Side.BUY and planned.matches:
        wanted = _buy_needs(order, planned)
    if wanted <= purse.free:
        return None
    reserved = f"sum of active orders: {purse.locked}, " if purse.locked else ""
    return _bad(
        "not enough balance / allowance: the balance is not enough -> balance: "
        f"{purse.free + purse.locked}, {reserved}order amount: {wanted}"
    )


def by_plan(order: Working, planned: Plan) -> Refused | None:
    """Refuse what its kind forbids to meet, or to leave over."""
    kind = order.new.time_in_force
    if order.new.post_only and planned.matches:
        return CROSSES
    if kind is TimeInForce.FOK and not planned.whole:
        return FOK_KILLED
    if kind is TimeInForce.FAK and not planned.matches:
        return FAK_KILLED
    return None


def off_tick(order: NewOrder, tick: int) -> Refused:
    """Refuse a price that is no multiple of the tick, or outside of its range."""
    price, step = from_micros(order.price), from_micros(tick)
    text = f"Price ({price:f}) breaks minimum tick size rule: {step:f}"
    return invalid(order.id, text)


def invalid(order_id: str, why: str) -> Refused:
    """Refuse an order by its id."""
    return _bad(f"order {order_id} is invalid. {why}")


def _bad(message: str) -> Refused:
    return Refused(status_code=400, message=message)


def _small_buy(usd: int) -> Refused:
    return _bad(
        f"invalid amount for a marketable BUY order (${from_micros(usd):f}), "
        "min size: $1"
    )


def _buy_needs(order: Working, planned: Plan) -> int:
    """Return the cash of what is met now, its fees, and of what will rest."""
    met = sum(match.size for match in planned.matches)
    paid = sum(cost(order, match) + match.fee for match in planned.matches)
    if order.new.time_in_force in IMMEDIATE:
        return paid
    rests = order.left - met
    return paid - (-order.new.price * rests // ONE)
