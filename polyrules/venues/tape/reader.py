"""A tape on disk, opened for reading: measured when opened, streamed when read.

Events come from files whose hash was compared first, so that a run stands on what was
recorded or on nothing. Questions to the tape as a table go unchecked, unless `verify`
was asked.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl

from polyrules.domain.events import Event
from polyrules.errors import TapeError
from polyrules.venues.tape import manifest as manifests
from polyrules.venues.tape import rows
from polyrules.venues.tape.manifest import Manifest, TapeFile

BATCH = 20_000  # rows held at once
AGAIN = "import the tape again, or take it from a backup"
LOG = "log"  # the folder of a recording that was not closed
CHANGED = "changed since the tape was written"
# Damage that Polars stumbles over, or, in its own words, panics at.
TORN = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


class Tape:
    """Recorded events, in order. Open it with `Tape.open`."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._proved: set[str] = set()  # names of files whose hash was right

    @classmethod
    def open(cls, path: Path, *, unsealed: bool = False) -> "Tape":
        """Open the tape at `path`: its manifest is read, its files are measured.

        Args:
            path: The tape's directory.
            unsealed: Take also a tape that is being recorded, or whose recording was
                cut short; what its log holds beyond the files is not seen.

        Raises:
            TapeError: There is no tape, its manifest is unreadable, a file that the
                manifest names is missing or has another size, or its recording was
                not closed.
        """
        tape = cls(path, manifests.read(path))
        if tape.unsealed and not unsealed:
            raise TapeError(
                f"{path}: its recording goes on, or was cut short",
                hint=f"if nothing records any more: polyrules tape seal {path}",
            )
        for file in tape.manifest.files:
            tape._measure(file)
        return tape

    @property
    def unsealed(self) -> bool:
        """True while it is recorded, and after a recording that was cut short."""
        return (self.path / LOG).is_dir()

    @property
    def content_hash(self) -> str:
        """32 hexadecimal digits over the hashes of the tape's files, in order."""
        digest = hashlib.blake2b(digest_size=16)
        for file in self.manifest.files:
            digest.update(bytes.fromhex(file.blake2b))
        return digest.hexdigest()

    @property
    def span(self) -> tuple[int, int] | None:
        """Times of the first and the last event [microseconds UTC]; None if empty."""
        files = self.manifest.files
        return (files[0].first, files[-1].last) if files else None

    def events(self, first: int = 1, last: int | None = None) -> Iterator[Event]:
        """Yield the events numbered `first` to `last` (seq, inclusive), in order.

        Raises:
            TapeError: A file is torn or changed, or holds what no tape holds.
        """
        for file, frame in self._frames(first, last):
            yield from _events(frame, self.path / file.name)

    def events_of(self, *kinds: str) -> Iterator[Event]:
        """Yield the events of some rare kinds, in order; they are all held at once.

        Raises:
            TapeError: As `events`.
        """
        for file in self.manifest.files:
            self._prove(file)
        wanted = self.scan().filter(pl.col("kind").is_in(kinds))
        yield from _events(self.table(wanted), self.path)

    def scan(self) -> pl.LazyFrame:
        """Return all rows, for questions about the tape as a table."""
        files = [self.path / file.name for file in self.manifest.files]
        if not files:
            return pl.LazyFrame(schema=rows.SCHEMA)
        return pl.scan_parquet(files, glob=False)

    def table(self, question: pl.LazyFrame) -> pl.DataFrame:
        """Return the answer to a question put to `scan`.

        Raises:
            TapeError: A file is torn, or has other columns than a tape.
        """
        try:
            return question.collect()
        except TORN as error:
            for _ in self._frames(1, None):
                pass  # the file at fault raises its own error, with its name
            raise TapeError(f"{self.path}: unreadable: {error}", hint=AGAIN) from error

    def verify(self) -> tuple[str, ...]:
        """Hash every file again and name those that are not what the manifest says."""
        files = self.manifest.files
        right = {file.name for file in files if self._is_right(file)}
        self._proved = right
        return tuple(
            f"{file.name}: {CHANGED}" for file in files if file.name not in right
        )

    def _is_right(self, file: TapeFile) -> bool:
        path = self.path / file.name
        try:
            return manifests.hash_of(path) == file.blake2b
        except OSError as error:
            raise TapeError(f"{path}: unreadable: {error}", hint=AGAIN) from error

    def _prove(self, file: TapeFile) -> None:
        if file.name in self._proved:
            return
        if not self._is_right(file):
            raise TapeError(f"{self.path / file.name}: {CHANGED}", hint=AGAIN)
        self._proved.add(file.name)

    def _measure(self, file: TapeFile) -> None:
        path = self.path / file.name
        try:
            size = path.stat().st_size
        except OSError:
            raise TapeError(
                f"{path}: missing, though the manifest names it", hint=AGAIN
            ) from None
        if size != file.bytes:
            raise TapeError(
                f"{path}: {size} bytes, the manifest says {file.bytes}: torn or"
                " changed",
                hint=AGAIN,
            )

    def _frames(
        self, first: int, last: int | None
    ) -> Iterator[tuple[TapeFile, pl.DataFrame]]:
        before = 0
        for file in self.manifest.files:
            begin = max(first - before - 1, 0)
            end = file.rows if last is None else min(last - before, file.rows)
            before += file.rows
            for offset in range(begin, end, BATCH):
                yield file, self._read(file, offset, min(BATCH, end - offset))

    def _read(self, file: TapeFile, offset: int, length: int) -> pl.DataFrame:
        path = self.path / file.name
        self._prove(file)
        try:
            lazy = pl.scan_parquet(path, glob=False).slice(offset, length)
            frame = lazy.collect()
        except TORN as error:
            raise TapeError(f"{path}: unreadable: {error}", hint=AGAIN) from error
        if frame.schema != pl.Schema(rows.SCHEMA):
            raise TapeError(f"{path}: not the columns of a tape", hint=AGAIN)
        if frame.height != length:
            raise TapeError(
                f"{path}: {offset + frame.height} rows, the manifest says {file.rows}",
                hint=AGAIN,
            )
        return frame


def _events(frame: pl.DataFrame, path: Path) -> Iterator[Event]:
    try:
        yield from rows.to_events(frame)
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise TapeError(f"{path}: not rows of a tape: {error}", hint=AGAIN) from error
