import math
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from polyrules.domain.events import SpotTicked
from polyrules.domain.market import Listing, Market
from polyrules.domain.moments import DAY, HOUR, MINUTE
from polyrules.features.catalog import Feed
from polyrules.features.rounds import Round, round_of
from polyrules.features.table import Feeds, Table
from tests.builders import NOON, SECOND, at, market

NOON_S = NOON // SECOND
START = at(900)  # of the round that begins a quarter past noon


def micros(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def slugged(slug: str, name: str = "m", end: str | None = None) -> Market:
    told = None if end is None else micros(end)
    return msgspec.structs.replace(market(name), slug=slug, end=told)


def quarter(number: int, coin: str = "btc") -> Market:
    """Return a market of 15 minutes, the first of which begins at noon."""
    start = NOON_S + 900 * number
    return slugged(f"{coin}-updown-15m-{start}", f"{coin}{number}")


def table_of(*markets: Market, feeds: Feeds | None = None) -> Table:
    table = Table(feeds or Feeds())
    for each in markets:
        table.add(each, Listing(), NOON)
    return table


def spot(seconds: float, price: float, source: str = "twap_60") -> SpotTicked:
    return SpotTicked(at=at(seconds), symbol="BTC", source=source, price=price)


def read(table: Table, name: str, seconds: float, row: int = 0) -> float:
    return float(table.read(name, np.array([row]), at(seconds))[0])


@pytest.mark.parametrize(
    ("slug", "series", "symbol", "start", "length"),
    [
        ("btc-updown-5m-1773307200", "btc_updown_5m", "BTC", "2026-03-12T09:20", 5),
        ("btc-updown-15m-1774338300", "btc_updown_15m", "BTC", "2026-03-24T07:45", 15),
        ("hype-updown-5m-1773307200", "hype_updown_5m", "HYPE", "2026-03-12T09:20", 5),
        ("sol-updown-4h-1770123600", "sol_updown_4h", "SOL", "2026-02-03T13:00", 240),
        ("xrp-updown-1h-1770123600", "xrp_updown_1h", "XRP", "2026-02-03T13:00", 60),
    ],
)
def test_a_slug_with_a_second_says_series_start_and_end(
    slug: str, series: str, symbol: str, start: str, length: int
) -> None:
    assert round_of(slugged(slug)) == Round(
        series=series,
        symbol=symbol,
        start=micros(start),
        end=micros(start) + length * MINUTE,
    )


@pytest.mark.parametrize(
    ("slug", "end", "series", "begins", "ends"),
    [
        (
            "bitcoin-up-or-down-february-3-10am-et",
            "2026-02-03T16:00",
            "btc_updown_1h",
            "2026-02-03T15:00",
            "2026-02-03T16:00",
        ),
        (
            "ethereum-up-or-down-july-1-12am-et",
            "2026-07-01T05:00",
            "eth_updown_1h",
            "2026-07-01T04:00",
            "2026-07-01T05:00",
        ),
        (
            "xrp-up-or-down-december-31-11pm-et",
            "2026-01-01T05:00",  # the hour before midnight ends in the new year
            "xrp_updown_1h",
            "2026-01-01T04:00",
            "2026-01-01T05:00",
        ),
        (
            "solana-up-or-down-february-3-2026-12pm-et",
            None,
            "sol_updown_1h",
            "2026-02-03T17:00",
            "2026-02-03T18:00",
        ),
        (
            "bitcoin-up-or-down-on-february-3",
            "2026-02-03T17:00",
            "btc_updown_1d",
            "2026-02-02T17:00",
            "2026-02-03T17:00",
        ),
        (
            "bitcoin-up-or-down-on-march-8",  # the clocks go forward: 23 hours
            "2026-03-08T16:00",
            "btc_updown_1d",
            "2026-03-07T17:00",
            "2026-03-08T16:00",
        ),
    ],
)
def test_a_slug_in_words_is_read_by_the_clock_of_new_york(
    slug: str, end: str | None, series: str, begins: str, ends: str
) -> None:
    found = round_of(slugged(slug, end=end))

    assert found is not None
    assert found.series == series
    assert (found.start, found.end) == (micros(begins), micros(ends))


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "will-bitcoin-hit-100k-in-january",
        "btc-updown-15m-",
        "btc-updown-0m-1773307200",
        "btc-updown-15m-1773307200-extra",
        "bitcoin-up-or-down-february-3-10am-et",  # which year?
        "bitcoin-up-or-down-february-30-2026-10am-et",
        "bitcoin-up-or-down-february-3-2026-13am-et",
        "bitcoin-up-or-down-on-february-3-2026-10am-et",
        "nvda-up-or-down-on-february-3-2026",  # a share is no coin of the spot feed
    ],
)
def test_a_slug_that_says_nothing_sure_names_no_round(slug: str) -> None:
    assert round_of(slugged(slug)) is None


def test_the_rounds_of_a_series_are_those_that_have_begun_and_are_not_over() -> None:
    table = table_of(quarter(0), quarter(1), quarter(0, "eth"), market("other"))

    assert table.rounds("btc_updown_15m", at(-1)).tolist() == []
    assert table.rounds("btc_updown_15m", at(0)).tolist() == [0]
    assert table.rounds("btc_updown_15m", at(899)).tolist() == [0]
    assert table.rounds("btc_updown_15m", at(900)).tolist() == [1]
    assert table.rounds(None, at(0)).tolist() == [0, 2]
    assert table.rounds("sol_updown_15m", at(0)).tolist() == []


def test_a_round_that_is_listed_later_joins_its_series() -> None:
    table = table_of(quarter(0))
    before = table.rounds("btc_updown_15m", at(900)).tolist()

    table.add(quarter(1), Listing(), at(10))

    assert before == []
    assert table.rounds("btc_updown_15m", at(900)).tolist() == [1]


def test_a_slug_that_is_told_later_makes_a_market_a_round() -> None:
    table = table_of(market())
    told = msgspec.structs.replace(market(), slug=f"btc-updown-15m-{NOON_S}")

    before = table.series_of(0)
    table.state_facts(0, told, Listing())

    assert before == ""
    assert table.series_of(0) == "btc_updown_15m"
    assert table.rounds("btc_updown_15m", NOON).tolist() == [0]


def test_a_round_knows_its_length_and_how_far_it_is() -> None:
    table = table_of(quarter(0))

    assert read(table, "round.seconds_to_end", 840) == 60.0
    assert read(table, "round.seconds_from_start", 840) == 840.0
    assert read(table, "round.length", 840) == 900.0


def test_a_market_that_is_no_round_has_no_numbers_of_one() -> None:
    table = table_of(quarter(0), market("other"))

    assert math.isnan(read(table, "round.seconds_to_end", 0, row=1))
    assert table.why_missing("round.seconds_to_end", 1, NOON) == "no_round"
    assert table.why_missing("round.twap_start", 1, NOON) == "no_round"
    assert table.why_missing("spot.price", 1, NOON) == "no_round"


def test_a_round_settles_against_the_mean_in_force_as_it_began() -> None:
    table = table_of(quarter(1))
    table.tick_spot(spot(899, 100_000.0))
    table.tick_spot(spot(900, 100_010.0))
    table.tick_spot(spot(901, 100_020.0))
    table.tick_spot(spot(900, 99_000.0, "price"))

    assert read(table, "round.twap_start", 901) == 100_010.0
    assert read(table, "round.open", 901) == 99_000.0


def test_what_a_round_began_with_is_not_known_before_it_begins() -> None:
    table = table_of(quarter(1))
    table.tick_spot(spot(899, 100_000.0))

    assert math.isnan(read(table, "round.twap_start", 899))
    assert table.why_missing("round.twap_start", 0, at(899)) == "not_started"
    assert read(table, "round.twap_start", 900) == 100_000.0


def test_what_a_round_began_with_stays_known_though_the_feed_falls_silent() -> None:
    table = table_of(quarter(1))
    table.tick_spot(spot(900, 100_000.0))

    assert read(table, "round.twap_start", 1_799) == 100_000.0
    assert math.isnan(read(table, "spot.twap_60", 1_799))


@pytest.mark.parametrize("seconds", [839.0, 901.0])
def test_a_round_that_nobody_watched_begin_has_no_start(seconds: float) -> None:
    table = table_of(quarter(1))

    table.tick_spot(spot(seconds, 100_000.0))

    assert math.isnan(read(table, "round.twap_start", 910))
    assert table.why_missing("round.twap_start", 0, at(910)) == "not_covered"


def test_a_mean_of_sixty_seconds_before_the_start_still_counts() -> None:
    table = table_of(quarter(1))

    table.tick_spot(spot(840, 100_000.0))

    assert read(table, "round.twap_start", 910) == 100_000.0


def test_the_start_of_a_round_of_a_day_is_known_until_its_end() -> None:
    noon_to_noon = slugged("bitcoin-up-or-down-on-january-2-2026")
    table = table_of()
    table.tick_spot(spot(0, 90_000.0))
    table.add(noon_to_noon, Listing(), at(1))
    told = round_of(noon_to_noon)
    assert told is not None
    begins = (told.start - NOON) // SECOND
    for second in range(begins - 60, begins + DAY // SECOND, 10):
        table.tick_spot(spot(second, 100_000.0 + second - begins))

    value = read(table, "round.twap_start", begins + DAY // SECOND - 1)

    assert value == 100_000.0


def test_without_the_feed_of_coins_a_round_still_has_its_times() -> None:
    table = table_of(quarter(0), feeds=Feeds(given=(Feed.CLOCK,)))
    table.tick_spot(spot(0, 100_000.0))

    assert read(table, "round.seconds_to_end", 0) == 900.0
    assert math.isnan(read(table, "round.twap_start", 1))
    assert table.why_missing("round.twap_start", 0, at(1)) == "no_feed"


def test_each_coin_has_its_own_start() -> None:
    table = table_of(quarter(0), quarter(0, "eth"), market("other"))
    table.tick_spot(spot(0, 100_000.0))
    table.tick_spot(SpotTicked(at=at(0), symbol="eth", source="twap_60", price=3_000.0))

    starts = table.read("round.twap_start", np.array([2, 1, 0, 1]), at(1))

    assert starts.tolist()[1:] == [3_000.0, 100_000.0, 3_000.0]
    assert math.isnan(starts[0])


def test_of_the_hour_that_comes_twice_the_first_is_meant() -> None:
    found = round_of(slugged("bitcoin-up-or-down-november-1-2026-1am-et"))

    assert found is not None
    assert found.start == micros("2026-11-01T05:00")
    assert found.end - found.start == HOUR
