"""Rules that are TRUE together under hit_policy: unique, where none of them may trade.

Either one of two rules is TRUE wherever the other is, which is proven from ranges; or a
row is found on which both are, and the reference interpreter says so. Where no row is
found, nothing is said: there may be one.
"""

import ast
from collections.abc import Iterator

from polyrules.errors import Severity
from polyrules.language.analysis.agreement import agreed, tied
from polyrules.language.analysis.conditions import implied
from polyrules.language.analysis.intervals import Range, Span, Truth, Words, meet
from polyrules.language.analysis.meaning import Facts
from polyrules.language.analysis.ranges import of_feature
from polyrules.language.analysis.scene import claim
from polyrules.language.analysis.subject import Find, Subject
from polyrules.language.evaluators.reference import Row, RowReference, evaluate
from polyrules.language.strategy import HitPolicy, Rule, Value

HINT = "make them exclude each other, or use hit_policy: first"
SHARES = (0.5, 0.25, 0.75, 0.01, 0.99)  # of a range: where a row is looked for
NEAR = 1e4  # values beyond it are not tried
SHOWN_MAX = 4  # values of a row that a message shows


def overlapping_rules(subject: Subject) -> Iterator[Find]:
    """Yield rules of `unique` that can be TRUE at once."""
    if subject.strategy.hit_policy is not HitPolicy.UNIQUE:
        return
    rules = subject.strategy.rules
    for index, rule in enumerate(rules):
        for earlier in rules[:index]:
            find = _both(subject, earlier, rule)
            if find is not None:
                yield find
                break


def _both(subject: Subject, one: Rule, other: Rule) -> Find | None:
    at = (*subject.rule_path(other), "id")
    for narrow, wide in ((other, one), (one, other)):
        facts = subject.firing[narrow.id]
        if subject.guarded.allows([claim(narrow.when)]) and implied(facts, wide):
            message = (
                f'rule "{wide.id}" is TRUE wherever rule "{narrow.id}" is: under'
                " hit_policy: unique neither of them trades there"
            )
            return Find(at, message, HINT)
    found = _row(subject, one, other)
    if found is None:
        return None
    row, is_certain = found
    told = ", ".join(f"{name} = {_shown(row[name])}" for name in list(row)[:SHOWN_MAX])
    message = f'rules "{one.id}" and "{other.id}" can both be TRUE, e.g. where {told}'
    severity = None if is_certain else Severity.INFO
    return Find(at, message, HINT, severity=severity)


def _row(subject: Subject, one: Rule, other: Rule) -> tuple[Row, bool] | None:
    """Return a row on which both rules are TRUE and asked; None if none was found.

    Beside it, whether a market can have such a row: of two features of one book not
    every pair of values can be.
    """
    strategy = subject.strategy
    facts = subject.firing[one.id].where([claim(other.when)])
    asked = [guard.when for guard in strategy.guards] + [one.when, other.when]
    if strategy.universe is not None:
        asked.append(strategy.universe)
    spans = _spans(subject, facts)
    reference = RowReference(strategy)
    found: Row | None = None
    for share in SHARES:
        row = {name: _within(span, share) for name, span in spans.items()}
        free = not tied(row)
        for certain, each in ((free, row), *((True, book) for book in agreed(row))):
            whole = {**each, **reference.lets(each)}
            if all(evaluate(condition, whole) is True for condition in asked):
                told = _told(whole, one, other)
                if certain:
                    return told, True
                found = found or told
    return None if found is None else (found, False)


def _told(whole: Row, one: Rule, other: Rule) -> Row:
    """Return what two rules read of a row."""
    read = frozenset(one.when.reads | other.when.reads)
    return {name: whole[name] for name in sorted(read) if not name.startswith("@")}


def _spans(subject: Subject, facts: Facts) -> dict[str, Span]:
    """Return what each feature and window may be where both rules hold."""
    found: dict[str, Span] = {}
    for expression in subject.strategy.expressions():
        for node, type_ in expression.types.items():
            if isinstance(node, ast.Name) and node.id not in subject.lets:
                known = facts.scene.windows.get(node.id, of_feature(node.id, type_))
                fact = facts.known.get(node.id)
                found[node.id] = known if fact is None else meet(known, fact)
    return found


def _within(span: Span, share: float) -> Value:
    match span:
        case Range(low=low, high=high):
            low, high = max(low, -NEAR), min(high, NEAR)
            return round(low + (high - low) * share, 6)
        case Truth(true=true):
            return true
        case Words(words=words):
            return min(words, default=None)


def _shown(value: Value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value).lower()
