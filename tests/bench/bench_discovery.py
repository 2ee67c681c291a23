"""How fast markets are discovered, what that takes, and how late polls are.

python tests/bench/bench_discovery.py [--markets N] [--seconds S]

Three parts: pages of Gamma decoded alone; discovery of all markets over loopback HTTP
from a listing in a process of its own, without and with the venue's rates; a schedule
of the same number of markets polled for S seconds against a venue that takes 50 ms.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from random import Random
from time import perf_counter, process_time

from aiohttp import web

from polyrules.clock import Wall, now
from polyrules.domain.events import BookChanged, Stage
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.domain.moments import DAY, HOUR, SECOND
from polyrules.venues.http.limits import Limits
from polyrules.venues.http.rest import Rest
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket import gamma
from polyrules.venues.polymarket.discovery.discovery import Discovery
from polyrules.venues.polymarket.markets.lifecycle import Lifecycle
from polyrules.venues.polymarket.markets.pages import market_page
from polyrules.venues.polymarket.markets.polling import Polling
from polyrules.venues.polymarket.markets.snapshots import Snapshots
from polyrules.venues.polymarket.markets.tiers import Tiers
from polyrules.venues.polymarket.registry import Entry, Registry

GOAL_SECONDS, GOAL_MB = 60, 400
PAGE = 100
WORDS = "This market will resolve to Yes if the event happens before the end. " * 25


def market(number: int) -> dict[str, object]:
    """Return a market as long as a real one: about 4.5 KB."""
    event = {
        "id": str(number // 5),
        "slug": f"event-{number // 5}",
        "title": f"Event {number // 5}",
        "description": WORDS[:1200],
        "startDate": "2026-03-01T00:00:00Z",
        "volume": 12345.5,
        "series": [{"id": "1", "slug": "series", "title": "A series", "volume": 1.5}],
    }
    return {
        "id": str(number),
        "question": f"Will number {number} happen before the end of the year?",
        "conditionId": f"0x{number:064x}",
        "slug": f"will-number-{number}-happen-before-the-end-of-the-year",
        "resolutionSource": "https://example.org/source",
        "startDate": "2026-03-01T00:00:00Z",
        "endDate": f"20{27 + number % 20}-{number % 12 + 1:02}-03T12:00:00Z",
        "description": WORDS,
        "outcomes": '["Yes", "No"]',
        "outcomePrices": '["0.505", "0.495"]',
        "clobTokenIds": f'["{10**76 + number}", "{2 * 10**76 + number}"]',
        "volume": "9999.997",
        "volumeNum": 9999.997,
        "volume24hr": 999.25,
        "volume1wk": 5000.5,
        "liquidity": "20328.3747",
        "liquidityNum": 20328.3747,
        "active": True,
        "closed": False,
        "acceptingOrders": True,
        "enableOrderBook": True,
        "orderPriceMinTickSize": 0.01,
        "orderMinSize": 5,
        "negRisk": False,
        "bestBid": 0.5,
        "bestAsk": 0.51,
        "spread": 0.01,
        "lastTradePrice": 0.5,
        "oneHourPriceChange": 0.01,
        "oneDayPriceChange": -0.02,
        "competitive": 0.9999,
        "feesEnabled": True,
        "feeType": "crypto_fees",
        "feeSchedule": {"exponent": 1, "rate": 0.07, "takerOnly": True},
        "umaResolutionStatuses": "[]",
        "createdAt": "2026-03-01T00:00:00.140253Z",
        "updatedAt": "2026-03-11T15:14:46.097817Z",
        "events": [event],
    }


def market_body(first: int, markets: int) -> bytes:
    """Return the page of markets that begins with `first`."""
    last = min(first + PAGE, markets)
    page: dict[str, object] = {"markets": [market(n) for n in range(first, last)]}
    if last < markets:
        page["next_cursor"] = str(last)
    return json.dumps(page).encode()


def group_body(first: int, markets: int) -> bytes:
    """Return the page of groups that begins with `first`: five markets a group."""
    groups = markets // 5
    last = min(first + PAGE, groups)
    rows = [
        {
            "slug": f"event-{group}",
            "description": WORDS,
            "tags": [{"id": "1", "slug": "crypto", "label": "Crypto"}],
            "markets": [market(5 * group + each) for each in range(5)],
        }
        for group in range(first, last)
    ]
    page: dict[str, object] = {"events": rows}
    if last < groups:
        page["next_cursor"] = str(last)
    return json.dumps(page).encode()


def serve(markets: int, tell: Connection) -> None:
    """Serve a listing on loopback; tell its port once its pages are ready."""
    pages = {f: market_body(f, markets) for f in range(0, markets, PAGE)}
    groups = {f: group_body(f, markets) for f in range(0, markets // 5, PAGE)}

    async def answer(request: web.Request) -> web.Response:
        first = int(request.query.get("after_cursor", "0"))
        bodies = groups if request.path.startswith("/events") else pages
        return web.Response(body=bodies[first], content_type="application/json")

    async def main() -> None:
        app = web.Application()
        app.router.add_get("/events/keyset", answer)
        app.router.add_get("/markets/keyset", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        tell.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    with suppress(KeyboardInterrupt):
        asyncio.run(main())


def bench_decode(markets: int) -> None:
    """Print how fast pages are decoded, and made into facts."""
    bodies = [
        market_body(first, markets) for first in range(0, min(markets, 5000), PAGE)
    ]
    size = sum(map(len, bodies)) / 1e6

    begun = process_time()
    for body in bodies:
        json.loads(body)
    plain = process_time() - begun
    begun = process_time()
    read = [market_page(body) for body in bodies]
    typed = process_time() - begun
    begun = process_time()
    told = [gamma.read(said) for page in read for said in page.markets]
    facts = process_time() - begun

    print(f"pages of {size / len(bodies):.2f} MB, {len(told)} markets")
    print(f"  json.loads          {size / plain:8.0f} MB/s")
    print(f"  decoded             {size / typed:8.0f} MB/s")
    print(f"  decoded, with facts {size / (typed + facts):8.0f} MB/s")
    print(f"  facts of a market   {facts / len(told) * 1e6:8.1f} us")


class Side:
    """What discovery fills."""

    def __init__(self) -> None:
        self.clock = Wall()
        self.health = Health()
        self.inbox = Inbox(self.clock, SECOND)
        self.registry = Registry()
        self.lifecycle = Lifecycle(
            self.registry, self.inbox, self.clock, self.health, Tiers()
        )


async def bench_discovery(port: int, *, limited: bool) -> None:
    """Print how long it takes to discover everything, and the memory in the end."""
    side = Side()
    limits = Limits(side.clock) if limited else None
    begun, cpu = perf_counter(), process_time()
    async with Rest(
        f"http://127.0.0.1:{port}",
        name="gamma",
        clock=side.clock,
        health=side.health,
        limits=limits,
    ) as rest:
        discovery = Discovery(
            rest,
            side.registry,
            side.inbox,
            side.clock,
            side.health,
            lifecycle=side.lifecycle,
            rest_clob=rest,
            look=lambda _: None,
        )
        await discovery.sweep()
        seconds, busy = perf_counter() - begun, process_time() - cpu
        begun = perf_counter()
        await discovery.sweep()
        again = perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rates = "with the venue's rates" if limited else "without rates"
    print(f"discovery of {len(side.registry)} markets, {rates}")
    print(
        f"  first sweep  {seconds:6.1f} s   (goal {GOAL_SECONDS} s), cpu {busy:.1f} s"
    )
    print(f"  next sweep   {again:6.1f} s")
    print(f"  peak memory  {peak:6.0f} MB  (goal {GOAL_MB} MB), events not taken out")


class Books(Snapshots):
    """Books without a network, as long under way as the venue's."""

    async def books(self, tokens: Sequence[TokenId]) -> dict[TokenId, BookChanged]:
        await asyncio.sleep(0.05)
        entries = [self._registry.of_token(token) for token in tokens]
        return {
            entry.market.yes: BookChanged(
                at=self._inbox.now(),
                market=entry.id,
                token=entry.market.yes,
                bids=((480_000, 1_000_000),),
                asks=((520_000, 1_000_000),),
            )
            for entry in entries
            if entry is not None
        }


async def bench_lateness(markets: int, seconds: int, *, near: bool) -> None:
    """Print how late polls are: of a usual mix of tiers, or all in the nearest."""
    side, rng, begin = Side(), Random(7), now()  # noqa: S311 - a bench, no secret
    shared = (side.registry, side.inbox, side.clock, side.health)
    rest = Rest("http://127.0.0.1:9", name="clob", clock=side.clock, health=side.health)
    polling = Polling(Books(rest, *shared), *shared, Tiers())
    side.lifecycle.follow(polling.moved)
    task = asyncio.ensure_future(polling.run())
    for number in range(markets):
        hours = 0.9 if near else rng.choice((0.5, 2, 8, 30, 100, 100, 200, 300))
        end = (
            begin + int(hours * HOUR) if near or rng.random() < 0.3 else begin + 9 * DAY
        )
        name = f"0x{number:064x}"
        entry = Entry(
            market=Market(
                id=MarketId(name),
                yes=TokenId(f"{name}:yes"),
                no=TokenId(f"{name}:no"),
                end=end,
            )
        )
        side.registry.add(entry)
        side.lifecycle.enter(entry)
        if number % PAGE == 0:
            await asyncio.sleep(0)  # as between two pages of the listing
    cpu, begun = process_time(), perf_counter()
    for _ in range(seconds):
        await asyncio.sleep(1)
        side.inbox._waiting.clear()  # taken out, as an engine would
    busy, took = process_time() - cpu, perf_counter() - begun
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await rest.close()
    late = side.health.delays["tier_lateness"]
    mix = "all in T4" if near else "in a usual mix of tiers"
    stages = [entry.stage for entry in side.registry.all()]
    print(f"{markets} markets {mix}, {stages.count(Stage.T4)} of them T4")
    print(f"  polls        {late.count / took:8.0f} /s, cpu {busy / took:.0%}")
    print(f"  late by p50  {late.quantile(0.5):8.3f} s")
    print(f"          p99  {late.quantile(0.99):8.3f} s  (goal 1 s)")
    print(f"          most {late.most:8.3f} s")


def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markets", type=int, default=50_000)
    parser.add_argument("--seconds", type=int, default=30)
    given = parser.parse_args()
    bench_decode(given.markets)
    spawn = multiprocessing.get_context("spawn")
    hear, tell = spawn.Pipe(duplex=False)
    server = spawn.Process(target=serve, args=(given.markets, tell), daemon=True)
    server.start()
    port = hear.recv()
    try:
        asyncio.run(bench_discovery(port, limited=False))
        asyncio.run(bench_discovery(port, limited=True))
    finally:
        server.terminate()
        server.join()
    asyncio.run(bench_lateness(given.markets, given.seconds, near=False))
    asyncio.run(bench_lateness(given.markets, given.seconds, near=True))


if __name__ == "__main__":
    main()
