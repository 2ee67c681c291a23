"""What coins cost on a tape, as far as it was played, and the means over seconds."""

from polyrules.domain.events import SpotTicked

SECOND = 1_000_000
KEPT = 7_200  # seconds of a coin's past
BACK = 120  # seconds looked back one by one


class TapeSpot:
    """What coins cost, as far as the tape has told; a price holds until the next."""

    def __init__(self) -> None:
        self._told: dict[str, dict[int, float]] = {}

    @property
    def symbols(self) -> tuple[str, ...]:
        """The coins that were told of so far."""
        return tuple(self._told)

    def hear(self, event: SpotTicked) -> None:
        """Take a price; means are made here, those of the tape are passed over."""
        if event.source != "price":
            return
        prices = self._told.setdefault(event.symbol, {})
        prices[event.at // SECOND] = event.price
        while len(prices) > KEPT:
            del prices[next(iter(prices))]

    def price(self, symbol: str, at: int) -> float:
        """Return the last price told at or before `at`, the first one before any.

        Raises:
            KeyError: Nothing was told of this coin yet.
        """
        prices = self._told[symbol]
        second = at // SECOND
        for each in range(second, second - BACK, -1):
            if each in prices:
                return prices[each]
        earlier = [each for each in prices if each <= second]
        return prices[max(earlier) if earlier else min(prices)]

    def twap(self, symbol: str, at: int, seconds: int) -> float:
        """Return the mean over the `seconds` that end with that of `at`.

        Raises:
            KeyError: Nothing was told of this coin yet.
        """
        moments = range(at - (seconds - 1) * SECOND, at + 1, SECOND)
        return sum(self.price(symbol, moment) for moment in moments) / seconds
