"""What follows from conditions that hold, of all that they speak of.

`price > 0.9` says where price lies and that it is there; that a let is TRUE says the
same of what it is made of. A half of `or` says nothing.
"""

import ast
from collections.abc import Callable, Mapping

from polyrules.language.analysis.calls import inverted
from polyrules.language.analysis.intervals import (
    Range,
    Span,
    Truth,
    Words,
    limits,
    meet,
    negative,
    union_of_words,
    with_missing,
)
from polyrules.language.analysis.ranges import of_type
from polyrules.language.analysis.scene import MIRRORED, Claim, Scene
from polyrules.language.expression import Expression, Kind
from polyrules.language.functions import FUNCTIONS

OPPOSITE: Mapping[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.GtE(),
    ast.LtE: ast.Gt(),
    ast.Gt: ast.LtE(),
    ast.GtE: ast.Lt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
}
TRUE, FALSE = Truth(false=False, missing=False), Truth(true=False, missing=False)


class Learned:
    """What follows from claims, by the form of what they speak of.

    Args:
        scene: The names.
        known: What was known before.
        of: What a node may be, as far as was known before.
    """

    def __init__(
        self,
        scene: Scene,
        known: Mapping[str, Span],
        of: Callable[[Expression, ast.expr], Span],
    ) -> None:
        self._scene = scene
        self._of = of
        self.known: dict[str, Span] = dict(known)

    def take(self, claimed: Claim) -> None:
        """Learn from one claim, and from what must hold for it to hold."""
        waiting = [claimed]
        while waiting:
            each = waiting.pop()
            self._note(each.expression, each.node, TRUE if each.holds else FALSE)
            waiting += self._parts(each)

    def _parts(self, claimed: Claim) -> list[Claim]:
        expression, node, holds = claimed
        match node:
            case ast.BoolOp(op=symbol, values=values):
                if isinstance(symbol, ast.And) is holds:
                    return [Claim(expression, each, holds) for each in values]
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return [Claim(expression, operand, not holds)]
            case ast.Name(id=name) if name in self._scene.lets:
                let = self._scene.lets[name]
                return [Claim(let, let.tree, holds)]
            case ast.Compare():
                self._compare(expression, node, holds=holds)
            case ast.Call(func=ast.Name(id="known"), args=[x]) if holds:
                self._present(expression, x)
            case ast.Call(func=ast.Name(id="between"), args=[x, low, high]) if holds:
                self._pair(expression, x, ast.GtE(), low)
                self._pair(expression, x, ast.LtE(), high)
            case ast.Call(
                func=ast.Name(id="coalesce"), args=[x, ast.Constant(value=default)]
            ) if default is not holds and expression.types[x].kind is Kind.BOOL:
                return [Claim(expression, x, holds)]
        return []

    def _compare(
        self, expression: Expression, node: ast.Compare, *, holds: bool
    ) -> None:
        if not holds and len(node.ops) > 1:
            return
        left = node.left
        for symbol, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(right, ast.Tuple):
                self._one_of(
                    expression, left, right, isinstance(symbol, ast.In) is holds
                )
            else:
                meant = symbol if holds else OPPOSITE[type(symbol)]
                self._pair(expression, left, meant, right)
                left = right

    def _one_of(
        self,
        expression: Expression,
        left: ast.expr,
        words: ast.Tuple,
        inside: bool,  # noqa: FBT001 - of two ways
    ) -> None:
        listed = union_of_words(self._of(expression, word) for word in words.elts)
        span = self._of(expression, left)
        if not isinstance(span, Words):
            return
        rest = span.words & listed.words if inside else span.words - listed.words
        self._note(expression, left, Words(rest, missing=False))

    def _pair(
        self, expression: Expression, left: ast.expr, symbol: ast.cmpop, right: ast.expr
    ) -> None:
        self._present(expression, left)
        self._present(expression, right)
        one, other = self._of(expression, left), self._of(expression, right)
        if isinstance(one, Range) and isinstance(other, Range):
            if not (one.possible and other.possible):
                return
            self._narrow(expression, left, limits(symbol, other))
            self._narrow(expression, right, limits(MIRRORED[type(symbol)], one))
            if isinstance(symbol, ast.NotEq):
                self._other_than(expression, left, one, other)
        elif isinstance(symbol, ast.Eq):
            self._note(expression, left, with_missing(other, missing=False))
            self._note(expression, right, with_missing(one, missing=False))

    def _other_than(
        self, expression: Expression, node: ast.expr, span: Range, other: Range
    ) -> None:
        """Learn that a number is not the one at an end of its range."""
        if other.low != other.high:
            return
        if span.low == other.low:
            self._narrow(expression, node, limits(ast.Gt(), other))
        if span.high == other.low:
            self._narrow(expression, node, limits(ast.Lt(), other))

    def _narrow(self, expression: Expression, node: ast.expr, span: Range) -> None:
        """Learn where a number lies, and what that says of what it is made of."""
        while True:
            self._note(expression, node, span)
            match node:
                case ast.Name(id=name) if name in self._scene.lets:
                    expression = self._scene.lets[name]
                    node = expression.tree
                case ast.UnaryOp(operand=operand):
                    node, span = operand, negative(span)
                case ast.Call(func=ast.Name(id=name), args=[x]):
                    inner = inverted(name, span)
                    if inner is None:
                        return
                    node, span = x, inner
                case _:
                    return

    def _present(self, expression: Expression, node: ast.expr) -> None:
        """Learn that a value is there, and so is what it cannot do without."""
        waiting = [(expression, node)]
        seen: set[ast.expr] = set()
        while waiting:
            expression, node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            self._note(
                expression, node, with_missing(_any(expression, node), missing=False)
            )
            waiting += self._inputs(expression, node)

    def _inputs(
        self, expression: Expression, node: ast.expr
    ) -> list[tuple[Expression, ast.expr]]:
        match node:
            case ast.Name(id=name) if name in self._scene.lets:
                let = self._scene.lets[name]
                return [(let, let.tree)]
            case ast.UnaryOp(operand=operand):
                return [(expression, operand)]
            case ast.BinOp(left=left, right=right):
                return [(expression, left), (expression, right)]
            case ast.IfExp(test=test):
                return [(expression, test)]
            case ast.Call(func=ast.Name(id=name), args=arguments):
                strict = FUNCTIONS[name].strict
                return [(expression, each) for each in arguments if strict]
            case _:
                return []

    def _note(self, expression: Expression, node: ast.expr, span: Span) -> None:
        form = self._scene.form(expression, node)
        known = self.known.get(form)
        if known is None:
            known = _any(expression, node)
        self.known[form] = meet(known, span)


def _any(expression: Expression, node: ast.expr) -> Span:
    return of_type(expression.types[node])
