"""What holds for every run a journal could be given."""

import asyncio
import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.domain.events import (
    BookChanged,
    ClockTicked,
    Event,
    Halted,
    MarketResolved,
    OrderReported,
    TradePrinted,
)
from polyrules.domain.ids import ClientOrderId, MarketId, RunId, StrategyId, TokenId
from polyrules.domain.limits import Limits
from polyrules.domain.money import Price, Shares, Side, Usd
from polyrules.domain.orders import CancelOrder, Command, Order, PlaceOrder, Report
from polyrules.domain.steps import Approved, Decision, Refused, Step, Verdict
from polyrules.journal.chain import SEED, decode, encode, link
from polyrules.journal.digest import Digest
from polyrules.journal.records import RunSpec
from polyrules.journal.store import Store

RUN = RunId("law")
INPUTS = (ClockTicked, OrderReported, Halted)

moments = st.integers(0, 2**53)
amounts = st.integers(1, 10**9).map(lambda n: Decimal(n).scaleb(-6))
floats = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(max_size=6)  # of any alphabet: a reason may quote a market's title
micros = st.integers(0, 10**12)
levels = st.lists(st.tuples(micros, micros), max_size=3).map(tuple)

events: st.SearchStrategy[Event] = st.one_of(
    st.builds(ClockTicked, at=moments, venue_at=st.none() | moments),
    st.builds(
        BookChanged,
        at=moments,
        market=words.map(MarketId),
        token=words.map(TokenId),
        bids=levels,
        asks=levels,
    ),
    st.builds(
        TradePrinted,
        at=moments,
        market=words.map(MarketId),
        token=words.map(TokenId),
        side=st.sampled_from(Side),
        price=micros,
        size=micros,
    ),
    st.builds(
        OrderReported,
        at=moments,
        client_order_id=words.map(ClientOrderId),
        report=st.sampled_from(Report),
        reason=words,
    ),
    st.builds(
        MarketResolved, at=moments, market=words.map(MarketId), payout_yes=amounts
    ),
    st.builds(Halted, at=moments, by=words),
)
decisions = st.builds(
    Decision,
    strategy=words.map(StrategyId),
    rule=words,
    market=words.map(MarketId),
    token=words.map(TokenId),
    side=st.sampled_from(Side),
    price=amounts.map(Price),
    size=amounts.map(Shares),
    values=st.dictionaries(
        words, st.none() | st.booleans() | floats | words, max_size=3
    ),
    fair=st.none() | floats,
    reason=words,
)
verdicts: st.SearchStrategy[Verdict] = st.one_of(
    st.builds(Approved, size=amounts.map(Shares), cut_by=words),
    st.builds(Refused, check=words, reason=words),
)
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        PlaceOrder,
        st.builds(
            Order,
            client_order_id=words.map(ClientOrderId),
            strategy=words.map(StrategyId),
            rule=words,
            market=words.map(MarketId),
            token=words.map(TokenId),
            side=st.sampled_from(Side),
            price=amounts.map(Price),
            size=amounts.map(Shares),
        ),
    ),
    st.builds(CancelOrder, words.map(ClientOrderId), words),
)


@st.composite
def runs(draw: st.DrawFn) -> list[Step]:
    """Draw Steps of any content, numbered from 1."""
    steps: list[Step] = []
    for event in draw(st.lists(events, max_size=12)):
        busy = draw(st.integers(0, 3)) == 0
        decided = draw(
            st.lists(st.tuples(decisions, verdicts), max_size=2 if busy else 0)
        )
        steps.append(
            Step(
                run=RUN,
                sequence=len(steps) + 1,
                event=event,
                decisions=tuple(wish for wish, _ in decided),
                verdicts=tuple(verdict for _, verdict in decided),
                commands=tuple(draw(st.lists(commands, max_size=2 if busy else 0))),
                alarms=tuple(draw(st.lists(words, max_size=1 if busy else 0))),
            )
        )
    return steps


def spec() -> RunSpec:
    return RunSpec(
        id=RUN,
        started_at=0,
        mode="paper",
        strategies=(),
        limits=Limits(),
        bankroll=Usd(Decimal(1)),
        tick=1,
        version="0",
    )


def kept(store: Store, steps: list[Step]) -> None:
    recorder = store.begin(spec())

    async def go() -> None:
        for step in steps:
            await recorder.append(step)

    asyncio.run(go())
    recorder.close(0, "finished", {})


@given(steps=runs())
@settings(deadline=None, max_examples=50)
def test_whatever_is_appended_is_read_back_equal(steps: list[Step]) -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        Store.open(f"sqlite:///{Path(name) / 'j.db'}") as store,
    ):
        kept(store, steps)

        value, values = SEED, []
        for step in steps:
            value = link(value, encode(step))
            values.append((step.sequence, value))
        by_sequence = {step.sequence: step for step in steps}
        stored = list(store.steps(RUN))
        inputs = [(s.sequence, s.event) for s in steps if isinstance(s.event, INPUTS)]
        wishes = [wish for s in steps for wish in s.decisions]

        assert list(store.chain(RUN)) == values
        assert stored == [by_sequence[step.sequence] for step in stored]
        assert list(store.inputs(RUN)) == inputs
        assert [row.decision for row in store.decisions(RUN)] == wishes
        assert store.verify(RUN) is None


@given(steps=runs())
@settings(deadline=None, max_examples=50)
def test_every_step_of_consequence_is_kept_in_full(steps: list[Step]) -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        Store.open(f"sqlite:///{Path(name) / 'j.db'}") as store,
    ):
        kept(store, steps)
        stored = {step.sequence for step in store.steps(RUN)}

    for step in steps:
        if step.decisions or step.commands or step.alarms:
            assert step.sequence in stored


@given(steps=runs())
def test_a_step_has_one_spelling_and_reads_back_from_it(steps: list[Step]) -> None:
    for step in steps:
        body = encode(step)

        assert decode(body) == step
        assert encode(decode(body)) == body


@given(
    bodies=st.lists(st.binary(max_size=8), min_size=1, max_size=6),
    at=st.integers(0, 5),
    other=st.binary(max_size=8),
)
def test_a_change_anywhere_changes_every_value_after_it(
    bodies: list[bytes], at: int, other: bytes
) -> None:
    at %= len(bodies)
    changed = [*bodies[:at], other, *bodies[at + 1 :]]

    before, after = values_of(bodies), values_of(changed)

    same = bodies == changed
    assert before[:at] == after[:at]
    assert all(
        (one == two) is same for one, two in zip(before[at:], after[at:], strict=True)
    )


def values_of(bodies: list[bytes]) -> list[bytes]:
    values = [SEED]
    for body in bodies:
        values.append(link(values[-1], body))
    return values[1:]


@given(
    made=st.lists(st.tuples(moments, decisions, verdicts), max_size=5),
    params=st.dictionaries(words, floats, max_size=3),
)
def test_the_digest_depends_on_what_was_decided_and_on_nothing_else(
    made: list[tuple[int, Decision, Verdict]], params: dict[str, float]
) -> None:
    one, two = Digest(), Digest()
    reversed_params = dict(reversed(params.items()))

    for at, wish, verdict in made:
        one.add(at, "d", params, wish, verdict)
        read = decode(encode(step_of(at, wish, verdict)))
        two.add(at, "d", reversed_params, read.decisions[0], read.verdicts[0])

    assert (one.value(), one.count) == (two.value(), two.count)


def step_of(at: int, wish: Decision, verdict: Verdict) -> Step:
    return Step(
        run=RunId("another"),
        sequence=77,
        event=ClockTicked(at=at),
        decisions=(wish,),
        verdicts=(verdict,),
    )
