"""The feed of wallets: what the wallets of a list trade, each trade told exactly once.

Every wallet's activity is asked for again and again, from a while before the newest
trade seen, as the venue shows some trades late. A trade on the market channel that may
be one of theirs brings the next question forward. Trades from before the start are told
as far back as `history`, with the venue's own time; older ones are not told at all.

A trade of a market that nobody listed waits until it is listed. The feed is lost when
half of the wallets could not be asked for `lost_after`.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from polyrules.clock import Clock
from polyrules.domain.events import (
    FeedLost,
    FeedRestored,
    TradePrinted,
    WalletTraded,
)
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import HOUR, MINUTE, SECOND
from polyrules.domain.money import ONE
from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.data_api import Activity, DataApi
from polyrules.venues.polymarket.registry import Registry
from polyrules.venues.polymarket.wallets.fills import (
    TRADE,
    Fill,
    Told,
    fill_of,
    is_combo,
)
from polyrules.venues.polymarket.wallets.prompts import Prompts
from polyrules.venues.polymarket.wallets.records import Record, record_of
from polyrules.venues.polymarket.wallets.unlisted import Unlisted

FEED = "wallets"
AGAIN_AFTER = 5 * MINUTE  # a record that could not be looked up
Find = Callable[[MarketId, str], Awaitable[None]]


class WalletSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How often to ask, and how far back. Times in microseconds.

    Attributes:
        interval: Between two questions about one wallet.
        history: How far before the start trades are told.
        overlap: How far before the newest trade a question begins.
        lost_after: How long questions may fail until the feed is lost.
        records_every: How often win rate and number of trades are looked up.
        whale_usd: A trade on the market channel from here on may be a whale's [usd].
        prompt_gap: Least time between two prompted questions about one wallet.
        prompt_for: How long a prompted question is repeated until it is answered.
        prompted_most: Wallets asked about because of one trade.
        unlisted_for: How long a trade waits for its market to be listed.
    """

    interval: int = 15 * SECOND
    history: int = 30 * MINUTE
    overlap: int = 10 * MINUTE
    lost_after: int = MINUTE
    records_every: int = 6 * HOUR
    whale_usd: int = 1_000
    prompt_gap: int = 2 * SECOND
    prompt_for: int = 20 * SECOND
    prompted_most: int = 20
    unlisted_for: int = 30 * MINUTE


class Wallets:
    """What some wallets trade.

    Args:
        data: Who to ask.
        registry: The markets that are listed.
        inbox: Takes the events.
        clock: The venue's time.
        health: Counts ("wallets", …); delays "wallet_latency" (the venue's stamp to
            telling it) and "wallet_after_print" (its print on the market channel to
            telling it).
        wallets: Their addresses, in any case.
        find: Has an unlisted market listed, by its id and slug; None: nobody can.
        settings: How often, how far back.
    """

    def __init__(
        self,
        data: DataApi,
        registry: Registry,
        inbox: Inbox,
        clock: Clock,
        health: Health,
        *,
        wallets: frozenset[str],
        find: Find | None = None,
        settings: WalletSettings | None = None,
    ) -> None:
        self._data = data
        self._registry = registry
        self._inbox = inbox
        self._clock = clock
        self._health = health
        self._wallets = sorted({wallet.lower() for wallet in wallets})
        self._settings = settings or WalletSettings()
        self._told: dict[str, Told] = {}
        self._asked: dict[str, int] = {}  # when a question was last answered
        self._records: dict[str, Record] = {}
        self._lost = False
        self._prompts = Prompts(self._wallets, clock, health, self._settings)
        self._unlisted = Unlisted(
            registry, clock, health, find, self._settings.unlisted_for
        )

    async def run(self) -> None:
        """Tell of their trades until cancelled."""
        now = self._clock.now()
        for wallet in self._wallets:
            self._told[wallet] = Told(now - self._settings.history)
            self._asked[wallet] = now
        async with asyncio.TaskGroup() as tasks:
            for place, wallet in enumerate(self._wallets):
                tasks.create_task(self._follow(wallet, place))
            if self._wallets:
                tasks.create_task(self._look_up())
                tasks.create_task(self._watch())
                tasks.create_task(self._prompts.serve(self._ask))
                tasks.create_task(self._unlisted.serve(self._tell))

    def saw_trade(self, event: TradePrinted) -> None:
        """Note a trade of the market channel: it may be one of theirs."""
        self._prompts.saw(event)

    def record(self, wallet: str) -> Record | None:
        """Return what is known of a wallet's past, None until it was looked up."""
        return self._records.get(wallet.lower())

    async def _follow(self, wallet: str, place: int) -> None:
        interval = self._settings.interval
        await self._clock.sleep(interval * place // len(self._wallets))
        while True:
            await self._ask(wallet, self._told[wallet].since)
            await self._clock.sleep(interval)

    async def _ask(self, wallet: str, since: int) -> None:
        """Ask what a wallet did since a moment and tell what is news."""
        whole = since <= self._told[wallet].since
        try:
            rows = await self._data.activity(
                wallet, start=since // SECOND, types=(TRADE,)
            )
        except VenueError as error:
            self._health.count(FEED, type(error).__name__)
            return
        now = self._clock.now()
        self._asked[wallet] = now
        self._check(now)
        newest = self._news(wallet, rows.rows, now)
        if whole and newest:
            self._told[wallet].forget(newest - self._settings.overlap)

    def _news(self, wallet: str, rows: list[Activity], now: int) -> int:
        """Tell what is news, the oldest first; return the newest stamp, 0 if none."""
        told = self._told[wallet]
        fills = sorted(self._fills(wallet, rows, now), key=lambda fill: fill.at)
        for fill in fills:
            if told.is_news(fill) and not self._unlisted.keeps(fill):
                self._tell(fill)
        return min(fills[-1].at, now) if fills else 0

    def _fills(self, wallet: str, rows: list[Activity], now: int) -> list[Fill]:
        fills: list[Fill] = []
        for row in rows:
            if row.type != TRADE:
                continue
            try:
                fill = fill_of(row, now)
            except UnexpectedReply:
                self._health.count(FEED, "row_refused")
                continue
            if fill.wallet != wallet:
                self._health.count(FEED, "row_of_another")
            elif is_combo(fill.market):
                self._health.count(FEED, "row_of_a_combo")
            else:
                fills.append(fill)
        return fills

    def _tell(self, fill: Fill) -> None:
        entry = self._registry.get(fill.market)
        if entry is None or fill.token not in entry.tokens:
            self._health.count(FEED, "token_of_no_market")
            return
        now = self._inbox.now()
        record = self._records.get(fill.wallet, Record())
        self._inbox.put(
            WalletTraded(
                at=now,
                venue_at=fill.at,
                market=fill.market,
                token=fill.token,
                side=fill.side,
                price=fill.price,
                size=fill.size,
                wallet=fill.wallet,
                transaction=fill.transaction,
                win_rate=record.win_rate,
                trades_30d=record.trades_30d,
            )
        )
        self._health.count(FEED, "told")
        self._health.delay("wallet_latency", max(now - fill.at, 0) / ONE)
        self._prompts.told(fill, now)

    async def _look_up(self) -> None:
        """Keep the records fresh, one wallet after the other."""
        gap = self._settings.records_every // len(self._wallets)
        while True:
            for wallet in self._wallets:
                now = self._clock.now()
                found = await record_of(self._data, wallet, now, self._health)
                failed = found.trades_30d is None
                if wallet not in self._records or not failed:
                    self._records[wallet] = found
                if failed or len(self._records) == len(self._wallets):
                    await self._clock.sleep(min(gap, AGAIN_AFTER) if failed else gap)

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(self._settings.lost_after // 4)
            self._check(self._clock.now())

    def _check(self, now: int) -> None:
        """Say that the feed is lost, or is there again, if that changed."""
        oldest = now - self._settings.lost_after - self._settings.interval
        silent = sum(at < oldest for at in self._asked.values())
        self._health.gauge("wallets_silent", silent)
        lost = bool(silent) and 2 * silent >= len(self._asked)
        if lost == self._lost:
            return
        self._lost = lost
        self._health.count(FEED, "lost" if lost else "restored")
        at = self._inbox.now()
        reason = f"{silent} of {len(self._asked)} wallets cannot be asked"
        self._inbox.put(
            FeedLost(at=at, feed=FEED, reason=reason)
            if lost
            else FeedRestored(at=at, feed=FEED)
        )
