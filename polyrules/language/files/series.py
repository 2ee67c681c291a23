"""Values over time, in the short notation that promtool uses.

    0.50x287 0.58     0.50, 287 times more the same, then 0.58
    0+0.1x5           0, then five steps of 0.1: 0 0.1 0.2 0.3 0.4 0.5
    1-0.5x2           1 0.5 0
    0.5 _ 0.6         one sample is missing
    0.5 _x3           three are
    0.5 stale         from here on the feed is gone
    truex4 false      for what is true or false, and for words

Behind its last item a series goes on with its last value, after `stale` with none.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from polyrules.language.expression import Kind, Type
from polyrules.language.strategy import Value

SAMPLES_MAX = 20_000  # of a series: two weeks, one a minute
NUMBER = r"(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})"
STEPS = re.compile(rf"([-+]?{NUMBER})([-+]{NUMBER})?(?:x([0-9]{{1,9}}))?")
WORD = re.compile(r"([a-z_][a-z0-9_]*?)(?:x([0-9]{1,9}))?")
GAP, STALE = "_", "stale"
TRUTH = {"true": True, "false": False}


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The samples of one feature, the first at the start; None is missing.

    `after` is what it is behind the last sample.
    """

    samples: tuple[Value, ...]
    after: Value

    def at(self, index: int) -> Value:
        """Return the sample of that number, from 0."""
        return self.samples[index] if index < len(self.samples) else self.after


class NotASeries(Exception):
    """What is wrong with a text, and where in it.

    Attributes:
        message: What was found and expected.
        part: The characters meant.
    """

    def __init__(self, message: str, part: tuple[int, int]) -> None:
        self.message, self.part = message, part
        super().__init__(message)


def read_series(text: str, type_: Type) -> Series:
    """Read a series of values of a type.

    Raises:
        NotASeries: An item has another form or type, or there are too many samples.
    """
    samples: list[Value] = []
    gone = False
    for found in re.finditer(r"\S+", text):
        item, part = found[0], found.span()
        if item == STALE:
            gone = True
            samples.append(None)
        else:
            fresh = list(_samples(item, part, type_, SAMPLES_MAX - len(samples)))
            gone = gone and all(value is None for value in fresh)
            samples += fresh
    if not samples:
        raise NotASeries("a series has at least one value", (0, len(text)))
    known = [value for value in samples if value is not None]
    return Series(
        samples=tuple(samples), after=known[-1] if known and not gone else None
    )


def _samples(
    item: str, part: tuple[int, int], type_: Type, room: int
) -> Iterator[Value]:
    numbers, word = STEPS.fullmatch(item), WORD.fullmatch(item)
    repeats = int((numbers and numbers[3]) or (word and word[2]) or 0)
    if repeats >= room:
        raise NotASeries(f"more than {SAMPLES_MAX:,} samples in a series", part)
    if word is not None and word[1] == GAP:
        yield from [None] * max(repeats, 1)
    elif numbers is not None and type_.kind is Kind.NUMBER:
        first, step = Decimal(numbers[1]), Decimal(numbers[2] or 0)
        for count in range(repeats + 1):
            yield _number(first + step * count, part, type_)
    elif word is not None and word[1] in _words(type_):
        yield from [TRUTH.get(word[1], word[1])] * (repeats + 1)
    else:
        raise NotASeries(f'"{item}" is not {_wanted(type_)}', part)


def _number(value: Decimal, part: tuple[int, int], type_: Type) -> float:
    if type_.unit == "prob" and not -1 <= value <= 1:
        message = f"{value:f} is outside [0, 1]: prices are probabilities"
        raise NotASeries(message, part)
    return float(value)


def _words(type_: Type) -> tuple[str, ...]:
    return tuple(TRUTH) if type_.kind is Kind.BOOL else type_.values


def _wanted(type_: Type) -> str:
    match type_.kind:
        case Kind.NUMBER:
            return "a number, such as 0.5, 0.50x10 or 0+0.1x5, nor _ nor stale"
        case Kind.BOOL:
            return "true or false, such as truex10, nor _ nor stale"
        case _:
            return f"one of {', '.join(type_.values)}, such as {type_.values[0]}x10"
