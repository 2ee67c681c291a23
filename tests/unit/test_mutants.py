"""Small mistakes that the tests of a strategy should notice."""

from collections.abc import Mapping

import pytest

from polyrules.documents.source import read_yaml
from polyrules.language.load import load
from polyrules.language.strategy import Strategy
from polyrules.language.testing.mutate import Score, mutants, score
from polyrules.language.testing.suite import Suite, open_suite

START = """\
polyrules: 1
strategy: {id: example, version: 1.0.0}
universe: {each: market}
"""
END = """\
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
"""
RULE = """\
rules:
  - id: enter
    when: WHEN
    then: {action: buy, token: yes_token, price: best_ask}
"""
PARAMS = "params:\n  most: {type: prob, default: 0.02, min: 0, max: 0.03, step: 0.01}\n"


def suite(when: str, *cases: str, more: str = "") -> Suite:
    tests = "".join(f"  - {{name: x, {case}}}\n" for case in cases)
    tests = f"tests:\n{tests}" if tests else ""
    text = START + more + RULE.replace("WHEN", when) + END + tests

    def loads(settings: Mapping[str, str]) -> Strategy:
        return load(text, path="x.yaml", settings=settings)

    return open_suite(read_yaml(text, "x.yaml"), loads)


def tried(opened: Suite) -> Score:
    return score(opened.trials, mutants(opened.strategy, opened.document))


def changes(opened: Suite, kind: str) -> list[str]:
    found = mutants(opened.strategy, opened.document)
    return [mutant.change for mutant in found if mutant.kind == kind]


@pytest.mark.parametrize(
    ("when", "kind", "expected"),
    [
        ("spread < 0.02", "boundary", ['"< 0.02" becomes "<= 0.02"']),
        ("spread < 0.02", "flipped", ['"< 0.02" becomes "> 0.02"']),
        ("spread < 0.02", "threshold", ["0.02 becomes 0.018", "0.02 becomes 0.022"]),
        ("position_shares == 0", "flipped", ['"== 0" becomes "!= 0"']),
        ("edge_0 > 0", "threshold", ["0 becomes -0.01", "0 becomes 0.01"]),
        ("spread < 0.02", "dropped", ["the condition is dropped"]),
        (
            "neg_risk and spread < 0.02",
            "dropped",
            ['"neg_risk" is dropped', '"spread < 0.02" is dropped'],
        ),
        ("neg_risk or accepting_orders", "join", ['"or" becomes "and"']),
        ("not neg_risk", "not", ['"not" is dropped']),
        (
            "category in ('crypto', 'sports')",
            "word",
            ["'crypto' is dropped", "'sports' is dropped"],
        ),
        (
            "best_ask - best_bid < 0.02",
            "arithmetic",
            ['"- best_bid" becomes "+ best_bid"'],
        ),
        ("neg_risk", "rule", ['rule "enter" is dropped']),
        ("neg_risk", "side", ["buy becomes sell"]),
        ("neg_risk", "token", ["yes_token becomes no_token"]),
        ("spread < most", "param", ["most becomes 0.01", "most becomes 0.03"]),
        ("spread < most", "threshold", []),
    ],
)
def test_mistakes_of_every_kind_are_made(
    when: str, kind: str, expected: list[str]
) -> None:
    more = PARAMS if "most" in when else ""
    when = when.replace("edge_0", "volume_1h")

    opened = suite(when, "given: {}, expect: {fires: none}", more=more)

    assert changes(opened, kind) == expected


def test_good_tests_kill_every_mistake() -> None:
    found = tried(
        suite(
            "spread < 0.02",
            "given: {spread: 0.019, best_ask: 0.5},"
            " expect: {fires: enter, action: buy, token: yes_token, price: 0.5}",
            "given: {spread: 0.02, best_ask: 0.5}, expect: {fires: none}",
            "given: {best_ask: 0.5}, expect: {fires: none}",
        )
    )

    assert found.survivors == ()
    assert found.killed == found.total == 8
    assert found.percent == 100


def test_a_test_without_a_bound_lets_mistakes_survive() -> None:
    found = tried(
        suite(
            "spread < 0.02",
            "given: {spread: 0.01, best_ask: 0.5}, expect: {fires: enter, price: 0.5}",
        )
    )

    assert sorted(mutant.change for mutant in found.survivors) == [
        '"< 0.02" becomes "<= 0.02"',
        "0.02 becomes 0.018",
        "0.02 becomes 0.022",
        "buy becomes sell",
        "the condition is dropped",
        "yes_token becomes no_token",
    ]
    assert found.percent == 25


def test_without_tests_nothing_is_noticed() -> None:
    found = tried(suite("spread < 0.02"))

    assert found.killed == 0
    assert found.percent == 0


def test_a_test_that_sets_a_param_does_not_see_its_default() -> None:
    given = "given: {spread: 0.015, best_ask: 0.5}, expect: {fires: enter}"

    free = tried(suite("spread < most", given, more=PARAMS))
    fixed = tried(suite("spread < most", f"with: {{most: 0.02}}, {given}", more=PARAMS))

    survivors = {mutant.change for mutant in fixed.survivors}
    survivors -= {mutant.change for mutant in free.survivors}
    assert survivors == {"most becomes 0.01"}


def test_a_strategy_is_left_as_it_was() -> None:
    opened = suite("spread < 0.02 and not neg_risk", "given: {}, expect: {fires: none}")
    before = opened.strategy

    tried(opened)

    assert opened.strategy == before
    assert opened.run()[0].result.passed


def test_survivors_know_their_place() -> None:
    opened = suite("spread < 0.02 and not neg_risk", "given: {}, expect: {fires: none}")

    found = mutants(opened.strategy, opened.document)

    (dropped,) = [m for m in found if m.change == '"not neg_risk" is dropped']
    assert dropped.path == ("rules", 0, "when")
    assert dropped.part == (18, 30)
