"""What holds for every history of fills a portfolio could have."""

from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import Filled, Settled
from polyrules.domain.ids import ClientOrderId, MarketId, TokenId
from polyrules.domain.money import ONE, ZERO, Price, Shares, Side, Usd, from_micros
from polyrules.domain.portfolio import Portfolio
from tests.builders import at

CASH = Usd(Decimal(1_000_000))
TOKENS = ("m:yes", "m:no", "n:yes")

prices = st.integers(1, 9_999).map(lambda n: from_micros(n * 100))
sizes = st.integers(1, 500_000_000).map(from_micros)
fees = st.integers(0, 500_000).map(lambda n: from_micros(n * 10))


def fill(
    token: str, side: Side, price: Decimal, size: Decimal, fee: Decimal = ZERO
) -> Filled:
    return Filled(
        at=at(0),
        client_order_id=ClientOrderId("c"),
        market=MarketId(token.partition(":")[0]),
        token=TokenId(token),
        side=side,
        price=Price(price),
        size=Shares(size),
        fee=Usd(fee),
        maker=False,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Filled | Settled]:
    """Buys, partial and whole sales and settlements that a venue could report."""
    held = dict.fromkeys(TOKENS, ZERO)
    happened: list[Filled | Settled] = []
    for _ in range(draw(st.integers(1, 25))):
        token = draw(st.sampled_from(TOKENS))
        kind = draw(st.sampled_from(["buy", "sell", "settle"]))
        if kind == "buy" or not held[token]:
            size = draw(sizes)
            held[token] += size
            bought = fill(token, Side.BUY, draw(prices), size, draw(fees))
            happened.append(bought)
        elif kind == "sell":
            part = draw(st.integers(1, int(held[token] * ONE)))
            size = from_micros(part)
            held[token] -= size
            happened.append(fill(token, Side.SELL, draw(prices), size, draw(fees)))
        else:
            happened.append(
                Settled(
                    at=at(0),
                    market=MarketId(token.partition(":")[0]),
                    token=TokenId(token),
                    size=Shares(held[token]),
                    payout=draw(st.sampled_from([ZERO, Decimal("0.5"), Decimal(1)])),
                )
            )
            held[token] = ZERO
    return happened


def played(happened: list[Filled | Settled]) -> Portfolio:
    portfolio = Portfolio(CASH)
    for event in happened:
        portfolio.apply(event)
    return portfolio


def cost_basis(portfolio: Portfolio) -> Decimal:
    return sum((p.cost for p in portfolio.positions.values()), ZERO)


@given(happened=histories())
def test_cash_and_cost_always_are_the_start_and_what_was_realised(
    happened: list[Filled | Settled],
) -> None:
    portfolio = Portfolio(CASH)

    for event in happened:
        portfolio.apply(event)
        assert portfolio.cash + cost_basis(portfolio) == CASH + portfolio.realised


@given(happened=histories())
def test_a_position_is_never_empty_and_its_cost_never_negative(
    happened: list[Filled | Settled],
) -> None:
    portfolio = played(happened)

    assert all(p.shares > 0 for p in portfolio.positions.values())
    assert all(p.cost >= 0 for p in portfolio.positions.values())


@given(happened=histories())
def test_the_same_history_gives_the_same_portfolio_to_the_last_digit(
    happened: list[Filled | Settled],
) -> None:
    first, second = played(happened), played(happened)

    assert first.positions == second.positions
    assert (str(first.cash), str(first.realised)) == (
        str(second.cash),
        str(second.realised),
    )


@given(
    buys=st.lists(st.tuples(st.sampled_from(TOKENS), prices, sizes, fees), min_size=1),
    shuffle=st.randoms(use_true_random=False),
)
def test_the_order_of_buys_does_not_matter(
    buys: list[tuple[str, Decimal, Decimal, Decimal]], shuffle: Random
) -> None:
    happened = [fill(token, Side.BUY, p, s, fee) for token, p, s, fee in buys]
    mixed = list(happened)
    shuffle.shuffle(mixed)

    one, other = played([*happened]), played([*mixed])

    assert one.positions == other.positions
    assert (one.cash, one.fees) == (other.cash, other.fees)


@given(price=prices, size=sizes)
def test_bought_and_sold_at_one_price_changes_nothing(
    price: Decimal, size: Decimal
) -> None:
    portfolio = played(
        [
            fill("m:yes", Side.BUY, price, size),
            fill("m:yes", Side.SELL, price, size),
        ]
    )

    assert portfolio.cash == CASH
    assert portfolio.realised == 0
    assert portfolio.positions == {}


@given(price=prices, size=sizes, parts=st.lists(st.integers(1, 100), max_size=6))
def test_selling_in_parts_realises_what_selling_at_once_does(
    price: Decimal, size: Decimal, parts: list[int]
) -> None:
    bought = fill("m:yes", Side.BUY, Decimal("0.3"), size)
    at_once = played([bought, fill("m:yes", Side.SELL, price, size)])
    portfolio, left = played([bought]), size

    for part in parts:
        sold = min(from_micros(part * 10_000), left)
        if sold:
            portfolio.apply(fill("m:yes", Side.SELL, price, sold))
            left -= sold
    if left:
        portfolio.apply(fill("m:yes", Side.SELL, price, left))

    assert portfolio.realised == at_once.realised
    assert portfolio.cash == at_once.cash
