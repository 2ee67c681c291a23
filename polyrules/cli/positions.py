"""`polyrules positions`: what a run held, and what it earned."""

from decimal import Decimal

import click
import msgspec

from polyrules.cli.journal_options import journal_option, json_option, open_journal
from polyrules.journal.records import Holding
from polyrules.venues.paper import OPTIMISM


@click.command()
@click.argument("run", default="last")
@click.option("--all", "with_closed", is_flag=True, help="Closed positions too.")
@journal_option
@json_option
def command(
    run: str, *, with_closed: bool, journal_url: str | None, as_json: bool
) -> None:
    """Show what a RUN holds, and with --all everything it ever held."""
    with open_journal(journal_url) as store:
        held = store.positions(store.run(run).id)
    shown = [one for one in held if with_closed or one.shares]
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())
        return
    if not shown:
        closed = len(held)
        click.echo(
            f"nothing is held; {closed:,} positions are closed (--all shows them)"
        )
        return
    for one in shown:
        click.echo(_line(one))
    click.echo(f"realised {sum((h.realised for h in held), Decimal(0)):+,.2f} usd")
    click.echo(OPTIMISM)


def _line(one: Holding) -> str:
    average = f" @ {one.cost / one.shares:.4f}" if one.shares else ""
    return (
        f"{one.token}  {one.shares.normalize():f} shares{average}, bought "
        f"{one.bought:,.2f} usd, realised {one.realised:+,.2f} usd, "
        f"fees {one.fees:,.2f} usd"
    )
