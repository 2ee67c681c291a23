"""How a run ends before its tape does, and what stays of it."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from polyrules import app
from polyrules.cli.watch import Viewer
from polyrules.config import Secret, default_desk
from polyrules.domain.steps import Step
from polyrules.engine.engine import Engine
from polyrules.journal.store import Store
from tests.small_tape import Cli, furnish, started, write_tape
from tests.strategies import BUY_TIGHT

URL = "sqlite:///polyrules.db"
TWICE = """
import os, signal
from polyrules.cli import main, watch

def see(self, step, engine):
    if step.sequence == 200:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

watch.Quiet.see = see
main()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to work in, with a tape and two strategies."""
    monkeypatch.chdir(tmp_path)
    return furnish(tmp_path)


class Failing(Viewer):
    """Breaks down in the middle of a run."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def see(self, step: Step, engine: Engine) -> None:
        del engine
        if step.sequence == 200:
            raise self._error


def broken_run(error: BaseException) -> str:
    """Run until `error` breaks it, and return how the journal says it ended."""
    job = app.paper_job(
        [app.Source(path="buy.yaml", text=BUY_TIGHT)], default_desk(), tape=Path("tape")
    )
    with pytest.raises(type(error)):
        asyncio.run(app.run_on_paper(job, Secret(URL, URL), Failing(error)))
    with Store.open(URL) as store:
        return store.run("last").end_reason or ""


def test_an_interrupt_cancels_what_is_open_tells_the_summary_and_ends_with_130(
    cli: Cli, place: Path
) -> None:
    write_tape(place / "long", seconds=5_000)
    with started(place, "run", "buy.yaml", "--tape", "long") as process:
        assert process.stdout is not None
        assert b"filled" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        told = process.stdout.read().decode()

    assert process.returncode == 130
    assert "interrupted; polyrules replay" in told
    assert cli("replay").exit_code == 0


def test_a_second_interrupt_ends_the_run_at_once_with_one_line(
    cli: Cli, place: Path
) -> None:
    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", TWICE, "run", "buy.yaml", "--tape", "tape", "--quiet"],
        capture_output=True,
        check=False,
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )

    assert ran.returncode == 130
    assert (ran.stdout, ran.stderr) == (b"", b"interrupted\n")
    assert "interrupted twice, nothing was cancelled" in cli("status").stdout
    assert "compared as far as it got" in cli("replay").stdout


@pytest.mark.usefixtures("place")
def test_a_run_that_failed_is_not_complete(cli: Cli) -> None:
    ended = broken_run(ZeroDivisionError("a bug"))

    result = cli("replay", "--json")

    assert ended == "failed: a bug"
    assert result.exit_code == 0
    assert '"complete": false' in result.stdout


@pytest.mark.usefixtures("place")
def test_a_run_cancelled_from_outside_is_recorded_as_interrupted() -> None:
    assert broken_run(asyncio.CancelledError()) == app.TWICE


@pytest.mark.usefixtures("place")
def test_of_a_run_that_did_not_end_no_worth_is_known(cli: Cli) -> None:
    broken_run(ZeroDivisionError("a bug"))

    shown = cli("positions").stdout

    assert "worth unknown" in shown.splitlines()[0]
    assert "worth unknown: the run did not come to its end" in shown


def test_a_reader_who_leaves_does_not_end_the_run(cli: Cli, place: Path) -> None:
    script = (
        f"{sys.executable} -m polyrules run buy.yaml sell.yaml --tape tape | head -n 1;"
        " echo ${PIPESTATUS[0]}"
    )

    ran = subprocess.run(  # noqa: S603 - our own script
        ["bash", "-c", script],  # noqa: S607 - whichever bash there is
        capture_output=True,
        text=True,
        check=True,
        cwd=place,
    )

    first, code = ran.stdout.splitlines()
    assert "filled" in first
    assert code == "141"
    assert "Traceback" not in ran.stderr
    assert "finished" in cli("status").stdout
    assert cli("replay").exit_code == 0


def test_a_full_disk_under_the_output_does_not_end_the_run(
    cli: Cli, place: Path
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this machine has no device that is always full")

    with full.open("wb") as output:
        ran = subprocess.run(
            [sys.executable, "-m", "polyrules", "run", "buy.yaml", "--tape", "tape"],
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=place,
        )

    assert ran.returncode == 2
    assert ran.stderr.splitlines()[1:] == [
        "error: the output cannot be written: no space left on device"
    ]
    assert "finished" in cli("status").stdout
