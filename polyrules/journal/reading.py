"""Read models: what the stored Steps of a run say, folded into values.

Nothing is read from the queryable columns but which Steps to look at: the bodies say
the rest, exactly. A body that the chain does not vouch for is never returned.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, select, true
from sqlalchemy.exc import SQLAlchemyError

from polyrules.domain.events import (
    ClockTicked,
    Event,
    Filled,
    Halted,
    MarketListed,
    OrderReported,
    Settled,
)
from polyrules.domain.ids import (
    ClientOrderId,
    MarketId,
    RunId,
    StrategyId,
    TokenId,
)
from polyrules.domain.market import Market, merged
from polyrules.domain.money import ZERO, Shares, Side, Usd
from polyrules.domain.orders import (
    Order,
    OrderStatus,
    PlaceOrder,
    Report,
    advance,
)
from polyrules.domain.portfolio import Portfolio
from polyrules.domain.steps import Step
from polyrules.errors import JournalError
from polyrules.journal.chain import SEED, VALUE_BYTES, decode, link
from polyrules.journal.database import Database
from polyrules.journal.failures import explain
from polyrules.journal.records import DecisionRow, FillRow, Holding, OrderRow
from polyrules.journal.rows import PAIR, Row
from polyrules.journal.tables import CHAIN, DECISIONS, ORDERS, STEPS, TICKS

PAGE = 1_000  # rows fetched at a time
INPUT_KINDS = tuple(
    kind.__name__ for kind in (ClockTicked, OrderReported, Filled, Settled, Halted)
)

Value = tuple[int, bytes]  # sequence and chain value


def fetch(
    database: Database, query: Select[Any], limit: int | None = None
) -> list[Row]:
    """Return the rows of a query.

    Raises:
        JournalError: The database cannot be read.
    """
    try:
        with database.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query.limit(limit))]
    except SQLAlchemyError as error:
        raise explain(error, database.name) from error


def chain(database: Database, run: RunId) -> Iterator[Value]:
    """Yield (sequence, chain value) from 1 on, up to the first gap."""
    expected = 1
    while True:
        blocks = fetch(
            database,
            select(CHAIN.c.first_sequence, CHAIN.c.chain_values)
            .where(CHAIN.c.run == run, CHAIN.c.first_sequence >= expected)
            .order_by(CHAIN.c.first_sequence),
            PAGE,
        )
        for first, values in blocks:
            if first != expected:
                return
            for start in range(0, len(values), VALUE_BYTES):
                yield expected, values[start : start + VALUE_BYTES]
                expected += 1
        if len(blocks) < PAGE:
            return


def of_kind(*kinds: str) -> ColumnElement[bool]:
    """Return the condition that a Step's event is one of some kinds; all if none."""
    return STEPS.c.kind.in_(kinds) if kinds else true()


def steps(
    database: Database, run: RunId, which: ColumnElement[bool] | None = None
) -> Iterator[Step]:
    """Yield the stored Steps of a run in order, each as the chain vouches for it.

    Raises:
        JournalError: A Step is not what the chain says it was.
    """
    values = _Values(database, run)
    after = 0
    while True:
        query = (
            select(STEPS.c.sequence, STEPS.c.body, STEPS.c.value)
            .where(STEPS.c.run == run, STEPS.c.sequence > after)
            .where(true() if which is None else which)
            .order_by(STEPS.c.sequence)
        )
        page = fetch(database, query, PAGE)
        for sequence, body, value in page:
            before = values.at(sequence - 1)
            if before is None or values.at(sequence) is None:
                return  # past the durable prefix
            if link(before, body) != value:
                raise _not_vouched(database, run, sequence)
            yield _decode(database, run, sequence, body)
            after = sequence
        if len(page) < PAGE:
            return


def inputs(database: Database, run: RunId) -> Iterator[tuple[int, Event]]:
    """Yield (sequence, event) of every event that came from no tape, in order."""
    ticks = _ticks(database, run)
    tick = next(ticks, None)
    for step in steps(database, run, of_kind(*INPUT_KINDS)):
        while tick is not None and tick[0] < step.sequence:
            yield tick
            tick = next(ticks, None)
        yield step.sequence, step.event
    while tick is not None:
        yield tick
        tick = next(ticks, None)


def decisions(
    database: Database, run: RunId, wanted: Mapping[str, Any], limit: int | None
) -> list[DecisionRow]:
    """Return the decisions whose columns are what is `wanted`; None asks nothing.

    A tuple asks for any of its values.
    """
    query = (
        select(DECISIONS.c.sequence, DECISIONS.c.ordinal)
        .where(DECISIONS.c.run == run)
        .order_by(DECISIONS.c.sequence.desc(), DECISIONS.c.ordinal.desc())
    )
    for column, value in wanted.items():
        if isinstance(value, tuple):
            query = query.where(DECISIONS.c[column].in_(value))
        elif value is not None:
            query = query.where(DECISIONS.c[column] == value)
    ordinals: dict[int, list[int]] = {}
    for sequence, ordinal in reversed(fetch(database, query, limit)):
        ordinals.setdefault(sequence, []).append(ordinal)
    if not ordinals:
        return []
    since = STEPS.c.sequence >= min(ordinals)
    return [
        DecisionRow(
            sequence=step.sequence,
            at=step.event.at,
            decision=step.decisions[ordinal],
            verdict=step.verdicts[ordinal],
        )
        for step in steps(database, run, since)
        for ordinal in ordinals.get(step.sequence, ())
    ]


def markets(database: Database, run: RunId) -> dict[MarketId, Market]:
    """Return the markets of a run as they were listed, by id, in that order."""
    found: dict[MarketId, Market] = {}
    for step in steps(database, run, of_kind(MarketListed.__name__)):
        assert isinstance(step.event, MarketListed), "this kind was asked for"
        said = step.event.market
        known = found.get(said.id)
        found[said.id] = said if known is None else merged(known, said)
    return found


def fills(database: Database, run: RunId) -> list[FillRow]:
    """Return the fills of a run, in order."""
    return [
        FillRow(sequence=step.sequence, fill=step.event)
        for step in steps(database, run, of_kind(Filled.__name__))
        if isinstance(step.event, Filled)
    ]


class _Track(msgspec.Struct):
    """An order under way through the Steps."""

    sequence: int
    at: int
    order: Order
    status: OrderStatus = OrderStatus.SUBMITTED
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    fees: Decimal = ZERO
    reason: str = ""

    def take(self, fill: Filled) -> None:
        self.filled += fill.size
        self.cost += fill.price * fill.size
        self.fees += fill.fee
        whole = self.filled == self.order.size
        self.status = advance(
            self.status, Report.FILLED_WHOLE if whole else Report.FILLED_PART
        )


def orders(database: Database, run: RunId) -> list[OrderRow]:
    """Return the orders of a run and what became of each, in order."""
    tracks: dict[ClientOrderId, _Track] = {}
    for step in steps(database, run):
        event = step.event
        if isinstance(event, OrderReported):
            track = tracks[event.client_order_id]
            track.status = advance(track.status, event.report)
            track.reason = event.reason or track.reason
        elif isinstance(event, Filled):
            tracks[event.client_order_id].take(event)
        for command in step.commands:
            if isinstance(command, PlaceOrder):
                order = command.order
                tracks[order.client_order_id] = _Track(
                    sequence=step.sequence, at=event.at, order=order
                )
    return [
        OrderRow(
            sequence=track.sequence,
            at=track.at,
            order=track.order,
            status=track.status,
            filled=Shares(track.filled),
            cost=track.cost,
            fees=track.fees,
            reason=track.reason,
        )
        for track in tracks.values()
    ]


class _Ownership(msgspec.Struct):
    """What a strategy did in one token: its own little portfolio, of no cash."""

    market: MarketId
    opened_at: int
    portfolio: Portfolio
    bought: Decimal = ZERO


_Owner = tuple[StrategyId, TokenId]


def positions(database: Database, run: RunId) -> list[Holding]:
    """Return what each strategy did in each token it held, in order of opening."""
    owned: dict[_Owner, _Ownership] = {}
    strategies: dict[ClientOrderId, StrategyId] = {}
    placing = select(ORDERS.c.sequence).where(ORDERS.c.run == run)
    wanted = of_kind(Filled.__name__, Settled.__name__) | STEPS.c.sequence.in_(placing)
    for step in steps(database, run, wanted):
        match step.event:
            case Filled() as fill:
                _own_fill(owned, strategies[fill.client_order_id], fill)
            case Settled() as paid:
                _own_settlement(owned, paid)
            case _:
                pass
        for command in step.commands:
            if isinstance(command, PlaceOrder):
                order = command.order
                strategies[order.client_order_id] = order.strategy
    return [_holding(*owner, own) for owner, own in owned.items()]


def _own_fill(
    owned: dict[_Owner, _Ownership], strategy: StrategyId, fill: Filled
) -> None:
    own = owned.get((strategy, fill.token))
    if own is None:
        own = _Ownership(fill.market, fill.at, Portfolio(Usd(ZERO)))
        owned[strategy, fill.token] = own
    own.portfolio.apply(fill)
    if fill.side is Side.BUY:
        own.bought += fill.price * fill.size


def _own_settlement(owned: dict[_Owner, _Ownership], paid: Settled) -> None:
    """Pay every strategy for the shares it holds; together they are those paid."""
    for (_, token), own in owned.items():
        held = own.portfolio.positions.get(token)
        if token == paid.token and held is not None:
            own.portfolio.apply(msgspec.structs.replace(paid, size=held.shares))


def _holding(strategy: StrategyId, token: TokenId, own: _Ownership) -> Holding:
    held = own.portfolio.positions.get(token)
    return Holding(
        strategy=strategy,
        market=own.market,
        token=token,
        shares=held.shares if held else ZERO,
        cost=held.cost if held else ZERO,
        opened_at=held.opened_at if held else own.opened_at,
        bought=own.bought,
        realised=own.portfolio.realised,
        fees=own.portfolio.fees,
    )


def _ticks(database: Database, run: RunId) -> Iterator[tuple[int, Event]]:
    after = 0
    while True:
        blocks = fetch(
            database,
            select(TICKS.c.first_sequence, TICKS.c.pairs)
            .where(TICKS.c.run == run, TICKS.c.first_sequence > after)
            .order_by(TICKS.c.first_sequence),
            PAGE,
        )
        for first, pairs in blocks:
            for sequence, at in PAIR.iter_unpack(pairs):
                yield sequence, ClockTicked(at=at)
            after = first
        if len(blocks) < PAGE:
            return


class _Values:
    """Chain values looked up by rising sequence, a window of the chain at a time."""

    def __init__(self, database: Database, run: RunId) -> None:
        self._chain = chain(database, run)
        self._window = {0: SEED}
        self._last = 0

    def at(self, sequence: int) -> bytes | None:
        """Return the value after a Step, or None past the durable prefix.

        A sequence may be asked for again only until a later one was.
        """
        while self._last < sequence:
            following = next(self._chain, None)
            if following is None:
                return None
            self._last, value = following
            self._window[self._last] = value
            self._window.pop(self._last - 2, None)
        return self._window.get(sequence)


def _decode(database: Database, run: RunId, sequence: int, body: bytes) -> Step:
    try:
        return decode(body)
    except msgspec.MsgspecError as error:
        raise JournalError(
            f"journal {database.name}: step {sequence} of run {run} cannot be read: "
            f"{error}",
            hint="restore a copy of the journal",
        ) from error


def _not_vouched(database: Database, run: RunId, sequence: int) -> JournalError:
    return JournalError(
        f"journal {database.name}: step {sequence} of run {run} was changed after it "
        "was written: the chain does not vouch for it",
        hint="restore a copy of the journal",
    )
