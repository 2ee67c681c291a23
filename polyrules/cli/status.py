"""`polyrules status`: the runs of a journal, or how one of them went."""

from collections.abc import Iterator

import click
import msgspec

from polyrules import clock
from polyrules.cli.journal_options import journal_option, json_option, open_journal
from polyrules.cli.summary_text import summary_lines
from polyrules.journal.records import Run
from polyrules.summary import Summary


@click.command()
@click.argument("run", required=False)
@click.option("--limit", default=20, show_default=True, help="Show so many runs.")
@journal_option
@json_option
def command(
    run: str | None, *, limit: int, journal_url: str | None, as_json: bool
) -> None:
    """Show the runs a journal holds, newest first, or the summary of one RUN."""
    with open_journal(journal_url) as store:
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
        f"{summary['decisions']:,} decisions, {summary['fills']:,} fills"
        if summary
        else "no summary"
    )
    ended = run.end_reason or "going on, or killed"
    start = f"{run.id}  {when:%Y-%m-%d %H:%M} UTC  {run.spec.mode}"
    return f"{start}  {names}  {counts}  {ended}"
