"""A strategy together with its tests, those of its own file and of the one beside it.

Files are handed in as read, rows of tapes by who can read tapes: nothing is opened.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Protocol

import msgspec

from polyrules.documents.document import Document
from polyrules.documents.shape import check_shape
from polyrules.errors import InputError, PolyrulesError, Problem, StrategyError
from polyrules.language.evaluators.cases import CaseResult, run_case
from polyrules.language.evaluators.reference import Row, RowReference
from polyrules.language.files.examples import (
    Example,
    Fixture,
    read_examples,
    scope_of,
)
from polyrules.language.files.params import Declared, read_params
from polyrules.language.files.schema_tests import sibling_schema
from polyrules.language.strategy import Strategy, Value
from polyrules.language.testing.play import covered, played
from polyrules.language.testing.trial import Trial

CANNOT = "PS017"  # a test that cannot be run: its params or its fixture do not fit
Loads = Callable[[Mapping[str, str]], Strategy]


class Tapes(Protocol):
    """Finds rows that tapes hold."""

    def __call__(self, fixture: Fixture, path: str, strategy: Strategy) -> Row:
        """Return the row of a strategy, windows included.

        Args:
            fixture: Where it lies.
            path: The file that speaks of it.
            strategy: Whose windows are needed.

        Raises:
            InputError: The tape cannot be read, or has no such market or moment.
        """


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """How a test went, the file it stands in, and how full its windows were.

    Attributes:
        samples: By let: `mean_over(mid, 24h): 73 of 288 samples`; of a failed test.
    """

    result: CaseResult
    path: str
    samples: dict[str, str] = {}


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy and its tests, ready to run."""

    strategy: Strategy
    document: Document
    trials: tuple[Trial, ...]
    examples: tuple[Example, ...]  # of the trials, same order

    def run(self) -> tuple[Ran, ...]:
        """Run all tests: those of the strategy's file first, in the order of a file."""
        pairs = zip(self.examples, self.trials, strict=True)
        return tuple(_run(example, trial) for example, trial in pairs)


def open_suite(
    document: Document,
    loads: Loads,
    beside: Document | None = None,
    tapes: Tapes | None = None,
    declared: Declared | None = None,
) -> Suite:
    """Put a strategy and its tests together.

    Args:
        document: The strategy's file.
        loads: Loads it with other params.
        beside: The file of tests beside it, if there is one.
        tapes: Who reads tapes; without it a test with a fixture is a problem.
        declared: The params; None: as the document says.

    Raises:
        StrategyError: One of the files is wrong.
    """
    strategy = loads({})
    problems: list[Problem] = []
    examples: list[Example] = []
    files = [document] if beside is None else [document, beside]
    scope, declared = scope_of(strategy), declared or read_params(document)
    for file in files:
        if file is beside:
            problems += shape_of_tests(file)
        if file.complete and isinstance(file.data, dict):
            every = strategy.schedule.every
            found, wrong = read_examples(file, scope, declared, every)
            examples += found
            problems += wrong
    trials: list[Trial] = []
    for example in [] if problems else examples:
        file = document if example.path == document.path else files[-1]
        try:
            trials.append(_trial(example, strategy, loads, tapes))
        except PolyrulesError as error:
            problems.append(_told(file, example, error))
    if problems:
        raise StrategyError(tuple(problems))
    return Suite(
        strategy=strategy,
        document=document,
        trials=tuple(trials),
        examples=tuple(examples),
    )


def shape_of_tests(beside: Document) -> list[Problem]:
    """Return what is wrong with the shape of a file of tests."""
    return [*beside.problems, *check_shape(beside, sibling_schema())]


def _trial(
    example: Example, strategy: Strategy, loads: Loads, tapes: Tapes | None
) -> Trial:
    if example.settings:
        strategy = loads(example.settings)
    play: Callable[[Strategy], Row] | None = None
    if example.fixture is not None:
        if tapes is None:
            raise InputError("no tape can be read here")
        play = partial(_from_tape, example, example.fixture, tapes)
    elif example.series:
        play = partial(_played, example)
    trial = Trial(example.case, strategy, frozenset(example.settings), play)
    trial.row(strategy)  # a tape that is not there is told now
    return trial


def _played(example: Example, strategy: Strategy) -> Row:
    return played(strategy, example)


def _from_tape(
    example: Example, fixture: Fixture, tapes: Tapes, strategy: Strategy
) -> Row:
    found = tapes(fixture, example.path, strategy)
    row: dict[str, Value] = {**found, **example.case.given}
    return row


def _told(file: Document, example: Example, error: PolyrulesError) -> Problem:
    key = "fixture" if example.fixture is not None else "with"
    message = error.message if hasattr(error, "message") else ""
    if isinstance(error, StrategyError):
        message = f"with these params: {error.problems[0].message}"
    hint = getattr(error, "hint", "")
    return file.problem((*example.place, key), CANNOT, message, hint=hint)


def _run(example: Example, trial: Trial) -> Ran:
    reference = RowReference(trial.strategy)
    result = run_case(reference, trial.case, trial.row(trial.strategy))
    samples = {} if result.passed else dict(_samples(example, trial, result))
    return Ran(result=result, path=example.path, samples=samples)


def _samples(
    example: Example, trial: Trial, result: CaseResult
) -> Iterator[tuple[str, str]]:
    """Yield how full the windows are of every let that is missing in a series test."""
    if not example.series:
        return
    strategy = trial.strategy
    missing = {name for t in result.tables for part in t.parts for name in part.missing}
    for let in strategy.lets:
        for window in strategy.windows:
            if let.name in missing and window.name in let.expression.reads:
                known, wanted = covered(strategy, example, window)
                what = f"{window.kernel}({window.argument.source})"
                cover = f"{known} of {wanted} samples (cover {window.cover:g})"
                yield let.name, f"{what}: {cover}"
