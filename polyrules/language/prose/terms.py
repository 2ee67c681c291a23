"""The terms of a strategy, as sentences: rows, size, exits, limits and schedule."""

from polyrules.language.actions import Urgency
from polyrules.language.prose.amounts import amount, counted, lasting, share
from polyrules.language.prose.phrases import Phrases
from polyrules.language.strategy import (
    Exit,
    Fixed,
    Kelly,
    RiskRequest,
    Schedule,
    Sizing,
    Stated,
    Strategy,
)

LIMITS = {
    "market_usd_max": "At most {} at stake in one market.",
    "total_usd_max": "At most {} at stake in all markets.",
    "positions_max": "Positions in at most {} markets.",
    "day_loss_usd_max": "No more buying once a day has lost {}.",
    "week_loss_usd_max": "No more buying once a week has lost {}.",
    "drawdown_max": "No more buying once equity is {} below its peak.",
    "day_volume_usd_max": "At most {} bought in a day.",
    "order_usd_min": "No order worth less than {}.",
    "group_usd_max": "At most {} at stake in one event.",
    "orders_hour_max": "At most {} orders an hour.",
    "losses_row_max": "A rest after {} losses in a row.",
    "losses_rest": "That rest lasts {}.",
    "leg_shares_max": "The legs of a basket differ by at most {}.",
}
"""By the name of the limit; what has no sentence here is told by its name."""


def subject(strategy: Strategy) -> str:
    """Return what the strategy looks at."""
    rows = strategy.rows
    told = rows.domain.doc
    if rows.series:
        told += f", {rows.series}"
    if rows.each == "pair" and rows.adjacent:
        told += ", neighbours only"
    if rows.each == "basket":
        told += f" ({' or '.join(rows.kinds)})"
    if rows.within:
        told += f", at most {lasting(rows.within)} old"
    if rows.source:
        told += f", from the list `{rows.source}` of the desk"
    return told


def size(sizing: Sizing) -> str:
    """Return how much an order is for."""
    match sizing:
        case Fixed(usd=None, shares=shares):
            return f"{amount(shares or 0, 'shares')} an order."
        case Fixed(usd=usd):
            return f"{amount(usd or 0, 'usd')} an order."
        case Kelly(fraction=fraction, cap=cap):
            told = f"{share(fraction)} of the Kelly stake on what a share is worth"
            return f"{told}{_capped(cap)}."
        case Stated(cap=cap):
            return f"Each rule states its size{_capped(cap)}."


def leaving(exit_: Exit, phrases: Phrases) -> str:
    """Return when one exit leaves a position."""
    told = ""
    if exit_.when is not None:
        told = f"when {phrases.told(exit_.when)}"
    elif exit_.stop_loss is not None:
        distance = amount(exit_.stop_loss, "prob")
        told = f"when the price is {distance} or more below average cost"
    elif exit_.take_profit is not None:
        distance = amount(exit_.take_profit, "prob")
        told = f"when the price is {distance} or more above average cost"
    elif exit_.wallet_sells is not None:
        sold = share(exit_.wallet_sells)
        told = f"when the wallet has sold {sold} of what it bought"
    elif exit_.max_hold is not None:
        told = f"after {lasting(exit_.max_hold)}"
    how = {Urgency.LOW: ", with an order that rests", Urgency.HIGH: ""}
    return told + how.get(exit_.urgency, ", with a limit order")


def limits(request: RiskRequest) -> list[str]:
    """Return the limits that a strategy asks for, one sentence each."""
    told = []
    for name in RiskRequest.__struct_fields__:
        value = getattr(request, name)
        if value is not None:
            form = LIMITS.get(name, f"{name}: {{}}.")
            told.append(form.format(_limit(name, value)))
    return told


def times(schedule: Schedule) -> str:
    """Return when the rules are asked."""
    told = f"Every {_interval(schedule.every)}"
    if schedule.by_tier:
        told += " at most: the nearer a market's end, the more often"
    if schedule.triggers:
        kinds = " or ".join(schedule.triggers)
        told += f", and at once after news of the kind {kinds}"
    return f"{told}."


def _interval(micros: int) -> str:
    return lasting(micros).removeprefix("1 ")  # every second


def _capped(cap: float | None) -> str:
    return "" if cap is None else f", at most {amount(cap, 'usd')} an order"


def _limit(name: str, value: float) -> str:
    if "_usd_" in name:
        return amount(value, "usd")
    if name == "losses_rest":
        return lasting(int(value))
    if name == "drawdown_max":
        return share(value)
    if name == "leg_shares_max":
        return counted(value, "share")
    return amount(value, "count")
