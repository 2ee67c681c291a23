from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from polyrules.language.evaluators.compile import Plan
from tests.strategies import strategy as loaded

TEXT = """\
polyrules: 1
strategy: {id: s, version: 1.0.0}
universe: {each: market}
let:
  edge: 0.9 - best_ask
  good: edge > 0.1
rules:
  - id: enter
    when: good and position_shares == 0
    then: {action: buy, token: yes_token, price: best_ask, reason: "at {spread}"}
  - id: more
    when: neg_risk
    then: {action: buy, token: yes_token, price: mid, reason: "in {volume_24h}"}
sizing: {method: fixed, amount: 10 USD}
exits:
  - {id: close, when: best_bid > 0.9}
schedule: {every: 1s}
"""
GUARDED = "guards:\n  - {id: open, when: accepting_orders}\n"
RANKED = "universe: {each: market, limit: {top: 2, by: liquidity / 2}}"
WINDOW = "\nlet:\n  was: LAG\nrules:"
ONE_RULE = """\
polyrules: 1
strategy: {id: s, version: 1.0.0}
universe: {each: market}
rules:
  - id: enter
    when: WHEN
    then: {action: buy, token: yes_token, price: best_ask}
sizing: {method: fixed, amount: 10 USD}
schedule: {every: 1s}
"""


class Watched(np.ndarray[Any, np.dtype[np.float64]]):
    """A column that remembers how many rows it was asked for at a time."""

    asked: list[int]

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401  NumPy takes anything
        found = np.asarray(self)[key]
        self.asked.append(len(found))
        return found


def watched(values: NDArray[np.float64]) -> Watched:
    column = values.view(Watched)
    column.asked = []
    return column


def plan(text: str = TEXT) -> Plan:
    return Plan(loaded(text))


def test_a_plan_reads_what_guards_exits_and_every_rule_and_reason_need() -> None:
    found = plan(TEXT.replace("\nrules:", f"\n{GUARDED}rules:")).reads

    assert found == {
        *("accepting_orders", "best_ask", "position_shares", "spread"),
        *("neg_risk", "mid", "volume_24h", "best_bid"),
    }


def test_a_plan_reads_what_ranks_the_universe_and_not_what_is_in_it() -> None:
    text = TEXT.replace(
        "universe: {each: market}",
        "universe: {each: market, where: accepting_orders,"
        " limit: {top: 2, by: liquidity}}",
    )

    found = plan(text)

    assert "liquidity" in found.reads
    assert "accepting_orders" not in found.reads
    assert found.universe_reads == {"accepting_orders"}


def test_a_plan_tells_what_one_condition_reads_through_lets() -> None:
    strategy = loaded(TEXT)

    found = Plan(strategy).reads_of(strategy.rules[0].when)

    assert found == {"best_ask", "position_shares"}


def test_a_ranking_is_a_number_for_each_row() -> None:
    ranked = plan(TEXT.replace("universe: {each: market}", RANKED))

    found = ranked.ranking({"liquidity": np.array([10.0, 30.0])}, 2)

    assert found.tolist() == [5.0, 15.0]


def test_a_ranking_by_what_is_the_same_everywhere_still_has_all_rows() -> None:
    same = RANKED.replace("liquidity / 2", "liquidity if False else 3")

    found = plan(TEXT.replace("universe: {each: market}", same)).ranking({}, 2)

    assert found.tolist() == [3.0, 3.0]


def test_a_window_over_what_is_the_same_everywhere_still_has_all_rows() -> None:
    text = ONE_RULE.replace("WHEN", "was > 0.5").replace("\nrules:", WINDOW)
    text = text.replace("LAG", "lag(mid if False else 0.5, minutes(5))")

    found = plan(text).hoisted_argument(0, {"mid": np.array([0.1, 0.2])}, 2)

    assert found.tolist() == [0.5, 0.5]


def test_what_no_guard_stops_and_no_rule_decides_is_minus_one() -> None:
    unguarded = plan(ONE_RULE.replace("WHEN", "neg_risk"))

    answer = unguarded.answer({"neg_risk": np.array([0.0, 1.0])}, 2)

    assert answer.guarded.tolist() == [-1, -1]
    assert answer.rule.tolist() == [-1, 0]


@pytest.mark.parametrize("policy", ["first", "collect"])
def test_an_answer_tells_rules_by_small_integers_and_the_rest_by_truths(
    policy: str,
) -> None:
    several = plan(TEXT.replace("\nrules:", f"\nhit_policy: {policy}\nrules:"))
    ones = {name: np.ones(3) for name in several.reads}

    answer = several.answer(ones, 3)

    assert [answer.rule.dtype, answer.guarded.dtype] == [np.int16, np.int16]
    truths = [answer.unknown, answer.conflict, *answer.fired]
    assert {each.dtype for each in truths} == {np.dtype(np.bool_)}
    assert len(truths) == (4 if policy == "collect" else 2)


@pytest.mark.parametrize(
    ("when", "blocks"),
    [
        ("neg_risk", [65_536, 14_464]),
        ("neg_risk or 2 * mid < 1", [15_360, 15_360, 15_360, 15_360, 15_360, 3_200]),
    ],
)
def test_rows_are_answered_in_blocks_smaller_if_there_are_numbers_to_work_out(
    when: str, blocks: list[int]
) -> None:
    column = watched(np.zeros(80_000))

    plan(ONE_RULE.replace("WHEN", when)).answer(
        {"neg_risk": column, "mid": np.zeros(80_000)}, 80_000
    )

    assert column.asked == blocks


def test_the_source_of_a_plan_is_a_program_from_its_first_line_on() -> None:
    assert plan().source.startswith("def universe(columns, n):\n")
