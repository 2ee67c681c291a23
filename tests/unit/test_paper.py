"""How the paper exchange fills orders: one example of each of its promises."""

import asyncio
from decimal import Decimal

import msgspec
import pytest

from polyrules.domain.events import (
    Event,
    FeedLost,
    Filled,
    MarketChanged,
    TickChanged,
)
from polyrules.domain.ids import MarketId
from polyrules.domain.money import Side, Usd
from polyrules.domain.orders import (
    TimeInForce,
)
from polyrules.errors import InvariantError
from polyrules.venues.paper import OPTIMISM, Paper
from tests.builders import (
    at,
    book,
    level,
    listed,
    market,
    resolved,
    tick,
    trade,
)
from tests.paper_script import (
    BOOK,
    HELD,
    OPEN,
    Script,
    brief,
    cancel,
    order,
    played,
    reasons,
)


def test_an_order_is_answered_before_the_next_event_even_in_silence() -> None:
    said = played([*OPEN, tick(1), tick(2)], {2: (order(),)})

    assert brief(said) == ["a ACCEPTED", "a 10 @ 0.5 taker"]
    assert [event.at for event in said] == [at(1), at(1)]


def test_a_taker_pays_the_shown_levels_best_first_and_rests_with_the_rest() -> None:
    said = played([*OPEN], {1: (order(size="140", price="0.51"),)})

    assert brief(said) == ["a ACCEPTED", "a 100 @ 0.5 taker", "a 30 @ 0.51 taker"]


def test_a_taker_never_pays_more_than_its_limit() -> None:
    said = played([*OPEN], {1: (order(size="140", price="0.50"),)})

    assert brief(said) == ["a ACCEPTED", "a 100 @ 0.5 taker"]


def test_a_seller_takes_the_bids() -> None:
    sell = order(side=Side.SELL, price="0.45", size="20")

    said = played([*OPEN], {1: (*HELD, sell)})

    assert brief(said)[2:] == ["a ACCEPTED", "a 20 @ 0.48 taker"]


def test_buying_no_consumes_the_yes_bids() -> None:
    no = order("no", token="m:no", price="0.53", size="60")
    again = order("again", token="m:no", price="0.53", size="60")

    said = played([*OPEN], {1: (no, again)})

    assert brief(said) == [
        "no ACCEPTED",
        "no 60 @ 0.52 taker",
        "again ACCEPTED",
        "again 40 @ 0.52 taker",
    ]


def test_a_no_book_is_the_mirror_of_the_yes_book() -> None:
    mirrored = book(0, (("0.50", "100"),), (("0.52", "7"),), token="no")

    said = played([listed(), mirrored], {1: (order("a", token="m:no", price="0.52"),)})

    assert brief(said) == ["a ACCEPTED", "a 7 @ 0.52 taker"]


def test_size_taken_stays_taken_until_the_level_shows_more() -> None:
    fak = TimeInForce.FAK
    same = book(1, asks=(("0.50", "100"),))
    more = book(2, asks=(("0.50", "130"),))

    said = played(
        [*OPEN, same, more],
        {
            1: (order("a", size="90"),),
            2: (order("b", size="50", kind=fak),),
            3: (order("c", size="50", kind=fak),),
        },
    )

    assert brief(said) == [
        "a ACCEPTED",
        "a 90 @ 0.5 taker",
        "b ACCEPTED",
        "b 10 @ 0.5 taker",
        "b CANCELLED",
        "c ACCEPTED",
        "c 30 @ 0.5 taker",
        "c CANCELLED",
    ]


def test_a_level_that_went_away_and_came_back_is_new() -> None:
    gone = level(1, Side.SELL, "0.50", "0")
    back = level(2, Side.SELL, "0.50", "40")

    said = played(
        [*OPEN, gone, back],
        {1: (order("a", size="100"),), 3: (order("b", size="60"),)},
    )

    assert brief(said)[2:] == ["b ACCEPTED", "b 40 @ 0.5 taker"]


def test_an_assumed_book_is_refilled_by_the_next_sample() -> None:
    again = book(1, asks=(("0.50", "100"),))

    said = played(
        [*OPEN, again],
        {1: (order("a", size="100"),), 2: (order("b", size="100"),)},
        refill=True,
    )

    assert brief(said)[2:] == ["b ACCEPTED", "b 100 @ 0.5 taker"]


def test_shares_finer_than_a_cent_of_a_share_are_left_alone() -> None:
    fine = book(0, asks=(("0.50", "7.129"),))

    said = played([listed(), fine], {1: (order(),)})

    assert brief(said) == ["a ACCEPTED", "a 7.12 @ 0.5 taker"]


def test_a_resting_order_fills_at_its_limit_when_the_other_side_comes_to_it() -> None:
    below = book(1, bids=(("0.40", "9"),), asks=(("0.44", "6"),))

    said = played([*OPEN, below], {1: (order(price="0.45"),)})

    assert brief(said) == ["a ACCEPTED", "a 6 @ 0.45 maker"]
    assert said[1].at == at(1)


def test_resting_orders_share_what_comes_best_limit_first() -> None:
    below = book(1, bids=(("0.40", "9"),), asks=(("0.44", "15"),))
    resting = (order("low", price="0.45"), order("high", price="0.46"))

    said = played([*OPEN, below], {1: resting})

    assert brief(said)[2:] == ["high 10 @ 0.46 maker", "low 5 @ 0.45 maker"]


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (trade(1, Side.SELL, "0.44", "6"), ["a 6 @ 0.45 maker"]),
        (trade(1, Side.SELL, "0.45", "6"), ["a 6 @ 0.45 maker"]),
        (trade(1, Side.SELL, "0.46", "6"), []),
        (trade(1, Side.BUY, "0.44", "6"), []),
        (trade(1, Side.BUY, "0.56", "6", token="no"), ["a 6 @ 0.45 maker"]),
        (trade(1, Side.SELL, "0.40", "60"), ["a 10 @ 0.45 maker"]),
        (trade(1, Side.SELL, "0.40", "60", token="other"), []),
    ],
)
def test_a_resting_buy_fills_when_a_seller_trades_at_its_price_or_below(
    printed: Event, expected: list[str]
) -> None:
    said = played([*OPEN, printed], {1: (order(price="0.45"),)})

    assert brief(said) == ["a ACCEPTED", *expected]


def test_one_trade_fills_no_more_than_its_size() -> None:
    printed = trade(1, Side.SELL, "0.44", "12")
    resting = (order("first", price="0.45"), order("second", price="0.45"))

    said = played([*OPEN, printed], {1: resting})

    assert brief(said)[2:] == ["first 10 @ 0.45 maker", "second 2 @ 0.45 maker"]


def test_what_an_immediate_order_does_not_get_is_cancelled() -> None:
    said = played([*OPEN], {1: (order(size="140", kind=TimeInForce.FAK),)})

    assert brief(said) == ["a ACCEPTED", "a 100 @ 0.5 taker", "a CANCELLED"]
    assert reasons(said)[-1] == "FAK: 100 of 140 filled, the rest is killed"


def test_a_fill_or_kill_order_fills_whole() -> None:
    fok = order(size="120", price="0.51", kind=TimeInForce.FOK)

    said = played([*OPEN], {1: (fok,)})

    assert brief(said) == ["a ACCEPTED", "a 100 @ 0.5 taker", "a 20 @ 0.51 taker"]


def test_a_taker_pays_the_fee_and_a_maker_none() -> None:
    charging = listed(facts=market(fee_rate="0.07"))
    below = book(1, bids=(("0.40", "9"),), asks=(("0.45", "100"),))

    said = played(
        [charging, BOOK, below],
        {1: (order("taker"), order("maker", price="0.45"))},
    )

    fees = {e.client_order_id: e.fee for e in said if isinstance(e, Filled)}
    assert fees == {"taker": Decimal("0.17500"), "maker": Decimal(0)}


def test_a_cancel_takes_the_order_back_and_a_second_one_says_nothing() -> None:
    said = played([*OPEN, tick(1)], {1: (order(price="0.45"),), 2: (cancel(),) * 2})

    assert brief(said) == ["a ACCEPTED", "a CANCELLED"]
    assert reasons(said)[-1] == "ttl"


def test_a_cancel_that_comes_after_the_fill_says_nothing() -> None:
    said = played([*OPEN, tick(1)], {1: (order(),), 2: (cancel(),)})

    assert brief(said) == ["a ACCEPTED", "a 10 @ 0.5 taker"]


def test_an_answer_may_cause_the_next_order_at_the_same_moment() -> None:
    paper = Paper(Script([*OPEN, tick(1)]), cash=Usd(Decimal(1000)))

    async def go() -> list[Event]:
        said: list[Event] = []
        async for event in paper.events():
            if event is BOOK:
                await paper.submit(order("first"))
            if isinstance(event, Filled) and event.client_order_id == "first":
                await paper.submit(order("second"))
            said.append(event)
        return said

    assert brief(asyncio.run(go())) == [
        "MarketListed",
        "BookChanged",
        "first ACCEPTED",
        "first 10 @ 0.5 taker",
        "second ACCEPTED",
        "second 10 @ 0.5 taker",
        "ClockTicked",
    ]


@pytest.mark.parametrize(
    "untrusted",
    [
        book(0, bids=(("0.52", "100"),), asks=(("0.50", "100"),)),
        book(0, bids=(("0.50", "100"),), asks=(("0.50", "100"),)),
    ],
)
def test_a_crossed_or_locked_book_fills_nothing(untrusted: Event) -> None:
    printed = trade(1, Side.SELL, "0.40", "50")

    said = played([listed(), untrusted, printed], {1: (order(),)})

    assert brief(said) == ["a ACCEPTED"]


def test_a_stale_book_fills_nothing() -> None:
    said = played(
        [*OPEN, tick(5), tick(6)],
        {2: (order("fresh"),), 3: (order("late"),)},
        book_age_max=5_000_000,
    )

    assert brief(said) == ["fresh ACCEPTED", "fresh 10 @ 0.5 taker", "late ACCEPTED"]


@pytest.mark.parametrize("which", [MarketId("m"), None])
def test_a_lost_book_fills_nothing_until_a_whole_one_is_shown(
    which: MarketId | None,
) -> None:
    lost = FeedLost(at=at(1), feed="book", market=which)
    single = level(2, Side.SELL, "0.50", "10")

    said = played(
        [*OPEN, lost, single, book(3)],
        {2: (order("blind"),), 4: (order("seeing"),)},
    )

    assert brief(said) == [
        "blind ACCEPTED",
        "blind 10 @ 0.50 maker",
        "seeing ACCEPTED",
        "seeing 10 @ 0.5 taker",
    ]


@pytest.mark.parametrize(
    ("payout", "yes", "no"), [("1", "1", "0"), ("0", "0", "1"), ("0.5", "0.5", "0.5")]
)
def test_a_resolution_cancels_what_rests_and_pays_what_is_held(
    payout: str, yes: str, no: str
) -> None:
    buys = (*HELD, order("no", token="m:no", price="0.52"), order(price="0.40"))

    said = played([*OPEN, resolved(9, payout), resolved(10, payout)], {1: buys})

    assert brief(said)[5:] == [
        "a CANCELLED",
        f"m:yes 20 pays {yes}",
        f"m:no 10 pays {no}",
    ]
    assert reasons(said)[-1] == "market resolved"


def test_what_still_rests_at_the_end_of_the_feed_is_left_alone() -> None:
    said = played([*OPEN, tick(1)], {2: (order(price="0.40"),)})

    assert brief(said) == ["a ACCEPTED"]


def test_a_market_nobody_described_is_ignored() -> None:
    said = played([BOOK, tick(1), resolved(2)], {1: (order(),)})

    assert brief(said) == ["a REJECTED"]
    assert reasons(said) == ["market not found: m"]


def test_the_tick_may_change_while_trading() -> None:
    finer = TickChanged(at=at(1), market=MarketId("m"), tick=Decimal("0.001"))

    said = played([*OPEN, finer], {2: (order(price="0.495"),)})

    assert brief(said) == ["a ACCEPTED"]


def test_an_id_used_twice_is_our_own_bug() -> None:
    with pytest.raises(InvariantError, match="order a was placed twice"):
        played([*OPEN], {1: (order(price="0.40"), order(price="0.40"))})


def test_its_optimism_is_one_sentence_that_can_be_printed() -> None:
    assert OPTIMISM == (
        "paper is optimistic: it fills at the shown size, without latency, queue, "
        "market impact beyond the size taken, or adverse selection"
    )


def test_an_order_stays_one_of_its_token_when_yes_and_no_change_places() -> None:
    facts = market("m")
    turned = MarketChanged(
        at=at(1), market=msgspec.structs.replace(facts, yes=facts.no, no=facts.yes)
    )
    resting, blind = order("rests", price="0.45"), order("blind", price="0.52")

    said = played(
        [*OPEN, turned, trade(2, Side.SELL, "0.44", "20")],
        {1: (resting,), 2: (blind,)},
    )

    assert brief(said) == [
        "rests ACCEPTED",
        "blind ACCEPTED",  # what was shown before is in terms of the other token
        "blind 10 @ 0.52 maker",
        "rests 10 @ 0.45 maker",
    ]
