"""Frames as they came over the wire, for whoever doubts what was made of them.

One file of gzipped lines a day, beside the tape's own files and not part of its hash.
Each write is a gzip member of its own: what a crash cuts short is the last one, and
any tool reads the members before it.
"""

import base64
import gzip
import threading
import zlib
from collections import deque
from pathlib import Path

import msgspec

from polyrules.clock import to_datetime
from polyrules.domain.moments import DAY, day_of
from polyrules.venues.recording.disk import sync

FOLDER = "raw"  # below the tape
WAITING_BYTES_MAX = 16 << 20  # above it, frames are dropped and counted
CHUNK = 1 << 20
GZIP = 31  # for zlib: expect the head of gzip


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line: when it came, from where, and its text; base64 where it is no text."""

    at: int
    source: str
    frame: str = ""
    base64: str = ""


class RawFrames:
    """Gathers frames, and writes them when asked to.

    Attributes:
        waiting: Bytes gathered and not yet written.
        dropped: Frames that came while too much was waiting.
    """

    def __init__(self, folder: Path) -> None:
        self.waiting = self.dropped = 0
        self._folder = folder
        self._days: dict[int, list[bytes]] = {}
        self._blocks: deque[tuple[int, bytes]] = deque()  # (day, lines)
        self._begun: set[Path] = set()
        self._disk = threading.Lock()

    def append(self, source: str, at: int, frame: bytes) -> None:
        """Take a frame; `at` in microseconds UTC."""
        if self.waiting > WAITING_BYTES_MAX:
            self.dropped += 1
            return
        line = _line(source, at, frame)
        self.waiting += len(line)
        self._days.setdefault(day_of(at), []).append(line)

    def close_block(self) -> None:
        """Hand what was gathered to whoever writes; only who appends may call it."""
        for day, lines in self._days.items():
            self._blocks.append((day, b"".join(lines)))
        self._days = {}
        self.waiting = sum(len(lines) for _, lines in tuple(self._blocks))

    def write(self) -> None:
        """Write what was handed over, and return once it is on the disk.

        Any thread may call it.

        Raises:
            OSError: It cannot be written.
        """
        with self._disk:
            while self._blocks:
                day, lines = self._blocks[0]
                date = to_datetime(day * DAY).date().isoformat()
                self._append(self._folder / f"{date}.jsonl.gz", lines)
                self._blocks.popleft()

    def _append(self, path: Path, lines: bytes) -> None:
        if path not in self._begun:
            self._folder.mkdir(exist_ok=True)
            if path.exists():
                mend(path)
            self._begun.add(path)
        with path.open("ab") as file:
            file.write(gzip.compress(lines, compresslevel=6, mtime=0))
        sync(path)


def mend(path: Path) -> int:
    """Cut off what a crash left half written.

    Returns:
        The bytes that were cut off.

    Raises:
        OSError: The file cannot be read or written.
    """
    size, whole = path.stat().st_size, _whole(path)
    if whole < size:
        with path.open("r+b") as file:
            file.truncate(whole)
        sync(path)
    return size - whole


def _whole(path: Path) -> int:
    """Return the length of the members of a gzip file that are whole [bytes]."""
    whole = read = 0
    member = zlib.decompressobj(GZIP)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            read += len(chunk)
            while chunk:
                try:
                    member.decompress(chunk)
                except zlib.error:
                    return whole
                chunk = member.unused_data
                if member.eof:
                    whole = read - len(chunk)
                    member = zlib.decompressobj(GZIP)
    return whole


def _line(source: str, at: int, frame: bytes) -> bytes:
    try:
        told = Frame(at=at, source=source, frame=frame.decode("utf-8"))
    except UnicodeDecodeError:
        text = base64.b64encode(frame).decode("ascii")
        told = Frame(at=at, source=source, base64=text)
    return msgspec.json.encode(told) + b"\n"
