"""From a checked expression to operations on columns: what each construct means.

Every boolean is translated twice at most, once for "where is it true?" and once for
"where is it false?"; where neither holds it is UNKNOWN. Numbers that are missing are
NaN. The reference interpreter is the other telling of the same meaning; the two are
held together by a law.
"""

import ast
import math
from collections.abc import Mapping, Sequence

from polyrules.errors import InvariantError
from polyrules.features.catalog import CATALOG, ROW_FEATURES
from polyrules.language.evaluators.graph import Graph, Node
from polyrules.language.evaluators.numeric import CALLS, choose, finite, known, snapped
from polyrules.language.expression import Expression, Kind

# Adding a constant below half the gap between the two largest floats cannot make a
# finite number infinite.
HARMLESS_TERM = 2.0**969
ENUMS = tuple(
    feature.values
    for features in (CATALOG, *ROW_FEATURES.values())
    for feature in features.values()
    if feature.values
)


class Translator:
    """Translates the expressions of one strategy into one graph.

    Args:
        graph: Where the operations are collected.
        lets: Expressions of the strategy's lets by name.
    """

    def __init__(self, graph: Graph, lets: Mapping[str, Expression]) -> None:
        self.graph = graph
        self._lets = lets
        self._numbers: dict[ast.expr, Node] = {}
        self._truths: dict[tuple[ast.expr, bool], Node] = {}
        self._strangers: dict[str, float] = {}

    def number(self, expression: Expression) -> Node:
        """Return the value as a number: a boolean as 0 or 1, an enum as its code."""
        return self._number(expression, expression.tree)

    def true(self, expression: Expression) -> Node:
        """Return where a boolean expression is TRUE."""
        return self._truth(expression, expression.tree, want=True)

    def false(self, expression: Expression) -> Node:
        """Return where a boolean expression is FALSE."""
        return self._truth(expression, expression.tree, want=False)

    # Truths

    def _truth(self, expression: Expression, node: ast.expr, *, want: bool) -> Node:
        # Remembered: a condition inside a condition is asked both ways, and nesting
        # would double the work at every level.
        key = node, want
        if key not in self._truths:
            self._truths[key] = self._new_truth(expression, node, want=want)
            if isinstance(node, ast.Compare):
                # Both answers one after the other: the columns are still in the cache.
                self._truth(expression, node, want=not want)
        return self._truths[key]

    def _new_truth(self, expression: Expression, node: ast.expr, *, want: bool) -> Node:
        match node:
            case ast.Constant(value=bool(value)):
                return self.graph.truth(holds=value is want)
            case ast.Name(id=name) if name in self._lets:
                let = self._lets[name]
                return self._truth(let, let.tree, want=want)
            case ast.Name(id=name):
                code = self.graph.constant(1.0 if want else 0.0)
                return self.graph.apply("equal", self.graph.column(name), code)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._truth(expression, operand, want=not want)
            case ast.BoolOp(op=operator, values=values):
                sides = [self._truth(expression, each, want=want) for each in values]
                return self._joined(sides, every=isinstance(operator, ast.And) is want)
            case ast.Compare():
                return self._comparison(expression, node, want=want)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._branch(
                    self._truth(expression, test, want=True),
                    self._truth(expression, test, want=False),
                    self._truth(expression, body, want=want),
                    self._truth(expression, orelse, want=want),
                )
            case ast.Call():
                return self._truth_call(expression, node, want=want)
            case _:
                raise InvariantError(f"has no truth: {ast.unparse(node)}")

    def _joined(self, sides: Sequence[Node], *, every: bool) -> Node:
        joined = self.graph.truth(holds=every)
        join = self.graph.both if every else self.graph.either
        for side in sides:
            joined = join(joined, side)
        return joined

    def _branch(self, true: Node, false: Node, body: Node, orelse: Node) -> Node:
        graph = self.graph
        return graph.either(graph.both(true, body), graph.both(false, orelse))

    def _comparison(
        self, expression: Expression, node: ast.Compare, *, want: bool
    ) -> Node:
        """Translate `a < b <= c` as `a < b and b <= c`."""
        sides = []
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(right, ast.Tuple):
                side = self._member(expression, operator, left, right, want=want)
            else:
                side = self._pair(expression, operator, left, right, want=want)
            sides.append(side)
            left = right
        return self._joined(sides, every=want)

    def _member(
        self,
        expression: Expression,
        operator: ast.cmpop,
        left: ast.expr,
        words: ast.Tuple,
        *,
        want: bool,
    ) -> Node:
        inside = isinstance(operator, ast.In) is want
        sides = [
            self._pair(expression, ast.Eq(), left, word, want=inside)
            for word in words.elts
        ]
        return self._joined(sides, every=not inside)

    def _pair(
        self,
        expression: Expression,
        operator: ast.cmpop,
        left: ast.expr,
        right: ast.expr,
        *,
        want: bool,
    ) -> Node:
        words = self._words(expression, left, right)
        one = self._number(expression, left, words)
        other = self._number(expression, right, words)
        match operator, want:
            case (ast.Lt(), True) | (ast.GtE(), False):
                return self.graph.apply("less", one, other)
            case (ast.Gt(), True) | (ast.LtE(), False):
                return self.graph.apply("less", other, one)
            case (ast.LtE(), True) | (ast.Gt(), False):
                return self.graph.apply("less_equal", one, other)
            case (ast.GtE(), True) | (ast.Lt(), False):
                return self.graph.apply("less_equal", other, one)
            case (ast.Eq(), True) | (ast.NotEq(), False):
                return self.graph.apply("equal", one, other)
            case _:  # NumPy's own != is true of NaN
                less = self.graph.apply("less", one, other)
                return self.graph.either(less, self.graph.apply("less", other, one))

    def _truth_call(
        self, expression: Expression, node: ast.Call, *, want: bool
    ) -> Node:
        match _called(node), node.args:
            case "known", [argument]:
                return self._known(expression, argument, want=want)
            case "coalesce", [argument, default]:
                known = self._known(expression, argument, want=True)
                own = self._truth(expression, argument, want=want)
                other = self._truth(expression, default, want=want)
                return self.graph.either(own, self.graph.without(other, known))
            case "between", [argument, low, high]:
                above = self._pair(expression, ast.GtE(), argument, low, want=want)
                below = self._pair(expression, ast.LtE(), argument, high, want=want)
                return self._joined([above, below], every=want)
            case _:
                raise InvariantError(f"has no truth: {ast.unparse(node)}")

    def _known(self, expression: Expression, node: ast.expr, *, want: bool) -> Node:
        graph = self.graph
        if expression.types[node].kind is Kind.BOOL:
            true = self._truth(expression, node, want=True)
            is_known = graph.either(true, self._truth(expression, node, want=False))
        else:
            is_known = known(graph, self._number(expression, node))
        return is_known if want else graph.inverse(is_known)

    # Numbers

    def _number(
        self, expression: Expression, node: ast.expr, words: tuple[str, ...] = ()
    ) -> Node:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self.graph.constant(self._code(node.value, words))
        if node not in self._numbers:
            self._numbers[node] = self._new_number(expression, node, words)
        return self._numbers[node]

    def _new_number(
        self, expression: Expression, node: ast.expr, words: tuple[str, ...]
    ) -> Node:
        match node:
            case ast.Name(id=name) if name not in self._lets:
                return self.graph.column(name)
            case ast.Name(id=name):
                return self.number(self._lets[name])
            case ast.Constant(value=int() | float() as value):
                return self.graph.constant(float(value))
            case _ if expression.types[node].kind is Kind.BOOL:
                return self._encoded(expression, node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.graph.apply("negative", self._number(expression, operand))
            case ast.BinOp():
                return self._arithmetic(expression, node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                words = words or self._words(expression, node, body, orelse)
                return self._select(
                    expression,
                    test,
                    self._number(expression, body, words),
                    self._number(expression, orelse, words),
                )
            case ast.Call():
                words = words or self._words(expression, node, *node.args)
                numbers = [self._number(expression, a, words) for a in node.args]
                return CALLS[_called(node)](self.graph, *numbers)
            case _:
                raise InvariantError(f"is no number: {ast.unparse(node)}")

    def _encoded(self, expression: Expression, node: ast.expr) -> Node:
        constant = self.graph.constant
        return self._select(expression, node, constant(1.0), constant(0.0))

    def _select(
        self, expression: Expression, test: ast.expr, body: Node, orelse: Node
    ) -> Node:
        """Return `body if test else orelse`, missing where the test is UNKNOWN."""
        true = self._truth(expression, test, want=True)
        false = self._truth(expression, test, want=False)
        missing = self.graph.constant(math.nan)
        otherwise = choose(self.graph, false, orelse, missing)
        return choose(self.graph, true, body, otherwise)

    def _arithmetic(self, expression: Expression, node: ast.BinOp) -> Node:
        graph = self.graph
        left = self._number(expression, node.left)
        right = self._number(expression, node.right)
        constants = graph.value(left), graph.value(right)
        sizes = [abs(each) for each in constants if each is not None]
        match node.op:
            case ast.Add() | ast.Sub():
                name = "add" if isinstance(node.op, ast.Add) else "subtract"
                result = graph.apply(name, left, right)
                if expression.snaps(node):
                    return snapped(graph, result)
                is_safe = any(size < HARMLESS_TERM for size in sizes)
            case ast.Mult():
                result = graph.apply("multiply", left, right)
                is_safe = any(size <= 1.0 for size in sizes)
            case ast.Div():
                result = graph.apply("divide", left, right)
                is_safe = constants[1] is not None and abs(constants[1]) >= 1.0
            case _:
                raise InvariantError(f"unknown operator: {ast.unparse(node)}")
        return result if is_safe else finite(graph, result)

    def _words(self, expression: Expression, *nodes: ast.expr) -> tuple[str, ...]:
        """Return the words of the enum that some of the nodes are of, if any."""
        return max((expression.types[node].values for node in nodes), key=len)

    def _code(self, word: str, words: tuple[str, ...]) -> float:
        # A word beside no feature has a type of itself only: look for its enum.
        for known_words in (words, *ENUMS):
            if len(known_words) > 1 and word in known_words:
                return float(known_words.index(word))
        # No column holds such a word: a code of its own, that equals only itself.
        self._strangers.setdefault(word, -1.0 - len(self._strangers))
        return self._strangers[word]


def _called(node: ast.Call) -> str:
    assert isinstance(node.func, ast.Name), "only a name can be called"
    return node.func.id
