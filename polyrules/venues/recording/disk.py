"""What the recorder asks of a disk: durable writes, one writer at a time, room left.

It decides nothing about tapes. A name is put in its place only after its bytes are on
the disk, so a crash leaves the old file or the new one, never half of either.
"""

import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from polyrules.errors import TapeError


def sync(path: Path) -> None:
    """Return once the file or directory at `path` is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put(partial: Path, path: Path) -> None:
    """Give a finished file its name: synced before, the directory after."""
    sync(partial)
    partial.rename(path)
    sync(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Write a whole file, so that a crash leaves the old one or the new one."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    put(partial, path)


class Lock:
    """A file that one process at a time holds; it falls free when that one dies.

    Args:
        path: The file; it is made if need be.
        wait: Wait for whoever holds it, instead of raising.

    Raises:
        TapeError: Another process holds it, or it cannot be made.
    """

    def __init__(self, path: Path, *, wait: bool = False) -> None:
        try:
            self._file = path.open("ab")
        except OSError as error:
            raise TapeError(f"{path}: cannot be written, {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            self._file.close()
            raise TapeError(
                f"{path.parent.parent}: this tape is being recorded now",
                hint="end that recording first; it puts the tape in order by itself",
            ) from None

    def release(self) -> None:
        """Let the next one have it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class Room:
    """How much may still be written below a folder.

    Args:
        folder: Everything below it counts.
        quota: The most bytes it may hold; None: as many as there is space for.
        free_min: Bytes of the disk that stay free for others.
    """

    def __init__(self, folder: Path, quota: int | None, free_min: int) -> None:
        self._folder = folder
        self._quota = quota
        self._free_min = free_min

    def refusal(self, coming: int) -> str:
        """Return why `coming` bytes more do not fit, with both numbers, or ""."""
        if self._quota is not None:
            held = used(self._folder)
            if held + coming > self._quota:
                return (
                    f"its quota of {self._quota:,} bytes is used up: it holds "
                    f"{held:,}, and {coming:,} are to come"
                )
        free = shutil.disk_usage(self._folder).free
        if free - coming < self._free_min:
            return (
                f"the disk has {free:,} bytes left, {coming:,} are to come, and "
                f"{self._free_min:,} have to stay free"
            )
        return ""


def used(folder: Path) -> int:
    """Return the bytes of all files below `folder`; one that vanishes counts 0."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).stat().st_size
            except FileNotFoundError:
                continue  # sealed or removed since it was listed
    return total
