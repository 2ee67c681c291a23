"""The only door to the wall clock.

The engine never asks for the time: every event carries its own `at`. Only adapters and
the command line come here.
"""

import time
from datetime import UTC, datetime

MICROSECONDS = 1_000_000


def now() -> int:
    """Return the current time [microseconds since 1970, UTC]."""
    return time.time_ns() // 1000


def monotonic() -> float:
    """Return seconds from an arbitrary start that never run backward."""
    return time.monotonic()


def to_datetime(at: int) -> datetime:
    """Return `at` [microseconds since 1970] as an aware datetime in UTC."""
    whole, rest = divmod(at, MICROSECONDS)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest)
