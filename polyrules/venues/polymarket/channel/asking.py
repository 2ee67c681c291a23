"""Asks REST for books: in batches, one request at a time, never faster than allowed.

Lost books go before comparisons. A request that fails is told to who asked; the pause
before the next grows. Nothing is asked twice at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

from polyrules.clock import Clock
from polyrules.domain.events import BookChanged
from polyrules.domain.ids import TokenId
from polyrules.errors import VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.channel.settings import Settings

Books = dict[TokenId, BookChanged]
Snapshot = Callable[[Sequence[TokenId]], Awaitable[Books]]
WHERE = "market_channel"
DOUBLINGS_MAX = 7  # a quarter of a second becomes half a minute


class Asking:
    """Books by REST, wished for by token.

    Args:
        snapshot: Asks for several books at once; a token the venue has no book of is
            left out of the answer. Raises VenueError.
        clock: The venue's time.
        settings: Batch and pauses.
        health: Where failures are counted.
        asked: Called with the tokens just before they are asked for.
        answered: Called with the tokens and the answer, None: it failed.
    """

    def __init__(  # noqa: PLR0917 - its parts, given once, in channel.py
        self,
        snapshot: Snapshot,
        clock: Clock,
        settings: Settings,
        health: Health,
        asked: Callable[[list[TokenId]], None],
        answered: Callable[[list[TokenId], Books | None], None],
    ) -> None:
        self._snapshot = snapshot
        self._clock = clock
        self._settings = settings
        self._health = health
        self._asked = asked
        self._answered = answered
        self._lost: dict[TokenId, None] = {}
        self._doubted: dict[TokenId, None] = {}
        self._wished = asyncio.Event()

    def repair(self, token: TokenId) -> None:
        """Wish for a lost book."""
        self._doubted.pop(token, None)
        self._lost[token] = None
        self._wished.set()

    def compare(self, token: TokenId) -> None:
        """Wish for a book to compare with."""
        if token not in self._lost:
            self._doubted[token] = None
            self._wished.set()

    def hurry(self, token: TokenId) -> None:
        """Wish for a book to compare with before all others."""
        if token not in self._lost:
            self._doubted = {token: None, **self._doubted}
            self._wished.set()

    def forget(self, token: TokenId) -> None:
        """Wish no longer."""
        self._lost.pop(token, None)
        self._doubted.pop(token, None)

    async def run(self) -> None:
        """Ask as long as anything is wished for."""
        failures = 0
        while True:
            await self._wished.wait()
            tokens = self._next()
            if not tokens:
                self._wished.clear()
                continue
            self._asked(tokens)
            answer = await self._ask(tokens)
            failures = 0 if answer is not None else min(failures + 1, DOUBLINGS_MAX)
            self._answered(tokens, answer)
            await self._clock.sleep(self._settings.request_gap << failures)

    def _next(self) -> list[TokenId]:
        tokens = _taken(self._lost, self._settings.batch)
        return tokens or _taken(self._doubted, self._settings.compare_batch)

    async def _ask(self, tokens: list[TokenId]) -> Books | None:
        self._health.count(WHERE, "snapshot requests")
        try:
            return await self._snapshot(tokens)
        except (VenueError, OSError, TimeoutError) as error:
            self._health.count(WHERE, f"snapshot failed: {type(error).__name__}")
            return None


def _taken(wishes: dict[TokenId, None], most: int) -> list[TokenId]:
    """Take the first wishes out."""
    tokens = [*islice(wishes, most)]
    for token in tokens:
        del wishes[token]
    return tokens
