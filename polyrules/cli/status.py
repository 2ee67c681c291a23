"""`polyrules status`: the runs of a journal, or how one of them went."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import click
import msgspec

from polyrules import clock
from polyrules.cli.journal_options import journal_option, json_option, open_journal
from polyrules.cli.problems import harmless
from polyrules.cli.summary_text import summary_lines
from polyrules.journal.records import Run
from polyrules.summary import Summary


@click.command()
@click.argument("run", required=False)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Show so many runs.",
)
@journal_option
@json_option
def command(
    run: str | None,
    *,
    limit: int,
    journal_url: str | None,
    desk_path: str | None,
    as_json: bool,
) -> None:
    """Show the runs a journal holds, newest first, or the summary of one RUN."""
    with open_journal(journal_url, desk_path) as store:
        found = [store.run(run)] if run else store.runs()[::-1][:limit]
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    elif run:
        click.echo("\n".join(_one(found[0])))
    elif found:
        click.echo("\n".join(map(_line, found)))
    else:
        click.echo("no runs yet; polyrules run makes one")


def _one(run: Run) -> Iterator[str]:
    if run.summary:
        yield from summary_lines(msgspec.convert(run.summary, Summary, strict=False))
    else:
        yield _line(run)


def _line(run: Run) -> str:
    when = clock.to_datetime(run.spec.started_at)
    names = ", ".join(strategy.id for strategy in run.spec.strategies)
    summary = run.summary or {}
    counts = (
        f"{summary['decisions']:,} decisions, {summary['fills']:,} fills, "
        f"realised {Decimal(summary['realised_usd']):+,.2f} usd"
        if summary
        else "no summary"
    )
    ended = run.end_reason or "going on, or killed"
    start = f"{run.id}  {when:%Y-%m-%d %H:%M} UTC  {run.spec.mode}"
    tape = "" if run.spec.tape is None else f"{_shown(run.spec.tape.path)}  "
    return harmless(f"{start}  {tape}{names}  {counts}  {ended}")


def _shown(path: str) -> str:
    """Return a path from here where it lies below, else as it is."""
    here = Path.cwd()
    return (
        str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
    )
