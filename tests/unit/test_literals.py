"""What literals become beside a price; what is expected is written out by hand."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.language.evaluators.compile import Plan
from polyrules.language.evaluators.reference import RowReference
from polyrules.language.expression import Kind, Type
from polyrules.language.expressions.check import Scope, check, feature_types
from polyrules.language.load import load, load_all
from polyrules.language.strategy import Strategy

FILE = """\
polyrules: 1
strategy: {{id: literals, version: 1.0.0}}
universe: {{each: market}}
let:
  tenth: 0.1
  limit: 0.7 + 0.1
  higher: limit + 0
  day: 23.9 + 0.1
  cents: 92
  most: min(92, cents) + 1
rules:
  - id: enter
    when: {when}
    then: {{action: buy, token: yes_token, price: {price}}}
sizing: {{method: fixed, amount: 20 USD}}
schedule: {{every: 5s}}
"""


def loaded(when: str = "best_ask > 0", price: str = "best_ask") -> Strategy:
    return load(FILE.format(when=when, price=price), path="s.yaml")


def fires(strategy: Strategy, **row: float) -> bool:
    """Return whether the rule fires, on which both evaluators agree."""
    by_row = RowReference(strategy).answer(row).decided == "enter"
    columns = {name: np.array([value]) for name, value in row.items()}
    in_columns = bool(Plan(strategy).answer(columns, 1).rule[0] == 0)
    assert by_row is in_columns
    return by_row


def price(strategy: Strategy, **row: float) -> float:
    columns = {name: np.array([value]) for name, value in row.items()}
    (found,) = Plan(strategy).stated(0, columns, 1)["price"].tolist()
    assert RowReference(strategy).answer(row).price == found
    return float(found)


@pytest.mark.parametrize(
    ("when", "ask"),
    [
        ("best_ask <= 0.7 + 0.1", 0.8),
        ("0.7 + 0.1 >= best_ask", 0.8),
        ("best_ask == 0.1 + 0.2", 0.3),
        ("best_ask >= 0.3 - 0.1 + 0.1", 0.3),
        ("best_ask >= -(-0.1 - 0.2)", 0.3),
        ("best_ask >= (0.1 + 0.2) / 2", 0.15),
        ("best_ask >= 2 * (0.1 + 0.2)", 0.6),
        ("best_ask >= max(0.1 + 0.2, 0.25)", 0.3),
        ("best_ask >= coalesce(0.1 + 0.2, 0.25)", 0.3),
        ("best_ask >= (0.1 + 0.2 if 1 < 2 else 0.25)", 0.3),
        ("between(best_ask, 0.1 + 0.2, 0.5)", 0.3),
        ("min(best_ask, 0.5) >= 0.1 + 0.2", 0.3),
        ("best_ask <= limit", 0.8),
        ("best_ask <= higher", 0.8),
        ("best_ask <= 0.7 + tenth", 0.8),
    ],
)
def test_sums_of_literals_beside_a_price_are_rounded_as_prices_are(
    when: str, ask: float
) -> None:
    assert fires(loaded(when), best_ask=ask)


def test_a_price_made_of_literals_is_rounded() -> None:
    assert price(loaded(price="0.1 + 0.2"), best_ask=0.5) == 0.3
    assert price(loaded(price="0.7 + tenth"), best_ask=0.5) == 0.8
    assert price(loaded(price="limit"), best_ask=0.5) == 0.8


def test_sums_of_literals_beside_anything_else_are_left_alone() -> None:
    small = loaded("hours_to_close > 1e-10 + 1e-10")
    day = loaded("hours_to_close >= day")

    assert fires(small, hours_to_close=3e-10, best_ask=0.5)
    assert not fires(small, hours_to_close=1e-10, best_ask=0.5)
    assert fires(day, hours_to_close=24.0, best_ask=0.5)


@given(one=st.integers(0, 999), other=st.integers(0, 999))
def test_an_ask_is_at_most_the_sum_of_literals_that_it_is(one: int, other: int) -> None:
    total = Decimal(one + other) / 1000
    if total > 1:
        return
    source = f"best_ask <= {Decimal(one) / 1000} + {Decimal(other) / 1000}"

    checked = check(source, Scope(feature_types(), {}, None), Type(Kind.BOOL))

    assert checked.expression is not None
    strategy = loaded(source)
    assert fires(strategy, best_ask=float(total))
    assert not fires(strategy, best_ask=math.nextafter(float(total), 2.0))


@pytest.mark.parametrize(
    ("when", "marked", "value"),
    [
        ("best_ask > min(92, 93)", "min(92, 93)", "92"),
        ("best_ask > 46 * 2", "46 * 2", "92"),
        ("best_ask > 95 - 0", "95 - 0", "95"),
        ("best_ask > -(-92)", "-(-92)", "92"),
        ("best_ask > (92 if neg_risk else 0.9)", "92", "92"),
        ("best_ask > coalesce(92, 0.5)", "coalesce(92, 0.5)", "92"),
        ("best_ask > as_prob(92)", "as_prob(92)", "92"),
        ("best_ask > bps(920000)", "bps(920000)", "92"),
        ("best_ask > spread + (90 + 2)", "90 + 2", "92"),
        ("best_ask > cents", "cents", "92"),
        ("best_ask > most", "most", "93"),
        ("clamp(best_ask, 0, 50 + 49) > 0.5", "50 + 49", "99"),
    ],
)
def test_a_price_in_cents_is_told_however_it_is_written(
    when: str, marked: str, value: str
) -> None:
    strategy, (problem,) = load_all(FILE.format(when=when, price="mid"), "s.yaml")

    assert strategy is None
    assert problem.code == "PU003"
    assert problem.message.startswith(f"{value} is outside [0, 1]")
    shown = problem.source[problem.column - 1 : problem.end_column - 1]
    assert shown == marked


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("90 + 5", "95 is outside [0, 1]: prices are probabilities"),
        ("cents", "92 is outside [0, 1]: prices are probabilities"),
        ("0.5 + 0.5", "price 1 is outside (0, 1)"),
        ("tenth - 0.1", "price 0 is outside (0, 1)"),
    ],
)
def test_a_price_that_no_order_can_have_is_told_however_it_is_written(
    asked: str, message: str
) -> None:
    _, (problem,) = load_all(FILE.format(when="mid > 0", price=asked), "s.yaml")

    assert (problem.code, problem.message) == ("PU003", message)


@pytest.mark.parametrize(
    "when",
    [
        "best_ask > 92 / 100",
        "best_ask > cents / 100",
        "best_ask * 100 > 0.5 * (2 if neg_risk else 1)",
        "best_ask + 0.5 > 100 - 99.2",
        "hours_to_close > cents",
        "best_ask * cents > 0.5",
        "best_ask > 3 * 0.1",
    ],
)
def test_numbers_that_only_help_to_make_a_price_may_be_any(when: str) -> None:
    assert loaded(when).rules[0].when.source == when
