import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from polyrules.cli.shipped import folder
from polyrules.language.load import load_all

Cli = Callable[..., Result]

FIRST = ("longshot_no", "longshot_yes", "mean_reversion")  # others have own tapes
FILES = [
    *sorted(folder("strategies").glob("*.yaml")),
    *sorted((folder("examples") / "strategies").glob("*.yaml")),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_strategy_has_nothing_wrong_with_it(file: Path) -> None:
    strategy, problems = load_all(file.read_text("utf-8"), path=file.name)

    assert problems == ()
    assert strategy is not None
    assert strategy.id == file.stem


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_strategy_says_when_it_loses_and_is_tested_on_missing_data(
    file: Path,
) -> None:
    strategy, _ = load_all(file.read_text("utf-8"), path=file.name)

    assert strategy is not None
    assert "loses" in strategy.description
    assert len(strategy.cases) >= 4
    assert any("unknown" in case.expect for case in strategy.cases)
    assert all(param.doc for param in strategy.params)


def test_the_embedded_tests_of_all_shipped_strategies_pass(cli: Cli) -> None:
    result = cli("test", *map(str, FILES))

    assert result.exit_code == 0, result.output


def test_the_first_three_trade_on_the_example_tape(
    cli: Cli, root: Path, tmp_path: Path
) -> None:
    tape, journal = root / "examples" / "tape", tmp_path / "journal.db"

    result = cli(
        *("run", "--paper", *FIRST, "--tape", str(tape)),
        *("--journal", f"sqlite:///{journal}", "--json"),
    )

    fills = {of["id"]: of["fills"] for of in json.loads(result.stdout)["strategies"]}
    assert set(fills) == set(FIRST)
    assert min(fills.values()) >= 3
