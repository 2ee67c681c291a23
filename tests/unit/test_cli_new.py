from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from polyrules.cli.new import renamed
from polyrules.language.load import load

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
        for old, new in zip(original.splitlines()[1:], copy, strict=True)
        if old != new
    ]
    assert changed == [("  id: longshot_yes", "  id: mine")]


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
