"""`polyrules decisions`: what a run decided, and why."""

from collections.abc import Mapping

import click
import msgspec

from polyrules import clock
from polyrules.cli.journal_options import journal_option, json_option, open_journal
from polyrules.cli.market_text import market_text, outcome_of, outcome_text
from polyrules.cli.problems import harmless
from polyrules.documents.words import did_you_mean
from polyrules.domain.ids import MarketId, StrategyId
from polyrules.domain.market import Market
from polyrules.domain.steps import Approved, Value
from polyrules.engine.asking.exits import HARD_STOP
from polyrules.errors import InputError, StrategyError
from polyrules.journal.records import DecisionRow, Run, StrategySource
from polyrules.language.chain import among
from polyrules.language.load import load

NAMED_MAX = 8  # so many markets a hint names
Markets = Mapping[MarketId, Market]


@click.command()
@click.argument("run", default="last")
@click.option("--strategy", help="Only of this strategy.")
@click.option("--rule", help="Only of this rule, exit or hard_stop.")
@click.option(
    "--market", help="Only about these: the start of an id or slug, or a token."
)
@click.option("--approved/--refused", default=None, help="Only those.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="The latest so many.",
)
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
    desk_path: str | None,
    as_json: bool,
) -> None:
    """Show what a RUN decided, oldest first: the wish, the verdict, the reasons."""
    with open_journal(journal_url, desk_path) as store:
        found = store.run(run)
        _check_names(found, strategy, rule)
        markets = store.markets(found.id)
        rows = store.decisions(
            found.id,
            strategy=None if strategy is None else StrategyId(strategy),
            rule=rule,
            markets=None if market is None else _matching(found, markets, market),
            approved=approved,
            limit=limit,
        )
    if as_json:
        plain = [_plain(row, markets) for row in rows]
        click.echo(msgspec.json.format(msgspec.json.encode(plain)).decode())
        return
    if not rows:
        click.echo("no decisions")
    for row in rows:
        click.echo(harmless(_line(row, markets)))
        if values:
            shown = ", ".join(
                f"{k}={_value(v)}" for k, v in row.decision.values.items()
            )
            click.echo(harmless(f"    {shown}"))


def _check_names(run: Run, strategy: str | None, rule: str | None) -> None:
    """Refuse a strategy or a rule that the run does not have."""
    sources = {source.id: source for source in run.spec.strategies}
    if strategy is not None and strategy not in sources:
        raise _unknown(run, "strategy", strategy, list(sources))
    if rule is None:
        return
    asked = [s for s in sources.values() if strategy in (None, s.id)]
    rules = [name for source in asked for name in _rules(source)]
    if rule not in (*rules, HARD_STOP):
        raise _unknown(run, "rule", rule, [*dict.fromkeys(rules), HARD_STOP])


def _rules(source: StrategySource) -> list[str]:
    try:
        strategy = load(source.text, path=source.path, find=among(source.bases))
    except StrategyError as error:
        raise InputError(
            f"{source.path}: this polyrules cannot read the strategy as recorded any "
            "more, so --rule cannot be checked",
            hint="leave --rule away",
        ) from error
    exits = [leaving.id for leaving in strategy.exits]
    return [rule.id for rule in strategy.rules] + exits


def _unknown(run: Run, kind: str, name: str, known: list[str]) -> InputError:
    near = did_you_mean(name, known)
    return InputError(
        f"run {run.id} has no {kind} {name}",
        hint=f"{near} it has: {', '.join(known)}".strip(),
    )


def _matching(run: Run, markets: Markets, asked: str) -> tuple[MarketId, ...]:
    """Return the markets that `asked` names.

    Args:
        run: Whose markets they are.
        markets: All of them, by id.
        asked: The start of an id or a slug, or a whole token.

    Raises:
        InputError: It names none.
    """
    found = tuple(
        market.id
        for market in markets.values()
        if asked in (market.yes, market.no)
        or market.id.startswith(asked)
        or market.slug.startswith(asked)
    )
    if found or not markets:  # a run recorded without its listings knows only ids
        return found or (MarketId(asked),)
    names = [market.slug or market.id for market in markets.values()]
    more = ", ..." if len(names) > NAMED_MAX else ""
    listed = f"it has: {', '.join(names[:NAMED_MAX])}{more}"
    raise InputError(
        f"run {run.id} has no market whose id or slug begins with {asked}, and no "
        "such token",
        hint=f"{did_you_mean(asked, names)} {listed}".strip(),
    )


def _line(row: DecisionRow, markets: Markets) -> str:
    decision, verdict = row.decision, row.verdict
    market = markets.get(decision.market)
    if isinstance(verdict, Approved):
        cut = f", cut by {verdict.cut_by}" if verdict.cut_by else ""
        said = f"approved {verdict.size.normalize():f}{cut}"
    else:
        said = f"refused by {verdict.check}: {verdict.reason}"
    when = clock.to_datetime(row.at)
    reason = f"  {decision.reason}" if decision.reason else ""
    return (
        f"{when:%Y-%m-%d %H:%M:%S}  {decision.strategy}/{decision.rule}  "
        f"{decision.side.value} {decision.size.normalize():f} "
        f"{outcome_text(market, decision.token)} @ {decision.price.normalize():f}  "
        f"{market_text(market, decision.market)}  {said}{reason}"
    )


def _plain(row: DecisionRow, markets: Markets) -> dict[str, object]:
    market = markets.get(row.decision.market)
    return {
        **msgspec.structs.asdict(row),
        "strategy": row.decision.strategy,
        "outcome": outcome_of(market, row.decision.token),
        "slug": market.slug if market else None,
        "question": market.question if market else None,
    }


def _value(value: Value) -> str:
    if value is None:
        return "missing"
    return f"{value:.6g}" if isinstance(value, float) else str(value).lower()
