"""When a strategy is asked: in its turn, after an event it waits for, tier by tier."""

from collections.abc import Iterable

import msgspec
import pytest

from polyrules.domain.events import (
    Event,
    GameChanged,
    OddsChanged,
    SpotTicked,
    WalletTraded,
)
from polyrules.domain.ids import MarketId, StrategyId, TokenId
from polyrules.domain.market import Market
from polyrules.domain.money import Side
from polyrules.domain.steps import Step
from polyrules.engine.engine import Engine
from polyrules.language.strategy import Strategy
from tests.builders import NOON, SECOND, at, book, listed, market, tick, trade
from tests.strategies import strategy
from tests.unit.test_engine import decided, engine_of, traded

SLOW = """\
polyrules: 1
strategy: {id: slow, version: 1.0.0}
universe: {each: market, where: accepting_orders}
rules:
  - id: enter
    when: best_ask <= 0.50 and position_shares == 0
    then: {action: buy, token: yes_token, price: best_ask, urgency: high}
sizing: {method: fixed, amount: 20 shares}
exits:
  - {id: dear, when: best_bid >= 0.60}
schedule: {every: 1h, trigger: [TRIGGER]}
"""
ROUNDS = """\
polyrules: 1
strategy: {id: rounds, version: 1.0.0}
universe: {each: round, series: btc_updown_15m}
rules:
  - id: up
    when: spot.price > 100000
    then: {action: buy, token: yes_token, price: best_ask, urgency: high}
sizing: {method: fixed, amount: 20 shares}
schedule: {every: 1h, trigger: [spot]}
"""
BOOK_70 = (("0.70", "100"),)
WALLET = "0x" + "a" * 40


def slow(trigger: str) -> Strategy:
    """Return a strategy that is asked every hour, and after one kind of event."""
    return strategy(SLOW.replace("TRIGGER", trigger))


def triggered(engine: Engine) -> int:
    (rules,) = engine.rules.values()
    return rules.funnel.triggered


def moments(steps: Iterable[Step]) -> list[float]:
    """Return when something was decided [seconds after noon]."""
    return [(step.event.at - NOON) / SECOND for step in steps if step.decisions]


def cheap(seconds: float, *, name: str = "m") -> Event:
    return book(seconds, asks=(("0.50", "100"),), name=name)


def dear(seconds: float, *, name: str = "m") -> Event:
    return book(seconds, asks=BOOK_70, name=name)


def test_a_book_is_acted_on_at_once_and_not_at_the_next_turn() -> None:
    engine = engine_of(slow("book"))

    steps = traded(engine, listed(), dear(1), tick(2), cheap(3.5), tick(4))

    assert moments(steps) == [3.5]
    assert decided(steps) == [("enter", "BUY", "0.50")]


def test_without_a_trigger_the_next_turn_is_waited_for() -> None:
    text = SLOW.replace("every: 1h, trigger: [TRIGGER]", "every: 1m")

    steps = traded(
        engine_of(strategy(text)), listed(), dear(1), tick(2), cheap(3), tick(62)
    )

    assert moments(steps) == [62]


def test_another_kind_of_event_asks_nobody() -> None:
    engine = engine_of(slow("trade"))

    steps = traded(engine, listed(), dear(1), tick(2), cheap(3), tick(4))

    assert moments(steps) == []
    assert triggered(engine) == 0


def test_before_the_first_tick_nobody_is_asked() -> None:
    engine = engine_of(slow("book"))

    traded(engine, listed(), cheap(1), cheap(2))

    assert triggered(engine) == 0


def test_only_the_market_of_the_event_is_asked_about() -> None:
    engine = engine_of(slow("trade"))
    happened = (listed("a"), listed("b"), dear(1, name="a"), dear(1, name="b"), tick(2))
    both_cheap = (cheap(3, name="a"), cheap(3, name="b"))

    steps = traded(
        engine, *happened, *both_cheap, trade(4, Side.BUY, "0.50", "5", name="b")
    )

    assert [d.market for step in steps for d in step.decisions] == ["b"]
    assert triggered(engine) == 1


def test_an_event_of_a_market_nobody_described_asks_nobody() -> None:
    engine = engine_of(slow("trade"))

    traded(engine, listed(), tick(1), trade(2, Side.BUY, "0.50", "5", name="unheard"))

    assert triggered(engine) == 0


def test_exits_are_asked_after_an_event_too() -> None:
    engine = engine_of(slow("book"))
    higher = book(5.5, bids=(("0.60", "100"),), asks=BOOK_70)

    steps = traded(engine, listed(), dear(1), tick(2), cheap(3), tick(4), higher)

    assert decided(steps) == [("enter", "BUY", "0.50"), ("dear", "SELL", "0.60")]
    assert moments(steps) == [3, 5.5]


def odds(seconds: float) -> OddsChanged:
    return OddsChanged(
        at=at(seconds), market=MarketId("m"), fair=0.6, books=5, dispersion=0.01
    )


def game(seconds: float) -> GameChanged:
    return GameChanged(
        at=at(seconds),
        market=MarketId("m"),
        status="live",
        seconds_left=900.0,
        win_prob=0.6,
    )


def wallet(seconds: float) -> WalletTraded:
    return WalletTraded(
        at=at(seconds),
        market=MarketId("m"),
        token=TokenId("m:yes"),
        side=Side.BUY,
        price=500_000,
        size=5_000_000,
        wallet=WALLET,
    )


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("odds", odds(4)),
        ("game", game(4)),
        ("wallet", wallet(4)),
        ("trade", trade(4, Side.BUY, "0.50", "5")),
        ("book", cheap(4)),
    ],
)
def test_each_kind_of_event_is_waited_for_by_its_name(kind: str, event: Event) -> None:
    engine = engine_of(slow(kind))

    traded(engine, listed(), tick(2), event)

    assert triggered(engine) == 1


def a_round(name: str, coin: str, start: float = 0) -> Market:
    slug = f"{coin}-updown-15m-{at(start) // SECOND}"
    return msgspec.structs.replace(market(name), slug=slug)


def spot(seconds: float, price: float, symbol: str = "BTC") -> SpotTicked:
    return SpotTicked(at=at(seconds), symbol=symbol, source="price", price=price)


def test_a_price_of_a_coin_asks_about_its_rounds_that_are_going_on() -> None:
    engine = engine_of(strategy(ROUNDS))
    markets = (
        a_round("now", "btc"),
        a_round("later", "btc", 900),
        a_round("other", "eth"),
    )
    listings = [listed(each.id, facts=each) for each in markets]
    books = [cheap(1, name=each.id) for each in markets]

    steps = traded(engine, *listings, *books, tick(2), spot(3, 100_001.0))

    assert [d.market for step in steps for d in step.decisions] == ["now"]
    assert moments(steps) == [3]


def test_a_price_of_another_coin_asks_nobody() -> None:
    engine = engine_of(strategy(ROUNDS))
    now = listed("now", facts=a_round("now", "btc"))

    traded(engine, now, cheap(1, name="now"), tick(2), spot(3, 100_001.0, "ETH"))

    assert triggered(engine) == 0


TOP = """\
polyrules: 1
strategy: {id: top, version: 1.0.0}
universe: {each: market, where: accepting_orders, limit: {top: 1, by: bid_size}}
rules:
  - id: enter
    when: best_ask <= 0.50 and position_shares == 0
    then: {action: buy, token: yes_token, price: best_ask, urgency: high}
sizing: {method: fixed, amount: 20 shares}
schedule: {every: 1h, trigger: [book]}
"""


def test_after_an_event_only_what_was_among_the_highest_is_asked_about() -> None:
    engine = engine_of(strategy(TOP))
    large = book(1, bids=(("0.48", "900"),), asks=BOOK_70, name="large")
    happened = (listed("large"), listed("small"), large, dear(1, name="small"), tick(2))

    steps = traded(
        engine,
        *happened,
        cheap(3, name="small"),
        book(4, bids=(("0.48", "900"),), asks=(("0.50", "100"),), name="large"),
    )

    assert [d.market for step in steps for d in step.decisions] == ["large"]
    assert moments(steps) == [4]


BY_TIER = """\
polyrules: 1
strategy: {id: tiered, version: 1.0.0}
universe: {each: market, where: accepting_orders}
rules:
  - id: look
    when: best_ask <= 0.50
    then: {action: buy, token: yes_token, price: best_ask, urgency: high}
sizing: {method: fixed, amount: 20 shares}
schedule: {every: tier}
"""


def asked_at(hours: float | None) -> list[float]:
    """Return when a market that ends so late was asked about in its first minutes."""
    engine = engine_of(strategy(BY_TIER))
    rows = engine.rules[StrategyId("tiered")].funnel
    traded(engine, listed(facts=market(hours=hours)))
    found = []
    for second in range(0, 615, 15):
        before = rows.rows
        traded(engine, tick(second))
        if rows.rows > before:
            found.append(float(second))
    return found


@pytest.mark.parametrize(
    ("hours", "seconds"),
    [
        (0.9, [*range(0, 615, 15)]),  # T4, every 15 s
        (2.0, [*range(0, 615, 30)]),  # T3, every 30 s
        (8.0, [*range(0, 615, 60)]),  # T2, every minute
        (24.0, [0, 300, 600]),  # T1, every five
        (100.0, [0]),  # T0, every hour
        (None, [0]),  # without an end: as T0
    ],
)
def test_a_market_is_asked_about_as_often_as_its_tier_is_polled(
    hours: float | None, seconds: list[float]
) -> None:
    assert asked_at(hours) == seconds
