import asyncio
from collections.abc import AsyncIterator, Iterable
from decimal import Decimal

import msgspec
import pytest

from polyrules.domain.events import Event, Filled, Halted, OrderReported
from polyrules.domain.ids import RunId, StrategyId
from polyrules.domain.limits import Limits
from polyrules.domain.money import Side, Usd
from polyrules.domain.orders import CancelOrder, PlaceOrder, Report, TimeInForce
from polyrules.domain.steps import Approved, Refused, Step
from polyrules.engine.engine import Engine
from polyrules.features.catalog import Feed
from polyrules.features.table import Feeds
from polyrules.language.strategy import Strategy
from polyrules.venues.paper import Paper
from tests.builders import at, book, listed, market, resolved, tick
from tests.strategies import BUY_TIGHT, SELL_HIGH, strategy

RUN = RunId("run")


class Told:
    """A feed out of memory."""

    def __init__(self, happened: Iterable[Event]) -> None:
        self._happened = happened

    async def events(self) -> AsyncIterator[Event]:
        for event in self._happened:
            yield event


def engine_of(
    *strategies: Strategy, limits: Limits | None = None, feeds: Feeds | None = None
) -> Engine:
    return Engine(
        strategies or (strategy(),),
        limits=limits or Limits(),
        bankroll=Usd(Decimal(1000)),
        feeds=feeds or Feeds(),
        run=RUN,
    )


async def _traded(engine: Engine, happened: Iterable[Event]) -> list[Step]:
    exchange = Paper(Told(happened), cash=Usd(Decimal(1000)))
    steps = []
    async for event in exchange.events():
        step = engine.process(event)
        steps.append(step)
        for command in step.commands:
            await exchange.submit(command)
    return steps


def traded(engine: Engine, *happened: Event) -> list[Step]:
    """Return the Steps of an engine that trades on paper over some events."""
    return asyncio.run(_traded(engine, happened))


def decided(steps: Iterable[Step]) -> list[tuple[str, str, str]]:
    return [
        (d.rule, d.side.value, str(d.price)) for step in steps for d in step.decisions
    ]


def test_a_rule_that_holds_becomes_an_order_with_the_values_it_read() -> None:
    steps = traded(engine_of(), listed(), book(1), tick(1))

    step = steps[2]
    (decision,) = step.decisions
    (command,) = step.commands
    assert decision.values == {"best_ask": 0.5, "position_shares": 0.0, "spread": 0.02}
    assert decision.reason == "spread 0.020"
    assert step.verdicts == (Approved(size=decision.size),)
    assert isinstance(command, PlaceOrder)
    assert command.order.price == Decimal("0.50")
    assert command.order.size == 20


def test_a_rule_is_asked_again_at_every_tick_but_an_open_order_is_enough() -> None:
    engine = engine_of()
    for event in (listed(), book(1)):
        engine.process(event)

    first, second = engine.process(tick(1)), engine.process(tick(2))

    assert len(first.commands) == 1
    assert second.decisions == ()


def test_a_rule_without_data_never_fires() -> None:
    feeds = Feeds(given=(Feed.GAMMA, Feed.CLOCK, Feed.PORTFOLIO))

    steps = traded(engine_of(feeds=feeds), listed(), book(1), tick(1))

    assert decided(steps) == []


def test_a_filled_position_is_held_to_settlement_and_pays_one_dollar_a_share() -> None:
    engine = engine_of()

    traded(engine, listed(), book(1), tick(1), tick(2), resolved(3), tick(4))

    portfolio = engine.state.desk.portfolio
    assert portfolio.positions == {}
    assert portfolio.realised == 10


def test_a_stop_sells_at_the_best_bid_when_it_is_far_enough_below_cost() -> None:
    engine = engine_of()
    fallen = book(3, bids=(("0.40", "100"),), asks=(("0.41", "100"),))

    steps = traded(
        engine, listed(), book(1), tick(1), tick(2), fallen, tick(3), tick(4)
    )

    assert decided(steps)[:2] == [("enter", "BUY", "0.50"), ("stop", "SELL", "0.40")]
    sold = next(
        s.event
        for s in steps
        if isinstance(s.event, Filled) and s.event.side is Side.SELL
    )
    assert sold.size == 20


def test_the_desks_hard_stop_stands_behind_a_strategy_without_one() -> None:
    text = BUY_TIGHT.replace("stop_loss: 0.10", "max_hold: 30d")
    engine = engine_of(strategy(text), limits=Limits(hard_stop=Decimal("0.25")))
    fallen = book(3, bids=(("0.25", "100"),), asks=(("0.50", "100"),))

    steps = traded(engine, listed(), book(1), tick(1), tick(2), fallen, tick(3))

    assert decided(steps)[1] == ("hard_stop", "SELL", "0.25")


def test_a_hard_stop_of_one_never_happens() -> None:
    text = BUY_TIGHT.replace("stop_loss: 0.10", "max_hold: 30d")
    engine = engine_of(strategy(text), limits=Limits(hard_stop=Decimal(1)))
    fallen = book(3, bids=(("0.01", "100"),), asks=(("0.50", "100"),))

    steps = traded(engine, listed(), book(1), tick(1), tick(2), fallen, tick(3))

    assert [rule for rule, *_ in decided(steps)] == ["enter"]


def test_a_position_is_left_after_its_longest_hold() -> None:
    engine = engine_of(strategy(SELL_HIGH))
    later = msgspec.structs.replace(tick(0), at=at(3_601))
    fresh = book(3_601)

    steps = traded(engine, listed(), book(1), tick(1), tick(2), fresh, later)

    assert decided(steps)[-1] == ("aged", "SELL", "0.48")


def test_a_selling_rule_sells_what_is_held_and_nothing_without_a_position() -> None:
    engine = engine_of(strategy(SELL_HIGH))
    high = book(3, bids=(("0.60", "100"),), asks=(("0.62", "100"),))

    alone = traded(engine_of(strategy(SELL_HIGH)), listed(), high, tick(3))
    steps = traded(engine, listed(), book(1), tick(1), tick(2), high, tick(3))

    assert decided(alone) == []
    assert decided(steps)[-1] == ("leave", "SELL", "0.60")


def test_urgency_is_how_an_order_meets_the_book() -> None:
    resting = strategy(BUY_TIGHT.replace("urgency: normal", "urgency: low"))
    taking = strategy(BUY_TIGHT.replace("urgency: normal", "urgency: high"))

    orders = []
    for one in (resting, taking):
        (step,) = (
            s for s in traded(engine_of(one), listed(), book(1), tick(1)) if s.commands
        )
        (command,) = step.commands
        assert isinstance(command, PlaceOrder)
        orders.append(command.order)

    assert [(o.time_in_force, o.post_only) for o in orders] == [
        (TimeInForce.GTC, True),
        (TimeInForce.FAK, False),
    ]


def test_halting_cancels_what_is_open_and_lets_nothing_new_leave() -> None:
    low = strategy(
        BUY_TIGHT.replace("urgency: normal", "urgency: low").replace(
            "price: best_ask", "price: best_bid"
        )
    )
    engine = engine_of(low)
    traded(engine, listed(), book(1), tick(1), tick(2))

    halted = engine.process(Halted(at=at(3), by="test"))
    after = engine.process(tick(3))

    (cancel,) = halted.commands
    assert isinstance(cancel, CancelOrder)
    assert after.commands == ()


def test_a_resting_order_is_cancelled_when_its_time_to_live_is_over() -> None:
    text = BUY_TIGHT.replace("urgency: normal", "urgency: low, ttl: 5s").replace(
        "price: best_ask", "price: best_bid"
    )
    engine = engine_of(strategy(text))

    steps = traded(engine, listed(), book(1), *map(tick, range(1, 8)))

    cancelled = [
        s.event.at
        for s in steps
        if isinstance(s.event, OrderReported) and s.event.report is Report.CANCELLED
    ]
    assert cancelled == [at(6)]


def test_two_strategies_keep_their_own_positions_and_share_the_desks_limits() -> None:
    other = strategy(BUY_TIGHT.replace("id: buy_tight", "id: other"))
    engine = engine_of(
        strategy(), other, limits=Limits(market_usd_max=Usd(Decimal(15)))
    )

    steps = traded(engine, listed(), book(1), *map(tick, range(1, 4)))

    verdicts = [
        (d.strategy, v.size if isinstance(v, Approved) else v.check)
        for s in steps
        for d, v in zip(s.decisions, s.verdicts, strict=True)
    ]
    assert verdicts[:2] == [("buy_tight", 20), ("other", Decimal("10.00"))]


def test_refusals_carry_the_check_and_both_numbers() -> None:
    engine = engine_of(limits=Limits(total_usd_max=Usd(Decimal(10))))

    steps = traded(
        engine, listed("a"), listed("b"), book(name="a"), book(name="b"), tick(1)
    )

    (step,) = (s for s in steps if s.decisions)
    assert step.verdicts[1] == Refused(
        check="total_stake",
        reason="10.00 usd at stake in all markets, the limit is 10.00",
    )


def test_decisions_come_in_the_order_of_group_and_market_not_of_arrival() -> None:
    steps = traded(
        engine_of(), listed("b"), listed("a"), book(name="b"), book(name="a"), tick(1)
    )

    (step,) = (s for s in steps if s.decisions)
    assert [d.market for d in step.decisions] == ["a", "b"]


def test_schedule_counts_from_the_first_tick_of_the_run() -> None:
    slow = strategy(BUY_TIGHT.replace("every: 1s", "every: 10s"))
    engine = engine_of(slow)

    steps = traded(
        engine, tick(3), listed(seconds=4), book(4), *map(tick, range(5, 15))
    )

    assert [s.event.at for s in steps if s.decisions] == [at(13)]
    assert engine.cycles == 2


def test_an_exit_that_cannot_know_holds_and_raises_one_alarm() -> None:
    text = BUY_TIGHT.replace(
        "{id: stop, stop_loss: 0.10}", "{id: news, when: price_change_1d < -0.5}"
    )
    engine = engine_of(strategy(text))

    steps = traded(engine, listed(), book(1), *map(tick, range(1, 6)))

    alarms = [alarm for s in steps for alarm in s.alarms]
    assert alarms == [
        (
            "buy_tight/news: UNKNOWN (price_change_1d missing) on m, holding;"
            " the desk's hard stop still stands"
        )
    ]


def test_the_funnel_tells_why_a_strategy_stays_silent() -> None:
    blind = Feeds(given=(Feed.GAMMA, Feed.CLOCK, Feed.PORTFOLIO))
    engine = engine_of(feeds=blind)

    traded(engine, listed(), book(1), tick(1), tick(2))

    funnel = engine.rules[strategy().id].funnel
    assert funnel.evaluations == 2
    assert funnel.missing["spread", "no_feed"] == 2
    assert funnel.universe == 2
    assert funnel.unknown == 2


def held_at_half(text: str, *later: Event, hard_stop: str = "1") -> list[Step]:
    """Return the Steps after 20 shares were bought at 0.50."""
    engine = engine_of(strategy(text), limits=Limits(hard_stop=Decimal(hard_stop)))
    return traded(engine, listed(), book(1), tick(1), tick(2), *later)


def sold(steps: Iterable[Step]) -> list[tuple[str, str]]:
    fills = [s.event for s in steps if isinstance(s.event, Filled)]
    return [(str(f.price), str(f.size)) for f in fills if f.side is Side.SELL]


def test_a_hard_stop_cancels_a_sell_that_rests_and_leaves_at_the_next_tick() -> None:
    text = BUY_TIGHT.replace(
        "{id: stop, stop_loss: 0.10}",
        "{id: take, take_profit: 0.10, urgency: normal}",
    )
    rises = book(3, bids=(("0.60", "5"),), asks=(("0.61", "9"),))
    falls = book(4, bids=(("0.10", "100"),), asks=(("0.90", "9"),))

    steps = held_at_half(
        text, rises, tick(3), falls, tick(4), tick(5), tick(6), hard_stop="0.25"
    )

    assert sold(steps) == [("0.6", "5"), ("0.1", "15")]


def test_who_must_leave_takes_what_the_book_holds_below_the_best_bid() -> None:
    thin = book(3, bids=(("0.30", "5"), ("0.29", "5000")), asks=(("0.90", "9"),))

    steps = held_at_half(BUY_TIGHT, thin, tick(3), tick(4))

    assert decided(steps)[1] == ("stop", "SELL", "0.29")
    assert sold(steps) == [("0.3", "5"), ("0.29", "15")]


def test_an_exit_of_low_urgency_rests_above_the_bid() -> None:
    text = BUY_TIGHT.replace("stop_loss: 0.10}", "take_profit: 0.10, urgency: low}")
    rises = book(3, bids=(("0.60", "50"),), asks=(("0.65", "9"),))
    lifted = book(4, bids=(("0.61", "50"),), asks=(("0.65", "9"),))

    steps = held_at_half(text, rises, tick(3), tick(4), lifted, tick(5))

    assert decided(steps)[1] == ("stop", "SELL", "0.61")
    assert sold(steps) == [("0.61", "20")]


def test_an_exit_may_read_what_its_position_cost() -> None:
    text = BUY_TIGHT.replace(
        "{id: stop, stop_loss: 0.10}",
        "{id: below, when: best_bid < position_avg_price - 0.10}",
    )
    falls = book(3, bids=(("0.30", "50"),), asks=(("0.90", "9"),))

    steps = held_at_half(text, falls, tick(3))

    assert decided(steps)[1] == ("below", "SELL", "0.30")


def test_an_exit_without_a_buyer_raises_one_alarm() -> None:
    text = BUY_TIGHT.replace("stop_loss: 0.10", "max_hold: 2s")
    empty = book(3, bids=(), asks=(("0.90", "9"),))

    steps = held_at_half(text, empty, tick(4), tick(5))

    alarms = [alarm for step in steps for alarm in step.alarms]
    (alarm,) = alarms
    assert "buy_tight/stop: wants to leave and nobody buys on m" in alarm


def test_a_schedule_between_two_ticks_is_kept_at_the_next_tick() -> None:
    slow = strategy(BUY_TIGHT.replace("every: 1s", "every: 12s"))
    engine = engine_of(slow)

    for second in range(0, 61, 5):
        engine.process(tick(second))

    assert engine.cycles == 6


def test_a_strategy_that_is_refused_leaves_the_buy_to_another() -> None:
    poor = BUY_TIGHT.replace("id: buy_tight", "id: a_poor")
    engine = engine_of(strategy(poor + "risk: {max_position: 1 USD}\n"), strategy())

    steps = traded(engine, listed(), book(1), tick(1))

    (step,) = (s for s in steps if s.decisions)
    assert [d.strategy for d in step.decisions] == ["a_poor", "buy_tight"]
    assert isinstance(step.verdicts[1], Approved)


def test_a_rejected_order_starts_no_cooldown() -> None:
    text = SELL_HIGH.replace("cooldown: 1m", "cooldown: 1h")
    engine = engine_of(strategy(text))
    unknown = listed(facts=market(fee_rate=None))

    steps = traded(engine, unknown, book(1), tick(1), tick(2), tick(3))

    assert len([s for s in steps if s.decisions]) == 3


@pytest.mark.parametrize("action", ["buy", "sell"])
def test_a_stated_size_below_a_hundredth_of_a_share_is_no_order(action: str) -> None:
    small = f"""\
polyrules: 1
strategy: {{id: small, version: 1.0.0}}
universe: {{each: market, where: accepting_orders}}
rules:
  - id: enter
    when: position_shares == 0
    then: {{action: buy, token: yes_token, price: best_ask, urgency: high}}
  - id: adjust
    when: best_ask <= 0.60
    then: {{action: {action}, token: yes_token, price: 0.40,
           size: 0.0002 * position_shares}}
sizing: {{method: fixed, amount: 20 shares}}
schedule: {{every: 1s}}
"""
    engine = engine_of(strategy(small))

    steps = traded(engine, listed(), book(1), tick(1), tick(2))

    # 0.004 shares are wanted: neither what sizing would say, nor all that is held
    assert [rule for rule, *_ in decided(steps)] == ["enter"]
    assert engine.rules[StrategyId("small")].funnel.unpriced == 1
