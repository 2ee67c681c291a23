from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.domain.events import Event, Halted
from polyrules.domain.limits import Limits
from polyrules.domain.money import Usd
from polyrules.domain.orders import PlaceOrder
from polyrules.domain.steps import Approved, Step
from tests.builders import at, book, listed, resolved, tick
from tests.strategies import BUY_TIGHT, SELL_HIGH, strategy
from tests.unit.test_engine import engine_of, traded

LIMITS = Limits(
    market_usd_max=Usd(Decimal(12)),
    total_usd_max=Usd(Decimal(25)),
    positions_max=2,
    day_volume_usd_max=Usd(Decimal(60)),
)
TRADERS = (
    strategy(BUY_TIGHT, widest="0.05"),
    strategy(SELL_HIGH),
)
NAMES = ("a", "b", "c")


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Three markets whose books move by a few cents, silences, and resolutions."""
    happened: list[Event] = [listed(name) for name in NAMES]
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
