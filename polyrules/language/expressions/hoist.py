"""Window functions leave the expression they stand in: each becomes a column.

What a window looks back at is written in features only, so that its samples can be
taken before any let is computed; lets in it are written out. The length is the one
thing computed here. The samples themselves are kept elsewhere.
"""

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Literal, TypeVar, cast

from polyrules.features.catalog import CATALOG
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.constants import constant
from polyrules.language.expressions.parse import NODES_MAX, segment
from polyrules.language.expressions.typed import Typed, shown
from polyrules.language.functions import DAY, HOUR
from polyrules.language.strategy import Window

WINDOW_MAX = 31 * DAY  # seconds
MICROSECONDS = 1_000_000
WINDOWS_MAX = 50
WRONG_WINDOW, TOO_MANY = "PW002", "PW004"
Part = TypeVar("Part")


class _Refused(Exception):
    """Why a window cannot be: message, and what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message, self.hint = message, hint
        super().__init__(message)


class Windows:
    """The windows of a strategy, each held once, in the order in which they came.

    Attributes:
        by_meaning: Windows by kernel, argument and length.
    """

    def __init__(self) -> None:
        self.by_meaning: dict[tuple[str, str, int], Window] = {}

    def __len__(self) -> int:
        return len(self.by_meaning)

    def __iter__(self) -> Iterator[Window]:
        return iter(self.by_meaning.values())

    def copy(self) -> "Windows":
        """Return windows that can grow apart from these."""
        other = Windows()
        other.take(self)
        return other

    def take(self, other: "Windows") -> None:
        """Become what the other windows are."""
        self.by_meaning = dict(other.by_meaning)

    def find(self, kernel: str, argument: Expression, length: int) -> Window | None:
        """Return the window of that meaning, a new one if need be; None if full."""
        key = kernel, ast.dump(argument.tree), length
        if key not in self.by_meaning:
            if len(self.by_meaning) >= WINDOWS_MAX:
                return None
            self.by_meaning[key] = Window(
                name=f"@{len(self.by_meaning) + 1}",
                kernel=cast(Literal["lag", "mean_over", "std_over", "zscore"], kernel),
                argument=argument,
                length=length,
            )
        return self.by_meaning[key]


def hoist(
    typed: Typed,
    node: ast.Call,
    windows: Windows,
    lets: Mapping[str, Expression],
) -> str | None:
    """Find or add the window that a call asks for.

    Args:
        typed: Types of the arguments; what is wrong is told there, as PW002, and PW004
            for one window too many.
        node: The call, of two typed arguments.
        windows: All windows so far; a new one is added.
        lets: Lets by name, to be written out.

    Returns:
        The name of the window's column; the same for the same window.
    """
    assert isinstance(node.func, ast.Name), "the parser lets only names be called"
    name = node.func.id
    argument = _tried(typed, node.args[0], name, partial(_argument, lets=lets))
    length = _tried(typed, node.args[1], name, _length)
    if argument is None or length is None:
        return None
    window = windows.find(name, argument, length)
    if window is None:
        message = f"more than {WINDOWS_MAX} windows in one strategy"
        typed.tell(node, TOO_MANY, message, "each remembers its own samples: use fewer")
        return None
    return window.name


def _tried(
    typed: Typed,
    node: ast.expr,
    name: str,
    step: Callable[[Typed, ast.expr, str], Part],
) -> Part | None:
    try:
        return step(typed, node, name)
    except _Refused as error:
        typed.tell(node, WRONG_WINDOW, error.message, error.hint)
        return None


def _argument(
    typed: Typed, node: ast.expr, name: str, lets: Mapping[str, Expression]
) -> Expression:
    """Return what a window looks back at, over features only."""
    type_ = typed.types[node]
    if type_.kind is not Kind.NUMBER:
        message = f"{name} looks back at a number, got {shown(type_)}"
        raise _Refused(message, "write 1 if x else 0 for a condition")
    own = Expression(typed.source, node, typed.types, frozenset())
    types: dict[ast.expr, Type] = {}
    tree = _written_out(own, node, lets, types)
    reads = frozenset(each.id for each in types if isinstance(each, ast.Name))
    if not reads:
        raise _Refused(f"{name} looks back at what changes, and this is a constant")
    for read in sorted(reads - CATALOG.keys()):
        if read.startswith("@"):
            raise _Refused(f"{name} cannot look back at what looks back itself")
        message = f'{name} looks back at features, and "{read}" is none'
        raise _Refused(message, f"write out what {read} stands for")
    return Expression(segment(typed.source, node), tree, types, reads)


def _written_out(
    expression: Expression,
    node: ast.expr,
    lets: Mapping[str, Expression],
    types: dict[ast.expr, Type],
    hops: int = 0,
) -> ast.expr:
    """Return a copy of a tree with lets replaced by what they mean."""
    if len(types) + hops > NODES_MAX:
        raise _Refused(
            f"more than {NODES_MAX} parts when its lets are written out",
            "look back at less",
        )
    if isinstance(node, ast.Name) and node.id in lets:
        let = lets[node.id]
        return _written_out(let, let.tree, lets, types, hops + 1)
    new = copy.copy(node)
    if node in expression.types:  # a function's name has no type
        types[new] = expression.types[node]
    for field, value in ast.iter_fields(node):
        if isinstance(value, list):
            parts = [
                _written_out(expression, each, lets, types, hops)
                if isinstance(each, ast.expr)
                else each
                for each in value
            ]
            setattr(new, field, parts)
        elif isinstance(value, ast.expr):
            setattr(new, field, _written_out(expression, value, lets, types, hops))
    return new


def _length(typed: Typed, node: ast.expr, name: str) -> int:
    """Return the length of a window [microseconds]."""
    type_ = typed.types[node]
    value = constant(node)
    hint = "write a time such as hours(6), or use a param of type duration"
    if value is None:
        message = f"the length of {name} must be constant, was {typed.text(node)}"
        raise _Refused(message, hint)
    if type_.unit not in ("seconds", "hours"):
        message = f"the length of {name} must be a time, was {typed.text(node)}"
        raise _Refused(message, hint)
    seconds = value * HOUR if type_.unit == "hours" else value
    if not 1 / MICROSECONDS <= seconds <= WINDOW_MAX:
        message = f"the length of {name} must be in (0, 31 days], was {seconds:g} s"
        raise _Refused(message)
    return round(seconds * MICROSECONDS)
