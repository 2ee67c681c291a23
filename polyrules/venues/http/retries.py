"""When to ask again: capped exponential backoff with full jitter, or as told.

Pure: the venue's wish and a seeded random in, microseconds out.
"""

from random import Random

from polyrules.domain.moments import MINUTE, SECOND
from polyrules.venues.http.failures import (
    NotReady,
    ServerDown,
    Throttled,
    TimedOut,
    Unreachable,
)

Passing = Unreachable | TimedOut | Throttled | NotReady | ServerDown
PASSING = (Unreachable, TimedOut, Throttled, NotReady, ServerDown)
TELLING = (Throttled, NotReady, ServerDown)

STEP = SECOND // 2  # the longest first wait
RESTART = 2 * SECOND  # the same while the engine restarts: it takes 90 s
CAP = 30 * SECOND  # no wait of our own is longer
TOLD_MAX = MINUTE  # no wait they ask for is longer


def pause(failure: Passing, tries: int, random: Random) -> int:
    """Return how long to wait before trying again [microseconds].

    Args:
        failure: What came of the last try.
        tries: How often it was tried, at least 1.
        random: Spreads the waits, so that not all come back at once.

    Returns:
        From 0 up to a bound that doubles with each try, at most CAP; but no less
        than the venue asked for, of which TOLD_MAX is heeded.
    """
    first = RESTART if isinstance(failure, NotReady) else STEP
    bound = min(CAP, first << min(tries - 1, 10))
    own = int(random.random() * bound)
    told = failure.retry_after if isinstance(failure, TELLING) else None
    return max(own, min(told or 0, TOLD_MAX))
