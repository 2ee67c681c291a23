"""The official clients, unchanged but for the host, trade on the simulated exchange.

They are on the wall clock, so the venue is too; nothing here waits for time.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from polyrules.clock import Wall
from polyrules.domain.money import ONE, Side
from polyrules.venues.simulated.clob.auth.signatures import EXCHANGE
from polyrules.venues.simulated.clob.auth.wallets import wallets
from tests.venues.sim_clob import (
    ANN,
    ANN_KEY,
    BOB_KEY,
    CONDITION,
    NO,
    OTHER_YES,
    YES,
    Sim,
    serving,
    until,
)

v2: Any = pytest.importorskip(
    "py_clob_client_v2", reason="the extra live is not installed"
)
unified: Any = pytest.importorskip(
    "polymarket", reason="the extra live is not installed"
)

Client = Any  # the clients' own types are not ours to state
Signed = Any
CENT = v2.PartialCreateOrderOptions(tick_size="0.01", neg_risk=False)
MILL = v2.PartialCreateOrderOptions(tick_size="0.001", neg_risk=False)


@pytest_asyncio.fixture
async def sim() -> AsyncIterator[Sim]:
    async with serving(Wall()) as running:
        running.fund(ANN, 1000)
        yield running


def logged_in(sim: Sim, key: str = ANN_KEY, **more: object) -> Client:
    """Return a py-clob-client-v2 with API keys; it blocks, so call it in a thread."""
    client = v2.ClobClient(sim.url, 137, key=key, **more)
    client.set_api_creds(client.create_or_derive_api_key())
    return client


def limit(price: float, size: float, side: str = "BUY", token: str = YES) -> Signed:
    return v2.OrderArgs(token_id=token, price=price, size=size, side=side)


def refusal(
    client: Client, order: Signed, kind: str = "GTC", **more: object
) -> tuple[int, str]:
    """Post a signed order that is refused; return the status and the venue's words."""
    with pytest.raises(v2.exceptions.PolyApiException) as refused:
        client.post_order(order, kind, **more)
    said = refused.value.error_msg
    return refused.value.status_code, said["error"]


async def secure(sim: Sim, key: str = ANN_KEY, wallet: str = ANN) -> Client:
    """Return a client of the unified SDK; its environments are private."""
    from polymarket import environments  # noqa: PLC0415 - only where it is installed

    pages = ("clob_url", "gamma_url", "data_url", "relayer_url", "rpc_url")
    sockets = ("clob_market_ws_url", "clob_user_ws_url", "rtds_ws_url")
    local: dict[str, Any] = dict.fromkeys(pages, sim.url) | dict.fromkeys(
        sockets, sim.socket
    )
    config = dataclasses.replace(environments.PRODUCTION._config, **local)
    environment = environments._create_environment(name="local", config=config)
    return await unified.AsyncSecureClient.create(
        private_key=key, wallet=wallet, environment=environment
    )


# -- py-clob-client-v2 -------------------------------------------------------------


async def test_v2_makes_derives_lists_and_deletes_api_keys(sim: Sim) -> None:
    def keys() -> tuple[Any, ...]:
        client = v2.ClobClient(sim.url, 137, key=ANN_KEY)
        made = client.create_api_key()
        client.set_api_creds(client.derive_api_key())
        return (
            made == client.derive_api_key(),
            client.get_api_keys() == {"apiKeys": [made.api_key]},
            client.get_closed_only_mode(),
            client.delete_api_key(),
        )

    assert await asyncio.to_thread(keys) == (True, True, {"closed_only": False}, "OK")


async def test_v2_places_shows_and_cancels_a_limit_order(sim: Sim) -> None:
    def trade() -> None:
        client = logged_in(sim)

        answer = client.create_and_post_order(limit(0.42, 10), CENT, "GTC")

        assert answer["status"] == "live"
        assert (answer["makingAmount"], answer["tradeIDs"]) == ("", [])
        name = answer["orderID"]
        shown = client.get_order(name)
        assert client.get_open_orders() == [shown]
        assert (shown["status"], shown["side"], shown["price"]) == (
            "LIVE",
            "BUY",
            "0.42",
        )
        assert (shown["original_size"], shown["outcome"]) == ("10", "Yes")
        assert shown["maker_address"] == ANN.lower()
        one = v2.OrderPayload(orderID=name)
        assert client.cancel_order(one) == {"canceled": [name], "not_canceled": {}}
        assert client.cancel_order(one) == {
            "canceled": [],
            "not_canceled": {name: "already canceled or matched"},
        }
        assert client.get_order(name)["status"] == "CANCELED"

    await asyncio.to_thread(trade)


async def test_the_id_of_an_order_is_the_hash_that_its_owner_signed(sim: Sim) -> None:
    def hashes() -> tuple[str, str]:
        client = logged_in(sim)
        signed = client.create_order(limit(0.42, 10), CENT)
        builder = v2.order_utils.exchange_order_builder_v2.ExchangeOrderBuilderV2(
            EXCHANGE, 137, client.signer
        )
        own = builder.build_order_hash(builder.build_order_typed_data(signed))
        return own, client.post_order(signed)["orderID"]

    own, given = await asyncio.to_thread(hashes)

    assert given == own


async def test_v2_buys_at_market_and_sees_its_trade_and_balance(sim: Sim) -> None:
    sim.offer("0.50", 10)
    sim.offer("0.60", 100)

    def trade() -> None:
        client = logged_in(sim)
        order = v2.MarketOrderArgs(
            token_id=YES, amount=11, side="BUY", order_type="FOK"
        )

        answer = client.create_and_post_market_order(order, CENT, "FOK")

        assert answer["status"] == "matched"
        assert (answer["makingAmount"], answer["takingAmount"]) == ("11", "20")
        assert len(answer["tradeIDs"]) == 2
        assert len(answer["transactionsHashes"]) == 1
        trades = client.get_trades()
        assert {each["id"] for each in trades} == set(answer["tradeIDs"])
        assert {(each["price"], each["size"]) for each in trades} == {
            ("0.5", "10"),
            ("0.6", "10"),
        }
        assert {each["trader_side"] for each in trades} == {"TAKER"}
        cash = v2.BalanceAllowanceParams(asset_type=v2.AssetType.COLLATERAL)
        assert client.get_balance_allowance(cash)["balance"] == str(989 * ONE)
        shares = v2.BalanceAllowanceParams(
            asset_type=v2.AssetType.CONDITIONAL, token_id=YES
        )
        assert client.get_balance_allowance(shares)["balance"] == str(20 * ONE)
        client.update_balance_allowance(shares)

    await asyncio.to_thread(trade)


async def test_v2_sells_at_market_what_it_has(sim: Sim) -> None:
    sim.rest("0.40", 100, Side.BUY)
    sim.exchange.give(ANN.lower(), YES, 30 * ONE)

    def trade() -> None:
        client = logged_in(sim)
        order = v2.MarketOrderArgs(token_id=YES, amount=12.5, side="SELL")

        answer = client.create_and_post_market_order(order, CENT, "FAK")

        assert (answer["makingAmount"], answer["takingAmount"]) == ("12.5", "5")
        assert client.get_trades()[0]["side"] == "SELL"

    await asyncio.to_thread(trade)
    assert sim.exchange.balance(ANN.lower()).cash.free == 1005 * ONE


async def test_a_market_buy_that_v2_rounds_too_finely_is_refused_as_at_the_venue(
    sim: Sim,
) -> None:
    sim.exchange.set_tick(CONDITION, Decimal("0.001"), sim.clock.now())
    sim.offer("0.521", 100)

    def refuse() -> None:
        client = logged_in(sim)
        order = v2.MarketOrderArgs(token_id=YES, amount=10, side="BUY", price=0.521)
        signed = client.create_market_order(order, MILL)

        assert signed.takerAmount == "19193850"
        status, words = refusal(client, signed, "FAK")
        assert status == 400
        assert words == (
            "invalid amounts, the market buy orders maker amount supports a max "
            "accuracy of 2 decimals, taker amount a max of 4 decimals"
        )

    await asyncio.to_thread(refuse)


async def test_v2_posts_several_orders_and_cancels_by_market_and_at_all(
    sim: Sim,
) -> None:
    def trade() -> None:
        client = logged_in(sim)
        signed = [
            client.create_order(limit(0.4, 10), CENT),
            client.create_order(limit(0.4, 1), CENT),
            client.create_order(limit(0.3, 10, token=NO), CENT),
        ]
        batch = [v2.PostOrdersV2Args(order=each, orderType="GTC") for each in signed]

        answers = client.post_orders(batch)

        assert [each["status"] for each in answers] == ["live", "", "live"]
        assert "lower than the minimum: 5" in answers[1]["errorMsg"]
        first, _, third = (each["orderID"] for each in answers)
        of_no = v2.OrderMarketCancelParams(market=CONDITION, asset_id=NO)
        assert client.cancel_market_orders(of_no)["canceled"] == [third]
        assert client.cancel_all()["canceled"] == [first]

    await asyncio.to_thread(trade)


async def test_v2_reads_books_prices_and_markets(sim: Sim) -> None:
    sim.offer("0.55", 40)
    sim.rest("0.45", 30, Side.BUY)
    sim.rest("0.44", 30, Side.BUY)

    def read() -> None:
        client = v2.ClobClient(sim.url, 137)
        book = client.get_order_book(YES)
        assert book["bids"] == [
            {"price": "0.44", "size": "30"},
            {"price": "0.45", "size": "30"},
        ]
        assert book["asks"] == [{"price": "0.55", "size": "40"}]
        mirrored = client.get_order_book(NO)
        assert mirrored["bids"] == [{"price": "0.45", "size": "40"}]
        both = client.get_order_books(
            [v2.BookParams(token_id=each) for each in (YES, NO)]
        )
        assert [each["asset_id"] for each in both] == [YES, NO]
        assert client.get_midpoint(YES) == {"mid": "0.5"}
        assert client.get_spread(YES) == {"spread": "0.1"}
        assert client.get_price(YES, "BUY") == {"price": "0.45"}
        assert client.get_price(YES, "SELL") == {"price": "0.55"}
        assert client.get_last_trade_price(YES) == {"price": "0.5", "side": ""}
        assert client.get_tick_size(YES) == "0.01"
        assert client.get_neg_risk(OTHER_YES) is True
        assert client.get_version() == 2
        assert client.get_market(CONDITION)["tokens"][0]["token_id"] == YES
        assert client.get_clob_market_info(CONDITION)["nr"] is False
        assert len(client.get_markets()["data"]) == 2
        assert client.get_ok() == "OK"

    await asyncio.to_thread(read)


async def test_v2_keeps_a_heartbeat_and_silence_cancels_its_orders(sim: Sim) -> None:
    def beat() -> str:
        client = logged_in(sim)
        client.create_and_post_order(limit(0.4, 10), CENT, "GTC")
        first = client.post_heartbeat("")["heartbeat_id"]
        with pytest.raises(v2.exceptions.PolyApiException) as wrong:
            client.post_heartbeat("something else")
        assert wrong.value.status_code == 400
        assert wrong.value.error_msg["error_msg"] == "Invalid Heartbeat ID"
        assert wrong.value.error_msg["heartbeat_id"] == first
        return str(client.post_heartbeat(first)["heartbeat_id"])

    assert await asyncio.to_thread(beat)
    armed = sim.clock.now()

    sim.venue.advance(armed + 9 * ONE)
    assert len(sim.exchange.history.open_of(ANN.lower())) == 1
    sim.venue.advance(armed + 11 * ONE)
    assert sim.exchange.history.open_of(ANN.lower()) == []


@pytest.mark.parametrize("kind", [1, 2, 3], ids=["proxy", "safe", "deposit wallet"])
async def test_v2_trades_with_the_wallets_that_belong_to_its_key(
    sim: Sim, kind: int
) -> None:
    owned = wallets(ANN.lower())
    funder = next(each for each, of_kind in owned.items() if of_kind == kind)
    sim.fund(funder, 10)

    def trade() -> None:
        checksummed = v2_checksum(funder)
        client = logged_in(sim, signature_type=kind, funder=checksummed)

        answer = client.create_and_post_order(limit(0.5, 10), CENT, "GTC")

        assert answer["status"] == "live"
        assert client.get_open_orders()[0]["maker_address"] == funder
        cash = v2.BalanceAllowanceParams(asset_type=v2.AssetType.COLLATERAL)
        assert client.get_balance_allowance(cash)["balance"] == str(10 * ONE)

    await asyncio.to_thread(trade)


def v2_checksum(address: str) -> str:
    from eth_utils.address import to_checksum_address  # noqa: PLC0415 - comes with v2

    return str(to_checksum_address(address))


# -- the venue's own words ----------------------------------------------------------


async def test_a_wrong_signature_and_a_wrong_owner_are_refused(sim: Sim) -> None:
    def refuse() -> None:
        ann, bob = logged_in(sim), logged_in(sim, BOB_KEY)
        for_neg_risk = v2.PartialCreateOrderOptions(tick_size="0.01", neg_risk=True)
        forged = ann.create_order(limit(0.5, 10), for_neg_risk)
        hers = ann.create_order(limit(0.5, 10), CENT)

        assert refusal(ann, forged) == (400, "invalid signature")
        assert refusal(bob, hers) == (
            400,
            "the order signer address has to be the address of the API KEY",
        )
        foreign = logged_in(sim, signature_type=1, funder=bob.get_address())
        elsewhere = foreign.create_order(limit(0.5, 10), CENT)
        assert refusal(foreign, elsewhere) == (
            400,
            "maker address not allowed, please use the deposit wallet flow",
        )

    await asyncio.to_thread(refuse)


async def test_a_wrong_secret_is_refused(sim: Sim) -> None:
    def refuse() -> None:
        ann, bob = logged_in(sim), logged_in(sim, BOB_KEY)
        ann.creds.api_secret = bob.creds.api_secret
        with pytest.raises(v2.exceptions.PolyApiException) as refused:
            ann.get_open_orders()
        assert refused.value.status_code == 401
        assert refused.value.error_msg == {"error": "Unauthorized/Invalid api key"}

    await asyncio.to_thread(refuse)


async def test_a_price_off_the_tick_and_a_small_size_are_refused(sim: Sim) -> None:
    sim.exchange.set_tick(CONDITION, Decimal("0.001"), sim.clock.now())

    def refuse() -> None:
        client = logged_in(sim)
        fine = client.create_order(limit(0.505, 10), MILL)
        small = client.create_order(limit(0.5, 1), MILL)
        sim.exchange.set_tick(CONDITION, Decimal("0.01"), sim.clock.now())

        status, words = refusal(client, fine)
        assert status == 400
        assert words.startswith("order 0x")
        assert words.endswith(
            "is invalid. Price (0.505) breaks minimum tick size rule: 0.01"
        )
        status, words = refusal(client, small)
        assert status == 400
        assert words.endswith("is invalid. Size (1) lower than the minimum: 5")

    await asyncio.to_thread(refuse)


async def test_a_duplicate_and_too_little_money_are_refused(sim: Sim) -> None:
    def refuse() -> None:
        client = logged_in(sim)
        order = client.create_order(limit(0.5, 10), CENT)
        dear = client.create_order(limit(0.5, 5000), CENT)
        name = client.post_order(order)["orderID"]

        assert refusal(client, order) == (400, f"order {name} is invalid. Duplicated.")
        status, words = refusal(client, dear)
        assert status == 400
        assert words == (
            "not enough balance / allowance: the balance is not enough -> "
            "balance: 1000000000, sum of active orders: 5000000, "
            "order amount: 2500000000"
        )

    await asyncio.to_thread(refuse)


async def test_orders_whose_kind_cannot_be_kept_are_refused(sim: Sim) -> None:
    sim.offer("0.50", 10)

    def refuse() -> None:
        client = logged_in(sim)
        much = v2.MarketOrderArgs(token_id=YES, amount=50, side="BUY", price=0.5)
        fok = client.create_market_order(much, CENT)
        low = v2.MarketOrderArgs(token_id=YES, amount=50, side="BUY", price=0.4)
        fak = client.create_market_order(low, CENT)
        small = v2.MarketOrderArgs(token_id=YES, amount=0.5, side="BUY", price=0.5)
        tiny = client.create_market_order(small, CENT)
        crossing = client.create_order(limit(0.5, 10), CENT)

        assert refusal(client, fok, "FOK") == (
            400,
            "order couldn't be fully filled. FOK orders are fully filled or killed.",
        )
        status, words = refusal(client, fak, "FAK")
        assert status == 400
        assert words == (
            "no orders found to match with FAK order. "
            "FAK orders are partially filled or killed if no match is found."
        )
        assert refusal(client, tiny, "FAK") == (
            400,
            "invalid amount for a marketable BUY order ($0.5), min size: $1",
        )
        assert refusal(client, crossing, post_only=True) == (
            400,
            "invalid post-only order: order crosses book",
        )

    await asyncio.to_thread(refuse)


# -- polymarket-client --------------------------------------------------------------


def test_the_wallets_of_a_key_are_those_the_unified_client_derives() -> None:
    from polymarket import environments  # noqa: PLC0415 - only where installed
    from polymarket._internal import wallet  # noqa: PLC0415 - the same

    config = environments.PRODUCTION._config.wallet_derivation

    assert list(wallets(ANN.lower())) == [
        ANN.lower(),
        wallet.derive_proxy_wallet_address(ANN, config).lower(),
        wallet.derive_safe_wallet_address(ANN, config).lower(),
        wallet.derive_beacon_deposit_wallet_address(ANN, config).lower(),
        wallet.derive_uups_deposit_wallet_address(ANN, config).lower(),
    ]


async def test_unified_places_shows_and_cancels_orders(sim: Sim) -> None:
    async with await secure(sim) as client:
        placed = await client.place_limit_order(
            asset_id=YES, price="0.42", size="10", side="BUY"
        )
        late = sim.clock.now() // ONE + 3600
        dated = await client.place_limit_order(
            asset_id=YES, price="0.41", size="10", side="BUY", expiration=late
        )

        assert (placed.ok, placed.status) == (True, "live")
        shown = await client.get_order(order_id=placed.order_id)
        assert (shown.price, shown.original_size) == (Decimal("0.42"), Decimal(10))
        opened = [each async for each in client.list_open_orders().iter_items()]
        assert [each.order_type for each in opened] == ["GTC", "GTD"]
        gone = await client.cancel_order(order_id=placed.order_id)
        assert gone.canceled == (placed.order_id,)
        rest = await client.cancel_all()
        assert rest.canceled == (dated.order_id,)


async def test_unified_trades_at_market_and_sees_it(sim: Sim) -> None:
    sim.offer("0.50", 100, OTHER_YES)

    async with await secure(sim) as client:
        bought = await client.place_market_order(
            asset_id=OTHER_YES, side="BUY", amount="10"
        )

        assert (bought.ok, bought.status) == (True, "matched")
        assert (bought.making_amount, bought.taking_amount) == (10, 20)
        trades = [each async for each in client.list_account_trades().iter_items()]
        assert [each.id for each in trades] == list(bought.trade_ids)
        assert (trades[0].price, trades[0].size) == (Decimal("0.5"), Decimal(20))
        cash = await client.get_balance_allowance(asset_type="COLLATERAL")
        assert cash.balance == 1000 * ONE - 10 * ONE - 200_000  # 20 x 0.04 x 0.25
        shares = await client.get_balance_allowance(
            asset_type="CONDITIONAL", asset_id=OTHER_YES
        )
        assert shares.balance == 20 * ONE


async def test_unified_reads_books_and_keeps_a_heartbeat(sim: Sim) -> None:
    sim.offer("0.55", 40)
    sim.rest("0.45", 30, Side.BUY)

    async with await secure(sim) as client:
        book = await client.get_order_book(asset_id=YES)
        assert (book.bids[-1].price, book.asks[-1].price) == (
            Decimal("0.45"),
            Decimal("0.55"),
        )
        assert book.tick_size == Decimal("0.01")
        assert await client.get_midpoint(asset_id=YES) == Decimal("0.5")
        first = await client.send_order_heartbeat(heartbeat_id="")
        again = await client.send_order_heartbeat(heartbeat_id=first.heartbeat_id)
        assert again.heartbeat_id != first.heartbeat_id
        with pytest.raises(unified.OrderHeartbeatMismatchError) as wrong:
            await client.send_order_heartbeat(heartbeat_id="stale")
        assert wrong.value.heartbeat_id == again.heartbeat_id


async def test_unified_hears_of_its_orders_and_trades(sim: Sim) -> None:
    from polymarket.streams import UserSpec  # noqa: PLC0415 - only where installed

    async with await secure(sim) as client:
        stream = await client.subscribe([UserSpec()])
        await until(lambda: sim.channel.listening == 1)
        await client.place_limit_order(asset_id=YES, price="0.5", size="10", side="BUY")
        sim.offer("0.40", 4)
        sim.tell()

        async with asyncio.timeout(30):
            heard = [await anext(stream) for _ in range(5)]

    kinds = [
        (each.type, getattr(each.payload, "order_event_type", each.payload.status))
        for each in heard
    ]
    assert kinds == [
        ("order", "PLACEMENT"),
        ("order", "UPDATE"),
        ("trade", "MATCHED"),
        ("trade", "MINED"),
        ("trade", "CONFIRMED"),
    ]
