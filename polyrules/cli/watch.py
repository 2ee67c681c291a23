"""Who looks on while a run goes: a live table, plain lines, or nobody.

A viewer only looks. All it can ask for is that the run ends.
"""

from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table as Grid

from polyrules import clock
from polyrules.app import INTERRUPTED
from polyrules.domain.events import ClockTicked, Filled, OrderReported, Settled
from polyrules.domain.orders import Report
from polyrules.domain.steps import Step
from polyrules.engine.engine import Engine

REFRESH = 0.25  # seconds between two drawings of the table
CHECK_EVERY = 256  # Steps between two looks at the clock
CYCLES = "so many cycles as asked for"


class Viewer:
    """Looks at Steps and knows when to end; prints nothing."""

    def __init__(self, cycles: int | None = None) -> None:
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
        if self._interrupted:
            return INTERRUPTED
        if self._cycles is not None and engine.cycles >= self._cycles:
            return CYCLES
        return ""


class Quiet(Viewer):
    """Prints nothing."""


class Lines(Viewer):
    """One plain line for what happens to our orders."""

    def __init__(self, cycles: int | None) -> None:
        super().__init__(cycles)
        self._console = Console(highlight=False, soft_wrap=True, markup=False)

    def see(self, step: Step, engine: Engine) -> None:
        """Print fills, settlements, rejections and alarms."""
        del engine
        text = _line(step)
        if text:
            when = clock.to_datetime(step.event.at)
            self._console.print(f"{when:%Y-%m-%d %H:%M:%S} {text}")
        for alarm in step.alarms:
            self._console.print(f"alarm: {alarm}")


class Table(Viewer):
    """A table that redraws itself a few times a second.

    Args:
        cycles: Evaluations after which to end, None for never.
        span: First and last moment of the source [microseconds UTC].
    """

    def __init__(self, cycles: int | None, span: tuple[int, int]) -> None:
        super().__init__(cycles)
        self._first, self._last = span
        self._live = Live(console=Console(), auto_refresh=False, transient=True)
        self._drawn = 0.0
        self._steps = 0
        self._decisions: Counter[str] = Counter()
        self._fills = 0

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
        self._fills += isinstance(step.event, Filled)
        for decision in step.decisions:
            self._decisions[decision.strategy] += 1
        if self._steps % CHECK_EVERY == 0 and clock.monotonic() - self._drawn > REFRESH:
            self._drawn = clock.monotonic()
            self._live.update(self._grid(step, engine), refresh=True)

    def _grid(self, step: Step, engine: Engine) -> Grid:
        done = (step.event.at - self._first) / max(1, self._last - self._first)
        when = clock.to_datetime(step.event.at)
        title = f"{when:%Y-%m-%d %H:%M:%S} UTC  {done:.0%}  {self._steps:,} events"
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


def _line(step: Step) -> str:
    match step.event:
        case Filled() as fill:
            way = "maker" if fill.maker else f"taker, fee {fill.fee.normalize():f} usd"
            return (
                f"filled {fill.side.value} {fill.size.normalize():f} @ "
                f"{fill.price.normalize():f} {fill.token} ({way})"
            )
        case Settled() as paid:
            return (
                f"settled {paid.size.normalize():f} {paid.token} at "
                f"{paid.payout.normalize():f}"
            )
        case OrderReported(report=Report.REJECTED, reason=reason):
            return f"rejected: {reason}"
        case ClockTicked():
            return ""
        case _:
            return ""
