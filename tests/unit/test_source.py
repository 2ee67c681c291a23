import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.documents.document import Document, Path
from polyrules.documents.places import offsets
from polyrules.documents.source import BYTES_MAX, NODES_MAX, read_yaml
from polyrules.errors import Problem


def codes(text: str | bytes) -> list[str]:
    return [problem.code for problem in read_yaml(text, "f.yaml").problems]


def place(document: Document, at: Path, start: int, end: int) -> tuple[int, int, str]:
    """Return line, column and the marked text for a range of a scalar's value."""
    problem = document.problem(at, "X", "x", part=(start, end))
    marked = problem.source[problem.column - 1 : problem.end_column - 1]
    return problem.line, problem.column, marked


def marked(problem: Problem) -> str:
    return problem.source[problem.column - 1 : problem.end_column - 1]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0.25", 0.25),
        (".5", 0.5),
        ("1e-3", 0.001),
        ("0777", "0777"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"),
        ("15m", "15m"),
        ("25 USD", "25 USD"),
        ("'NO'", "NO"),
        ('"12:30"', "12:30"),
        ("99999999999999999999", 1e20),
    ],
)
def test_a_word_means_what_yaml_1_2_says(word: str, value: object) -> None:
    document = read_yaml(f"a: {word}\n", "f.yaml")

    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)
    assert document.problems == []


@pytest.mark.parametrize(
    "word", ["NO", "no", "Yes", "on", "Off", "y", "N", "12:30", "1:30:00.5"]
)
def test_a_word_that_yaml_1_1_reads_otherwise_is_refused(word: str) -> None:
    assert codes(f"a: {word}\n") == ["PR003"]
    assert codes(f"a: '{word}'\n") == []


def test_a_key_that_yaml_1_1_reads_as_a_bool_is_refused() -> None:
    document = read_yaml("on: 1\n", "f.yaml")

    assert [(p.code, p.line, p.column) for p in document.problems] == [("PR003", 1, 1)]
    assert document.data == {"on": 1}


def test_a_key_that_stands_twice_keeps_its_first_value() -> None:
    document = read_yaml("a: 1\nb: {c: 2}\na: {d: &x 3}\n", "f.yaml")

    assert document.data == {"a": 1, "b": {"c": 2}}
    assert [(p.code, p.line, p.help) for p in document.problems] == [
        ("PR001", 3, "the first is in line 1"),
        ("PR002", 3, "write the value out where it is used"),
    ]


def test_what_lets_short_texts_mean_long_ones_is_refused_each_time() -> None:
    text = "a: &x [1]\nb: *x\nc: !!str 1\nd: {<<: {e: 1}}\n"

    document = read_yaml(text, "f.yaml")

    assert [(p.code, p.line, marked(p)) for p in document.problems] == [
        ("PR002", 1, "&x"),
        ("PR002", 2, "*x"),
        ("PR002", 3, "!!str"),
        ("PR002", 4, "<<"),
    ]
    assert document.is_wrong(("b",))


def test_a_billion_laughs_are_not_laughed() -> None:
    rows = [f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}, *a{i}, *a{i}]" for i in range(40)]

    document = read_yaml("a0: &a0 [1]\n" + "\n".join(rows), "f.yaml")

    assert {problem.code for problem in document.problems} == {"PR002"}
    assert document.data["a40"] == [None, None, None, None]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "a: b: c\n",
        "a: [1\n",
        "a: 'x\n",
        "\ta: 1\n",
        "a: @x\n",
        "a: 1\n---\nb: 2\n",
        "? [a]\n: 1\n",
        "a: 1\nb\n",
        "a: \x00\n",
        'a: "\\ud800"\n',
        'a: "\\Uffffffff"\n',
        "%YAML 9.9\n---\na: 1\n",
        b"a: caf\xe9\n",
    ],
)
def test_what_is_not_yaml_is_one_problem(text: str | bytes) -> None:
    assert codes(text) == ["PR004"]


def test_bytes_that_are_not_utf_8_are_placed() -> None:
    (problem,) = read_yaml(b"a: 1\nb: caf\xe9\n", "f.yaml").problems

    assert str(problem) == "f.yaml:2:7: error[PR004]: not UTF-8: byte 0xe9"


def test_a_byte_order_mark_is_no_part_of_the_file() -> None:
    document = read_yaml(b"\xef\xbb\xbfa: NO\n", "f.yaml")

    assert document.data == {"a": "NO"}
    assert [(p.line, p.column) for p in document.problems] == [(1, 4)]


def test_an_unclosed_quote_is_placed_where_it_opens() -> None:
    (problem,) = read_yaml("a: 1\nb: 'x\nc: 2\nd: 3\n", "f.yaml").problems

    assert (problem.line, problem.column) == (2, 4)


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "x" * BYTES_MAX,
        "- " * 30 + "1",
        "[" * 100_000,
        "- 1\n" * (NODES_MAX + 1),
        "a: 1e999\n",
        "a: -.inf\n",
        "a: .nan\n",
    ],
    ids=["bytes", "depth", "brackets", "nodes", "overflow", "infinite", "nan"],
)
def test_a_budget_is_kept(text: str) -> None:
    assert codes(text) == ["PR005"]


def test_keys_are_text_whatever_they_look_like() -> None:
    assert read_yaml("1: a\ntrue: b\n", "f.yaml").data == {"1": "a", "true": "b"}


def test_money_can_be_read_as_it_is_written() -> None:
    document = read_yaml("a: {b: 0.10}\n", "f.yaml")

    assert document.raw(("a", "b")) == "0.10"
    with pytest.raises(KeyError):
        document.raw(("a",))


def test_a_plain_value_over_several_lines_is_placed() -> None:
    document = read_yaml("a: one\n   two  three\n", "f.yaml")

    assert document.data == {"a": "one two  three"}
    assert place(document, ("a",), 9, 14) == (2, 9, "three")


def test_a_quoted_value_is_placed_behind_its_escapes() -> None:
    document = read_yaml(r"""a: ["\u00e9\t x", 'it''s y']""", "f.yaml")

    assert document.data == {"a": ["é\t x", "it's y"]}
    assert place(document, ("a", 0), 3, 4) == (1, 15, "x")
    assert place(document, ("a", 1), 5, 6) == (1, 26, "y")


def test_a_folded_block_is_placed_line_by_line() -> None:
    text = "a:\n  b: >-\n    one and\n    two <\n\n    three\n"

    document = read_yaml(text, "f.yaml")

    assert document.data == {"a": {"b": "one and two <\nthree"}}
    assert place(document, ("a", "b"), 8, 11) == (4, 5, "two")
    assert place(document, ("a", "b"), 14, 19) == (6, 5, "three")


def test_a_literal_block_is_placed_line_by_line() -> None:
    document = read_yaml("a: |\n  one\n    two\n", "f.yaml")

    assert place(document, ("a",), 6, 9) == (3, 5, "two")


def test_a_range_over_several_lines_is_marked_on_its_first() -> None:
    document = read_yaml("a: >-\n  one and\n  two\n", "f.yaml")

    assert place(document, ("a",), 4, 11) == (2, 7, "and")


def test_windows_line_ends_count_as_one() -> None:
    document = read_yaml("a: 1\r\nb: >-\r\n  x\r\n  yz\r\n", "f.yaml")

    assert document.data == {"a": 1, "b": "x yz"}
    assert place(document, ("b",), 2, 4) == (4, 3, "yz")


def test_a_missing_value_is_placed_at_what_stands_nearest() -> None:
    document = read_yaml("a:\n  b: {c: 1}\n", "f.yaml")

    problem = document.problem(("a", "b", "d", "e"), "X", "x", on_key=True)

    assert (problem.line, problem.column, problem.end_column) == (2, 3, 4)


WORDS = st.text(st.sampled_from("ab #:'{}[]-,\u00e9\u6f22\U0001f600"), max_size=40)


def unquoted(piece: str) -> str:
    """Return the character that a piece of quoted source stands for."""
    if piece.startswith("\\U"):
        return chr(int(piece.removeprefix("\\U"), base=16))
    return "'" if piece == "''" else piece


@given(WORDS)
def test_every_character_of_a_quoted_text_is_found_again(text: str) -> None:
    single = "'" + text.replace("'", "''") + "'"
    double = '"' + "".join(f"\\U{ord(c):08x}" if c in "a'" else c for c in text) + '"'

    for source in (single, double):
        assert read_yaml(source, "f.yaml").data == text
        places = offsets(source, text, source[0])
        assert [unquoted(source[p.start : p.end]) for p in places] == list(text)


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_reading_never_raises(text: str | bytes) -> None:
    document = read_yaml(text, "f.yaml")

    assert document.complete or document.problems
