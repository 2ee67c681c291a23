import math

import msgspec
import numpy as np
import pytest

from polyrules.domain.events import SpotTicked
from polyrules.domain.market import Listing
from polyrules.domain.moments import HOUR, MINUTE
from polyrules.features.catalog import Feed
from polyrules.features.spot import History
from polyrules.features.table import Feeds, Table
from tests.builders import NOON, SECOND, at, market

ROW = np.array([0])


def table_of(*coins: str, feeds: Feeds | None = None) -> Table:
    table = Table(feeds or Feeds())
    for coin in coins or ("btc",):
        slug = f"{coin}-updown-15m-{NOON // SECOND}"
        table.add(msgspec.structs.replace(market(coin), slug=slug), Listing(), NOON)
    return table


def spot(
    seconds: float, price: float, source: str = "price", *, symbol: str = "BTC"
) -> SpotTicked:
    return SpotTicked(at=at(seconds), symbol=symbol, source=source, price=price)


def told(*ticks: SpotTicked, feeds: Feeds | None = None) -> Table:
    table = table_of(feeds=feeds)
    for tick in ticks:
        table.tick_spot(tick)
    return table


def read(table: Table, name: str, seconds: float) -> float:
    return float(table.read(name, ROW, at(seconds))[0])


@pytest.mark.parametrize(
    ("source", "price"),
    [("price", 100.0), ("binance", 101.0), ("twap_30", 102.0), ("twap_60", 103.0)],
)
def test_a_source_is_taken_as_told(source: str, price: float) -> None:
    table = told(
        spot(0, 100.0),
        spot(0, 101.0, "binance"),
        spot(0, 102.0, "twap_30"),
        spot(0, 103.0, "twap_60"),
    )

    assert read(table, f"spot.{source}", 1) == price


def test_a_mean_that_no_feed_tells_of_is_not_made_up_from_prices() -> None:
    table = told(*(spot(second, 100.0) for second in range(120)))

    assert math.isnan(read(table, "spot.twap_60", 120))
    assert table.why_missing("spot.twap_60", 0, at(120)) == "not_covered"


def test_a_price_is_stale_after_thirty_seconds_but_has_an_age() -> None:
    table = told(spot(0, 100.0))

    assert read(table, "spot.price", 30) == 100.0
    assert math.isnan(read(table, "spot.price", 31))
    assert read(table, "spot.age", 31) == 31.0
    assert table.why_missing("spot.price", 0, at(31)) == "stale"
    assert table.why_missing("spot.ret_1m", 0, at(31)) == "stale"


def test_a_source_that_falls_silent_leaves_the_others() -> None:
    table = told(spot(0, 101.0, "binance"), spot(60, 100.0))

    assert math.isnan(read(table, "spot.binance", 60))
    assert read(table, "spot.price", 60) == 100.0
    assert table.why_missing("spot.binance", 0, at(60)) == "stale"


def test_before_the_first_price_there_is_no_age() -> None:
    table = told(spot(0, 101.0, "binance"))

    assert math.isnan(read(table, "spot.age", 1))
    assert table.why_missing("spot.age", 0, at(1)) == "not_covered"


def test_without_the_feed_nothing_is_said() -> None:
    table = told(spot(0, 100.0), feeds=Feeds(given=(Feed.BOOK,)))

    assert math.isnan(read(table, "spot.price", 0))
    assert table.why_missing("spot.price", 0, NOON) == "no_feed"


@pytest.mark.parametrize("price", [0.0, -1.0, math.nan, math.inf])
def test_a_price_that_cannot_be_one_tells_nothing(price: float) -> None:
    table = told(spot(0, 100.0), spot(1, price))

    assert read(table, "spot.price", 1) == 100.0
    assert read(table, "spot.age", 1) == 1.0


def test_a_source_nobody_knows_tells_nothing() -> None:
    table = told(spot(0, 100.0, "rumour"))

    assert math.isnan(read(table, "spot.price", 0))


def test_returns_look_back_one_and_three_minutes() -> None:
    table = told(spot(0, 100.0), spot(120, 104.0), spot(170, 100.0), spot(180, 110.0))

    assert read(table, "spot.ret_1m", 180) == pytest.approx(110 / 104 - 1, abs=1e-15)
    assert read(table, "spot.ret_3m", 180) == pytest.approx(0.1, abs=1e-15)


def test_a_return_needs_a_price_that_still_held_then() -> None:
    table = told(spot(0, 100.0), spot(91, 101.0))

    assert math.isnan(read(table, "spot.ret_1m", 91))
    assert table.why_missing("spot.ret_1m", 0, at(91)) == "not_covered"


def test_volatility_is_the_root_of_the_squared_returns_of_a_minute() -> None:
    # 0.1 up, then back: squares 0.01 and 1/121, over the two minutes since the first.
    table = told(
        *(spot(second, 100.0) for second in range(0, 60, 20)),
        spot(60, 110.0),
        spot(80, 100.0),
        spot(100, 100.0),
    )

    value = read(table, "spot.vol_1m", 120)

    assert value == pytest.approx(math.sqrt((0.01 + 1 / 121) / 2), abs=1e-15)


def test_volatility_is_missing_until_a_minute_was_watched() -> None:
    ticks = [spot(second, 100.0 + second) for second in range(0, 60, 10)]
    table = told(*ticks)

    assert math.isnan(read(table, "spot.vol_1m", 59))
    assert table.why_missing("spot.vol_1m", 0, at(59)) == "not_covered"
    assert read(table, "spot.vol_1m", 60) > 0.0


def test_volatility_forgets_what_is_older_than_five_minutes() -> None:
    ticks = [spot(0, 200.0), *(spot(second, 100.0) for second in range(10, 400, 10))]

    early = read(told(*ticks[:20]), "spot.vol_1m", 195)
    late = read(told(*ticks), "spot.vol_1m", 395)

    assert early > 0.0
    assert late == 0.0


def test_a_silence_is_neither_covered_nor_a_return() -> None:
    watched = [spot(second, 100.0) for second in range(0, 61, 20)]
    resumed = [spot(second, 150.0) for second in range(120, 141, 10)]
    table = told(*watched, *resumed)

    assert read(table, "spot.vol_1m", 140) == 0.0
    assert read(table, "spot.price", 140) == 150.0


def test_rows_take_the_price_of_their_own_coin() -> None:
    table = table_of("btc", "eth")
    table.add(market("none"), Listing(), NOON)
    table.tick_spot(spot(0, 100_000.0))
    table.tick_spot(spot(0, 3_000.0, symbol="eth"))

    prices = table.read("spot.price", np.array([2, 1, 0, 1]), at(0))

    assert prices.tolist()[1:] == [3_000.0, 100_000.0, 3_000.0]
    assert math.isnan(prices[0])


def test_a_price_told_before_its_round_is_listed_counts() -> None:
    table = Table(Feeds())
    table.tick_spot(spot(-1, 100.0))

    slug = f"btc-updown-15m-{NOON // SECOND}"
    table.add(msgspec.structs.replace(market(), slug=slug), Listing(), NOON)

    assert read(table, "spot.price", 0) == 100.0
    assert read(table, "round.open", 0) == 100.0


def test_a_history_keeps_what_it_must_and_lets_the_rest_go() -> None:
    history = History(keep=HOUR)
    for minute in range(100_000):
        history.add(minute * MINUTE, float(minute))

    ats, values = history.told()

    assert values[-61:].tolist() == [float(n) for n in range(99_939, 100_000)]
    assert len(ats) <= 256
    assert history.last_at() == 99_999 * MINUTE


def test_of_a_source_that_no_start_is_taken_from_little_is_kept() -> None:
    table = told(*(spot(second, 100.0, "binance") for second in range(3_000)))

    ats, _ = table._spot._history("BTC", "binance").told()

    assert len(ats) <= 256
    assert read(table, "spot.binance", 3_000) == 100.0
