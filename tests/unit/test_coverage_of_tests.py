"""What the tests of a strategy see of it."""

from collections.abc import Mapping

from polyrules.documents.source import read_yaml
from polyrules.language.load import load
from polyrules.language.strategy import Strategy
from polyrules.language.testing.coverage import Condition, coverage
from polyrules.language.testing.suite import open_suite

STRATEGY = """\
polyrules: 1
strategy: {id: example, version: 1.0.0}
universe: {each: market, where: accepting_orders}
guards:
  - {id: early, when: hours_to_close > 1}
rules:
  - id: doubt
    when: coalesce(volume_1h, 0) > 10000
    then: {action: none}
  - id: enter
    when: spread < 0.02 and best_ask > 0.9
    then: {action: buy, token: yes_token, price: best_ask}
sizing: {method: fixed, amount: 20 USD}
exits:
  - {id: back, when: mid < 0.5}
  - {id: stop, stop_loss: 0.1}
schedule: {every: 5s}
tests:
"""


def covered(*cases: str) -> dict[str, Condition]:
    text = STRATEGY + "".join(f"  - {{name: x, {case}}}\n" for case in cases)

    def loads(settings: Mapping[str, str]) -> Strategy:
        return load(text, path="x.yaml", settings=settings)

    suite = open_suite(read_yaml(text, "x.yaml"), loads)
    found = coverage(suite.strategy, suite.trials)
    return {condition.title: condition for condition in found.conditions}


def test_a_condition_counts_only_where_it_was_asked() -> None:
    found = covered(
        "given: {accepting_orders: false}, expect: {fires: none}",
        "given: {accepting_orders: true}, expect: {guard: early}",
        "given: {accepting_orders: true, hours_to_close: 2, volume_1h: 20000},"
        " expect: {fires: doubt}",
        "given: {accepting_orders: true, hours_to_close: 2, spread: 0.03,"
        " best_ask: 0.95}, expect: {fires: none}",
    )

    seen = {title: (c.true, c.false, c.unknown) for title, c in found.items()}
    assert seen == {
        "universe": (3, 1, 0),
        "guard early": (2, 0, 1),
        "rule doubt": (1, 1, 0),
        "rule enter": (0, 1, 0),
        "exit back": (0, 0, 0),
    }


def test_a_part_decides_when_it_alone_is_in_the_way() -> None:
    start = "given: {accepting_orders: true, hours_to_close: 2,"

    both = covered(f"{start} spread: 0.03, best_ask: 0.5}}, expect: {{fires: none}}")
    one = covered(f"{start} spread: 0.03, best_ask: 0.95}}, expect: {{fires: none}}")
    unknown = covered(f"{start} spread: 0.01}}, expect: {{fires: none}}")

    assert both["rule enter"].never_decided == ("spread < 0.02", "best_ask > 0.9")
    assert one["rule enter"].never_decided == ("best_ask > 0.9",)
    assert unknown["rule enter"].never_decided == ("spread < 0.02",)


def test_what_can_never_be_unknown_need_not_be_seen_so() -> None:
    found = covered("given: {}, expect: {fires: none}")

    assert not found["rule doubt"].can_be_unknown
    assert found["rule doubt"].total == 3
    assert found["rule enter"].can_be_unknown
    assert found["rule enter"].total == 5


def test_exits_are_asked_by_tests_that_expect_one() -> None:
    found = covered(
        "given: {mid: 0.4}, expect: {exit: back}",
        "given: {mid: 0.6}, expect: {exit: none}",
        "given: {mid: 0.3}, expect: {fires: none}",
    )

    back = found["exit back"]
    assert (back.true, back.false, back.unknown) == (1, 1, 0)
    assert back.seen == 3
    assert "exit stop" not in found
