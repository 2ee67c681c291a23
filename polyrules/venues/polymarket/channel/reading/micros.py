"""Text of the market channel as integer micro-units, without Decimal where it can be.

The same texts come again and again, so each table remembers what it read; it forgets
all when it is full. A text that is not plain decimal digits is read by `wire`, slowly,
and both ways agree: that is a law under test.
"""

from polyrules.domain.money import ONE
from polyrules.errors import UnexpectedReply
from polyrules.venues.polymarket import wire

PLACES = 6
SCALES: tuple[int, ...] = tuple(10 ** (PLACES - places) for places in range(PLACES + 1))
WHOLE_MAX = 11  # digits before the point; wire refuses above 1e12
KEPT_MAX = 65_536
STAMP_MIN, STAMP_END = wire.BEGIN * 1000, wire.END * 1000  # milliseconds


def plain(text: str) -> int | None:
    """Return plain decimal digits with at most six places in micro-units, else None."""
    whole, _, part = text.partition(".")
    digits = whole + part
    if digits.isdecimal() and len(part) <= PLACES and len(whole) <= WHOLE_MAX:
        return int(digits) * SCALES[len(part)]
    return None


class Prices(dict[str, int]):
    """Prices inside (0, 1) by their text."""

    def __missing__(self, text: str) -> int:
        """Read a price for the first time.

        Raises:
            UnexpectedReply: It is no number inside (0, 1).
        """
        micros = plain(text)
        if micros is None or not 0 < micros < ONE:
            micros = wire.price(text)
        return _kept(self, text, micros)


class Sizes(dict[str, int]):
    """Shares by their text."""

    def __missing__(self, text: str) -> int:
        """Read a size for the first time.

        Raises:
            UnexpectedReply: It is no number, or below 0.
        """
        # As `plain`, written out: most sizes are new, so this is the common way.
        whole, _, part = text.partition(".")
        digits, places = whole + part, len(part)
        if digits.isdecimal() and places <= PLACES and len(whole) <= WHOLE_MAX:
            micros = int(digits) * SCALES[places]
        else:
            micros = wire.shares(text)
        if len(self) >= KEPT_MAX:
            self.clear()
        self[text] = micros
        return micros


class Bests(dict[str, int]):
    """Best prices by their text: inside (0, 1), or 0 or 1 for an empty side."""

    def __missing__(self, text: str) -> int:
        """Read a best price for the first time.

        Raises:
            UnexpectedReply: It is no number from 0 to 1.
        """
        micros = plain(text)
        if micros is None:
            micros = wire.shares(text)
        if micros > ONE:
            raise UnexpectedReply("a best price above 1")
        return _kept(self, text, micros)


def stamp(text: str) -> int:
    """Return a timestamp in microseconds UTC.

    Raises:
        UnexpectedReply: There is none, or it cannot be read.
    """
    try:
        millis = int(text)
    except ValueError:
        return wire.time(text)
    return millis * 1000 if STAMP_MIN <= millis < STAMP_END else wire.time(text)


def _kept(table: dict[str, int], text: str, micros: int) -> int:
    if len(table) >= KEPT_MAX:
        table.clear()
    table[text] = micros
    return micros


PRICES = Prices()
SIZES = Sizes()
BESTS = Bests()
