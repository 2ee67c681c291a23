"""A strategy file looked at from all sides: its errors, or what the lints find.

Nothing is opened here and nothing is run; the text is handed in.
"""

from collections.abc import Mapping

import msgspec

from polyrules.documents.document import Document
from polyrules.errors import Problem, Severity, StrategyError
from polyrules.features.catalog import Feed
from polyrules.language.analysis.feeds import cost_seconds
from polyrules.language.analysis.lints import Profile, find_all, profile_of
from polyrules.language.analysis.subject import Subject
from polyrules.language.analysis.suppressions import suppressed
from polyrules.language.chain import Find
from polyrules.language.evaluators.reference import Row
from polyrules.language.files.examples import Fixture
from polyrules.language.load import Loaded, examine, load
from polyrules.language.strategy import Strategy
from polyrules.language.testing.suite import open_suite

OF_TESTS = ("PL013", "PL022")  # they are not inherited: those of a base stay there
NO_FEEDS = frozenset[Feed]()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one file.

    Attributes:
        problems: All of it, whatever the profile, in the order of the lines.
        suppressed: How many more the file takes on purpose.
        cost: What one evaluation takes at 50,000 markets, estimated [seconds]; None
            for a file with errors.
    """

    path: str
    problems: tuple[Problem, ...]
    suppressed: int = 0
    cost: float | None = None

    @property
    def reached(self) -> Profile | None:
        """The last profile of which nothing is wrong; None if there are errors."""
        failed = [profile_of(each) for each in self.problems if _counts(each)]
        if not failed:
            return Profile.LIVE
        first = min(failed)
        return None if first is Profile.MIN else Profile(first - 1)

    def asked(self, profile: Profile) -> tuple[Problem, ...]:
        """Return what a profile is about."""
        return tuple(each for each in self.problems if profile_of(each) <= profile)

    def passes(self, profile: Profile) -> bool:
        """Tell whether a profile is reached; information does not count."""
        return not any(_counts(each) for each in self.asked(profile))


def look_at(
    text: str,
    path: str,
    settings: Mapping[str, str] | None = None,
    lacking: frozenset[Feed] = NO_FEEDS,
    beside: Document | None = None,
    *,
    find: Find | None = None,
) -> Report:
    """Look at a strategy file with every lint.

    Args:
        text: The whole file.
        path: What to call it.
        settings: Values for its params, as text.
        lacking: Feeds that are not there.
        beside: The file of tests beside it, if there is one.
        find: How to find the file that it extends; its rules stand there, and so does
            what is found in them.

    Raises:
        ConfigError: A setting names no param, or does not fit it.
    """
    looked = examine(text, path, settings, find)
    strategy, problems = looked.strategy, looked.problems
    if strategy is None:
        return Report(path=path, problems=problems)
    said = dict(settings or {})
    try:
        suite = open_suite(
            looked.document,
            lambda more: load(text, path=path, settings=said | dict(more), find=find),
            beside,
            _no_tape,
            looked.declared,
        )
    except StrategyError as error:
        return Report(path=path, problems=error.problems)
    subject = Subject(
        strategy,
        looked.root,
        lacking,
        suite.trials,
        sees_all=all(example.fixture is None for example in suite.examples),
    )
    found = [*problems, *(_own(each, looked) for each in find_all(subject))]
    left, count = [], 0
    for file in dict.fromkeys((looked.document.path, looked.root.path)):
        document = looked.document if file == looked.document.path else looked.root
        kept, taken = suppressed(document, [p for p in found if p.path == file])
        left += sorted(kept, key=lambda each: (each.line, each.column, each.code))
        count += taken
    return Report(
        path=path,
        problems=tuple(left),
        suppressed=count,
        cost=cost_seconds(subject),
    )


def _own(problem: Problem, looked: Loaded) -> Problem:
    """Return a problem with the tests at the file's own `extends`: they stand there."""
    if problem.code not in OF_TESTS or looked.document is looked.root:
        return problem
    return looked.document.problem(
        ("extends",),
        problem.code,
        problem.message,
        hint=problem.help,
        severity=problem.severity,
    )


def _no_tape(fixture: Fixture, path: str, strategy: Strategy) -> Row:
    """Return an empty row: nothing is opened here."""
    del fixture, path, strategy
    return {}


def _counts(problem: Problem) -> bool:
    return problem.severity is not Severity.INFO
