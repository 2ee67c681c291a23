"""Rows of the Data API as the venue sends them: every field may be absent or null.

Numbers come as numbers or as text and are read by whoever needs them.
"""

from typing import Generic, TypeVar

import msgspec

from polyrules.venues.polymarket.wire import Number

Text = str | None
T = TypeVar("T")


class Activity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something a wallet did; a row of /trades says no `type` and is a TRADE."""

    proxy_wallet: Text = None
    type: Text = "TRADE"
    timestamp: Number = None
    condition_id: Text = None
    asset: Text = None
    side: Text = None
    size: Number = None
    usdc_size: Number = None
    price: Number = None
    transaction_hash: Text = None
    slug: Text = None
    event_slug: Text = None
    outcome: Text = None
    title: Text = None


class Position(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a wallet holds of one token."""

    proxy_wallet: Text = None
    asset: Text = None
    condition_id: Text = None
    size: Number = None
    avg_price: Number = None
    current_value: Number = None
    cash_pnl: Number = None
    realized_pnl: Number = None
    total_bought: Number = None
    cur_price: Number = None
    redeemable: bool | None = None
    slug: Text = None
    outcome: Text = None
    end_date: Text = None


class ClosedPosition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a wallet held of one token, and what came of it."""

    proxy_wallet: Text = None
    asset: Text = None
    condition_id: Text = None
    avg_price: Number = None
    total_bought: Number = None
    realized_pnl: Number = None
    cur_price: Number = None
    timestamp: Number = None
    slug: Text = None
    outcome: Text = None
    end_date: Text = None


class Holder(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A wallet that holds a token."""

    proxy_wallet: Text = None
    asset: Text = None
    amount: Number = None
    outcome_index: Number = None


class Holders(msgspec.Struct, frozen=True, kw_only=True):
    """The largest holders of one token, the largest first."""

    token: Text = None
    holders: list[Holder] | None = None


class Leader(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A row of the leaderboard; `vol` and `pnl` in dollars."""

    rank: Number = None
    proxy_wallet: Text = None
    user_name: Text = None
    vol: Number = None
    pnl: Number = None


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """What a wallet's positions are worth [usd]."""

    user: Text = None
    value: Number = None


class Rows(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Rows of one question, over as many pages as it took.

    `complete` is false where there are more than the venue, or the question, lets see.
    """

    rows: list[T]
    complete: bool = True
