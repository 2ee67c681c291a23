"""The proof by trying: a tape is cut, and who looked past the cut is found."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import Result

from polyrules import app, lookahead
from polyrules.config import default_desk
from polyrules.domain.events import BookChanged, Event, MarketListed
from polyrules.venues.tape.manifest import FORMAT, Manifest
from polyrules.venues.tape.writer import TapeWriter
from tests.builders import SECOND, book, listed
from tests.small_tape import write_tape
from tests.strategies import BUY_TIGHT

Cli = Callable[..., Result]

OFTEN = BUY_TIGHT.replace("position_shares == 0", "position_shares < 10000")
VOLUME = BUY_TIGHT.replace(
    "spread <= widest and", "spread <= widest and volume_24h > 100 and"
)


def job(place: Path, text: str = BUY_TIGHT, seconds: int = 60) -> app.Job:
    """Return a run over the small tape, as if it had the gamma feed."""
    tape = write_tape(place / "tape", seconds)
    source = app.Source(path="buy.yaml", text=text)
    return app.paper_job([source], default_desk(), tape=tape)


def knowing_the_end(events: Iterable[Event]) -> Iterator[Event]:
    """Stamp each listing with the last price of all: what only the future knows."""
    known = list(events)
    books = [event for event in known if isinstance(event, BookChanged)]
    last = float(books[-1].asks[0][0]) if books else 0.0
    for event in known:
        if isinstance(event, MarketListed):
            listing = msgspec.structs.replace(event.listing, volume_24h=last)
            yield msgspec.structs.replace(event, listing=listing)
        else:
            yield event


def seeing_the_next(events: Iterable[Event]) -> Iterator[Event]:
    """Show each book as the market's next will be: a peek of one event."""
    known = list(events)
    for number, event in enumerate(known):
        if isinstance(event, BookChanged):
            later = (
                each
                for each in known[number + 1 :]
                if isinstance(each, BookChanged) and each.market == event.market
            )
            found = next(later, event)
            yield msgspec.structs.replace(event, bids=found.bids, asks=found.asks)
        else:
            yield event


def test_an_honest_run_comes_out_the_same_wherever_its_tape_ends(
    tmp_path: Path,
) -> None:
    proof = lookahead.prove(job(tmp_path, OFTEN), moments=20)

    assert proof.differences == ()
    assert 15 < proof.moments <= 20  # one may be chosen for two reasons
    assert proof.decisions > 10
    assert proof.events == proof.recorded


def test_a_feed_that_knows_the_last_price_is_found(tmp_path: Path) -> None:
    reads = VOLUME.replace('reason: "spread', 'reason: "{volume_24h} spread')

    proof = lookahead.prove(job(tmp_path, reads), moments=5, adapt=knowing_the_end)

    assert proof.moments == 5
    assert len(proof.differences) >= 4  # the last cut leaves most of the tape
    first = proof.differences[0]
    assert first.rule == "enter"
    assert first.at <= first.cut
    assert "volume_24h" in first.what


def test_a_feed_that_peeks_at_the_next_event_is_found(tmp_path: Path) -> None:
    proof = lookahead.prove(job(tmp_path), moments=10, adapt=seeing_the_next)

    assert proof.differences


def test_a_decision_that_only_the_future_allows_is_a_difference(
    tmp_path: Path,
) -> None:
    def allowing(events: Iterable[Event]) -> Iterator[Event]:
        known = list(events)
        for event in known:
            if isinstance(event, MarketListed):
                volume = 1000.0 if len(known) > 150 else 0.0
                listing = msgspec.structs.replace(event.listing, volume_24h=volume)
                yield msgspec.structs.replace(event, listing=listing)
            else:
                yield event

    proof = lookahead.prove(job(tmp_path, VOLUME), moments=4, adapt=allowing)

    assert proof.decisions > 0
    assert proof.differences[0].what.startswith("a decision, then none at 2026-01-01")


def test_the_tape_is_cut_before_anything_can_look_at_it(tmp_path: Path) -> None:
    ends: list[int] = []

    def watching(events: Iterable[Event]) -> Iterator[Event]:
        known = list(events)
        ends.append(known[-1].at)
        return iter(known)

    wanted = job(tmp_path)
    lookahead.prove(wanted, moments=3, adapt=watching)

    whole, *cut = ends
    assert cut == sorted(cut)
    assert min(cut) < max(cut) <= whole
    assert len(cut) == 3


def test_a_decision_in_the_silence_before_a_cut_comes_out_the_same(
    tmp_path: Path,
) -> None:
    deep = (("0.48", "100000"),), (("0.49", "100000"),)
    with TapeWriter(tmp_path / "quiet") as writer:
        for event in (listed("a"), book(1, *deep, name="a"), book(40, *deep, name="a")):
            writer.append(event)
        writer.close(
            Manifest(
                format=FORMAT,
                made_by="test",
                stated={"accepting_orders": 1, "end": 1, "fee_rate": 1},
                tick=SECOND,
            )
        )
    source = app.Source(path="buy.yaml", text=OFTEN)
    quiet = app.paper_job([source], default_desk(), tape=tmp_path / "quiet")

    proof = lookahead.prove(quiet, moments=12)

    assert proof.decisions == 41
    assert proof.differences == ()


def test_the_work_is_bounded_and_what_was_left_out_is_told(tmp_path: Path) -> None:
    wanted = job(tmp_path, seconds=120)

    proof = lookahead.prove(wanted, moments=40, work=600)

    assert proof.recorded == 361
    assert proof.events == 150
    assert proof.moments < proof.wanted <= 40
    assert proof.moments >= 1


def test_who_waits_is_told_how_far_it_is(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    lookahead.prove(
        job(tmp_path), moments=3, told=lambda done, of: told.append((done, of))
    )

    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("name", ["longshot_yes", "mean_reversion"])
def test_the_shipped_strategies_do_not_look_ahead_on_the_example_tape(
    root: Path, name: str
) -> None:
    file = root / "strategies" / f"{name}.yaml"
    source = app.Source(path=file.name, text=file.read_text("utf-8"))
    tape = root / "examples" / "tape"

    proof = lookahead.prove(
        app.paper_job([source], default_desk(), tape=tape), moments=2
    )

    assert proof.moments == 2
    assert proof.differences == ()


def test_lint_says_that_nothing_looks_ahead(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tape(tmp_path / "tape", 30)
    (tmp_path / "buy.yaml").write_text(BUY_TIGHT, "utf-8")

    result = cli("lint", "buy.yaml", "--tape", "tape", "--moments", "5")

    assert result.exit_code == 0, result.output
    assert result.stderr.startswith(
        "buy.yaml on tape: no look-ahead: 5 moments recomputed, 0 differ; "
    )


def test_lint_tells_a_look_ahead_at_the_rule(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tape(tmp_path / "tape", 30)
    (tmp_path / "buy.yaml").write_text(BUY_TIGHT, "utf-8")
    proof = lookahead.prove
    monkeypatch.setattr(
        lookahead,
        "prove",
        lambda *args, **more: proof(*args, **more, adapt=seeing_the_next),
    )

    result = cli("lint", "buy.yaml", "--tape", "tape", "--moments", "5")

    assert result.exit_code == 1
    assert "buy.yaml:7:9: error[PL012]: looks ahead: with the tape cut at" in (
        result.stdout
    )
    assert "looks ahead: 5 moments recomputed" in result.stderr


def test_lint_refuses_a_tape_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "buy.yaml"
    file.write_text(BUY_TIGHT, "utf-8")

    result = cli("lint", str(file), "--tape", str(tmp_path / "none"))

    assert result.exit_code == 2
    assert "error: " in result.stderr
