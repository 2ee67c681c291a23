"""A file that extends another: what it may say, and what that makes of its base.

It may give params other defaults, within the base's ranges, and tighten limits. The
rules stay the base's, so that who knows the base knows what such a file can do.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from polyrules.documents.document import Document, Path
from polyrules.documents.quantities import parse_duration, parse_shares, parse_usd
from polyrules.documents.shape import check_shape
from polyrules.errors import Problem
from polyrules.language.files.leaks import find_leaks
from polyrules.language.files.money import MAY_BE_ZERO, OUT_OF_RANGE, RISK
from polyrules.language.files.schema import STRATEGY_SCHEMA
from polyrules.language.files.schema_extension import EXTENSION_SCHEMA

NOT_BESIDE = "PS021"
LOOSER = "PS023"
COOLDOWN = "cooldown_after_losses"
MORE_IS_TIGHTER = (("min_order",), (COOLDOWN, "rest"))


def is_extension(document: Document) -> bool:
    """Tell whether a file extends another."""
    return isinstance(document.data, dict) and "extends" in document.data


def check_extension(document: Document) -> list[Problem]:
    """Return what is wrong with the shape of a file that extends another.

    Returns:
        PS021 for a part that only the base may have, PX001 for what does not belong in
        a file, and what the schema has against it.
    """
    problems = find_leaks(document)
    for key in STRATEGY_SCHEMA["properties"]:
        if key in EXTENSION_SCHEMA["properties"] or key not in document.data:
            continue
        message = f'"{key}" cannot stand beside extends: it stays as the base has it'
        hint = "delete it, or copy the base whole: polyrules new NAME --from BASE"
        at = (key,)
        problems.append(
            document.problem(at, NOT_BESIDE, message, hint=hint, on_key=True)
        )
        document.mark_wrong(at)
    return [*problems, *check_shape(document, EXTENSION_SCHEMA)]


class Limit(NamedTuple):
    """One limit as a file writes it."""

    value: float
    text: str
    path: str


def check_risk(documents: Iterable[Document]) -> list[Problem]:
    """Compare the limits of files, each of which extends the one before it.

    Args:
        documents: The file that extends nothing first.

    Returns:
        PS023 for a limit that is looser than one before it, PS007 for an amount of 0.
    """
    held: dict[Path, Limit] = {}
    problems: list[Problem] = []
    for document in documents:
        for at, limit in _limits(document).items():
            name = ".".join(map(str, at))
            before = held.get(at)
            place = ("risk", *at)
            if limit.value == 0 and at[0] not in MAY_BE_ZERO:
                message = f"{name} must be more than 0, was {limit.text}"
                problems.append(document.problem(place, OUT_OF_RANGE, message))
            elif before is None or not _is_looser(at, limit, before):
                held[at] = limit
            else:
                problems.append(_told(document, at, limit, before))
    return problems


def merged_risk(documents: Iterable[Document]) -> dict[str, Any]:
    """Return `risk` with all that files say, each extending the one before it."""
    merged: dict[str, Any] = {}
    for document in documents:
        merged |= document.data.get("risk") or {}
    return merged


def _limits(document: Document) -> dict[Path, Limit]:
    """Return the limits of a file that has the right shape, as far as it has it."""
    data = document.data.get("risk")
    found: dict[Path, Limit] = {}
    for key in data if isinstance(data, dict) else ():
        parts: tuple[Path, ...] = ((key,),)
        if key == COOLDOWN:
            parts = ((key, "count"), (key, "rest"))
        elif key not in RISK:
            continue
        for at in parts:
            depths = range(len(at) + 1)
            if any(document.is_wrong(("risk", *at[:depth])) for depth in depths):
                continue
            text = document.raw(("risk", *at))
            found[at] = Limit(_value(text), text, document.path)
    return found


def _value(text: str) -> float:
    """Return an amount as a number: usd, shares, microseconds, or what it counts."""
    for parse in (parse_usd, parse_shares, parse_duration):
        value = parse(text)
        if value is not None:
            return float(value)
    return float(text)


def _is_looser(at: Path, limit: Limit, before: Limit) -> bool:
    if at in MORE_IS_TIGHTER:
        return limit.value < before.value
    return limit.value > before.value


def _told(document: Document, at: Path, limit: Limit, before: Limit) -> Problem:
    name = ".".join(map(str, at))
    message = f"{name} {limit.text} is looser than the {before.text} of {before.path}"
    end = "at least" if at in MORE_IS_TIGHTER else "at most"
    hint = (
        f"{end} {before.text}: who extends can only tighten; to loosen it, copy the"
        " base: polyrules new NAME --from BASE"
    )
    return document.problem(("risk", *at), LOOSER, message, hint=hint)
