"""The simulated venue on one port: its sockets, its time, and its pages together."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.domain.money import Side
from polyrules.venues.polymarket.wire import book
from polyrules.venues.simulated.book_hash import HashedBook, book_hash
from polyrules.venues.simulated.exchange.words import (
    Holding,
    NewOrder,
    Placed,
    TimeInForce,
)
from polyrules.venues.simulated.faults import fault_of
from polyrules.venues.simulated.market_channel import channel
from polyrules.venues.simulated.server import Simulator
from polyrules.venues.simulated.world.settings import BEGIN, Settings
from polyrules.venues.simulated.world.story import Kind, Story
from tests.venues.sim_venue import SMALL, Moved, S, Visit, visit


def story_of(visitor: Visit, kind: Kind = Kind.PLAIN) -> Story:
    """Return the first market of a kind."""
    stories = visitor.venue.world.stories.values()
    return next(story for story in stories if story.kind is kind)


def subscription(*tokens: str, custom: bool = False) -> dict[str, Any]:
    """Return the first message of a socket."""
    said: dict[str, Any] = {"type": "market", "assets_ids": list(tokens)}
    return said | ({"custom_feature_enabled": True} if custom else {})


def kinds(messages: list[dict[str, Any]]) -> set[str]:
    """Return which events were heard."""
    return {message["event_type"] for message in messages}


async def test_a_subscription_brings_the_whole_book_best_price_last() -> None:
    async with visit() as visitor:
        listed = story_of(visitor).listed
        socket = await visitor.market_socket(subscription(listed.yes, listed.no))
        yes, no = await socket.heard()

    assert (yes["event_type"], yes["asset_id"], yes["market"]) == (
        *("book", listed.yes, listed.id),
    )
    bids = [Decimal(level["price"]) for level in yes["bids"]]
    asks = [Decimal(level["price"]) for level in yes["asks"]]
    assert bids == sorted(bids)
    assert asks == sorted(asks, reverse=True)
    assert [1 - Decimal(level["price"]) for level in no["bids"]] == asks
    assert {
        "min_order_size",
        "tick_size",
        "neg_risk",
        "hash",
        "timestamp",
    } <= yes.keys()
    assert book(yes)[0].bids[0][0] == int(bids[-1] * 1_000_000)


async def test_the_pages_and_the_channel_tell_the_same_book() -> None:
    async with visit() as visitor:
        listed = story_of(visitor).listed
        visitor.pass_time(30)
        socket = await visitor.market_socket(subscription(listed.yes))
        (told,) = await socket.heard()
        _, page = await visitor.get(f"/clob/book?token_id={listed.yes}")

    assert told["bids"] == page["bids"]
    assert told["asks"] == page["asks"]
    assert told["hash"] == page["hash"]


async def test_changes_rebuild_the_book_and_each_hash_is_right() -> None:
    async with visit() as visitor:
        listed = story_of(visitor).listed
        socket = await visitor.market_socket(subscription(listed.yes))
        messages = await socket.heard()
        visitor.pass_time(120)
        messages += await socket.heard()
        rest = visitor.venue.world.exchange.book(listed.yes)

    sizes: dict[str, dict[str, str]] = {"BUY": {}, "SELL": {}}
    changes = 0
    for message in messages:
        if message["event_type"] == "book" and message["asset_id"] == listed.yes:
            sizes["BUY"] = {each["price"]: each["size"] for each in message["bids"]}
            sizes["SELL"] = {each["price"]: each["size"] for each in message["asks"]}
        for change in message.get("price_changes", ()):
            if change["asset_id"] != listed.yes:
                continue
            changes += 1
            sizes[change["side"]][change["price"]] = change["size"]
            bids = [Decimal(p) for p, size in sizes["BUY"].items() if size != "0"]
            assert Decimal(change["best_bid"]) == max(bids)
    assert changes > 10
    assert levels_of(sizes["BUY"], down=True) == rest[0]
    assert levels_of(sizes["SELL"], down=False) == rest[1]
    last = [m for m in messages if m["event_type"] in ("price_change", "book")][-1]
    entries = [*last.get("price_changes", ()), last]
    said = next(e["hash"] for e in entries[::-1] if e.get("asset_id") == listed.yes)
    assert said == book_hash(listed.yes, *rest)


def levels_of(sizes: dict[str, str], *, down: bool) -> tuple[tuple[int, int], ...]:
    """Return levels in micro-units, best first."""
    found = [
        (int(Decimal(price) * 1_000_000), int(Decimal(size) * 1_000_000))
        for price, size in sizes.items()
        if size != "0"
    ]
    return tuple(sorted(found, reverse=down))


async def test_a_change_is_told_for_both_tokens_to_who_asked_for_one() -> None:
    async with visit() as visitor:
        listed = story_of(visitor).listed
        socket = await visitor.market_socket(subscription(listed.no))
        await socket.heard()
        visitor.pass_time(60)
        messages = await socket.heard()

    change = next(m for m in messages if m["event_type"] == "price_change")
    assert {each["asset_id"] for each in change["price_changes"]} == {
        *(listed.yes, listed.no)
    }


async def test_a_trade_brings_its_price_and_the_book_after_it() -> None:
    async with visit() as visitor:
        story = story_of(visitor)
        listed, exchange = story.listed, visitor.venue.world.exchange
        socket = await visitor.market_socket(subscription(listed.yes))
        await socket.heard()
        price = exchange.book(listed.yes)[1][0][0]
        order = NewOrder(
            owner=visitor.venue.world.whales[0].address,
            token=listed.yes,
            side=Side.BUY,
            price=price,
            size=10 * S,
        )
        exchange.place(order, visitor.clock.now())
        visitor.venue.settle()
        messages = await socket.heard()

    trade = next(m for m in messages if m["event_type"] == "last_trade_price")
    assert (trade["asset_id"], trade["side"], trade["size"]) == (
        listed.yes,
        "BUY",
        "10",
    )
    assert Decimal(trade["price"]) * 1_000_000 == price
    assert trade["transaction_hash"].startswith("0x")
    assert "book" in kinds(messages)


async def test_special_events_are_for_those_who_asked_for_them() -> None:
    async with visit() as visitor:
        listed = story_of(visitor).listed
        plain = await visitor.market_socket(subscription(listed.yes))
        keen = await visitor.market_socket(subscription(listed.yes, custom=True))
        await plain.heard()
        await keen.heard()
        asked = {"market": listed.id, "payout_yes": "0"}
        await visitor.post("/admin/resolve", asked)
        visitor.pass_time(6 * 60)
        told, more = await plain.heard(), await keen.heard()

    special = {"new_market", "market_resolved", "best_bid_ask"}
    assert not kinds(told) & special
    assert {"new_market", "market_resolved"} <= kinds(more)
    answer = next(m for m in more if m["event_type"] == "market_resolved")
    assert answer["winning_asset_id"] == listed.no
    assert answer["winning_outcome"] == "No"


async def test_tokens_can_be_added_and_left() -> None:
    async with visit() as visitor:
        first, second = story_of(visitor), story_of(visitor, Kind.SWING)
        one, other = first.listed.yes, second.listed.yes
        socket = await visitor.market_socket(subscription(one))
        await socket.heard()
        await socket.socket.send_json({"operation": "subscribe", "assets_ids": [other]})
        added = await socket.heard()
        await socket.socket.send_json({"operation": "subscribe", "assets_ids": [other]})
        again = await socket.heard()
        gone = {"operation": "unsubscribe", "assets_ids": [one]}
        await socket.socket.send_json(gone)
        await socket.heard()
        visitor.pass_time(120)
        heard = await socket.heard()

    assert [m["asset_id"] for m in added] == [other]
    assert again == []
    assert {m["market"] for m in heard} == {second.listed.id}


async def test_above_five_hundred_tokens_the_books_silently_never_come() -> None:
    async with visit(Settings(seed=3, markets=300)) as visitor:
        stories = list(visitor.venue.world.stories.values())
        tokens = [t for s in stories for t in (s.listed.yes, s.listed.no)][:501]
        crowded = await visitor.market_socket(subscription(*tokens))
        allowed = await visitor.market_socket(subscription(*tokens[:500]))
        none, all_of_them = await crowded.heard(), await allowed.heard()
        visitor.pass_time(5)
        later = await crowded.heard()

    assert none == []
    assert len(all_of_them) == 500
    assert "price_change" in kinds(later)


async def test_what_is_no_message_is_passed_over() -> None:
    async with visit() as visitor:
        token = story_of(visitor).listed.yes
        socket = await visitor.market_socket([], {"type": "user"}, "x", 3, None)
        for text in ("", "{", "[[[", '{"assets_ids": [1, null], "type": "market"}'):
            await socket.socket.send_str(text)
        nothing = await socket.heard()
        await socket.socket.send_json(subscription(token, "no-such-token"))
        found = await socket.heard()

    assert nothing == []
    assert [m["asset_id"] for m in found] == [token]


async def test_who_reads_too_slowly_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "WAITING_MAX", 5)
    async with visit() as visitor:
        stories = visitor.venue.world.stories.values()
        tokens = [story.listed.yes for story in stories]
        socket = await visitor.market_socket(subscription(*tokens))
        await socket.heard()
        visitor.pass_time(60)
        async with asyncio.timeout(20):
            while (await socket.socket.receive()).type is not aiohttp.WSMsgType.CLOSE:
                pass

    assert visitor.venue.channel.counts["slow_consumer"] == 1
    assert visitor.venue.channel.connections == ()


async def test_a_frozen_socket_answers_pings_and_tells_nothing() -> None:
    said = {"fault": "freeze", "service": "market_channel", "from": "10s", "for": "60s"}
    async with visit(faults=(fault_of(said),)) as visitor:
        tokens = [s.listed.yes for s in visitor.venue.world.stories.values()]
        socket = await visitor.market_socket(subscription(*tokens))
        await socket.heard()
        visitor.pass_time(9)
        before = await socket.heard()
        visitor.pass_time(2)
        await socket.heard()
        visitor.pass_time(40)
        frozen = await socket.heard()
        visitor.pass_time(40)
        after = await socket.heard()

    assert "price_change" in kinds(before)
    assert frozen == []
    assert "price_change" in kinds(after)


async def test_everyone_can_share_the_time() -> None:
    async with visit() as visitor:
        visitor.pass_time(12)
        status, told = await visitor.get("/clock")
        _, seconds = await visitor.get("/clob/time")

    assert status == 200
    assert told == {"at": BEGIN + 12 * S, "speed": 20.0}
    assert seconds == BEGIN // S + 12


async def test_the_world_never_runs_ahead_of_its_clock() -> None:
    async with visit() as visitor:
        visitor.clock.at += 7_300_000
        visitor.venue.turn()
        at = visitor.venue.world.at

    assert at == BEGIN + 7_200_000


async def test_time_passes_by_itself() -> None:
    venue = Simulator(SMALL, speed=50)
    await venue.start()
    async with asyncio.timeout(30):
        while venue.world.at < BEGIN + 5 * S:
            await venue.clock.sleep(S)
    await venue.stop()

    assert venue.clock.now() >= venue.world.at


async def test_the_services_are_where_the_desk_is_told() -> None:
    async with visit() as visitor:
        sources = visitor.venue.sources
        url = visitor.venue.url
        index = await visitor.get("/")
        listing = await visitor.get("/gamma/markets?limit=1")
        version = await visitor.get("/clob/version")
        trades = await visitor.get("/data/trades?limit=1")

    port = url.removeprefix("http://127.0.0.1:")
    assert sources == {
        "gamma": f"http://127.0.0.1:{port}/gamma",
        "clob": f"http://127.0.0.1:{port}/clob",
        "market_channel": f"ws://127.0.0.1:{port}/ws/market",
        "data_api": f"http://127.0.0.1:{port}/data",
        "rtds": f"ws://127.0.0.1:{port}/rtds",
        "geoblock": f"http://127.0.0.1:{port}",
    }
    assert index == (200, {"simulated": True, "sources": sources})
    assert listing[0] == trades[0] == 200
    assert version == (200, {"version": 2})


async def test_a_taken_port_is_an_error_and_leaves_nothing_behind() -> None:
    async with visit() as visitor:
        port = int(visitor.venue.url.rpartition(":")[2])
        second = Simulator(SMALL, port=port)
        with pytest.raises(OSError, match="address already in use"):
            await second.start()
        await second.stop()


async def test_commands_are_refused_for_markets_that_are_not_there() -> None:
    async with visit() as visitor:
        asked = {"market": "0x00", "payout_yes": "1"}
        status, told = await visitor.post("/admin/resolve", asked)

    assert status == 404
    assert told["error"] == "no market has the condition id 0x00"


async def test_a_tick_on_command_is_told() -> None:
    async with visit() as visitor:
        listed = story_of(visitor).listed
        socket = await visitor.market_socket(subscription(listed.yes))
        await socket.heard()
        await visitor.post("/admin/tick", {"market": listed.id, "tick": "0.001"})
        visitor.pass_time(1)
        messages = await socket.heard()

    tick = next(m for m in messages if m["event_type"] == "tick_size_change")
    assert (tick["old_tick_size"], tick["new_tick_size"]) == ("0.01", "0.001")


async def test_a_ghost_fill_is_told_as_matched_then_failed_and_leaves_nothing() -> None:
    async with visit() as visitor:
        venue = visitor.venue
        key = venue.clob.keys.create("0x" + "a7" * 20, 0)
        assert key is not None
        venue.clob.admit(key)
        venue.world.exchange.fund(key.address, 1_000 * S)
        socket = await visitor.user_socket(key)
        said = {"fault": "ghost", "failed": 1, "for": "10s"}
        assert (await visitor.post("/admin/faults", said))[0] == 200
        listed, exchange = story_of(visitor).listed, venue.world.exchange
        price = exchange.book(listed.yes)[1][0][0]
        buying = NewOrder(
            owner=key.address,
            token=listed.yes,
            side=Side.BUY,
            price=price,
            size=5 * S,
            time_in_force=TimeInForce.FAK,
        )

        placed = exchange.place(buying, visitor.clock.now())
        matched = exchange.balance(key.address)
        visitor.pass_time(30)
        messages = await socket.heard()
        _, state = await visitor.get("/admin/state")
        exchange.place(buying, visitor.clock.now())  # the fault is over
        visitor.pass_time(30)
        later = await socket.heard()

    assert isinstance(placed, Placed)
    assert (placed.status, placed.taking) == ("matched", 5 * S)
    assert matched.shares[listed.yes].pending == 5 * S
    assert matched.cash.free < 1_000 * S
    assert statuses(messages) == ["MATCHED", "RETRYING", "FAILED"]
    assert state["done"]["ghost clob"] >= 1
    assert statuses(later) == ["MATCHED", "MINED", "CONFIRMED"]


def statuses(messages: list[dict[str, Any]]) -> list[str]:
    """Return what became of trades, in the venue's words."""
    return [each["status"] for each in messages if each["event_type"] == "trade"]


async def test_what_a_ghost_fill_took_is_given_back_to_everybody() -> None:
    said = fault_of({"fault": "ghost", "failed": 1})
    async with visit(faults=(said,)) as visitor:
        exchange = visitor.venue.world.exchange
        listed = story_of(visitor).listed
        ann = "0x" + "a7" * 20
        exchange.fund(ann, 1_000 * S)
        price = exchange.book(listed.yes)[1][0][0]
        buying = NewOrder(
            owner=ann, token=listed.yes, side=Side.BUY, price=price, size=5 * S
        )
        exchange.place(buying, visitor.clock.now())
        visitor.pass_time(7)  # told of at the latest after six, had it been a trade
        _, before = await visitor.get(f"/data/trades?user={ann}")
        visitor.pass_time(60)
        balance = exchange.balance(ann)
        _, after = await visitor.get(f"/data/positions?user={ann}&sizeThreshold=0")
        _, rows = await visitor.get(f"/data/activity?user={ann}")

    assert (balance.cash.free, balance.cash.pending) == (1_000 * S, 0)
    assert balance.shares[listed.yes] == Holding(free=0, locked=0, pending=0)
    assert after == []
    assert before == rows == []


async def test_a_venue_that_stops_leaves_no_task_no_socket_and_no_client() -> None:
    tasks = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        for _ in range(20):
            venue = Simulator(SMALL, clock=Moved())
            await venue.start()
            paths = ("market", "user", "../rtds")
            sockets = [
                await session.ws_connect(f"{venue.url}/ws/{path}") for path in paths
            ]
            await venue.stop()
            ended = [await socket.receive() for socket in sockets]
            assert {each.type for each in ended} == {aiohttp.WSMsgType.CLOSE}
            assert venue.summary()["clients"] == 0
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(f"{venue.url}/clock")
    await asyncio.sleep(0)

    assert asyncio.all_tasks() <= tasks


async def test_a_venue_stops_twice_as_well_as_once() -> None:
    tasks = asyncio.all_tasks()
    venue = Simulator(SMALL, clock=Moved())
    await venue.stop()
    await venue.start()
    assert asyncio.all_tasks() > tasks
    await venue.stop()
    await venue.stop()

    assert asyncio.all_tasks() <= tasks


async def test_the_state_says_how_the_world_stands() -> None:
    async with visit() as visitor:
        socket = await visitor.market_socket(subscription(story_of(visitor).listed.yes))
        await socket.heard()
        visitor.pass_time(60)
        _, state = await visitor.get("/admin/state")

    world = state["world"]
    assert world["markets"] == len(visitor.venue.world.stories)
    assert (world["clients"], world["subscribed"]) == (1, 1)
    assert world["changes"] > 100
    assert state["time"] == "2026-03-02T12:01:00+00:00"


LEVEL = st.tuples(st.sampled_from(list(Side)), st.integers(1, 99), st.integers(0, 9))


@given(moves=st.lists(LEVEL, max_size=60))
@settings(deadline=None)
def test_two_equal_books_have_one_hash_however_they_came_about(
    moves: list[tuple[Side, int, int]],
) -> None:
    told = HashedBook("7", (), ())
    sizes: dict[tuple[Side, int], int] = {}
    for side, price, size in moves:
        told.set(side, price * 10_000, size * S)
        sizes[side, price * 10_000] = size * S

    bids = tuple(levels(sizes, Side.BUY))
    asks = tuple(levels(sizes, Side.SELL))
    assert told.hash() == book_hash("7", bids, asks)
    assert told.hash() != book_hash("8", bids, asks)
    assert told.hash() != book_hash("7", (*bids, (990_001, 1)), asks)


def levels(
    sizes: dict[tuple[Side, int], int], wanted: Side
) -> Iterator[tuple[int, int]]:
    """Yield the levels of one side that are not empty."""
    for (side, price), size in sizes.items():
        if side is wanted and size:
            yield price, size
