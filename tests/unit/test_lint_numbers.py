import pytest

from polyrules.errors import Severity
from tests.lint_files import found, messages, rule


def of_when(when: str, code: str, more: str = "") -> list[str]:
    return messages(found(f"{more}rules:\n{rule(when)}", code))


def stating(then: str, code: str, when: str = "spread <= 0.02") -> list[str]:
    return messages(found(f"rules:\n{rule(when, then)}", code))


@pytest.mark.parametrize(
    "when",
    [
        "hours_to_close == 24",
        "volume_24h == 1000",
        "24 != hours_to_close",
        "best_ask * fee_rate == 0.01",
        "best_ask / best_bid == 1",
        "book_imbalance == 0.5",
        "coalesce(volume_24h, 1) == 5",
    ],
)
def test_floats_that_would_have_to_agree_in_every_digit_are_told(when: str) -> None:
    (message,) = of_when(when, "PL005")

    assert "is hardly ever" in message


@pytest.mark.parametrize(
    "when",
    [
        "position_shares == 0",
        "position_cost == 0",
        "volume_1h != 0",
        "last_trade_age == 1000000",
        "trade_count_1h == 3",
        "hour_of_day == 23",
        "best_ask == 0.95",
        "best_ask - best_bid == 0.01",
        "floor_tick(best_ask, tick_size) == best_ask",
        "category == 'sports'",
        "accepting_orders == True",
        "abs(mid) == 0.5",
        "tick_size == 0.01",
    ],
)
def test_what_comes_in_steps_may_be_compared_for_equality(when: str) -> None:
    assert of_when(when, "PL005") == []


def test_a_let_is_looked_through_for_what_it_is_made_of() -> None:
    lets = "let:\n  gap: best_ask - best_bid\n  share: gap / best_ask\n"

    assert of_when("gap == 0.01", "PL005", lets) == []
    assert len(of_when("share == 0.01", "PL005", lets)) == 1


def test_a_divisor_that_may_be_0_is_told_for_information() -> None:
    (problem,) = found("let: {lean: spread / (best_ask - best_bid)}", "PL006")

    assert problem.severity is Severity.INFO
    assert problem.message == (
        "best_ask - best_bid may be 0, and the quotient is missing there"
    )


def test_a_divisor_that_is_always_0_is_a_warning() -> None:
    (problem,) = found("let: {lean: spread / (1 - 1)}", "PL006")

    assert problem.severity is Severity.WARNING
    assert problem.message == "1 - 1 is always 0, and the quotient always missing"


@pytest.mark.parametrize(
    "value",
    [
        "spread / no_best_ask",
        "spread / max(spread, 0.01)",
        "spread / (1 - best_ask)",
        "1 / hours_to_close",
        "spread / (best_ask + best_bid)",
        "volume_1h / volume_24h if volume_24h > 0 else 0",
        "volume_1h / volume_24h if volume_24h != 0 else 0",
        "0 if volume_24h <= 0 else volume_1h / volume_24h",
    ],
)
def test_a_divisor_that_cannot_be_0_or_of_which_nothing_is_known_is_left_alone(
    value: str,
) -> None:
    assert found(f'let: {{share: "{value}"}}', "PL006") == []


def test_a_divisor_is_looked_at_where_its_condition_holds() -> None:
    asked = "volume_24h > 0 and volume_1h / volume_24h > 0.5"

    assert of_when(asked, "PL006") == []
    assert len(of_when("volume_1h / volume_24h > 0.5", "PL006")) == 1


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ("price: best_ask + 0.02", "in [0.0201, 1.0199]"),
        ("price: best_bid - 0.01", "in [-0.0099, 0.9899]"),
        ("price: 'floor_tick(best_ask, 0.1)'", "in [0, 0.9999]"),
        ("price: last_trade_price", "in [0, 1]"),
    ],
)
def test_a_price_that_no_order_can_have_is_told(then: str, told: str) -> None:
    assert stating(then, "PL008") == [f"price may lie outside (0, 1): it is {told}"]


def test_a_price_is_looked_at_where_its_rule_holds() -> None:
    then = "price: best_ask + 0.02"

    assert stating(then, "PL008", "best_ask <= 0.97") == []
    assert stating("price: 'clamp(best_ask + 0.02, 0.01, 0.99)'", "PL008") == []
    assert stating("price: as_prob(hours_to_close / market_age)", "PL008") == []


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ("confidence: best_ask / best_bid", "in [0.00010001, 9999]"),
        ("confidence: book_imbalance", "in [-1, 1]"),
    ],
)
def test_a_confidence_outside_its_range_is_told(then: str, told: str) -> None:
    found_ = stating(f"price: best_ask, {then}", "PL007")

    assert found_ == [f"confidence may lie outside [0, 1]: it is {told}"]


def test_a_confidence_that_is_certainly_too_high_is_told_however_high_it_may_be() -> (
    None
):
    when = "liquidity / volume_24h > 3"
    then = "price: best_ask, confidence: liquidity / volume_24h"

    assert stating(then, "PL007", when) == [
        "confidence is never in [0, 1]: it is 3 or more"
    ]


def test_a_confidence_that_is_held_in_its_range_is_left_alone() -> None:
    held = "price: best_ask, confidence: 'clamp(book_imbalance, 0, 1)'"
    unknown = "price: best_ask, confidence: 'market_age / hours_to_close'"

    assert stating(held, "PL007") == []
    assert stating(unknown, "PL007") == []


@pytest.mark.parametrize(
    "price",
    ["best_bid + tick_size", "best_ask - tick_size", "no_best_bid + tick_size"],
)
def test_a_tick_beside_a_price_of_the_book_is_taken_as_it_is(price: str) -> None:
    assert stating(f"price: {price}", "PL008") == []


@pytest.mark.parametrize(
    "price", ["best_bid + tick_size + tick_size", "best_bid + 2 * tick_size"]
)
def test_two_ticks_beside_it_may_be_too_far(price: str) -> None:
    assert len(stating(f"price: {price}", "PL008")) == 1


@pytest.mark.parametrize(
    ("price", "hint"),
    [
        ("best_bid + 1", "1 is a dollar, and a cent is 0.01: did you mean 0.01?"),
        (
            "spread - best_ask",
            "mend one of the numbers: a price is between 0 and 1 dollar",
        ),
    ],
)
def test_a_price_that_never_is_one_is_an_error(price: str, hint: str) -> None:
    when = "spread <= 0.02 and best_ask > 0.5"

    (problem,) = found(f"rules:\n{rule(when, f'price: {price}')}", "PL008")

    assert problem.severity is Severity.ERROR
    assert "price is never in (0, 1)" in problem.message
    assert problem.help == hint


@pytest.mark.parametrize(("each", "name"), [("event", "event"), ("basket", "basket")])
def test_nothing_paid_is_asked_for_exactly(each: str, name: str) -> None:
    text = f"""\
universe: {{each: {each}}}
rules:
  - id: all
    when: {name}.position_cost == 0
    then: {{action: basket, legs: all_yes, shares: 10, edge: 0.01 * 1}}
"""

    assert found(text, "PL005") == []
    assert len(found(text.replace("== 0", "== 10"), "PL005")) == 1
