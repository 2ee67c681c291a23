"""The frames of the user channel, as text (venue sheet 3.3)."""

import msgspec

from polyrules.venues.simulated.clob import pages
from polyrules.venues.simulated.clob.auth.keys import Key
from polyrules.venues.simulated.clob.venue import Venue
from polyrules.venues.simulated.exchange.words import OrderMoved, TradeMoved

Told = OrderMoved | TradeMoved


def parties(message: Told) -> tuple[str, set[str]]:
    """Return the market of a message, and the wallets it concerns."""
    if isinstance(message, OrderMoved):
        return message.order.market, {message.order.owner}
    made = message.trade
    return made.market, {made.taker, *(maker.owner for maker in made.makers)}


def token(message: Told) -> str:
    """Return the token a message is about."""
    told = message.order if isinstance(message, OrderMoved) else message.trade
    return told.token


def frame(venue: Venue, key: Key, message: Told) -> str:
    """Return a message as the owner of a key is told it."""
    if isinstance(message, OrderMoved):
        return _text(_order(venue, key, message))
    return _text(_trade(venue, key, message))


def _order(venue: Venue, key: Key, message: OrderMoved) -> pages.Page:
    order = message.order
    listed = venue.exchange.pits[order.market].listed
    page = pages.order(order, listed, key.name)
    return {
        "event_type": "order",
        "type": message.kind,
        **page,
        "order_owner": key.name,
        "associate_trades": list(order.trades) or None,
        "created_at": str(page["created_at"]),
        "timestamp": str(message.at // pages.MILLI),
    }


def _trade(venue: Venue, key: Key, message: TradeMoved) -> pages.Page:
    listed = venue.exchange.pits[message.trade.market].listed
    page = pages.trade(message, listed, key.wallets, venue.keys)
    return {
        "event_type": "trade",
        "type": "TRADE",
        **page,
        "trade_owner": key.name,
        "timestamp": str(message.at // pages.MILLI),
    }


def _text(page: pages.Page) -> str:
    return msgspec.json.encode(page).decode()
