"""The small mistakes that a writer of a strategy could make in one expression.

Each is told as what the text would be instead. They change one node of a tree, and the
result is a tree that every evaluator can read: types and units stay as they are.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

from polyrules.language.evaluators.cases import SYMBOLS
from polyrules.language.expression import Expression, Kind
from polyrules.language.expressions.parse import segment

BOUNDARY: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], tuple[type[ast.operator], str, str]] = {
    ast.Add: (ast.Sub, "+", "-"),
    ast.Sub: (ast.Add, "-", "+"),
    ast.Mult: (ast.Div, "*", "/"),
    ast.Div: (ast.Mult, "/", "*"),
}
SHARE = 0.1  # of a number: how far it is moved
STEP = 0.01  # how far 0 is moved
Rewrite = Callable[[ast.expr], ast.expr]


class Edit(NamedTuple):
    """One mistake: its kind, what it changes in words, and the node it makes.

    `about` is the part of the node that is meant; None for the whole.
    """

    kind: str
    change: str
    rewrite: Rewrite
    about: ast.expr | None = None


def edits(expression: Expression, node: ast.expr) -> Iterator[Edit]:
    """Yield the mistakes that could be made at one node of an expression."""
    match node:
        case ast.Compare():
            yield from _comparisons(expression, node)
            yield from _words(expression, node)
        case ast.BoolOp():
            yield from _joins(expression, node)
        case ast.UnaryOp(op=ast.Not()):
            yield Edit("not", '"not" is dropped', _operand)
        case ast.UnaryOp(op=ast.USub()):
            yield Edit("sign", '"-" is dropped', _operand)
        case ast.BinOp(op=symbol, right=right):
            other, was, now = ARITHMETIC[type(symbol)]
            change = _becomes(was, now, segment(expression.source, right))
            yield Edit("arithmetic", change, _with(op=other()))
        case ast.Constant() if node not in expression.params:
            yield from _constants(expression, node)
        case _:
            return


def nudged(number: float) -> tuple[float, float]:
    """Return a number a little lower and a little higher: a tenth, or 0.01 from 0."""
    far = abs(number) * SHARE or STEP
    return number - far, number + far


def shown_number(number: float) -> str:
    """Return a number as a file would state it."""
    return f"{number:.6g}"


def _becomes(was: str, now: str, right: str) -> str:
    return f'"{was} {right}" becomes "{now} {right}"'


def _comparisons(expression: Expression, node: ast.Compare) -> Iterator[Edit]:
    for index, symbol in enumerate(node.ops):
        right = segment(expression.source, node.comparators[index])
        for kind, table in (("boundary", BOUNDARY), ("flipped", FLIPPED)):
            other = table.get(type(symbol))
            if other is not None:
                was, now = SYMBOLS[type(symbol)], SYMBOLS[other]
                ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
                yield Edit(kind, _becomes(was, now, right), _with(ops=ops))


def _words(expression: Expression, node: ast.Compare) -> Iterator[Edit]:
    """Yield a comparison with `in` that lacks one of its words."""
    for index, side in enumerate(node.comparators):
        if not isinstance(side, ast.Tuple) or len(side.elts) == 1:
            continue
        for number, word in enumerate(side.elts):
            change = f"{segment(expression.source, word)} is dropped"
            yield Edit("word", change, _without_word(index, number), word)


def _without_word(index: int, number: int) -> Rewrite:
    def rewrite(node: ast.expr) -> ast.expr:
        assert isinstance(node, ast.Compare), "found by its kind"
        new = copy.copy(node)
        side = node.comparators[index]
        assert isinstance(side, ast.Tuple), "found by its kind"
        fewer = copy.copy(side)
        fewer.elts = [*side.elts[:number], *side.elts[number + 1 :]]
        new.comparators = [fewer if each is side else each for each in node.comparators]
        return new

    return rewrite


def _joins(expression: Expression, node: ast.BoolOp) -> Iterator[Edit]:
    is_and = isinstance(node.op, ast.And)
    change = '"and" becomes "or"' if is_and else '"or" becomes "and"'
    other = ast.Or() if is_and else ast.And()
    yield Edit("join", change, _with(op=other))
    for index, part in enumerate(node.values):
        change = f'"{segment(expression.source, part)}" is dropped'
        yield Edit("dropped", change, _without_part(index), part)


def _without_part(index: int) -> Rewrite:
    def rewrite(node: ast.expr) -> ast.expr:
        assert isinstance(node, ast.BoolOp), "found by its kind"
        left = [*node.values[:index], *node.values[index + 1 :]]
        if len(left) == 1:
            return left[0]
        new = copy.copy(node)
        new.values = left
        return new

    return rewrite


def _constants(expression: Expression, node: ast.Constant) -> Iterator[Edit]:
    value = node.value
    if isinstance(value, bool):
        was, now = str(value).lower(), str(not value).lower()
        yield Edit("constant", f"{was} becomes {now}", _with(value=not value))
    elif isinstance(value, float) and expression.types[node].kind is Kind.NUMBER:
        for other in nudged(value):
            change = f"{shown_number(value)} becomes {shown_number(other)}"
            yield Edit("threshold", change, _with(value=other))


def _operand(node: ast.expr) -> ast.expr:
    assert isinstance(node, ast.UnaryOp), "found by its kind"
    return node.operand


def _with(**fields: object) -> Rewrite:
    def rewrite(node: ast.expr) -> ast.expr:
        new = copy.copy(node)
        for name, value in fields.items():
            setattr(new, name, value)
        return new

    return rewrite
