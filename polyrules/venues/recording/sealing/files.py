"""Files of a tape and its manifest, put in their place one after the other.

A file gets its name when it is on the disk, and the manifest names it after that: a
crash leaves files that nobody names, never names without a file.
"""

from collections import Counter
from pathlib import Path

import msgspec
import polars as pl

from polyrules import __version__
from polyrules.venues.recording import disk
from polyrules.venues.tape import manifest as manifests
from polyrules.venues.tape.manifest import Manifest, TapeFile
from polyrules.venues.tape.writer import ROW_GROUP, feeds_told

SPILL_ROWS = 30_000  # held in memory; what is more waits in parts on the disk


def put(frame: pl.LazyFrame, path: Path) -> TapeFile:
    """Write rows into a file of the tape, and return what the manifest says of it."""
    partial = path.with_name(f".{path.name}.partial")
    frame.sink_parquet(partial, compression="zstd", row_group_size=ROW_GROUP)
    disk.put(partial, path)
    return _measured(path)


class Rows:
    """The rows of a file to be, gathered without holding more than some of them.

    Attributes:
        count: How many there are.
    """

    def __init__(self, path: Path) -> None:
        self.count = 0
        self._path = path
        self._frames: list[pl.DataFrame] = []
        self._parts: list[Path] = []
        self._held = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Take rows that stand after those before."""
        self._frames.append(frame)
        self._held += frame.height
        self.count += frame.height
        if self._held >= SPILL_ROWS:
            self._spill()

    def put(self) -> TapeFile:
        """Write them, and return what the manifest says of the file."""
        if not self._parts:
            return put(pl.concat(self._frames).lazy(), self._path)
        self._spill()
        written = put(pl.scan_parquet(self._parts, glob=False), self._path)
        for part in self._parts:
            part.unlink()
        return written

    def _spill(self) -> None:
        if not self._frames:
            return
        name = f".{self._path.name}.{len(self._parts):04}.partial"
        part = self._path.with_name(name)
        pl.concat(self._frames).write_parquet(part, compression="lz4")
        self._parts.append(part)
        self._frames, self._held = [], 0


def _measured(path: Path) -> TapeFile:
    """Return what a manifest says of a finished file of events."""
    ends = pl.scan_parquet(path, glob=False).select(
        pl.len().alias("rows"),
        pl.col("at").min().alias("first"),
        pl.col("at").max().alias("last"),
    )
    ((count, first, last),) = ends.collect().iter_rows()
    return TapeFile(
        name=path.name,
        rows=count,
        first=first,
        last=last,
        bytes=path.stat().st_size,
        blake2b=manifests.hash_of(path),
    )


def write(tape: Path, manifest: Manifest) -> Manifest:
    """Put a manifest in the place of the one before, and return it as written."""
    written = msgspec.structs.replace(
        manifest,
        made_by=f"polyrules {__version__}",
        feeds=feeds_told(manifest, manifest.counts),
    )
    disk.replace(tape / manifests.NAME, manifests.encode(written))
    return written


def sweep(tape: Path, manifest: Manifest) -> None:
    """Remove what a crash left half done: files that the manifest does not name."""
    named = {file.name for file in manifest.files}
    for path in (*tape.glob("events-*.parquet"), *tape.glob("listings-*.parquet")):
        if path.name not in named:
            path.unlink()
    for path in tape.glob(".*.partial"):
        path.unlink()


def last_seq(tape: Path, manifest: Manifest) -> int:
    """Return the greatest `seq` in the files; 0 if there are none."""
    if not manifest.files:
        return 0
    last = pl.scan_parquet(tape / manifest.files[-1].name, glob=False)
    found: int = last.select(pl.col("seq").max()).collect().item()
    return found


def added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    """Return counts by name, of both together."""
    return dict(Counter(one) + Counter(other))
