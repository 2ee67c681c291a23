"""What `tape check` counts, and how prices are compared with answers."""

from pathlib import Path

import pytest

from polyrules.domain.events import Event
from polyrules.domain.money import Side
from polyrules.venues.tape.calibration import _watch, calibrate, wilson
from polyrules.venues.tape.inspection import Inspection, findings, inspect
from polyrules.venues.tape.manifest import FORMAT, FlaggedPrices, Manifest
from polyrules.venues.tape.reader import Tape
from polyrules.venues.tape.writer import TapeWriter
from tests.builders import HOUR, SECOND, book, level, listed, market, resolved, trade

MINUTE = 60


def write(
    path: Path,
    *events: Event,
    flagged: FlaggedPrices | None = None,
    stands: int | None = None,
) -> Tape:
    ages = {"book": stands * SECOND} if stands else {}
    about = Manifest(format=FORMAT, made_by="", flagged=flagged, max_age=ages)
    with TapeWriter(path) as writer:
        for event in events:
            writer.append(event)
        writer.close(about)
    return Tape.open(path)


def seen(path: Path, *events: Event) -> Inspection:
    return inspect(write(path / "tape", *events))


def test_odd_books_are_counted_by_kind(tmp_path: Path) -> None:
    books = seen(
        tmp_path,
        book(0),
        book(1, bids=()),
        book(2, asks=()),
        book(3, bids=(), asks=()),
        book(4, bids=(("0.50", "1"),), asks=(("0.50", "1"),)),
        book(5, bids=(("0.51", "1"),), asks=(("0.50", "1"),)),
    ).books

    assert (books.empty, books.one_sided, books.locked, books.crossed) == (1, 2, 1, 1)


def test_books_of_both_tokens_are_compared_where_they_share_a_moment(
    tmp_path: Path,
) -> None:
    no_side = (("0.50", "1"),), (("0.52", "1"),)
    books = seen(
        tmp_path,
        book(0),
        book(0, *no_side, token="no"),
        book(1),
        book(1, (("0.40", "1"),), (("0.52", "1"),), token="no"),
        book(2, bids=()),
        book(2, no_side[0], (), token="no"),
        book(3, bids=()),
        book(3, *no_side, token="no"),
        book(4),
    ).books

    assert (books.both, books.disagreeing) == (4, 2)


def test_answers_are_counted_once_a_market(tmp_path: Path) -> None:
    answers = seen(
        tmp_path,
        *(listed(name) for name in "abcd"),
        resolved(1, "1", name="a"),
        resolved(1, "0", name="b"),
        resolved(1, "0.5", name="c"),
        resolved(2, "0.5", name="c"),
    ).answers

    assert (answers.yes, answers.no, answers.half, answers.open) == (1, 1, 1, 1)


def test_silences_longer_than_a_book_stands_are_gaps(tmp_path: Path) -> None:
    tape = write(
        tmp_path / "tape",
        book(0),
        book(0, name="n"),
        book(30 * MINUTE),
        level(61 * MINUTE, Side.BUY, "0.40", "1"),
        stands=30 * MINUTE,
    )

    looked = inspect(tape)

    assert (looked.gap, looked.gaps, looked.markets_with_gaps) == (
        1800 * SECOND,
        1,
        1,
    )


def test_books_and_trades_after_the_answer_are_counted(tmp_path: Path) -> None:
    looked = seen(
        tmp_path, book(0), resolved(1), book(2), trade(3, Side.BUY, "0.5", "1")
    )

    assert looked.after_answer == 2


def test_a_clean_tape_has_no_findings(tmp_path: Path) -> None:
    looked = seen(tmp_path, listed(), book(1), book(2), resolved(3))

    assert findings(looked, {}) == {}


def test_findings_tell_what_was_left_out_too(tmp_path: Path) -> None:
    looked = seen(tmp_path, listed(), book(1, bids=()))

    assert findings(looked, {"no price": 3}) == {
        "one-sided books": 1,
        "left out: no price": 3,
    }


def test_an_empty_tape_can_be_inspected(tmp_path: Path) -> None:
    looked = seen(tmp_path)

    assert looked.span is None
    assert looked.markets == 0
    assert findings(looked, {}) == {}


def test_each_market_counts_once_at_the_price_it_had_a_while_before_its_end(
    tmp_path: Path,
) -> None:
    tape = write(
        tmp_path / "tape",
        listed(facts=market(hours=2)),
        book(0, (("0.10", "1"),), (("0.14", "1"),)),
        book(3600, (("0.20", "1"),), (("0.24", "1"),)),
        book(3601, (("0.90", "1"),), (("0.94", "1"),)),
        resolved(7260, "1"),
    )

    table = calibrate(tape, HOUR)

    (bucket,) = table.buckets
    assert table.lead == HOUR
    assert bucket.price == pytest.approx(0.22)
    assert (bucket.markets, bucket.won) == (1, 1.0)
    assert (bucket.low, bucket.high) == (0.2, 0.25)


def test_without_an_end_the_answer_is_the_end(tmp_path: Path) -> None:
    tape = write(
        tmp_path / "tape",
        listed(facts=market(hours=None)),
        book(0, (("0.10", "1"),), (("0.14", "1"),)),
        book(1, (("0.20", "1"),), (("0.24", "1"),)),
        resolved(3600, "0"),
    )

    assert calibrate(tape, HOUR).buckets[0].price == pytest.approx(0.12)


def test_an_answer_before_the_end_is_the_end(tmp_path: Path) -> None:
    tape = write(
        tmp_path / "tape",
        listed(facts=market(hours=24)),
        book(0, (("0.10", "1"),), (("0.14", "1"),)),
        book(3600, (("0.20", "1"),), (("0.24", "1"),)),
        book(3601, (("0.90", "1"),), (("0.94", "1"),)),
        resolved(7200, "0"),
    )

    assert calibrate(tape, HOUR).buckets[0].price == pytest.approx(0.22)


def test_no_history_of_prices_is_held_however_often_they_change(tmp_path: Path) -> None:
    cents = [f"0.{10 + n % 30}" for n in range(2_000)]
    tape = write(
        tmp_path / "tape",
        listed(facts=market(hours=24)),
        *(book(n, ((cent, "1"),)) for n, cent in enumerate(cents)),
        resolved(86_400, "0"),
    )

    (watch,) = _watch(tape, HOUR).values()

    assert watch.books == 2_000
    assert watch.price == pytest.approx((0.10 + 1_999 % 30 / 100 + 0.50) / 2)
    assert not any(isinstance(held, list) for held in vars(watch).values())


def test_a_tape_with_one_price_a_market_takes_that_price(tmp_path: Path) -> None:
    tape = write(tmp_path / "tape", listed(), book(0), resolved(60, "0.5"))

    table = calibrate(tape, HOUR)

    assert table.lead is None
    assert (table.markets, table.buckets[0].won) == (1, 0.5)


def test_prices_of_the_no_token_and_single_levels_count_in_yes_terms(
    tmp_path: Path,
) -> None:
    tape = write(
        tmp_path / "tape",
        listed(facts=market(hours=2)),
        book(0, (("0.70", "1"),), (("0.80", "1"),), token="no"),
        level(1, Side.BUY, "0.74", "5", token="no"),
        level(2, Side.BUY, "0.24", "5"),
        resolved(7200, "1"),
    )

    assert calibrate(tape, HOUR).buckets[0].price == pytest.approx(0.25)


def test_flagged_and_unpriced_markets_are_left_out_and_counted(tmp_path: Path) -> None:
    tape = write(
        tmp_path / "tape",
        listed("a"),
        listed("b"),
        listed("c"),
        book(0, (), (("0.001", "1"),), name="a"),
        book(0, (("0.51", "1"),), (("0.50", "1"),), name="b"),
        book(0, name="c"),
        *(resolved(60, name=name) for name in "abc"),
        flagged=FlaggedPrices(below=0.002, above=0.998),
    )

    table = calibrate(tape, HOUR)

    assert (table.markets, table.flagged, table.unpriced) == (1, 1, 1)


@pytest.mark.parametrize(
    ("won", "markets", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)],
)
def test_few_markets_leave_much_doubt(
    won: int, markets: int, low: float, high: float
) -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I.
    seen_low, seen_high = wilson(won, markets)

    assert seen_low == pytest.approx(low, abs=1e-4)
    assert seen_high == pytest.approx(high, abs=1e-4)
