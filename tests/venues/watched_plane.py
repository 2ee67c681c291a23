"""A simulated venue, the data plane reading it, and who compares the two.

At every tick what a rule would read is held against what is true at the venue: how old
it is, what is missing, and what happened there that was never told.
"""

import asyncio
import bisect
import math
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Self

import msgspec
import numpy as np

from polyrules.clock import Clock
from polyrules.domain.events import (
    ClockTicked,
    Event,
    FeedLost,
    FeedRestored,
    RoundChanged,
    TradePrinted,
    WalletTraded,
)
from polyrules.domain.ids import MarketId
from polyrules.domain.money import ONE, Side, Usd
from polyrules.engine.state import State
from polyrules.features.table import Feeds
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.plane import Plane, Settings
from polyrules.venues.simulated.exchange.words import (
    LevelsMoved,
    Message,
    NewOrder,
    TimeInForce,
    Traded,
    TradeMoved,
    TradeStatus,
)
from polyrules.venues.simulated.faults import Fault
from polyrules.venues.simulated.server import Simulator
from polyrules.venues.simulated.world import settings as worlds
from tests.venues.virtual_time import LoopClock

S = 1_000_000
BEGIN = worlds.BEGIN
STEER_EVERY = 10  # ticks
WHALE_EVERY = 7
SETTLED = 15 * S  # after so long a followed market has its book
TOLD_WITHIN = 2 * S  # a trade that was not told by then is missing
LISTED_WITHIN = 125 * S  # Gamma is a minute behind, and asked once a minute
WALLET_WITHIN = 90 * S  # cached 15 s, polled every 15 s, a row in 20 a minute late
SERIES = "btc_updown_5m"
FEEDS = ("discovery", "books", "trades", "rounds", "whales")


class Values:
    """What one number was at the venue, moment by moment."""

    def __init__(self) -> None:
        self._ats: list[int] = []
        self._values: list[int] = []

    def add(self, at: int, value: int) -> None:
        if not self._values or self._values[-1] != value:
            self._ats.append(at)
            self._values.append(value)

    def now(self) -> int:
        return self._values[-1] if self._values else 0

    def age(self, value: int, now: int) -> float:
        """Return since when `value` is not true any more [microseconds], 0 if it is.

        Infinite where it never was.
        """
        for index in range(bisect.bisect_right(self._ats, now) - 1, -1, -1):
            if self._values[index] == value:
                ended = self._ats[index + 1 : index + 2]
                return float(max(now - ended[0], 0)) if ended else 0.0
        return math.inf


class Cell(msgspec.Struct):
    """How one feed did.

    Attributes:
        oldest: How old what could be read was at most [microseconds]; infinite where
            it was never true.
        followed: The same, of markets that are followed closely.
        bad: Ticks at which something was missing or late.
        last_bad: The last of them [microseconds UTC].
    """

    oldest: float = 0.0
    followed: float = 0.0
    bad: int = 0
    last_bad: int = 0

    def note(self, now: int, *, good: bool) -> None:
        if not good:
            self.bad += 1
            self.last_bad = now


class Watched(AbstractAsyncContextManager["Watched"]):
    """The venue and the plane, side by side.

    Attributes:
        cells: How each feed did.
        crashes: What the event loop heard of failed tasks.
        told_twice: Trades of wallets that were told more than once.
        missed: Trades in followed markets that were never told.
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        markets: int = 40,
        activity: float = 10.0,
        follow: int = 30,
        clock: Clock | None = None,
        speed: float = 1.0,
    ) -> None:
        made = worlds.Settings(markets=markets, activity=activity, coins=("BTC",))
        clock = clock or LoopClock(BEGIN)
        self.simulator = Simulator(made, faults=faults, clock=clock, speed=speed)
        self.clock = clock
        self.health = Health()
        self.state = State(Usd(Decimal(1000)), (), Feeds())
        self.cells = {feed: Cell() for feed in FEEDS}
        self.kinds: Counter[str] = Counter()
        self.rounds: Counter[str] = Counter()
        self.crashes: list[str] = []
        self.told_twice = 0
        self.missed = 0
        self._follow = follow
        self._followed: dict[str, int] = {}  # market: since when
        self._bids: dict[str, Values] = {}
        self._asks: dict[str, Values] = {}
        self._prices: dict[str, Values] = {}
        self._traded: dict[str, list[int]] = {}
        self._appeared: dict[str, int] = {}
        self._untold: dict[tuple[str, str, int, int], list[int]] = {}
        self._whales = {whale.address for whale in self.simulator.world.whales}
        self._of_whales: dict[tuple[str, str, int, int], int] = {}
        self._never_were: set[tuple[str, str, int, int]] = set()
        self._told_of_whales: Counter[tuple[str, str, int, int]] = Counter()
        self._hear_the_venue()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, told: self.crashes.append(str(told)))
        await self.simulator.start()
        said = Settings(
            sources=self.simulator.sources,
            wallets=frozenset(self._whales),
            series=(SERIES,),
        )
        self.plane = Plane(said, self.clock, self.health)
        await self.plane.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.plane.close()
        await self.simulator.stop()

    async def watch(self, until: int) -> None:
        """Compare, tick by tick, until a moment of the venue's time."""
        ticks = 0
        async for event in self.plane.events():
            self._take(event)
            if not isinstance(event, ClockTicked):
                continue
            if event.at >= until:
                break
            if ticks % STEER_EVERY == 0:
                self._steer(event.at)
            if ticks % WHALE_EVERY == 0:
                self._let_a_whale_buy(ticks // WHALE_EVERY)
            ticks += 1
            self._compare(event.at)

    def _let_a_whale_buy(self, number: int) -> None:
        """Let one of the whales take fifty shares in one of the followed markets."""
        world = self.simulator.world
        open_ones = [each for each in self._followed if not world.stories[each].stage]
        if not open_ones:
            return
        market = open_ones[number % len(open_ones)]
        pit = world.exchange.pits[market]
        price = pit.asks.best()
        if price is None:
            return
        order = NewOrder(
            owner=world.whales[number % len(world.whales)].address,
            token=pit.listed.yes,
            side=Side.BUY,
            price=price,
            size=50 * S,
            time_in_force=TimeInForce.FAK,
        )
        world.exchange.place(order, world.at)
        self.simulator.settle()

    # What is true

    def _hear_the_venue(self) -> None:
        for market, pit in self.simulator.world.exchange.pits.items():
            bid, ask = pit.bids.best() or 0, pit.asks.best() or 0
            self._remember(market, BEGIN, bid, ask)
        tell = self.simulator.channel.tell

        def spy(messages: Iterable[Message]) -> None:
            messages = list(messages)
            for message in messages:
                self._true(message)
            tell(messages)

        setattr(self.simulator.channel, "tell", spy)  # noqa: B010 - to listen in

    def _true(self, message: Message) -> None:
        if isinstance(message, LevelsMoved):
            yes = self.simulator.world.exchange.pits[message.market].listed.yes
            for move in message.changes:
                if move.token == yes:
                    self._remember(
                        message.market, message.at, move.best_bid, move.best_ask
                    )
        elif isinstance(message, Traded):
            key = _key(message.token, message.transaction, message.price, message.size)
            self._traded.setdefault(message.market, []).append(message.at)
            self._prices.setdefault(message.market, Values()).add(
                message.at, self._of_yes(message)
            )
            if self._is_settled(message.market, message.at):
                self._untold.setdefault(key, []).append(message.at)
            if message.taker in self._whales:
                self._of_whales[key] = message.at
        elif isinstance(message, TradeMoved) and message.status is TradeStatus.FAILED:
            made = message.trade
            key = _key(made.token, made.transaction, made.price, made.size)
            self._of_whales.pop(key, None)
            self._never_were.add(key)

    def _remember(self, market: str, at: int, bid: int, ask: int) -> None:
        self._bids.setdefault(market, Values()).add(at, bid)
        self._asks.setdefault(market, Values()).add(at, ask % ONE)

    # What is told

    def _take(self, event: Event) -> None:
        self.kinds[type(event).__name__] += 1
        self.state.apply(event)
        match event:
            case TradePrinted():
                key = _key(event.token, event.transaction, event.price, event.size)
                untold = self._untold.get(key)
                if untold:
                    untold.pop()
                    if not untold:
                        del self._untold[key]
            case WalletTraded():
                key = _key(event.token, event.transaction, event.price, event.size)
                self._told_of_whales[key] += 1
                self.told_twice += self._told_of_whales[key] > 1
            case RoundChanged(stage=stage):
                self.rounds[stage] += 1
            case FeedLost(feed=feed):
                self.kinds[f"lost {feed}"] += 1
            case FeedRestored(feed=feed):
                self.kinds[f"restored {feed}"] += 1
            case _:
                pass

    def _steer(self, now: int) -> None:
        urgent = self.plane.most_urgent()
        self.plane.follow(urgent[: self._follow], urgent)
        close = {*urgent[: self._follow]}
        self._followed = {
            str(market): self._followed.get(market, now) for market in close
        }

    def _of_yes(self, trade: Traded) -> int:
        yes = self.simulator.world.exchange.pits[trade.market].listed.yes
        return trade.price if trade.token == yes else ONE - trade.price

    def _is_settled(self, market: str, now: int) -> bool:
        """Tell whether a market is followed long enough to be known."""
        return now - self._followed.get(market, now) > SETTLED

    # The two compared

    def _compare(self, now: int) -> None:
        self.state.refresh()
        self._books(now)
        self._spot(now)
        self._trades(now)
        self._discovery(now)
        self._wallets(now)

    def _books(self, now: int) -> None:
        cell, whole = self.cells["books"], True
        for market, known in self.state.markets.items():
            rows = np.array([known.row])
            truth = (self._bids.get(market), self._asks.get(market))
            for name, values in zip(("best_bid", "best_ask"), truth, strict=True):
                read = float(self.state.table.read(name, rows, now)[0])
                if values is None:
                    continue
                if math.isnan(read):
                    whole &= not self._expected(market, values, now)
                else:
                    age = values.age(round(read * ONE), now)
                    cell.oldest = max(cell.oldest, age)
                    if self._is_settled(market, now):
                        cell.followed = max(cell.followed, age)
                    whole &= age <= 2 * S or market not in self._followed
        cell.note(now, good=whole)

    def _expected(self, market: str, values: Values, now: int) -> bool:
        """Tell whether a value should be there: of a market followed for a while."""
        story = self.simulator.world.stories[market]
        there = bool(values.now()) and not story.stage
        return there and self._is_settled(market, now)

    def _spot(self, now: int) -> None:
        cell = self.cells["rounds"]
        row = self._round_row(now)
        if row is None:
            cell.note(now, good=False)
            return
        read = float(self.state.table.read("spot.price", np.array([row]), now)[0])
        if math.isnan(read):
            cell.note(now, good=False)
            return
        age = math.inf
        for back in range(120):
            price = self.simulator.world.spot.price("BTC", now - back * S)
            if math.isclose(price, read, abs_tol=1e-6):
                age = back * S
                break
        cell.oldest = max(cell.oldest, age)
        cell.note(now, good=age <= 3 * S)

    def _round_row(self, now: int) -> int | None:
        length = 300 * S
        slug = f"btc-updown-5m-{now // length * length // S}"
        for known in self.state.markets.values():
            if known.market.slug == slug:
                return known.row
        return None

    def _trades(self, now: int) -> None:
        late = [key for key, ats in self._untold.items() if now - ats[0] > TOLD_WITHIN]
        for key in late:
            self.missed += len(self._untold.pop(key))
        cell = self.cells["trades"]
        cell.note(now, good=not late)
        for market, known in self.state.markets.items():
            truth = self._prices.get(market)
            rows = np.array([known.row])
            read = float(self.state.table.read("last_trade_price", rows, now)[0])
            if truth is not None and not math.isnan(read):
                age = truth.age(round(read * ONE), now)
                cell.oldest = max(cell.oldest, age)
                if self._is_settled(market, now):
                    cell.followed = max(cell.followed, age)

    def _discovery(self, now: int) -> None:
        unknown = False
        for market, story in self.simulator.world.stories.items():
            since = self._appeared.setdefault(market, now)
            late = now - since > LISTED_WITHIN and not story.stage
            unknown |= late and MarketId(market) not in self.plane.registry
        self.cells["discovery"].note(now, good=not unknown)

    def _wallets(self, now: int) -> None:
        late = [
            key
            for key, at in self._of_whales.items()
            if now - at > WALLET_WITHIN and not self._told_of_whales[key]
        ]
        self.cells["whales"].note(now, good=not late)

    def counted_trades(self) -> list[tuple[int, int]]:
        """Return trades in the last hour as read and as true, where one can be read.

        Only of markets that are followed and traded not within the last seconds.
        """
        now = self.clock.now()
        self.state.refresh()
        found = []
        for market, known in self.state.markets.items():
            rows = np.array([known.row])
            read = float(self.state.table.read("trade_count_1h", rows, now)[0])
            ats = self._traded.get(str(market), [])
            quiet = not ats or now - ats[-1] > 2 * S
            if self._is_settled(market, now) and quiet and not math.isnan(read):
                found.append((round(read), len(ats)))
        return found

    @property
    def ghosts_told(self) -> int:
        """Trades of whales that were told although they failed."""
        return sum(self._told_of_whales[key] for key in self._never_were)

    @property
    def untold_whales(self) -> int:
        """Trades of whales that are older than they may be, and were never told."""
        now = self.clock.now()
        return sum(
            now - at > WALLET_WITHIN and not self._told_of_whales[key]
            for key, at in self._of_whales.items()
        )


def _key(
    token: str, transaction: str, price: int, size: int
) -> tuple[str, str, int, int]:
    return (token, transaction, price, size)
