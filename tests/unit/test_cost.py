import pytest

from polyrules.language.cost import PARTS_MAX, parts
from polyrules.language.load import load, load_all
from polyrules.language.strategy import Strategy

FILE = """\
polyrules: 1
strategy: {id: counted, version: 1.0.0}
universe: {each: market}
let:
  half: mid / 2
  whole: half + half
rules:
  - id: enter
    when: spread > 0.1
    then: {action: buy, token: yes_token, price: best_ask}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
"""
RULE = """\
  - id: enter_{index}
    when: spread > 0.1
    then: {{action: buy, token: yes_token, price: {price}}}
"""


def loaded(old: str = "", new: str = "") -> Strategy:
    return load(FILE.replace(old, new) if old else FILE, path="s.yaml")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # spread > 0.1 is three parts, best_ask one; lets that nobody reads are free
        ("", "", 4),
        ("universe: {each: market}", "universe: {each: market, where: neg_risk}", 5),
        # price: whole, half + half and mid / 2, once as the price and once recorded
        ("price: best_ask", "price: whole", 3 + (1 + 3 + 3) + (3 + 3)),
        ("price: best_ask", "price: best_ask, reason: '{half}'", 3 + 1 + 3),
        ("sizing:", "exits:\n  - {id: out, when: mid < 0.5}\nsizing:", 4 + 3),
        ("half: mid / 2", "half: lag(mid, minutes(5))", 4 + 1),
    ],
)
def test_the_cost_is_the_parts_that_each_question_reads(
    old: str, new: str, expected: int
) -> None:
    assert parts(loaded(old, new)) == expected


def test_lets_on_one_another_cost_each_question_all_of_them_once() -> None:
    lets = "".join(f"  l{n}: l{n - 1} + l{n - 1}\n" for n in range(1, 100))
    text = FILE.replace("rules:\n", f"  l0: mid\n{lets}rules:\n", 1)
    dear = text.replace("price: best_ask", "price: l99")

    assert parts(load(dear, path="s.yaml")) == 3 + (1 + 99 * 3 + 1) + (99 * 3 + 1)


def test_a_strategy_over_the_budget_is_refused_with_both_numbers() -> None:
    lets = "".join(f"  l{n}: l{n - 1} + l{n - 1}\n" for n in range(1, 100))
    text = FILE.replace("rules:\n", f"  l0: mid\n{lets}rules:\n", 1).replace(
        "sizing:",
        "".join(RULE.format(index=n, price="l99") for n in range(20)) + "sizing:",
    )

    strategy, (problem,) = load_all(text, "s.yaml")

    assert strategy is None
    assert (problem.code, problem.line) == ("PC001", 4)
    cost = 3 + 1 + 20 * (3 + 299 + 298)
    assert cost == 12_004
    assert f"comes to {cost:,} parts, at most {PARTS_MAX:,}" in problem.message
