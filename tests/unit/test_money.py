from decimal import Decimal

import pytest

from polyrules.domain.money import (
    Side,
    cost,
    from_micros,
    limit_price,
    shares_for,
    snap,
    taker_fee,
    to_micros,
)


@pytest.mark.parametrize(
    ("wanted", "tick", "side", "price"),
    [
        (0.949, "0.001", Side.BUY, "0.949"),
        (0.29999999999999998, "0.01", Side.BUY, "0.30"),
        (0.1 + 0.2, "0.01", Side.SELL, "0.30"),
        (0.5049, "0.01", Side.BUY, "0.50"),
        (0.5001, "0.01", Side.SELL, "0.51"),
        (0.5012, "0.0025", Side.BUY, "0.5000"),
        (0.5012, "0.0025", Side.SELL, "0.5025"),
    ],
)
def test_a_limit_price_rounds_away_from_the_market(
    wanted: float, tick: str, side: Side, price: str
) -> None:
    assert limit_price(wanted, Decimal(tick), side) == Decimal(price)


@pytest.mark.parametrize("wanted", [float("nan"), float("inf"), 0.001, 0.0, -1.0])
def test_a_buy_without_a_valid_price_below_is_refused(wanted: float) -> None:
    with pytest.raises(ValueError, match=r"price must be finite|no tick of 0.01"):
        limit_price(wanted, Decimal("0.01"), Side.BUY)


def test_an_ask_less_one_tick_is_one_tick_less_for_every_price() -> None:
    tick = Decimal("0.001")
    prices = [Decimal(n) / 1000 for n in range(2, 1000)]

    below = [limit_price(snap(float(p) - 0.001), tick, Side.BUY) for p in prices]

    assert below == [p - tick for p in prices]


def test_micro_units_are_exact_in_both_directions() -> None:
    assert to_micros(Decimal("0.123456")) == 123_456
    assert from_micros(123_456) == Decimal("0.123456")
    assert str(from_micros(100_000_000)) == "100"


@pytest.mark.parametrize("amount", ["0.1234567", "NaN", "Infinity"])
def test_an_amount_that_has_no_micro_units_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match=r"six decimals|finite"):
        to_micros(Decimal(amount))


def test_the_taker_fee_is_the_venues_formula() -> None:
    fee = taker_fee(Decimal("0.50"), Decimal(100), Decimal("0.07"))

    assert fee == Decimal("1.75000")


def test_a_budget_buys_whole_cents_of_shares_and_costs_no_more() -> None:
    size = shares_for(Decimal(10), Decimal("0.93"))

    assert size == Decimal("10.75")
    assert cost(Decimal("0.93"), size) == Decimal("9.997500")
