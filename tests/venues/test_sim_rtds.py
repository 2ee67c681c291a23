"""The simulated price feed: its topics, its means, and the traps of the venue's."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from polyrules.venues.simulated.faults import Faults, fault_of
from polyrules.venues.simulated.rtds import Rtds, wanted_of

S = 1_000_000
BEGIN = 1_772_452_800 * S
ORACLE = "crypto_prices_chainlink"


class Ramp:
    """BTC rises by a dollar a second from 60,000; ETH stands at 2,000."""

    def price(self, symbol: str, at: int) -> float:
        return 2_000.0 if symbol == "ETH" else 60_000.0 + (at - BEGIN) // S

    def twap(self, symbol: str, at: int, seconds: int) -> float:
        return sum(self.price(symbol, at - each * S) for each in range(seconds)) / (
            seconds
        )


class Stopped:
    """A clock that moves when it is told."""

    speed = 1.0

    def __init__(self) -> None:
        self.at = BEGIN

    def now(self) -> int:
        return self.at

    async def sleep(self, micros: int) -> None:
        self.at += micros


class Feed:
    """A feed on loopback, and one client."""

    def __init__(self) -> None:
        self.clock = Stopped()
        self.faults = Faults(random.Random(7))  # noqa: S311 - a play
        self.rtds = Rtds(Ramp(), ("BTC", "ETH"), self.clock, self.faults)
        self.socket: ClientWebSocketResponse

    async def ask(self, *subscriptions: dict[str, str]) -> None:
        """Subscribe, and wait until the feed took it in."""
        said = {"action": "subscribe", "subscriptions": list(subscriptions)}
        await self.socket.send_str(json.dumps(said))
        await self.answered()

    async def answered(self) -> list[dict[str, Any]]:
        """Return what came before the answer to a ping."""
        await self.socket.send_str("PING")
        found = []
        while (text := (await self.socket.receive()).data) != "PONG":
            found.append(json.loads(text))
        self.before = found
        return found

    async def step(self, seconds: int = 1) -> list[dict[str, Any]]:
        """Let time go by; return what was told."""
        self.clock.at += seconds * S
        self.rtds.step(self.clock.at)
        return await self.answered()


@asynccontextmanager
async def feed() -> AsyncIterator[Feed]:
    made = Feed()
    app = web.Application()
    app.add_routes(made.rtds.routes())
    async with asyncio.timeout(20), TestClient(TestServer(app)) as client:
        made.socket = await client.ws_connect("/rtds")
        await made.answered()
        yield made


def subscription(topic: str, symbol: str = "") -> dict[str, str]:
    said = {"topic": topic, "type": "*"}
    if symbol:
        said["filters"] = f'{{"symbol":"{symbol}"}}'
    return said


async def test_an_update_a_second_once_subscribed() -> None:
    async with feed() as made:
        await made.ask(subscription("crypto_prices", "btcusdt"))

        assert await made.step() == [
            {
                "topic": "crypto_prices",
                "type": "update",
                "timestamp": (BEGIN + S) // 1000,
                "payload": {
                    "symbol": "btcusdt",
                    "timestamp": (BEGIN + S) // 1000,
                    "value": 60_001.0,
                    "full_accuracy_value": "60001.00000000",
                },
            }
        ]
        assert len(await made.step(3)) == 3
        assert await made.step(0) == []


async def test_the_oracle_tells_its_exact_value_in_e18() -> None:
    async with feed() as made:
        await made.ask(subscription(ORACLE, "btc/usd"))

        (told,) = await made.step()

        assert told["topic"] == ORACLE
        assert told["payload"]["symbol"] == "btc/usd"
        assert told["payload"]["full_accuracy_value"] == "60001" + "0" * 18


async def test_the_means_are_means_over_their_seconds() -> None:
    async with feed() as made:
        await made.ask(subscription("crypto_prices_twap_thirty", "btc/usd"))
        await made.ask(subscription("crypto_prices_twap_sixty", "btc/usd"))

        thirty, sixty = await made.step(1)

        # of 60,001 and the 29, or 59, dollars below
        assert thirty["payload"]["value"] == 60_001 - 29 / 2
        assert thirty["payload"]["window_s"] == 30
        assert sixty["payload"]["value"] == 60_001 - 59 / 2
        assert sixty["payload"]["window_s"] == 60


async def test_the_first_frame_of_the_oracle_is_labelled_wrongly() -> None:
    async with feed() as made:
        await made.ask(subscription(ORACLE, "btc/usd"))

        (first,) = made.before

        assert (first["topic"], first["type"]) == ("crypto_prices", "subscribe")
        assert first["payload"]["symbol"] == "btc/usd"
        assert len(first["payload"]["data"]) == 60
        assert first["payload"]["data"][-1] == {
            "timestamp": BEGIN // 1000,
            "value": 60_000.0,
        }


async def test_without_a_filter_every_coin_is_told() -> None:
    async with feed() as made:
        await made.ask(subscription("crypto_prices"))

        told = await made.step()

        assert [each["payload"]["symbol"] for each in told] == ["btcusdt", "ethusdt"]


async def test_a_blank_in_a_filter_brings_silence() -> None:
    async with feed() as made:
        said = {"topic": ORACLE, "type": "*", "filters": '{"symbol": "btc/usd"}'}
        await made.ask(said)

        assert await made.step() == []


async def test_one_unknown_topic_poisons_the_whole_message() -> None:
    async with feed() as made:
        await made.ask(subscription("crypto_prices"), subscription("crypto_price"))

        assert await made.step() == []
        assert made.rtds.counts["poisoned"] == 1


async def test_after_unsubscribing_nothing_comes() -> None:
    async with feed() as made:
        await made.ask(subscription("crypto_prices"), subscription(ORACLE))
        said = {"action": "unsubscribe", "subscriptions": [subscription(ORACLE)]}
        await made.socket.send_str(json.dumps(said))
        await made.answered()

        told = await made.step()

        assert {each["topic"] for each in told} == {"crypto_prices"}


async def test_a_frozen_socket_still_answers_ping() -> None:
    async with feed() as made:
        await made.ask(subscription("crypto_prices", "btcusdt"))
        made.faults.add(fault_of({"fault": "freeze", "service": "rtds"}), BEGIN)

        assert await made.step() == []
        made.faults.clear()
        assert len(await made.step()) == 1


async def test_a_fault_can_silence_one_symbol() -> None:
    async with feed() as made:
        await made.ask(subscription("crypto_prices"))
        said = {"fault": "drop", "service": "rtds", "share": 1, "token": "btcusdt"}
        made.faults.add(fault_of(said), BEGIN)

        told = await made.step()

        assert [each["payload"]["symbol"] for each in told] == ["ethusdt"]


async def test_a_cut_socket_is_closed_and_forgotten() -> None:
    async with feed() as made:
        made.faults.add(fault_of({"fault": "cut", "service": "rtds"}), BEGIN)

        made.rtds.step(BEGIN + S)

        assert (await made.socket.receive()).type is WSMsgType.CLOSE
        assert made.rtds.connections == ()


async def test_garbage_is_passed_over_and_the_socket_lives_on() -> None:
    async with feed() as made:
        for garbage in ("", "{", "[]", "3", '{"action":"subscribe"}', "[" * 5000):
            await made.socket.send_str(garbage)
        await made.ask(subscription("crypto_prices", "btcusdt"))

        assert len(await made.step()) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(topic=JSON, kind=JSON, filters=JSON, more=JSON)
def test_no_subscription_ever_crashes_the_feed(
    topic: object, kind: object, filters: object, more: object
) -> None:
    said = {"topic": topic, "type": kind, "filters": filters}

    assert wanted_of(more) is None or isinstance(wanted_of(more), list)
    found = wanted_of({"action": "subscribe", "subscriptions": [said, more]})
    assert found is None or len(found) == 2


@pytest.mark.parametrize(
    "filters", ["{", "[]", '{"symbol":3}', '{"coin":"btc"}', "null"]
)
def test_a_filter_that_names_no_symbol_brings_silence(filters: str) -> None:
    said = {"topic": ORACLE, "type": "*", "filters": filters}
    found = wanted_of({"action": "subscribe", "subscriptions": [said]})

    assert found is not None
    assert [each.live for each in found] == [False]
