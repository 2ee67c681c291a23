"""Runs over a small tape, as the command line makes them: the same twice, and replayed.

What goes wrong on purpose here gets its own clear error, and nothing written before is
lost.
"""

import json
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.small_tape import Cli, furnish, run, started, write_tape
from tests.strategies import BUY_TIGHT


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to work in, with a tape and two strategies."""
    monkeypatch.chdir(tmp_path)
    return furnish(tmp_path)


def change(journal: str, query: str) -> None:
    with sqlite3.connect(journal) as database:
        assert database.execute(query).rowcount == 1
    database.close()


def test_two_runs_give_the_same_digest_and_another_threshold_another(
    cli: Cli, place: Path
) -> None:
    first, second = run(cli), run(cli)
    (place / "buy.yaml").write_text(BUY_TIGHT.replace("default: 0.02", "default: 0.01"))
    edited = run(cli)

    assert first["decisions"]
    assert first["fills"]
    assert first["digest"] == second["digest"]
    assert first["run"] != second["run"]
    assert edited["digest"] != first["digest"]


@pytest.mark.usefixtures("place")
def test_a_parameter_set_by_the_user_is_part_of_the_digest(cli: Cli) -> None:
    assert run(cli)["digest"] != run(cli, "--set", "buy_tight.widest=0.03")["digest"]


@pytest.mark.usefixtures("place")
def test_every_run_replays_to_itself(cli: Cli) -> None:
    summary = run(cli)

    result = cli("replay", "--json")

    replayed = json.loads(result.stdout)
    assert result.exit_code == 0
    assert replayed["mismatch"] == ""
    assert replayed["digest"] == summary["digest"]
    assert replayed["steps"] == summary["events"]


def test_replay_does_not_need_the_strategy_files(cli: Cli, place: Path) -> None:
    run(cli)
    (place / "buy.yaml").unlink()
    (place / "sell.yaml").write_text("changed beyond recognition")

    assert cli("replay").exit_code == 0


def test_a_changed_byte_in_a_stored_step_is_found_and_named(
    cli: Cli, place: Path
) -> None:
    run(cli)
    change(
        str(place / "polyrules.db"),
        "update steps set body = cast(replace(cast(body as text), 'BUY', 'BUX') as "
        "blob) where sequence = (select min(sequence) from steps where "
        "cast(body as text) like '%BUY%')",
    )

    result = cli("replay")

    assert result.exit_code == 1
    assert "differs: step " in result.stdout


def test_a_changed_event_on_the_tape_is_found_and_its_file_named(
    cli: Cli, place: Path
) -> None:
    run(cli)
    (file,) = (place / "tape").glob("*.parquet")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)

    result = cli("replay")

    assert result.exit_code == 1
    assert f"{file.name}: changed since the tape was written" in result.stdout


def test_another_tape_is_not_the_one_the_run_was_made_on(cli: Cli, place: Path) -> None:
    run(cli)
    write_tape(place / "other", seconds=60)

    result = cli("replay", "--tape", "other")

    assert result.exit_code == 1
    assert "the run was made on" in result.stdout


def test_a_run_killed_in_the_middle_replays_to_where_it_stopped(
    cli: Cli, place: Path
) -> None:
    write_tape(place / "long", seconds=5_000)
    with started(place, "run", "buy.yaml", "--tape", "long") as process:
        assert process.stdout is not None
        assert b"filled" in process.stdout.readline()
        process.send_signal(signal.SIGKILL)

    result = cli("replay")

    assert result.exit_code == 0, result.output
    assert "compared as far as it got" in result.stdout
    assert "going on, or killed" in cli("status").stdout


@pytest.mark.usefixtures("place")
def test_a_run_may_end_after_some_cycles(cli: Cli) -> None:
    summary = run(cli, "--cycles", "5")

    assert summary["cycles"] == 5
    assert summary["ended"] == "stopped after 5 cycles"
    assert cli("replay").exit_code == 0


def test_a_strategy_that_cannot_fire_is_told_why_in_the_first_lines(
    cli: Cli, place: Path
) -> None:
    text = BUY_TIGHT.replace("where: accepting_orders", "where: volume_24h > 5")
    (place / "blind.yaml").write_text(text)

    result = cli("run", "blind.yaml", "--tape", "tape", "--quiet")

    lines = result.stdout.splitlines()
    assert lines[0] == "0 decisions: nothing was traded, because"
    assert "none of 362 rows was in its universe" in lines[2]
    assert "missing volume_24h on 100% of rows: this source does not state it" in (
        result.stdout
    )


@pytest.mark.usefixtures("place")
def test_settlement_is_counted_by_outcome_and_pnl_carries_its_optimism(
    cli: Cli,
) -> None:
    result = cli("run", "buy.yaml", "--tape", "tape", "--quiet")

    assert "settled    YES 1" in result.stdout
    assert "paper is optimistic" in result.stdout
    assert "assumed    The books wander by arithmetic." in result.stdout


@pytest.mark.usefixtures("place")
def test_what_a_run_did_can_be_asked_of_the_journal(cli: Cli) -> None:
    summary = run(cli)

    decisions = json.loads(cli("decisions", "--json", "--limit", "9999").stdout)
    approved = cli("decisions", "--approved", "--values", "--limit", "1").stdout
    positions = json.loads(cli("positions", "--all", "--json").stdout)
    status = json.loads(cli("status", "--json").stdout)

    assert len(decisions) == summary["decisions"]
    assert "approved" in approved
    assert "=" in approved.splitlines()[1]
    assert positions
    assert status[0]["spec"]["id"] == summary["run"]
    assert f"digest {summary['digest']}" in cli("status", "last").stdout


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("run", "buy.yaml", "--tape", "tape", "--for", "1h"), 2, "not for a tape"),
        (("run", "buy.yaml", "--for", "soon"), 2, '"soon" is no duration'),
        (("run", "buy.yaml", "--live"), 2, "live trading is not there yet"),
        (("run", "--tape", "tape"), 2, "no strategy to run"),
        (("run", "buy.yaml", "--tape", "nowhere"), 2, "nowhere: no such tape"),
        (("run", "bye.yaml", "--tape", "tape"), 2, "bye.yaml: no such file"),
        (
            ("run", "buy.yaml", "buy.yaml", "--tape", "tape"),
            2,
            "are both called buy_tight",
        ),
        (
            ("run", "buy.yaml", "--tape", "tape", "--set", "widst=1"),
            2,
            "no strategy has a parameter widst",
        ),
        (
            ("run", "buy.yaml", "--tape", "tape", "--set", "widest=0.5"),
            2,
            "widest",
        ),
        (
            ("run", "buy.yaml", "--tape", "tape", "--set", "widest"),
            2,
            "expected PARAM=VALUE",
        ),
        (("run", "buy.yaml", "--tape", "tape", "--desk", "no.yaml"), 2, "no.yaml"),
        (("replay",), 2, "polyrules.db"),
        (("status",), 2, "polyrules.db"),
        (
            ("run", "buy.yaml", "--tape", "tape", "--journal", "sqlite:///no/j.db"),
            2,
            "no",
        ),
    ],
)
def test_a_wrong_call_says_what_is_wrong_and_how_to_mend_it(
    cli: Cli, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = cli(*arguments)

    assert result.exit_code == code
    assert message in result.stderr
    assert any(line.startswith("error: ") for line in result.stderr.splitlines())
    assert "Traceback" not in result.output


def test_a_strategy_with_three_mistakes_reports_three_and_ends_with_1(
    cli: Cli, place: Path
) -> None:
    text = BUY_TIGHT.replace("spread <=", "spraed <=").replace("10 USD", "10")
    (place / "bad.yaml").write_text(text.replace("every: 1s", "every: 1"))

    result = cli("run", "bad.yaml", "--tape", "tape")

    assert result.exit_code == 1
    assert result.stderr.count("error[") == 3


def test_a_torn_file_of_a_tape_is_named(cli: Cli, place: Path) -> None:
    (file,) = (place / "tape").glob("*.parquet")
    file.write_bytes(file.read_bytes()[:-100])

    result = cli("run", "buy.yaml", "--tape", "tape")

    assert result.exit_code == 2
    assert f"{file.name}: " in result.stderr
    assert "torn or changed" in result.stderr


def test_a_broken_desk_is_told_with_its_line(cli: Cli, place: Path) -> None:
    (place / "desk.yaml").write_text("limits:\n  positions_mx: 3\n")

    result = cli("run", "buy.yaml", "--tape", "tape")

    assert result.exit_code == 2
    assert "desk.yaml:2:" in result.stderr
    assert "positions_max" in result.stderr


def test_the_desk_of_the_directory_holds_and_names_the_strategies(
    cli: Cli, place: Path
) -> None:
    (place / "desk.yaml").write_text(
        "limits: {total_usd_max: 5}\n"
        "strategies: [{file: buy.yaml, params: {widest: 0.03}}]\n"
    )

    result = cli("run", "--tape", "tape", "--json")

    summary = json.loads(result.stdout)
    assert summary["strategies"][0]["params"] == {"widest": 0.03}
    assert summary["refusals"]["total_stake"] > 0
