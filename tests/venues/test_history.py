"""What was traded before a market was followed: told once, whole, or not at all."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import (
    ClockTicked,
    Event,
    FeedLost,
    FeedRestored,
    PastTrade,
    TradesTold,
)
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.moments import HOUR, SECOND
from polyrules.domain.money import Side
from polyrules.errors import VenueError
from polyrules.venues.live.health import Health
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.data_api import Activity, DataApi, Rows
from polyrules.venues.polymarket.history import Followed, History, past
from polyrules.venues.polymarket.wallets.fills import fill_of

M = MarketId("0x" + "a" * 64)
BEGIN = 1_767_225_600 * SECOND
RESTORED = BEGIN + 500_000  # in the middle of a second


class Stop(Exception):
    """The script is over."""


class Steps:
    """A clock that goes on as it is slept upon, and stops after a while."""

    speed = 1.0

    def __init__(self, until: int) -> None:
        self.at = RESTORED
        self._until = until

    def now(self) -> int:
        return self.at

    async def sleep(self, micros: int) -> None:
        self.at += micros
        if self.at > self._until:
            raise Stop


class Data(DataApi):
    """The Data API, as a script: what it answers, one question after the other."""

    def __init__(self, answers: Sequence[Rows[Activity] | VenueError]) -> None:
        self.asked: list[int | None] = []
        self._answers = list(answers)

    async def trades(
        self,
        *,
        user: str = "",
        markets: Sequence[str] = (),
        taker_only: bool = False,
        usd_min: Decimal | None = None,
        at_most: int | None = None,
    ) -> Rows[Activity]:
        assert (list(markets), user, taker_only, usd_min) == ([M], "", True, None)
        self.asked.append(at_most)
        answer = self._answers.pop(0)
        if isinstance(answer, VenueError):
            raise answer
        return answer


def row(seconds: int, transaction: str = "0x1", **other: object) -> Activity:
    """Return a trade some seconds after BEGIN, as the venue lists it."""
    told: dict[str, object] = {
        "proxy_wallet": "0x" + "1" * 40,
        "condition_id": M,
        "asset": "1",
        "side": "BUY",
        "size": 10,
        "price": 0.5,
        "timestamp": BEGIN // SECOND + seconds,
        "transaction_hash": transaction,
    }
    return Activity(**{**told, **other})  # type: ignore[arg-type]  # some rows are bad on purpose


async def told(
    answers: Sequence[Rows[Activity] | VenueError],
    *,
    minutes: int = 20,
    heard: tuple[str, ...] = (),
    lost_after: int | None = None,
) -> tuple[list[Event], Data, Health]:
    data, health = Data(answers), Health()
    clock = Steps(RESTORED + minutes * 60 * SECOND)
    inbox = Inbox(clock, HOUR)
    history = History(data, inbox, clock, health)
    history.see(FeedRestored(at=RESTORED, feed="trades", market=M))
    for transaction in heard:
        history.heard(M, transaction, RESTORED + 100_000)
    if lost_after is not None:
        lost = FeedLost(at=RESTORED + lost_after, feed="trades", market=M)
        history.see(lost)
    with pytest.raises(Stop):
        await history.run()
    inbox.end()
    events: list[Event] = []
    async for event in inbox.events():
        if not isinstance(event, ClockTicked):
            events.append(event)  # noqa: PERF401 - a list of another kind than its filter
    return events, data, health


async def test_it_is_told_when_it_has_certainly_come_into_the_venue_s_list() -> None:
    rows = [row(7), row(-10, "0x2"), row(-4000)]  # the first was heard already
    events, data, _ = await told([Rows(rows=rows)])

    (event,) = events
    assert isinstance(event, TradesTold)
    assert event.market == M
    assert event.since == RESTORED - HOUR
    assert event.at - RESTORED == 330 * SECOND
    assert event.trades == (
        PastTrade(BEGIN - 10 * SECOND, TokenId("1"), Side.BUY, 500_000, 10_000_000),
    )
    assert data.asked == [500]


async def test_the_second_in_which_it_began_is_told_apart_by_transactions() -> None:
    rows = [row(0, "0xAB"), row(0, "0xcd")]
    events, _, _ = await told([Rows(rows=rows)], heard=("0xab",))

    (event,) = events
    assert isinstance(event, TradesTold)
    assert len(event.trades) == 1


async def test_a_market_with_many_trades_is_asked_about_again_for_more() -> None:
    few = Rows(rows=[row(-10), row(-20)], complete=False)
    many = Rows(rows=[row(-10), row(-20), row(-3700)], complete=False)
    events, data, _ = await told([few, many])

    (event,) = events
    assert isinstance(event, TradesTold)
    assert len(event.trades) == 2
    assert data.asked == [500, 10_000]


async def test_a_market_with_too_many_trades_stays_in_the_dark() -> None:
    few = Rows(rows=[row(-10)], complete=False)
    events, _, health = await told([few, few])

    assert events == []
    assert health.counts["history", "more trades than can be asked for"] == 1


async def test_without_an_answer_it_is_asked_again() -> None:
    events, data, health = await told([VenueError("down"), Rows(rows=[])])

    (event,) = events
    assert isinstance(event, TradesTold)
    assert event.trades == ()
    assert data.asked == [500, 500]
    assert health.counts["history", "not answered"] == 1


async def test_a_market_that_was_lost_again_is_not_asked_about() -> None:
    events, data, _ = await told([], lost_after=SECOND)

    assert events == []
    assert data.asked == []


async def test_a_market_lost_while_another_is_asked_about_is_let_go() -> None:
    other = MarketId("0x" + "b" * 64)

    class Losing(Data):
        """Loses the other market while it is asked about the first."""

        async def trades(self, **asked: Any) -> Rows[Activity]:  # noqa: ANN401 - whatever it is asked
            history.see(FeedLost(at=clock.now(), feed="trades", market=other))
            return await super().trades(**asked)

    data, clock = Losing([Rows(rows=[])]), Steps(RESTORED + 20 * 60 * SECOND)
    inbox = Inbox(clock, HOUR)
    history = History(data, inbox, clock, Health())
    for market in (M, other):
        history.see(FeedRestored(at=RESTORED, feed="trades", market=market))

    with pytest.raises(Stop):
        await history.run()

    assert data.asked == [500]


async def test_a_row_that_is_no_trade_is_counted_and_the_rest_is_told() -> None:
    rows = [row(-1, size="many"), row(-2, price=None), row(-3, side="?"), row(-4)]
    events, _, health = await told([Rows(rows=rows)])

    (event,) = events
    assert isinstance(event, TradesTold)
    assert len(event.trades) == 1
    assert sum(n for (where, _), n in health.counts.items() if where == "history") == 3


@given(st.lists(st.integers(min_value=-5000, max_value=100), max_size=30))
def test_what_is_told_is_of_before_and_in_order(seconds: list[int]) -> None:
    fills = [
        fill_of(row(second, str(n)), BEGIN + HOUR) for n, second in enumerate(seconds)
    ]
    known = Followed(RESTORED, RESTORED, set())

    found = past(fills, known, RESTORED - HOUR)

    ats = [trade.at for trade in found]
    assert ats == sorted(ats)
    wanted = [s for s in seconds if RESTORED - HOUR <= BEGIN + s * SECOND <= BEGIN]
    assert len(found) == len(wanted)
