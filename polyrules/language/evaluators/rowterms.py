"""From a checked expression to Python for one row: what each construct means.

A number is a float in which NaN is missing. A boolean is asked "is it true?" or "is it
false?"; a comparison with NaN answers no to both, so that Kleene's logic costs nothing.
Nothing raises, and whatever could have become infinite is made missing.

This is the third telling of what the reference interpreter says and the columns repeat;
the three are held together by a law.
"""

import ast
import math
from collections.abc import Mapping

from polyrules.errors import InvariantError
from polyrules.language.evaluators.reference import evaluate_part
from polyrules.language.evaluators.rowcode import Code, Term
from polyrules.language.evaluators.rownumbers import CALLS, FINITE, divided, snapped
from polyrules.language.evaluators.translate import ENUMS, HARMLESS_TERM
from polyrules.language.expression import Expression, Kind

CHOSEN = "{1} if {0} else {3} if {2} else nan"
TRUE, FALSE = "True", "False"
NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
SYMBOLS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


class Terms:
    """The terms of one strategy's expressions.

    Args:
        code: Where they are collected.
        lets: Expressions of the strategy's lets by name, in the order of the file.
    """

    def __init__(self, code: Code, lets: Mapping[str, Expression]) -> None:
        self.code = code
        self._lets = lets
        self._numbers: dict[ast.expr, Term] = {}
        self._truths: dict[tuple[ast.expr, bool], Term] = {}
        self._strangers: dict[str, float] = {}
        # Each let finds those before it ready: a long chain is no deep recursion.
        for let in lets.values():
            self.number(let)
            if let.type.kind is Kind.BOOL:
                self.true(let)
                self.false(let)

    def number(self, expression: Expression) -> Term:
        """Return the value as a number: a boolean as 0 or 1, an enum as its code."""
        return self._number(expression, expression.tree)

    def true(self, expression: Expression) -> Term:
        """Return whether a boolean expression is TRUE."""
        return self._truth(expression, expression.tree, want=True)

    def false(self, expression: Expression) -> Term:
        """Return whether a boolean expression is FALSE."""
        return self._truth(expression, expression.tree, want=False)

    # Truths

    def _truth(self, expression: Expression, node: ast.expr, *, want: bool) -> Term:
        key = node, want
        if key not in self._truths:
            self._truths[key] = self._new_truth(expression, node, want=want)
        return self._truths[key]

    def _new_truth(self, expression: Expression, node: ast.expr, *, want: bool) -> Term:
        match node:
            case ast.Constant(value=bool(value)):
                return self.code.apply(TRUE if value is want else FALSE)
            case ast.Name(id=name) if name in self._lets:
                let = self._lets[name]
                return self._truth(let, let.tree, want=want)
            case ast.Name(id=name):
                return self._compared(self.code.column(name), "==", float(want))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._truth(expression, operand, want=not want)
            case ast.BoolOp(op=operator, values=values):
                sides = [self._truth(expression, each, want=want) for each in values]
                return self._joined(sides, every=isinstance(operator, ast.And) is want)
            case ast.Compare():
                return self._comparison(expression, node, want=want)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.code.apply(
                    "{1} if {0} else ({2} and {3})",
                    self._truth(expression, test, want=True),
                    self._truth(expression, body, want=want),
                    self._truth(expression, test, want=False),
                    self._truth(expression, orelse, want=want),
                )
            case ast.Call():
                return self._truth_call(expression, node, want=want)
            case _:
                raise InvariantError(f"has no truth: {ast.unparse(node)}")

    def _joined(self, sides: list[Term], *, every: bool) -> Term:
        return self.code.join("and" if every else "or", sides)

    def _comparison(
        self, expression: Expression, node: ast.Compare, *, want: bool
    ) -> Term:
        """Translate `a < b <= c` as `a < b and b <= c`."""
        sides = []
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(right, ast.Tuple):
                inside = isinstance(operator, ast.In) is want
                found = [
                    self._pair(expression, ast.Eq(), left, each, want=inside)
                    for each in right.elts
                ]
                sides.append(self._joined(found, every=not inside))
            else:
                sides.append(self._pair(expression, operator, left, right, want=want))
            left = right
        return self._joined(sides, every=want)

    def _pair(
        self,
        expression: Expression,
        operator: ast.cmpop,
        left: ast.expr,
        right: ast.expr,
        *,
        want: bool,
    ) -> Term:
        words = self._words(expression, left, right)
        one = self._number(expression, left, words)
        other = self._number(expression, right, words)
        symbol = SYMBOLS.get(type(operator))
        if symbol is not None:
            return self._compared(one, symbol if want else NEGATED[symbol], other)
        if isinstance(operator, ast.Eq) is want:
            return self._compared(one, "==", other)
        # Python's own != is true of NaN
        sides = [self._compared(one, "<", other), self._compared(one, ">", other)]
        return self._joined(sides, every=False)

    def _compared(self, one: Term, symbol: str, other: Term | float) -> Term:
        if isinstance(other, float):
            other = self.code.constant(other)
        return self.code.apply(f"{{0}} {symbol} {{1}}", one, other)

    def _truth_call(
        self, expression: Expression, node: ast.Call, *, want: bool
    ) -> Term:
        match _called(node), node.args:
            case "known", [argument]:
                return self._known(expression, argument, want=want)
            case "coalesce", [argument, default]:
                return self.code.apply(
                    "{0} or (not {1} and {2})",
                    self._truth(expression, argument, want=want),
                    self._truth(expression, argument, want=not want),
                    self._truth(expression, default, want=want),
                )
            case "between", [argument, low, high]:
                above = self._pair(expression, ast.GtE(), argument, low, want=want)
                below = self._pair(expression, ast.LtE(), argument, high, want=want)
                return self._joined([above, below], every=want)
            case _:
                raise InvariantError(f"has no truth: {ast.unparse(node)}")

    def _known(self, expression: Expression, node: ast.expr, *, want: bool) -> Term:
        if expression.types[node].kind is not Kind.BOOL:
            number = self._number(expression, node)
            symbol = "==" if want else "!="  # only NaN differs from itself
            return self.code.apply(f"{{0:first}} {symbol} {{0}}", number)
        true = self._truth(expression, node, want=True)
        false = self._truth(expression, node, want=False)
        known = self._joined([true, false], every=False)
        return known if want else self.code.apply("not {0}", known)

    # Numbers

    def _number(
        self, expression: Expression, node: ast.expr, words: tuple[str, ...] = ()
    ) -> Term:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self.code.constant(self._code(node.value, words))
        if node not in self._numbers:
            new = self._folded if _is_bare(expression, node) else self._new_number
            self._numbers[node] = new(expression, node, words)
        return self._numbers[node]

    def _folded(
        self, expression: Expression, node: ast.expr, _: tuple[str, ...]
    ) -> Term:
        """Return what a number without names is: the reference is asked, once."""
        value = evaluate_part(expression, node, {})
        return self.code.constant(value if isinstance(value, float) else math.nan)

    def _new_number(
        self, expression: Expression, node: ast.expr, words: tuple[str, ...]
    ) -> Term:
        match node:
            case ast.Name(id=name) if name not in self._lets:
                return self.code.column(name)
            case ast.Name(id=name):
                return self.number(self._lets[name])
            case ast.Constant(value=int() | float() as value):
                return self.code.constant(float(value))
            case _ if expression.types[node].kind is Kind.BOOL:
                one, zero = self.code.constant(1.0), self.code.constant(0.0)
                return self._chosen(expression, node, one, zero)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.code.apply("-{0}", self._number(expression, operand))
            case ast.BinOp():
                return self._arithmetic(expression, node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                words = words or self._words(expression, node, body, orelse)
                chosen = self._number(expression, body, words)
                other = self._number(expression, orelse, words)
                return self._chosen(expression, test, chosen, other)
            case ast.Call():
                words = words or self._words(expression, node, *node.args)
                numbers = [self._number(expression, a, words) for a in node.args]
                return CALLS[_called(node)](self.code, *numbers)
            case _:
                raise InvariantError(f"is no number: {ast.unparse(node)}")

    def _chosen(
        self, expression: Expression, test: ast.expr, body: Term, orelse: Term
    ) -> Term:
        """Return `body if test else orelse`, missing where the test is UNKNOWN."""
        true = self._truth(expression, test, want=True)
        false = self._truth(expression, test, want=False)
        return self.code.apply(CHOSEN, true, body, false, orelse)

    def _arithmetic(self, expression: Expression, node: ast.BinOp) -> Term:
        code = self.code
        left = self._number(expression, node.left)
        right = self._number(expression, node.right)
        constants = [code.value(each) for each in (left, right)]
        sizes = [abs(each) for each in constants if each is not None]
        match node.op:
            case ast.Add() | ast.Sub():
                sign = "+" if isinstance(node.op, ast.Add) else "-"
                result = code.apply(f"{{0}} {sign} {{1}}", left, right)
                if expression.snaps(node):
                    return snapped(code, result)
                is_safe = any(size < HARMLESS_TERM for size in sizes)
            case ast.Mult():
                result = code.apply("{0} * {1}", left, right)
                is_safe = any(size <= 1.0 for size in sizes)
            case ast.Div():
                result = divided(code, left, right)
                is_safe = constants[1] is not None and abs(constants[1]) >= 1.0
            case _:
                raise InvariantError(f"unknown operator: {ast.unparse(node)}")
        return result if is_safe else code.apply(FINITE, result)

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


def _is_bare(expression: Expression, node: ast.expr) -> bool:
    """Tell whether a number is the same in every row, as nothing in it has a name."""
    is_leaf = isinstance(node, ast.Name | ast.Constant)
    if is_leaf or expression.types[node].kind is not Kind.NUMBER:
        return False
    nodes = ast.walk(node)
    # The name of a function has no type.
    return not any(isinstance(n, ast.Name) and n in expression.types for n in nodes)
