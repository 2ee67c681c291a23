"""How a run is asked to end, and what plain lines say while it goes."""

import signal
from typing import Any, cast

import pytest

from polyrules.cli.run import _interrupts
from polyrules.cli.watch import NOTHING_LISTED, Lines, Viewer
from polyrules.domain.events import ClockTicked, Event, FeedLost
from polyrules.domain.ids import RunId
from polyrules.domain.steps import Step
from polyrules.engine.engine import Engine

STOPS = [signal.SIGINT, signal.SIGTERM]
ASKED = "interrupted"


class State:
    """As much of an engine as a viewer looks at."""

    def __init__(self, rows: int) -> None:
        self.state = self
        self.cycles = 0
        self.markets: dict[str, Any] = {}
        self.by_row = dict.fromkeys(range(rows))


def engine(rows: int = 0) -> Engine:
    return cast("Engine", State(rows))


def step(event: Event) -> Step:
    return Step(run=RunId("r"), sequence=0, event=event)


def tick(seconds: int) -> Step:
    return step(ClockTicked(at=seconds * 1_000_000))


@pytest.mark.parametrize("number", STOPS)
def test_before_anything_happened_the_first_wish_ends_the_run(number: int) -> None:
    before = signal.getsignal(number)

    with pytest.raises(KeyboardInterrupt), _interrupts(Viewer()):
        signal.raise_signal(number)

    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", STOPS)
def test_then_the_first_is_a_wish_and_the_second_ends_it(number: int) -> None:
    viewer = Viewer()
    assert viewer.ending(engine()) == ""

    with _interrupts(viewer):
        signal.raise_signal(number)
        asked = viewer.ending(engine())
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)

    assert asked == ASKED


def test_a_live_run_says_that_it_begins_and_then_now_and_then_how_it_goes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = Lines(None, beat=600_000_000)

    for second in (0, 1, 29, 30, 31, 629, 630):
        lines.see(tick(second), engine(rows=3))

    assert capsys.readouterr().out.splitlines() == [
        "1970-01-01 00:00:00 the run begins",
        "1970-01-01 00:00:30 3 markets, 4 events, 0 decisions",
        "1970-01-01 00:10:30 3 markets, 7 events, 0 decisions",
    ]


def test_a_venue_that_lists_nothing_is_told_with_where_to_look(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = Lines(None, beat=600_000_000)

    lines.see(tick(0), engine())
    lines.see(step(FeedLost(at=2_000_000, feed="gamma", reason="no page")), engine())
    lines.see(tick(30), engine())

    assert capsys.readouterr().out.splitlines() == [
        "1970-01-01 00:00:00 the run begins",
        "1970-01-01 00:00:02 gamma lost: no page",
        f"1970-01-01 00:00:30 {NOTHING_LISTED}",
    ]
