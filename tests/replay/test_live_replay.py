"""A live run is replayed from the tape it wrote itself, also after it was killed."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from polyrules import app
from polyrules.app.runs import Terms, spec_of
from polyrules.clock import Wall
from polyrules.config import default_desk
from polyrules.domain.events import ClockTicked, Event, FeedLost
from polyrules.domain.ports import Journal
from polyrules.domain.steps import Step
from polyrules.engine.engine import Engine
from polyrules.features.catalog import Feed
from polyrules.features.table import Feeds
from polyrules.journal.records import TapeSource
from polyrules.journal.store import Store
from polyrules.venues.paper import Paper
from polyrules.venues.recording.recording import Recording
from polyrules.venues.recording.sealing.finish import recover
from polyrules.venues.tape.reader import Tape
from tests.builders import SECOND, at
from tests.small_tape import Cli, moving
from tests.strategies import BUY_TIGHT, SELL_HIGH

SECONDS = 120
Look = Callable[[Step], None]


class Live:
    """A feed of a live venue: ticks come when they come, and a feed is lost once."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens; market data is on its way to the tape before."""
        yield ClockTicked(at=at(-2))  # long before anyone tells anything
        last = at(0)
        for event in moving(SECONDS):
            if event.at > last:
                yield ClockTicked(at=last + SECOND // 7)
            last = event.at
            self._recording.append(event)
            yield event
        lost = FeedLost(at=last, feed="book", reason="the socket fell silent")
        self._recording.append(lost)
        yield lost
        yield ClockTicked(at=last + 3 * SECOND)


class TapeFirst:
    """A journal that waits for the tape where commands are about to leave."""

    def __init__(self, recording: Recording, journal: Journal) -> None:
        self._recording = recording
        self._journal = journal

    async def append(self, step: Step) -> None:
        if step.commands:
            self._recording.flush()
        await self._journal.append(step)


class Onlooker:
    """Shows each Step to whoever asked."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def see(self, step: Step, engine: Engine) -> None:
        del engine
        self._look(step)

    def ending(self, engine: Engine) -> str:
        del engine
        return ""


def terms() -> Terms:
    sources = tuple(
        app.Source(path=f"{name}.yaml", text=text)
        for name, text in (("buy", BUY_TIGHT), ("sell", SELL_HIGH))
    )
    desk = default_desk()
    given = (Feed.GAMMA, Feed.BOOK, Feed.TRADES, Feed.CLOCK, Feed.PORTFOLIO)
    return Terms(
        sources=sources,
        strategies=app.load_all(sources),
        limits=desk.limits,
        bankroll=desk.bankroll_usd,
        feeds=Feeds(given=given),
        tick=SECOND,
    )


def run_live(look: Look = lambda _: None, *, ends: bool = True) -> int:
    """Run on the pretended live venue; return how many orders left.

    With `ends` False the journal never hears of the end, nor of the tape's hash.
    """
    return asyncio.run(_run_live(look, Path("tape").absolute(), ends=ends))


async def _run_live(look: Look, path: Path, *, ends: bool) -> int:
    job = terms()
    spec = spec_of(job, TapeSource(path=str(path), content_hash=""))
    engine = app.build_engine(spec, job.strategies)
    recording = Recording(path, clock=Wall(), free_bytes_min=0)
    orders = 0

    def see(step: Step) -> None:
        nonlocal orders
        orders += len(step.commands)
        look(step)

    with Store.open("sqlite:///polyrules.db") as store:
        journal = store.begin(spec)
        paper = Paper(Live(recording), cash=job.bankroll)
        first = TapeFirst(recording, journal)
        ended = await app.drive(engine, paper, first, Onlooker(see))
        recording.close()
        source = TapeSource(path=str(path), content_hash=Tape.open(path).content_hash)
        if ends:
            journal.close(spec.started_at, ended, {}, tape=source)
    return orders


def copied(journal: Path) -> None:
    """Copy what a journal has durable now, as a kill would leave it."""
    with (
        sqlite3.connect("polyrules.db") as now,
        sqlite3.connect(journal) as left,
    ):
        now.backup(left)
    now.close()
    left.close()


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_live_run_replays_byte_for_byte_from_the_tape_it_wrote(cli: Cli) -> None:
    orders = run_live()

    replayed = cli("replay", "--json")

    told = json.loads(replayed.stdout)
    assert replayed.exit_code == 0, replayed.output
    assert (told["mismatch"], told["short"], told["complete"]) == ("", "", True)
    assert told["decisions"] == orders == 15
    assert told["steps"] == 515


def test_a_live_run_knows_the_hash_of_its_tape_when_it_has_ended() -> None:
    run_live()

    with Store.open("sqlite:///polyrules.db", create=False) as store:
        spec = store.run("last").spec
        assert store.verify(spec.id) is None

    assert spec.tape is not None
    assert spec.tape.content_hash == Tape.open(Path("tape")).content_hash


def test_a_tape_that_was_recorded_elsewhere_is_not_the_runs_own(cli: Cli) -> None:
    run_live()
    shutil.rmtree("tape")
    other = Recording(Path("tape"), clock=Wall(), free_bytes_min=0)
    for event in moving(5):
        other.append(event)
    other.close()

    replayed = cli("replay")

    assert replayed.exit_code == 1
    assert "the run was made on" in replayed.output


def test_a_recorded_tape_is_run_over_like_any_other(cli: Cli) -> None:
    run_live()
    Path("buy.yaml").write_text(BUY_TIGHT)

    result = cli("run", "buy.yaml", "--tape", "tape", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["strategies"][0]["decisions"] > 0


def test_a_killed_run_replays_as_far_as_its_journal_goes(cli: Cli) -> None:
    def look(step: Step) -> None:
        if step.sequence == 300:
            copied(Path("killed.db"))
            shutil.copytree("tape", "killed")

    run_live(look)
    shutil.rmtree("tape")
    Path("killed").rename("tape")
    recover(Path("tape"))

    replayed = cli("replay", "--json", "--journal", "sqlite:///killed.db")

    told = json.loads(replayed.stdout)
    assert replayed.exit_code == 0, replayed.output
    assert told["complete"] is False
    assert 0 < told["steps"] <= 300


def test_a_killed_run_whose_tape_is_behind_its_journal_says_how_far_both_go(
    cli: Cli,
) -> None:
    flushed: list[int] = []

    def look(step: Step) -> None:
        if step.commands:
            flushed.append(step.sequence)
        if step.sequence == 400:  # what came since the last order is in memory only
            shutil.copytree("tape", "killed")

    run_live(look, ends=False)
    shutil.rmtree("tape")
    Path("killed").rename("tape")
    recover(Path("tape"))

    replayed = cli("replay")

    (last,) = [n for n in flushed if n <= 400][-1:]
    assert replayed.exit_code == 0, replayed.output
    assert "replays to itself" in replayed.stdout
    assert "the run was killed before it was on the disk" in replayed.stdout
    steps = int(replayed.stdout.split(" steps")[0].split()[-1].replace(",", ""))
    assert last <= steps < 400


def test_a_killed_runs_tape_is_asked_to_be_sealed_first(cli: Cli) -> None:
    def look(step: Step) -> None:
        if step.sequence == 300:
            copied(Path("killed.db"))
            shutil.copytree("tape", "killed")

    run_live(look)
    shutil.rmtree("tape")
    Path("killed").rename("tape")

    replayed = cli("replay", "--journal", "sqlite:///killed.db")

    assert replayed.exit_code == 2
    assert f"polyrules tape seal {Path('tape').absolute()}" in replayed.output


def test_the_hash_of_the_tape_needs_no_new_kind_of_journal() -> None:
    before = TapeSource(path="tape", content_hash="")

    assert msgspec.json.encode(before) == b'{"path":"tape","content_hash":""}'
