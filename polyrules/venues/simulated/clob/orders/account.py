"""Pages that show an owner what is theirs: orders, trades, balances."""

import base64
from typing import Any

from polyrules.domain.moments import SECOND
from polyrules.venues.simulated.clob import pages
from polyrules.venues.simulated.clob.auth.signatures import EXCHANGE, NEG_RISK_EXCHANGE
from polyrules.venues.simulated.clob.calls import Call, Refusal, whole
from polyrules.venues.simulated.clob.venue import Venue
from polyrules.venues.simulated.exchange.orders import Working
from polyrules.venues.simulated.exchange.settlement import TradeRecord
from polyrules.venues.simulated.exchange.words import TradeMoved

PAGE = 100
END = "LTE="  # "-1" in base64, as the venue ends its pages
UNLIMITED = str((1 << 256) - 1)


def order(venue: Venue, call: Call) -> object:
    """Show one order, also one that ended."""
    found = venue.exchange.history.find(call.params["id"])
    if found is None or found.new.owner not in call.signed.wallets:
        raise Refusal(404, "order not found")
    return _order(venue, call, found)


def orders(venue: Venue, call: Call) -> object:
    """List the caller's open orders."""
    history = venue.exchange.history
    rows = [
        _order(venue, call, each)
        for wallet in call.signed.wallets
        for each in history.open_of(wallet)
        if _fits(call, each.id, each.market, each.new.token)
    ]
    return envelope(rows, call)


def trades(venue: Venue, call: Call) -> object:
    """List the caller's trades, newest first."""
    history, wallets = venue.exchange.history, call.signed.wallets
    found: dict[str, TradeRecord] = {}
    for wallet in wallets:
        for record in history.trades.get(wallet, []):
            if _trade_fits(call, record):
                found[record.trade.id] = record
    newest = sorted(found.values(), key=lambda each: each.trade.at, reverse=True)
    rows = [_trade(venue, call, each) for each in newest]
    return envelope(rows, call)


def balance(venue: Venue, call: Call) -> object:
    """Show the balance of the caller's cash or of a token [base units].

    Allowances are always enough.
    """
    kind = call.query.get("signature_type", "0")
    wallet = call.signed.wallet(int(kind) if kind in ("0", "1", "2", "3") else 0)
    held = venue.exchange.balance(wallet)
    if call.query.get("asset_type") == "COLLATERAL":
        amount = held.cash.free + held.cash.locked
    else:
        shares = held.shares.get(call.query.get("token_id", ""))
        amount = shares.free + shares.locked if shares is not None else 0
    allowances = {EXCHANGE: UNLIMITED, NEG_RISK_EXCHANGE: UNLIMITED}
    return {"balance": str(amount), "allowances": allowances}


def update_balance(_venue: Venue, _call: Call) -> object:
    """Read the chain again; here there is nothing to read."""
    return ""


def notifications(_venue: Venue, _call: Call) -> object:
    """Show the notifications: none are kept."""
    return []


def drop_notifications(_venue: Venue, _call: Call) -> object:
    """Mark notifications as read."""
    return "OK"


def scoring(_venue: Venue, _call: Call) -> object:
    """Tell that an order earns no rewards."""
    return {"scoring": False}


def scoring_many(_venue: Venue, call: Call) -> object:
    """Tell that none of the orders earns rewards."""
    return dict.fromkeys(call.read(list[str]), False)


def rate_limit_tier(_venue: Venue, _call: Call) -> object:
    """Show the tier of the caller's trading limits."""
    return {"tier": "standard", "rate": 40, "burst": 60}


def envelope(rows: list[Any], call: Call, size: int = PAGE) -> dict[str, Any]:
    """Return one page of rows, with the cursor of the next.

    Raises:
        Refusal: The cursor is none of ours.
    """
    cursor = call.query.get("next_cursor") or "MA=="
    try:
        start = int(base64.b64decode(cursor, validate=True))
    except ValueError as error:
        raise Refusal(400, "invalid next_cursor") from error
    if start < 0:
        rows = []
    shown = rows[start : start + size]
    more = start + size < len(rows)
    following = base64.b64encode(str(start + size).encode()).decode() if more else END
    return {
        "data": shown,
        "next_cursor": following,
        "limit": size,
        "count": len(shown),
    }


def _order(venue: Venue, call: Call, found: Working) -> pages.Page:
    listed = venue.exchange.pits[found.market].listed
    return pages.order(found.shown(), listed, call.signed.name)


def _trade(venue: Venue, call: Call, record: TradeRecord) -> pages.Page:
    moved = TradeMoved(trade=record.trade, status=record.status, at=record.updated)
    return pages.trade(moved, record.pit.listed, call.signed.wallets, venue.keys)


def _trade_fits(call: Call, record: TradeRecord) -> bool:
    made, query = record.trade, call.query
    if not _fits(call, made.id, made.market, made.token):
        return False
    maker = query.get("maker_address", "").lower()
    if maker and maker != made.taker and maker not in {m.owner for m in made.makers}:
        return False
    at = made.at // SECOND
    return _seconds(query, "after", 0) <= at < _seconds(query, "before", 1 << 62)


def _fits(call: Call, name: str, market: str, token: str) -> bool:
    query = call.query
    wanted = ((query.get("id"), name), (query.get("market"), market))
    if any(asked and asked != is_ for asked, is_ in wanted):
        return False
    return not query.get("asset_id") or query["asset_id"] == token


def _seconds(query: dict[str, str], name: str, otherwise: int) -> int:
    found = whole(query.get(name) or "")
    return otherwise if found is None else found
