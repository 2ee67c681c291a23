"""The names of one strategy, and its expressions in one form for all that is alike."""

import ast
from collections.abc import Mapping
from typing import NamedTuple

from polyrules.language.analysis.intervals import Span
from polyrules.language.expression import Expression
from polyrules.language.strategy import Strategy

MIRRORED: Mapping[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.Gt(),
    ast.LtE: ast.GtE(),
    ast.Gt: ast.Lt(),
    ast.GtE: ast.LtE(),
    ast.Eq: ast.Eq(),
    ast.NotEq: ast.NotEq(),
}


WORK_MAX = 100_000  # nodes; some seconds


class Claim(NamedTuple):
    """That a condition is TRUE, or that it is FALSE."""

    expression: Expression
    node: ast.expr
    holds: bool = True


def claim(expression: Expression) -> Claim:
    """Return the claim that a whole condition is TRUE."""
    return Claim(expression, expression.tree)


class Scene:
    """The names of one strategy: its params, lets and windows.

    Args:
        strategy: As checked.
        silent: Features that are always missing, because their feed is not there.
    """

    def __init__(
        self, strategy: Strategy, silent: frozenset[str] = frozenset()
    ) -> None:
        self.params = {param.name: param for param in strategy.params}
        self.lets = {let.name: let.expression for let in strategy.lets}
        self.silent = silent
        self._needs: dict[str, tuple[str, ...]] = {}
        self._forms: dict[ast.expr, str] = {}
        self.windows: dict[str, Span] = {}  # what each may be
        size = sum(len(each.types) for each in strategy.expressions())
        self.closer_looks = WORK_MAX // max(size, 1)  # each looks at all of it

    def needs(self, name: str) -> tuple[str, ...]:
        """Return the lets that a let stands on, itself the last, in order."""
        if name not in self._needs:
            found, waiting = {name}, [name]
            while waiting:
                reads = self.lets[waiting.pop()].reads & self.lets.keys()
                waiting += reads - found
                found |= reads
            self._needs[name] = tuple(let for let in self.lets if let in found)
        return self._needs[name]

    def form(self, expression: Expression, node: ast.expr) -> str:
        """Return one text for all that is written alike, whatever the blanks."""
        if node not in self._forms:
            self._forms[node] = self._form(expression, node)
        return self._forms[node]

    def _form(self, expression: Expression, node: ast.expr) -> str:
        if node in expression.params:
            return f"${expression.params[node]}"
        parts = [
            self.form(expression, part)
            for part in ast.iter_child_nodes(node)
            if isinstance(part, ast.expr)
        ]
        match node:
            case ast.Name(id=name):
                return name
            case ast.Constant(value=value):
                return repr(value)
            case ast.Compare(ops=[ast.Gt() | ast.GtE() as symbol]):
                name = type(MIRRORED[type(symbol)]).__name__
                return f"{name}({parts[1]},{parts[0]})"
            case ast.Compare(ops=symbols):
                name = "".join(type(symbol).__name__ for symbol in symbols)
            case ast.BoolOp(op=symbol) | ast.BinOp(op=symbol) | ast.UnaryOp(op=symbol):
                name = type(symbol).__name__
            case _:
                name = type(node).__name__
        return f"{name}({','.join(parts)})"
