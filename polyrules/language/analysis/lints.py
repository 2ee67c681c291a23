"""Every lint: its code, its profile, how bad it is, and what looks for it.

A profile asks for all that those before it ask for. `min` is what every file must pass
to run; `live` is what a file should pass before real money follows it.
"""

from collections.abc import Callable, Iterator
from enum import IntEnum

import msgspec

from polyrules.errors import Problem, Severity
from polyrules.language.analysis import (
    conditions,
    feeds,
    mixing,
    numbers,
    orders,
    overlap,
    protection,
    safety,
    sharing,
    tests,
    ways_out,
)
from polyrules.language.analysis.subject import Find, Subject


class Profile(IntEnum):
    """How much is asked of a file."""

    MIN = 0
    BASIC = 1
    SAFETY = 2
    SHARED = 3
    LIVE = 4

    @property
    def word(self) -> str:
        """The profile as the command line calls it."""
        return self.name.lower()


class Lint(msgspec.Struct, frozen=True):
    """One thing that is looked for; a find may be of another severity than its own."""

    code: str
    name: str
    profile: Profile
    severity: Severity
    check: Callable[[Subject], Iterator[Find]]


_B, _SAFETY, _SHARED, _LIVE = (
    Profile.BASIC,
    Profile.SAFETY,
    Profile.SHARED,
    Profile.LIVE,
)
_W, _I = Severity.WARNING, Severity.INFO

LINTS = (
    Lint("PL001", "constant condition", _B, _W, conditions.constant_conditions),
    Lint("PL002", "unreachable rule", _B, _W, conditions.unreachable_rules),
    Lint("PL003", "overlap under unique", _B, _W, overlap.overlapping_rules),
    Lint("PL005", "equality of floats", _B, _W, numbers.equal_floats),
    Lint("PL006", "divisor may be 0", _SAFETY, _I, numbers.zero_divisors),
    Lint(
        "PL007", "confidence outside [0, 1]", _SAFETY, _W, numbers.strange_confidences
    ),
    Lint("PL008", "price outside (0, 1)", _SAFETY, _W, numbers.strange_prices),
    Lint("PL009", "no stop and no max_hold", _SAFETY, _W, safety.no_way_out),
    Lint("PL010", "feed is not there", _B, _W, feeds.missing_feeds),
    Lint("PL011", "schedule outruns its data", _B, _W, feeds.hasty_schedules),
    Lint("PL013", "untested rule", _SHARED, _W, tests.untested_rules),
    Lint("PL014", "veto off where UNKNOWN", _SAFETY, _W, safety.soft_vetoes),
    Lint("PL016", "kelly without a cap", _SAFETY, _W, safety.no_cap),
    Lint("PL017", "no risk limit", _SAFETY, _W, safety.no_limits),
    Lint("PL018", "does not say when it loses", _SHARED, _W, sharing.silent_on_losses),
    Lint("PL019", "not signed", _SHARED, _W, sharing.unsigned),
    Lint("PL020", "vague param", _SHARED, _W, sharing.vague_params),
    Lint("PL021", "no limit for real money", _LIVE, _W, safety.open_limits),
    Lint("PL022", "no test of missing data", _LIVE, _W, tests.no_missing_data),
    Lint("PL026", "exit is never reached", _B, _W, ways_out.unreached_exits),
    Lint("PL027", "sells what is not held", _B, _W, orders.sold_unheld),
    Lint("PL028", "order is always refused", _B, _W, orders.refused),
    Lint("PL029", "two markets or tokens mixed up", _SAFETY, _W, mixing.mixed_up),
    Lint("PL030", "legs of one market", _B, _W, mixing.same_legs),
    Lint("PL031", "protection comes too late", _SAFETY, _W, protection.late_protection),
    Lint("PL032", "window is never open", _B, _W, ways_out.closed_windows),
    Lint("PC002", "takes too long", _B, _W, feeds.too_dear),
)
"""All that is looked for in a file that has no errors."""

PROFILES = {lint.code: lint.profile for lint in LINTS}


def profile_of(problem: Problem) -> Profile:
    """Return the first profile that asks for what a problem is about."""
    if problem.severity is Severity.ERROR:
        return Profile.MIN
    return PROFILES.get(problem.code, Profile.BASIC)


def find_all(subject: Subject) -> Iterator[Problem]:
    """Yield what every lint finds in a strategy, whatever the profile."""
    for lint in LINTS:
        for find in lint.check(subject):
            yield _problem(subject, lint, find)


def _problem(subject: Subject, lint: Lint, find: Find) -> Problem:
    return subject.document.problem(
        find.at,
        lint.code,
        find.message,
        hint=find.hint,
        on_key=find.on_key,
        part=subject.part_of(find),
        severity=find.severity or lint.severity,
    )
