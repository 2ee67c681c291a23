"""Moments and lengths of time: integer microseconds since 1970-01-01, UTC."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_MONDAY = 3  # day 0 was a Thursday, three days after a Monday


def day_of(at: int) -> int:
    """Return the UTC day of a moment, counted from 1970-01-01."""
    return at // DAY


def week_of(at: int) -> int:
    """Return the week of a moment, counted from the one of 1970-01-01.

    Weeks begin on Monday at 0:00 UTC.
    """
    return (day_of(at) + _MONDAY) // 7


def weekday_of(at: int) -> int:
    """Return the day of the week in UTC, 0 is Monday."""
    return (day_of(at) + _MONDAY) % 7


def hour_of(at: int) -> int:
    """Return the hour of the day in UTC, 0 to 23."""
    return at % DAY // HOUR
