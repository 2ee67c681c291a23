"""`polyrules test`: files beside, coverage, mistakes, thresholds, JUnit, tapes."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import Result
from syrupy.assertion import SnapshotAssertion

from tests.small_tape import write_tape

Cli = Callable[..., Result]

STRATEGY = """\
polyrules: 1
strategy: {id: sound, version: 1.0.0}
params:
  widest: {type: prob, default: 0.02, min: 0.01, max: 0.03, step: 0.01}
universe: {each: market}
let:
  moved: mid - lag(mid, seconds(10))
rules:
  - id: enter
    when: spread < widest and position_shares == 0
    then: {action: buy, token: yes_token, price: best_ask}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
"""
TESTS = """\
tests:
  - name: a narrow market
    given: {spread: 0.01, position_shares: 0, best_ask: 0.5}
    expect: {fires: enter, price: 0.5}
  - name: a wide market
    given: {spread: 0.03, position_shares: 0, best_ask: 0.5}
    expect: {fires: none}
"""
BESIDE = """\
strategy: ./sound.yaml
tests:
  - name: one position is enough
    given: {spread: 0.01, position_shares: 20, best_ask: 0.5}
    expect: {fires: none}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sound.yaml").write_text(STRATEGY + TESTS, "utf-8")
    return tmp_path


def from_tape(market: str, at: str, expect: str) -> str:
    return (
        f"tests:\n  - name: as it was\n    fixture: {{tape: tape, market: {market},"
        f" at: '{at}'}}\n    expect: {expect}\n"
    )


def test_tests_beside_a_strategy_are_found(place: Path, cli: Cli) -> None:
    (place / "sound.test.yaml").write_text(BESIDE, "utf-8")

    result = cli("test", "sound.yaml")

    assert result.stdout == "sound  3 passed\n"
    assert result.exit_code == 0


@pytest.mark.parametrize(
    "files",
    [
        ("sound.test.yaml",),
        ("sound.test.yaml", "sound.yaml"),
        ("sound.yaml", "sound.test.yaml"),
        ("sound.yaml", "./sound.yaml"),
        (".",),
    ],
)
def test_a_strategy_is_tested_once_whichever_file_is_named(
    place: Path, cli: Cli, files: tuple[str, ...]
) -> None:
    (place / "sound.test.yaml").write_text(BESIDE, "utf-8")

    result = cli("test", *files)

    assert result.stdout == "sound  3 passed\n"
    assert result.exit_code == 0


def test_a_failure_beside_names_its_own_file(place: Path, cli: Cli) -> None:
    failing = BESIDE.replace("fires: none", "fires: enter")
    (place / "sound.test.yaml").write_text(failing, "utf-8")

    result = cli("test", "sound.yaml")

    assert "FAIL one position is enough  sound.test.yaml:3\n" in result.stdout
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BESIDE.replace("spread", "spraed"), "sound.test.yaml:4:13: error[PS015]"),
        (BESIDE.replace("expect", "expects"), "sound.test.yaml:5:5: error[PS001]"),
        (BESIDE.replace("./sound", "./other"), "sound.test.yaml:1:11: error[PS015]"),
        (BESIDE + "  -", "sound.test.yaml:6:"),
        ("", "sound.test.yaml:1:1: error[PR004]"),
    ],
)
def test_mistakes_beside_are_told_at_their_place(
    place: Path, cli: Cli, text: str, told: str
) -> None:
    (place / "sound.test.yaml").write_text(text, "utf-8")

    result = cli("test", "sound.yaml")

    assert told in result.stdout
    assert "cannot be tested" in result.stdout
    assert result.exit_code == 1


def test_a_file_of_tests_that_names_no_strategy_cannot_be_read(
    place: Path, cli: Cli
) -> None:
    (place / "lost.test.yaml").write_text("tests: []\n", "utf-8")

    result = cli("test", "lost.test.yaml")

    assert result.stderr == (
        "error: lost.test.yaml does not say which strategy it tests\n"
        "hint: write strategy: ./NAME.yaml\n"
    )
    assert result.exit_code == 2


def test_an_empty_directory_has_nothing_to_test(place: Path, cli: Cli) -> None:
    (place / "empty").mkdir()

    result = cli("test", "empty")

    assert result.stderr.startswith("error: empty has no strategies")
    assert result.exit_code == 2


def test_coverage_names_what_no_test_ever_hung_on(
    place: Path, cli: Cli, snapshot: SnapshotAssertion
) -> None:
    assert place.is_dir()

    result = cli("test", "sound.yaml", "--coverage")

    assert result.stdout == snapshot
    assert result.exit_code == 0


def test_mistakes_that_survive_are_shown_in_their_line(
    place: Path, cli: Cli, snapshot: SnapshotAssertion
) -> None:
    assert place.is_dir()

    result = cli("test", "sound.yaml", "--mutate")

    assert result.stdout == snapshot
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("options", "told", "code"),
    [
        (("--coverage", "--threshold", "60"), "", 0),
        (("--coverage", "--threshold", "61"), "coverage 60.0 % is under 61 %", 1),
        (("--mutate", "--threshold", "99"), "mutation 50.0 % is under 99 %", 1),
        (("--threshold", "50"), "--threshold is about --coverage or --mutate", 2),
        (("--coverage", "--threshold", "101"), "is not in the range 0<=x<=100", 2),
    ],
)
def test_a_threshold_decides_the_exit_code(
    place: Path, cli: Cli, options: tuple[str, ...], told: str, code: int
) -> None:
    assert place.is_dir()

    result = cli("test", "sound.yaml", *options)

    assert told in result.stderr
    assert result.exit_code == code


def test_several_files_are_added_up(place: Path, cli: Cli) -> None:
    other = STRATEGY.replace("sound", "other")
    (place / "other.yaml").write_text(other + TESTS, "utf-8")

    result = cli("test", ".", "--coverage", "--mutate")

    *_, covered, mistakes = result.stdout.splitlines()
    assert covered == "coverage   60 %   true/false/unknown 2/2/0 of 2   parts 2/4"
    assert mistakes == "mutation   50 %: 16 of 32 noticed"


def test_scripts_get_coverage_and_mistakes_as_json(place: Path, cli: Cli) -> None:
    assert place.is_dir()

    result = cli("test", "sound.yaml", "--coverage", "--mutate", "--format", "json")

    (file,) = json.loads(result.stdout)["files"]
    assert file["coverage"] == {
        "percent": 60.0,
        "conditions": [
            {
                "title": "rule enter",
                "true": 1,
                "false": 1,
                "unknown": 0,
                "can_be_unknown": True,
                "parts": 2,
                "never_decided": ["position_shares == 0"],
            }
        ],
    }
    assert [file["mutation"][key] for key in ("killed", "total")] == [8, 16]
    assert {
        "kind": "boundary",
        "change": '"< widest" becomes "<= widest"',
        "path": "sound.yaml",
        "line": 10,
        "column": 11,
        "end_column": 26,
    } in file["mutation"]["survivors"]


def test_ci_servers_get_junit(place: Path, cli: Cli) -> None:
    failing = TESTS.replace("spread: 0.03", "spread: 0.01").replace(
        "a wide market", '"a \\u0007 wide <market>"'
    )
    (place / "failing.yaml").write_text(STRATEGY + failing, "utf-8")
    (place / "broken.yaml").write_text(STRATEGY.replace("spread", "spraed"), "utf-8")
    options = ("--junit", "out.xml", "--coverage", "--threshold", "70")

    result = cli("test", "sound.yaml", "failing.yaml", "broken.yaml", *options)

    root = ET.parse("out.xml").getroot()  # noqa: S314 - we wrote it
    assert root.attrib == {
        "name": "polyrules",
        "tests": "7",
        "failures": "3",
        "errors": "1",
    }
    sound, failed, broken = root
    assert [case.get("name") for case in sound] == [
        "a narrow market",
        "a wide market",
        "the threshold is reached",
    ]
    (wide,) = [case for case in failed if case.get("line") == "18"]
    assert wide.get("name") == "a \ufffd wide <market>"
    assert wide[0].tag == "failure"
    assert wide[0].get("message") == "expected fires=none, got enter"
    assert "rule enter.when = TRUE" in str(wide[0].text)
    assert broken[0][0].tag == "error"
    assert result.exit_code == 1


def test_junit_that_cannot_be_written_is_another_code(place: Path, cli: Cli) -> None:
    assert place.is_dir()

    result = cli("test", "sound.yaml", "--junit", "gone/out.xml")

    assert result.stderr == (
        "error: gone/out.xml cannot be written: no such file or directory\n"
    )
    assert result.exit_code == 2


def test_a_row_may_come_from_a_tape(place: Path, cli: Cli) -> None:
    # ask 0.60 at second 32; mid 0.585, and 0.435 when it was sampled at second 20
    write_tape(place / "tape", seconds=40)
    expect = "{fires: none, values: {moved: 0.15}, unknown: []}"
    tests = from_tape("will-a-win", "2026-01-01T12:00:32Z", expect)
    (place / "taped.yaml").write_text(STRATEGY + tests, "utf-8")

    result = cli("test", "taped.yaml")

    assert result.stdout == "sound  1 passed\n"
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("market", "at", "told"),
    [
        ("nobody", "2026-01-01T12:00:30Z", 'the tape has no market "nobody" by then'),
        ("a", "2026-01-01T11:59:59Z", "lies outside the tape"),
        ("a", "2026-01-01T12:00:41Z", "lies outside the tape"),
        ("a", "2026-01-01T12:00:30", "is not a moment, expected one such as"),
        ("a", "noon", "noon is not a moment"),
    ],
)
def test_a_row_that_no_tape_holds_is_told_at_its_place(
    place: Path, cli: Cli, market: str, at: str, told: str
) -> None:
    write_tape(place / "tape", seconds=40)
    tests = from_tape(market, at, "{fires: none}")
    (place / "taped.yaml").write_text(STRATEGY + tests, "utf-8")

    result = cli("test", "taped.yaml")

    assert "taped.yaml:16:14: error[PS017]" in result.stdout
    assert told in result.stdout
    assert result.exit_code == 1


def test_a_tape_that_is_gone_is_told_at_its_place(place: Path, cli: Cli) -> None:
    tests = from_tape("a", "2026-01-01T12:00:30Z", "{fires: none}")
    (place / "taped.yaml").write_text(STRATEGY + tests, "utf-8")

    result = cli("test", "taped.yaml")

    assert "taped.yaml:16:14: error[PS017]: tape" in result.stdout
    assert result.exit_code == 1
