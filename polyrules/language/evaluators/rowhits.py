"""Which rule decides on one row, printed: the universe, guards, rules by hit policy.

Most rules are FALSE on most rows, and one false part makes them so: a rule is asked
first whether it is FALSE, and whether it is TRUE only where it is not.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from polyrules.language.actions import protects, stated
from polyrules.language.evaluators.rowcode import Printer, Term
from polyrules.language.evaluators.rowterms import Terms
from polyrules.language.strategy import HitPolicy, OnUnknown, Rule, Strategy

NONE = -1


class RowAnswer(NamedTuple):
    """What a strategy decides on one row.

    Attributes:
        inside: Whether the universe is TRUE; where it is not, nothing else was asked.
        guarded: Index of the first guard that was not TRUE, -1 where all were.
        rule: Index of the rule that decided, a veto's too; -1 where none did.
        unknown: A rule that acts was UNKNOWN before anything had decided.
        conflict: Several rules fire and only one may: none decides.
        fired: Under `collect` every rule that fires; else empty.
    """

    inside: bool = True
    guarded: int = NONE
    rule: int = NONE
    unknown: bool = False
    conflict: bool = False
    fired: tuple[int, ...] = ()


class Printed(NamedTuple):
    """The source of `answer`, the columns it takes, and the names it uses."""

    source: str
    columns: tuple[str, ...]
    names: dict[str, object]


class _Asked(NamedTuple):
    """A rule, and the two questions to it."""

    at: int
    rule: Rule
    true: Term
    false: Term
    edge: Term | None = None


def answer_source(strategy: Strategy, terms: Terms) -> Printed:
    """Print the function that answers a row."""
    universe = [terms.true(strategy.universe)] if strategy.universe else []
    guards = [terms.true(guard.when) for guard in strategy.guards]
    rules = [_asked(strategy, terms, index) for index in range(len(strategy.rules))]
    gates = [[term] for term in (*universe, *guards)]
    printer = Printer(terms.code, [*gates, *map(_questions, rules)])
    body = [
        *_gates(printer, universe, ["outside"] * len(universe)),
        *_gates(printer, guards, [f"guarded_{at}" for at in range(len(guards))]),
        "unknown = False",
    ]
    if strategy.hit_policy is HitPolicy.FIRST:
        body += _in_order(printer, rules)
    else:
        body += _all_at_once(printer, rules)
    return Printed(
        source=printer.function("answer", body),
        columns=printer.names,
        names=_results(strategy),
    )


def _asked(strategy: Strategy, terms: Terms, index: int) -> _Asked:
    rule = strategy.rules[index]
    true, false = terms.true(rule.when), terms.false(rule.when)
    is_ranked = strategy.hit_policy is HitPolicy.BEST and not protects(rule.then)
    edge = stated(rule.then).get("edge") if is_ranked else None
    ranked_by = None if edge is None else terms.number(edge)
    return _Asked(index, rule, true, false, ranked_by)


def _questions(asked: _Asked) -> list[Term]:
    found = [asked.true, asked.false]
    return found if asked.edge is None else [*found, asked.edge]


def _results(strategy: Strategy) -> dict[str, object]:
    """Return what `answer` may return, made once, by the names it has there."""
    names: dict[str, object] = {
        "outside": RowAnswer(inside=False),
        "none": RowAnswer(),
        "none_unknown": RowAnswer(unknown=True),
        "chosen": CHOICES.get(strategy.hit_policy),
    }
    for index in range(len(strategy.guards)):
        names[f"guarded_{index}"] = RowAnswer(guarded=index)
    for index in range(len(strategy.rules)):
        names[f"rule_{index}"] = RowAnswer(rule=index)
        names[f"rule_{index}_unknown"] = RowAnswer(rule=index, unknown=True)
    return names


def _gates(
    printer: Printer, conditions: Sequence[Term], answers: Sequence[str]
) -> Iterator[str]:
    for condition, answer in zip(conditions, answers, strict=True):
        yield from printer.shared(condition)
        before, text = printer.asked(condition, "and")
        yield from before
        yield f"if not ({text}): return {answer}"


def _in_order(printer: Printer, rules: Sequence[_Asked]) -> Iterator[str]:
    for each in rules:
        name = f"rule_{each.at}"
        result = f"return {name}_unknown if unknown else {name}"
        if protects(each.rule.then):
            yield from _decides(printer, each, result)
        else:
            blocks = each.rule.on_unknown is OnUnknown.BLOCK
            otherwise = "return none_unknown" if blocks else "unknown = True"
            yield from _tried(printer, each, [result], otherwise)
    yield "return none_unknown if unknown else none"


def _decides(printer: Printer, asked: _Asked, result: str) -> Iterator[str]:
    """Print what a rule that protects does: it may decide where it is UNKNOWN too."""
    yield from printer.shared(*_questions(asked))
    if asked.rule.decides_unknown:
        before, text = printer.asked(asked.false, "or")
        yield from before
        yield f"if not ({text}): {result}"
    else:
        before, text = printer.asked(asked.true, "and")
        yield from before
        yield f"if {text}: {result}"


def _tried(
    printer: Printer, asked: _Asked, then: Sequence[str], otherwise: str
) -> Iterator[str]:
    """Print a rule that acts: what to do where it is TRUE, and where UNKNOWN."""
    yield from printer.shared(*_questions(asked))
    before, text = printer.asked(asked.false, "or")
    yield from before
    yield f"if not ({text}):"
    # Here every part of the question was reached, and what it needs is bound.
    yield from _indented(printer.bound(asked.true))
    yield f"    if {printer.text(asked.true)}:"
    yield from _indented(_indented(then))
    yield f"    else: {otherwise}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


def _all_at_once(printer: Printer, rules: Sequence[_Asked]) -> Iterator[str]:
    for each in rules:
        if protects(each.rule.then):
            yield from _decides(printer, each, f"return rule_{each.at}")
    yield "blocked = False"
    yield "found = []"
    for each in rules:
        if not protects(each.rule.then):
            yield from _notes(printer, each)
    yield "if blocked or not found: return none_unknown if unknown else none"
    yield "return chosen(found, unknown)"


def _notes(printer: Printer, asked: _Asked) -> Iterator[str]:
    """Print what is noted of a rule that acts, to be chosen from when all are asked."""
    edge = "nan"
    if asked.edge is not None:
        yield from printer.bound(asked.edge)
        edge = printer.text(asked.edge)
    blocks = asked.rule.on_unknown is OnUnknown.BLOCK
    unknown = "unknown = blocked = True" if blocks else "unknown = True"
    yield from _tried(printer, asked, [f"found.append(({asked.at}, {edge}))"], unknown)


# The rules that fire, at least one, each with its edge.
Found = Sequence[tuple[int, float]]


def _only(found: Found, unknown: bool) -> RowAnswer:  # noqa: FBT001  by position is quicker
    if len(found) > 1:
        return RowAnswer(unknown=unknown, conflict=True)
    return RowAnswer(rule=found[0][0], unknown=unknown)


def _best(found: Found, unknown: bool) -> RowAnswer:  # noqa: FBT001  by position is quicker
    # A missing edge is below every known one; of equals the first wins.
    best = max(found, key=lambda each: -math.inf if math.isnan(each[1]) else each[1])
    return RowAnswer(rule=best[0], unknown=unknown)


def _every(found: Found, unknown: bool) -> RowAnswer:  # noqa: FBT001  by position is quicker
    fired = tuple(index for index, _ in found)
    return RowAnswer(rule=fired[0], unknown=unknown, fired=fired)


CHOICES: dict[HitPolicy, Callable[[Found, bool], RowAnswer]] = {
    HitPolicy.UNIQUE: _only,
    HitPolicy.BEST: _best,
    HitPolicy.COLLECT: _every,
}
