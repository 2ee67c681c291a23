"""`polyrules run`: strategies trade on live data or a tape, with pretended money."""

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
import msgspec

from polyrules import app
from polyrules.cli import INTERRUPTED
from polyrules.cli.bases import bases_of
from polyrules.cli.durations import duration
from polyrules.cli.journal_options import DESK, desk_at, journal_at
from polyrules.cli.problems import harmless
from polyrules.cli.shipped import resolve
from polyrules.cli.summary_text import summary_lines
from polyrules.cli.watch import Lines, Quiet, Table, Viewer
from polyrules.cli.way_out import reaching
from polyrules.config import Desk, Secret
from polyrules.domain.moments import MINUTE
from polyrules.errors import InputError
from polyrules.summary import Summary

BEAT = 10 * MINUTE  # between two words that a live run goes on
STOPS = (signal.SIGINT, signal.SIGTERM)


@click.command()
@click.argument("files", nargs=-1)
@click.option("--paper", is_flag=True, help="Pretended money. The default.")
@click.option("--live", is_flag=True, help="Real money. Comes later.")
@click.option(
    "--tape",
    type=click.Path(),
    help="Recorded events to run over; without it, live data of the desk's sources.",
)
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
@click.option(
    "--for",
    "lasts",
    metavar="DURATION",
    help="Stop after so long on live data, such as 1h, by the venue's clock.",
)
@click.option(
    "--record",
    "record",
    type=click.Path(),
    help="Where to record live data [tapes/RUN].",
)
@click.option("--raw", is_flag=True, help="Record the venue's own frames, too.")
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
    lasts: str | None,
    record: str | None,
    raw: bool,
    journal_url: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run strategies on paper: over a tape, or on live data of the venue.

    FILES are strategy files or ids of shipped strategies; without any, those of the
    desk run. Live data needs no keys, and nothing is ordered. Every decision is
    recorded, and what the venue told, too; `polyrules replay` recomputes the run.
    Ctrl-C, or a polite kill, cancels what is open, records it, prints the summary and
    ends with 130; a second one ends the run at once. A reader who leaves early does not
    end it.
    """
    if live:
        raise InputError("live trading is not there yet", hint="run on paper: --paper")
    if tape is not None and (lasts or record or raw):
        raise InputError("--for, --record and --raw are for live data, not for a tape")
    del paper  # the only mode there is, so the flag changes nothing
    desk = desk_at(desk_path)
    journal = journal_at(journal_url, desk)
    sources = _sources(files, desk)
    chatty = not (as_json or quiet)
    if tape is not None:
        job = app.paper_job(
            sources, desk, tape=Path(tape), settings=settings, cycles=cycles
        )
        viewer = _viewer(job.cycles, job.span, chatty=chatty)
        running = app.run_on_paper(job, journal, viewer)
    else:
        viewer = _viewer(cycles, None, chatty=chatty)
        running = _live(
            sources,
            desk,
            journal,
            viewer,
            settings=settings,
            cycles=cycles,
            lasts=duration("--for", lasts),
            record=record,
            raw=raw,
        )
    if chatty:
        click.echo(_desk_note(desk_path), err=True)
    with reaching(desk, desk_path), viewer, _interrupts(viewer):
        summary = asyncio.run(running)
    if viewer.unheard is not None:
        raise viewer.unheard
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(summary)).decode())
    else:
        click.echo("\n".join(summary_lines(summary)))
    context.exit(INTERRUPTED if summary.ended == app.INTERRUPTED else 0)


def _live(
    sources: list[app.Source],
    desk: Desk,
    journal: Secret,
    viewer: Viewer,
    *,
    settings: tuple[str, ...],
    cycles: int | None,
    lasts: int | None,
    record: str | None,
    raw: bool,
) -> Coroutine[None, None, Summary]:
    """Return a run on live data, its strategies checked, not yet begun."""
    from polyrules.app.live import (  # noqa: PLC0415 - only live data needs it
        live_job,
        run_live_on_paper,
    )

    job = live_job(
        sources,
        desk,
        settings=settings,
        cycles=cycles,
        lasts=lasts,
        tape=None if record is None else Path(record),
        raw=raw,
    )
    return run_live_on_paper(job, journal, viewer, _note)


def _note(text: str) -> None:
    click.echo(f"note: {harmless(text)}", err=True)


def _viewer(
    cycles: int | None, span: tuple[int, int] | None, *, chatty: bool
) -> Viewer:
    if not chatty:
        return Quiet(cycles)
    if sys.stdout.isatty():
        return Table(cycles, span)
    return Lines(cycles, BEAT if span is None else None)


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
    """Turn the first Ctrl-C, or SIGTERM, into a wish to end; a second ends at once.

    Before anything happened the first one ends it at once, too. What was recorded by
    then is saved; a third cannot disturb that.
    """

    def ask(number: int, frame: FrameType | None) -> None:
        if not viewer.begun:
            insist(number, frame)
        viewer.interrupt()
        for each in STOPS:
            signal.signal(each, insist)

    def insist(_: int, __: FrameType | None) -> None:
        for each in STOPS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, ask) for each in STOPS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
