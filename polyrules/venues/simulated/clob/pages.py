"""What the CLOB shows, in the venue's shapes: books, markets, orders and trades."""

import hashlib
from collections.abc import Container
from typing import Any

from polyrules.clock import to_datetime
from polyrules.domain.market import Levels
from polyrules.domain.moments import SECOND
from polyrules.domain.money import ONE, from_micros
from polyrules.venues.simulated.book_hash import book_hash
from polyrules.venues.simulated.clob.auth.keys import Keys
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.pit import Pit
from polyrules.venues.simulated.exchange.words import (
    Listed,
    MakerFill,
    OpenOrder,
    TradeMoved,
    TradeStatus,
)

Page = dict[str, Any]
MILLI = 1000


def amount(micros: int) -> str:
    """Return micro-units as the venue writes them: "0.5", "150"."""
    return f"{from_micros(micros):f}"


def book(exchange: Exchange, pit: Pit, token: str, now: int) -> Page:
    """Return a token's book, the best price last on either side."""
    return book_page(pit, token, exchange.book(token), now)


def book_page(pit: Pit, token: str, sides: tuple[Levels, Levels], now: int) -> Page:
    """Return a book as the venue shows it, with the hash the venue gives it."""
    bids, asks = sides
    return {
        "market": pit.listed.id,
        "asset_id": token,
        "timestamp": str(now // MILLI),
        "hash": book_hash(token, bids, asks),
        "bids": _levels(bids),
        "asks": _levels(asks),
        "min_order_size": amount(pit.size_min),
        "tick_size": amount(pit.tick),
        "neg_risk": pit.listed.neg_risk,
        "last_trade_price": last_price(pit, token),
    }


def last_price(pit: Pit, token: str) -> str:
    """Return the price of the last trade in a token's terms, "" before the first."""
    if pit.last is None:
        return ""
    traded, _, price = pit.last
    return amount(price if traded == token else ONE - price)


def market(pit: Pit) -> Page:
    """Return a market as `/markets/{condition_id}` shows it."""
    listed, closed = pit.listed, pit.payout is not None
    return {
        "condition_id": listed.id,
        "question_id": "0x" + hashlib.sha256(listed.id.encode()).hexdigest(),
        "question": listed.question,
        "market_slug": listed.slug,
        "end_date_iso": _iso(listed.end),
        "game_start_time": None,
        "active": True,
        "closed": closed,
        "archived": False,
        "accepting_orders": not closed,
        "accepting_order_timestamp": _iso(listed.created),
        "enable_order_book": not closed,
        "minimum_order_size": float(listed.size_min),
        "minimum_tick_size": pit.tick / ONE,
        "seconds_delay": listed.delay // SECOND,
        "maker_base_fee": 0,
        "taker_base_fee": 0,
        "neg_risk": listed.neg_risk,
        "neg_risk_market_id": listed.group or "" if listed.neg_risk else "",
        "is_50_50_outcome": pit.payout == ONE // 2,
        "rewards": {"rates": None, "min_size": 0, "max_spread": 0},
        "tags": list(listed.tags),
        "tokens": [_token(pit, of_yes=True), _token(pit, of_yes=False)],
    }


def clob_market(pit: Pit) -> Page:
    """Return a market as `/clob-markets/{condition_id}` abbreviates it."""
    listed = pit.listed
    tokens = zip((listed.yes, listed.no), listed.outcomes, strict=True)
    return {
        "t": [{"t": token, "o": outcome} for token, outcome in tokens],
        "mts": pit.tick / ONE,
        "mos": float(listed.size_min),
        "nr": listed.neg_risk,
        "fd": {"r": float(listed.fee_rate), "e": 1, "to": True},
        "mbf": 0,
        "tbf": 0,
        "itode": 0 < listed.delay < SECOND,
        "sd": listed.delay // SECOND,
        "gst": None,
    }


def order(order: OpenOrder, listed: Listed, owner: str) -> Page:
    """Return an order as its owner may see it; `owner` is the name of their key."""
    return {
        "id": order.id,
        "status": order.status,
        "market": order.market,
        "asset_id": order.token,
        "owner": owner,
        "maker_address": order.owner,
        "side": order.side.value,
        "original_size": amount(order.size),
        "size_matched": amount(order.matched),
        "price": amount(order.price),
        "outcome": outcome(listed, order.token),
        "expiration": str(order.expiration // SECOND),
        "order_type": order.time_in_force.value,
        "associate_trades": list(order.trades),
        "created_at": order.created // SECOND,
    }


def trade(
    moved: TradeMoved, listed: Listed, wallets: Container[str], keys: Keys
) -> Page:
    """Return a trade, as far as it came, as one of its parties may see it.

    `wallets` are those of who looks: their side of the trade depends on it.
    """
    made, status = moved.trade, moved.status
    mined = status in (TradeStatus.MINED, TradeStatus.CONFIRMED)
    return {
        "id": made.id,
        "taker_order_id": made.taker_order_id,
        "market": made.market,
        "asset_id": made.token,
        "side": made.side.value,
        "size": amount(made.size),
        "fee_rate_bps": "0",
        "price": amount(made.price),
        "status": status.value,
        "match_time": str(made.at // SECOND),
        "last_update": str(moved.at // SECOND),
        "outcome": outcome(listed, made.token),
        "bucket_index": 0,
        "owner": keys.owner(made.taker),
        "maker_address": made.taker,
        "transaction_hash": made.transaction if mined else "",
        "trader_side": "TAKER" if made.taker in wallets else "MAKER",
        "maker_orders": [_maker(each, listed, keys) for each in made.makers],
    }


def outcome(listed: Listed, token: str) -> str:
    """Return the label of a token."""
    return listed.outcomes[0 if token == listed.yes else 1]


def _maker(fill: MakerFill, listed: Listed, keys: Keys) -> Page:
    return {
        "order_id": fill.order_id,
        "owner": keys.owner(fill.owner),
        "maker_address": fill.owner,
        "matched_amount": amount(fill.size),
        "price": amount(fill.price),
        "fee_rate_bps": "0",
        "asset_id": fill.token,
        "outcome": outcome(listed, fill.token),
        "side": fill.side.value,
    }


def _token(pit: Pit, *, of_yes: bool) -> Page:
    listed, payout = pit.listed, pit.payout
    token = listed.yes if of_yes else listed.no
    paid = None if payout is None else payout if of_yes else ONE - payout
    price = float(last_price(pit, token) or 0.5) if paid is None else paid / ONE
    return {
        "token_id": token,
        "outcome": outcome(listed, token),
        "price": price,
        "winner": paid == ONE,
    }


def _levels(levels: Levels) -> list[Page]:
    """Return levels with the best last, as the venue sends them."""
    return [
        {"price": amount(price), "size": amount(size)}
        for price, size in reversed(levels)
    ]


def _iso(at: int | None) -> str | None:
    if at is None:
        return None
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M:%SZ")
