"""A simulated CLOB on loopback for tests: one market, one maker, no world."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import msgspec
from aiohttp import web

from polyrules.clock import Clock
from polyrules.domain.money import ONE, Side
from polyrules.venues.simulated.clob.app import routes
from polyrules.venues.simulated.clob.user_channel import UserChannel
from polyrules.venues.simulated.clob.venue import Venue
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.words import (
    Listed,
    NewOrder,
    Placed,
    Timing,
)
from polyrules.venues.simulated.faults.standing import Faults

CONDITION = "0x" + "ab" * 32
OTHER_CONDITION = "0x" + "cd" * 32
YES, NO = "7" * 77, "8" * 76
OTHER_YES, OTHER_NO = "5" * 77, "6" * 76
MAKER = "0x" + "11" * 20
# Keys everybody knows: accounts 1 and 2 of the Hardhat development chain.
ANN_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
ANN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
BOB_KEY = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"
BOB = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"

LISTED = Listed(
    id=CONDITION,
    yes=YES,
    no=NO,
    question="Will it rain in London on 1 May?",
    slug="rain-in-london",
    end=1_900_000_000 * ONE,
)
NEG_RISK = msgspec.structs.replace(
    LISTED,
    id=OTHER_CONDITION,
    yes=OTHER_YES,
    no=OTHER_NO,
    fee_rate=Decimal("0.04"),
    neg_risk=True,
    group="42",
)


class Sim:
    """The running venue, and what a test does to it from inside.

    Trades are mined at once, so that no client waits for them.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.exchange = Exchange(Timing(mined=0, confirmed=0))
        self.venue = Venue(self.exchange, clock)
        self.channel = UserChannel(self.venue, Faults(random.Random(1)))  # noqa: S311 - a play
        self.port = 0
        for listed in (LISTED, NEG_RISK):
            self.exchange.list(listed, clock.now())
        self.exchange.fund(MAKER, 1_000_000 * ONE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/clob"

    @property
    def socket(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/user"

    def fund(self, wallet: str, usd: int) -> None:
        self.exchange.fund(wallet.lower(), usd * ONE)

    def offer(self, price: str, size: int, token: str = YES) -> str:
        """Let the maker offer shares; returns the order's id."""
        self.exchange.give(MAKER, token, size * ONE)
        return self.rest(price, size, Side.SELL, token)

    def rest(self, price: str, size: int, side: Side, token: str = YES) -> str:
        order = NewOrder(
            owner=MAKER,
            token=token,
            side=side,
            price=int(Decimal(price) * ONE),
            size=size * ONE,
        )
        placed = self.exchange.place(order, self.clock.now())
        assert isinstance(placed, Placed)
        return placed.order_id

    def tell(self) -> None:
        """Let the user channel say what happened so far."""
        self.venue.advance(self.clock.now())
        self.channel.tell(self.exchange.drain())


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; a test that waits for long fails."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for knows no events
            await asyncio.sleep(0)


@asynccontextmanager
async def serving(clock: Clock) -> AsyncIterator[Sim]:
    """Serve a venue on a free port of this machine."""
    sim = Sim(clock)
    app = web.Application()
    app.add_subapp("/clob", routes(sim.venue))
    app.add_routes(sim.channel.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sim.port = runner.addresses[0][1]
    try:
        yield sim
    finally:
        sim.channel.close()
        await runner.cleanup()
