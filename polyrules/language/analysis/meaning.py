"""What the expressions of a strategy may come to, where given conditions hold.

Params may be anything in their ranges, since `--set` may make them that. Features are
taken one by one: that a spread is what lies between bid and ask is not known here. So
what is said to be impossible is impossible, and much that is impossible is not noticed.
"""

import ast
from collections.abc import Iterable, Mapping

from polyrules.language.analysis.calls import called, over_time
from polyrules.language.analysis.intervals import (
    Range,
    Span,
    Truth,
    Words,
    among,
    arithmetic,
    compared,
    every,
    join,
    meet,
    negated,
    negative,
    nothing,
    point,
    some,
    with_missing,
)
from polyrules.language.analysis.learning import Learned
from polyrules.language.analysis.ranges import of_feature, of_type
from polyrules.language.analysis.scene import Claim, Scene
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.strategy import Param, Strategy


def anywhere(strategy: Strategy, silent: frozenset[str] = frozenset()) -> "Facts":
    """Return what the expressions of a strategy may be in any row.

    Args:
        strategy: As checked.
        silent: Features that are always missing, because their feed is not there.
    """
    scene = Scene(strategy, silent)
    past = Facts(scene, {})
    for window in strategy.windows:
        span = past.of(window.argument, window.argument.tree)
        if isinstance(span, Range):
            scene.windows[window.name] = over_time(window.kernel, span)
    return Facts(scene, {})


class Facts:
    """What may be where some conditions hold.

    Args:
        scene: The names.
        known: What is known beyond their ranges, by the form of an expression.
        is_branch: Whether this is known in a branch of `x if c else y` only.
    """

    def __init__(
        self, scene: Scene, known: Mapping[str, Span], *, is_branch: bool = False
    ) -> None:
        self.scene = scene
        self._is_branch = is_branch
        self.known = known
        self._found: dict[ast.expr, Span] = {}
        self._lets: dict[str, Span] = {}

    def of(self, expression: Expression, node: ast.expr) -> Span:
        """Return what one node of an expression may be."""
        if node not in self._found:
            span = self._of(expression, node)
            fact = self.known.get(self.scene.form(expression, node))
            self._found[node] = span if fact is None else meet(span, fact)
        return self._found[node]

    def truth(self, expression: Expression, node: ast.expr) -> Truth:
        """Return what a condition may be."""
        span = self.of(expression, node)
        return span if isinstance(span, Truth) else Truth()

    def where(self, claims: Iterable[Claim]) -> "Facts":
        """Return what may be where these hold too."""
        claims = tuple(claims)
        facts = self
        for _ in range(2):  # what the first round learns serves the second
            learned = Learned(self.scene, facts.known, facts.of)
            for each in claims:
                learned.take(each)
            facts = Facts(self.scene, learned.known, is_branch=self._is_branch)
        return facts

    def within(self, claims: Iterable[Claim]) -> "Facts":
        """Return the same as `where`, or less: a file has a budget for its parts."""
        if not self.scene.closer_looks:
            return self
        self.scene.closer_looks -= 1
        return self.where(claims)

    def allows(self, claims: Iterable[Claim]) -> bool:
        """Tell whether these conditions may hold together, as far as is known."""
        claims = tuple(claims)
        facts = self.where(claims)
        return facts.possible and all(
            truth.true if holds else truth.false
            for expression, node, holds in claims
            for truth in (facts.truth(expression, node),)
        )

    @property
    def possible(self) -> bool:
        """Whether nothing known contradicts itself, as far as was looked at."""
        return all(span.possible or span.missing for span in self.known.values())

    def _of(self, expression: Expression, node: ast.expr) -> Span:
        if node in expression.params:
            return self._param(self.scene.params.get(expression.params[node]), node)
        match node:
            case ast.Constant(value=value):
                return _constant(value)
            case ast.Name(id=name):
                return self._name(name, expression.types[node])
            case ast.BinOp(left=left, op=symbol, right=right):
                x, y = self._number(expression, left), self._number(expression, right)
                return arithmetic(symbol, x, y, snaps=expression.snaps(node))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return negative(self._number(expression, operand))
            case ast.IfExp():
                return self._choice(expression, node)
            case ast.Call():
                return self._call(expression, node)
            case _:
                return self._logic(expression, node)

    def _logic(self, expression: Expression, node: ast.expr) -> Span:
        match node:
            case ast.BoolOp(op=symbol, values=values):
                truths = [self.truth(expression, each) for each in values]
                return every(truths) if isinstance(symbol, ast.And) else some(truths)
            case ast.UnaryOp(operand=operand):
                return negated(self.truth(expression, operand))
            case ast.Compare():
                return every(self._pairs(expression, node))
            case _:
                return of_type(expression.types[node])

    def _param(self, param: Param | None, node: ast.expr) -> Span:
        """Return what a param may be set to: this is the one place that knows."""
        assert isinstance(node, ast.Constant), "params are folded"
        if param is None or not isinstance(param.value, float | int):
            return _constant(node.value)
        if isinstance(param.value, bool):
            return Truth(missing=False)
        low = -1.0 if param.type.unit == "prob" else Range().low
        high = 1.0 if param.type.unit == "prob" else Range().high
        return Range(
            low if param.min is None else float(param.min),
            high if param.max is None else float(param.max),
            missing=False,
        )

    def _name(self, name: str, type_: Type) -> Span:
        if name in self.scene.silent:
            span = of_type(type_)
            return meet(span, nothing(span))
        if name in self.scene.windows:
            return self.scene.windows[name]
        if name not in self.scene.lets:
            return of_feature(name, type_)
        for need in self.scene.needs(name):  # no let reads a later one: no recursion
            if need not in self._lets:
                let = self.scene.lets[need]
                self._lets[need] = self.of(let, let.tree)
                fact = self.known.get(need)
                if fact is not None:
                    self._lets[need] = meet(self._lets[need], fact)
        return self._lets[name]

    def _number(self, expression: Expression, node: ast.expr) -> Range:
        span = self.of(expression, node)
        return span if isinstance(span, Range) else Range()

    def _pairs(self, expression: Expression, node: ast.Compare) -> list[Truth]:
        truths: list[Truth] = []
        left = self.of(expression, node.left)
        for symbol, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(right, ast.Tuple):
                words = [self.of(expression, word) for word in right.elts]
                inside = among(left, words)
                truths.append(inside if isinstance(symbol, ast.In) else negated(inside))
            else:
                span = self.of(expression, right)
                truths.append(compared(symbol, left, span))
                left = span
        return truths

    def _choice(self, expression: Expression, node: ast.IfExp) -> Span:
        test = self.truth(expression, node.test)
        found: list[Span] = []
        for branch, taken, holds in (
            (node.body, test.true, True),
            (node.orelse, test.false, False),
        ):
            if taken:
                facts = self._inside(Claim(expression, node.test, holds))
                found.append(facts.of(expression, branch))
        if not found:
            return nothing(self.of(expression, node.body))
        span = found[0] if len(found) == 1 else join(*found)
        return with_missing(span, missing=span.missing or test.missing)

    def _inside(self, test: Claim) -> "Facts":
        """Return what is known in a branch; the same as outside it where that is far.

        Branches in branches would be looked at along every path to them.
        """
        if self._is_branch:
            return self
        return Facts(self.scene, self.known, is_branch=True).within([test])

    def _call(self, expression: Expression, node: ast.Call) -> Span:
        assert isinstance(node.func, ast.Name), "checked"
        arguments = [self.of(expression, argument) for argument in node.args]
        match node.func.id:
            case "known":
                x = arguments[0]
                return Truth(true=x.possible, false=x.missing, missing=False)
            case "coalesce":
                return _coalesced(*arguments)
            case "between":
                x, low, high = arguments
                sides = compared(ast.LtE(), low, x), compared(ast.LtE(), x, high)
                return every(sides)
            case _ if expression.types[node].kind is not Kind.NUMBER:
                return of_type(expression.types[node])
            case name:
                return called(name, [a for a in arguments if isinstance(a, Range)])


def _constant(value: object) -> Span:
    if isinstance(value, bool):
        return Truth(true=value, false=not value, missing=False)
    if isinstance(value, str):
        return Words(frozenset({value}), missing=False)
    assert isinstance(value, float | int), "checked"
    return point(float(value))


def _coalesced(x: Span, default: Span) -> Span:
    if not x.missing:
        return x
    if not x.possible:
        return default
    return with_missing(join(x, default), missing=default.missing)
