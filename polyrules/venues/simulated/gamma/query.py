"""What a request to Gamma asks for: how many, in which order, which, and from where."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

from aiohttp import web

from polyrules.domain.money import ONE
from polyrules.venues.simulated.world.story import Story

LIMIT, LIMIT_DEFAULT = 100, 20
OFFSET_MAX = 10_000
BATCH_MAX = 100  # ids in one question


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


def order_of(request: web.Request) -> tuple[str, Callable[[Story], float], bool]:
    """Return the order's name, what it sorts by, and whether it goes down."""
    said = request.query.get("order", "")
    value = ORDERS.get(said, number_of)
    down = (
        said in ORDERS
        if "ascending" not in request.query
        else not flag(request, "ascending")
    )
    return (said if said in ORDERS else "id"), value, down


def names_of(request: web.Request) -> list[str] | None:
    """Return the ids, slugs, conditions or tokens that are asked for, if any."""
    keys = ("condition_ids", "clob_token_ids", "slug", "id")
    said = [name for key in keys for name in request.query.getall(key, [])]
    names = [each for name in said for each in name.split(",") if each]
    return names[:BATCH_MAX] if said else None


def is_within(story: Story, request: web.Request) -> bool:
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


def flag(request: web.Request, name: str) -> bool | None:
    """Return a flag of the query, None where it is not said."""
    said = request.query.get(name, "").lower()
    return None if said not in ("true", "false", "1", "0") else said in ("true", "1")


def limit_of(request: web.Request) -> int:
    """Return how many rows are asked for; the venue clamps without a word."""
    said = request.query.get("limit", "")
    return min(max(int(said), 1), LIMIT) if said.isdecimal() else LIMIT_DEFAULT


def offset_of(request: web.Request) -> int:
    """Return how many rows are to be left out."""
    said = request.query.get("offset", "")
    return min(int(said), OFFSET_MAX) if said.isdecimal() else 0


def cursor_of(value: float, number: int) -> str:
    """Return the cursor of a place in an order."""
    return urlsafe_b64encode(f"{value!r} {number}".encode()).decode()


def place_of(cursor: str) -> tuple[float, int]:
    """Return the place that a cursor names.

    Raises:
        HTTPUnprocessableEntity: It names none.
    """
    try:
        value, _, number = urlsafe_b64decode(cursor).decode().partition(" ")
        return float(value), int(number)
    except ValueError:
        raise web.HTTPUnprocessableEntity(
            text='{"type":"validation error","error":"invalid cursor"}',
            content_type="application/json",
        ) from None
