"""Baskets: all legs or none; what a failed leg leaves over is sold again."""

from decimal import Decimal

import msgspec

from polyrules.domain.events import Event, Filled, OrderReported
from polyrules.domain.ids import GroupId, RunId
from polyrules.domain.limits import Limits
from polyrules.domain.money import Shares, Side, Usd
from polyrules.domain.orders import Order, PlaceOrder, Report, TimeInForce
from polyrules.domain.steps import Refused, Step
from polyrules.engine.engine import Engine
from polyrules.features.catalog import Feed
from polyrules.features.table import Feeds
from polyrules.language.load import load
from tests.builders import at, book, listed, market, tick

FEEDS = Feeds(given=(Feed.BOOK, Feed.TRADES, Feed.GAMMA), max_age={})
ALL_YES = """\
polyrules: 1
strategy: {id: buyer, version: 1.0.0, title: Buys every YES below a dollar}
universe: {each: basket, kinds: [neg_risk], where: basket.complete}
rules:
  - id: cheap
    when: basket.sum_yes_ask < 1 and basket.position_cost <= 0
    then: {action: basket, legs: all_yes, shares: 20, edge: 1 - basket.sum_yes_ask,
           cooldown: 1m}
  - id: dear
    when: basket.sum_no_ask < as_prob(basket.legs - 1) and basket.position_cost <= 0
    then: {action: basket, legs: all_no, shares: 20, edge: 0.01}
sizing: {method: fixed, amount: 10 USD}
schedule: {every: 1s}
"""
BINARY = """\
polyrules: 1
strategy: {id: buyer, version: 1.0.0, title: Buys YES and NO}
universe: {each: basket, kinds: [binary]}
rules:
  - id: both
    when: basket.sum_yes_ask <= 1.02 and basket.position_cost <= 0
    then: {action: basket, legs: all_yes, shares: 20, edge: 0.01}
sizing: {method: fixed, amount: 10 USD}
schedule: {every: 1s}
"""
PAIR = """\
polyrules: 1
strategy: {id: buyer, version: 1.0.0, title: Buys the later and sells the nearer}
universe: {each: pair, family: deadline}
rules:
  - id: inverted
    when: far.best_ask + near.no_best_ask < 1 and far.position_yes_shares <= 0
    then:
      action: basket
      legs:
        - {market: far, action: buy, token: yes_token, price: far.best_ask}
        - {market: near, action: buy, token: no_token, price: near.no_best_ask}
      shares: 20
      edge: 1 - far.best_ask - near.no_best_ask
sizing: {method: fixed, amount: 10 USD}
exits:
  - {id: converged, when: far.best_bid + near.no_best_bid > 1}
schedule: {every: 1s, trigger: [book]}
"""

DUMPS = """\
  - id: dump
    when: far.best_bid >= 0.45 and far.position_yes_shares > 0
    then:
      action: basket
      legs:
        - {market: far, action: sell, token: yes_token, price: far.best_bid}
        - {market: far, action: sell, token: yes_token, price: far.best_bid - 0.01}
      shares: 20
      edge: 0.01
"""
OF_EVENT = """\
polyrules: 1
strategy: {id: buyer, version: 1.0.0, title: Buys every YES of an event}
universe: {each: event}
rules:
  - id: all
    when: event.markets >= 2 and event.position_cost <= 0
    then: {action: basket, legs: all_yes, shares: 20, edge: 0.01}
sizing: {method: fixed, amount: 10 USD}
schedule: {every: 1s}
"""

Placed = tuple[Side, str, float, float]  # side, token, price, shares


def engine(
    text: str = ALL_YES, limits: Limits | None = None, feeds: Feeds = FEEDS
) -> Engine:
    return Engine(
        [load(text, path="test.yaml")],
        limits=limits or Limits(),
        bankroll=Usd(Decimal(1000)),
        feeds=feeds,
        run=RunId("r1"),
    )


def play(desk: Engine, *happened: Event) -> list[Step]:
    return [desk.process(event) for event in happened]


def of_event(*asks: str, told: int = 2) -> list[Event]:
    """Return markets a, b, ... of which one wins, each with an ask."""
    found: list[Event] = []
    for name, ask in zip("abc", asks, strict=False):
        facts = msgspec.structs.replace(
            market(name, group="event"), neg_risk=True, group_size=told
        )
        bid = f"{float(ask) - 0.02:.2f}"
        found.append(listed(name, facts=facts))
        found.append(book(0, bids=((bid, "100"),), asks=((ask, "100"),), name=name))
    return found


def orders(step: Step) -> list[Order]:
    return [c.order for c in step.commands if isinstance(c, PlaceOrder)]


def placed(step: Step) -> list[Placed]:
    return [
        (order.side, order.token, float(order.price), float(order.size))
        for order in orders(step)
    ]


def filled(order: Order, seconds: float) -> Filled:
    return Filled(
        at=at(seconds),
        client_order_id=order.client_order_id,
        market=order.market,
        token=order.token,
        side=order.side,
        price=order.price,
        size=Shares(order.size),
        fee=Usd(Decimal(0)),
        maker=False,
    )


def killed(order: Order, seconds: float) -> OrderReported:
    return OrderReported(
        at=at(seconds),
        client_order_id=order.client_order_id,
        report=Report.REJECTED,
        reason="order couldn't be fully filled",
    )


def test_all_legs_leave_together_to_be_filled_whole_or_not_at_all() -> None:
    *_, step = play(engine(), *of_event("0.55", "0.40"), tick(1))

    assert placed(step) == [
        (Side.BUY, "a:yes", 0.55, 20),
        (Side.BUY, "b:yes", 0.40, 20),
    ]
    first, second = orders(step)
    assert first.time_in_force is second.time_in_force is TimeInForce.FOK
    assert first.basket == second.basket == first.client_order_id


def test_all_no_tokens_are_bought_where_the_bids_are_too_high() -> None:
    *_, step = play(engine(), *of_event("0.65", "0.42"), tick(1))

    # bids of 0.63 and 0.40 sell NO for 0.37 and 0.60: 0.97 for what pays 1
    assert placed(step) == [
        (Side.BUY, "a:no", 0.37, 20),
        (Side.BUY, "b:no", 0.60, 20),
    ]


def test_both_tokens_of_one_market_are_a_basket() -> None:
    happened: list[Event] = [
        listed(),
        book(bids=(("0.49", "9"),), asks=(("0.51", "9"),)),
    ]

    *_, step = play(engine(BINARY), *happened, tick(1))

    assert placed(step) == [
        (Side.BUY, "m:yes", 0.51, 20),
        (Side.BUY, "m:no", 0.51, 20),
    ]


def test_an_event_with_a_market_nobody_saw_is_no_basket() -> None:
    *_, step = play(engine(), *of_event("0.55", "0.40", told=3), tick(1))

    assert step.decisions == ()


def test_an_event_of_which_nobody_told_the_size_is_no_basket() -> None:
    happened = of_event("0.55", "0.40")
    happened[0] = listed("a", facts=market("a", group="event"))
    happened[2] = listed("b", facts=market("b", group="event"))

    *_, step = play(engine(), *happened, tick(1))

    assert step.decisions == ()


def test_a_dollar_is_a_dollar_however_its_cents_are_added() -> None:
    *_, step = play(engine(), *of_event("0.08", "0.20", "0.72", told=3), tick(1))

    # 0.20 + 0.72 + 0.08 is 0.9999999999999999 in floats
    assert [d.rule for d in step.decisions] == []


def test_limits_look_at_the_whole_basket_and_cut_every_leg_alike() -> None:
    desk = engine(ALL_YES + "risk: {max_total: 9.50 USD}\n")

    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))

    # 20 shares of each leg cost 19; 10 of each cost 9.50
    assert [shares for *_, shares in placed(step)] == [10, 10]


def test_what_one_leg_may_cost_cuts_the_others_too() -> None:
    desk = engine(ALL_YES + "risk: {max_position: 5.50 USD}\n")

    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))

    assert [shares for *_, shares in placed(step)] == [10, 10]


def test_a_basket_that_is_refused_places_no_leg() -> None:
    desk = engine(ALL_YES + "risk: {max_open: 1}\n")

    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))

    assert step.commands == ()
    assert len(step.decisions) == 2
    assert {v.check for v in step.verdicts if isinstance(v, Refused)} == {
        "open_positions"
    }


def test_a_basket_too_small_for_one_market_is_refused_whole() -> None:
    desk = engine(ALL_YES + "risk: {max_total: 4.50 USD}\n")

    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))

    # 4.50 usd buy 4.73 of each, and a market takes 5
    assert step.commands == ()
    assert {v.check for v in step.verdicts if isinstance(v, Refused)} == {"total_stake"}


def test_the_limit_of_an_event_counts_all_its_legs() -> None:
    desk = engine(ALL_YES + "risk: {max_per_event: 9.50 USD}\n")

    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))

    assert [shares for *_, shares in placed(step)] == [10, 10]


def test_a_leg_that_failed_has_the_others_sold_again() -> None:
    desk = engine()
    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))
    first, second = orders(step)

    play(desk, filled(first, 1), killed(second, 1))
    sold = desk.process(tick(2))

    assert placed(sold) == [(Side.SELL, "a:yes", 0.53, 20)]
    (order,) = orders(sold)
    assert order.rule == "unbalanced"
    assert order.time_in_force is TimeInForce.FAK


def test_a_basket_that_filled_whole_is_left_alone() -> None:
    desk = engine()
    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))

    play(desk, *(filled(order, 1) for order in orders(step)))

    assert desk.process(tick(2)).commands == ()


def test_legs_may_differ_by_what_the_strategy_allows() -> None:
    desk = engine(ALL_YES + "risk: {max_leg_imbalance: 20 shares}\n")
    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))
    first, second = orders(step)

    play(desk, filled(first, 1), killed(second, 1))

    assert desk.process(tick(2)).commands == ()


def test_while_a_leg_may_still_fill_nothing_is_sold() -> None:
    desk = engine()
    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))
    first, _ = orders(step)

    play(desk, filled(first, 1))

    assert desk.process(tick(2)).commands == ()


def deadlines(near: tuple[str, str], far: tuple[str, str], at_: float) -> list[Event]:
    """Return the books of a nearer and a later deadline, by (bid, ask)."""
    return [
        book(at_, bids=((bid, "100"),), asks=((ask, "100"),), name=name)
        for name, (bid, ask) in (("near", near), ("far", far))
    ]


def family() -> list[Event]:
    """Return the listings of one question with two deadlines."""
    return [
        listed(
            name,
            facts=msgspec.structs.replace(
                market(name, hours=24 * days), question=f"Will it open by {date}, 2026?"
            ),
        )
        for name, date, days in (("near", "March 31", 90), ("far", "June 30", 181))
    ]


def test_named_legs_are_of_the_markets_that_the_row_calls_so() -> None:
    desk = engine(PAIR)

    *_, step = play(
        desk, *family(), *deadlines(("0.50", "0.51"), ("0.39", "0.40"), 0), tick(1)
    )

    assert placed(step) == [
        (Side.BUY, "far:yes", 0.40, 20),
        (Side.BUY, "near:no", 0.50, 20),
    ]


def test_an_exit_of_a_pair_leaves_both_legs_whichever_book_moved_last() -> None:
    desk = engine(PAIR)
    *_, step = play(
        desk, *family(), *deadlines(("0.50", "0.51"), ("0.39", "0.40"), 0), tick(1)
    )
    play(desk, *(filled(order, 1) for order in orders(step)))

    *_, left = play(desk, *deadlines(("0.30", "0.31"), ("0.39", "0.40"), 2)[:1])

    # NO pays 0.69 now, YES of the later one still 0.39: more than 1 together
    assert sorted(placed(left), key=str) == [
        (Side.SELL, "far:yes", 0.39, 20),
        (Side.SELL, "near:no", 0.69, 20),
    ]


def test_the_group_of_a_market_is_not_a_basket_unless_one_of_it_wins() -> None:
    happened = of_event("0.55", "0.40")
    for index, name in ((0, "a"), (2, "b")):
        facts = msgspec.structs.replace(
            market(name), group=GroupId("event"), group_size=2, neg_risk=False
        )
        happened[index] = listed(name, facts=facts)

    *_, step = play(engine(), *happened, tick(1))

    assert step.decisions == ()


def test_after_a_leg_failed_the_basket_cools_down_all_the_same() -> None:
    desk = engine()
    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))
    first, second = orders(step)
    play(desk, killed(first, 1), filled(second, 1))
    (sold,) = orders(desk.process(tick(2)))
    play(desk, filled(sold, 2))

    again = [order for s in (3, 30, 60) for order in orders(desk.process(tick(s)))]
    after = orders(desk.process(tick(61)))

    assert again == []  # the first leg was refused, and still the rule waits its minute
    assert [order.rule for order in after] == ["cheap", "cheap"]


def test_a_leg_is_sold_again_until_all_of_it_is_gone() -> None:
    desk = engine()
    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))
    first, second = orders(step)
    play(desk, filled(first, 1), killed(second, 1))
    (some,) = orders(desk.process(tick(2)))
    part = msgspec.structs.replace(filled(some, 2), size=Shares(Decimal(15)))
    play(desk, part, msgspec.structs.replace(killed(some, 2), report=Report.CANCELLED))

    rest = desk.process(tick(3))
    play(desk, *(filled(order, 3) for order in orders(rest)))

    assert placed(rest) == [(Side.SELL, "a:yes", 0.53, 5)]
    assert desk.process(tick(4)).commands == ()


def test_a_rest_that_the_venue_never_takes_is_let_be_in_the_end() -> None:
    desk = engine()
    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))
    first, second = orders(step)
    play(desk, filled(first, 1), killed(second, 1))

    sales = 0
    for second_ in range(2, 60):
        found = orders(desk.process(tick(second_)))
        play(desk, *(killed(order, second_) for order in found))
        sales += len(found)

    assert sales == 20


def test_orders_in_an_hour_are_counted_by_legs() -> None:
    desk = engine(ALL_YES + "risk: {max_orders_per_hour: 2}\n")
    *_, step = play(desk, *of_event("0.35", "0.30", "0.25", told=3), tick(1))

    assert step.commands == ()
    refused = step.verdicts[0]
    assert isinstance(refused, Refused)
    assert refused.reason == (
        "0 orders were placed in the last hour and these are 3, the limit is 2"
    )


def test_legs_that_sell_the_same_token_share_what_is_held() -> None:
    desk = engine(PAIR.replace("sizing:", DUMPS + "sizing:"))
    *_, step = play(
        desk, *family(), *deadlines(("0.50", "0.51"), ("0.39", "0.40"), 0), tick(1)
    )
    play(desk, *(filled(order, 1) for order in orders(step)))

    *_, sold = play(desk, *deadlines(("0.50", "0.51"), ("0.45", "0.46"), 2))

    assert placed(sold) == [
        (Side.SELL, "far:yes", 0.45, 10),
        (Side.SELL, "far:yes", 0.44, 10),
    ]


def test_a_basket_is_not_bought_from_books_of_long_ago() -> None:
    aged = Feeds(given=FEEDS.given, max_age={Feed.BOOK: 60_000_000})

    *_, fresh = play(engine(OF_EVENT, feeds=aged), *of_event("0.55", "0.40"), tick(60))
    *_, later = play(engine(OF_EVENT, feeds=aged), *of_event("0.55", "0.40"), tick(61))

    assert len(placed(fresh)) == 2
    assert placed(later) == []


def test_a_basket_of_less_than_a_hundredth_of_a_share_is_none() -> None:
    desk = engine(ALL_YES.replace("shares: 20", "shares: 0.004 * 1"))

    *_, step = play(desk, *of_event("0.55", "0.40"), tick(1))

    assert step.decisions == ()  # and not what the file's sizing would say
