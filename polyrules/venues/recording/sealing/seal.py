"""From the log to the files of a tape: segment by segment, in order of arrival.

Every step may be the last one before a crash: a segment goes only when the manifest
names its files. What is done twice comes out the same; nothing is ever in the tape
twice, or not at all. It looks at the disk alone, so it may run in a process of its own,
beside a recording that goes on:

    python -m polyrules.venues.recording.sealing.seal TAPE NUMBER
"""

import sys
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import msgspec
import polars as pl

from polyrules.clock import to_datetime
from polyrules.domain.moments import DAY, day_of
from polyrules.errors import TapeError
from polyrules.venues.recording import disk
from polyrules.venues.recording.log.segments import FOLDER, Segment, segments
from polyrules.venues.recording.sealing import files
from polyrules.venues.recording.sealing.frames import to_frame
from polyrules.venues.recording.sealing.retention import without_old_days
from polyrules.venues.tape import manifest as manifests
from polyrules.venues.tape.manifest import Manifest

SEALER = "sealing"  # the lock of whoever turns the log into files
TORN = "a block of the log that was cut short"
UNREADABLE = "an event of the log that cannot be read back"


def seal(tape: Path, upto: int, keep: int | None = None) -> Manifest:
    """Turn the segments up to number `upto` into files of the tape.

    Args:
        tape: The tape's directory.
        upto: The last segment that nobody appends to any more.
        keep: Remove the oldest days beyond so many; None: none.

    Returns:
        The manifest as it stands now.

    Raises:
        TapeError: The tape cannot be read or written; the log stays.
    """
    with disk.Lock(tape / FOLDER / SEALER, wait=True):
        manifest = manifests.read(tape)
        files.sweep(tape, manifest)
        try:
            for segment in segments(tape):
                if segment.number > upto:
                    break
                if segment.number > (manifest.sealed or 0):
                    manifest = _sealed(tape, manifest, segment)
                segment.path.unlink()
            if keep is not None:
                manifest = _kept(tape, manifest, keep)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise TapeError(f"{tape}: cannot be written: {error}") from error
    return manifest


def _sealed(tape: Path, manifest: Manifest, segment: Segment) -> Manifest:
    """Write a segment's events into files, one a day, and name them in the manifest."""
    left_out: Counter[str] = Counter()
    number = files.last_seq(tape, manifest) + 1
    put, counts = [], Counter(manifest.counts)
    for day, frames in groupby(_frames(segment, left_out), key=lambda pair: pair[0]):
        rows = files.Rows(tape / f"events-{_date(day)}-{segment.number:06}.parquet")
        for _, frame in frames:
            seq = pl.int_range(number, number + frame.height)
            number += frame.height
            counts.update(dict(frame["kind"].value_counts().iter_rows()))
            rows.add(frame.with_columns(seq=seq))
        if rows.count:  # else nothing of that day fits into a tape
            put.append(rows.put())
    if segment.torn:
        left_out[TORN] += 1
    changed = msgspec.structs.replace(
        manifest,
        sealed=segment.number,
        files=(*manifest.files, *put),
        counts=dict(sorted(counts.items())),
        left_out=files.added(manifest.left_out, left_out),
    )
    return files.write(tape, changed)


def _frames(
    segment: Segment, left_out: Counter[str]
) -> Iterator[tuple[int, pl.DataFrame]]:
    """Yield (UTC day, rows) of a segment, in order of arrival."""
    for events, wrong in segment.events():
        left_out[UNREADABLE] += wrong
        for day, same in groupby(events, key=lambda event: day_of(event.at)):
            frame, unfit = to_frame(list(same))
            left_out[UNREADABLE] += unfit
            yield day, frame


def _kept(tape: Path, manifest: Manifest, keep: int) -> Manifest:
    changed, removed = without_old_days(tape, manifest, keep)
    if removed:
        changed = files.write(tape, changed)
        for name in removed:
            (tape / name).unlink()
    return changed


def _date(day: int) -> str:
    return to_datetime(day * DAY).date().isoformat()


if __name__ == "__main__":
    seal(Path(sys.argv[1]), int(sys.argv[2]), *map(int, sys.argv[3:]))
