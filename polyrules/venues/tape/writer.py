"""Writing a tape: rows in any order in, one sorted file per day out.

Rows are spilled to parts when they grow large, and sorted a few hours at a time, so
memory stays flat. The tape appears whole or not at all: everything is written to a
folder beside its place, synced, and renamed there, the manifest last of the files.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import polars as pl

from polyrules import __version__
from polyrules.clock import to_datetime
from polyrules.domain.events import Event
from polyrules.domain.moments import HOUR
from polyrules.errors import TapeError
from polyrules.venues.tape import manifest as manifests
from polyrules.venues.tape import rows
from polyrules.venues.tape.manifest import Manifest, TapeFile

HOURS_A_DAY = 24
BUFFER = 20_000  # events before they become a frame
SPILL = 64 << 20  # bytes of frames held before they become a part
WINDOW = 500_000  # rows sorted at once, unless an hour holds more
ROW_GROUP = 20_000


class TapeWriter:
    """Takes events, or frames of rows, and leaves a tape at `path` when closed.

    Args:
        path: Where the tape is to stand; nothing, or an empty directory, may be there.
        ranked: Order the events of one instant by kind (a market before its book,
            books before trades, trades before answers) and drop what only
            repeats, as imports need. A recorder keeps the order of arrival, which is
            the truth.

    Raises:
        TapeError: Something is at `path` already.
    """

    def __init__(self, path: Path, *, ranked: bool = False) -> None:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise TapeError(
                f"{path}: something is here already",
                hint="name a new directory with --out, or remove this one first",
            )
        self.path = path
        self._ranked = ranked
        self._folder = path.with_name(f".{path.name}.partial-{os.getpid()}")
        self._buffer: list[Event] = []
        self._frames: list[pl.DataFrame] = []
        self._held = 0  # bytes
        self._parts: list[Path] = []
        self._hours: Counter[int] = Counter()  # rows by hour since 1970
        self._order = 0
        self._counts: Counter[str] = Counter()
        self._groups: dict[str, str] = {}  # of markets that have one
        self.duplicates = 0
        try:
            self._folder.mkdir(parents=True)
        except OSError as error:
            raise TapeError(f"{path}: cannot be written, {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A writer that was not closed, for whatever reason, leaves nothing behind.
        self.discard()

    @property
    def empty(self) -> bool:
        """True while nothing was taken."""
        return not (self._buffer or self._order)

    def append(self, event: Event) -> None:
        """Take one event. Its `at` may lie before that of the one before."""
        self._buffer.append(event)
        if group := rows.group_of(event):
            self._groups[rows.market_of(event) or ""] = group
        if len(self._buffer) >= BUFFER:
            self._flush()

    def append_frame(self, frame: pl.DataFrame) -> None:
        """Take rows with the columns of a tape; columns that are absent are null."""
        self._flush()
        self._hold(frame)

    def close(self, manifest: Manifest) -> Manifest:
        """Sort, write, sync and put the tape in its place.

        Args:
            manifest: What the maker knows of it; files, counts and the number of
                equal rows are filled in here, and to its feeds those that told
                something are added. A feed that was there and silent, its maker names.

        Returns:
            The manifest as written.

        Raises:
            TapeError: The tape cannot be written; nothing is left behind.
        """
        self._flush()
        try:
            files = tuple(self._write_days())
            for part in self._parts:
                part.unlink()
            written = self._filled_in(manifest, files)
            self._write_manifest(written)
            self._folder.rename(self.path)
            _sync(self.path.parent)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise TapeError(f"{self.path}: cannot be written: {error}") from error
        finally:
            self.discard()
        return written

    def discard(self) -> None:
        """Forget everything that was not closed."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _filled_in(self, manifest: Manifest, files: tuple[TapeFile, ...]) -> Manifest:
        counts = self._counts
        twice = {"equal rows, kept once": self.duplicates} if self.duplicates else {}
        return msgspec.structs.replace(
            manifest,
            format=manifests.FORMAT,
            made_by=f"polyrules {__version__}",
            files=files,
            feeds=feeds_told(manifest, counts),
            counts=dict(sorted(counts.items())),
            notes={**manifest.notes, **twice},
        )

    def _flush(self) -> None:
        if self._buffer:
            frame = rows.to_frame(self._buffer)
            self._buffer.clear()
            self._hold(frame)

    def _hold(self, frame: pl.DataFrame) -> None:
        absent = [
            pl.lit(None, dtype).alias(name)
            for name, dtype in rows.SCHEMA.items()
            if name not in frame.columns and name != "seq"
        ]
        order = pl.int_range(self._order, self._order + frame.height).alias("seq")
        whole = frame.with_columns(*absent, order).select(rows.COLUMNS)
        self._order += frame.height
        hours = whole.select(hour=pl.col("at") // HOUR)["hour"].value_counts()
        self._hours.update(dict(hours.iter_rows()))
        self._frames.append(whole)
        self._held += int(whole.estimated_size())
        if self._held > SPILL:
            self._spill()

    def _spill(self) -> None:
        path = self._folder / f"part-{len(self._parts)}.parquet"
        # Sorted, so that reading a window skips what lies outside it.
        pl.concat(self._frames).sort("at").write_parquet(path, compression="lz4")
        self._parts.append(path)
        self._frames.clear()
        self._held = 0

    def _windows(self) -> Iterator[tuple[int, int, int]]:
        """Yield (day, first time, time after the last) of what is sorted at once."""
        for day, hours in groupby(sorted(self._hours), lambda h: h // HOURS_A_DAY):
            taken, first = 0, day * HOURS_A_DAY
            for hour in hours:
                if taken and taken + self._hours[hour] > WINDOW:
                    yield day, first * HOUR, hour * HOUR
                    taken, first = 0, hour
                taken += self._hours[hour]
            yield day, first * HOUR, (day + 1) * HOURS_A_DAY * HOUR

    def _write_days(self) -> Iterator[TapeFile]:
        if self._parts and self._frames:
            self._spill()
        elif not self._parts:
            self._frames = [pl.concat(self._frames).sort("at")] if self._frames else []
        number = 1
        for day, windows in groupby(self._windows(), lambda window: window[0]):
            parts = []
            for _, first, after in windows:
                frame = self._sorted(first, after)
                frame = frame.with_columns(
                    seq=pl.int_range(number, number + frame.height)
                )
                number += frame.height
                parts.append(self._folder / f"window-{first}.parquet")
                frame.write_parquet(
                    parts[-1], compression="zstd", row_group_size=ROW_GROUP
                )
            yield self._put_day(day, parts)

    def _sorted(self, first: int, after: int) -> pl.DataFrame:
        """Return the rows of [first, after) in the order they will stand."""
        inside = pl.col("at").is_between(first, after, closed="left")
        lazy = [pl.scan_parquet(part, glob=False) for part in self._parts]
        lazy += [frame.lazy() for frame in self._frames]
        frame = pl.concat(lazy).filter(inside).collect()
        frame = frame.sort(self._order_of_rows(), maintain_order=True)
        if self._ranked:
            frame = self._once(frame)
        self._counts.update(dict(frame["kind"].value_counts().iter_rows()))
        return self._grouped(frame)

    def _order_of_rows(self) -> list[str | pl.Expr]:
        return ["at", rows.rank(), "seq"] if self._ranked else ["at", "seq"]

    def _grouped(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Fill in the group of every row whose market has one."""
        if not self._groups:
            return frame
        group = pl.col("market").replace_strict(
            self._groups, default=None, return_dtype=pl.String
        )
        return frame.with_columns(group=pl.coalesce("group", group))

    def _once(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Drop the rows of a sorted frame that repeat one and change nothing."""
        near = frame.sort("at", "market", maintain_order=True)
        kept = near.filter(~_repeats()).sort(self._order_of_rows(), maintain_order=True)
        self.duplicates += frame.height - kept.height
        return kept

    def _put_day(self, day: int, parts: list[Path]) -> TapeFile:
        date = to_datetime(day * HOURS_A_DAY * HOUR).date()
        path = self._folder / f"events-{date.isoformat()}.parquet"
        if len(parts) == 1:
            parts[0].rename(path)
        else:
            whole = pl.scan_parquet(parts, glob=False)
            whole.sink_parquet(path, compression="zstd", row_group_size=ROW_GROUP)
            for part in parts:
                part.unlink()
        _sync(path)
        ends = pl.scan_parquet(path, glob=False).select(
            pl.len().alias("rows"),
            pl.col("at").min().alias("first"),
            pl.col("at").max().alias("last"),
        )
        (row,) = ends.collect().iter_rows()
        return TapeFile(
            name=path.name,
            rows=row[0],
            first=row[1],
            last=row[2],
            bytes=path.stat().st_size,
            blake2b=manifests.hash_of(path),
        )

    def _write_manifest(self, manifest: Manifest) -> None:
        path = self._folder / manifests.NAME
        with path.open("wb") as file:
            file.write(manifests.encode(manifest))
            file.flush()
            os.fsync(file.fileno())
        _sync(self._folder)


def feeds_told(manifest: Manifest, counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return the feeds that told something, and those the maker says were there."""
    told = {feed for kind, feed in rows.FEED_OF.items() if counts.get(kind)}
    if manifest.stated:
        told.add("gamma")
    return tuple(each for each in manifests.FEEDS if each in {*told, *manifest.feeds})


def _repeats() -> pl.Expr:
    """True for a row that only repeats, in rows sorted by instant, market and order.

    A book or level repeats the row right before it, none further back: a level that
    goes from 5 to 0 to 5 ends at 5. A trade repeats any other of its transaction;
    without one it may be a second trade just like the first.
    """
    same = pl.all().exclude("seq")
    trade = pl.struct(rows.TRADE)
    return (
        pl.when(kind="TradePrinted")
        .then(pl.col("transaction").is_not_null() & ~trade.is_first_distinct())
        .otherwise(pl.all_horizontal(same.eq_missing(same.shift())))
    )


def _sync(path: Path) -> None:
    """Return once what `path` names is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
