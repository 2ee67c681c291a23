"""The types of the nodes of one text, and what was found wrong with it.

The rules of one node at a time are here: what is a number, what two values have in
common, what a literal becomes beside something that has a unit. How nodes make up
sentences is in `check`.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence

from polyrules.documents.words import did_you_mean
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.constants import constant
from polyrules.language.expressions.parse import segment, span
from polyrules.language.expressions.tokens import Finding
from polyrules.language.expressions.units import COUNT, LITERAL, RATIO, shared

BOOL = Type(Kind.BOOL)
NUMBER = Type(Kind.NUMBER)
WORD = Type(Kind.ENUM)  # a text in quotes, until it meets an enum
PERCENT_MAX = 100
SUMS = ("sum_", "fee_")  # of baskets and events: dollars for one share of each leg
BOOL_HINT = "a bool stands alone: x, or not x; as a number it is 1 if x else 0"

Place = ast.expr | tuple[ast.expr, ast.expr]


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


def pair_hint(one: str, other: str) -> str:
    """Return what to do about two units that cannot be compared."""
    units = {one, other} - {LITERAL, RATIO, COUNT}
    if len(units) > 1:
        return (
            time_hint(one, other)
            or f"compare {one} with {one}, and {other} with {other}"
        )
    if units == {"prob"}:
        return "as_prob(x) takes a plain number for a price"
    return f"divide it by an amount in {min(units)}" if units else ""


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
        lets: What lets mean, by name; one that is a number without a unit takes that
            of what it stands beside.
        numbers: The lets that are constant numbers, by name.
    """

    def __init__(
        self,
        source: str,
        lets: Mapping[str, Expression] | None = None,
        numbers: Mapping[str, float] | None = None,
    ) -> None:
        self.source = source
        self.types: dict[ast.expr, Type] = {}
        self.params: dict[ast.expr, str] = {}  # constants that were params
        self.findings: list[Finding] = []
        self._lets = lets or {}
        self._numbers = numbers or {}
        self._taken: dict[str, Type] = {}  # by lets, in this text

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
        params = {node: self.params[node] for node in nodes if node in self.params}
        return Expression(self.source, tree, types, reads, params)

    def settle(self) -> None:
        """Give the lets of a text without findings the units they took in it.

        The first that a let takes is its own for good; it only says what is rounded.
        """
        waiting = list(self._taken.items())
        while waiting:
            name, type_ = waiting.pop()
            let = self._lets[name]
            nodes = [let.tree]
            while nodes:
                node = nodes.pop()
                if let.types[node].unit != LITERAL or isinstance(node, ast.Constant):
                    continue
                let.types[node] = type_
                nodes += _branches(node)
                if isinstance(node, ast.Name) and node.id in self._lets:
                    waiting.append((node.id, type_))

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
        if found.kind is Kind.ENUM:
            self.tell(node, "PT003", message)
        else:
            self.tell(node, "PT002", message, BOOL_HINT)
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

    def adopt(
        self, nodes: Iterable[ast.expr], type_: Type, beside: ast.expr | None = None
    ) -> bool:
        """Make literals, and what is made of them, what stands beside them.

        What cannot be that is noted.

        Args:
            nodes: Typed nodes.
            type_: The type they have in common.
            beside: What stands beside them, to be named.

        Returns:
            Whether every literal can be that.
        """
        nodes = list(nodes)
        if beside is None:  # 3 - basket.sum_no_ask: the other side tells
            beside = next(filter(_adds_up, nodes), None)
        sound = [self._adopt(node, type_, beside) for node in nodes]
        return all(sound)

    def _adopt(self, node: ast.expr, type_: Type, beside: ast.expr | None) -> bool:
        if type_.kind is Kind.NUMBER:
            return self._take_unit(node, type_, beside)
        if type_.kind is Kind.BOOL or not type_.values:
            return True
        if self.types[node].values:
            return True
        self.types[node] = type_
        if isinstance(node, ast.Constant):
            return self._is_word(node, str(node.value), type_.values, beside)
        return self.adopt(_branches(node), type_, beside)

    def _take_unit(
        self,
        node: ast.expr,
        type_: Type,
        beside: ast.expr | None,
        *,
        is_part: bool = False,
    ) -> bool:
        """Give a unit to a number without one, and to what it is made of.

        A sum of literals is then rounded as any sum of prices is. Its range is looked
        at once, for the largest part that is constant; for `is_part` it has been.
        """
        if self.types[node].unit != LITERAL:
            return True
        if isinstance(node, ast.Name) and node.id in self._lets:
            self._taken.setdefault(node.id, type_)
        elif not isinstance(node, ast.Constant):  # it may have another beside it, too
            self.types[node] = type_
        value = constant(node, self._numbers)
        if (
            not is_part
            and value is not None
            and not self.is_price(node, value, type_, beside)
        ):
            return False
        # What is multiplied need not be a price for the product to be one.
        is_part = is_part or value is not None or _is_product(node)
        sound = [
            self._take_unit(part, type_, beside, is_part=is_part)
            for part in _branches(node)
        ]
        return all(sound)

    def is_price(
        self,
        node: ast.expr,
        value: float,
        type_: Type,
        beside: ast.expr | None = None,
    ) -> bool:
        """Tell whether a constant can be of a type, and note a price that cannot."""
        if type_.unit != "prob" or -1.0 <= value <= 1.0 or _adds_up(beside):
            return True
        message = f"{value:.15g} is outside [0, 1]: prices are probabilities"
        hint = ""
        if 1.0 < value <= PERCENT_MAX:
            hint = f"did you mean {value / 100:.12g}?"
            if price := _per_cent(beside):
                hint = (
                    f"{self.text(price)} is already in [0, 1]: compare it with"
                    f" {value / 100:.12g}, without * 100"
                )
        self.tell(node, "PU003", message, hint)
        return False

    def _is_word(
        self, node: ast.expr, word: str, words: Sequence[str], beside: ast.expr | None
    ) -> bool:
        if word in words:
            return True
        of = f" of {self.text(beside)}" if beside is not None else ""
        message = f'"{word}" is not a value{of} ({", ".join(words)})'
        self.tell(node, "PT004", message, did_you_mean(word, words))
        return False


def _adds_up(node: ast.expr | None) -> bool:
    """Tell whether a node reads a sum over several markets, which may pass 1."""
    names = (
        (each.id for each in ast.walk(node) if isinstance(each, ast.Name))
        if node
        else ()
    )
    return any(name.partition(".")[2].startswith(SUMS) for name in names)


def _branches(node: ast.expr) -> list[ast.expr]:
    """Return the parts that are of the type of a node, if that has no unit yet."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.Call(args=arguments):
            return list(arguments)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return [operand]
        case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
            return [left, right]
        case ast.BinOp(op=ast.Div(), left=left):
            return [left]
        case ast.BinOp(left=left, right=right):  # one of them; not a bare factor
            return [right if isinstance(left, ast.Constant) else left]
        case _:
            return []


def _is_product(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div)


def _per_cent(node: ast.expr | None) -> ast.expr | None:
    """Return x of `x * 100` or `100 * x`, None if it is neither."""
    match node:
        case ast.BinOp(left=x, op=ast.Mult(), right=ast.Constant(value=100.0)):
            return x
        case ast.BinOp(left=ast.Constant(value=100.0), op=ast.Mult(), right=x):
            return x
        case _:
            return None
