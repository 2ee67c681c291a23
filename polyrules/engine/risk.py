"""Risk: the last word before an order. Pure checks, asked in the order of CHECKS.

A check looks at where a scope stands, the desk's or the strategy's own, and answers
None (no objection), the dollars it leaves room for, or its refusal with both numbers.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from polyrules.domain.ids import StrategyId
from polyrules.domain.limits import Limits
from polyrules.domain.market import Market
from polyrules.domain.moments import day_of
from polyrules.domain.money import ZERO, Shares, cost, shares_for, taker_fee
from polyrules.domain.steps import Approved, Decision, Refused, Verdict
from polyrules.engine.ledger import Ledger
from polyrules.engine.state import OpenOrder, State
from polyrules.language.strategy import RiskRequest


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where one scope stands before a decision. Dollars; `drawdown` is a share of 1.

    At stake is what positions cost and what open buys may still spend; `free_usd` is
    the cash that no open buy is waiting to spend.
    """

    halted: bool
    day_loss: Decimal
    week_loss: Decimal
    drawdown: Decimal
    positions: int
    holds_market: bool
    market_usd: Decimal
    total_usd: Decimal
    day_volume_usd: Decimal
    free_usd: Decimal


Answer = Decimal | str | None
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


def total_stake(now: Standing, limits: Limits) -> Answer:
    """Leave room up to `total_usd_max` at stake in all markets."""
    return _room("at stake in all markets", now.total_usd, limits.total_usd_max)


def day_volume(now: Standing, limits: Limits) -> Answer:
    """Leave room up to `day_volume_usd_max` bought in a UTC day."""
    return _room("bought today", now.day_volume_usd, limits.day_volume_usd_max)


def funds(now: Standing, _: Limits) -> Answer:
    """Leave room up to the cash that no open order is waiting to spend."""
    if now.free_usd > 0:
        return now.free_usd
    return f"{_usd(now.free_usd)} usd are free, an order needs more than 0.00"


CHECKS: tuple[Check, ...] = (
    not_halted,
    day_loss,
    week_loss,
    drawdown,
    open_positions,
    market_stake,
    total_stake,
    day_volume,
    funds,
)


def review(
    decision: Decision,
    state: State,
    limits: Limits,
    request: RiskRequest,
) -> Verdict:
    """Approve a decision at the smallest room any check leaves, or say who refuses it.

    Args:
        decision: With the size that sizing proposed.
        state: As the decisions before this one in the same Step have left it.
        limits: The desk's, held against all strategies together.
        request: The strategy's own, held against it alone.
    """
    if decision.reduces:
        return _review_exit(decision, state)
    market = state.markets[decision.market].market
    if decision.size <= 0:
        return Refused(check="sizing", reason=_no_stake(decision, market, state))
    own = tightened(limits, request)
    scopes = (
        (_standing(decision, state, state.desk, None), limits),
        (
            _standing(decision, state, state.own[decision.strategy], decision.strategy),
            own,
        ),
    )
    size, cut_by, cut = decision.size, "", ""
    for check in CHECKS:
        for standing, held_to in scopes:
            answer = check(standing, held_to)
            if isinstance(answer, str):
                return Refused(check=check.__name__, reason=answer)
            if answer is not None and cost(decision.price, size) > answer:
                size, cut_by = shares_for(answer, decision.price), check.__name__
                cut = f"{check.__name__} leaves {_usd(answer)} usd; "
    too_small = _too_small(decision, size, own, market)
    if too_small:
        return Refused(check=cut_by or "minimum_size", reason=cut + too_small)
    for live in state.would_trade_with(decision):
        return Refused(check="own_order", reason=_meets(decision, live))
    return Approved(size=size, cut_by=cut_by)


def tightened(limits: Limits, request: RiskRequest) -> Limits:
    """Return the limits one strategy is held to: the tighter of desk and request."""
    changes: dict[str, Decimal | int] = {}
    for name in RiskRequest.__struct_fields__:
        asked = getattr(request, name)
        if asked is None:
            continue
        wanted = asked if isinstance(asked, int) else Decimal(str(asked))
        choose = max if name.endswith("_min") else min
        changes[name] = choose(getattr(limits, name), wanted)
    return msgspec.structs.replace(limits, **changes) if changes else limits


def _review_exit(decision: Decision, state: State) -> Verdict:
    """Let what only reduces pass every limit but the kill switch."""
    if state.halted:
        return Refused(check="not_halted", reason="trading is halted")
    held = state.sellable(decision.strategy, decision.token)
    size = Shares(min(decision.size, held))
    if size <= 0:
        reason = f"wants to sell {decision.size} shares, {held} are free to sell"
        return Refused(check="minimum_size", reason=reason)
    return Approved(size=size, cut_by="" if size == decision.size else "holding")


def _standing(
    decision: Decision, state: State, ledger: Ledger, strategy: StrategyId | None
) -> Standing:
    stakes = state.stakes(strategy)
    bought = ledger.portfolio.volume_on(day_of(state.now))
    return Standing(
        halted=state.halted,
        day_loss=ledger.day_loss,
        week_loss=ledger.week_loss,
        drawdown=ledger.drawdown,
        positions=len(stakes.markets),
        holds_market=decision.market in stakes.markets,
        market_usd=stakes.markets.get(decision.market, ZERO),
        total_usd=stakes.total,
        day_volume_usd=bought + stakes.open_buys,
        free_usd=ledger.portfolio.cash - stakes.open_buys,
    )


def _room(what: str, used: Decimal, most: Decimal) -> Answer:
    if used >= most:
        return f"{_usd(used)} usd {what}, the limit is {_usd(most)}"
    return most - used


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
