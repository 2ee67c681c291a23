"""The log under a tape that is being recorded: blocks of events, appended and hashed.

A block is whole or it is not there: its head holds the length and a hash of what
follows. After a crash everything before the first block that is not whole is read;
what comes after it is never guessed at. A segment is one file of blocks, named by its
number; numbers only grow.
"""

import hashlib
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from polyrules.domain.events import Event
from polyrules.errors import TapeError
from polyrules.venues.recording.disk import sync
from polyrules.venues.tape.reader import LOG

FOLDER = LOG
SUFFIX = ".log"
MARK = b"PRB1"
HASH_BYTES = 16
HEAD = struct.Struct(f"<4sII{HASH_BYTES}s")  # mark, bytes, events, hash

_EVENTS = msgspec.json.Decoder(Event)
_ENCODER = msgspec.json.Encoder()


def encode(event: Event) -> bytes:
    """Return one line of a block: the event as JSON, and a newline.

    Raises:
        ValueError, TypeError, OverflowError: It holds what JSON has no place for.
    """
    return _ENCODER.encode(event) + b"\n"


def block(lines: bytes, count: int) -> bytes:
    """Return a block of `count` encoded events."""
    return HEAD.pack(MARK, len(lines), count, _hash(lines, count)) + lines


class Segment:
    """One file of the log, for reading.

    Attributes:
        number: Its place among the segments of the tape, from 1 on.
        torn: Bytes after the last whole block, known once `blocks` has ended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = int(path.stem)
        self.torn = 0

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield (events, lines) of every whole block before the first that is not.

        Raises:
            TapeError: The file cannot be read.
        """
        whole = 0
        try:
            with self.path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                while (found := _next(file.read(HEAD.size), file.read)) is not None:
                    whole += HEAD.size + len(found[1])
                    yield found
        except OSError as error:
            raise TapeError(f"{self.path}: cannot be read, {error.strerror}") from error
        self.torn = size - whole

    def events(self) -> Iterator[tuple[list[Event], int]]:
        """Yield, block by block, its events and how many lines were none.

        Raises:
            TapeError: The file cannot be read.
        """
        for _, lines in self.blocks():
            try:
                yield _EVENTS.decode_lines(lines), 0
            except msgspec.MsgspecError:
                yield _one_by_one(lines)


class Appender:
    """One file of the log, for writing. Nothing is buffered here.

    Attributes:
        path: Where it is.
        bytes: How many were appended.

    Raises:
        OSError: It cannot be made.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self.path = folder / f"{number:06}{SUFFIX}"
        self.bytes = 0
        self._descriptor = os.open(
            self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644
        )
        sync(folder)

    def append(self, whole: bytes) -> None:
        """Write a block; it survives the process, and after `sync` the machine."""
        left = memoryview(whole)
        while left:
            left = left[os.write(self._descriptor, left) :]
        self.bytes += len(whole)

    def sync(self) -> None:
        """Return once what was appended is on the disk."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Sync, and let go of the file."""
        try:
            self.sync()
        finally:
            os.close(self._descriptor)


def segments(tape: Path) -> list[Segment]:
    """Return the segments below a tape, in order; none if it is sealed."""
    found = (tape / FOLDER).glob(f"*{SUFFIX}")
    return [Segment(path) for path in sorted(found) if path.stem.isdecimal()]


def _next(head: bytes, read: Callable[[int], bytes]) -> tuple[int, bytes] | None:
    if len(head) < HEAD.size:
        return None
    mark, length, count, digest = HEAD.unpack(head)
    if mark != MARK:
        return None
    lines = read(length)
    if len(lines) < length or _hash(lines, count) != digest:
        return None
    return count, lines


def _hash(lines: bytes, count: int) -> bytes:
    """Return the hash over a block's lines, and the number that stands beside them."""
    key = count.to_bytes(8, "little")
    return hashlib.blake2b(lines, digest_size=HASH_BYTES, key=key).digest()


def _one_by_one(lines: bytes) -> tuple[list[Event], int]:
    """Return the events among lines of which at least one is none."""
    events: list[Event] = []
    wrong = 0
    for line in lines.splitlines():
        try:
            events.append(_EVENTS.decode(line))
        except msgspec.MsgspecError:
            wrong += 1
    return events, wrong
