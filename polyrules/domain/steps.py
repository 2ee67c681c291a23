"""What the engine concluded from one event: the unit of journal, replay and audit."""

from decimal import Decimal

import msgspec

from polyrules.domain.events import Event
from polyrules.domain.ids import MarketId, RunId, StrategyId, TokenId
from polyrules.domain.money import Price, Shares, Side
from polyrules.domain.orders import Command, TimeInForce

Value = float | bool | str | None  # None is missing


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule's wish for one row, with the values it read.

    `size` is what sizing proposed [shares]; the verdict says what risk left of it.
    `fair`, `edge` [usd/share] and `confidence` [1] are the rule's own claims.
    """

    strategy: StrategyId
    rule: str
    market: MarketId
    token: TokenId
    side: Side
    price: Price
    size: Shares
    values: dict[str, Value]
    fair: float | None = None
    edge: float | None = None
    confidence: float | None = None
    reason: str = ""
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    ttl: int | None = None  # microseconds
    reduces: bool = False  # an exit: it can only make a position smaller
    legs: int = 0  # of a basket: how many orders it has; all are carried out, or none


class Approved(msgspec.Struct, frozen=True, kw_only=True, tag="Approved"):
    """Risk let the decision pass at `size` [shares]; `cut_by` says who made it less."""

    size: Shares
    cut_by: str = ""


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="Refused"):
    """Risk stopped the decision: which check, and why, with both numbers."""

    check: str
    reason: str


Verdict = Approved | Refused


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event and everything that followed from it.

    `verdicts[i]` answers `decisions[i]`. `sequence` counts from 1 in a run.
    """

    run: RunId
    sequence: int
    event: Event
    decisions: tuple[Decision, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    commands: tuple[Command, ...] = ()
    alarms: tuple[str, ...] = ()


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """What a portfolio is worth at some moment [usd]; `drawdown` is a share of 1."""

    equity: Decimal
    realised: Decimal
    open: Decimal
    fees: Decimal
    drawdown: Decimal
