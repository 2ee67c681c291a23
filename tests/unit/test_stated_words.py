"""`expect.states` in words: which side, which token, which legs."""

from polyrules.errors import Problem
from polyrules.language.evaluators.cases import run_case
from polyrules.language.evaluators.reference import RowReference
from polyrules.language.load import load, load_all
from tests.lint_files import messages

QUOTE = """\
polyrules: 1
strategy: {id: quotes, version: 1.0.0}
universe: {each: market}
rules:
  - id: both
    when: spread >= 0.02
    then:
      action: quote
      sides:
        - {action: buy, token: yes_token, price: best_bid, shares: 20}
        - {action: sell, token: yes_token, price: best_ask, shares: 20,
           or_buy: no_token}
schedule: {every: 5s}
"""
BASKET = """\
polyrules: 1
strategy: {id: basket, version: 1.0.0}
universe: {each: basket}
rules:
  - id: all
    when: basket.legs >= 2
    then: {action: basket, legs: all_no, shares: "10", edge: "0.01"}
schedule: {every: 5s}
"""


def case_of(given: str, states: str) -> str:
    expect = f"{{fires: both, states: {{{states}}}}}"
    return f"tests:\n  - {{name: one, given: {{{given}}}, expect: {expect}}}\n"


def quoted(states: str) -> list[tuple[str, str, str]]:
    """Return what differs in a test of QUOTE: key, expected, got."""
    given = "spread: 0.02, best_bid: 0.48, best_ask: 0.50"
    return differs(QUOTE + case_of(given, states))


def differs(text: str) -> list[tuple[str, str, str]]:
    strategy = load(text, path="it.yaml")
    (case,) = strategy.cases
    result = run_case(RowReference(strategy), case)
    return [(each.key, each.expected, each.got) for each in result.mismatches]


def told(states: str) -> list[Problem]:
    given = "spread: 0.02, best_bid: 0.48, best_ask: 0.50"
    return list(load_all(QUOTE + case_of(given, states), "it.yaml")[1])


def test_the_sides_of_a_quote_are_expected_in_words() -> None:
    right = (
        "price_0: 0.48, side_0: buy, token_0: yes_token, side_1: sell,"
        " token_1: yes_token, or_buy_1: no_token, or_buy_0: null"
    )

    assert quoted(right) == []


def test_swapped_sides_are_noticed() -> None:
    assert quoted("side_0: sell, token_1: no_token") == [
        ("states.side_0", "sell", "buy"),
        ("states.token_1", "no_token", "yes_token"),
    ]


def test_a_side_that_is_not_there_has_no_word() -> None:
    assert quoted("side_2: buy") == [("states.side_2", "buy", "missing")]


def test_the_legs_of_a_basket_are_one_word_where_they_are_all_of_a_sort() -> None:
    given = "basket: {legs: 3}"
    right = case_of(given, "legs: all_no").replace("both", "all")
    wrong = case_of(given, "legs: all_yes").replace("both", "all")

    assert differs(BASKET + right) == []
    assert differs(BASKET + wrong) == [("states.legs", "all_yes", "all_no")]


def test_a_word_that_no_side_can_have_is_told() -> None:
    (problem,) = told("side_0: bye")

    assert problem.message == '"bye" is not a value of side_0 (buy, sell)'
    assert problem.help == 'did you mean "buy"?'


def test_a_word_for_a_number_is_told_and_so_is_a_number_for_a_word() -> None:
    assert messages(told("price_0: buy, side_0: 1")) == [
        'price_0 is a number, found "buy"',
        "1 is not a value of side_0 (buy, sell)",
    ]


def test_what_a_test_expects_is_no_part_of_the_digest() -> None:
    given = "spread: 0.02, best_bid: 0.48, best_ask: 0.50"
    without = load(QUOTE, path="it.yaml")
    with_ = load(QUOTE + case_of(given, "side_0: buy"), path="it.yaml")

    assert with_.digest == without.digest
