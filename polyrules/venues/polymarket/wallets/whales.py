"""Whales: how large a trade or a wallet is, what a wallet moved, and whom to watch.

Tiers are by size alone and say nothing of skill; profit, volume and the share of
positions that won stand beside them. A leaderboard shows those who were lucky as well
as those who are good, so candidates are for a person to choose from.
"""

from bisect import bisect_right
from collections.abc import Iterable

import msgspec

from polyrules.clock import Clock
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import HOUR
from polyrules.domain.money import ONE, Side
from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.data_api import DataApi, Leader
from polyrules.venues.polymarket.wallets.addresses import problem_with
from polyrules.venues.polymarket.wallets.fills import Fill
from polyrules.venues.polymarket.wallets.records import Record, record_of
from polyrules.venues.polymarket.wire import Number, decimal

TRADE_TIERS_USD = (1_000, 10_000, 100_000)  # the first is what rules call a whale
WALLET_TIERS_USD = (100_000, 1_000_000, 10_000_000)  # traded in a month
EVERY = 6 * HOUR
WHERE = "whales"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet that may be worth watching. None is unsaid.

    Attributes:
        wallet: Its address, in lower case.
        name: What its owner calls himself.
        pnl: What it won in the period [usd].
        volume: What it traded in the period, as the venue counts.
        tier: 0 to 3, by its volume.
        record: How well it did, where somebody looked.
    """

    wallet: str
    name: str = ""
    pnl: float | None = None
    volume: float | None = None
    tier: int = 0
    record: Record | None = None


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What some fills come to. Amounts in micro-dollars.

    `net` is bought less sold; `largest` is one fill's; `last_at` is None without fills.
    """

    fills: int = 0
    markets: int = 0
    bought: int = 0
    sold: int = 0
    largest: int = 0
    last_at: int | None = None

    @property
    def volume(self) -> int:
        """Bought and sold together [micro-usd]."""
        return self.bought + self.sold

    @property
    def net(self) -> int:
        """Bought less sold [micro-usd]."""
        return self.bought - self.sold


def trade_tier(usd: float) -> int:
    """Return how large a trade is: 0 (below 1,000 usd), 1, 2, or 3 (from 100,000)."""
    return bisect_right(TRADE_TIERS_USD, usd)


def wallet_tier(volume_usd: float | None) -> int:
    """Return how large a wallet is, by what it trades in a month: 0 to 3."""
    return 0 if volume_usd is None else bisect_right(WALLET_TIERS_USD, volume_usd)


def flow(fills: Iterable[Fill], since: int) -> Flow:
    """Return what the fills since a moment [microseconds UTC] come to."""
    kept = [fill for fill in fills if fill.at >= since]
    paid = {Side.BUY: 0, Side.SELL: 0}
    markets: set[MarketId] = set()
    largest = 0
    for fill in kept:
        usd = fill.price * fill.size // ONE
        paid[fill.side] += usd
        largest = max(largest, usd)
        markets.add(fill.market)
    return Flow(
        fills=len(kept),
        markets=len(markets),
        bought=paid[Side.BUY],
        sold=paid[Side.SELL],
        largest=largest,
        last_at=max((fill.at for fill in kept), default=None),
    )


def candidates(leaders: Iterable[Leader]) -> list[Candidate]:
    """Return the wallets of leaderboards, each once, the most profitable first.

    Rows whose address is none are left out.
    """
    found: dict[str, Candidate] = {}
    for leader in leaders:
        wallet = (leader.proxy_wallet or "").lower()
        if problem_with(wallet):
            continue
        before = found.get(wallet, Candidate(wallet=wallet))
        found[wallet] = _joined(before, leader)
    return sorted(found.values(), key=lambda each: (-(each.pnl or 0.0), each.wallet))


async def discover(
    data: DataApi,
    *,
    category: str = "OVERALL",
    period: str = "MONTH",
    at_most: int = 50,
) -> list[Candidate]:
    """List the wallets that lead by profit or by volume, the most profitable first.

    Args:
        data: Who to ask.
        category: OVERALL, POLITICS, SPORTS, CRYPTO, …
        period: DAY, WEEK, MONTH or ALL.
        at_most: Rows of each of the two leaderboards.

    Raises:
        VenueError: The venue did not answer.
    """
    leaders: list[Leader] = []
    for order in ("PNL", "VOL"):
        leaders += await data.leaderboard(
            category=category, period=period, order=order, at_most=at_most
        )
    return candidates(leaders)


class Whales:
    """The wallets that lead, looked up now and then.

    Args:
        data: Who to ask.
        clock: The venue's time.
        health: Counts ("whales", …), gauge "whales".
        at_most: Rows of each leaderboard.
        recorded: How many of them have their record looked up too.

    Attributes:
        known: The wallets as last looked up, by address.
    """

    def __init__(
        self,
        data: DataApi,
        clock: Clock,
        health: Health,
        *,
        at_most: int = 50,
        recorded: int = 0,
    ) -> None:
        self.known: dict[str, Candidate] = {}
        self._data = data
        self._clock = clock
        self._health = health
        self._at_most = at_most
        self._recorded = recorded

    def tier(self, wallet: str) -> int:
        """Return a wallet's tier, 0 where it does not lead."""
        found = self.known.get(wallet.lower())
        return found.tier if found is not None else 0

    async def run(self) -> None:
        """Look them up every six hours until cancelled."""
        while True:
            await self.refresh()
            await self._clock.sleep(EVERY)

    async def refresh(self) -> None:
        """Look them up; without an answer what was known stays."""
        try:
            found = await discover(self._data, at_most=self._at_most)
        except VenueError as error:
            self._health.count(WHERE, type(error).__name__)
            return
        now = self._clock.now()
        self.known = {each.wallet: each for each in found}
        self._health.gauge(WHERE, len(found))
        for each in found[: self._recorded]:
            record = await record_of(self._data, each.wallet, now, self._health)
            self.known[each.wallet] = msgspec.structs.replace(each, record=record)


def _joined(before: Candidate, leader: Leader) -> Candidate:
    pnl, volume = _number(leader.pnl), _number(leader.vol)
    volume = before.volume if volume is None else volume
    return Candidate(
        wallet=before.wallet,
        name=before.name or leader.user_name or "",
        pnl=before.pnl if pnl is None else pnl,
        volume=volume,
        tier=wallet_tier(volume),
    )


def _number(value: Number) -> float | None:
    try:
        told = decimal(value)
    except UnexpectedReply:
        return None
    return None if told is None else float(told)
