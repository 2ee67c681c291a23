"""What is said of an expression before any row is seen holds on every row."""

import math
from random import Random

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from polyrules.language.analysis.intervals import Range, Span, Truth, Words
from polyrules.language.analysis.meaning import Facts, anywhere
from polyrules.language.analysis.ranges import of_feature
from polyrules.language.analysis.report import look_at
from polyrules.language.analysis.scene import claim
from polyrules.language.evaluators.reference import RowReference, evaluate
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.check import Scope, check
from polyrules.language.load import load
from polyrules.language.strategy import Param, Strategy, Value
from tests.laws.grammar import DRAWN, SYMBOLS, TYPES, Row, expression, strategy, text
from tests.lint_files import rules, whole

BOOL = Type(Kind.BOOL)
PROB, RATIO = Type(Kind.NUMBER, "prob"), Type(Kind.NUMBER, "1")
PARAMS = {"least": (PROB, 0.2, 0.6), "scale": (RATIO, -3.0, 7.0)}
NAMES = {"prob": ("least",), "ratio": ("scale",)}
randoms = st.randoms(use_true_random=True)


def value_in(random: Random, span: Span) -> Value:
    """Return a value that a feature may have: often an end, sometimes missing."""
    if random.random() < 0.15:
        return None
    match span:
        case Truth():
            return random.random() < 0.5
        case Words(words=words):
            return random.choice(sorted(words))
        case Range():
            return number_in(random, span)


def number_in(random: Random, span: Range) -> float:
    if random.random() < 0.3:
        return random.choice((span.low, span.high))
    near = random.choice((1.0, 100.0, 1e9, math.inf))
    low, high = max(span.low, -near), min(span.high, near)
    if random.random() < 0.5:
        return min(max(random.randrange(-1000, 1001) / 1000, low), high)
    return min(max(low + (high / 2 - low / 2) * 2 * random.random(), low), high)


def drawn_row(random: Random) -> Row:
    """Return a row of features within their ranges."""
    return {
        name: value_in(random, of_feature(name, type_)) for name, type_ in DRAWN.items()
    }


def allows(span: Span, value: Value) -> bool:
    """Tell whether a value lies in what was said of it."""
    if value is None:
        return span.missing
    match span:
        case Range():
            return isinstance(value, float) and span.low <= value <= span.high
        case Truth():
            return span.true if value else span.false
        case Words(words=words):
            return value in words


def stage(random: Random, params: tuple[Param, ...] = ()) -> Strategy:
    """Return a strategy whose lets and params the analysis knows."""
    return msgspec.structs.replace(strategy(random), params=params)


def plain_facts(random: Random) -> Facts:
    return anywhere(msgspec.structs.replace(stage(random), lets=()))


@given(random=randoms)
@settings(max_examples=400)
def test_a_value_always_lies_in_the_range_of_its_expression(random: Random) -> None:
    facts = plain_facts(random)
    drawn = expression(text(random, random.choice(SYMBOLS), 4))

    values = [evaluate(drawn, drawn_row(random)) for _ in range(10)]

    span = facts.of(drawn, drawn.tree)
    assert [value for value in values if not allows(span, value)] == []


@given(random=randoms)
@settings(max_examples=400)
def test_what_a_condition_teaches_holds_wherever_it_is_true(random: Random) -> None:
    condition = expression(text(random, "bool", 3), BOOL)
    drawn = expression(text(random, random.choice(SYMBOLS), 2))
    facts = plain_facts(random)
    taught = facts.where([claim(condition)])

    rows = [drawn_row(random) for _ in range(20)]
    where_true = [row for row in rows if evaluate(condition, row) is True]

    span = taught.of(drawn, drawn.tree)
    assert [row for row in where_true if not allows(span, evaluate(drawn, row))] == []
    assert facts.allows([claim(condition)]) or not where_true


@given(random=randoms)
@settings(max_examples=200)
def test_what_lets_and_rules_come_to_lies_in_their_ranges(random: Random) -> None:
    drawn = stage(random)
    facts = anywhere(drawn)
    reference = RowReference(drawn)
    parts: list[Expression] = [rule.when for rule in drawn.rules]
    parts += [let.expression for let in drawn.lets]
    rows = [drawn_row(random) for _ in range(10)]
    whole = [{**row, **reference.lets(row)} for row in rows]

    outside = [
        (part.source, row)
        for part in parts
        for row in whole
        if not allows(facts.of(part, part.tree), evaluate(part, row))
    ]
    fired = [
        (rule.when.source, row)
        for rule in drawn.rules
        for row in whole
        if evaluate(rule.when, row) is True and not facts.allows([claim(rule.when)])
    ]

    assert outside == []
    assert fired == []


@given(random=randoms)
@settings(max_examples=200)
def test_a_range_holds_for_every_value_a_param_may_be_set_to(random: Random) -> None:
    source = text(random, random.choice(SYMBOLS), 3, NAMES)
    params = tuple(
        Param(name=name, type=type_, value=low, default=low, min=low, max=high)
        for name, (type_, low, high) in PARAMS.items()
    )

    def checked(at: float) -> Expression:
        values = {
            name: (type_, low + (high - low) * at)
            for name, (type_, low, high) in PARAMS.items()
        }
        found = check(source, Scope(TYPES, values, None), None).expression
        assume(found is not None)  # as_prob(scale) is an error where scale is above 1
        assert found is not None
        return found

    default = checked(0.0)
    span = anywhere(stage(random, params)).of(default, default.tree)
    shares = [0.0, 1.0, random.random(), random.random()]
    values = [evaluate(checked(at), drawn_row(random)) for at in shares]

    assert [value for value in values if not allows(span, value)] == []


@given(random=randoms)
@settings(max_examples=200)
def test_a_rule_that_is_said_to_be_unreachable_never_decides(random: Random) -> None:
    first = text(random, "bool", random.choice((1, 2)))
    second = text(random, "bool", 1)
    if random.random() < 0.7:
        second = f"({second}) and ({first})"
    whole_text = whole(rules(first, second))

    problems = look_at(whole_text, "drawn.yaml").problems
    unreachable = any(p.code == "PL002" for p in problems)
    strategy_ = load(whole_text, path="drawn.yaml")
    rows = [{**drawn_row(random), "accepting_orders": True} for _ in range(20)]

    deciding = {RowReference(strategy_).answer(row).decided for row in rows}
    assert not unreachable or "two" not in deciding
