"""What a journal holds, as values: how a run began, how it ended, what it did."""

from decimal import Decimal
from typing import Any

import msgspec

from polyrules.domain.events import Filled
from polyrules.domain.ids import MarketId, RunId, StrategyId, TokenId
from polyrules.domain.limits import Limits
from polyrules.domain.money import Shares, Usd
from polyrules.domain.orders import Order, OrderStatus
from polyrules.domain.steps import Decision, Verdict


class StrategySource(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy of a run, with its whole text: a run is replayed from its journal.

    `digest` is that of the checked file, `params` the values it ran with, `settings`
    those among them that the user gave, `bases` the texts of the files it stands on,
    by path.
    """

    id: StrategyId
    path: str
    text: str
    digest: str
    params: dict[str, float | bool | str] = {}
    settings: dict[str, str] = {}
    bases: dict[str, str] = {}


class TapeSource(msgspec.Struct, frozen=True, kw_only=True):
    """The tape a run reads: where it was, and the hash of what it held.

    A live run writes its own tape: the hash is "" until the run has ended, and for ever
    if it was killed.
    """

    path: str
    content_hash: str


class RunSpec(msgspec.Struct, frozen=True, kw_only=True):
    """All a run was started with; enough to start it again.

    Attributes:
        started_at: Wall time [microseconds UTC].
        mode: paper, replay, ...: what the application calls it.
        tick: Interval of the clock's ticks [microseconds].
        max_age: By feed, after how many microseconds it is stale; None: never.
        version: The polyrules that ran it.
        inputs: Whatever else the application wants back, as plain JSON values.
    """

    id: RunId
    started_at: int
    mode: str
    strategies: tuple[StrategySource, ...]
    limits: Limits
    bankroll: Usd
    tape: TapeSource | None = None
    tick: int
    max_age: dict[str, int | None] = {}
    version: str
    inputs: dict[str, Any] = {}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run as the journal knows it.

    `ended_at`, `end_reason`, `summary` and `steps` are None while it runs, and for ever
    if it was killed.
    """

    spec: RunSpec
    ended_at: int | None = None
    end_reason: str | None = None
    summary: dict[str, Any] | None = None
    steps: int | None = None

    @property
    def id(self) -> RunId:
        """The run's name."""
        return self.spec.id


class DecisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A decision, its verdict and the Step in which they were taken."""

    sequence: int
    at: int
    decision: Decision
    verdict: Verdict


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """An order, when it left, and how far it got.

    `reason` is the last one given: why it was rejected or cancelled. `cost` is what the
    fills moved [usd], without `fees`.
    """

    sequence: int
    at: int
    order: Order
    status: OrderStatus
    filled: Shares
    cost: Decimal
    fees: Decimal
    reason: str


class FillRow(msgspec.Struct, frozen=True, kw_only=True):
    """A fill, and the Step that told of it."""

    sequence: int
    fill: Filled


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """All that one strategy did in one token.

    `shares` and `cost` [usd, without fees] are what is still held, 0 for a position
    that is closed; `realised` is after `fees`.
    """

    strategy: StrategyId
    market: MarketId
    token: TokenId
    shares: Decimal
    cost: Decimal
    opened_at: int
    bought: Decimal
    realised: Decimal
    fees: Decimal


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing wrong with a stored run, and at which Step."""

    sequence: int
    message: str

    def __str__(self) -> str:
        """Return `step N: what is wrong`."""
        return f"step {self.sequence}: {self.message}"
