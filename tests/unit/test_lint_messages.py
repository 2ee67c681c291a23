"""Messages that led the first readers of the guide astray, and what they say now."""

import pytest

from polyrules.errors import Problem
from polyrules.language.load import load_all
from tests.lint_files import rule, whole

SELLS = """\
rules:
  - id: make
    when: spread > 0.03
    then:
      action: quote
      sides:
        - {{action: {action}, token: {token}, price: mid, shares: 20, or_buy: {or_buy}}}
"""
EVENTS = """\
universe: {each: event}
let:
  place: rank(event.volume_24h, by='category')
rules:
  - id: all
    when: place <= 5
    then: {action: basket, legs: all_yes, shares: 10, edge: 1 - event.sum_price}
"""


def only(example: str) -> Problem:
    _, problems = load_all(whole(example), "example.yaml")
    (problem,) = problems
    return problem


@pytest.mark.parametrize(
    ("action", "token", "or_buy", "hint"),
    [
        ("sell", "yes_token", "yes_token", "write or_buy: no_token"),
        ("sell", "no_token", "no_token", "write or_buy: yes_token"),
        ("buy", "yes_token", "no_token", "delete it"),
    ],
)
def test_a_sell_that_would_buy_its_own_token_is_told_the_other(
    action: str, token: str, or_buy: str, hint: str
) -> None:
    problem = only(SELLS.format(action=action, token=token, or_buy=or_buy))

    assert (problem.code, problem.help) == ("PS018", hint)


@pytest.mark.parametrize(
    ("when", "hint"),
    [
        ("volume_24h >= 50,000", "a number has no commas: write 50000"),
        ("liquidity > 1,250,000", "a number has no commas: write 1250000"),
        ("volume_24h >= 50, 10", 'choices in brackets stand only behind "in"'),
        ("volume_24h >= 0,500", 'choices in brackets stand only behind "in"'),
    ],
)
def test_a_comma_in_a_number_is_told_how_to_write_it(when: str, hint: str) -> None:
    problem = only(f"rules:\n{rule(when)}")

    assert (problem.code, problem.help) == ("PE002", hint)


def test_what_is_true_or_false_is_not_compared_with_a_word() -> None:
    problem = only("rules:\n" + rule("accepting_orders == 'yes'"))

    assert problem.code == "PT003"
    assert problem.help == (
        "it is TRUE or FALSE by itself: leave the comparison out, or write not"
    )


def test_rows_of_events_are_not_told_to_take_a_feature_of_a_market() -> None:
    problem = only(EVENTS)

    assert problem.code == "PW005"
    assert problem.help == (
        "rows of each: event have no groups and no past: compare it itself"
    )


def test_a_time_with_its_unit_is_told_how_it_is_written_in_an_expression() -> None:
    problem = only(f"rules:\n{rule('book_age < 5s')}")

    assert problem.message == '"5s" is not a number'
    assert problem.help == "a time is written seconds(5) here"


def test_how_a_market_is_resolved_is_known_too_late() -> None:
    problem = only(f"rules:\n{rule('resolved_price > 0.9')}")

    assert problem.code == "PL012"


def test_a_name_of_two_markets_is_asked_for_both() -> None:
    text = "universe: {each: pair, family: deadline, where: best_ask > 0.5}\n"
    trade = rule("near.best_ask > 0.5", "market: near, price: near.best_ask")

    problem = only(f"{text}rules:\n{trade}")

    assert problem.message == 'unknown feature "best_ask"'
    assert problem.help == "say of which: far.best_ask or near.best_ask"


def test_a_source_that_may_not_stand_there_is_not_called_missing() -> None:
    wallet = '"0x7f3a9c1e5b2d4860a1c3e5f7092b4d6f8a0c2e41"'
    text = f"universe: {{each: trade, source: {wallet}, within: 10m}}\n"
    trade = rule("t.age < 60", "price: t.ask_now").replace("yes_token", "t.token")

    assert only(f"{text}rules:\n{trade}").code == "PX001"
