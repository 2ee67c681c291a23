"""Two markets or two tokens mixed up: the price of one at the order of the other.

Copied lines mostly. A price is held against an order only where it is the other's price
itself, or that with something added, or a bound of it.
"""

import ast
from collections.abc import Iterator
from itertools import combinations

from polyrules.language.actions import Basket, Leg
from polyrules.language.analysis.intervals import Words
from polyrules.language.analysis.linear import Sum, Sums
from polyrules.language.analysis.orders import WORDS
from polyrules.language.analysis.subject import Find, Place, Subject
from polyrules.language.analysis.wanted import Wanted, orders
from polyrules.language.expressions.parse import segment

BOUNDS = (
    *("clamp", "min", "max", "coalesce"),
    *("floor_tick", "ceil_tick", "round_tick"),
)
STEPS = ("floor_tick", "ceil_tick", "round_tick")  # of the first number only
OF_YES = ("best_bid", "price", "last_trade_price", "microprice", "vwap_1h")
OF_TRADE = ("t.price", "t.ask_now", "t.bid_now")
OTHER = {"yes": "no", "no": "yes"}
NEAR, FAR = "near.hours_to_close", "far.hours_to_close"


def mixed_up(subject: Subject) -> Iterator[Find]:
    """Yield prices and fees of another market or token than they stand by."""
    for wanted in orders(subject):
        yield from _other_market(subject, wanted) or _other_token(subject, wanted)
    for place in subject.places():
        yield from _mixed_fees(subject, place)
        yield from _turned_deadlines(place)


def _markets(subject: Subject, node: ast.expr) -> set[str]:
    """Return the aliases of the markets that a part of an expression reads."""
    aliases, found = set(subject.strategy.rows.domain.markets), set[str]()
    windows = {each.name: each.alias for each in subject.strategy.hoisted}
    waiting = [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
    seen = set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in subject.lets:
            waiting += subject.lets[name].reads
        found.add(windows.get(name, name.partition(".")[0]))
    return found & aliases


def _other_market(subject: Subject, wanted: Wanted) -> list[Find]:
    price, own = wanted.price, wanted.market
    read = _markets(subject, price.tree)
    if not own or not read or own in read:
        return []
    (other, *_) = sorted(read)
    message = f"this order is for {own}, and its price speaks of {other} only"
    hint = f"write market: {other}, or take the price of {own}"
    return [wanted.place.find(price.tree, message, hint)]


def _other_token(subject: Subject, wanted: Wanted) -> list[Find]:
    tokens = _tokens(subject, wanted)
    if wanted.token == "row":
        told = _token_of_row(wanted)
        strange = tokens - {"row", *([told] if told else [])}
    else:
        strange = tokens - {wanted.token}
        if "row" in strange:
            strange -= {"row"} if _token_of_row(wanted) == wanted.token else set()
    if not strange or len(tokens) > 1:
        return []
    (priced,) = strange
    named = WORDS[priced]
    message = (
        f"this order is for {WORDS[wanted.token]}, and its price is one of {named}"
    )
    hint = f"write token: {named}, or take the price of {WORDS[wanted.token]}"
    if "row" in (priced, wanted.token):
        hint += "; or ask for t.token in when"
    return [wanted.place.find(wanted.price.tree, message, hint)]


def _token_of_row(wanted: Wanted) -> str:
    """Return which token the row's own is known to be; "" if either may be."""
    known = wanted.facts.known.get("t.token")
    words = known.words if isinstance(known, Words) else frozenset[str]()
    return next((t for t in OTHER if words == {WORDS[t]}), "")


def _tokens(subject: Subject, wanted: Wanted) -> set[str]:
    """Return the tokens of which a price is one, or is held by one."""
    found, sums = set[str](), Sums(wanted.facts)
    waiting = [(wanted.price, wanted.price.tree)]
    seen = set[ast.expr]()
    while waiting:
        expression, node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        match node:
            case ast.Name(id=name) if name in subject.lets:
                let = subject.lets[name]
                waiting.append((let, let.tree))
            case ast.Call(func=ast.Name(id=name), args=parts) if name in BOUNDS:
                kept = parts[:1] if name in STEPS else parts
                waiting += [(expression, part) for part in kept]
            case _:
                number = sums.of(expression, node)
                found |= _priced(number, wanted)
    return found


def _priced(number: Sum, wanted: Wanted) -> set[str]:
    """Return of which token a sum is a price: what goes up with YES is one of YES."""
    names = {wanted.name(name) for name in OF_YES}
    up = sum(part.share for name, part in number.items() if name in names)
    row = sum(part.share for name, part in number.items() if name in OF_TRADE)
    if abs(row - 1.0) < 0.01 and abs(up) < 0.01:  # noqa: PLR2004 - as good as 1
        return {"row"}
    if abs(row) < 0.01 and abs(abs(up) - 1.0) < 0.01:  # noqa: PLR2004 - as good as 1
        return {"yes" if up > 0.0 else "no"}
    return set()


def _mixed_fees(subject: Subject, place: Place) -> Iterator[Find]:
    for node in ast.walk(place.expression.tree):
        match node:
            case ast.Call(func=ast.Name(id="fee"), args=[price, rate]):
                of_price = _markets(subject, price)
                of_rate = _markets(subject, rate)
                if of_price and of_rate and not of_price & of_rate:
                    text = segment(place.expression.source, node)
                    message = (
                        f"{text} takes the price of {min(of_price)} at the rate of"
                        f" {min(of_rate)}"
                    )
                    hint = "take both of one market"
                    yield place.find(node, message, hint)
            case _:
                pass


def _turned_deadlines(place: Place) -> Iterator[Find]:
    """Yield what asks whether the near market ends after the far one."""
    for node in ast.walk(place.expression.tree):
        match node:
            case ast.Compare(
                left=ast.Name(id=one), ops=[symbol], comparators=[ast.Name(id=other)]
            ):
                after = isinstance(symbol, ast.Gt | ast.GtE) and (one, other)
                before = isinstance(symbol, ast.Lt | ast.LtE) and (other, one)
                if (NEAR, FAR) in (after, before):
                    message = (
                        "near is the market with the earlier deadline: it hardly ever"
                        " ends after far"
                    )
                    hint = "turn it round, or ask for the time between: pair.gap"
                    yield place.find(node, message, hint)
            case _:
                pass


def same_legs(subject: Subject) -> Iterator[Find]:
    """Yield legs of two markets that are of one market."""
    if len(subject.strategy.rows.domain.markets) < 2:  # noqa: PLR2004 - markets of a pair
        return
    for rule in subject.strategy.rules:
        if not isinstance(rule.then, Basket) or not isinstance(rule.then.legs, tuple):
            continue
        numbered = list(enumerate(rule.then.legs))
        for (first, one), (second, other) in combinations(numbered, 2):
            if one.market == other.market and one.side is other.side:
                at = (*subject.rule_path(rule), "then", "legs", second, "market")
                yield Find(at, _same(one, other, first, second), "is it a copy?")


def _same(one: Leg, other: Leg, first: int, second: int) -> str:
    """Return what is said of two legs of one market."""
    both = f"legs {first + 1} and {second + 1}"
    if one.token == other.token:
        return f"{both} are the same: {WORDS[one.token]} of {one.market}"
    return f"{both} are both tokens of {one.market}, and none is of the other market"
