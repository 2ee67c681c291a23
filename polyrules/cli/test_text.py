"""How the results of tests look on a terminal."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from polyrules.cli.problems import SHOWN_MAX, counted, harmless, render, rendered
from polyrules.documents.document import Document
from polyrules.errors import Problem
from polyrules.language.evaluators.cases import TruthTable
from polyrules.language.testing.coverage import Condition, Coverage
from polyrules.language.testing.mutate import Mutant, Score
from polyrules.language.testing.suite import Ran


class Tested(NamedTuple):
    """A file, and how its tests went; problems if it could not be loaded."""

    path: str
    name: str
    ran: tuple[Ran, ...] = ()
    problems: tuple[Problem, ...] = ()
    document: Document | None = None
    coverage: Coverage | None = None
    score: Score | None = None

    @property
    def failed(self) -> int:
        """How many tests failed."""
        return sum(not ran.result.passed for ran in self.ran)

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return len(self.ran) - self.failed


def lines(tested: Sequence[Tested]) -> Iterator[str]:
    """Yield the report: a line for each file, and what is to be said about it."""
    width = max((len(file.name) for file in tested), default=0)
    for file in tested:
        yield f"{harmless(file.name):{width}}  {summary(file)}"
        yield from rendered(file.problems)
        for ran in file.ran:
            if not ran.result.passed:
                yield from failure(ran)
        if file.coverage is not None:
            yield from _coverage(file.coverage)
        if file.score is not None and file.document is not None:
            yield from _survivors(file.score, file.document)
    yield from _totals(tested)


def summary(file: Tested) -> str:
    """Return how the tests of a file went, in a few words."""
    if file.problems:
        return f"cannot be tested: {counted(file.problems)}"
    if not file.ran:
        return "has no tests"
    parts = [f"{file.passed} passed"] if file.passed else []
    if file.failed:
        parts.append(f"{file.failed} FAILED")
    return ", ".join(parts)


def failure(ran: Ran) -> Iterator[str]:
    """Yield what a failed test expected, what came, and why."""
    result = ran.result
    place = harmless(f"{ran.path}:{result.case.line}")
    yield f"  FAIL {harmless(result.case.name)}  {place}"
    for mismatch in result.mismatches:
        got = harmless(mismatch.got)
        key = harmless(mismatch.key)
        yield f"    expected {key}={harmless(mismatch.expected)}  got {got}"
    for table in result.tables:
        yield from _table(table, ran.samples)


def survivors(score: Score, document: Document) -> list[tuple[Problem, Mutant]]:
    """Return the mutants that no test noticed, by place."""
    found = [
        (document.problem(each.path, each.kind, each.change, part=each.part), each)
        for each in score.survivors
    ]
    return sorted(found, key=lambda pair: (pair[0].line, pair[0].column))


def _table(table: TruthTable, samples: dict[str, str]) -> Iterator[str]:
    yield f"      {harmless(table.title)} = {table.truth}"
    texts = max(len(part.text) for part in table.parts)
    values = max(len(part.values) for part in table.parts)
    for part in table.parts:
        missing = [
            f"{name} <- {samples[name]}" if name in samples else name
            for name in part.missing
        ]
        told = f"  <- missing: {', '.join(missing)}" if missing else ""
        shown = f"{part.text:{texts}}  {part.values:{values}}  {part.truth}{told}"
        yield f"        {harmless(shown)}"


def _coverage(coverage: Coverage) -> Iterator[str]:
    yield f"  coverage {coverage.percent:.0f} %"
    width = max((len(each.title) for each in coverage.conditions), default=0)
    yield f"    {'':{width}}  true  false  unknown  parts that decided"
    for each in coverage.conditions:
        unknown = str(each.unknown) if each.can_be_unknown else "never"
        decided = f"{each.parts - len(each.never_decided)} of {each.parts}"
        yield (
            f"    {harmless(each.title):{width}}  {each.true:4}  {each.false:5}"
            f"  {unknown:>7}  {decided}"
        )
        for part in each.never_decided:
            yield f"      never alone in the way: {harmless(part)}"


def _survivors(score: Score, document: Document) -> Iterator[str]:
    yield f"  mutation {score.percent:.0f} %: {score.killed} of {score.total} noticed"
    found = survivors(score, document)
    for _, group in groupby(found[:SHOWN_MAX], key=lambda pair: _mark(pair[0])):
        same = list(group)
        for problem, mutant in same:
            place = harmless(f"{problem.path}:{problem.line}:{problem.column}")
            yield f"{place}: survived[{mutant.kind}]: {harmless(mutant.change)}"
        yield from render(same[0][0]).split("\n")[1:]
    more = len(found) - SHOWN_MAX
    if more > 0:
        yield f"and {more:,} more"


def _mark(problem: Problem) -> tuple[int, int, int]:
    return problem.line, problem.column, problem.end_column


def _totals(tested: Iterable[Tested]) -> Iterator[str]:
    covered = [file.coverage for file in tested if file.coverage is not None]
    if len(covered) > 1:
        conditions = [each for coverage in covered for each in coverage.conditions]
        yield _total_coverage(conditions)
    scores = [file.score for file in tested if file.score is not None]
    if len(scores) > 1:
        killed, total = sum(s.killed for s in scores), sum(s.total for s in scores)
        percent = 100 * killed / total if total else 100
        yield f"mutation   {percent:.0f} %: {killed} of {total} noticed"


def _total_coverage(conditions: Sequence[Condition]) -> str:
    percent = Coverage(conditions=tuple(conditions)).percent
    true, false, unknown = (
        sum(count > 0 for count in counts)
        for counts in zip(
            *((each.true, each.false, each.unknown) for each in conditions),
            strict=True,
        )
    )
    parts = sum(each.parts for each in conditions)
    decided = parts - sum(len(each.never_decided) for each in conditions)
    return (
        f"coverage   {percent:.0f} %   true/false/unknown {true}/{false}/{unknown} of"
        f" {len(conditions)}   parts {decided}/{parts}"
    )
