import ast

import pytest

from polyrules.errors import InvariantError
from polyrules.language.expression import Kind, Type
from polyrules.language.expressions.check import (
    Finding,
    Scope,
    _Checker,
    check,
    feature_types,
)
from polyrules.language.expressions.hoist import Windows
from polyrules.language.expressions.typed import Typed

BOOL = Type(Kind.BOOL)
RATIO = Type(Kind.NUMBER, "1")
HOURS = Type(Kind.NUMBER, "hours")
SECONDS = Type(Kind.NUMBER, "seconds")
WORD = Type(Kind.ENUM, values=("sports", "other"))
PARAMS = {"look": (SECONDS, 300.0), "strict": (BOOL, True)}


def findings(source: str, want: Type | None = None) -> tuple[Finding, ...]:
    return check(source, Scope(feature_types(), PARAMS, Windows()), want).findings


def only(source: str, want: Type | None = None) -> Finding:
    (finding,) = findings(source, want)
    return finding


@pytest.mark.parametrize(
    ("source", "want", "hint"),
    [
        ("mid", BOOL, "compare it with something, such as x > 0"),
        ("mid > 0.5", RATIO, ""),
        ("mid", WORD, ""),
        ("liquidity", RATIO, "divide it by an amount in usd"),
        ("book_age", HOURS, "to_hours(x) turns seconds into hours"),
        ("hours_to_close", SECONDS, "to_hours(x) turns seconds into hours"),
        ("liquidity", HOURS, ""),
    ],
)
def test_a_text_of_the_wrong_type_comes_with_what_to_do(
    source: str, want: Type, hint: str
) -> None:
    found = only(source, want)

    assert (found.code, found.help) == ("PT007", hint)


@pytest.mark.parametrize(
    ("source", "code", "hint"),
    [
        (
            "book_age if neg_risk else hours_to_close",
            "PT006",
            "to_hours(x) turns seconds into hours",
        ),
        ("mid if neg_risk else liquidity", "PT006", ""),
        ("category == mid", "PT003", ""),
        ("neg_risk == category", "PT003", ""),
        ("mid.best == 1", "PE002", "a value has no parts"),
        ("look.best == 1", "PE002", "a value has no parts"),
        (
            "to_hours(hours_to_close) > 1",
            "PU004",
            "to_hours(x) turns seconds into hours",
        ),
        ("fee(liquidity, fee_rate) > 0", "PU004", ""),
        ("lag > 1", "PN001", "lag is a function: lag(x, length)"),
        ("count_in > 1", "PN001", "count_in is a function: count_in(by)"),
    ],
)
def test_parts_that_do_not_fit_come_with_what_to_do(
    source: str, code: str, hint: str
) -> None:
    found = only(source)

    assert (found.code, found.help) == (code, hint)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("max(mid, 92) > liquidity", [("PU003", "92")]),
        ("coalesce(category, 'sprts') > 1", [("PT004", "'sprts'")]),
        ("implied_no(95) < mid", [("PU003", "95")]),
        ("as_prob(hours(200)) < mid", [("PU004", "hours(200)")]),
        ("implied_no(hours(2)) < mid", [("PU004", "hours(2)")]),
        ("as_prob(92) < liquidity", [("PU003", "as_prob(92)")]),
        ("as_prob(neg_risk) < mid", [("PT002", "neg_risk")]),
    ],
)
def test_a_call_of_what_cannot_be_is_not_judged_again(
    source: str, told: list[tuple[str, str]]
) -> None:
    found = findings(source)

    assert [(f.code, source[f.start : f.end]) for f in found] == told


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        (
            "crossed_above(neg_risk, strict)",
            "PT002",
            '">" needs numbers, got bool',
        ),
        (
            "crossed_above(category, 'sports')",
            "PT003",
            '">" needs numbers, got text',
        ),
        ("crossed_above(mid, liquidity)", "PU002", "cannot compare prob with usd"),
    ],
)
def test_only_numbers_of_one_unit_cross_each_other(
    source: str, code: str, message: str
) -> None:
    found = only(source)

    assert (found.code, found.message) == (code, message)


@pytest.mark.parametrize(
    ("source", "code", "marked"),
    [
        ("mid in (0.1, liquidity)", "PU002", "liquidity"),
        ("category in ('sports', 1)", "PT003", "1"),
    ],
)
def test_what_is_no_choice_of_a_list_is_marked_by_itself(
    source: str, code: str, marked: str
) -> None:
    found = only(source)

    assert (found.code, source[found.start : found.end]) == (code, marked)


def test_a_list_has_the_type_of_what_is_looked_for_in_it() -> None:
    source = "mid in (0.1, 0.2)"
    expression = check(source, Scope(feature_types(), {}, None), None).expression
    assert expression is not None

    lists = [node for node in expression.types if isinstance(node, ast.Tuple)]

    assert [expression.types[node] for node in lists] == [Type(Kind.NUMBER, "prob")]


def test_constants_that_were_params_keep_their_names() -> None:
    scope = Scope(feature_types(), PARAMS, None)
    expression = check("book_age < look and strict", scope, None).expression
    assert expression is not None

    assert {
        name: node.value
        for node, name in expression.params.items()
        if isinstance(node, ast.Constant)
    } == {"look": 300.0, "strict": True}


@pytest.mark.parametrize("source", ["spraed > 1", "betwen(mid, 0, 1)"])
def test_a_name_meant_is_not_looked_for_where_nobody_reads_it(source: str) -> None:
    quick = Scope(feature_types(), PARAMS, None, suggests=False)

    (finding,) = check(source, quick, None).findings

    assert finding.help == ""


def test_a_value_has_no_parts_and_the_whole_is_marked() -> None:
    found = only("mid.best == 1")

    assert (found.start, found.end) == (0, 8)
    assert found.message == "attribute access with a dot is not allowed in expressions"


@pytest.mark.parametrize("symbol", ["<", "<=", ">", ">="])
def test_only_numbers_have_an_order(symbol: str) -> None:
    words, truths = only(f"category {symbol} 'tech'"), only(f"neg_risk {symbol} strict")

    assert (words.code, truths.code) == ("PT003", "PT002")
    assert words.message == f'"{symbol}" needs numbers, got text'
    assert truths.message == f'"{symbol}" needs numbers, got bool'


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/"])
def test_only_numbers_are_reckoned_with(symbol: str) -> None:
    found = only(f"mid {symbol} strict > 0")

    assert (found.code, found.message) == (
        "PT002",
        f'"{symbol}" needs numbers, got bool',
    )


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("true", "write True"),
        ("FALSE", "write False"),
        ("null", "ask whether x is there with known(x)"),
        ("NaN", "ask whether x is there with known(x)"),
    ],
)
def test_words_of_other_languages_come_with_ours(word: str, hint: str) -> None:
    assert only(f"known(mid) == {word}").help == hint


def test_a_tree_the_parser_would_not_let_through_is_a_bug_of_ours() -> None:
    strange = ast.parse("lambda: mid", mode="eval").body
    checker = _Checker(Typed("lambda: mid"), Scope(feature_types(), {}, None))

    with pytest.raises(InvariantError, match=r"^the parser let through Lambda\("):
        checker.read(strange)
