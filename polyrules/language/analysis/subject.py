"""A strategy together with the file it came from: what a lint looks at.

Every expression is paired with its place in the file, and with what is known where it
is asked: a rule is asked only where the universe and the guards hold, and a price only
where its rule does.
"""

import ast
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import msgspec

from polyrules.documents.document import Document, Path
from polyrules.documents.quantities import SECOND
from polyrules.errors import Severity
from polyrules.features.catalog import CATALOG, Feature, Feed
from polyrules.language.analysis.intervals import Range
from polyrules.language.analysis.meaning import Facts, anywhere
from polyrules.language.analysis.scene import Claim, claim
from polyrules.language.expression import Expression, Kind
from polyrules.language.expressions.parse import span
from polyrules.language.strategy import Exit, OnUnknown, Rule, Strategy
from polyrules.language.testing.trial import Trial

NOTHING = frozenset[Feed]()


class Find(NamedTuple):
    """What a lint found, and where.

    Attributes:
        at: Path in the file.
        message: What was found.
        hint: What to do.
        part: Range of characters in the text at `at`; None for all of it.
        on_key: Whether the key is meant, not the value.
        severity: If it is not the lint's own.
    """

    at: Path
    message: str
    hint: str = ""
    part: tuple[int, int] | None = None
    on_key: bool = False
    severity: Severity | None = None


class Place(NamedTuple):
    """An expression where it stands in the file, and what is known when it is asked."""

    at: Path
    label: str  # such as: rule "enter"
    expression: Expression
    facts: Facts

    def find(self, node: ast.expr, message: str, hint: str = "") -> Find:
        """Return a find at one node of the expression."""
        return Find(self.at, message, hint, span(self.expression.source, node))


class Subject:
    """One strategy to be looked at.

    Args:
        strategy: As checked.
        document: The file it came from.
        lacking: Feeds that are not there.
        trials: Its tests.
        sees_all: Whether `trials` are all its tests: rows of tapes are not read here.
    """

    def __init__(
        self,
        strategy: Strategy,
        document: Document,
        lacking: frozenset[Feed] = NOTHING,
        trials: tuple[Trial, ...] = (),
        *,
        sees_all: bool = True,
    ) -> None:
        self.strategy = strategy
        self.document = document
        self.lacking = lacking
        self.trials = trials
        self.sees_all = sees_all
        self.data = document.data
        self.lets = {let.name: let.expression for let in strategy.lets}

    @cached_property
    def anywhere(self) -> Facts:
        """What may be in any row."""
        return anywhere(self.strategy)

    @cached_property
    def rows(self) -> Facts:
        """What may be in the rows the universe is asked about: no trade is older."""
        rows, any_row = self.strategy.rows, self.anywhere
        if not rows.within:
            return any_row
        return Facts(any_row.scene, {"t.age": Range(0.0, rows.within / SECOND)})

    @cached_property
    def inside(self) -> Facts:
        """What may be where the universe holds."""
        universe = self.strategy.universe
        return self.rows if universe is None else self.rows.where([claim(universe)])

    @cached_property
    def guarded(self) -> Facts:
        """What may be where the universe and all guards hold."""
        guards = [claim(guard.when) for guard in self.strategy.guards]
        return self.inside.where(guards) if guards else self.inside

    @cached_property
    def firing(self) -> dict[str, Facts]:
        """What may be where a rule is TRUE, by its id."""
        return {
            rule.id: self.guarded.where([claim(rule.when)])
            for rule in self.strategy.rules
        }

    @cached_property
    def every(self) -> int | None:
        """Microseconds between evaluations; None if each tier has its own."""
        schedule = self.strategy.schedule
        return None if schedule.by_tier else schedule.every

    def rule_path(self, rule: Rule) -> Path:
        """Return where a rule stands."""
        return self._entry("rules", rule.id)

    def _entry(self, part: str, name: str) -> Path:
        for index, entry in enumerate(self.data.get(part) or ()):
            if isinstance(entry, dict) and entry.get("id") == name:
                return (part, index)
        return (part,)

    def conditions(self) -> Iterator[Place]:
        """Yield every condition, lets that are conditions among them."""
        strategy = self.strategy
        if strategy.universe is not None:
            at: Path = ("universe", "where")
            yield Place(at, "the universe", strategy.universe, self.rows)
        for let in strategy.lets:
            if let.expression.type.kind is Kind.BOOL:
                label = f'let "{let.name}"'
                yield Place(("let", let.name), label, let.expression, self.inside)
        for guard in strategy.guards:
            at = (*self._entry("guards", guard.id), "when")
            yield Place(at, f'guard "{guard.id}"', guard.when, self.inside)
        for rule in strategy.rules:
            at = (*self.rule_path(rule), "when")
            yield Place(at, f'rule "{rule.id}"', rule.when, self.guarded)
        for exit_ in strategy.exits:
            if exit_.when is not None:
                at = (*self._entry("exits", exit_.id), "when")
                yield Place(at, f'exit "{exit_.id}"', exit_.when, self.anywhere)

    def stated(self, rule: Rule) -> Iterator[tuple[str, Place]]:
        """Yield what a rule states when it fires, by the name of its key."""
        at = (*self.rule_path(rule), "then")
        for name, path, expression in _expressions(rule.then, at):
            label = f'rule "{rule.id}"'
            yield name, Place(path, label, expression, self.firing[rule.id])

    def places(self) -> Iterator[Place]:
        """Yield every expression of the file."""
        yield from self.conditions()
        for let in self.strategy.lets:
            if let.expression.type.kind is not Kind.BOOL:
                label = f'let "{let.name}"'
                yield Place(("let", let.name), label, let.expression, self.guarded)
        for rule in self.strategy.rules:
            yield from (place for _, place in self.stated(rule))

    def part_of(self, find: Find) -> tuple[int, int] | None:
        """Return which part of a text is meant, None if it is not the file's text."""
        if find.part is None or find.at not in self._texts:
            return None
        return find.part

    @cached_property
    def _texts(self) -> frozenset[Path]:
        """The places whose expressions are written there, letter for letter."""
        raw = dict(self.document.scalars())
        return frozenset(
            place.at
            for place in self.places()
            if raw.get(place.at) == place.expression.source
        )

    @property
    def reads_by_feed(self) -> dict[Feed, list[str]]:
        """The features the strategy reads, by where they come from."""
        found: dict[Feed, list[str]] = {}
        for name in sorted(self.strategy.reads):
            feature = feature_of(name)
            if feature is not None:
                found.setdefault(feature.feed, []).append(name)
        return found


def feature_of(name: str) -> Feature | None:
    """Return the feature that a name stands for; None if it is none of a market."""
    return CATALOG.get(name) or CATALOG.get(name.partition(".")[2])


def blocks_unknown(rule: Rule) -> bool:
    """Tell whether nothing after a rule is asked where it is UNKNOWN."""
    return rule.on_unknown is OnUnknown.BLOCK


def has_stop(exits: Iterable[Exit]) -> bool:
    """Tell whether a position is ever left by itself, whatever the market does."""
    return any(e.stop_loss is not None or e.max_hold is not None for e in exits)


def _expressions(
    value: object, at: Path, name: str = ""
) -> Iterator[tuple[str, Path, Expression]]:
    """Yield the expressions in an action, with their keys."""
    if isinstance(value, Expression):
        yield name, at, value
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from _expressions(each, (*at, index), name)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _expressions(getattr(value, field), (*at, field), field)


def conjuncts(expression: Expression, node: ast.expr) -> Iterator[ast.expr]:
    """Yield the conditions that a condition joins with `and`."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for value in node.values:
            yield from conjuncts(expression, value)
    else:
        yield node


def nodes_with_facts(
    place: Place, wanted: type[ast.AST]
) -> Iterator[tuple[ast.expr, Facts]]:
    """Yield every part of an expression, and what is known where it matters.

    Nothing of an expression that has no node of the sort that is wanted.

    A branch matters only where its condition took it, and a half of `and` only where
    the other halves hold.
    """
    if not any(isinstance(node, wanted) for node in ast.walk(place.expression.tree)):
        return
    waiting = [(place.expression.tree, place.facts)]
    while waiting:
        node, facts = waiting.pop()
        yield node, facts
        match node:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                yes = Claim(place.expression, test)
                no = Claim(place.expression, test, holds=False)
                waiting.append((test, facts))
                waiting.append((body, facts.within([yes])))
                waiting.append((orelse, facts.within([no])))
            case ast.BoolOp(op=ast.And(), values=values):
                for value in values:
                    others = [
                        Claim(place.expression, v) for v in values if v is not value
                    ]
                    waiting.append((value, facts.within(others)))
            case ast.Call(args=arguments):
                waiting += [(argument, facts) for argument in arguments]
            case _:
                parts = ast.iter_child_nodes(node)
                waiting += [
                    (each, facts) for each in parts if isinstance(each, ast.expr)
                ]
