"""Commands to a running simulation: what goes wrong, what resolves, how it stands.

Routes under `/admin`, JSON in and out; an error names the thing and what was expected.
They change the world through functions that are handed in, and know nothing of it.

Only programs on this machine command. A web page in somebody's browser must not, so
that a request with an Origin is refused, and one that was sent to another name than
that of this machine: a page can let its own name lead here. Whoever exposes the venue
to others does not expose the commands.
"""

import functools
import ipaddress
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec
from aiohttp import web

from polyrules.clock import Clock, to_datetime
from polyrules.errors import InputError
from polyrules.venues.simulated.faults import Faults, fault_of
from polyrules.venues.simulated.faults.kinds import Standing

BAD, FORBIDDEN, UNKNOWN = 400, 403, 404
T = TypeVar("T")
PAYOUTS = {"1": Decimal(1), "0": Decimal(0), "0.5": Decimal("0.5")}


class Resolve(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answer a market now: a YES share pays `payout_yes` [usd]."""

    market: str
    payout_yes: Literal["1", "0", "0.5"]


class SetTick(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Change a market's price step [usd/share]."""

    market: str
    tick: Literal["0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001"]


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may do to the world.

    Attributes:
        resolve: (market, payout of YES) -> "" or why not.
        set_tick: (market, tick) -> "" or why not.
        summary: What to show: markets, trades, connections by service.
    """

    resolve: Callable[[str, Decimal], str]
    set_tick: Callable[[str, Decimal], str]
    summary: Callable[[], dict[str, Any]]


class Admin:
    """The commands.

    Args:
        faults: What goes wrong when.
        world: What else can be changed.
        clock: The venue's time.
    """

    def __init__(self, faults: Faults, world: World, clock: Clock) -> None:
        self._faults = faults
        self._world = world
        self._clock = clock

    def routes(self, prefix: str = "/admin") -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get(f"{prefix}/faults", _told(self.show_faults)),
            web.post(f"{prefix}/faults", _told(self.add_faults)),
            web.delete(f"{prefix}/faults", _told(self.clear_faults)),
            web.delete(prefix + "/faults/{id}", _told(self.clear_fault)),
            web.post(f"{prefix}/resolve", _told(self.resolve)),
            web.post(f"{prefix}/tick", _told(self.set_tick)),
            web.get(f"{prefix}/state", _told(self.show_state)),
        ]

    async def show_faults(self, _request: web.Request) -> web.Response:
        """Answer with every fault and what was done so far."""
        return web.json_response(self._shown_faults())

    async def add_faults(self, request: web.Request) -> web.Response:
        """Add one fault or a list of them; `from` counts from now."""
        said = _json(await request.read())
        now = self._clock.now()
        faults = [
            fault_of(each) for each in (said if isinstance(said, list) else [said])
        ]
        added = [self._faults.add(fault, now) for fault in faults]
        return web.json_response({"added": added})

    async def clear_faults(self, _request: web.Request) -> web.Response:
        """End all faults."""
        return web.json_response({"cleared": self._faults.clear()})

    async def clear_fault(self, request: web.Request) -> web.Response:
        """End one fault."""
        number = request.match_info["id"]
        if number.isdecimal() and self._faults.clear(int(number)):
            return web.json_response({"cleared": 1})
        return _refused(f"no fault has the number {number}", UNKNOWN)

    async def resolve(self, request: web.Request) -> web.Response:
        """Answer a market."""
        asked = _read(await request.read(), Resolve)
        problem = self._world.resolve(asked.market, PAYOUTS[asked.payout_yes])
        return _refused(problem, UNKNOWN) if problem else _done(asked.market)

    async def set_tick(self, request: web.Request) -> web.Response:
        """Change a market's tick."""
        asked = _read(await request.read(), SetTick)
        problem = self._world.set_tick(asked.market, Decimal(asked.tick))
        return _refused(problem, UNKNOWN) if problem else _done(asked.market)

    async def show_state(self, _request: web.Request) -> web.Response:
        """Answer with the venue's time, the world's summary and the faults."""
        now = self._clock.now()
        told = {
            "at": now,
            "time": to_datetime(now).isoformat(),
            "speed": self._clock.speed,
            "mode": self._faults.mode(now),
            "world": self._world.summary(),
            **self._shown_faults(),
        }
        return web.json_response(told)

    def _shown_faults(self) -> dict[str, Any]:
        now = self._clock.now()
        counts = sorted(self._faults.counts.items())
        return {
            "faults": [_shown(each, now) for each in self._faults.all()],
            "done": {f"{name} {service}": number for (name, service), number in counts},
        }


def _shown(standing: Standing, now: int) -> dict[str, Any]:
    return {
        "id": standing.id,
        "active": standing.holds(now),
        "begin": standing.begin,
        "end": standing.end,
        **msgspec.to_builtins(standing.fault),
    }


Handler = Callable[[web.Request], Awaitable[web.Response]]


def _told(handler: Handler) -> Handler:
    """Answer with an error where the command is none, or not from this machine."""

    @functools.wraps(handler)
    async def answer(request: web.Request) -> web.Response:
        problem = _foreign(request)
        if problem:
            return _refused(problem, FORBIDDEN)
        try:
            return await handler(request)
        except InputError as error:
            return _refused(error.message, BAD)

    return answer


def _foreign(request: web.Request) -> str:
    """Return why a request is not taken for that of a program here; "" if it is."""
    if (origin := request.headers.get("Origin")) is not None:
        return f"commands are not for web pages, this came from {origin[:100]}"
    host = request.headers.get("Host", "")
    if not _is_address(_name(host)):
        return (
            f"commands are for this machine, this was sent to {host[:100]};"
            " send them to 127.0.0.1 or localhost"
        )
    if not _is_near(request):
        return f"commands are taken from this machine only, not from {request.remote}"
    return ""


def _name(host: str) -> str:
    """Return a Host without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    """Tell whether no page could have made this name lead here."""
    if name.lower() == "localhost":
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_near(request: web.Request) -> bool:
    """Tell whether a request comes from this machine: by loopback, or to itself."""
    transport = request.transport
    if transport is None:
        return False  # it is gone already
    peer, own = (transport.get_extra_info(key) for key in ("peername", "sockname"))
    if not peer or not own:
        return False
    address = ipaddress.ip_address(peer[0].partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)  # ::ffff:127.0.0.1
    return (mapped or address).is_loopback or peer[0] == own[0]


def _refused(problem: str, status: int) -> web.Response:
    return web.json_response({"error": problem}, status=status)


def _done(market: str) -> web.Response:
    return web.json_response({"done": market})


def _json(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"the body is not JSON: {error}") from error


def _read(body: bytes, shape: type[T]) -> T:
    try:
        return msgspec.convert(_json(body), type=shape)
    except msgspec.ValidationError as error:
        what = str(error)
        raise InputError(what[:1].lower() + what[1:]) from error
