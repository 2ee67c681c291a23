"""Who subscribed to what, and the books as they were told, for their hashes."""

import asyncio
from collections.abc import Iterable, Sequence

from polyrules.venues.simulated.book_hash import HashedBook
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.exchange.words import LevelsMoved


class Subscriber:
    """One socket: what it subscribed to, and the frames that wait to be sent."""

    __slots__ = ("custom", "frames", "name", "tokens")

    def __init__(self, name: str, waiting_max: int) -> None:
        self.name = name
        self.tokens: set[str] = set()
        self.custom = False
        self.frames: asyncio.Queue[str | None] = asyncio.Queue(waiting_max)


class Subscribers:
    """All open sockets, and their tokens.

    Args:
        exchange: Whose books are followed.

    Attributes:
        all: The sockets by name.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.all: dict[str, Subscriber] = {}
        self._exchange = exchange
        self._of: dict[str, list[Subscriber]] = {}
        self._told: dict[str, HashedBook] = {}

    def of(self, token: str) -> list[Subscriber]:
        """Return who subscribed to a token."""
        return list(self._of.get(token, ()))

    def of_market(self, tokens: Sequence[str]) -> list[Subscriber]:
        """Return who subscribed to one of a market's two tokens, each once."""
        first = self._of.get(tokens[0], ())
        second = self._of.get(tokens[1], ())
        return [*first, *(each for each in second if each not in first)]

    def has(self, tokens: Iterable[str]) -> bool:
        """Tell whether anybody subscribed to one of the tokens."""
        return any(token in self._of for token in tokens)

    def hashes(self, message: LevelsMoved) -> dict[str, str]:
        """Return the hash of each token's book after a message, told now."""
        for move in message.changes:
            told = self._told.get(move.token)
            if told is not None:
                told.set(move.side, move.price, move.size)
        tokens = {move.token for move in message.changes}
        return {token: self._told[token].hash() for token in tokens & self._told.keys()}

    def join(self, client: Subscriber, tokens: Iterable[str]) -> list[str]:
        """Add tokens to a socket; return those it had not before."""
        fresh = [each for each in dict.fromkeys(tokens) if each not in client.tokens]
        for token in fresh:
            client.tokens.add(token)
            self._of.setdefault(token, []).append(client)
            self._watch(token)
        return fresh

    def leave(self, client: Subscriber, tokens: Iterable[str]) -> None:
        """Take tokens from a socket."""
        for token in tokens:
            if token in client.tokens:
                client.tokens.discard(token)
                self._of[token].remove(client)
                if not self._of[token]:
                    del self._of[token]
                    self._unwatch(token)

    def forget(self, client: Subscriber) -> None:
        """Take a socket out."""
        self.leave(client, list(client.tokens))
        self.all.pop(client.name, None)

    def _watch(self, token: str) -> None:
        """Keep the books of the token's market from now on, for their hashes."""
        pit = self._exchange.pit(token)
        if pit is None:
            return
        for each in (pit.listed.yes, pit.listed.no):
            if each not in self._told:
                self._told[each] = HashedBook(each, *self._exchange.book(each))

    def _unwatch(self, token: str) -> None:
        pit = self._exchange.pit(token)
        tokens = () if pit is None else (pit.listed.yes, pit.listed.no)
        if not self.has(tokens):
            for each in tokens:
                self._told.pop(each, None)
