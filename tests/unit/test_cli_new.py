import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from polyrules.cli.new import renamed
from polyrules.language.load import load
from tests.strategies import BUY_TIGHT

Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_copy_of_a_shipped_strategy_has_an_id_of_its_own(cli: Cli) -> None:
    result = cli("new", "mine", "--from", "longshot_yes")

    copy = Path("mine.yaml").read_text("utf-8")
    assert result.exit_code == 0
    assert result.output == (
        "wrote mine.yaml, a copy of longshot_yes; change it, then\n"
        "  polyrules validate mine.yaml\n"
        "  polyrules test mine.yaml\n"
        "  polyrules run --paper mine.yaml --tape TAPE\n"
    )
    assert load(copy, path="mine.yaml").id == "mine"


def test_a_copy_keeps_every_comment_and_all_else(cli: Cli, root: Path) -> None:
    cli("new", "mine", "--from", "longshot_yes")

    copy = Path("mine.yaml").read_text("utf-8").splitlines()
    original = (root / "strategies" / "longshot_yes.yaml").read_text("utf-8")
    changed = [
        (old, new)
        for old, new in zip(original.splitlines()[1:], copy[1:], strict=True)
        if old != new
    ]
    assert changed == [("  id: longshot_yes", "  id: mine")]


def test_the_first_line_of_a_copy_leads_editors_to_the_schema(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "bare.yaml").write_text(BUY_TIGHT, "utf-8")

    cli("new", "mine", "--from", "longshot_yes")
    cli("new", "other", "--from", "bare.yaml")

    for name in ("mine", "other"):
        first = Path(f"{name}.yaml").read_text("utf-8").splitlines()[0]
        head, _, place = first.partition("=")
        assert head == "# yaml-language-server: $schema"
        assert not Path(place).is_absolute()
        assert json.loads(Path(place).read_text("utf-8"))["title"]


def test_a_line_that_leads_to_a_schema_is_kept(cli: Cli, tmp_path: Path) -> None:
    line = "# yaml-language-server: $schema=mine.json\n"
    (tmp_path / "mine.json").write_text("{}", "utf-8")
    (tmp_path / "old.yaml").write_text(line + BUY_TIGHT, "utf-8")

    cli("new", "copy", "--from", "old.yaml")

    assert Path("copy.yaml").read_text("utf-8").startswith(line)


def test_a_file_that_exists_is_not_overwritten(cli: Cli) -> None:
    Path("mine.yaml").write_text("precious", "utf-8")

    result = cli("new", "mine", "--from", "longshot_yes")

    assert result.exit_code == 2
    assert result.stderr == (
        "error: mine.yaml exists already\nhint: choose another name, or move it away\n"
    )
    assert Path("mine.yaml").read_text("utf-8") == "precious"


def test_a_name_that_is_no_id_is_refused_before_anything_is_written(cli: Cli) -> None:
    result = cli("new", "../Mine", "--from", "longshot_yes")

    assert result.exit_code == 2
    assert 'error: "../Mine" cannot be the id of a strategy' in result.stderr
    assert list(Path().iterdir()) == []


def test_a_wrong_strategy_is_not_copied(cli: Cli) -> None:
    Path("bad.yaml").write_text("polyrules: 1\n", "utf-8")

    result = cli("new", "mine", "--from", "bad.yaml")

    assert result.exit_code == 1
    assert not Path("mine.yaml").exists()


def test_an_id_is_changed_however_it_is_written() -> None:
    assert renamed("strategy: {id: a, version: 1}\n", "a", "b") == (
        "strategy: {id: b, version: 1}\n"
    )
    assert renamed("strategy:\n  id: 'a'  # a\nrules: [{id: a}]\n", "a", "b") == (
        "strategy:\n  id: b  # a\nrules: [{id: a}]\n"
    )
