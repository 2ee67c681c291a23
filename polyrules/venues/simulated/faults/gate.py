"""The faults before the venue's pages: one middleware for the whole server.

It asks `Faults` what happens to a request and does that: waits, refuses, or lets the
venue act and cuts the connection before it could answer.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from polyrules.clock import Clock
from polyrules.venues.simulated.faults.requests import Refusal
from polyrules.venues.simulated.faults.standing import Faults

SECOND = 1_000_000
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PREFIXES = {
    "/gamma": "gamma",
    "/clob": "clob",
    "/data": "data",
    "/api/geoblock": "geoblock",
}
SOCKETS = {"/ws/market": "market_channel", "/ws/user": "user_channel", "/rtds": "rtds"}
PAGE = (
    "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>"
    "<body><h1>Sorry, you have been blocked</h1><p>Cloudflare Ray ID: 0</p></body>"
    "</html>"
)
WORDS = {
    400: "Invalid payload",
    401: "Unauthorized/Invalid api key",
    404: "not found",
    425: "service not ready",
    429: "Too Many Requests",
    500: "Internal server error",
    502: "bad gateway",
    503: "Trading is currently disabled. Check polymarket.com for updates",
    504: "gateway timeout",
}


def service_of(path: str) -> tuple[str, str] | None:
    """Return the service a path belongs to, and the path within; None: no service."""
    for prefix, service in PREFIXES.items():
        if path == prefix or path.startswith(f"{prefix}/"):
            return service, path.removeprefix(prefix) or "/"
    return None


def gate(faults: Faults, clock: Clock) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return the middleware that lets the faults happen.

    Args:
        faults: What happens when.
        clock: The venue's time.
    """

    @web.middleware
    async def let_happen(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await _answer(faults, clock, request, handler)
        except ConnectionError:
            return _words(504)  # nobody waits for it any more

    return let_happen


async def _answer(
    faults: Faults, clock: Clock, request: web.Request, handler: Handler
) -> web.StreamResponse:
    now = clock.now()
    if (socket := SOCKETS.get(request.path)) is not None:
        refused = faults.must_close(socket, "", now)
        return _words(503) if refused else await handler(request)
    if (found := service_of(request.path)) is None:
        return await handler(request)
    service, path = found
    refusal = faults.request(service, request.method, path, now)
    if refusal is not None:
        return await _refuse(refusal, request, handler, clock)
    return _instead(faults, service, path, now) or await handler(request)


async def _refuse(
    refusal: Refusal, request: web.Request, handler: Handler, clock: Clock
) -> web.StreamResponse:
    answer = await handler(request) if refusal.status is None else None
    if refusal.delay:
        await clock.sleep(refusal.delay)
    if refusal.status == 0:
        return await handler(request)
    if refusal.status is None:
        if request.transport is not None:
            request.transport.abort()
        return answer or _words(504)
    if refusal.html:
        return web.Response(text=PAGE, content_type="text/html", status=refusal.status)
    return _words(refusal.status, refusal.retry_after)


def _words(status: int, retry_after: int | None = None) -> web.Response:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return web.json_response({"error": WORDS[status]}, status=status, headers=headers)


def _instead(faults: Faults, service: str, path: str, now: int) -> web.Response | None:
    """Return the venue's answer where a fault changes what it says."""
    if service == "clob" and path == "/time" and (skew := faults.skew(now)):
        return web.json_response((now + skew) // SECOND)
    country = faults.blocked(now) if service == "geoblock" else None
    if country is None:
        return None
    told = {"blocked": True, "ip": "127.0.0.1", "country": country, "region": ""}
    return web.json_response(told)
