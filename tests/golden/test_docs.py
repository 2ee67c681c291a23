from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from syrupy.assertion import SnapshotAssertion

from polyrules.cli.shipped import folder

Cli = Callable[..., Result]

FILES = [
    *sorted(folder("strategies").glob("*.yaml")),
    *sorted((folder("examples") / "strategies").glob("*.yaml")),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_card_of_a_shipped_strategy(
    cli: Cli, snapshot: SnapshotAssertion, file: Path
) -> None:
    result = cli("docs", str(file))

    assert result.exit_code == 0, result.output
    assert result.output == snapshot


def test_the_same_strategy_has_the_same_card(cli: Cli) -> None:
    assert cli("docs", "longshot_yes").output == cli("docs", "longshot_yes").output


def test_a_card_can_be_written_to_a_file(cli: Cli, tmp_path: Path) -> None:
    target = tmp_path / "card.md"

    result = cli("docs", "longshot_yes", "-o", str(target))

    assert result.output == ""
    assert target.read_text("utf-8") == cli("docs", "longshot_yes").output


def test_a_wrong_strategy_has_no_card(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("polyrules: 1\n", "utf-8")

    result = cli("docs", str(file))

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "error[PS002]" in result.stderr


def test_what_a_file_says_means_nothing_to_markdown_or_the_terminal(
    cli: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "sly.yaml"
    file.write_text(
        "polyrules: 1\n"
        'strategy: {id: sly, version: 1.0.0, title: "<b>*me*</b> | \\e[31m"}\n'
        "universe: {each: market}\n"
        "rules:\n"
        "  - id: enter\n"
        "    when: spread <= 0.02\n"
        "    then: {action: buy, token: yes_token, price: best_ask,\n"
        '           reason: "[click](javascript:x)"}\n'
        "sizing: {method: fixed, amount: 20 USD}\n"
        "schedule: {every: 5s}\n",
        "utf-8",
    )

    result = cli("docs", str(file))

    assert result.output.splitlines()[0] == (
        "# \\<b\\>\\*me\\*\\</b\\> \\| \N{REPLACEMENT CHARACTER}\\[31m"
    )
    assert "It says: \\[click\\](javascript:x)" in result.output
