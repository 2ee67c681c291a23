from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.domain.events import Event, Halted, MarketListed
from polyrules.domain.limits import Limits
from polyrules.domain.money import Usd
from polyrules.domain.orders import PlaceOrder
from polyrules.domain.steps import Approved, Step
from tests.builders import at, book, listed, market, resolved, tick
from tests.strategies import BUY_TIGHT, SELL_HIGH, strategy
from tests.unit.test_engine import engine_of, traded

LIMITS = Limits(
    market_usd_max=Usd(Decimal(12)),
    total_usd_max=Usd(Decimal(25)),
    positions_max=2,
    day_volume_usd_max=Usd(Decimal(60)),
)
OF_THREE = msgspec.structs.replace(LIMITS, positions_max=3)
QUOTER = """
polyrules: 1
strategy: {id: quoter, version: 1.0.0}
universe: {each: market, where: accepting_orders}
rules:
  - id: pull
    when: spread > 0.04 or book_age > 5
    then: {action: quote, sides: []}
  - id: quote
    when: spread >= 0.01
    then:
      action: quote
      sides:
        - {action: buy, token: yes_token, price: best_bid, shares: "10"}
        - action: sell
          token: yes_token
          price: best_ask
          shares: "10"
          or_buy: no_token
      requote: {if_moved: 2 * tick_size, min_interval: 2s}
schedule: {every: 1s, trigger: [book]}
"""
COLLECTOR = """
polyrules: 1
strategy: {id: collector, version: 1.0.0}
universe: {each: market, where: accepting_orders, limit: {top: 2, by: spread}}
hit_policy: collect
merge: {price: max, size: sum, confidence: noisy_or}
rules:
  - id: cheap
    when: best_ask < 0.4
    then:
      {action: buy, token: yes_token, price: best_ask, size: 6 shares, confidence: 0.5}
  - id: near_even
    when: abs(best_ask - 0.4) < 0.1
    then:
      {action: buy, token: yes_token, price: best_ask, size: 6 shares, confidence: 0.5}
  - id: dear
    when: best_bid > 0.8
    then: {action: cancel}
exits: [{id: wide, when: spread > 0.03}]
schedule: {every: 2s, trigger: [book]}
"""
BUNDLER = """
polyrules: 1
strategy: {id: bundler, version: 1.0.0}
universe: {each: basket, kinds: [neg_risk], where: basket.complete}
rules:
  - id: all_of_them
    when: basket.sum_yes_ask < 1.2
    then:
      action: basket
      legs: all_yes
      shares: min(basket.min_ask_depth, 8)
      edge: 1.2 - basket.sum_yes_ask
schedule: {every: 1s}
"""
TRADERS = (
    strategy(BUY_TIGHT, widest="0.05"),
    strategy(SELL_HIGH),
    strategy(QUOTER),
    strategy(COLLECTOR),
    strategy(BUNDLER),
)
NAMES = ("a", "b", "c")


def of_one_event(name: str) -> MarketListed:
    facts = market(name, group="g")
    facts = msgspec.structs.replace(facts, group_size=len(NAMES), neg_risk=True)
    return listed(name, facts=facts)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Three markets whose books move by a few cents, silences, and resolutions."""
    happened: list[Event] = [of_one_event(name) for name in NAMES]
    gone: set[str] = set()
    for second in range(1, draw(st.integers(2, 30))):
        kind = draw(st.sampled_from(["book", "book", "book", "tick", "resolved"]))
        name = draw(st.sampled_from(NAMES))
        if kind == "book":
            bid = draw(st.integers(5, 90))
            ask = bid + draw(st.integers(-1, 6))
            size = draw(st.sampled_from(["5", "12.5", "1000"]))
            happened.append(
                book(
                    second,
                    ((f"{bid / 100}", size),),
                    ((f"{ask / 100}", size),),
                    name=name,
                )
            )
        elif kind == "resolved" and name not in gone and draw(st.booleans()):
            gone.add(name)
            happened.append(
                resolved(second, draw(st.sampled_from(["0", "0.5", "1"])), name=name)
            )
        happened.append(tick(second))
    return happened


@given(happened=histories())
@settings(deadline=None, max_examples=60)
def test_no_history_lifts_what_is_at_stake_above_the_limits(
    happened: list[Event],
) -> None:
    recorded = traded(engine_of(*TRADERS, limits=LIMITS), *happened)
    engine = engine_of(*TRADERS, limits=LIMITS)

    for step in recorded:
        engine.process(step.event)
        positions = engine.state.desk.portfolio.positions.values()
        open_buys = [
            live
            for live in engine.state.open_orders()
            if live.order.side.value == "BUY"
        ]
        held = sum((p.cost for p in positions), Decimal(0))
        wanted = sum((o.order.price * o.remaining for o in open_buys), Decimal(0))
        assert held + wanted <= LIMITS.total_usd_max
        markets = {p.market for p in positions} | {o.order.market for o in open_buys}
        assert len(markets) <= LIMITS.positions_max


@given(happened=histories())
@settings(deadline=None, max_examples=60)
def test_the_same_events_give_the_same_steps_byte_for_byte(
    happened: list[Event],
) -> None:
    steps = traded(engine_of(*TRADERS, limits=LIMITS), *happened)
    read = msgspec.json.decode(msgspec.json.encode(steps), type=list[Step])
    again = engine_of(*TRADERS, limits=LIMITS)

    assert read == steps
    assert [again.process(step.event) for step in read] == steps


@given(happened=histories())
@settings(deadline=None, max_examples=60)
def test_there_is_no_order_without_an_approval(happened: list[Event]) -> None:
    steps = traded(engine_of(*TRADERS, limits=LIMITS), *happened)

    for step in steps:
        placed = [c.order for c in step.commands if isinstance(c, PlaceOrder)]
        approved = [
            (d.token, d.price, v.size)
            for d, v in zip(step.decisions, step.verdicts, strict=True)
            if isinstance(v, Approved)
        ]
        assert [(o.token, o.price, o.size) for o in placed] == approved


@given(happened=histories(), cut=st.integers(0, 30))
@settings(deadline=None, max_examples=60)
def test_after_a_halt_no_order_is_placed(happened: list[Event], cut: int) -> None:
    before = [e for e in happened if e.at <= at(cut)]
    after = [e for e in happened if e.at > at(cut)]

    steps = traded(
        engine_of(*TRADERS, limits=LIMITS),
        *before,
        Halted(at=at(cut), by="law"),
        *after,
    )

    halted = next(i for i, s in enumerate(steps) if isinstance(s.event, Halted))
    placed = [
        c for s in steps[halted:] for c in s.commands if isinstance(c, PlaceOrder)
    ]
    assert placed == []


@given(happened=histories())
@settings(deadline=None, max_examples=60)
def test_the_strategies_own_money_adds_up_to_the_desks(happened: list[Event]) -> None:
    engine = engine_of(*TRADERS, limits=LIMITS)

    traded(engine, *happened)

    # Realised profit may differ: the desk averages the cost of what two hold.
    own = [ledger.portfolio for ledger in engine.state.own.values()]
    desk = engine.state.desk.portfolio
    assert sum((p.cash - 1000 for p in own), Decimal(0)) == desk.cash - 1000
    assert sum((p.fees for p in own), Decimal(0)) == desk.fees


@given(happened=histories())
@settings(deadline=None, max_examples=60)
def test_a_quote_rests_on_each_side_of_a_token_at_most_once(
    happened: list[Event],
) -> None:
    engine = engine_of(*TRADERS, limits=LIMITS)
    recorded = traded(engine_of(*TRADERS, limits=LIMITS), *happened)

    for step in recorded:
        engine.process(step.event)
        resting = [
            (live.order.market, live.order.token, live.order.side)
            for live in engine.state.open_orders(strategy=TRADERS[2].id)
            if not live.cancelling
        ]
        assert len(resting) == len(set(resting))


@given(happened=histories())
@settings(deadline=None, max_examples=60)
def test_all_legs_of_a_basket_leave_together_and_at_one_size(
    happened: list[Event],
) -> None:
    steps = traded(engine_of(TRADERS[4], limits=OF_THREE), *happened)

    for step in steps:
        legs = [
            command.order
            for command in step.commands
            if isinstance(command, PlaceOrder) and command.order.basket is not None
        ]
        assert len(legs) in (0, len(NAMES))
        assert len({leg.size for leg in legs}) <= 1


def test_histories_reach_what_the_laws_speak_of() -> None:
    seconds = range(1, 12)
    cheap = [
        book(second, (("0.20", "50"),), ((f"0.2{second % 3 + 2}", "50"),), name=name)
        for second in seconds
        for name in NAMES
    ]
    happened: list[Event] = [*map(of_one_event, NAMES), *cheap, *map(tick, seconds)]
    events = sorted(happened, key=lambda event: event.at)

    placed = {
        command.order.strategy
        for each in TRADERS[2:]
        for step in traded(engine_of(each, limits=OF_THREE), *events)
        for command in step.commands
        if isinstance(command, PlaceOrder)
    }
    assert placed == {"quoter", "collector", "bundler"}
