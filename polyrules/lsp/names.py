"""The names an expression of a file may use, each with its meaning in Markdown."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

import msgspec

from polyrules.documents.document import Document, Path
from polyrules.documents.quantities import shown_duration
from polyrules.features.catalog import Feature
from polyrules.language.files.row_domains import read_rows
from polyrules.language.functions import FUNCTIONS
from polyrules.language.hoisted import GROUPS, WINDOWS

WORDS = ("and", "or", "not", "in", "if", "else", "true", "false")
RANGE = ("default", "min", "max", "step", "sweep")


class Sort(Enum):
    """What a name stands for."""

    FEATURE = "feature"
    LET = "let"
    PARAM = "param"
    FUNCTION = "function"
    WORD = "word"


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """A name and what it means.

    Attributes:
        detail: A few words: its unit, or how a function is written.
        doc: Its meaning, Markdown.
        at: Where the file defines it; None for what the language brings along.
        values: The words it may be, of an enum.
    """

    name: str
    sort: Sort
    detail: str = ""
    doc: str = ""
    at: Path | None = None
    values: tuple[str, ...] = ()


def names_of(document: Document) -> dict[str, Name]:
    """Return every name that an expression of a file may use.

    Args:
        document: A file that could be read; what is wrong in it is left out.
    """
    data = document.data if isinstance(document.data, dict) else {}
    found = [*_features(document, data), *_functions(), *_params(data), *_lets(data)]
    return {each.name: each for each in found}


def words() -> tuple[Name, ...]:
    """Return the words of the language that are no names."""
    return tuple(Name(name=word, sort=Sort.WORD) for word in WORDS)


def _features(document: Document, data: dict[str, Any]) -> Iterator[Name]:
    if not isinstance(document.data, dict):
        return
    del data
    for name, feature in read_rows(document).features():
        yield Name(
            name=name,
            sort=Sort.FEATURE,
            detail=feature.unit if feature.unit != "1" else "ratio",
            doc=_feature_doc(name, feature),
            values=feature.values,
        )


def _feature_doc(name: str, feature: Feature) -> str:
    unit = feature.unit if feature.unit != "1" else "ratio"
    told = [f"**{name}** ({unit}, from {feature.feed.value})", feature.doc]
    if feature.formula:
        told.append(f"`{feature.formula}`")
    if feature.values:
        told.append(f"One of {', '.join(feature.values)}.")
    if feature.max_age is not None:
        age = shown_duration(feature.max_age)
        told.append(f"Missing once it is older than {age}.")
    return "\n\n".join(told)


def _functions() -> Iterator[Name]:
    looking = {**WINDOWS, **GROUPS}
    for name, function in {**FUNCTIONS, **looking}.items():
        where = "\n\nStands in `let` only." if name in looking else ""
        yield Name(
            name=name,
            sort=Sort.FUNCTION,
            detail=function.signature,
            doc=f"**{function.signature}**\n\n{function.doc}{where}",
        )


def _params(data: dict[str, Any]) -> Iterator[Name]:
    for name, body in _entries(data, "params"):
        if not isinstance(body, dict):
            continue
        kind = str(body.get("type", "param"))
        told = [f"**{name}** ({kind}, a param)"]
        told += [str(body["doc"])] if body.get("doc") else []
        ranges = ", ".join(f"{key} {body[key]}" for key in RANGE if key in body)
        told += [f"{ranges}."] if ranges else []
        yield Name(
            name=name,
            sort=Sort.PARAM,
            detail=kind,
            doc="\n\n".join(told),
            at=("params", name),
        )


def _lets(data: dict[str, Any]) -> Iterator[Name]:
    for name, body in _entries(data, "let"):
        text = " ".join(str(body).split())
        yield Name(
            name=name,
            sort=Sort.LET,
            detail=text,
            doc=f"**{name}** (a let)\n\n```\n{text}\n```",
            at=("let", name),
        )


def _entries(data: Mapping[str, Any], part: str) -> list[tuple[str, Any]]:
    found = data.get(part)
    return list(found.items()) if isinstance(found, dict) else []
