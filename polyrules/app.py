"""The one place that chooses: which events, which exchange, which journal.

Every mode runs through `drive`; the modes differ in the adapters handed to it. A paper
run and its replay share the engine and nothing else: a replay takes the venue's answers
from the journal instead of asking a venue.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

import msgspec

from polyrules import __version__, clock
from polyrules.config import Desk, Secret
from polyrules.documents.words import did_you_mean
from polyrules.domain import ports
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
from polyrules.errors import ConfigError
from polyrules.features.catalog import Feed
from polyrules.features.table import Feeds
from polyrules.journal.records import RunSpec, StrategySource, TapeSource
from polyrules.journal.store import Store
from polyrules.language.chain import among
from polyrules.language.load import load
from polyrules.language.strategy import Strategy
from polyrules.summary import Summary, Tally, summarise
from polyrules.venues.paper import OPTIMISM, Paper
from polyrules.venues.recorded import Recorded
from polyrules.venues.tape.reader import Tape

WALLET = re.compile(r"0x[0-9a-fA-F]{40}")
ANSWERS = (OrderReported, Filled, Settled)
PAPER = "paper"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy as handed in: what to call it, its text, its parameters.

    `bases` are the texts of the files it stands on, by path; none for most.
    """

    path: str
    text: str
    settings: dict[str, str] = {}
    bases: dict[str, str] = {}


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is ready to start: everything parsed, checked and opened."""

    sources: tuple[Source, ...]
    strategies: tuple[Strategy, ...]
    limits: Limits
    bankroll: Usd
    feeds: Feeds
    tick: int
    tape: Tape
    inputs: dict[str, list[str]] = {}
    cycles: int | None = None

    @property
    def span(self) -> tuple[int, int]:
        """First and last moment of the tape [microseconds UTC]."""
        return self.tape.span or (0, 0)


class Watch(Protocol):
    """Who looks on while a run goes, and may ask it to end."""

    def see(self, step: Step, engine: Engine) -> None:
        """Look at a Step that is recorded and whose commands have left."""
        ...

    def ending(self, engine: Engine) -> str:
        """Return why the run is to end now, or "" to go on."""
        ...


INTERRUPTED = "interrupted"
TWICE = "interrupted twice, nothing was cancelled"


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


def with_settings(
    sources: tuple[Source, ...], settings: tuple[str, ...]
) -> tuple[Source, ...]:
    """Return the strategies with `[STRATEGY.]PARAM=VALUE` settings handed out.

    A setting without a strategy goes to every strategy that has the parameter.

    Raises:
        StrategyError: A file is wrong.
        ConfigError: A setting is malformed, or no strategy has its parameter.
    """
    strategies = [
        load(source.text, path=source.path, find=among(source.bases))
        for source in sources
    ]
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
            raise _no_taker(setting, owner, name, strategies)
        for index in takers:
            given[index][name] = value
    return tuple(
        msgspec.structs.replace(source, settings=own)
        for source, own in zip(sources, given, strict=True)
    )


def _no_taker(
    setting: str, owner: str, name: str, strategies: list[Strategy]
) -> ConfigError:
    """Return what to say of a setting that no strategy takes, and what was meant."""
    ids = [strategy.id for strategy in strategies]
    if owner and owner not in ids:
        return ConfigError(
            f"--set {setting}: no strategy of this run is called {owner}",
            hint=f"{did_you_mean(owner, ids)} strategies: {', '.join(ids)}".strip(),
        )
    asked = [s for s in strategies if owner in ("", s.id)]
    known = sorted({param.name for strategy in asked for param in strategy.params})
    all_of_them = ", ".join(known) or "none"
    whose = f"{owner} has no parameter" if owner else "no strategy has a parameter"
    return ConfigError(
        f"--set {setting}: {whose} {name}",
        hint=f"{did_you_mean(name, known)} parameters: {all_of_them}".strip(),
    )


def load_all(sources: Iterable[Source]) -> tuple[Strategy, ...]:
    """Check strategies and fold their parameters in, in the order given.

    Raises:
        StrategyError: A file is wrong.
        ConfigError: A setting does not fit, or two strategies share an id.
    """
    loaded: dict[StrategyId, Strategy] = {}
    for source in sources:
        strategy = load(
            source.text,
            path=source.path,
            settings=source.settings,
            find=among(source.bases),
        )
        if strategy.id in loaded:
            raise ConfigError(
                f"{source.path} and {loaded[strategy.id].path} are both called "
                f"{strategy.id}",
                hint="give one of them another strategy.id",
            )
        loaded[strategy.id] = strategy
    return tuple(loaded.values())


def inputs_for(
    strategies: Iterable[Strategy], lists: Mapping[str, tuple[str, ...]]
) -> dict[str, list[str]]:
    """Return the lists that strategies ask for, as the desk has them.

    Raises:
        ConfigError: The desk lacks one, or it holds what is no wallet's address.
    """
    found: dict[str, list[str]] = {}
    for strategy in strategies:
        for wanted in strategy.inputs:
            if wanted.name not in lists:
                example = '["0x..."]' if wanted.type == "wallet_set" else "[a-slug]"
                raise ConfigError(
                    f"{strategy.id} asks for the list {wanted.name}"
                    f" ({wanted.type}), and the desk has none of that name",
                    hint=f"write inputs: {{{wanted.name}: {example}}} in the desk",
                )
            entries = list(lists[wanted.name])
            if wanted.type == "wallet_set":
                _check_wallets(wanted.name, entries)
            found[wanted.name] = entries
    return found


def _check_wallets(name: str, entries: Iterable[str]) -> None:
    for entry in entries:
        if WALLET.fullmatch(entry) is None:
            raise ConfigError(
                f'inputs.{name} of the desk: "{entry}" is no wallet',
                hint="a wallet's address is 0x and 40 hexadecimal digits",
            )


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
                bases=source.bases,
            )
            for source, strategy in zip(job.sources, job.strategies, strict=True)
        ),
        limits=job.limits,
        bankroll=job.bankroll,
        tape=TapeSource(
            path=str(job.tape.path.absolute()), content_hash=job.tape.content_hash
        ),
        tick=job.tick,
        max_age={feed.value: age for feed, age in job.feeds.max_age.items()},
        version=__version__,
        inputs={
            "feeds": [feed.value for feed in job.feeds.given],
            "lists": job.inputs,
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
            ended = await drive(engine, exchange, recorder, Both(tally, watch))
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
