"""What the channel does about sockets that say too little, and REST that does not."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from polyrules.domain.events import BookChanged, FeedLost, Stage
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.money import Side
from polyrules.venues.live.health import Health
from polyrules.venues.polymarket.channel.asking import Asking, Books
from polyrules.venues.polymarket.channel.settings import Settings, at_speed
from tests.builders import SECOND
from tests.venues.channel_venue import Hand, Venue, trading, until, watched

BUY, SELL = Side.BUY, Side.SELL


def printed(number: int) -> dict[str, str]:
    return {
        "event_type": "last_trade_price",
        "market": "m",
        "asset_id": "m:yes",
        "price": "0.5",
        "size": "1",
        "side": "BUY",
        "timestamp": str(1_767_268_800_000 + number * 1000),
        "transaction_hash": f"0x{number}",
    }


async def test_a_socket_that_tells_changes_but_no_trades_any_more_is_replaced() -> None:
    async with trading("m", settings=Settings(sockets=1)) as desk:
        await watched(desk)
        for second in range(90):
            await desk.clock.advance(1, step=1)
            await desk.venue.tell(printed(second))

        for second in range(100):
            await desk.clock.advance(1, step=1)
            await desk.venue.change("m", BUY, 470_000, (second + 1) * SECOND)
            if desk.count("socket replaced: no trades"):
                break
        await desk.pass_until(lambda: desk.serves() and desk.agrees())

        assert desk.count("socket replaced: no trades") == 1
        assert desk.venue.accepted == 2


async def test_a_silent_socket_that_rest_cannot_speak_for_is_replaced() -> None:
    busy = Settings(sockets=1, norms={Stage.DISCOVERED: 60.0})
    async with trading("m", settings=busy) as desk:
        await watched(desk)
        desk.venue.rest_down = True

        took = await desk.pass_until(lambda: desk.count("socket replaced: silent"))

        assert 60 <= took <= 63
        await desk.pass_until(desk.serves)
        assert desk.agrees()


async def test_a_socket_far_below_its_norm_is_left_alone_if_rest_confirms_it() -> None:
    busy = Settings(sockets=1, norms={Stage.DISCOVERED: 60.0})
    async with trading("m", settings=busy) as desk:
        await watched(desk)

        await desk.clock.advance(200)

        assert desk.count("socket suspected") >= 1
        assert desk.venue.accepted == 1


async def test_a_quiet_socket_that_rest_confirms_is_left_alone() -> None:
    async with trading("m", settings=Settings(sockets=1)) as desk:
        await watched(desk)

        await desk.clock.advance(300)

        assert desk.count("socket suspected") >= 1
        assert desk.venue.accepted == 1
        assert desk.serves("m")
        desk.reader.read(desk.inbox)
        assert not any(isinstance(one, FeedLost) for one in desk.reader.events)


async def test_a_market_missed_twice_costs_its_socket_though_others_are_heard() -> None:
    async with trading("a", "b", settings=Settings(sockets=1)) as desk:
        await watched(desk)

        for second in range(200):
            await desk.clock.advance(1, step=1)
            await desk.venue.change("b", BUY, 470_000, (second + 1) * SECOND)
            size = (second + 1) * SECOND
            await desk.venue.change("a", BUY, 400_000, size, tell=False)
            if desk.count("socket replaced: misses changes"):
                break
        await desk.pass_until(lambda: desk.serves() and desk.agrees())

        assert desk.count("gap proven by rest") >= 2
        assert desk.count("socket replaced: misses changes") == 1


async def test_stated_best_prices_that_differ_hurry_a_comparison() -> None:
    async with trading("m") as desk:
        await watched(desk)
        await desk.venue.change("m", BUY, 490_000, 5_000_000, tell=False)

        await desk.venue.tell(
            {
                "event_type": "best_bid_ask",
                "market": "m",
                "asset_id": "m:yes",
                "best_bid": "0.49",
                "best_ask": "0.5",
                "timestamp": "1767268800000",
            }
        )
        took = await desk.pass_until(lambda: desk.agrees("m"))

        assert took <= 4
        assert desk.count("best_bid_ask differs") == 1


async def test_frames_beyond_the_queue_are_thrown_away_with_their_books() -> None:
    async with trading("a", "b", settings=Settings(sockets=1, queue_max=5)) as desk:
        await watched(desk)
        (shard,) = desk.channel._shards

        changes = [
            await desk.venue.change("a", BUY, 470_000, size * SECOND, tell=False)
            for size in range(1, 20)
        ]
        for change in changes:
            shard._take(_encoded(change))
        await desk.pass_until(lambda: desk.serves() and desk.agrees())

        assert desk.count("queue overflow") == 3
        reasons = [
            one.reason for one in desk.reader.events if isinstance(one, FeedLost)
        ]
        assert set(reasons) == {"too slow"}
        lost = {
            (one.feed, one.market)
            for one in desk.reader.events
            if isinstance(one, FeedLost)
        }
        # Trades may have been among what was thrown away.
        assert lost == {
            ("book", "a"),
            ("trades", "a"),
            ("book", "b"),
            ("trades", "b"),
        }


def _encoded(payload: object) -> bytes:
    return msgspec.json.encode(payload)


async def test_a_venue_that_refuses_is_tried_again_more_and_more_slowly() -> None:
    async def closed(venue: Venue) -> None:
        venue.deaf = True

    settings = Settings(sockets=1, stagger=0)
    async with trading("m", settings=settings, prepare=closed) as desk:
        desk.channel.watch([MarketId("m")])
        await desk.pass_until(lambda: desk.count("socket ended: refused (503)") >= 6)

        took = (desk.clock.now() - 1_767_268_800 * SECOND) / SECOND
        assert 10 <= took <= 40
        desk.venue.deaf = False
        await desk.pass_until(desk.serves)
        assert desk.channel.status()[0].state == "up"


async def test_sockets_of_one_venue_come_back_at_different_times() -> None:
    names = [f"m{number}" for number in range(4)]
    async with trading(*names, settings=Settings(sockets=4, stagger=0)) as desk:
        await watched(desk)
        desk.venue.cut()
        await until(lambda: not desk.serves("m0"))

        opened: dict[int, int] = {}
        while len(opened) < 4:
            await desk.clock.advance(0.02, step=0.02)
            for one in desk.channel.status():
                if one.state == "up":
                    opened.setdefault(one.socket, one.since)

        assert len(set(opened.values())) == 4


class Library:
    """REST as a list of answers."""

    def __init__(self) -> None:
        self.asked: list[list[TokenId]] = []
        self.fails = 0

    async def books(self, tokens: Sequence[TokenId]) -> Books:
        self.asked.append(list(tokens))
        if self.fails:
            self.fails -= 1
            raise OSError
        return {
            token: BookChanged(
                at=0, market=MarketId("m"), token=token, bids=(), asks=()
            )
            for token in tokens
        }


@pytest.fixture
def clock() -> Hand:
    return Hand()


async def test_lost_books_are_asked_for_before_those_to_compare(clock: Hand) -> None:
    library, answers = Library(), []
    library.fails = 1
    settings = Settings(batch=2, compare_batch=1)
    asking = Asking(
        library.books,
        clock,
        settings,
        Health(),
        lambda _: None,
        lambda tokens, books: answers.append((tokens, books is not None)),
    )
    for name in ("c1", "c2"):
        asking.compare(TokenId(name))
    for name in ("r1", "r2", "r3", "r1"):
        asking.repair(TokenId(name))
    asking.hurry(TokenId("c2"))
    asking.compare(TokenId("r1"))

    task = asyncio.create_task(asking.run())
    await clock.advance(4, step=0.25)
    task.cancel()

    assert library.asked == [["r1", "r2"], ["r3"], ["c2"], ["c1"]]
    assert answers == [
        (["r1", "r2"], False),
        (["r3"], True),
        (["c2"], True),
        (["c1"], True),
    ]


def test_a_faster_clock_leaves_the_network_the_time_it_takes() -> None:
    life, fast = at_speed(Settings(), 1.0), at_speed(Settings(), 20.0)

    assert life == Settings()
    assert (fast.grace, fast.snapshot_within, fast.pong_within) == (
        10 * SECOND,
        20 * SECOND,
        60 * SECOND,
    )
    assert fast.confirm_every == Settings().confirm_every
