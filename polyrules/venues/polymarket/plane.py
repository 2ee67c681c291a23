"""The data plane: all that Polymarket tells, as one feed of events.

It puts the adapters together and lets them run side by side: listings, the market
channel, polled books, answers, wallets, prices of coins and rounds. They share one
table of markets, one inbox, one set of rates, and one clock. It orders nothing and
decides nothing; what to follow closely it is told.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from polyrules.clock import Clock, Wall
from polyrules.domain.events import (
    ClockTicked,
    Event,
    FeedLost,
    FeedRestored,
    TradePrinted,
    TradesTold,
)
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import HOUR, MINUTE, SECOND
from polyrules.errors import InvariantError, UnexpectedReply, VenueError
from polyrules.venues.http.checks import clock_skew, geoblock, reachable
from polyrules.venues.http.failures import Refused
from polyrules.venues.http.limits import Limits
from polyrules.venues.http.rest import Rest
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.channel.channel import Channel
from polyrules.venues.polymarket.channel.settings import Settings as ChannelSettings
from polyrules.venues.polymarket.data_api import DataApi
from polyrules.venues.polymarket.discovery.discovery import (
    Discovery,
    DiscoverySettings,
)
from polyrules.venues.polymarket.history import History
from polyrules.venues.polymarket.markets.lifecycle import Lifecycle, LifecycleSettings
from polyrules.venues.polymarket.markets.polling import Polling
from polyrules.venues.polymarket.markets.resolution import Resolution
from polyrules.venues.polymarket.markets.snapshots import Snapshots
from polyrules.venues.polymarket.markets.tiers import Tiers
from polyrules.venues.polymarket.registry import Registry
from polyrules.venues.polymarket.rounds.feed import Rounds
from polyrules.venues.polymarket.rounds.series import series_of
from polyrules.venues.polymarket.rtds.feed import Rtds
from polyrules.venues.polymarket.wallets.addresses import advice_on
from polyrules.venues.polymarket.wallets.feed import Wallets, WalletSettings

SEED = 7  # of the jitter between attempts
SKEW_NOTED = 2 * SECOND
SKEW_MAX = MINUTE
FEES_AGAIN = 5 * MINUTE  # until a fee that nobody told is asked for again
T = TypeVar("T")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the venue is and how much of it is collected. Times in microseconds.

    Attributes:
        sources: URLs of gamma, clob, market_channel, data_api, rtds and geoblock.
        tick: Interval of the clock's ticks.
        wallets: Whose trades are told, in lower case.
        series: Rounds that are followed, such as btc_updown_15m.
        sockets: Connections to the market channel.
        tokens_per_socket: Tokens over one of them.
        tier_hours: Hours to the end below which a market is of T1 to T4.
        tier_every: How often books of T0 to T4 are asked for.
        volume_24h_usd_min: What trades less in 24 hours is let go of [usd].
        lookahead: Of what ends later no books are asked for.
        refresh: How often the newest listings are read.
        wallets_every: How often a wallet's trades are asked for.
    """

    sources: Mapping[str, str]
    tick: int = SECOND
    wallets: frozenset[str] = frozenset()
    series: tuple[str, ...] = ()
    sockets: int = 4
    tokens_per_socket: int = 200
    tier_hours: tuple[float, float, float, float] = (48.0, 12.0, 4.0, 1.0)
    tier_every: tuple[int, int, int, int, int] = (
        60 * MINUTE,
        5 * MINUTE,
        MINUTE,
        30 * SECOND,
        15 * SECOND,
    )
    volume_24h_usd_min: float = 0.0
    lookahead: int = 336 * HOUR
    refresh: int = MINUTE
    wallets_every: int = 15 * SECOND


class VenueClock(msgspec.Struct, frozen=True, kw_only=True):
    """What a simulated venue says of its time."""

    at: int
    speed: float


async def venue_time(url: str, health: Health) -> tuple[int, float]:
    """Return the time of the simulated venue at `url`, and how fast it runs.

    Args:
        url: Any URL of it.
        health: Where failures are counted.

    Raises:
        VenueError: It cannot be reached, or it is no simulated venue.
    """
    parts = urlsplit(url)
    root = f"{parts.scheme}://{parts.netloc}"
    async with Rest(root, name="site", clock=Wall(), health=health) as rest:
        await reachable([rest])
        told = await rest.get_json("/clock", shape=VenueClock)
    return told.at, told.speed


class Plane:
    """One venue's data, as a Feed.

    Args:
        settings: Where it is, and how much of it.
        clock: Its time.
        health: Where failures are counted and delays measured.

    Attributes:
        health: The same.
        registry: The markets that are known.
        notes: What is worth telling the operator about the start.
    """

    def __init__(self, settings: Settings, clock: Clock, health: Health) -> None:
        self.health = health
        self.registry = Registry()
        self.notes: list[str] = []
        self._settings = settings
        self._clock = clock
        self._inbox = Inbox(clock, settings.tick)
        limits = Limits(clock)
        sources = settings.sources

        def rest(source: str, name: str) -> Rest:
            url = sources[source]
            return Rest(
                url,
                name=name,
                clock=clock,
                health=health,
                limits=limits,
                keep=self._inbox.keep,
            )

        self._gamma = rest("gamma", "gamma")
        self._clob = rest("clob", "clob")
        self._data = rest("data_api", "data")
        self._site = rest("geoblock", "site")
        self._tasks: list[asyncio.Task[None]] = []
        self._close: frozenset[MarketId] = frozenset()  # followed over the channel
        self._fees: dict[MarketId, int] = {}  # who lacks one, and when to ask
        self._build()

    def _build(self) -> None:
        """Make the adapters; none of them does anything yet."""
        said, clock, health, inbox = (
            self._settings,
            self._clock,
            self.health,
            self._inbox,
        )
        shared = (self.registry, inbox, clock, health)
        tiers = Tiers(said.tier_hours, said.tier_every, said.lookahead)
        self._lifecycle = Lifecycle(
            *shared,
            tiers,
            settings=LifecycleSettings(volume_24h_min=said.volume_24h_usd_min),
        )
        snapshots = Snapshots(self._clob, *shared)
        self._resolution = Resolution(self._gamma, self._clob, *shared, self._lifecycle)
        self._discovery = Discovery(
            self._gamma,
            *shared,
            lifecycle=self._lifecycle,
            rest_clob=self._clob,
            look=self._resolution.look,
            settings=DiscoverySettings(refresh=said.refresh),
        )
        self._channel = Channel(
            said.sources["market_channel"],
            *shared,
            snapshot=snapshots.books,
            on_new_market=self._discovery.known_soon,
            on_resolved=self._resolution.heard,
            settings=ChannelSettings(
                sockets=said.sockets,
                tokens_per_socket=said.tokens_per_socket,
                seed=SEED,
            ),
        )
        self._polling = Polling(snapshots, *shared, tiers, served=self._channel.serves)
        self._lifecycle.follow(self._polling.moved)
        self._lifecycle.follow(self._resolution.moved)
        data = DataApi(self._data, health)
        self._history = History(data, inbox, clock, health)
        self._wallets = Wallets(
            data,
            *shared,
            wallets=said.wallets,
            find=self._discovery.find_market,
            settings=WalletSettings(interval=said.wallets_every),
        )
        self._rounds = Rounds(self._discovery.find, *shared, series=said.series)
        self._rtds = Rtds(
            said.sources["rtds"],
            inbox,
            clock,
            health,
            symbols={series_of(name).symbol for name in said.series},
            rng=Random(SEED),  # noqa: S311 - jitter is no secret
            heard=self._rounds.saw_spot,
        )

    async def open(self) -> None:
        """Make sure that the venue is there, and begin to read it.

        Raises:
            VenueError: A host that is needed does not answer, is no such venue, or its
                clock and ours are far apart.
        """
        needed = [self._gamma, self._clob]
        if self._settings.wallets:
            needed.append(self._data)
        await reachable(needed)
        await self._make_sure(self._gamma, "/markets/keyset?closed=false&limit=1")
        await self._make_sure(self._clob, "/time")
        await self._look_around()
        # What trades before a market is followed goes by unseen.
        unseen = FeedLost(
            at=self._inbox.now(), feed="trades", reason="nothing is followed yet"
        )
        self._inbox.put(unseen)
        parts: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("discovery", self._discovery.run),
            ("lifecycle", self._lifecycle.run),
            ("resolution", self._resolution.run),
            ("polling", self._polling.run),
            ("market channel", self._channel.run),
            ("history", self._history.run),
            ("fees", self._ask_fees),
        ]
        if self._settings.wallets:
            parts.append(("wallets", self._wallets.run))
        if self._settings.series:
            parts += [("rounds", self._rounds.run), ("rtds", self._rtds.run)]
        for name, run in parts:
            self._tasks.append(asyncio.create_task(self._supervised(run), name=name))

    async def close(self) -> None:
        """Stop reading and close all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for rest in (self._gamma, self._clob, self._data, self._site):
            await rest.close()

    def follow(self, close: Sequence[MarketId], wanted: Sequence[MarketId]) -> None:
        """Say which markets are worth following.

        Args:
            close: Those whose changes are to be heard as they happen, most wanted
                first; rounds that are about to begin go before them.
            wanted: Those whose books are to be asked for, each as its tier says.
        """
        rounds = self._rounds.wanted()
        room = self._settings.sockets * self._settings.tokens_per_socket // 2
        first = [*rounds, *(market for market in close if market not in rounds)]
        before, self._close = self._close, frozenset(first[:room])
        self._channel.watch(first[:room])
        self._wish_fees(first[:room])
        self._polling.want({*wanted, *rounds})
        self._polling.hurry(before - self._close)  # else blind for up to an interval

    def _wish_fees(self, markets: Sequence[MarketId]) -> None:
        """Have the fees asked for of markets whose listing did not tell them."""
        entries = (self.registry.get(market) for market in markets)
        self._fees = {
            entry.id: self._fees.get(entry.id, 0)
            for entry in entries
            if entry is not None and entry.market.fee_rate is None
        }

    async def _ask_fees(self) -> None:
        while True:
            await self._clock.sleep(SECOND)
            now = self._clock.now()
            for market in [each for each, due in self._fees.items() if due <= now]:
                self._fees[market] = now + FEES_AGAIN
                if (entry := self.registry.get(market)) is not None:
                    await self._discovery.fees(entry)

    def keep_frames(self, keep: Callable[[str, int, bytes], None] | None) -> None:
        """Hand every frame on as it comes: its source, when it came, its bytes."""
        self._inbox.raw = keep

    def most_urgent(self) -> list[MarketId]:
        """Return all open markets, those that end soonest first, then the rest."""
        entries = sorted(
            self.registry.open(), key=lambda entry: entry.market.end or 1 << 62
        )
        return [entry.id for entry in entries]

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens, with the clock ticking in between, until it is closed."""
        async for event in self._inbox.events():
            match event:
                case TradePrinted(market=market, transaction=transaction):
                    self._wallets.saw_trade(event)
                    made = event.at if event.venue_at is None else event.venue_at
                    self._history.heard(market, transaction, made)
                case FeedLost() | FeedRestored():
                    self._history.see(event)
                case ClockTicked(at=at):
                    late = (self._clock.now() - at) / SECOND
                    self.health.delay("tick_lateness", late)
                    self.health.gauge("inbox_deepest", self._inbox.deepest)
                case TradesTold() if not self._history.stands(event):
                    continue  # its market was lost since
                case _:
                    pass
            yield event

    async def _make_sure(self, rest: Rest, path: str) -> None:
        """Make sure that a host speaks as the venue does; its failures may pass."""
        try:
            msgspec.json.decode(await rest.get(path, attempts=1))
        except (UnexpectedReply, Refused, msgspec.DecodeError) as error:
            raise VenueError(f"{rest.host} is not the venue: {error}") from error
        except VenueError:
            self.health.count(rest.name, "failed at the start")

    async def _look_around(self) -> None:
        """Note what the operator should know: where he is, and whose clock is wrong.

        Raises:
            VenueError: The clocks are so far apart that no age could be believed.
        """
        skew = await asked(clock_skew(self._clob, self._clock), self.health, "clock")
        if skew is not None and abs(skew) > SKEW_NOTED:
            ahead = "ahead of" if skew > 0 else "behind"
            told = f"the venue's clock is {abs(skew) / SECOND:.1f} s {ahead} ours"
            if abs(skew) > SKEW_MAX:
                raise VenueError(told, hint="set the clock of this machine")
            self.notes.append(f"{told}: set the clock of this machine")
        self.notes += await advice_on(self._gamma, self._settings.wallets, self.health)
        where = await asked(geoblock(self._site), self.health, "geoblock")
        if where is not None and where.blocked:
            self.notes.append(
                f"the venue takes no orders from {where.country or 'here'}: reading"
                " works, live trading would not"
            )

    async def _supervised(self, run: Callable[[], Awaitable[None]]) -> None:
        """Let an adapter run; if it fails by a mistake of ours, all ends with it."""
        try:
            await run()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, nothing goes on half blind
            task = asyncio.current_task()
            name = task.get_name() if task else "an adapter"
            failure = InvariantError(f"{name} failed: {error!r}")
            failure.__cause__ = error
            self._inbox.end(failure)


async def asked(question: Awaitable[T], health: Health, name: str) -> T | None:
    """Return an answer that is good to have; None, counted, if there is none."""
    try:
        return await question
    except VenueError:
        health.count(name, "not answered")
        return None
