"""The feed of wallets: each trade told exactly once, whatever the venue shows when."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import (
    Event,
    FeedLost,
    FeedRestored,
    TradePrinted,
    WalletTraded,
)
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.domain.money import Side
from polyrules.errors import VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.data_api import DataApi
from polyrules.venues.polymarket.registry import Entry, Registry
from polyrules.venues.polymarket.wallets import Wallets, WalletSettings
from polyrules.venues.polymarket.wallets.fills import Fill
from polyrules.venues.polymarket.wallets.prompts import Prompts
from polyrules.venues.polymarket.wallets.unlisted import Unlisted
from tests.venues.stepped_clock import Stepped, settle

ANNA = "0x" + "a" * 40
BERT = "0x" + "b" * 40
SECOND = 1_000_000
T0 = 1_773_307_200  # seconds
START = T0 * SECOND
CACHED = 15  # seconds for which the same question has the same answer


class Heard(Inbox):
    """An inbox that keeps what it got."""

    def __init__(self, clock: Stepped) -> None:
        super().__init__(clock, SECOND)
        self.got: list[Event] = []

    def put(self, event: Event) -> None:
        self.got.append(event)

    def trades(self) -> list[WalletTraded]:
        return [event for event in self.got if isinstance(event, WalletTraded)]


class Venue:
    """Shows wallets' trades, each from its own moment on, and caches its answers.

    Attributes:
        rows: Trades with the moment [seconds] they are first shown.
        down: Wallets it does not answer for.
        heeds: Whether it heeds the `start` it is asked for.
        turned: Whether it shows them the other way round.
        other_wallet: Whose it says they all are, "" for the truth.
    """

    def __init__(self, clock: Stepped) -> None:
        self.clock = clock
        self.rows: list[tuple[int, dict[str, Any]]] = []
        self.other: dict[str, object] = {}
        self.down: set[str] = set()
        self.heeds = True
        self.asked: list[tuple[float, str, int]] = []
        self.turned = False
        self.other_wallet = ""
        self.kept: dict[str, tuple[int, list[dict[str, Any]]]] = {}

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        asked = dict(params or {})
        user = asked["user"]
        if user in self.down:
            raise VenueError("down")
        if path != "/activity":
            return json.dumps(self.other.get(path, [])).encode()
        start = int(asked["start"]) if self.heeds else 0
        now = self.clock.now() // SECOND
        if now - int(asked["start"]) < 86_400:  # no question about 30 days
            self.asked.append((now - T0, user, start - T0))
        question = json.dumps(asked)
        at, answer = self.kept.get(question, (-CACHED, []))
        if now - at >= CACHED:
            answer = self.shown(user, start, now)
            self.kept[question] = now, answer
        if self.other_wallet:
            answer = [{**row, "proxyWallet": self.other_wallet} for row in answer]
        offset = int(asked["offset"])
        return json.dumps(answer[offset : offset + int(asked["limit"])]).encode()

    def shown(self, user: str, start: int, now: int) -> list[dict[str, Any]]:
        rows = [
            row
            for at, row in self.rows
            if at <= now and row["timestamp"] >= start and row["proxyWallet"] == user
        ]
        return rows[::-1] if self.turned else rows

    def trade(self, second: int, shown: int | None = None, **more: Any) -> None:  # noqa: ANN401 - what a venue may say
        row = {
            "proxyWallet": ANNA,
            "timestamp": T0 + second,
            "conditionId": "0xc",
            "type": "TRADE",
            "size": 100,
            "transactionHash": f"0x{len(self.rows)}",
            "price": 0.55,
            "asset": "104",
            "side": "BUY",
            "slug": "rain",
            **more,
        }
        self.rows.append((T0 + (second if shown is None else shown), row))


def listed(registry: Registry, market: str = "0xc", yes: str = "104") -> None:
    facts = Market(id=MarketId(market), yes=TokenId(yes), no=TokenId(yes + "0"))
    registry.add(Entry(market=facts))


class Scene:
    """A venue, and the feed that watches it."""

    def __init__(
        self,
        *wallets: str,
        find: Callable[[MarketId, str], Awaitable[None]] | None = None,
        settings: WalletSettings | None = None,
    ) -> None:
        self.clock = Stepped(START)
        self.venue = Venue(self.clock)
        self.health = Health()
        self.registry = Registry()
        listed(self.registry)
        self.inbox = Heard(self.clock)
        self.wallets = Wallets(
            DataApi(self.venue, self.health),
            self.registry,
            self.inbox,
            self.clock,
            self.health,
            wallets=frozenset(wallets or (ANNA,)),
            find=find,
            settings=settings,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.wallets.run())
        await settle()
        yield
        assert not task.done(), "a task of the feed died"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def seconds(self, number: float) -> None:
        await self.clock.advance(int(number * SECOND))


async def test_a_trade_is_told_with_the_venues_time_and_the_wallets_record() -> None:
    scene = Scene()
    scene.venue.other["/closed-positions"] = [{"realizedPnl": 1}, {"realizedPnl": -1}]
    scene.venue.trade(20, size="3.5", side="sell", transactionHash="0xAB")

    async with scene.running():
        await scene.seconds(31)

    assert scene.inbox.got == [
        WalletTraded(
            at=START + 30 * SECOND,
            venue_at=START + 20 * SECOND,
            market=MarketId("0xc"),
            token=TokenId("104"),
            side=Side.SELL,
            price=550_000,
            size=3_500_000,
            wallet=ANNA,
            transaction="0xab",
            win_rate=0.5,
            trades_30d=0,
        )
    ]
    assert scene.health.delays["wallet_latency"].most == 10.0


async def test_wallets_are_asked_one_after_the_other_not_all_at_once() -> None:
    scene = Scene(ANNA, BERT)

    async with scene.running():
        await scene.seconds(30)

    assert [(at, who) for at, who, _ in scene.venue.asked] == [
        (0, ANNA),
        (7, BERT),
        (15, ANNA),
        (22, BERT),
        (30, ANNA),
    ]


async def test_trades_from_before_the_start_keep_their_age_and_old_ones_stay_out() -> (
    None
):
    scene = Scene()
    scene.venue.heeds = False
    scene.venue.trade(-29 * 60)
    scene.venue.trade(-31 * 60)

    async with scene.running():
        await scene.seconds(60)

    assert [(event.at, event.venue_at) for event in scene.inbox.trades()] == [
        (START, START - 29 * 60 * SECOND)
    ]


async def test_questions_begin_some_time_before_the_newest_trade() -> None:
    scene = Scene()
    scene.venue.trade(-60)

    async with scene.running():
        await scene.seconds(15)

    starts = [start for _, _, start in scene.venue.asked]
    assert starts == [-30 * 60, -60 - 10 * 60]


async def test_only_trades_are_told_and_what_is_wrong_is_counted() -> None:
    scene = Scene()
    scene.venue.trade(1, type="REDEEM", price=0)
    scene.venue.trade(1, type="AIRDROP")
    scene.venue.trade(1, price=1.5)
    scene.venue.trade(1, conditionId="0x" + "c" * 62)
    scene.venue.trade(1, asset="999")
    scene.venue.trade(2)

    async with scene.running():
        await scene.seconds(15)

    assert [event.transaction for event in scene.inbox.trades()] == ["0x5"]
    assert scene.health.counts["wallets", "row_refused"] == 1
    assert scene.health.counts["wallets", "row_of_a_combo"] == 1
    assert scene.health.counts["wallets", "token_of_no_market"] == 1


async def test_a_trade_of_an_unlisted_market_is_told_once_it_is_listed() -> None:
    asked: list[tuple[str, str]] = []

    async def find(market: MarketId, slug: str) -> None:
        asked.append((market, slug))
        if len(asked) == 1:
            raise VenueError("not yet")
        listed(scene.registry, "0xd", "777")

    scene = Scene(find=find)
    scene.venue.trade(1, conditionId="0xd", asset="777", slug="snow")
    scene.venue.trade(2, conditionId="0xd", asset="777", slug="snow")

    async with scene.running():
        await scene.seconds(16)
        before = scene.inbox.trades()
        await scene.seconds(10)

    assert before == []
    assert [event.transaction for event in scene.inbox.trades()] == ["0x0", "0x1"]
    assert asked == [("0xd", "snow"), ("0xd", "snow")]
    assert scene.health.gauges["wallets_unlisted"] == 0


async def test_a_trade_whose_market_is_never_listed_is_dropped_and_counted() -> None:
    scene = Scene(settings=WalletSettings(unlisted_for=60 * SECOND))
    scene.venue.trade(1, conditionId="0xd", asset="777")

    async with scene.running():
        await scene.seconds(90)

    assert scene.inbox.trades() == []
    assert scene.health.counts["wallets_unlisted", "never_listed"] == 1


async def test_the_feed_is_lost_when_nobody_answers_and_back_when_somebody_does() -> (
    None
):
    scene = Scene()
    async with scene.running():
        await scene.seconds(20)
        scene.venue.down = {ANNA}
        await scene.seconds(100)
        lost = list(scene.inbox.got)
        scene.venue.down = set()
        scene.venue.trade(110)
        await scene.seconds(30)

    assert lost == [
        FeedLost(
            at=START + 105 * SECOND,
            feed="wallets",
            reason="1 of 1 wallets cannot be asked",
        )
    ]
    assert [type(event) for event in scene.inbox.got[1:]] == [
        FeedRestored,
        WalletTraded,
    ]
    assert scene.health.counts["wallets", "VenueError"] >= 5


async def test_one_wallet_of_three_that_fails_does_not_take_the_feed_away() -> None:
    scene = Scene(ANNA, BERT, "0x" + "c" * 40)
    scene.venue.down = {BERT}

    async with scene.running():
        await scene.seconds(300)

    assert scene.inbox.got == []
    assert scene.health.gauges["wallets_silent"] == 1


def printed(second: int, transaction: str, *, size: int = 2_000) -> TradePrinted:
    return TradePrinted(
        at=START + second * SECOND,
        market=MarketId("0xc"),
        token=TokenId("104"),
        side=Side.BUY,
        price=550_000,
        size=size * SECOND,
        transaction=transaction,
    )


async def test_a_whales_print_brings_the_question_forward() -> None:
    scene = Scene()
    async with scene.running():
        await scene.seconds(16)
        scene.venue.trade(16, shown=18, size=2_000, transactionHash="0xFF")
        scene.wallets.saw_trade(printed(16, "0xff"))
        await scene.seconds(5)

    assert [event.at for event in scene.inbox.trades()] == [START + 18 * SECOND]
    assert scene.health.counts["wallet_prompts", "matched"] == 1
    assert scene.health.delays["wallet_after_print"].most == 2.0


async def test_a_small_print_asks_only_those_who_trade_in_its_market() -> None:
    scene = Scene(ANNA, BERT)
    scene.venue.trade(-60)
    async with scene.running():
        await scene.seconds(10)
        scene.venue.asked.clear()
        scene.wallets.saw_trade(printed(10, "0xf0", size=1))
        await scene.seconds(1)

    assert [who for _, who, _ in scene.venue.asked] == [ANNA]


async def test_a_print_that_is_nobodys_is_asked_about_for_a_while_only() -> None:
    scene = Scene(settings=WalletSettings(interval=3600 * SECOND))
    async with scene.running():
        await scene.seconds(1)
        scene.venue.asked.clear()
        for each in range(50):
            scene.wallets.saw_trade(printed(1, f"0xf{each}"))
        await scene.seconds(600)

    assert [at for at, _, _ in scene.venue.asked] == [1, 3, 5, 9, 17]
    assert scene.health.counts["wallet_prompts", "of_a_stranger"] == 50


async def test_a_prompted_answer_does_not_hide_what_was_missed_before() -> None:
    scene = Scene()
    scene.venue.down = {ANNA}
    scene.venue.trade(100)
    async with scene.running():
        await scene.seconds(1_801)
        scene.venue.down = set()
        scene.venue.trade(1_801, size=2_000, transactionHash="0xff")
        scene.wallets.saw_trade(printed(1_801, "0xff"))
        await scene.seconds(3)
        prompted = [event.transaction for event in scene.inbox.trades()]
        await scene.seconds(15)

    assert prompted == ["0xff"]
    assert [event.transaction for event in scene.inbox.trades()] == ["0xff", "0x0"]


async def test_a_print_without_a_transaction_asks_nobody() -> None:
    scene = Scene()
    async with scene.running():
        await scene.seconds(1)
        scene.venue.asked.clear()
        scene.wallets.saw_trade(printed(1, ""))
        await scene.seconds(5)

    assert scene.venue.asked == []


async def test_of_many_wallets_only_some_are_asked_because_of_one_print() -> None:
    many = [f"0x{number:040x}" for number in range(1, 31)]
    scene = Scene(
        *many, settings=WalletSettings(interval=3_600 * SECOND, prompted_most=5)
    )
    async with scene.running():
        await scene.seconds(1)
        scene.venue.asked.clear()
        scene.wallets.saw_trade(printed(1, "0xf0"))
        await scene.seconds(60)

    assert len({who for _, who, _ in scene.venue.asked}) == 5


async def test_a_print_of_a_small_trade_in_a_strange_market_asks_nobody() -> None:
    scene = Scene()
    async with scene.running():
        await scene.seconds(1)
        scene.venue.asked.clear()
        scene.wallets.saw_trade(printed(1, "0xf0", size=1))
        await scene.seconds(5)

    assert scene.venue.asked == []


async def test_old_prints_go_when_there_are_too_many() -> None:
    clock, health = Stepped(START), Health()
    prompts = Prompts([ANNA], clock, health, WalletSettings())

    for number in range(10_001):
        prompts.saw(printed(0, f"0xf{number}"))

    assert health.counts["wallet_prompts", "prints_dropped"] == 1


async def test_trades_that_wait_for_their_market_are_bounded() -> None:
    clock, health = Stepped(START), Health()
    unlisted = Unlisted(Registry(), clock, health, None, 60 * SECOND)
    fill = Fill(
        wallet=ANNA,
        market=MarketId("0xd"),
        token=TokenId("777"),
        side=Side.BUY,
        price=500_000,
        size=1,
        at=START,
    )

    kept = [unlisted.keeps(fill) for _ in range(10_001)]

    assert all(kept)
    assert health.gauges["wallets_unlisted"] == 10_000
    assert health.counts["wallets_unlisted", "dropped"] == 1


async def test_a_market_that_is_never_listed_is_asked_for_ever_more_rarely() -> None:
    asked: list[float] = []

    async def find(_: MarketId, __: str) -> None:
        asked.append((scene.clock.now() - START) / SECOND)

    scene = Scene(find=find)
    scene.venue.trade(0, conditionId="0xd", asset="777")
    async with scene.running():
        await scene.seconds(1_000)

    assert asked == [0, 5, 15, 35, 75, 155, 315, 635, 955]


async def test_a_trade_never_overtakes_one_that_waits_for_the_same_market() -> None:
    registry, clock = Registry(), Stepped(START)
    unlisted = Unlisted(registry, clock, Health(), None, 60 * SECOND)
    first = Fill(
        wallet=ANNA,
        market=MarketId("0xd"),
        token=TokenId("777"),
        side=Side.BUY,
        price=500_000,
        size=1,
        at=START,
    )
    told: list[int] = []
    task = asyncio.create_task(unlisted.serve(lambda fill: told.append(fill.size)))

    unlisted.keeps(first)
    await clock.advance(0)
    listed(registry, "0xd", "777")
    waits = unlisted.keeps(msgspec.structs.replace(first, size=2, at=START + 1))
    await clock.advance(SECOND)
    free = unlisted.keeps(first)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert (waits, free) == (True, False)
    assert told == [1, 2]


async def test_a_record_that_could_not_be_looked_up_is_looked_up_again_soon() -> None:
    scene = Scene()
    scene.venue.down = {ANNA}
    async with scene.running():
        await scene.seconds(10)
        before = scene.wallets.record(ANNA)
        scene.venue.down = set()
        await scene.seconds(300)

    assert before is not None
    assert before.trades_30d is None
    record = scene.wallets.record(ANNA)
    assert record is not None
    assert record.trades_30d == 0


async def test_rows_of_another_wallet_are_not_told_as_this_ones() -> None:
    scene = Scene()
    scene.venue.other_wallet = BERT
    scene.venue.trade(1)

    async with scene.running():
        await scene.seconds(15)

    assert scene.inbox.trades() == []
    assert scene.health.counts["wallets", "row_of_another"] == 1


async def test_without_wallets_nothing_is_asked() -> None:
    scene = Scene()
    empty = Wallets(
        DataApi(scene.venue, scene.health),
        scene.registry,
        scene.inbox,
        scene.clock,
        scene.health,
        wallets=frozenset(),
    )

    await empty.run()

    assert scene.venue.asked == []


@st.composite
def shown(draw: st.DrawFn) -> tuple[int, int]:
    """When a trade is made [second], and how much later it is shown."""
    return draw(st.integers(-1_700, 900)), draw(st.integers(0, 500))


@given(
    trades=st.lists(shown(), max_size=25),
    twice=st.booleans(),
    turned=st.booleans(),
    heeds=st.booleans(),
    gaps=st.lists(st.booleans(), min_size=10, max_size=10),
    prints=st.lists(st.integers(0, 24), max_size=5),
)
def test_every_trade_is_told_exactly_once(
    *,
    trades: list[tuple[int, int]],
    twice: bool,
    turned: bool,
    heeds: bool,
    gaps: list[bool],
    prints: list[int],
) -> None:
    async def told() -> list[str]:
        # Late by 500 s at most, and no answer for 90 s in a row: within the overlap.
        scene = Scene()
        scene.venue.turned, scene.venue.heeds = turned, heeds
        for second, late in trades:
            scene.venue.trade(second, shown=max(second, -1_700) + late)
        if twice:
            scene.venue.rows += scene.venue.rows
        async with scene.running():
            for down in gaps:
                scene.venue.down = {ANNA} if down else set()
                for each in prints:
                    scene.wallets.saw_trade(printed(0, f"0x{each}"))
                await scene.seconds(90)
            scene.venue.down = set()
            await scene.seconds(540)
        return sorted(event.transaction for event in scene.inbox.trades())

    expected = sorted(f"0x{each}" for each in range(len(trades)))
    assert asyncio.run(told()) == expected


ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["NaN", "1e999", "-1", "0.5", "BUY", "0xc", "104", ANNA])
    | st.lists(st.integers(), max_size=2)
)


@given(
    rows=st.lists(
        st.dictionaries(
            st.sampled_from(
                [
                    *("conditionId", "asset", "side", "size", "price", "type"),
                    *("transactionHash", "slug", "usdcSize", "unheard"),
                ]
            ),
            ODD,
        ),
        max_size=6,
    )
)
def test_odd_rows_never_end_the_feed(rows: list[dict[str, Any]]) -> None:
    async def told() -> list[WalletTraded]:
        scene = Scene()
        for row in rows:
            scene.venue.trade(1, **row)
        scene.venue.trade(5, transactionHash="0xlast")
        async with scene.running():
            await scene.seconds(40)
        return scene.inbox.trades()

    trades = asyncio.run(told())

    assert trades[-1].transaction == "0xlast"
    assert all(0 < trade.price < 1_000_000 and trade.size > 0 for trade in trades)


@pytest.mark.parametrize("wallet", [ANNA.upper().replace("X", "x"), ANNA])
async def test_wallets_are_the_same_in_any_case(wallet: str) -> None:
    scene = Scene(wallet)
    scene.venue.trade(1)

    async with scene.running():
        await scene.seconds(15)

    assert len(scene.inbox.trades()) == 1
    assert scene.wallets.record(wallet) is not None
