import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from polyrules.features.catalog import CATALOG

Cli = Callable[..., Result]


@pytest.mark.parametrize("kind", ["strategy", "extension", "desk", "mapping"])
def test_the_printed_schema_is_the_one_that_is_shipped(
    cli: Cli, root: Path, kind: str
) -> None:
    result = cli("schema", kind)

    assert result.exit_code == 0
    assert result.output == (root / "schemas" / f"{kind}.v1.json").read_text("utf-8")


def test_the_schema_of_strategies_offers_every_feature(cli: Cli) -> None:
    schema = json.loads(cli("schema", "strategy").output)

    offered = schema["definitions"]["expression"]["defaultSnippets"]
    assert set(CATALOG) <= {each["label"] for each in offered}


def test_a_schema_can_be_written_to_a_file(cli: Cli, tmp_path: Path) -> None:
    target = tmp_path / "desk.json"
    target.write_text("old", "utf-8")

    result = cli("schema", "desk", "-o", str(target))

    assert result.output == ""
    assert json.loads(target.read_text("utf-8"))["type"] == "object"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_cannot_be_written_is_named(cli: Cli, tmp_path: Path) -> None:
    target = tmp_path / "none" / "desk.json"

    result = cli("schema", "desk", "-o", str(target))

    assert result.exit_code == 2
    assert result.stderr == f"error: {target}: no such file or directory\n"


def test_the_line_for_editors_leads_from_a_file_to_the_schema(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()

    result = cli("schema", "desk", "--line", "mine/desk.yaml")

    head, _, place = result.output.rstrip("\n").partition("=")
    assert head == "# yaml-language-server: $schema"
    assert not Path(place).is_absolute()
    found = json.loads((tmp_path / "mine" / place).read_text("utf-8"))
    assert "bankroll_usd" in found["properties"]


def test_a_kind_nobody_knows_is_answered_with_those_there_are(cli: Cli) -> None:
    result = cli("schema", "strategies")

    assert result.exit_code == 2
    assert "'strategy', 'extension', 'desk', 'mapping'" in result.stderr
