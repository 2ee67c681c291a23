"""What `schedule` says: how often, after which events, and when a row is silent.

Tiers and windows before the end are conditions like any other: they join the universe,
so that tests, explanations and every evaluator know them without a word more.
"""

from polyrules.documents.document import Path
from polyrules.documents.quantities import SECOND, UNITS, parse_duration
from polyrules.language.expression import Expression
from polyrules.language.expressions.join import both
from polyrules.language.files.texts import Texts
from polyrules.language.files.then import NOT_THESE_ROWS, duration
from polyrules.language.strategy import Schedule
from polyrules.language.tiers import QUICKEST, TIERS

OUT_OF_RANGE = "PS007"
EVERY_MIN, EVERY_MAX = SECOND // 10, UNITS["d"]
BY_TIER = "tier"
EVERY: Path = ("schedule", "every")
WINDOW: Path = ("schedule", "window", "before_end")


def read_schedule(texts: Texts) -> Schedule | None:
    """Return the schedule; None if it is wrong, and was told.

    Problems: PS007 out of [100ms, 1d], PS018 tiers of rows that are no one market.
    """
    told = texts.value(*EVERY)
    if not isinstance(told, str):
        return None
    every = QUICKEST if told == BY_TIER else parse_duration(told)
    if every is None:
        return None
    if not EVERY_MIN <= every <= EVERY_MAX:
        message = f"every must be in [100ms, 1d], was {told}"
        texts.tell(EVERY, OUT_OF_RANGE, message)
        return None
    if told == BY_TIER:
        _one_market(texts, EVERY, "tier")
    triggers = texts.value("schedule", "trigger") or ()
    return Schedule(every=every, by_tier=told == BY_TIER, triggers=tuple(triggers))


def with_times(texts: Texts, universe: Expression | None) -> Expression | None:
    """Return the universe with the tiers and the window of the schedule."""
    for condition in (_tiers(texts), _window(texts)):
        if condition:
            added = texts.written(condition, {})
            universe = added if universe is None else both(universe, added)
    return universe


def _one_market(texts: Texts, at: Path, what: str) -> bool:
    if len(texts.rows.domain.markets) == 1:
        return True
    message = f"{what} speaks of one end, and each is {texts.rows.each}"
    texts.tell(at, NOT_THESE_ROWS, message, "write a condition under universe: where")
    return False


def _end(texts: Texts, unit: str) -> str:
    if texts.rows.each == "round" and unit == "seconds":
        return "round.seconds_to_end"
    (alias,) = texts.rows.domain.markets
    return f"{alias}.{unit}_to_close" if alias else f"{unit}_to_close"


def _tiers(texts: Texts) -> str:
    told = texts.value("schedule", "tiers")
    if not told or not _one_market(texts, ("schedule", "tiers"), "tiers"):
        return ""
    hours = _end(texts, "hours")
    ranges = []
    names = [texts.value("schedule", "tiers", index) for index in range(len(told))]
    for name in sorted({each for each in names if each}):
        tier = TIERS[name]
        above = f"{hours} >= {tier.above:g}"
        ranges.append(
            above if tier.below is None else f"{above} and {hours} < {tier.below:g}"
        )
    return f"({' or '.join(ranges)})" if ranges else ""


def _window(texts: Texts) -> str:
    told = texts.value(*WINDOW)
    if not told or not _one_market(texts, WINDOW, "window"):
        return ""
    first, last = (duration(texts, (*WINDOW, index)) for index in range(2))
    if first is None or last is None:
        return ""
    if first <= last:
        message = f"a window begins before it ends: {told[0]} is not before {told[1]}"
        hint = f"write before_end: [{told[1]}, {told[0]}]" if first < last else ""
        texts.tell(WINDOW, OUT_OF_RANGE, message, hint)
        return ""
    left = _end(texts, "seconds")
    return f"between({left}, {last / SECOND:g}, {first / SECOND:g})"
