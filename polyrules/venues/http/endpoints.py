"""What the venue allows each endpoint, per IP address (its page on rate limits).

A request counts against its host's general rate and against every group its path is
in. A path stands for all below it: "/markets" for "/markets/0x12" too, unless a longer
one is listed. The method "*" is any that is not listed itself.
"""

import msgspec

from polyrules.domain.moments import MINUTE, SECOND

Endpoint = tuple[str, str, str]  # host, method, path


class Rate(msgspec.Struct, frozen=True):
    """At most `number` requests in any window of `window` microseconds."""

    number: int
    window: int = 10 * SECOND

    def part(self, share: float) -> "Rate":
        """Return a share (0 to 1) of it, at least 2 requests."""
        return Rate(max(int(self.number * share), 2), self.window)


class Group(msgspec.Struct, frozen=True):
    """Endpoints that are counted together."""

    endpoints: tuple[Endpoint, ...]
    rates: tuple[Rate, ...]


# By the name of the client. Nothing is said of the site, nor of any other: guesses.
OTHER = Rate(500)
GENERAL = {
    "clob": Rate(9_000),
    "gamma": Rate(4_000),
    "data": Rate(1_000),
    "relayer": Rate(25, MINUTE),
    "site": Rate(100),
}


def _each(host: str, number: int, *paths: str) -> list[Group]:
    """Return a group for every path, as each has the rate to itself."""
    return [Group(((host, "*", path),), (Rate(number),)) for path in paths]


def _trading(method: str, path: str, number: int, number_long: int) -> Group:
    """Return a trading endpoint: a rate for 10 seconds and one for 10 minutes."""
    rates = (Rate(number), Rate(number_long, 10 * MINUTE))
    return Group((("clob", method, path),), rates)


GROUPS: tuple[Group, ...] = (
    *_each("clob", 1_500, "/book", "/price", "/midpoint"),
    *_each("clob", 500, "/books", "/prices", "/midpoints"),
    *_each("clob", 1_000, "/prices-history"),
    *_each("clob", 200, "/tick-size", "/balance-allowance"),
    *_each("clob", 50, "/balance-allowance/update"),
    *_each("clob", 500, "/data/orders", "/data/trades"),
    *_each("clob", 100, "/auth"),
    Group(
        (
            ("clob", "GET", "/trades"),
            ("clob", "GET", "/orders"),
            ("clob", "GET", "/order"),
            ("clob", "*", "/data/order"),
            ("clob", "*", "/data/orders"),
            ("clob", "*", "/data/trades"),
            ("clob", "*", "/notifications"),
        ),
        (Rate(900),),
    ),
    _trading("POST", "/order", 5_000, 120_000),
    _trading("DELETE", "/order", 5_000, 120_000),
    _trading("POST", "/orders", 2_000, 21_000),
    _trading("DELETE", "/orders", 2_000, 15_000),
    _trading("DELETE", "/cancel-all", 250, 6_000),
    _trading("DELETE", "/cancel-market-orders", 1_500, 21_000),
    *_each("gamma", 500, "/events"),
    *_each("gamma", 300, "/markets"),
    Group((("gamma", "*", "/events"), ("gamma", "*", "/markets")), (Rate(900),)),
    *_each("gamma", 350, "/public-search"),
    *_each("gamma", 200, "/tags", "/comments"),
    Group((("data", "*", "/trades"), ("data", "*", "/v2/trades")), (Rate(200),)),
    Group((("data", "*", "/positions"), ("data", "*", "/v2/positions")), (Rate(150),)),
    *_each("data", 150, "/closed-positions"),
)

LISTED = frozenset(endpoint for group in GROUPS for endpoint in group.endpoints)


def endpoint_of(host: str, method: str, path: str) -> Endpoint:
    """Return the listed endpoint that a request belongs to, else its host's rest."""
    while path:
        for listed in ((host, method, path), (host, "*", path)):
            if listed in LISTED:
                return listed
        path = path[: path.rfind("/")] if "/" in path else ""
    return (host, "*", "")


def groups_of(endpoint: Endpoint) -> list[Group]:
    """Return the groups that a listed endpoint is in."""
    return [group for group in GROUPS if endpoint in group.endpoints]
