"""What a journal survives, and what it says when it cannot be used."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event as happenings

from polyrules.domain.ids import RunId
from polyrules.errors import JournalError
from polyrules.journal import writer
from polyrules.journal.store import Store
from polyrules.journal.tables import META
from tests.builders import at, book, tick
from tests.journal_story import (
    RUN,
    STORY,
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


def test_a_run_that_outpaces_the_disk_waits_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "UNSAVED_STEPS_MAX", 3)
    monkeypatch.setattr(writer, "BATCH_STEPS", 1_000)
    recorder = store.begin(spec())
    unsaved: list[int] = []

    async def go() -> None:
        for taken in numbered(*(step(book(n)) for n in range(20))):
            await recorder.append(taken)
            unsaved.append(len(recorder._writer._batch))

    asyncio.run(go())

    assert max(unsaved) <= 3


def test_two_runs_can_write_to_one_journal(store: Store, place_of: Path) -> None:
    other_steps = numbered(*STORY, run=RunId("run-2"))
    with Store.open(f"sqlite:///{place_of}") as second:
        one, two = store.begin(spec()), second.begin(spec("run-2"))

        async def go() -> None:
            for mine, theirs in zip(STORY, other_steps, strict=True):
                await one.append(mine)
                await two.append(theirs)

        asyncio.run(go())
        one.close(at(9), "finished")
        two.close(at(9), "finished")

        assert store.verify(RUN) is None
        assert second.verify(RunId("run-2")) is None
        assert list(second.steps(RunId("run-2"))) == [
            taken
            for taken in other_steps
            if taken.sequence in (1, 4, 5, 6, 8, 10, 11, 12)
        ]


def test_a_journal_locked_by_another_writer_says_so(place_of: Path) -> None:
    with Store.open(f"sqlite:///{place_of}", busy_seconds=0.01) as store:
        recorder = store.begin(spec())
        other = sqlite3.connect(place_of, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(JournalError, match="it is locked by another writer"):
            asyncio.run(
                recorder.append(numbered(step(tick(1), commands=(place(),)))[0])
            )
        with pytest.raises(JournalError, match="it is locked by another writer"):
            recorder.close(at(1), "finished")
        with pytest.raises(JournalError, match="it is locked by another writer"):
            store.begin(spec("run-2"))

        other.close()


def test_a_damaged_database_is_told(place_of: Path) -> None:
    with Store.open(f"sqlite:///{place_of}") as store:
        keep(store, STORY)
    damaged = bytearray(place_of.read_bytes())
    damaged[4096:] = b"\xff" * len(damaged[4096:])
    place_of.write_bytes(damaged)

    with (
        pytest.raises(JournalError, match="the database is damaged"),
        Store.open(f"sqlite:///{place_of}") as store,
    ):
        store.verify(RUN)


# What goes wrong while writing: told on the next append, nothing before is lost.


def test_a_full_disk_loses_nothing_written_before(store: Store, place_of: Path) -> None:
    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count=60")

    happenings.listen(store._database.engine, "connect", limit)
    store._database.engine.dispose()
    recorder = store.begin(spec())
    drafts = [step(tick(n), commands=(place(str(n)),)) for n in range(500)]
    steps = numbered(*drafts)
    saved = 0

    async def go() -> None:
        nonlocal saved
        for taken in steps:
            await recorder.append(taken)
            saved += 1

    with pytest.raises(JournalError, match="the disk is full") as caught:
        asyncio.run(go())

    assert caught.value.hint == "free some space; what was written before is safe"
    assert saved > 10
    with pytest.raises(JournalError, match="the disk is full"):
        recorder.close(at(1), "finished")
    assert not recorder.abandon("failed")
    with Store.open(f"sqlite:///{place_of}") as again:
        assert list(again.steps(RUN)) == steps[:saved]
        assert again.verify(RUN) is None
        assert again.run(RUN).ended_at is None


def test_a_removed_file_is_noticed(store: Store, place_of: Path) -> None:
    recorder = store.begin(spec())
    place_of.unlink()

    with pytest.raises(JournalError, match="the file was removed or replaced"):
        asyncio.run(recorder.append(numbered(step(tick(1), commands=(place(),)))[0]))


def test_a_failure_between_two_appends_is_told_by_the_second(
    store: Store, place_of: Path
) -> None:
    recorder = store.begin(spec())
    asyncio.run(recorder.append(STORY[0]))
    place_of.unlink()
    recorder._writer.join(timeout=10)  # it notices by itself, within its quarter second

    with pytest.raises(JournalError, match="the file was removed or replaced"):
        asyncio.run(recorder.append(STORY[1]))


def test_a_cancelled_wait_does_not_stop_the_writer(store: Store) -> None:
    recorder = store.begin(spec())

    async def go() -> None:
        durable, later = numbered(step(tick(1), commands=(place(),)), step(tick(2)))
        waiting = asyncio.ensure_future(recorder.append(durable))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await recorder.append(later)

    asyncio.run(go())
    recorder.close(at(1), "interrupted")

    assert len(list(store.chain(RUN))) == 2


KILLED = """
import asyncio, os, sys
from tests.journal_story import numbered, place, spec, step
from tests.builders import tick
from polyrules.journal.store import Store
from polyrules.journal.tables import META

async def main():
    recorder = Store.open(sys.argv[1]).begin(spec())
    steps = numbered(
        *(step(tick(n), commands=(place(str(n)),) if n % 3 == 0 else ())
          for n in range(1, 100_000))
    )
    for taken in steps:
        await recorder.append(taken)
        if taken.commands:
            os.write(1, b"%d\\n" % taken.sequence)

asyncio.run(main())
"""


def test_a_killed_run_reads_up_to_its_last_durable_step(place_of: Path) -> None:
    url = f"sqlite:///{place_of}"
    root = Path(__file__).parents[2]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, cwd=root
    ) as child:
        assert child.stdout is not None
        told = [int(child.stdout.readline()) for _ in range(50)]
        child.send_signal(signal.SIGKILL)
        told += [int(line) for line in child.stdout.read().split()]
    assert child.returncode == -signal.SIGKILL

    with Store.open(url) as store:
        run = store.run("last")
        durable = [sequence for sequence, _ in store.chain(run.id)]

        assert run.ended_at is None
        assert durable == list(range(1, len(durable) + 1))
        assert len(durable) >= told[-1]
        assert [s.sequence for s in store.steps(run.id)][: len(told)] == told
        assert store.verify(run.id) is None


# What goes wrong while opening.


def test_a_missing_directory_is_told_with_the_way_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no directory") as caught:
        Store.open(f"sqlite:///{tmp_path}/no/such/j.db")

    assert caught.value.hint == f"mkdir -p {tmp_path}/no/such"


def test_a_directory_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="it is a directory"):
        Store.open(f"sqlite:///{tmp_path}")


def test_another_kind_of_file_is_no_journal(place_of: Path) -> None:
    place_of.write_text("polyrules: 1\n" * 500)

    with pytest.raises(JournalError, match="it is not a database"):
        Store.open(f"sqlite:///{place_of}")
    assert place_of.read_text() == "polyrules: 1\n" * 500


def test_somebody_elses_database_is_left_alone(place_of: Path) -> None:
    other = sqlite3.connect(place_of)
    other.execute("CREATE TABLE steps (mine TEXT)")
    other.close()

    with pytest.raises(JournalError, match=r"belongs to something else .*steps"):
        Store.open(f"sqlite:///{place_of}")


def test_a_journal_whose_making_was_cut_short_is_told_as_such(place_of: Path) -> None:
    torn = sqlite3.connect(place_of)
    torn.execute("CREATE TABLE chain (run TEXT)")
    torn.close()

    with pytest.raises(JournalError, match="cut short, it holds no runs") as caught:
        Store.open(f"sqlite:///{place_of}")
    assert caught.value.hint.startswith("move that file away")


def test_the_tables_of_a_journal_are_made_all_or_none(
    place_of: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(META, "insert", fail)
    with pytest.raises(KeyboardInterrupt):
        Store.open(f"sqlite:///{place_of}")
    monkeypatch.undo()

    left = sqlite3.connect(place_of)
    assert left.execute("SELECT name FROM sqlite_master").fetchall() == []
    left.close()
    with Store.open(f"sqlite:///{place_of}") as store:
        assert store.runs() == []


@pytest.mark.usefixtures("store")
def test_tables_of_another_version_are_refused(place_of: Path) -> None:
    other = sqlite3.connect(place_of)
    other.execute("UPDATE polyrules_meta SET value = '99'")
    other.commit()
    other.close()

    with pytest.raises(JournalError, match="have version 99, this polyrules writes 1"):
        Store.open(f"sqlite:///{place_of}")


def test_a_journal_to_read_must_be_there(place_of: Path) -> None:
    with pytest.raises(JournalError, match="there is none yet"):
        Store.open(f"sqlite:///{place_of}", create=False)
    assert not place_of.exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_journal_in_memory_is_refused(url: str) -> None:
    with pytest.raises(JournalError, match="in memory remembers nothing"):
        Store.open(url)


def test_an_url_that_is_none_is_told_how_to_be_written() -> None:
    with pytest.raises(JournalError) as caught:
        Store.open("mine.db")

    assert str(caught.value) == 'journal "mine.db": that is not the URL of a database'
    assert caught.value.hint == "write it like sqlite:///mine.db"


def test_an_url_that_is_none_does_not_tell_its_password() -> None:
    with pytest.raises(JournalError) as caught:
        Store.open("me:secret@host/journal")

    assert "secret" not in f"{caught.value} {caught.value.hint}"


def test_a_missing_driver_is_named_and_no_password_told() -> None:
    with pytest.raises(JournalError, match="no driver for") as caught:
        Store.open("nosuch://me:secret@host/journal")
    assert "secret" not in str(caught.value)


def test_a_journal_opened_for_reading_only_says_it_is_read_only(
    store: Store, place_of: Path
) -> None:
    keep(store, STORY)
    store.close()

    with Store.open(f"sqlite:///file:{place_of}?mode=ro&uri=true") as reading:
        assert reading.run("last").id == RUN
        with pytest.raises(JournalError, match="it is read-only"):
            reading.begin(spec("run-2"))


@pytest.fixture
def nobodys() -> Iterator[Path]:
    """A directory in which this process is an ordinary user, even if root runs it."""
    with tempfile.TemporaryDirectory() as name:
        place, is_root = Path(name), os.geteuid() == 0
        if is_root:
            os.chown(place, 65534, 65534)
            os.seteuid(65534)
        try:
            yield place
        finally:
            if is_root:
                os.seteuid(0)


def test_a_read_only_file_is_told_as_such(nobodys: Path) -> None:
    place = nobodys / "j.db"
    with Store.open(f"sqlite:///{place}") as store:
        keep(store, STORY)
    place.chmod(0o444)

    with (
        Store.open(f"sqlite:///{place}") as store,
        pytest.raises(JournalError, match="it is read-only") as caught,
    ):
        store.begin(spec("run-2"))

    assert caught.value.hint.startswith("make the file and its directory writable")


def test_a_read_only_directory_is_told_as_such(nobodys: Path) -> None:
    nobodys.chmod(0o555)

    with pytest.raises(JournalError, match="it cannot be opened") as caught:
        Store.open(f"sqlite:///{nobodys}/j.db")

    nobodys.chmod(0o755)
    assert caught.value.hint == "check the directory and its permissions"
