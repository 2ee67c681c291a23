"""What a portfolio makes of fills and settlements."""

from decimal import Decimal

import pytest

from polyrules.domain.events import Filled, Settled
from polyrules.domain.ids import ClientOrderId, MarketId, TokenId
from polyrules.domain.money import Price, Shares, Side, Usd
from polyrules.domain.portfolio import Portfolio, Position
from polyrules.errors import InvariantError
from tests.builders import HOUR, NOON, at

YES = TokenId("m:yes")
TODAY = NOON // (24 * HOUR)


def fill(
    side: Side, price: str, size: str, *, fee: str = "0", seconds: float = 0
) -> Filled:
    return Filled(
        at=at(seconds),
        client_order_id=ClientOrderId("c"),
        market=MarketId("m"),
        token=YES,
        side=side,
        price=Price(Decimal(price)),
        size=Shares(Decimal(size)),
        fee=Usd(Decimal(fee)),
        maker=False,
    )


def settled(size: str, payout: str) -> Settled:
    return Settled(
        at=at(60),
        market=MarketId("m"),
        token=YES,
        size=Shares(Decimal(size)),
        payout=Decimal(payout),
    )


@pytest.fixture
def portfolio() -> Portfolio:
    return Portfolio(Usd(Decimal(100)))


def test_a_buy_turns_cash_into_a_position_at_cost(portfolio: Portfolio) -> None:
    portfolio.apply(fill(Side.BUY, "0.40", "50", seconds=3))

    assert portfolio.cash == Decimal(80)
    assert portfolio.positions[YES] == Position(
        market=MarketId("m"),
        token=YES,
        shares=Decimal(50),
        cost=Decimal(20),
        opened_at=at(3),
    )
    assert portfolio.realised == 0


def test_a_fee_is_lost_at_once_and_no_part_of_the_cost(portfolio: Portfolio) -> None:
    portfolio.apply(fill(Side.BUY, "0.40", "50", fee="0.84"))

    assert portfolio.cash == Decimal("79.16")
    assert portfolio.positions[YES].cost == Decimal(20)
    assert portfolio.realised == Decimal("-0.84")
    assert portfolio.fees == Decimal("0.84")


def test_a_sale_takes_cost_out_at_its_average(portfolio: Portfolio) -> None:
    portfolio.apply(fill(Side.BUY, "0.40", "50"))
    portfolio.apply(fill(Side.BUY, "0.60", "50"))

    portfolio.apply(fill(Side.SELL, "0.70", "40"))

    assert portfolio.positions[YES].shares == Decimal(60)
    assert portfolio.positions[YES].cost == Decimal(30)
    assert portfolio.realised == Decimal(8)
    assert portfolio.cash == Decimal(78)


def test_a_position_sold_whole_is_gone(portfolio: Portfolio) -> None:
    portfolio.apply(fill(Side.BUY, "0.40", "50"))

    portfolio.apply(fill(Side.SELL, "0.30", "50"))

    assert portfolio.positions == {}
    assert portfolio.realised == Decimal(-5)


def test_the_opening_time_is_that_of_the_first_buy(portfolio: Portfolio) -> None:
    portfolio.apply(fill(Side.BUY, "0.40", "50", seconds=1))
    portfolio.apply(fill(Side.BUY, "0.40", "50", seconds=9))
    portfolio.apply(fill(Side.SELL, "0.40", "60", seconds=12))

    assert portfolio.positions[YES].opened_at == at(1)


def test_a_position_bought_again_is_opened_again(portfolio: Portfolio) -> None:
    portfolio.apply(fill(Side.BUY, "0.40", "50", seconds=1))
    portfolio.apply(fill(Side.SELL, "0.40", "50", seconds=2))

    portfolio.apply(fill(Side.BUY, "0.40", "5", seconds=7))

    assert portfolio.positions[YES].opened_at == at(7)


@pytest.mark.parametrize(
    ("payout", "cash", "realised"),
    [("1", "130", "30"), ("0", "80", "-20"), ("0.5", "105", "5")],
)
def test_a_settlement_pays_out_and_closes(
    portfolio: Portfolio, payout: str, cash: str, realised: str
) -> None:
    portfolio.apply(fill(Side.BUY, "0.40", "50"))

    portfolio.apply(settled("50", payout))

    assert portfolio.positions == {}
    assert portfolio.cash == Decimal(cash)
    assert portfolio.realised == Decimal(realised)


def test_more_than_is_held_cannot_be_sold(portfolio: Portfolio) -> None:
    portfolio.apply(fill(Side.BUY, "0.40", "50"))

    with pytest.raises(InvariantError, match=r"51 shares of m:yes .* portfolio of 50"):
        portfolio.apply(fill(Side.SELL, "0.40", "51"))


def test_what_was_never_held_cannot_be_settled(portfolio: Portfolio) -> None:
    with pytest.raises(InvariantError, match=r"1 shares of m:yes .* portfolio of 0"):
        portfolio.apply(settled("1", "1"))


def test_volume_counts_what_was_bought_on_that_day(portfolio: Portfolio) -> None:
    portfolio.apply(fill(Side.BUY, "0.40", "50", fee="1"))
    portfolio.apply(fill(Side.SELL, "0.50", "50"))
    portfolio.apply(fill(Side.BUY, "0.10", "10", seconds=24 * 3600))

    assert portfolio.volume_on(TODAY) == Decimal(20)
    assert portfolio.volume_on(TODAY + 1) == Decimal(1)
    assert portfolio.volume_on(TODAY + 2) == 0


def test_equity_is_cash_and_positions_at_their_marks(portfolio: Portfolio) -> None:
    portfolio.apply(fill(Side.BUY, "0.40", "50"))

    assert portfolio.equity({YES: Decimal("0.30")}) == Decimal(95)
    assert portfolio.equity({}) == Decimal(80)
