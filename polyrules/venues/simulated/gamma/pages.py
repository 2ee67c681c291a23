"""The simulated Gamma: listings of markets and events, by page, by slug, by token.

As the venue's: without `closed` closed ones are listed too, `limit` is clamped to 100
without a word, `order` in snake case is passed over, `order=volume` sorts as text, and
what is not there is a 404 in JSON.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web

from polyrules.domain.money import ONE
from polyrules.venues.simulated.gamma.store import Store
from polyrules.venues.simulated.played import Played
from polyrules.venues.simulated.world.people import Whale
from polyrules.venues.simulated.world.story import Story

LIMIT, LIMIT_DEFAULT = 100, 20
OFFSET_MAX = 10_000
BATCH_MAX = 100  # ids in one question
MANY = 1 << 62
Pages = Callable[[web.Request], web.Response]


def number_of(story: Story) -> float:
    """Return a market's number at Gamma."""
    return float(story.listed.gamma_id)


ORDERS: dict[str, Callable[[Story], float]] = {
    "id": number_of,
    "volumeNum": lambda story: story.volume + story.traded,
    "volume24hr": lambda story: story.volume_24h + story.traded,
    "liquidityNum": lambda story: story.manner.lot * story.manner.levels,
    "endDate": lambda story: float(story.end // ONE),
    "startDate": lambda story: float(story.listed.created // ONE),
    "createdAt": lambda story: float(story.listed.created // ONE),
    "updatedAt": lambda story: float(story.changed // ONE),
}


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
        limit = _limit(request)
        found: list[bytes] = []
        last: Story | None = None
        for story in self._matching(request, self._after(request)):
            if len(found) == limit:
                return _page("markets", found, _cursor(last, request))
            found.append(self._told(story, request))
            last = story
        return _page("markets", found, None)

    def markets(self, request: web.Request) -> web.Response:
        """Answer a list of markets, without telling whether there are more."""
        limit, offset = _limit(request), _offset(request)
        found: list[bytes] = []
        for number, story in enumerate(self._matching(request, None)):
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
        return self._store.market(story, tags=_flag(request, "include_tag") is True)

    def _after(self, request: web.Request) -> tuple[float, int] | None:
        cursor = request.query.get("after_cursor", "")
        return _place(cursor) if cursor else None

    def _matching(
        self, request: web.Request, after: tuple[float, int] | None
    ) -> Iterator[Story]:
        """Yield the markets that are asked for, in the order that is."""
        closed = _flag(request, "closed")
        tag = request.query.get("tag_slug", "")
        for story in self._asked(request, after):
            if closed is not None and self._store.is_closed(story) is not closed:
                continue
            if tag and tag not in story.listed.tags:
                continue
            if _within(story, request):
                yield story

    def _asked(
        self, request: web.Request, after: tuple[float, int] | None
    ) -> Iterator[Story]:
        names = _names(request)
        if names is not None:
            found = (self._store.find(name) for name in dict.fromkeys(names))
            kept = {story.listed.id: story for story in found if story is not None}
            return iter(kept.values())
        key, value, down = _order(request)
        stories = self._store.stories(key, value)
        if down:
            last = len(stories) if after is None else bisect_left(stories, (*after, 0))
            return (self._store.at(stories[n]) for n in range(last - 1, -1, -1))
        first = 0 if after is None else bisect_right(stories, (*after, MANY))
        return (self._store.at(stories[n]) for n in range(first, len(stories)))

    # -- events --------------------------------------------------------------------

    def events_by_key(self, request: web.Request) -> web.Response:
        """Answer a page of events, and where the next begins."""
        limit = _limit(request)
        after = self._after(request)
        found: list[bytes] = []
        last = 0
        for number in self._matching_events(request, int(after[0]) if after else None):
            if len(found) == limit:
                return _page("events", found, _encoded(float(last), last))
            found.append(self._told_event(number, request))
            last = number
        return _page("events", found, None)

    def events(self, request: web.Request) -> web.Response:
        """Answer a list of events, without telling whether there are more."""
        limit, offset = _limit(request), _offset(request)
        numbers = list(self._matching_events(request, None))[offset : offset + limit]
        return _bare([self._told_event(number, request) for number in numbers])

    def event(self, request: web.Request) -> web.Response:
        """Answer one event by its id or slug."""
        stories = self._store.event(request.match_info["name"])
        if stories is None:
            return _refused("id not found", 404, kind="not found error")
        return _json(self._told_event(stories[0].event.id, request))

    def _told_event(self, number: int, request: web.Request) -> bytes:
        inside = _flag(request, "include_markets") is not False
        return self._store.event_json(number, markets=inside)

    def _matching_events(
        self, request: web.Request, after: int | None
    ) -> Iterator[int]:
        closed = _flag(request, "closed")
        query = request.query
        wanted = (query.get("tag_slug", ""), query.get("series_id", ""))
        slugs = query.getall("slug", [])
        numbers = self._store.events()
        down = _flag(request, "ascending") is False
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


def _order(request: web.Request) -> tuple[str, Callable[[Story], float], bool]:
    """Return the order's name, what it sorts by, and whether it goes down."""
    said = request.query.get("order", "")
    value = ORDERS.get(said, number_of)
    down = (
        said in ORDERS
        if "ascending" not in request.query
        else not _flag(request, "ascending")
    )
    return (said if said in ORDERS else "id"), value, down


def _names(request: web.Request) -> list[str] | None:
    """Return the ids, slugs, conditions or tokens that are asked for, if any."""
    keys = ("condition_ids", "clob_token_ids", "slug", "id")
    said = [name for key in keys for name in request.query.getall(key, [])]
    names = [each for name in said for each in name.split(",") if each]
    return names[:BATCH_MAX] if said else None


def _within(story: Story, request: web.Request) -> bool:
    """Tell whether a market lies within the bounds that are asked for."""
    query = request.query
    usd = query.get("volume_num_min", "")
    if usd and story.volume + story.traded < _number(usd):
        return False
    return not (low := query.get("liquidity_num_min", "")) or (
        story.manner.lot * story.manner.levels >= _number(low)
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _flag(request: web.Request, name: str) -> bool | None:
    said = request.query.get(name, "").lower()
    return None if said not in ("true", "false", "1", "0") else said in ("true", "1")


def _limit(request: web.Request) -> int:
    said = request.query.get("limit", "")
    return min(max(int(said), 1), LIMIT) if said.isdecimal() else LIMIT_DEFAULT


def _offset(request: web.Request) -> int:
    said = request.query.get("offset", "")
    return min(int(said), OFFSET_MAX) if said.isdecimal() else 0


def _cursor(story: Story | None, request: web.Request) -> str:
    assert story is not None, "a full page has a last market"
    _, value, _ = _order(request)
    return _encoded(value(story), int(story.listed.gamma_id))


def _encoded(value: float, number: int) -> str:
    return urlsafe_b64encode(f"{value!r} {number}".encode()).decode()


def _place(cursor: str) -> tuple[float, int]:
    try:
        value, _, number = urlsafe_b64decode(cursor).decode().partition(" ")
        return float(value), int(number)
    except ValueError:
        raise web.HTTPUnprocessableEntity(
            text='{"type":"validation error","error":"invalid cursor"}',
            content_type="application/json",
        ) from None


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
