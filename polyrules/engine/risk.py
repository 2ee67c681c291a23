"""Risk: the last word before an order. Pure checks, asked in the order of CHECKS.

A check looks at where a scope stands, the desk's or the strategy's own, and answers
None (no objection), the room it leaves, or its refusal; the latter two with both
numbers, what is used and what is allowed.
"""

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

import msgspec

from polyrules.domain.ids import StrategyId
from polyrules.domain.limits import Limits
from polyrules.domain.market import Market
from polyrules.domain.moments import SECOND, day_of
from polyrules.domain.money import SHARE_STEP, ZERO, Shares, cost, shares_for, taker_fee
from polyrules.domain.steps import Approved, Decision, Refused, Verdict
from polyrules.engine.ledger import Ledger
from polyrules.engine.record import Record
from polyrules.engine.state import OpenOrder, Stakes, State
from polyrules.language.strategy import RiskRequest


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where one scope stands before a decision. Dollars; `drawdown` is a share of 1.

    At stake is what positions cost and what open buys may still spend: `group_usd` in
    the markets of one event, `market_usd` in one market. `free_usd` is the cash that
    no open buy is waiting to spend.
    """

    halted: bool
    day_loss: Decimal
    week_loss: Decimal
    drawdown: Decimal
    positions: int
    holds_market: bool
    market_usd: Decimal
    group_usd: Decimal
    total_usd: Decimal
    day_volume_usd: Decimal
    free_usd: Decimal
    record: Record | None  # of a strategy; the desk has none
    now: int
    orders: int = 1  # that leave together, or not at all


class Room(NamedTuple):
    """How many dollars a check leaves of `most`, and what has the rest.

    The room that cash leaves has neither.
    """

    usd: Decimal
    what: str = ""
    most: Decimal | None = None


Answer = Room | str | None
Check = Callable[[Standing, Limits], Answer]


def not_halted(now: Standing, _: Limits) -> Answer:
    """Refuse everything while trading is halted."""
    return "trading is halted" if now.halted else None


def day_loss(now: Standing, limits: Limits) -> Answer:
    """Refuse once the UTC day has lost `day_loss_usd_max`."""
    if now.day_loss < limits.day_loss_usd_max:
        return None
    lost, most = _usd(now.day_loss), _usd(limits.day_loss_usd_max)
    return f"lost {lost} usd today, the limit is {most}"


def week_loss(now: Standing, limits: Limits) -> Answer:
    """Refuse once the week since Monday has lost `week_loss_usd_max`."""
    if now.week_loss < limits.week_loss_usd_max:
        return None
    lost, most = _usd(now.week_loss), _usd(limits.week_loss_usd_max)
    return f"lost {lost} usd this week, the limit is {most}"


def drawdown(now: Standing, limits: Limits) -> Answer:
    """Refuse once equity has fallen by `drawdown_max` from its peak."""
    if now.drawdown < limits.drawdown_max:
        return None
    return f"equity is {now.drawdown:.4f} below its peak, the limit is " + str(
        limits.drawdown_max
    )


def open_positions(now: Standing, limits: Limits) -> Answer:
    """Refuse a market more than `positions_max`; one already held may grow."""
    if now.holds_market or now.positions < limits.positions_max:
        return None
    return f"{now.positions} markets are held, the limit is {limits.positions_max}"


def market_stake(now: Standing, limits: Limits) -> Answer:
    """Leave room up to `market_usd_max` at stake in one market."""
    return _room("at stake in this market", now.market_usd, limits.market_usd_max)


def group_stake(now: Standing, limits: Limits) -> Answer:
    """Leave room up to `group_usd_max` at stake in the markets of one event."""
    if limits.group_usd_max is None:
        return None
    return _room("at stake in this event", now.group_usd, limits.group_usd_max)


def order_rate(now: Standing, limits: Limits) -> Answer:
    """Refuse more than `orders_hour_max` orders of a strategy in any hour."""
    most = limits.orders_hour_max
    if most is None or now.record is None:
        return None
    placed = now.record.orders_in_hour(now.now)
    if placed + now.orders <= most:
        return None
    more = f" and these are {now.orders}" if now.orders > 1 else ""
    return f"{placed} orders were placed in the last hour{more}, the limit is {most}"


def losses_row(now: Standing, limits: Limits) -> Answer:
    """Refuse for a while after `losses_row_max` positions in a row lost."""
    most, rest = limits.losses_row_max, limits.losses_rest
    if most is None or rest is None or now.record is None:
        return None
    if not now.record.rests(now.now, most, rest):
        return None
    seconds = rest // SECOND
    return f"{now.record.losses} positions in a row lost: a rest of {seconds} s"


def total_stake(now: Standing, limits: Limits) -> Answer:
    """Leave room up to `total_usd_max` at stake in all markets."""
    return _room("at stake in all markets", now.total_usd, limits.total_usd_max)


def day_volume(now: Standing, limits: Limits) -> Answer:
    """Leave room up to `day_volume_usd_max` bought in a UTC day."""
    return _room("bought today", now.day_volume_usd, limits.day_volume_usd_max)


def funds(now: Standing, _: Limits) -> Answer:
    """Leave room up to the cash that no open order is waiting to spend."""
    if now.free_usd > 0:
        return Room(now.free_usd)
    return f"{_usd(now.free_usd)} usd are free, an order needs more than 0.00"


CHECKS: tuple[Check, ...] = (
    not_halted,
    day_loss,
    week_loss,
    drawdown,
    losses_row,
    order_rate,
    open_positions,
    market_stake,
    group_stake,
    total_stake,
    day_volume,
    funds,
)


def review(
    decisions: tuple[Decision, ...],
    state: State,
    limits: Limits,
    request: RiskRequest,
    freed: Decimal = ZERO,
) -> tuple[Verdict, ...]:
    """Approve decisions at the smallest room any check leaves, or say who refuses.

    Args:
        decisions: One, or the legs of a basket, with the size that was proposed: all
            are approved at one size, or none is.
        state: As the decisions before these in the same Step have left it.
        limits: The desk's, held against all strategies together.
        request: The strategy's own, held against it alone.
        freed: Shares offered for sale by an order that these decisions replace.

    Returns:
        A verdict for each.
    """
    sells = [each for each in decisions if each.reduces]
    exits = [_review_exit(each, sells, state, freed) for each in sells]
    buys = [each for each in decisions if not each.reduces]
    verdicts = [*exits]
    if buys:
        verdicts.append(_review_buys(buys, state, limits, request))
    for verdict in verdicts:
        if isinstance(verdict, Refused):
            return (verdict,) * len(decisions)
    least = min(
        (each for each in verdicts if isinstance(each, Approved)),
        key=lambda each: each.size,
    )
    return (least,) * len(decisions)


def _review_buys(
    buys: list[Decision], state: State, limits: Limits, request: RiskRequest
) -> Verdict:
    """Look at buys of one size together: what they cost together must find room."""
    first = buys[0]
    if first.size <= 0:
        return Refused(
            check="sizing", reason=_no_stake(first, _market(first, state), state)
        )
    own = tightened(limits, request)
    scopes: tuple[tuple[Ledger, StrategyId | None, Limits], ...] = (
        (state.desk, None, limits),
        (state.own[first.strategy], first.strategy, own),
    )
    size, cut_by, cut = first.size, "", ""
    for check in CHECKS:
        for ledger, strategy, held_to in scopes:
            for decision in buys:
                standing = _standing(decision, buys, state, ledger, strategy)
                answer = check(standing, held_to)
                if isinstance(answer, str):
                    return Refused(check=check.__name__, reason=answer)
                price = _price_of(check, decision, buys, state)
                if answer is not None and cost(price, size) > answer.usd:
                    size, cut_by = shares_for(answer.usd, price), check.__name__
                    cut = f"{_left(answer)}; "
    for decision in buys:
        too_small = _too_small(decision, size, own, _market(decision, state))
        if too_small:
            return Refused(check=cut_by or "minimum_size", reason=cut + too_small)
        for live in state.would_trade_with(decision):
            return Refused(check="own_order", reason=_meets(decision, live))
    return Approved(size=size, cut_by=cut_by)


def _price_of(
    check: Check, decision: Decision, buys: list[Decision], state: State
) -> Decimal:
    """Return what one share of each buy costs that a check looks at together."""
    if len(buys) == 1:
        return decision.price
    if check is market_stake:
        same = [each for each in buys if each.market == decision.market]
    elif check is group_stake:
        group = _market(decision, state).group
        same = [each for each in buys if _market(each, state).group == group]
    else:
        same = buys
    return sum((each.price for each in same), ZERO)


def _market(decision: Decision, state: State) -> Market:
    return state.markets[decision.market].market


def tightened(limits: Limits, request: RiskRequest) -> Limits:
    """Return the limits one strategy is held to: the tighter of desk and request."""
    changes: dict[str, Decimal | int] = {}
    for name in RiskRequest.__struct_fields__:
        asked = getattr(request, name)
        if asked is None:
            continue
        wanted = asked if isinstance(asked, int) else Decimal(str(asked))
        allowed = getattr(limits, name)
        choose = max if name.endswith("_min") else min
        changes[name] = wanted if allowed is None else choose(allowed, wanted)
    return msgspec.structs.replace(limits, **changes) if changes else limits


def _review_exit(
    decision: Decision, sells: list[Decision], state: State, freed: Decimal
) -> Verdict:
    """Let what only reduces pass every limit but the kill switch."""
    if state.halted:
        return Refused(check="not_halted", reason="trading is halted")
    held = state.sellable(decision.strategy, decision.token) + freed
    sharing = sum(each.token == decision.token for each in sells)
    if sharing > 1:  # legs of one basket that sell the same shares
        held = (held / sharing).quantize(SHARE_STEP, ROUND_FLOOR)
    size = Shares(min(decision.size, held))
    if size <= 0:
        reason = f"wants to sell {decision.size} shares, {held} are free to sell"
        return Refused(check="minimum_size", reason=reason)
    return Approved(size=size, cut_by="" if size == decision.size else "holding")


def _standing(
    decision: Decision,
    buys: list[Decision],
    state: State,
    ledger: Ledger,
    strategy: StrategyId | None,
) -> Standing:
    stakes = state.stakes(strategy)
    bought = ledger.portfolio.volume_on(day_of(state.now))
    record = None if strategy is None else state.record[strategy]
    before = buys[: buys.index(decision)]
    new = {each.market for each in before} - stakes.markets.keys() - {decision.market}
    return Standing(
        halted=state.halted,
        day_loss=ledger.day_loss,
        week_loss=ledger.week_loss,
        drawdown=ledger.drawdown,
        positions=len(stakes.markets) + len(new),
        holds_market=decision.market in stakes.markets,
        market_usd=stakes.markets.get(decision.market, ZERO),
        group_usd=_group_stake(decision, state, stakes),
        total_usd=stakes.total,
        day_volume_usd=bought + stakes.open_buys,
        free_usd=ledger.portfolio.cash - stakes.open_buys,
        record=record,
        now=state.now,
        orders=max(decision.legs, 1),
    )


def _group_stake(decision: Decision, state: State, stakes: Stakes) -> Decimal:
    group = _market(decision, state).group
    if group is None:
        return stakes.markets.get(decision.market, ZERO)
    return sum(
        (
            usd
            for market, usd in stakes.markets.items()
            if state.markets[market].market.group == group
        ),
        ZERO,
    )


def _room(what: str, used: Decimal, most: Decimal) -> Answer:
    if used >= most:
        return f"{_usd(used)} usd {what}, the limit is {_usd(most)}"
    return Room(most - used, what, most)


def _left(room: Room) -> str:
    """Return what a check leaves and why, with both numbers."""
    if room.most is None:
        return f"{_usd(room.usd)} usd are free"
    used, most = _usd(room.most - room.usd), _usd(room.most)
    return f"{used} usd {room.what}, the limit is {most}: {_usd(room.usd)} usd are left"


def _too_small(decision: Decision, size: Shares, limits: Limits, market: Market) -> str:
    spent = cost(decision.price, size)
    if spent < limits.order_usd_min:
        least = _usd(limits.order_usd_min)
        return f"an order of {_usd(spent)} usd is below the least of {least}"
    if size < market.size_min:
        return f"{size} shares are below the market's least of {market.size_min}"
    return ""


def _no_stake(decision: Decision, market: Market, state: State) -> str:
    if state.desk.equity <= 0:
        return f"equity is {_usd(state.desk.equity)} usd, an order costs more than 0.00"
    if decision.fair is None:
        return f"the stake buys 0.00 shares at {decision.price}, the least is 0.01"
    if market.fee_rate is None:
        return "the market's fee rate is unknown, and the edge depends on it"
    fee = taker_fee(decision.price, Decimal(1), market.fee_rate)
    return (
        f"a fair price of {decision.fair:.4f} does not beat "
        f"{decision.price + fee:.4f}, price and fee"
    )


def _meets(decision: Decision, live: OpenOrder) -> str:
    order = live.order
    return (
        f"a buy at {decision.price} would trade with our own order to "
        f"{order.side.value.lower()} {order.token} at {order.price}"
    )


def _usd(amount: Decimal) -> str:
    return f"{amount:.2f}"
