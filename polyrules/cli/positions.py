"""`polyrules positions`: what a run held, what it earned, and what it is worth."""

from decimal import Decimal

import click
import msgspec

from polyrules.cli.journal_options import journal_option, json_option, open_journal
from polyrules.cli.market_text import market_text, outcome_of, outcome_text
from polyrules.cli.problems import harmless
from polyrules.domain.market import Market
from polyrules.journal.records import Holding, Run
from polyrules.summary import HeldSummary, Summary
from polyrules.venues.paper import OPTIMISM

Marked = dict[tuple[str, str], HeldSummary]  # by strategy and token
UNKNOWN = "worth unknown"


@click.command()
@click.argument("run", default="last")
@click.option("--all", "with_closed", is_flag=True, help="Closed positions too.")
@journal_option
@json_option
def command(
    run: str,
    *,
    with_closed: bool,
    journal_url: str | None,
    desk_path: str | None,
    as_json: bool,
) -> None:
    """Show what a RUN holds and its worth; with --all everything it ever held.

    A position is worth what its token's best bid pays at the end of the run. Of a run
    that did not end no worth is known.
    """
    with open_journal(journal_url, desk_path) as store:
        found = store.run(run)
        held = store.positions(found.id)
        markets = store.markets(found.id)
    marked = _marked(found)
    shown = [one for one in held if with_closed or one.shares]
    if as_json:
        plain = [_plain(one, markets.get(one.market), marked) for one in shown]
        click.echo(msgspec.json.format(msgspec.json.encode(plain)).decode())
        return
    if not shown:
        closed = len(held)
        click.echo(
            f"nothing is held; {closed:,} positions are closed (--all shows them)"
        )
        return
    for one in shown:
        click.echo(_line(one, markets.get(one.market), marked))
    click.echo(_total(held, marked))
    click.echo(OPTIMISM)


def _marked(run: Run) -> Marked:
    """Return what the run's summary says of each position; a run killed has none."""
    if run.summary is None:
        return {}
    summary = msgspec.convert(run.summary, Summary, strict=False)
    return {(one.strategy, one.token): one for one in summary.held}


def _line(one: Holding, market: Market | None, marked: Marked) -> str:
    average = f" @ {one.cost / one.shares:.4f}" if one.shares else ""
    return (
        f"{harmless(one.strategy)}  {outcome_text(market, one.token)}  "
        f"{market_text(market, one.market)}  "
        f"{one.shares.normalize():f} shares{average}{_worth(one, marked)}, bought "
        f"{one.bought:,.2f} usd, realised {one.realised:+,.2f} usd, "
        f"fees {one.fees:,.2f} usd"
    )


def _worth(one: Holding, marked: Marked) -> str:
    if not one.shares:
        return ""
    known = marked.get((one.strategy, one.token))
    if known is None:
        return f", {UNKNOWN}"
    return (
        f", worth {known.value_usd:,.2f} usd at {known.mark.normalize():f}, "
        f"open {known.open_usd:+,.2f} usd"
    )


def _total(held: list[Holding], marked: Marked) -> str:
    realised = f"realised {sum((h.realised for h in held), Decimal(0)):+,.2f} usd"
    if any(h.shares and (h.strategy, h.token) not in marked for h in held):
        return f"{realised}, {UNKNOWN}: the run did not come to its end"
    worth = sum((one.value_usd for one in marked.values()), Decimal(0))
    return f"{realised}, worth {worth:,.2f} usd"


def _plain(one: Holding, market: Market | None, marked: Marked) -> dict[str, object]:
    """Return a position as JSON values; what is not known is null."""
    known = marked.get((one.strategy, one.token))
    return {
        **msgspec.structs.asdict(one),
        "outcome": outcome_of(market, one.token),
        "slug": market.slug if market else None,
        "question": market.question if market else None,
        "mark": known.mark if known else None,
        "value_usd": known.value_usd if known else None,
        "open_usd": known.open_usd if known else None,
    }
