"""Shipped strategies that wait for a feed, each over the invented tape that has it.

The tapes are stories: two wallets agree, a goal is disallowed, bookmakers are wrong
once. What each strategy makes of its story is written out here, order by order.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result

from examples.make_feeds import KINDS, write
from polyrules.cli import polyrules
from polyrules.venues.tape.reader import Tape

Cli = Callable[..., Result]
BYTES_MAX = 200_000  # of a tape: it is part of the checkout


class Ran(NamedTuple):
    """A run, its replay, and its decisions: as told, and in words."""

    summary: dict[str, Any]
    replayed: dict[str, Any]
    told: list[dict[str, Any]]
    decisions: list[str]


def _ran(root: Path, place: Path, strategy: str, tape: str) -> Ran:
    """Run a strategy over a tape, with the desk that has the watchlist."""

    def call(*arguments: str) -> Any:  # noqa: ANN401 - JSON
        journal = f"sqlite:///{place / strategy}.db"
        result = CliRunner().invoke(polyrules, [*arguments, "--journal", journal])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    file = str(root / "strategies" / f"{strategy}.yaml")
    where = str(root / "examples" / "tapes" / tape)
    desk = str(root / "examples" / "desk.watchlist.yaml")
    summary = call("run", "--paper", file, "--tape", where, "--desk", desk, "--json")
    replayed = call("replay", "--json")
    told = call("decisions", "--json", "--limit", "999")
    return Ran(summary, replayed, told, [_line(each) for each in told])


@pytest.fixture(scope="module")
def whale(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return _ran(root, tmp_path_factory.mktemp("j"), "mirror_whale", "wallets")


@pytest.fixture(scope="module")
def rounds(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return _ran(root, tmp_path_factory.mktemp("j"), "btc_15m_momentum", "rounds")


@pytest.fixture(scope="module")
def odds(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return _ran(root, tmp_path_factory.mktemp("j"), "statistical_edge", "odds")


@pytest.fixture(scope="module")
def games(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return _ran(root, tmp_path_factory.mktemp("j"), "live_arbitrage", "games")


def _line(told: dict[str, Any]) -> str:
    wish = told["decision"]
    at = datetime.fromtimestamp(told["at"] / 1e6, UTC)
    words = (wish["rule"], wish["side"], wish["size"], told["outcome"], wish["price"])
    return " ".join((f"{at:%H:%M:%S}", *words, told["slug"]))


@pytest.mark.parametrize("name", KINDS)
def test_a_tape_of_feeds_is_what_its_script_makes(
    name: str, root: Path, tmp_path: Path
) -> None:
    write(tmp_path / name, name)

    kept = Tape.open(root / "examples" / "tapes" / name)
    assert list(Tape.open(tmp_path / name).events()) == list(kept.events())
    assert kept.verify() == ()
    assert sum(file.bytes for file in kept.manifest.files) < BYTES_MAX


@pytest.mark.parametrize("name", ["whale", "rounds", "odds", "games"])
def test_a_run_over_a_tape_of_feeds_replays_to_itself(
    request: pytest.FixtureRequest, name: str
) -> None:
    ran: Ran = request.getfixturevalue(name)

    assert ran.replayed["mismatch"] == ""
    assert ran.replayed["digest"] == ran.summary["digest"]
    assert ran.replayed["decisions"] == len(ran.decisions)


def test_a_whale_is_followed_in_and_out_and_two_that_agree_are_one_order(
    whale: Ran,
) -> None:
    assert whale.decisions == [
        "00:12:10 follow BUY 93.02 YES 0.43 harbour-strike-ends",
        "00:26:10 follow BUY 95.23 NO 0.42 mayor-wins-recount",
        "00:47:10 wallet_left SELL 93.02 YES 0.43 harbour-strike-ends",
        "01:31:05 follow BUY 148.14 YES 0.27 tunnel-opens-in-autumn",
    ]
    assert (whale.summary["orders"], whale.summary["fills"]) == (4, 4)


def test_two_wallets_that_agree_are_both_named(whale: Ran) -> None:
    last = whale.told[-1]["decision"]

    assert last["reason"] == (
        "wallet paid 0.260 for 50000 57 s ago, ask 0.270; "
        "wallet paid 0.280 for 60000 57 s ago, ask 0.270"
    )
    # 1 - (1 - 0.48) * (1 - 0.48): each wins 66 of 100
    assert last["confidence"] == pytest.approx(0.7296)


def test_rounds_are_bought_once_each_and_left_only_where_they_turn(rounds: Ran) -> None:
    assert rounds.decisions == [
        "00:12:19 down BUY 24.39 NO 0.82 btc-updown-15m-1788220800",
        "00:13:36 hard_stop SELL 24.39 NO 0.50 btc-updown-15m-1788220800",
        "00:27:00 down BUY 25.97 NO 0.77 btc-updown-15m-1788221700",
        "00:42:34 up BUY 27.02 YES 0.74 btc-updown-15m-1788222600",
        "00:57:09 down BUY 21.05 NO 0.95 btc-updown-15m-1788223500",
        "01:12:05 down BUY 19.35 NO 0.73 btc-updown-15m-1788224400",
        "01:27:08 up BUY 22.22 YES 0.90 btc-updown-15m-1788225300",
    ]
    assert (rounds.summary["orders"], rounds.summary["fills"]) == (7, 7)


def test_odds_lead_to_both_sides_and_are_wrong_once(odds: Ran) -> None:
    assert odds.decisions == [
        "00:00:10 value_yes BUY 58.72 YES 0.50 reds-beat-blues",
        "00:00:10 value_no BUY 67.53 NO 0.47 greens-beat-greys",
        "00:00:10 value_yes BUY 59.86 YES 0.54 whites-win-away",
        "02:41:25 came_together SELL 58.72 YES 0.57 reds-beat-blues",
        "02:48:10 came_together SELL 67.53 NO 0.54 greens-beat-greys",
        "03:54:01 start SELL 59.86 YES 0.45 whites-win-away",
    ]
    assert (odds.summary["orders"], odds.summary["fills"]) == (6, 6)


def test_a_goal_is_bought_at_once_and_sold_at_a_loss_when_it_is_disallowed(
    games: Ran,
) -> None:
    assert games.decisions == [
        "00:11:41 good_news BUY 52.08 YES 0.48 lions-win-the-cup",
        "00:11:52 caught_up SELL 52.08 YES 0.70 lions-win-the-cup",
        "00:15:01 good_news BUY 62.50 YES 0.40 hawks-win-at-home",
        "00:15:05 caught_up SELL 62.5 YES 0.39 hawks-win-at-home",
        "00:20:01 bad_news BUY 55.55 NO 0.45 bears-win-the-derby",
        "00:20:12 caught_up SELL 55.55 NO 0.61 bears-win-the-derby",
        "00:31:41 bad_news BUY 83.33 NO 0.30 lions-win-the-cup",
        "00:31:52 caught_up SELL 83.33 NO 0.46 lions-win-the-cup",
    ]
    assert (games.summary["orders"], games.summary["fills"]) == (8, 8)


def test_without_a_watchlist_nobody_is_followed_and_the_hint_says_how(
    cli: Cli, root: Path, tmp_path: Path
) -> None:
    journal = f"sqlite:///{tmp_path / 'journal.db'}"
    file = root / "strategies" / "mirror_whale.yaml"
    place = root / "examples" / "tapes" / "wallets"

    result = cli(
        *("run", "--paper", str(file), "--tape", str(place), "--journal", journal)
    )

    assert result.exit_code == 2
    assert "mirror_whale asks for the list watchlist (wallet_set)" in result.stderr
    assert 'write inputs: {watchlist: ["0x..."]} in the desk' in result.stderr
