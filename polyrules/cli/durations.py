"""Durations as they are typed after an option."""

from polyrules.documents.quantities import parse_duration
from polyrules.errors import InputError


def duration(option: str, text: str | None) -> int | None:
    """Return a duration such as 90s or 1h in microseconds; None where none is given.

    Raises:
        InputError: It is no duration, or none that is above 0.
    """
    if text is None:
        return None
    micros = parse_duration(text)
    if not micros or micros < 0:
        raise InputError(
            f'{option} "{text}" is no duration', hint="write 90s, 30m, 4h or 2d"
        )
    return micros
