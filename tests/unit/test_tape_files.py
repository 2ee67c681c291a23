"""A tape on disk: what goes in comes out, and a damaged tape says so."""

import io
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import (
    BookChanged,
    ClockTicked,
    Event,
    LevelChange,
    LevelsChanged,
    MarketChanged,
    MarketListed,
    MarketResolved,
    TickChanged,
    TradePrinted,
)
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Listing
from polyrules.domain.money import Side
from polyrules.errors import TapeError
from polyrules.venues.tape import manifest as manifests
from polyrules.venues.tape import writer as writing
from polyrules.venues.tape.inspection import inspect
from polyrules.venues.tape.manifest import FORMAT, Manifest
from polyrules.venues.tape.reader import Tape
from polyrules.venues.tape.writer import TapeWriter
from tests.builders import HOUR, NOON, at, book, level, listed, market, resolved, trade

EMPTY = Manifest(format=FORMAT, made_by="")
DAY: list[Event] = [
    listed(seconds=0),
    book(1, token="no"),
    level(2, Side.SELL, "0.50", "0"),
    trade(3, Side.BUY, "0.50", "12.5"),
    resolved(4),
]


def write(path: Path, events: list[Event], *, ranked: bool = False) -> Tape:
    with TapeWriter(path, ranked=ranked) as writer:
        for event in events:
            writer.append(event)
        writer.close(EMPTY)
    return Tape.open(path)


micros = st.integers(1, 999_999)
sizes = st.integers(1, 10**13)
levels = st.lists(st.tuples(micros, sizes), max_size=4).map(tuple)
times = st.integers(NOON - 30 * HOUR, NOON + 30 * HOUR)
names = st.sampled_from(["m", "n"]).map(MarketId)
tokens = st.sampled_from(["y", "z"]).map(TokenId)
stamps = st.none() | times
changes = st.lists(
    st.builds(LevelChange, tokens, st.sampled_from(Side), micros, sizes), max_size=3
).map(tuple)
happenings: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        BookChanged,
        at=times,
        venue_at=stamps,
        market=names,
        token=tokens,
        bids=levels,
        asks=levels,
    ),
    st.builds(LevelsChanged, at=times, venue_at=stamps, market=names, changes=changes),
    st.builds(
        TradePrinted,
        at=times,
        venue_at=stamps,
        market=names,
        token=tokens,
        side=st.sampled_from(Side),
        price=micros,
        size=sizes,
        transaction=st.text(max_size=3),
    ),
    st.builds(TickChanged, at=times, market=names, tick=st.just(Decimal("0.001"))),
    st.builds(
        MarketListed,
        at=times,
        market=st.just(market(group="g")),
        listing=st.builds(Listing, volume_24h=st.none() | st.floats(0, 1e9)),
    ),
    st.builds(MarketChanged, at=times, market=st.just(market())),
    st.builds(
        MarketResolved, at=times, market=names, payout_yes=st.just(Decimal("0.5"))
    ),
    st.builds(ClockTicked, at=times),
)


@given(happened=st.lists(happenings, max_size=12))
def test_what_was_recorded_comes_back_in_the_order_of_its_time(
    tmp_path_factory: pytest.TempPathFactory, happened: list[Event]
) -> None:
    tape = write(tmp_path_factory.mktemp("law") / "tape", happened)

    assert list(tape.events()) == sorted(happened, key=lambda event: event.at)


@given(happened=st.lists(happenings, max_size=12))
def test_a_tape_spilled_to_parts_and_sorted_by_the_hour_is_the_same_tape(
    tmp_path_factory: pytest.TempPathFactory, happened: list[Event]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    whole = list(write(folder / "whole", happened, ranked=True).events())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "BUFFER", 2)
        patch.setattr(writing, "SPILL", 0)
        patch.setattr(writing, "WINDOW", 1)
        spilled = list(write(folder / "spilled", happened, ranked=True).events())

    assert spilled == whole


def test_the_same_events_make_the_same_bytes(tmp_path: Path) -> None:
    one = write(tmp_path / "one", DAY)
    two = write(tmp_path / "two", DAY)

    assert one.content_hash == two.content_hash
    assert one.manifest == two.manifest


def test_events_of_one_instant_stand_market_book_trade_answer(tmp_path: Path) -> None:
    happened: list[Event] = [
        resolved(0),
        trade(0, Side.BUY, "0.50", "1"),
        book(0),
        listed(seconds=0),
    ]

    tape = write(tmp_path / "tape", happened, ranked=True)

    assert list(tape.events()) == happened[::-1]


def test_a_recorder_keeps_the_order_of_arrival(tmp_path: Path) -> None:
    happened: list[Event] = [trade(0, Side.BUY, "0.50", "1"), book(0)]

    tape = write(tmp_path / "tape", happened)

    assert list(tape.events()) == happened


def test_equal_rows_are_kept_once_and_counted(tmp_path: Path) -> None:
    tape = write(tmp_path / "tape", [listed(), book(1), book(1), book(2)], ranked=True)

    assert tape.manifest.counts == {"BookChanged": 2, "MarketListed": 1}
    assert tape.manifest.notes == {"equal rows, kept once": 1}


def test_a_level_that_goes_and_comes_back_within_one_instant_is_back(
    tmp_path: Path,
) -> None:
    five, none = (level(0, Side.BUY, "0.40", size) for size in ("5", "0"))

    tape = write(tmp_path / "tape", [five, none, five, five], ranked=True)

    assert list(tape.events()) == [five, none, five]
    assert tape.manifest.notes == {"equal rows, kept once": 1}


def test_a_book_shown_again_after_a_change_within_one_instant_is_shown_again(
    tmp_path: Path,
) -> None:
    happened: list[Event] = [book(0), level(0, Side.BUY, "0.40", "5"), book(0)]

    assert list(write(tmp_path / "tape", happened, ranked=True).events()) == happened


def test_what_another_market_did_in_between_makes_no_row_new(tmp_path: Path) -> None:
    five = level(0, Side.BUY, "0.40", "5")
    other = level(0, Side.BUY, "0.40", "5", name="n")

    tape = write(tmp_path / "tape", [five, other, five], ranked=True)

    assert list(tape.events()) == [five, other]


def test_equal_trades_are_one_only_if_they_are_one_transaction(tmp_path: Path) -> None:
    unnamed = trade(0, Side.BUY, "0.50", "3")
    named = msgspec.structs.replace(unnamed, transaction="0xab")

    tape = write(tmp_path / "tape", [unnamed, unnamed, named, named], ranked=True)

    assert list(tape.events()) == [unnamed, unnamed, named]
    assert tape.manifest.notes == {"equal rows, kept once": 1}


def test_there_is_one_file_a_day_and_numbers_run_through(tmp_path: Path) -> None:
    tape = write(tmp_path / "tape", [book(0), book(13 * 3600), book(14 * 3600)])

    assert [file.name for file in tape.manifest.files] == [
        "events-2026-01-01.parquet",
        "events-2026-01-02.parquet",
    ]
    assert [file.rows for file in tape.manifest.files] == [1, 2]
    assert tape.table(tape.scan().select("seq"))["seq"].to_list() == [1, 2, 3]


def test_a_part_of_a_tape_is_asked_for_by_number(tmp_path: Path) -> None:
    happened: list[Event] = [book(0), book(1), book(13 * 3600), book(14 * 3600)]
    tape = write(tmp_path / "tape", happened)

    assert list(tape.events(2, 3)) == happened[1:3]
    assert list(tape.events(4)) == happened[3:]
    assert list(tape.events(5)) == []


def test_a_tape_is_readable_without_polyrules_and_stores_nulls(tmp_path: Path) -> None:
    write(tmp_path / "tape", DAY)

    rows = pl.read_parquet(tmp_path / "tape" / "events-2026-01-01.parquet")

    assert rows["kind"].to_list() == [
        "MarketListed",
        "BookChanged",
        "LevelsChanged",
        "TradePrinted",
        "MarketResolved",
    ]
    assert rows["bid_px"].to_list() == [None, [480_000], None, None, None]
    assert rows["price"].to_list() == [None, None, None, 500_000, None]


def test_every_row_of_a_group_names_it(tmp_path: Path) -> None:
    tape = write(tmp_path / "tape", [book(1), listed(facts=market(group="g"))])

    assert tape.table(tape.scan().select("group"))["group"].to_list() == ["g", "g"]


def test_the_feeds_of_a_tape_are_those_it_has_events_of(tmp_path: Path) -> None:
    assert write(tmp_path / "one", DAY).manifest.feeds == ("book", "trades")
    assert write(tmp_path / "two", [listed()]).manifest.feeds == ()


def test_a_tape_without_events_is_a_tape(tmp_path: Path) -> None:
    tape = write(tmp_path / "tape", [])

    assert list(tape.events()) == []
    assert tape.span is None


def test_nothing_is_written_where_something_is(tmp_path: Path) -> None:
    (tmp_path / "tape").mkdir()
    (tmp_path / "tape" / "notes.txt").write_text("mine", "utf-8")

    with pytest.raises(TapeError, match="something is here already"):
        TapeWriter(tmp_path / "tape")


def test_an_empty_directory_may_become_a_tape(tmp_path: Path) -> None:
    (tmp_path / "tape").mkdir()

    assert write(tmp_path / "tape", [book()]).manifest.rows == 1


def test_an_interrupted_import_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupted() -> None:
        with TapeWriter(tmp_path / "tape") as writer:
            writer.append(book())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert list(tmp_path.iterdir()) == []


def cut_short(tape: Path) -> None:
    file = next(tape.glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-100])


def flip_a_byte(tape: Path) -> None:
    file = next(tape.glob("*.parquet"))
    data = bytearray(file.read_bytes())
    data[-20] ^= 0xFF
    file.write_bytes(data)


def flip_a_byte_of_a_page(tape: Path) -> None:
    file = next(tape.glob("*.parquet"))
    data = bytearray(file.read_bytes())
    data[40] ^= 1
    file.write_bytes(data)


def put_other_columns(tape: Path) -> None:
    file = next(tape.glob("*.parquet"))
    size = file.stat().st_size
    other = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_parquet(other)
    file.write_bytes(other.getvalue().ljust(size, b"\0")[:size])


def agree(tape: Path) -> None:
    """Make the manifest say what the files are, as no accident does."""
    manifest = manifests.read(tape)
    files = tuple(
        msgspec.structs.replace(
            file,
            bytes=(tape / file.name).stat().st_size,
            blake2b=manifests.hash_of(tape / file.name),
        )
        for file in manifest.files
    )
    told = msgspec.structs.replace(manifest, files=files)
    (tape / manifests.NAME).write_bytes(manifests.encode(told))


def put_other_columns_and_agree(tape: Path) -> None:
    file = next(tape.glob("*.parquet"))
    pl.DataFrame({"a": range(5)}).write_parquet(file)
    agree(tape)


def put_no_parquet_and_agree(tape: Path) -> None:
    next(tape.glob("*.parquet")).write_bytes(b"PAR1" + bytes(99) + b"PAR1")
    agree(tape)


def put_fewer_rows_and_agree(tape: Path) -> None:
    file = next(tape.glob("*.parquet"))
    pl.read_parquet(file).head(1).write_parquet(file)
    agree(tape)


def spoil_a_hash(tape: Path) -> None:
    file = tape / "manifest.json"
    hashed = manifests.read(tape).files[0].blake2b
    file.write_text(file.read_text("utf-8").replace(hashed, "no hash"), "utf-8")


def take_a_file(tape: Path) -> None:
    next(tape.glob("*.parquet")).unlink()


def take_the_manifest(tape: Path) -> None:
    (tape / "manifest.json").unlink()


def garble_the_manifest(tape: Path) -> None:
    (tape / "manifest.json").write_text("{", "utf-8")


def age_the_manifest(tape: Path) -> None:
    file = tape / "manifest.json"
    text = file.read_text("utf-8").replace('"format": 1', '"format": 0')
    file.write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (cut_short, "torn or changed"),
        (flip_a_byte, "changed since the tape was written"),
        (flip_a_byte_of_a_page, "changed since the tape was written"),
        (put_other_columns, "changed since the tape was written"),
        (put_other_columns_and_agree, "not the columns of a tape"),
        (put_no_parquet_and_agree, "unreadable"),
        (put_fewer_rows_and_agree, "1 rows, the manifest says 5"),
        (spoil_a_hash, "not a manifest"),
        (take_a_file, "missing, though the manifest names it"),
        (take_the_manifest, "not a tape, it has no manifest.json"),
        (garble_the_manifest, "not a manifest"),
        (age_the_manifest, "tape format 0, expected 1"),
    ],
)
def test_a_damaged_tape_names_the_file_and_what_to_do(
    tmp_path: Path, damage: Callable[[Path], None], told: str
) -> None:
    write(tmp_path / "tape", DAY)
    damage(tmp_path / "tape")

    with pytest.raises(TapeError, match=told) as caught:
        list(Tape.open(tmp_path / "tape").events())

    assert str(tmp_path / "tape") in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "damage", [put_other_columns, put_other_columns_and_agree, put_no_parquet_and_agree]
)
def test_a_look_at_a_damaged_tape_names_the_file_and_what_to_do(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    write(tmp_path / "tape", DAY)
    damage(tmp_path / "tape")

    with pytest.raises(TapeError) as caught:
        inspect(Tape.open(tmp_path / "tape"))

    assert "events-2026-01-01.parquet" in caught.value.message
    assert caught.value.hint


def test_a_missing_tape_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="no such tape") as caught:
        Tape.open(tmp_path / "nowhere")

    assert caught.value.hint == "polyrules tape import SOURCE --out TAPE makes one"


def test_a_file_that_is_no_directory_is_no_tape(tmp_path: Path) -> None:
    (tmp_path / "tape").write_text("", "utf-8")

    with pytest.raises(TapeError, match="not a tape"):
        Tape.open(tmp_path / "tape")


def test_verify_names_the_file_that_changed(tmp_path: Path) -> None:
    tape = write(tmp_path / "tape", DAY)
    assert tape.verify() == ()

    flip_a_byte(tmp_path / "tape")

    assert tape.verify() == (
        "events-2026-01-01.parquet: changed since the tape was written",
    )


def test_time_never_runs_backward_on_a_tape(tmp_path: Path) -> None:
    tape = write(tmp_path / "tape", [book(9), book(3), book(6)])

    assert [event.at for event in tape.events()] == [at(3), at(6), at(9)]
    assert all(a.at <= b.at for a, b in pairwise(tape.events()))
