"""`polyrules replay`: recompute a recorded run and compare every step."""

from pathlib import Path

import click
import msgspec

from polyrules import replay
from polyrules.cli.journal_options import journal_option, json_option, open_journal


@click.command()
@click.argument("run", default="last")
@click.option("--tape", type=click.Path(), help="Where the run's tape is now.")
@journal_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    run: str,
    *,
    tape: str | None,
    journal_url: str | None,
    desk_path: str | None,
    as_json: bool,
) -> None:
    """Recompute a recorded RUN (its id, the start of it, or "last").

    Reads the run's strategies and the venue's answers from the journal and the events
    from its tape, computes every step again and compares it byte for byte with the one
    recorded. Exit 0: all the same. Exit 1: a difference, which is named.
    """
    with open_journal(journal_url, desk_path) as store:
        result = replay.replay(store.run(run), store, Path(tape) if tape else None)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(result)).decode())
    elif result.mismatch:
        click.echo(f"run {result.run} differs: {result.mismatch}")
        click.echo(f"  {result.steps:,} steps before it are the same")
    else:
        click.echo(f"run {result.run} replays to itself, byte for byte")
        click.echo(
            f"  {result.steps:,} steps, {result.decisions:,} decisions, "
            f"digest {result.digest}"
        )
        if result.short:
            click.echo(f"  {result.short}")
        if not result.complete:
            click.echo("  the run did not come to its end; compared as far as it got")
    context.exit(1 if result.mismatch else 0)
