"""What a strategy costs to work out, counted in the parts of its expressions.

A part is a name, a number, an operator or a call; it is counted once for each question
that needs it, since each question becomes a function of its own. This is known when a
file is loaded, and the same on every machine: no time is measured.
"""

from collections.abc import Iterable, Iterator, Mapping

from polyrules.language.actions import stated
from polyrules.language.expression import Expression
from polyrules.language.strategy import Strategy, recorded

PARTS_MAX = 10_000  # a shipped file has some 200


def parts(strategy: Strategy) -> int:
    """Return how many parts have to be compiled, lets written out once a question."""
    lets = {let.name: let.expression for let in strategy.lets}
    questions = _questions(strategy, lets)
    return sum(_size(question, lets) for question in questions)


def _questions(
    strategy: Strategy, lets: Mapping[str, Expression]
) -> Iterator[list[Expression]]:
    """Yield the expressions that each function of a compiled strategy answers."""
    if strategy.universe is not None:
        yield [strategy.universe]
    conditions = [guard.when for guard in strategy.guards]
    yield conditions + [rule.when for rule in strategy.rules]
    hoisted = (each.argument for each in strategy.hoisted)
    yield from ([argument] for argument in hoisted if argument is not None)
    if strategy.limit_by is not None:
        yield [strategy.limit_by]
    for rule in strategy.rules:
        numbers = list(stated(rule.then).values())
        if numbers:
            yield numbers
            yield [lets[name] for name in recorded(rule) & lets.keys()]
    for exit_ in strategy.exits:
        if exit_.when is not None:
            yield [exit_.when]
            yield [lets[name] for name in exit_.when.reads & lets.keys()]


def _size(question: Iterable[Expression], lets: Mapping[str, Expression]) -> int:
    """Return how many parts the expressions have, with every let they read once."""
    found: dict[Expression, None] = {}
    waiting = list(question)
    while waiting:
        expression = waiting.pop()
        if expression not in found:
            found[expression] = None
            waiting += [lets[name] for name in expression.reads if name in lets]
    return sum(len(expression.types) for expression in found)
