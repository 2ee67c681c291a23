"""Params: the numbers of a strategy that its user may choose, within their ranges.

What the file says is checked here; what the user sets (`--set min_prob=0.95`) as well,
by the same rules. A param is a constant from then on.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from polyrules.documents.dialect import BOOL, FLOAT
from polyrules.documents.document import Document, Path
from polyrules.documents.quantities import (
    SECOND,
    parse_duration,
    parse_shares,
    parse_usd,
    per_cent,
    shown_duration,
    with_unit,
)
from polyrules.documents.shape import shown
from polyrules.documents.words import cut, did_you_mean
from polyrules.errors import ConfigError, Problem
from polyrules.language.expression import Kind, Type
from polyrules.language.strategy import Param

UNIT_OF = {
    "prob": "prob",
    "usd": "usd",
    "shares": "shares",
    "hours": "hours",
    "seconds": "seconds",
    "duration": "seconds",
    "count": "count",
    "ratio": "1",
}
RANGE = "PS013"
NOT_OF_BASE = "PS022"
SECONDS_OF = {"hours": 3600.0, "seconds": 1.0}


class _Wrong(Exception):
    """A value that does not fit its param: code, message and what to do."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        self.code, self.message, self.hint = code, message, hint
        super().__init__(message)


class Declared(NamedTuple):
    """The params of a file: those that are sound, and what is wrong with the others.

    `places` says where each is declared: `mine.yaml:5:3`.
    """

    params: tuple[Param, ...]
    kinds: Mapping[str, str]  # by name: prob, usd, ..., as written
    problems: tuple[Problem, ...]
    places: Mapping[str, str] = MappingProxyType({})


def read_params(document: Document) -> Declared:
    """Read the `params` of a document that has the right shape, as far as it has it.

    Returns:
        The sound params with their defaults. Problems: PU003 outside the domain of its
        unit, PU005 without its unit, PS003 of another type, PS013 outside its range.
    """
    data = document.data.get("params") if isinstance(document.data, dict) else None
    params: list[Param] = []
    kinds: dict[str, str] = {}
    problems: list[Problem] = []
    wrong = {path[:2] for path in document.wrong()}
    for name, body in data.items() if isinstance(data, dict) else ():
        at: Path = ("params", name)
        if at in wrong or ("params",) in wrong:
            continue
        before = len(problems)
        param = _read_param(document, at, body, problems)
        if len(problems) == before:
            params.append(param)
            kinds[name] = body["type"]
    places = {param.name: _place(document, param.name) for param in params}
    return Declared(tuple(params), kinds, tuple(problems), places)


def _place(document: Document, name: str) -> str:
    found = document.problem(("params", name), RANGE, "", on_key=True)
    return f"{found.path}:{found.line}:{found.column}"


def with_settings(
    declared: Declared, settings: Mapping[str, str], path: str
) -> tuple[Param, ...]:
    """Return the params with what the user set.

    Args:
        declared: The params of the file at `path`.
        settings: Values as text, by name; `15m` for a duration.
        path: What to call the file.

    Raises:
        ConfigError: A name is unknown, or a value does not fit; all of them are told.
    """
    by_name = {param.name: param for param in declared.params}
    wrong: list[str] = []
    hints: list[str] = []
    for name, text in settings.items():
        if name not in by_name:
            wrong.append(f'{path} has no param "{name}"')
            hints.append(did_you_mean(name, by_name) or f"params: {_listed(declared)}")
            continue
        param, kind = by_name[name], declared.kinds[name]
        try:
            value = _value(text, kind)
            _check_range(value, param, kind, "value")
        except _Wrong as error:
            place = declared.places.get(name, path)
            wrong.append(f"{place}: param {name}: {error.message}")
            hints.append(" ".join(filter(None, (error.hint, _range(param, kind)))))
        else:
            by_name[name] = _set(param, value)
    if wrong:
        raise ConfigError("; ".join(wrong), hint="; ".join(filter(None, hints)))
    return tuple(by_name.values())


def with_defaults(document: Document, declared: Declared) -> Declared:
    """Return params with the defaults that a file which extends theirs gives them.

    Args:
        document: The file that extends, compared with its schema.
        declared: The params of its base.

    Returns:
        The params, those of the file with its values. Problems: PS022 for a param that
        the base lacks; PS003, PS013, PU003 and PU005 as for any value.
    """
    by_name = {param.name: param for param in declared.params}
    problems: list[Problem] = []
    data = document.data.get("params")
    for name in data if isinstance(data, dict) else ():
        at: Path = ("params", name)
        if document.is_wrong(("params",)) or document.is_wrong(at):
            continue
        if name not in by_name:
            hint = did_you_mean(name, by_name) or f"params: {_listed(declared)}"
            message = f'the base has no param "{cut(name)}"'
            problems.append(
                document.problem(at, NOT_OF_BASE, message, hint=hint, on_key=True)
            )
            continue
        param, kind = by_name[name], declared.kinds[name]
        try:
            value = _value(document.raw(at), kind)
            _check_range(value, param, kind, name)
        except _Wrong as error:
            hint = " ".join(filter(None, (error.hint, _range(param, kind))))
            problems.append(document.problem(at, error.code, error.message, hint=hint))
        else:
            by_name[name] = msgspec.structs.replace(param, value=value, default=value)
    params = tuple(by_name.values())
    return declared._replace(params=params, problems=tuple(problems))


def _set(param: Param, value: float | bool) -> Param:  # noqa: FBT001 - a param's value may be a bool
    return Param(
        name=param.name,
        type=param.type,
        value=value,
        default=param.default,
        min=param.min,
        max=param.max,
        step=param.step,
        doc=param.doc,
    )


def _read_param(
    document: Document, at: Path, body: dict[str, Any], problems: list[Problem]
) -> Param:
    kind = body["type"]
    read: dict[str, float | bool] = {}
    for key in ("default", "min", "max", "step"):
        if key not in body:
            continue
        try:
            read[key] = _value(document.raw((*at, key)), kind, key)
        except _Wrong as error:
            place = (*at, key)
            problems.append(
                document.problem(place, error.code, error.message, hint=error.hint)
            )
    param = Param(
        name=str(at[-1]),
        type=Type(Kind.BOOL) if kind == "bool" else Type(Kind.NUMBER, UNIT_OF[kind]),
        value=read.get("default", 0.0),
        default=read.get("default", 0.0),
        min=read.get("min"),
        max=read.get("max"),
        step=read.get("step"),
        doc=body.get("doc", ""),
    )
    if "default" in read:
        _read_ranges(document, at, param, kind, problems)
    return param


def _read_ranges(
    document: Document, at: Path, param: Param, kind: str, problems: list[Problem]
) -> None:
    places: list[tuple[Path, float | bool | None]] = [((*at, "default"), param.default)]  # type: ignore[list-item]  # no text params yet
    if param.min is not None and param.max is not None and param.min > param.max:
        message = (
            f"min {_shown(param.min, kind)} is above max {_shown(param.max, kind)}"
        )
        problems.append(document.problem((*at, "min"), RANGE, message))
        return
    if param.step is not None and param.step <= 0:
        message = f"step must be more than 0, found {_shown(param.step, kind)}"
        problems.append(document.problem((*at, "step"), RANGE, message))
    body = document.data["params"][param.name]
    places += [((*at, "sweep", i), None) for i in range(len(body.get("sweep", ())))]
    for place, known in places:
        try:
            value = _value(document.raw(place), kind) if known is None else known
            what = "default" if known is not None else "a value of sweep"
            _check_range(value, param, kind, what)
        except _Wrong as error:
            problems.append(
                document.problem(place, error.code, error.message, hint=error.hint)
            )


def _check_range(
    value: float | bool,  # noqa: FBT001 - a param's value may be a bool
    param: Param,
    kind: str,
    what: str,
) -> None:
    low = -math.inf if param.min is None else param.min
    high = math.inf if param.max is None else param.max
    if isinstance(value, bool) or low <= value <= high:
        return
    ends = [_shown(end, kind) for end in (low, high)]
    found = _shown(value, kind)
    raise _Wrong(RANGE, f"{what} must be in [{ends[0]}, {ends[1]}], was {found}")


def _value(text: str, kind: str, what: str = "value") -> float | bool:
    """Read one value; raise _Wrong with what was expected if it does not fit."""
    text = text.strip()
    if kind == "bool":
        if what in ("min", "max", "step"):
            raise _Wrong(RANGE, f"a bool has no {what}", "delete it")
        if text not in BOOL:
            raise _Wrong(
                "PS003", f"a bool is wanted, true or false, found {shown(text)}"
            )
        return BOOL[text]
    number = _amount(text, kind)
    if number is None:
        meant = with_unit(text, "s") if kind == "duration" else ""
        hint = f"did you mean {meant}?" if meant else ""
        if meant:
            raise _Wrong("PU005", f"a duration needs a unit, found {shown(text)}", hint)
        wanted = "a duration such as 15m" if kind == "duration" else "a number"
        raise _Wrong("PS003", f"{wanted} is wanted, found {shown(text)}")
    if not math.isfinite(number):
        raise _Wrong("PS003", f"a finite number is wanted, found {shown(text)}")
    if kind == "prob" and what != "step" and not -1 <= number <= 1:
        message = f"{text} is outside [0, 1]: prices are probabilities"
        raise _Wrong("PU003", message, per_cent(number))
    return number


def _amount(text: str, kind: str) -> float | None:
    if FLOAT.fullmatch(text):
        return None if kind == "duration" else float(text)
    if kind == "usd":
        return parse_usd(text)
    if kind == "shares":
        return parse_shares(text)
    if kind in ("duration", *SECONDS_OF):
        micros = parse_duration(text)
        return micros and micros / SECOND / SECONDS_OF.get(kind, 1.0)
    return None


def _listed(declared: Declared) -> str:
    return ", ".join(param.name for param in declared.params) or "none"


def _range(param: Param, kind: str) -> str:
    if param.min is None and param.max is None:
        return ""
    if param.max is None:
        return f"its least is {_shown(param.min or 0.0, kind)}"
    if param.min is None:
        return f"its most is {_shown(param.max, kind)}"
    return f"its range is [{_shown(param.min, kind)}, {_shown(param.max, kind)}]"


def _shown(value: float, kind: str) -> str:
    if kind != "duration" or not math.isfinite(value):
        return f"{value:g}"
    return shown_duration(round(value * SECOND))
