"""Quotes: what should rest, rests; what should not is taken back."""

from decimal import Decimal

import msgspec

from polyrules.domain.events import BookChanged, Event, Filled, Halted, OrderReported
from polyrules.domain.ids import ClientOrderId, RunId, StrategyId
from polyrules.domain.limits import Limits
from polyrules.domain.money import Shares, Side, Usd
from polyrules.domain.orders import CancelOrder, Order, PlaceOrder, Report
from polyrules.domain.steps import Refused, Step
from polyrules.engine.engine import Engine
from polyrules.features.catalog import Feed
from polyrules.features.table import Feeds
from polyrules.language.load import load
from tests.builders import at, book, listed, market, resolved, tick

FEEDS = Feeds(given=(Feed.BOOK, Feed.TRADES, Feed.GAMMA), max_age={})
QUOTER = StrategyId("quoter")
TWO_SIDES = """\
polyrules: 1
strategy: {id: quoter, version: 1.0.0, title: Quotes two cents around the mid}
universe: {each: market, where: accepting_orders}
rules:
  - id: pull
    when: book_age > 30
    then: {action: quote, sides: []}
  - id: quote
    when: spread >= 0.04
    then:
      action: quote
      sides:
        - {action: buy, token: yes_token, price: mid - 0.02, shares: 20}
        - {action: sell, token: yes_token, price: mid + 0.02, shares: 20,
           or_buy: no_token}
      requote: {if_moved: 0.02, min_interval: 3s}
sizing: {method: fixed, amount: 10 USD}
exits:
  - {id: late, max_hold: 1h}
schedule: {every: 1s}
"""
SELL_SIDE = """\
        - {action: sell, token: yes_token, price: mid + 0.02, shares: 20,
           or_buy: no_token}
"""
LADDER = """\
polyrules: 1
strategy: {id: quoter, version: 1.0.0, title: Bids at two prices}
universe: {each: market, where: accepting_orders}
rules:
  - id: ladder
    when: spread >= 0.04
    then:
      action: quote
      sides:
        - {action: buy, token: yes_token, price: mid - 0.02, shares: 20}
        - {action: buy, token: yes_token, price: mid - 0.04, shares: 30}
      requote: {if_moved: 0.01, min_interval: 5s}
sizing: {method: fixed, amount: 10 USD}
schedule: {every: 1s}
"""
OF_A_PAIR = """\
polyrules: 1
strategy: {id: quoter, version: 1.0.0, title: Bids for the later as for the nearer}
universe: {each: pair, family: deadline}
rules:
  - id: follow
    when: near.best_bid > 0.05
    then:
      action: quote
      market: far
      sides: [{action: buy, token: yes_token, price: near.best_bid, shares: 20}]
sizing: {method: fixed, amount: 10 USD}
schedule: {every: 1h, trigger: [book]}
"""
WIDE = ("0.45", "0.55")  # mid 0.50
NARROW = ("0.49", "0.51")
HIGHER = ("0.46", "0.56")  # mid 0.51
MUCH_HIGHER = ("0.48", "0.58")  # mid 0.53
FAR_HIGHER = ("0.50", "0.60")  # mid 0.55

Placed = tuple[Side, str, float, float]  # side, token, price, shares


def engine(text: str = TWO_SIDES) -> Engine:
    return Engine(
        [load(text, path="test.yaml")],
        limits=Limits(),
        bankroll=Usd(Decimal(1000)),
        feeds=FEEDS,
        run=RunId("r1"),
    )


def between(seconds: float, bid: str, ask: str) -> BookChanged:
    return book(seconds, bids=((bid, "100"),), asks=((ask, "100"),))


def play(desk: Engine, *happened: Event) -> list[Step]:
    return [desk.process(event) for event in happened]


def orders(step: Step) -> list[Order]:
    return [c.order for c in step.commands if isinstance(c, PlaceOrder)]


def placed(step: Step) -> list[Placed]:
    return [
        (order.side, order.token, float(order.price), float(order.size))
        for order in orders(step)
    ]


def cancelled(step: Step) -> list[tuple[ClientOrderId, str]]:
    return [
        (command.client_order_id, command.reason)
        for command in step.commands
        if isinstance(command, CancelOrder)
    ]


def quoting(desk: Engine) -> tuple[Order, ...]:
    """Let the desk quote, and the venue accept; return the resting orders."""
    *_, step = play(desk, listed(), between(0, *WIDE), tick(1))
    resting = tuple(orders(step))
    for order in resting:
        desk.process(report(order, 1, Report.ACCEPTED))
    return resting


def report(order: Order, seconds: float, what: Report) -> OrderReported:
    return OrderReported(
        at=at(seconds), client_order_id=order.client_order_id, report=what
    )


def filled(order: Order, seconds: float, shares: str) -> Filled:
    return Filled(
        at=at(seconds),
        client_order_id=order.client_order_id,
        market=order.market,
        token=order.token,
        side=order.side,
        price=order.price,
        size=Shares(Decimal(shares)),
        fee=Usd(Decimal(0)),
        maker=True,
    )


def test_both_sides_are_wanted_and_without_shares_the_sell_buys_the_other_token() -> (
    None
):
    *_, step = play(engine(), listed(), between(0, *WIDE), tick(1))

    assert placed(step) == [
        (Side.BUY, "m:no", 0.48, 20),  # selling YES at 0.52 is buying NO at 0.48
        (Side.BUY, "m:yes", 0.48, 20),
    ]
    assert all(order.post_only for order in orders(step))


def test_what_rests_where_it_is_wanted_is_left_alone() -> None:
    desk = engine()
    quoting(desk)

    steps = play(desk, tick(2), tick(10), tick(20))

    assert [step.commands for step in steps] == [(), (), ()]


def test_a_move_smaller_than_the_file_says_is_sat_out() -> None:
    desk = engine()
    quoting(desk)

    *_, step = play(desk, between(5, *HIGHER), tick(6))

    assert step.commands == ()


def test_a_move_as_large_as_the_file_says_replaces_both_sides() -> None:
    desk = engine()
    resting = quoting(desk)

    *_, step = play(desk, between(5, *MUCH_HIGHER), tick(6))

    assert {order_id for order_id, _ in cancelled(step)} == {
        order.client_order_id for order in resting
    }
    assert placed(step) == [
        (Side.BUY, "m:no", 0.45, 20),
        (Side.BUY, "m:yes", 0.51, 20),
    ]


def test_a_bid_waits_where_it_would_meet_our_own_offer_that_is_still_going() -> None:
    desk = engine()
    no_side, yes_side = quoting(desk)

    # wanted is a bid of 0.53, and 20 YES are still offered at 0.52
    *_, first = play(desk, between(5, *FAR_HIGHER), tick(6))
    play(desk, report(no_side, 6, Report.CANCELLED))
    play(desk, report(yes_side, 6, Report.CANCELLED))
    second = desk.process(tick(7))

    (refused,) = (v for v in first.verdicts if isinstance(v, Refused))
    assert refused.check == "own_order"
    assert placed(first) == [(Side.BUY, "m:no", 0.43, 20)]
    assert placed(second) == [(Side.BUY, "m:yes", 0.53, 20)]


def test_a_move_by_just_as_much_replaces_too() -> None:
    desk = engine()
    quoting(desk)

    *_, step = play(desk, between(5, "0.47", "0.57"), tick(6))

    assert placed(step) == [
        (Side.BUY, "m:no", 0.46, 20),
        (Side.BUY, "m:yes", 0.50, 20),
    ]


def test_nothing_is_placed_where_an_order_is_still_being_taken_back() -> None:
    desk = engine()
    no_side, yes_side = quoting(desk)
    play(desk, between(5, *NARROW), tick(6))  # both are taken back

    waiting = play(desk, between(7, *MUCH_HIGHER), tick(8))[1]
    play(desk, report(no_side, 8, Report.CANCELLED))
    play(desk, report(yes_side, 8, Report.CANCELLED))
    free = desk.process(tick(9))

    assert waiting.decisions == ()
    assert placed(free) == [
        (Side.BUY, "m:no", 0.45, 20),
        (Side.BUY, "m:yes", 0.51, 20),
    ]


def test_nothing_is_replaced_before_its_interval_is_over() -> None:
    desk = engine()
    quoting(desk)

    early, late = play(desk, between(2, *MUCH_HIGHER), tick(3), tick(4))[1:]

    assert early.commands == ()
    assert len(orders(late)) == 2


def test_a_shown_cancel_is_sent_once_and_its_place_stays_empty_until_it_is_told() -> (
    None
):
    desk = engine()
    no_side, yes_side = quoting(desk)
    play(desk, between(5, *NARROW), tick(6))  # both are taken back

    waiting = desk.process(tick(7))
    play(desk, report(no_side, 7, Report.CANCELLED), between(7, *WIDE))
    half = desk.process(tick(8))
    play(desk, report(yes_side, 8, Report.CANCELLED))
    whole = desk.process(tick(9))

    assert waiting.commands == ()
    assert placed(half) == [(Side.BUY, "m:no", 0.48, 20)]
    assert placed(whole) == [(Side.BUY, "m:yes", 0.48, 20)]


def test_a_quote_whose_rule_no_longer_holds_is_taken_back() -> None:
    desk = engine()
    resting = quoting(desk)

    *_, step = play(desk, between(5, *NARROW), tick(6))

    assert cancelled(step) == [
        (order.client_order_id, "no longer quoted") for order in resting
    ]
    assert orders(step) == []


def test_a_quote_is_pulled_by_a_rule_with_no_sides() -> None:
    desk = engine()
    resting = quoting(desk)

    kept, pulled = play(desk, tick(30), tick(31))

    assert kept.commands == ()
    assert len(cancelled(pulled)) == len(resting)
    assert orders(pulled) == []


def test_a_quote_is_pulled_where_the_rule_that_pulls_is_unknown() -> None:
    text = TWO_SIDES.replace("when: book_age > 30", "when: volume_24h < 1000")

    desk = engine(text)
    *_, step = play(desk, listed(), between(0, *WIDE), tick(1))

    assert step.commands == ()  # volume_24h is missing: whoever pulls does not know
    assert desk.rules[QUOTER].funnel.fired == {"pull": 1}


def test_a_quote_whose_price_is_missing_is_taken_back() -> None:
    desk = engine()
    resting = quoting(desk)

    *_, step = play(desk, book(5, bids=(), asks=(("0.55", "9"),)), tick(6))

    assert len(cancelled(step)) == len(resting)


def test_a_side_of_no_shares_is_no_order() -> None:
    text = TWO_SIDES.replace(
        "price: mid - 0.02, shares: 20", "price: mid - 0.02, shares: position_shares"
    )

    *_, step = play(engine(text), listed(), between(0, *WIDE), tick(1))

    assert placed(step) == [(Side.BUY, "m:no", 0.48, 20)]


def test_what_was_bought_is_offered_for_sale_as_such() -> None:
    desk = engine()
    no_side, yes_side = quoting(desk)
    play(desk, filled(yes_side, 2, "20"))

    *_, step = play(desk, tick(5))

    # 20 YES are held: the offer is a sell now, and the NO bid has to go
    assert placed(step) == [
        (Side.SELL, "m:yes", 0.52, 20),
        (Side.BUY, "m:yes", 0.48, 20),
    ]
    assert cancelled(step) == [(no_side.client_order_id, "no longer quoted")]


def test_a_sell_offers_no_more_than_there_is() -> None:
    desk = engine()
    _, yes_side = quoting(desk)
    play(desk, filled(yes_side, 2, "12"))

    *_, step = play(desk, tick(5))

    assert placed(step) == [(Side.SELL, "m:yes", 0.52, 12)]


def test_fewer_shares_than_the_market_lets_rest_are_not_offered() -> None:
    desk = engine(
        TWO_SIDES.replace("shares: 20,\n           or_buy: no_token}", "shares: 20}")
    )
    (yes_side,) = quoting(desk)
    play(desk, filled(yes_side, 2, "4"))

    *_, step = play(desk, tick(5))

    assert step.commands == ()


def test_fewer_shares_than_the_market_takes_are_not_offered_but_the_other_bought() -> (
    None
):
    desk = engine()
    _, yes_side = quoting(desk)
    play(desk, filled(yes_side, 2, "4"))

    *_, step = play(desk, tick(5))

    assert step.commands == ()  # the NO bid still rests where it is wanted


def test_orders_at_several_prices_of_one_side_rest_beside_each_other() -> None:
    desk = engine(LADDER)

    *_, step = play(desk, listed(), between(0, *WIDE), tick(1))
    for order in orders(step):
        desk.process(report(order, 1, Report.ACCEPTED))

    assert placed(step) == [
        (Side.BUY, "m:yes", 0.48, 20),
        (Side.BUY, "m:yes", 0.46, 30),
    ]
    assert [s.commands for s in play(desk, tick(2), tick(3))] == [(), ()]


def test_of_a_ladder_only_the_rung_that_filled_is_placed_again() -> None:
    desk = engine(LADDER)
    upper, _ = quoting(desk)
    play(desk, filled(upper, 2, "20"))

    step = desk.process(tick(3))

    assert placed(step) == [(Side.BUY, "m:yes", 0.48, 20)]
    assert cancelled(step) == []


def test_a_ladder_moves_by_its_length_by_replacing_one_rung() -> None:
    desk = engine(LADDER)
    _, lower = quoting(desk)

    *_, step = play(
        desk, book(5, bids=(("0.45", "100"),), asks=(("0.59", "9"),)), tick(6)
    )

    # wanted are 0.50 and 0.48, and at 0.48 an order rests already
    assert placed(step) == [(Side.BUY, "m:yes", 0.50, 20)]
    assert [order_id for order_id, _ in cancelled(step)] == [lower.client_order_id]


def test_a_halted_desk_quotes_nothing_and_says_why() -> None:
    desk = engine()
    *_, step = play(
        desk, listed(), between(0, *WIDE), Halted(at=at(0), by="the operator"), tick(1)
    )

    assert step.commands == ()
    assert [v.check for v in step.verdicts if isinstance(v, Refused)] == [
        "not_halted",
        "not_halted",
    ]


def test_both_sides_count_against_the_limits() -> None:
    strategy = load(TWO_SIDES + "risk: {max_position: 11 USD}\n", path="test.yaml")
    desk = Engine(
        [strategy],
        limits=Limits(),
        bankroll=Usd(Decimal(1000)),
        feeds=FEEDS,
        run=RunId("r1"),
    )

    *_, step = play(desk, listed(), between(0, *WIDE), tick(1))

    # 20 at 0.48 are 9.60; 1.40 are left, less than the 5 shares a market takes
    assert placed(step) == [(Side.BUY, "m:no", 0.48, 20)]
    (refused,) = (v for v in step.verdicts if isinstance(v, Refused))
    assert refused.check == "market_stake"
    assert "1.40 usd" in refused.reason


def test_an_exit_that_must_leave_takes_its_own_offer_back_first() -> None:
    desk = engine(TWO_SIDES.replace("max_hold: 1h", "max_hold: 10s"))
    no_side, yes_side = quoting(desk)
    play(desk, filled(yes_side, 2, "20"))
    (offer, *_) = orders(desk.process(tick(5)))
    play(desk, report(no_side, 5, Report.CANCELLED), report(offer, 5, Report.ACCEPTED))

    takes_back = desk.process(tick(12))
    play(desk, report(offer, 12, Report.CANCELLED))
    leaves = desk.process(tick(13))

    assert (offer.client_order_id, "an exit must leave") in cancelled(takes_back)
    (late,) = (order for order in orders(leaves) if order.rule == "late")
    assert (late.side, late.token) == (Side.SELL, "m:yes")
    assert float(late.price) == 0.45  # what the book pays, not what was asked


def test_a_quote_never_keeps_an_exit_from_leaving() -> None:
    wanted = TWO_SIDES.replace("- id: quote\n", "- id: quote\n    priority: 10\n")
    desk = engine(wanted.replace("max_hold: 1h", "max_hold: 10s"))
    no_side, yes_side = quoting(desk)
    play(desk, filled(yes_side, 2, "20"))
    (offer, *_) = orders(desk.process(tick(5)))
    play(desk, report(no_side, 5, Report.CANCELLED), report(offer, 5, Report.ACCEPTED))
    play(desk, tick(12), report(offer, 12, Report.CANCELLED))

    leaves = desk.process(tick(13))

    sold = [order.rule for order in orders(leaves) if order.side is Side.SELL]
    assert sold == ["late"]


def test_a_quote_in_the_other_market_of_a_pair_is_taken_back_before_it_moves() -> None:
    facts = {
        name: msgspec.structs.replace(
            market(name, hours=24 * days), question=f"Will it open by {date}, 2026?"
        )
        for name, date, days in (("near", "March 31", 90), ("far", "June 30", 181))
    }
    desk = engine(OF_A_PAIR)
    play(desk, *(listed(name, facts=each) for name, each in facts.items()))
    play(desk, tick(0), book(1, (("0.40", "9"),), (("0.60", "9"),), name="far"))
    (first,) = orders(desk.process(book(2, (("0.30", "9"),), name="near")))
    desk.process(report(first, 2, Report.ACCEPTED))

    moved = desk.process(book(3, (("0.35", "9"),), name="near"))

    assert placed(moved) == [(Side.BUY, "far:yes", 0.35, 20)]
    assert [each for each, _ in cancelled(moved)] == [first.client_order_id]


def test_under_tiers_a_quote_in_a_market_that_was_resolved_is_taken_back() -> None:
    desk = engine(TWO_SIDES.replace("every: 1s", "every: tier"))
    resting = quoting(desk)

    desk.process(resolved(2))

    # The market is of the tier that is asked every five minutes; it is none any more.
    assert [each for each, _ in cancelled(desk.process(tick(16)))] == [
        order.client_order_id for order in resting
    ]


def test_what_the_venue_refuses_is_not_sent_at_every_event() -> None:
    crossing = TWO_SIDES.replace("price: mid - 0.02", "price: best_ask")
    bid_only = crossing.replace(SELL_SIDE, "")
    desk = engine(bid_only.replace("every: 1s", "every: 1h, trigger: [book]"))
    play(desk, listed(), tick(1))
    books = [between(2 + number / 10, *WIDE) for number in range(25)]

    sent = []
    for event in books:
        for order in orders(desk.process(event)):
            sent.append((event.at - books[0].at) / 1e6)
            desk.process(report(order, (event.at - at(0)) / 1e6, Report.REJECTED))

    assert sent == [0, 1, 2]
