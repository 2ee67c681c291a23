"""Expressions as English: `spread <= 0.02` is "the spread is at most 2 cents".

What the text says is told, with the names of params in brackets behind their values;
nothing is simplified.
"""

import ast
from collections.abc import Iterator

from polyrules.language.expression import Expression, Kind
from polyrules.language.prose.scope import Scope
from polyrules.language.prose.spoken import Spoken
from polyrules.language.strategy import Strategy


class Phrases:
    """Puts the expressions of one strategy into words."""

    def __init__(self, strategy: Strategy) -> None:
        self._scope = Scope(strategy)

    def conditions(self, expression: Expression) -> tuple[str, ...]:
        """Return what must hold, one sentence for each part joined with `and`."""
        text = Spoken(self._scope, expression)
        return tuple(text.truth(part) for part in _joined(text.tree))

    def told(self, expression: Expression) -> str:
        """Return an expression in words, whatever its type."""
        if expression.type.kind is not Kind.BOOL:
            return self.value(expression)
        sentences = self.conditions(expression)
        if len(sentences) < 3:  # noqa: PLR2004 - two need no comma
            return " and ".join(sentences)
        return f"{', '.join(sentences[:-1])}, and {sentences[-1]}"

    def value(self, expression: Expression, unit: str = "") -> str:
        """Return what an expression is worth: a number with its unit, or a noun."""
        text = Spoken(self._scope, expression)
        return text.value(text.tree, unit or expression.type.unit)


def _joined(tree: ast.expr) -> Iterator[ast.expr]:
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        for part in tree.values:
            yield from _joined(part)
    else:
        yield tree
