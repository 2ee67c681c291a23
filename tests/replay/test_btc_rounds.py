"""The round strategy: silent where nobody told the coin's price, at work where one did.

The recorded rounds lie beside the checkout and hold books only; without them the tests
that need them skip.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Cli = Callable[..., Result]
STRATEGY = "strategies/btc_15m_momentum.yaml"
MISSING = ("price", "twap_60", "ret_1m", "vol_1m", "age")


@pytest.fixture
def recorded(cli: Cli, root: Path, shared_data: Path, tmp_path: Path) -> Path:
    """The 18 recorded rounds, as a tape."""
    mapping = root / "examples" / "mappings" / "resolvedkit.yaml"
    place = tmp_path / "tape"
    source = str(shared_data / "resolvedkit")
    made = cli(
        *("tape", "import", source, "--mapping", str(mapping), "--out", str(place))
    )
    assert made.exit_code == 0, made.output
    return place


def run(cli: Cli, root: Path, tape: Path, tmp_path: Path, *more: str) -> str:
    journal = f"sqlite:///{tmp_path / 'journal.db'}"
    result = cli(
        *("run", "--paper", str(root / STRATEGY), "--tape", str(tape)),
        *("--journal", journal, *more),
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def test_recorded_rounds_without_a_price_of_the_coin_trade_nothing_and_say_why(
    cli: Cli, root: Path, recorded: Path, tmp_path: Path
) -> None:
    told = run(cli, root, recorded, tmp_path, "--quiet")

    lines = told.splitlines()
    assert lines[0] == "0 decisions: nothing was traded, because"
    # 18 rounds of 900 s, each asked every second; 161 s of each lie in the window
    assert (
        "  2,898 of 16,200 rows were in its universe; guard fresh_spot stopped 2,898"
        in lines
    )
    for name in MISSING:
        why = f"missing spot.{name} on 100% of rows: this source has no rtds feed"
        assert f"  {why}" in lines
    assert (
        "  missing round.twap_start on 100% of rows: this source has no rtds feed"
        in lines
    )


def test_invented_rounds_with_a_price_of_the_coin_are_traded_once_each(
    cli: Cli, root: Path, tmp_path: Path
) -> None:
    tape = root / "examples" / "tapes" / "rounds"

    told = run(cli, root, tape, tmp_path, "--json")

    summary: dict[str, Any] = json.loads(told)
    (one,) = summary["strategies"]
    assert (one["markets"], one["decisions"]) == (6, 7)  # the desk's stop sold once
    assert one["silent_because"] == []
