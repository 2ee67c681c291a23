import pytest
from jsonschema import Draft7Validator

from polyrules.documents.quantities import (
    parse_duration,
    parse_shares,
    parse_usd,
    with_unit,
)
from polyrules.documents.shape import check_shape
from polyrules.documents.source import read_yaml
from polyrules.errors import Problem
from polyrules.language.files.forms import Schema
from polyrules.language.files.schema import STRATEGY_SCHEMA

ANY: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "description": "What to call it."},
        "size": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["red", "green"], "x-later": {"blue": "next year"}},
        "share": {"type": "number", "maximum": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    },
    "x-later": {"shape": "next year"},
}


def shape(text: str, schema: Schema = ANY) -> list[Problem]:
    document = read_yaml(text, "f.yaml")
    return [*document.problems, *check_shape(document, schema)]


def told(text: str) -> list[str]:
    return [f"{p.line}:{p.column} {p.code} {p.message} | {p.help}" for p in shape(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "name: x\nsiez: 1\n",
            '2:1 PS001 unknown key "siez" | did you mean "size"?',
        ),
        ("name: x\nshape: 1\n", '2:1 PS001 unknown key "shape" | next year'),
        (
            "name: x\nqqq: 1\n",
            '2:1 PS001 unknown key "qqq" | known here: name, size, kind, share, tags',
        ),
        ("size: 1\n", '1:1 PS002 the file has no "name" | name: what to call it.'),
        ("name: 3\n", "1:7 PS003 name must be text, found the number 3 | "),
        ("name: [x]\n", "1:7 PS003 name must be text, found a list | "),
        ("name:\n", "1:1 PS003 name is empty, expected text | "),
        ("name: true\n", "1:7 PS003 name must be text, found true | "),
        (
            "name: x\nkind: Red\n",
            '2:7 PS004 "Red" is not a value of kind (red, green) | did you mean "red"?',
        ),
        (
            "name: x\nkind: blue\n",
            '2:7 PS004 "blue" is not a value of kind (red, green) | next year',
        ),
        ("name: x\nsize: 0\n", "2:7 PS007 size must be at least 1, found 0 | "),
        (
            "name: x\nshare: 25\n",
            "2:8 PS007 share must be at most 1, found 25 | did you mean 0.25?",
        ),
        ("name: x\ntags: [a, a]\n", "2:7 PS008 tags has an entry twice | "),
        (
            "name: x\ntags: [a, 1]\n",
            "2:11 PS003 entry 2 of tags must be text, found the number 1 | ",
        ),
        ("- x\n", "1:1 PS003 the file must be a mapping, found a list | "),
    ],
)
def test_any_schema_is_reported_in_words(text: str, expected: str) -> None:
    assert told(text) == [expected]


def test_every_mistake_is_told() -> None:
    problems = shape("size: 0\nkind: NO\nfoo: 1\n")

    assert sorted((p.code, p.line) for p in problems) == [
        ("PR003", 2),
        ("PS001", 3),
        ("PS002", 1),
        ("PS007", 1),
    ]


def test_a_file_that_could_not_be_read_is_not_compared() -> None:
    assert [p.code for p in shape("name: [1\n")] == ["PR004"]


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("100ms", 100_000),
        ("5s", 5_000_000),
        ("0.5m", 30_000_000),
        ("15m", 900_000_000),
        ("2h", 7_200_000_000),
        ("30d", 2_592_000_000_000),
        ("300", None),
        ("5 s", None),
        ("-5s", None),
        ("5sec", None),
        ("1e3s", None),
        ("", None),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, micros: int | None) -> None:
    assert parse_duration(text) == micros


@pytest.mark.parametrize("text", ["25", "25 usd", "$25", "25USD", "-25 USD", "1e9 USD"])
def test_an_amount_has_one_form(text: str) -> None:
    assert parse_usd(text) is None


def test_amounts_are_dollars_or_shares() -> None:
    assert parse_usd("25.50 USD") == 25.5
    assert parse_shares("50 shares") == 50.0
    assert parse_usd("50 shares") is None


@pytest.mark.parametrize(
    ("found", "unit", "meant"),
    [
        (50, "USD", "50 USD"),
        ("$1,000", "USD", "1000 USD"),
        ("20 EUR", "USD", "20 USD"),
        (300, "s", "300s"),
        ("5 min", "s", "5m"),
        ("2 hours", "s", "2h"),
        ("soon", "s", ""),
        (True, "USD", ""),
    ],
)
def test_the_amount_that_was_probably_meant_is_named(
    found: object, unit: str, meant: str
) -> None:
    assert with_unit(found, unit) == meant


def test_only_the_branch_of_the_chosen_action_complains() -> None:
    schema = STRATEGY_SCHEMA["properties"]["rules"]["items"]["properties"]["then"]
    veto = {"action": "none", "price": "best_ask"}

    errors = [error.message for error in Draft7Validator(schema).iter_errors(veto)]

    assert errors == [
        "Additional properties are not allowed ('price' was unexpected)",
    ]
