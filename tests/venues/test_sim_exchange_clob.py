"""The pages of the simulated CLOB: who may ask, and what they answer to what is wrong.

The official clients are another file; here are the cases they never produce.
"""

import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.domain.money import ONE, Side
from polyrules.venues.simulated.clob.auth import signatures
from polyrules.venues.simulated.clob.auth.keys import Key, signature
from polyrules.venues.simulated.clob.auth.signatures import SignedOrder
from polyrules.venues.simulated.clob.calls import Call, Refusal
from polyrules.venues.simulated.clob.orders import account, trading
from polyrules.venues.simulated.exchange.words import Mode
from tests.venues.sim_clob import (
    ANN,
    ANN_KEY,
    CONDITION,
    NO,
    YES,
    Sim,
    serving,
    until,
)
from tests.venues.stepped_clock import Stepped

eth_account: Any = pytest.importorskip(
    "eth_account", reason="the extra live is not installed"
)

Body = Any  # JSON, to be spoilt
NOW = 1_772_000_000 * ONE


@pytest_asyncio.fixture
async def sim() -> AsyncIterator[Sim]:
    async with serving(Stepped(NOW)) as running:
        running.fund(ANN, 1000)
        yield running


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def key_of(sim: Sim) -> Key:
    key = sim.venue.keys.create(ANN.lower(), 0)
    assert key is not None
    sim.venue.admit(key)
    return key


def headers(key: Key, method: str, path: str, body: str = "") -> dict[str, str]:
    text = f"1772000000{method}{path}{body}".encode()
    return {
        "POLY_ADDRESS": ANN,
        "POLY_API_KEY": key.name,
        "POLY_PASSPHRASE": key.passphrase,
        "POLY_TIMESTAMP": "1772000000",
        "POLY_SIGNATURE": signature(key.secret, text),
    }


def posted(
    key: Key, usd: str, shares: str, side: str = "BUY", kind: str = "GTC"
) -> Body:
    """Return the body of a rightly signed order for whole amounts of base units."""
    given, wanted = (usd, shares) if side == "BUY" else (shares, usd)
    order = SignedOrder(
        salt=7,
        maker=ANN,
        signer=ANN,
        token_id=YES,
        maker_amount=given,
        taker_amount=wanted,
        side=side,
        signature_type=0,
        timestamp="1772000000000",
        signature="",
    )
    digest = signatures.order(order, neg_risk=False)
    message = eth_account.messages.SignableMessage(b"\x01", *digest)
    made = eth_account.Account.sign_message(message, ANN_KEY)
    signed = {**msgspec.to_builtins(order), "signature": "0x" + made.signature.hex()}
    return {"order": signed, "owner": key.name, "orderType": kind}


def call(key: Key, body: object = None, now: int = NOW, **query: str) -> Call:
    return Call(now=now, key=key, body=msgspec.json.encode(body), query=query)


def refusal(sim: Sim, key: Key, body: object) -> str:
    with pytest.raises(Refusal) as refused:
        trading.post(sim.venue, call(key, body))
    return str(refused.value)


async def test_a_signature_covers_the_path_without_the_prefix_and_the_body(
    sim: Sim, http: aiohttp.ClientSession
) -> None:
    key = key_of(sim)
    body = '{"heartbeat_id":""}'
    signed = headers(key, "POST", "/v1/heartbeats", body)

    for sent, status in ((body, 200), ('{"heartbeat_id": ""}', 401)):
        async with http.post(
            f"{sim.url}/v1/heartbeats", data=sent, headers=signed
        ) as answer:
            assert answer.status == status
    async with http.get(f"{sim.url}/data/orders?market=0x1", headers=signed) as answer:
        assert answer.status == 401
        assert await answer.json() == {"error": "Unauthorized/Invalid api key"}
    rightly = headers(key, "GET", "/data/orders")
    async with http.get(f"{sim.url}/data/orders?market=0x1", headers=rightly) as answer:
        assert await answer.json() == {
            "data": [],
            "next_cursor": "LTE=",
            "limit": 100,
            "count": 0,
        }


async def test_a_login_somebody_else_signed_is_refused(
    sim: Sim, http: aiohttp.ClientSession
) -> None:
    digest = signatures.login(ANN, "1772000000", 0)
    message = eth_account.messages.SignableMessage(b"\x01", *digest)
    made = eth_account.Account.sign_message(message, ANN_KEY)
    sent = {
        "POLY_ADDRESS": ANN,
        "POLY_SIGNATURE": "0x" + made.signature.hex(),
        "POLY_TIMESTAMP": "1772000000",
        "POLY_NONCE": "0",
    }
    wrong: tuple[dict[str, str], ...] = (
        {**sent, "POLY_NONCE": "1"},
        {**sent, "POLY_ADDRESS": "0x" + "11" * 20},
        {**sent, "POLY_SIGNATURE": "0x12"},
        {**sent, "POLY_NONCE": "x"},
        {},
    )

    for tried in wrong:
        async with http.post(f"{sim.url}/auth/api-key", headers=tried) as answer:
            assert answer.status == 401
            assert await answer.json() == {"error": "Invalid L1 Request headers"}
    async with http.post(f"{sim.url}/auth/api-key", headers=sent) as answer:
        assert answer.status == 200
        assert set(await answer.json()) == {"apiKey", "secret", "passphrase"}


async def test_without_eth_account_the_answer_names_the_extra(
    sim: Sim, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "eth_account", None)
    signatures._live.cache_clear()
    signatures._text.cache_clear()

    async with http.post(
        f"{sim.url}/auth/api-key", headers={"POLY_ADDRESS": ANN}
    ) as answer:
        said = await answer.json()

    signatures._live.cache_clear()
    assert answer.status == 500
    assert "signatures cannot be verified" in said["error"]
    assert "pip install 'polyrules[live]'" in said["error"]


async def test_pages_say_what_is_unknown_or_closed(
    sim: Sim, http: aiohttp.ClientSession
) -> None:
    sim.exchange.resolve(CONDITION, Decimal(1), NOW)
    no_book = {"error": "No orderbook exists for the requested token id"}

    for path, expected in (
        (f"/book?token_id={YES}", no_book),
        ("/book?token_id=1", no_book),
        ("/midpoint", no_book),
        ("/markets/0x1", {"error": "market not found"}),
        ("/markets-by-token/1", {"error": "market not found"}),
    ):
        async with http.get(sim.url + path) as answer:
            assert (answer.status, await answer.json()) == (404, expected)
    async with http.get(f"{sim.url}/markets/{CONDITION}") as answer:
        shown = await answer.json()
    assert (shown["closed"], shown["accepting_orders"]) == (True, False)
    assert [each["winner"] for each in shown["tokens"]] == [True, False]
    async with http.get(f"{sim.url}/time") as answer:
        assert await answer.json() == 1_772_000_000


async def test_a_restart_answers_425_to_everything_signed(
    sim: Sim, http: aiohttp.ClientSession
) -> None:
    key = key_of(sim)
    sim.exchange.mode = Mode.RESTARTING

    signed = headers(key, "GET", "/data/orders")
    async with http.get(f"{sim.url}/data/orders", headers=signed) as answer:
        assert (answer.status, await answer.json()) == (
            425,
            {"error": "service not ready"},
        )
    async with http.get(f"{sim.url}/ok") as answer:
        assert answer.status == 200


async def test_disabled_trading_refuses_cancels_too(sim: Sim) -> None:
    key = key_of(sim)
    sim.exchange.mode = Mode.DISABLED

    with pytest.raises(Refusal, match="Trading is currently disabled") as refused:
        trading.cancel_all(sim.venue, call(key))

    assert refused.value.status == 503


async def test_post_only_mode_names_its_code(sim: Sim) -> None:
    key = key_of(sim)
    sim.exchange.mode = Mode.POST_ONLY

    with pytest.raises(Refusal) as refused:
        trading.post(sim.venue, call(key, posted(key, "5000000", "10000000")))

    assert refused.value.status == 503
    assert refused.value.body == {
        "error": "post-only mode: only post-only orders and cancels are allowed",
        "code": "post_only_mode",
    }


@pytest.mark.parametrize(
    ("usd", "shares", "kind", "words"),
    [
        ("5005000", "10010000", "FAK", "max accuracy of 2 decimals"),
        ("5000000", "10000010", "FAK", "taker amount a max of 4 decimals"),
        ("5002500", "10005000", "GTC", "Size (10.005) has 3 decimal places."),
        ("5000001", "10000000", "GTC", "breaks minimum tick size rule: 0.01"),
        ("14997500", "42850000", "GTC", "invalid amounts, the market buy orders"),
        ("0", "10000000", "GTC", "Invalid order payload"),
        ("-5", "10000000", "GTC", "Invalid order payload"),
        ("5e6", "10000000", "GTC", "Invalid order payload"),
        ("9" * 40, "10000000", "GTC", "Invalid order payload"),
    ],
)
async def test_amounts_finer_than_the_venue_takes_are_refused(
    sim: Sim, usd: str, shares: str, kind: str, words: str
) -> None:
    key = key_of(sim)
    sim.offer("0.35", 100)
    body = posted(key, "1", "1")
    if usd.isdecimal() and int(usd) < 1 << 256:
        body = posted(key, usd, shares, kind=kind)
    else:
        body["order"]["makerAmount"] = usd

    assert words in refusal(sim, key, body)


async def test_an_order_of_the_first_version_is_refused_as_such(sim: Sim) -> None:
    key = key_of(sim)
    body = posted(key, "5000000", "10000000")
    old = {**body["order"], "nonce": "0", "feeRateBps": "0", "taker": "0x0"}
    del old["timestamp"]

    said = refusal(sim, key, {**body, "order": old})

    assert said == "invalid order version, please use the latest clob-client"


async def test_the_owner_of_an_order_is_the_owner_of_the_key(sim: Sim) -> None:
    key = key_of(sim)
    body = {**posted(key, "5000000", "10000000"), "owner": "somebody"}

    assert refusal(sim, key, body) == (
        "the order owner has to be the owner of the API KEY"
    )


async def test_more_orders_than_a_batch_holds_are_refused(sim: Sim) -> None:
    key = key_of(sim)
    body = posted(key, "5000000", "10000000")

    with pytest.raises(Refusal) as refused:
        trading.post_many(sim.venue, call(key, [body] * 20))

    assert str(refused.value) == "Too many orders in payload: 20, max allowed: 15"


async def test_orders_and_trades_come_in_pages(sim: Sim) -> None:
    key = key_of(sim)
    sim.offer("0.60", 1000)
    for number in range(150):
        body = posted(key, "3000000", "5000000")
        body["order"]["salt"] = number
        trading.post(sim.venue, call(key, resigned(body)))

    first = account.trades(sim.venue, call(key))
    second = account.trades(sim.venue, call(key, next_cursor=first["next_cursor"]))  # type: ignore[index]  # a page

    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["count"], second["count"], second["next_cursor"]) == (100, 50, "LTE=")
    names = {each["id"] for each in first["data"] + second["data"]}
    assert len(names) == 150
    with pytest.raises(Refusal, match="invalid next_cursor"):
        account.trades(sim.venue, call(key, next_cursor="?"))


def resigned(body: Body) -> Body:
    """Sign an order again after it was changed."""
    order = msgspec.convert(body["order"], SignedOrder)
    digest = signatures.order(order, neg_risk=False)
    message = eth_account.messages.SignableMessage(b"\x01", *digest)
    made = eth_account.Account.sign_message(message, ANN_KEY)
    signed = {**body["order"], "signature": "0x" + made.signature.hex()}
    return {**body, "order": signed}


async def test_nobody_sees_or_cancels_the_order_of_another(sim: Sim) -> None:
    key = key_of(sim)
    theirs = sim.offer("0.60", 100)

    asked = msgspec.structs.replace(call(key), params={"id": theirs})
    with pytest.raises(Refusal, match="order not found"):
        account.order(sim.venue, asked)
    answer = trading.cancel(sim.venue, call(key, {"orderID": theirs}))

    assert answer == {
        "canceled": [],
        "not_canceled": {theirs: "Order not found or already canceled"},
    }


async def test_the_price_history_is_a_price_a_minute_of_either_token(
    sim: Sim, http: aiohttp.ClientSession
) -> None:
    key = key_of(sim)
    sim.offer("0.60", 100)
    trading.post(sim.venue, call(key, posted(key, "3000000", "5000000")))
    sim.venue.prices.take(sim.exchange.drain())

    for token, price in ((YES, 0.6), (NO, 0.4)):
        async with http.get(f"{sim.url}/prices-history?market={token}") as answer:
            assert await answer.json() == {
                "history": [{"t": 1_772_000_000, "p": price}]
            }
    async with http.get(
        f"{sim.url}/prices-history?market={YES}&startTs=1772000001"
    ) as answer:
        assert await answer.json() == {"history": []}


async def test_the_user_channel_answers_ping_and_closes_on_a_wrong_key(
    sim: Sim, http: aiohttp.ClientSession
) -> None:
    key = key_of(sim)
    auth = {"apiKey": key.name, "secret": key.secret, "passphrase": "wrong"}

    async with http.ws_connect(sim.socket) as socket:
        await socket.send_str("PING")
        assert (await socket.receive_str()) == "PONG"
        await socket.send_json({"type": "user", "auth": auth})
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE

    assert sim.channel.counts["wrong_key"] == 1


async def test_the_user_channel_tells_makers_of_the_markets_they_asked_for(
    sim: Sim, http: aiohttp.ClientSession
) -> None:
    key = key_of(sim)
    auth = {"apiKey": key.name, "secret": key.secret, "passphrase": key.passphrase}
    hello = {"type": "user", "auth": auth, "markets": [CONDITION]}

    async with http.ws_connect(sim.socket) as socket:
        await socket.send_json(hello)
        await until(lambda: sim.channel.listening == 1)
        trading.post(sim.venue, call(key, posted(key, "4000000", "10000000")))
        sim.rest("0.60", 4, Side.BUY, NO)
        sim.tell()
        heard = [await socket.receive_json() for _ in range(5)]

    kinds = [(each["event_type"], each["type"], each["status"]) for each in heard]
    assert kinds == [
        ("order", "PLACEMENT", "LIVE"),
        ("order", "UPDATE", "LIVE"),
        ("trade", "TRADE", "MATCHED"),
        ("trade", "TRADE", "MINED"),
        ("trade", "TRADE", "CONFIRMED"),
    ]
    assert heard[1]["size_matched"] == "4"
    trade = heard[2]
    assert (trade["asset_id"], trade["side"], trade["price"]) == (NO, "BUY", "0.6")
    assert trade["trader_side"] == "MAKER"
    assert trade["transaction_hash"] == ""
    (mine,) = trade["maker_orders"]
    assert (mine["owner"], mine["asset_id"], mine["price"]) == (key.name, YES, "0.4")
    assert (mine["matched_amount"], mine["side"]) == ("4", "BUY")


async def test_the_secrets_of_a_key_are_not_in_its_repr(sim: Sim) -> None:
    key = key_of(sim)

    assert key.secret not in repr(key)
    assert key.passphrase not in repr(key)


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=8),
    st.just("NaN"),
    st.just("9" * 5000),
    st.just("0x"),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
FIELDS = [*SignedOrder.__struct_encode_fields__, "owner", "orderType", "postOnly"]


class Venue:
    """What the pages need of a simulation that nobody serves."""

    sim = Sim(Stepped(NOW))
    key = sim.venue.keys.create(ANN.lower(), 0)


@given(
    spoilt=st.dictionaries(st.sampled_from(FIELDS), values, max_size=4),
    missing=st.sets(st.sampled_from(FIELDS), max_size=2),
)
@settings(deadline=None)
def test_an_order_that_is_spoilt_is_refused_and_never_breaks_the_page(
    spoilt: dict[str, object], missing: set[str]
) -> None:
    key = Venue.key
    assert key is not None
    body = posted(key, "5000000", "10000000")
    for field in (*spoilt, *missing):
        inside = body["order"] if field in body["order"] else body
        if field in spoilt:
            inside[field] = spoilt[field]
        else:
            inside.pop(field, None)

    try:
        answer = trading.post(Venue.sim.venue, call(key, body))
    except Refusal as refused:
        assert refused.status in (400, 404)  # noqa: PT017 - either outcome is right
        return
    assert isinstance(answer, dict)
    assert answer["success"] is True


@given(body=st.binary(max_size=60))
@settings(deadline=None)
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    key = Venue.key
    assert key is not None
    asked = Call(now=NOW, key=key, body=body)

    for page in (trading.post, trading.post_many, trading.cancel_many):
        try:
            page(Venue.sim.venue, asked)
        except Refusal as refused:
            assert refused.status == 400  # noqa: PT017 - an empty list is no error
