"""Events into the log, in order, from a buffer that never grows without bound.

One thread appends; any thread may write. What was appended is in memory until a write
and on the disk after it. When there is no room, or the disk fails, it stops for good
and says why; what was written before stays whole.
"""

import threading
from collections import deque
from pathlib import Path

from polyrules.clock import Clock
from polyrules.domain.moments import MINUTE
from polyrules.errors import TapeError
from polyrules.venues.recording.disk import Room
from polyrules.venues.recording.log.segments import FOLDER, Appender, block

BLOCK_BYTES = 1 << 20  # a block is closed when it is that long
WAITING_BLOCKS_MAX = 32  # above it, who appends has to write first
SEGMENT_BYTES = 32 << 20
SEGMENT_TIME = 15 * MINUTE
MARGIN = 128 << 10  # what a small file of a tape costs beyond its content
HINT = "what was recorded before is safe; make room, or raise the quota"


class Log:
    """The end of the log of one tape, where blocks are added.

    Args:
        tape: The tape's directory.
        number: The last segment there was; this one begins after it.
        room: What may still be written.
        clock: Whose time the age of a segment is.

    Attributes:
        number: The segment at hand, or the last one closed.
        lost: Events that were dropped because nothing more could be written.
        stopped: Why nothing more is written, or None.
    """

    def __init__(self, tape: Path, number: int, room: Room, clock: Clock) -> None:
        self.number = number
        self.lost = 0
        self.stopped: TapeError | None = None
        self._tape = tape
        self._room = room
        self._clock = clock
        self._file: Appender | None = None
        self._begun = 0  # when the segment was [microseconds UTC]
        self._turn = False
        self._unsealed = 0  # bytes of closed segments
        self._lines = bytearray()
        self._count = 0
        self._waiting: deque[tuple[bytes, int]] = deque()  # blocks, and their events
        self._disk = threading.Lock()

    def append(self, line: bytes) -> None:
        """Take one encoded event."""
        self._lines += line
        self._count += 1
        if len(self._lines) >= BLOCK_BYTES:
            self.close_block()
            if len(self._waiting) > WAITING_BLOCKS_MAX:
                self.write()

    def turn(self) -> None:
        """Let the next `roll` begin a new segment, whatever the length of this one."""
        self._turn = True

    def close_block(self) -> None:
        """Hand what was appended to whoever writes; only who appends may call it."""
        if self._count:
            self._waiting.append((block(bytes(self._lines), self._count), self._count))
            self._lines, self._count = bytearray(), 0

    def write(self) -> None:
        """Bring the closed blocks to the disk; return once they are durable."""
        with self._disk:
            try:
                while self._waiting and self._append(self._waiting[0][0]):
                    self._waiting.popleft()
                if self._file is not None:
                    self._file.sync()
            except OSError as error:
                self.stop(f"cannot be written: {error.strerror or error}")
            if self.stopped is not None:
                self._drop()

    def stop(self, reason: str) -> None:
        """Write nothing more, because of `reason`."""
        if self.stopped is None:
            self.stopped = TapeError(f"{self._tape}: {reason}", hint=HINT)

    def roll(self) -> int | None:
        """Close the segment at hand if it is long or old; return which to seal."""
        with self._disk:
            if self._file is None or not self._is_due(self._file):
                return None
            self._close()
            return self.number

    def sealed(self) -> None:
        """Hear that all closed segments are files of the tape now."""
        self._unsealed = 0

    def close(self) -> None:
        """Write what was handed over, and close the segment at hand."""
        self.close_block()
        self.write()
        with self._disk:
            self._close()

    def _append(self, whole: bytes) -> bool:
        """Append a block; False if there is no room for it and what is made of it."""
        refusal = self.stopped or self._room.refusal(self._coming(len(whole)))
        if refusal:
            self.stop(f"recording stopped: {refusal}")
            return False
        if self._file is None:
            self.number += 1
            self._file = Appender(self._tape / FOLDER, self.number)
            self._begun = self._clock.now()
        self._file.append(whole)
        return True

    def _coming(self, length: int) -> int:
        """Return what a block and the files made of the log may take [bytes]."""
        held = self._file.bytes if self._file is not None else 0
        return 2 * length + held + self._unsealed + MARGIN

    def _drop(self) -> None:
        while self._waiting:
            self.lost += self._waiting.popleft()[1]

    def _is_due(self, file: Appender) -> bool:
        old = self._clock.now() - self._begun >= SEGMENT_TIME
        return self._turn or old or file.bytes >= SEGMENT_BYTES

    def _close(self) -> None:
        self._turn = False
        if self._file is not None:
            held, self._file = self._file, None
            self._unsealed += held.bytes
            held.close()
