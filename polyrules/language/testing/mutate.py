"""Are the tests of a strategy any good? Small mistakes are made, and should be noticed.

A mutant is the strategy with one mistake in it: another comparison, a number a little
off, a condition left out, the other side. It is killed if any test changes its verdict,
and survives if all go as before: then no test says that this part matters.

Nothing is written, and nothing is loaded again: mistakes are made in the checked tree.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec

from polyrules.documents.document import Document, Path
from polyrules.domain.money import Side, opposite
from polyrules.language.actions import protects
from polyrules.language.expression import Expression
from polyrules.language.expressions.parse import span
from polyrules.language.strategy import OnUnknown, Param, Strategy
from polyrules.language.testing import edits, parts
from polyrules.language.testing.trial import Trial

Make = Callable[[Strategy], Strategy]
TOKENS = {"yes": "no", "no": "yes"}
LEGS = {"all_yes": "all_no", "all_no": "all_yes"}
WINDOW_SHARE = 10  # a look back is moved by a tenth


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake.

    Attributes:
        kind: boundary, flipped, threshold, join, dropped, not, sign, arithmetic, word,
            constant, param, window, side, token, rule, guard, unknown.
        change: What it changes, in words: `"<=" becomes "<"`.
        path: The value of the file that it changes.
        part: The characters of that value; None for the whole.
        make: Makes the mistake in a strategy.
        param: The param it changes, where it does: a test that sets it is not touched.
    """

    kind: str
    change: str
    path: Path
    make: Make
    part: tuple[int, int] | None = None
    param: str = ""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How many mutants the tests killed, and which survived, in the file's order."""

    killed: int
    survivors: tuple[Mutant, ...]

    @property
    def total(self) -> int:
        """How many mutants there were."""
        return self.killed + len(self.survivors)

    @property
    def percent(self) -> float:
        """Share of the mutants that were killed, 0 to 100; 100 if there were none."""
        return 100.0 * self.killed / self.total if self.total else 100.0


def score(trials: Iterable[Trial], mutants: Iterable[Mutant]) -> Score:
    """Run every mutant through the tests until one notices it."""
    tried = [(trial, trial.passes(trial.strategy)) for trial in trials]
    killed, survivors = 0, []
    for mutant in mutants:
        if any(_notices(trial, passed, mutant) for trial, passed in tried):
            killed += 1
        else:
            survivors.append(mutant)
    return Score(killed=killed, survivors=tuple(survivors))


def _notices(trial: Trial, passed: bool, mutant: Mutant) -> bool:  # noqa: FBT001 - a verdict is a bool
    if mutant.param in trial.settings:
        return False
    return trial.passes(mutant.make(trial.strategy)) != passed


def mutants(strategy: Strategy, document: Document) -> Iterator[Mutant]:
    """Yield every mistake that is tried.

    Args:
        strategy: As loaded from the document.
        document: Where its parts stand.
    """
    for steps, expression in parts.expressions(strategy):
        path = parts.path_of(document, strategy, steps)
        yield from _in_expression(steps, expression, path)
    yield from _in_windows(strategy, document)
    for param in strategy.params:
        yield from _in_param(strategy, param)
    yield from _in_rules(strategy, document)
    if strategy.universe is not None and not _is_joined(strategy.universe):
        path = ("universe", "where")
        change = "the condition is dropped"
        yield Mutant("dropped", change, path, _always(("universe",)))
    for index, guard in enumerate(strategy.guards):
        path = (*parts.path_of(document, strategy, ("guards", index)), "id")
        change = f'guard "{guard.id}" is dropped'
        yield Mutant("guard", change, path, _without("guards", index))


def _is_joined(expression: Expression) -> bool:
    return isinstance(expression.tree, ast.BoolOp)


def _always(steps: parts.Steps) -> Make:
    """Make a condition TRUE."""

    def make(strategy: Strategy) -> Strategy:
        expression = parts.at(strategy, steps)
        assert isinstance(expression, Expression), "a condition"
        true = parts.with_node(expression, expression.tree, ast.Constant(value=True))
        return parts.changed(strategy, steps, true)

    return make


def _in_expression(
    steps: parts.Steps, expression: Expression, path: Path
) -> Iterator[Mutant]:
    written_out = steps[0] == "windows"  # its places are those of several texts
    for number, node in enumerate(parts.nodes(expression)):
        for edit in edits.edits(expression, node):
            about = edit.about or node
            part = None if written_out else span(expression.source, about)
            make = _at_node(steps, number, edit.rewrite)
            yield Mutant(edit.kind, edit.change, path, make, part)


def _at_node(steps: parts.Steps, number: int, rewrite: edits.Rewrite) -> Make:
    def make(strategy: Strategy) -> Strategy:
        expression = parts.at(strategy, steps)
        assert isinstance(expression, Expression), "found by its kind"
        old = parts.nodes(expression)[number]
        new = parts.with_node(expression, old, rewrite(old))
        return parts.changed(strategy, steps, new)

    return make


def _in_windows(strategy: Strategy, document: Document) -> Iterator[Mutant]:
    for index, window in enumerate(strategy.windows):
        path = parts.path_of(document, strategy, ("windows", index))
        for sign, word in ((-1, "shorter"), (1, "longer")):
            change = f"{window.kernel} looks back over a window a tenth {word}"
            yield Mutant("window", change, path, _with_length(index, sign))


def _with_length(index: int, sign: int) -> Make:
    def make(strategy: Strategy) -> Strategy:
        length = strategy.windows[index].length
        other = length + sign * (length // WINDOW_SHARE)
        return parts.changed(strategy, ("windows", index, "length"), other)

    return make


def _in_param(strategy: Strategy, param: Param) -> Iterator[Mutant]:
    """Yield the param a little off; one that only sets a window is not asked here."""
    read = any(
        param.name in expression.params.values()
        for _, expression in parts.expressions(strategy)
    )
    path: Path = ("params", param.name, "default")
    for value in _other_values(param) if read else ():
        is_bool = isinstance(value, bool)
        text = str(value).lower() if is_bool else edits.shown_number(value)
        change = f"{param.name} becomes {text}"
        make = _with_param(param.name, value)
        yield Mutant("param", change, path, make, param=param.name)


def _other_values(param: Param) -> Iterator[float | bool]:
    value = param.value
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, float):
        near = (value - param.step, value + param.step) if param.step else None
        for other in near or edits.nudged(value):
            above = param.min is None or other >= param.min
            if above and (param.max is None or other <= param.max):
                yield other


def _with_param(name: str, value: float | bool) -> Make:  # noqa: FBT001 - a param's value may be a bool
    def make(strategy: Strategy) -> Strategy:
        for steps, expression in parts.expressions(strategy):
            if name in expression.params.values():
                new = _folded(expression, name, value)
                strategy = parts.changed(strategy, steps, new)
        return strategy

    return make


def _folded(expression: Expression, name: str, value: float | bool) -> Expression:  # noqa: FBT001 - a param's value may be a bool
    for node in [node for node, own in expression.params.items() if own == name]:
        new = ast.copy_location(ast.Constant(value), node)
        expression = parts.with_node(expression, node, new)
    return expression


def _in_rules(strategy: Strategy, document: Document) -> Iterator[Mutant]:
    for index, rule in enumerate(strategy.rules):
        path = (*parts.path_of(document, strategy, ("rules", index)), "id")
        change = f'rule "{rule.id}" is dropped'
        yield Mutant("rule", change, path, _without("rules", index))
        if not _is_joined(rule.when):
            make = _always(("rules", index, "when"))
            whole = (*path[:-1], "when")
            yield Mutant("dropped", "the condition is dropped", whole, make)
        is_last = index == len(strategy.rules) - 1
        if not is_last or protects(rule.then):
            block = rule.on_unknown is OnUnknown.BLOCK
            other = OnUnknown.SKIP if block else OnUnknown.BLOCK
            change = f"on_unknown becomes {other.value}"
            make = _set(("rules", index, "on_unknown"), other)
            yield Mutant("unknown", change, path, make)
    for steps, thing in parts.things(strategy):
        path = parts.path_of(document, strategy, steps)
        yield from _sides(steps, thing, path)


def _sides(steps: parts.Steps, thing: msgspec.Struct, path: Path) -> Iterator[Mutant]:
    side, token = getattr(thing, "side", None), getattr(thing, "token", None)
    if isinstance(side, Side):
        other = opposite(side)
        change = f"{side.value.lower()} becomes {other.value.lower()}"
        make = _set((*steps, "side"), other)
        yield Mutant("side", change, (*path, "action"), make)
    if isinstance(token, str) and token in TOKENS:
        change = f"{token}_token becomes {TOKENS[token]}_token"
        make = _set((*steps, "token"), TOKENS[token])
        yield Mutant("token", change, (*path, "token"), make)
    legs = getattr(thing, "legs", None)
    if isinstance(legs, str) and legs in LEGS:
        make = _set((*steps, "legs"), LEGS[legs])
        change = f"{legs} becomes {LEGS[legs]}"
        yield Mutant("token", change, (*path, "legs"), make)


def _set(steps: parts.Steps, new: object) -> Make:
    return lambda strategy: parts.changed(strategy, steps, new)


def _without(kind: str, index: int) -> Make:
    def make(strategy: Strategy) -> Strategy:
        kept = getattr(strategy, kind)
        fewer = (*kept[:index], *kept[index + 1 :])
        return msgspec.structs.replace(strategy, **{kind: fewer})

    return make
