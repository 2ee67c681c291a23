"""A small tape with three wandering markets, and how tests run over it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from click.testing import Result

from polyrules.domain.events import Event
from polyrules.venues.tape.manifest import FORMAT, Manifest
from polyrules.venues.tape.writer import TapeWriter
from tests.builders import SECOND, book, listed, market, resolved
from tests.strategies import BUY_TIGHT, SELL_HIGH

Cli = Callable[..., Result]


def moving(seconds: int) -> Iterator[Event]:
    """Yield three markets whose books wander, and how the first of them ends."""
    for name in ("a", "b", "c"):
        facts = msgspec.structs.replace(market(name), slug=f"will-{name}-win")
        yield listed(name, facts=facts)
    for second in range(1, seconds):
        for shift, name in enumerate(("a", "b", "c")):
            bid = 40 + (second * (7 + shift) + 11 * shift) % 23
            ask = bid + 1 + (second + shift) % 3
            yield book(
                second,
                ((f"{bid / 100}", "50"),),
                ((f"{ask / 100}", "50"),),
                name=name,
            )
    yield resolved(seconds, "1", name="a")


def write_tape(place: Path, seconds: int = 120) -> Path:
    with TapeWriter(place) as writer:
        for event in moving(seconds):
            writer.append(event)
        writer.close(
            Manifest(
                format=FORMAT,
                made_by="test",
                stated={"accepting_orders": 3, "end": 3, "fee_rate": 3},
                tick=SECOND,
                assumptions=("The books wander by arithmetic.",),
            )
        )
    return place


def furnish(place: Path) -> Path:
    """Put a tape and two strategies into a directory."""
    write_tape(place / "tape")
    (place / "buy.yaml").write_text(BUY_TIGHT)
    (place / "sell.yaml").write_text(SELL_HIGH)
    return place


def run(cli: Cli, *more: str) -> dict[str, object]:
    """Run both strategies and return the summary."""
    result = cli("run", "buy.yaml", "sell.yaml", "--tape", "tape", "--json", *more)
    assert result.exit_code == 0, result.output
    summary: dict[str, object] = json.loads(result.stdout)
    return summary


def started(place: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start polyrules in a process of its own."""
    command = [sys.executable, "-m", "polyrules", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=place)  # noqa: S603 - ours
