"""One recording from beginning to end: a feed goes onto a tape until it is enough.

However it ends - by its time, by the operator, by a failure of the feed or the disk -
the tape is put in order before anyone hears of it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

import msgspec

from polyrules.domain.events import Event
from polyrules.domain.ports import Feed
from polyrules.errors import TapeError
from polyrules.venues.recording.recording import Recording
from polyrules.venues.recording.selection import Selection
from polyrules.venues.tape.manifest import Manifest

FINISHED = "the feed ended"
TIME = "its time was over"
INTERRUPTED = "interrupted"

See = Callable[[Event], None]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a recording: why it ended, and the tape's own words."""

    ended: str
    events: int
    lost: int
    manifest: Manifest


async def record(
    feed: Feed,
    recording: Recording,
    selection: Selection,
    *,
    lasts: int | None = None,
    see: See = lambda _: None,
) -> Recorded:
    """Record a feed until it ends, its time is over, or the task is cancelled.

    A cancellation ends the recording in order; the task itself then returns.

    Args:
        feed: What happens; ticks tell how time goes by.
        recording: Where it goes; closed when this returns or raises.
        selection: Which markets are wanted.
        lasts: How long [microseconds of the feed's time]; None: until something ends
            it.
        see: Is shown every wanted event and every tick, after it was taken.

    Raises:
        TapeError: The tape cannot be written any more; what it holds is in order.
        VenueError: The feed failed; what it told before is on the tape.
    """
    flushing = asyncio.create_task(recording.run())
    try:
        ended = await _take(feed, recording, selection, lasts, see)
    except asyncio.CancelledError:
        ended = INTERRUPTED
    finally:
        flushing.cancel()
        with suppress(asyncio.CancelledError, TapeError):  # `append` told of it, too
            await flushing
        manifest = recording.close()
    if recording.stopped is not None:
        raise recording.stopped
    return Recorded(
        ended=ended, events=recording.taken, lost=recording.lost, manifest=manifest
    )


async def _take(
    feed: Feed,
    recording: Recording,
    selection: Selection,
    lasts: int | None,
    see: See,
) -> str:
    first: int | None = None
    async with aclosing(_stream(feed)) as events:
        async for event in events:
            first = event.at if first is None else first
            if lasts is not None and event.at - first >= lasts:
                return TIME
            if selection.takes(event):
                recording.append(event)
                see(event)
    return FINISHED


async def _stream(feed: Feed) -> AsyncGenerator[Event, None]:
    async for event in feed.events():
        yield event
