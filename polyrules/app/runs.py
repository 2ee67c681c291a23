"""Runs over a tape: what they need, how they are recorded, how they go.

A paper run and its replay share the engine and nothing else: a replay takes the venue's
answers from the journal instead of asking a venue.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import msgspec

from polyrules import __version__, clock
from polyrules.app.driving import TWICE, Together, Watch, drive
from polyrules.app.sources import Source, inputs_for, load_all, with_settings
from polyrules.config import Desk, Secret
from polyrules.domain import ports
from polyrules.domain.ids import RunId, digest_of
from polyrules.domain.limits import Limits
from polyrules.domain.money import Usd
from polyrules.engine.engine import Engine
from polyrules.features.catalog import Feed
from polyrules.features.table import Feeds
from polyrules.journal.records import RunSpec, StrategySource, TapeSource
from polyrules.journal.store import Store
from polyrules.language.strategy import Strategy
from polyrules.summary import Summary, Tally, summarise
from polyrules.venues.paper import OPTIMISM, Paper
from polyrules.venues.recorded import Recorded
from polyrules.venues.tape.reader import Tape

PAPER = "paper"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a run goes by, wherever its events come from: parsed and checked.

    `tick` is in microseconds; `inputs` are the desk's lists that strategies ask for;
    `cycles` the evaluations after which to stop, None for never.
    """

    sources: tuple[Source, ...]
    strategies: tuple[Strategy, ...]
    limits: Limits
    bankroll: Usd
    feeds: Feeds
    tick: int
    inputs: dict[str, list[str]] = {}
    cycles: int | None = None


class Job(Terms, frozen=True, kw_only=True):
    """A run over a tape that is ready to start: everything is opened, too."""

    tape: Tape

    @property
    def span(self) -> tuple[int, int]:
        """First and last moment of the tape [microseconds UTC]."""
        return self.tape.span or (0, 0)


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
    strategies = load_all(chosen)
    given = {Feed(name) for name in manifest.feeds} | {Feed.CLOCK, Feed.PORTFOLIO}
    ages = {Feed(name): age for name, age in manifest.max_age.items()}
    return Job(
        sources=chosen,
        strategies=strategies,
        inputs=inputs_for(strategies, desk.inputs),
        limits=desk.limits,
        bankroll=desk.bankroll_usd,
        feeds=Feeds(given=tuple(f for f in Feed if f in given), max_age=ages),
        tick=manifest.tick or desk.tick,
        tape=opened,
        cycles=cycles,
    )


def begin(job: Job) -> RunSpec:
    """Return the record of a run of `job` that starts now; its id is new."""
    tape = TapeSource(
        path=str(job.tape.path.absolute()), content_hash=job.tape.content_hash
    )
    return spec_of(job, tape)


def spec_of(terms: Terms, tape: TapeSource) -> RunSpec:
    """Return the record of a run over `tape` that starts now; its id is new."""
    started = clock.now()
    when = clock.to_datetime(started)
    texts = [source.text for source in terms.sources]
    tag = digest_of(str(started), tape.content_hash, *texts)[:6]
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
                bases=source.bases,
            )
            for source, strategy in zip(terms.sources, terms.strategies, strict=True)
        ),
        limits=terms.limits,
        bankroll=terms.bankroll,
        tape=tape,
        tick=terms.tick,
        max_age={feed.value: age for feed, age in terms.feeds.max_age.items()},
        version=__version__,
        inputs={
            "feeds": [feed.value for feed in terms.feeds.given],
            "lists": terms.inputs,
        },
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
        inputs={
            name: frozenset(entries)
            for name, entries in spec.inputs.get("lists", {}).items()
        },
    )


def pretended(job: Job, feed: ports.Feed) -> Paper:
    """Return the exchange of a job's paper run, over a feed of its tape."""
    return Paper(
        feed,
        cash=job.bankroll,
        refill=job.tape.manifest.assumed_books,
        book_age_max=job.feeds.age(Feed.BOOK),
    )


async def run_on_paper(job: Job, journal: Secret, watch: Watch) -> Summary:
    """Run a job with pretended money, and record every Step.

    Args:
        job: What to run.
        journal: The URL of the journal; the summary tells what it shows of itself.
        watch: Who looks on.

    Raises:
        JournalError: The journal cannot be opened or written; what was recorded
            before stays.
    """
    spec = begin(job)
    engine = build_engine(spec, job.strategies)
    exchange = pretended(job, Recorded(job.tape.events(), spec.tick))
    tally = Tally(job.strategies)
    with Store.open(journal.reveal()) as store:
        recorder = store.begin(spec)
        try:
            ended = await drive(engine, exchange, recorder, Together(watch, tally.take))
        except (KeyboardInterrupt, asyncio.CancelledError):
            recorder.abandon(TWICE)
            raise
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
            journal=str(journal),
        )
        recorder.close(clock.now(), ended, msgspec.to_builtins(summary))
    return summary
