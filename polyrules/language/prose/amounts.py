"""Numbers with their units as people say them: 2 cents, 15 minutes, 1,000 USD."""

from polyrules.documents.quantities import SECOND, UNITS

CENTS = 100
LONG = 1e10  # seconds, three centuries: nobody counts these in days
TIMES = {"d": "day", "h": "hour", "m": "minute", "s": "second", "ms": "millisecond"}
UNIT_NAMES = {"1": "ratio", "prob": "price", "": "number"}


def amount(value: float, unit: str) -> str:
    """Return a number with its unit.

    Args:
        value: The number.
        unit: prob, usd, shares, seconds, hours, count, "1"; any other is left out.
    """
    match unit:
        case "prob":
            return _price(value)
        case "usd":
            return f"{plain(value)} USD"
        case "shares":
            return counted(value, "share")
        case "seconds" if abs(value) < LONG:
            return lasting(round(value * SECOND))
        case "seconds":
            return counted(value, "second")
        case "hours":
            return counted(value, "hour")
        case _:
            return plain(value)


def lasting(micros: int) -> str:
    """Return microseconds in the largest unit that divides them: 15 minutes."""
    for unit, word in TIMES.items():
        if micros and micros % UNITS[unit] == 0:
            return counted(micros // UNITS[unit], word)
    return counted(micros / SECOND, "second")


def counted(value: float, word: str) -> str:
    """Return a number with a word, which has an s for all but one."""
    return f"{plain(value)} {word}{'' if value == 1 else 's'}"


def plain(value: float) -> str:
    """Return a number without needless digits: 1,000, 0.25, 1e-09."""
    if value == int(value) and abs(value) < 1e15:  # noqa: PLR2004 - whole in a float
        return f"{int(value):,}"
    return f"{value:.10g}"


def share(value: float) -> str:
    """Return a share of 1 in per cent: 25 %."""
    return f"{value * CENTS:.10g} %"


def unit_name(unit: str) -> str:
    """Return a unit as a table names it; a price is dollars a share."""
    return UNIT_NAMES.get(unit, unit)


def _price(value: float) -> str:
    if value in (0.0, 1.0):
        return plain(value)
    return counted(float(f"{value * CENTS:.10g}"), "cent")
