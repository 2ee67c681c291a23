"""How often each endpoint may be asked: token buckets shared by the whole process.

The venue counts per IP address over sliding windows, and slows down whoever asks more.
We stay at a safety share of its figures, so that another program behind the same
address has room. First come, first served within a group of endpoints.

The buckets are our own: aiolimiter lets a full bucket out at once, which is twice the
rate in one window, and it reads the event loop's clock instead of the venue's. Here at
most a tenth of a window goes out at once, and no window ever holds more than the rate.
"""

import asyncio

from polyrules.clock import Clock
from polyrules.domain.moments import MINUTE
from polyrules.venues.http.endpoints import (
    GENERAL,
    OTHER,
    Endpoint,
    Group,
    Rate,
    endpoint_of,
    groups_of,
)

SHARE = 0.8  # of the venue's figures; the rest is for others behind our address
BURST = 0.1  # of a window's requests may go out at once
HOLD_MAX = MINUTE


class Bucket:
    """When the next request may go, by the generic cell rate algorithm; pure.

    In any window of `rate.window` microseconds at most `rate.number` requests are
    spent, and at most a tenth of them (one at least) at once.
    """

    __slots__ = ("_ahead", "_due", "_interval")

    def __init__(self, rate: Rate) -> None:
        assert rate.number > 1, "one at once and one for the rest of the window"
        burst = max(1, int(rate.number * BURST))
        self._interval = -(-rate.window // (rate.number - burst))  # rounded up: safe
        self._ahead = (burst - 1) * self._interval
        self._due = 0

    def wait(self, now: int) -> int:
        """Return how long to wait before a request [microseconds], 0 if none."""
        # No farther than a request can push it: beyond that, the clock was set back.
        self._due = min(self._due, now + self._ahead + self._interval)
        return max(0, self._due - self._ahead - now)

    def spend(self, now: int) -> None:
        """Note a request at `now`, once there is nothing to wait for."""
        self._due = max(self._due, now) + self._interval


class Line:
    """Those who want to ask one endpoint, in the order they came."""

    def __init__(self, buckets: tuple[Bucket, ...]) -> None:
        self._buckets = buckets
        self._held = 0
        self._turn = asyncio.Lock()  # wakes in the order of arrival

    async def take(self, clock: Clock) -> None:
        """Return once all buckets let a request go; it is spent at that moment."""
        async with self._turn:
            now = clock.now()
            while wait := self._wait(now):
                await clock.sleep(wait)
                now = clock.now()
            for bucket in self._buckets:
                bucket.spend(now)

    def hold(self, until: int) -> None:
        """Let nothing go before `until`, though none waits longer than HOLD_MAX."""
        self._held = max(self._held, until)

    def _wait(self, now: int) -> int:
        self._held = min(self._held, now + HOLD_MAX)
        return max(self._held - now, *(bucket.wait(now) for bucket in self._buckets), 0)


class Limits:
    """The buckets of all endpoints; one object for all clients of the process.

    Args:
        clock: The venue's time.
        share: How much of the venue's figures to use, above 0, at most 1.
    """

    def __init__(self, clock: Clock, *, share: float = SHARE) -> None:
        assert 0 < share <= 1, "a share of what the venue allows"
        self._clock = clock
        self._share = share
        self._general: dict[str, Bucket] = {}
        self._groups: dict[Group, tuple[Bucket, ...]] = {}
        self._lines: dict[Endpoint, Line] = {}

    async def take(self, host_name: str, method: str, path: str) -> None:
        """Return once a request may go.

        Args:
            host_name: A key of endpoints.GENERAL; any other has a careful rate.
            method: GET, POST or DELETE.
            path: Without host, base path and query: "/markets/0x12".
        """
        await self._line(host_name, method, path).take(self._clock)

    def hold(self, host_name: str, method: str, path: str, micros: int) -> None:
        """Let no request of this endpoint go for so long, at most a minute.

        For a venue that says when it wants to be asked again: all who wait heed it,
        not only the one who was told.
        """
        self._line(host_name, method, path).hold(self._clock.now() + micros)

    def _line(self, host_name: str, method: str, path: str) -> Line:
        endpoint = endpoint_of(host_name, method, path)
        line = self._lines.get(endpoint)
        if line is None:
            line = self._lines[endpoint] = Line(self._buckets(endpoint))
        return line

    def _buckets(self, endpoint: Endpoint) -> tuple[Bucket, ...]:
        """Return the buckets of an endpoint, made where they are first needed."""
        host = endpoint[0]
        if host not in self._general:
            self._general[host] = self._bucket(GENERAL.get(host, OTHER))
        found = [self._general[host]]
        for group in groups_of(endpoint):
            if group not in self._groups:
                self._groups[group] = tuple(map(self._bucket, group.rates))
            found.extend(self._groups[group])
        return tuple(found)

    def _bucket(self, rate: Rate) -> Bucket:
        return Bucket(rate.part(self._share))
