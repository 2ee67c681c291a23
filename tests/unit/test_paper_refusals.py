"""Which orders the paper exchange rejects, and in which words."""

import pytest

from polyrules.domain.events import (
    MarketChanged,
)
from polyrules.domain.market import Listing
from polyrules.domain.money import Side
from polyrules.domain.orders import (
    PlaceOrder,
    TimeInForce,
)
from tests.builders import (
    HOUR,
    at,
    book,
    listed,
    market,
    resolved,
    tick,
)
from tests.paper_script import BOOK, HELD, OPEN, brief, cancel, order, played, reasons

REFUSALS = {
    "off the tick": (
        order(price="0.505"),
        "order a is invalid. Price (0.505) breaks minimum tick size rule: 0.01",
    ),
    "above the book": (
        order(price="1.00"),
        "order a is invalid. Price (1.00), min: 0.01 - max: 0.99",
    ),
    "at nothing": (
        order(price="0.00"),
        "order a is invalid. Price (0.00), min: 0.01 - max: 0.99",
    ),
    "without a number": (
        order(price="NaN"),
        "order a is invalid. Price (NaN), min: 0.01 - max: 0.99",
    ),
    "too fine": (
        order(size="10.001"),
        "order a is invalid. Size (10.001) has 3 decimal places. Maximum lot size is 2",
    ),
    "of nothing": (
        order(size="0"),
        "order a is invalid. Size (0) lower than the minimum: 0.01",
    ),
    "too small to rest": (
        order(price="0.40", size="4"),
        "order a is invalid. Size (4) lower than the minimum: 5",
    ),
    "under a dollar": (
        order(size="1.5", kind=TimeInForce.FAK),
        "invalid amount for a marketable BUY order ($0.750), min size: $1",
    ),
    "crossing although post-only": (
        order(post_only=True),
        "invalid post-only order: order crosses book",
    ),
    "immediate and post-only": (
        order(post_only=True, kind=TimeInForce.FOK),
        "invalid post-only order: it must be GTC or GTD, was FOK",
    ),
    "more than there is, whole": (
        order(size="120", kind=TimeInForce.FOK),
        (
            "order couldn't be fully filled. FOK orders are fully filled or killed. "
            "(100 of 120 there)"
        ),
    ),
    "immediate where nothing is": (
        order(price="0.40", kind=TimeInForce.FAK),
        (
            "no orders found to match with FAK order. FAK orders are partially filled "
            "or killed if no match is found."
        ),
    ),
    "selling what is not held": (
        order(side=Side.SELL, price="0.60"),
        (
            "not enough balance / allowance: the balance is not enough -> "
            "balance: 0, order amount: 10"
        ),
    ),
    "without the money": (
        order(price="0.45", size="2300"),
        (
            "not enough balance / allowance: the balance is not enough -> "
            "balance: 1000, order amount: 1035.00"
        ),
    ),
    "of a foreign token": (
        order(token="x"),
        "No orderbook exists for the requested token id x",
    ),
}


@pytest.mark.parametrize(("placed", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_an_order_is_rejected_in_the_words_of_the_venue(
    placed: PlaceOrder, reason: str
) -> None:
    said = played([*OPEN], {1: (placed,)})

    assert brief(said) == ["a REJECTED"]
    assert reasons(said) == [reason]


def test_a_small_order_that_fills_at_once_need_not_be_fit_to_rest() -> None:
    said = played([*OPEN], {1: (order(size="3"),)})

    assert brief(said) == ["a ACCEPTED", "a 3 @ 0.5 taker"]


def test_open_buys_keep_their_dollars() -> None:
    first = order("first", price="0.40", size="100")
    second = order("second", price="0.40", size="100")

    said = played(
        [*OPEN, tick(1)],
        {1: (first, second), 2: (cancel("first"), order("third", size="100"))},
        cash="60",
    )

    assert brief(said) == [
        "first ACCEPTED",
        "second REJECTED",
        "first CANCELLED",
        "third ACCEPTED",
        "third 100 @ 0.5 taker",
    ]
    assert "balance: 20.00, order amount: 40.00" in reasons(said)[1]


def test_the_fee_must_be_paid_for_too() -> None:
    charging = listed(facts=market(fee_rate="0.07"))

    said = played([charging, BOOK], {1: (order(size="100"),)}, cash="51")

    assert "balance: 51, order amount: 51.75" in reasons(said)[0]


def test_open_sells_keep_their_shares() -> None:
    first = order("first", Side.SELL, "0.60", "15")
    second = order("second", Side.SELL, "0.60", "15")

    said = played([*OPEN], {1: (*HELD, first, second)})

    assert brief(said)[2:] == ["first ACCEPTED", "second REJECTED"]
    assert "balance: 5, order amount: 15" in reasons(said)[-1]


def test_a_taker_needs_a_known_fee_and_a_resting_order_does_not() -> None:
    unknown = listed(facts=market(fee_rate=None))

    said = played([unknown, BOOK], {1: (order("a"), order("b", price="0.40"))})

    assert brief(said) == ["a REJECTED", "b ACCEPTED"]
    assert reasons(said)[0] == "the fee rate of market m is unknown: no order can take"


def test_a_market_past_its_end_takes_and_fills_nothing() -> None:
    ended = 24 * HOUR // 1_000_000
    through = book(ended + 1, bids=(("0.30", "9"),), asks=(("0.31", "99"),))

    said = played(
        [*OPEN, tick(ended), through],
        {1: (order("before", price="0.45"),), 2: (order("after"),)},
    )

    assert brief(said) == ["before ACCEPTED", "after REJECTED"]
    assert reasons(said)[-1] == (
        f"market m ended at {at(ended)}, now is {at(ended)}: it takes no orders"
    )


def test_a_market_that_stopped_accepting_takes_nothing() -> None:
    stopped = MarketChanged(
        at=at(1), market=market(), listing=Listing(accepting_orders=False)
    )

    said = played([*OPEN, stopped], {2: (order(),)})

    assert reasons(said) == ["market m is closed: it takes no orders"]


def test_a_resolved_market_takes_nothing() -> None:
    said = played([*OPEN, resolved(1)], {2: (order(),)})

    assert reasons(said) == ["market m is resolved: it takes no orders"]
