"""A checked strategy as NumPy source: every row at once, the same meaning.

Numbers are float64 columns in which NaN is missing. A boolean is never a column of its
own: it is asked either "where is it true?" or "where is it false?". `not` swaps the
question, and a comparison with a missing side answers no to both, so that Kleene's
logic costs nothing. Whatever could have become infinite is made missing.

The reference interpreter says what an expression means; this gives the same bits, only
faster. It remembers no row from one call to the next, and never writes into the columns
it is given.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyrules.language.actions import stated
from polyrules.language.evaluators.graph import Graph, Node
from polyrules.language.evaluators.hits import answer_nodes
from polyrules.language.evaluators.translate import Translator
from polyrules.language.expression import Expression
from polyrules.language.functions import KERNELS
from polyrules.language.strategy import HitPolicy, Strategy

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
Columns = Mapping[str, Floats]

# Rows at once: so many that a call into NumPy costs little beside its work, and so few
# that what rules share is still in the processor's cache when the next rule reads it.
# A column of numbers stays below the 128 KiB from which the C library would fetch
# memory from the system anew each time; a column of truths is an eighth of it.
BLOCK_OF_NUMBERS = 15_360
BLOCK_OF_TRUTHS = 65_536


@dataclass(frozen=True, eq=False, slots=True)
class Answer:
    """What a strategy decides on every row; all of shape (n,).

    Attributes:
        rule: Index of the rule that decided, a veto's too; -1 where none did.
        guarded: Index of the first guard that was not TRUE, -1 where all were.
        unknown: Rows where a rule that acts was UNKNOWN before anything had decided.
        conflict: Rows where several rules fire and only one may: none decides.
        fired: Under `collect` where each rule fires, by rule; else empty.
    """

    rule: NDArray[np.int16]
    guarded: NDArray[np.int16]
    unknown: Truths
    conflict: Truths
    fired: tuple[Truths, ...] = ()


class Plan:
    """One strategy, compiled.

    Columns are float64 of one length n, by the names of features and of hoisted
    windows ("@1"): booleans 0 and 1, enums the index of the word in its type's values,
    NaN where missing, never infinite.

    Attributes:
        source: The NumPy source that was printed, to look at; lets that are recorded
            come in when they are first asked for, those of one rule in one function.
        universe_reads: The columns `universe` and `perhaps` need.
        reads: The columns everything else needs, and those a reason names.
    """

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self._lets = {let.name: let.expression for let in strategy.lets}
        self._graph = graph = Graph(KERNELS)
        translator = Translator(graph, self._lets)
        # In the order of the file: a let finds those before it translated already, so
        # a long chain of them is no deep recursion.
        self._let_nodes = {
            let.name: translator.number(let.expression) for let in strategy.lets
        }
        self._recorders: dict[tuple[str, ...], str] = {}
        outputs = dict(_functions(strategy, translator))
        self.source = ""
        self._names: dict[str, Any] = graph.namespace()
        self._print(outputs)
        collects = strategy.hit_policy is HitPolicy.COLLECT
        self._collected = len(strategy.rules) if collects else 0
        self._answer_reads = graph.columns(outputs["answer"])
        has_numbers = graph.has_numbers(outputs["answer"])
        self._block = BLOCK_OF_NUMBERS if has_numbers else BLOCK_OF_TRUTHS
        universe = [strategy.universe] if strategy.universe else []
        self.universe_reads = self._closure(universe)
        self.reads = self._all_reads()

    def reads_of(self, expression: Expression) -> frozenset[str]:
        """Return the columns an expression needs, itself or through lets."""
        return self._closure([expression])

    def hoisted_reads(self, index: int) -> frozenset[str]:
        """Return the columns the argument of `strategy.hoisted[index]` needs."""
        argument = self._strategy.hoisted[index].argument
        return frozenset() if argument is None else self._closure([argument])

    def hoisted_argument(self, index: int, columns: Columns, n: int) -> Floats:
        """Return what `strategy.hoisted[index]` looks at, in all n rows."""
        if self._strategy.hoisted[index].argument is None:
            return np.zeros(n)
        (values,) = self._call(f"hoisted_{index}", columns, n)
        return values

    def universe(self, columns: Columns, n: int) -> Truths:
        """Return the rows that are in the universe: only where that is TRUE."""
        (true,) = self._call("universe", columns, n)
        return true

    def perhaps(self, columns: Columns, n: int) -> Truths:
        """Return the rows that may be in the universe: where it is not FALSE."""
        (perhaps,) = self._call("perhaps", columns, n)
        return perhaps

    def answer(self, columns: Columns, n: int) -> Answer:
        """Ask guards and rules in their order. Reads no row's neighbour."""
        answer = Answer(
            rule=np.empty(n, dtype=np.int16),
            guarded=np.empty(n, dtype=np.int16),
            unknown=np.empty(n, dtype=np.bool_),
            conflict=np.empty(n, dtype=np.bool_),
            fired=tuple(np.empty(n, dtype=np.bool_) for _ in range(self._collected)),
        )
        guards = len(self._strategy.guards)
        rules = guards + len(self._strategy.rules)
        used = {name: columns[name] for name in self._answer_reads}
        for start in range(0, n, self._block):
            block = slice(start, min(start + self._block, n))
            part = {name: column[block] for name, column in used.items()}
            unknown, conflict, *found = self._call("answer", part, block.stop - start)
            answer.unknown[block] = unknown
            answer.conflict[block] = conflict
            _decider(found[:guards], answer.guarded[block])
            _decider(found[guards:rules], answer.rule[block])
            for into, fired in zip(answer.fired, found[rules:], strict=True):
                into[block] = fired
        return answer

    def stated(self, rule: int, columns: Columns, n: int) -> dict[str, Floats]:
        """Return the numbers that a rule's action states, by the names of `stated`.

        Wherever the rule fires or not; NaN where the number is missing. A result may be
        one of `columns` itself: not to be written to.
        """
        names = stated(self._strategy.rules[rule].then)
        if not names:
            return {}
        return dict(zip(names, self._call(f"stated_{rule}", columns, n), strict=True))

    def ranking(self, columns: Columns, n: int) -> Floats:
        """Return the number by which the rows of the universe are ranked."""
        assert self._strategy.limit_by is not None, "nothing ranks them"
        (values,) = self._call("ranking", columns, n)
        return values

    def exit(self, index: int, columns: Columns, n: int) -> tuple[Truths, Truths]:
        """Return where `exits[index].when` is TRUE, and where it is UNKNOWN."""
        assert self._strategy.exits[index].when is not None, "no condition to ask"
        true, unknown = self._call(f"exit_{index}", columns, n)
        return true, unknown

    def lets(self, names: Iterable[str], columns: Columns, n: int) -> dict[str, Floats]:
        """Return lets by name as numbers: booleans 0 and 1, enums codes, NaN missing.

        A result may be one of `columns` itself: not to be written to.
        """
        wanted = tuple(dict.fromkeys(names))
        if wanted not in self._recorders:
            # One function for all, and none for lets that nobody asks for: a function
            # of its own for each let would print what they share again and again.
            function = self._recorders[wanted] = f"lets_{len(self._recorders)}"
            self._print({function: [self._let_nodes[name] for name in wanted]})
        found = self._call(self._recorders[wanted], columns, n)
        return dict(zip(wanted, found, strict=True))

    def _print(self, functions: Mapping[str, Sequence[Node]]) -> None:
        """Make functions callable by name; the names are ours, not those of a file."""
        for name, outputs in functions.items():
            # One at a time: compiling takes 170 times the memory of the text. It holds
            # the words of `graph`, numbered names, and column names that `graph`
            # vouches for; no text of a strategy file reaches it.
            printed = self._graph.function(name, outputs)
            exec(printed, self._names)  # noqa: S102  printing code is this module's job
            self.source += printed

    def _call(self, name: str, columns: Columns, n: int) -> tuple[NDArray[Any], ...]:
        with np.errstate(all="ignore"):
            found: tuple[NDArray[Any], ...] = self._names[name](columns, n)
        return found

    def _closure(self, expressions: Iterable[Expression]) -> frozenset[str]:
        """Return the columns that expressions read, themselves or through lets."""
        found: set[str] = set()
        waiting = [name for each in expressions for name in each.reads]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            if name in self._lets:
                waiting.extend(self._lets[name].reads)
        return frozenset(found - self._lets.keys())

    def _all_reads(self) -> frozenset[str]:
        strategy = self._strategy
        found = [guard.when for guard in strategy.guards]
        found += [each for each in (strategy.limit_by,) if each is not None]
        found += [exit_.when for exit_ in strategy.exits if exit_.when is not None]
        told: set[str] = set()
        for rule in strategy.rules:
            found += [rule.when, *stated(rule.then).values()]
            told |= {piece.name for piece in rule.then.reason if piece.name}
        found += [self._lets[name] for name in told & self._lets.keys()]
        return self._closure(found) | (told - self._lets.keys())


def _functions(
    strategy: Strategy, translator: Translator
) -> Iterator[tuple[str, list[Node]]]:
    """Yield the name and the outputs of every function to print."""
    universe = strategy.universe
    always = translator.graph.truth(holds=True)
    yield "universe", [translator.true(universe) if universe else always]
    inverse = translator.graph.inverse
    yield "perhaps", [inverse(translator.false(universe)) if universe else always]
    yield "answer", answer_nodes(strategy, translator)
    for index, hoisted in enumerate(strategy.hoisted):
        if hoisted.argument is not None:
            yield f"hoisted_{index}", [translator.number(hoisted.argument)]
    for index, rule in enumerate(strategy.rules):
        numbers = stated(rule.then).values()
        if numbers:
            yield f"stated_{index}", [translator.number(each) for each in numbers]
    if strategy.limit_by is not None:
        yield "ranking", [translator.number(strategy.limit_by)]
    for index, exit_ in enumerate(strategy.exits):
        if exit_.when is not None:
            true, false = translator.true(exit_.when), translator.false(exit_.when)
            known = translator.graph.either(true, false)
            yield f"exit_{index}", [true, translator.graph.inverse(known)]


def _decider(masks: Sequence[Truths], into: NDArray[np.int16]) -> None:
    """Write by row the index of the one mask that holds there, -1 where none does."""
    if not masks:
        into.fill(-1)
        return
    # Masks are bytes of 0 and 1, of which at most one is 1: sums of them, weighted, are
    # several times quicker than assigning through each mask.
    kind = np.int8 if len(masks) < np.iinfo(np.int8).max else np.int16
    total = masks[0].astype(kind)
    term = np.empty_like(total)
    for index, mask in enumerate(masks[1:], start=2):
        np.multiply(mask.view(np.int8), np.array(index, dtype=kind), out=term)
        np.add(total, term, out=total)
    np.subtract(total, 1, out=into)
