"""The shapes that tables come in, each turned into rows of a tape by columns.

A frame that comes in has `market`, `at` and what is known of the market beside its own
columns; one that goes out has the columns of a tape. Sides that a table does not show
are empty lists.
"""

from collections.abc import Iterator

import msgspec
import polars as pl

from polyrules.domain.money import ONE, to_micros
from polyrules.venues.tape import columns
from polyrules.venues.tape.mapping import (
    Assume,
    AssumedBook,
    Books,
    Facts,
    Markets,
    Outcome,
    Outcomes,
    PriceSeries,
    Table,
    TakerSide,
    Time,
    Top,
    TopOfBook,
    Trades,
)
from polyrules.venues.tape.markets import FACTS
from polyrules.venues.tape.sheet import Sheet

OUTSIDE = "price outside (0, 1)"
NO_NUMBER = "a price or size that is no number"
# Fields that are words of ours, or of the rows, and name no column.
NOT_COLUMNS: dict[type, tuple[str, ...]] = {
    Time: ("unit", "shift"),
    Outcome: ("is_yes", "is_no"),
    TakerSide: ("buy", "sell"),
}
BOOK_COLUMNS = ("at", "venue_at", "kind", "market", "token", "group")
YES, NO = pl.col("known_yes"), pl.col("known_no")


def named(table: msgspec.Struct) -> list[str | None]:
    """Return every column that a part of a mapping names, part by part."""
    names: list[str | None] = []
    for field in msgspec.structs.fields(table):
        value = getattr(table, field.name)
        if isinstance(value, msgspec.Struct):
            names += named(value)
        elif field.name not in NOT_COLUMNS.get(type(table), ("file",)):
            names.append(value)
    return names


def facts(source: Facts, sheet: Sheet) -> pl.DataFrame:
    """Return market, `at` and the facts its row tells, one row per row."""
    told = {
        "slug": columns.text(source.slug),
        "question": columns.text(source.question),
        "group": columns.text(source.group),
        "category": columns.text(source.category),
        "yes": columns.text(source.yes_token),
        "no": columns.text(source.no_token),
        "tick": _amount(source.tick),
        "size_min": _amount(source.size_min),
        "fee_rate": _amount(source.fee_rate),
        "neg_risk": columns.yes_or_no(source.neg_risk)
        if source.neg_risk
        else pl.lit(None, pl.Boolean),
        "start": _time(source.start, sheet.schema),
        "end": _time(source.end, sheet.schema),
    }
    assert told.keys() == FACTS.keys(), "a fact is missing"
    return sheet.rows.select("market", "at", **told)


def payout(table: Outcomes) -> pl.Expr:
    """Return what YES pays [micro-usd] by a row of outcomes; null where unclear."""
    if table.winner:
        name = columns.text(table.winner.column)
        yes, no = (
            columns.text(table.winner.yes_name),
            columns.text(table.winner.no_name),
        )
        paid: pl.Expr = pl.when(name == yes).then(ONE).when(name == no).then(0)
    else:
        assert table.payout_yes, "the mapping was checked"
        paid = columns.amount(table.payout_yes)
    if table.void is None:
        return paid.cast(pl.Int64)
    half = columns.yes_or_no(table.void).fill_null(value=False)
    return pl.when(half).then(ONE // 2).otherwise(paid).cast(pl.Int64)


def events(sheet: Sheet, table: Table, assume: Assume) -> Iterator[pl.DataFrame]:
    """Yield the rows of a tape that the rows of `sheet` make."""
    match table:
        case Books():
            yield _books(sheet, table)
        case TopOfBook():
            yield from _tops(sheet, table)
        case PriceSeries():
            assert assume.book, "the mapping was checked"
            yield _prices(sheet, table, assume.book)
        case Trades():
            yield _trades(sheet, table)
        case Markets() | Outcomes():
            raise AssertionError("neither makes rows of its own")


def finest(books: pl.DataFrame) -> pl.DataFrame:
    """Return (market, tick, at) of the first price on each finer grid of ticks."""
    parts = []
    for tick, coarser in ((1_000, 10_000), (100, 1_000)):
        off = [
            pl.col(name).list.eval(pl.element() % coarser != 0).list.any()
            for name in ("bid_px", "ask_px")
        ]
        first = books.filter(pl.any_horizontal(off)).group_by("market")
        parts.append(
            first.agg(pl.col("at").min()).select(
                "market", pl.lit(tick, pl.Int64).alias("tick"), "at"
            )
        )
    return pl.concat(parts)


def _books(sheet: Sheet, table: Books) -> pl.DataFrame:
    yes = columns.is_yes(table.token) if table.token else pl.lit(value=True)
    sheet.add(yes=yes)
    sheet.keep(pl.col("yes").is_not_null(), "no token we know")
    sheet.rows = sheet.rows.with_columns(columns.levels(table.levels, sheet.schema))
    sheet.keep(columns.lists_fit(), "levels that are no prices in (0, 1) with sizes")
    sheet.add(
        token=pl.when("yes").then(YES).otherwise(NO),
        venue_at=_time(table.venue_at, sheet.schema),
    )
    return columns.tidied(_as_books(sheet.rows))


def _tops(sheet: Sheet, table: TopOfBook) -> Iterator[pl.DataFrame]:
    if table.news_of:
        sheet.add(news=columns.is_yes(table.news_of))
        sheet.keep(pl.col("news").is_not_null(), "no token we know")
    whole = sheet.rows
    for side, token, is_yes in (
        (table.yes_book, YES, True),
        (table.no_book, NO, False),
    ):
        if side is None:
            continue
        sheet.rows = whole.filter(news=is_yes) if table.news_of else whole
        yield _top(sheet, side, token)


def _top(sheet: Sheet, side: Top, token: pl.Expr) -> pl.DataFrame:
    for price, size in ((side.bid, side.bid_size), (side.ask, side.ask_size)):
        empty = columns.text(price).is_null() | (columns.amount(size) == 0)
        value = columns.amount(price)
        sheet.keep(
            empty | (value.is_not_null() & columns.amount(size).is_not_null()),
            NO_NUMBER,
        )
        sheet.keep(empty | value.is_between(1, ONE - 1), OUTSIDE)
        sheet.keep(empty | (columns.amount(size) > 0), "size below 0")
    bid_px, bid_sz = columns.top(side.bid, side.bid_size)
    ask_px, ask_sz = columns.top(side.ask, side.ask_size)
    sheet.rows = sheet.rows.with_columns(
        token.alias("token"),
        _time(side.venue_at, sheet.schema).alias("venue_at"),
        bid_px.alias("bid_px"),
        bid_sz.alias("bid_sz"),
        ask_px.alias("ask_px"),
        ask_sz.alias("ask_sz"),
    )
    return _as_books(sheet.rows)


def _prices(sheet: Sheet, table: PriceSeries, book: AssumedBook) -> pl.DataFrame:
    price = columns.amount(table.price)
    sheet.keep(columns.text(table.price).is_not_null(), "no price")
    sheet.keep(price.is_not_null(), NO_NUMBER)
    sheet.keep(price.is_between(1, ONE - 1), OUTSIDE)
    double, spread = price * 2, to_micros(book.spread)
    tick, depth = pl.col("known_tick"), to_micros(book.depth)
    # Halved after rounding, so that no spread is rounded before its time. Where the
    # spread reaches 0 or 1 that side is empty, and the other side keeps the mid.
    widest = pl.min_horizontal(double + spread, 2 * double)
    lowest = pl.max_horizontal(double - spread, 2 * double - 2 * ONE)
    sheet.rows = sheet.rows.with_columns(
        (lowest // (2 * tick) * tick).alias("bid"),
        (-(-widest // (2 * tick)) * tick).alias("ask"),
        YES.alias("token"),
        pl.lit(None, pl.Int64).alias("venue_at"),
    )
    has_bid, has_ask = pl.col("bid") >= tick, pl.col("ask") <= ONE - tick
    size = pl.lit(depth, pl.Int64)
    sheet.rows = sheet.rows.with_columns(
        columns.one(pl.col("bid"), has_bid).alias("bid_px"),
        columns.one(size, has_bid).alias("bid_sz"),
        columns.one(pl.col("ask"), has_ask).alias("ask_px"),
        columns.one(size, has_ask).alias("ask_sz"),
    )
    return _as_books(sheet.rows)


def _trades(sheet: Sheet, table: Trades) -> pl.DataFrame:
    yes = columns.is_yes(table.token) if table.token else pl.lit(value=True)
    word = columns.text(table.side.column)
    side = (
        pl.when(word == table.side.buy)
        .then(pl.lit("BUY"))
        .when(word == table.side.sell)
        .then(pl.lit("SELL"))
    )
    sheet.add(
        yes=yes,
        taker=side,
        micro_price=columns.amount(table.price),
        micro_size=columns.amount(table.size),
    )
    sheet.keep(pl.col("yes").is_not_null(), "no token we know")
    sheet.keep(pl.col("taker").is_not_null(), "no side we know")
    sheet.keep(
        pl.col("micro_price").is_not_null() & pl.col("micro_size").is_not_null(),
        NO_NUMBER,
    )
    sheet.keep(pl.col("micro_price").is_between(1, ONE - 1), OUTSIDE)
    sheet.keep(pl.col("micro_size") > 0, "size of 0 or below")
    return sheet.rows.select(
        "at",
        pl.lit("TradePrinted").alias("kind"),
        "market",
        pl.when("yes").then(YES).otherwise(NO).alias("token"),
        pl.col("known_group").alias("group"),
        pl.col("taker").alias("side"),
        pl.col("micro_price").alias("price"),
        pl.col("micro_size").alias("size"),
        columns.text(table.transaction).alias("transaction"),
    )


def _as_books(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.lit("BookChanged").alias("kind"), pl.col("known_group").alias("group")
    ).select(*BOOK_COLUMNS, *columns.LEVEL_COLUMNS)


def _amount(column: str | None) -> pl.Expr:
    return columns.amount(column) if column else pl.lit(None, pl.Int64)


def _time(source: Time | None, schema: pl.Schema) -> pl.Expr:
    return columns.time(source, schema) if source else pl.lit(None, pl.Int64)
