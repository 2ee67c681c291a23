"""Recording live data without trading on it: the data plane onto a tape."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec

from polyrules.app.live import clock_of, settings_of
from polyrules.app.snapshots import Snapshots
from polyrules.clock import Clock
from polyrules.config import Desk
from polyrules.domain.events import ClockTicked, Event
from polyrules.domain.moments import SECOND
from polyrules.features.catalog import Feed
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.plane import Plane
from polyrules.venues.recording.recording import Recording
from polyrules.venues.recording.selection import Selection
from polyrules.venues.recording.session import Recorded, record
from polyrules.venues.tape.manifest import FORMAT, Manifest

STEER_EVERY = 10 * SECOND  # how often the markets worth following are chosen anew
SNAPSHOTS = "snapshots"  # below the tape
FEEDS = (Feed.GAMMA, Feed.BOOK, Feed.TRADES, Feed.RTDS, Feed.CLOCK)


class Progress(msgspec.Struct, kw_only=True):
    """How a recording goes, for whoever looks on.

    Attributes:
        events: Events on their way to the tape so far.
        markets: Markets that were chosen.
        coverage: Share of the followed tokens whose data is fresh; None: unknown yet.
        bytes: Bytes the tape takes on the disk.
        at: The venue's time [microseconds UTC].
    """

    events: int = 0
    markets: int = 0
    coverage: float | None = None
    bytes: int = 0
    at: int = 0


class RecordJob(msgspec.Struct, frozen=True, kw_only=True):
    """What to record, and how much of it.

    Attributes:
        desk: Where the venue is, and how much of it to collect.
        out: The tape's directory.
        markets: Words that choose markets, as of `Selection`; none: all.
        lasts: How long [microseconds of the venue's time]; None: until told.
        raw: Whether to keep the venue's own frames, too.
        snapshots: Whether to write features of every tier snapshot beside the tape.
        quota_bytes: The most bytes the tape may take.
        keep: How many days to keep; None: all.
    """

    desk: Desk
    out: Path
    markets: tuple[str, ...] = ()
    lasts: int | None = None
    raw: bool = False
    snapshots: bool = False
    quota_bytes: int | None = None
    keep: int | None = None


async def record_live(
    job: RecordJob, look: Callable[[Progress], None] = lambda _: None
) -> Recorded:
    """Record live data until its time is over or the task is cancelled.

    Args:
        job: What to record.
        look: Is shown how it goes at every tick.

    Raises:
        InputError: A word selects no market.
        VenueError: The venue cannot be reached.
        TapeError: The tape cannot be written.
    """
    selection = Selection(job.markets)
    async with live_feed(job.desk) as (plane, clock):
        recording = Recording(
            job.out,
            clock=clock,
            quota_bytes=job.quota_bytes,
            keep=job.keep,
            raw=job.raw,
            facts=Manifest(
                format=FORMAT,
                made_by="",
                title="recorded live",
                feeds=tuple(feed.value for feed in FEEDS if feed is not Feed.CLOCK),
                tick=job.desk.tick,
            ),
        )
        plane.keep_frames(recording.append_raw if job.raw else None)
        with recording, _snapshots(job) as snapshots:
            most = job.desk.collection.subscriptions_max
            beside = Beside(plane, recording, selection, snapshots, look, most=most)
            return await record(
                plane, recording, selection, lasts=job.lasts, see=beside.see
            )


@asynccontextmanager
async def live_feed(desk: Desk) -> AsyncIterator[tuple[Plane, Clock]]:
    """Open a desk's data plane, for as long as it is used.

    Raises:
        VenueError: The venue cannot be reached.
    """
    health = Health()
    clock = await clock_of(desk, health)
    plane = Plane(settings_of(desk, (), set()), clock, health)
    try:
        await plane.open()
        yield plane, clock
    finally:
        await plane.close()


class Beside:
    """What goes on beside a recording: choosing what to follow, telling how it goes."""

    def __init__(
        self,
        plane: Plane,
        recording: Recording,
        selection: Selection,
        snapshots: Snapshots | None,
        look: Callable[[Progress], None],
        *,
        most: int,
    ) -> None:
        self._plane = plane
        self._recording = recording
        self._selection = selection
        self._snapshots = snapshots
        self._look = look
        self._most = most
        self._due = 0
        self._progress = Progress()

    def see(self, event: Event) -> None:
        """Look at an event that was taken."""
        if self._snapshots is not None:
            self._snapshots.see(event)
        if not isinstance(event, ClockTicked):
            return
        if event.at >= self._due:
            self._due = event.at + STEER_EVERY
            wanted = self._selection.nearest()
            self._plane.follow(wanted[: self._most], wanted)
            self._progress.bytes = self._recording.size
        self._progress.events = self._recording.taken
        self._progress.markets = self._selection.markets
        self._progress.coverage = self._plane.health.gauges.get("coverage")
        self._progress.at = event.at
        self._look(self._progress)


@contextmanager
def _snapshots(job: RecordJob) -> Iterator[Snapshots | None]:
    """Open the table of features, if it is wanted, and put it in order at the end."""
    if not job.snapshots:
        yield None
        return
    folder = job.out / SNAPSHOTS
    snapshots = Snapshots(folder, job.desk.collection.tier_every, FEEDS)
    try:
        yield snapshots
    finally:
        snapshots.close()
