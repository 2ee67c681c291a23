"""`polyrules sim`: what it prints, writes and refuses."""

import socket
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from polyrules.cli import polyrules
from polyrules.config import load_desk
from polyrules.venues.simulated.world.people import people


def sim(*arguments: str) -> Result:
    """Run the command for a moment of its time, on a free port."""
    said = ["sim", "--port", "0", "--markets", "20", "--speed", "100", *arguments]
    return CliRunner().invoke(polyrules, said)


def test_it_says_where_it_listens_and_what_a_desk_needs() -> None:
    result = sim("--for", "5s")

    assert result.exit_code == 0, result.output
    assert "simulated venue at http://127.0.0.1:" in result.stderr
    assert "clock: {from: venue, speed: 100}" in result.stderr
    assert f"whale {people(7).whales[0].address} harbourmaster" in result.stderr
    assert "changes of books" in result.stdout


def test_the_desk_it_writes_is_one_and_follows_the_whales(tmp_path: Path) -> None:
    path = tmp_path / "desk.yaml"

    result = sim("--for", "2s", "--write-desk", str(path), "--seed", "9")

    assert result.exit_code == 0, result.output
    desk = load_desk(str(path))
    whales = tuple(whale.address for whale in people(9).whales)
    assert desk.inputs["watchlist"] == whales
    assert (desk.clock.source, desk.clock.speed) == ("venue", 100.0)
    assert desk.sources["gamma"].startswith("http://127.0.0.1:")
    assert len(desk.strategies) == 11
    assert f"polyrules run --paper --desk {path}" in result.stderr
    assert CliRunner().invoke(polyrules, ["desk", "check", str(path)]).exit_code == 0


def test_the_summary_can_be_json() -> None:
    result = sim("--for", "3s", "--json")

    told = msgspec.json.decode(result.stdout)
    assert result.stderr == ""
    # twenty, and the rounds of two coins an hour ahead
    assert told["markets"] >= 52
    assert told["at"] > 1_772_452_800_000_000


def test_it_can_begin_at_any_moment() -> None:
    result = sim("--for", "2s", "--begin", "2026-07-01T06:30Z", "--quiet")

    assert result.stdout.startswith("2026-07-01 06:30:")
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--begin", "noon"), '--begin "noon" is no moment'),
        (("--for", "soon"), '--for "soon" is no duration'),
        (("--for", "0s"), '--for "0s" is no duration'),
        (("--host", "0.0.0.0"), "0.0.0.0: others could reach a simulated venue there"),  # noqa: S104 - refused
        (("--faults", "nowhere.yaml"), "nowhere.yaml: cannot be read"),
        (("--tape", "nowhere"), "nowhere"),
    ],
)
def test_what_it_cannot_use_is_named(arguments: tuple[str, ...], words: str) -> None:
    result = sim(*arguments)

    assert result.exit_code == 2
    assert words in result.stderr


def test_a_taken_port_is_named_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(
            polyrules, ["sim", "--markets", "5", "--port", str(port), "--for", "1s"]
        )

    assert result.exit_code == 2
    assert f"cannot listen at http://127.0.0.1:{port}" in result.stderr
    assert "--port 0 takes a port that is free" in result.stderr


def test_faults_of_a_file_strike(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("polyrules_faults: 1\nfaults:\n- {fault: no_such_thing}\n")

    result = sim("--faults", str(path))

    assert result.exit_code == 2
    assert f"{path}:3" in result.stderr


def test_a_desk_that_it_did_not_write_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "desk.yaml"
    path.write_text("bankroll_usd: 250\n")

    result = sim("--for", "2s", "--write-desk", str(path))

    assert result.exit_code == 2
    assert f"{path} exists already, and sim did not write it" in result.stderr
    assert path.read_text() == "bankroll_usd: 250\n"


def test_a_desk_that_it_wrote_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "desk.yaml"
    first = sim("--for", "2s", "--write-desk", str(path), "--seed", "1")
    before = path.read_text()

    second = sim("--for", "2s", "--write-desk", str(path), "--seed", "2")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert path.read_text() != before
