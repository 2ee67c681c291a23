"""What an expression is once it is parsed and typed; every evaluator reads this.

The tree is Python's own `ast`, cut down to a whitelist of nodes. Window functions are
gone from it: each was hoisted and stands here as a name that begins with "@".
"""

import ast
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from enum import Enum

import msgspec


class Kind(Enum):
    """What sort of value an expression has."""

    NUMBER = "number"
    BOOL = "bool"
    ENUM = "enum"
    TOKEN = "token"


class Type(msgspec.Struct, frozen=True):
    """The type of a value.

    Attributes:
        kind: Number, bool, enum or token.
        unit: Of a number: prob, usd, shares, seconds, hours, count, "1" (ratio), or a
            quotient such as "1/hours"; "" for a literal that fits any unit.
        values: Of an enum: the words it may be, in the order of their codes.
    """

    kind: Kind
    unit: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Expression:
    """A checked expression.

    Attributes:
        source: The text as written.
        tree: The whitelisted tree. Every name in it is a feature, a let, or a hoisted
            window ("@1", ...); parameters are folded into constants.
        types: The type of every expression node of `tree`. A let of bare numbers may
            still get its unit, from the first text that puts it beside a price.
        reads: The names in `tree`. One with a dot is a feature of one of the things in
            a row, such as `near.best_ask`.
        params: The constants in `tree` that were params, with their names.
    """

    source: str
    tree: ast.expr
    types: MutableMapping[ast.expr, Type] = field(repr=False)
    reads: frozenset[str]
    params: Mapping[ast.expr, str] = field(repr=False, default_factory=dict)

    @property
    def type(self) -> Type:
        """The type of the whole."""
        return self.types[self.tree]

    def snaps(self, node: ast.expr) -> bool:
        """Tell whether the result of `node` is snapped to 1e-9: a + or - of prices."""
        return (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Add | ast.Sub)
            and self.types[node].unit == "prob"
        )
