"""Numbers that are not what they seem: equal floats, divisors, what a rule states.

A divisor that may be 0 makes the quotient missing there, which never trades. A price
outside (0, 1) is refused by the engine, and a confidence outside [0, 1] wins every
comparison. Both are said only where something is known of the number; a price that can
never be one is an error.
"""

import ast
from collections.abc import Iterator

from polyrules.errors import Severity
from polyrules.features.catalog import CATALOG
from polyrules.language.analysis.conditions import FAR, shown
from polyrules.language.analysis.intervals import Range
from polyrules.language.analysis.ranges import RANGES
from polyrules.language.analysis.subject import (
    Find,
    Place,
    Subject,
    feature_of,
    nodes_with_facts,
)
from polyrules.language.expression import Expression, Kind
from polyrules.language.expressions.constants import constant
from polyrules.language.expressions.parse import segment

STEPWISE = ("count",)  # units of which every value is a whole number
ROUNDED = ("floor_tick", "ceil_tick", "round_tick", "implied_no", "sign")
ALIKE = ("abs", "min", "max", "clamp", "coalesce", "as_prob")
BESTS = ("best_bid", "best_ask", "no_best_bid", "no_best_ask")
ROOM = 1e-9  # the grid of prices


def equal_floats(subject: Subject) -> Iterator[Find]:
    """Yield comparisons with == of numbers that are hardly ever exactly equal."""
    for place in subject.places():
        for node in ast.walk(place.expression.tree):
            if isinstance(node, ast.Compare):
                yield from _equal_floats(subject, place, node)


def _equal_floats(subject: Subject, place: Place, node: ast.Compare) -> Iterator[Find]:
    expression = place.expression
    left = node.left
    for symbol, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(symbol, ast.Eq | ast.NotEq) and _is_number(expression, left):
            sides = (left, right)
            ends = any(_is_end(expression, *pair) for pair in (sides, sides[::-1]))
            if not ends and not all(_exact(subject, expression, s) for s in sides):
                text = segment(expression.source, node)
                never = "FALSE" if isinstance(symbol, ast.NotEq) else "TRUE"
                message = f"{text} is hardly ever {never}: both would have to agree"
                message += " in every digit"
                hint = "ask whether they are near: abs(x - y) < 0.001"
                yield place.find(node, message, hint)
        left = right


def _is_number(expression: Expression, node: ast.expr) -> bool:
    return expression.types[node].kind is Kind.NUMBER


def _is_end(expression: Expression, node: ast.expr, other: ast.expr) -> bool:
    """Tell whether a feature is compared with an end of its range: no volume."""
    if not isinstance(node, ast.Name) or node.id not in expression.reads:
        return False
    feature = feature_of(node.id)
    value = constant(other)
    if feature is None or value is None:
        return False
    range_ = RANGES.get(feature.name)
    return range_ is not None and value in (range_.low, range_.high)


def _exact(subject: Subject, expression: Expression, node: ast.expr) -> bool:
    """Tell whether a number comes in steps, so that == means what it says."""
    type_ = expression.types[node]
    if type_.unit in STEPWISE or expression.snaps(node):
        return True
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name) if name in subject.lets:
            let = subject.lets[name]
            return _exact(subject, let, let.tree)
        case ast.Name(id=name):
            return name in CATALOG and type_.unit == "prob"
        case ast.Call(func=ast.Name(id=name)) if name not in ALIKE:
            return name in ROUNDED
        case _:
            parts = _chosen(node)
            exact = (_exact(subject, expression, each) for each in parts)
            return bool(parts) and all(exact)


def _chosen(node: ast.expr) -> list[ast.expr]:
    """Return the parts of which a number is one; none if it is computed."""
    match node:
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.Call(args=arguments):
            return list(arguments)
        case _:
            return []


def zero_divisors(subject: Subject) -> Iterator[Find]:
    """Yield divisors that may be 0, as far as is known of them."""
    for place in subject.places():
        for node, facts in nodes_with_facts(place, ast.Div):
            if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
                continue
            span = facts.of(place.expression, node.right)
            if not isinstance(span, Range) or 0.0 not in span or not _informed(span):
                continue
            text = segment(place.expression.source, node.right)
            always = span.low == span.high
            message = f"{text} may be 0, and the quotient is missing there"
            if always:
                message = f"{text} is always 0, and the quotient always missing"
            hint = f"if that should not be, divide by max({text}, ...)"
            find = place.find(node.right, message, hint)
            yield find._replace(severity=Severity.WARNING if always else None)


def _informed(span: Range) -> bool:
    return span.low > -FAR or span.high < FAR


def strange_confidences(subject: Subject) -> Iterator[Find]:
    """Yield confidences that may lie outside [0, 1]."""
    for rule in subject.strategy.rules:
        for name, place in subject.stated(rule):
            if name == "confidence":
                hint = "hold it there: clamp(x, 0, 1)"
                yield from _outside(place, "confidence", "[0, 1]", hint)


def strange_prices(subject: Subject) -> Iterator[Find]:
    """Yield prices that may lie outside (0, 1), which no order can have."""
    for rule in subject.strategy.rules:
        for name, place in subject.stated(rule):
            if name == "price" and not _is_next(subject, place.expression):
                hint = "hold it inside: clamp(x, 0.001, 0.999)"
                yield from _outside(place, "price", "(0, 1)", hint)


def _is_next(subject: Subject, price: Expression) -> bool:
    """Tell whether a price is a tick beside one of the book.

    Such a price is 0 or 1 at the worst, where a book ends, and there the engine drops
    it: with a tick of its own book it is not further out.
    """
    node = price.tree
    while isinstance(node, ast.Name) and node.id in subject.lets:
        price = subject.lets[node.id]
        node = price.tree
    match node:
        case ast.BinOp(
            left=ast.Name(id=rests),
            op=ast.Add() | ast.Sub(),
            right=ast.Name(id=step),
        ):
            alias, _, last = rests.rpartition(".")
            own = f"{alias}.tick_size" if alias else "tick_size"
            return last in BESTS and step == own
        case _:
            return False


def _outside(place: Place, what: str, domain: str, hint: str) -> Iterator[Find]:
    tree = place.expression.tree
    span = place.facts.of(place.expression, tree)
    if not isinstance(span, Range) or not span.possible:
        return
    room = ROOM if domain[0] == "[" else 0.0
    if _is_beyond(span, room):
        message = f"{what} is never in {domain}: it is {shown(span)}"
        if room:
            yield place.find(tree, message, hint)
        else:
            find = place.find(tree, message, _meant(place))
            yield find._replace(severity=Severity.ERROR)
        return
    low = span.low < 0.0 - room if room else span.low <= 0.0
    high = span.high > 1.0 + room if room else span.high >= 1.0
    # a number of which nothing is known on that side is not held against the file
    low, high = low and span.low > -FAR, high and span.high < FAR
    if low or high:
        message = f"{what} may lie outside {domain}: it is {shown(span)}"
        yield place.find(tree, message, hint)


def _is_beyond(span: Range, room: float) -> bool:
    """Tell whether a number always lies outside."""
    if room:
        return span.low > 1.0 + room or span.high < 0.0 - room
    return span.low >= 1.0 or span.high <= 0.0


def _meant(place: Place) -> str:
    """Return what a number that never fits was meant to be: a cent, most often."""
    dollar = any(
        isinstance(node, ast.Constant) and constant(node) == 1.0
        for node in ast.walk(place.expression.tree)
    )
    if dollar:
        return "1 is a dollar, and a cent is 0.01: did you mean 0.01?"
    return "mend one of the numbers: a price is between 0 and 1 dollar"
