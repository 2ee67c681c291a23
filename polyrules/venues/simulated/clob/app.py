"""Serves the CLOB's pages with aiohttp, to be mounted at any prefix.

Every page is a function from the venue and a call to what is shown; here it gets its
route, its level of auth, and its errors their status. L2 signs the path without the
prefix.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from aiohttp import web

from polyrules.errors import VenueError
from polyrules.venues.simulated.clob import login
from polyrules.venues.simulated.clob import market_data as data
from polyrules.venues.simulated.clob.calls import Call, Refusal
from polyrules.venues.simulated.clob.orders import account, trading
from polyrules.venues.simulated.clob.venue import Venue
from polyrules.venues.simulated.exchange.words import Mode

Page = Callable[[Venue, Call], object]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
UNKNOWN_KEY = "Unauthorized/Invalid api key"


class Route(NamedTuple):
    """A page and where it is; `signed` pages are for API keys only (L2)."""

    method: str
    path: str
    page: Page
    signed: bool = False


OPEN = (
    Route("GET", "/ok", data.ok),
    Route("GET", "/", data.ok),
    Route("GET", "/time", data.time),
    Route("GET", "/version", data.version),
    Route("GET", "/book", data.book),
    Route("POST", "/books", data.books),
    Route("GET", "/price", data.price),
    Route("POST", "/prices", data.prices),
    Route("GET", "/midpoint", data.midpoint),
    Route("POST", "/midpoints", data.midpoints),
    Route("GET", "/spread", data.spread),
    Route("POST", "/spreads", data.spreads),
    Route("GET", "/last-trade-price", data.last_trade),
    Route("POST", "/last-trades-prices", data.last_trades),
    Route("GET", "/tick-size", data.tick_size),
    Route("GET", "/neg-risk", data.neg_risk),
    Route("GET", "/fee-rate", data.fee_rate),
    Route("GET", "/markets", data.markets),
    Route("GET", "/simplified-markets", data.markets),
    Route("GET", "/sampling-markets", data.markets),
    Route("GET", "/sampling-simplified-markets", data.markets),
    Route("GET", "/markets/{condition}", data.market),
    Route("GET", "/markets-by-token/{token}", data.by_token),
    Route("GET", "/clob-markets/{condition}", data.clob_market),
    Route("GET", "/prices-history", data.history),
    Route("POST", "/batch-prices-history", data.histories),
    Route("POST", "/auth/api-key", login.create),
    Route("GET", "/auth/derive-api-key", login.derive),
)
PRIVATE = (
    Route("GET", "/auth/api-keys", login.listed, signed=True),
    Route("DELETE", "/auth/api-key", login.delete, signed=True),
    Route("GET", "/auth/ban-status/closed-only", login.closed_only, signed=True),
    Route("POST", "/order", trading.post, signed=True),
    Route("POST", "/orders", trading.post_many, signed=True),
    Route("DELETE", "/order", trading.cancel, signed=True),
    Route("DELETE", "/orders", trading.cancel_many, signed=True),
    Route("DELETE", "/cancel-all", trading.cancel_all, signed=True),
    Route("DELETE", "/cancel-market-orders", trading.cancel_market, signed=True),
    Route("POST", "/v1/heartbeats", trading.heartbeat, signed=True),
    Route("GET", "/data/order/{id}", account.order, signed=True),
    Route("GET", "/data/orders", account.orders, signed=True),
    Route("GET", "/data/trades", account.trades, signed=True),
    Route("GET", "/balance-allowance", account.balance, signed=True),
    Route("GET", "/balance-allowance/update", account.update_balance, signed=True),
    Route("GET", "/notifications", account.notifications, signed=True),
    Route("DELETE", "/notifications", account.drop_notifications, signed=True),
    Route("GET", "/order-scoring", account.scoring, signed=True),
    Route("POST", "/orders-scoring", account.scoring_many, signed=True),
    Route("GET", "/v1/user/rate-limit-tier", account.rate_limit_tier, signed=True),
)


def routes(venue: Venue) -> web.Application:
    """Return the CLOB as an application, to be mounted at any prefix."""
    app = web.Application()
    for route in (*OPEN, *PRIVATE):
        app.router.add_route(route.method, route.path, _served(venue, route))
    return app


def _served(venue: Venue, route: Route) -> Handler:
    async def serve(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        now = venue.clock.now()
        venue.advance(now)
        try:
            return _json(route.page(venue, _call(venue, route, request, body, now)))
        except Refusal as refusal:
            return _json(refusal.body, refusal.status)
        except VenueError as error:
            words = f"{error.message}: {error.hint}" if error.hint else error.message
            return _json({"error": words}, 500)

    return serve


def _call(
    venue: Venue, route: Route, request: web.Request, body: bytes, now: int
) -> Call:
    """Return a request as its page sees it.

    Raises:
        Refusal: The page is for API keys, and none signed.
    """
    call = Call(
        now=now,
        headers=request.headers,
        params=dict(request.match_info),
        query=dict(request.query),
        body=body,
    )
    if not route.signed:
        return call
    if venue.exchange.mode is Mode.RESTARTING:
        raise Refusal(425, "service not ready")
    path = request.rel_url.raw_path.removeprefix(_prefix(request, route))
    key = venue.keys.signed(request.headers, route.method, path, body)
    if key is None:
        raise Refusal(401, UNKNOWN_KEY)
    return msgspec.structs.replace(call, key=key)


def _prefix(request: web.Request, route: Route) -> str:
    """Return where the application is mounted."""
    resource = request.match_info.route.resource
    mounted = resource.canonical if resource is not None else route.path
    return mounted.removesuffix(route.path)


def _json(answer: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(answer),
        status=status,
        content_type="application/json",
    )
