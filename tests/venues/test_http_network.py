import asyncio
import logging
import subprocess
import sys
from functools import partial

import httpx
import pytest
from aiohttp import web
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.domain.moments import SECOND
from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.http.carriers import over_httpx
from polyrules.venues.http.failures import (
    Refused,
    Throttled,
    Unreachable,
)
from tests.venues.http_fakes import (
    client,
    served,
    talking,
)


async def test_a_host_is_asked_over_the_network() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(
            [request.method, str(request.rel_url), await request.text()]
        )

    async with served(answer) as url, client(f"{url}/gamma") as rest:
        got = await rest.get_json("/markets", {"a": 1}, shape=list[str])
        posted = await rest.post_json("/books", [{"a": "é"}], shape=list[str])

    assert got == ["GET", "/gamma/markets?a=1", ""]
    assert posted == ["POST", "/gamma/books", '[{"a":"é"}]']


async def test_a_body_says_that_it_is_json() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response([request.content_type, request.headers["Accept"]])

    async with served(answer) as url, client(url) as rest:
        told = await rest.post_json("/books", [], shape=list[str])

    assert told == ["application/json", "application/json"]


async def test_no_proxy_stands_between_us_and_our_own_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="[]")

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    async with served(answer) as url, client(url) as rest:
        assert await rest.get("/") == b"[]"


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://127.0.0.1:8780/gamma", True),
        ("http://[::1]:8780", True),
        ("http://localhost", True),
        ("https://clob.polymarket.com", False),
        ("https://10.0.0.1", False),
        ("nonsense", False),
    ],
)
def test_our_own_machine_is_known_by_its_address(url: str, own: bool) -> None:
    assert over_httpx.on_this_machine(url) is own


async def test_a_compressed_reply_is_decompressed() -> None:
    async def answer(_: web.Request) -> web.Response:
        response = web.json_response(["a" * 10_000])
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with served(answer) as url, client(url) as rest:
        assert await rest.get_json("/", shape=list[str]) == ["a" * 10_000]


async def test_a_status_and_its_header_come_over_the_network() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=429, text="slow", headers={"Retry-After": "4"})

    async with served(answer) as url, client(url) as rest:
        with pytest.raises(Throttled) as caught:
            await rest.get("/")

    assert caught.value.retry_after == 4 * SECOND


async def test_a_redirect_is_not_followed_over_the_network() -> None:
    async def answer(_: web.Request) -> web.Response:
        raise web.HTTPFound("/elsewhere")

    async with served(answer) as url, client(url) as rest:
        with pytest.raises(Refused, match="status 302"):
            await rest.get("/")


async def test_a_closed_port_is_unreachable() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    async with served(answer) as url:
        pass
    async with client(url) as rest:
        with pytest.raises(Unreachable, match=r"no connection: .*connect"):
            await rest.get("/")


async def test_a_reply_cut_off_in_the_middle_is_unreachable() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"[1,")
        assert request.transport is not None
        request.transport.abort()
        return response

    async with served(answer) as url, client(url) as rest:
        with pytest.raises(Unreachable):
            await rest.get("/")


async def test_garbage_in_the_place_of_http_is_unreachable() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\xff SSH-2.0 not http\r\n\r\n")

    async with talking(talk) as url, client(url) as rest:
        with pytest.raises(Unreachable):
            await rest.get("/")


async def test_a_body_that_says_gzip_and_is_none_is_unreachable() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"[]", headers={"Content-Encoding": "gzip"})

    async with served(answer) as url, client(url) as rest:
        with pytest.raises(Unreachable):
            await rest.get("/")


async def test_an_answer_that_trickles_in_is_not_waited_for() -> None:
    over = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await over.wait()
        return response

    async with served(answer) as url, client(url) as rest:
        carrier = over_httpx.OverHttpx(url)
        async with asyncio.timeout(30):
            with pytest.raises(TimeoutError):
                await carrier.send("GET", url, None, 0.05)
        over.set()
        await carrier.close()
        assert await rest.get("/") == b""


class Dying:
    """A host of HTTP/2 whose first connection answers once, then dies in silence."""

    def __init__(self) -> None:
        self.connections = 0

    async def talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        left = 1 if self.connections == 1 else 1_000
        h2 = H2Connection(H2Configuration(client_side=False))
        h2.initiate_connection()
        writer.write(h2.data_to_send())
        while data := await reader.read(65_536):
            for event in h2.receive_data(data):
                if isinstance(event, StreamEnded) and left:
                    left -= 1
                    h2.send_headers(event.stream_id, [(":status", "200")])
                    h2.send_data(event.stream_id, b"[]", end_stream=True)
            writer.write(h2.data_to_send())


async def test_a_connection_of_http_2_that_died_in_silence_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Without TLS there is nothing to agree on HTTP/2 by.
    http_2_only = partial(httpx.AsyncClient, http1=False)
    monkeypatch.setattr(httpx, "AsyncClient", http_2_only)
    dying = Dying()

    async with talking(dying.talk) as url, asyncio.timeout(30):
        carrier = over_httpx.OverHttpx(url)
        await carrier.send("GET", url, None, 20)
        with pytest.raises(TimeoutError):
            await carrier.send("GET", url, None, 0.05)
        reply = await carrier.send("GET", url, None, 20)
        await carrier.close()

    assert reply.body == b"[]"
    assert dying.connections == 2


@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=200).map(b"HTTP/1.1 200 OK\r\nContent-".__add__),
        st.binary(max_size=200).map(b"HTTP/1.1 429 \r\nRetry-After: ".__add__),
    )
)
@settings(max_examples=60)
def test_whatever_bytes_come_back_it_is_a_body_or_a_venue_error(sent: bytes) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)

    async def ask() -> bytes:
        async with asyncio.timeout(30), talking(talk) as url, client(url) as rest:
            return await rest.get("/")

    try:
        body = asyncio.run(ask())
    except VenueError:
        return
    assert not body or body in sent


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_httpx, "BODY_MAX", 1_000)


@pytest.mark.usefixtures("small")
async def test_a_body_beyond_all_bounds_is_refused_even_if_compressed() -> None:
    async def answer(_: web.Request) -> web.Response:
        response = web.Response(text="[" + " " * 1_000 + "]")
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with served(answer) as url, client(url) as rest:
        with pytest.raises(UnexpectedReply, match="a body of more than 64 MB"):
            await rest.get("/")


async def test_a_closed_client_opens_again_when_it_is_needed() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="[]")

    async with served(answer) as url, client(url) as rest:
        await rest.get("/")
        await rest.close()

        assert await rest.get("/") == b"[]"


async def test_no_log_tells_a_query(caplog: pytest.LogCaptureFixture) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="[]")

    with caplog.at_level(logging.DEBUG):
        async with served(answer) as url, client(url) as rest:
            await rest.get("/", {"key": "hidden"})

    assert "hidden" not in caplog.text


def test_neither_a_password_nor_a_path_is_in_what_a_client_shows() -> None:
    rest = client("https://me:hidden@gamma.test:99/hidden")

    assert repr(rest) == "Rest(gamma: gamma.test:99)"
    assert rest.host == "gamma.test:99"


def test_the_library_is_loaded_when_it_is_first_used() -> None:
    program = "import sys, polyrules.venues.http.checks; print('httpx' in sys.modules)"

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert done.stdout == "False\n"
