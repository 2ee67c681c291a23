import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from syrupy.assertion import SnapshotAssertion

Cli = Callable[..., Result]

SOUND = """\
polyrules: 1
strategy: {id: sound, version: 1.0.0}
universe: {each: market}
rules:
  - id: enter
    when: spread <= 0.02 and not neg_risk
    then: {action: buy, token: yes_token, price: best_ask}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
"""
PASSING = """\
tests:
  - name: a narrow market
    given: {spread: 0.01, neg_risk: false, best_ask: 0.5}
    expect: {fires: enter, price: 0.5}
"""
FAILING = """\
  - name: a wide market is taken all the same
    given: {spread: 0.03, best_ask: 0.5}
    expect: {fires: enter, price: 0.5}
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("sound.yaml").write_text(SOUND + PASSING, "utf-8")
    Path("untested.yaml").write_text(SOUND.replace("sound", "untested"), "utf-8")
    failing = SOUND.replace("sound", "failing_one") + PASSING + FAILING
    Path("failing.yaml").write_text(failing, "utf-8")
    Path("broken.yaml").write_text(SOUND.replace("spread", "spraed"), "utf-8")
    return tmp_path


def test_a_strategy_that_keeps_its_word_is_one_line(files: Path, cli: Cli) -> None:
    assert files.is_dir()

    result = cli("test", "sound.yaml")

    assert result.stdout == "sound  1 passed\n"
    assert result.exit_code == 0


def test_the_shipped_strategies_keep_their_word(cli: Cli) -> None:
    result = cli("test", "longshot_yes", "longshot_no", "mean_reversion")

    assert result.stdout == (
        "longshot_yes    32 passed\n"
        "longshot_no     34 passed\n"
        "mean_reversion  49 passed\n"
    )
    assert result.exit_code == 0


def test_a_failure_is_explained_part_by_part(
    files: Path, cli: Cli, snapshot: SnapshotAssertion
) -> None:
    assert files.is_dir()

    result = cli("test", "sound.yaml", "failing.yaml", "untested.yaml")

    assert result.stdout == snapshot
    assert result.exit_code == 1


def test_a_file_without_tests_says_so(files: Path, cli: Cli) -> None:
    assert files.is_dir()

    result = cli("test", "untested.yaml")

    assert result.stdout == "untested  has no tests\n"
    assert result.exit_code == 0


def test_a_file_with_mistakes_is_told_and_does_not_hide_the_others(
    files: Path, cli: Cli, snapshot: SnapshotAssertion
) -> None:
    assert files.is_dir()

    result = cli("test", "broken.yaml", "sound.yaml")

    assert result.stdout == snapshot
    assert result.exit_code == 1


def test_a_file_that_is_missing_is_one_line_and_another_code(
    files: Path, cli: Cli
) -> None:
    assert files.is_dir()

    result = cli("test", "gone.yaml", "sound.yaml")

    assert result.stdout == "sound  1 passed\n"
    assert result.stderr.startswith("error: gone.yaml: no such file")
    assert result.exit_code == 2


def test_without_files_the_usage_is_told(cli: Cli) -> None:
    result = cli("test")

    assert "Missing argument 'FILES...'" in result.stderr
    assert result.exit_code == 2


def test_machines_get_json(files: Path, cli: Cli) -> None:
    assert files.is_dir()

    result = cli("test", "--format", "json", "failing.yaml", "broken.yaml")

    failing, broken = json.loads(result.stdout)["files"]
    assert [failing["ok"], failing["passed"], failing["failed"]] == [False, 1, 1]
    assert failing["tests"][0] == {
        "name": "a narrow market",
        "path": "failing.yaml",
        "line": 11,
        "ok": True,
        "mismatches": [],
        "conditions": [],
    }
    assert failing["tests"][1]["mismatches"][0] == {
        "key": "fires",
        "expected": "enter",
        "got": "none",
    }
    assert failing["tests"][1]["conditions"][0]["parts"][1] == {
        "text": "not neg_risk",
        "values": "neg_risk=missing",
        "truth": "UNKNOWN",
        "missing": ["neg_risk"],
    }
    assert broken["ok"] is False
    assert broken["problems"][0].startswith("broken.yaml:6:11: error[PN001]: unknown")
    assert result.exit_code == 1


def test_nothing_of_a_file_can_steer_the_terminal(files: Path, cli: Cli) -> None:
    evil = SOUND + FAILING.replace("a wide", '"\\e[31ma wide').replace("same", 'same"')
    (files / "evil.yaml").write_text(
        evil.replace("  - name", "tests:\n  - name"), "utf-8"
    )

    result = cli("test", "evil.yaml")

    assert "\x1b" not in result.stdout
    assert "FAIL \ufffd[31ma wide market" in result.stdout


def test_nothing_of_a_test_can_steer_the_terminal(files: Path, cli: Cli) -> None:
    failing = FAILING.replace("a wide market", '"\\x9b31m\\e[31m wide').replace(
        "all the same", 'all the same"'
    )
    (files / "evil.yaml").write_text(SOUND + "tests:\n" + failing, "utf-8")

    plain = cli("test", "evil.yaml")
    machine = cli("test", "--format", "json", "evil.yaml")

    assert "\ufffd31m\ufffd[31m wide" in plain.stdout
    (test,) = json.loads(machine.stdout)["files"][0]["tests"]
    assert test["name"] == "\ufffd31m\ufffd[31m wide is taken all the same"
    assert test["conditions"][0]["title"] == "rule enter.when"
    assert test["mismatches"][0]["key"] == "fires"
    assert "\x9b" not in plain.stdout + machine.stdout
