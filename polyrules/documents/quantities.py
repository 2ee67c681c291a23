"""Amounts with a unit, as YAML writes them: `25 USD`, `50 shares`, `15m`.

A bare number is never an amount: 50 of what is the question that costs money.
"""

import re
from decimal import Decimal

SECOND = 1_000_000  # microseconds
UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
UNITS["d"] = 24 * UNITS["h"]

USD = r"^[0-9]{1,9}(\.[0-9]{1,6})? USD(?!\n)$"
SHARES = r"^[0-9]{1,9}(\.[0-9]{1,2})? shares(?!\n)$"
STAKE = r"^[0-9]{1,9}(\.[0-9]{1,6})? (USD|shares)(?!\n)$"
DURATION = r"^[0-9]{1,9}(\.[0-9]{1,6})?(ms|s|m|h|d)(?!\n)$"

PER_CENT_MIN = 2  # 1.2 is a slip, hardly 1.2 %
NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
WORDS = {"msec": "ms", "milli": "ms", "sec": "s", "min": "m", "h": "h", "d": "d"}


def parse_usd(text: str) -> float | None:
    """Return the dollars of `25 USD`, or None if that is not its form."""
    return _number_before(text, USD)


def parse_shares(text: str) -> float | None:
    """Return the shares of `50 shares`, or None if that is not its form."""
    return _number_before(text, SHARES)


def parse_duration(text: str) -> int | None:
    """Return the microseconds of `15m`, or None if that is not its form."""
    found = re.search(DURATION, text.strip())
    if found is None:
        return None
    number = text.strip().removesuffix(found[2])
    return int(Decimal(number) * UNITS[found[2]])


def shown_duration(micros: int) -> str:
    """Return microseconds as a file says them, in the largest whole unit: `15m`."""
    for unit in ("d", "h", "m", "s", "ms"):
        if micros and micros % UNITS[unit] == 0:
            return f"{micros // UNITS[unit]}{unit}"
    return f"{micros / SECOND:g}s"


def with_unit(found: object, unit: str) -> str:
    """Guess the amount that was meant by one without its unit.

    Args:
        found: What the file says: 50, `50`, `$50`, `5 min`.
        unit: The unit wanted: `USD`, `shares`, or `s` for a duration.

    Returns:
        E.g. `50 USD`; "" where there is no number to begin with.
    """
    if isinstance(found, bool):
        return ""
    text = f"{found:g}" if isinstance(found, int | float) else str(found)
    number = NUMBER.search(text.replace(",", ""))
    if number is None:
        return ""
    if unit != "s":
        return f"{number[0]} {unit}"
    word = text.replace(",", "")[number.end() :].strip().lower()
    for start, meant in WORDS.items():
        if word.startswith(start):
            return f"{number[0]}{meant}"
    return f"{number[0]}s"


def per_cent(value: float) -> str:
    """Return a guess for a share of 1 written as a percentage, or ""."""
    return f"did you mean {value / 100:g}?" if PER_CENT_MIN <= value <= 100 else ""  # noqa: PLR2004 - per cent


def _number_before(text: str, pattern: str) -> float | None:
    if re.search(pattern, text.strip()) is None:
        return None
    return float(text.split(maxsplit=1)[0])
