"""A whole venue on one port of this machine: pages, sockets, and a world behind them.

    /gamma, /clob, /data   the venue's three REST services
    /ws/market, /ws/user   the CLOB's two sockets
    /rtds                  prices of coins
    /api/geoblock          where we are
    /clock                 the venue's time and how fast it runs, to share it
    /admin                 faults and answers on command

It listens on 127.0.0.1 unless told otherwise. It keeps nothing: a new one begins anew.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from typing import Any

from aiohttp import web

from polyrules.clock import Clock, Scaled
from polyrules.domain.money import ONE
from polyrules.venues.simulated.admin import Admin
from polyrules.venues.simulated.admin import World as Commands
from polyrules.venues.simulated.clob.app import routes
from polyrules.venues.simulated.clob.user_channel import UserChannel
from polyrules.venues.simulated.clob.venue import Venue
from polyrules.venues.simulated.data_api import DataApi, Ledger, Profile
from polyrules.venues.simulated.exchange.words import (
    LevelsMoved,
    Message,
    Mode,
)
from polyrules.venues.simulated.faults import Fault, Faults, Ghosts, gate
from polyrules.venues.simulated.faults.kinds import Tick
from polyrules.venues.simulated.gamma.pages import Gamma, geoblock
from polyrules.venues.simulated.market_channel import MarketChannel
from polyrules.venues.simulated.played import Played
from polyrules.venues.simulated.rtds import Rtds
from polyrules.venues.simulated.timing import Pace
from polyrules.venues.simulated.world.settings import Settings
from polyrules.venues.simulated.world.world import World

LOOPBACK = "127.0.0.1"
GRANT = 10_000 * ONE
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Simulator:
    """The venue.

    Args:
        settings: What its world is made of, if none is given.
        world: A world that is there already, such as one from a tape.
        speed: Seconds of its time in one second of ours.
        faults: What goes wrong, counted from its begin.
        host: Where it listens.
        port: On which port; 0 takes any that is free.
        clock: Its time, if not its own.
        grant: What every wallet with an API key begins with [micro-usd].

    Attributes:
        world: What happens.
        clock: The venue's time.
        faults: What goes wrong.
        counts: Messages by kind, for summaries.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        world: Played | None = None,
        speed: float = 1.0,
        faults: Iterable[Fault] = (),
        host: str = LOOPBACK,
        port: int = 0,
        clock: Clock | None = None,
        grant: int = GRANT,
    ) -> None:
        seed = (settings or Settings()).seed
        self.counts: Counter[str] = Counter()
        self.faults = Faults(random.Random(f"{seed} faults"))  # noqa: S311 - a play
        self.world: Played = world or World(
            settings or Settings(), disputed=self.faults.disputed
        )
        self._host, self._port = host, port
        self._grant, self._granted = grant, set[str]()
        self.clock: Clock = clock or Scaled(self.world.at, speed)
        for fault in faults:
            self.faults.add(fault, self.world.at)
        exchange = self.world.exchange
        lots = random.Random(f"{seed} ghosts")  # noqa: S311 - a play
        self._ghosts = Ghosts(self.faults, lots)
        exchange.trades.fate = self._ghosts.fate
        self.channel = MarketChannel(exchange, self.clock, self.faults, self.settle)
        self.clob = Venue(exchange, self.clock)
        self.user_channel = UserChannel(self.clob, self.faults)
        coins = self.world.settings.coins
        self.rtds = Rtds(self.world.spot, coins, self.clock, self.faults)
        self.ledger = Ledger(self._worth)
        self._pace = Pace(self.world, self.world.settings.step, self.clock, self._tell)
        self._runner: web.AppRunner | None = None
        self._running: asyncio.Task[None] | None = None
        self._introduce()

    @property
    def url(self) -> str:
        """Where it listens: http://127.0.0.1:8780."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def sources(self) -> dict[str, str]:
        """The base URLs of its services, by their names in a desk."""
        sockets = self.url.replace("http", "ws", 1)
        return {
            "gamma": f"{self.url}/gamma",
            "clob": f"{self.url}/clob",
            "market_channel": f"{sockets}/ws/market",
            "data_api": f"{self.url}/data",
            "rtds": f"{sockets}/rtds",
            "geoblock": self.url,
        }

    @property
    def behind(self) -> int:
        """The most the world was behind its clock [microseconds]."""
        return self._pace.behind

    async def start(self) -> None:
        """Listen, and let time pass.

        Raises:
            OSError: The port is taken.
        """
        self._runner = web.AppRunner(
            self.app(), access_log=None, handle_signals=False, shutdown_timeout=1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]
        self._running = asyncio.create_task(self._pace.run(self.turn))

    async def stop(self) -> None:
        """End all connections, and time."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        for sockets in (self.channel, self.user_channel, self.rtds):
            sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def wait(self) -> None:
        """Return when time stops, with the error it stopped for; else never."""
        assert self._running is not None, "it was started"
        await self._running

    def settle(self) -> None:
        """Let the world catch up with its clock, and tell all that happened so far."""
        self._pace.catch_up()
        self._tell(self.world.pass_on())

    def turn(self) -> None:
        """Let the world catch up, and do what else is due: faults, feeds, payouts."""
        now = self.clock.now()
        self.clob.advance(now)
        self.settle()
        self.world.exchange.mode = Mode(self.faults.mode(now))
        for fault in self.faults.begun(now):
            if isinstance(fault, Tick):
                self._set_tick(fault.market, Decimal(fault.tick))
        for market in self.ledger.advance(now):
            self.world.exchange.redeem_all(market)
        self.channel.step(now)
        self.user_channel.step(now)
        self.rtds.step(now)

    def app(self) -> web.Application:
        """Return all its routes as one application."""
        app = web.Application(
            middlewares=[gate(self.faults, self.clock), self._settled]
        )
        gamma = Gamma(self.world)
        data = DataApi(self.ledger, self.clock, self.world.at)
        app.add_routes(gamma.routes())
        app.add_routes(data.routes())
        app.add_routes(self.channel.routes())
        app.add_routes(self.rtds.routes())
        app.add_routes(Admin(self.faults, self._commands(), self.clock).routes())
        app.add_routes([web.get("/api/geoblock", geoblock)])
        app.add_routes([web.get("/clock", self._told_time), web.get("/", self._index)])
        app.add_routes(self.user_channel.routes())
        app.add_subapp("/clob", routes(self.clob))
        return app

    def summary(self) -> dict[str, Any]:
        """Return how the world stands."""
        stories = self.world.stories.values()
        return {
            "at": self.world.at,
            "markets": len(stories),
            "open": sum(story.stage != "resolved" for story in stories),
            "resolved": sum(story.stage == "resolved" for story in stories),
            "trades": self.counts["Traded"],
            "changes": self.counts["LevelsMoved"],
            "frames": self.channel.counts["frames"],
            "clients": sum(
                len(sockets.connections)
                for sockets in (self.channel, self.user_channel, self.rtds)
            ),
            "subscribed": self.channel.subscribed,
            "behind_ms": self.behind // 1000,
        }

    # -- inside --------------------------------------------------------------------

    def _introduce(self) -> None:
        """Tell the Data API what there was before the beginning."""
        self.ledger.know(story.listed for story in self.world.stories.values())
        for whale in self.world.whales:
            self.ledger.introduce(
                Profile(
                    wallet=whale.address,
                    name=whale.name,
                    pseudonym=whale.name.replace("_", " ").title(),
                    settled=whale.trades_30d * 3,
                    win_rate=whale.win_rate,
                    pnl=round((whale.win_rate - 0.5) * whale.stake * 40, 2),
                    volume=whale.stake * whale.trades_30d * 3,
                )
            )

    def _tell(self, messages: list[Message]) -> None:
        if not messages:
            return
        for message in messages:
            self.counts[type(message).__name__] += 1
            if not isinstance(message, LevelsMoved) and self._ghosts.on_chain(message):
                self.ledger.hear(message)
        self.channel.tell(messages)
        self.clob.prices.take(messages)
        self.user_channel.tell(messages)

    def _worth(self, token: str) -> int:
        """Return the middle of a token's book, else its last price [micro-usd]."""
        pit = self.world.exchange.pit(token)
        if pit is None:
            return 0
        bid, ask = pit.bids.best(), pit.asks.best()
        if bid is not None and ask is not None:
            yes = (bid + ask) // 2
        else:
            yes = pit.last[2] if pit.last is not None else ONE // 2
        return yes if token == pit.listed.yes else ONE - yes

    def _commands(self) -> Commands:
        return Commands(
            resolve=self._resolve, set_tick=self._set_tick, summary=self.summary
        )

    def _resolve(self, market: str, payout_yes: Decimal) -> str:
        if market not in self.world.stories:
            return f"no market has the condition id {market}"
        self.settle()
        self.world.resolve(market, payout_yes)
        return ""

    def _set_tick(self, market: str, tick: Decimal) -> str:
        if market not in self.world.stories:
            return f"no market has the condition id {market}"
        self.settle()
        self.world.exchange.set_tick(market, tick, self.world.at)
        return ""

    async def _index(self, _: web.Request) -> web.Response:
        """Tell a visitor what is where."""
        return web.json_response({"simulated": True, "sources": self.sources})

    async def _told_time(self, _: web.Request) -> web.Response:
        told = {"at": self.clock.now(), "speed": self.clock.speed}
        return web.json_response(told)

    @web.middleware
    async def _settled(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        """Let clients trade with the world as it is now, and tell what they did."""
        if not request.path.startswith("/clob"):
            return await handler(request)
        self._pace.catch_up()
        answer = await handler(request)
        self._greet()
        if request.method != "GET":
            self.settle()
        return answer

    def _greet(self) -> None:
        """Give wallets that came with a new API key their first money."""
        watched = self.world.exchange.history.watched
        if len(watched) == len(self._granted):
            return
        for owner in sorted(watched - self._granted):
            self.world.exchange.fund(owner, self._grant)
            self.ledger.keep(owner)
        self._granted |= watched
