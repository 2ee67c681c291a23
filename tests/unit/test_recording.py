"""What is recorded is on the tape; what happens to the recorder is told, not lost."""

import asyncio
import gzip
import json
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from polyrules.app.live import Taped
from polyrules.domain.events import (
    BookChanged,
    ClockTicked,
    Event,
    Halted,
    MarketListed,
    OrderReported,
    SpotTicked,
)
from polyrules.domain.ids import ClientOrderId
from polyrules.domain.moments import DAY
from polyrules.domain.orders import Report
from polyrules.errors import InvariantError, TapeError
from polyrules.venues.recording.raw import mend
from polyrules.venues.recording.recording import Recording
from polyrules.venues.recording.sealing import files
from polyrules.venues.recording.sealing.finish import recover
from polyrules.venues.recording.sealing.seal import seal
from polyrules.venues.tape.manifest import FORMAT, Manifest
from polyrules.venues.tape.reader import Tape
from polyrules.venues.tape.writer import TapeWriter
from tests.builders import NOON, SECOND, at, book, listed, market, resolved
from tests.small_tape import moving


class Still:
    """A clock that stands until it is told to go on."""

    speed = 1.0

    def __init__(self) -> None:
        self.time = NOON
        self.slept: list[int] = []
        self._asked = asyncio.Condition()
        self._due = 0

    def now(self) -> int:
        return self.time

    async def sleep(self, micros: int) -> None:
        until = self.time + micros
        self.slept.append(micros)
        async with self._asked:
            await self._asked.wait_for(lambda: self.time >= until)

    async def go(self, micros: int) -> None:
        async with self._asked:
            self.time += micros
            self._asked.notify_all()


def recording(place: Path, **options: object) -> Recording:
    given: dict[str, object] = {"clock": Still(), "free_bytes_min": 0, **options}
    return Recording(place, **given)  # type: ignore[arg-type]  # mixed on purpose


def killed(place: Path, at_place: Path) -> Path:
    """Return a copy of a tape as kill -9 would leave it at this moment."""
    return Path(shutil.copytree(place, at_place))


def events_of(tape: Path) -> list[Event]:
    return list(Tape.open(tape).events())


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is true; the limit is a safety net only."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - no event tells of a private state
            await asyncio.sleep(0)


def test_what_was_appended_is_on_the_tape_in_its_order(tmp_path: Path) -> None:
    happened = list(moving(30))
    tape = recording(tmp_path / "tape")

    for event in happened:
        tape.append(event)
    manifest = tape.close()

    assert events_of(tmp_path / "tape") == happened
    assert manifest.rows == len(happened) == 91
    assert manifest.counts == {
        "BookChanged": 87,
        "MarketListed": 3,
        "MarketResolved": 1,
    }
    assert manifest.feeds == ("gamma", "book")
    assert manifest.stated["accepting_orders"] == 3
    assert [file.name for file in manifest.files] == ["events-2026-01-01.parquet"]
    assert not (tmp_path / "tape" / "log").exists()


def test_events_of_one_instant_keep_the_order_of_arrival(tmp_path: Path) -> None:
    happened: list[Event] = [
        resolved(1, "1", name="a"),
        book(1, name="b"),
        listed("b", 1),
        book(1, name="b"),
    ]
    tape = recording(tmp_path / "tape")

    for event in happened:
        tape.append(event)
    tape.close()

    assert events_of(tmp_path / "tape") == happened


def test_ticks_and_answers_to_orders_are_the_journals_not_the_tapes(
    tmp_path: Path,
) -> None:
    tape = recording(tmp_path / "tape")
    order = ClientOrderId("o")

    tape.append(ClockTicked(at=at(1)))
    tape.append(OrderReported(at=at(1), client_order_id=order, report=Report.ACCEPTED))
    tape.append(Halted(at=at(1), by="me"))
    manifest = tape.close()

    assert (tape.taken, manifest.rows) == (0, 0)


def test_time_that_runs_backward_is_a_bug_of_ours(tmp_path: Path) -> None:
    with recording(tmp_path / "tape") as tape:
        tape.append(book(2))

        with pytest.raises(InvariantError, match="at runs backward"):
            tape.append(book(1))


def test_what_was_flushed_survives_a_kill(tmp_path: Path) -> None:
    tape = recording(tmp_path / "tape")
    tape.append(listed())
    tape.append(book(1))
    tape.flush()
    tape.append(book(2))

    left = killed(tmp_path / "tape", tmp_path / "left")
    manifest = recover(left)

    assert events_of(left) == [listed(), book(1)]
    assert manifest.left_out == {}
    tape.abandon()


async def test_every_few_seconds_what_was_appended_survives_a_kill(
    tmp_path: Path,
) -> None:
    clock = Still()
    tape = recording(tmp_path / "tape", clock=clock, every=5 * SECOND)
    running = asyncio.create_task(tape.run())
    tape.append(listed())

    await until(lambda: clock.slept == [5 * SECOND])
    early = killed(tmp_path / "tape", tmp_path / "early")
    await clock.go(5 * SECOND)
    await until(lambda: len(clock.slept) == 2)
    late = killed(tmp_path / "tape", tmp_path / "late")

    recover(early)
    recover(late)
    assert events_of(early) == []
    assert events_of(late) == [listed()]
    running.cancel()
    tape.close()


async def test_an_old_segment_becomes_a_file_while_recording_goes_on(
    tmp_path: Path,
) -> None:
    clock = Still()
    tape = recording(tmp_path / "tape", clock=clock, every=15 * 60 * SECOND)
    running = asyncio.create_task(tape.run())
    tape.append(listed())
    tape.flush()

    await until(lambda: clock.slept)
    await clock.go(15 * 60 * SECOND)
    await until(lambda: len(clock.slept) == 2)
    tape.append(book(1))
    tape.flush()

    beside = Tape.open(tmp_path / "tape", unsealed=True)
    assert list(beside.events()) == [listed()]
    assert beside.unsealed
    assert tape.trouble == ""
    running.cancel()
    manifest = tape.close()
    assert events_of(tmp_path / "tape") == [listed(), book(1)]
    assert len(manifest.files) == 1


async def test_without_room_for_another_process_recording_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", none)
    clock = Still()
    tape = recording(tmp_path / "tape", clock=clock, every=15 * 60 * SECOND)
    running = asyncio.create_task(tape.run())
    tape.append(listed())
    tape.flush()

    await until(lambda: clock.slept)
    await clock.go(15 * 60 * SECOND)
    await until(lambda: len(clock.slept) == 2)

    assert tape.trouble == "cannot be sealed beside: Cannot allocate memory"
    assert not running.done()
    running.cancel()
    tape.close()
    assert events_of(tmp_path / "tape") == [listed()]


async def test_a_segment_that_cannot_be_made_into_a_file_waits_for_the_end(
    tmp_path: Path,
) -> None:
    clock = Still()
    tape = recording(tmp_path / "tape", clock=clock, every=15 * 60 * SECOND)
    running = asyncio.create_task(tape.run())
    tape.append(listed())
    tape.flush()
    manifest = tmp_path / "tape" / "manifest.json"
    said = manifest.read_bytes()
    manifest.write_text("not what it was")

    await until(lambda: clock.slept)
    await clock.go(15 * 60 * SECOND)
    await until(lambda: len(clock.slept) == 2)
    trouble = tape.trouble
    manifest.write_bytes(said)

    assert "not a manifest" in trouble
    running.cancel()
    tape.close()
    assert events_of(tmp_path / "tape") == [listed()]


async def test_cancelling_a_recording_that_seals_beside_costs_nothing(
    tmp_path: Path,
) -> None:
    clock = Still()
    tape = recording(tmp_path / "tape", clock=clock, every=15 * 60 * SECOND)
    running = asyncio.create_task(tape.run())
    tape.append(listed())
    tape.flush()

    await until(lambda: clock.slept)
    await clock.go(15 * 60 * SECOND)
    await until(lambda: tape._log._file is None)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    tape.close()

    assert events_of(tmp_path / "tape") == [listed()]


def test_an_unsealed_tape_says_how_to_seal_it(tmp_path: Path) -> None:
    tape = recording(tmp_path / "tape")
    tape.append(listed())
    tape.abandon()

    with pytest.raises(TapeError, match="goes on, or was cut short") as told:
        Tape.open(tmp_path / "tape")

    assert told.value.hint.endswith(f"polyrules tape seal {tmp_path / 'tape'}")


def test_two_cannot_record_onto_one_tape(tmp_path: Path) -> None:
    tape = recording(tmp_path / "tape")

    with pytest.raises(TapeError, match="this tape is being recorded now"):
        recording(tmp_path / "tape")
    with pytest.raises(TapeError, match="this tape is being recorded now"):
        recover(tmp_path / "tape")

    tape.abandon()


def test_a_tape_goes_on_after_a_kill_and_after_a_close(tmp_path: Path) -> None:
    first = recording(tmp_path / "tape")
    first.append(listed())
    first.flush()
    place = killed(tmp_path / "tape", tmp_path / "again")
    first.abandon()

    second = recording(place)
    second.append(book(1))
    second.close()
    third = recording(place)
    third.append(book(2))
    manifest = third.close()

    assert events_of(place) == [listed(), book(1), book(2)]
    assert manifest.notes == {"recording went on after a break": 2}
    assert Tape.open(place).verify() == ()
    seqs = Tape.open(place).scan().select("seq").collect()["seq"].to_list()
    assert seqs == [1, 2, 3]


def test_a_tape_of_tomorrow_takes_no_events_of_today(tmp_path: Path) -> None:
    first = recording(tmp_path / "tape")
    first.append(book(100))
    first.close()

    with (
        recording(tmp_path / "tape") as second,
        pytest.raises(TapeError, match="recorded at 2026-01-01 12:01:40") as told,
    ):
        second.append(book(1))

    assert "name a new directory" in told.value.hint


def test_each_day_has_its_file(tmp_path: Path) -> None:
    tape = recording(tmp_path / "tape")

    for days in (0, 0, 1, 1, 2):
        tape.append(book(days * 86_400))
    manifest = tape.close()

    assert [(file.name, file.rows) for file in manifest.files] == [
        ("events-2026-01-01.parquet", 2),
        ("events-2026-01-02.parquet", 2),
        ("events-2026-01-03.parquet", 1),
    ]


def test_a_day_in_several_files_reads_as_one(tmp_path: Path) -> None:
    tape = recording(tmp_path / "tape")
    for second in range(4):
        tape.append(book(second))
        tape.flush()
        tape._log.turn()
        assert tape._log.roll() == second + 1
    seal(tmp_path / "tape", upto=3)

    several = Tape.open(tmp_path / "tape", unsealed=True)

    assert [file.rows for file in several.manifest.files] == [1, 1, 1]
    assert list(several.events()) == [book(0), book(1), book(2)]
    assert list(several.events(2, 3)) == [book(1), book(2)]
    tape.close()
    assert events_of(tmp_path / "tape") == [book(second) for second in range(4)]


def test_a_segment_larger_than_memory_holds_becomes_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SPILL_ROWS", 2)
    tape = recording(tmp_path / "tape")
    for second in range(7):
        tape.append(book(second))
        tape.flush()  # a block each
    tape.close()

    assert events_of(tmp_path / "tape") == [book(second) for second in range(7)]
    rows = Tape.open(tmp_path / "tape").scan().select("seq").collect()
    assert rows["seq"].to_list() == [1, 2, 3, 4, 5, 6, 7]
    assert not list((tmp_path / "tape").glob(".*"))


def test_rows_tell_the_group_of_their_market(tmp_path: Path) -> None:
    tape = recording(tmp_path / "tape")
    tape.append(listed("a", facts=market("a", group="event")))
    tape.append(book(1, name="a"))
    tape.append(book(2, name="b"))
    tape.close()

    rows = Tape.open(tmp_path / "tape").scan().select("group").collect()

    assert rows["group"].to_list() == ["event", "event", None]


@pytest.mark.parametrize("name", ["imported", "file", "folder"])
def test_what_is_no_recording_is_left_alone(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    if name == "imported":
        with TapeWriter(place) as writer:
            writer.close(Manifest(format=FORMAT, made_by="test"))
    elif name == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "mine").touch()

    with pytest.raises(TapeError) as told:
        recording(place)

    assert "name a new directory with --out" in told.value.hint


def test_a_torn_end_is_dropped_and_counted(tmp_path: Path) -> None:
    tape = recording(tmp_path / "tape")
    tape.append(listed())
    tape.flush()
    tape.append(book(1))
    tape.abandon()
    (segment,) = (tmp_path / "tape" / "log").glob("*.log")
    with segment.open("r+b") as file:
        file.truncate(segment.stat().st_size - 1)

    manifest = recover(tmp_path / "tape")

    assert events_of(tmp_path / "tape") == [listed()]
    assert manifest.left_out == {"a block of the log that was cut short": 1}


def test_an_event_that_cannot_be_read_back_costs_only_itself(tmp_path: Path) -> None:
    tape = recording(tmp_path / "tape")
    tape.append(listed())
    tape.append(SpotTicked(at=at(1), symbol="BTC", source="price", price=float("nan")))
    tape.append(SpotTicked(at=at(1), symbol="\ud800", source="price", price=1.0))
    huge = BookChanged(
        at=at(1), market=market().id, token=market().yes, bids=((10**30, 1),), asks=()
    )
    tape.append(huge)
    tape.append(book(2))
    manifest = tape.close()

    assert events_of(tmp_path / "tape") == [listed(), book(2)]
    assert manifest.left_out == {
        "an event of the log that cannot be read back": 2,
        "an event that no tape can hold": 1,
    }


@pytest.mark.parametrize("moment", ["file written", "manifest written"])
def test_a_crash_while_sealing_costs_nothing(tmp_path: Path, moment: str) -> None:
    tape = recording(tmp_path / "tape")
    tape.append(listed())
    tape.abandon()
    place = tmp_path / "tape"
    before = killed(place, tmp_path / "before")
    seal(place, upto=1)
    (file,) = place.glob("events-*.parquet")
    if moment == "file written":
        shutil.copy(file, before / file.name)
    else:
        shutil.copy(before / "log" / "000001.log", place / "log")
        before = place

    recover(before)

    assert events_of(before) == [listed()]
    assert len(list(before.glob("events-*"))) == 1


def test_recording_stops_before_the_quota_is_passed(tmp_path: Path) -> None:
    quota = 400_000
    tape = recording(tmp_path / "tape", quota_bytes=quota, required=False)

    for second in range(20_000):
        tape.append(book(second))
        if second % 100 == 0:
            tape.flush()
            assert tape.size <= quota
    stopped, taken, lost = str(tape.stopped), tape.taken, tape.lost
    manifest = tape.close()

    assert "recording stopped: its quota of 400,000 bytes is used up" in stopped
    assert taken - lost < manifest.rows + lost <= 20_000
    assert manifest.rows + lost == 20_000
    assert events_of(tmp_path / "tape") == [book(n) for n in range(manifest.rows)]
    assert manifest.left_out == {"an event that came after recording had stopped": lost}
    assert tape.size <= quota


def test_a_run_that_needs_its_tape_ends_when_there_is_no_room(tmp_path: Path) -> None:
    with recording(tmp_path / "tape", quota_bytes=1_000) as tape:
        tape.append(book(1))

        with pytest.raises(TapeError, match="quota of 1,000 bytes is used up") as told:
            tape.flush()
        with pytest.raises(TapeError, match="quota of 1,000 bytes is used up"):
            tape.append(book(2))

    assert "make room, or raise the quota" in told.value.hint


def test_recording_leaves_the_disk_its_free_space(tmp_path: Path) -> None:
    tape = recording(tmp_path / "tape", free_bytes_min=1 << 60, required=False)
    tape.append(book(1))
    tape.flush()

    assert "have to stay free" in str(tape.stopped)
    assert tape.close().rows == 0


def test_a_full_disk_ends_the_recording_and_not_the_tape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape = recording(tmp_path / "tape", required=False)
    tape.append(listed())
    tape.flush()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.write", full)
        tape.append(book(1))
        tape.flush()
    tape.append(book(2))

    assert "cannot be written: No space left on device" in str(tape.stopped)
    assert tape.lost == 2
    tape.close()
    assert events_of(tmp_path / "tape") == [listed()]


def test_only_as_many_days_are_kept_as_were_asked_for(tmp_path: Path) -> None:
    tape = recording(tmp_path / "tape", keep=2)
    tape.append(listed("open"))
    tape.append(listed("over"))
    for days in range(4):
        tape.append(book(days * 86_400 + 1))
        if days == 0:
            tape.append(resolved(2, "1", name="over"))
    manifest = tape.close()

    assert [file.name for file in manifest.files] == [
        "listings-before-2026-01-03-000001.parquet",
        "events-2026-01-03.parquet",
        "events-2026-01-04.parquet",
    ]
    assert manifest.notes == {"oldest days removed, as asked": 2}
    assert manifest.counts == {"BookChanged": 2, "MarketListed": 1}
    assert events_of(tmp_path / "tape") == [
        listed("open"),
        book(2 * 86_400 + 1),
        book(3 * 86_400 + 1),
    ]
    assert Tape.open(tmp_path / "tape").verify() == ()


def test_raw_frames_lie_beside_the_tape_day_by_day(tmp_path: Path) -> None:
    tape = recording(tmp_path / "tape", raw=True)
    tape.append_raw("market_channel", NOON, b'{"a":1}')
    tape.append_raw("rtds", NOON + DAY, b"\xff\x00")
    tape.flush()
    tape.append_raw("gamma", NOON + DAY, b"")
    tape.close()

    folder = tmp_path / "tape" / "raw"
    assert sorted(path.name for path in folder.iterdir()) == [
        "2026-01-01.jsonl.gz",
        "2026-01-02.jsonl.gz",
    ]
    first = gzip.decompress((folder / "2026-01-01.jsonl.gz").read_bytes())
    assert json.loads(first) == {
        "at": NOON,
        "source": "market_channel",
        "frame": '{"a":1}',
    }
    second = gzip.decompress((folder / "2026-01-02.jsonl.gz").read_bytes())
    assert [json.loads(line) for line in second.splitlines()] == [
        {"at": NOON + DAY, "source": "rtds", "base64": "/wA="},
        {"at": NOON + DAY, "source": "gamma"},
    ]
    assert Tape.open(tmp_path / "tape").verify() == ()


def test_a_torn_end_of_raw_frames_is_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "frames.gz"
    whole = gzip.compress(b"one\n") + gzip.compress(b"two\n")
    file.write_bytes(whole + gzip.compress(b"three\n")[:-3])

    assert mend(file) == 23

    assert file.read_bytes() == whole
    assert mend(file) == 0


def test_facts_of_the_start_and_of_the_end_are_both_told(tmp_path: Path) -> None:
    start = Manifest(
        format=FORMAT, made_by="test", title="live", feeds=("book",), tick=SECOND
    )
    end = Manifest(
        format=FORMAT,
        made_by="test",
        feeds=("rtds",),
        notes={"reconnects": 2},
        max_age={"book": 5},
    )
    tape = recording(tmp_path / "tape", facts=start)

    manifest = tape.close(end)

    assert (manifest.title, manifest.tick) == ("live", SECOND)
    assert manifest.feeds == ("book", "rtds")
    assert manifest.notes == {"reconnects": 2}
    assert manifest.max_age == {"book": 5}


def test_the_listing_is_what_a_market_listed_event_says(tmp_path: Path) -> None:
    tape = recording(tmp_path / "tape")
    tape.append(listed("a"))
    tape.close()

    (event,) = events_of(tmp_path / "tape")

    assert isinstance(event, MarketListed)
    assert event.market == market("a")


async def test_a_run_does_not_see_what_its_tape_cannot_hold(tmp_path: Path) -> None:
    unfit = SpotTicked(at=at(1), symbol="\ud800", source="price", price=1.0)

    class Script:
        """A feed of three events and a tick."""

        async def events(self) -> AsyncIterator[Event]:
            for event in (listed(), unfit, ClockTicked(at=at(2)), book(3)):
                yield event

    with recording(tmp_path / "tape") as tape:
        seen = [event async for event in Taped(Script(), tape).events()]

    assert seen == [listed(), ClockTicked(at=at(2)), book(3)]


def test_the_first_event_of_a_tape_ends_no_segment(tmp_path: Path) -> None:
    with recording(tmp_path / "tape") as tape:
        tape.append(listed())
        tape.flush()

        assert tape._log.roll() is None
