"""What a test of a strategy may expect, beyond the rule that fires."""

import pytest

from polyrules.errors import StrategyError
from polyrules.language.evaluators.cases import run_cases
from polyrules.language.load import load

STRATEGY = """\
polyrules: 1
strategy: {id: example, version: 1.0.0}
universe: {each: market}
let:
  fair: min(best_ask + 0.05, 0.999)
  calm: spread < 0.02
hit_policy: POLICY
rules:
  - id: enter
    when: calm and position_shares == 0
    then:
      action: buy
      token: yes_token
      price: best_ask
      fair: fair
      edge: fair - best_ask
      confidence: 0.6
      reason: "YES at {best_ask:.3f}"
  - id: late
    when: hours_to_close < 1
    then: {action: buy, token: yes_token, price: best_ask, edge: 0.01}
sizing: {method: fixed, amount: 20 USD}
exits:
  - {id: dear, when: best_bid > 0.98}
  - {id: cheap, when: best_bid < 0.5}
schedule: {every: 5s}
tests:
  - name: a case
    given: {spread: 0.01, best_ask: 0.9, position_shares: 0, GIVEN}
    expect: {EXPECT}
"""
PAIR = """\
polyrules: 1
strategy: {id: example, version: 1.0.0}
universe: {each: pair}
rules:
  - id: enter
    when: near.best_ask > far.best_ask
    then: {action: buy, market: far, token: yes_token, price: far.best_ask}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
tests:
  - name: a case
    given: {GIVEN}
    expect: {EXPECT}
"""


def mismatches(
    expect: str, given: str = "best_bid: 0.89", policy: str = "first"
) -> list[tuple[str, str, str]]:
    text = STRATEGY.replace("POLICY", policy).replace("GIVEN", given)
    (result,) = run_cases(load(text.replace("EXPECT", expect), path="x.yaml"))
    return [(found.key, found.expected, found.got) for found in result.mismatches]


@pytest.mark.parametrize(
    "expect",
    [
        "fair: 0.95, edge: 0.05, confidence: 0.6",
        'reason: "YES at 0.900"',
        "values: {fair: 0.95, calm: true}",
        "states: {price: 0.9, confidence: 0.6}",
        "exit: none",
        "fires: [enter]",
        "conflict: []",
    ],
)
def test_all_that_an_action_says_can_be_expected(expect: str) -> None:
    assert mismatches(expect) == []


@pytest.mark.parametrize(
    ("expect", "found"),
    [
        ("fair: 0.96", ("fair", "0.96", "0.95")),
        ("edge: 0.04", ("edge", "0.04", "0.05")),
        ("confidence: 0.5", ("confidence", "0.5", "0.6")),
        ('reason: "YES"', ("reason", "YES", "YES at 0.900")),
        ("values: {fair: 0.5}", ("values.fair", "0.5", "0.95")),
        ("values: {calm: false}", ("values.calm", "FALSE", "TRUE")),
        ("values: {calm: missing}", ("values.calm", "missing", "TRUE")),
        ("states: {shares_0: 1}", ("states.shares_0", "1", "none")),
        ("size: 10", ("size", "10", "none")),
        ("exit: dear", ("exit", "dear", "none")),
        ("fires: [enter, late]", ("fires", "enter, late", "enter")),
        ("conflict: [enter]", ("conflict", "enter", "none")),
    ],
)
def test_what_came_instead_is_told(expect: str, found: tuple[str, str, str]) -> None:
    assert mismatches(expect) == [found]


def test_the_first_exit_that_is_true_is_the_one() -> None:
    assert mismatches("exit: dear", "best_bid: 0.99") == []
    assert mismatches("exit: cheap", "best_bid: 0.4") == []
    assert mismatches("exit: none", "best_bid: missing") == []


def test_rules_that_fire_together_are_told_by_the_hit_policy() -> None:
    both = "hours_to_close: 0.5"

    assert mismatches("fires: [late, enter]", both, "collect") == []
    assert mismatches("fires: none, conflict: [enter, late]", both, "unique") == []
    assert mismatches("fires: enter", both, "best") == []


@pytest.mark.parametrize(
    "given",
    [
        "near: {best_ask: 0.6}, far: {best_ask: 0.5}",
        "near.best_ask: 0.6, far.best_ask: 0.5",
        "near: {best_ask: 0.6}, far.best_ask: 0.5",
    ],
)
def test_what_an_alias_has_may_be_a_mapping_of_its_own(given: str) -> None:
    text = PAIR.replace("GIVEN", given).replace("EXPECT", "fires: enter, price: 0.5")

    (result,) = run_cases(load(text, path="x.yaml"))

    assert result.mismatches == ()


@pytest.mark.parametrize(
    ("given", "expect", "message"),
    [
        ("nera: {best_ask: 0.6}", "fires: none", 'gives "nera.best_ask", which is no'),
        ("near: {best_aks: 0.6}", "fires: none", 'gives "near.best_aks", which is no'),
        ("near: 0.6", "fires: none", 'gives "near", which is no feature'),
        ("near: {best_ask: 6}", "fires: none", "near.best_ask 6 is outside [0, 1]"),
        ("near: {}", "fires: [entre]", 'no rule is called "entre"'),
        ("near: {}", "exit: enter", 'no exit is called "enter"'),
        ("near: {}", "values: {fair: 1}", 'no let is called "fair"'),
        ("near: {}", "confidence: 60", "confidence 60 is outside [0, 1]"),
        ("near: {}", "fire: enter", 'unknown key "fire" in expect'),
    ],
)
def test_a_slip_in_a_test_is_told(given: str, expect: str, message: str) -> None:
    text = PAIR.replace("GIVEN", given).replace("EXPECT", expect)

    with pytest.raises(StrategyError) as caught:
        load(text, path="x.yaml")

    (problem,) = caught.value.problems
    assert message in problem.message


def test_what_several_markets_come_to_may_be_more_than_1() -> None:
    text = PAIR.replace("each: pair", "each: basket").replace(
        "when: near.best_ask > far.best_ask", "when: basket.sum_no_ask > basket.fee_no"
    )
    text = text.replace(
        "{action: buy, market: far, token: yes_token, price: far.best_ask}",
        "{action: none}",
    )
    text = text.replace("GIVEN", "basket: {sum_no_ask: 4.2, fee_no: 0.1}")

    (result,) = run_cases(load(text.replace("EXPECT", "fires: enter"), path="x.yaml"))

    assert result.mismatches == ()
