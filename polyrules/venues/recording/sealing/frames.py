"""Events as rows of a tape, many at once, and none that would come back as another.

Rows go through JSON into columns, which is three times as fast as one by one. Where a
number may be too large for its column, each event is tried alone and compared with what
comes back.
"""

import io
import re

import msgspec
import polars as pl

from polyrules.domain.events import Event
from polyrules.venues.tape import rows

# An integer beyond 64 bits has 19 digits; one inside a text only costs time.
LONG = re.compile(rb"[:\[,]-?[0-9]{19}")
UNFIT = (OverflowError, TypeError, ValueError, pl.exceptions.PolarsError)
_ENCODER = msgspec.json.Encoder()


def to_frame(events: list[Event]) -> tuple[pl.DataFrame, int]:
    """Return the rows of the events that fit into a tape, and how many do not.

    Order is kept; `seq` is null.
    """
    if not events:
        return rows.to_frame(events), 0
    try:
        lines = _ENCODER.encode_lines([rows.to_row(event) for event in events])
        if LONG.search(lines) is None:
            found = pl.read_ndjson(io.BytesIO(lines), schema=rows.SCHEMA)
            return found.select(rows.COLUMNS), 0
    except UNFIT:
        pass  # one of them does not fit: which, is found out below
    fit = [event for event in events if _fits(event)]
    return rows.to_frame(fit), len(events) - len(fit)


def _fits(event: Event) -> bool:
    try:
        (again,) = rows.to_events(rows.to_frame([event]))
    except UNFIT:
        return False
    return again == event
