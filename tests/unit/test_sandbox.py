"""Nothing a foreign file says is done: not one of a corpus of tricks comes through."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeGuard

import msgspec
import pytest

from polyrules.documents.dialect import ambiguity
from polyrules.documents.source import read_yaml
from polyrules.features.catalog import CATALOG
from polyrules.language.cost import PARTS_MAX, parts
from polyrules.language.evaluators.graph import NUMBERS, TRUTHS
from polyrules.language.evaluators.rownumbers import NAMES as ROW_NAMES
from polyrules.language.functions import KERNELS
from polyrules.language.load import load, load_all
from tests.foreign.bombs import HEAD, RULES, SOUND
from tests.foreign.corpus import LOADS, conditions, expressions, files
from tests.foreign.sandbox import OFFENCES, Seen

# What the printed source may consist of: kinds of nodes, and names.
KINDS = (
    *(ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.If),
    *(ast.Assign, ast.NamedExpr, ast.Expr, ast.Name, ast.Constant, ast.Tuple),
    *(ast.Call, ast.keyword, ast.Subscript, ast.BinOp, ast.UnaryOp, ast.BoolOp),
    *(ast.Compare, ast.IfExp, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
    ast.expr_context,
)
WORDS = {"columns", "n", "full", "where", *NUMBERS, *TRUTHS, *KERNELS, *ROW_NAMES}
WORDS |= {"answer", "universe", "perhaps", "outside", "unknown", "none", "none_unknown"}
NUMBERED = re.compile(
    r"[bfktv][0-9]+|c_window_[0-9]+|rule_[0-9]+_unknown"
    r"|(?:exit|guarded|hoisted|lets|limit|numbers|rule|stated|trade|window)_[0-9]+"
)
WINDOW = re.compile(r"@[0-9]+")


@pytest.fixture(scope="module")
def seen(root: Path) -> Mapping[str, Seen]:
    if sys.platform != "linux":
        pytest.skip("the limits of memory are those of Linux")
    done = subprocess.run(
        [sys.executable, "-m", "tests.foreign.sandbox"],
        cwd=root,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        check=True,
    )
    found = msgspec.json.decode(done.stdout, type=list[Seen])
    return {each.name: each for each in found}


@pytest.fixture(scope="module")
def foreign(seen: Mapping[str, Seen]) -> list[Seen]:
    found = [each for each in seen.values() if each.name not in OFFENCES]
    assert len(found) > 600
    return found


def test_a_foreign_file_imports_opens_and_runs_nothing(foreign: list[Seen]) -> None:
    assert {each.name: each.events for each in foreign if each.events} == {}


def test_a_foreign_file_never_raises_and_keeps_to_its_memory(
    foreign: list[Seen],
) -> None:
    assert {each.name: each.died for each in foreign if each.died} == {}


def test_a_foreign_file_is_refused_for_what_is_wrong_with_it(
    foreign: list[Seen],
) -> None:
    wrong = {
        each.name: (each.wanted, each.codes)
        for each in foreign
        if each.wanted not in (None, LOADS)
        and (each.loads or each.wanted not in each.codes)
    }
    refused = {
        each.name: each.codes
        for each in foreign
        if each.wanted == LOADS and not each.loads
    }

    assert (wrong, refused) == ({}, {})


def test_a_refusal_has_a_place_and_words_and_steers_no_terminal(
    foreign: list[Seen],
) -> None:
    assert {each.name: each.unclear for each in foreign if each.unclear} == {}


def test_a_refusal_is_short_however_long_the_names_in_a_file_are(
    foreign: list[Seen],
) -> None:
    assert {each.name: each.longest for each in foreign if each.longest > 1_500} == {}


def test_what_loads_is_answered_alike_by_both_evaluators(foreign: list[Seen]) -> None:
    assert {each.name for each in foreign if each.differences} == set()
    assert sum(each.loads for each in foreign) > 20


def test_no_text_of_a_file_is_in_the_source_that_runs(foreign: list[Seen]) -> None:
    nodes = [
        node
        for text in {text for each in foreign for text in each.printed}
        for node in ast.walk(ast.parse(text))
    ]
    aliases = ("", "near.", "far.")
    columns = {f"{alias}{name}" for alias in aliases for name in CATALOG}
    known = WORDS | {f"c_{name.replace('.', '__')}" for name in columns}

    assert len(nodes) > 10_000
    assert {type(n) for n in nodes if not isinstance(n, KINDS)} == set()
    names = {n.id for n in nodes if isinstance(n, ast.Name)}
    names |= {n.name for n in nodes if isinstance(n, ast.FunctionDef)}
    assert {name for name in names - known if not NUMBERED.fullmatch(name)} == set()
    texts = {str(n.value) for n in nodes if is_text(n)}
    assert {text for text in texts - columns if not WINDOW.fullmatch(text)} == set()


def is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and not isinstance(node.value, int | float)


@pytest.mark.parametrize(
    ("offence", "event"),
    [
        ("reads a file", "open"),
        ("imports", "import"),
        ("opens a socket", "socket.__new__"),
        ("runs a program", "os.system"),
    ],
)
def test_whoever_reached_out_would_be_seen(
    offence: str, event: str, seen: Mapping[str, Seen]
) -> None:
    assert any(told.startswith(f"{event} ") for told in seen[offence].events)


def test_whoever_ran_a_text_or_took_too_much_would_be_seen(
    seen: Mapping[str, Seen],
) -> None:
    assert seen["evaluates"].printed == ("1 + 1",)
    assert seen["takes memory"].died.startswith("MemoryError")


def test_the_corpus_says_of_every_file_and_expression_what_it_comes_to() -> None:
    codes = {code for code, _ in expressions()} | {each.code for each in files()}

    assert codes >= {"PE001", "PE002", "PE003", "PN002", "PR001", "PR002", "PR004"}
    assert all(re.fullmatch(r"P[A-Z][0-9]{3}|-", str(code)) for code in codes)
    assert len({each.data for each in conditions()}) > 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0x10", '"0x10" is not a number'),
        ("0b1", '"0b1" is not a number'),
        ("1if spread > 0 else 0", '"1if" is not a number'),
        ("1.5.3", '"1.5.3" is not a number'),
        ("r'sports'", '"r" in front of a text'),
        ("'spo' 'rts'", "two texts side by side"),
        ("'''sports'''", "two texts side by side"),
    ],
)
def test_what_python_would_read_as_one_value_is_no_value_here(
    text: str, message: str
) -> None:
    _, problems = load_all(SOUND.replace("< 0.02", f'== "{text}"'), "zq.yaml")
    _, quoted = load_all(
        SOUND.replace("spread < 0.02", f'"spread == {text}"'), "zq.yaml"
    )

    assert problems
    assert [p.message for p in quoted if p.code == "PE001"][:1] == [message]


def test_a_name_as_long_as_a_file_is_cut_where_it_is_repeated() -> None:
    long = "z" * 200_000

    _, problems = load_all(f"{SOUND}params:\n  ? {long}\n  : {{a: 1}}\n", "zq.yaml")

    assert f'unknown key "a" in {"z" * 60}...' in [p.message for p in problems]
    assert max(len(p.message) for p in problems) <= 503
    message, hint = ambiguity("1" + ":59" * 80_000) or ("", "")
    assert (
        message
        == f"1{':59' * 19}:5... is a number in base 60 for other readers of YAML"
    )
    assert len(hint) < 100


@pytest.mark.parametrize("char", ["\u202a", "\u202e", "\u2066", "\u2069"])
def test_nothing_in_a_file_may_change_the_order_in_which_it_is_shown(
    char: str,
) -> None:
    document = read_yaml(f"a: 1  # as {char} shown\n", "zq.yaml")

    (problem,) = document.problems
    assert problem.code == "PR004"
    assert problem.message == f"character U+{ord(char):04X} is not allowed"
    assert (problem.line, problem.column) == (1, 12)


def test_a_blank_that_is_none_is_shown_as_what_it_is() -> None:
    _, problems = load_all(SOUND.replace("20 USD", "20\u00a0USD"), "zq.yaml")

    (problem,) = problems
    assert problem.message.endswith(r'found the text "20\u00a0USD"')
    assert problem.help == ""


def test_no_amount_is_suggested_for_one_that_has_its_unit() -> None:
    _, problems = load_all(SOUND.replace("20 USD", "1e9 USD"), "zq.yaml")

    (problem,) = problems
    assert problem.message.startswith("amount must be an amount such as 25 USD")
    assert problem.help == ""


def condition(names: int) -> str:
    """Return a condition of three parts beside its names."""
    return f"min({', '.join(['mid'] * names)}) < 0.02"


def sized(names: int) -> str:
    """Return 99 exits of a hundred parts each, and one rule of three and its names."""
    exits = "".join(f"  - {{id: e{n}, when: '{condition(97)}'}}\n" for n in range(99))
    when = RULES.replace("spread < 0.02", f"'{condition(names)}'")
    return f"{HEAD}{when}exits:\n{exits}"


def test_a_strategy_has_ten_thousand_parts_and_not_one_more() -> None:
    assert parts(load(sized(97), path="zq.yaml")) == PARTS_MAX == 10_000

    strategy, problems = load_all(sized(98), "zq.yaml")

    assert strategy is None
    assert [problem.code for problem in problems] == ["PC001"]
    assert "10,001 parts, at most 10,000" in problems[0].message
