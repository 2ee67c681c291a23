"""The part of the schema that says what an embedded test may be."""

from polyrules.language.files import forms
from polyrules.language.files.forms import LATER, NAME, TOKENS, Schema


def tests() -> Schema:
    """Return the schema of `tests`."""
    value: Schema = {"type": ["number", "string", "boolean", "null"]}
    name = {"type": "string", "pattern": NAME, "x-expected": "a name"}
    expect = forms.mapping_of(
        "What must follow.",
        {
            "fires": name | {"description": "Id of the rule that decides, or none."},
            "token": forms.word(
                ("yes_token", "no_token"), "The token it trades.", later=TOKENS
            ),
            "action": forms.word(("buy", "sell", "none"), "What it does."),
            "price": {"type": "number", "description": "The price it asks."},
            "guard": name | {"description": "Id of the guard that blocks."},
            "blocked_by": name
            | {"description": "universe, or the id of a guard or veto."},
            "unknown": {
                "type": "array",
                "items": name,
                "description": "Names whose absence mattered.",
            },
        },
    )
    expect["minProperties"] = 1
    given = forms.named("One market: values by name. What it lacks is missing.", value)
    case = forms.mapping_of(
        "One example: what a market looks like, and what must follow.",
        {
            "name": {"type": "string", "minLength": 1, "maxLength": 120}
            | {"description": "A sentence about the strategy."},
            "given": given,
            "expect": expect,
        },
        required=("name", "given", "expect"),
        later={"with": LATER, "series": LATER, "at": LATER},
    )
    return forms.list_of("Examples by which the file proves itself.", case)
