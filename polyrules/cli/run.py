"""`polyrules run`: strategies trade over a tape, with pretended money."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
import msgspec

from polyrules import app
from polyrules.cli.shipped import resolve
from polyrules.cli.summary_text import summary_lines
from polyrules.cli.watch import Lines, Quiet, Table, Viewer
from polyrules.config import Desk, default_desk, load_desk
from polyrules.errors import InputError

DESK = "desk.yaml"


@click.command()
@click.argument("files", nargs=-1)
@click.option("--paper", is_flag=True, help="Pretended money. The default.")
@click.option("--live", is_flag=True, help="Real money. Comes later.")
@click.option("--tape", type=click.Path(), help="Recorded events to run over.")
@click.option("--desk", "desk_path", help="The operator's settings [./desk.yaml].")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="[STRATEGY.]PARAM=VALUE",
    help="Set a parameter, of every strategy that has it or of one. Repeatable.",
)
@click.option(
    "--cycles",
    type=click.IntRange(min=1),
    help="Stop after so many evaluations.",
)
@click.option("--journal", "journal_url", help="Database URL, instead of the desk's.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--quiet", is_flag=True, help="Print the summary only.")
def command(
    files: tuple[str, ...],
    *,
    paper: bool,
    live: bool,
    tape: str | None,
    desk_path: str | None,
    settings: tuple[str, ...],
    cycles: int | None,
    journal_url: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run strategies over a tape, on paper.

    FILES are strategy files or ids of shipped strategies; without any, those of the
    desk run. Every decision is recorded; `polyrules replay` recomputes the run.
    Ctrl-C cancels what is open, records it, and prints the summary.
    """
    if live:
        raise InputError(
            "live trading is not there yet",
            hint="run on paper: --paper --tape TAPE",
        )
    if tape is None:
        raise InputError(
            "live market data comes later; for now a run needs a tape",
            hint="--tape TAPE; `polyrules tape import` makes one of recorded data",
        )
    del paper  # the only mode there is, so the flag changes nothing
    desk, desk_note = _desk(desk_path)
    job = app.paper_job(
        _sources(files, desk),
        desk,
        tape=Path(tape),
        settings=settings,
        cycles=cycles,
    )
    chatty = not (as_json or quiet)
    if chatty:
        click.echo(desk_note, err=True)
    viewer = _viewer(job, chatty=chatty)
    url = journal_url or desk.journal.reveal()
    with viewer, _interrupts(viewer):
        summary = asyncio.run(app.run_on_paper(job, url, viewer))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(summary)).decode())
    else:
        click.echo("\n".join(summary_lines(summary)))


def _viewer(job: app.Job, *, chatty: bool) -> Viewer:
    if not chatty:
        return Quiet(job.cycles)
    if sys.stdout.isatty():
        return Table(job.cycles, job.span)
    return Lines(job.cycles)


def _desk(path: str | None) -> tuple[Desk, str]:
    if path is not None:
        return load_desk(Path(path)), f"desk: {path}"
    if Path(DESK).is_file():
        return load_desk(Path(DESK)), f"desk: {DESK}"
    note = f"no {DESK} here: the defaults hold (`polyrules desk init` writes them out)"
    return default_desk(), note


def _sources(files: tuple[str, ...], desk: Desk) -> list[app.Source]:
    wanted: list[tuple[str, dict[str, str]]]
    if files:
        wanted = [(name, {}) for name in files]
    else:
        wanted = [(s.file, dict(s.params)) for s in desk.strategies if s.enabled]
    if not wanted:
        raise InputError(
            "no strategy to run",
            hint="name files or shipped ids, or list strategies in the desk",
        )
    sources = []
    for name, params in wanted:
        label, text = resolve(name)
        sources.append(app.Source(path=label, text=text, settings=params))
    return sources


@contextmanager
def _interrupts(viewer: Viewer) -> Iterator[None]:
    """Turn the first Ctrl-C into a wish to end; the second kills as usual."""

    def ask(_: int, __: FrameType | None) -> None:
        viewer.interrupt()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
