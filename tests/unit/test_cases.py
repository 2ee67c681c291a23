import pytest

from polyrules.language.evaluators.cases import CaseResult, Part, run_cases
from polyrules.language.evaluators.verdicts import Mismatch
from polyrules.language.load import load

STRATEGY = """\
polyrules: 1
strategy: {id: example, version: 1.0.0}
params:
  calm: {type: prob, default: 0.05, min: 0, max: 1}
universe: {each: market, where: accepting_orders}
let:
  moved: mid - lag(mid, minutes(5))
  wide: spread > 0.02
guards:
  - {id: early, when: hours_to_close > 1}
rules:
  - id: doubt
    when: volume_1h > 10000 and category in ('crypto', 'tech')
    then: {action: none}
  - id: enter
    when: abs(moved) < calm and (not wide and between(best_ask, 0.9, 0.98))
    then: {action: buy, token: no_token, price: best_ask - 0.01}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
tests:
  - name: a case
    given: {given}
    expect: {expect}
"""
GIVEN = {
    "accepting_orders": "true",
    "hours_to_close": "24",
    "volume_1h": "50",
    "category": "sports",
    "moved": "0.01",
    "spread": "0.01",
    "best_ask": "0.95",
}


def run(expect: str, **changes: str) -> CaseResult:
    values = {name: value for name, value in (GIVEN | changes).items() if value}
    given = ", ".join(f"{name}: {value}" for name, value in values.items())
    text = STRATEGY.replace("{given}", f"{{{given}}}")
    (result,) = run_cases(load(text.replace("{expect}", expect), path="x.yaml"))
    return result


@pytest.mark.parametrize(
    ("expect", "changes"),
    [
        ("{fires: enter}", {}),
        ("{fires: enter, action: buy, token: no_token, price: 0.94}", {}),
        ("{price: 0.9400000001}", {}),
        ("{unknown: []}", {}),
        ("{fires: none, action: none}", {"moved": "0.06"}),
        ("{fires: none, unknown: [moved]}", {"moved": ""}),
        ("{fires: none, unknown: [moved]}", {"moved": "missing"}),
        ("{unknown: [best_ask, spread]}", {"spread": "", "best_ask": ""}),
        ("{fires: none, blocked_by: universe}", {"accepting_orders": "false"}),
        (
            "{blocked_by: universe, unknown: [accepting_orders]}",
            {"accepting_orders": ""},
        ),
        ("{guard: early, blocked_by: early}", {"hours_to_close": "0.5"}),
        ("{guard: early, unknown: [hours_to_close]}", {"hours_to_close": "null"}),
        (
            "{fires: doubt, action: none, blocked_by: doubt}",
            {"volume_1h": "20000", "category": "tech"},
        ),
        (
            "{fires: none, blocked_by: doubt}",
            {"volume_1h": "20000", "category": "tech"},
        ),
        (
            "{fires: doubt, unknown: [volume_1h]}",
            {"volume_1h": "", "category": "tech"},
        ),
    ],
)
def test_a_case_passes_when_all_it_expects_came(
    expect: str, changes: dict[str, str]
) -> None:
    result = run(expect, **changes)

    assert result.mismatches == ()
    assert result.passed
    assert result.tables == ()


@pytest.mark.parametrize(
    ("expect", "changes", "mismatch"),
    [
        ("{fires: none}", {}, ("fires", "none", "enter")),
        ("{fires: doubt}", {}, ("fires", "doubt", "enter")),
        ("{fires: enter}", {"moved": ""}, ("fires", "enter", "none")),
        ("{action: sell}", {}, ("action", "sell", "buy")),
        ("{token: yes_token}", {}, ("token", "yes_token", "no_token")),
        ("{token: yes_token}", {"moved": ""}, ("token", "yes_token", "none")),
        ("{price: 0.941}", {}, ("price", "0.941", "0.94")),
        ("{price: 0.941}", {"moved": "0.9"}, ("price", "0.941", "none")),
        ("{guard: early}", {}, ("guard", "early", "none")),
        ("{blocked_by: universe}", {}, ("blocked_by", "universe", "none")),
        ("{unknown: [spread]}", {}, ("unknown", "spread", "none")),
        ("{unknown: [spread]}", {"moved": ""}, ("unknown", "spread", "moved")),
        ("{unknown: []}", {"moved": ""}, ("unknown", "none", "moved")),
    ],
)
def test_a_mismatch_says_what_was_expected_and_what_came(
    expect: str, changes: dict[str, str], mismatch: tuple[str, str, str]
) -> None:
    result = run(expect, **changes)

    key, expected, got = mismatch
    assert result.mismatches == (Mismatch(key=key, expected=expected, got=got),)
    assert not result.passed


def test_a_failure_shows_every_part_of_the_condition_it_hangs_on() -> None:
    result = run("{fires: enter}", moved="", spread="0.03", best_ask="0.99")

    (table,) = result.tables
    assert (table.title, table.truth) == ("rule enter.when", "FALSE")
    assert table.parts == (
        Part(
            text="abs(moved) < calm",
            values="missing < 0.05",
            truth="UNKNOWN",
            missing=("moved",),
        ),
        Part(text="not wide", values="wide=TRUE", truth="FALSE"),
        Part(
            text="between(best_ask, 0.9, 0.98)",
            values="between(0.99, 0.9, 0.98)",
            truth="FALSE",
        ),
    )


def test_words_and_choices_are_shown_as_they_are() -> None:
    result = run("{fires: doubt}", volume_1h="20000")

    doubt = result.tables[0]
    assert doubt.title == "rule doubt.when"
    assert [(part.text, part.values, part.truth) for part in doubt.parts] == [
        ("volume_1h > 10000", "20000 > 10000", "TRUE"),
        ("category in ('crypto', 'tech')", "sports in (crypto, tech)", "FALSE"),
    ]


@pytest.mark.parametrize(
    ("changes", "titles"),
    [
        ({"accepting_orders": "false"}, ["universe", "rule enter.when"]),
        ({"hours_to_close": "0"}, ["guard early", "rule enter.when"]),
        ({"moved": "1"}, ["rule enter.when"]),
        (
            {"volume_1h": "20000", "category": "tech"},
            ["rule doubt.when", "rule enter.when"],
        ),
    ],
)
def test_what_blocked_is_shown_before_what_was_expected(
    changes: dict[str, str], titles: list[str]
) -> None:
    result = run("{fires: enter}", **changes)

    assert [table.title for table in result.tables] == titles


def test_a_condition_of_one_name_needs_no_values() -> None:
    result = run("{guard: early}", accepting_orders="false")

    assert result.tables[0].parts == (
        Part(text="accepting_orders", values="", truth="FALSE"),
    )


def test_without_a_rule_in_question_all_rules_are_shown() -> None:
    result = run("{unknown: []}", moved="")

    assert [table.title for table in result.tables] == [
        "rule doubt.when",
        "rule enter.when",
    ]


def test_cases_run_in_the_order_of_the_file_and_know_their_lines() -> None:
    text = STRATEGY.replace("{given}", "{moved: 0.1}").replace(
        "{expect}", "{fires: none}"
    )
    two = text + "  - {name: another, given: {moved: 0.2}, expect: {fires: enter}}\n"

    results = run_cases(load(two, path="x.yaml"))

    assert [(r.case.name, r.case.line, r.passed) for r in results] == [
        ("a case", 21, True),
        ("another", 24, False),
    ]
