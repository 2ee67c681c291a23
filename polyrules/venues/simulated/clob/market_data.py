"""Pages for everybody: books, prices, markets, and the service itself."""

from typing import Any

import msgspec

from polyrules.domain.moments import DAY, HOUR, MINUTE, SECOND
from polyrules.domain.money import ONE, Side
from polyrules.venues.simulated.clob import pages
from polyrules.venues.simulated.clob.calls import Call, Refusal, whole
from polyrules.venues.simulated.clob.orders.account import envelope
from polyrules.venues.simulated.clob.venue import Venue
from polyrules.venues.simulated.exchange.pit import Pit

BATCH = 500
PAGE = 1000
_SPANS = {
    "1h": HOUR,
    "6h": 6 * HOUR,
    "1d": DAY,
    "1w": 7 * DAY,
    "1m": 30 * DAY,
    "max": 1 << 60,
    "all": 1 << 60,
}


class _Many(msgspec.Struct):
    """A batch of tokens (wire shape)."""

    markets: list[str]


class _Asked(msgspec.Struct):
    """One entry of a batch (wire shape)."""

    token_id: str
    side: str = ""


def ok(_venue: Venue, _call: Call) -> object:
    """Tell that the service is up."""
    return "OK"


def time(_venue: Venue, call: Call) -> object:
    """Tell the venue's time in whole seconds."""
    return call.now // SECOND


def version(_venue: Venue, _call: Call) -> object:
    """Tell which orders are accepted."""
    return {"version": 2}


def book(venue: Venue, call: Call) -> object:
    """Show the book of a token."""
    token = call.query.get("token_id", "")
    return pages.book(venue.exchange, _open_pit(venue, token), token, call.now)


def books(venue: Venue, call: Call) -> object:
    """Show the books of up to 500 tokens; unknown and closed ones are left out."""
    shown: list[pages.Page] = []
    for asked in _batch(call):
        pit = venue.exchange.pit(asked.token_id)
        if pit is not None and pit.payout is None:
            shown.append(pages.book(venue.exchange, pit, asked.token_id, call.now))
    return shown


def price(venue: Venue, call: Call) -> object:
    """Show the best resting price: BUY names the bid, SELL the ask."""
    token = call.query.get("token_id", "")
    _open_pit(venue, token)
    return {"price": _price(venue, token, call.query.get("side", ""))}


def prices(venue: Venue, call: Call) -> object:
    """Show the best resting prices of many tokens."""
    shown: dict[str, dict[str, str]] = {}
    for asked in _known(venue, call):
        found = _price(venue, asked.token_id, asked.side)
        shown.setdefault(asked.token_id, {})[asked.side] = found
    return shown


def midpoint(venue: Venue, call: Call) -> object:
    """Show the middle between the best prices; an empty side counts as 0 or 1."""
    return {"mid": _mid(venue, _token(venue, call))}


def midpoints(venue: Venue, call: Call) -> object:
    """Show the middle for many tokens."""
    return {each.token_id: _mid(venue, each.token_id) for each in _known(venue, call)}


def spread(venue: Venue, call: Call) -> object:
    """Show the distance between the best prices."""
    return {"spread": _spread(venue, _token(venue, call))}


def spreads(venue: Venue, call: Call) -> object:
    """Show the distance for many tokens."""
    found = _known(venue, call)
    return {each.token_id: _spread(venue, each.token_id) for each in found}


def last_trade(venue: Venue, call: Call) -> object:
    """Show the last trade's price and side; 0.5 and none before the first."""
    return _last(_open_pit(venue, _token(venue, call)), _token(venue, call))


def last_trades(venue: Venue, call: Call) -> object:
    """Show the last trade of many tokens."""
    return [
        {
            "token_id": each.token_id,
            **_last(_open_pit(venue, each.token_id), each.token_id),
        }
        for each in _known(venue, call)
    ]


def tick_size(venue: Venue, call: Call) -> object:
    """Show the price step."""
    return {"minimum_tick_size": _open_pit(venue, _token(venue, call)).tick / ONE}


def neg_risk(venue: Venue, call: Call) -> object:
    """Show whether the market is of a neg-risk group."""
    return {"neg_risk": _open_pit(venue, _token(venue, call)).listed.neg_risk}


def fee_rate(_venue: Venue, _call: Call) -> object:
    """Show the fee of old: none; the real one is in `/clob-markets`."""
    return {"base_fee": 0}


def market(venue: Venue, call: Call) -> object:
    """Show a market."""
    return pages.market(_by_condition(venue, call))


def clob_market(venue: Venue, call: Call) -> object:
    """Show a market in short."""
    return pages.clob_market(_by_condition(venue, call))


def markets(venue: Venue, call: Call) -> object:
    """List the markets, the oldest first."""
    pits = list(venue.exchange.pits.values())
    envelope_of = envelope(pits, call, PAGE)
    envelope_of["data"] = [pages.market(pit) for pit in envelope_of["data"]]
    return envelope_of


def by_token(venue: Venue, call: Call) -> object:
    """Show which market a token is of."""
    pit = venue.exchange.pit(call.params["token"])
    if pit is None:
        raise Refusal(404, "market not found")
    return {
        "condition_id": pit.listed.id,
        "primary_token_id": pit.listed.yes,
        "secondary_token_id": pit.listed.no,
    }


def history(venue: Venue, call: Call) -> object:
    """Show what a token traded at; `market` is a token id."""
    return {"history": _history(venue, call.query.get("market", ""), call)}


def histories(venue: Venue, call: Call) -> object:
    """Show the history of up to 20 tokens."""
    tokens = call.read(_Many).markets[:20]
    return {"history": {token: _history(venue, token, call) for token in tokens}}


def _history(venue: Venue, token: str, call: Call) -> list[dict[str, Any]]:
    pit = venue.exchange.pit(token)
    if pit is None:
        return []
    query = call.query
    since = _seconds(query, "startTs", 0)
    until = _seconds(query, "endTs", call.now // SECOND + 1)
    if "startTs" not in query:
        span = _SPANS.get(query.get("interval", "max"), _SPANS["max"])
        since = max(0, call.now - span) // SECOND
    step = max(1, _seconds(query, "fidelity", 1)) * MINUTE
    shown: dict[int, dict[str, Any]] = {}
    for at, traded, price in venue.prices.of(
        pit.listed.id, since * SECOND, until * SECOND
    ):
        own = price if traded == token else ONE - price
        shown[at // step] = {"t": at // SECOND, "p": own / ONE}
    return list(shown.values())


def _price(venue: Venue, token: str, side: str) -> str:
    bid, ask = _best(venue, token)
    return pages.amount(bid if side == "BUY" else ask)


def _mid(venue: Venue, token: str) -> str:
    bid, ask = _best(venue, token)
    return pages.amount((bid + ask) // 2)


def _spread(venue: Venue, token: str) -> str:
    bid, ask = _best(venue, token)
    return pages.amount(ask - bid)


def _best(venue: Venue, token: str) -> tuple[int, int]:
    """Return the best bid (or 0) and ask (or 1) [micro-usd]."""
    pit = _open_pit(venue, token)
    bid, ask = pit.bids.best() or 0, pit.asks.best() or ONE
    return (bid, ask) if token == pit.listed.yes else (ONE - ask, ONE - bid)


def _last(pit: Pit, token: str) -> dict[str, str]:
    if pit.last is None:
        return {"price": "0.5", "side": ""}
    traded, side, _ = pit.last
    mirrored = Side.SELL if side is Side.BUY else Side.BUY
    seen = side if traded == token else mirrored
    return {"price": pages.last_price(pit, token), "side": seen.value}


def _token(venue: Venue, call: Call) -> str:
    token = call.query.get("token_id", "")
    _open_pit(venue, token)
    return token


def _open_pit(venue: Venue, token: str) -> Pit:
    pit = venue.exchange.pit(token)
    if pit is None or pit.payout is not None:
        raise Refusal(404, "No orderbook exists for the requested token id")
    return pit


def _by_condition(venue: Venue, call: Call) -> Pit:
    pit = venue.exchange.pits.get(call.params["condition"])
    if pit is None:
        raise Refusal(404, "market not found")
    return pit


def _batch(call: Call) -> list[_Asked]:
    asked = call.read(list[_Asked])
    if len(asked) > BATCH:
        raise Refusal(400, "Payload exceeds the limit")
    return asked


def _known(venue: Venue, call: Call) -> list[_Asked]:
    """Return the entries of a batch whose tokens trade."""
    found = ((each, venue.exchange.pit(each.token_id)) for each in _batch(call))
    return [each for each, pit in found if pit is not None and pit.payout is None]


def _seconds(query: dict[str, str], name: str, otherwise: int) -> int:
    found = whole(query.get(name) or "")
    return otherwise if found is None else found
