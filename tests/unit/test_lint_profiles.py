import pytest

from polyrules.errors import Severity
from polyrules.language.analysis.lints import LINTS, Profile
from polyrules.language.analysis.report import look_at
from tests.lint_files import BASE, found, messages, rule, whole

VETO = "  - id: nervous\n    when: spread > 0.05\n    then: {action: none}\n"
BUY = "then: {action: buy, token: yes_token, price: best_ask"


def test_a_position_without_an_end_is_told() -> None:
    exits = "exits:\n  - {{id: way_out, {}}}"

    assert messages(found("exits: []", "PL009")) == [
        "no exit has a stop_loss or a max_hold: a position may stay for ever"
    ]
    assert len(found(exits.format("when: spread > 0.1"), "PL009")) == 1
    assert len(found(exits.format("take_profit: 0.1"), "PL009")) == 1
    assert found(exits.format("max_hold: 2d"), "PL009") == []


def test_who_only_vetoes_needs_no_exit() -> None:
    assert found(f"rules:\n{VETO}exits: []", "PL009") == []


def test_a_veto_that_is_off_where_it_is_unknown_is_told() -> None:
    soft = VETO.replace("    then", "    on_unknown: skip\n    then")

    (problem,) = found(f"rules:\n{soft}", "PL014")

    assert problem.source == "    on_unknown: skip"
    assert found(f"rules:\n{VETO}", "PL014") == []


def test_kelly_wants_a_cap() -> None:
    rules = f"rules:\n  - id: enter\n    when: spread < 0.1\n    {BUY}, fair: 0.9}}\n"
    kelly = "sizing: {method: kelly, fraction: 0.25"

    assert len(found(f"{rules}{kelly}}}", "PL016")) == 1
    assert found(f"{rules}{kelly}, cap: 25 USD}}", "PL016") == []
    assert found("sizing: {method: fixed, amount: 20 USD}", "PL016") == []


def test_limits_are_wanted_for_safety_and_more_of_them_for_real_money() -> None:
    assert len(found("risk: {}", "PL017")) == 1
    assert messages(found("risk: {max_open: 5}", "PL021")) == [
        "for real money risk lacks max_position"
    ]
    assert messages(found("risk: {max_position: 40 USD}", "PL021")) == [
        "for real money risk lacks one of max_total, max_open or a loss limit"
    ]
    assert found("risk: {max_position: 40 USD, max_daily_loss: 9 USD}", "PL021") == []
    assert found("risk: {max_per_event: 40 USD, max_total: 90 USD}", "PL021") == []


@pytest.mark.parametrize(
    ("description", "count"),
    [
        ("It always wins.", 1),
        ("A close call.", 1),
        ("It loses on news.", 0),
        ("Losses come in rows.", 0),
        ("The risk is a late goal.", 0),
    ],
)
def test_a_description_says_when_it_loses(description: str, count: int) -> None:
    about = f"strategy: {{id: a, version: 1.0.0, description: {description}}}"

    assert len(found(about, "PL018")) == count


def test_a_shared_file_is_licensed_and_should_be_signed() -> None:
    about = "strategy: {id: a, version: 0.0.0, description: It loses.}"

    problems = found(about, "PL019")

    assert [(p.message, p.severity) for p in problems] == [
        ("there is no license: nobody may use it", Severity.WARNING),
        ("nobody signs for it", Severity.INFO),
        ("version 0.0.0 is none", Severity.WARNING),
    ]


def test_a_param_says_what_it_means_and_how_far_it_may_go() -> None:
    params = "params:\n  least: {{type: {}, default: {}}}\n"

    assert messages(found(params.format("prob", "0.5"), "PL020")) == [
        'param "least" has no doc and no min and no max'
    ]
    assert messages(found(params.format("bool", "true"), "PL020")) == [
        'param "least" has no doc'
    ]


def test_a_rule_is_shown_where_it_is_true_where_it_is_not_and_where_unknown() -> None:
    case = "  - name: {0}\n    given: {{accepting_orders: true, {1}best_ask: 0.9}}\n"
    case += "    expect: {{fires: {2}}}\n"
    true = case.format("a", "spread: 0.01, ", "enter")
    false = case.format("b", "spread: 0.05, ", "none")
    unknown = case.format("c", "", "none")

    def told(*cases: str) -> list[str]:
        return messages(found(f"tests:\n{''.join(cases)}", "PL013"))

    assert told(true, false, unknown) == []
    assert told(true, false) == ['rule "enter" has no test where it is UNKNOWN']
    assert told(true) == ['rule "enter" has no test where it is not']
    assert told(false) == ['rule "enter" has no test where it is TRUE']
    assert messages(found("tests: []", "PL013")) == [
        'rule "enter" has no test where it is TRUE and none where it is not'
    ]


@pytest.mark.parametrize(("policy", "told"), [("first", 1), ("best", 0)])
def test_a_rule_behind_one_that_is_true_is_asked_under_best_only(
    policy: str, told: int
) -> None:
    edge = "price: best_ask, edge: 0.99 - best_ask"
    two = rule("spread < 0.1", edge, "one") + rule("price > 0.5", edge, "two")
    case = "  - name: {0}\n    given: {{accepting_orders: true, best_ask: 0.9, {0}}}\n"
    case += "    expect: {{fires: none}}\n"
    cases = [
        "spread: 0.01, price: 0.6",
        "spread: 0.01, price: 0.4",
        "spread: 0.2, price: 0.4",
        "best_bid: 0.5",
    ]
    tests = "".join(
        case.replace("{0}\n", f"case {index}\n", 1).format(each)
        for index, each in enumerate(cases)
    )

    problems = found(f"hit_policy: {policy}\nrules:\n{two}tests:\n{tests}", "PL013")

    assert len(problems) == told


def test_a_row_outside_of_the_universe_tests_no_rule() -> None:
    outside = (
        "tests:\n  - name: closed\n    given: {accepting_orders: false, spread: 1}\n"
    )

    (problem,) = found(f"{outside}    expect: {{fires: none}}", "PL013")

    assert problem.message.endswith("TRUE and none where it is not")


def test_a_file_for_real_money_shows_how_it_fails() -> None:
    known = "tests:\n  - name: a\n    given: {accepting_orders: true, spread: 0.05}\n"

    assert len(found(f"{known}    expect: {{fires: none}}", "PL022")) == 1
    assert found("x-a: 1", "PL022") == []


@pytest.mark.parametrize(
    ("example", "reached"),
    [
        ("x-a: 1", Profile.LIVE),
        ("risk: {max_open: 5}", Profile.SHARED),
        ("strategy: {id: a, version: 1.0.0, license: MIT}", Profile.SAFETY),
        ("exits: []", Profile.BASIC),
        ("let: {half: best_ask / 2}", Profile.MIN),
        ("rules: []", None),
    ],
)
def test_the_profile_that_is_reached_is_the_last_without_a_warning(
    example: str, reached: Profile | None
) -> None:
    assert look_at(whole(example), "a.yaml").reached is reached


def test_a_profile_is_about_what_it_and_those_before_it_ask_for() -> None:
    report = look_at(whole("exits: []\nrisk: {max_open: 5}"), "a.yaml")

    assert [p.code for p in report.asked(Profile.BASIC)] == []
    assert [p.code for p in report.asked(Profile.SAFETY)] == ["PL009"]
    assert [p.code for p in report.asked(Profile.LIVE)] == ["PL009", "PL021"]
    assert report.passes(Profile.BASIC)
    assert not report.passes(Profile.SAFETY)


def test_information_keeps_no_profile_from_being_reached() -> None:
    report = look_at(BASE.replace("  author: {name: Ada Trader}\n", ""), "a.yaml")

    assert [p.severity for p in report.problems] == [Severity.INFO]
    assert report.passes(Profile.LIVE)


def test_what_is_only_known_later_is_an_error_that_says_so() -> None:
    text = BASE.replace("spread <= 0.02", "outcome == 1")

    (problem,) = look_at(text, "a.yaml").problems

    assert (problem.code, problem.severity) == ("PL012", Severity.ERROR)
    assert problem.message.startswith('"outcome" is known only at or after resolution')


def test_no_code_is_listed_twice() -> None:
    codes = [lint.code for lint in LINTS]

    assert sorted(set(codes)) == sorted(codes)
