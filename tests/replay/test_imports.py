"""Real recordings, imported whole: the counts that their makers or we know of them.

The data lies beside the checkout and is no part of it; without it these tests skip.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from polyrules.domain.events import (
    BookChanged,
    LevelsChanged,
    MarketListed,
    MarketResolved,
    TickChanged,
)
from polyrules.errors import InputError
from polyrules.venues.tape.calibration import calibrate
from polyrules.venues.tape.inspection import Answers, inspect
from polyrules.venues.tape.payloads import import_payloads
from polyrules.venues.tape.reader import Tape
from polyrules.venues.tape.writer import TapeWriter

Cli = Callable[..., Result]
FED = "polymarket-cli-go-fed-event/fed-decision-in-june-825"
MINUTE = 60_000_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tapes")


@pytest.fixture
def mapped(
    cli: Cli, root: Path, shared_data: Path, tmp_path: Path
) -> Callable[..., Tape]:
    def make(mapping: str, *sources: str) -> Tape:
        result = cli(
            "tape",
            "import",
            *(str(shared_data / source) for source in sources),
            "--mapping",
            str(root / "examples" / "mappings" / f"{mapping}.yaml"),
            "--out",
            str(tmp_path / "tape"),
        )
        assert result.exit_code == 0, result.output
        return Tape.open(tmp_path / "tape")

    return make


@pytest.fixture
def raw(cli: Cli, shared_data: Path, tmp_path: Path) -> Callable[..., Tape]:
    def make(*sources: str) -> Tape:
        paths = (str(shared_data / source) for source in sources)
        result = cli("tape", "import", *paths, "--out", str(tmp_path / "tape"))
        assert result.exit_code == 0, result.output
        return Tape.open(tmp_path / "tape")

    return make


def test_resolvedkit_is_38333_books_of_18_rounds(mapped: Callable[..., Tape]) -> None:
    tape = mapped("resolvedkit", "resolvedkit")

    seen = inspect(tape)
    assert tape.manifest.counts["BookChanged"] == 38_333
    assert tape.manifest.left_out == {}
    assert seen.answers == Answers(yes=13, no=5, half=0, open=0)
    assert (seen.books.crossed, seen.books.locked) == (12, 10)
    assert seen.books.one_sided == 3_246
    assert seen.books.disagreeing == 0
    assert tape.verify() == ()


def test_resolvedkit_rounds_are_answered_54_seconds_after_their_end(
    mapped: Callable[..., Tape],
) -> None:
    tape = mapped("resolvedkit", "resolvedkit")

    events = list(tape.events())
    ends = {e.market.id: e.market.end for e in events if isinstance(e, MarketListed)}
    delays = {
        e.at - (ends[e.market] or 0) for e in events if isinstance(e, MarketResolved)
    }
    assert delays == {54_000_000}
    ticks = {str(e.tick) for e in events if isinstance(e, TickChanged)}
    assert ticks == {"0.001"}


def test_polymarket_backtest_is_13749_best_prices_without_answers(
    mapped: Callable[..., Tape],
) -> None:
    tape = mapped("polymarket_backtest", "polymarket-backtest-pypi")

    seen = inspect(tape)
    assert tape.manifest.counts["BookChanged"] == 13_749
    assert seen.answers == Answers(yes=0, no=0, half=0, open=5)
    assert not tape.manifest.assumed_books


def test_neville_is_192_resolved_price_series_and_848_rows_twice(
    mapped: Callable[..., Tape],
) -> None:
    tape = mapped("neville_prices", "EduardoNeville-polymarket-trader")

    seen = inspect(tape)
    assert seen.answers == Answers(yes=51, no=141, half=0, open=0)
    assert tape.manifest.notes["equal rows, kept once"] == 848
    assert tape.manifest.counts["BookChanged"] == 379_634 - 848
    assert tape.manifest.left_out == {}
    assert "end" not in tape.manifest.stated
    listed = [e for e in tape.events() if isinstance(e, MarketListed)]
    assert {event.market.end for event in listed} == {None}


def test_sports_are_4887_markets_of_4935_rows(mapped: Callable[..., Tape]) -> None:
    tape = mapped("sports_closing", "sports-predictability/fetch_events.csv")

    seen = inspect(tape)
    # 48 rows stand twice, as cbb and as ncaab; 19 markets have no price.
    assert seen.markets == 4_887 == 4_935 - 48
    assert seen.answers.half == 5
    assert seen.answers.open == 0
    assert tape.manifest.left_out == {"no price": 19}
    assert tape.manifest.counts["BookChanged"] == 4_887 - 19
    assert tape.manifest.notes["prices possibly after the answer"] == 28


def test_sports_prices_are_fair_in_the_middle_and_too_high_for_longshots(
    mapped: Callable[..., Tape],
) -> None:
    tape = mapped("sports_closing", "sports-predictability/fetch_events.csv")

    table = calibrate(tape, 60 * MINUTE)

    assert table.lead is None
    assert (table.flagged, table.unpriced) == (28, 19)
    assert table.markets == 4_887 - 28 - 19
    assert sum(bucket.markets for bucket in table.buckets) == table.markets
    middle = [bucket for bucket in table.buckets if 0.35 <= bucket.low < 0.65]
    assert all(abs(bucket.won - bucket.price) < 0.08 for bucket in middle)
    assert table.buckets[0].won < table.buckets[0].price


def test_predxt_is_37_seconds_of_one_market(raw: Callable[..., Tape]) -> None:
    tape = raw("predxt")

    counts = tape.manifest.counts
    changed = [e for e in tape.events() if isinstance(e, LevelsChanged)]
    assert (counts["BookChanged"], counts["LevelsChanged"]) == (16, 97)
    assert counts["TradePrinted"] == 7
    assert sum(len(event.changes) for event in changed) == 194
    assert tape.span is not None
    assert (tape.span[1] - tape.span[0]) // 1_000_000 == 37
    assert tape.manifest.left_out == {}


def test_the_fed_event_is_5_markets_and_10_books(raw: Callable[..., Tape]) -> None:
    files = ("gamma-event.json", "clob-markets.json", "clob-books.json")

    tape = raw(*(f"{FED}/{name}" for name in files))

    events = list(tape.events())
    listed = [event.market for event in events if isinstance(event, MarketListed)]
    assert len(listed) == 5
    assert sum(isinstance(event, BookChanged) for event in events) == 10
    assert {market.neg_risk for market in listed} == {True}
    assert {market.group for market in listed} == {"fed-decision-in-june-825"}
    assert {market.category for market in listed} == {"economics"}
    assert {str(market.fee_rate) for market in listed} == {"0.05"}
    assert {str(market.tick) for market in listed} == {"0.001"}
    assert inspect(tape).answers.open == 5


def test_the_closed_event_of_the_search_is_answered(raw: Callable[..., Tape]) -> None:
    tape = raw(f"{FED}/gamma-search.json", f"{FED}/clob-books.json")

    seen = inspect(tape)
    assert (seen.markets, seen.answers.yes, seen.answers.no) == (9, 1, 3)


def test_every_json_of_the_shared_data_is_imported_or_refused_with_a_reason(
    shared_data: Path, place: Path
) -> None:
    ends: Counter[str] = Counter()
    for number, file in enumerate(sorted(shared_data.rglob("*.json"))):
        with TapeWriter(place / str(number), ranked=True) as writer:
            try:
                manifest = import_payloads([file], writer, lambda *_: None)
            except InputError as refused:
                reason = refused.message.partition(":")[0]
                ends[reason] += 1
            else:
                assert sum(manifest.counts.values()) == manifest.rows > 0
                ends["imported"] += 1

    assert ends == {"imported": 46, "nothing that can stand on a tape": 190}
