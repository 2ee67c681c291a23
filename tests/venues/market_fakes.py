"""A listing, books and answers in memory, for the tests of what reads them."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from polyrules.domain.events import Event, Stage, StageChanged
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.domain.moments import HOUR, SECOND
from polyrules.errors import VenueError
from polyrules.venues.http.failures import Asked, Refused, TimedOut
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.discovery.discovery import (
    Discovery,
    DiscoverySettings,
)
from polyrules.venues.polymarket.markets.lifecycle import Lifecycle, LifecycleSettings
from polyrules.venues.polymarket.markets.pages import Params
from polyrules.venues.polymarket.markets.polling import Polling, PollingSettings
from polyrules.venues.polymarket.markets.resolution import (
    Resolution,
    ResolutionSettings,
)
from polyrules.venues.polymarket.markets.snapshots import Snapshots
from polyrules.venues.polymarket.markets.tiers import Tiers
from polyrules.venues.polymarket.registry import Entry, Registry
from tests.venues.stepped_clock import Stepped

NOON = 1_773_316_800 * SECOND  # 2026-03-12 12:00 UTC


def iso(at: int) -> str:
    """Return a moment as Gamma writes it."""
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def gamma_market(name: str, **change: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a market of Gamma that ends 72 hours after NOON; None takes a key out."""
    market = {
        "id": "7",
        "conditionId": name,
        "question": f"Will {name} happen?",
        "slug": f"slug-{name}",
        "startDate": "2026-03-01T00:00:00Z",
        "endDate": iso(NOON + 72 * HOUR),
        "updatedAt": "2026-03-12T11:59:00Z",
        "outcomes": '["Yes", "No"]',
        "outcomePrices": '["0.5", "0.5"]',
        "clobTokenIds": f'["{name}-yes", "{name}-no"]',
        "volume24hr": 500.0,
        "closed": False,
        "acceptingOrders": True,
        "orderPriceMinTickSize": 0.01,
        "orderMinSize": 5,
        "negRisk": False,
        "feesEnabled": False,
        "description": "Long words that nobody reads.",
    }
    market.update(change)
    return {key: value for key, value in market.items() if value is not None}


def book(token: str, market: str = "m", **change: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a book of one level a side."""
    return {
        "market": market,
        "asset_id": token,
        "timestamp": str(NOON // 1000),
        "bids": [{"price": "0.48", "size": "100"}],
        "asks": [{"price": "0.52", "size": "50"}],
        "tick_size": "0.01",
        **change,
    }


def refused(status: int) -> Refused:
    return Refused(Asked(host="test", method="GET", path="/"), status, "")


def timed_out() -> TimedOut:
    return TimedOut(Asked(host="test", method="GET", path="/"), 10.0)


class Gamma:
    """A Source that pages through `markets` and `groups`; `fails` come first."""

    def __init__(self, *markets: dict[str, Any]) -> None:
        self.markets = list(markets)
        self.groups: list[dict[str, Any]] = []
        self.fails: list[VenueError] = []
        self.bodies: list[bytes] = []  # answers that come before the true ones
        self.asked: list[tuple[str, dict[str, list[str]]]] = []

    async def get(self, path: str, params: Params | None = None) -> bytes:
        said: dict[str, list[str]] = {}
        for key, value in params or []:
            said.setdefault(key, []).append(value)
        self.asked.append((path, said))
        if self.fails:
            raise self.fails.pop(0)
        if self.bodies:
            return self.bodies.pop(0)
        if path.startswith("/markets/slug/"):
            return self._one(path.removeprefix("/markets/slug/"))
        if path == "/events/keyset":
            return self._page("events", self.groups, said)
        return self._page("markets", [m for m in self.markets if _fits(m, said)], said)

    async def post(self, path: str, body: object) -> bytes:
        raise AssertionError(path, body)

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.asked)

    def _one(self, slug: str) -> bytes:
        found = [market for market in self.markets if market.get("slug") == slug]
        if not found:
            raise refused(404)
        return json.dumps(found[0]).encode()

    def _page(
        self, name: str, rows: list[dict[str, Any]], said: dict[str, list[str]]
    ) -> bytes:
        if order := said.get("order"):
            rows = sorted(rows, key=lambda row: str(row.get(order[0])), reverse=True)
        first, size = int(said.get("after_cursor", ["0"])[0]), int(said["limit"][0])
        page: dict[str, Any] = {name: rows[first : first + size]}
        if first + size < len(rows):
            page["next_cursor"] = str(first + size)
        return json.dumps(page).encode()


def _fits(market: dict[str, Any], said: dict[str, list[str]]) -> bool:
    if "condition_ids" in said and market["conditionId"] not in said["condition_ids"]:
        return False
    return str(market.get("closed", False)).lower() == said.get("closed", ["false"])[0]


class Clob:
    """A Source with books by token and markets by path."""

    def __init__(self) -> None:
        self.books: dict[str, Any] = {}
        self.paths: dict[str, Any] = {}
        self.fails: list[VenueError] = []
        self.page: bytes | None = None  # what comes instead of books
        self.spoils: set[str] = set()  # tokens that make a whole batch fail
        self.batches: list[list[str]] = []
        self.asked: list[str] = []

    async def get(self, path: str, params: Params | None = None) -> bytes:
        self.asked.append(path)
        assert not params
        if path not in self.paths:
            raise refused(404)
        return json.dumps(self.paths[path]).encode()

    async def post(self, path: str, body: object) -> bytes:
        assert path == "/books"
        assert isinstance(body, list)
        tokens = [each["token_id"] for each in body]
        self.batches.append(tokens)
        if self.fails:
            raise self.fails.pop(0)
        if self.spoils & {*tokens}:
            raise refused(400)
        if self.page is not None:
            return self.page
        found = [self.books[token] for token in tokens if token in self.books]
        return json.dumps(found).encode()


class Side:
    """All adapters of the markets side, put together as the data plane does it."""

    def __init__(
        self,
        *markets: dict[str, Any],
        lifecycle: LifecycleSettings | None = None,
        discovery: DiscoverySettings | None = None,
        polling: PollingSettings | None = None,
        resolution: ResolutionSettings | None = None,
        served: Callable[[MarketId], bool] = lambda _: False,
    ) -> None:
        self.clock = Stepped(NOON)
        self.health = Health()
        self.inbox = Inbox(self.clock, SECOND)
        self.registry = Registry()
        self.gamma = Gamma(*markets)
        self.clob = Clob()
        shared = (self.registry, self.inbox, self.clock, self.health)
        self.lifecycle = Lifecycle(*shared, Tiers(), settings=lifecycle)
        self.resolution = Resolution(
            self.gamma, self.clob, *shared, self.lifecycle, settings=resolution
        )
        self.discovery = Discovery(
            self.gamma,
            *shared,
            lifecycle=self.lifecycle,
            rest_clob=self.clob,
            look=self.resolution.look,
            settings=discovery,
        )
        self.snapshots = Snapshots(self.clob, *shared)
        self.polling = Polling(
            self.snapshots, *shared, Tiers(), served=served, settings=polling
        )
        self.lifecycle.follow(self.polling.moved)
        self.lifecycle.follow(self.resolution.moved)

    def entry(self, market: str) -> Entry:
        found = self.registry.get(MarketId(market))
        assert found is not None
        return found

    def put(self, name: str, end: int | None, **facts: Any) -> Entry:  # noqa: ANN401 - any facts
        """List a market without asking anyone."""
        entry = Entry(
            market=Market(
                id=MarketId(name),
                yes=TokenId(f"{name}-yes"),
                no=TokenId(f"{name}-no"),
                end=end,
            ),
            **facts,
        )
        self.registry.add(entry)
        self.lifecycle.enter(entry)
        return entry

    def told(self) -> list[Event]:
        """Return what was put into the inbox since the last time."""
        waiting = list(self.inbox._waiting)
        self.inbox._waiting.clear()
        return waiting

    def kinds(self) -> Counter[str]:
        return Counter(type(event).__name__ for event in self.told())

    def stages(self) -> list[tuple[str, Stage | None, Stage, str]]:
        """Return the steps told since the last time."""
        return [
            (event.market, event.before, event.stage, event.reason)
            for event in self.told()
            if isinstance(event, StageChanged)
        ]


def end_at(entry: Entry, end: int) -> None:
    """Let the venue move a market's end."""
    entry.market = msgspec.structs.replace(entry.market, end=end)


def quiet(entry: Entry, volume: float) -> None:
    """Let a market trade `volume` in 24 hours [usd]."""
    entry.listing = msgspec.structs.replace(entry.listing, volume_24h=volume)
