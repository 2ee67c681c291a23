"""The market channel against a venue that behaves, and one that does not."""

import pytest

from polyrules.domain.events import (
    BookChanged,
    FeedLost,
    FeedRestored,
    LevelChange,
    LevelsChanged,
    TickChanged,
    TradePrinted,
)
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.money import Side
from polyrules.venues.polymarket.channel.settings import Settings
from tests.builders import SECOND
from tests.venues.channel_venue import Venue, trading, until, watched

BUY, SELL = Side.BUY, Side.SELL


async def test_watching_a_market_tells_its_book_once_though_both_tokens_send_it() -> (
    None
):
    async with trading("m") as desk:
        await watched(desk)

        books = [one for one in desk.reader.events if isinstance(one, BookChanged)]
        assert len(books) == 1
        assert books[0].token == "m:yes"
        assert books[0].bids == ((480_000, 100_000_000), (470_000, 50_000_000))
        assert books[0].asks == ((500_000, 100_000_000), (520_000, 70_000_000))


async def test_a_change_told_for_both_tokens_is_one_change_in_yes_terms() -> None:
    async with trading("m") as desk:
        await watched(desk)

        await desk.clock.advance(1)
        await desk.venue.change("m", SELL, 490_000, 7_000_000)
        await until(lambda: desk.agrees("m"))

        changed = [one for one in desk.reader.events if isinstance(one, LevelsChanged)]
        assert [one.changes for one in changed] == [
            (LevelChange(TokenId("m:yes"), SELL, 490_000, 7_000_000),)
        ]


async def test_a_trade_is_told_once_though_its_frame_comes_twice() -> None:
    trade = {
        "event_type": "last_trade_price",
        "market": "m",
        "asset_id": "m:no",
        "price": "0.51",
        "size": "25",
        "side": "BUY",
        "timestamp": "1767268800000",
        "transaction_hash": "0xabc",
    }
    async with trading("m") as desk:
        await watched(desk)

        await desk.venue.tell([trade, trade])
        await until(lambda: desk.count("a trade told before") == 1)

        desk.reader.read(desk.inbox)
        told = [one for one in desk.reader.events if isinstance(one, TradePrinted)]
        assert [(one.token, one.side, one.price, one.size) for one in told] == [
            ("m:no", BUY, 510_000, 25_000_000)
        ]


async def test_new_markets_and_answers_are_handed_on_once_for_all_sockets() -> None:
    born = {"event_type": "new_market", "market": "0xn", "assets_ids": ["1", "2"]}
    over = {
        "event_type": "market_resolved",
        "market": "0xo",
        "winning_asset_id": "7",
        "timestamp": "1767268800000",
    }
    async with trading("a", "b") as desk:
        await watched(desk)

        await desk.venue.tell(born)
        await desk.venue.tell(over)
        await until(lambda: desk.resolved and desk.new_markets)
        await desk.clock.advance(1)

        assert desk.new_markets == [born]
        assert [(at, said.winning_asset_id) for at, said in desk.resolved] == [
            (1_767_268_800_000_000, "7")
        ]


async def test_what_is_not_wanted_any_more_is_unsubscribed_and_lost() -> None:
    async with trading("a", "b", settings=Settings(sockets=1)) as desk:
        await watched(desk)

        desk.channel.watch([MarketId("b")])
        await until(lambda: len(desk.venue.heard) == 2)

        assert desk.venue.heard[1] == {
            "operation": "unsubscribe",
            "assets_ids": ["a:yes", "a:no"],
        }
        desk.reader.read(desk.inbox)
        assert desk.reader.levels("a") is None
        assert not desk.serves("a")
        assert desk.serves("b")


async def test_a_market_more_is_subscribed_on_the_emptiest_socket() -> None:
    async with trading("a", "b", "c", settings=Settings(sockets=2, stagger=0)) as desk:
        desk.channel.watch([MarketId("a"), MarketId("b")])
        await until(lambda: desk.serves("a", "b"))
        desk.channel.watch([MarketId("b")])
        desk.channel.watch([MarketId("b"), MarketId("c")])
        await until(lambda: desk.serves("b", "c"))

        assert [one.markets for one in desk.channel.status()] == [1, 1]
        assert {frozenset(tokens) for tokens in desk.venue.connections.values()} == {
            frozenset({"b:yes", "b:no"}),
            frozenset({"c:yes", "c:no"}),
        }


async def test_markets_without_room_are_counted_and_coverage_tells() -> None:
    small = Settings(sockets=1, tokens_per_socket=2)
    async with trading("a", "b", settings=small) as desk:
        desk.channel.watch([MarketId("a"), MarketId("b"), MarketId("unknown")])
        await until(lambda: desk.serves("a"))
        await desk.clock.advance(2)

        assert desk.count("no room for a market") == 1
        assert desk.count("a market not listed") == 1
        assert desk.health.gauges["coverage"] == pytest.approx(1 / 3)


async def test_a_connection_cut_off_loses_its_markets_and_comes_back_whole() -> None:
    async with trading("m") as desk:
        await watched(desk)

        await desk.venue.change("m", BUY, 490_000, 5_000_000, tell=False)
        desk.venue.cut()
        await until(lambda: not desk.serves("m"))
        desk.reader.read(desk.inbox)
        assert desk.reader.levels("m") is None
        await desk.pass_until(lambda: desk.serves("m"))

        assert desk.agrees("m")
        feeds = [
            (type(one).__name__, one.feed)
            for one in desk.reader.events
            if isinstance(one, FeedLost | FeedRestored)
        ]
        assert feeds == [
            ("FeedRestored", "trades"),  # from here on its trades are heard
            ("FeedLost", "book"),
            ("FeedLost", "trades"),
            ("FeedRestored", "trades"),
            ("FeedRestored", "book"),
        ]


async def test_a_socket_without_pong_is_given_up() -> None:
    async with trading("m") as desk:
        await watched(desk)
        desk.venue.pongs = False

        took = await desk.pass_until(lambda: desk.count("socket ended: no pong"))

        assert 30 <= took <= 41


async def test_a_gap_that_shows_in_the_best_prices_is_repaired_by_rest() -> None:
    async with trading("m") as desk:
        await watched(desk)

        await desk.venue.change("m", BUY, 490_000, 5_000_000, tell=False)
        await desk.clock.advance(1)
        await desk.venue.change("m", SELL, 520_000, 1_000_000)
        await until(lambda: desk.count("distrust: best prices differ"))
        await desk.pass_until(lambda: desk.serves("m"), 5)

        assert desk.agrees("m")
        assert desk.venue.asked == [["m:yes"]]


async def test_a_gap_deep_in_the_book_is_found_within_a_minute() -> None:
    async with trading("m") as desk:
        await watched(desk)
        await desk.venue.change("m", BUY, 400_000, 5_000_000, tell=False)

        took = await desk.pass_until(lambda: desk.agrees("m"))

        assert took <= 64
        lost = [one for one in desk.reader.events if isinstance(one, FeedLost)]
        assert (lost[0].feed, lost[0].reason) == ("book", "missed changes")


async def test_a_frozen_socket_of_busy_markets_is_replaced_within_twenty_seconds() -> (
    None
):
    async with trading("a", "b", settings=Settings(sockets=1)) as desk:
        await watched(desk)
        for second in range(10):
            await desk.clock.advance(1)
            await desk.venue.change("a", BUY, 470_000, (second + 1) * SECOND)
        await until(desk.agrees)

        desk.venue.freeze()
        await desk.venue.change("a", BUY, 490_000, 9_000_000)
        took = await desk.pass_until(
            lambda: desk.count("socket replaced: silent while its markets moved")
        )
        await desk.pass_until(lambda: desk.agrees() and desk.serves())

        assert took <= 20
        assert desk.venue.accepted == 2
        lost = {
            (one.feed, one.market)
            for one in desk.reader.events
            if isinstance(one, FeedLost)
        }
        assert lost == {("book", "a"), ("trades", "a"), ("book", "b"), ("trades", "b")}


async def test_a_quiet_market_stays_fresh_and_is_told_again_before_two_minutes() -> (
    None
):
    async with trading("m") as desk:
        await watched(desk)
        desk.reader.events.clear()

        for _ in range(5):
            await desk.clock.advance(121)
            told = [
                one
                for one in desk.reader.read(desk.inbox)
                if isinstance(one, BookChanged)
            ]
            assert told
            assert desk.serves("m")

        assert not any(isinstance(one, FeedLost) for one in desk.reader.events)
        assert desk.venue.accepted == 1


async def test_a_book_nobody_confirms_is_lost_when_it_is_too_old() -> None:
    async with trading("m") as desk:
        await watched(desk)
        desk.venue.rest_down = True

        took = await desk.pass_until(lambda: not desk.serves("m"), 200)
        await desk.clock.advance(2)
        desk.reader.read(desk.inbox)

        assert 150 <= took <= 152
        assert desk.reader.levels("m") is None
        desk.venue.rest_down = False
        await desk.pass_until(lambda: desk.serves("m"))
        assert desk.agrees("m")


async def test_a_socket_that_sends_no_first_books_is_helped_by_rest() -> None:
    async def mute(venue: Venue) -> None:
        venue.silent_first = True

    async with trading("m", prepare=mute) as desk:
        desk.channel.watch([MarketId("m")])
        took = await desk.pass_until(lambda: desk.serves("m"))

        assert took <= 8
        assert desk.agrees("m")


async def test_a_new_tick_makes_the_book_worthless_until_a_whole_one() -> None:
    async with trading("m") as desk:
        await watched(desk)
        frames = [
            {
                "event_type": "tick_size_change",
                "market": "m",
                "asset_id": token,
                "old_tick_size": "0.01",
                "new_tick_size": "0.001",
                "timestamp": "1767268800000",
            }
            for token in ("m:yes", "m:no")
        ]

        for frame in frames:
            await desk.venue.tell(frame)
        await until(lambda: desk.count("distrust: tick changed"))
        await desk.pass_until(lambda: desk.serves("m"))

        assert desk.agrees("m")
        ticks = [
            str(one.tick) for one in desk.reader.events if isinstance(one, TickChanged)
        ]
        assert ticks == ["0.001"]
        entry = desk.registry.get(MarketId("m"))
        assert entry is not None
        assert str(entry.market.tick) == "0.001"


async def test_garbage_is_counted_and_what_follows_still_heard() -> None:
    async with trading("m") as desk:
        await watched(desk)

        for raw in ("", "nonsense", "[]", "{}", "[[[", "null", '[1,"x",null]', "PONG"):
            await desk.venue.tell_raw(raw)
        await desk.clock.advance(1)
        await desk.venue.change("m", BUY, 490_000, 5_000_000)
        await until(lambda: desk.agrees("m"))

        assert desk.count("refused: not json") == 3
        assert desk.count("refused: a message that is no object") == 4
        assert desk.count("refused: a message of a kind we do not know") == 1


async def test_a_refused_change_costs_its_market_the_trust_and_no_other() -> None:
    async with trading("a", "b") as desk:
        await watched(desk)

        bad = await desk.venue.change("a", BUY, 490_000, 5_000_000, tell=False)
        bad["price_changes"][0]["price"] = "NaN"
        good = await desk.venue.change("b", BUY, 490_000, 6_000_000, tell=False)
        await desk.venue.tell([bad, good], token="a:yes")
        await desk.venue.tell(good)
        await until(lambda: desk.count("distrust: a message was refused"))
        await desk.pass_until(desk.agrees)

        lost = [one for one in desk.reader.events if isinstance(one, FeedLost)]
        assert [(one.market, one.reason) for one in lost] == [
            ("a", "a message was refused")
        ]


async def test_each_connection_tells_how_it_stands() -> None:
    async with trading("m", settings=Settings(sockets=1)) as desk:
        await watched(desk)

        (one,) = desk.channel.status()

        assert (one.socket, one.state, one.markets, one.fresh) == (0, "up", 1, 1)
        assert (one.messages, one.reconnects, one.reason) == (2, 0, "")


async def test_a_trade_from_before_a_market_was_followed_is_left_to_the_history() -> (
    None
):
    def printed(millis: int, transaction: str) -> dict[str, str]:
        return {
            "event_type": "last_trade_price",
            "market": "m",
            "asset_id": "m:yes",
            "price": "0.5",
            "size": "1",
            "side": "BUY",
            "timestamp": str(1_767_268_800_000 + millis),
            "transaction_hash": transaction,
        }

    async with trading("m") as desk:
        await watched(desk)

        # The venue plays the last minutes again after every subscription.
        await desk.venue.tell([printed(-120_000, "0xa"), printed(0, "0xb")])
        await until(lambda: desk.count("a trade from before it was followed") == 1)

        desk.reader.read(desk.inbox)
        told = [one for one in desk.reader.events if isinstance(one, TradePrinted)]
        assert [one.transaction for one in told] == ["0xb"]


async def test_a_change_told_beside_one_of_a_stranger_is_not_passed_over() -> None:
    async with trading("m") as desk:
        await watched(desk)
        await desk.clock.advance(1)

        change = await desk.venue.change("m", SELL, 490_000, 7_000_000, tell=False)
        stranger = {**change["price_changes"][0], "asset_id": "nobody"}
        entries = [stranger, *change["price_changes"]]
        await desk.venue.tell({**change, "price_changes": entries}, "m:yes")
        await until(lambda: desk.agrees("m"))

        assert desk.count("of a market not watched") == 1
