"""What a test expected, compared with what came."""

from collections.abc import Iterator, Mapping

import msgspec

from polyrules.language.actions import TOKENS, stated_words
from polyrules.language.evaluators.reference import Outcome, Row, RowReference, evaluate
from polyrules.language.evaluators.shown import shown
from polyrules.language.strategy import Case, Strategy

TOLERANCE = 1e-9  # the grid of prices
NONE = "none"
NUMBERS = ("price", "fair", "edge", "confidence", "size")


class Mismatch(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a case expected, and what came instead."""

    key: str
    expected: str
    got: str


def mismatches(
    reference: RowReference, case: Case, row: Row, outcome: Outcome
) -> tuple[Mismatch, ...]:
    """Return what a case expected and did not get, in the order of its keys."""
    found: list[Mismatch] = []
    expect: Mapping[str, object] = case.expect
    for key, expected in expect.items():
        match key:
            case "values" if isinstance(expected, dict):
                found += _other_values(key, expected, {**row, **outcome.lets})
            case "states" if isinstance(expected, dict):
                words = _words(reference.strategy, outcome)
                found += _other_values(key, expected, {**outcome.numbers, **words})
            case "exit":
                first = leaving(reference.strategy, {**row, **outcome.lets})
                found += _other_word(key, expected, first or NONE)
            case _:
                found += _other(key, expected, outcome)
    return tuple(found)


def _words(strategy: Strategy, outcome: Outcome) -> dict[str, str]:
    """Return what the rule that fires states in words."""
    for rule in strategy.rules:
        if rule.id == outcome.rule:
            return stated_words(rule.then)
    return {}


def leaving(strategy: Strategy, row: Row) -> str | None:
    """Return the first exit whose condition is TRUE in a row that holds all lets.

    Exits by distance or time hang on a position, and are not asked.
    """
    for exit_ in strategy.exits:
        if exit_.when is not None and evaluate(exit_.when, row) is True:
            return exit_.id
    return None


def _other(key: str, expected: object, outcome: Outcome) -> Iterator[Mismatch]:
    """Compare one key of `expect` with what came."""
    if key == "unknown":
        wanted = sorted(map(str, expected)) if isinstance(expected, list) else []
        if wanted != sorted(outcome.unknown):
            listed = _listed(outcome.unknown)
            yield Mismatch(key=key, expected=_listed(wanted), got=listed)
    elif key in NUMBERS:
        yield from _other_number(key, expected, outcome.numbers.get(key))
    elif key == "conflict":
        yield from _other_rules(key, expected, outcome.conflict)
    elif key == "fires":
        yield from _other_rule(expected, outcome)
    else:
        yield from _other_word(key, expected, _answered(key, outcome))


def _other_rule(expected: object, outcome: Outcome) -> Iterator[Mismatch]:
    """Compare the rules that fire; one that protects may be named as well."""
    if isinstance(expected, list):
        yield from _other_rules("fires", expected, outcome.fired)
        return
    protected = expected == outcome.decided == outcome.blocked_by
    if not protected and (expected,) != (outcome.fired or (NONE,)):
        listed = _listed(outcome.fired)
        yield Mismatch(key="fires", expected=str(expected), got=listed)


def _other_rules(
    key: str, expected: object, got: tuple[str, ...]
) -> Iterator[Mismatch]:
    wanted = [str(each) for each in expected] if isinstance(expected, list) else []
    if sorted(wanted) != sorted(got):
        yield Mismatch(key=key, expected=_listed(wanted), got=_listed(got))


def _other_values(
    part: str, expected: Mapping[str, object], found: Row
) -> Iterator[Mismatch]:
    for name, value in expected.items():
        key, got = f"{part}.{name}", found.get(name)
        if value in (None, shown(None)):
            yield from _other_word(key, shown(None), shown(got))
        elif isinstance(value, bool | str):
            yield from _other_word(key, shown(value), shown(got))
        else:
            yield from _other_number(key, value, got)


def _other_number(key: str, expected: object, got: object) -> Iterator[Mismatch]:
    wanted = _number(expected)
    number = _number(got)
    if wanted is None or (number is not None and _near(wanted, number)):
        return
    found = NONE if number is None else f"{number:.10g}"
    yield Mismatch(key=key, expected=f"{wanted:.10g}", got=found)


def _near(wanted: float, got: float) -> bool:
    # a price to the grid; what is larger to as many digits as a file states
    return abs(wanted - got) <= TOLERANCE * max(1.0, abs(wanted))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _other_word(key: str, expected: object, got: str) -> Iterator[Mismatch]:
    if expected != got:
        yield Mismatch(key=key, expected=str(expected), got=got)


def _answered(key: str, outcome: Outcome) -> str:
    answers = {
        "action": outcome.action,
        "token": TOKENS.get(outcome.token),
        "guard": outcome.guard,
        "blocked_by": outcome.blocked_by,
        "reason": outcome.reason,
    }
    return answers[key] or NONE


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(names) or NONE
