"""The part of the schema that says what a test may be."""

from polyrules.language.files import forms
from polyrules.language.files.forms import NAME, TOKENS, Schema

ACTIONS = ("buy", "sell", "quote", "basket", "cancel", "none")
DOTTED = r"^[a-z][a-z0-9_]{0,47}(\.[a-z][a-z0-9_]{0,47})?(?!\n)$"
VALUE: Schema = {"type": ["number", "string", "boolean", "null"]}
STRATEGY_PATH = {
    "type": "string",
    "minLength": 1,
    "maxLength": 200,
    "description": "The file that is tested, seen from this one: ./mine.yaml",
}


def tests() -> Schema:
    """Return the schema of `tests`."""
    case = forms.mapping_of(
        "One example: what a market looks like, and what must follow.",
        {
            "name": {"type": "string", "minLength": 1, "maxLength": 120}
            | {"description": "A sentence about the strategy."},
            "with": forms.named(
                "Params that differ from their defaults in this test.",
                {"type": ["number", "string", "boolean"]},
            ),
            "given": _given(),
            "series": _by_name(
                "Features over time, e.g. 0.50x287 0.58: _ is a missing sample, stale"
                " a feed that is gone.",
                {"type": ["string", "number", "boolean"], "maxLength": 5000},
            ),
            "interval": forms.duration(
                "Time between the samples of a series; schedule.every if left out."
            ),
            "at": forms.duration(
                "When the rules are asked, from the start of the series; at their last"
                " sample if left out."
            ),
            "fixture": _fixture(),
            "expect": _expect(),
        },
        required=("name", "expect"),
    )
    return forms.list_of("Examples by which the file proves itself.", case)


def sibling_schema() -> Schema:
    """Return the schema (draft-07) of a NAME.test.yaml beside NAME.yaml."""
    whole = forms.mapping_of(
        "Tests of a strategy in a file of their own.",
        {"strategy": STRATEGY_PATH, "tests": tests()},
        required=("strategy", "tests"),
    )
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "polyrules tests, version 1",
        **whole,
        "patternProperties": {"^x-": {"description": "Yours; polyrules ignores it."}},
    }


def _by_name(description: str, values: Schema) -> Schema:
    named = forms.named(description, values)
    return named | {"propertyNames": {"pattern": DOTTED}}


def _given() -> Schema:
    """Return the schema of a row; what an alias has may be a mapping of its own."""
    inner: Schema = {
        "type": [*VALUE["type"], "object"],
        "propertyNames": {"pattern": NAME},
        "maxProperties": 200,
        "additionalProperties": VALUE,
    }
    return _by_name("One row: values by name. What it lacks is missing.", inner)


def _fixture() -> Schema:
    return forms.mapping_of(
        "A row as it was: the values of a market on a tape at a moment.",
        {
            "tape": forms.text("Directory of the tape, seen from this file.", 200),
            "market": forms.text("Id or slug of the market.", 200),
            "at": forms.text("When, e.g. 2026-11-20T14:05:00Z.", 40),
        },
        required=("tape", "market", "at"),
    )


def _expect() -> Schema:
    name = {"type": "string", "pattern": NAME, "x-expected": "a name"}
    fires = {
        "type": ["string", "array"],
        "pattern": NAME,
        "x-expected": "a name, or a list of names",
        "items": name,
        "maxItems": 50,
        "description": "Id of the rule that decides, or none; a list under collect.",
    }
    values = _by_name("What lets come to.", VALUE)
    names = {"type": "array", "items": name | {"pattern": DOTTED}, "maxItems": 200}
    expect = forms.mapping_of(
        "What must follow.",
        {
            "fires": fires,
            "token": forms.word(
                ("yes_token", "no_token", "t.token"),
                "The token it trades.",
                later=TOKENS,
            ),
            "action": forms.word(ACTIONS, "What it does."),
            "price": {"type": "number", "description": "The price it asks."},
            "fair": {"type": "number", "description": "What it holds a share to be."},
            "edge": {"type": "number", "description": "The profit it expects."},
            "confidence": {"type": "number", "description": "How sure it is."},
            "size": {"type": "number", "description": "The size it states."},
            "reason": forms.text("The message, word for word.", 500),
            "states": _by_name(
                "What a quote or basket states: price_0, shares_0, side_0 (buy, sell),"
                " token_0, or_buy_0, price_1, ...; or legs (all_yes, all_no).",
                {"type": ["number", "string", "null"]},
            ),
            "values": values,
            "conflict": {
                "type": "array",
                "items": name,
                "maxItems": 50,
                "description": "Under unique: the rules that were TRUE together.",
            },
            "exit": name
            | {"description": "Id of the first exit whose `when` is TRUE, or none."},
            "guard": name | {"description": "Id of the guard that blocks."},
            "blocked_by": name
            | {"description": "universe, or the id of a guard or veto."},
            "unknown": names | {"description": "Names whose absence mattered."},
        },
    )
    return expect | {"minProperties": 1}
