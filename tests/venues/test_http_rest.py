import asyncio
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.moments import MINUTE, SECOND
from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.http.carriers.transport import Reply
from polyrules.venues.http.failures import (
    Asked,
    NotReady,
    Refused,
    ServerDown,
    Throttled,
    TimedOut,
    Unreachable,
    retry_after,
)
from polyrules.venues.http.rest import Rest
from polyrules.venues.http.retries import PASSING, pause
from polyrules.venues.live.health import Health
from tests.venues.http_fakes import (
    BEGIN,
    Asker,
    LeapingClock,
    Scripted,
)

CLOUDFLARE = b"""<!DOCTYPE html>
<html><head><title>Attention Required! | Cloudflare</title>
<style>body { color: red }</style><script>alert("no")</script></head>
<body><h1>Sorry, you have been blocked</h1>\x1b[31m\xe2\x80\xae</body></html>"""


class Market(msgspec.Struct):
    slug: str
    price: float | str | None = None


# What is sent


async def test_a_path_follows_the_path_of_the_base_url() -> None:
    asker = Asker(Reply(200, b"[]"))

    body = await asker.rest.get("/markets", {"closed": False, "limit": 100})

    assert body == b"[]"
    assert asker.transport.sent == [
        ("GET", "https://gamma.test/base/markets?closed=false&limit=100", None)
    ]


async def test_a_key_may_come_twice_and_none_leaves_it_out() -> None:
    asker = Asker(Reply(200, b"[]"))

    await asker.rest.get("/m", [("id", "a&b"), ("id", "c d"), ("tag", None), ("q", "")])

    assert asker.transport.sent[0][1] == (
        "https://gamma.test/base/m?id=a%26b&id=c+d&q="
    )


async def test_a_post_sends_compact_json() -> None:
    asker = Asker(Reply(200, b"[]"))

    await asker.rest.post("/books", [{"token_id": "71"}, {"token_id": "72"}])

    assert asker.transport.sent == [
        (
            "POST",
            "https://gamma.test/base/books",
            b'[{"token_id":"71"},{"token_id":"72"}]',
        )
    ]


# What is read


async def test_json_is_read_as_its_shape_and_unknown_fields_are_ignored() -> None:
    asker = Asker(Reply(200, b'[{"slug": "a", "new": [1], "price": "0.5"}]'))

    markets = await asker.rest.get_json("/markets", shape=list[Market])

    assert markets == [Market(slug="a", price="0.5")]


async def test_another_shape_is_an_unexpected_reply_that_says_where() -> None:
    asker = Asker(Reply(200, b'[{"slug": 5}]'))

    with pytest.raises(UnexpectedReply) as caught:
        await asker.rest.get_json("/markets", {"q": "hidden"}, shape=list[Market])

    assert caught.value.message == (
        "gamma.test: GET /markets: Expected `str`, got `int` - at `$[0].slug`"
    )
    assert asker.counted() == {"request": 1, "wrong_shape": 1}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no JSON: nothing"),
        (b"upstream connect error", "no JSON: upstream connect error"),
        (b"\xff\xfe{", "no JSON: {"),
        (b'{"slug": "\xff"}', 'no JSON: {"slug": " "}'),
        (b"[" * 100_000, f"no JSON: {'[' * 77}..."),
    ],
)
async def test_what_is_no_json_is_an_unexpected_reply(body: bytes, why: str) -> None:
    asker = Asker(Reply(200, body))

    with pytest.raises(UnexpectedReply) as caught:
        await asker.rest.post_json("/books", [], shape=object)

    assert caught.value.message == f"gamma.test: POST /books: {why}"
    assert asker.counted() == {"request": 1, "not_json": 1}


async def test_a_page_with_status_200_is_told_in_a_few_harmless_words() -> None:
    asker = Asker(Reply(200, CLOUDFLARE))

    with pytest.raises(UnexpectedReply) as caught:
        await asker.rest.get("/markets")

    assert caught.value.message == (
        "gamma.test: GET /markets: status 200: an HTML page: Attention Required! |"
        " Cloudflare Sorry, you have been blocked [31m"
    )
    assert asker.counted() == {"request": 1, "not_json": 1}


async def test_a_page_is_one_even_behind_a_mark_and_blanks() -> None:
    asker = Asker(Reply(200, b"\xef\xbb\xbf\n <p>Down</p>"))

    with pytest.raises(UnexpectedReply, match="an HTML page: Down"):
        await asker.rest.get("/markets")


async def test_a_reply_is_timed() -> None:
    asker = Asker(Reply(200, b"[]"))

    await asker.rest.get("/markets")

    assert asker.health.delays["gamma_reply"].count == 1


async def test_a_blocked_region_is_refused_with_the_status_of_the_page() -> None:
    asker = Asker(Reply(403, CLOUDFLARE))

    with pytest.raises(Refused, match="status 403: an HTML page: Attention") as caught:
        await asker.rest.get("/markets")

    assert caught.value.status == 403
    assert not caught.value.retryable
    assert asker.counted() == {"request": 1, "403": 1}


@given(st.binary(max_size=300), st.integers(100, 599))
def test_whatever_comes_back_is_a_body_or_a_venue_error(
    body: bytes, status: int
) -> None:
    asker = Asker(Reply(status, body), attempts=1)

    async def ask() -> bytes:
        return await asker.rest.get("/markets")

    try:
        told = asyncio.run(ask()).hex()
    except VenueError as error:
        told = error.message

    if told.startswith("gamma.test: GET /markets: "):
        assert told.isprintable()
        assert told.isascii()
    else:
        assert 200 <= status < 300
        assert told == body.hex()


# What fails


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "market not found"}', ": market not found"),
        (b'{"error_msg": "Invalid Heartbeat ID"}', ": Invalid Heartbeat ID"),
        (b'{"errorMsg": "no"}', ": no"),
        (b'{"code": "bad", "message": "cursor"}', ": cursor"),
        (b'{"error": {"deep": 1}, "message": " "}', ""),
        (b'{"other": 1}', ""),
        (b"404: Not\n\tFound", ": 404: Not Found"),
        (b"", ""),
    ],
)
async def test_a_refusal_is_told_in_the_words_of_the_venue(
    body: bytes, words: str
) -> None:
    asker = Asker(Reply(404, body))

    with pytest.raises(Refused) as caught:
        await asker.rest.get("/book", {"token_id": "71"})

    assert caught.value.message == f"gamma.test: GET /book: status 404{words}"
    assert asker.counted() == {"request": 1, "404": 1}
    assert asker.clock.slept == []


async def test_long_words_are_cut_short() -> None:
    asker = Asker(Reply(400, b'{"error": "' + b"x" * 1_000 + b'"}'))

    with pytest.raises(Refused) as caught:
        await asker.rest.get("/book")

    assert caught.value.said == "x" * 297 + "..."


async def test_a_redirect_is_not_followed() -> None:
    asker = Asker(Reply(301, b""))

    with pytest.raises(Refused, match="status 301: a redirect; is the URL the right"):
        await asker.rest.get("/markets")


@pytest.mark.parametrize(
    ("answer", "kind", "word"),
    [
        (Reply(425, b"service not ready"), NotReady, "425"),
        (Reply(429, b"Too Many Requests"), Throttled, "429"),
        (Reply(500, b'{"error": "Internal server error"}'), ServerDown, "500"),
        (Reply(503, CLOUDFLARE), ServerDown, "503"),
        (TimeoutError(), TimedOut, "timeout"),
        (ConnectionResetError("reset by peer"), Unreachable, "unreachable"),
    ],
)
async def test_what_passes_is_tried_again_until_it_has_passed(
    answer: Reply | Exception, kind: type[VenueError], word: str
) -> None:
    asker = Asker(answer, answer, Reply(200, b"{}"))

    body = await asker.rest.get("/markets")

    assert body == b"{}"
    assert kind.retryable
    assert asker.counted() == {"request": 3, word: 2, "retry": 2}
    assert len(asker.clock.slept) == 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Reply(425, b""), "(3 tries): status 425, not ready"),
        (Reply(429, b"slow down"), "(3 tries): status 429: slow down"),
        (Reply(502, b""), "(3 tries): status 502"),
        (TimeoutError(), "(3 tries): no answer within 10 s"),
        (ConnectionError("refused"), "(3 tries): no connection: refused"),
    ],
)
async def test_what_does_not_pass_is_raised_after_the_last_try(
    answer: Reply | Exception, message: str
) -> None:
    asker = Asker(answer, attempts=3)

    with pytest.raises(PASSING) as caught:
        await asker.rest.get("/markets", {"secret": "hidden"})

    assert str(caught.value) == f"gamma.test: GET /markets {message}"
    assert len(asker.transport.sent) == 3
    assert asker.counted()["gave_up"] == 1


async def test_one_request_may_be_tried_less_often_than_the_others() -> None:
    asker = Asker(Reply(503, b""), attempts=5)

    with pytest.raises(ServerDown):
        await asker.rest.get("/markets", attempts=1)

    assert len(asker.transport.sent) == 1


@given(
    st.lists(st.sampled_from([200, 404, 425, 429, 500, 503, 0, -1]), min_size=1),
    st.integers(1, 8),
    st.sampled_from(["", "0", "3", "1e9", "-5", "nan", "soon"]),
)
def test_no_request_is_tried_more_often_than_its_bound(
    statuses: list[int], attempts: int, after: str
) -> None:
    answers: list[Reply | Exception] = [
        {0: TimeoutError(), -1: ConnectionError("cut")}.get(status)
        or Reply(status, b"[]", after)
        for status in statuses
    ]
    asker = Asker(*answers, attempts=attempts)

    async def ask() -> None:
        try:
            await asker.rest.get("/markets")
        except VenueError:
            assert statuses[0] != 200

    asyncio.run(ask())

    assert 1 <= len(asker.transport.sent) <= attempts
    assert len(asker.clock.slept) == len(asker.transport.sent) - 1
    assert all(0 <= pause <= MINUTE for pause in asker.clock.slept)


# How long is waited


class Unlucky(Random):
    """Always draws the longest."""

    def random(self) -> float:
        return 1.0


def test_pauses_grow_up_to_a_cap() -> None:
    asked = Asked(host="gamma.test", method="GET", path="/markets")
    down, restart = ServerDown(asked, 503, "", None), NotReady(asked, "", None)

    pauses = [pause(down, tries, Unlucky()) / SECOND for tries in range(1, 9)]
    longer = [pause(restart, tries, Unlucky()) / SECOND for tries in range(1, 6)]

    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert longer == [2, 4, 8, 16, 30]
    assert pause(down, 10_000, Unlucky()) == 30 * SECOND


@given(st.integers(), st.integers(1, 20))
def test_pauses_are_spread_over_the_whole_bound(seed: int, tries: int) -> None:
    asked = Asked(host="gamma.test", method="GET", path="/markets")

    random = Random(seed)  # noqa: S311 - no secret is drawn
    drawn = pause(TimedOut(asked, 10), tries, random)

    assert 0 <= drawn <= min(30 * SECOND, SECOND // 2 * 2 ** (tries - 1))


async def test_the_same_seed_pauses_the_same() -> None:
    asker, other = Asker(Reply(503, b"")), Asker(Reply(503, b""))

    for each in (asker, other):
        with pytest.raises(ServerDown):
            await each.rest.get("/markets")

    assert asker.clock.slept == other.clock.slept
    assert len(set(asker.clock.slept)) == 4


@pytest.mark.parametrize(
    ("after", "least", "most"),
    [
        ("7", 7 * SECOND, 7 * SECOND),
        ("Thu, 28 May 2026 20:26:52 GMT", 12 * SECOND, 12 * SECOND),
        ("999999", MINUTE, MINUTE),
        ("Thu, 28 May 2020 20:26:52 GMT", 0, SECOND // 2),
        ("soon", 0, SECOND // 2),
        ("-4", 0, SECOND // 2),
        ("nan", 0, SECOND // 2),
    ],
)
async def test_the_wish_of_the_venue_is_heeded_up_to_a_minute(
    after: str, least: int, most: int
) -> None:
    asker = Asker(Reply(429, b"", after), Reply(200, b"[]"))

    await asker.rest.get("/markets")

    assert len(asker.clock.slept) == 1
    assert least <= asker.clock.slept[0] <= most


@pytest.mark.parametrize(
    ("header", "micros"),
    [
        ("1.5", 1_500_000),
        (" 0 ", 0),
        ("Thu, 28 May 2026 20:26:41 GMT", 1_000_000),
        ("Thu, 28 May 2026 22:26:41 +0200", 1_000_000),
        ("Thu, 28 May 2026 20:26:41", 1_000_000),
        ("Thu, 28 May 2020 20:26:40 GMT", 0),
        ("", None),
        ("nan", None),
        ("soon", None),
    ],
)
def test_retry_after_holds_seconds_or_a_date(header: str, micros: int | None) -> None:
    assert retry_after(header, BEGIN) == micros


@pytest.mark.parametrize("header", ["9" * 500, "inf", "1e308", "Thu, 28 May 99999"])
def test_a_wild_retry_after_breaks_nothing(header: str) -> None:
    found = retry_after(header, BEGIN)

    assert found is None or 0 <= found <= 10**12


async def test_whoever_is_told_to_wait_waits_for_the_others_too() -> None:
    asker = Asker(Reply(429, b"", "20"), Reply(200, b"[]"), attempts=1, limited=True)
    with pytest.raises(Throttled):
        await asker.rest.get("/markets")

    await asker.rest.get("/markets/71")

    assert asker.clock.slept == [20 * SECOND]


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 10.0), (2.0, 5.0), (20.0, 3.0)])
async def test_time_runs_out_by_the_clock_of_the_venue(
    speed: float, seconds: float
) -> None:
    asker = Asker(Reply(200, b"[]"), speed=speed)

    await asker.rest.get("/markets")

    assert asker.transport.seconds == [seconds]


class Crowded(Scripted):
    """Counts the requests that are under way at once."""

    def __init__(self) -> None:
        super().__init__(Reply(200, b"[]"))
        self.now = self.most = 0

    async def send(
        self, method: str, url: str, content: bytes | None, seconds: float
    ) -> Reply:
        self.now += 1
        self.most = max(self.most, self.now)
        reply = await super().send(method, url, content, seconds)
        self.now -= 1
        return reply


async def test_at_most_32_requests_are_under_way_at_once() -> None:
    crowded = Crowded()
    rest = Rest(
        "https://gamma.test",
        name="gamma",
        clock=LeapingClock(),
        health=Health(),
        transport=crowded,
    )

    await asyncio.gather(*(rest.get("/") for _ in range(100)))

    assert len(crowded.sent) == 100
    assert crowded.most == 32
