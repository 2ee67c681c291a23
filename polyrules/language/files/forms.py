"""The forms of which the schema of strategy files is made.

Each function returns a piece of JSON Schema (draft-07), with the additional `x-` keys
that `shape` explains.
"""

from typing import Any

from polyrules.documents.quantities import DURATION, USD

Schema = dict[str, Any]

# Python's $ lets a line break behind it pass; (?!\n) does not, and says nothing new to
# the editors that read the schema.
NAME = r"^[a-z][a-z0-9_]{0,47}(?!\n)$"
LATER = "not in this version yet"
TOKENS = {
    **dict.fromkeys(("YES", "Yes", "yes"), "write yes_token"),
    **dict.fromkeys(("NO", "No", "no"), "write no_token"),
}


def mapping_of(
    description: str,
    properties: Schema,
    *,
    required: tuple[str, ...] = (),
    later: dict[str, str] | None = None,
) -> Schema:
    """Return a mapping of these keys only; `later` are known, and not allowed."""
    schema: Schema = {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "properties": properties,
    }
    if required:
        schema["required"] = list(required)
    if later:
        schema["x-later"] = later
    return schema


def text(description: str, length: int) -> Schema:
    """Return a text of at most `length` characters."""
    return {"type": "string", "maxLength": length, "description": description}


def word(
    words: tuple[str, ...],
    description: str,
    *,
    later: dict[str, str] | None = None,
    default: str | None = None,
) -> Schema:
    """Return a choice; `later` are words that are known, and not allowed."""
    schema: Schema = {"enum": list(words), "description": description}
    if default is not None:
        schema["default"] = default
    if later:
        schema["x-later"] = later
    return schema


def words(choices: tuple[str, ...], description: str) -> Schema:
    """Return a list of some of these words, each at most once."""
    return {
        "type": "array",
        "items": {"enum": list(choices)},
        "minItems": 1,
        "uniqueItems": True,
        "description": description,
    }


def quantity(pattern: str, unit: str, expected: str, description: str) -> Schema:
    """Return an amount with its unit; a missing unit is PU005."""
    return {
        "type": "string",
        "pattern": pattern,
        "description": f"{description} E.g. {expected.rpartition(' ')[2]}."
        if unit == "s"
        else description,
        "x-code": "PU005",
        "x-expected": expected,
        "x-unit": unit,
    }


def duration(description: str) -> Schema:
    """Return a duration such as 15m."""
    return quantity(DURATION, "s", "a duration such as 15m", description)


def usd(description: str) -> Schema:
    """Return an amount of dollars."""
    return quantity(USD, "USD", "an amount such as 25 USD", description)


def share(description: str) -> Schema:
    """Return a share of 1."""
    return {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1,
        "description": description,
    }


def distance(description: str) -> Schema:
    """Return a distance of prices, inside (0, 1)."""
    return {
        "type": "number",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
        "description": description,
        "x-code": "PU003",
    }


def expression(description: str) -> Schema:
    """Return a place for an expression."""
    # draft-07 ignores what stands beside a $ref, hence allOf
    return {
        "allOf": [{"$ref": "#/definitions/expression"}],
        "description": description,
    }


def identifier(description: str) -> Schema:
    """Return a name such as a rule has."""
    return {
        "type": "string",
        "pattern": NAME,
        "description": description,
        "x-code": "PS009",
        "x-expected": "a name: lower-case letters, digits and _, a letter first",
    }


def named(description: str, values: Schema) -> Schema:
    """Return a mapping from names of the writer's choice."""
    return {
        "type": "object",
        "description": description,
        "propertyNames": {"pattern": NAME},
        "maxProperties": 200,
        "additionalProperties": values,
    }


def list_of(description: str, items: Schema, least: int = 0) -> Schema:
    """Return a list of at least `least` entries."""
    schema: Schema = {
        "type": "array",
        "description": description,
        "items": items,
        "maxItems": 200,
    }
    if least:
        schema["minItems"] = least
    return schema


def when(words: dict[str, list[str]], then: Schema) -> Schema:
    """Return `then` for a mapping whose keys have one of these words."""
    return {
        "if": {
            "required": list(words),
            "properties": {key: {"enum": allowed} for key, allowed in words.items()},
        },
        "then": then,
    }
