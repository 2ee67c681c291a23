"""What coins cost, second by second, and the means that rounds are paid by.

A price is a geometric walk with a jump now and then. It is a pure function of seed,
coin and second: whoever asks when gets the same answer, for a day and more; what is
older than all that is kept is told as the oldest price there is. It knows no order book
and no other coin.
"""

import random
from array import array
from math import exp

from polyrules.domain.moments import HOUR, SECOND

BEFORE = 2 * HOUR // SECOND  # seconds of the past that are there from the beginning
KEPT = 26 * HOUR // SECOND  # seconds that are kept, at least
SPARE = HOUR // SECOND  # that are dropped at once
OPENING = {
    "BTC": 68_000.0,
    "ETH": 2_050.0,
    "SOL": 88.0,
    "XRP": 1.4,
    "DOGE": 0.095,
    "BNB": 640.0,
    "HYPE": 31.0,
}
VOLATILITY = 9e-5  # standard deviation of a second's return; about 50 % a year
JUMP_EVERY = 900  # seconds, on average
JUMP = 1.2e-3  # standard deviation of a jump's return


class Spot:
    """The prices of all coins since two hours before the beginning.

    Args:
        seed: Of the world.
        begin: The world's first moment [microseconds UTC].
    """

    def __init__(self, seed: int, begin: int) -> None:
        self._first = begin // SECOND - BEFORE
        self._coins = {symbol: _Coin(seed, symbol) for symbol in OPENING}

    @property
    def symbols(self) -> tuple[str, ...]:
        """The coins there are, such as BTC."""
        return tuple(self._coins)

    def price(self, symbol: str, at: int) -> float:
        """Return a coin's price [usd] in the second of `at` [microseconds UTC].

        Before the world's past the price is that of its first second.

        Raises:
            KeyError: There is no such coin.
        """
        return self._coins[symbol].price(self._index(at))

    def twap(self, symbol: str, at: int, seconds: int) -> float:
        """Return the mean price [usd] of the `seconds` that end with that of `at`.

        Raises:
            KeyError: There is no such coin.
        """
        return self._coins[symbol].mean(self._index(at), seconds)

    def _index(self, at: int) -> int:
        return max(at // SECOND - self._first, 0)


class _Coin:
    """The path of one coin, drawn as far as anyone has asked."""

    __slots__ = ("_dropped", "_prices", "_rng", "_sums")

    def __init__(self, seed: int, symbol: str) -> None:
        self._rng = random.Random(f"{seed} spot {symbol}")  # noqa: S311 - a play
        self._prices = array("d", [OPENING[symbol]])
        self._sums = array("d", [0.0, OPENING[symbol]])
        self._dropped = 0

    def price(self, index: int) -> float:
        self._draw(index)
        return self._prices[max(index - self._dropped, 0)]

    def mean(self, index: int, seconds: int) -> float:
        self._draw(index)
        last = max(index - self._dropped, 0)
        first = max(last + 1 - seconds, 0)
        return (self._sums[last + 1] - self._sums[first]) / (last + 1 - first)

    def _draw(self, index: int) -> None:
        while len(self._prices) <= index - self._dropped:
            change = self._rng.gauss(0.0, VOLATILITY)
            if self._rng.random() * JUMP_EVERY < 1:
                change += self._rng.gauss(0.0, JUMP)
            price = round(self._prices[-1] * exp(change), 8)
            self._prices.append(price)
            self._sums.append(self._sums[-1] + price)
            if len(self._prices) >= KEPT + SPARE:
                del self._prices[:SPARE], self._sums[:SPARE]
                self._dropped += SPARE
