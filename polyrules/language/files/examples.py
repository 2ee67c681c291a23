"""The tests embedded in a strategy file: read and compared with what they speak of.

Whether they hold is for others to find out.
"""

from collections.abc import Iterable
from typing import Any

from polyrules.documents.document import Document, Path
from polyrules.documents.quantities import per_cent
from polyrules.documents.shape import shown
from polyrules.language.expression import Kind, Type
from polyrules.language.files.texts import Texts
from polyrules.language.strategy import Case, Value

UNKNOWN = "PS015"
WRONG_TYPE = "PS003"
WRONG_WORD = "PS004"
OUT_OF_DOMAIN = "PU003"
MISSING = "missing"  # how a file may say that a value is missing


def read_cases(
    document: Document, texts: Texts, windowed: Iterable[str]
) -> tuple[Case, ...]:
    """Read `tests`.

    Args:
        document: The file.
        texts: Its scope, complete; problems are told there.
        windowed: The lets that stand on a window: those may be given.

    Returns:
        The sound cases. Problems: PS015 for a name that the strategy does not have.
    """
    cases: list[Case] = []
    able = frozenset(windowed)
    for index in range(len(texts.value("tests") or ())):
        at: Path = ("tests", index)
        given, expect = texts.value(*at, "given"), texts.value(*at, "expect")
        if not isinstance(given, dict) or not isinstance(expect, dict):
            continue
        _check_expect(texts, (*at, "expect"), expect)
        cases.append(
            Case(
                name=str(texts.value(*at, "name")),
                given=_given(texts, (*at, "given"), given, able),
                expect=expect,
                line=document.line(at),
            )
        )
    return tuple(cases)


def _given(
    texts: Texts, at: Path, given: dict[str, Any], windowed: frozenset[str]
) -> dict[str, Value]:
    values: dict[str, Value] = {}
    lets = texts.value("let") or {}
    params = texts.value("params") or {}
    for name in given:
        value = texts.value(*at, name)
        if name in windowed or name in texts.features:
            values[name] = _checked(texts, (*at, name), value, texts.types[name])
            continue
        hint = texts.did_you_mean(name, [*texts.features, *windowed])
        message = f'a test gives "{name}", which is no feature'
        if name in lets and name not in texts.types:
            continue  # the let itself is wrong, and told
        if name in lets:
            message = f'a test gives "{name}", which is computed'
            hint = "give the features it reads; only lets that look back are given"
        elif name in params:
            message = f'a test gives "{name}", which is a param'
            hint = "a param has its default in tests"
        texts.tell((*at, name), UNKNOWN, message, hint, on_key=True)
    return values


def _checked(texts: Texts, at: Path, value: Value, type_: Type) -> Value:
    if value is None or value == MISSING:
        return None
    if type_.kind is Kind.BOOL and not isinstance(value, bool):
        message = f"{at[-1]} is a bool, found {shown(value)}"
        texts.tell(at, WRONG_TYPE, message, "write true, false or missing")
    elif type_.kind is Kind.NUMBER and (isinstance(value, bool | str)):
        message = f"{at[-1]} is a number, found {shown(value)}"
        texts.tell(at, WRONG_TYPE, message, "write a number or missing")
    elif type_.kind is Kind.ENUM and value not in type_.values:
        message = f"{shown(value)} is not a value of {at[-1]}"
        hint = texts.did_you_mean(str(value), type_.values)
        texts.tell(at, WRONG_WORD, message, hint or ", ".join(type_.values))
    elif (
        type_.unit == "prob" and isinstance(value, int | float) and not -1 <= value <= 1
    ):
        message = f"{at[-1]} {value:g} is outside [0, 1]: prices are probabilities"
        texts.tell(at, OUT_OF_DOMAIN, message, per_cent(value))
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_number else value


def _check_expect(texts: Texts, at: Path, expect: dict[str, Any]) -> None:
    guards = _ids(texts, "guards")
    rules = _ids(texts, "rules")
    known = {
        "fires": [*rules, "none"],
        "guard": guards,
        "blocked_by": ["universe", *guards, *rules],
    }
    words = {"fires": "rule", "guard": "guard", "blocked_by": "guard or rule"}
    for key, names in known.items():
        name = texts.value(*at, key)
        if name is not None and name not in names:
            message = f'no {words[key]} is called "{name}"'
            hint = texts.did_you_mean(name, names) or f"there are: {', '.join(names)}"
            texts.tell((*at, key), UNKNOWN, message, hint)
    price = texts.value(*at, "price")
    if isinstance(price, int | float) and not 0 < price < 1:
        message = f"price {price:g} is outside (0, 1)"
        texts.tell((*at, "price"), OUT_OF_DOMAIN, message, per_cent(price))
    names = [*texts.types, *(texts.value("let") or ())]
    for index in range(len(expect.get("unknown") or ())):
        name = texts.value(*at, "unknown", index)
        if name is not None and name not in names:
            message = f'no feature or let is called "{name}"'
            texts.tell(
                (*at, "unknown", index),
                UNKNOWN,
                message,
                texts.did_you_mean(name, names),
            )


def _ids(texts: Texts, part: str) -> list[str]:
    entries = range(len(texts.value(part) or ()))
    found = [texts.value(part, index, "id") for index in entries]
    return [name for name in found if isinstance(name, str)]
