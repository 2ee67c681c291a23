"""What a fault makes of a request. Decisions only; `gate` carries them out."""

import random

import msgspec

from polyrules.venues.simulated.faults import kinds
from polyrules.venues.simulated.faults.kinds import (
    Geoblock,
    Html,
    LostAnswer,
    Restart,
    Slow,
    Standing,
    Status,
    micros,
    name_of,
)


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What to answer instead of the venue, or after what it did.

    `delay` is waited first [microseconds]; with `status` 0 the venue answers itself
    after it. `status` None: the request is carried out, then `delay` is waited, then
    the connection ends without an answer.
    """

    fault: str
    status: int | None
    retry_after: int | None = None
    html: bool = False
    delay: int = 0


class Asked(msgspec.Struct, frozen=True):
    """A request: its service, its method, its path within the service, and when."""

    service: str
    method: str
    path: str
    now: int


def refusal(each: Standing, asked: Asked, rng: random.Random) -> Refusal | None:
    """Return what a fault that holds makes of a request; None: nothing."""
    fault = each.fault
    if isinstance(fault, Restart):
        down = asked.service == "clob" and asked.now < each.begin + micros(fault.down)
        return Refusal(fault="restart", status=425) if down else None
    if isinstance(fault, Geoblock):
        blocked = _is_order(asked)
        return Refusal(fault="geoblock", status=403, html=True) if blocked else None
    if not isinstance(fault, kinds.OnRequests) or fault.service != asked.service:
        return None
    if fault.path is not None and not asked.path.startswith(fault.path):
        return None
    if fault.share < 1 and rng.random() >= fault.share:
        return None
    return _answer(fault)


def _is_order(asked: Asked) -> bool:
    return asked.service == "clob" and asked.method == "POST" and "order" in asked.path


def _answer(fault: kinds.OnRequests) -> Refusal:
    name = name_of(fault)
    match fault:
        case Status(status=status, retry_after=retry_after):
            return Refusal(fault=name, status=status, retry_after=retry_after)
        case Slow(delay=delay):
            return Refusal(fault=name, status=0, delay=micros(delay))
        case Html(status=status):
            return Refusal(fault=name, status=status, html=True)
        case LostAnswer(after=after):
            return Refusal(fault=name, status=None, delay=micros(after))
