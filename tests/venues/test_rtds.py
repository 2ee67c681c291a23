"""RTDS: frames, silence, and a socket that is replaced when it tells nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from polyrules.domain.events import Event, FeedLost, FeedRestored, SpotTicked
from polyrules.errors import UnexpectedReply
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.rtds import Rtds, RtdsSettings
from polyrules.venues.polymarket.rtds.frames import Tick, subscriptions, ticks
from polyrules.venues.polymarket.rtds.silence import Silence
from tests.venues.stepped_clock import Stepped, until

SECOND = 1_000_000
T0 = 1_780_730_269  # seconds
START = T0 * SECOND
CHAINLINK = "crypto_prices_chainlink"


def payload(
    second: float = 0, value: object = 61_035.86, **more: object
) -> dict[str, object]:
    stamp = int((T0 + second) * 1000)
    return {"symbol": "btc/usd", "timestamp": stamp, "value": value, **more}


def frame(topic: str, inner: object, kind: str = "update") -> str:
    return json.dumps(
        {"topic": topic, "type": kind, "timestamp": T0 * 1000, "payload": inner}
    )


def tick(price: float, source: str = "price", second: float = 0) -> Tick:
    at = START + int(second * SECOND)
    return Tick(symbol="BTC", source=source, price=price, at=at)


def test_each_topic_is_asked_for_alone_and_without_a_space() -> None:
    first, second, *others = subscriptions(["BTC"])

    assert first == (
        '{"action":"subscribe","subscriptions":[{"topic":"crypto_prices_chainlink",'
        '"type":"*","filters":"{\\"symbol\\":\\"btc/usd\\"}"}]}'
    )
    assert second == (
        '{"action":"subscribe","subscriptions":[{"topic":"crypto_prices",'
        '"type":"*","filters":"{\\"symbol\\":\\"btcusdt\\"}"}]}'
    )
    assert ["twap_thirty" in others[0], "twap_sixty" in others[1]] == [True, True]
    assert len(subscriptions(["BTC", "ETH"])) == 8


@pytest.mark.parametrize(
    ("topic", "symbol", "source"),
    [
        ("crypto_prices", "btcusdt", "binance"),
        (CHAINLINK, "btc/usd", "price"),
        (CHAINLINK, "BTC/USD", "price"),
        ("crypto_prices_twap_thirty", "btc/usd", "twap_30"),
        ("crypto_prices_twap_sixty", "btc/usd", "twap_60"),
    ],
)
def test_a_topic_is_a_source(topic: str, symbol: str, source: str) -> None:
    told = ticks(frame(topic, payload(symbol=symbol)))

    assert told == [tick(61_035.86, source)]


@pytest.mark.parametrize(
    ("value", "accurate", "price"),
    [
        (61_035.86, "61035.86000000", 61_035.86),
        (61_035.86, "61035861234567890123456", 61_035.861234567890),
        (0.0812, "81234567890123456", 0.081234567890123456),
        (None, "61035861234567890123456", 61_035.861234567890),
        (61_035.86, "99", 61_035.86),
        ("61035.86", None, 61_035.86),
        (61_035.86, "NaN", 61_035.86),
    ],
)
def test_the_accurate_price_is_taken_in_either_scale_if_it_agrees(
    value: object, accurate: object, price: float
) -> None:
    told = ticks(frame(CHAINLINK, payload(value=value, full_accuracy_value=accurate)))

    assert told == [tick(price)]


def test_a_snapshot_tells_the_oldest_first() -> None:
    data = [{"timestamp": (T0 + s) * 1000, "value": 1.0 + s} for s in (2, 0, 1)]
    inner = {"symbol": "btcusdt", "data": data}

    told = ticks(frame("crypto_prices", inner, "subscribe"))

    assert told == [tick(1.0 + s, "binance", s) for s in (0, 1, 2)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (frame("crypto_prices", payload()), "a symbol that is not its topic's"),
        (frame(CHAINLINK, payload(symbol="btcusdt")), "a symbol that is not its"),
        (frame(CHAINLINK, payload(symbol="/usd")), "a symbol that is not its topic's"),
        (
            frame("crypto_prices_twap_sixty", payload(window_s=30)),
            "a window that is not its topic's",
        ),
        (frame(CHAINLINK, payload(window_s=60)), "a window that is not its topic's"),
        (frame(CHAINLINK, payload(value=0)), "no price"),
        (frame(CHAINLINK, payload(value="NaN")), "no price"),
        (frame(CHAINLINK, payload(value=1e300)), "no price"),
        (frame(CHAINLINK, payload(value="1e-400")), "no price"),
        (frame(CHAINLINK, payload(timestamp=None)), "no timestamp"),
        ("<html>", "a frame that is no JSON of ours"),
        ("\ud800", "a frame that is no JSON of ours"),
        ("[1]", "a frame that is no JSON of ours"),
    ],
)
def test_a_frame_that_contradicts_itself_is_refused_with_a_reason(
    text: str, said: str
) -> None:
    with pytest.raises(UnexpectedReply, match=said):
        ticks(text)


@pytest.mark.parametrize(
    "text",
    [
        *("PONG", "PING", "", '{"statusCode":400,"message":"bad"}'),
        frame("comments", payload()),
        frame("equity_prices", payload(symbol="aapl")),
        frame(CHAINLINK, None),
    ],
)
def test_a_frame_that_is_no_price_tells_nothing(text: str) -> None:
    assert ticks(text) == []


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["NaN", "1e400", "btc/usd", "btcusdt", "61035.8", "PONG"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "timestamp", "full_accuracy_value", "x"]), inner
        )
    ),
    max_leaves=6,
)
TOPIC = st.sampled_from([CHAINLINK, "crypto_prices", "crypto_prices_twap_sixty", "x"])


@given(topic=TOPIC, inner=st.dictionaries(st.sampled_from(list(payload())), ODD))
def test_a_frame_with_anything_in_it_is_read_or_refused(
    topic: str, inner: dict[str, object]
) -> None:
    try:
        told = ticks(frame(topic, {**payload(), **inner}))
    except UnexpectedReply:
        return
    assert all(0 < each.price < 1e10 and each.at > 0 for each in told)


@given(st.text(max_size=40) | st.binary(max_size=40))
def test_any_frame_is_read_or_refused(text: str | bytes) -> None:
    try:
        assert ticks(text) == []
    except UnexpectedReply:
        return


def test_every_recorded_frame_is_read(shared_data: Path) -> None:
    folder = shared_data / "nautilus_trader/crates/adapters/polymarket/test_data"
    read = {
        file.name: len(ticks(file.read_text())) for file in folder.glob("rtds_*.json")
    }

    assert read == {
        "rtds_crypto_prices_subscribe.json": 3,
        "rtds_crypto_prices_update.json": 1,
        "rtds_equity_prices_subscribe.json": 0,
        "rtds_equity_prices_update.json": 0,
    }


def test_silence_is_found_by_name_while_others_are_heard() -> None:
    silence = Silence(after=10, sockets_most=2)
    silence.begin(0)
    for name in ("a", "b"):
        silence.heard(name, 1)
    silence.heard("a", 10)

    assert [silence.found(now) for now in (10, 11, 19)] == [[], ["b"], ["b"]]


def test_a_socket_on_which_nothing_was_ever_heard_is_silent() -> None:
    silence = Silence(after=10, sockets_most=2)
    silence.begin(5)

    assert [silence.found(now) for now in (14, 15)] == [[], ["everything"]]


def test_what_stays_silent_on_several_sockets_is_given_up_until_it_is_heard() -> None:
    silence = Silence(after=10, sockets_most=2)
    silence.begin(0)
    silence.heard("a", 0)
    silence.heard("b", 0)
    found = []
    for now in (20, 40, 60):
        silence.begin(now)
        silence.heard("a", now + 9)
        found.append((silence.over, silence.found(now + 10), silence.over))

    assert found == [
        (False, ["b"], False),
        (False, ["b"], False),
        (False, [], True),
    ]
    assert silence.given_up == {"b"}
    silence.heard("b", 70)
    assert (silence.given_up, silence.expected) == (set(), {"a", "b"})


def test_what_is_heard_again_has_all_its_sockets_before_it() -> None:
    silence = Silence(after=10, sockets_most=1)
    silence.begin(0)
    silence.heard("b", 0)
    found = []
    for now in (20, 40):
        silence.begin(now)
        silence.heard("a", now + 9)
        found.append(silence.found(now + 10))
        silence.heard("b", now + 11)

    assert found == [["b"], ["b"]]
    assert silence.given_up == set()


@given(
    heard=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), max_size=40),
    renewed=st.sets(st.integers(0, 40)),
)
def test_what_was_heard_lately_is_never_called_silent(
    heard: list[tuple[str, int]], renewed: set[int]
) -> None:
    silence = Silence(after=10, sockets_most=3)
    silence.begin(0)
    now, last = 0, {}
    for number, (name, passed) in enumerate(heard):
        now += passed
        if number in renewed:
            silence.begin(now)
        silence.heard(name, now)
        last[name] = now
        found = set(silence.found(now))
        assert not found & {each for each, at in last.items() if now - at < 10}
        assert not silence.expected & silence.given_up


class Heard(Inbox):
    def __init__(self, clock: Stepped) -> None:
        super().__init__(clock, SECOND)
        self.got: list[Event] = []

    def put(self, event: Event) -> None:
        self.got.append(event)

    def spots(self) -> list[tuple[str, float]]:
        return [
            (event.source, event.price)
            for event in self.got
            if isinstance(event, SpotTicked)
        ]


class Scene:
    """A feed, and a server that says what the test wants."""

    def __init__(self, settings: RtdsSettings | None = None) -> None:
        self.clock = Stepped(START)
        self.health = Health()
        self.inbox = Heard(self.clock)
        self.settings = settings
        self.sockets: list[ServerConnection] = []
        self.received: list[list[str]] = []
        self.heard: list[SpotTicked] = []

    async def serve(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        received: list[str] = []
        self.received.append(received)
        try:
            async for message in socket:
                assert isinstance(message, str)
                received.append(message)
                if message == "PING":
                    await socket.send("PONG")
        except ConnectionClosed:
            return

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with serve(self.serve, "127.0.0.1", 0) as server:
            rtds = self.feed(f"ws://127.0.0.1:{port(server)}")
            task = asyncio.create_task(rtds.run())
            await self.connected(1)
            yield
            assert not task.done(), "the feed died"
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def feed(self, url: str) -> Rtds:
        return Rtds(
            *(url, self.inbox, self.clock, self.health),
            symbols=["BTC"],
            rng=Random(7),  # noqa: S311 - a seeded jitter, no secret
            heard=self.heard.append,
            settings=self.settings,
        )

    async def connected(self, number: int) -> None:
        """Wait for the whole of the so-manieth subscription."""

        def subscribed() -> bool:
            return len(self.received) == number and len(self.received[-1]) >= 4

        await self.moving(subscribed)

    async def moving(self, so: Callable[[], bool]) -> None:
        """Wait for something while the feed's pauses go by."""
        async with asyncio.timeout(10):
            while not so():
                await asyncio.sleep(0.001)
                if self.inbox.got and isinstance(self.inbox.got[-1], FeedLost):
                    await self.clock.advance(SECOND)

    async def send(self, *frames: str) -> None:
        """Send frames on the newest socket and wait until they were read."""
        before = self.seen()
        for text in frames:
            await self.sockets[-1].send(text)
        await until(lambda: self.seen() >= before + len(frames))

    def seen(self) -> int:
        counted = {"told_again", "late", "ahead", "not_asked_for"}
        return len(self.inbox.spots()) + sum(
            number
            for (_, what), number in self.health.counts.items()
            if what in counted or what.startswith("refused")
        )

    def kinds(self) -> list[type[Event]]:
        return [type(event) for event in self.inbox.got]


def port(server: Server) -> int:
    return int(next(iter(server.sockets)).getsockname()[1])


async def test_prices_are_told_with_both_times() -> None:
    scene = Scene()
    async with scene.running():
        await scene.clock.advance(2 * SECOND)
        await scene.send(frame(CHAINLINK, payload(1)))

    spoken = SpotTicked(
        at=START + 2 * SECOND,
        venue_at=START + SECOND,
        symbol="BTC",
        source="price",
        price=61_035.86,
    )
    assert scene.inbox.got == [spoken]
    assert scene.heard == [spoken]
    assert scene.received[0] == subscriptions(["BTC"])
    assert scene.health.delays["rtds_latency"].most == 1.0


async def test_bad_late_and_repeated_frames_are_counted_and_the_next_is_told() -> None:
    scene = Scene()
    async with scene.running():
        await scene.send(
            "<html>",
            frame("crypto_prices", payload()),
            frame(CHAINLINK, payload(-11)),
            frame(CHAINLINK, payload(11)),
            frame(CHAINLINK, payload(symbol="eth/usd")),
            frame(CHAINLINK, payload(0, 1.5)),
            frame(CHAINLINK, payload(0, 1.5)),
            frame(CHAINLINK, payload(-1, 1.25)),
            frame(CHAINLINK, payload(1, 2.5)),
        )

    assert scene.inbox.spots() == [("price", 1.5), ("price", 2.5)]
    assert {what: n for (where, what), n in scene.health.counts.items()} == {
        "refused: a frame that is no JSON of ours": 1,
        "refused: a symbol that is not its topic's": 1,
        "late": 1,
        "ahead": 1,
        "not_asked_for": 1,
        "told_again": 2,
    }


async def test_of_a_snapshot_only_the_newest_price_is_told() -> None:
    scene = Scene()
    data = [{"timestamp": (T0 + s) * 1000, "value": 10.0 + s} for s in (-3, -2, -1)]
    async with scene.running():
        await scene.send(
            frame("crypto_prices", {"symbol": "btcusdt", "data": data}, "subscribe")
        )

    assert scene.inbox.spots() == [("binance", 9.0)]


async def test_a_ping_is_sent_every_five_seconds() -> None:
    scene = Scene()
    async with scene.running():
        await scene.clock.advance(11 * SECOND)
        await until(lambda: len(scene.received[0]) >= 6)

    assert scene.received[0][4:] == ["PING", "PING"]


async def test_a_silent_socket_is_replaced_and_the_feed_lost_until_it_tells() -> None:
    scene = Scene()
    async with scene.running():
        await scene.send(frame(CHAINLINK, payload()))
        await scene.clock.advance(20 * SECOND)
        await until(lambda: FeedLost in scene.kinds())
        await scene.connected(2)
        since = (scene.clock.now() - START) / SECOND
        await scene.send(frame(CHAINLINK, payload(since, 7.0)))

    assert scene.kinds() == [SpotTicked, FeedLost, FeedRestored, SpotTicked]
    lost = scene.inbox.got[1]
    assert isinstance(lost, FeedLost)
    assert (lost.feed, lost.market, lost.reason) == ("rtds", None, "silent: everything")
    assert scene.received[1] == subscriptions(["BTC"])


@pytest.mark.parametrize(("off", "said"), [(-60, "59 s old"), (60, "61 s ahead of")])
async def test_prices_that_all_come_late_are_told_from_silence(
    off: float, said: str
) -> None:
    scene = Scene()
    async with scene.running():
        await scene.send(frame(CHAINLINK, payload(off + 1)))
        await scene.clock.advance(20 * SECOND)
        await until(lambda: FeedLost in scene.kinds())

    lost = scene.inbox.got[0]
    assert isinstance(lost, FeedLost)
    assert lost.reason.startswith(f"prices come {said}")
    assert lost.reason.endswith("is this machine's clock right?")


async def test_one_silent_source_among_others_is_enough() -> None:
    scene = Scene()
    mean = "crypto_prices_twap_sixty"
    async with scene.running():
        await scene.send(frame(CHAINLINK, payload()), frame(mean, payload()))
        await scene.clock.advance(10 * SECOND)
        await scene.send(frame(CHAINLINK, payload(10)))
        await scene.clock.advance(10 * SECOND)
        await until(lambda: FeedLost in scene.kinds())
        await scene.connected(2)
        since = (scene.clock.now() - START) / SECOND
        await scene.send(frame(CHAINLINK, payload(since)))
        early = FeedRestored in scene.kinds()
        await scene.send(frame(mean, payload(since)))

    lost = next(event for event in scene.inbox.got if isinstance(event, FeedLost))
    assert lost.reason == "silent: BTC twap_60"
    assert not early
    assert scene.kinds()[-2:] == [FeedRestored, SpotTicked]


async def test_a_socket_that_the_venue_closes_is_replaced() -> None:
    scene = Scene()
    async with scene.running():
        await scene.send(frame(CHAINLINK, payload()))
        await scene.sockets[0].close()
        await until(lambda: FeedLost in scene.kinds())
        await scene.connected(2)

    assert scene.health.counts["rtds", "socket_ended"] == 1


async def test_after_a_price_the_pauses_are_short_again() -> None:
    scene = Scene()
    async with serve(scene.serve, "127.0.0.1", 0) as server:
        feed = scene.feed(f"ws://127.0.0.1:{port(server)}")
        long = [feed._pause() for _ in range(6)][-1]
        task = asyncio.create_task(feed.run())
        await scene.connected(1)
        await scene.send(frame(CHAINLINK, payload()))
        short = feed._pause()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert long >= 15 * SECOND
    assert short <= SECOND


async def test_a_socket_that_breaks_is_replaced() -> None:
    scene = Scene()
    async with scene.running():
        scene.sockets[0].transport.abort()
        await until(lambda: FeedLost in scene.kinds())
        await scene.connected(2)

    lost = scene.inbox.got[0]
    assert isinstance(lost, FeedLost)
    assert lost.reason.startswith("the socket broke")


async def test_without_a_server_it_tries_again_and_says_only_once_that_it_is_lost() -> (
    None
):
    scene = Scene()
    async with serve(scene.serve, "127.0.0.1", 0) as server:
        free = port(server)
    task = asyncio.create_task(scene.feed(f"ws://127.0.0.1:{free}").run())
    async with asyncio.timeout(10):
        while scene.health.counts["rtds", "socket_ended"] < 5:
            await asyncio.sleep(0.001)
            await scene.clock.advance(SECOND)
    alive = not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert alive
    assert scene.kinds() == [FeedLost]


def test_pauses_double_and_end_at_a_bound() -> None:
    feed = Scene().feed("ws://127.0.0.1:1")

    pauses = [feed._pause() for _ in range(8)]

    most = [SECOND * each for each in (1, 2, 4, 8, 16, 30, 30, 30)]
    assert all(
        top // 2 <= pause <= top for pause, top in zip(pauses, most, strict=True)
    )
    assert len(set(pauses)) == 8


async def test_without_coins_nothing_is_asked() -> None:
    scene = Scene()
    feed = Rtds(
        *("ws://127.0.0.1:1", scene.inbox, scene.clock, scene.health),
        symbols=[],
        rng=Random(7),  # noqa: S311 - a seeded jitter, no secret
    )

    await feed.run()

    assert scene.inbox.got == []
