"""A tape on disk, opened for reading: checked when opened, streamed when read."""

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


class Tape:
    """Recorded events, in order. Open it with `Tape.open`."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest

    @classmethod
    def open(cls, path: Path) -> "Tape":
        """Open the tape at `path`: its manifest is read, its files are measured.

        Raises:
            TapeError: There is no tape, its manifest is unreadable, or a file that
                the manifest names is missing or has another size.
        """
        tape = cls(path, manifests.read(path))
        for file in tape.manifest.files:
            tape._measure(file)
        return tape

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
            TapeError: A file is torn, or holds what no tape holds.
        """
        for file, frame in self._frames(first, last):
            try:
                yield from rows.to_events(frame)
            except (msgspec.MsgspecError, ValueError, TypeError) as error:
                raise TapeError(
                    f"{self.path / file.name}: not rows of a tape: {error}", hint=AGAIN
                ) from error

    def scan(self) -> pl.LazyFrame:
        """Return all rows, for questions about the tape as a table."""
        files = [self.path / file.name for file in self.manifest.files]
        if not files:
            return pl.LazyFrame(schema=rows.SCHEMA)
        return pl.scan_parquet(files, glob=False)

    def table(self, question: pl.LazyFrame) -> pl.DataFrame:
        """Return the answer to a question put to `scan`.

        Raises:
            TapeError: A file is torn.
        """
        try:
            return question.collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise TapeError(f"{self.path}: unreadable: {error}", hint=AGAIN) from error

    def verify(self) -> tuple[str, ...]:
        """Hash every file again and name those that are not what the manifest says."""
        return tuple(
            f"{file.name}: changed since the tape was written"
            for file in self.manifest.files
            if manifests.hash_of(self.path / file.name) != file.blake2b
        )

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
        try:
            lazy = pl.scan_parquet(path, glob=False).slice(offset, length)
            frame = lazy.collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise TapeError(f"{path}: unreadable: {error}", hint=AGAIN) from error
        if frame.schema != pl.Schema(rows.SCHEMA):
            raise TapeError(f"{path}: not the columns of a tape", hint=AGAIN)
        return frame
