"""Which days of a recording go when only so many are to be kept.

The markets of the removed days that were not answered there stay listed: the last word
on each is carried to a file of listings that stands before the days that are left.
Without it, their books would belong to markets that nobody has heard of.
"""

from pathlib import Path

import msgspec
import polars as pl

from polyrules.domain.moments import day_of
from polyrules.venues.recording.sealing import files
from polyrules.venues.tape.manifest import Manifest, TapeFile

REMOVED = "oldest days removed, as asked"
CARRIED = ("MarketListed", "MarketChanged", "TickChanged")


def without_old_days(
    tape: Path, manifest: Manifest, keep: int
) -> tuple[Manifest, tuple[str, ...]]:
    """Return the manifest without the oldest days, and the files to be removed.

    Args:
        tape: The tape's directory.
        manifest: The manifest as it stands.
        keep: How many days stay, the newest one included; at least 1.
    """
    if not manifest.files:
        return manifest, ()
    oldest = day_of(manifest.files[-1].last) - keep + 1
    old = tuple(file for file in manifest.files if day_of(file.last) < oldest)
    days = {day_of(file.last) for file in old if _is_day(file)}
    if not days:
        return manifest, ()
    left = manifest.files[len(old) :]
    carried = _carried([tape / file.name for file in old])
    if carried.height:
        name = f"listings-before-{left[0].name.removeprefix('events-')}"
        left = (files.put(carried.lazy(), tape / name), *left)
    notes = dict(manifest.notes)
    notes[REMOVED] = notes.get(REMOVED, 0) + len(days)
    counts = _counts([tape / file.name for file in left])
    changed = msgspec.structs.replace(manifest, files=left, notes=notes, counts=counts)
    return changed, tuple(file.name for file in old)


def _is_day(file: TapeFile) -> bool:
    return file.name.startswith("events-")


def _carried(paths: list[Path]) -> pl.DataFrame:
    """Return the first and last word on every market that stays open, in order."""
    every = pl.scan_parquet(paths, glob=False)
    answered = every.filter(kind="MarketResolved").select("market").collect()
    told = every.filter(
        pl.col("kind").is_in(CARRIED)
        & ~pl.col("market").is_in(answered["market"].implode())
    ).collect()
    return told.unique(["market", "kind"], keep="last", maintain_order=True)


def _counts(paths: list[Path]) -> dict[str, int]:
    kinds = pl.scan_parquet(paths, glob=False).select("kind").collect()["kind"]
    return dict(sorted(kinds.value_counts().iter_rows()))
