"""Messages with values in them: `YES {best_ask:.3f}, {hours_to_close:.1f} h left`.

In braces stands a name and, behind a colon, how to print it; nothing else. Python's own
templates reach attributes, items and formats a billion characters wide; these do not.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from polyrules.documents.words import did_you_mean
from polyrules.language.actions import Piece
from polyrules.language.expression import Kind, Type
from polyrules.language.expressions.check import Finding

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)?")
FORMAT = re.compile(
    r"(?P<sign>\+?)(?P<comma>,?)(?:\.(?P<digits>[0-9]+))?(?P<kind>[f%ds]?)"
)
DIGITS_MAX = 9
FORMATS = "formats: .3f, +.2f, ,.0f, .1%, d for whole numbers, s for words"


class Template(msgspec.Struct, frozen=True):
    """A parsed message: what to print, and what is wrong with it."""

    pieces: tuple[Piece, ...]
    findings: tuple[Finding, ...]
    names: frozenset[str]


class _Field(NamedTuple):
    start: int
    end: int
    text: str


def parse_template(
    source: str,
    types: Mapping[str, Type],
    constants: Mapping[str, tuple[Type, float | bool | str]],
    *,
    suggests: bool = True,
) -> Template:
    """Parse a message and check every name and format in it.

    Args:
        source: The message; `{{` and `}}` stand for braces.
        types: What may be named: features and lets.
        constants: Params; they are printed here and now, and become text.
        suggests: Whether to look for the name that an unknown one may have meant.

    Returns:
        The pieces, neighbouring texts joined; PN003 for an unknown name, PN004 for
        anything in braces that is not a name with a plain format.
    """
    pieces: list[Piece] = []
    findings: list[Finding] = []
    names: set[str] = set()
    for part in _split(source, findings):
        if isinstance(part, str):
            _append(pieces, part)
            continue
        name, colon, spec = part.text.partition(":")
        name = name.strip()
        known = [*types, *constants]
        wrong = _wrong_name(part, name, known, suggests=suggests)
        if wrong is None and NAME.fullmatch(name):
            names.add(name)
            type_ = constants[name][0] if name in constants else types[name]
            wrong = _wrong_format(part, spec if colon else "", type_)
        if wrong is not None:
            findings.append(wrong)
        elif name in constants:
            _append(pieces, _print(constants[name][1], spec))
        else:
            pieces.append(Piece("", name, _plain(spec)))
    findings.sort(key=lambda finding: finding.start)
    return Template(tuple(pieces), tuple(findings), frozenset(names))


def _append(pieces: list[Piece], text: str) -> None:
    if pieces and not pieces[-1].name:
        text = pieces.pop().text + text
    if text:
        pieces.append(Piece(text))


def _split(source: str, findings: list[Finding]) -> list[str | _Field]:
    parts: list[str | _Field] = []
    at = 0
    while at < len(source):
        if source[at : at + 2] in ("{{", "}}"):
            parts.append(source[at])
            at += 2
        elif source[at] == "{":
            end = source.find("}", at)
            if end < 0:
                findings.append(_finding(at, at + 1, '"{" is never closed'))
                return parts
            inner = source.rfind("{", at + 1, end)
            if inner > 0:
                # a brace in a brace: a width taken from a value, or a typo
                findings.append(_finding(inner, inner + 1, '"{" inside of "{"'))
                end = max(end, source.find("}", end + 1))
            else:
                parts.append(_Field(at + 1, end, source[at + 1 : end]))
            at = end + 1
        elif source[at] == "}":
            findings.append(_finding(at, at + 1, '"}" without "{"'))
            at += 1
        else:
            parts.append(source[at])
            at += 1
    return parts


def _finding(start: int, end: int, message: str, code: str = "PN004") -> Finding:
    hint = 'write "{{" and "}}" for braces'
    return Finding(start=start, end=end, code=code, message=message, help=hint)


def _wrong_name(
    part: _Field,
    name: str,
    known: Sequence[str],
    *,
    suggests: bool,
) -> Finding | None:
    width = len(part.text.partition(":")[0])
    end = part.start + max(width, 1)
    if NAME.fullmatch(name) is None:
        return Finding(
            start=part.start,
            end=end,
            code="PN004",
            message=f'"{name[:40]}" in braces is not a name',
            help="only the name of a feature, a let or a param stands in braces;"
            " compute the rest in a let",
        )
    if name in known:
        return None
    return Finding(
        start=part.start,
        end=end,
        code="PN003",
        message=f'unknown name "{name}" in a message',
        help=did_you_mean(name, known) if suggests else "",
    )


def _wrong_format(part: _Field, spec: str, type_: Type) -> Finding | None:
    found = FORMAT.fullmatch(spec)
    start = part.end - len(spec)
    is_number = type_.kind is Kind.NUMBER
    message = ""
    if found is None:
        message = f'"{spec[:40]}" is not a format we know'
    elif int((found["digits"] or "0")[:9]) > DIGITS_MAX:
        message = f"format .{found['digits'][:9]} prints more than {DIGITS_MAX} digits"
    elif is_number and found["kind"] == "s":
        message = 'format "s" is for words, and this is a number'
    elif not is_number and spec not in ("", "s"):
        message = f'format "{spec}" is for numbers, and this is {type_.kind.value}'
    elif found["kind"] == "d" and found["digits"]:
        message = 'format "d" has no decimals'
    if not message:
        return None
    return Finding(
        start=start, end=part.end, code="PN004", message=message, help=FORMATS
    )


def _plain(spec: str) -> str:
    # features are floats, and Python refuses "d" for a float
    return f"{spec[:-1]}.0f" if spec.endswith("d") else spec


def _print(value: float | bool | str, spec: str) -> str:  # noqa: FBT001 - a param's value may be a bool
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return format(value, _plain(spec) or "g")
