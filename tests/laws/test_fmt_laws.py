"""Whatever a file looks like: its layout says the same, loses nothing, and is final."""

import re
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.documents.source import read_yaml
from polyrules.errors import StrategyError
from polyrules.language.expressions.tokens import tokenize
from polyrules.language.files.digest import digest
from polyrules.language.formatting.canonical import formatted
from polyrules.language.formatting.spacing import spaced
from tests.laws import grammar

ROOT = Path(__file__).parents[2]
FILES = [
    *sorted((ROOT / "strategies").glob("*.yaml")),
    *sorted((ROOT / "examples" / "strategies").glob("*.yaml")),
]
PART = re.compile(r"^(?=[a-z])", re.MULTILINE)
# lines of one key each, and no text that goes on below
KEYS = re.compile(r"(?:^      [a-z]+: .*\n(?!       ))+", re.MULTILINE)
KEY = re.compile(r"^ *(?:- )?[a-z_]+:", re.MULTILINE)
EXPRESSION = re.compile(
    r"^( +(?:price|fair|edge|z|jump|moved): )([^#{>|\n][^#{\n]*)$", re.MULTILINE
)


def untidy(text: str, random: Random) -> str:
    """Return a strategy with its parts and keys in any order, blanks and comments."""
    head, *parts = PART.split(text)
    random.shuffle(parts)
    text = head + "".join(f"{part.rstrip()}\n" for part in parts)
    if random.random() < 0.5:
        text = KEYS.sub(lambda m: mixed(m[0], random), text)
    text = EXPRESSION.sub(lambda m: m[1] + loose(m[2], random), text)
    lines = text.splitlines(keepends=True)
    commented = []
    for number, line in enumerate(lines):
        if KEY.match(line) and random.random() < 0.1:
            indent = " " * (len(line) - len(line.lstrip()))
            commented.append(f"{indent}# remark {number}\n")
        commented.append(line)
    text = "".join(commented)
    return text.replace("\n", "\r\n") if random.random() < 0.2 else text


def mixed(block: str, random: Random) -> str:
    lines = block.splitlines(keepends=True)
    random.shuffle(lines)
    return "".join(lines)


def loose(expression: str, random: Random) -> str:
    """Return an expression with any blanks between its words."""
    pieces = [token.text for token in tokenize(expression) if token.kind != "space"]
    text = pieces[0]
    for before, piece in pairwise(pieces):
        words = before[-1].isalnum() or before[-1] == "_"
        apart = words and (piece[0].isalnum() or piece[0] == "_")
        text += " " * random.randrange(apart, 3) + piece
    return text


def stands_at(text: str) -> dict[str, str]:
    """Return for every remark the next line that is no comment, without its dash."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = {}
    for index, line in enumerate(lines):
        if line.startswith("# remark"):
            below = next(each for each in lines[index:] if not each.startswith("#"))
            found[line] = below.removeprefix("- ").partition(":")[0]
    return found


seeds = st.randoms(use_true_random=False, note_method_calls=False)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_strategy_is_formatted_already(file: Path) -> None:
    text = file.read_text("utf-8")

    assert formatted(text, file.name).text == text


@given(file=st.sampled_from(FILES), random=seeds)
@settings(max_examples=20)
def test_formatting_never_changes_what_a_strategy_means(
    file: Path, random: Random
) -> None:
    text = untidy(file.read_text("utf-8"), random)

    done = formatted(text, file.name).text

    before, after = read_yaml(text, "x").data, read_yaml(done, "x").data
    assert digest(after) == digest(before)
    assert after["strategy"] == before["strategy"]
    assert after.get("tests") == before.get("tests")
    assert list(after.get("let", ())) == list(before.get("let", ()))


@given(file=st.sampled_from(FILES), random=seeds)
@settings(max_examples=20)
def test_a_formatted_file_is_formatted_already(file: Path, random: Random) -> None:
    done = formatted(untidy(file.read_text("utf-8"), random), file.name)

    again = formatted(done.text, file.name)

    assert again.text == done.text
    assert again.changes == ()


@given(file=st.sampled_from(FILES), random=seeds)
@settings(max_examples=20)
def test_every_comment_stays_with_what_it_stands_at(file: Path, random: Random) -> None:
    text = untidy(file.read_text("utf-8"), random)

    done = formatted(text, file.name).text

    comments = sorted(re.findall(r"#.*", text))
    assert sorted(re.findall(r"#.*", done)) == comments
    assert stands_at(done) == stands_at(text)


@given(random=seeds, symbol=st.sampled_from(("bool", "prob", "usd", "ratio")))
@settings(max_examples=150)
def test_the_blanks_of_an_expression_do_not_depend_on_those_it_had(
    random: Random, symbol: str
) -> None:
    text = grammar.text(random, symbol, 3)

    once = spaced(text)

    assert spaced(loose(text, random)) == once
    assert spaced(once) == once
    assert re.sub(r"\s", "", once) == re.sub(r"\s", "", text)


@given(
    file=st.sampled_from(FILES),
    at=st.integers(0, 5000),
    cut=st.integers(0, 40),
    put=st.text(st.sampled_from(" \n-:#,{}[]'\"|>+x0\t\r\x85\u2028&*!?%"), max_size=6),
)
@settings(max_examples=80)
def test_a_damaged_file_is_refused_or_formatted_and_never_a_surprise(
    file: Path, at: int, cut: int, put: str
) -> None:
    text = file.read_text("utf-8")
    text = text[:at] + put + text[at + cut :]

    try:
        done = formatted(text, file.name).text
    except StrategyError:
        return

    assert formatted(done, file.name).text == done
