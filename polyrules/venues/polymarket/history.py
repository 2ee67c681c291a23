"""What was traded in a market before it was followed, told once it is whole.

The Data API's list of trades is a cache, minutes old. So it is asked only after the
moment from which the market channel tells of the market has certainly come into it;
what it lists up to that moment is told, the rest was heard already. A market that is
lost meanwhile is forgotten, and begun anew when it is restored.
"""

import msgspec

from polyrules.clock import Clock
from polyrules.domain.events import FeedLost, FeedRestored, PastTrade, TradesTold
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.moments import HOUR, MINUTE, SECOND
from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.data_api import Activity, DataApi
from polyrules.venues.polymarket.wallets.fills import Fill, fill_of

WHERE = "history"
TRADES = "trades"


class HistorySettings(msgspec.Struct, frozen=True, kw_only=True):
    """When to ask, and how far back. Times in microseconds.

    Attributes:
        reach: How far before a market was followed its trades are told.
        settled: How old the venue's list may be (venue sheet, section 5: 300 s).
        turn: How often is looked for who is due.
        again: When a market is asked about again after a failure.
        at_most: Trades of one market asked for first, and then; of one that has more
            the gap stays open.
    """

    reach: int = HOUR
    settled: int = 5 * MINUTE + 30 * SECOND
    turn: int = 5 * SECOND
    again: int = MINUTE
    at_most: tuple[int, ...] = (500, 10_000)


class Followed(msgspec.Struct):
    """A market whose trades are heard since `since`; it is asked about at `due`.

    `heard` are the transactions heard in the second of `since`: the venue's list has
    whole seconds, so that second is told apart by them. `told` is set once its trades
    are on their way.
    """

    since: int
    due: int
    heard: set[str]
    told: bool = False


class History:
    """Tells the trades of an hour before each market was followed."""

    def __init__(
        self,
        data: DataApi,
        inbox: Inbox,
        clock: Clock,
        health: Health,
        *,
        settings: HistorySettings | None = None,
    ) -> None:
        self._data = data
        self._inbox = inbox
        self._clock = clock
        self._health = health
        self._settings = settings or HistorySettings()
        self._waiting: dict[MarketId, Followed] = {}

    def see(self, event: FeedLost | FeedRestored) -> None:
        """Take note of a market whose trades are heard now, or no longer."""
        if event.feed != TRADES or event.market is None:
            return
        if isinstance(event, FeedLost):
            self._waiting.pop(event.market, None)
            return
        due = event.at + self._settings.settled
        self._waiting[event.market] = Followed(event.at, due, set())

    def heard(self, market: MarketId, transaction: str, at: int) -> None:
        """Take note of a trade that was heard of a market, made `at`."""
        known = self._waiting.get(market)
        if known is not None and at - known.since <= SECOND:
            known.heard.add(transaction.lower())

    def stands(self, event: TradesTold) -> bool:
        """Tell whether what was told still closes its market's gap; asked once.

        It does not if the market was lost again before anyone took it.
        """
        known = self._waiting.get(event.market)
        if known is None or event.since != known.since - self._settings.reach:
            return False
        del self._waiting[event.market]
        return True

    async def run(self) -> None:
        """Ask about each market when it is due, until cancelled."""
        while True:
            await self._clock.sleep(self._settings.turn)
            now = self._clock.now()
            due = [m for m, e in self._waiting.items() if not e.told and e.due <= now]
            for market in due:
                await self._ask(market)

    async def _ask(self, market: MarketId) -> None:
        known = self._waiting.get(market)
        if known is None:
            return  # it was lost while others were asked about
        since = known.since - self._settings.reach
        try:
            fills = await self._fills(market, since)
        except VenueError:
            self._health.count(WHERE, "not answered")
            known.due = self._clock.now() + self._settings.again
            return
        if self._waiting.get(market) is not known:
            return  # it was lost while the venue answered
        if fills is None:
            del self._waiting[market]
            self._health.count(WHERE, "more trades than can be asked for")
            return
        known.told = True
        self._inbox.put(
            TradesTold(
                at=self._inbox.now(),
                market=market,
                since=since,
                trades=tuple(past(fills, known, since)),
            )
        )

    async def _fills(self, market: MarketId, since: int) -> list[Fill] | None:
        """Return the trades of a market back to `since`, None if they end before.

        A few are asked for first: of most markets they are enough.
        """
        for at_most in self._settings.at_most:
            found = await self._data.trades(
                markets=[market], taker_only=True, at_most=at_most
            )
            fills = [f for row in found.rows if (f := self._read(row)) is not None]
            if found.complete or min((f.at for f in fills), default=since + 1) <= since:
                return fills
        return None

    def _read(self, row: Activity) -> Fill | None:
        try:
            return fill_of(row, self._clock.now())
        except UnexpectedReply as error:
            self._health.count(WHERE, str(error))
            return None


def past(fills: list[Fill], known: Followed, since: int) -> list[PastTrade]:
    """Return the fills of before a market was followed, oldest first."""
    begun = known.since - known.since % SECOND  # the venue's stamps are whole seconds
    told = [
        fill
        for fill in fills
        if since <= fill.at < begun
        or (fill.at == begun and fill.transaction not in known.heard)
    ]
    told.sort(key=lambda fill: fill.at)
    return [
        PastTrade(fill.at, TokenId(fill.token), fill.side, fill.price, fill.size)
        for fill in told
    ]
