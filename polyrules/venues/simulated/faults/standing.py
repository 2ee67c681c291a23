"""The faults that stand now, and what each does to a frame or a request.

Decisions only: nothing is sent or awaited here, time comes in as `now`, chance from a
generator that was seeded. Everything done is counted.
"""

import random
from collections import Counter
from typing import Literal

from polyrules.venues.simulated.faults import kinds
from polyrules.venues.simulated.faults.held import Held
from polyrules.venues.simulated.faults.kinds import (
    CancelOnly,
    Cut,
    Dispute,
    Drop,
    Duplicate,
    Fault,
    Freeze,
    Garble,
    Geoblock,
    Ghost,
    Lag,
    Reorder,
    Restart,
    Skew,
    Standing,
    Tick,
    micros,
    name_of,
)
from polyrules.venues.simulated.faults.requests import Asked, Refusal, refusal

Mode = Literal["trading", "restarting", "post_only", "cancel_only"]


class Faults:
    """Which faults stand when, and what they do.

    Args:
        rng: Where chance comes from.

    Attributes:
        counts: How often a fault did what it does, by its name and service.
    """

    def __init__(self, rng: random.Random) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._rng = rng
        self._all: dict[int, Standing] = {}
        self._next = 1
        self._opened: dict[tuple[str, str], int] = {}
        self._held = Held()
        self._begun: set[int] = set()

    def add(self, fault: Fault, since: int) -> int:
        """Let a fault strike, its `from` counted from `since`; return its number."""
        number, self._next = self._next, self._next + 1
        begin = since + micros(fault.begin)
        if isinstance(fault, Restart):
            length: int | None = micros(fault.down) + micros(fault.post_only)
        else:
            length = None if fault.length is None else micros(fault.length)
        end = None if length is None else begin + length
        self._all[number] = Standing(id=number, fault=fault, begin=begin, end=end)
        return number

    def clear(self, number: int | None = None) -> int:
        """End one fault, or all; return how many there were."""
        if number is None:
            ended = len(self._all)
            self._all.clear()
            return ended
        return int(self._all.pop(number, None) is not None)

    def all(self) -> tuple[Standing, ...]:
        """Return every fault that was added and not cleared."""
        return tuple(self._all.values())

    def active(self, now: int) -> tuple[Standing, ...]:
        """Return the faults that strike at `now`, in the order they were added."""
        return tuple(each for each in self._all.values() if each.holds(now))

    def begun(self, now: int) -> list[Fault]:
        """Return the faults that began since this was asked last, each once.

        For what is done once, by the world: a tick that changes, a restart that cuts.
        """
        fresh = [
            each
            for each in self._all.values()
            if each.begin <= now and each.id not in self._begun
        ]
        self._begun.update(each.id for each in fresh)
        return [each.fault for each in fresh if each.holds(now) or _is_once(each)]

    # Sockets

    def opened(self, service: str, connection: str, now: int) -> None:
        """Note that a client connected."""
        self._opened[service, connection] = now

    def closed(self, service: str, connection: str) -> None:
        """Note that a client is gone; what was held back for it is forgotten."""
        self._opened.pop((service, connection), None)
        self._held.forget((service, connection))

    def must_close(self, service: str, connection: str, now: int) -> bool:
        """Tell whether a socket has to be closed now, or refused at its opening."""
        for each in self._all.values():
            if not each.holds(now):
                continue
            fault = each.fault
            if isinstance(fault, Restart):
                down = now < each.begin + micros(fault.down)
                old = self._opened.get((service, connection), now) < each.begin
                struck = service != "rtds" and (down or old)
            else:
                struck = isinstance(fault, Cut) and _meets(
                    fault, service, connection, None
                )
            if struck:
                self.counts[name_of(fault), service] += 1
                return True
        return False

    def frames(
        self, service: str, connection: str, token: str | None, frame: str, now: int
    ) -> list[str]:
        """Return what to send now, in order, given that `frame` would be sent.

        Frames held back before come out here, or of `late`, when their time has come.
        """
        if not self._all and not self._held:
            return [frame]
        sent = self.late(service, connection, now)
        for each in self._all.values():
            if not each.holds(now):
                continue
            fault = each.fault
            if not isinstance(fault, kinds.OnFrames) or isinstance(fault, Cut):
                continue
            if not _meets(fault, service, connection, token):
                continue
            done = self._strike(each, service, connection, frame, now)
            if done is not None:
                self.counts[name_of(fault), service] += 1
                return sent + done
        return [*sent, frame]

    def late(self, service: str, connection: str, now: int) -> list[str]:
        """Return the frames held back whose time has come; to be asked every step."""
        key = (service, connection)
        if key not in self._held or self._is_frozen(service, connection, now):
            return []
        return self._held.due(key, now)

    def _is_frozen(self, service: str, connection: str, now: int) -> bool:
        frozen = (
            self._strike(each, service, connection, "", now) == []
            for each in self._all.values()
            if isinstance(each.fault, Freeze)
            and each.holds(now)
            and _meets(each.fault, service, connection, None)
        )
        return any(frozen)

    def _strike(
        self, each: Standing, service: str, connection: str, frame: str, now: int
    ) -> list[str] | None:
        """Return what a fault makes of a frame; None where it leaves it alone."""
        match each.fault:
            case Freeze(once=once):
                opened = self._opened.get((service, connection), 0)
                return None if once and opened > each.begin else []
            case Lag(delay=delay):
                self._held.put((service, connection), frame, now + micros(delay))
                return []
            case Drop(event=str(event)) if f'"{event}"' not in frame:
                return None
            case Reorder(share=share, within=within):
                if self._rng.random() >= share:
                    return None
                due = now + self._rng.randint(1, max(micros(within), 1))
                self._held.put((service, connection), frame, due)
                return []
            case Drop(share=share) | Duplicate(share=share) | Garble(share=share):
                struck = self._rng.random() < share
                return _spoilt(each.fault, frame) if struck else None
            case _:  # the others strike no frames
                return None

    # Requests

    def request(self, service: str, method: str, path: str, now: int) -> Refusal | None:
        """Return what happens to a request; None: the venue answers as ever.

        `path` is that of the service, without the prefix it is mounted at.
        """
        asked = Asked(service, method, path, now)
        for each in self.active(now):
            found = refusal(each, asked, self._rng)
            if found is not None:
                self.counts[found.fault, service] += 1
                return found
        return None

    # The venue

    def mode(self, now: int) -> Mode:
        """Return what orders the venue takes."""
        for each in self.active(now):
            if isinstance(each.fault, Restart):
                down = now < each.begin + micros(each.fault.down)
                return "restarting" if down else "post_only"
            if isinstance(each.fault, CancelOnly):
                return "cancel_only"
        return "trading"

    def skew(self, now: int) -> int:
        """Return how far the venue's own clock is off [microseconds]."""
        faults = (each.fault for each in self.active(now))
        seconds = sum(fault.seconds for fault in faults if isinstance(fault, Skew))
        return round(seconds * 1_000_000)

    def disputed(self, market: str, now: int) -> bool:
        """Tell whether the answer of a market is disputed."""
        return any(
            isinstance(each.fault, Dispute) and each.fault.market in ("*", market)
            for each in self.active(now)
        )

    def blocked(self, now: int) -> str | None:
        """Return the country the venue takes us to be in and refuses, or None."""
        for each in self.active(now):
            if isinstance(each.fault, Geoblock):
                return each.fault.country
        return None

    def ghost(self, now: int) -> Ghost | None:
        """Return what keeps trades from the chain, the first if there are several."""
        for each in self.active(now):
            if isinstance(each.fault, Ghost):
                return each.fault
        return None


def _is_once(each: Standing) -> bool:
    return isinstance(each.fault, Tick)


def _meets(
    fault: kinds.OnFrames, service: str, connection: str, token: str | None
) -> bool:
    return (
        fault.service == service
        and fault.connection in (None, connection)
        and fault.token in (None, token)
    )


def _spoilt(fault: Fault, frame: str) -> list[str]:
    if isinstance(fault, Duplicate):
        return [frame, frame]
    return [frame[: len(frame) // 2]] if isinstance(fault, Garble) else []
