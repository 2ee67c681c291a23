"""Questions brought forward: a trade was printed that may be a watched wallet's.

The market channel prints a trade at once but does not say whose it is; the wallet's
activity does, later. So a print in a market that a watched wallet trades in, or one as
large as a whale's, has those wallets asked at once, and again, ever more rarely, until
the transaction is found or `prompt_for` is over. How often one is asked is bounded.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol

import msgspec

from polyrules.clock import Clock
from polyrules.domain.events import TradePrinted
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import MINUTE
from polyrules.domain.money import ONE
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.wallets.fills import Fill

REACH = MINUTE  # how far before the print a prompted question begins
PRINTS_MOST = 10_000
MARKETS_MOST = 10_000
WHERE = "wallet_prompts"

Ask = Callable[[str, int], Coroutine[None, None, None]]


class Bounds(Protocol):
    """What is needed of WalletSettings."""

    @property
    def whale_usd(self) -> int:
        """From how much on a trade may be a whale's [usd]."""
        ...

    @property
    def prompt_gap(self) -> int:
        """Least time between two questions about one wallet [microseconds]."""
        ...

    @property
    def prompt_for(self) -> int:
        """How long a question is repeated [microseconds]."""
        ...

    @property
    def prompted_most(self) -> int:
        """Wallets asked about because of one trade."""
        ...


class Print(msgspec.Struct, kw_only=True):
    """A trade of the market channel that may be a watched wallet's.

    Attributes:
        at: When it was heard [microseconds UTC].
        wallets: Whose it may be.
        ask_at: When to ask about it next [microseconds UTC].
    """

    at: int
    wallets: tuple[str, ...]
    ask_at: int


class Prompts:
    """Which wallets to ask next, and why.

    Args:
        wallets: All that are watched, in lower case.
        clock: The venue's time.
        health: Counts ("wallet_prompts", …) and the delay "wallet_after_print".
        bounds: How much of this is allowed.
    """

    def __init__(
        self, wallets: Sequence[str], clock: Clock, health: Health, bounds: Bounds
    ) -> None:
        self._wallets = OrderedDict.fromkeys(wallets)  # the latest to trade is last
        self._clock = clock
        self._health = health
        self._bounds = bounds
        self._traders: OrderedDict[MarketId, set[str]] = OrderedDict()
        self._prints: OrderedDict[str, Print] = OrderedDict()  # by transaction
        self._came = asyncio.Event()

    def saw(self, event: TradePrinted) -> None:
        """Note a print, if it may be a watched wallet's."""
        transaction = event.transaction.lower()
        if not transaction or transaction in self._prints:
            return
        wallets = self._suspects(event)
        if not wallets:
            return
        now = self._clock.now()
        self._prints[transaction] = Print(at=now, wallets=wallets, ask_at=now)
        if len(self._prints) > PRINTS_MOST:
            self._prints.popitem(last=False)
            self._health.count(WHERE, "prints_dropped")
        self._came.set()

    def told(self, fill: Fill, now: int) -> None:
        """Note that a wallet's trade became known: whose it was is settled."""
        traders = self._traders.setdefault(fill.market, set())
        traders.add(fill.wallet)
        self._traders.move_to_end(fill.market)
        if len(self._traders) > MARKETS_MOST:
            self._traders.popitem(last=False)
        self._wallets.move_to_end(fill.wallet)
        printed = self._prints.pop(fill.transaction, None)
        if printed is not None:
            self._health.count(WHERE, "matched")
            self._health.delay("wallet_after_print", (now - printed.at) / ONE)

    async def serve(self, ask: Ask) -> None:
        """Ask about wallets as prints come, until cancelled."""
        while True:
            await self._came.wait()
            self._came.clear()
            while self._prints:
                await self._round(ask)
                # Also when nothing was asked, so that nobody is asked in a spin.
                await self._clock.sleep(self._bounds.prompt_gap)

    async def _round(self, ask: Ask) -> None:
        """Ask once about each wallet that an open print may be of."""
        now = self._clock.now()
        async with asyncio.TaskGroup() as asking:
            for wallet, printed in self._open(now).items():
                self._health.count(WHERE, "asked")
                # The venue's cache gives an old answer to the same question: each
                # one begins a little earlier than the one before.
                since = printed - REACH - (now - printed)
                asking.create_task(ask(wallet, since))

    def _open(self, now: int) -> dict[str, int]:
        """Return the wallets to ask about, with the first print each may be of.

        A print is asked about at once, and then each time it is twice as old.
        """
        old = now - self._bounds.prompt_for
        while self._prints and next(iter(self._prints.values())).at < old:
            self._prints.popitem(last=False)
            self._health.count(WHERE, "of_a_stranger")
        since: dict[str, int] = {}
        for printed in self._prints.values():
            if printed.ask_at > now:
                continue
            printed.ask_at = now + max(now - printed.at, self._bounds.prompt_gap)
            for wallet in printed.wallets:
                since.setdefault(wallet, printed.at)
        return since

    def _suspects(self, event: TradePrinted) -> tuple[str, ...]:
        """Return whose trade it may be, those that trade in the market first."""
        traders = sorted(self._traders.get(event.market, ()))
        if event.price * event.size >= self._bounds.whale_usd * ONE * ONE:
            latest = reversed(self._wallets)
            traders += [wallet for wallet in latest if wallet not in traders]
        return tuple(traders[: self._bounds.prompted_most])
