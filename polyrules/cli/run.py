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
from polyrules.cli import INTERRUPTED
from polyrules.cli.bases import bases_of
from polyrules.cli.journal_options import DESK, desk_at, journal_at
from polyrules.cli.shipped import resolve
from polyrules.cli.summary_text import summary_lines
from polyrules.cli.watch import Lines, Quiet, Table, Viewer
from polyrules.config import Desk
from polyrules.errors import InputError


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
@click.pass_context
def command(
    context: click.Context,
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
    Ctrl-C cancels what is open, records it, prints the summary and ends with 130; a
    second one ends the run at once. A reader who leaves early does not end it.
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
    desk = desk_at(desk_path)
    journal = journal_at(journal_url, desk)
    job = app.paper_job(
        _sources(files, desk),
        desk,
        tape=Path(tape),
        settings=settings,
        cycles=cycles,
    )
    chatty = not (as_json or quiet)
    if chatty:
        click.echo(_desk_note(desk_path), err=True)
    viewer = _viewer(job, chatty=chatty)
    with viewer, _interrupts(viewer):
        summary = asyncio.run(app.run_on_paper(job, journal, viewer))
    if viewer.unheard is not None:
        raise viewer.unheard
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(summary)).decode())
    else:
        click.echo("\n".join(summary_lines(summary)))
    context.exit(INTERRUPTED if summary.ended == app.INTERRUPTED else 0)


def _viewer(job: app.Job, *, chatty: bool) -> Viewer:
    if not chatty:
        return Quiet(job.cycles)
    if sys.stdout.isatty():
        return Table(job.cycles, job.span)
    return Lines(job.cycles)


def _desk_note(path: str | None) -> str:
    if path is not None or Path(DESK).is_file():
        return f"desk: {path or DESK}"
    return f"no {DESK} here: the defaults hold (`polyrules desk init` writes them out)"


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
        bases = bases_of(label, text)
        sources.append(app.Source(path=label, text=text, settings=params, bases=bases))
    return sources


@contextmanager
def _interrupts(viewer: Viewer) -> Iterator[None]:
    """Turn the first Ctrl-C into a wish to end; the second ends the run at once.

    What was recorded by then is saved; a third cannot disturb that.
    """

    def ask(_: int, __: FrameType | None) -> None:
        viewer.interrupt()
        signal.signal(signal.SIGINT, insist)

    def insist(_: int, __: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
