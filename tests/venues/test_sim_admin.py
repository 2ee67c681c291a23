"""The commands to a simulated venue: what they change, and who may give them."""

import asyncio
import random
from decimal import Decimal
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from polyrules.clock import Scaled
from polyrules.venues.simulated.admin import Admin, World
from polyrules.venues.simulated.faults import Faults, fault_of

S = 1_000_000
BEGIN = 1_772_452_800 * S
SOCKET = "market_channel"


class Commanded:
    """The commands on loopback, and what they did to the world."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Decimal]] = []
        self.faults = Faults(random.Random(7))  # noqa: S311 - a play
        world = World(
            resolve=self._did, set_tick=self._did, summary=lambda: {"markets": 3}
        )
        app = web.Application()
        clock = Scaled(BEGIN, 0.001)
        self.commands = Admin(self.faults, world, clock)
        app.add_routes(self.commands.routes())
        self.client = TestClient(TestServer(app))

    def _did(self, market: str, value: Decimal) -> str:
        if market != "0xa":
            return f"no market has the condition id {market}"
        self.done.append((market, value))
        return ""


async def test_faults_are_added_shown_and_cleared_by_command() -> None:
    made = Commanded()
    said = [{"fault": "freeze", "service": SOCKET, "for": "1m"}, {"fault": "restart"}]
    async with made.client as client:
        added = await (await client.post("/admin/faults", json=said)).json()
        assert added == {"added": [1, 2]}
        assert made.faults.frames(SOCKET, "a", "1", "{}", BEGIN + S) == []

        shown = await (await client.get("/admin/faults")).json()
        assert [each["fault"] for each in shown["faults"]] == ["freeze", "restart"]
        assert shown["faults"][0]["active"] is True
        assert shown["faults"][0]["for"] == "1m"
        assert shown["done"] == {"freeze market_channel": 1}

        state = await (await client.get("/admin/state")).json()
        assert (state["mode"], state["world"]) == ("restarting", {"markets": 3})
        assert (await client.delete("/admin/faults/2")).status == 200
        unknown = await client.delete("/admin/faults/2")
        assert await unknown.json() == {"error": "no fault has the number 2"}
        assert await (await client.delete("/admin/faults")).json() == {"cleared": 1}


async def test_a_market_is_answered_and_its_tick_changed_by_command() -> None:
    made = Commanded()
    async with made.client as client:
        answer = {"market": "0xa", "payout_yes": "0.5"}
        assert (await client.post("/admin/resolve", json=answer)).status == 200
        tick = {"market": "0xa", "tick": "0.001"}
        assert (await client.post("/admin/tick", json=tick)).status == 200

    assert made.done == [("0xa", Decimal("0.5")), ("0xa", Decimal("0.001"))]


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("faults", "{", 400, "the body is not JSON"),
        ("faults", '{"fault": "thaw"}', 400, "fault: expected freeze, drop"),
        ("resolve", '{"market": "0xa", "payout_yes": "2"}', 400, "invalid enum value"),
        ("resolve", '{"market": "0xa"}', 400, "missing required field `payout_yes`"),
        ("resolve", '{"market": "0xb", "payout_yes": "1"}', 404, "condition id 0xb"),
        ("tick", '{"market": "0xa", "tick": "0.02"}', 400, "invalid enum value"),
        ("tick", "[]", 400, "expected `object`, got `array`"),
    ],
)
async def test_a_wrong_command_is_refused_and_changes_nothing(
    path: str, body: str, status: int, told: str
) -> None:
    made = Commanded()
    async with made.client as client:
        answer = await client.post(f"/admin/{path}", data=body)
        error = (await answer.json())["error"]

    assert (answer.status, made.done, made.faults.all()) == (status, [], ())
    assert told in error


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Origin": "https://evil.example"}, "came from https://evil.example"),
        ({"Origin": "null"}, "not for web pages"),
        ({"Origin": "http://127.0.0.1:8780"}, "not for web pages"),
        ({"Host": "evil.example"}, "this was sent to evil.example; send them to 127"),
        ({"Host": "evil.example:8780"}, "commands are for this machine"),
        ({"Host": "127.0.0.1.evil.example"}, "commands are for this machine"),
        ({"Host": ""}, "commands are for this machine"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "faults"),
        ("POST", "faults"),
        ("DELETE", "faults"),
        ("DELETE", "faults/1"),
        ("POST", "resolve"),
        ("POST", "tick"),
        ("GET", "state"),
    ],
)
async def test_no_web_page_commands(
    method: str, path: str, headers: dict[str, str], told: str
) -> None:
    made = Commanded()
    made.faults.add(fault_of({"fault": "cancel_only"}), BEGIN)
    async with made.client as client:
        said = '{"fault": "restart"}'
        answer = await client.request(
            method, f"/admin/{path}", data=said, headers=headers
        )
        error = (await answer.json())["error"]

    assert answer.status == 403
    assert told in error
    assert [each.id for each in made.faults.all()] == [1]
    assert made.done == []


@pytest.mark.parametrize("host", ["localhost:8780", "127.0.0.1", "[::1]:8780"])
async def test_programs_on_this_machine_command_by_any_of_its_names(host: str) -> None:
    made = Commanded()
    async with made.client as client:
        answer = await client.get("/admin/state", headers={"Host": host})

    assert answer.status == 200


@pytest.mark.parametrize(
    ("peer", "own", "status"),
    [
        ("192.168.1.9", "192.168.1.5", 403),
        ("2001:db8::9", "2001:db8::5", 403),
        ("fe80::9%eth0", "fe80::5%eth0", 403),
        ("192.168.1.5", "192.168.1.5", 200),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", 200),
        ("::ffff:192.168.1.9", "::ffff:192.168.1.5", 403),
        ("::1", "::1", 200),
    ],
)
async def test_nobody_else_commands_where_the_venue_is_exposed(
    peer: str, own: str, status: int
) -> None:
    made = Commanded()
    transport = Mock(spec=asyncio.Transport)
    names = {"peername": (peer, 40_000), "sockname": (own, 8780)}
    transport.get_extra_info.side_effect = names.get
    request = make_mocked_request(
        "GET", "/admin/state", {"Host": "localhost:8780"}, transport=transport
    )
    (show,) = (
        route.handler for route in made.commands.routes() if "state" in route.path
    )

    async with made.client:
        answer = await show(request)

    assert isinstance(answer, web.Response)
    assert answer.status == status
