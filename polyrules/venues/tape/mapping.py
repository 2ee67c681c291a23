"""A mapping file: how the columns of someone's tables become events.

It says which file holds what, in which column, and what has to be assumed because the
tables do not say it. Everything assumed ends as a sentence in the tape's manifest. A
mapping cannot express "the last row's date": nothing is ever taken from a later row.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from polyrules.documents import quantities
from polyrules.domain.market import Listing
from polyrules.domain.money import to_micros
from polyrules.errors import InputError
from polyrules.venues.tape.manifest import FlaggedPrices

DURATION = f"^-?{quantities.DURATION.removeprefix('^')}"  # shifts go both ways
MOST = Decimal(10**12)  # what a tape's 64 bits of micro-units hold, and no one has
# msgspec names the wrong word but not the right ones.
EXPECTED = {
    "rows": "books, top_of_book, price_series, trades, markets or outcomes",
    "unit": "s, ms, us, ns or datetime",
    "polyrules_mapping": "1",
}

Duration = Annotated[
    str,
    msgspec.Meta(
        pattern=DURATION, description="A length of time: 54s, 30m, 600s, 4h, 2d."
    ),
]
Column = Annotated[str, msgspec.Meta(min_length=1, description="Name of a column.")]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all parts of a mapping share: no key is ever ignored."""


class Time(_Part, frozen=True, kw_only=True):
    """A column of times, UTC unless the text says otherwise.

    `unit` is that of a number since 1970; "datetime" is a date column or ISO text.
    `shift` is added to every time.
    """

    column: Column
    unit: Literal["s", "ms", "us", "ns", "datetime"] = "datetime"
    shift: Duration = "0s"


class Outcome(_Part, frozen=True, kw_only=True):
    """A column that says which token a row is about, and its words for YES and NO."""

    column: Column
    is_yes: str
    is_no: str


class TakerSide(_Part, frozen=True, kw_only=True):
    """A column that says what the taker did, and its words for it."""

    column: Column
    buy: str = "BUY"
    sell: str = "SELL"


class Winner(_Part, frozen=True, kw_only=True):
    """A column with the winner's name, and the columns with the names of the two."""

    column: Column
    yes_name: Column
    no_name: Column


class Facts(_Part, frozen=True, kw_only=True):
    """Columns with what was known of a market when it was listed.

    They are read from the market's earliest row and from no other.
    """

    slug: Column | None = None
    question: Column | None = None
    group: Column | None = None
    category: Column | None = None
    yes_token: Column | None = None
    no_token: Column | None = None
    tick: Column | None = None
    size_min: Column | None = None
    fee_rate: Column | None = None
    neg_risk: Column | None = None
    start: Time | None = None
    end: Time | None = None


class Levels(_Part, frozen=True, kw_only=True):
    """Columns with lists of prices [usd/share] and sizes [shares], in any order."""

    bid_px: Column
    bid_sz: Column
    ask_px: Column
    ask_sz: Column


class Top(_Part, frozen=True, kw_only=True):
    """Columns with the best prices of one token; an empty cell is an empty side."""

    bid: Column
    bid_size: Column
    ask: Column
    ask_size: Column
    venue_at: Time | None = None


class _Table(_Part, frozen=True, kw_only=True, tag_field="rows"):
    """`file` is matched with the names of the files given; `*` stands for anything."""

    market: Column
    file: str = "*"
    facts: Facts = Facts()


class Books(_Table, frozen=True, kw_only=True, tag="books"):
    """Rows are books with their levels; without `token` they are all of YES."""

    at: Time
    levels: Levels
    token: Outcome | None = None
    venue_at: Time | None = None


class TopOfBook(_Table, frozen=True, kw_only=True, tag="top_of_book"):
    """Rows are best prices of YES, of NO, or of both.

    `news_of` says which of the two tokens a row brought news of; only that is taken.
    """

    at: Time
    yes_book: Top
    no_book: Top | None = None
    news_of: Outcome | None = None


class PriceSeries(_Table, frozen=True, kw_only=True, tag="price_series"):
    """Rows are prices of YES. They need `assume.book`: a price is no book."""

    at: Time
    price: Column


class Trades(_Table, frozen=True, kw_only=True, tag="trades"):
    """Rows are trades of strangers; without `token` they are all of YES."""

    at: Time
    price: Column
    size: Column
    side: TakerSide
    token: Outcome | None = None
    transaction: Column | None = None


class Markets(_Table, frozen=True, kw_only=True, tag="markets"):
    """Rows are markets. With `listed` they stand from then on, else from their rows."""

    listed: Time | None = None


class Outcomes(_Table, frozen=True, kw_only=True, tag="outcomes"):
    """Rows are answers, told at `at` plus `assume.resolution_delay`.

    `payout_yes` is a column with 1, 0, 0.5 or nothing; `winner` compares names; `void`
    is a column that is 1 or true where both tokens paid half.
    """

    at: Time
    payout_yes: Column | None = None
    winner: Winner | None = None
    void: Column | None = None


RowTable = Books | TopOfBook | PriceSeries | Trades
Table = RowTable | Markets | Outcomes


class Constants(_Part, frozen=True, kw_only=True):
    """What is true of every market of the tables, or is taken to be."""

    tick: Decimal | None = None
    size_min: Decimal | None = None
    fee_rate: Decimal | None = None
    category: str | None = None
    neg_risk: bool | None = None
    accepting_orders: bool | None = None
    volume_total: float | None = None
    volume_24h: float | None = None
    volume_1w: float | None = None
    liquidity: float | None = None


class AssumedBook(_Part, frozen=True, kw_only=True):
    """A book of one level a side around a price: `spread` [usd], `depth` [shares]."""

    spread: Decimal
    depth: Decimal


class Assume(_Part, frozen=True, kw_only=True):
    """What the tables do not say.

    Attributes:
        book: The book around each price of a price series.
        book_stands: How long a book is good for; the catalog's 5 minutes otherwise.
        tick_interval: How often the clock ticks when the tape is played; the desk's
            tick otherwise.
        resolution_delay: From the time of an outcome row to its being known.
        tick_from_books: A price finer than the tick makes the tick finer from then on.
        flag_prices: Prices that may be from after the answer was known.
    """

    book: AssumedBook | None = None
    book_stands: Duration | None = None
    tick_interval: Duration | None = None
    resolution_delay: Duration = "0s"
    tick_from_books: bool = False
    flag_prices: FlaggedPrices | None = None


class Mapping(_Part, frozen=True, kw_only=True):
    """A whole mapping file, version 1. `notes` are sentences for the manifest."""

    polyrules_mapping: Literal[1]
    title: str
    tables: Annotated[tuple[Table, ...], msgspec.Meta(min_length=1)]
    constants: Constants = Constants()
    assume: Assume = Assume()
    notes: tuple[str, ...] = ()


def parse(data: object, path: str) -> Mapping:
    """Turn the plain data of a mapping file into a Mapping.

    Args:
        data: What a YAML reader made of the file.
        path: The file's name, for messages.

    Raises:
        InputError: A key is unknown, missing or of the wrong kind, or the parts do
            not fit together.
    """
    try:
        mapping = msgspec.convert(data, type=Mapping)
    except msgspec.ValidationError as error:
        raise InputError(
            f"{path}: {_told(error)}",
            hint="schemas/mapping.v1.json and examples/mappings show what may stand"
            " here",
        ) from error
    for place, amount in _amounts(mapping):
        _fits_a_tape(amount, f"{path}: {place}")
    tick = mapping.constants.tick
    if tick is not None and not 0 < tick < 1:
        raise InputError(f"{path}: constants.tick: must be inside (0, 1), was {tick}")
    book = mapping.assume.book
    if book and not (0 <= book.spread < 1 and book.depth > 0):
        raise InputError(
            f"{path}: assume.book: spread must be in [0, 1) and depth above 0, were"
            f" {book.spread} and {book.depth}"
        )
    for number, table in enumerate(mapping.tables):
        _fit(table, mapping.assume, f"{path}: tables[{number}]")
    return mapping


def micros(duration: Duration) -> int:
    """Return `duration` in microseconds, e.g. "54s" as 54,000,000."""
    length = quantities.parse_duration(duration.removeprefix("-"))
    assert length is not None, "a Duration was checked by its pattern"
    return -length if duration.startswith("-") else length


def listing(constants: Constants) -> Listing:
    """Return the part of the constants that a venue's listing would say."""
    return Listing(
        accepting_orders=constants.accepting_orders,
        volume_total=constants.volume_total,
        volume_24h=constants.volume_24h,
        volume_1w=constants.volume_1w,
        liquidity=constants.liquidity,
    )


def schema() -> bytes:
    """Return the JSON Schema of mapping files, as it stands in `schemas`."""
    described = msgspec.json.schema(Mapping)
    described["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    described["title"] = "polyrules mapping, version 1"
    return msgspec.json.format(msgspec.json.encode(described)) + b"\n"


def _told(error: msgspec.ValidationError) -> str:
    what, _, where = str(error).partition(" - at ")
    place = where.strip("`").removeprefix("$").removeprefix(".")
    what = what[:1].lower() + what[1:]
    words = EXPECTED.get(place.rpartition(".")[2])
    if words and what.startswith("invalid"):
        what = f"{what}, expected {words}"
    return f"{place}: {what}" if place else what


def _amounts(mapping: Mapping) -> Iterator[tuple[str, Decimal]]:
    """Yield every exact amount of `mapping` with its place."""
    parts = {"constants": mapping.constants, "assume.book": mapping.assume.book}
    for part, said in parts.items():
        if said is not None:
            for name, value in msgspec.structs.asdict(said).items():
                if isinstance(value, Decimal):
                    yield f"{part}.{name}", value


def _fits_a_tape(amount: Decimal, place: str) -> None:
    if amount.is_finite() and abs(amount) > MOST:
        raise InputError(f"{place}: must be at most 1e12, was {amount}")
    try:
        to_micros(amount)
    except ValueError:
        raise InputError(
            f"{place}: must have at most six decimals, was {amount}"
        ) from None


def _fit(table: Table, assume: Assume, place: str) -> None:
    if isinstance(table, PriceSeries) and assume.book is None:
        raise InputError(
            f"{place}: a price series needs assume.book, which is missing",
            hint="assume: {book: {spread: 0.002, depth: 500}}",
        )
    if isinstance(table, TopOfBook) and table.news_of and table.no_book is None:
        raise InputError(f"{place}: news_of needs no_book, the other token's columns")
    if isinstance(table, Outcomes) and (table.payout_yes is None) == (
        table.winner is None
    ):
        raise InputError(f"{place}: outcomes need payout_yes or winner, one of them")
