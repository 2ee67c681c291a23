"""What the journal's commands show of a run: words and money, no bare ids."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.small_tape import Cli, furnish, run
from tests.strategies import BUY_TIGHT

pytestmark = pytest.mark.usefixtures("place")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to work in, with a tape and two strategies."""
    monkeypatch.chdir(tmp_path)
    return furnish(tmp_path)


def test_the_lines_of_a_run_name_outcome_and_market(cli: Cli) -> None:
    lines = cli("run", "buy.yaml", "--tape", "tape").stdout.splitlines()

    assert lines[0] == (
        "2026-01-01 12:00:01 filled BUY 20.4 YES @ 0.49 will-a-win (taker, fee 0 usd)"
    )
    assert lines[-1].startswith("run ")
    assert any(" settled " in line and " YES at 1 will-a-win" in line for line in lines)


def test_decisions_name_outcome_and_market(cli: Cli) -> None:
    run(cli)

    lines = cli("decisions").stdout.splitlines()
    (row,) = json.loads(cli("decisions", "--limit", "1", "--json").stdout)

    assert all(" YES @ 0." in line for line in lines)
    assert all("-win  " in line for line in lines)
    assert row["outcome"] == "YES"
    assert row["slug"].startswith("will-")
    assert row["question"] == ""
    assert row["strategy"] in {"buy_tight", "sell_high"}


@pytest.mark.parametrize("asked", ["a", "will-a", "will-a-win", "a:yes", "a:no"])
def test_a_market_is_found_by_the_start_of_id_or_slug_or_by_a_token(
    cli: Cli, asked: str
) -> None:
    run(cli)

    rows = json.loads(cli("decisions", "--market", asked, "--json").stdout)

    assert {row["slug"] for row in rows} == {"will-a-win"}


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (
            ("--strategy", "buy_tihgt"),
            "has no strategy buy_tihgt",
            'did you mean "buy_tight"? it has: buy_tight, sell_high',
        ),
        (
            ("--rule", "entr"),
            "has no rule entr",
            'did you mean "enter"? it has: enter, stop, leave, aged, hard_stop',
        ),
        (
            ("--strategy", "sell_high", "--rule", "stop"),
            "has no rule stop",
            'did you mean "hard_stop"? it has: leave, enter, aged, hard_stop',
        ),
        (
            ("--market", "wil-a-win"),
            "has no market whose id or slug begins with wil-a-win, and no such token",
            ('did you mean "will-a-win"? it has: will-a-win, will-b-win, will-c-win'),
        ),
    ],
)
def test_a_name_the_run_does_not_have_is_told_with_those_it_has(
    cli: Cli, arguments: tuple[str, ...], error: str, hint: str
) -> None:
    summary = run(cli)

    result = cli("decisions", *arguments)

    assert result.exit_code == 2
    assert result.stderr == f"error: run {summary['run']} {error}\nhint: {hint}\n"


@pytest.mark.parametrize("command", ["decisions", "status"])
def test_nobody_can_ask_for_less_than_one_line(cli: Cli, command: str) -> None:
    result = cli(command, "--limit", "0")

    assert result.exit_code == 2
    assert "0 is not in the range x>=1" in result.stderr


def test_positions_tell_who_holds_what_and_its_worth(cli: Cli) -> None:
    summary = run(cli)

    held = summary["held"]
    rows = json.loads(cli("positions", "--json").stdout)
    lines = cli("positions").stdout.splitlines()

    assert isinstance(held, list)
    assert held
    assert [(r["strategy"], r["slug"], r["outcome"]) for r in rows] == [
        (h["strategy"], h["slug"], h["outcome"]) for h in held
    ]
    assert [(r["value_usd"], r["open_usd"], r["mark"]) for r in rows] == [
        (h["value_usd"], h["open_usd"], h["mark"]) for h in held
    ]
    assert all(", worth " in line and ", open " in line for line in lines[: len(rows)])
    assert ", worth " in lines[len(rows)]


def test_a_summary_shows_what_is_held(cli: Cli) -> None:
    result = cli("run", "buy.yaml", "--tape", "tape", "--quiet")

    held = next(line for line in result.stdout.splitlines() if line.startswith("held"))
    assert held.startswith("held       buy_tight  ")
    assert " YES will-" in held
    assert ", worth " in held


def test_status_tells_tape_and_profit(cli: Cli) -> None:
    summary = run(cli)

    line = cli("status").stdout

    assert "  paper  tape  buy_tight, sell_high  " in line
    assert f"realised {float(str(summary['realised_usd'])):+,.2f} usd  finished" in line


def test_another_journal_is_named_and_stands_in_the_command_to_replay(
    cli: Cli,
) -> None:
    url = "sqlite:///an other.db"
    said = cli("run", "buy.yaml", "--tape", "tape", "--quiet", "--journal", url).stdout
    *_, journal, ended = said.splitlines()

    assert journal == f"journal    {url}"
    assert ended.endswith(f" --journal '{url}'")
    assert cli("replay", "--journal", url).exit_code == 0


@pytest.mark.parametrize("command", ["status", "positions", "decisions", "replay"])
def test_a_desk_says_where_the_journal_is(cli: Cli, place: Path, command: str) -> None:
    (place / "mine.yaml").write_text("journal: sqlite:///mine.db\n")
    run(cli, "--desk", "mine.yaml")

    assert not (place / "polyrules.db").exists()
    assert cli(command).exit_code == 2
    assert cli(command, "--desk", "mine.yaml").exit_code == 0


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("x.db", 'journal "x.db": that is not the URL of a database'),
        ("sqlite:///${NOPE}.db", "only the journal's password is taken from the"),
        ("postgresql://u:${NOPE}@host/db", "the environment has no NOPE"),
    ],
)
def test_a_wrong_url_is_repeated_with_what_is_wrong(
    cli: Cli, url: str, message: str
) -> None:
    for command in (("run", "buy.yaml", "--tape", "tape"), ("status",)):
        result = cli(*command, "--journal", url)

        assert result.exit_code == 2
        assert message in result.stderr


def test_a_run_without_orders_says_what_refused_them(cli: Cli, place: Path) -> None:
    tiny = BUY_TIGHT.replace("amount: 10 USD", "amount: 0.49 USD")
    (place / "tiny.yaml").write_text(tiny)

    lines = cli("run", "tiny.yaml", "--tape", "tape", "--quiet").stdout.splitlines()

    assert lines[1].startswith("  no orders, mostly minimum_size ")
    assert "x: " in lines[1]


def test_a_run_of_before_listings_were_kept_shows_short_ids(
    cli: Cli, place: Path
) -> None:
    run(cli)
    with sqlite3.connect(place / "polyrules.db") as database:
        database.execute("delete from steps where kind = 'MarketListed'")
    database.close()

    decisions, positions = cli("decisions").stdout, cli("positions").stdout
    rows = json.loads(cli("decisions", "--market", "a", "--json").stdout)

    assert " token a:yes @ 0." in decisions
    assert "token " in positions
    assert {row["outcome"] for row in rows} == {None}


def test_what_a_market_is_called_cannot_steer_the_terminal(
    cli: Cli, place: Path
) -> None:
    text = BUY_TIGHT.replace("spread {spread:.3f}", "spread \\x1b[2J {spread:.3f}")
    (place / "loud.yaml").write_text(text)
    cli("run", "loud.yaml", "--tape", "tape", "--quiet")

    said = cli("decisions").stdout

    assert "  spread \ufffd[2J 0.0" in said
    assert "\x1b" not in said


def test_a_replay_names_first_what_loads_differently(cli: Cli, place: Path) -> None:
    run(cli)
    with sqlite3.connect(place / "polyrules.db") as database:
        database.execute(
            "update runs set spec = cast(replace(replace(cast(spec as text), "
            '\'"widest":0.02\', \'"widest":0.03\'), \'"version":"\', '
            '\'"version":"0.0.0+\') as blob)'
        )
    database.close()

    result = cli("replay")

    assert result.exit_code == 1
    assert "differs: polyrules 0.0.0+" in result.stdout
    assert "; strategy buy_tight: widest is 0.02, it ran with 0.03" in result.stdout


def test_a_strategy_s_misspelled_name_in_a_setting_is_told(cli: Cli) -> None:
    call = ("run", "buy.yaml", "sell.yaml", "--tape", "tape", "--set")

    owner = cli(*call, "buy_tihgt.widest=0.03").stderr
    param = cli(*call, "buy_tight.widst=0.03").stderr

    assert "no strategy of this run is called buy_tihgt" in owner
    assert 'did you mean "buy_tight"? strategies: buy_tight, sell_high' in owner
    assert "buy_tight has no parameter widst" in param
    assert 'did you mean "widest"? parameters: widest' in param
