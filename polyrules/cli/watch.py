"""Who looks on while a run goes: a live table, plain lines, or nobody.

A viewer only looks. All it can ask for is that the run ends.
"""

from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table as Grid

from polyrules import clock
from polyrules.app import INTERRUPTED
from polyrules.cli.losses import Losses
from polyrules.cli.market_text import market_text, outcome_text
from polyrules.cli.problems import harmless
from polyrules.domain.events import Filled, OrderReported, Settled
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.moments import SECOND
from polyrules.domain.orders import Report
from polyrules.domain.steps import Step
from polyrules.engine.engine import Engine
from polyrules.engine.state import MarketState
from polyrules.summary import with_slugs

REFRESH = 0.25  # seconds between two drawings of the table
FIRST_BEAT = 30 * SECOND  # after the first event; by then a venue listed something
NOTHING_LISTED = (
    "the venue has listed no market yet: is sources.gamma of the desk right?"
)


class Viewer:
    """Looks at Steps and knows when to end; prints nothing.

    Attributes:
        unheard: Why nothing more is printed: nobody reads, or nothing can be written.
            The run goes on without.
        begun: Whether anything happened yet.
    """

    def __init__(self, cycles: int | None = None) -> None:
        self.unheard: OSError | None = None
        self.begun = False
        self._cycles = cycles
        self._interrupted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def interrupt(self) -> None:
        """Ask the run to end, as Ctrl-C does."""
        self._interrupted = True

    def see(self, step: Step, engine: Engine) -> None:
        """Look at a Step."""

    def ending(self, engine: Engine) -> str:
        """Return why the run is to end now, or "" to go on."""
        self.begun = True
        if self._interrupted:
            return INTERRUPTED
        if self._cycles is not None and engine.cycles >= self._cycles:
            plural = "" if engine.cycles == 1 else "s"
            return f"stopped after {engine.cycles:,} cycle{plural}"
        return ""


class Quiet(Viewer):
    """Prints nothing."""


class Lines(Viewer):
    """One plain line for what happens to our orders, and to the venue's feeds.

    Args:
        cycles: Evaluations after which to end, None for never.
        beat: How often to say that the run goes on [microseconds]; None: never.
    """

    def __init__(self, cycles: int | None = None, beat: int | None = None) -> None:
        super().__init__(cycles)
        self._beat = beat
        self._due: int | None = None
        self._steps = self._decisions = 0
        self._losses = Losses()

    def see(self, step: Step, engine: Engine) -> None:
        """Print fills, settlements, rejections, lost feeds and alarms."""
        markets = engine.state.markets
        self._steps += 1
        self._decisions += len(step.decisions)
        if self._beat is not None:
            self._tell_progress(step.event.at, self._beat, engine)
        alarms = [f"alarm: {with_slugs(alarm, markets)}" for alarm in step.alarms]
        lost = self._losses.see(step.event)
        for told in (_line(step, markets), lost, *alarms):
            if told and self.unheard is None:
                self._print(step.event.at, told)

    def _tell_progress(self, at: int, beat: int, engine: Engine) -> None:
        first = self._due is None
        if self._due is not None and at < self._due:
            return
        self._due = at + (min(FIRST_BEAT, beat) if first else beat)
        if self.unheard is None:
            self._print(at, "the run begins" if first else self._progress(engine))

    def _progress(self, engine: Engine) -> str:
        markets = len(engine.state.by_row)
        if not markets:
            return NOTHING_LISTED
        lost = self._losses.standing()
        return (
            f"{markets:,} markets, {self._steps:,} events,"
            f" {self._decisions:,} decisions{lost and f', {lost}'}"
        )

    def _print(self, at: int, text: str) -> None:
        when = clock.to_datetime(at)
        try:
            click.echo(f"{when:%Y-%m-%d %H:%M:%S} {harmless(text)}")
        except OSError as error:
            self.unheard = error


class Table(Viewer):
    """A table that redraws itself a few times a second.

    Args:
        cycles: Evaluations after which to end, None for never.
        span: First and last moment of the source [microseconds UTC]; None where
            nobody knows the end.
    """

    def __init__(self, cycles: int | None, span: tuple[int, int] | None) -> None:
        super().__init__(cycles)
        self._span = span
        self._live = Live(console=Console(), auto_refresh=False, transient=True)
        self._drawn = 0.0
        self._steps = 0
        self._decisions: Counter[str] = Counter()
        self._losses = Losses()
        self._begin: int | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def see(self, step: Step, engine: Engine) -> None:
        """Count, and redraw when it is time."""
        self._steps += 1
        self._losses.see(step.event)
        if self._begin is None:
            self._begin = step.event.at
        for decision in step.decisions:
            self._decisions[decision.strategy] += 1
        if clock.monotonic() - self._drawn > REFRESH:
            self._drawn = clock.monotonic()
            self._live.update(self._grid(step, engine), refresh=True)

    def _grid(self, step: Step, engine: Engine) -> Grid:
        when = clock.to_datetime(step.event.at)
        done = f"  {_share(step.event.at, *self._span):.0%}" if self._span else ""
        count = len(engine.state.by_row)
        title = (
            f"{when:%Y-%m-%d %H:%M:%S} UTC{done}  {self._steps:,} events"
            f"  {count:,} markets"
        )
        if lost := self._trouble(step.event.at, count):
            title += f"\n{harmless(lost)}"
        grid = Grid(title=title, title_justify="left", expand=False)
        for name in ("strategy", "decisions", "positions", "open orders", "equity usd"):
            grid.add_column(name, justify="left" if name == "strategy" else "right")
        for name in engine.rules:
            ledger = engine.state.own[name]
            grid.add_row(
                name,
                f"{self._decisions[name]:,}",
                str(len(ledger.portfolio.positions)),
                str(sum(1 for _ in engine.state.open_orders(strategy=name))),
                f"{ledger.equity:,.2f}",
            )
        return grid

    def _trouble(self, at: int, markets: int) -> str:
        begin = at if self._begin is None else self._begin
        if not markets and self._span is None and at - begin > FIRST_BEAT:
            return NOTHING_LISTED
        return self._losses.standing()


def _share(at: int, first: int, last: int) -> float:
    return (at - first) / max(1, last - first)


def _line(step: Step, markets: Mapping[MarketId, MarketState]) -> str:
    match step.event:
        case Filled() as fill:
            way = "maker" if fill.maker else f"taker, fee {fill.fee.normalize():f} usd"
            what = f"{fill.side.value} {fill.size.normalize():f}"
            of = _named(markets, fill.market, fill.token)
            return f"filled {what} {of[0]} @ {fill.price.normalize():f} {of[1]} ({way})"
        case Settled() as paid:
            of = _named(markets, paid.market, paid.token)
            pays = f"{paid.payout.normalize():f}"
            return f"settled {paid.size.normalize():f} {of[0]} at {pays} {of[1]}"
        case OrderReported(report=Report.REJECTED, reason=reason):
            return f"rejected: {reason}"
        case _:
            return ""


def _named(
    markets: Mapping[MarketId, MarketState], market: MarketId, token: TokenId
) -> tuple[str, str]:
    """Return what to call a token and its market."""
    known = markets.get(market)
    facts = None if known is None else known.market
    return outcome_text(facts, token), market_text(facts, market)
