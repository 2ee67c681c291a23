"""A checked strategy as one Python function: one row at once, the same meaning.

For a market of which something just changed: where the columns pay NumPy's price for
every operation, this pays Python's, which for a single row is far less. It gives the
same bits as the reference interpreter and the columns, remembers no row, and tells no
reasons; whoever wants those asks the reference.
"""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from polyrules.language.actions import stated
from polyrules.language.evaluators.rowcode import Code, Printer, Term
from polyrules.language.evaluators.rowhits import RowAnswer, answer_source
from polyrules.language.evaluators.rownumbers import NAMES
from polyrules.language.evaluators.rowterms import Terms
from polyrules.language.strategy import Strategy

__all__ = ["RowAnswer", "RowPlan"]

Row = Mapping[str, float]


class _Function(NamedTuple):
    names: tuple[str, ...]  # the columns it takes, in their order
    values: Callable[[Row], tuple[float, ...]]  # those columns of a row
    call: Callable[..., Any]


class RowPlan:
    """One strategy, compiled for one row at a time.

    A row holds plain floats by the names of features and of hoisted windows ("@1"), as
    columns hold them: booleans 0 and 1, enums the index of the word in its type's
    values, NaN where missing, never infinite.

    Attributes:
        names: The columns `answer_values` takes, in their order.
        answer_values: What `answer` does, for whoever has the values at hand; called as
            `answer_values(*values)`.
        reads: The columns of any question, and those a reason names.
        source: The Python source that was printed, to look at; what rules state, exits
            and lets come in when they are first asked for.
    """

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self._lets = {let.name: let.expression for let in strategy.lets}
        self._code = Code()
        self._terms = Terms(self._code, self._lets)
        self._functions: dict[tuple[object, ...], _Function] = {}
        printed = answer_source(strategy, self._terms)
        self._names: dict[str, Any] = {**NAMES, **printed.names}
        self.source = ""
        self._answer = self._made("answer", printed.source, printed.columns)
        self.names = printed.columns
        self.answer_values: Callable[..., RowAnswer] = self._answer.call
        self.reads = self._all_reads()

    def answer(self, row: Row) -> RowAnswer:
        """Ask universe, guards and rules about a row that has all of `names`."""
        _, values, call = self._answer
        answer: RowAnswer = call(*values(row))
        return answer

    def stated(self, rule: int, row: Row) -> dict[str, float]:
        """Return the numbers that a rule's action states, by the names of `stated`.

        Whether the rule fires or not; NaN where the number is missing.
        """
        numbers = stated(self._strategy.rules[rule].then)
        terms = map(self._terms.number, numbers.values())
        return dict(zip(numbers, self._call(("rule", rule), terms, row), strict=True))

    def lets(self, names: Iterable[str], row: Row) -> dict[str, float]:
        """Return lets by name as numbers: booleans 0 and 1, enums codes."""
        wanted = tuple(dict.fromkeys(names))
        terms = (self._terms.number(self._lets[name]) for name in wanted)
        return dict(zip(wanted, self._call(("lets", wanted), terms, row), strict=True))

    def exit(self, index: int, row: Row) -> tuple[bool, bool]:
        """Return whether `exits[index].when` is TRUE, and whether it is UNKNOWN."""
        when = self._strategy.exits[index].when
        assert when is not None, "no condition to ask"
        terms = (ask(when) for ask in (self._terms.true, self._terms.false))
        true, false = self._call(("exit", index), terms, row)
        return true, not (true or false)

    def _call(
        self, key: tuple[object, ...], terms: Iterable[Term], row: Row
    ) -> tuple[Any, ...]:
        """Work terms out; they are asked for, and printed, the first time only."""
        if key not in self._functions:
            outputs = list(terms)
            printer = Printer(self._code, [outputs])
            lines = printer.bound(*outputs)
            found = "".join(f"{printer.text(term)}, " for term in outputs)
            name = f"numbers_{len(self._functions)}"
            source = printer.function(name, [*lines, f"return ({found})"])
            self._functions[key] = self._made(name, source, printer.names)
        _, values, call = self._functions[key]
        answered: tuple[Any, ...] = call(*values(row))
        return answered

    def _made(self, name: str, source: str, columns: tuple[str, ...]) -> _Function:
        # The source consists of our templates, of numbers, and of numbered names; no
        # text of a strategy file reaches it, not even the name of a column.
        exec(source, self._names)  # noqa: S102  printing code is this module's job
        self.source += source
        return _Function(columns, _getter(columns), self._names[name])

    def _all_reads(self) -> frozenset[str]:
        """Return the columns that are read by what is asked or told of a row."""
        strategy = self._strategy
        found = [strategy.universe, strategy.limit_by]
        found += [guard.when for guard in strategy.guards]
        found += [exit_.when for exit_ in strategy.exits]
        names: set[str] = set()
        for rule in strategy.rules:
            found += [rule.when, *stated(rule.then).values()]
            names |= {piece.name for piece in rule.then.reason if piece.name}
        names = names.union(*(each.reads for each in found if each is not None))
        for let in reversed(strategy.lets):  # each reads only those before it
            if let.name in names:
                names |= let.expression.reads
        return frozenset(names - self._lets.keys())


def _getter(names: tuple[str, ...]) -> Callable[[Row], tuple[float, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: tuple(row[name] for name in names)
