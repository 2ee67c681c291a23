"""What a mapping takes for granted, in sentences that a summary can print."""

from collections.abc import Iterator

import msgspec

from polyrules.venues.tape.mapping import (
    Mapping,
    PriceSeries,
    Table,
    Time,
    TopOfBook,
)


def sentences(mapping: Mapping) -> tuple[str, ...]:
    """Return every assumption of `mapping`, one sentence each."""
    told = [*_constants(mapping), *_assume(mapping)]
    for table in mapping.tables:
        told += _table(table)
    return (*dict.fromkeys(told), *mapping.notes)


def _constants(mapping: Mapping) -> Iterator[str]:
    said = msgspec.structs.asdict(mapping.constants)
    for name, value in said.items():
        if value is not None:
            yield f"{name} is {_plain(value)} for every market, all the time."
    ticks = (table.facts.tick for table in mapping.tables)
    if mapping.constants.tick is None and not any(ticks):
        yield "The tick is 0.01 for every market, as no table states it."
    if mapping.constants.size_min is None and not any(
        table.facts.size_min for table in mapping.tables
    ):
        yield "The smallest order is 5 shares, as no table states it."


def _assume(mapping: Mapping) -> Iterator[str]:
    assume = mapping.assume
    if assume.book:
        yield (
            f"Books are assumed: one level a side, {assume.book.spread} apart around"
            f" the price, rounded outward to the tick, {assume.book.depth} shares deep;"
            " taken size comes back only with the next price."
        )
    if assume.book_stands:
        yield f"A book stands for {assume.book_stands}."
    if assume.tick_from_books:
        yield (
            "The tick becomes 0.001 or 0.0001 when a book first shows such a price;"
            " the venue may have changed it earlier."
        )
    if assume.tick_interval:
        yield f"The clock ticks every {assume.tick_interval}."
    if assume.flag_prices:
        flags = assume.flag_prices
        yield (
            f"Prices of YES up to {flags.below} or from {flags.above} may be from"
            " after the answer was known; they are on the tape, and calibration leaves"
            " them out."
        )


def _table(table: Table) -> Iterator[str]:
    match table:
        case TopOfBook():
            yield "Only the best prices were recorded: deeper levels are missing."
        case PriceSeries():
            yield f'Column "{table.price}" is taken to be the mid price of YES.'
        case _:
            pass


def answers_known(mapping: Mapping, at: Time) -> str:
    """Return the sentence on when answers become known."""
    after = mapping.assume.resolution_delay
    shift = "" if at.shift == "0s" else f" moved by {at.shift}"
    time = f'the time in "{at.column}"{shift}'
    return f"An answer is known {after} after {time}, not before."


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
