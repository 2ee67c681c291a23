from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.money import (
    Side,
    cost,
    from_micros,
    limit_price,
    shares_for,
    snap,
    to_micros,
)

ticks = st.sampled_from(
    [Decimal(t) for t in ("0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001")]
)
inside = st.floats(min_value=0.1, max_value=0.9)


@given(wanted=inside, tick=ticks)
def test_a_buy_never_pays_more_than_advised(wanted: float, tick: Decimal) -> None:
    price = limit_price(wanted, tick, Side.BUY)

    assert price <= Decimal(str(snap(wanted))) < price + tick
    assert price % tick == 0


@given(wanted=inside, tick=ticks)
def test_a_sell_is_the_mirror_of_a_buy(wanted: float, tick: Decimal) -> None:
    sell = limit_price(wanted, tick, Side.SELL)
    buy = limit_price(wanted, tick, Side.BUY)

    assert sell - buy in (0, tick)


@given(
    budget=st.decimals(min_value=1, max_value=10_000, places=6),
    price=st.decimals(min_value="0.0001", max_value="0.9999", places=4),
)
def test_a_budget_is_never_overspent(budget: Decimal, price: Decimal) -> None:
    assert cost(price, shares_for(budget, price)) <= budget


@given(micros=st.integers(-(10**15), 10**15))
def test_micro_units_survive_the_way_through_decimal(micros: int) -> None:
    assert to_micros(from_micros(micros)) == micros


@given(value=st.floats(allow_nan=False))
def test_snapping_twice_is_snapping_once(value: float) -> None:
    assert snap(snap(value)) == snap(value)
