import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from syrupy.assertion import SnapshotAssertion

from polyrules.cli.bases import find_base
from polyrules.cli.problems import render
from polyrules.errors import Severity
from polyrules.language.load import load_all

BAD = sorted((Path(__file__).parents[1] / "bad").glob("*.yaml"))
HEADER = re.compile(r"# (?P<code>[A-Z]{2}\d{3}), line (?P<line>\d+): \S.*\n")
PROMISED = """
    PR001 PR002 PR003 PR004 PR005
    PS001 PS002 PS003 PS004 PS005 PS006 PS007 PS008 PS009 PS010 PS011 PS012 PS013
    PS014 PS015 PS020 PS021 PS022 PS023 PS024
    PE001 PE002 PE003 PN001 PN002 PN003 PN004
    PT001 PT002 PT003 PT004 PT005 PT006 PT007 PU001 PU002 PU003 PU004 PU005
    PW001 PW002 PW004 PL001 PL004 PC001 PX001
"""

GOOD = """\
polyrules: 1
strategy: {id: good, version: 1.0.0}
params:
  min_prob: {type: prob, default: 0.92, min: 0.8, max: 0.99}
universe: {each: market, where: best_ask >= min_prob}
rules:
  - id: enter
    when: spread <= 0.02
    then: {action: buy, token: yes_token, price: best_ask}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
"""
THREE_MISTAKES = """\
polyrules: 1
strategy: {id: three, version: 1.0.0}
universe: {each: market}
rules:
  - id: enter
    when: spraed <= 0.02
    then: {action: byu, token: yes_token, price: best_ask}
sizing: {method: fixed, amount: 20}
schedule: {every: 5s}
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(GOOD, "utf-8")
    Path("three.yaml").write_text(THREE_MISTAKES, "utf-8")
    return tmp_path


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_mistake_is_told_once_and_where_it_is(
    file: Path, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    text = file.read_bytes().decode("utf-8")
    header = HEADER.match(text)
    assert header, f"{file.name} must begin with: # CODE, line N: what is wrong"

    _, problems = load_all(text, file.name, find=find_base)

    found = [(problem.code, problem.line) for problem in problems]
    assert found == [(header["code"], int(header["line"]))]
    assert render(problems[0]) == snapshot


def test_every_code_has_a_file_that_shows_it() -> None:
    shown = {file.stem[:5].upper() for file in BAD}

    assert shown == set(PROMISED.split())


def test_three_mistakes_are_told_at_once(
    files: Path, cli: Callable[..., Result], snapshot: SnapshotAssertion
) -> None:
    assert files.is_dir()

    result = cli("validate", "three.yaml")

    assert result.stdout == snapshot
    assert result.stdout.endswith("\n3 errors\n")
    assert result.exit_code == 1


def test_a_clean_file_is_ok(files: Path, cli: Callable[..., Result]) -> None:
    assert files.is_dir()

    result = cli("validate", "good.yaml", "longshot_yes")

    assert result.stdout == "good.yaml: ok\nlongshot_yes.yaml: ok\n"
    assert result.exit_code == 0


@pytest.mark.parametrize("place", ["strategies", "examples/strategies"])
def test_the_shipped_strategies_are_clean(root: Path, place: str) -> None:
    shipped = sorted((root / place).glob("*.yaml"))

    found = {f.name: load_all(f.read_text("utf-8"), f.name)[1] for f in shipped}

    assert len(found) == {"strategies": 13, "examples/strategies": 4}[place]
    assert not any(found.values())


def test_a_warning_alone_is_told_and_does_not_fail(
    files: Path, cli: Callable[..., Result], snapshot: SnapshotAssertion
) -> None:
    (files / "warned.yaml").write_text(
        GOOD.replace("\nrules:", "\nlet: {unused: best_ask / 2}\nrules:"), "utf-8"
    )

    result = cli("validate", "warned.yaml")

    assert result.stdout == snapshot
    assert result.exit_code == 0


def test_machines_get_json(files: Path, cli: Callable[..., Result]) -> None:
    assert files.is_dir()

    result = cli("validate", "--format", "json", "good.yaml", "three.yaml")

    good, three = json.loads(result.stdout)["files"]
    assert good == {"path": "good.yaml", "ok": True, "problems": []}
    assert three["path"] == "three.yaml"
    assert three["ok"] is False
    assert three["problems"][2] == {
        "line": 8,
        "column": 33,
        "end_column": 35,
        "severity": "error",
        "code": "PU005",
        "message": "amount needs a unit, found 20",
        "help": "did you mean 20 USD?",
    }
    assert result.exit_code == 1


def test_a_file_that_is_missing_does_not_hide_the_others(
    files: Path, cli: Callable[..., Result]
) -> None:
    assert files.is_dir()

    result = cli("validate", "gone.yaml", "good.yaml")

    assert result.stdout == "good.yaml: ok\n"
    assert result.stderr.startswith("error: gone.yaml: no such file")
    assert result.exit_code == 2


def test_a_folder_without_a_strategy_is_refused_in_one_line(
    files: Path, cli: Callable[..., Result]
) -> None:
    (files / "folder").mkdir()

    result = cli("validate", "folder")

    assert result.stderr == (
        "error: folder has no strategies: no .yaml file in it is one\n"
    )
    assert result.stdout == ""
    assert result.exit_code == 2


def test_a_setting_is_checked_with_the_file(
    files: Path, cli: Callable[..., Result]
) -> None:
    assert files.is_dir()

    fits = cli("validate", "good.yaml", "--set", "min_prob=0.95")
    too_high = cli("validate", "good.yaml", "--set", "min_prob=95")
    unknown = cli("validate", "good.yaml", "--set", "min_prb=0.9")
    no_value = cli("validate", "good.yaml", "--set", "min_prob")

    assert fits.exit_code == 0
    assert too_high.stderr == (
        "error: good.yaml:4:3: param min_prob: 95 is outside [0, 1]:"
        " prices are probabilities\nhint: did you mean 0.95? its range is [0.8, 0.99]\n"
    )
    assert unknown.stderr == (
        'error: good.yaml has no param "min_prb"\nhint: did you mean "min_prob"?\n'
    )
    assert '"min_prob" is not NAME=VALUE' in no_value.stderr
    assert [too_high.exit_code, unknown.exit_code, no_value.exit_code] == [2, 2, 2]


def test_nothing_of_a_file_can_steer_the_terminal(
    files: Path, cli: Callable[..., Result]
) -> None:
    (files / "evil.yaml").write_text('polyrules: 1\nx-\x1b[31m"\x07: 1\n', "utf-8")

    result = cli("validate", "evil.yaml")

    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout
    assert "x-\ufffd[31m" in result.stdout
    assert result.exit_code == 1


def test_nothing_of_a_file_steers_the_terminal_behind_a_machine(
    files: Path, cli: Callable[..., Result]
) -> None:
    (files / "evil.yaml").write_text(GOOD + '"x\\x9b31m": 1\n', "utf-8")

    result = cli("validate", "--format", "json", "evil.yaml")

    assert "\x9b" not in result.stdout
    (problem,) = json.loads(result.stdout)["files"][0]["problems"]
    assert problem["message"] == 'unknown key "x\ufffd31m"'


def test_warnings_and_errors_are_different_things() -> None:
    (file,) = [file for file in BAD if file.stem == "pl004_let"]

    strategy, problems = load_all(file.read_text("utf-8"), file.name)

    assert strategy is not None
    assert [problem.severity for problem in problems] == [Severity.WARNING]
