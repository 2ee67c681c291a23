"""The values a test gives: each a feature of the row, of its type."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from polyrules.documents.document import Document, Path
from polyrules.documents.quantities import per_cent
from polyrules.documents.shape import shown
from polyrules.documents.words import did_you_mean
from polyrules.errors import Problem
from polyrules.language.expression import Kind, Type
from polyrules.language.strategy import Value

UNKNOWN = "PS015"
WRONG_TYPE = "PS003"
WRONG_WORD = "PS004"
OUT_OF_DOMAIN = "PU003"
MISSING = "missing"  # how a file may say that a value is missing
ADDED_UP = ("sum_", "fee_")  # of several markets: such prices may come to more than 1
SUGGESTED_MAX = 200  # problems; behind them nobody reads any suggestion


class Scope(NamedTuple):
    """What a test may speak of.

    Attributes:
        types: Of features and lets; a let that is wrong itself has none.
        windowed: The lets that stand on a window: those may be given.
        lets: The names of all lets.
    """

    types: Mapping[str, Type]
    features: frozenset[str]
    windowed: frozenset[str]
    lets: frozenset[str]
    params: frozenset[str]
    guards: tuple[str, ...]
    rules: tuple[str, ...]
    exits: tuple[str, ...]


class Values:
    """Looks up what a document says, and notes what is wrong with it."""

    def __init__(self, document: Document, scope: Scope) -> None:
        self.document = document
        self.scope = scope
        self.problems: list[Problem] = []
        self._wrong = document.wrong()

    def at(self, *path: str | int) -> Any:  # noqa: ANN401 - any YAML value
        """Return what stands at a path; None if nothing does, or if it is wrong."""
        value: Any = self.document.data
        for depth, step in enumerate(path):
            if path[: depth + 1] in self._wrong:
                return None
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def tell(
        self,
        at: Path,
        code: str,
        message: str,
        hint: str = "",
        *,
        on_key: bool = False,
        part: tuple[int, int] | None = None,
    ) -> None:
        """Note a problem with the value at `at`."""
        self.problems.append(
            self.document.problem(
                at, code, message, hint=hint, on_key=on_key, part=part
            )
        )

    def did_you_mean(self, name: str, known: Iterable[str]) -> str:
        """Return which of the known names may have been meant, "" for none."""
        return did_you_mean(name, known) if len(self.problems) < SUGGESTED_MAX else ""


def given(values: Values, at: Path, taken: Collection[str]) -> dict[str, Value]:
    """Read `given`; what an alias has may be a mapping of its own.

    Args:
        values: The document.
        at: Where it stands.
        taken: Names that a series gives: they cannot be given once more.
    """
    found: dict[str, Value] = {}
    scope = values.scope
    for name, place in _names(values, at):
        if name in taken:
            message = f"{name} is given, and there is a series of it"
            values.tell(place, UNKNOWN, message, "keep one", on_key=True)
        elif name in scope.windowed or name in scope.features:
            value = values.at(*place)
            found[name] = checked(values, place, name, value)
        else:
            _tell_unknown(values, place, name)
    return found


def checked(
    values: Values, at: Path, name: str, value: Value, *, is_price: bool = True
) -> Value:
    """Return a value as its type has it; what does not fit is told.

    A number of the unit prob is held to be a price or a change of one, unless it adds
    up those of several markets, or `is_price` is False.
    """
    type_ = values.scope.types.get(name)
    if type_ is None:
        return None  # a let with the name of a param: told where it stands
    if value is None or value == MISSING:
        return None
    if type_.kind is Kind.BOOL and not isinstance(value, bool):
        message = f"{name} is a bool, found {shown(value)}"
        values.tell(at, WRONG_TYPE, message, "write true, false or missing")
    elif type_.kind is Kind.NUMBER and (isinstance(value, bool | str)):
        message = f"{name} is a number, found {shown(value)}"
        values.tell(at, WRONG_TYPE, message, "write a number or missing")
    elif type_.kind is Kind.ENUM and value not in type_.values:
        message = f"{shown(value)} is not a value of {name}"
        hint = values.did_you_mean(str(value), type_.values)
        values.tell(at, WRONG_WORD, message, hint or ", ".join(type_.values))
    elif is_price and _is_no_price(name, type_, value):
        message = f"{name} {value:g} is outside [0, 1]: prices are probabilities"
        values.tell(at, OUT_OF_DOMAIN, message, per_cent(float(value)))
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_number else value


def _is_no_price(name: str, type_: Type, value: Value) -> bool:
    adds_up = name.rpartition(".")[2].startswith(ADDED_UP)
    if type_.unit != "prob" or adds_up or not isinstance(value, int | float):
        return False
    return not -1 <= value <= 1


def _names(values: Values, at: Path) -> Iterator[tuple[str, Path]]:
    """Yield every name that is given, dotted if a mapping holds it, and its place."""
    entries = values.at(*at)
    for name in entries if isinstance(entries, dict) else ():
        inner = values.at(*at, name)
        if isinstance(inner, dict):
            for part in inner:
                yield f"{name}.{part}", (*at, name, part)
        else:
            yield name, (*at, name)


def _tell_unknown(values: Values, at: Path, name: str) -> None:
    scope = values.scope
    if name in scope.lets and name not in scope.types:
        return  # the let itself is wrong, and told
    hint = values.did_you_mean(name, [*scope.features, *scope.windowed])
    message = f'a test gives "{name}", which is no feature'
    if name in scope.lets:
        message = f'a test gives "{name}", which is computed'
        hint = "give the features it reads; only lets that look back are given"
    elif name in scope.params:
        message = f'a test gives "{name}", which is a param'
        hint = f"write with: {{{name}: ...}}; a param has its default otherwise"
    values.tell(at, UNKNOWN, message, hint, on_key=True)
