"""`polyrules decisions`: what a run decided, and why."""

import click
import msgspec

from polyrules import clock
from polyrules.cli.journal_options import journal_option, json_option, open_journal
from polyrules.domain.ids import MarketId, StrategyId
from polyrules.domain.steps import Approved, Value
from polyrules.journal.records import DecisionRow


@click.command()
@click.argument("run", default="last")
@click.option("--strategy", help="Only of this strategy.")
@click.option("--rule", help="Only of this rule.")
@click.option("--market", help="Only about this market.")
@click.option("--approved/--refused", default=None, help="Only those.")
@click.option("--limit", default=50, show_default=True, help="The latest so many.")
@click.option("--values", is_flag=True, help="Show the values each decision read.")
@journal_option
@json_option
def command(
    run: str,
    *,
    strategy: str | None,
    rule: str | None,
    market: str | None,
    approved: bool | None,
    limit: int,
    values: bool,
    journal_url: str | None,
    as_json: bool,
) -> None:
    """Show what a RUN decided, oldest first: the wish, the verdict, the reasons."""
    with open_journal(journal_url) as store:
        rows = store.decisions(
            store.run(run).id,
            strategy=None if strategy is None else StrategyId(strategy),
            rule=rule,
            market=None if market is None else MarketId(market),
            approved=approved,
            limit=limit,
        )
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
        return
    if not rows:
        click.echo("no decisions")
    for row in rows:
        click.echo(_line(row))
        if values:
            shown = ", ".join(
                f"{k}={_value(v)}" for k, v in row.decision.values.items()
            )
            click.echo(f"    {shown}")


def _line(row: DecisionRow) -> str:
    decision, verdict = row.decision, row.verdict
    if isinstance(verdict, Approved):
        cut = f", cut by {verdict.cut_by}" if verdict.cut_by else ""
        said = f"approved {verdict.size.normalize():f}{cut}"
    else:
        said = f"refused by {verdict.check}: {verdict.reason}"
    when = clock.to_datetime(row.at)
    reason = f"  {decision.reason}" if decision.reason else ""
    return (
        f"{when:%Y-%m-%d %H:%M:%S}  {decision.strategy}/{decision.rule}  "
        f"{decision.side.value} {decision.size.normalize():f} @ "
        f"{decision.price.normalize():f}  {decision.token}  {said}{reason}"
    )


def _value(value: Value) -> str:
    if value is None:
        return "missing"
    return f"{value:.6g}" if isinstance(value, float) else str(value).lower()
