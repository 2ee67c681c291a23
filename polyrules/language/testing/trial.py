"""One example of a strategy file, ready to be asked: a strategy, a row, a verdict."""

from collections.abc import Callable
from dataclasses import dataclass, field

from polyrules.language.evaluators.reference import Outcome, Row, RowReference
from polyrules.language.evaluators.verdicts import mismatches
from polyrules.language.strategy import Case, Strategy, Window


@dataclass(frozen=True, slots=True)
class Trial:
    """An example, and how the row it speaks of comes about.

    Attributes:
        case: What is given and expected.
        strategy: With the params that the example sets.
        settings: The names of those params.
        play: Makes the row, windows included, from a strategy's windows; None where
            `case.given` is the whole row.
    """

    case: Case
    strategy: Strategy
    settings: frozenset[str] = frozenset()
    play: Callable[[Strategy], Row] | None = None
    _rows: dict[tuple[Window, ...], Row] = field(default_factory=dict)

    def row(self, strategy: Strategy) -> Row:
        """Return the row that a strategy, this one or one like it, is asked about."""
        if self.play is None:
            return self.case.given
        if strategy.windows not in self._rows:
            self._rows[strategy.windows] = self.play(strategy)
        return self._rows[strategy.windows]

    def answer(self, strategy: Strategy) -> Outcome:
        """Return what a strategy answers."""
        return RowReference(strategy).answer(self.row(strategy))

    def passes(self, strategy: Strategy) -> bool:
        """Tell whether a strategy answers as expected."""
        reference = RowReference(strategy)
        row = self.row(strategy)
        return not mismatches(reference, self.case, row, reference.answer(row))
