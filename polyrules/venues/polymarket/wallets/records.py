"""How well a wallet did: how many of its settled positions won, and how busy it is.

Positions that lost are often never redeemed, so they stay among the open ones for ever;
both lists are read. Only a stretch of time that both cover counts: else the winners,
which are closed, would be compared with all losers since the beginning.
"""

from collections.abc import Iterable

import msgspec

from polyrules.domain.moments import DAY, SECOND
from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.data_api import (
    Activity,
    ClosedPosition,
    DataApi,
    Position,
    Rows,
)
from polyrules.venues.polymarket.wallets.fills import TRADE, Key, fill_of
from polyrules.venues.polymarket.wire import Number, decimal, iso, time

CLOSED_MOST = 500
REDEEMABLE_MOST = 500
BUSY = 30 * DAY


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a wallet did so far. None where nobody could tell.

    Attributes:
        win_rate: Share of its settled positions that won, 0 to 1.
        settled: How many positions that is of.
        trades_30d: Its trades in 30 days; a lower bound from 10,500 on.
    """

    win_rate: float | None = None
    settled: int = 0
    trades_30d: int | None = None


async def record_of(data: DataApi, wallet: str, now: int, health: Health) -> Record:
    """Ask what a wallet did so far; what cannot be learned is None, and counted.

    Args:
        data: Who to ask.
        wallet: The wallet.
        now: Microseconds UTC.
        health: Counts what failed ("wallet_records", …).
    """
    won, settled = 0, 0
    trades: int | None = None
    try:
        closed = await data.closed_positions(wallet, at_most=CLOSED_MOST)
        held = await data.positions(wallet, redeemable=True, at_most=REDEEMABLE_MOST)
        won, settled = results(closed, held.rows)
        trades = await _trades(data, wallet, now)
    except VenueError as error:
        health.count("wallet_records", type(error).__name__)
    return Record(
        win_rate=won / settled if settled else None, settled=settled, trades_30d=trades
    )


def results(closed: Rows[ClosedPosition], held: Iterable[Position]) -> tuple[int, int]:
    """Return how many positions won, and how many are settled.

    Args:
        closed: What was closed, the latest first.
        held: What is still held of it.
    """
    ends = [at for row in closed.rows if (at := _moment(row.timestamp)) is not None]
    since = min(ends, default=0) if not closed.complete else 0
    gains = [_number(row.realized_pnl) for row in closed.rows]
    gains += [
        _gain(row) for row in held if row.redeemable and _ended(row.end_date) >= since
    ]
    known = [gain for gain in gains if gain is not None]
    return sum(gain > 0 for gain in known), len(known)


async def _trades(data: DataApi, wallet: str, now: int) -> int:
    start = (now - BUSY) // SECOND
    told = await data.activity(wallet, start=start, types=(TRADE,))
    return len({key for row in told.rows if (key := _key(row, now)) is not None})


def _key(row: Activity, now: int) -> Key | None:
    try:
        return fill_of(row, now).key
    except UnexpectedReply:
        return None


def _gain(row: Position) -> float | None:
    """Return what was gained, sold shares and unredeemed ones together [usd]."""
    sold, left = _number(row.realized_pnl), _number(row.cash_pnl)
    return None if sold is None and left is None else (sold or 0.0) + (left or 0.0)


def _number(value: Number) -> float | None:
    try:
        told = decimal(value)
    except UnexpectedReply:
        return None
    return None if told is None else float(told)


def _moment(value: Number) -> int | None:
    try:
        return time(value)
    except UnexpectedReply:
        return None


def _ended(text: str | None) -> int:
    """Return when a market was to end [microseconds UTC], 0 where nobody says."""
    try:
        return iso(text) if text else 0
    except UnexpectedReply:
        return 0
