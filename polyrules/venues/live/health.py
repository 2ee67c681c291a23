"""How well the live adapters do: every failure counted and named, delays measured.

Nothing here decides; it is read by summaries, tests and, later, the dashboard.
"""

from bisect import bisect_left
from collections import Counter

# Upper ends of the buckets of a delay [seconds]; the last one is open.
BUCKETS = tuple(round(0.001 * 1.25**step, 6) for step in range(60))


# What is counted for its number and is no trouble.
ORDINARY = frozenset(
    {
        "activated",
        "asked",
        "closed",
        "found",
        "matched",
        "missing",
        "not_found_yet",
        "of_a_stranger",
        "refused: a symbol that is not its topic's",
        "request",
        "resolved",
        "restored",
        "snapshot requests",
        "socket opened",
        "told",
        "told_again",
    }
)


class Delays:
    """A measured delay, as counts in buckets that grow by a quarter each."""

    __slots__ = ("_counts", "count", "most")

    def __init__(self) -> None:
        self.count = 0
        self.most = 0.0
        self._counts = [0] * (len(BUCKETS) + 1)

    def add(self, seconds: float) -> None:
        """Take in one measurement [seconds]."""
        self.count += 1
        self.most = max(self.most, seconds)
        self._counts[bisect_left(BUCKETS, seconds)] += 1

    def quantile(self, share: float) -> float:
        """Return what `share` (0 to 1) of the delays are not above [seconds].

        The upper end of the bucket, at most a quarter too long; 0 without delays.
        """
        wanted, seen = share * self.count, 0
        for index, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                top = BUCKETS[index] if index < len(BUCKETS) else self.most
                return min(top, self.most)
        return 0.0


class Health:
    """Counters, gauges and delays by name.

    Attributes:
        counts: How often what happened, by (where, what): ("gamma", "429"),
            ("market_channel", "reconnect"). Names are lower case words.
        gauges: What stands now, by name: "coverage", "sockets".
        delays: Measured delays by name: "tier_lateness", "frame_to_feature".
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.gauges: dict[str, float] = {}
        self.delays: dict[str, Delays] = {}

    def count(self, where: str, what: str, number: int = 1) -> None:
        """Note that something happened."""
        self.counts[where, what] += number

    def gauge(self, name: str, value: float) -> None:
        """Note how something stands now."""
        self.gauges[name] = value

    def delay(self, name: str, seconds: float) -> None:
        """Note how long something took [seconds]."""
        found = self.delays.get(name)
        if found is None:
            found = self.delays[name] = Delays()
        found.add(seconds)

    def troubles(self) -> dict[str, int]:
        """Return what went wrong, how often: {"gamma 429": 3}."""
        return {
            f"{where} {what}": count
            for (where, what), count in sorted(self.counts.items())
            if what not in ORDINARY
        }

    def figures(self) -> dict[str, float]:
        """Return the gauges, and the 99th percentile of each delay [seconds]."""
        found = dict(sorted(self.gauges.items()))
        for name, delays in sorted(self.delays.items()):
            found[f"{name}_p99"] = delays.quantile(0.99)
        return found
