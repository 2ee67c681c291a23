"""Tables of strangers become events: each shape, and what is kept out of each."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import (
    BookChanged,
    Event,
    MarketListed,
    MarketResolved,
    TickChanged,
    TradePrinted,
)
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.money import ONE, Side
from polyrules.errors import InputError
from polyrules.venues.tape.manifest import Manifest
from polyrules.venues.tape.mapping import parse
from polyrules.venues.tape.reader import Tape
from polyrules.venues.tape.tables import import_tables
from polyrules.venues.tape.writer import TapeWriter
from tests.builders import SECOND, at

NOON = 1_767_268_800  # unix seconds, the noon of the builders
TIME = {"column": "t", "unit": "s"}
PRICES: dict[str, Any] = {
    "rows": "price_series",
    "market": "m",
    "at": TIME,
    "price": "p",
}
BOOK: dict[str, Any] = {"book": {"spread": 0.002, "depth": 500}}


def imported(
    folder: Path, table: pl.DataFrame, *tables: dict[str, Any], **mapping: object
) -> Tape:
    """Return the tape that `tables` of a mapping make of one table."""
    folder.mkdir(exist_ok=True)
    file = folder / "table.parquet"
    table.write_parquet(file)
    return taken(folder, [file], *tables, **mapping)


def from_csv(
    folder: Path, text: str, *tables: dict[str, Any], **mapping: object
) -> Tape:
    """Return the tape that `tables` of a mapping make of one CSV text."""
    file = folder / "table.csv"
    file.write_text(text, "utf-8")
    return taken(folder, [file], *tables, **mapping)


def taken(
    folder: Path, files: list[Path], *tables: dict[str, Any], **mapping: object
) -> Tape:
    data = {"polyrules_mapping": 1, "title": "t", "tables": list(tables), **mapping}
    with TapeWriter(folder / "tape", ranked=True) as writer:
        import_tables(files, parse(data, "m.yaml"), writer, lambda *_: None)
    return Tape.open(folder / "tape")


def manifest(tape: Tape) -> Manifest:
    return tape.manifest


def of_kind(tape: Tape, kind: type[Event]) -> list[Event]:
    return [event for event in tape.events() if isinstance(event, kind)]


def tops(tape: Tape) -> list[tuple[int | None, int | None]]:
    """Return best bid and ask [micro-usd] of every book."""
    books = [event for event in tape.events() if isinstance(event, BookChanged)]
    return [
        (book.bids[0][0] if book.bids else None, book.asks[0][0] if book.asks else None)
        for book in books
    ]


def test_a_price_becomes_a_book_of_one_level_a_side(tmp_path: Path) -> None:
    text = f"t,m,p\n{NOON},a,0.43\n"

    tape = from_csv(tmp_path, text, PRICES, assume=BOOK, constants={"tick": 0.001})

    (book,) = of_kind(tape, BookChanged)
    assert book == BookChanged(
        at=at(0),
        market=MarketId("a"),
        token=TokenId("a:yes"),
        bids=((429_000, 500_000_000),),
        asks=((431_000, 500_000_000),),
    )
    assert tape.manifest.assumed_books


@pytest.mark.parametrize(
    ("price", "tick", "bid", "ask"),
    [
        (0.0295, 0.001, 28_000, 31_000),
        (0.5, 0.01, 490_000, 510_000),
        (0.0005, 0.001, None, 1_000),
        (0.9995, 0.001, 999_000, None),
        (0.002, 0.001, 1_000, 3_000),
    ],
)
def test_assumed_books_are_rounded_outward_and_keep_the_mid(
    tmp_path: Path, price: float, tick: float, bid: int | None, ask: int | None
) -> None:
    text = f"t,m,p\n{NOON},a,{price}\n"

    tape = from_csv(tmp_path, text, PRICES, assume=BOOK, constants={"tick": tick})

    assert tops(tape) == [(bid, ask)]


@given(
    half_ticks=st.lists(st.integers(1, 1999), min_size=1, max_size=20),
    spread=st.integers(0, 60),
)
def test_an_assumed_book_never_crosses_and_never_moves_the_price(
    tmp_path_factory: pytest.TempPathFactory, half_ticks: list[int], spread: int
) -> None:
    prices = [half / 2000 for half in half_ticks]
    rows = {"t": [NOON + n for n in range(len(prices))], "m": "a", "p": prices}
    book = {"spread": f"0.{spread:03}", "depth": 1}

    tape = imported(
        tmp_path_factory.mktemp("law"),
        pl.DataFrame(rows),
        PRICES,
        assume={"book": book},
        constants={"tick": 0.001},
    )

    shown = [(bid or 0, ONE if ask is None else ask) for bid, ask in tops(tape)]
    assert all(bid < ask or spread == 0 for bid, ask in shown)
    assert [(bid + ask) // 2 for bid, ask in shown] == [h * 500 for h in half_ticks]
    # At the edges a side is missing, and the other one comes nearer to keep the mid.
    wide = [(bid, ask) for bid, ask in shown if bid and ask < ONE]
    assert all(ask - bid >= spread * 1000 for bid, ask in wide)


def test_a_market_is_listed_at_its_first_row_with_the_facts_of_that_row(
    tmp_path: Path,
) -> None:
    text = (
        "t,m,p,title,subject,closes\n"
        f"{NOON + 60},a,0.5,later words,Sports,2026-01-09\n"
        f"{NOON},a,0.4,first words,Sports,2026-01-05 00:00:00\n"
    )
    facts = {"question": "title", "category": "subject", "end": {"column": "closes"}}

    tape = from_csv(tmp_path, text, {**PRICES, "facts": facts}, assume=BOOK)

    listed = next(tape.events())
    assert isinstance(listed, MarketListed)
    assert listed.at == at(0)
    assert listed.market.question == "first words"
    assert listed.market.category == "sports"
    assert listed.market.end == 1_767_571_200 * SECOND
    assert tape.manifest.stated["end"] == 1


def test_nothing_on_the_tape_depends_on_later_rows(tmp_path: Path) -> None:
    rows = [f"{NOON + 600 * n},m{n % 3},0.{n + 30}" for n in range(40)]
    early = "\n".join(["t,m,p", *rows[:20]])
    whole = "\n".join(["t,m,p", *rows])
    (tmp_path / "early").mkdir()
    (tmp_path / "whole").mkdir()

    short = from_csv(tmp_path / "early", early, PRICES, assume=BOOK)
    long = from_csv(tmp_path / "whole", whole, PRICES, assume=BOOK)

    until = at(20 * 600 - 1)
    assert [e for e in long.events() if e.at <= until] == list(short.events())


def test_constants_are_facts_of_every_market_and_listed_as_assumptions(
    tmp_path: Path,
) -> None:
    constants = {"fee_rate": 0.07, "volume_24h": 100_000, "accepting_orders": True}

    tape = from_csv(
        tmp_path, f"t,m,p\n{NOON},a,0.5\n", PRICES, assume=BOOK, constants=constants
    )

    listed = next(tape.events())
    assert isinstance(listed, MarketListed)
    assert listed.market.fee_rate == Decimal("0.07")
    assert listed.listing.volume_24h == 100_000
    assert tape.manifest.stated == {
        "accepting_orders": 1,
        "fee_rate": 1,
        "volume_24h": 1,
    }
    assert "volume_24h is 100000 for every market, all the time." in (
        tape.manifest.assumptions
    )
    assert tape.manifest.feeds == ("gamma", "book")


def test_the_intervals_of_a_mapping_stand_in_the_manifest(tmp_path: Path) -> None:
    assume = {**BOOK, "book_stands": "30m", "tick_interval": "600s"}

    tape = from_csv(tmp_path, f"t,m,p\n{NOON},a,0.5\n", PRICES, assume=assume)

    assert tape.manifest.tick == 600 * SECOND
    assert tape.manifest.max_age == {"book": 1800 * SECOND}


def test_bad_rows_are_kept_out_and_told_with_their_line(tmp_path: Path) -> None:
    text = (
        "t,m,p\n"
        f"{NOON},a,0.5\n"
        f"{NOON},a,nan\n"
        f"{NOON},a,1.2\n"
        f"{NOON},a,-0.1\n"
        f"{NOON},a,\n"
        f"{NOON},,0.5\n"
        "soon,a,0.5\n"
        f"{NOON}000,a,0.5\n"
        f"{NOON},a,half\n"
    )

    tape = from_csv(tmp_path, text, PRICES, assume=BOOK)

    assert tape.manifest.counts == {"BookChanged": 1, "MarketListed": 1}
    no_time = "no time between 2017 and 2100 (is the unit right?)"
    assert sorted(tape.manifest.problems) == [
        "table.csv:10: a price or size that is no number",
        "table.csv:3: a price or size that is no number",
        "table.csv:4: price outside (0, 1)",
        "table.csv:5: price outside (0, 1)",
        "table.csv:6: no price",
        "table.csv:7: no market",
        f"table.csv:8: {no_time}",
        f"table.csv:9: {no_time}",
    ]
    assert tape.manifest.left_out["price outside (0, 1)"] == 2


def test_equal_rows_are_kept_once_and_counted(tmp_path: Path) -> None:
    text = f"t,m,p\n{NOON},a,0.5\n{NOON},a,0.5\n{NOON},b,0.5\n"

    tape = from_csv(tmp_path, text, PRICES, assume=BOOK)

    assert tape.manifest.counts == {"BookChanged": 2, "MarketListed": 2}
    assert tape.manifest.notes == {"equal rows, kept once": 1}


def test_an_answer_is_known_after_its_delay_and_never_before(tmp_path: Path) -> None:
    text = f"t,m,p,o\n{NOON},a,0.5,\n{NOON + 60},a,0.9,1\n{NOON},b,0.5,\n"
    outcomes = {"rows": "outcomes", "market": "m", "at": TIME, "payout_yes": "o"}
    assume = {**BOOK, "resolution_delay": "54s"}

    tape = from_csv(tmp_path, text, PRICES, outcomes, assume=assume)

    assert of_kind(tape, MarketResolved) == [
        MarketResolved(at=at(60 + 54), market=MarketId("a"), payout_yes=Decimal(1))
    ]
    assert tape.manifest.left_out == {}
    assert (
        'An answer is known 54s after the time in "t", not before.'
        in tape.manifest.assumptions
    )


def test_a_winner_is_found_by_name_and_a_void_market_pays_half(tmp_path: Path) -> None:
    text = (
        "t,m,p,one,two,won,void\n"
        f"{NOON},a,0.5,Reds,Blues,Reds,0\n"
        f"{NOON},b,0.5,Reds,Blues,Blues,0\n"
        f"{NOON},c,0.5,Reds,Blues,,1\n"
        f"{NOON},d,0.5,Reds,Blues,Greens,0\n"
    )
    outcomes = {
        "rows": "outcomes",
        "market": "m",
        "at": TIME,
        "winner": {"column": "won", "yes_name": "one", "no_name": "two"},
        "void": "void",
    }

    tape = from_csv(tmp_path, text, PRICES, outcomes, assume=BOOK)

    paid = {
        event.market: event.payout_yes
        for event in tape.events()
        if isinstance(event, MarketResolved)
    }
    assert paid == {"a": 1, "b": 0, "c": Decimal("0.5")}
    assert tape.manifest.problems == ("table.csv:5: no answer we know",)


def test_a_second_answer_that_differs_is_told_and_not_taken(tmp_path: Path) -> None:
    text = f"t,m,p,o\n{NOON},a,0.5,1\n{NOON},a,0.6,0\n"
    outcomes = {"rows": "outcomes", "market": "m", "at": TIME, "payout_yes": "o"}

    tape = from_csv(tmp_path, text, PRICES, outcomes, assume=BOOK)

    (answer,) = of_kind(tape, MarketResolved)
    assert isinstance(answer, MarketResolved)
    assert answer.payout_yes == 1
    assert tape.manifest.problems == (
        "table.csv:3: a second answer that differs from the first",
    )


BOOKS: dict[str, Any] = {
    "rows": "books",
    "market": "m",
    "at": TIME,
    "token": {"column": "side", "is_yes": "UP", "is_no": "DOWN"},
    "levels": {"bid_px": "bp", "bid_sz": "bs", "ask_px": "ap", "ask_sz": "as"},
}


def books(*rows: tuple[str, list[float], list[float], list[float], list[float]]) -> Any:  # noqa: ANN401 - a frame
    columns = dict(
        zip(("side", "bp", "bs", "ap", "as"), zip(*rows, strict=True), strict=True)
    )
    frame = {"t": [NOON + n for n in range(len(rows))], "m": "a", **columns}
    return pl.DataFrame(frame, strict=False)


def test_books_of_both_tokens_are_taken_as_they_are(tmp_path: Path) -> None:
    table = books(
        ("UP", [0.48, 0.47], [10, 20], [0.5], [30]),
        ("DOWN", [], [], [0.52], [7.25]),
    )

    tape = imported(tmp_path, table, BOOKS)

    assert of_kind(tape, BookChanged) == [
        BookChanged(
            at=at(0),
            market=MarketId("a"),
            token=TokenId("a:yes"),
            bids=((480_000, 10_000_000), (470_000, 20_000_000)),
            asks=((500_000, 30_000_000),),
        ),
        BookChanged(
            at=at(1),
            market=MarketId("a"),
            token=TokenId("a:no"),
            bids=(),
            asks=((520_000, 7_250_000),),
        ),
    ]


def test_levels_in_any_order_are_sorted_and_empty_ones_dropped(tmp_path: Path) -> None:
    table = books(("UP", [0.4, 0.48, 0.3], [1, 2, 0], [0.6, 0.5], [3, 4]))

    tape = imported(tmp_path, table, BOOKS)

    (book,) = of_kind(tape, BookChanged)
    assert isinstance(book, BookChanged)
    assert book.bids == ((480_000, 2_000_000), (400_000, 1_000_000))
    assert book.asks == ((500_000, 4_000_000), (600_000, 3_000_000))


def test_a_book_with_one_impossible_level_is_kept_out(tmp_path: Path) -> None:
    good: list[float] = [1.0]
    table = books(
        ("UP", [0.4], good, [0.5], good),
        ("UP", [0.0], good, [0.5], good),
        ("UP", [0.4], [-1.0], [0.5], good),
        ("UP", [0.4], good, [float("nan")], good),
        ("UP", [0.4, 0.3], good, [0.5], good),
        ("LEFT", [0.4], good, [0.5], good),
    )

    tape = imported(tmp_path, table, BOOKS)

    assert tape.manifest.counts["BookChanged"] == 1
    assert tape.manifest.left_out == {
        "levels that are no prices in (0, 1) with sizes": 4,
        "no token we know": 1,
    }


def test_a_finer_price_makes_the_tick_finer_from_then_on(tmp_path: Path) -> None:
    size: list[float] = [1.0]
    table = books(
        ("UP", [0.95], size, [0.96], size),
        ("UP", [0.971], size, [0.98], size),
        ("UP", [0.9], size, [0.91], size),
        ("UP", [0.9712], size, [0.98], size),
    )

    tape = imported(tmp_path, table, BOOKS, assume={"tick_from_books": True})

    assert of_kind(tape, TickChanged) == [
        TickChanged(at=at(1), market=MarketId("a"), tick=Decimal("0.001")),
        TickChanged(at=at(3), market=MarketId("a"), tick=Decimal("0.0001")),
    ]


def test_lists_of_levels_may_be_texts_in_a_csv(tmp_path: Path) -> None:
    text = f't,m,side,bp,bs,ap,as\n{NOON},a,UP,"[0.4]","[1]","[0.5, 0.6]","[2, 3]"\n'

    tape = from_csv(tmp_path, text, BOOKS)

    assert tops(tape) == [(400_000, 500_000)]


TOPS: dict[str, Any] = {
    "rows": "top_of_book",
    "market": "m",
    "at": TIME,
    "yes_book": {"bid": "ub", "bid_size": "ubs", "ask": "ua", "ask_size": "uas"},
    "no_book": {"bid": "db", "bid_size": "dbs", "ask": "da", "ask_size": "das"},
}
TOP_HEAD = "t,m,ub,ubs,ua,uas,db,dbs,da,das,news\n"


def test_best_prices_of_both_tokens_are_two_books(tmp_path: Path) -> None:
    text = TOP_HEAD + f"{NOON},a,0.4,1,0.5,2,0.5,2,0.6,1,up\n"

    tape = from_csv(tmp_path, text, TOPS)

    assert tops(tape) == [(400_000, 500_000), (500_000, 600_000)]


def test_only_the_token_that_a_row_brings_news_of_is_taken(tmp_path: Path) -> None:
    text = TOP_HEAD + (
        f"{NOON},a,0.4,1,0.5,2,0.5,2,0.6,1,up\n{NOON},a,0.4,1,0.5,2,0.3,2,0.4,1,down\n"
    )
    news = {"column": "news", "is_yes": "up", "is_no": "down"}

    tape = from_csv(tmp_path, text, {**TOPS, "news_of": news})

    assert tops(tape) == [(400_000, 500_000), (300_000, 400_000)]


def test_a_side_of_size_0_or_without_a_price_is_empty(tmp_path: Path) -> None:
    text = (
        TOP_HEAD + f"{NOON},a,0.0,0,0.01,2,0.99,2,1.0,0,up\n{NOON},b,,,0.5,1,,,,,up\n"
    )

    tape = from_csv(tmp_path, text, TOPS)

    assert tops(tape) == [
        (None, 10_000),
        (None, 500_000),
        (990_000, None),
        (None, None),
    ]


def test_trades_keep_their_side_and_token(tmp_path: Path) -> None:
    text = (
        f"t,m,tok,p,q,s,tx\n{NOON},a,No,0.52,12.5,sold,0xab\n{NOON},a,No,0.5,0,sold,\n"
    )
    table = {
        "rows": "trades",
        "market": "m",
        "at": TIME,
        "price": "p",
        "size": "q",
        "side": {"column": "s", "buy": "bought", "sell": "sold"},
        "token": {"column": "tok", "is_yes": "Yes", "is_no": "No"},
        "transaction": "tx",
    }

    tape = from_csv(tmp_path, text, table)

    assert of_kind(tape, TradePrinted) == [
        TradePrinted(
            at=at(0),
            market=MarketId("a"),
            token=TokenId("a:no"),
            side=Side.SELL,
            price=520_000,
            size=12_500_000,
            transaction="0xab",
        )
    ]
    assert tape.manifest.problems == ("table.csv:3: size of 0 or below",)


def test_described_markets_give_their_tokens_to_the_rows_of_other_files(
    tmp_path: Path,
) -> None:
    prices, markets = tmp_path / "prices.csv", tmp_path / "markets.csv"
    prices.write_text(f"t,m,p\n{NOON},a,0.5\n", "utf-8")
    markets.write_text("m,yes,no,fee\na,123,456,0.04\nb,7,8,0\n", "utf-8")
    facts = {"yes_token": "yes", "no_token": "no", "fee_rate": "fee"}
    described = {
        "rows": "markets",
        "file": "markets.csv",
        "market": "m",
        "facts": facts,
    }

    tape = taken(
        tmp_path,
        [prices, markets],
        {**PRICES, "file": "prices.csv"},
        described,
        assume=BOOK,
    )

    listed, book = tape.events()
    assert isinstance(listed, MarketListed)
    assert isinstance(book, BookChanged)
    assert (listed.market.yes, listed.market.no) == ("123", "456")
    assert listed.market.fee_rate == Decimal("0.04")
    assert book.token == "123"
    assert tape.manifest.problems == ("b: a described market without any row",)


def test_flagged_prices_are_counted_and_kept(tmp_path: Path) -> None:
    text = f"t,m,p\n{NOON},a,0.0005\n{NOON},b,0.5\n{NOON},c,0.998\n"
    assume = {**BOOK, "flag_prices": {"below": 0.002, "above": 0.998}}

    tape = from_csv(tmp_path, text, PRICES, assume=assume, constants={"tick": 0.001})

    assert tape.manifest.counts["BookChanged"] == 3
    assert tape.manifest.notes == {"prices possibly after the answer": 2}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("table.txt", "not a table"),
        ("other.csv", "no table of the mapping is for this file"),
    ],
)
def test_files_that_no_table_is_for_are_refused(
    tmp_path: Path, name: str, told: str
) -> None:
    file = tmp_path / name
    file.write_text(f"t,m,p\n{NOON},a,0.5\n", "utf-8")

    with pytest.raises(InputError, match=told):
        taken(tmp_path, [file], {**PRICES, "file": "table*"}, assume=BOOK)

    assert not (tmp_path / "tape").exists()


def test_a_table_without_a_file_is_told(tmp_path: Path) -> None:
    text = f"t,m,p\n{NOON},a,0.5\n"

    with pytest.raises(InputError, match=r"tables\[1\] of the mapping is for x\.csv"):
        from_csv(tmp_path, text, PRICES, {**PRICES, "file": "x.csv"}, assume=BOOK)


def test_a_missing_column_names_the_columns_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'table\.csv: no column "p"') as caught:
        from_csv(tmp_path, f"t,m,price\n{NOON},a,0.5\n", PRICES, assume=BOOK)

    assert caught.value.hint == "the table has: t, m, price"


def test_a_torn_parquet_is_told(tmp_path: Path) -> None:
    file = tmp_path / "table.parquet"
    file.write_bytes(b"PAR1 and no more")

    with pytest.raises(InputError, match=r"table\.parquet: cannot be read"):
        taken(tmp_path, [file], PRICES, assume=BOOK)


def test_a_table_of_nothing_usable_is_refused_with_the_reasons(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"nothing that can stand on a tape: no market"
    ):
        from_csv(tmp_path, f"t,m,p\n{NOON},,0.5\n", PRICES, assume=BOOK)


FACTS_OF_ROWS = {
    "question": "title",
    "yes_token": "yes",
    "tick": "step",
    "group": "family",
}


@pytest.mark.parametrize("names", [("early", "late"), ("late", "early")])
def test_facts_are_those_of_the_earliest_row_in_whatever_order_files_are_read(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    texts = {
        "early": f"t,m,p,title,yes,step,family\n{NOON},a,0.4,first,104,0.01,one\n",
        "late": f"t,m,p,title,yes,step,family\n{NOON + 60},a,0.5,later,7,0.001,two\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")

    tape = taken(
        tmp_path,
        [tmp_path / f"{name}.csv" for name in names],
        {**PRICES, "facts": FACTS_OF_ROWS},
        assume=BOOK,
    )

    listed, first, second = tape.events()
    assert isinstance(listed, MarketListed)
    assert listed.market.question == "first"
    assert (listed.market.tick, listed.market.group) == (Decimal("0.01"), "one")
    assert isinstance(first, BookChanged)
    assert isinstance(second, BookChanged)
    assert listed.market.yes == first.token == second.token == "104"
    assert tops(tape) == [(390_000, 410_000), (490_000, 510_000)]


@pytest.mark.parametrize("names", [("early", "late"), ("late", "early")])
def test_the_earliest_answer_counts_in_whatever_order_files_are_read(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    (tmp_path / "prices.csv").write_text(f"t,m,p\n{NOON},a,0.4\n", "utf-8")
    (tmp_path / "early.csv").write_text(f"t,m,paid\n{NOON + 60},a,1\n", "utf-8")
    (tmp_path / "late.csv").write_text(f"t,m,paid\n{NOON + 90},a,0\n", "utf-8")
    answers = {"rows": "outcomes", "market": "m", "at": TIME, "payout_yes": "paid"}

    tape = taken(
        tmp_path,
        [tmp_path / f"{name}.csv" for name in ("prices", *names)],
        {**PRICES, "file": "prices.csv"},
        {**answers, "file": "*l*.csv"},
        assume=BOOK,
    )

    (answer,) = of_kind(tape, MarketResolved)
    assert isinstance(answer, MarketResolved)
    assert (answer.at, str(answer.payout_yes)) == (at(60), "1")
    assert tape.manifest.left_out == {"a second answer that differs from the first": 1}


def test_rows_that_were_left_out_are_counted_once(tmp_path: Path) -> None:
    text = f"t,m,p\n{NOON},a,0.4\n{NOON},,0.4\n7,a,0.4\n"

    tape = from_csv(tmp_path, text, PRICES, assume=BOOK)

    assert sum(tape.manifest.left_out.values()) == 2
