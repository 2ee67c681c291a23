"""Shipped strategies on the small tapes made for them: they do what they say there."""

import importlib.util
import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from click.testing import Result

from polyrules.venues.tape.reader import Tape

Cli = Callable[..., Result]
BYTES_MAX = 200_000
SCENES = ("outcomes", "deadlines", "quotes", "days")


class Ran(NamedTuple):
    """What a run came to: its summary, and its approved orders by rule and side."""

    summary: dict[str, Any]
    orders: Counter[tuple[str, str]]


@pytest.fixture(scope="module")
def making(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_scenes", root / "examples" / "make_scenes.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def on_scene(cli: Cli, root: Path, tmp_path: Path) -> Callable[[str, str], Ran]:
    """Run a shipped strategy over a scene with pretended money."""

    def run(strategy: str, scene: str) -> Ran:
        journal = f"sqlite:///{tmp_path / 'journal.db'}"
        tape = root / "examples" / "tapes" / scene
        result = cli(
            *("run", "--paper", strategy, "--tape", str(tape), "--json"),
            *("--journal", journal),
        )
        assert result.exit_code == 0, result.output
        told = cli(
            *("decisions", "--approved", "--limit", "100000", "--json"),
            *("--journal", journal),
        )
        decided = [each["decision"] for each in json.loads(told.stdout)]
        return Ran(
            json.loads(result.stdout),
            Counter((each["rule"], each["side"]) for each in decided),
        )

    return run


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_is_what_its_script_makes_small_and_whole(
    root: Path, making: ModuleType, scene: str
) -> None:
    folder = root / "examples" / "tapes" / scene
    tape = Tape.open(folder)

    events = list(tape.events())
    assert events == making.happened(scene)
    assert all(a.at <= b.at for a, b in pairwise(events))
    assert tape.verify() == ()
    assert sum(file.stat().st_size for file in folder.iterdir()) < BYTES_MAX


def test_arbitrage_buys_all_yes_of_one_event_and_all_no_of_the_other(
    on_scene: Callable[[str, str], Ran],
) -> None:
    ran = on_scene("arbitrage", "outcomes")

    assert ran.orders == {("all_yes", "BUY"): 4, ("all_no", "BUY"): 4}
    assert ran.summary["fills"] == 8
    assert money(ran, "realised_usd") == Decimal("3.09")


def test_term_structure_buys_both_legs_and_leaves_both(
    on_scene: Callable[[str, str], Ran],
) -> None:
    ran = on_scene("term_structure", "deadlines")

    assert ran.orders == {("inverted", "BUY"): 2, ("converged", "SELL"): 2}
    assert ran.summary["held"] == []
    assert money(ran, "realised_usd") == Decimal("5.07")


def test_market_maker_quotes_both_sides_and_leaves_before_the_end(
    on_scene: Callable[[str, str], Ran],
) -> None:
    ran = on_scene("market_maker", "quotes")

    assert ran.orders == {
        ("quote", "BUY"): 546,
        ("quote", "SELL"): 565,
        ("end_is_near", "SELL"): 1,
    }
    assert ran.summary["fills"] == 70
    assert money(ran, "realised_usd") == Decimal("22.50")
    assert {each["slug"] for each in ran.summary["held"]} == {"new-opera-opens"}


def test_grid_buys_dips_and_sells_rises(
    on_scene: Callable[[str, str], Ran],
) -> None:
    ran = on_scene("grid", "quotes")

    assert ran.orders == {("ladder", "BUY"): 54, ("ladder", "SELL"): 41}
    assert ran.summary["fills"] == 24
    assert money(ran, "realised_usd") == Decimal("10.15")


def test_spread_capture_stands_inside_wide_spreads(
    on_scene: Callable[[str, str], Ran],
) -> None:
    ran = on_scene("spread_capture", "quotes")

    assert ran.orders == {("inside", "BUY"): 48, ("inside", "SELL"): 47}
    assert ran.summary["fills"] == 110
    assert money(ran, "realised_usd") == Decimal("18.00")
    assert {each["shares"] for each in ran.summary["held"]} == {"40"}


def test_dca_buys_every_six_hours_until_it_has_paid_enough(
    on_scene: Callable[[str, str], Ran],
) -> None:
    ran = on_scene("dca", "days")

    assert ran.orders == {("instalment", "BUY"): 14}
    assert ran.summary["fills"] == 14
    assert money(ran, "traded_usd") == Decimal("69.97")


def money(ran: Ran, name: str) -> Decimal:
    """Return an amount of the summary in cents."""
    return Decimal(ran.summary[name]).quantize(Decimal("0.01"))
