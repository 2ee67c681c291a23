"""Functions of more than one row leave the expression they stand in, as columns.

What they are asked about is written out elsewhere; here are the columns of a strategy,
and what stands beside an argument: the length, the cover, the group. The samples and
the groups themselves are kept elsewhere.
"""

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeVar, cast

from polyrules.documents.words import did_you_mean
from polyrules.features.catalog import CATALOG
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.constants import constant
from polyrules.language.expressions.typed import BOOL, Typed
from polyrules.language.expressions.units import PLAIN, quotient
from polyrules.language.expressions.written_out import (
    Argument,
    Asker,
    Refused,
    argument,
    only_market,
)
from polyrules.language.function import Function
from polyrules.language.functions import DAY, HOUR
from polyrules.language.hoisted import BY
from polyrules.language.strategy import By, Grouping, GroupKernel, Window, WindowKernel

WINDOW_MAX = 31 * DAY  # seconds
MICROSECONDS = 1_000_000
WINDOWS_MAX = 50
GROUPINGS_MAX = 50
COVER = 0.8
TOO_MANY, NOT_A_GROUP = "PW004", "PT004"
AT_STAKE = "position_cost"
Part = TypeVar("Part")
DEFAULT_BY: Mapping[str, By] = {"rank": "event"}


class Windows:
    """The hoisted columns of a strategy, each once, in the order in which they came.

    Going through them gives the windows; `groupings` are the others.

    Attributes:
        by_meaning: Columns by kernel, argument and all else that makes them one.
    """

    def __init__(self) -> None:
        self.by_meaning: dict[tuple[object, ...], Window | Grouping] = {}

    def __len__(self) -> int:
        return len(self.by_meaning)

    def __iter__(self) -> Iterator[Window]:
        return (each for each in self.by_meaning.values() if isinstance(each, Window))

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """Return the group functions."""
        columns = self.by_meaning.values()
        return tuple(each for each in columns if isinstance(each, Grouping))

    def copy(self) -> "Windows":
        """Return windows that can grow apart from these."""
        other = Windows()
        other.take(self)
        return other

    def take(self, other: "Windows") -> None:
        """Become what the other windows are."""
        self.by_meaning = dict(other.by_meaning)

    def window(self, asked: Argument, kernel: str, length: int, cover: float) -> str:
        """Return the name of the window of that meaning, a new one if need be."""
        key = kernel, ast.dump(asked.expression.tree), asked.alias, length, cover
        if key not in self.by_meaning:
            if len(list(self)) >= WINDOWS_MAX:
                hint = "each remembers its own samples: use fewer"
                what = f"more than {WINDOWS_MAX} windows in one strategy"
                raise Refused(what, hint, TOO_MANY)
            self.by_meaning[key] = Window(
                name=self._next_name(),
                kernel=cast(WindowKernel, kernel),
                argument=asked.expression,
                length=length,
                cover=cover,
                alias=asked.alias,
            )
        return self.by_meaning[key].name

    def grouping(
        self, expression: Expression | None, kernel: str, by: By, alias: str
    ) -> str:
        """Return the name of the grouping of that meaning, a new one if need be."""
        text = ast.dump(expression.tree) if expression else ""
        key = kernel, text, alias, by
        if key not in self.by_meaning:
            if len(self.groupings) >= GROUPINGS_MAX:
                what = f"more than {GROUPINGS_MAX} group functions in one strategy"
                raise Refused(what, "use fewer", TOO_MANY)
            self.by_meaning[key] = Grouping(
                name=self._next_name(),
                kernel=cast(GroupKernel, kernel),
                argument=expression,
                by=by,
                alias=alias,
            )
        return self.by_meaning[key].name

    def find(self, name: str) -> Window | Grouping | None:
        """Return the column of a name, None if there is none."""
        found = (each for each in self.by_meaning.values() if each.name == name)
        return next(found, None)

    def _next_name(self) -> str:
        return f"@{len(self.by_meaning) + 1}"


class Call(NamedTuple):
    """A call of a hoisted function, its arguments typed and counted.

    Attributes:
        node: The call.
        function: What is called.
        asked: What it is asked about, None if it only counts.
        length: Of a window, None where it has none.
        options: What stands behind a name, or names a group: cover, by.
    """

    node: ast.Call
    function: Function
    asked: ast.expr | None
    length: ast.expr | None
    options: Mapping[str, ast.expr]


def hoist_window(
    typed: Typed, call: Call, windows: Windows, lets: Mapping[str, Expression]
) -> ast.expr | None:
    """Find or add the window that a call asks for.

    Args:
        typed: Types of the arguments; what is wrong is told there, as PW002, PW004 for
            one window too many, PW005 for what is not of one market.
        call: Which window.
        windows: All columns so far; a new one is added.
        lets: Lets by name, to be written out.

    Returns:
        What stands for the call, its type noted; None if something was wrong.
    """
    name, asked = call.function.name, call.asked
    assert asked is not None, "every window looks back at something"
    asker = Asker(name, "looks back at", _kind(call), partial(_no_past, windows, name))
    about = _tried(typed, asked, lambda: argument(typed, asked, asker, lets))
    length = _tried(typed, call.length, lambda: _length(typed, call))
    cover = _tried(typed, call.options.get("cover"), lambda: _cover(typed, call))
    if about is None or length is None or cover is None:
        return None
    kernel = "lag" if name == "delta" else name
    found = _tried(
        typed, call.node, lambda: windows.window(about, kernel, length, cover)
    )
    if found is None:
        return None
    column = _column(typed, call, found)
    if name != "delta":
        return column
    change = ast.copy_location(ast.BinOp(asked, ast.Sub(), column), call.node)
    typed.types[change] = typed.types[asked]
    return change


def hoist_grouping(
    typed: Typed,
    call: Call,
    windows: Windows,
    lets: Mapping[str, Expression],
    names: Collection[str],
) -> ast.expr | None:
    """Find or add the grouping that a call asks for; see `hoist_window`.

    Args:
        typed: As there.
        call: Which grouping.
        windows: As there.
        lets: As there.
        names: All names in scope.
    """
    name, asked = call.function.name, call.asked
    asker = Asker(name, "compares", Kind.NUMBER, partial(_alias_of, windows))
    by = _tried(typed, call.options.get("by", call.node), lambda: _by(call))
    about: Argument | None = None
    if asked is not None:
        about = _tried(typed, asked, lambda: argument(typed, asked, asker, lets))
        alias = None if about is None else about.alias
    else:
        alias = _tried(typed, call.node, lambda: only_market(names, name, AT_STAKE))
    if by is None or alias is None:
        return None
    expression = _at_stake() if name == "exposure" else about and about.expression
    found = _tried(
        typed, call.node, lambda: windows.grouping(expression, name, by, alias)
    )
    return None if found is None else _column(typed, call, found)


def _tried(
    typed: Typed, place: ast.expr | None, step: Callable[[], Part]
) -> Part | None:
    try:
        return step()
    except Refused as error:
        assert place is not None, "what is not there is not refused"
        typed.tell(place, error.code, error.message, error.hint)
        return None


def _kind(call: Call) -> Kind:
    is_condition = call.function.takes[0] == "bool" or isinstance(
        call.asked, ast.Compare
    )
    return Kind.BOOL if is_condition else Kind.NUMBER


def _no_past(windows: Windows, name: str, column: str) -> str:
    """Refuse that a window looks back at a column that is hoisted itself."""
    what = "what looks back itself"
    if isinstance(windows.find(column), Grouping):
        what = "what compares markets"
    raise Refused(f"{name} cannot look back at {what}")


def _alias_of(windows: Windows, column: str) -> str:
    found = windows.find(column)
    return found.alias if found else ""


def _at_stake() -> Expression:
    tree = ast.Name(AT_STAKE)
    type_ = Type(Kind.NUMBER, CATALOG[AT_STAKE].unit)
    return Expression(AT_STAKE, tree, {tree: type_}, frozenset({AT_STAKE}))


def _column(typed: Typed, call: Call, name: str) -> ast.expr:
    """Return the name that stands for a call, its type noted."""
    column = ast.copy_location(ast.Name(name), call.node)
    match call.function.gives:
        case "bool":
            type_ = BOOL
        case "x" | "x/hours" as gives:
            assert call.asked is not None, "it gives what it takes"
            type_ = typed.types[call.asked]
            if gives == "x/hours":
                type_ = Type(Kind.NUMBER, quotient(type_.unit, "hours"))
        case unit:
            type_ = Type(Kind.NUMBER, unit)
    typed.types[column] = type_
    return column


def _length(typed: Typed, call: Call) -> int:
    """Return the length of a window [microseconds], 0 of one that has none."""
    if call.length is None:
        return 0
    name, text = call.function.name, typed.text(call.length)
    what = "halflife" if "halflife" in call.function.arguments else "length"
    type_ = typed.types[call.length]
    value = constant(call.length)
    hint = "write a time such as hours(6), or use a param of type duration"
    if value is None:
        raise Refused(f"the {what} of {name} must be constant, was {text}", hint)
    if type_.unit not in ("seconds", "hours"):
        raise Refused(f"the {what} of {name} must be a time, was {text}", hint)
    seconds = value * HOUR if type_.unit == "hours" else value
    if not 1 / MICROSECONDS <= seconds <= WINDOW_MAX:
        message = f"the {what} of {name} must be in (0, 31 days], was {seconds:g} s"
        raise Refused(message)
    return round(seconds * MICROSECONDS)


def _cover(typed: Typed, call: Call) -> float:
    """Return the least share of a window that samples must cover."""
    node = call.options.get("cover")
    if node is None:
        return COVER
    value, type_ = constant(node), typed.types[node]
    is_share = type_.kind is Kind.NUMBER and type_.unit in PLAIN
    if value is None or not is_share or not 0.0 < value <= 1.0:
        name, text = call.function.name, typed.text(node)
        hint = "the share of the window that must be covered by samples, such as 0.8"
        raise Refused(f"the cover of {name} must be in (0, 1], was {text}", hint)
    return value


def _by(call: Call) -> By:
    """Return which markets are compared with each other."""
    node, name = call.options.get("by"), call.function.name
    if node is None:
        return DEFAULT_BY[name]
    word = node.value if isinstance(node, ast.Constant) else None
    for by in BY:
        if word == by:
            return by
    listed = ", ".join(repr(each) for each in BY)
    message = f"{name} needs the word for a group: {listed}"
    hint = did_you_mean(word, BY) if isinstance(word, str) else ""
    raise Refused(message, hint, NOT_A_GROUP)
