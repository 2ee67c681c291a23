"""Whatever is written and whatever is missing, nothing raises, and logic is logic."""

import math
import re
from itertools import count
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.language.evaluators.reference import evaluate, missing_names
from polyrules.language.expression import Kind, Type
from polyrules.language.expressions.check import Scope, check, feature_types
from polyrules.language.expressions.hoist import Windows
from polyrules.language.expressions.parse import parse, segment, span
from polyrules.language.functions import FUNCTIONS, GROUPS, WINDOWS
from polyrules.language.strategy import Value
from tests.laws.grammar import SYMBOLS, expression, row, text

BOOL = Type(Kind.BOOL)
TYPES = feature_types()
PARAMS = {"min_prob": (TYPES["mid"], 0.92), "look": (TYPES["book_age"], 300.0)}

# Pieces that come close to an expression, so that texts reach the checker.
PIECES = st.sampled_from(
    [
        *("mid", "liquidity", "hours_to_close", "neg_risk", "category", "min_prob"),
        *FUNCTIONS,
        *WINDOWS,
        *GROUPS,
        *("cover=", "by=", "'event'", "outcome", "near.mid", "pair.gap"),
        *("(", ")", ",", "[", "]", "{", "}", ".", ":", "=", "'sports'", "'", '"'),
        *("and", "or", "not", "in", "not in", "if", "else", "is", "lambda", "for"),
        *("<", "<=", "==", "!=", "+", "-", "*", "/", "%", "**", ":=", "&&", "é"),
        *("0", "1", "0.5", "92", "1e999", "1e-320", "None", "True", "look", "#", "\n"),
    ]
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=25).map(" ".join),
    st.lists(PIECES, max_size=12).map("".join),
)
randoms = st.randoms(use_true_random=True)


@given(source=TEXTS)
@settings(max_examples=400)
def test_any_text_is_an_expression_or_is_told_why_not(source: str) -> None:
    windows = Windows()

    checked = check(source, Scope(TYPES, PARAMS, windows), None)

    assert (checked.expression is None) is bool(checked.findings)
    assert all(0 <= f.start <= f.end <= len(source) for f in checked.findings)
    assert all(re.fullmatch(r"P[ENTUW]00\d|PL012", f.code) for f in checked.findings)
    assert all(f.message for f in checked.findings)


@given(source=TEXTS)
@settings(max_examples=200)
def test_what_passes_as_a_condition_is_total(source: str) -> None:
    windows = Windows()
    checked = check(source, Scope(TYPES, PARAMS, windows), BOOL)

    if checked.expression is not None:
        assert evaluate(checked.expression, {}) in (True, False, None)


@given(random=randoms, depth=st.integers(0, 4))
def test_every_expression_has_a_value_of_its_type_or_none_in_every_row(
    random: Random, depth: int
) -> None:
    read = expression(text(random, random.choice(SYMBOLS), depth))
    kinds = {Kind.BOOL: bool, Kind.NUMBER: float, Kind.ENUM: str}

    values = [evaluate(read, row(random)) for _ in range(10)]

    known = [value for value in values if value is not None]
    assert all(type(value) is kinds[read.type.kind] for value in known)
    assert all(math.isfinite(value) for value in known if isinstance(value, float))


@given(random=randoms, depth=st.integers(1, 2))
def test_de_morgan_holds_with_missing_data_too(random: Random, depth: int) -> None:
    one, other = text(random, "bool", depth), text(random, "bool", depth)
    drawn = row(random)

    def value(source: str) -> Value:
        return evaluate(expression(source), drawn)

    assert value(f"not ({one} and {other})") is value(f"not {one} or not {other}")
    assert value(f"not ({one} or {other})") is value(f"not {one} and not {other}")
    assert value(f"not not {one}") is value(one)
    assert value(f"{one} and {other}") is value(f"{other} and {one}")
    assert value(f"{one} or {other}") is value(f"{other} or {one}")


@given(random=randoms, depth=st.integers(1, 3))
def test_what_is_known_stays_so_when_more_becomes_known(
    random: Random, depth: int
) -> None:
    read = expression(_blind(random, depth))
    full = row(random)
    part = {name: value for name, value in full.items() if random.random() < 0.5}

    before, after = evaluate(read, part), evaluate(read, full)

    assert before is None or before is after


@given(random=randoms, depth=st.integers(1, 4))
def test_without_the_names_it_lacks_an_expression_would_be_known(
    random: Random, depth: int
) -> None:
    read = expression(text(random, random.choice(SYMBOLS), depth))
    drawn = row(random)

    missing = missing_names(read, drawn)

    assert all(drawn[name] is None for name in missing)
    assert evaluate(read, drawn) is None or not missing


@given(source=TEXTS)
@settings(max_examples=200)
def test_a_text_says_the_same_with_other_blanks_around_it(source: str) -> None:
    one, other = parse(source), parse(f" \t{source}\n")

    assert len(one.findings) == len(other.findings)
    if one.tree is not None and other.tree is not None:
        start, end = span(source, one.tree)
        assert span(f" \t{source}\n", other.tree) == (start + 2, end + 2)
        assert segment(source, one.tree) == " ".join(source[start:end].split())


def _blind(random: Random, depth: int) -> str:
    """Return a condition that cannot ask whether something is missing."""
    drawn = (text(random, "bool", depth) for _ in count())
    return next(t for t in drawn if "known(" not in t and "coalesce(" not in t)
