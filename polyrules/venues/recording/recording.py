"""A tape that grows while its events happen.

What is appended lies in a log on the disk within `every`, and at once where `flush` is
called; a crash loses at most that and never damages what was there. The log becomes
files of the tape as it grows, in a process of its own, and at the end. It keeps the
order of arrival, drops no event by itself, and waits on its own clock only. Ticks and
the answers to orders are no market data: they are the journal's, not the tape's.
"""

import asyncio
import contextlib
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from polyrules.clock import Clock, to_datetime
from polyrules.domain.events import (
    ClockTicked,
    Event,
    Filled,
    Halted,
    OrderReported,
    Settled,
)
from polyrules.domain.moments import SECOND, day_of
from polyrules.errors import InvariantError, PolyrulesError, TapeError
from polyrules.venues.recording import disk
from polyrules.venues.recording.log.segments import encode
from polyrules.venues.recording.log.writing import Log
from polyrules.venues.recording.opening import blank, opened, prepared
from polyrules.venues.recording.raw import FOLDER as RAW
from polyrules.venues.recording.raw import RawFrames
from polyrules.venues.recording.sealing.finish import finish
from polyrules.venues.tape.manifest import Manifest

EVERY = 5 * SECOND
FREE_MIN = 1 << 30  # bytes of the disk left to others
NOT_MARKET_DATA = (ClockTicked, OrderReported, Filled, Settled, Halted)
UNFIT = "an event that no tape can hold"
LATE = "an event that came after recording had stopped"
DROPPED = "raw frames dropped, as the disk was too slow"


class Recording:
    """Takes events as they come, and leaves a tape at `path` when closed.

    Args:
        path: Where the tape stands or is to stand. A tape recorded before, closed or
            cut short, goes on; any other thing there is refused.
        clock: Whose time `every` is.
        every: How long an event may be in memory only [microseconds].
        quota_bytes: The most bytes the whole tape may take; None: no limit.
        free_bytes_min: Bytes of the disk that are left to others.
        keep: Keep so many days, at least 1, and remove older ones; None: all.
        raw: Keep the frames given to `append_raw`, too.
        required: Raise TapeError when nothing more can be recorded. Otherwise what
            comes then is counted in `lost`, and `stopped` says why.
        facts: What is known of the tape from the start: title, feeds, tick, ages.

    Attributes:
        taken: Events appended since it was opened, without those that no tape holds.
        trouble: Why the log could not be made into files the last time; it is tried
            again, at the latest when the recording is closed.

    Raises:
        TapeError: Something else is at `path`, another process records there, or it
            cannot be written.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        every: int = EVERY,
        quota_bytes: int | None = None,
        free_bytes_min: int = FREE_MIN,
        keep: int | None = None,
        raw: bool = False,
        required: bool = True,
        facts: Manifest | None = None,
    ) -> None:
        self.path = path
        self.taken = 0
        self.trouble = ""
        self._clock = clock
        self._every = every
        self._keep = keep
        self._required = required
        self._late = self._unfit = 0
        self._lock = opened(path)
        try:
            manifest = prepared(path, facts)
        except BaseException:
            self._lock.release()
            raise
        self._last = manifest.files[-1].last if manifest.files else 0
        self._room = disk.Room(path, quota_bytes, free_bytes_min)
        self._log = Log(path, manifest.sealed or 0, self._room, clock)
        self._raw = RawFrames(path / RAW) if raw else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.abandon()

    @property
    def stopped(self) -> TapeError | None:
        """Why nothing more is recorded: no room, or the disk failed; else None."""
        return self._log.stopped

    @property
    def lost(self) -> int:
        """Events that came when nothing more could be recorded."""
        return self._log.lost + self._late

    @property
    def size(self) -> int:
        """Bytes the tape takes on the disk now."""
        return disk.used(self.path)

    def append(self, event: Event) -> bool:
        """Take an event; ticks and the answers to orders are passed over.

        Returns:
            Whether a reader of the tape will know of it: False for market data that
            is not kept.

        Raises:
            TapeError: Nothing more can be recorded, and the recording is required; or
                what an earlier recording left on the tape is later than the event.
            InvariantError: `at` runs backward.
        """
        if isinstance(event, NOT_MARKET_DATA):
            return True
        if self._log.stopped is not None:
            self._late += 1
            self._raise_stopped()
            return False
        if event.at < self._last:
            raise self._backward(event.at)
        try:
            line = encode(event)
        except (ValueError, TypeError, OverflowError):
            self._unfit += 1
            return False
        if self._last and day_of(event.at) != day_of(self._last):
            self._log.turn()  # one day, one file
        self._last = event.at
        self._log.append(line)
        self.taken += 1
        return True

    def append_raw(self, source: str, at: int, frame: bytes) -> None:
        """Take a frame as it came over the wire; nothing happens without `raw`.

        Args:
            source: Where it came from, such as market_channel.
            at: When it came [microseconds UTC].
            frame: Its bytes.
        """
        if self._raw is not None and self._log.stopped is None:
            self._raw.append(source, at, frame)

    async def run(self) -> None:
        """Bring what was appended to the disk, `every` so often, until cancelled.

        Raises:
            TapeError: Nothing more can be recorded, and the recording is required.
        """
        while True:
            await self._clock.sleep(self._every)
            self._hand_over()
            await asyncio.to_thread(self._write)
            self._raise_stopped()
            upto = self._log.roll()
            if upto is not None:
                await self._seal_beside(upto)

    def flush(self) -> None:
        """Return once all that was appended would survive a crash.

        Raises:
            TapeError: Nothing more can be recorded, and the recording is required.
        """
        self._hand_over()
        self._write()
        self._raise_stopped()

    def close(self, facts: Manifest | None = None) -> Manifest:
        """Record the rest, put the tape in order and let go of it.

        Args:
            facts: What is known of the tape at the end, added to what was at the
                start.

        Returns:
            The manifest as written.

        Raises:
            TapeError: The tape cannot be written; what is in the log stays, and
                `polyrules tape seal` can take it up.
        """
        try:
            self._hand_over()
            self._write()
            self._log.close()
            return finish(
                self.path, self._counted(facts), keep=self._keep, has_room=self._fits
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise TapeError(f"{self.path}: cannot be written: {reason}") from error
        finally:
            self._lock.release()

    def abandon(self) -> None:
        """Let go of the tape as it is; what its log holds can be taken up later.

        What can still be written is; nothing is raised, and after `close` nothing
        happens.
        """
        try:
            self._hand_over()
            self._write()
            with contextlib.suppress(OSError):
                self._log.close()
        finally:
            self._lock.release()

    def _backward(self, at: int) -> PolyrulesError:
        if self.taken:
            return InvariantError(f"at runs backward: {at} after {self._last}")
        last, now = (to_datetime(each).isoformat(" ") for each in (self._last, at))
        return TapeError(
            f"{self.path}: its last event was recorded at {last}, and now it is {now}",
            hint="name a new directory with --out, or set the clock",
        )

    def _hand_over(self) -> None:
        self._log.close_block()
        if self._raw is not None:
            self._raw.close_block()

    def _write(self) -> None:
        """Bring to the disk what was handed over; called from any thread."""
        self._log.write()
        if self._raw is None or self._log.stopped is not None:
            return
        refusal = self._room.refusal(self._raw.waiting)
        if refusal:
            self._log.stop(f"recording stopped: {refusal}")
            return
        try:
            self._raw.write()
        except OSError as error:
            self._log.stop(f"raw frames cannot be written: {error.strerror or error}")

    def _fits(self, size: int) -> bool:
        return not self._room.refusal(size)

    def _raise_stopped(self) -> None:
        stopped = self._log.stopped
        if stopped is not None and self._required:
            raise TapeError(stopped.message, hint=stopped.hint)

    def _counted(self, facts: Manifest | None) -> Manifest:
        told = facts or blank()
        dropped = self._raw.dropped if self._raw is not None else 0
        left_out = {UNFIT: self._unfit, LATE: self.lost, DROPPED: dropped}
        counted = {reason: count for reason, count in left_out.items() if count}
        return msgspec.structs.replace(told, left_out={**told.left_out, **counted})

    async def _seal_beside(self, upto: int) -> None:
        """Seal in another process: making files would hold up everything in ours."""
        keep = [] if self._keep is None else [str(self._keep)]
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "polyrules.venues.recording.sealing.seal"),
                *(str(self.path.absolute()), str(upto), *keep),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is meant for us
            )
        except OSError as error:  # no memory or no room for a process: the log stays
            self.trouble = f"cannot be sealed beside: {error.strerror or error}"
            return
        try:
            _, told = await process.communicate()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                process.kill()  # the log keeps everything; `close` does it again
            await process.wait()
            raise
        self.trouble = ""
        if process.returncode:
            lines = told.decode("utf-8", "replace").strip().splitlines()
            self.trouble = lines[-1] if lines else f"exit {process.returncode}"
        else:
            self._log.sealed()
