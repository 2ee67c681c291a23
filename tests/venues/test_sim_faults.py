"""Faults on command: who is struck, when, how often, and what a wrong plan is told."""

import random
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientConnectionError, web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from polyrules.clock import Scaled
from polyrules.domain.money import Side
from polyrules.errors import InputError
from polyrules.venues.simulated.exchange.words import (
    Fate,
    Traded,
    TradeMoved,
    TradeStatus,
)
from polyrules.venues.simulated.faults import Faults, Ghosts, fault_of, gate, plan

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


def test_trades_are_ghosts_while_the_fault_lasts_and_each_is_counted() -> None:
    said = {"fault": "ghost", "failed": 0.5, "retried": 0.25, "from": "1m", "for": "1m"}
    made = faults(said)
    fate = Ghosts(made, random.Random(3)).fate  # noqa: S311 - a play

    before = {fate(trade(at)) for at in range(60)}
    told = Counter(fate(trade(60 + at % 60)) for at in range(1000))
    after = {fate(trade(120 + at)) for at in range(60)}

    assert before == after == {Fate.CONFIRMED}
    assert 450 < told[Fate.FAILED] < 550
    assert 200 < told[Fate.RETRIED] < 300
    struck = told[Fate.FAILED] + told[Fate.RETRIED]
    assert made.counts == {("ghost", "clob"): struck}


def test_the_chain_hears_of_no_trade_that_fails() -> None:
    made = faults({"fault": "ghost", "failed": 1, "for": "1m"})
    ghosts = Ghosts(made, random.Random(3))  # noqa: S311 - a play
    failing, later = trade(0), msgspec.structs.replace(trade(60), id="2")
    failed = TradeMoved(trade=failing, status=TradeStatus.FAILED, at=BEGIN + 8 * S)

    ghosts.fate(failing)
    ghosts.fate(later)

    assert [ghosts.on_chain(each) for each in (failing, later)] == [False, True]
    assert ghosts.on_chain(failed)


def trade(second: int) -> Traded:
    """Return a trade of so many seconds after the begin."""
    return Traded(
        id="1",
        market="0xa",
        token="1",
        side=Side.BUY,
        price=500_000,
        size=S,
        fee=0,
        taker="0xb",
        taker_order_id="1",
        makers=(),
        transaction="0xc",
        at=BEGIN + second * S,
    )


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
        ({"fault": "ghost"}, "ghost: failed and retried: expected shares"),
        ({"fault": "ghost", "failed": 0.7, "retried": 0.7}, "were 0.7 and 0.7"),
        ({"fault": "ghost", "failed": -1}, "failed: expected `float` >= 0"),
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
        "- {fault: ghost, failed: 0.2, retried: 0.1, from: 10m, for: 5m}\n"
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
        {
            "fault": "ghost",
            "failed": 0.2,
            "retried": 0.1,
            "from": "10m",
            "for": "5m",
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
