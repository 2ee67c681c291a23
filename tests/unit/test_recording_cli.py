"""`polyrules record` and `polyrules tape seal`, as they are typed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import Result

from polyrules.app import recording as recorder
from polyrules.cli.record import line
from polyrules.clock import Clock, Wall
from polyrules.config import Desk
from polyrules.domain.events import ClockTicked, Event
from polyrules.domain.ids import MarketId
from polyrules.errors import VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.recording.recording import Recording
from polyrules.venues.tape.reader import Tape
from tests.builders import at, book, listed
from tests.small_tape import moving

Cli = Callable[..., Result]


class Plane:
    """A data plane that tells of three markets for a while."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.health = Health()
        self.health.gauge("coverage", 0.5)
        self.followed: list[list[MarketId]] = []
        self._error = error

    def follow(self, close: list[MarketId], wanted: list[MarketId]) -> None:
        self.followed.append(close)
        assert set(close) <= set(wanted)

    def keep_frames(self, keep: Callable[[str, int, bytes], None] | None) -> None:
        assert keep is None  # nobody asks for --raw here

    async def events(self) -> AsyncIterator[Event]:
        for event in moving(30):
            yield event
            yield ClockTicked(at=event.at)
        if self._error is not None:
            raise self._error


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Callable[[Plane], Plane]:
    """Put a pretended data plane in the place of the venue's."""

    def put(plane: Plane) -> Plane:
        @asynccontextmanager
        async def feed(desk: Desk) -> AsyncIterator[tuple[Plane, Clock]]:
            assert desk.tick == 1_000_000
            yield plane, Wall()

        monkeypatch.setattr(recorder, "live_feed", feed)
        monkeypatch.setattr("polyrules.venues.recording.recording.FREE_MIN", 0)
        return plane

    return put


def test_record_writes_a_tape_and_says_what_is_on_it(
    cli: Cli, live: Callable[[Plane], Plane], tmp_path: Path
) -> None:
    plane = live(Plane())

    result = cli("record", "--out", str(tmp_path / "tape"))

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[:2] == [
        f"{tmp_path / 'tape'}: 91 events recorded, the feed ended",
        "  on the tape: 91 events (87 BookChanged, 3 MarketListed, 1 MarketResolved)",
    ]
    assert list(Tape.open(tmp_path / "tape").events()) == list(moving(30))
    assert plane.followed[0] == ["a"]  # the only one listed by then
    assert plane.followed[-1] == ["b", "c"]  # a was answered


def test_record_takes_only_some_markets_and_only_for_a_while(
    cli: Cli, live: Callable[[Plane], Plane], tmp_path: Path
) -> None:
    live(Plane())

    result = cli(
        *("record", "--out", str(tmp_path / "tape"), "--markets", "will-b-*"),
        *("--for", "10s"),
    )

    assert "10 events recorded, its time was over" in result.stdout
    markets = {
        getattr(event, "market", None)
        for event in Tape.open(tmp_path / "tape").events_of("BookChanged")
    }
    assert markets == {"b"}


def test_record_writes_snapshots_beside_the_tape(
    cli: Cli, live: Callable[[Plane], Plane], tmp_path: Path
) -> None:
    live(Plane())

    result = cli("record", "--out", str(tmp_path / "tape"), "--snapshots")

    assert result.exit_code == 0, result.output
    assert (tmp_path / "tape" / "snapshots").is_dir()
    assert f"features beside it: {tmp_path / 'tape' / 'snapshots'}" in result.stdout


def test_a_record_that_no_market_fits_says_so(
    cli: Cli, live: Callable[[Plane], Plane], tmp_path: Path
) -> None:
    live(Plane())

    result = cli("record", "--out", str(tmp_path / "tape"), "--markets", "election-*")

    assert result.exit_code == 0, result.output
    assert "  no market fits --markets election-*\n" in result.stderr


def test_an_interrupted_record_is_in_order_and_ends_with_130(
    cli: Cli, live: Callable[[Plane], Plane], tmp_path: Path
) -> None:
    live(Plane(asyncio.CancelledError()))

    result = cli("record", "--out", str(tmp_path / "tape"))

    assert result.exit_code == 130
    assert "91 events recorded, interrupted" in result.stdout
    assert Tape.open(tmp_path / "tape").manifest.rows == 91


def test_a_venue_that_is_lost_is_told_and_what_it_said_is_kept(
    cli: Cli, live: Callable[[Plane], Plane], tmp_path: Path
) -> None:
    live(Plane(VenueError("the venue is gone")))

    result = cli("record", "--out", str(tmp_path / "tape"))

    assert result.exit_code == 2
    assert "error: the venue is gone" in result.stderr
    assert Tape.open(tmp_path / "tape").manifest.rows == 91


def test_a_record_that_passes_its_quota_ends_with_2(
    cli: Cli, live: Callable[[Plane], Plane], tmp_path: Path
) -> None:
    live(Plane())

    result = cli("record", "--out", str(tmp_path / "tape"), "--quota", "1kB")

    assert result.exit_code == 2
    assert "its quota of 1,000 bytes is used up" in result.stderr
    assert Tape.open(tmp_path / "tape").manifest.rows == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--quota", "much"], '--quota "much" is no size'),
        (["--quota", "0"], '--quota "0" is no size'),
        (["--for", "soon"], '--for "soon" is no duration'),
        (["--markets", "color=red"], "selects no market"),
        (["--keep", "0"], "--keep"),
    ],
)
def test_a_wrong_option_is_told_and_nothing_is_recorded(
    cli: Cli,
    live: Callable[[Plane], Plane],
    tmp_path: Path,
    options: list[str],
    said: str,
) -> None:
    live(Plane())

    result = cli("record", "--out", str(tmp_path / "tape"), *options)

    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "tape").exists()


def test_progress_is_one_line() -> None:
    progress = recorder.Progress(
        events=12_345, markets=678, coverage=0.98, bytes=34_100_000
    )

    assert line(progress, 410.4) == (
        "12,345 events  410/s  678 markets  coverage 98%  34.1 MB"
    )


def cut_short(place: Path) -> Path:
    tape = Recording(place, clock=Wall(), free_bytes_min=0)
    tape.append(listed())
    tape.append(book(1))
    tape.abandon()
    return place


def test_seal_puts_a_recording_in_order_that_was_cut_short(
    cli: Cli, tmp_path: Path
) -> None:
    place = cut_short(tmp_path / "tape")

    before, sealed = cli("tape", "info", str(place)), cli("tape", "seal", str(place))
    after, again = cli("tape", "info", str(place)), cli("tape", "seal", str(place))

    assert before.exit_code == sealed.exit_code == after.exit_code == 0
    assert f"polyrules tape seal {place}" in before.stdout
    assert sealed.stdout == f"{place}: sealed, 2 events, 2 of them from its log\n"
    assert "cut short" not in after.stdout
    assert again.stdout == f"{place}: in order already, 2 events\n"


def test_a_tape_that_is_being_recorded_is_not_sealed(cli: Cli, tmp_path: Path) -> None:
    with Recording(tmp_path / "tape", clock=Wall(), free_bytes_min=0) as tape:
        tape.append(ClockTicked(at=at(1)))

        result = cli("tape", "seal", str(tmp_path / "tape"))

    assert result.exit_code == 2
    assert "this tape is being recorded now" in result.stderr


def test_a_run_over_a_tape_that_was_cut_short_says_what_to_do(
    cli: Cli, tmp_path: Path
) -> None:
    place = cut_short(tmp_path / "tape")

    result = cli("run", "longshot_yes", "--tape", str(place))

    assert result.exit_code == 2
    assert f"polyrules tape seal {place}" in result.stderr
