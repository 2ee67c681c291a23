"""The simulated Gamma: listings of markets and events, by page, by slug, by token.

As the venue's: without `closed` closed ones are listed too, `limit` is clamped to 100
without a word, `order` in snake case is passed over, `order=volume` sorts as text, and
what is not there is a 404 in JSON.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web

from polyrules.venues.simulated.gamma.query import (
    cursor_of,
    flag,
    is_within,
    limit_of,
    names_of,
    offset_of,
    order_of,
    place_of,
)
from polyrules.venues.simulated.gamma.store import Placed, Store
from polyrules.venues.simulated.played import Played
from polyrules.venues.simulated.world.people import Whale
from polyrules.venues.simulated.world.story import Story

MANY = 1 << 62
Pages = Callable[[web.Request], web.Response]


class Gamma:
    """The pages.

    Args:
        world: What there is.
    """

    def __init__(self, world: Played) -> None:
        self._store = Store(world)
        self._whales: dict[str, Whale] = {each.address: each for each in world.whales}

    def routes(self, prefix: str = "/gamma") -> list[web.RouteDef]:
        """Return the routes, below a prefix."""
        pages: tuple[tuple[str, Pages], ...] = (
            ("/markets/keyset", self.markets_by_key),
            ("/events/keyset", self.events_by_key),
            ("/markets", self.markets),
            ("/events", self.events),
            ("/markets/slug/{name}", self.market),
            ("/events/slug/{name}", self.event),
            ("/markets/{name}", self.market),
            ("/events/{name}", self.event),
            ("/public-profile", self.profile),
        )
        return [web.get(f"{prefix}{path}", _async(page)) for path, page in pages]

    # -- markets -------------------------------------------------------------------

    def markets_by_key(self, request: web.Request) -> web.Response:
        """Answer a page of markets, and where the next begins."""
        if "offset" in request.query:
            return _refused("offset is not supported: use after_cursor", 422)
        limit = limit_of(request)
        found: list[bytes] = []
        last: Placed = (0.0, 0, 0)
        for place, story in self._matching(request, self._after(request)):
            if len(found) == limit:
                return _page("markets", found, cursor_of(*last[:2]))
            found.append(self._told(story, request))
            last = place
        return _page("markets", found, None)

    def markets(self, request: web.Request) -> web.Response:
        """Answer a list of markets, without telling whether there are more."""
        limit, offset = limit_of(request), offset_of(request)
        found: list[bytes] = []
        for number, (_, story) in enumerate(self._matching(request, None)):
            if number >= offset + limit:
                break
            if number >= offset:
                found.append(self._told(story, request))
        return _bare(found)

    def market(self, request: web.Request) -> web.Response:
        """Answer one market by its id or slug."""
        story = self._store.find(request.match_info["name"])
        if story is None:
            return _refused("id not found", 404, kind="not found error")
        return _json(self._told(story, request))

    def _told(self, story: Story, request: web.Request) -> bytes:
        return self._store.market(story, tags=flag(request, "include_tag") is True)

    def _after(self, request: web.Request) -> tuple[float, int] | None:
        cursor = request.query.get("after_cursor", "")
        return place_of(cursor) if cursor else None

    def _matching(
        self, request: web.Request, after: tuple[float, int] | None
    ) -> Iterator[tuple[Placed, Story]]:
        """Yield the markets that are asked for, in the order that is.

        Each comes with its place in that order, as it stood when it was sorted: by
        what it is now, a cursor could lead back to where it came from.
        """
        closed = flag(request, "closed")
        tag = request.query.get("tag_slug", "")
        for place, story in self._asked(request, after):
            if closed is not None and self._store.is_closed(story) is not closed:
                continue
            if tag and tag not in story.listed.tags:
                continue
            if is_within(story, request):
                yield place, story

    def _asked(
        self, request: web.Request, after: tuple[float, int] | None
    ) -> Iterator[tuple[Placed, Story]]:
        names = names_of(request)
        if names is not None:
            found = (self._store.find(name) for name in dict.fromkeys(names))
            kept = {story.listed.id: story for story in found if story is not None}
            return (((0.0, 0, 0), story) for story in kept.values())
        key, value, down = order_of(request)
        stories = self._store.stories(key, value)
        if down:
            last = len(stories) if after is None else bisect_left(stories, (*after, 0))
            return self._placed(stories, range(last - 1, -1, -1))
        first = 0 if after is None else bisect_right(stories, (*after, MANY))
        return self._placed(stories, range(first, len(stories)))

    def _placed(
        self, places: list[Placed], numbers: range
    ) -> Iterator[tuple[Placed, Story]]:
        return ((places[n], self._store.at(places[n])) for n in numbers)

    # -- events --------------------------------------------------------------------

    def events_by_key(self, request: web.Request) -> web.Response:
        """Answer a page of events, and where the next begins."""
        limit = limit_of(request)
        after = self._after(request)
        found: list[bytes] = []
        last = 0
        for number in self._matching_events(request, int(after[0]) if after else None):
            if len(found) == limit:
                return _page("events", found, cursor_of(float(last), last))
            found.append(self._told_event(number, request))
            last = number
        return _page("events", found, None)

    def events(self, request: web.Request) -> web.Response:
        """Answer a list of events, without telling whether there are more."""
        limit, offset = limit_of(request), offset_of(request)
        numbers = list(self._matching_events(request, None))[offset : offset + limit]
        return _bare([self._told_event(number, request) for number in numbers])

    def event(self, request: web.Request) -> web.Response:
        """Answer one event by its id or slug."""
        stories = self._store.event(request.match_info["name"])
        if stories is None:
            return _refused("id not found", 404, kind="not found error")
        return _json(self._told_event(stories[0].event.id, request))

    def _told_event(self, number: int, request: web.Request) -> bytes:
        inside = flag(request, "include_markets") is not False
        return self._store.event_json(number, markets=inside)

    def _matching_events(
        self, request: web.Request, after: int | None
    ) -> Iterator[int]:
        closed = flag(request, "closed")
        query = request.query
        wanted = (query.get("tag_slug", ""), query.get("series_id", ""))
        slugs = query.getall("slug", [])
        numbers = self._store.events()
        down = flag(request, "ascending") is False
        if after is not None and down:
            numbers = numbers[: bisect_left(numbers, after)]
        elif after is not None:
            numbers = numbers[bisect_right(numbers, after) :]
        for number in reversed(numbers) if down else numbers:
            event = self._store.event_of(number)[0].event
            if closed is not None and self._store.is_over(number) is not closed:
                continue
            if wanted[0] and wanted[0] not in event.tags:
                continue
            if wanted[1] and wanted[1] != event.series:
                continue
            if not slugs or event.slug in slugs:
                yield number

    # -- people --------------------------------------------------------------------

    def profile(self, request: web.Request) -> web.Response:
        """Answer who a wallet is."""
        whale = self._whales.get(request.query.get("address", "").lower())
        if whale is None:
            return _refused("profile not found", 404, kind="not found error")
        return web.json_response(
            {
                "proxyWallet": whale.address,
                "name": whale.name,
                "pseudonym": whale.name.replace("_", " ").title(),
                "bio": "",
                "displayUsernamePublic": True,
            }
        )


async def geoblock(_: web.Request) -> web.Response:
    """Answer that we may trade from here."""
    told = {"blocked": False, "ip": "127.0.0.1", "country": "IE", "region": "L"}
    return web.json_response(told)


def _async(page: Pages) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        return page(request)

    return answer


def _page(name: str, found: list[bytes], cursor: str | None) -> web.Response:
    after = b"" if cursor is None else b',"next_cursor":"' + cursor.encode() + b'"'
    return _json(
        b'{"' + name.encode() + b'":[' + b",".join(found) + b"]" + after + b"}"
    )


def _bare(found: list[bytes]) -> web.Response:
    return _json(b"[" + b",".join(found) + b"]")


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


def _refused(problem: str, status: int, kind: str = "validation error") -> web.Response:
    return web.json_response({"type": kind, "error": problem}, status=status)
