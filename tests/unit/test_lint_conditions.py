import pytest

from polyrules.errors import Severity
from tests.lint_files import BASE, found, messages, rule, rules, whole


def of_when(when: str, code: str = "PL001", more: str = "") -> list[str]:
    return messages(found(f"{more}rules:\n{rule(when)}", code))


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("best_ask > 1", "best_ask > 1 is never TRUE: best_ask is in [0.0001, 0.9999]"),
        (
            "best_ask < 1",
            "best_ask < 1 is never FALSE: best_ask is in [0.0001, 0.9999]",
        ),
        (
            "spread <= 0.02 and volume_24h < 0",
            "volume_24h < 0 is never TRUE: volume_24h is 0 or more",
        ),
        (
            "hour_of_day == 24 or spread <= 0.02",
            "hour_of_day == 24 is never TRUE: hour_of_day is in [0, 23]",
        ),
        (
            "between(mid, 0, 1)",
            "between(mid, 0, 1) is never FALSE: mid is in [0.0001, 0.9999]",
        ),
        (
            "not last_trade_age > 2000000",
            "last_trade_age > 2000000 is never TRUE: last_trade_age is in [0, 1e+06]",
        ),
        (
            "abs(price - mid) >= 0",
            "abs(price - mid) >= 0 is never FALSE: abs(price - mid) is in [0, 0.9999]",
        ),
        (
            "fee(best_ask, fee_rate) > 0.3",
            (
                "fee(best_ask, fee_rate) > 0.3 is never TRUE:"
                " fee(best_ask, fee_rate) is in [0, 0.25]"
            ),
        ),
        (
            "(mid if mid > 0.5 else 0.5) < 0.5",
            (
                "(mid if mid > 0.5 else 0.5) < 0.5 is never TRUE:"
                " mid if mid > 0.5 else 0.5 is in [0.5, 0.9999]"
            ),
        ),
    ],
)
def test_a_condition_that_is_the_same_on_every_row_is_told_with_the_range(
    when: str, message: str
) -> None:
    assert of_when(when) == [message]


@pytest.mark.parametrize(
    "when",
    [
        "best_ask > 0.5",
        "hours_to_close < -1",
        "known(best_ask)",
        "coalesce(volume_24h, 5) > 1",
        "category == 'sports'",
        "category in ('sports', 'crypto')",
        "accepting_orders == True",
        "spread > 0 and spread < 0.02",
        "best_bid > best_ask",
        "price_change_1d < 0",
        "position_shares == 0",
        "book_imbalance > -0.9",
        "max(hours_to_close, 6) > 7",
    ],
)
def test_a_condition_that_can_go_either_way_is_left_alone(when: str) -> None:
    assert of_when(when) == []


def test_a_condition_that_only_asks_whether_a_number_is_there_says_known() -> None:
    (problem,) = found(f"rules:\n{rule('spread >= 0')}", "PL001")

    assert problem.help.endswith("write known(spread)")
    assert problem.severity is Severity.WARNING
    assert (problem.line, problem.column) == (11, 12)


def test_parts_that_exclude_each_other_are_told() -> None:
    assert of_when("price > 0.9 and price < 0.8") == [
        'rule "enter" can never be TRUE: its parts contradict each other'
    ]
    assert of_when("price > 0.9 and price <= 0.9") == [
        'rule "enter" can never be TRUE: its parts contradict each other'
    ]
    assert of_when("price >= 0.9 and price <= 0.9") == []
    assert of_when("category == 'sports' and category != 'sports'") == [
        'rule "enter" can never be TRUE: its parts contradict each other'
    ]
    assert of_when("accepting_orders and not accepting_orders") == [
        'rule "enter" can never be TRUE: its parts contradict each other'
    ]


def test_a_rule_that_the_universe_excludes_is_told() -> None:
    universe = "universe: {each: market, where: price < 0.5}\n"

    assert of_when("price > 0.6", more=universe) == [
        (
            'rule "enter" can never be TRUE where universe and guards hold:'
            " price is in [0, 0.5]"
        )
    ]
    assert of_when("price > 0.4", more=universe) == []


def test_a_guard_that_the_universe_excludes_is_told() -> None:
    text = (
        "universe: {each: market, where: price < 0.5}\n"
        "guards:\n  - {id: high, when: price > 0.6}"
    )

    assert messages(found(text, "PL001")) == [
        'guard "high" can never be TRUE where universe holds: price is in [0, 0.5]'
    ]


def test_a_let_is_looked_through() -> None:
    lets = "let:\n  gap: abs(best_ask - best_bid)\n  calm: gap < 0.02\n"

    assert of_when("calm and gap > 0.05", more=lets) == [
        'rule "enter" can never be TRUE: its parts contradict each other'
    ]
    assert of_when("calm and gap > 0.01", more=lets) == []


def test_what_is_looked_back_at_was_outside_the_universe_at_times() -> None:
    text = (
        "universe: {each: market, where: price > 0.9}\n"
        "let: {before: 'lag(price, minutes(5))'}\n"
    )

    assert of_when("before < 0.5", more=text) == []


def test_a_param_may_be_anything_in_its_range() -> None:
    params = "params: {{least: {{type: prob, default: 1, min: {}, max: 1}}}}\n"

    assert of_when("best_ask > least", more=params.format(0.2)) == []
    (message,) = of_when("best_ask > least", more=params.format(0.9999))
    assert message == (
        "best_ask > least is never TRUE: best_ask is in [0.0001, 0.9999], least is in"
        " [0.9999, 1]"
    )


def test_an_exit_is_asked_outside_of_the_universe() -> None:
    text = (
        "universe: {each: market, where: price > 0.9}\n"
        "exits:\n  - {id: turned, when: price < 0.5}"
    )

    assert found(text, "PL001") == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("spread <= 0.02", "spread <= 0.02 and price > 0.5"),
        ("spread <= 0.02", "price > 0.5 and  0.02>=spread"),
        ("spread <= 0.05", "spread <= 0.02"),
        ("price > 0.2", "0.3 < price < 0.4"),
        ("price > 0.2 and price < 0.6", "between(price, 0.3, 0.4)"),
        ("spread <= 0.05 or price > 0.5", "spread <= 0.02"),
        ("not price < 0.3", "price == 0.4"),
        ("category != 'crypto'", "category == 'sports'"),
        ("category in ('sports', 'crypto')", "category == 'sports' and price > 0.5"),
        ("abs(mid - price) < 0.5", "abs(mid - price) < 0.2 and spread < 0.1"),
        ("known(price)", "price > 0.2"),
        ("coalesce(spread, 1) <= 0.05", "spread <= 0.02"),
    ],
)
def test_a_rule_behind_a_wider_one_is_never_reached(first: str, second: str) -> None:
    (message,) = messages(found(rules(first, second), "PL002"))

    assert message == (
        'rule "two" is never reached: wherever it is TRUE, rule "one" has decided'
        " before it"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("spread <= 0.02", "spread <= 0.05"),
        ("spread <= 0.02", "price > 0.5"),
        ("spread <= 0.02 and price > 0.5", "spread <= 0.02"),
        # where the first is UNKNOWN, the second is still asked
        ("spread >= 0", "price > 0.5"),
        ("spread <= 0.05 or price > 0.5", "coalesce(spread, 0) <= 0.02"),
        ("mid > 0.2", "price > 0.3"),
        ("category == 'crypto'", "category != 'sports'"),
    ],
)
def test_a_rule_that_is_still_asked_is_left_alone(first: str, second: str) -> None:
    assert found(rules(first, second), "PL002") == []


def test_priority_is_what_counts_not_the_order_of_the_file() -> None:
    text = rules("spread <= 0.05", "spread <= 0.02") + "    priority: 5\n"

    assert found(text, "PL002") == []


def test_two_params_of_one_default_are_not_the_same() -> None:
    params = (
        "params:\n"
        "  a: {type: prob, default: 0.5, min: 0.1, max: 0.9}\n"
        "  b: {type: prob, default: 0.5, min: 0.1, max: 0.9}\n"
    )

    assert found(params + rules("price > a", "price > b"), "PL002") == []
    same = found(params + rules("price > a", "price > a and mid > b"), "PL002")
    assert len(same) == 1


def test_a_veto_that_blocks_the_unknown_hides_what_is_behind_it() -> None:
    veto = '  - id: veto\n    when: "spread >= 0"\n    then: {action: none}\n'
    text = f"rules:\n{veto}{rule('price > 0.5')}"

    assert [p.line for p in found(text, "PL002")] == [13]


def test_the_base_of_these_tests_is_clean() -> None:
    assert whole("") == BASE + "\n" or whole("").strip() == BASE.strip()
    assert found("x-note: nothing", "PL001") == []


UNIQUE = "hit_policy: unique\n"


def test_rules_of_unique_of_which_one_holds_the_other_are_told() -> None:
    (message,) = messages(found(UNIQUE + rules("price > 0.5", "price > 0.7"), "PL003"))

    assert message == (
        'rule "one" is TRUE wherever rule "two" is: under hit_policy: unique neither'
        " of them trades there"
    )
    assert found(rules("price > 0.5", "price > 0.7"), "PL003") == []


def test_rules_of_unique_that_overlap_are_told_with_a_row() -> None:
    text = UNIQUE + rules("best_ask > 0.5", "volume_24h > 1000")

    (problem,) = found(text, "PL003")

    assert problem.severity is Severity.WARNING
    assert problem.message == (
        'rules "one" and "two" can both be TRUE, e.g. where best_ask = 0.74995,'
        " volume_24h = 5500"
    )


def test_features_of_one_book_are_tied_so_that_a_row_is_for_information() -> None:
    text = UNIQUE + rules("spread > 0.05", "best_ask - best_bid < 0.02")

    (problem,) = found(text, "PL003")

    assert problem.severity is Severity.INFO


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("price > 0.5", "price < 0.3"),
        ("price > 0.5", "price <= 0.5"),
        ("category == 'sports'", "category in ('crypto', 'tech')"),
        ("accepting_orders and neg_risk", "not neg_risk"),
    ],
)
def test_rules_of_unique_that_exclude_each_other_are_left_alone(
    first: str, second: str
) -> None:
    assert found(UNIQUE + rules(first, second), "PL003") == []


IN_THE_MIDDLE = 'universe: {each: market, where: "between(mid, 0.15, 0.6)"}\n'


def test_prices_of_one_book_are_made_to_agree_before_a_row_is_shown() -> None:
    both = rules("best_ask < 0.4 and liquidity > 5", "best_ask < 0.45 and mid > 0.2")

    (problem,) = found(IN_THE_MIDDLE + UNIQUE + both, "PL003")

    assert problem.severity is Severity.WARNING
    assert problem.message.startswith('rules "one" and "two" can both be TRUE, e.g.')


def test_what_a_book_cannot_have_is_for_information() -> None:
    both = rules("best_ask < 0.3 and volume_24h > 5", "mid > 0.4 and volume_24h > 3")

    (problem,) = found(IN_THE_MIDDLE + UNIQUE + both, "PL003")

    assert problem.severity is Severity.INFO


def test_numbers_computed_from_others_that_are_read_are_for_information() -> None:
    both = rules("book_imbalance > 0.2", "bid_size > 10 and ask_size > 2000")

    (problem,) = found(UNIQUE + both, "PL003")

    assert problem.severity is Severity.INFO


def test_a_rule_behind_a_veto_that_always_holds_there_is_not_to_be_put_first() -> None:
    veto = "  - {id: wide, when: best_ask > 0.5, then: {action: none}}\n"
    text = f"rules:\n{veto}{rule('best_ask > 0.9')}"

    (problem,) = found(text, "PL002")

    assert problem.message == (
        'rule "enter" is never reached: wherever it is TRUE, rule "wide" has kept from'
        " it before it"
    )
    assert problem.help == 'mend the condition of "wide": is a comparison turned round?'


def test_parts_that_contradict_each_other_may_have_been_meant_as_or() -> None:
    (problem,) = found(rules("hour_of_day >= 22 and hour_of_day < 6"), "PL001")

    assert problem.help == (
        'mend one of the numbers; if either may hold, write "or" between them'
    )
