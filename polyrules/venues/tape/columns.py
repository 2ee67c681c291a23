"""Columns of strangers' tables as expressions of ours: times, micro-units, levels.

What cannot be read becomes null here and is counted by the caller; nothing is guessed
and nothing is filled in.
"""

import polars as pl

from polyrules.domain.money import ONE
from polyrules.errors import InputError
from polyrules.venues.tape.mapping import Levels, Outcome, Time, micros

MICROS_OF = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}
BEGIN, END = 1_500_000_000_000_000, 4_102_444_800_000_000  # July 2017, year 2100
NO_TIME = "no time between 2017 and 2100 (is the unit right?)"
LEVEL_COLUMNS = ("bid_px", "bid_sz", "ask_px", "ask_sz")


def require(schema: pl.Schema, names: list[str | None], place: str) -> None:
    """Raise InputError if a column that a mapping names is not in the table."""
    for name in names:
        if name is not None and name not in schema:
            has = ", ".join(schema.names())
            raise InputError(
                f'{place}: no column "{name}"', hint=f"the table has: {has}"
            )


def time(source: Time, schema: pl.Schema) -> pl.Expr:
    """Return the times of a column [microseconds UTC]; null where unreadable."""
    column = pl.col(source.column)
    if source.unit != "datetime":
        number = column.cast(pl.Float64, strict=False) * MICROS_OF[source.unit]
        at = number.round(0).cast(pl.Int64, strict=False)
    elif schema[source.column] == pl.String:
        parsed = column.str.to_datetime(
            time_unit="us", time_zone="UTC", strict=False, ambiguous="null"
        )
        at = parsed.dt.epoch("us")
    else:
        at = column.cast(pl.Datetime("us")).dt.epoch("us")
    return at + micros(source.shift)


def plausible(at: pl.Expr) -> pl.Expr:
    """True where a time can be one of this venue's: a wrong unit shows here."""
    return at.is_between(BEGIN, END)


def amount(column: str) -> pl.Expr:
    """Return the numbers of a column in micro-units; null where not a number."""
    number = pl.col(column).cast(pl.Float64, strict=False) * ONE
    return number.round(0).cast(pl.Int64, strict=False)


def text(column: str | None) -> pl.Expr:
    """Return a column as text; null where it is empty, or where no column is named."""
    if column is None:
        return pl.lit(None, pl.String)
    words = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(words != "").then(words)


def is_yes(outcome: Outcome) -> pl.Expr:
    """Return true for YES, false for NO, null for any other word of the column."""
    word = text(outcome.column)
    return (
        pl.when(word == outcome.is_yes)
        .then(statement=True)
        .when(word == outcome.is_no)
        .then(statement=False)
    )


def yes_or_no(column: str) -> pl.Expr:
    """Return a column of 1/0, true/false or yes/no as booleans; else null."""
    word = pl.col(column).cast(pl.String).str.to_lowercase()
    return (
        pl.when(word.is_in(["1", "1.0", "true", "yes"]))
        .then(statement=True)
        .when(word.is_in(["0", "0.0", "false", "no"]))
        .then(statement=False)
    )


def levels(source: Levels, schema: pl.Schema) -> list[pl.Expr]:
    """Return the four lists of levels in micro-units; an absent list is empty."""
    return [
        _numbers(getattr(source, name), schema).alias(name) for name in LEVEL_COLUMNS
    ]


def top(price: str, size: str) -> tuple[pl.Expr, pl.Expr]:
    """Return a price and its size as lists of one level, or of none without price."""
    shown = amount(price).is_not_null() & (amount(size) > 0)
    return one(amount(price), shown), one(amount(size), shown)


def one(value: pl.Expr, shown: pl.Expr) -> pl.Expr:
    """Return `value` as a list of one where `shown`, else an empty list."""
    return (
        pl.when(shown)
        .then(pl.concat_list(value.cast(pl.Int64)))
        .otherwise(pl.lit([], dtype=pl.List(pl.Int64)))
    )


def lists_fit() -> pl.Expr:
    """True where every price lies in (0, 1) and has a size of 0 or more."""
    sides = []
    for px, sz in (("bid_px", "bid_sz"), ("ask_px", "ask_sz")):
        inside = pl.col(px).list.eval(pl.element().is_between(1, ONE - 1))
        sizes = pl.col(sz).list.eval(pl.element() >= 0)
        sides += [
            pl.col(px).list.len() == pl.col(sz).list.len(),
            inside.list.eval(pl.element().fill_null(value=False)).list.all(),
            sizes.list.eval(pl.element().fill_null(value=False)).list.all(),
        ]
    return pl.all_horizontal(sides)


def tidy() -> pl.Expr:
    """True where the levels stand best first and none is empty."""
    bids, asks = pl.col("bid_px"), pl.col("ask_px")
    filled = [
        (pl.col(name).list.min() > 0).fill_null(value=True)
        for name in ("bid_sz", "ask_sz")
    ]
    return pl.all_horizontal(
        bids.list.sort(descending=True) == bids, asks.list.sort() == asks, *filled
    )


def tidied(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with levels best first, without empty levels; order is kept."""
    neat = frame.with_columns(tidy().alias("_tidy"))
    if neat["_tidy"].all():
        return frame
    rows = frame.select(LEVEL_COLUMNS).rows()
    put = [_best_first(*row) for row in rows]
    schema = dict.fromkeys(LEVEL_COLUMNS, pl.List(pl.Int64))
    return frame.with_columns(pl.DataFrame(put, schema=schema, orient="row"))


def _best_first(
    bid_px: list[int], bid_sz: list[int], ask_px: list[int], ask_sz: list[int]
) -> tuple[list[int], list[int], list[int], list[int]]:
    bids = {p: s for p, s in zip(bid_px, bid_sz, strict=True) if s}
    asks = {p: s for p, s in zip(ask_px, ask_sz, strict=True) if s}
    bid_px, ask_px = sorted(bids, reverse=True), sorted(asks)
    return bid_px, [bids[p] for p in bid_px], ask_px, [asks[p] for p in ask_px]


def _numbers(column: str, schema: pl.Schema) -> pl.Expr:
    listed = pl.col(column)
    if schema[column] == pl.String:
        listed = listed.str.json_decode(pl.List(pl.Float64))
    scaled = (pl.element().cast(pl.Float64, strict=False) * ONE).round(0)
    micro = listed.list.eval(scaled.cast(pl.Int64, strict=False))
    return micro.fill_null(pl.lit([], dtype=pl.List(pl.Int64)))
