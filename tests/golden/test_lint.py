import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from syrupy.assertion import SnapshotAssertion

from polyrules.cli.shipped import shipped_ids

DOUBTFUL = """\
polyrules: 1
strategy: {id: doubtful, version: 1.0.0, title: Doubtful}
params:
  spare: {type: prob, default: 0.5}
universe: {each: market, where: "accepting_orders and between(price, 0.1, 0.9)"}
let:
  gap: best_ask - best_bid
  lean: spread / gap
guards:
  - {id: some, when: spread >= 0}
rules:
  - id: calm
    when: price > 0.95
    on_unknown: skip
    then: {action: none}
  - id: enter
    when: lean > 1 and hours_to_close == 24
    then: {action: buy, token: yes_token, price: best_ask + 0.05}
  - id: again
    when: lean > 2 and hours_to_close == 24 and volume_24h > 10
    then: {action: buy, token: yes_token, price: best_ask}  # polyrules: ignore[PL008] x
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 500ms}
"""
WRONG = DOUBTFUL.replace("gap: best_ask", "gap: bset_ask")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("doubtful.yaml").write_text(DOUBTFUL, "utf-8")
    Path("wrong.yaml").write_text(WRONG, "utf-8")
    return tmp_path


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("profile", ["min", "basic", "safety", "shared", "live"])
def test_each_profile_tells_what_it_asks_for(
    profile: str, cli: Callable[..., Result], snapshot: SnapshotAssertion
) -> None:
    result = cli("lint", "doubtful.yaml", "--profile", profile)

    assert result.stdout == snapshot
    assert result.exit_code == (0 if profile == "min" else 1)


@pytest.mark.usefixtures("files")
def test_errors_are_told_as_validate_tells_them(cli: Callable[..., Result]) -> None:
    result = cli("lint", "wrong.yaml")
    validated = cli("validate", "wrong.yaml")

    assert result.stdout.split("\n\n")[0] == validated.stdout.split("\n\n")[0]
    assert result.stdout.endswith(
        "wrong.yaml: 1 error · profile reached: none (asked: basic)\n"
    )
    assert result.exit_code == 1


@pytest.mark.parametrize("strategy", ["longshot_yes", "longshot_no", "mean_reversion"])
def test_the_shipped_strategies_reach_the_highest_profile(
    strategy: str, cli: Callable[..., Result]
) -> None:
    result = cli("lint", strategy, "--profile", "live", "--format", "json")

    (file,) = json.loads(result.stdout)["files"]
    assert file["profile_reached"] == "live"
    assert {p["severity"] for p in file["problems"]} <= {"info"}
    assert result.exit_code == 0


@pytest.mark.parametrize("strategy", shipped_ids())
def test_no_shipped_strategy_has_a_find_that_is_certainly_a_mistake(
    strategy: str, cli: Callable[..., Result]
) -> None:
    result = cli("lint", strategy)

    assert result.stdout.startswith(f"{strategy}.yaml: ok")
    assert result.exit_code == 0


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("layout", ["json", "sarif", "github"])
def test_machines_get_the_same_finds(
    layout: str, cli: Callable[..., Result], snapshot: SnapshotAssertion
) -> None:
    result = cli("lint", "doubtful.yaml", "wrong.yaml", "--format", layout)

    assert result.stdout == snapshot
    assert result.exit_code == 1


@pytest.mark.usefixtures("files")
def test_an_annotation_cannot_be_made_to_end_its_line(
    cli: Callable[..., Result],
) -> None:
    text = DOUBTFUL.replace("spread >= 0}", '"spraed\\n::error ::x 100% > 0"}')
    Path("a,b:c.yaml").write_text(text, "utf-8")

    result = cli("lint", "a,b:c.yaml", "--format", "github")

    lines = result.stdout.splitlines()
    assert lines != []
    assert all(
        line.startswith(("::error file=a%2Cb%3Ac.yaml,", "::warning file=a%2Cb%3Ac"))
        for line in lines
    )


def test_fix_mends_the_file_and_says_what_it_did(
    files: Path, cli: Callable[..., Result], snapshot: SnapshotAssertion
) -> None:
    result = cli("lint", "doubtful.yaml", "--fix")

    mended = (files / "doubtful.yaml").read_text("utf-8")
    assert result.stdout == snapshot
    assert "spare" not in mended
    assert "polyrules: ignore" not in mended
    assert [path.name for path in files.iterdir() if path.name[0] == "."] == []


def test_diff_shows_what_fix_would_do_and_writes_nothing(
    files: Path, cli: Callable[..., Result], snapshot: SnapshotAssertion
) -> None:
    result = cli("lint", "doubtful.yaml", "--fix", "--diff")

    assert result.stdout == snapshot
    assert result.exit_code == 1
    assert (files / "doubtful.yaml").read_text("utf-8") == DOUBTFUL
    assert cli("lint", "longshot_yes", "--diff").exit_code == 0


def test_a_mended_file_keeps_its_permissions_and_its_line_ends(
    files: Path, cli: Callable[..., Result]
) -> None:
    path = files / "doubtful.yaml"
    path.write_bytes(DOUBTFUL.replace("\n", "\r\n").encode())
    path.chmod(0o640)

    cli("lint", "doubtful.yaml", "--fix")

    data = path.read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n") == 21
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.usefixtures("files")
def test_a_feed_that_is_not_there_is_a_find(cli: Callable[..., Result]) -> None:
    result = cli("lint", "longshot_yes", "--feeds", "gamma,trades")
    unknown = cli("lint", "longshot_yes", "--feeds", "gamma,weather")

    assert 'rule "enter" can never fire' in result.stdout
    assert result.exit_code == 1
    assert 'no feed is called "weather"' in unknown.stderr
    assert unknown.exit_code == 2


@pytest.mark.usefixtures("files")
def test_a_file_that_is_not_there_does_not_hide_the_others(
    cli: Callable[..., Result],
) -> None:
    result = cli("lint", "gone.yaml", "longshot_yes", "--set", "uplift=0.02")

    assert "gone.yaml: no such file" in result.stderr
    assert "longshot_yes.yaml: ok" in result.stdout
    assert result.exit_code == 2


@pytest.mark.usefixtures("files")
def test_tests_beside_a_file_count_as_its_own(cli: Callable[..., Result]) -> None:
    alone = cli("lint", "doubtful.yaml", "--profile", "shared")
    Path("doubtful.test.yaml").write_text(
        "strategy: ./doubtful.yaml\n"
        "tests:\n"
        "  - name: waits\n"
        "    given: {accepting_orders: true, price: 0.5, spread: 0.01}\n"
        "    expect: {fires: none}\n",
        "utf-8",
    )

    beside = cli("lint", "doubtful.yaml", "--profile", "shared")

    assert 'rule "calm" has no test where it is TRUE and none' in alone.stdout
    assert 'rule "calm" has no test where it is TRUE\n' in beside.stdout
