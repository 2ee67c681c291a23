"""Steps to rows: what of a Step is stored in full, and what its queryable columns say.

Pure: it opens no database. `Batch` gathers the rows of some consecutive Steps.
"""

import hashlib
import struct
from decimal import Decimal
from typing import Any

from polyrules.domain.events import (
    ClockTicked,
    Filled,
    Halted,
    MarketListed,
    MarketResolved,
    OrderReported,
    Settled,
)
from polyrules.domain.ids import RunId
from polyrules.domain.money import ONE
from polyrules.domain.orders import PlaceOrder
from polyrules.domain.steps import Approved, Decision, Step, Verdict
from polyrules.journal.chain import VALUE_BYTES

LIFECYCLE = (
    MarketListed,  # so that a run can be told in the names of its markets
    OrderReported,
    Filled,
    Settled,
    MarketResolved,
    Halted,
)
STORED, TICK, PLAIN = b"s", b"t", b"-"  # how much of a Step is kept
PAIR = struct.Struct("<qq")  # (sequence, at) of a tick

Row = tuple[Any, ...]  # values in the order of the table's columns


def kept_as(step: Step) -> bytes:
    """Return whether a Step is kept in full, as a tick, or by its chain value only."""
    event = step.event
    if step.decisions or step.commands or step.alarms or isinstance(event, LIFECYCLE):
        return STORED
    if isinstance(event, ClockTicked):
        # a pair of integers has no place for the venue's stamp
        return TICK if event.venue_at is None else STORED
    return PLAIN


class Batch:
    """The rows of consecutive Steps of one run, on their way to the disk."""

    def __init__(self, run: RunId, first_sequence: int) -> None:
        self.first_sequence = first_sequence
        self.values = bytearray()
        self.kept = bytearray()
        self.ticks = bytearray()
        self.steps: list[Row] = []
        self.decisions: list[Row] = []
        self.orders: list[Row] = []
        self.fills: list[Row] = []
        self._run = run

    def __len__(self) -> int:
        return len(self.kept)

    def add(self, step: Step, body: bytes, value: bytes) -> None:
        """Take the next Step, its canonical JSON and its chain value."""
        kept = kept_as(step)
        self.values += value
        self.kept += kept
        if kept == STORED:
            self._store(step, body, value)
        elif kept == TICK:
            self.ticks += PAIR.pack(step.sequence, step.event.at)

    def rows(self) -> dict[str, list[Row]]:
        """Return the rows by table; tables without any are left out."""
        first = (self._run, self.first_sequence)
        values, kept = bytes(self.values), bytes(self.kept)
        found: dict[str, list[Row]] = {
            "steps": self.steps,
            "decisions": self.decisions,
            "orders": self.orders,
            "fills": self.fills,
            "ticks": [(*first, bytes(self.ticks))] if self.ticks else [],
            "chain": [(*first, values, kept, seal(values, kept))],
        }
        return {table: rows for table, rows in found.items() if rows}

    def _store(self, step: Step, body: bytes, value: bytes) -> None:
        kind = type(step.event).__name__
        key = (self._run, step.sequence)
        self.steps.append((*key, step.event.at, kind, body, value))
        self.decisions += decision_rows(step)
        self.orders += order_rows(step)
        if isinstance(step.event, Filled):
            self.fills.append(fill_row(step, step.event))


def seal(values: bytes, kept: bytes) -> bytes:
    """Return 16 bytes of blake2b over a block of the chain."""
    return hashlib.blake2b(values + kept, digest_size=VALUE_BYTES).digest()


def decision_rows(step: Step) -> list[Row]:
    """Return one row for each decision of a Step, for the table `decisions`."""
    return [
        (step.run, step.sequence, ordinal, step.event.at, *_wish(decision, verdict))
        for ordinal, (decision, verdict) in enumerate(
            zip(step.decisions, step.verdicts, strict=True)
        )
    ]


def order_rows(step: Step) -> list[Row]:
    """Return one row for each order a Step places, for the table `orders`."""
    return [
        (
            step.run,
            step.sequence,
            ordinal,
            step.event.at,
            command.order.client_order_id,
            command.order.strategy,
            command.order.rule,
            command.order.market,
            command.order.token,
            command.order.side.value,
            _micros(command.order.price),
            _micros(command.order.size),
        )
        for ordinal, command in enumerate(step.commands)
        if isinstance(command, PlaceOrder)
    ]


def fill_row(step: Step, fill: Filled) -> Row:
    """Return the row of a fill, for the table `fills`."""
    return (
        step.run,
        step.sequence,
        fill.at,
        fill.client_order_id,
        fill.market,
        fill.token,
        fill.side.value,
        _micros(fill.price),
        _micros(fill.size),
        _micros(fill.fee),
        fill.maker,
    )


def _wish(decision: Decision, verdict: Verdict) -> Row:
    approved = isinstance(verdict, Approved)
    return (
        decision.strategy,
        decision.rule,
        decision.market,
        decision.token,
        decision.side.value,
        _micros(decision.price),
        _micros(decision.size),
        approved,
        _micros(verdict.size) if isinstance(verdict, Approved) else 0,
        verdict.cut_by if isinstance(verdict, Approved) else verdict.check,
        "" if isinstance(verdict, Approved) else verdict.reason,
    )


def _micros(amount: Decimal) -> int:
    """Return micro-units for a query; the exact amount stands in the Step's body."""
    return round(amount * ONE)
