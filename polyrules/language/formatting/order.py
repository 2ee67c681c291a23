"""In which order keys stand, and where the expressions are: what the schema says.

The schema lists the keys of every mapping in the order in which people read them, so
there is no second list here but that of the parts of a file.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from polyrules.documents.document import Path
from polyrules.language.files.forms import Schema
from polyrules.language.files.schema import STRATEGY_SCHEMA

GROUPS = (
    ("polyrules", "strategy", "extends"),
    ("params",),
    ("inputs",),
    ("universe",),
    ("let",),
    ("guards",),
    ("hit_policy", "merge", "rules"),
    ("sizing", "exits", "risk", "schedule"),
    ("tests",),
)
"""The parts of a file in their order; a blank line stands between two groups."""

PARTS = tuple(part for group in GROUPS for part in group)
LAST = ("reason",)  # it tells in words what stands above it
EXPRESSION = {"$ref": "#/definitions/expression"}


class Keys(NamedTuple):
    """A mapping whose keys have an order."""

    at: Path
    order: tuple[str, ...]


class Words(NamedTuple):
    """A text that is an expression."""

    at: Path


def parts(data: dict[str, Any]) -> Iterator[Keys | Words]:
    """Yield the ordered mappings and the expressions of a strategy file, outer first.

    What the schema does not know is passed over.
    """
    for found in _walk(data, STRATEGY_SCHEMA, ()):
        whole = isinstance(found, Keys) and not found.at
        yield Keys((), PARTS) if whole else found


def ranks(keys: list[str], order: tuple[str, ...]) -> list[int]:
    """Return the places of keys in their order: what it lacks last, `x-` behind all.

    Returns:
        Indices of `keys`, in the order in which they should stand.
    """
    known = {key: index for index, key in enumerate(order)}

    def rank(index: int) -> int:
        key = keys[index]
        return known.get(key, len(known) + key.startswith("x-"))

    return sorted(range(len(keys)), key=rank)


def group(part: str) -> int:
    """Return the number of the group of a part of a file."""
    found = (index for index, names in enumerate(GROUPS) if part in names)
    return next(found, len(GROUPS))


def _walk(value: object, schema: Schema, at: Path) -> Iterator[Keys | Words]:
    if "array" in schema.get("if", {}).get("type", ()):  # a list, or else a word
        schema = schema["then" if isinstance(value, list) else "else"]
    if isinstance(value, dict):
        known = _properties(schema, value)
        yield Keys(at, (*(key for key in known if key not in LAST), *LAST))
        others = schema.get("additionalProperties")
        for key, item in value.items():
            inner = known.get(key, others)
            if isinstance(inner, dict):
                yield from _walk(item, inner, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, schema.get("items", {}), (*at, index))
    elif isinstance(value, str) and EXPRESSION in schema.get("allOf", ()):
        yield Words(at)


def _properties(schema: Schema, value: dict[str, Any]) -> Schema:
    """Return the keys a mapping may have: of an action, those of that action."""
    for branch in schema.get("allOf", ()):
        asked = branch.get("if", {}).get("properties", {})
        if asked and all(
            value.get(key) in allowed.get("enum", ()) for key, allowed in asked.items()
        ):
            found: Schema = branch["then"].get("properties", {})
            return found
    known: Schema = schema.get("properties", {})
    return known
