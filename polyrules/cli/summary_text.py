"""A run's summary, as people read it."""

import shlex
from collections.abc import Iterator, Mapping
from decimal import Decimal

from polyrules import clock
from polyrules.cli.market_text import titled
from polyrules.cli.problems import harmless
from polyrules.config import DEFAULT_JOURNAL
from polyrules.summary import HeldSummary, StrategySummary, Summary

WIDTH = 10
TROUBLES_MAX = 5  # kinds of trouble shown
HELD_MAX = 10  # positions shown; `polyrules positions` shows all


def summary_lines(summary: Summary) -> Iterator[str]:
    """Yield the lines of a summary; a run without decisions says so first."""
    if summary.decisions == 0:
        yield "0 decisions: nothing was traded, because"
    for strategy in summary.strategies:
        yield from _strategy_lines(strategy)
    yield _row(
        "source", f"{summary.source}, {summary.events:,} events, {_span(summary)}"
    )
    if summary.collected:
        yield _row("data", _collected(summary.collected))
    if summary.troubles:
        yield _row("troubles", _most(summary.troubles))
    yield _row("decisions", f"{summary.decisions:,}  digest {summary.digest}")
    yield _row("refused", _counts(summary.refusals) or "none")
    yield _row("orders", _orders(summary))
    yield _row(
        "fills",
        f"{summary.fills:,}  traded {_usd(summary.traded_usd)} usd, "
        f"fees {_usd(summary.fees_usd)} usd",
    )
    yield _row("settled", _counts(summary.settled) or "none")
    yield _row(
        "money",
        f"equity {_usd(summary.equity_usd)} usd: realised "
        f"{_signed(summary.realised_usd)}, open {_signed(summary.open_usd)}, worst "
        f"drawdown {summary.drawdown_worst:.2%}",
    )
    yield _row("", summary.optimism)
    yield from _held_lines(summary)
    for index, assumption in enumerate(summary.assumptions):
        yield _row("assumed" if index == 0 else "", assumption)
    yield from _alarm_lines(summary)
    if summary.journal:
        yield _row("journal", summary.journal)
    where = ""
    if summary.journal not in ("", DEFAULT_JOURNAL):
        where = f" --journal {shlex.quote(summary.journal)}"
    replay = f"polyrules replay {summary.run}{where}"
    yield _row("run", f"{summary.run}  {summary.ended}; {replay}")


def _held_lines(summary: Summary) -> Iterator[str]:
    for index, one in enumerate(summary.held[:HELD_MAX]):
        yield _row("held" if index == 0 else "", _held(one))
    more = len(summary.held) - HELD_MAX
    if more > 0:
        yield _row("", f"and {more:,} more: polyrules positions {summary.run}")


def _alarm_lines(summary: Summary) -> Iterator[str]:
    if not summary.alarms:
        return
    yield _row("alarms", f"{summary.alarms:,}")
    for alarm in summary.first_alarms:
        when = clock.to_datetime(alarm.at)
        yield _row("", f"{when:%Y-%m-%d %H:%M:%S} {harmless(alarm.text)}")
    more = summary.alarms - len(summary.first_alarms)
    if more > 0:
        yield _row("", f"and {more:,} more: polyrules run ... | cat tells each")


def _held(one: HeldSummary) -> str:
    return (
        f"{one.strategy}  {one.shares.normalize():f} {one.outcome} "
        f"{titled(one.slug or one.question, one.market)}  "
        f"cost {_usd(one.cost_usd)}, worth {_usd(one.value_usd)} at "
        f"{one.mark.normalize():f}, open {_signed(one.open_usd)} usd"
    )


def _strategy_lines(strategy: StrategySummary) -> Iterator[str]:
    yield (
        f"{strategy.id} {strategy.version}  {strategy.decisions:,} decisions on "
        f"{strategy.markets:,} markets, {strategy.orders:,} orders, "
        f"{strategy.fills:,} fills, realised {_signed(strategy.realised_usd)} usd, "
        f"open {_signed(strategy.open_usd)} usd"
    )
    for reason in strategy.silent_because:
        yield f"  {reason}"
    if strategy.no_orders_because:
        yield f"  no orders, mostly {strategy.no_orders_because}"


def _orders(summary: Summary) -> str:
    if not summary.rejected:
        return f"{summary.orders:,}"
    reasons = "; ".join(f"{n:,}x {why}" for why, n in summary.rejected.items())
    return f"{summary.orders:,}, rejected {reasons}"


def _collected(told: Mapping[str, float]) -> str:
    parts = [f"{told.get('markets', 0):,.0f} markets"]
    if "coverage" in told:
        parts.append(f"{told['coverage']:.0%} of those followed were served")
    if "frame_to_inbox_p99" in told:
        parts.append(f"frames took {1000 * told['frame_to_inbox_p99']:,.0f} ms (p99)")
    return ", ".join(parts)


def _most(counts: Mapping[str, int]) -> str:
    """Return the most frequent counts, and how many more there are."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    told = ", ".join(f"{name} {count:,}x" for name, count in ordered[:TROUBLES_MAX])
    more = len(ordered) - TROUBLES_MAX
    return f"{told}; and {more} more kinds (--json tells all)" if more > 0 else told


def _span(summary: Summary) -> str:
    if summary.first_at is None or summary.last_at is None:
        return "no time at all"
    first, last = map(clock.to_datetime, (summary.first_at, summary.last_at))
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _row(name: str, text: str) -> str:
    return f"{name:<{WIDTH}} {text}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def _usd(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _signed(amount: Decimal) -> str:
    return f"{amount:+,.2f}"
