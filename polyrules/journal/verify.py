"""Is a stored run what was written? Every byte that can be held against another is.

A Step kept in full is held against the chain, a tick against the chain (its Step can be
made again from its time), a block of chain values against its seal, and the queryable
rows against the bodies they were made from. What a Step that is not kept contained only
a replay can tell.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Table, select

from polyrules.domain.events import ClockTicked, Filled
from polyrules.domain.ids import RunId
from polyrules.domain.steps import Step
from polyrules.journal.chain import SEED, VALUE_BYTES, decode, encode, link
from polyrules.journal.database import Database
from polyrules.journal.reading import PAGE, fetch
from polyrules.journal.records import Fault, Run
from polyrules.journal.rows import (
    PAIR,
    STORED,
    TICK,
    Row,
    decision_rows,
    fill_row,
    order_rows,
    seal,
)
from polyrules.journal.tables import CHAIN, DECISIONS, FILLS, ORDERS, STEPS, TICKS


def first_fault(database: Database, run: Run) -> Fault | None:
    """Return the first thing wrong with a run, None if all fits."""
    faults = [
        fault
        for fault in (
            _Bodies(database, run).first_fault(),
            _rows_fault(database, run.id),
        )
        if fault is not None
    ]
    return min(faults, key=lambda fault: fault.sequence, default=None)


class _Bodies:
    """Walks the chain and holds every stored Step and tick against it."""

    def __init__(self, database: Database, run: Run) -> None:
        self._run = run
        self._steps = _pages(database, STEPS, run.id, "sequence", "body", "value")
        self._ticks = _ticks(database, run.id)
        self._blocks = _pages(
            database, CHAIN, run.id, "first_sequence", "chain_values", "kept", "seal"
        )

    def first_fault(self) -> Fault | None:
        last, value = 0, SEED
        for first, values, kept, sealed in self._blocks:
            if first != last + 1:
                return Fault(sequence=last + 1, message="its chain value is missing")
            end = last + len(kept)
            if seal(values, kept) != sealed:
                message = f"a chain value from here to step {end} was changed"
                return Fault(sequence=first, message=message)
            for index, mark in enumerate(kept):
                last, before = last + 1, value
                value = values[index * VALUE_BYTES : (index + 1) * VALUE_BYTES]
                fault = self._fault(last, bytes((mark,)), before, value)
                if fault is not None:
                    return fault
        return self._end_fault(last)

    def _fault(
        self, sequence: int, kept: bytes, before: bytes, value: bytes
    ) -> Fault | None:
        if kept == STORED:
            step = next(self._steps, (0, b"", b""))
            return _step_fault(sequence, step, before, value, self._run.id)
        if kept == TICK:
            event = ClockTicked(at=next(self._ticks, 0))
            body = encode(Step(run=self._run.id, sequence=sequence, event=event))
            if link(before, body) != value:
                message = "the time of its tick was changed or is missing"
                return Fault(sequence=sequence, message=message)
        return None

    def _end_fault(self, last: int) -> Fault | None:
        wanted = self._run.steps
        if wanted is not None and last != wanted:
            message = f"the chain ends after {last} of {wanted} steps"
            return Fault(sequence=last + 1, message=message)
        step = next(self._steps, None)
        if step is not None:
            return Fault(sequence=step[0], message="the chain has no value for it")
        if next(self._ticks, None) is not None:
            message = "there are more ticks than the chain has"
            return Fault(sequence=last + 1, message=message)
        return None


def _ticks(database: Database, run: RunId) -> Iterator[int]:
    for (pairs,) in _pages(database, TICKS, run, "pairs"):
        whole = len(pairs) // PAIR.size * PAIR.size
        for _, at in PAIR.iter_unpack(pairs[:whole]):
            yield at


def _step_fault(
    sequence: int, stored: Row, before: bytes, value: bytes, run: RunId
) -> Fault | None:
    found, body, own_value = stored
    if found != sequence:
        message = "it was kept in full and is missing"
    elif link(before, body) != value:
        message = "its body was changed: the chain does not vouch for it"
    elif own_value != value:
        message = "its own chain value was changed"
    else:
        return _content_fault(sequence, body, run)
    return Fault(sequence=sequence, message=message)


def _content_fault(sequence: int, body: bytes, run: RunId) -> Fault | None:
    try:
        step = decode(body)
    except msgspec.MsgspecError as error:
        return Fault(sequence=sequence, message=f"its body cannot be read: {error}")
    if (step.run, step.sequence) != (run, sequence):
        found = f"step {step.sequence} of run {step.run}"
        return Fault(sequence=sequence, message=f"its body is that of {found}")
    return None


def _rows_fault(database: Database, run: RunId) -> Fault | None:
    """Return the first Step whose queryable rows are not those of its body."""
    stored: dict[str, Iterator[Row]] = {
        table.name: _pages(database, table, run, *table.columns.keys())
        for table in (DECISIONS, ORDERS, FILLS)
    }
    for sequence, body in _pages(database, STEPS, run, "sequence", "body"):
        try:
            step = decode(body)
        except msgspec.MsgspecError:
            return None  # the bodies' own check names it
        for name, rows in _made_of(step).items():
            for row in rows:
                if tuple(next(stored[name], ())) != row:
                    message = f"its row in {name} is not what its body says"
                    return Fault(sequence=sequence, message=message)
    for name, rest in stored.items():
        extra = next(rest, None)
        if extra is not None:
            message = f"its row in {name} belongs to no stored step"
            return Fault(sequence=extra[1], message=message)
    return None


def _made_of(step: Step) -> dict[str, list[Row]]:
    event = step.event
    return {
        "decisions": decision_rows(step),
        "orders": order_rows(step),
        "fills": [fill_row(step, event)] if isinstance(event, Filled) else [],
    }


def _pages(
    database: Database, table: Table, run: RunId, *columns: str
) -> Iterator[Row]:
    """Yield the named columns of a run's rows, in the order of the primary key."""
    keys = [column for column in table.primary_key.columns if column.name != "run"]
    offset = 0
    while True:
        query: Any = (
            select(*(table.c[name] for name in columns))
            .where(table.c.run == run)
            .order_by(*keys)
            .offset(offset)
        )
        page = fetch(database, query, PAGE)
        yield from (tuple(row) for row in page)
        offset += len(page)
        if len(page) < PAGE:
            return
