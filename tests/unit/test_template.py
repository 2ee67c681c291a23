import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.language.actions import Piece
from polyrules.language.expression import Kind, Type
from polyrules.language.files.template import Template, parse_template

PROB = Type(Kind.NUMBER, "prob")
TYPES = {
    "ask": PROB,
    "trades": Type(Kind.NUMBER, "count"),
    "open": Type(Kind.BOOL),
    "category": Type(Kind.ENUM, values=("sports", "politics")),
}
CONSTANTS: dict[str, tuple[Type, float | bool | str]] = {
    "least": (PROB, 0.92),
    "careful": (Type(Kind.BOOL), True),
    "word": (Type(Kind.ENUM, values=("a",)), "a"),
}


def parsed(text: str) -> Template:
    return parse_template(text, TYPES, CONSTANTS)


def test_text_and_values_alternate() -> None:
    found = parsed("at {ask:.3f}, {trades:d} trades")

    assert found.findings == ()
    assert found.names == {"ask", "trades"}
    assert found.pieces == (
        Piece("at "),
        Piece("", "ask", ".3f"),
        Piece(", "),
        Piece("", "trades", ".0f"),  # a count is a float, which "d" refuses
        Piece(" trades"),
    )


def test_params_are_printed_at_once() -> None:
    found = parsed("{least} {least:.1%} {careful} {word}")

    assert found.pieces == (Piece("0.92 92.0% true a"),)
    assert found.names == {"least", "careful", "word"}


def test_double_braces_are_braces() -> None:
    assert parsed("{{ask}} {{}}").pieces == (Piece("{ask} {}"),)


@pytest.mark.parametrize(
    "spec", ["", ".3f", "+.2f", ",.0f", "+,.1%", ".9f", "d", "+d", ","]
)
def test_a_number_has_plain_formats(spec: str) -> None:
    (piece,) = parsed(f"{{ask:{spec}}}").pieces

    assert format(0.5, piece.format)


@pytest.mark.parametrize(
    ("text", "start", "end", "code", "message"),
    [
        ("x {aks}", 3, 6, "PN003", 'unknown name "aks" in a message'),
        ("{ask._real}", 1, 10, "PN004", '"ask._real" in braces is not a name'),
        ("{ask[0]}", 1, 7, "PN004", '"ask[0]" in braces is not a name'),
        ("{ask!r}", 1, 6, "PN004", '"ask!r" in braces is not a name'),
        ("{ask + 1:.2f}", 1, 8, "PN004", '"ask + 1" in braces is not a name'),
        ("{}", 1, 2, "PN004", '"" in braces is not a name'),
        ("{0}", 1, 2, "PN004", '"0" in braces is not a name'),
        ("{ask:10f}", 5, 8, "PN004", '"10f" is not a format we know'),
        ("{ask:e}", 5, 6, "PN004", '"e" is not a format we know'),
        ("{ask:.10f}", 5, 9, "PN004", "format .10 prints more than 9 digits"),
        ("{ask:s}", 5, 6, "PN004", 'format "s" is for words, and this is a number'),
        ("{ask:.2d}", 5, 8, "PN004", 'format "d" has no decimals'),
        (
            "{category:.2f}",
            10,
            13,
            "PN004",
            'format ".2f" is for numbers, and this is enum',
        ),
        ("{open:d}", 6, 7, "PN004", 'format "d" is for numbers, and this is bool'),
        ("{ask", 0, 1, "PN004", '"{" is never closed'),
        ("ask}", 3, 4, "PN004", '"}" without "{"'),
        ("{ask:{least}}", 5, 6, "PN004", '"{" inside of "{"'),
    ],
)
def test_what_is_not_a_name_with_a_plain_format_is_refused(
    text: str, start: int, end: int, code: str, message: str
) -> None:
    (finding,) = parsed(text).findings

    assert (finding.start, finding.end) == (start, end)
    assert (finding.code, finding.message) == (code, message)


def test_every_mistake_of_a_message_is_told() -> None:
    assert [f.code for f in parsed("{aks} {ask:9f} {").findings] == [
        "PN003",
        "PN004",
        "PN004",
    ]


@given(st.text(st.sampled_from("{}:ask.+%09fds ![]"), max_size=30))
def test_a_message_that_passes_can_always_be_printed(text: str) -> None:
    found = parsed(text)

    values = {"ask": 0.5, "trades": 3.0}
    printed = [
        piece.text or format(values[piece.name], piece.format) for piece in found.pieces
    ]
    assert found.findings or len("".join(printed)) <= 20 * len(text)
