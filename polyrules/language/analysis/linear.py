"""Prices as sums: what one is made of, so that two of them can be compared.

`best_ask - tick_size` and `best_bid + tick_size` are told apart by ranges only if it is
known that the one ask is the one bid plus the spread. So all prices of a book are
counted from its best bid; what cannot be taken apart is a part of its own.
"""

import ast
from collections.abc import Mapping
from typing import NamedTuple

from polyrules.language.analysis.intervals import Range, meet
from polyrules.language.analysis.meaning import Facts
from polyrules.language.analysis.ranges import RANGES, TICK
from polyrules.language.expression import Expression
from polyrules.language.expressions.constants import constant

ONE = ""  # the name of the part that is a number
NOTHING = 1e-9  # a share of a part that is left over by rounding
DEEP = 20  # lets that stand on one another; what is below is a part of its own
USUAL_TICK = 0.01  # most markets have it, and none in trade has a wider one
BOOK: Mapping[str, Mapping[str, float]] = {
    "best_bid": {"best_bid": 1.0},
    "best_ask": {"best_bid": 1.0, "spread": 1.0},
    "mid": {"best_bid": 1.0, "spread": 0.5},
    "no_best_ask": {ONE: 1.0, "best_bid": -1.0},
    "no_best_bid": {ONE: 1.0, "best_bid": -1.0, "spread": -1.0},
}
"""The prices of a book, counted from its best bid."""


class Part(NamedTuple):
    """So many times a feature, or what an expression is, at one of its nodes."""

    share: float
    expression: Expression | None = None
    node: ast.expr | None = None


Sum = Mapping[str, Part]


class Sums:
    """What numbers are sums of, where some facts hold.

    Args:
        facts: What is known there.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._lets: dict[str, Sum] = {}
        self._depth = 0

    def of(self, expression: Expression, node: ast.expr) -> Sum:
        """Return a number as a sum of parts, by the form of each."""
        value = constant(node) if not _has_params(expression, node) else None
        if value is not None:
            return {ONE: Part(value)}
        match node:
            case ast.Name(id=name):
                return self._named(expression, node, name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return times(-1.0, self.of(expression, operand))
            case ast.Call(func=ast.Name(id="as_prob"), args=[x]):
                return self.of(expression, x)
            case ast.Call(func=ast.Name(id="implied_no"), args=[x]):
                return less({ONE: Part(1.0)}, self.of(expression, x))
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as symbol, right=right):
                sign = -1.0 if isinstance(symbol, ast.Add) else 1.0
                other = times(sign, self.of(expression, right))
                return less(self.of(expression, left), other)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self._product(expression, node, left, right)
            case _:
                return self._itself(expression, node)

    def _itself(self, expression: Expression, node: ast.expr) -> Sum:
        return {self._facts.scene.form(expression, node): Part(1.0, expression, node)}

    def _named(self, expression: Expression, node: ast.expr, name: str) -> Sum:
        if name in self._facts.scene.lets:
            return self._let(expression, node, name)
        alias, _, last = name.rpartition(".")
        if alias == "t" or last not in BOOK:
            return self._itself(expression, node)
        before = f"{alias}." if alias else ""
        return {
            before + part if part else ONE: Part(count)
            for part, count in BOOK[last].items()
        }

    def _let(self, expression: Expression, node: ast.expr, name: str) -> Sum:
        if name not in self._lets:
            if self._depth == DEEP:
                return self._itself(expression, node)
            let = self._facts.scene.lets[name]
            self._depth += 1
            self._lets[name] = self.of(let, let.tree)
            self._depth -= 1
        return self._lets[name]

    def _product(
        self, expression: Expression, node: ast.expr, left: ast.expr, right: ast.expr
    ) -> Sum:
        for factor, rest in ((left, right), (right, left)):
            by = constant(factor) if not _has_params(expression, factor) else None
            if by is not None:
                return times(by, self.of(expression, rest))
        return self._itself(expression, node)

    def lowest(self, number: Sum) -> float:
        """Return what a sum comes to at least, where no tick is above a cent."""
        return sum(
            min(part.share * end for end in self._ends(name, part))
            for name, part in number.items()
        )

    def _ends(self, name: str, part: Part) -> tuple[float, float]:
        if name == ONE:
            return 1.0, 1.0
        last = name.rpartition(".")[2]
        span = RANGES.get(last, Range()) if part.node is None else None
        if last == "tick_size":
            span = Range(TICK, USUAL_TICK)
        elif part.expression is not None and part.node is not None:
            found = self._facts.of(part.expression, part.node)
            span = found if isinstance(found, Range) else None
        fact = self._facts.known.get(name)
        span = span or Range()
        if isinstance(fact, Range):
            met = meet(span, fact)
            span = met if isinstance(met, Range) else span
        return span.low, span.high


def _has_params(expression: Expression, node: ast.expr) -> bool:
    return any(each in expression.params for each in ast.walk(node))


def times(by: float, number: Sum) -> Sum:
    """Return a sum so many times."""
    return {name: part._replace(share=by * part.share) for name, part in number.items()}


def less(one: Sum, other: Sum) -> Sum:
    """Return the difference of two sums, without the parts that they share."""
    found = dict(one)
    for name, part in other.items():
        before = found[name].share if name in found else 0.0
        found[name] = part._replace(share=before - part.share)
    return {name: part for name, part in found.items() if abs(part.share) > NOTHING}
