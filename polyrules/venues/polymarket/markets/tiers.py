"""How near a market's end is, how often it is polled for that, and who is due now.

Pure: times come in, names come out; nothing here waits, reads a clock or asks anyone.
"""

import hashlib
from heapq import heappop, heappush

import msgspec

from polyrules.domain.events import Stage
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import HOUR, MINUTE, SECOND

STAGES = (Stage.T0, Stage.T1, Stage.T2, Stage.T3, Stage.T4)
ORDER = {
    stage: rank
    for rank, stage in enumerate((Stage.DISCOVERED, *STAGES, Stage.DEACTIVATED))
}
FIRST_WITHIN = MINUTE  # a market is polled for the first time within this


def hours_to_close(end: int | None, now: int) -> float | None:
    """Return the hours until `end`; negative after it, None where none is stated."""
    return None if end is None else (end - now) / HOUR


class Tiers(msgspec.Struct, frozen=True):
    """The five tiers by hours to the end.

    A market is in T0 from the first boundary on and beyond, in T4 below the last; on
    a boundary it is in the tier that is farther from the end.

    Attributes:
        hours: Where T0/T1, T1/T2, T2/T3 and T3/T4 meet, falling.
        every: The time between two polls in T0 to T4 [microseconds].
        lookahead: Markets that end after so long [microseconds] are T0, and polled
            only if asked for by name.

    Source:
        The data-collection design's table of tiers.
    """

    hours: tuple[float, float, float, float] = (48, 12, 4, 1)
    every: tuple[int, int, int, int, int] = (
        60 * MINUTE,
        5 * MINUTE,
        MINUTE,
        30 * SECOND,
        15 * SECOND,
    )
    lookahead: int = 336 * HOUR

    def tier(self, hours: float | None) -> Stage:
        """Return the tier of a market so many hours before its end; T0 for None."""
        if hours is None:
            return Stage.T0
        return STAGES[sum(hours < each for each in self.hours)]

    def interval(self, stage: Stage) -> int:
        """Return the time between two polls of a market in T0 to T4 [microseconds]."""
        return self.every[STAGES.index(stage)]

    def within(self, hours: float | None) -> bool:
        """Tell whether a market is polled unasked; one without an end is."""
        return hours is None or hours * HOUR <= self.lookahead

    def next_move(self, end: int | None, now: int) -> int | None:
        """Return when a market next crosses a boundary, None if it never will."""
        if end is None:
            return None
        # It leaves a tier a moment after the boundary, and comes into sight on it.
        leaves = [end - int(each * HOUR) + 1 for each in self.hours]
        moments = (*leaves, end - self.lookahead)
        return min((at for at in moments if at > now), default=None)


class Slot(msgspec.Struct):
    """When a market is due, how often, where in its interval, and when it last was."""

    due: int
    interval: int
    phase: int
    last: int | None = None


class Schedule:
    """Who is due when. It forgets nobody and asks nobody twice within an interval.

    Due times stand on a grid of the interval, at an offset that the market's id gives:
    so many markets spread evenly, and a restart finds the same grid. Only the first
    poll comes sooner, within FIRST_WITHIN, and only a shorter interval (or `again`)
    makes the next one come sooner than it was due. Who is late by whole intervals is
    polled once.
    """

    def __init__(self) -> None:
        self._slots: dict[MarketId, Slot] = {}
        self._heap: list[tuple[int, MarketId]] = []

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, market: MarketId) -> bool:
        return market in self._slots

    def put(self, market: MarketId, interval: int, now: int) -> None:
        """Poll a market every `interval` [microseconds, above 0] from now on."""
        slot = self._slots.get(market)
        if slot is not None and slot.interval == interval:
            return
        phase, last = offset(market), None
        soon = now + phase % min(interval, FIRST_WITHIN)
        if slot is not None:
            last = slot.last
            if last is not None:
                soon = _on_grid(max(now, last + interval), phase, interval)
            soon = min(slot.due, soon)
        self._set(market, Slot(soon, interval, phase, last))

    def remove(self, market: MarketId) -> None:
        """Poll a market no more."""
        self._slots.pop(market, None)

    def due(self, now: int, limit: int) -> list[tuple[MarketId, int]]:
        """Return at most `limit` markets that are due, longest first.

        Each comes with the moment it was due [microseconds UTC] and is due again an
        interval later.
        """
        found: list[tuple[MarketId, int]] = []
        while len(found) < limit and (at := self.next_due()) is not None and at <= now:
            market = heappop(self._heap)[1]
            slot = self._slots[market]
            found.append((market, at))
            after = max(at + slot.interval, now + 1)
            due = _on_grid(after, slot.phase, slot.interval)
            self._set(market, Slot(due, slot.interval, slot.phase, at))
        return found

    def again(self, market: MarketId, at: int) -> None:
        """Let a market be due at `at`, where that is sooner than it would be."""
        slot = self._slots.get(market)
        if slot is not None and at < slot.due:
            self._set(market, Slot(at, slot.interval, slot.phase, slot.last))

    def next_due(self) -> int | None:
        """Return when the next market is due, None if there is none."""
        while self._heap:
            at, market = self._heap[0]
            slot = self._slots.get(market)
            if slot is not None and slot.due == at:
                return at
            heappop(self._heap)  # it was moved or removed meanwhile
        return None

    def _set(self, market: MarketId, slot: Slot) -> None:
        self._slots[market] = slot
        heappush(self._heap, (slot.due, market))


def offset(market: MarketId) -> int:
    """Return the market's own offset [microseconds], the same in every process."""
    digest = hashlib.blake2b(market.encode(), digest_size=6).digest()
    return int.from_bytes(digest)


def _on_grid(at: int, phase: int, interval: int) -> int:
    """Return the first moment from `at` on that stands at `phase` in its interval."""
    return at + (phase - at) % interval
