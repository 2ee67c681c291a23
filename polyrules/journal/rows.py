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
    MarketResolved,
    OrderReported,
    Settled,
)
from polyrules.domain.ids import RunId
from polyrules.domain.money import ONE
from polyrules.domain.orders import PlaceOrder
from polyrules.domain.steps import Approved, Decision, Step, Verdict
from polyrules.journal.chain import VALUE_BYTES

LIFECYCLE = (OrderReported, Filled, Settled, MarketResolved, Halted)
PAIR = struct.Struct("<qq")  # (sequence, at) of a tick

Row = tuple[Any, ...]  # values in the order of the table's columns


def is_stored(step: Step) -> bool:
    """Return whether a Step is kept in full, or its chain value only."""
    return bool(
        isinstance(step.event, LIFECYCLE)
        or step.decisions
        or step.commands
        or step.alarms
    )


class Batch:
    """The rows of consecutive Steps of one run, on their way to the disk."""

    def __init__(self, run: RunId, first_sequence: int) -> None:
        self.first_sequence = first_sequence
        self.values = bytearray()
        self.ticks = bytearray()
        self.steps: list[Row] = []
        self.decisions: list[Row] = []
        self.orders: list[Row] = []
        self.fills: list[Row] = []
        self._run = run

    def __len__(self) -> int:
        return len(self.values) // VALUE_BYTES

    def add(self, step: Step, body: bytes, value: bytes) -> None:
        """Take the next Step, its canonical JSON and its chain value."""
        self.values += value
        event = step.event
        if is_stored(step):
            self._store(step, body, value)
        elif isinstance(event, ClockTicked):
            if event.venue_at is None:
                self.ticks += PAIR.pack(step.sequence, event.at)
            else:  # the pair could not say so
                self._store(step, body, value)

    def rows(self) -> dict[str, list[Row]]:
        """Return the rows by table; tables without any are left out."""
        first = (self._run, self.first_sequence)
        values = bytes(self.values)
        found: dict[str, list[Row]] = {
            "steps": self.steps,
            "decisions": self.decisions,
            "orders": self.orders,
            "fills": self.fills,
            "ticks": [(*first, bytes(self.ticks))] if self.ticks else [],
            "chain": [(*first, values, seal(values))],
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


def seal(values: bytes) -> bytes:
    """Return 16 bytes of blake2b over a block of chain values."""
    return hashlib.blake2b(values, digest_size=VALUE_BYTES).digest()


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
