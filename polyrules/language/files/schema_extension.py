"""The JSON Schema of a strategy file that extends another, as Python data.

It holds where a file has the key `extends`: such a file says what it is, gives params
of its base other defaults, tightens limits, and may have tests. All else is the base's.
"""

from polyrules.language.files import forms
from polyrules.language.files.forms import Schema
from polyrules.language.files.schema import STRATEGY_SCHEMA
from polyrules.language.files.schema_money import risk
from polyrules.language.files.schema_tests import tests

BASE_CHARS_MAX = 200


def extension_schema() -> Schema:
    """Return the schema (draft-07) of a file that extends another."""
    shared = STRATEGY_SCHEMA["properties"]
    base = {
        "type": "string",
        "minLength": 1,
        "maxLength": BASE_CHARS_MAX,
        "description": "The strategy it stands on: the id of a shipped one, or a file"
        " in this folder or below, such as ./base.yaml.",
    }
    default = {
        "type": ["number", "string", "boolean"],
        "description": "What holds unless --set says else, in the base's range.",
        "x-expected": "a value such as 0.95; its type and range stay the base's",
    }
    whole = forms.mapping_of(
        "A strategy that is another one with other params and tighter limits.",
        {
            "polyrules": shared["polyrules"],
            "strategy": shared["strategy"],
            "extends": base,
            "params": forms.named("New defaults for params of the base.", default),
            "risk": risk() | {"description": "Limits, each tighter than the base's."},
            "tests": tests(),
        },
        required=("polyrules", "strategy", "extends"),
    )
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "polyrules extension, version 1",
        **whole,
        "patternProperties": {"^x-": {"description": "Yours; polyrules ignores it."}},
    }


EXTENSION_SCHEMA = extension_schema()
