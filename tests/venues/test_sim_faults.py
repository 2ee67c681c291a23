"""Faults on command: who is struck, when, how often, and what a wrong plan is told."""

import random
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientConnectionError, web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from polyrules.clock import Scaled
from polyrules.errors import InputError
from polyrules.venues.simulated.admin import Admin, World
from polyrules.venues.simulated.faults import Faults, fault_of, gate, plan

S = 1_000_000
BEGIN = 1_772_452_800 * S
SOCKET = "market_channel"


def faults(*said: object, since: int = BEGIN) -> Faults:
    made = Faults(random.Random(7))  # noqa: S311 - a play
    for each in said:
        made.add(fault_of(each), since)
    return made


def sent(made: Faults, number: int, at: int = BEGIN, token: str = "1") -> list[str]:
    return [
        frame
        for index in range(number)
        for frame in made.frames(SOCKET, "a", token, str(index), at)
    ]


def test_without_faults_every_frame_goes_out_as_it_is() -> None:
    made = faults()

    assert sent(made, 3) == ["0", "1", "2"]
    assert made.counts == {}


def test_a_fault_strikes_from_its_begin_until_its_end() -> None:
    made = faults({"fault": "freeze", "service": SOCKET, "from": "10s", "for": "5s"})

    assert sent(made, 1, BEGIN + 10 * S - 1) == ["0"]
    assert sent(made, 1, BEGIN + 10 * S) == []
    assert sent(made, 1, BEGIN + 15 * S - 1) == []
    assert sent(made, 1, BEGIN + 15 * S) == ["0"]
    assert made.counts == {("freeze", SOCKET): 2}


def test_a_fault_of_one_token_leaves_the_others_alone() -> None:
    made = faults({"fault": "freeze", "service": SOCKET, "token": "1"})

    assert sent(made, 1, token="1") == []
    assert sent(made, 1, token="2") == ["0"]


def test_a_fault_of_one_service_leaves_the_others_alone() -> None:
    made = faults({"fault": "freeze", "service": "rtds"})

    assert sent(made, 1) == ["0"]


def test_frozen_once_means_a_new_socket_works() -> None:
    made = faults({"fault": "freeze", "service": SOCKET, "from": "9s", "once": True})
    made.opened(SOCKET, "old", BEGIN)
    made.opened(SOCKET, "new", BEGIN + 10 * S)

    assert made.frames(SOCKET, "old", None, "x", BEGIN + 11 * S) == []
    assert made.frames(SOCKET, "new", None, "x", BEGIN + 11 * S) == ["x"]


def test_about_the_stated_share_is_dropped() -> None:
    made = faults({"fault": "drop", "service": SOCKET, "share": 0.25})

    assert 700 < len(sent(made, 1000)) < 800


def test_only_the_named_event_is_dropped() -> None:
    made = faults(
        {"fault": "drop", "service": SOCKET, "share": 1, "event": "market_resolved"}
    )

    resolved = '{"event_type":"market_resolved"}'
    assert made.frames(SOCKET, "a", None, resolved, BEGIN) == []
    assert made.frames(SOCKET, "a", None, '{"event_type":"book"}', BEGIN) != []


def test_duplicates_come_at_once() -> None:
    made = faults({"fault": "duplicate", "service": SOCKET, "share": 1})

    assert sent(made, 2) == ["0", "0", "1", "1"]


def test_a_garbled_frame_ends_in_the_middle() -> None:
    made = faults({"fault": "garble", "service": SOCKET, "share": 1})

    assert made.frames(SOCKET, "a", None, '{"a":1}', BEGIN) == ['{"a']


def test_what_lags_comes_late_and_in_order() -> None:
    made = faults({"fault": "lag", "service": SOCKET, "delay": "3s"})
    assert sent(made, 2) == []

    assert made.late(SOCKET, "a", BEGIN + 3 * S - 1) == []
    assert made.late(SOCKET, "a", BEGIN + 3 * S) == ["0", "1"]
    assert made.late(SOCKET, "a", BEGIN + 9 * S) == []


def test_what_was_held_back_is_forgotten_with_its_socket() -> None:
    made = faults({"fault": "lag", "service": SOCKET, "delay": "3s"})
    sent(made, 2)

    made.closed(SOCKET, "a")

    assert made.late(SOCKET, "a", BEGIN + 9 * S) == []


@given(seed=st.integers(), share=st.floats(0, 1), gap=st.integers(0, S))
def test_reordering_never_loses_and_never_doubles(
    seed: int, share: float, gap: int
) -> None:
    made = Faults(random.Random(seed))  # noqa: S311 - a play
    made.add(fault_of({"fault": "reorder", "service": SOCKET, "share": share}), BEGIN)

    got = [
        frame
        for index in range(50)
        for frame in made.frames(SOCKET, "a", None, str(index), BEGIN + index * gap)
    ]
    got += made.late(SOCKET, "a", BEGIN + 1000 * S)

    assert sorted(got, key=int) == [str(index) for index in range(50)]


def test_the_same_seed_makes_the_same_mischief() -> None:
    said = {"fault": "reorder", "service": SOCKET, "share": 0.5}

    first = [sent(faults(said), 20), faults(said).late(SOCKET, "a", BEGIN + 9 * S)]
    again = [sent(faults(said), 20), faults(said).late(SOCKET, "a", BEGIN + 9 * S)]

    assert first == again
    assert first[0] != [str(index) for index in range(20)]


def test_a_restart_cuts_refuses_and_then_takes_post_only_orders() -> None:
    made = faults({"fault": "restart", "from": "10s"})
    made.opened(SOCKET, "a", BEGIN)

    assert made.mode(BEGIN) == "trading"
    assert made.mode(BEGIN + 10 * S) == "restarting"
    assert made.must_close(SOCKET, "a", BEGIN + 10 * S)
    assert not made.must_close("rtds", "a", BEGIN + 10 * S)
    assert made.request("clob", "POST", "/books", BEGIN + 99 * S) is not None
    assert made.request("gamma", "GET", "/markets", BEGIN + 99 * S) is None
    made.opened(SOCKET, "b", BEGIN + 101 * S)
    assert made.mode(BEGIN + 101 * S) == "post_only"
    assert not made.must_close(SOCKET, "b", BEGIN + 101 * S)
    assert made.request("clob", "POST", "/books", BEGIN + 101 * S) is None
    assert made.mode(BEGIN + 220 * S) == "trading"


def test_what_changes_once_is_told_once() -> None:
    said = {"fault": "tick", "market": "0xa", "tick": "0.001", "from": "5s"}
    made = faults(said)

    assert made.begun(BEGIN + 4 * S) == []
    assert made.begun(BEGIN + 6 * S) == [fault_of(said)]
    assert made.begun(BEGIN + 7 * S) == []


def test_disputes_skew_and_geoblock_are_asked_for() -> None:
    made = faults(
        {"fault": "dispute", "market": "0xa", "for": "1m"},
        {"fault": "skew", "seconds": -12.5},
        {"fault": "geoblock", "country": "FR"},
    )

    assert made.disputed("0xa", BEGIN)
    assert not made.disputed("0xb", BEGIN)
    assert not made.disputed("0xa", BEGIN + 60 * S)
    assert made.skew(BEGIN) == -12_500_000
    assert made.blocked(BEGIN) == "FR"


def test_cleared_faults_strike_no_more() -> None:
    made = faults({"fault": "freeze", "service": SOCKET}, {"fault": "cancel_only"})

    assert made.clear(1) == 1
    assert sent(made, 1) == ["0"]
    assert made.mode(BEGIN) == "cancel_only"
    assert made.clear() == 1
    assert made.active(BEGIN) == ()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (3, "expected a mapping"),
        ({}, "fault: missing, expected freeze, drop"),
        ({"fault": "thaw"}, "fault: expected freeze, drop"),
        ({"fault": "freeze"}, "missing required field `service`"),
        ({"fault": "freeze", "service": "gamma"}, "service: expected market_channel"),
        ({"fault": "slow", "service": "data", "delay": "3"}, "such as 3s; was '3'"),
        ({"fault": "drop", "service": "rtds", "share": 2}, "share: expected `float`"),
        ({"fault": "cut", "service": "rtds", "x": 1}, "unknown field `x`"),
        ({"fault": "restart", "for": "1m"}, "for: not allowed"),
        ({"fault": "tick", "market": "a", "tick": 0.01}, "tick: expected 0.1, 0.01"),
        (
            {"fault": "skew", "seconds": float("nan")},
            "seconds: expected `float` >= -86400",
        ),
    ],
)
def test_a_wrong_fault_is_refused_by_its_key(said: object, told: str) -> None:
    with pytest.raises(InputError) as refused:
        fault_of(said)

    assert told in refused.value.message


def test_a_plan_is_read_in_its_order(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(
        "polyrules_faults: 1\nfaults:\n"
        "- {fault: freeze, service: rtds, from: 5m, for: 90s}\n"
        "- {fault: status, service: gamma, status: 429, retry_after: 2, share: 0.5}\n"
    )

    assert [msgspec.to_builtins(each) for each in plan(file)] == [
        {"fault": "freeze", "service": "rtds", "from": "5m", "for": "90s"},
        {
            "fault": "status",
            "service": "gamma",
            "status": 429,
            "retry_after": 2,
            "share": 0.5,
        },
    ]


def test_every_mistake_of_a_plan_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(
        "polyrules_faults: 1\nfaults:\n- {fault: freezer}\n"
        "- {fault: restart}\n- {fault: lag, service: rtds, delay: 3}\n"
    )

    with pytest.raises(InputError) as refused:
        plan(file)

    lines = refused.value.message.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"{file}:3", f"{file}:5"]
    assert "faults[2]: delay: expected a length of time such as 3s; was 3" in lines[1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("faults: []\n", "polyrules_faults: expected 1, was nothing"),
        ("polyrules_faults: 2\nfaults: []\n", "expected 1, was 2"),
        ("polyrules_faults: 1\nfault: []\n", "unknown key fault, expected faults"),
        ("polyrules_faults: 1\nfaults: 3\n", "faults: expected a list"),
        ("polyrules_faults: 1\nfaults: [\n", "error["),
        ("", "nothing in this file"),
    ],
)
def test_a_plan_of_another_form_is_refused(
    tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(text)

    with pytest.raises(InputError) as refused:
        plan(file)

    assert told in refused.value.message


# The gate before the pages


class Venue:
    """Pages that count how often they were reached."""

    def __init__(self, *said: object) -> None:
        self.reached = 0
        clock = Scaled(BEGIN, 1000)
        self.faults = faults(*said)
        app = web.Application(middlewares=[gate(self.faults, clock)])
        app.router.add_route("*", "/{path:.*}", self._page)
        self.client = TestClient(TestServer(app))

    async def _page(self, _request: web.Request) -> web.Response:
        self.reached += 1
        return web.json_response({"ok": True})


async def test_a_request_nobody_strikes_is_answered() -> None:
    venue = Venue({"fault": "status", "service": "gamma", "status": 500})
    async with venue.client as client:
        assert (await client.get("/data/trades")).status == 200
        assert (await client.get("/clock")).status == 200


async def test_too_many_requests_say_when_to_come_again() -> None:
    venue = Venue(
        {"fault": "status", "service": "gamma", "status": 429, "retry_after": 3}
    )
    async with venue.client as client:
        answer = await client.get("/gamma/markets/keyset")

        assert answer.status == 429
        assert answer.headers["Retry-After"] == "3"
        assert await answer.json() == {"error": "Too Many Requests"}
    assert venue.reached == 0


async def test_a_fault_of_a_path_leaves_the_others_alone() -> None:
    venue = Venue(
        {"fault": "status", "service": "clob", "status": 500, "path": "/books"}
    )
    async with venue.client as client:
        assert (await client.post("/clob/books")).status == 500
        assert (await client.get("/clob/time")).status == 200


async def test_a_page_for_people_is_no_json() -> None:
    venue = Venue({"fault": "html", "service": "data"})
    async with venue.client as client:
        answer = await client.get("/data/activity")

        assert answer.status == 403
        assert answer.content_type == "text/html"
        assert "Cloudflare" in await answer.text()


async def test_a_lost_answer_was_carried_out() -> None:
    venue = Venue({"fault": "lost_answer", "service": "clob", "path": "/order"})
    async with venue.client as client:
        with pytest.raises(ClientConnectionError):
            await client.post("/clob/order")
    assert venue.reached >= 1


async def test_an_answer_can_be_lost_long_after_it_was_carried_out() -> None:
    venue = Venue({"fault": "lost_answer", "service": "clob", "after": "50s"})
    async with venue.client as client:
        with pytest.raises(ClientConnectionError):
            await client.post("/clob/order")
    assert venue.reached == 1


async def test_a_slow_answer_comes() -> None:
    venue = Venue({"fault": "slow", "service": "data", "delay": "2s"})
    async with venue.client as client:
        assert (await client.get("/data/value")).status == 200
    assert venue.faults.counts == {("slow", "data"): 1}


async def test_a_skewed_venue_tells_another_time() -> None:
    venue = Venue({"fault": "skew", "seconds": 86_400})
    async with venue.client as client:
        told = await (await client.get("/clob/time")).json()

    assert told - BEGIN // S >= 86_400


async def test_a_blocked_country_is_told_and_its_orders_refused() -> None:
    venue = Venue({"fault": "geoblock", "country": "FR"})
    async with venue.client as client:
        told = await (await client.get("/api/geoblock")).json()
        order = await client.post("/clob/order")
        book = await client.get("/clob/book")

    assert told["blocked"] is True
    assert told["country"] == "FR"
    assert (order.status, order.content_type) == (403, "text/html")
    assert book.status == 200


async def test_sockets_cannot_be_opened_while_they_are_cut() -> None:
    venue = Venue({"fault": "cut", "service": "rtds"})
    async with venue.client as client:
        assert (await client.get("/rtds")).status == 503
        assert (await client.get("/ws/market")).status == 200


# The commands


class Commanded:
    """The commands on loopback, and what they did to the world."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Decimal]] = []
        self.faults = faults()
        world = World(
            resolve=self._did, set_tick=self._did, summary=lambda: {"markets": 3}
        )
        app = web.Application()
        clock = Scaled(BEGIN, 0.001)
        app.add_routes(Admin(self.faults, world, clock).routes())
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
        assert sent(made.faults, 1, BEGIN + S) == []

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
