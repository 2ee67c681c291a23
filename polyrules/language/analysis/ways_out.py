"""Exits that are never reached, and windows that are never open.

What is bought costs at most its limit, and at least the lower of its limit and the best
ask that the rule saw: from that, and from the prices that a bid can have, follows which
stops and profits there can be.
"""

import re
from collections.abc import Iterator

from polyrules.documents.document import Path
from polyrules.documents.quantities import SECOND, UNITS, parse_duration, shown_duration
from polyrules.domain.money import Side
from polyrules.language.actions import Basket
from polyrules.language.analysis.intervals import Range, join
from polyrules.language.analysis.ranges import RANGES, TICK
from polyrules.language.analysis.subject import Find, Subject
from polyrules.language.analysis.wanted import Wanted, orders
from polyrules.language.strategy import Exit

ROOM = 1e-9  # the grid of prices
STOP_MIN, SHARE_MIN = 0.5, 0.85  # a stop that was meant as a price
SERIES = re.compile(r"_(\d{1,2})([mhd])")
WINDOW: Path = ("schedule", "window", "before_end")


def unreached_exits(subject: Subject) -> Iterator[Find]:
    """Yield stops and profits that no position of this file can come to."""
    cost = _cost(subject)
    if cost is None:
        return
    for index, exit_ in enumerate(subject.strategy.exits):
        for key, told in (
            ("take_profit", _profit(exit_, cost)),
            ("stop_loss", _stop(exit_, cost)),
        ):
            if told is not None:
                yield Find(("exits", index, key), *told)


def _cost(subject: Subject) -> Range | None:
    """Return what a share may cost, None if nothing is bought or not all is known."""
    found: Range | None = None
    for rule in subject.strategy.rules:
        if isinstance(rule.then, Basket) and not isinstance(rule.then.legs, tuple):
            return None  # at the best ask of each, whatever it is
    for wanted in orders(subject):
        span = _paid(wanted)
        if span is not None:
            both = join(found, span) if found is not None else span
            found = both if isinstance(both, Range) else Range()
    if found is None or not found.possible or found.low >= 1.0 or found.high <= 0.0:
        return None  # no order has such a price: PL008
    return found


def _paid(wanted: Wanted) -> Range | None:
    """Return what a share of one order may cost; None if it buys nothing."""
    price = wanted.facts.of(wanted.price, wanted.price.tree)
    limit = price if isinstance(price, Range) else Range()
    if wanted.side is Side.SELL:
        if wanted.or_buy is None:
            return None
        return Range(1.0 - limit.high, 1.0 - limit.low)
    if wanted.rests:
        return limit
    name = {"yes": "best_ask", "no": "no_best_ask"}.get(wanted.token, "t.ask_now")
    known = wanted.facts.known.get(
        name if wanted.token == "row" else wanted.name(name), RANGES[name]
    )
    seen = known.low if isinstance(known, Range) else TICK
    return Range(min(limit.low, seen), limit.high)


def _profit(exit_: Exit, cost: Range) -> tuple[str, str] | None:
    """Return what is said of a profit that no bid can give."""
    profit = exit_.take_profit
    if profit is None or cost.low + profit <= 1.0 - TICK + ROOM:
        return None
    message = (
        f'exit "{exit_.id}" is never reached: what is bought costs {cost.low:.6g} or'
        f" more, and {cost.low:.6g} + {profit:.6g} is above every bid"
    )
    return message, f"a share pays 1 at most: at most {1.0 - cost.low:.6g} can be won"


def _stop(exit_: Exit, cost: Range) -> tuple[str, str] | None:
    """Return what is said of a stop that no bid can come to, or hardly one."""
    stop = exit_.stop_loss
    if stop is None:
        return None
    left = cost.high - stop
    if left < TICK - ROOM:
        message = (
            f'exit "{exit_.id}" is never reached: what is bought costs {cost.high:.6g}'
            f" or less, and {cost.high:.6g} - {stop:.6g} is below every bid"
        )
        return message, "a stop is a distance from the cost: write a smaller one"
    if stop >= STOP_MIN and stop >= SHARE_MIN * cost.high:
        message = (
            f'exit "{exit_.id}" leaves at {left:.6g} or less what was bought for'
            f" {cost.high:.6g} or less: a stop is a distance from the cost, no price"
        )
        return message, f"to leave at a price, write when: best_bid <= {stop:.6g}"
    return None


def closed_windows(subject: Subject) -> Iterator[Find]:
    """Yield windows that are over before a round of the series begins."""
    found = SERIES.search(subject.strategy.rows.series)
    schedule = subject.data.get("schedule")
    window = schedule.get("window") if isinstance(schedule, dict) else None
    if found is None or not isinstance(window, dict):
        return
    length = int(found[1]) * UNITS[found[2]]
    last = parse_duration(str(window["before_end"][1]))
    if last is not None and last >= length:
        message = (
            f"the window is never open: it closes {shown_duration(last)} before the"
            f" end, and a round lasts {shown_duration(length)}"
        )
        hint = f"stay below {length // SECOND}s, the length of the series' rounds"
        yield Find(WINDOW, message, hint)
