"""Gamma's listing, page after page, through passing failures.

A page that does not come, or is none, is asked for again from where it stopped. When
nothing came for long the feed is lost; whoever reads says when it is whole again.
"""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import msgspec

from polyrules.clock import Clock
from polyrules.domain.events import FeedLost, FeedRestored
from polyrules.domain.moments import MINUTE, SECOND
from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.http.failures import Refused
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.markets.pages import (
    GroupPage,
    MarketPage,
    Params,
    Source,
)

FEED = "gamma"
Page = TypeVar("Page", MarketPage, GroupPage)


class ReaderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How pages are asked for. Times in microseconds.

    Attributes:
        page: Markets or groups in one page; the venue gives at most 100.
        tries: How often a page is asked for before the reading is broken off.
        retry: Between these.
        lost_after: How long nothing came until the feed counts as lost.
    """

    page: int = 100
    tries: int = 5
    retry: int = 5 * SECOND
    lost_after: int = 3 * MINUTE


class Reader:
    """Asks for pages.

    Attributes:
        lost: Whether the feed is told lost.
    """

    def __init__(
        self,
        rest_gamma: Source,
        inbox: Inbox,
        clock: Clock,
        health: Health,
        *,
        settings: ReaderSettings,
    ) -> None:
        self.lost = False
        self._rest = rest_gamma
        self._inbox = inbox
        self._clock = clock
        self._health = health
        self._settings = settings
        self._failing: int | None = None  # since when

    async def pages(
        self,
        path: str,
        params: Params,
        read: Callable[[bytes], Page],
        *,
        most: int | None = None,
    ) -> AsyncIterator[Page]:
        """Yield the pages of a listing, at most `most` of them.

        Raises:
            VenueError: One did not come, for all its tries.
        """
        given: Params = [*params, ("limit", str(self._settings.page))]
        cursor, number = "", 0
        while most is None or number < most:
            after: Params = [("after_cursor", cursor)] if cursor else []
            page = await self._page(path, [*given, *after], read)
            for reason in page.refused:
                self._health.count(FEED, reason)
            yield page
            if page.cursor is None:
                return
            if page.cursor == cursor:
                raise UnexpectedReply(f"{path}: the next page is the same again")
            cursor, number = page.cursor, number + 1

    def whole(self) -> None:
        """Take note that all that was missed has been read again."""
        if self.lost:
            self.lost = False
            self._inbox.put(FeedRestored(at=self._inbox.now(), feed=FEED))

    async def _page(
        self, path: str, params: Params, read: Callable[[bytes], Page]
    ) -> Page:
        tries = 1
        while True:
            try:
                page = read(await self._rest.get(path, params))
            except VenueError as error:
                self._failed(error)
                if tries >= self._settings.tries or isinstance(error, Refused):
                    raise
                tries += 1
                await self._clock.sleep(self._settings.retry)
            else:
                self._failing = None
                return page

    def _failed(self, error: VenueError) -> None:
        """Count a failure; after a long time of them the feed is lost."""
        now = self._inbox.now()
        if isinstance(error, UnexpectedReply):
            self._health.count(FEED, error.message)
        self._failing = now if self._failing is None else self._failing
        if not self.lost and now - self._failing >= self._settings.lost_after:
            self.lost = True
            self._inbox.put(FeedLost(at=now, feed=FEED, reason=error.message))
