import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.moments import SECOND
from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.http.carriers.transport import Reply
from polyrules.venues.http.checks import Geoblock, clock_skew, geoblock, reachable
from polyrules.venues.http.failures import Refused, TimedOut
from polyrules.venues.http.rest import Rest
from polyrules.venues.live.health import Health
from tests.venues.http_fakes import (
    BEGIN,
    Asker,
    LeapingClock,
    Scripted,
    client,
    served,
)

# What time is it?


class Venue(Scripted):
    """Tells its own time, `ahead` of ours, half-way through a round trip."""

    def __init__(self, clock: LeapingClock, ahead: int, round_trip: int) -> None:
        super().__init__()
        self.clock = clock
        self.ahead = ahead
        self.round_trip = round_trip

    async def send(
        self,
        method: str,
        url: str,
        content: bytes | None,  # noqa: ARG002 - the transport's signature
        seconds: float,  # noqa: ARG002 - the transport's signature
    ) -> Reply:
        assert (method, url) == ("GET", "https://clob.test/time")
        self.clock.at += self.round_trip // 2
        told = (self.clock.at + self.ahead) // SECOND
        self.clock.at += self.round_trip // 2
        return Reply(200, b"%d" % told)


def skew(begin: int, ahead: int, round_trip: int) -> int:
    clock = LeapingClock()
    clock.at = begin
    rest = Rest(
        "https://clob.test",
        name="clob",
        clock=clock,
        health=Health(),
        transport=Venue(clock, ahead, round_trip),
    )
    return asyncio.run(clock_skew(rest, clock))


@given(
    st.integers(0, 2 * SECOND),
    st.integers(-(10**9), 10**9),
    st.integers(0, 400_000),
)
def test_the_skew_is_right_to_a_fifth_of_a_second_and_half_a_round_trip(
    offset: int, ahead: int, round_trip: int
) -> None:
    found = skew(BEGIN + offset, ahead, round_trip)

    assert abs(found - ahead) <= 180_000 + round_trip // 2


def test_a_venue_that_is_a_minute_ahead_is_a_minute_ahead() -> None:
    # told 20, 20 and 20 at 20.00, 20.35 and 20.70: it is 0 to 0.3 s ahead of that
    assert skew(BEGIN, 60 * SECOND, 0) == 60_150_000


@pytest.mark.parametrize("told", [b"1780000000", b' "1780000000"\n'])
async def test_the_time_may_come_in_quotes(told: bytes) -> None:
    asker = Asker(Reply(200, told))

    found = await clock_skew(asker.rest, asker.clock)

    assert found == 150_000  # told at 0, 0.35 and 0.7 s, and always the same second


@pytest.mark.parametrize(
    "told", [b"", b"OK", b"-5", b"1e9", b"NaN", b"9" * 5_000, b"17", "²".encode()]
)
async def test_what_is_no_time_is_an_unexpected_reply(told: bytes) -> None:
    asker = Asker(Reply(200, told))

    with pytest.raises(UnexpectedReply, match="GET /time: not a time in whole seconds"):
        await clock_skew(asker.rest, asker.clock)


# May we trade?


async def test_a_blocked_country_is_told() -> None:
    body = b'{"blocked":true,"ip":"192.0.2.1","country":"US","region":"NY"}'
    asker = Asker(Reply(200, body))

    found = await geoblock(asker.rest)

    assert found == Geoblock(blocked=True, country="US", region="NY")
    assert asker.transport.sent[0][1] == "https://gamma.test/base/api/geoblock"


async def test_the_start_of_a_run_does_not_wait_for_what_is_only_good_to_know() -> None:
    asker = Asker(TimeoutError())

    with pytest.raises(TimedOut):
        await geoblock(asker.rest)
    with pytest.raises(TimedOut):
        await clock_skew(asker.rest, asker.clock)

    assert len(asker.transport.sent) == 3


async def test_a_country_need_not_be_told() -> None:
    asker = Asker(Reply(200, b'{"blocked": false, "country": null}'))

    assert await geoblock(asker.rest) == Geoblock(blocked=False)


async def test_whether_we_are_blocked_must_be_told() -> None:
    asker = Asker(Reply(200, b'{"country": "US"}'))

    with pytest.raises(UnexpectedReply, match="missing required field `blocked`"):
        await geoblock(asker.rest)


# Is it there?


async def refused(_: web.Request) -> web.Response:
    return web.Response(status=503)


async def test_whoever_refuses_is_there() -> None:
    asked: list[str] = []

    async def refuses(request: web.Request) -> web.Response:
        asked.append(request.path)
        return await refused(request)

    async with served(refuses) as url, client(url) as rest:
        await reachable([rest, rest])

    assert asked == ["/", "/"]


async def test_a_host_that_is_not_there_is_named_with_what_to_do() -> None:
    async with served(refused) as url:
        pass
    async with client(url) as rest:
        with pytest.raises(VenueError) as caught:
            await reachable([rest])

    host = url.removeprefix("http://")
    assert caught.value.message == (
        f"cannot reach {host}: GET /: no connection: All connection attempts failed"
    )
    assert caught.value.hint == "use --tape TAPE, or polyrules sim"
    assert caught.value.exit_code == 2


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    without_proxy(monkeypatch)


def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polyrules.venues.http.checks.getproxies", dict)


@pytest.mark.usefixtures("no_names")
async def test_without_network_there_is_one_error_that_names_all_hosts() -> None:
    rests = [client("https://clob.test"), client("https://gamma.test/x")]

    with pytest.raises(VenueError) as caught:
        await reachable(rests, hint="go home")

    assert caught.value.message == (
        "cannot reach clob.test (nor gamma.test): GET /: no connection: [Errno -3]"
        " Temporary failure in name resolution"
    )
    assert caught.value.hint == "go home"


@pytest.fixture
def hanging_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    over = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        over.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    without_proxy(monkeypatch)
    yield over
    over.set()


@pytest.mark.usefixtures("hanging_names")
def test_a_resolver_that_hangs_holds_up_neither_the_check_nor_the_end() -> None:
    # asyncio.run waits for the threads of its own pool: this would hang in one of them.
    with pytest.raises(VenueError, match=r"clob\.test: GET /: no answer within 0.01 s"):
        asyncio.run(reachable([client("https://clob.test")], seconds=0.01))


async def test_a_resolver_that_answers_too_late_troubles_nobody(
    hanging_names: threading.Event,
) -> None:
    troubles: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, trouble: troubles.append(trouble))
    with pytest.raises(VenueError, match="no answer within"):
        await reachable([client("https://clob.test")], seconds=0.01)
    late = [thread for thread in threading.enumerate() if thread.name == "resolve"]

    hanging_names.set()
    for thread in late:
        thread.join(60)
    await asyncio.sleep(0)

    assert [thread.daemon for thread in late] == [True]
    assert troubles == []


@pytest.mark.usefixtures("hanging_names")
async def test_behind_a_proxy_names_are_the_business_of_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "polyrules.venues.http.checks.getproxies", lambda: {"https": "http://p:1"}
    )
    asker = Asker(Reply(404, b""))

    await reachable([asker.rest])

    assert asker.transport.sent == [("GET", "https://gamma.test/base/", None)]


async def test_a_host_that_is_silent_is_not_waited_for() -> None:
    over = asyncio.Event()

    async def silent(_: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    async with served(silent) as url, client(url) as rest, asyncio.timeout(30):
        with pytest.raises(VenueError, match=r"no answer within 0\.2 s"):
            await reachable([rest], seconds=0.2)
        over.set()


async def test_a_refusal_of_the_check_itself_is_raised() -> None:
    asker = Asker(Reply(403, b"<html>blocked</html>"))

    with pytest.raises(Refused, match="an HTML page: blocked"):
        await geoblock(asker.rest)
