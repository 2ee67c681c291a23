"""A recorded run, computed again from its tape and its journal.

The engine is the same; the venue's answers are read, not asked for again. Either every
Step comes out byte for byte as it was recorded, or the first difference is named.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from polyrules import __version__, clock
from polyrules.app import Source, build_engine, load_all
from polyrules.domain.events import Event
from polyrules.domain.steps import Step
from polyrules.errors import JournalError
from polyrules.journal.chain import SEED, encode, link
from polyrules.journal.records import Run, RunSpec
from polyrules.journal.store import Store
from polyrules.language.strategy import Strategy
from polyrules.summary import Tally
from polyrules.venues.tape.reader import Tape


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a replay.

    `mismatch` is "" if there is none; else it says what loads differently now, if
    anything does, and then names the first Step that differs. `complete` is False for
    a run that was killed or failed. `short` says, of a live run that was killed, from
    where on its tape lacks what the journal has: so far both are durable.
    """

    run: str
    steps: int
    decisions: int
    digest: str
    mismatch: str = ""
    complete: bool = True
    short: str = ""


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
    strategies = load_all(
        Source(path=s.path, text=s.text, settings=s.settings, bases=s.bases)
        for s in spec.strategies
    )
    engine = build_engine(spec, strategies)
    tally = Tally(strategies)
    changed = _changes(spec, strategies)
    value, steps, mismatch, short = SEED, 0, str(fault or ""), ""
    if not mismatch:
        for sequence, event, expected in _history(run, store, tape_path):
            if event is None:
                short = _short(spec, sequence)
                break
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
        mismatch=_told(spec, changed, mismatch),
        complete=run.summary is not None,  # a run that failed ends without one
        short=short,
    )


def _changes(spec: RunSpec, strategies: tuple[Strategy, ...]) -> list[str]:
    """Return what the recorded strategies, loaded now, are that they were not."""
    found = []
    for then, now in zip(spec.strategies, strategies, strict=True):
        if then.digest != now.digest:
            found.append(
                f"strategy {then.id} loads with digest {now.digest}, it ran with "
                f"{then.digest}"
            )
        params = {param.name: param.value for param in now.params}
        found += [
            f"strategy {then.id}: {name} is {params.get(name)}, it ran with "
            f"{then.params.get(name)}"
            for name in sorted(params.keys() | then.params.keys())
            if params.get(name) != then.params.get(name)
        ]
    return found


def _told(spec: RunSpec, changed: list[str], difference: str) -> str:
    if not changed and not difference:
        return ""
    version = ""
    if spec.version != __version__:  # by itself no difference: the Steps may agree
        version = f"polyrules {spec.version} recorded it, this is {__version__}"
    return "; ".join(filter(None, (version, *changed, difference)))


def _history(
    run: Run, store: Store, tape_path: Path | None
) -> Iterator[tuple[int, Event | None, bytes]]:
    """Yield (sequence, event, recorded chain value) of every durable Step.

    The event is None, and the last, where the tape of a run that was killed ends
    before its journal does.
    """
    tape = iter(_tape(run.spec, tape_path).events())
    answers = store.inputs(run.id)
    due, answer = next(answers, (0, None))
    for sequence, expected in store.chain(run.id):
        if answer is not None and sequence == due:
            yield sequence, answer, expected
            due, answer = next(answers, (0, None))
            continue
        event = next(tape, None)
        if event is None and not _is_whole(run.spec):
            yield sequence, None, expected
            return
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
    if not _is_whole(spec):
        return ""  # the journal holds every Step against the chain
    if tape.content_hash != spec.tape.content_hash:
        return (
            f"tape {tape.path}: content {tape.content_hash}, the run was made on "
            f"{spec.tape.content_hash}"
        )
    return ""


def _is_whole(spec: RunSpec) -> bool:
    """Tell whether the run's tape was closed: a killed run knows no hash of it."""
    return spec.tape is not None and bool(spec.tape.content_hash)


def _short(spec: RunSpec, sequence: int) -> str:
    assert spec.tape is not None, "only a run with a tape falls short of it"
    return (
        f"the journal goes on, but the run's tape {spec.tape.path} ends before step "
        f"{sequence}: the run was killed before it was on the disk"
    )


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
