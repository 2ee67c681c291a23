"""What a question is truly worth, and how that changes: one kind of path for each.

A path is advanced to a moment and then knows the fair price of every market it drives,
and at last the answers. Makers and noise traders see it late or not at all; informed
traders see it as it is. Paths draw from the generator they are given and nothing else.
"""

import random
from math import erf, exp, log, sqrt
from typing import Protocol

from polyrules.domain.moments import HOUR, SECOND
from polyrules.venues.simulated.world.spot import Spot

SURE = 0.0005  # no price is nearer to 0 or 1 before the answer
TWAP = 60  # seconds, by which rounds are paid since August 2026


class Path(Protocol):
    """The fair price of one or several markets over time."""

    def fair(self, place: int, now: int) -> float:
        """Return the fair price of YES of the market at `place`, inside (0, 1).

        `now` [microseconds UTC] never runs backward.
        """
        ...

    def answer(self, place: int, now: int) -> bool:
        """Return whether YES wins, once it is over; always the same answer."""
        ...

    def push(self, place: int, amount: float) -> None:
        """Let something happen that moves the fair price by about `amount`."""
        ...


def normal(z: float) -> float:
    """Return the chance that a standard normal is below `z`."""
    return 0.5 * (1 + erf(z / sqrt(2)))


def inside(price: float) -> float:
    """Return a price that is not surer than the market may be."""
    return min(max(price, SURE), 1 - SURE)


class Walk:
    """A question that is decided bit by bit until its end: a walk, and its sign.

    Args:
        rng: What it draws from.
        price: Its fair price at `begin`, inside (0, 1).
        begin: Where it starts [microseconds UTC].
        end: When it is decided [microseconds UTC].
        calm: At what pace its news come: 1 decides all by its end, 0.3 moves by 0.3
            of that and leaves the rest to a draw at the end.
    """

    def __init__(
        self, rng: random.Random, price: float, begin: int, end: int, calm: float = 1.0
    ) -> None:
        self._rng = rng
        self._last, self._end = begin, end
        self._calm = calm
        self._left = max((end - begin) / SECOND, 1.0)
        self._x = _quantile(price) * sqrt(self._left)
        self._answer: bool | None = None

    def fair(self, place: int, now: int) -> float:
        """Return the chance that the walk ends above zero."""
        del place
        self._advance(now)
        return inside(normal(self._x / sqrt(self._left)))

    def answer(self, place: int, now: int) -> bool:
        """Return whether it ended above zero."""
        if self._answer is None:
            self._answer = self._rng.random() < self.fair(place, now)
        return self._answer

    def push(self, place: int, amount: float) -> None:
        """Move the fair price by about `amount`."""
        del place
        price = normal(self._x / sqrt(self._left))
        self._x = _quantile(inside(price + amount)) * sqrt(self._left)

    def _advance(self, now: int) -> None:
        passed = (min(now, self._end) - self._last) / SECOND
        if passed <= 0:
            return
        self._last = now
        news = min(passed * self._calm**2, self._left - 1e-3)
        if news > 0:
            self._x += self._rng.gauss(0.0, sqrt(news))
            self._left -= news


class Swing:
    """A price that overshoots: news that are none push it, and it comes back.

    Args:
        rng: What it draws from.
        anchor: Where it belongs.
        begin: Where it starts [microseconds UTC].
        every: About how often it is pushed [microseconds].
        size: The smallest push [usd/share]; the largest is twice that.
        half_life: In which half of a push is forgotten [microseconds].
    """

    def __init__(
        self,
        rng: random.Random,
        anchor: float,
        begin: int,
        *,
        every: int = HOUR // 2,
        size: float = 0.06,
        half_life: int = 600 * SECOND,
    ) -> None:
        self._rng = rng
        self._anchor = anchor
        self._last = begin
        self._every = every
        self._size = size
        self._pace = log(2) / half_life
        self._off = 0.0
        self._due = begin + int(rng.expovariate(1 / every))

    def fair(self, place: int, now: int) -> float:
        """Return the anchor and what is left of the last pushes."""
        del place
        passed = max(now - self._last, 0)
        self._off *= exp(-self._pace * passed)
        self._last = max(now, self._last)
        if now >= self._due:
            sign = 1 if self._anchor + self._off < self._rng.uniform(0.3, 0.7) else -1
            self._off += sign * self._size * (1 + self._rng.random())
            self._due = now + int(self._rng.expovariate(1 / self._every))
        return inside(self._anchor + self._off)

    def answer(self, place: int, now: int) -> bool:
        """Draw the answer by the anchor; a swing is never a reason."""
        del place, now
        return self._rng.random() < self._anchor

    def push(self, place: int, amount: float) -> None:
        """Move the anchor: this time it is a reason."""
        del place
        self._anchor = min(max(self._anchor + amount, 0.15), 0.85)


class Race:
    """Several outcomes of which exactly one wins: a neg-risk group.

    Args:
        rng: What it draws from.
        chances: Of each outcome at the beginning; any positive numbers.
        begin: Where it starts [microseconds UTC].
        pace: Standard deviation of a score in an hour.
    """

    def __init__(
        self, rng: random.Random, chances: list[float], begin: int, pace: float = 0.08
    ) -> None:
        self._rng = rng
        self._scores = [log(chance) for chance in chances]
        self._last = begin
        self._pace = pace / sqrt(HOUR)
        self._winner: int | None = None

    def fair(self, place: int, now: int) -> float:
        """Return the outcome's share of all scores."""
        passed = now - self._last
        if passed > 0:
            self._last = now
            spread = self._pace * sqrt(passed)
            self._scores = [s + self._rng.gauss(0.0, spread) for s in self._scores]
        return inside(exp(self._scores[place]) / sum(map(exp, self._scores)))

    def answer(self, place: int, now: int) -> bool:
        """Draw the winner once, by the chances as they stand."""
        if self._winner is None:
            chances = [self.fair(each, now) for each in range(len(self._scores))]
            places = range(len(chances))
            self._winner = self._rng.choices(places, weights=chances)[0]
        return place == self._winner

    def push(self, place: int, amount: float) -> None:
        """Move an outcome's score so that its chance moves by about `amount`."""
        self._scores[place] += amount / 0.25


class Hazard:
    """Something that may happen any day: one question with several deadlines.

    Args:
        rng: What it draws from.
        price: The fair price of the nearest deadline at the beginning.
        begin: Where it starts [microseconds UTC].
        ends: The deadlines, ascending [microseconds UTC].
    """

    def __init__(
        self, rng: random.Random, price: float, begin: int, ends: tuple[int, ...]
    ) -> None:
        self._rng = rng
        self._rate = -log(1 - price) / (ends[0] - begin)
        self._last = begin
        self._ends = ends
        self._happened: int | None = None

    def fair(self, place: int, now: int) -> float:
        """Return the chance that it happens before the deadline at `place`."""
        self._advance(now)
        if self._happened is not None:
            return inside(float(self._happened < self._ends[place]))
        return inside(1 - exp(-self._rate * max(self._ends[place] - now, 0)))

    def answer(self, place: int, now: int) -> bool:
        """Return whether it happened before the deadline."""
        self._advance(now)
        return self._happened is not None and self._happened < self._ends[place]

    def push(self, place: int, amount: float) -> None:
        """Make it likelier, or less so."""
        del place
        self._rate *= exp(2 * amount)

    def _advance(self, now: int) -> None:
        passed = now - self._last
        if passed <= 0:
            return
        self._last = now
        if self._happened is None and self._rng.random() < self._rate * passed:
            self._happened = now
        self._rate *= exp(self._rng.gauss(0.0, 0.06 * sqrt(passed / HOUR)))


class Round:
    """A coin is up or down: a walk that everyone can see, and few work out.

    Args:
        spot: The coin's price.
        symbol: Such as BTC.
        start: When the round starts [microseconds UTC].
        end: When it ends [microseconds UTC].
        sigma: Standard deviation of a minute's return that is taken.
    """

    def __init__(
        self, spot: Spot, symbol: str, start: int, end: int, sigma: float = 1e-3
    ) -> None:
        self._spot, self._symbol = spot, symbol
        self._start, self._end = start, end
        self._sigma = sigma

    def fair(self, place: int, now: int) -> float:
        """Return the chance of UP that a cautious maker would tell."""
        del place
        if now <= self._start:
            return 0.5
        left = max(self._end - now, SECOND) / (60 * SECOND)
        behind = max(1 - left, 0.0)
        mean = self._spot.twap(self._symbol, now, TWAP)
        expected = behind * mean + (1 - behind) * self._spot.price(self._symbol, now)
        drift = expected / self._begun() - 1
        wander = left - 2 / 3 if left > 1 else left**3 / 3
        chance = normal(drift / (self._sigma * sqrt(wander)))
        return min(max(chance, 0.01), 0.99)

    def answer(self, place: int, now: int) -> bool:
        """Return whether the mean at the end is at or above that at the start."""
        del place, now
        return self._spot.twap(self._symbol, self._end, TWAP) >= self._begun()

    def push(self, place: int, amount: float) -> None:
        """Nothing moves a coin here."""

    def _begun(self) -> float:
        return self._spot.twap(self._symbol, self._start, TWAP)


def _quantile(price: float) -> float:
    """Return z with normal(z) = price; enough digits for a play."""
    low, high = -8.0, 8.0
    for _ in range(50):
        middle = (low + high) / 2
        if normal(middle) < price:
            low = middle
        else:
            high = middle
    return (low + high) / 2
