"""The types of the nodes of one text, and what was found wrong with it.

The rules of one node at a time are here: what is a number, what two values have in
common, what a literal becomes beside something that has a unit. How nodes make up
sentences is in `check`.
"""

import ast
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.parse import segment, span
from polyrules.language.expressions.tokens import Finding
from polyrules.language.expressions.units import LITERAL, RATIO, shared

BOOL = Type(Kind.BOOL)
NUMBER = Type(Kind.NUMBER)
WORD = Type(Kind.ENUM)  # a text in quotes, until it meets an enum
PERCENT_MAX = 100

Place = ast.expr | tuple[ast.expr, ast.expr]


def suggest(name: str, known: Iterable[str]) -> str:
    """Return `did you mean "x"?` for the known name most like `name`, else ""."""
    near = get_close_matches(name, sorted(set(known)), n=1)
    return f'did you mean "{near[0]}"?' if near else ""


def shown(type_: Type) -> str:
    """Return a type as messages name it: bool, text, number, number[usd]."""
    if type_.kind is Kind.NUMBER:
        plain = type_.unit in (LITERAL, RATIO)
        return "number" if plain else f"number[{type_.unit}]"
    return "bool" if type_.kind is Kind.BOOL else "text"


def unit_shown(unit: str) -> str:
    """Return a unit as messages name it."""
    return "a plain number" if unit in (LITERAL, RATIO) else unit


def time_hint(one: str, other: str) -> str:
    """Return what to do about two units that are both a time."""
    if {one, other} == {"seconds", "hours"}:
        return "to_hours(x) turns seconds into hours"
    return ""


def common(one: Type, other: Type) -> Type | None:
    """Return the type two values have in common, None if they have none."""
    if one.kind is not other.kind:
        return None
    if one.kind is Kind.NUMBER:
        unit = shared(one.unit, other.unit)
        return None if unit is None else Type(Kind.NUMBER, unit)
    if one.values and other.values and one.values != other.values:
        return None
    return one if one.values else other


class Typed:
    """Notes on one text. A node without a type is wrong, and that was told.

    Args:
        source: The text.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.types: dict[ast.expr, Type] = {}
        self.findings: list[Finding] = []

    def tell(self, where: Place, code: str, message: str, hint: str = "") -> None:
        """Note what is wrong with a node, or from one node to another."""
        first, last = where if isinstance(where, tuple) else (where, where)
        start, end = span(self.source, first)[0], span(self.source, last)[1]
        self.findings.append(
            Finding(start=start, end=end, code=code, message=message, help=hint)
        )

    def text(self, node: ast.expr) -> str:
        """Return the text of a node."""
        return segment(self.source, node)

    def expression(self, tree: ast.expr) -> Expression:
        """Return the finished expression of a tree without findings."""
        nodes = [n for n in ast.walk(tree) if isinstance(n, ast.expr)]
        types = {node: self.types[node] for node in nodes if node in self.types}
        reads = frozenset(node.id for node in types if isinstance(node, ast.Name))
        return Expression(self.source, tree, types, reads)

    def are_numbers(self, nodes: Iterable[ast.expr], asker: str) -> bool:
        """Tell whether all nodes are numbers, and note the first that is not.

        Args:
            nodes: The nodes.
            asker: What needs numbers: a function or an operator.
        """
        return all(
            node in self.types and self._is_number(node, asker) for node in nodes
        )

    def _is_number(self, node: ast.expr, asker: str) -> bool:
        found = self.types[node]
        if found.kind is Kind.NUMBER:
            return True
        message = f'"{asker}" needs numbers, got {shown(found)}'
        self.tell(node, "PT003" if found.kind is Kind.ENUM else "PT002", message)
        return False

    def is_bool(self, node: ast.expr, asker: str, code: str) -> bool:
        """Tell whether a node is a bool, and note it if it is something else."""
        found = self.types.get(node)
        if found is None:
            return False
        if found.kind is Kind.BOOL:
            return True
        hint = "compare it with something, such as x > 0"
        self.tell(node, code, f'"{asker}" needs bool, got {shown(found)}', hint)
        return False

    def known(self, nodes: Iterable[ast.expr]) -> bool:
        """Tell whether all nodes have a type."""
        return all(node in self.types for node in nodes)

    def adopt(self, nodes: Iterable[ast.expr], type_: Type, like: str = "") -> bool:
        """Make literals what stands beside them; note those that cannot be that.

        Args:
            nodes: Typed nodes.
            type_: The type they have in common.
            like: The text of what stands beside them.

        Returns:
            Whether every literal can be that.
        """
        sound = [self._adopt(node, type_, like) for node in nodes]
        return all(sound)

    def _adopt(self, node: ast.expr, type_: Type, like: str) -> bool:
        if type_.kind is Kind.NUMBER:
            return type_.unit != "prob" or self._is_price(node)
        if type_.kind is Kind.BOOL or not type_.values:
            return True
        if self.types[node].values:
            return True
        self.types[node] = type_
        if isinstance(node, ast.Constant):
            return self._is_word(node, str(node.value), type_.values, like)
        return self.adopt(_branches(node), type_, like)

    def _is_price(self, node: ast.expr) -> bool:
        value = _literal(node)
        if value is None or self.types[node].unit or -1.0 <= value <= 1.0:
            return True
        message = f"{value:.15g} is outside [0, 1]: prices are probabilities"
        cents = 1.0 < value <= PERCENT_MAX
        hint = f"did you mean {value / 100:.12g}?" if cents else ""
        self.tell(node, "PU003", message, hint)
        return False

    def _is_word(
        self, node: ast.expr, word: str, words: Sequence[str], like: str
    ) -> bool:
        if word in words:
            return True
        of = f" of {like}" if like else ""
        message = f'"{word}" is not a value{of} ({", ".join(words)})'
        self.tell(node, "PT004", message, suggest(word, words))
        return False


def _literal(node: ast.expr) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _literal(node.operand)
        return None if value is None else -value
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return node.value
    return None


def _branches(node: ast.expr) -> list[ast.expr]:
    """Return the nodes one of which the value of a text node is."""
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    return list(node.args) if isinstance(node, ast.Call) else []
