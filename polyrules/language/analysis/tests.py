"""Whether the tests of a file show what its rules do: each TRUE, not TRUE, UNKNOWN.

A rule counts as tested where it is asked: the universe and the guards let the row
through, and no rule before it decided. Tapes are not read here; of a file with tests
that need one, what is not seen is told for information only.
"""

from collections.abc import Iterable, Iterator

from polyrules.errors import Severity
from polyrules.language.actions import protects
from polyrules.language.analysis.subject import Find, Subject, blocks_unknown
from polyrules.language.evaluators.reference import Row, RowReference, evaluate
from polyrules.language.strategy import HitPolicy, Strategy, Value
from polyrules.language.testing.trial import Trial

UNSEEN = "; tests with a fixture were not looked at"


def untested_rules(subject: Subject) -> Iterator[Find]:
    """Yield rules without a test where they are TRUE, or one where they are not."""
    seen = truths(subject.strategy, subject.trials)
    severity = None if subject.sees_all else Severity.INFO
    unseen = "" if subject.sees_all else UNSEEN
    bases = subject.strategy.extends
    of, here = (f" of {bases[-1]}", " in this file") if bases else ("", "")
    for rule in subject.strategy.rules:
        at = (*subject.rule_path(rule), "id")
        answers = seen[rule.id]
        lacks = [] if True in answers else ["where it is TRUE"]
        if not answers - {True}:
            lacks.append("where it is not")
        if lacks:
            where = " and none ".join(lacks)
            message = f'rule "{rule.id}"{of} has no test{here} {where}{unseen}'
            yield Find(at, message, "add one under tests", severity=severity)
        elif None not in answers:
            where = "where it is UNKNOWN"
            message = f'rule "{rule.id}"{of} has no test{here} {where}{unseen}'
            hint = "add one that gives no value for a number it needs"
            yield Find(at, message, hint, severity=Severity.INFO)


def no_missing_data(subject: Subject) -> Iterator[Find]:
    """Yield a file none of whose tests has a number missing that mattered."""
    if any(trial.answer(trial.strategy).unknown for trial in subject.trials):
        return
    at = ("tests",) if subject.data.get("tests") else ("strategy",)
    message = "no test has a number missing: how it fails is not shown"
    hint = "leave a number out of given, and expect: {fires: none, unknown: [...]}"
    severity = None if subject.sees_all else Severity.INFO
    yield Find(at, message, hint, on_key=True, severity=severity)


def truths(strategy: Strategy, trials: Iterable[Trial]) -> dict[str, set[Value]]:
    """Return what each rule was in the tests that asked it, by id."""
    seen: dict[str, set[Value]] = {rule.id: set() for rule in strategy.rules}
    for trial in trials:
        asked = trial.strategy  # with the params of that test
        row = trial.row(asked)
        whole = {**row, **RowReference(asked).lets(row)}
        conditions = [guard.when for guard in asked.guards]
        if asked.universe is not None:
            conditions.insert(0, asked.universe)
        if all(evaluate(condition, whole) is True for condition in conditions):
            _ask(asked, whole, seen)
    return seen


def _ask(strategy: Strategy, row: Row, seen: dict[str, set[Value]]) -> None:
    for rule in strategy.rules:
        answer = evaluate(rule.when, row)
        seen[rule.id].add(answer)
        ends = strategy.hit_policy is HitPolicy.FIRST or protects(rule.then)
        if (answer is True and ends) or (answer is None and blocks_unknown(rule)):
            return
