"""One expression, part by part, as English.

A sentence tells that a condition is true (or not); a noun stands where a value does.
What this page has no words for stands as it is written.
"""

import ast

from polyrules.language.expression import Expression
from polyrules.language.expressions.parse import parse, segment
from polyrules.language.prose.amounts import amount
from polyrules.language.prose.nouns import nothing, noun, sentence
from polyrules.language.prose.scope import Scope
from polyrules.language.prose.wording import (
    CALLED,
    COMPARED,
    CONSTANTS,
    GROUPS,
    LOOKING_BACK,
    OPERATORS,
    OVER_GROUPS,
    TURNED,
)

SUMS = ast.Add | ast.Sub
SAME_UNIT = ("abs", "min", "max", "clamp", "coalesce")
TRUTHS = ("between", "known", "held_for", "crossed_above")


class Spoken:
    """One expression: its own words, with the types that were found for them."""

    def __init__(self, scope: Scope, expression: Expression) -> None:
        self._scope = scope
        self._source = expression.source
        # the checked tree has forgotten params and functions that look back
        self.tree = parse(expression.source).tree or expression.tree
        self._types = {_place(node): type_ for node, type_ in expression.types.items()}

    def truth(self, node: ast.expr, *, holds: bool = True) -> str:
        """Return a sentence: that a condition is true, or that it is not."""
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return self.truth(inner, holds=not holds)
            case ast.BoolOp(op=op, values=values):
                return self._sentences(op, values, holds=holds)
            case ast.Compare():
                return self._compared(node, holds=holds)
            case ast.Name(id=name):
                return self._named_truth(name, holds=holds)
            case ast.Call(func=ast.Name(id="between"), args=[x, low, high]):
                return self._between(x, low, high, holds=holds)
            case ast.Call(func=ast.Name(id="known"), args=[x]):
                return f"{self.value(x)} is {'known' if holds else 'missing'}"
            case ast.Call(func=ast.Name(id=name)) if name in LOOKING_BACK:
                said = self._called(node, name, "")
                return said if holds else f"it is not so that {said}"
            case _:
                return f"{self.value(node)} is {'true' if holds else 'not true'}"

    def value(self, node: ast.expr, unit: str = "") -> str:
        """Return what a part of the text is worth; `unit` is that of its literals."""
        match node:
            case ast.Constant(value=value):
                return _literal(value, unit)
            case ast.Name(id=name):
                return self._named(name)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self._negated(inner, unit)
            case ast.BinOp():
                return self._computed(node, unit)
            case ast.IfExp(test=test, body=body, orelse=other):
                said = f"{self.value(body, unit)} if {self.truth(test)}"
                return f"{said}, else {self.value(other, unit)}"
            case ast.Call(func=ast.Name(id=name)) if name not in TRUTHS:
                return self._called(node, name, unit)
            case ast.BoolOp() | ast.Compare() | ast.UnaryOp() | ast.Call():
                return self.truth(node)
            case _:
                return self._code(node)

    def _sentences(self, op: ast.boolop, values: list[ast.expr], *, holds: bool) -> str:
        # not (a and b) is (not a) or (not b), with missing values too
        word = "and" if isinstance(op, ast.And) is holds else "or"
        parts = [
            f"({self.truth(each, holds=holds)})"
            if _is_joined(each)
            else self.truth(each, holds=holds)
            for each in values
        ]
        return f" {word} ".join(parts)

    def _named_truth(self, name: str, *, holds: bool) -> str:
        scope = self._scope
        if name in scope.params:
            return f"`{name}` is {'true' if holds else 'false'}"
        if name in scope.lets:
            return f"*{name}* {'holds' if holds else 'does not hold'}"
        return sentence(name, scope.rows, holds=holds)

    def _between(
        self, x: ast.expr, low: ast.expr, high: ast.expr, *, holds: bool
    ) -> str:
        unit = self._unit(x, low, high)
        ends = f"{self.value(low, unit)} and {self.value(high, unit)}"
        return f"{self.value(x, unit)} is {'' if holds else 'not '}between {ends}"

    def _compared(self, node: ast.Compare, *, holds: bool) -> str:
        sides = [node.left, *node.comparators]
        unit = self._unit(*sides)
        pairs = zip(sides, node.ops, sides[1:], strict=False)
        parts = [self._pair(*pair, unit, holds=holds) for pair in pairs]
        return f" {'and' if holds else 'or'} ".join(parts)

    def _pair(
        self,
        left: ast.expr,
        op: ast.cmpop,
        right: ast.expr,
        unit: str,
        *,
        holds: bool,
    ) -> str:
        if isinstance(op, ast.In | ast.NotIn):
            return self._chosen(left, op, right, holds=holds)
        kind = type(op)
        if self._is_fixed(left) and not self._is_fixed(right):
            left, right, kind = right, left, TURNED[kind]
        if isinstance(op, ast.Eq) and holds and _is_zero(right):
            special = self._nothing(left)
            if special:
                return special
        said = COMPARED[kind]
        if not holds:
            said = "is" if kind is ast.NotEq else said.replace("is", "is not", 1)
        return f"{self.value(left, unit)} {said} {self.value(right, unit)}"

    def _chosen(
        self, left: ast.expr, op: ast.cmpop, right: ast.expr, *, holds: bool
    ) -> str:
        words = right.elts if isinstance(right, ast.Tuple) else [right]
        unit = self._unit(left, *words)
        said = [self.value(word, unit) for word in words]
        inside = isinstance(op, ast.In) is holds
        return f"{self.value(left)} is {'' if inside else 'not '}{' or '.join(said)}"

    def _nothing(self, node: ast.expr) -> str:
        if not isinstance(node, ast.Name) or node.id in self._scope.lets:
            return ""
        return nothing(node.id, self._scope.rows)

    def _named(self, name: str, sign: int = 1) -> str:
        scope = self._scope
        mark = "-" if sign < 0 else ""
        if name in scope.params:
            param = scope.params[name]
            value = param.value
            if isinstance(value, bool | str):
                return f"{value} (`{name}`)".lower()
            return f"{amount(sign * value, param.type.unit)} (`{mark}{name}`)"
        said = f"*{name}*" if name in scope.lets else noun(name, scope.rows)
        return f"minus {said}" if mark else said

    def _negated(self, node: ast.expr, unit: str) -> str:
        match node:
            case ast.Constant(value=float(value)):
                return amount(-value, unit)
            case ast.Name(id=name):
                return self._named(name, sign=-1)
            case _:
                return f"minus {self._inner(node, unit)}"

    def _computed(self, node: ast.BinOp, unit: str) -> str:
        adds = isinstance(node.op, SUMS)
        inner = (self._unit(node, node.left, node.right) or unit) if adds else ""
        left = self.value(node.left, inner)
        if isinstance(node.left, ast.BinOp) and adds != isinstance(node.left.op, SUMS):
            left = f"({left})"
        return f"{left} {OPERATORS[type(node.op)]} {self._inner(node.right, inner)}"

    def _inner(self, node: ast.expr, unit: str) -> str:
        """Return a value that stands behind an operator, in brackets if need be."""
        said = self.value(node, unit)
        return f"({said})" if isinstance(node, ast.BinOp | ast.IfExp) else said

    def _called(self, node: ast.Call, name: str, unit: str) -> str:
        args = node.args
        if name in ("min", "max") and args:
            return self._extreme(name, args, unit)
        if name in CONSTANTS and isinstance(args[0], ast.Constant):
            factor, of = CONSTANTS[name]
            return amount(float(str(args[0].value)) * factor, of)
        if name in OVER_GROUPS:
            group = next((word.value for word in node.keywords), None)
            words = [self._inner(arg, unit) for arg in args]
            words += [] if group is None else [self.value(group)]
            words[-1] = GROUPS.get(words[-1], words[-1])
            return _formed(OVER_GROUPS[name], words) or self._code(node)
        if name in LOOKING_BACK:
            words = [self._inner(arg, unit) for arg in args[:1]]
            words += [self.value(arg, "seconds") for arg in args[1:]]
            told = _formed(LOOKING_BACK[name], words) or self._code(node)
            return told.replace(" last 1 ", " last ")
        wanted = "prob" if name == "fee" else self._unit(*args) or unit
        whole = self.value if name == "clamp" else self._inner
        said = [whole(arg, wanted) for arg in args]
        return _formed(CALLED.get(name, ""), said) or self._code(node)

    def _extreme(self, name: str, args: list[ast.expr], unit: str) -> str:
        wanted = self._unit(*args) or unit
        said = [self.value(each, wanted) for each in args]
        two = len(args) == 2  # noqa: PLR2004 - the lower of two, the lowest of three
        word = {"min": "low", "max": "high"}[name] + ("er" if two else "est")
        return f"the {word} of {', '.join(said[:-1])} and {said[-1]}"

    def _unit(self, *nodes: ast.expr) -> str:
        """Return the first unit that any of the parts has."""
        units = (self._unit_of(node) for node in nodes)
        return next((unit for unit in units if unit), "")

    def _unit_of(self, node: ast.expr) -> str:
        # what looks back has left the checked tree, and its types with it
        known = self._types.get(_place(node))
        if known is not None and known.unit:
            return known.unit
        match node:
            case ast.Name(id=name):
                return self._scope.type_of(name).unit
            case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
                return self._unit(left, right)
            case ast.Call(func=ast.Name(id=name), args=args) if name in SAME_UNIT:
                return self._unit(*args)
            case _:
                return ""

    def _is_fixed(self, node: ast.expr) -> bool:
        if isinstance(node, ast.UnaryOp):
            return self._is_fixed(node.operand)
        named = isinstance(node, ast.Name) and node.id in self._scope.params
        return named or isinstance(node, ast.Constant)

    def _code(self, node: ast.expr) -> str:
        return f"`{segment(self._source, node)}`"


def _place(node: ast.expr) -> tuple[int, int | None]:
    return node.col_offset, node.end_col_offset


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0


def _is_joined(node: ast.expr) -> bool:
    """Tell whether a condition is told in more than one sentence."""
    if isinstance(node, ast.UnaryOp):
        return _is_joined(node.operand)
    return isinstance(node, ast.BoolOp) or (
        isinstance(node, ast.Compare) and len(node.ops) > 1
    )


def _literal(value: object, unit: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return amount(value, unit) if isinstance(value, float) else str(value)


def _formed(form: str, said: list[str]) -> str:
    """Return words put into a form; "" where there is none, or too few words."""
    try:
        return form.format(*said)
    except IndexError:
        return ""
