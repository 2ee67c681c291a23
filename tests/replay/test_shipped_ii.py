"""Shipped strategies that wait for a feed, each over the invented tape that has it.

The tapes are stories: two wallets agree, a goal is disallowed, bookmakers are wrong
once. What each strategy makes of its story is written out here, line by line.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from examples.make_feeds import KINDS, write
from polyrules.venues.tape.reader import Tape

Cli = Callable[..., Result]
Ask = Callable[..., tuple[dict[str, object], list[str]]]
BYTES_MAX = 200_000  # of a tape: it is part of the checkout


@pytest.fixture
def tapes(root: Path) -> Path:
    return root / "examples" / "tapes"


@pytest.fixture
def ask(cli: Cli, root: Path, tapes: Path, tmp_path: Path) -> Ask:
    """Run a strategy over a tape; return the summary, and what it decided, in words."""
    journal = f"sqlite:///{tmp_path / 'journal.db'}"

    def run(strategy: str, tape: str, *more: str) -> tuple[dict[str, object], list[str]]:
        file, place = root / "strategies" / f"{strategy}.yaml", tapes / tape
        options = ("--tape", str(place), "--journal", journal, "--json", *more)
        ran = cli("run", "--paper", str(file), *options)
        assert ran.exit_code == 0, ran.output
        again = cli("replay", "--journal", journal, "--json")
        assert again.exit_code == 0, again.output
        told = cli("decisions", "--journal", journal, "--json", "--limit", "999")
        summary = json.loads(ran.stdout)
        assert json.loads(again.stdout)["digest"] == summary["digest"]
        return summary, [_line(each) for each in json.loads(told.stdout)]

    return run


def _line(told: dict[str, str]) -> str:
    words = ("rule", "side", "token", "price", "market")
    return " ".join(f"{told[word]}" for word in words)


@pytest.mark.parametrize("name", KINDS)
def test_a_tape_of_feeds_is_made_again_by_its_script(
    name: str, tapes: Path, tmp_path: Path
) -> None:
    write(tmp_path / name, name)

    kept, made = Tape.open(tapes / name), Tape.open(tmp_path / name)
    assert list(made.events()) == list(kept.events())
    assert sum(file.bytes for file in kept.manifest.files) < BYTES_MAX


def test_x(ask: Ask, root: Path) -> None:
    for s, t in (("mirror_whale","wallets"),("btc_15m_momentum","rounds"),("statistical_edge","odds"),("live_arbitrage","games")):
        more = ("--desk", str(root / "examples" / "desk.watchlist.yaml")) if s == "mirror_whale" else ()
        summary, lines = ask(s, t, *more)
        print(s, json.dumps(summary["strategies"]), {k: summary[k] for k in ("decisions","fills","refusals")})
        for l in lines: print("   ", l)
    assert 0
