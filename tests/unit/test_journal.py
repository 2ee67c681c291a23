"""The journal: what it keeps, and how it is read back."""

import asyncio
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import event as happenings

from polyrules.domain.events import (
    ClockTicked,
    Halted,
    Settled,
)
from polyrules.domain.ids import ClientOrderId, RunId, StrategyId
from polyrules.domain.money import Shares, Side
from polyrules.domain.orders import OrderStatus, PlaceOrder
from polyrules.domain.steps import Approved, Decision, Verdict
from polyrules.errors import InvariantError, JournalError
from polyrules.journal import reading, verify
from polyrules.journal.chain import SEED, encode, link
from polyrules.journal.digest import Digest
from polyrules.journal.records import Holding
from polyrules.journal.store import Store
from tests.builders import at, listed, market, tick
from tests.journal_story import (
    APPROVED,
    REFUSED,
    RUN,
    STORY,
    YES,
    M,
    decision,
    fill,
    keep,
    numbered,
    place,
    spec,
    step,
)


@pytest.fixture
def place_of(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def store(place_of: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{place_of}") as opened:
        yield opened


def test_long_runs_are_read_a_page_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store, STORY)
    whole = (
        list(store.steps(RUN)),
        list(store.inputs(RUN)),
        list(store.chain(RUN)),
        store.decisions(RUN),
        store.verify(RUN),
    )

    monkeypatch.setattr(reading, "PAGE", 1)
    monkeypatch.setattr(verify, "PAGE", 1)

    assert whole == (
        list(store.steps(RUN)),
        list(store.inputs(RUN)),
        list(store.chain(RUN)),
        store.decisions(RUN),
        store.verify(RUN),
    )


def test_a_run_is_read_back_as_it_was_begun_and_ended(store: Store) -> None:
    keep(store, STORY)

    run = store.run("run-1")

    assert run.spec == spec()
    assert (run.ended_at, run.end_reason) == (at(99), "finished")
    assert run.summary == {"decisions": 2}
    assert run.steps == 13


def test_steps_with_consequences_and_lifecycle_are_kept_in_full(store: Store) -> None:
    keep(store, STORY)

    assert [kept.sequence for kept in store.steps(RUN)] == [1, 4, 5, 6, 8, 10, 11, 12]
    assert list(store.steps(RUN)) == [
        taken for taken in STORY if taken.sequence in (1, 4, 5, 6, 8, 10, 11, 12)
    ]


def test_steps_can_be_read_by_the_kind_of_their_event(store: Store) -> None:
    keep(store, STORY)

    assert [kept.event for kept in store.steps(RUN, ("Filled",))] == [fill(2, "4")]


def test_every_event_that_came_from_no_tape_is_an_input(store: Store) -> None:
    keep(store, STORY)

    found = list(store.inputs(RUN))

    from_tape = (1, 2, 7, 11)
    assert found == [
        (s.sequence, s.event) for s in STORY if s.sequence not in from_tape
    ]


def test_the_chain_has_a_value_for_every_step(store: Store) -> None:
    keep(store, STORY)

    found = list(store.chain(RUN))

    assert [sequence for sequence, _ in found] == list(range(1, 14))
    assert found[0][1] == link(SEED, encode(STORY[0]))
    assert found[1][1] == link(found[0][1], encode(STORY[1]))


def test_decisions_are_found_by_what_they_say(store: Store) -> None:
    keep(store, STORY)

    assert [row.decision.rule for row in store.decisions(RUN)] == ["r", "q"]
    assert [row.verdict for row in store.decisions(RUN, approved=False)] == [REFUSED]
    assert [row.sequence for row in store.decisions(RUN, markets=(M,))] == [4]
    assert [row.at for row in store.decisions(RUN, rule="q")] == [at(2)]
    assert store.decisions(RUN, strategy=StrategyId("other")) == []
    assert [row.decision.rule for row in store.decisions(RUN, limit=1)] == ["q"]


def test_an_order_is_told_with_what_became_of_it(store: Store) -> None:
    keep(store, STORY)

    (row,) = store.orders(RUN)

    assert row.order == place().order
    assert (row.sequence, row.at) == (4, at(2))
    assert row.status is OrderStatus.CANCELLED
    assert [row.filled, row.cost, row.fees] == [4, 2, Decimal("0.02")]
    assert row.reason == "ttl"


def test_fills_are_told_in_order(store: Store) -> None:
    keep(store, STORY)

    (row,) = store.fills(RUN)

    assert (row.sequence, row.fill) == (6, fill(2, "4"))


def test_a_position_is_told_even_when_it_is_closed(store: Store) -> None:
    keep(store, STORY)

    assert store.positions(RUN) == [
        Holding(
            strategy=StrategyId("s"),
            market=M,
            token=YES,
            shares=Decimal(0),
            cost=Decimal(0),
            opened_at=at(2),
            bought=Decimal(2),
            realised=Decimal("1.98"),
            fees=Decimal("0.02"),
        )
    ]


def test_an_open_position_is_told_at_cost(store: Store) -> None:
    bought = step(tick(2), commands=(place(),)), step(fill(2))
    keep(store, numbered(*bought, step(fill(3, "5", Side.SELL, "0.60"))))

    (held,) = store.positions(RUN)

    assert [held.shares, held.cost] == [5, Decimal("2.5")]
    assert held.realised == Decimal("0.46")


def test_two_strategies_in_one_token_are_told_apart_and_both_are_paid(
    store: Store,
) -> None:
    other = msgspec.structs.replace(
        place("b").order, strategy=StrategyId("t"), client_order_id=ClientOrderId("b")
    )
    theirs = msgspec.structs.replace(
        fill(3, "4", price="0.60"), client_order_id=ClientOrderId("b")
    )
    paid = Settled(
        at=at(5), market=M, token=YES, size=Shares(Decimal(14)), payout=Decimal(1)
    )
    keep(
        store,
        numbered(
            step(tick(1), commands=(place(), PlaceOrder(other))),
            step(fill(2)),
            step(theirs),
            step(paid),
        ),
    )

    found = store.positions(RUN)

    assert [(one.strategy, one.token, one.bought) for one in found] == [
        ("s", YES, Decimal(5)),
        ("t", YES, Decimal("2.4")),
    ]
    assert [one.realised for one in found] == [Decimal("4.98"), Decimal("1.58")]


def test_the_markets_of_a_run_are_told_as_they_were_listed(store: Store) -> None:
    facts = msgspec.structs.replace(market("n"), slug="will-it", question="Will it?")
    keep(store, numbered(step(listed()), step(listed("n", 1, facts=facts))))

    assert store.markets(RUN) == {"m": market("m"), "n": facts}


def test_an_untouched_run_verifies(store: Store) -> None:
    keep(store, STORY)

    assert store.verify(RUN) is None


def test_an_empty_run_reads_as_empty(store: Store) -> None:
    keep(store, [])

    assert list(store.steps(RUN)) == []
    assert list(store.inputs(RUN)) == []
    assert store.decisions(RUN) == []
    assert store.verify(RUN) is None


def test_a_tick_with_the_venues_stamp_is_an_input_like_any_other(store: Store) -> None:
    stamped = ClockTicked(at=at(1), venue_at=at(0.5))
    keep(store, numbered(step(stamped)))

    assert list(store.inputs(RUN)) == [(1, stamped)]
    assert store.verify(RUN) is None


def test_a_halt_is_an_input(store: Store) -> None:
    halted = Halted(at=at(1), by="the operator")
    keep(store, numbered(step(halted)))

    assert list(store.inputs(RUN)) == [(1, halted)]


def test_runs_are_found_by_id_prefix_and_as_the_last(store: Store) -> None:
    for name in ("aa-1", "ab-2", "ac-3"):
        keep(store, [], run=name)

    assert [run.id for run in store.runs()] == ["aa-1", "ab-2", "ac-3"]
    assert store.run("last").id == "ac-3"
    assert store.run("ab").id == "ab-2"
    assert store.run("aa-1").id == "aa-1"


def test_a_run_that_nobody_can_mean_is_told_with_those_there_are(store: Store) -> None:
    keep(store, [], run="aa-1")
    keep(store, [], run="ab-2")

    with pytest.raises(JournalError, match="several runs begin with a: ab-2, aa-1"):
        store.run("a")
    with pytest.raises(JournalError, match="there is no run zz") as caught:
        store.run("zz")
    assert caught.value.hint == "the latest: ab-2, aa-1"


def test_a_whole_id_wins_over_those_it_begins(store: Store) -> None:
    keep(store, [], run="a")
    keep(store, [], run="ab")

    assert store.run("a").id == "a"


def test_a_percent_sign_is_no_wildcard(store: Store) -> None:
    keep(store, [], run="aa")

    with pytest.raises(JournalError, match="there is no run %"):
        store.run("%")


def test_a_journal_without_runs_has_no_last(store: Store) -> None:
    with pytest.raises(JournalError) as caught:
        store.run("last")
    assert caught.value.hint == "it holds no runs"


def test_a_run_is_begun_once(store: Store) -> None:
    keep(store, [])

    with pytest.raises(JournalError, match="it has a run run-1 already"):
        store.begin(spec())


def test_steps_are_appended_in_order_and_of_their_own_run(store: Store) -> None:
    recorder = store.begin(spec())

    with pytest.raises(
        InvariantError, match="step 2 of run run-1 cannot follow step 0"
    ):
        asyncio.run(recorder.append(STORY[1]))
    with pytest.raises(InvariantError, match="step 1 of run other cannot follow"):
        asyncio.run(recorder.append(numbered(step(tick(1)), run=RunId("other"))[0]))


def test_nothing_is_appended_after_the_end(store: Store) -> None:
    recorder = store.begin(spec())
    recorder.close(at(1), "finished")

    with pytest.raises(InvariantError, match="a journal that is closed"):
        asyncio.run(recorder.append(STORY[0]))


def test_a_run_that_failed_keeps_what_it_had(store: Store) -> None:
    recorder = store.begin(spec())
    asyncio.run(recorder.append(STORY[0]))

    saved = recorder.abandon("failed: a bug")

    assert saved
    assert store.run(RUN).end_reason == "failed: a bug"
    assert len(list(store.chain(RUN))) == 1


def test_closing_the_journal_saves_what_an_open_run_had(place_of: Path) -> None:
    with Store.open(f"sqlite:///{place_of}") as store:
        keep(store, STORY, end=False)

    with Store.open(f"sqlite:///{place_of}") as again:
        assert len(list(again.chain(RUN))) == 13


def test_a_step_with_commands_is_on_the_disk_when_append_returns(
    store: Store, place_of: Path
) -> None:
    recorder = store.begin(spec())

    async def go() -> int:
        for taken in STORY[:4]:
            await recorder.append(taken)
        with sqlite3.connect(place_of) as other:
            (found,) = other.execute("SELECT max(sequence) FROM steps").fetchone()
        other.close()
        return int(found)

    assert asyncio.run(go()) == 4


def test_a_durable_step_is_committed_with_full_synchronisation(store: Store) -> None:
    said: list[str] = []

    def hear(_c: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    happenings.listen(store._database.engine, "before_cursor_execute", hear)
    keep(store, STORY[:4])

    commands = said.index("PRAGMA synchronous=FULL")
    assert any("INSERT INTO orders" in statement for statement in said[commands:])


# The digest.


def digest_of(*decided: tuple[int, Decision, Verdict]) -> str:
    digest = Digest()
    for moment, wish, verdict in decided:
        digest.add(moment, "d" * 32, {"edge_min": 0.02}, wish, verdict)
    assert digest.count == len(decided)
    return digest.value()


def test_the_digest_of_no_decisions_is_a_constant() -> None:
    assert digest_of() == "cae66941d9efbd404e4d88758ea67670"


def test_the_digest_does_not_care_how_an_amount_is_spelt() -> None:
    plain = decision(size="10")
    spelt = decision(size="10.00")

    assert digest_of((1, plain, APPROVED)) == digest_of((1, spelt, APPROVED))


@pytest.mark.parametrize(
    "other",
    [
        (2, decision(), APPROVED),
        (1, decision("other"), APPROVED),
        (1, decision(size="11"), APPROVED),
        (1, decision(), REFUSED),
        (1, decision(), Approved(size=Shares(Decimal(9)))),
    ],
)
def test_the_digest_tells_different_decisions_apart(
    other: tuple[int, Decision, Verdict],
) -> None:
    assert digest_of((1, decision(), APPROVED)) != digest_of(other)
