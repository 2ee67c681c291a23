"""Collected wishes for the same side of a token, made into one."""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from polyrules.domain.money import ZERO, Price, Shares
from polyrules.domain.steps import Decision
from polyrules.engine.asking.policy import Wish
from polyrules.language.strategy import Merge

JOINED = "; "


def merged(wishes: Sequence[Wish], merge: Merge) -> list[Wish]:
    """Return one wish for each market, token and side, where the first of them stood.

    Baskets and quotes are left alone. The first wish gives all that is not merged.
    """
    found: dict[tuple[object, ...], list[Wish]] = {}
    for index, wish in enumerate(wishes):
        one = wish.decision
        alone = len(wish.decisions) > 1 or wish.quotes
        key = (index,) if alone else (one.market, one.token, one.side)
        found.setdefault(key, []).append(wish)
    return [_merged(same, merge) for same in found.values()]


def _merged(same: list[Wish], merge: Merge) -> Wish:
    first = same[0]
    if len(same) == 1:
        return first
    decisions = [wish.decision for wish in same]
    reasons = list(dict.fromkeys(each.reason for each in decisions))
    edges = [each.edge for each in decisions if each.edge is not None]
    one = msgspec.structs.replace(
        first.decision,
        price=_price(decisions, merge),
        size=_size(decisions, merge),
        edge=min(edges, default=None),
        confidence=_confidence(decisions, merge),
        reason=JOINED.join(reasons) if merge.reason == "join" else reasons[0],
    )
    return msgspec.structs.replace(
        first,
        decisions=(one,),
        priority=max(wish.priority for wish in same),
        follows=tuple(each for wish in same for each in wish.follows),
    )


def _price(decisions: list[Decision], merge: Merge) -> Price:
    prices = [each.price for each in decisions]
    return min(prices) if merge.price == "min" else max(prices)


def _size(decisions: list[Decision], merge: Merge) -> Shares:
    # 0 leaves the size to sizing; where another wish states one, that one holds.
    sizes: list[Decimal] = [each.size for each in decisions if each.size] or [ZERO]
    how: Mapping[str, Callable[[list[Decimal]], Decimal]] = {
        "min": min,
        "max": max,
        "sum": lambda each: sum(each, ZERO),
    }
    return Shares(how[merge.size](sizes))


def _confidence(decisions: list[Decision], merge: Merge) -> float | None:
    known = [each.confidence for each in decisions if each.confidence is not None]
    if not known:
        return None
    match merge.confidence:
        case "max":
            return max(known)
        case "mean":
            return math.fsum(known) / len(known)
        case _:
            return 1.0 - math.prod(1.0 - each for each in known)
