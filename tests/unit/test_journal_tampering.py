"""What a changed byte in a journal does: it is found, and named by its Step."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyrules.domain.ids import RunId
from polyrules.errors import JournalError
from polyrules.journal.store import Store
from tests.builders import book, tick
from tests.journal_story import RUN, STORY, fill, keep, numbered, place, step


@pytest.fixture
def place_of(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def store(place_of: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{place_of}") as opened:
        yield opened


# What a changed byte does.


def tamper(place: Path, *statements: str) -> None:
    other = sqlite3.connect(place)
    for statement in statements:
        other.execute(statement)
    other.commit()
    other.close()


TAMPERED = {
    "a body": (
        "UPDATE steps SET body = CAST(replace(body, '0.50', '0.51') AS BLOB)",
        "step 4: its body was changed: the chain does not vouch for it",
    ),
    "the value of a step": (
        "UPDATE steps SET value = zeroblob(16) WHERE sequence = 5",
        "step 5: its own chain value was changed",
    ),
    "a missing step": (
        "DELETE FROM steps WHERE sequence = 10",
        "step 10: it was kept in full and is missing",
    ),
    "a tick": (
        "UPDATE ticks SET pairs = zeroblob(length(pairs)) WHERE first_sequence = 1",
        "step 3: the time of its tick was changed or is missing",
    ),
    "a lost tick": (
        "DELETE FROM ticks WHERE first_sequence > 4",
        "step 9: the time of its tick was changed or is missing",
    ),
    "a step too many": (
        "INSERT INTO steps SELECT run, 99, at, kind, body, value FROM steps LIMIT 1",
        "step 99: the chain has no value for it",
    ),
    "what is kept": (
        "UPDATE chain SET kept = CAST(replace(kept, 's', '-') AS BLOB)",
        "step 1: a chain value from here to step 4 was changed",
    ),
    "a fill's row": (
        "UPDATE fills SET price = 490000",
        "step 6: its row in fills is not what its body says",
    ),
    "an order's row": (
        "DELETE FROM orders",
        "step 4: its row in orders is not what its body says",
    ),
    "a decision out of nowhere": (
        "UPDATE decisions SET sequence = 9 WHERE ordinal = 1",
        "step 4: its row in decisions is not what its body says",
    ),
    "the end of the chain": (
        "DELETE FROM chain",
        "step 1: the chain ends after 0 of 13 steps",
    ),
}


@pytest.mark.parametrize(("statement", "expected"), TAMPERED.values(), ids=TAMPERED)
def test_what_was_changed_after_it_was_written_is_found_and_named(
    store: Store, place_of: Path, statement: str, expected: str
) -> None:
    keep(store, STORY)

    tamper(place_of, statement)

    assert str(store.verify(RUN)) == expected


def test_a_changed_step_is_not_returned_by_any_reader(
    store: Store, place_of: Path
) -> None:
    keep(store, STORY)

    tamper(place_of, TAMPERED["a body"][0])

    for read in (store.orders, store.decisions, lambda run: list(store.steps(run))):
        with pytest.raises(JournalError, match="step 4 of run run-1 was changed"):
            read(RUN)


def test_a_changed_chain_value_that_no_step_tells_on_is_found_by_its_seal(
    store: Store, place_of: Path
) -> None:
    keep(store, numbered(step(book(1)), step(book(2)), step(book(3))))

    tamper(place_of, "UPDATE chain SET chain_values = zeroblob(48)")

    assert str(store.verify(RUN)) == (
        "step 1: a chain value from here to step 3 was changed"
    )


def test_a_run_under_another_name_is_found_out(store: Store, place_of: Path) -> None:
    keep(store, numbered(step(fill(1))))

    tamper(
        place_of,
        "UPDATE runs SET id = 'run-2', spec = CAST(replace(spec, 'run-1', 'run-2') "
        "AS BLOB)",
        "UPDATE steps SET run = 'run-2'",
        "UPDATE chain SET run = 'run-2'",
        "UPDATE fills SET run = 'run-2'",
    )

    assert str(store.verify(RunId("run-2"))) == (
        "step 1: its body is that of step 1 of run run-1"
    )


def test_a_gap_in_the_chain_ends_what_can_be_trusted(
    store: Store, place_of: Path
) -> None:
    story = [step(tick(n), commands=(place(str(n)),)) for n in range(1, 7)]
    keep(store, numbered(*story))

    tamper(place_of, "DELETE FROM chain WHERE first_sequence = 4")

    assert [sequence for sequence, _ in store.chain(RUN)] == [1, 2, 3]
    assert [kept.sequence for kept in store.steps(RUN)] == [1, 2, 3]
    assert [sequence for sequence, _ in store.inputs(RUN)] == [1, 2, 3]
    assert str(store.verify(RUN)) == "step 4: its chain value is missing"


def test_a_damaged_description_of_a_run_is_told(store: Store, place_of: Path) -> None:
    keep(store, STORY)

    tamper(place_of, "UPDATE runs SET spec = CAST('{' AS BLOB)")

    with pytest.raises(JournalError, match="a run's description is damaged"):
        store.runs()


def test_missing_tables_are_told(store: Store, place_of: Path) -> None:
    keep(store, STORY)

    tamper(place_of, "DROP TABLE steps")

    with pytest.raises(JournalError, match="its tables are gone"):
        store.orders(RUN)
