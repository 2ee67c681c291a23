"""What the constant parts of an expression come to, before any row is seen.

For looking at a number, never for replacing it: what an expression means is for the
evaluators to say.
"""

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping

from polyrules.language.functions import FUNCTIONS
from polyrules.language.strategy import Value

ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def constant(node: ast.expr, lets: Mapping[str, float] | None = None) -> float | None:
    """Return the number that a node is in every row.

    Args:
        node: Of a whitelisted tree, params folded in.
        lets: Lets that are constant numbers themselves, by name.

    Returns:
        None where it depends on the row, is no number or is not finite.
    """
    lets = lets or {}
    match node:
        case ast.Constant(value=float(value)):
            return value
        case ast.Name(id=name):
            return lets.get(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _applied(operator.neg, [operand], lets)
        case ast.BinOp(left=left, op=symbol, right=right):
            return _applied(ARITHMETIC[type(symbol)], [left, right], lets)
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in FUNCTIONS:
            return _applied(FUNCTIONS[name].evaluate, arguments, lets)
        case _:
            return None


def _applied(
    operation: Callable[..., Value] | None,
    nodes: Iterable[ast.expr],
    lets: Mapping[str, float],
) -> float | None:
    values = [constant(node, lets) for node in nodes]
    if operation is None or None in values:
        return None
    try:
        result = operation(*values)
    except (ArithmeticError, ValueError):
        return None
    return result if type(result) is float and math.isfinite(result) else None
