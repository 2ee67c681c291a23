"""How much of a strategy its tests ask about.

A condition (universe, guard, rule, exit) counts as seen TRUE, FALSE or UNKNOWN when a
test reached it and it came out so: a rule behind one that fired was not asked. A part
of a condition has decided when it alone kept the condition from being TRUE. What is
seen is not thereby checked: for that, mistakes are made on purpose (see `mutate`).
"""

import ast
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from polyrules.language.actions import protects
from polyrules.language.evaluators.cases import conjuncts
from polyrules.language.evaluators.reference import (
    Outcome,
    Row,
    RowReference,
    evaluate,
    evaluate_part,
)
from polyrules.language.expression import Expression
from polyrules.language.expressions.parse import segment
from polyrules.language.strategy import HitPolicy, Strategy
from polyrules.language.testing.trial import Trial


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests saw of one condition.

    Attributes:
        title: `rule enter`.
        true: How many tests saw it TRUE.
        false: How many saw it FALSE.
        unknown: How many saw it UNKNOWN.
        can_be_unknown: Whether it is UNKNOWN where nothing is known.
        parts: How many conditions it joins with `and`.
        never_decided: Those that never kept it from being TRUE alone, as written.
    """

    title: str
    true: int
    false: int
    unknown: int
    can_be_unknown: bool
    parts: int
    never_decided: tuple[str, ...]

    @property
    def seen(self) -> int:
        """How many of its truths, and of its parts deciding, were seen."""
        truths = (self.true, self.false, self.unknown if self.can_be_unknown else 0)
        decided = self.parts - len(self.never_decided)
        return sum(count > 0 for count in truths) + decided

    @property
    def total(self) -> int:
        """How many there are to be seen."""
        return 2 + self.can_be_unknown + self.parts


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests saw of a strategy, condition by condition."""

    conditions: tuple[Condition, ...]

    @property
    def percent(self) -> float:
        """Share of all there is to be seen, 0 to 100; 100 if there is nothing."""
        total = sum(condition.total for condition in self.conditions)
        seen = sum(condition.seen for condition in self.conditions)
        return 100.0 * seen / total if total else 100.0


class _Asked:
    """What was seen of one condition so far."""

    def __init__(self, title: str, expression: Expression) -> None:
        self.title = title
        self.expression = expression
        self.truths = {True: 0, False: 0, None: 0}
        self.decided: set[int] = set()

    def ask(self, expression: Expression, row: Row) -> None:
        """Note what the condition, with the params of a test, is in a row."""
        truth = evaluate(expression, row)
        assert truth is None or isinstance(truth, bool), "a condition is a bool"
        self.truths[truth] += 1
        values = [
            evaluate_part(expression, node, row) for node in conjuncts(expression.tree)
        ]
        stops = [index for index, value in enumerate(values) if value is not True]
        if len(stops) == 1:
            self.decided.add(stops[0])

    def condition(self, *, can_be_unknown: bool) -> Condition:
        """Return the sum of it."""
        nodes = list(conjuncts(self.expression.tree))
        return Condition(
            title=self.title,
            true=self.truths[True],
            false=self.truths[False],
            unknown=self.truths[None],
            can_be_unknown=can_be_unknown,
            parts=len(nodes),
            never_decided=tuple(
                self._text(node)
                for index, node in enumerate(nodes)
                if index not in self.decided
            ),
        )

    def _text(self, node: ast.expr) -> str:
        return segment(self.expression.source, node)


def coverage(strategy: Strategy, trials: Iterable[Trial]) -> Coverage:
    """Return what the tests of a strategy see of it.

    Exits are asked by the tests that expect one (`expect: {exit: ...}`).
    """
    asked = {
        title: _Asked(title, expression)
        for title, expression in _conditions(strategy).items()
    }
    for trial in trials:
        outcome = trial.answer(trial.strategy)
        row = {**trial.row(trial.strategy), **outcome.lets}
        own = _conditions(trial.strategy)
        for title in _reached(trial, outcome):
            asked[title].ask(own[title], row)
    nothing = RowReference(strategy).lets({})
    return Coverage(
        conditions=tuple(
            each.condition(can_be_unknown=evaluate(each.expression, nothing) is None)
            for each in asked.values()
        )
    )


def _conditions(strategy: Strategy) -> Mapping[str, Expression]:
    """Return every condition by its title, in the order in which they are asked."""
    found: dict[str, Expression] = {}
    if strategy.universe is not None:
        found["universe"] = strategy.universe
    found |= {f"guard {guard.id}": guard.when for guard in strategy.guards}
    found |= {f"rule {rule.id}": rule.when for rule in strategy.rules}
    for exit_ in strategy.exits:
        if exit_.when is not None:
            found[f"exit {exit_.id}"] = exit_.when
    return found


def _reached(trial: Trial, outcome: Outcome) -> Iterator[str]:
    """Yield the titles of the conditions that a test asked."""
    strategy = trial.strategy
    if "exit" in trial.case.expect:
        for exit_ in strategy.exits:
            if exit_.when is not None:
                yield f"exit {exit_.id}"
    if strategy.universe is not None:
        yield "universe"
    if outcome.blocked_by == "universe":
        return
    for guard in strategy.guards:
        yield f"guard {guard.id}"
        if outcome.guard == guard.id:
            return
    yield from _reached_rules(strategy, outcome)


def _reached_rules(strategy: Strategy, outcome: Outcome) -> Iterator[str]:
    """Yield the rules asked: what protects comes first where not the first decides."""
    rules = list(strategy.rules)
    ends = {outcome.decided, outcome.blocked_by}
    if strategy.hit_policy is not HitPolicy.FIRST:
        rules.sort(key=lambda rule: not protects(rule.then))
        ends = {outcome.blocked_by}
    for rule in rules:
        yield f"rule {rule.id}"
        is_asked_alone = strategy.hit_policy is HitPolicy.FIRST or protects(rule.then)
        if rule.id in ends and is_asked_alone:
            return
