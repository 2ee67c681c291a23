"""Does a strategy see the future of a tape? A proof by trying, moment for moment.

The strategy runs over the whole tape once. Then the tape is cut at a moment, and all up
to there is computed again from what is left: whoever had looked past the cut decides
otherwise now. The tape is cut before any adapter sees it, so that none can peek.

It proves nothing of moments that were not tried, nor of what was wrong on the tape when
it was written: a row that was given a later row's value keeps it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import Any

import msgspec

from polyrules import app, clock
from polyrules.domain.events import ClockTicked, Event
from polyrules.domain.steps import Step
from polyrules.engine.engine import Engine
from polyrules.journal.records import RunSpec
from polyrules.venues.recorded import with_ticks

MOMENTS = 70
DECIDED_SHARE = 5 / 7  # of the moments: those with decisions
WORK_MAX = 2_000_000  # events computed in all: some minutes
WHOLE_SHARE = 4  # the run over the whole tape takes one part in so many at most

Adapt = Callable[[Iterable[Event]], Iterable[Event]]
Told = Callable[[int, int], None]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What came out otherwise when the tape ended at `cut` [microseconds UTC].

    `at` is when the first decision that differs was taken, `rule` whose it is, `what`
    the difference: the value on the whole tape, then on the cut one.
    """

    cut: int
    at: int
    rule: str
    what: str


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        moments: How many were recomputed.
        wanted: How many would have been, without a bound on the work.
        decisions: How many the strategies took on the whole tape.
        events: How many of the tape's were looked at, from its first.
        recorded: How many it holds.
        differences: One for each moment that came out otherwise.
    """

    moments: int
    wanted: int
    decisions: int
    events: int
    recorded: int
    differences: tuple[Difference, ...] = ()


class Run(msgspec.Struct, kw_only=True):
    """What one pass did: the moments of its Steps, and all its decisions."""

    moments: list[int] = []
    decided: list[tuple[int, bytes]] = []

    async def append(self, step: Step) -> None:
        """Remember what was decided; nothing is written."""
        at = step.event.at
        if not self.moments or self.moments[-1] != at:
            self.moments.append(at)
        if step.decisions:
            made = msgspec.json.encode((step.decisions, step.verdicts))
            self.decided.append((at, made))

    def see(self, step: Step, engine: Engine) -> None:
        """Look on; there is nothing to see."""

    def ending(self, engine: Engine) -> str:
        """Let the run go on to its end."""
        del engine
        return ""


class Cut:
    """A feed of a tape that ends at a moment; the clock ticks up to there."""

    def __init__(self, events: Iterable[Event], tick: int, end: int) -> None:
        self._events = events
        self._tick = tick
        self._end = end

    async def events(self) -> AsyncIterator[Event]:
        """Yield the events and the ticks up to the end of the tape."""
        last = 0
        for event in with_ticks(self._events, self._tick):
            if event.at > self._end:
                return
            last = event.at
            yield event
        while last and last + self._tick <= self._end:  # silence ticks too
            last += self._tick
            yield ClockTicked(at=last)


def prove(
    job: app.Job,
    *,
    moments: int = MOMENTS,
    work: int = WORK_MAX,
    adapt: Adapt = iter,
    told: Told | None = None,
) -> Proof:
    """Recompute a paper run with its tape cut at moments, and compare the decisions.

    Args:
        job: The run.
        moments: How many to try: most of them such with decisions, the others evenly
            spaced; above 0.
        work: How many events may be computed in all. A longer tape is looked at from
            its start, and fewer moments are tried.
        adapt: What stands between the tape and the exchange.
        told: Called with how many moments were tried, and of how many.

    Raises:
        TapeError: The tape is damaged.
    """
    spec = app.begin(job)
    recorded = sum(file.rows for file in job.tape.manifest.files)
    first = max(work // WHOLE_SHARE, 1)
    end = (job.tape.span or (0, 0))[1] + spec.tick
    if recorded > first:
        end = _last_of(job, first)
    whole = _pass(job, spec, end, adapt)
    decided = sorted({at for at, _ in whole.decided})
    asked = _chosen(decided, whole.moments, moments)
    tried = _affordable(asked, whole.moments, work)
    differences = []
    for number, cut in enumerate(tried, start=1):
        again = _pass(job, spec, cut, adapt)
        found = _compared(whole, again, cut)
        differences += [] if found is None else [found]
        if told is not None:
            told(number, len(tried))
    return Proof(
        moments=len(tried),
        wanted=len(asked),
        decisions=sum(len(_plain(made)[0]) for _, made in whole.decided),
        events=min(recorded, first),
        recorded=recorded,
        differences=tuple(differences),
    )


def _pass(job: app.Job, spec: RunSpec, end: int, adapt: Adapt) -> Run:
    """Run over the tape as if it ended at `end`."""
    left = takewhile(lambda event: event.at <= end, job.tape.events())
    exchange = app.pretended(job, Cut(adapt(left), spec.tick, end))
    engine = app.build_engine(spec, job.strategies)
    run = Run()
    asyncio.run(app.drive(engine, exchange, run, run))
    return run


def _last_of(job: app.Job, count: int) -> int:
    """Return when the tape's first so many events were over [microseconds UTC]."""
    (last,) = islice(job.tape.events(first=count, last=count), 1)
    return last.at


def _chosen(decided: list[int], all_: list[int], count: int) -> list[int]:
    """Return moments to try, in order: with decisions, and evenly spaced ones."""
    with_decisions = _spaced(decided, max(round(count * DECIDED_SHARE), 1))
    evenly = _spaced(all_, count - len(with_decisions))
    return sorted({*with_decisions, *evenly})


def _affordable(moments: list[int], all_: list[int], work: int) -> list[int]:
    """Return as many moments, evenly thinned, as the work allows; one at least."""
    place = {at: number for number, at in enumerate(all_, start=1)}
    tried = moments
    while len(tried) > 1 and sum(place[at] for at in tried) > work:
        tried = _spaced(tried, len(tried) - max(len(tried) // 10, 1))
    return tried


def _spaced(values: Sequence[int], count: int) -> list[int]:
    """Return at most `count` values, evenly spaced, the last among them."""
    if len(values) <= count:
        return list(values)
    return [values[(i + 1) * len(values) // count - 1] for i in range(count)]


def _compared(whole: Run, again: Run, cut: int) -> Difference | None:
    """Return the first decision up to the cut that came out otherwise."""
    then = [each for each in whole.decided if each[0] <= cut]
    for number in range(max(len(then), len(again.decided))):
        before = then[number] if number < len(then) else None
        after = again.decided[number] if number < len(again.decided) else None
        if before != after:
            return _difference(before, after, cut)
    return None


def _difference(
    before: tuple[int, bytes] | None, after: tuple[int, bytes] | None, cut: int
) -> Difference:
    """Return what differs first between two moments' decisions."""
    if before is not None and after is not None and before[0] != after[0]:
        before, after = (before, None) if before[0] < after[0] else (None, after)
    found = before or after
    assert found is not None, "one of two that differ is there"
    at, made = found
    if before is None or after is None:
        rule = _plain(made)[0][0]["rule"]
        what = "no decision, then one" if before is None else "a decision, then none"
    else:
        rule, what = _first(_plain(before[1]), _plain(after[1]))
    when = f"{clock.to_datetime(at):%Y-%m-%d %H:%M:%S}"
    return Difference(cut=cut, at=at, rule=rule, what=f"{what} at {when} UTC")


def _first(before: list[Any], after: list[Any]) -> tuple[str, str]:
    """Return the rule and the values of the first decision that differs."""
    pairs = zip(zip(*before, strict=True), zip(*after, strict=True), strict=False)
    for (was, said), (now, says) in pairs:
        for old, new in ((was, now), (said, says)):
            for name, one, other in _unequal(old, new):
                return was["rule"], f"{name} {one}, then {other}"
    counts = f"{len(before[0])} decisions, then {len(after[0])}"
    return before[0][0]["rule"], counts


def _unequal(
    old: dict[str, Any], new: dict[str, Any], within: str = ""
) -> Iterator[tuple[str, object, object]]:
    """Yield what differs between two records: the values a rule read come first."""
    for key in sorted(old.keys() | new.keys(), key=lambda key: (key != "values", key)):
        one, other = old.get(key), new.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _unequal(one, other, f"{key}.")
        elif one != other:
            yield f"{within}{key}", one, other


def _plain(made: bytes) -> list[Any]:
    decoded: list[Any] = msgspec.json.decode(made)
    return decoded
