"""`polyrules record`: live market data onto a tape, until it is enough."""

import asyncio
import re
import signal
from pathlib import Path
from typing import Self

import click
import msgspec
from rich.console import Console
from rich.live import Live
from rich.text import Text

from polyrules.app.recording import SNAPSHOTS, Progress, RecordJob, record_live
from polyrules.cli import INTERRUPTED
from polyrules.cli.durations import duration
from polyrules.cli.journal_options import desk_at
from polyrules.cli.way_out import reaching
from polyrules.clock import monotonic
from polyrules.errors import InputError
from polyrules.venues.recording import session
from polyrules.venues.recording.session import Recorded

SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(k|M|G|T)?B?", re.IGNORECASE)
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
SHOWN_EVERY = 1.0  # seconds
TOLD_EVERY = 600.0  # seconds, where no line can change


@click.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The tape; one that was recorded before goes on.",
)
@click.option(
    "--markets",
    multiple=True,
    metavar="FILTER",
    help="Only markets that fit: part of a slug, a glob, an id, or category=crypto."
    " Repeatable: any may fit.",
)
@click.option(
    "--for",
    "lasts",
    metavar="DURATION",
    help="Stop after so long, such as 1h, by the venue's clock.",
)
@click.option("--raw", is_flag=True, help="Keep the venue's own frames, too.")
@click.option(
    "--snapshots",
    is_flag=True,
    help="Write the features of every tier snapshot beside the tape, for research.",
)
@click.option("--quota", metavar="SIZE", help="Stop before the tape takes 20GB, say.")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="Keep so many days, and remove older ones from the tape.",
)
@click.option("--desk", "desk_path", help="The operator's settings [./desk.yaml].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_context
def command(
    context: click.Context,
    out: Path,
    markets: tuple[str, ...],
    *,
    lasts: str | None,
    raw: bool,
    snapshots: bool,
    quota: str | None,
    keep: int | None,
    desk_path: str | None,
    as_json: bool,
) -> None:
    """Record live market data onto a tape, without keys and without trading.

    What the venue tells is on the disk five seconds later at most, whatever happens;
    `polyrules tape seal` puts a tape in order whose recording was killed, and recording
    onto it again goes on where it stopped. Markets are followed as they change in the
    order of their ends, as many as the desk allows; of the others books are asked for,
    as often as their tier says. FILTER may be KEY=GLOB with a key of category, group,
    id or slug.

    Ends with 0 when the time is over and with 130 after Ctrl-C; the tape is in order
    either way. With 2 if the venue cannot be reached, or the tape cannot be written or
    would pass its quota: what was recorded by then is in order, too.
    """
    job = RecordJob(
        desk=desk_at(desk_path),
        out=out,
        markets=markets,
        lasts=duration("--for", lasts),
        raw=raw,
        snapshots=snapshots,
        quota_bytes=_size(quota),
        keep=keep,
    )
    if not as_json:
        click.echo(f"recording onto {out}; Ctrl-C ends it in order", err=True)
    with reaching(job.desk, desk_path), Shown(quiet=as_json) as shown:
        recorded = asyncio.run(_interruptible(job, shown))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(recorded)).decode())
    else:
        _report(recorded, job)
    context.exit(INTERRUPTED if recorded.ended == session.INTERRUPTED else 0)


async def _interruptible(job: RecordJob, shown: "Shown") -> Recorded:
    """Record; Ctrl-C, or a polite kill, ends it in order."""
    task = asyncio.create_task(record_live(job, shown.look))
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None  # before anything was recorded
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)


class Shown:
    """How a recording goes, on stderr: a line that changes, or one now and then."""

    def __init__(self, *, quiet: bool) -> None:
        console = Console(stderr=True)
        self._live = None
        self._quiet = quiet
        if console.is_terminal and not quiet:
            self._live = Live(console=console, transient=True, refresh_per_second=4)
        self._before = (monotonic(), 0)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def look(self, progress: Progress) -> None:
        """Show how it goes, at most once a second."""
        then, events = self._before
        passed = monotonic() - then
        if self._quiet or passed < (TOLD_EVERY if self._live is None else SHOWN_EVERY):
            return
        self._before = (monotonic(), progress.events)
        told = line(progress, (progress.events - events) / passed)
        if self._live is None:
            click.echo(told, err=True)
        else:
            self._live.update(Text(told))


def line(progress: Progress, rate: float) -> str:
    """Return how a recording goes, in one line; `rate` in events a second."""
    parts = [f"{progress.events:,} events", f"{rate:,.0f}/s"]
    parts.append(f"{progress.markets:,} markets")
    if progress.coverage is not None:
        parts.append(f"coverage {progress.coverage:.0%}")
    parts.append(f"{progress.bytes / 1e6:,.1f} MB")
    return "  ".join(parts)


def _size(text: str | None) -> int | None:
    """Return a size such as 20GB in bytes.

    Raises:
        InputError: It is none.
    """
    if text is None:
        return None
    found = SIZE.fullmatch(text.strip())
    size = (
        0 if found is None else int(float(found[1]) * UNITS[(found[2] or "").lower()])
    )
    if size <= 0:
        raise InputError(f'--quota "{text}" is no size', hint="write 500MB or 20GB")
    return size


def _report(recorded: Recorded, job: RecordJob) -> None:
    out = job.out
    manifest = recorded.manifest
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in manifest.counts.items())
    click.echo(f"{out}: {recorded.events:,} events recorded, {recorded.ended}")
    click.echo(f"  on the tape: {manifest.rows:,} events ({kinds or 'none'})")
    size = sum(file.bytes for file in manifest.files)
    click.echo(f"  {len(manifest.files)} files, {size / 1e6:,.1f} MB")
    if job.snapshots:
        click.echo(f"  features beside it: {out / SNAPSHOTS}")
    if "MarketListed" not in manifest.counts:
        asked = f" fits --markets {' '.join(job.markets)}" if job.markets else ""
        click.echo(f"  no market{asked or ' was listed'}", err=True)
    for note, count in manifest.notes.items():
        click.echo(f"  {note}: {count:,}")
    for reason, count in manifest.left_out.items():
        click.echo(f"  left out, {reason}: {count:,}", err=True)
