"""What a file may cost that is wrong in thousands of places, or made to be dear."""

import ast
import re
from collections import Counter

import pytest

from polyrules.cli import problems as cli_problems
from polyrules.cli.problems import rendered
from polyrules.documents import document
from polyrules.documents.places import Span, offsets
from polyrules.documents.words import did_you_mean
from polyrules.language.files.leaks import SECRET, SITE
from polyrules.language.load import load, load_all

UNKNOWN = ", ".join(f"s{n}" for n in range(100))
GUARD = "{{id: g{index}, when: 'min(" + UNKNOWN + ") > 0'}}"
HEAD = """\
polyrules: 1
strategy: {id: large, version: 1.0.0}
universe: {each: market}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
"""
RULES = "rules: [{id: a, when: mid > 0, then: {action: none}}]\n"
FIVE_THOUSAND = (
    HEAD
    + RULES
    + "guards: ["
    + ", ".join(GUARD.format(index=index) for index in range(50))
    + "]\n"
)


def test_all_mistakes_of_a_line_share_the_one_text_of_it() -> None:
    _, problems = load_all(FIVE_THOUSAND, "large.yaml")

    assert len(problems) == 5_000
    assert {problem.line for problem in problems} == {7}
    assert len({id(problem.source) for problem in problems}) == 1
    first, *_, last = problems
    assert first.source[first.column - 1 : first.end_column - 1] == "s0"
    assert last.source[last.column - 1 : last.end_column - 1] == "s99"


def test_each_text_is_placed_in_its_source_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    placed: list[str] = []

    def counted(source: str, text: str, style: str | None) -> list[Span]:
        placed.append(text)
        return offsets(source, text, style)

    monkeypatch.setattr(document, "offsets", counted)

    load_all(FIVE_THOUSAND, "large.yaml")

    assert len(placed) == 50


def test_behind_two_hundred_mistakes_no_name_is_suggested_any_more() -> None:
    text = FIVE_THOUSAND.replace("s97, s98, s99", "spraed")

    _, problems = load_all(text, "large.yaml")

    helped = [
        index for index, problem in enumerate(problems) if "spread" in problem.help
    ]
    assert len(problems) == 50 * 98
    assert helped == [97, 195, 293]


def test_no_more_than_two_hundred_problems_are_shown() -> None:
    _, problems = load_all(FIVE_THOUSAND, "large.yaml")

    lines = rendered(problems)

    assert len(lines) == 201
    assert lines[-1] == "and 4,800 more"
    assert len(rendered(problems[:200])) == 200


def test_of_a_line_as_long_as_a_file_only_what_is_near_the_mark_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, problems = load_all(FIVE_THOUSAND, "large.yaml")
    seen: Counter[str] = Counter()
    cell = cli_problems._cell

    def counted(char: str) -> tuple[str, int]:
        seen["cells"] += 1
        return cell(char)

    monkeypatch.setattr(cli_problems, "_cell", counted)

    shown = cli_problems.render(problems[2_000])

    assert len(problems[2_000].source) > 20_000
    assert seen["cells"] < 1_000
    lines = shown.splitlines()
    start = lines[3].index("^")
    assert lines[2][start : start + len(lines[3]) - start] == "s0"
    assert lines[2].startswith("7 | ...")
    assert lines[2].endswith("...")


def test_nothing_is_suggested_for_a_word_that_is_no_word() -> None:
    assert did_you_mean("spraed", ["spread", "price"]) == 'did you mean "spread"?'
    assert did_you_mean("spread" * 11, ["spread" * 11]) == ""


@pytest.mark.parametrize("pattern", [SECRET, SITE])
def test_a_search_for_secrets_looks_at_a_bounded_piece_from_each_beginning(
    pattern: re.Pattern[str],
) -> None:
    # [+*] outside of a class repeat without bound
    bare = re.sub(r"\[[^]]*\]|\\.", "", pattern.pattern)

    assert not re.search(r"[+*]|,\}", bare)


def test_what_only_begins_like_a_secret_all_over_is_none() -> None:
    text = HEAD + RULES + "x-notes: '" + "eyJ-" * 50_000 + "'\n"

    strategy, problems = load_all(text, "large.yaml")

    assert strategy is not None
    assert problems == ()


def windowed(windows: int) -> str:
    lets = "".join(
        f"  l{n}: mid - lag(mid, seconds({n + 1}))\n" for n in range(windows)
    )
    again = "".join(f"  m{n}: lag(mid, seconds({n + 1}))\n" for n in range(windows))
    return HEAD + RULES + "let:\n" + lets + again


def test_a_window_is_compared_by_a_key_and_not_with_every_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dumped: list[ast.AST] = []
    dump = ast.dump

    def counted(node: ast.AST) -> str:
        dumped.append(node)
        return dump(node)

    monkeypatch.setattr(ast, "dump", counted)

    strategy = load(windowed(50), path="large.yaml")

    assert len(strategy.windows) == 50
    assert len(dumped) == 100


def test_one_window_too_many_is_told_once() -> None:
    _, problems = load_all(windowed(60), "large.yaml")

    (told,) = problems
    assert (told.code, told.message) == (
        "PW004",
        "more than 50 windows in one strategy",
    )
    assert told.source == "  l50: mid - lag(mid, seconds(51))"


@pytest.mark.parametrize(
    ("every", "is_fine"), [("26s", False), ("27s", True), ("1d", True)]
)
def test_a_window_remembers_a_hundred_thousand_samples_at_most(
    every: str, *, is_fine: bool
) -> None:
    text = HEAD.replace("5s", every) + RULES + "let:\n  far: lag(mid, days(31))\n"

    strategy, problems = load_all(text, "large.yaml")

    assert (strategy is not None) is is_fine
    told = "lag over 31d, sampled every 26s, remembers 103,015 samples a market, at"
    assert any(p.message.startswith(told) for p in problems) is not is_fine


@pytest.mark.parametrize(
    "when", ["True", "1 < 2", "strict", "always", "not always", "half > 0.1"]
)
def test_a_rule_that_reads_no_feature_is_refused(when: str) -> None:
    text = (
        HEAD
        + RULES.replace("mid > 0", when)
        + "params: {strict: {type: bool, default: true}}\n"
        + "let: {half: 1 / 2, always: half > 0.1}\n"
    )

    strategy, problems = load_all(text, "large.yaml")

    assert strategy is None
    assert [problem.code for problem in problems] == ["PL001"]


def test_a_rule_may_read_a_feature_through_lets() -> None:
    text = (
        HEAD
        + RULES.replace("mid > 0", "far > half")
        + "let: {half: 1 / 2, was: 'lag(mid, hours(1))', far: was * half}\n"
    )

    assert load(text, path="large.yaml").rules[0].when.reads == {"far", "half"}
