"""Runs on live data: the venue's events in, pretended fills out, all of it recorded.

What the venue told is written to a tape as it comes, and what followed to the journal;
the tape is on the disk before a Step that has commands is. So a live run is replayed
like any other. No key and no signer exists here: nothing can be ordered.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing, suppress
from pathlib import Path

import msgspec

from polyrules import clock
from polyrules.app.driving import TWICE, Together, Watch, drive
from polyrules.app.runs import Terms, build_engine, spec_of
from polyrules.app.sources import Source, inputs_for, load_all, with_settings
from polyrules.clock import Clock, Scaled, Wall
from polyrules.config import Desk, Secret
from polyrules.domain.events import ClockTicked, Event
from polyrules.domain.moments import SECOND
from polyrules.domain.ports import Exchange, Journal
from polyrules.domain.ports import Feed as EventFeed
from polyrules.domain.steps import Step
from polyrules.engine.engine import Engine
from polyrules.errors import ConfigError, TapeError
from polyrules.features.catalog import Feed
from polyrules.features.table import Feeds
from polyrules.journal.records import TapeSource
from polyrules.journal.store import Store
from polyrules.language.strategy import Strategy
from polyrules.summary import Summary, Tally, summarise
from polyrules.venues.live.health import Health
from polyrules.venues.paper import OPTIMISM, Paper
from polyrules.venues.polymarket.plane import Plane, Settings, venue_time
from polyrules.venues.recording.recording import Recording
from polyrules.venues.tape.manifest import FORMAT, Manifest
from polyrules.venues.tape.reader import Tape

STEER_EVERY = 10 * SECOND  # how often the markets worth following are chosen anew
TAPES = Path("tapes")  # where the tapes of live runs go


class LiveJob(Terms, frozen=True, kw_only=True):
    """A run on live data that is ready to start.

    Attributes:
        desk: Where the venue is, and how much of it to collect.
        lasts: How long to run [microseconds of the venue's time]; None: until told.
        tape: Where to record what the venue tells; None: below TAPES.
        raw: Whether to keep the venue's own frames, too.
    """

    desk: Desk
    lasts: int | None = None
    tape: Path | None = None
    raw: bool = False


def live_job(
    sources: Iterable[Source],
    desk: Desk,
    *,
    settings: tuple[str, ...] = (),
    cycles: int | None = None,
    lasts: int | None = None,
    tape: Path | None = None,
    raw: bool = False,
) -> LiveJob:
    """Parse and check everything a run on live data needs; nothing is opened.

    Raises:
        StrategyError: A file is wrong.
        ConfigError: A setting fits no strategy, two strategies share an id, or the
            desk lacks a list that one asks for.
    """
    chosen = with_settings(tuple(sources), settings)
    strategies = load_all(chosen)
    return LiveJob(
        sources=chosen,
        strategies=strategies,
        inputs=inputs_for(strategies, desk.inputs),
        limits=desk.limits,
        bankroll=desk.bankroll_usd,
        feeds=Feeds(given=_given(strategies)),
        tick=desk.tick,
        cycles=cycles,
        desk=desk,
        lasts=lasts,
        tape=tape,
        raw=raw,
    )


def _given(strategies: Iterable[Strategy]) -> tuple[Feed, ...]:
    """Return the feeds a live run has: what bookmakers and games say is of no venue."""
    given = [feed for feed in Feed if feed not in (Feed.ODDS, Feed.GAME)]
    if not any(strategy.rows.each == "trade" for strategy in strategies):
        given.remove(Feed.WALLETS)
    return tuple(given)


async def clock_of(desk: Desk, health: Health) -> Clock:
    """Return the time that holds at a desk: the wall's, or a simulated venue's.

    Raises:
        ConfigError: The venue's clock runs at another speed than the desk says.
        VenueError: The venue cannot be reached.
    """
    if desk.clock.source != "venue":
        return Wall()
    at, speed = await venue_time(desk.sources["clob"], health)
    if speed != desk.clock.speed:
        raise ConfigError(
            f"the venue's clock has speed {speed:g}, the desk says"
            f" {desk.clock.speed:g}",
            hint=f"write clock: {{from: venue, speed: {speed:g}}} in the desk",
        )
    return Scaled(at, speed)


def settings_of(
    desk: Desk, strategies: Iterable[Strategy], wallets: set[str]
) -> Settings:
    """Return what the data plane needs to know of a desk, as plain values."""
    series = {each.rows.series for each in strategies if each.rows.each == "round"}
    said = desk.collection
    return Settings(
        sources=dict(desk.sources),
        tick=desk.tick,
        wallets=frozenset(wallet.lower() for wallet in wallets),
        series=tuple(sorted({*said.rounds, *(name for name in series if name)})),
        sockets=said.sockets,
        tokens_per_socket=said.tokens_per_socket,
        tier_hours=said.tier_hours,
        tier_every=said.tier_every,
        volume_24h_usd_min=said.volume_24h_usd_min,
        lookahead=said.lookahead,
        refresh=said.refresh,
        wallets_every=said.wallets_every,
    )


async def run_live_on_paper(
    job: LiveJob,
    journal: Secret,
    watch: Watch,
    note: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Run strategies on live data with pretended money, and record everything.

    Args:
        job: What to run.
        journal: The URL of the journal.
        watch: Who looks on.
        note: Gets what the operator should know once the venue was reached.

    Raises:
        VenueError: The venue cannot be reached at the start.
        JournalError: The journal cannot be opened or written.
        TapeError: The tape cannot be written, or something is in its place.
    """
    health = Health()
    time = await clock_of(job.desk, health)
    wallets = {
        w
        for s in job.strategies
        for each in s.inputs
        if each.type == "wallet_set"
        for w in job.inputs[each.name]
    }
    plane = Plane(settings_of(job.desk, job.strategies, wallets), time, health)
    try:
        await plane.open()
        for told in plane.notes:
            note(told)
        return await _recorded(job, journal, watch, plane, time)
    finally:
        await plane.close()


async def _recorded(
    job: LiveJob, journal: Secret, watch: Watch, plane: Plane, time: Clock
) -> Summary:
    """Run over an open plane, with a tape and a journal of its own."""
    spec = spec_of(job, TapeSource(path="", content_hash=""))
    path = (job.tape or TAPES / spec.id).absolute()
    if path.exists():
        raise TapeError(
            f"{path}: something is here already, and a run's tape is its own",
            hint="name a new directory with --record",
        )
    unclosed = TapeSource(path=str(path), content_hash="")
    spec = msgspec.structs.replace(spec, tape=unclosed)
    engine = build_engine(spec, job.strategies)
    tally = Tally(job.strategies)
    with Store.open(journal.reveal()) as store:
        recording = Recording(path, clock=time, raw=job.raw, facts=_facts(job))
        plane.keep_frames(recording.append_raw if job.raw else None)
        recorder = store.begin(spec)
        exchange = Paper(
            Taped(plane, recording),
            cash=job.bankroll,
            book_age_max=job.feeds.age(Feed.BOOK),
        )
        steering = Steering(plane, job.desk.collection.subscriptions_max)
        onlookers = Together(Until(watch, job.lasts), tally.take, steering.see)
        try:
            ended = await _drive(
                engine, exchange, TapeFirst(recording, recorder), onlookers, recording
            )
        except (KeyboardInterrupt, asyncio.CancelledError):
            recorder.abandon(TWICE, tape=_closed(recording))
            raise
        except BaseException as error:
            recorder.abandon(f"failed: {error}", tape=_closed(recording))
            raise
        tape = _closed(recording)
        summary = summarise(
            spec,
            engine,
            tally,
            ended=ended,
            source=str(path),
            assumptions=(),
            optimism=OPTIMISM,
            journal=str(journal),
            collected={"markets": len(plane.registry), **plane.health.figures()},
            troubles=plane.health.troubles(),
        )
        recorder.close(clock.now(), ended, msgspec.to_builtins(summary), tape=tape)
    return summary


async def _drive(
    engine: Engine,
    exchange: Exchange,
    journal: Journal,
    watch: Watch,
    recording: Recording,
) -> str:
    """Trade while the tape is brought to the disk beside it."""
    flushing = asyncio.create_task(recording.run())
    try:
        return await drive(engine, exchange, journal, watch)
    finally:
        flushing.cancel()
        with suppress(asyncio.CancelledError, TapeError):  # `append` told of it, too
            await flushing


def _facts(job: LiveJob) -> Manifest:
    """Return what is known of the tape of a live run before its first event."""
    unwritten = (Feed.CLOCK, Feed.PORTFOLIO)
    return Manifest(
        format=FORMAT,
        made_by="",
        title="a live run",
        feeds=tuple(f.value for f in job.feeds.given if f not in unwritten),
        tick=job.tick,
    )


def _closed(recording: Recording) -> TapeSource | None:
    """Close a tape and return what the journal is to know of it.

    None where it cannot be closed; what it holds can be taken up by `tape seal`.
    """
    try:
        recording.close()
        tape = Tape.open(recording.path)
    except TapeError:
        return None
    return TapeSource(path=str(recording.path), content_hash=tape.content_hash)


class Taped:
    """A feed whose events are on their way to a tape before anyone sees them.

    What no tape can hold nobody sees: a replay could not either.
    """

    def __init__(self, feed: EventFeed, recording: Recording) -> None:
        self._feed = feed
        self._recording = recording

    async def events(self) -> AsyncIterator[Event]:
        """Yield the events of the feed."""
        async with aclosing(_stream(self._feed)) as events:
            async for event in events:
                if self._recording.append(event):
                    yield event


async def _stream(feed: EventFeed) -> AsyncGenerator[Event, None]:
    async for event in feed.events():
        yield event


class TapeFirst:
    """A journal whose Steps with commands wait for the tape to be on the disk."""

    def __init__(self, recording: Recording, journal: Journal) -> None:
        self._recording = recording
        self._journal = journal

    async def append(self, step: Step) -> None:
        """Return once the Step, and all that led to it, would survive a crash."""
        if step.commands:
            self._recording.flush()
        await self._journal.append(step)


class Steering:
    """Lets the data plane follow what the strategies may come to decide on."""

    def __init__(self, plane: Plane, subscriptions_max: int) -> None:
        self._plane = plane
        self._most = subscriptions_max
        self._due = 0

    def see(self, step: Step, engine: Engine) -> None:
        """Choose anew when it is time."""
        event = step.event
        if isinstance(event, ClockTicked) and event.at >= self._due:
            self._due = event.at + STEER_EVERY
            wanted = engine.interest()
            self._plane.follow(wanted[: self._most], wanted)


class Until:
    """Who looks on, and a time after which the run ends."""

    def __init__(self, watch: Watch, lasts: int | None) -> None:
        self._watch = watch
        self._lasts = lasts
        self._first: int | None = None
        self._now = 0

    def see(self, step: Step, engine: Engine) -> None:
        """Look at a Step, and at the time."""
        self._now = step.event.at
        if self._first is None:
            self._first = self._now
        self._watch.see(step, engine)

    def ending(self, engine: Engine) -> str:
        """Return why the run is to end now, or ""."""
        said = self._watch.ending(engine)
        if said or self._lasts is None or self._first is None:
            return said
        return "its time was over" if self._now - self._first >= self._lasts else ""
