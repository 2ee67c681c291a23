"""A recording put in order for good: all of it in files, one a day, and no log.

The end of every recording, and what `polyrules tape seal` does where a crash kept it
from coming to one.
"""

from collections import Counter
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import msgspec
import polars as pl

from polyrules.domain.events import MarketListed
from polyrules.errors import TapeError
from polyrules.venues.recording import disk
from polyrules.venues.recording.log.segments import FOLDER, segments
from polyrules.venues.recording.sealing import files
from polyrules.venues.recording.sealing.seal import SEALER, seal
from polyrules.venues.tape import manifest as manifests
from polyrules.venues.tape import stated
from polyrules.venues.tape.manifest import Manifest, TapeFile
from polyrules.venues.tape.reader import Tape

WRITER = "lock"  # the lock of whoever appends to the log
MERGED_BYTES_MAX = 512 << 20  # a day with more stays in several files


def finish(
    tape: Path,
    facts: Manifest | None = None,
    *,
    keep: int | None = None,
    has_room: Callable[[int], bool] = lambda _: True,
) -> Manifest:
    """Seal all that is left, bring each day into one file, and remove the log.

    The caller holds the writer's lock.

    Args:
        tape: The tape's directory.
        facts: What the recorder knows of the tape, added to what its manifest says.
        keep: As of `seal`.
        has_room: Whether so many bytes more may be written for a while.

    Raises:
        TapeError: As of `seal`.
    """
    left = segments(tape)
    manifest = seal(tape, left[-1].number if left else 0, keep)
    try:
        manifest = _merged_days(tape, manifest, has_room)
        manifest = described(manifest, facts)
        counted = _stated(Tape(tape, manifest))
        manifest = msgspec.structs.replace(manifest, stated=counted)
        manifest = files.write(tape, manifest)
        for name in (SEALER, WRITER):
            (tape / FOLDER / name).unlink(missing_ok=True)
        (tape / FOLDER).rmdir()
        disk.sync(tape)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise TapeError(f"{tape}: cannot be written: {error}") from error
    return manifest


def recover(tape: Path) -> Manifest:
    """Put a tape in order whose recording was cut short; one in order stays as it is.

    Raises:
        TapeError: There is no tape, it is still being recorded, or it cannot be
            written.
    """
    manifest = manifests.read(tape)
    if not (tape / FOLDER).is_dir():
        return manifest
    with disk.Lock(tape / FOLDER / WRITER):
        return finish(tape)


def described(manifest: Manifest, facts: Manifest | None) -> Manifest:
    """Return a manifest to which `facts` are added; what they leave unsaid stays."""
    if facts is None:
        return manifest
    feeds = {*manifest.feeds, *facts.feeds}
    return msgspec.structs.replace(
        manifest,
        title=facts.title or manifest.title,
        feeds=tuple(feed for feed in manifests.FEEDS if feed in feeds),
        assumptions=tuple(dict.fromkeys((*manifest.assumptions, *facts.assumptions))),
        tick=manifest.tick if facts.tick is None else facts.tick,
        max_age={**manifest.max_age, **facts.max_age},
        left_out=files.added(manifest.left_out, facts.left_out),
        notes=files.added(manifest.notes, facts.notes),
    )


def _merged_days(
    tape: Path, manifest: Manifest, has_room: Callable[[int], bool]
) -> Manifest:
    """Bring the files of each day into one, where that is cheap and there is room."""
    groups = _groups(Tape(tape, manifest))
    for day, same in groupby(manifest.files, key=lambda file: _day_of(file.name)):
        parts = list(same)
        size = sum(file.bytes for file in parts)
        whole = len(parts) == 1 and not _is_part(parts[0].name)
        if day and not whole and size <= MERGED_BYTES_MAX and has_room(size):
            manifest = _merged(tape, manifest, parts, groups)
    return manifest


def _merged(
    tape: Path, manifest: Manifest, parts: list[TapeFile], groups: dict[str, str]
) -> Manifest:
    path = tape / f"events-{_day_of(parts[0].name)}.parquet"
    if path.exists():  # named in the manifest: it must outlive this step
        path = path.with_name(f"{path.stem}-to-{manifest.sealed:06}.parquet")
    frame = pl.scan_parquet([tape / file.name for file in parts], glob=False)
    if groups:
        known = pl.col("market").replace_strict(
            groups, default=None, return_dtype=pl.String
        )
        frame = frame.with_columns(group=pl.coalesce("group", known))
    one = files.put(frame, path)
    first = manifest.files.index(parts[0])
    after = manifest.files[first + len(parts) :]
    kept = (*manifest.files[:first], one, *after)
    changed = files.write(tape, msgspec.structs.replace(manifest, files=kept))
    for file in parts:
        (tape / file.name).unlink()
    return changed


def _groups(tape: Tape) -> dict[str, str]:
    """Return the group of every listed market that has one."""
    grouped = pl.col("kind").is_in(["MarketListed", "MarketChanged"])
    question = tape.scan().filter(grouped & pl.col("group").is_not_null())
    found = tape.table(question.select("market", "group").unique("market"))
    return dict(found.iter_rows())


def _stated(tape: Tape) -> dict[str, int]:
    """Count the markets that state each fact when first listed."""
    count: Counter[str] = Counter()
    seen: set[str] = set()
    for event in tape.events_of("MarketListed"):
        if not isinstance(event, MarketListed) or event.market.id in seen:
            continue
        seen.add(event.market.id)
        facts = stated.facts(msgspec.structs.asdict(event.market))
        count.update((*facts, *stated.words(event.listing)))
    return dict(sorted(count.items()))


def _day_of(name: str) -> str:
    """Return the date in the name of a file of events; "" of another file."""
    return name[7:17] if name.startswith("events-") else ""


def _is_part(name: str) -> bool:
    return name[17:].removesuffix(".parquet").removeprefix("-").isdecimal()
