import ast

import pytest

from polyrules.features.catalog import CATALOG, ROW_FEATURES
from polyrules.language.analysis.calls import called
from polyrules.language.analysis.intervals import (
    MOST,
    NEVER,
    Range,
    Truth,
    arithmetic,
    compared,
    point,
)
from polyrules.language.analysis.meaning import anywhere
from polyrules.language.analysis.ranges import RANGES
from polyrules.language.analysis.report import look_at
from polyrules.language.analysis.scene import claim
from polyrules.language.load import load
from tests.lint_files import rule, whole

DIV = ast.Div()
SURE = Range(1.0, 2.0, missing=False)


def quotient(x: Range, y: Range) -> Range:
    return arithmetic(DIV, x, y, snaps=False)


@pytest.mark.parametrize(
    ("divisor", "expected"),
    [
        (Range(4.0, 8.0, missing=False), Range(0.125, 0.5, missing=False)),
        (Range(-8.0, -4.0, missing=False), Range(-0.5, -0.125, missing=False)),
        (Range(0.0, 4.0, missing=False), Range(0.25, MOST)),
        (Range(-4.0, 0.0, missing=False), Range(-MOST, -0.25)),
        (Range(-1.0, 1.0, missing=False), Range(-MOST, MOST)),
        (point(0.0), NEVER),
    ],
)
def test_a_quotient_is_as_large_as_its_divisor_is_small(
    divisor: Range, expected: Range
) -> None:
    assert quotient(SURE, divisor) == expected


def test_what_may_overflow_may_be_missing() -> None:
    huge = Range(1.0, MOST, missing=False)

    product = arithmetic(ast.Mult(), huge, SURE, snaps=False)

    assert product == Range(1.0, MOST, missing=True)


def test_sums_of_prices_are_rounded_as_the_evaluators_round_them() -> None:
    x, y = point(0.1), point(0.2)

    assert arithmetic(ast.Add(), x, y, snaps=True) == point(0.3)
    assert arithmetic(ast.Add(), x, y, snaps=False) == point(0.1 + 0.2)


def test_a_comparison_of_touching_ranges_can_go_either_way() -> None:
    low, high = Range(0.0, 1.0, missing=False), Range(1.0, 2.0, missing=False)

    assert compared(ast.Lt(), low, high) == Truth(missing=False)
    assert compared(ast.LtE(), low, high) == Truth(false=False, missing=False)
    assert compared(ast.Gt(), low, high) == Truth(true=False, missing=False)
    assert compared(ast.Eq(), low, high) == Truth(missing=False)
    assert compared(ast.Eq(), point(1.0), point(1.0)) == Truth(
        false=False, missing=False
    )


def test_a_function_that_is_not_known_may_come_to_anything() -> None:
    assert called("a_new_one", [SURE]) == Range()


def test_a_root_below_0_is_missing() -> None:
    assert called("sqrt", [Range(-2.0, -1.0, missing=False)]) == NEVER
    assert called("sqrt", [Range(-2.0, 4.0, missing=False)]).missing


def test_what_is_said_of_the_catalog_speaks_of_features_that_are_there() -> None:
    of_rows = {name for table in ROW_FEATURES.values() for name in table}

    assert RANGES.keys() - CATALOG.keys() - of_rows == set()


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        # of coalesce(x, True) that is TRUE, nothing follows for x
        ("coalesce(price > 0.5, True)", Range(0.0, 1.0)),
        ("coalesce(price > 0.5, False)", Range(0.5000000000000001, 1.0, missing=False)),
        ("price > 0.5 or mid > 0.5", Range(0.0, 1.0)),
        (
            "not (price <= 0.5 or mid > 0.5)",
            Range(0.5000000000000001, 1, missing=False),
        ),
        ("0.2 <= price <= 0.4", Range(0.2, 0.4, missing=False)),
        ("abs(price) <= 0.4", Range(0.0, 0.4, missing=False)),
        ("-price >= -0.4", Range(0.0, 0.4, missing=False)),
        ("price + mid > 0.1", Range(0.0, 1.0, missing=False)),
        ("known(price + mid)", Range(0.0, 1.0, missing=False)),
        ("known(coalesce(price, mid))", Range(0.0, 1.0)),
        ("price != 0", Range(5e-324, 1.0, missing=False)),
    ],
)
def test_a_condition_teaches_what_follows_from_it_and_no_more(
    condition: str, says: Range
) -> None:
    text = whole(f"let: {{it: price}}\n{'rules:'}\n{rule(condition)}")
    strategy = load(text, path="a.yaml")
    facts = anywhere(strategy).where([claim(strategy.rules[0].when)])

    it = strategy.lets[0].expression

    assert facts.of(it, it.tree) == says


def test_a_long_chain_of_lets_is_read_to_its_end() -> None:
    lets = "".join(f"  l{n}: abs(l{n - 1})\n" for n in range(1, 150))
    text = whole(f"let:\n  l0: price\n{lets}rules:\n{rule('l149 < 0')}")

    told = [p.message for p in look_at(text, "a.yaml").problems if p.code == "PL001"]

    assert told == ["l149 < 0 is never TRUE: l149 is in [0, 1]"]
