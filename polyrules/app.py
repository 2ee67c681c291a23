"""The one place that chooses: which events, which exchange, which journal.

Every mode runs through `drive`; the modes differ in the adapters handed to it. A paper
run and its replay share the engine and nothing else: a replay takes the venue's answers
from the journal instead of asking a venue.
"""

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

import msgspec

from polyrules import __version__, clock
from polyrules.config import Desk
from polyrules.domain.events import (
    Event,
    Filled,
    Halted,
    OrderReported,
    Settled,
)
from polyrules.domain.ids import RunId, StrategyId, digest_of
from polyrules.domain.limits import Limits
from polyrules.domain.money import Usd
from polyrules.domain.ports import Exchange, Journal
from polyrules.domain.steps import Step
from polyrules.engine.engine import Engine
from polyrules.errors import ConfigError, JournalError
from polyrules.features.catalog import Feed
from polyrules.features.table import Feeds
from polyrules.journal.chain import SEED, encode, link
from polyrules.journal.records import Run, RunSpec, StrategySource, TapeSource
from polyrules.journal.store import Store
from polyrules.language.load import load
from polyrules.language.strategy import Strategy
from polyrules.summary import Summary, Tally, summarise
from polyrules.venues.paper import OPTIMISM, Paper
from polyrules.venues.recorded import Recorded
from polyrules.venues.tape.reader import Tape

ANSWERS = (OrderReported, Filled, Settled)
PAPER = "paper"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy as handed in: what to call it, its text, its parameters."""

    path: str
    text: str
    settings: dict[str, str] = {}


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is ready to start: everything parsed, checked and opened."""

    sources: tuple[Source, ...]
    strategies: tuple[Strategy, ...]
    limits: Limits
    bankroll: Usd
    feeds: Feeds
    tape: Tape
    cycles: int | None = None

    @property
    def span(self) -> tuple[int, int]:
        """First and last moment of the tape [microseconds UTC]."""
        return self.tape.span or (0, 0)


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a replay. `mismatch` names the first difference, "" if none."""

    run: str
    steps: int
    decisions: int
    digest: str
    mismatch: str = ""
    complete: bool = True


class Watch(Protocol):
    """Who looks on while a run goes, and may ask it to end."""

    def see(self, step: Step, engine: Engine) -> None:
        """Look at a Step that is recorded and whose commands have left."""
        ...

    def ending(self, engine: Engine) -> str:
        """Return why the run is to end now, or "" to go on."""
        ...


INTERRUPTED = "interrupted"


async def drive(
    engine: Engine, exchange: Exchange, journal: Journal, watch: Watch
) -> str:
    """Trade until the events end or the watch asks to stop.

    Returns:
        "finished", or what the watch gave as the reason. The answers to the last
        commands are still taken in; after an interrupt those are cancels of all that
        is open.
    """
    ending = ""
    async with aclosing(_stream(exchange)) as events:
        async for event in events:
            if ending and not isinstance(event, ANSWERS):
                break
            await _take(event, engine, exchange, journal, watch)
            if ending:
                continue
            ending = watch.ending(engine)
            if ending == INTERRUPTED:
                halted = Halted(at=event.at, by="the operator interrupted the run")
                await _take(halted, engine, exchange, journal, watch)
    return ending or "finished"


async def _take(
    event: Event, engine: Engine, exchange: Exchange, journal: Journal, watch: Watch
) -> None:
    step = engine.process(event)
    await journal.append(step)  # first the record, then the act
    for command in step.commands:
        await exchange.submit(command)
    watch.see(step, engine)


async def _stream(exchange: Exchange) -> AsyncGenerator[Event, None]:
    async for event in exchange.events():
        yield event


def paper_job(
    sources: Iterable[Source],
    desk: Desk,
    *,
    tape: Path,
    settings: tuple[str, ...] = (),
    cycles: int | None = None,
) -> Job:
    """Parse, check and open everything a paper run over a tape needs.

    Args:
        sources: The strategies.
        desk: Limits and bankroll; the tick, unless the tape sets its own.
        tape: Directory of the tape.
        settings: `[STRATEGY.]PARAM=VALUE`, as typed.
        cycles: Evaluations after which to stop.

    Raises:
        StrategyError: A file is wrong.
        ConfigError: A setting fits no strategy, or two strategies share an id.
        TapeError: There is no such tape, or it is damaged.
    """
    opened = Tape.open(tape)
    manifest = opened.manifest
    chosen = with_settings(tuple(sources), settings)
    given = {Feed(name) for name in manifest.feeds} | {Feed.CLOCK, Feed.PORTFOLIO}
    ages = {Feed(name): age for name, age in manifest.max_age.items()}
    return Job(
        sources=chosen,
        strategies=_load_all(chosen),
        limits=desk.limits,
        bankroll=desk.bankroll_usd,
        feeds=Feeds(given=tuple(f for f in Feed if f in given), max_age=ages),
        tape=opened,
        cycles=cycles,
    )


def with_settings(
    sources: tuple[Source, ...], settings: tuple[str, ...]
) -> tuple[Source, ...]:
    """Return the strategies with `[STRATEGY.]PARAM=VALUE` settings handed out.

    A setting without a strategy goes to every strategy that has the parameter.

    Raises:
        StrategyError: A file is wrong.
        ConfigError: A setting is malformed, or no strategy has its parameter.
    """
    strategies = [load(source.text, path=source.path) for source in sources]
    params = [{param.name for param in strategy.params} for strategy in strategies]
    given: list[dict[str, str]] = [dict(source.settings) for source in sources]
    for setting in settings:
        target, equals, value = setting.partition("=")
        owner, _, name = target.rpartition(".")
        if not equals or not name:
            raise ConfigError(
                f"--set {setting}: expected PARAM=VALUE or STRATEGY.PARAM=VALUE"
            )
        takers = [
            index
            for index, strategy in enumerate(strategies)
            if name in params[index] and owner in ("", strategy.id)
        ]
        if not takers:
            known = ", ".join(sorted(set().union(*params))) or "none"
            raise ConfigError(
                f"--set {setting}: no strategy of this run has a parameter {target}",
                hint=f"parameters: {known}",
            )
        for index in takers:
            given[index][name] = value
    return tuple(
        msgspec.structs.replace(source, settings=own)
        for source, own in zip(sources, given, strict=True)
    )


def _load_all(sources: Iterable[Source]) -> tuple[Strategy, ...]:
    loaded: dict[StrategyId, Strategy] = {}
    for source in sources:
        strategy = load(source.text, path=source.path, settings=source.settings)
        if strategy.id in loaded:
            raise ConfigError(
                f"{source.path} and {loaded[strategy.id].path} are both called "
                f"{strategy.id}",
                hint="give one of them another strategy.id",
            )
        loaded[strategy.id] = strategy
    return tuple(loaded.values())


def begin(job: Job) -> RunSpec:
    """Return the record of a run of `job` that starts now; its id is new."""
    started = clock.now()
    when = clock.to_datetime(started)
    texts = [source.text for source in job.sources]
    tag = digest_of(str(started), job.tape.content_hash, *texts)[:6]
    return RunSpec(
        id=RunId(f"{when:%Y%m%d-%H%M%S}-{tag}"),
        started_at=started,
        mode=PAPER,
        strategies=tuple(
            StrategySource(
                id=strategy.id,
                path=source.path,
                text=source.text,
                digest=strategy.digest,
                params={param.name: param.value for param in strategy.params},
                settings=source.settings,
            )
            for source, strategy in zip(job.sources, job.strategies, strict=True)
        ),
        limits=job.limits,
        bankroll=job.bankroll,
        tape=TapeSource(
            path=str(job.tape.path.absolute()), content_hash=job.tape.content_hash
        ),
        tick=job.tape.manifest.tick,
        max_age={feed.value: age for feed, age in job.feeds.max_age.items()},
        version=__version__,
        inputs={"feeds": [feed.value for feed in job.feeds.given]},
    )


def build_engine(spec: RunSpec, strategies: Iterable[Strategy]) -> Engine:
    """Return the engine a run's record describes, before its first event."""
    ages = {Feed(n): age for n, age in spec.max_age.items() if age is not None}
    given = tuple(Feed(name) for name in spec.inputs["feeds"])
    return Engine(
        strategies,
        limits=spec.limits,
        bankroll=spec.bankroll,
        feeds=Feeds(given=given, max_age=ages),
        run=spec.id,
    )


async def run_on_paper(job: Job, journal_url: str, watch: Watch) -> Summary:
    """Run a job with pretended money, and record every Step.

    Raises:
        JournalError: The journal cannot be opened or written; what was recorded
            before stays.
    """
    spec = begin(job)
    engine = build_engine(spec, job.strategies)
    exchange = Paper(
        Recorded(job.tape.events(), spec.tick),
        cash=job.bankroll,
        refill=job.tape.manifest.assumed_books,
        book_age_max=job.feeds.age(Feed.BOOK),
    )
    tally = Tally(job.strategies)
    with Store.open(journal_url) as store:
        recorder = store.begin(spec)
        try:
            ended = await drive(engine, exchange, recorder, Both(tally, watch))
        except BaseException as error:
            recorder.abandon(f"failed: {error}")
            raise
        summary = summarise(
            spec,
            engine,
            tally,
            ended=ended,
            source=str(job.tape.path),
            assumptions=job.tape.manifest.assumptions,
            optimism=OPTIMISM,
        )
        recorder.close(clock.now(), ended, msgspec.to_builtins(summary))
    return summary


class Both:
    """Two who look on; the second may end the run."""

    def __init__(self, tally: Tally, watch: Watch) -> None:
        self._tally = tally
        self._watch = watch

    def see(self, step: Step, engine: Engine) -> None:
        """Let both look at the Step."""
        self._tally.take(step, engine)
        self._watch.see(step, engine)

    def ending(self, engine: Engine) -> str:
        """Ask the second."""
        return self._watch.ending(engine)


def replay(run: Run, store: Store, tape_path: Path | None = None) -> Replayed:
    """Recompute a recorded run from its tape and its journal, and compare every Step.

    The venue's answers come from the journal; everything the engine concluded is
    worked out again and must have the same chain value.

    Args:
        run: The run.
        store: The journal that holds it.
        tape_path: Where its tape is now, if it has moved.

    Raises:
        TapeError: The run's tape is gone.
        JournalError: The journal cannot be read.
    """
    spec = run.spec
    fault = store.verify(run.id) or _tape_fault(spec, tape_path)
    strategies = _load_all(
        Source(path=s.path, text=s.text, settings=s.settings) for s in spec.strategies
    )
    engine = build_engine(spec, strategies)
    tally = Tally(strategies)
    value, steps, mismatch = SEED, 0, str(fault or "")
    if not mismatch:
        for sequence, event, expected in _history(run, store, tape_path):
            step = engine.process(event)
            value = link(value, encode(step))
            if value != expected:
                mismatch = _difference(store, run, sequence, step)
                break
            steps = sequence
            tally.take(step, engine)
    return Replayed(
        run=run.id,
        steps=steps,
        decisions=tally.digest.count,
        digest=tally.digest.value(),
        mismatch=mismatch,
        complete=run.ended_at is not None,
    )


def _history(
    run: Run, store: Store, tape_path: Path | None
) -> Iterator[tuple[int, Event, bytes]]:
    """Yield (sequence, event, recorded chain value) of every durable Step."""
    tape = iter(_tape(run.spec, tape_path).events())
    answers = store.inputs(run.id)
    due, answer = next(answers, (0, None))
    for sequence, expected in store.chain(run.id):
        if answer is not None and sequence == due:
            yield sequence, answer, expected
            due, answer = next(answers, (0, None))
            continue
        event = next(tape, None)
        if event is None:
            raise JournalError(
                f"run {run.id}: step {sequence} needs an event, but the tape has ended",
                hint="is it the tape the run was made on?",
            )
        yield sequence, event, expected


def _tape(spec: RunSpec, moved_to: Path | None) -> Tape:
    if spec.tape is None:
        raise JournalError(f"run {spec.id} did not run over a tape")
    return Tape.open(moved_to or Path(spec.tape.path))


def _tape_fault(spec: RunSpec, moved_to: Path | None) -> str:
    """Return why the tape is not what the run ran on, or ""."""
    tape = _tape(spec, moved_to)
    changed = tape.verify()
    if changed:
        return f"tape {tape.path}: {'; '.join(changed)}"
    assert spec.tape is not None, "a tape was just opened"
    if tape.content_hash != spec.tape.content_hash:
        return (
            f"tape {tape.path}: content {tape.content_hash}, the run was made on "
            f"{spec.tape.content_hash}"
        )
    return ""


def _difference(store: Store, run: Run, sequence: int, now: Step) -> str:
    kind = type(now.event).__name__
    when = clock.to_datetime(now.event.at)
    place = f"step {sequence} ({kind} at {when:%Y-%m-%d %H:%M:%S} UTC)"
    for then in store.steps(run.id):
        if then.sequence == sequence:
            names = [
                n for n in Step.__struct_fields__ if getattr(then, n) != getattr(now, n)
            ]
            return f"{place} differs in {', '.join(names)}"
    return f"{place} differs from the one recorded"
