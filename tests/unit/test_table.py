import math
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from polyrules.domain.events import BookChanged
from polyrules.domain.market import Book, Listing, mirror
from polyrules.domain.money import Side
from polyrules.features.catalog import CATALOG, Feed
from polyrules.features.table import Feeds, Table
from tests.builders import HOUR, NOON, at, book, market, trade

ROW = np.array([0])


def table_with(shown: BookChanged | None = None, feeds: Feeds | None = None) -> Table:
    table = Table(feeds or Feeds())
    opens_now = msgspec.structs.replace(market(), start=NOON)
    table.add(opens_now, Listing(accepting_orders=True), NOON)
    if shown is not None:
        one = Book()
        one.show(shown.bids, shown.asks)
        table.write_book(0, one)
        table.touch_book(0, shown.at)
    return table


def read(table: Table, name: str, seconds: float = 0) -> float:
    return float(table.read(name, ROW, at(seconds))[0])


DEEP = book(
    bids=(("0.48", "100"), ("0.47", "300"), ("0.46", "50")),
    asks=(("0.50", "60"), ("0.55", "500")),
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("best_bid", 0.48),
        ("best_ask", 0.50),
        ("no_best_bid", 0.50),
        ("no_best_ask", 0.52),
        ("mid", 0.49),
        ("spread", 0.02),
        ("price", 0.49),
        ("microprice", 0.4925),
        ("bid_size", 100.0),
        ("ask_size", 60.0),
        ("bid_depth_5", 450.0),
        ("ask_depth_50", 560.0),
        ("bid_levels", 3.0),
        ("ask_levels", 2.0),
        ("book_imbalance", 0.25),
        ("bid_wall_price", 0.47),
        ("bid_wall_size", 300.0),
        ("ask_wall_price", 0.55),
        ("book_age", 0.0),
        ("hours_to_close", 24.0),
        ("seconds_to_close", 86_400.0),
        ("market_age", 0.0),
        ("hour_of_day", 12.0),
        ("day_of_week", 3.0),
        ("tick_size", 0.01),
        ("min_order_shares", 5.0),
        ("fee_rate", 0.0),
        ("accepting_orders", 1.0),
    ],
)
def test_a_feature_is_what_its_formula_says(name: str, value: float) -> None:
    assert read(table_with(DEEP), name) == pytest.approx(value, abs=1e-12)


def test_without_a_book_every_book_feature_is_missing() -> None:
    table = table_with()
    names = [f.name for f in CATALOG.values() if f.feed is Feed.BOOK]

    known = [name for name in names if not math.isnan(read(table, name))]

    assert known == []


def test_a_crossed_book_says_nothing_but_its_age() -> None:
    table = table_with(book(bids=(("0.51", "1"),), asks=(("0.50", "1"),)))
    names = [f.name for f in CATALOG.values() if f.feed is Feed.BOOK]

    known = [name for name in names if not math.isnan(read(table, name))]

    assert known == ["book_age"]


def test_of_a_one_sided_book_the_empty_side_has_no_price_but_a_depth_of_zero() -> None:
    table = table_with(book(bids=(), asks=(("0.50", "7"),)))

    assert math.isnan(read(table, "best_bid"))
    assert math.isnan(read(table, "spread"))
    assert read(table, "bid_depth_5") == 0.0
    assert read(table, "ask_depth_5") == 7.0


def test_a_book_older_than_its_maximum_age_is_missing_and_still_has_an_age() -> None:
    table = table_with(DEEP)

    assert read(table, "best_bid", 300) == 0.48
    assert math.isnan(read(table, "best_bid", 301))
    assert read(table, "book_age", 301) == 301.0
    assert table.why_missing("best_bid", 0, at(301)) == "stale"


def test_a_tape_may_say_how_long_its_books_stand() -> None:
    feeds = Feeds(max_age={Feed.BOOK: HOUR})

    assert read(table_with(DEEP, feeds), "best_bid", 3_000) == 0.48


def test_a_feature_of_a_feed_that_is_not_there_is_missing_with_its_cause() -> None:
    table = table_with(DEEP, Feeds(given=(Feed.BOOK, Feed.CLOCK)))

    assert math.isnan(read(table, "trade_count_1h"))
    assert table.why_missing("trade_count_1h", 0, NOON) == "no_feed"
    assert table.why_missing("best_bid", 0, NOON) == ""


def test_no_trade_yet_is_a_count_of_zero_and_an_age_of_never() -> None:
    table = table_with()

    assert read(table, "trade_count_1h") == 0.0
    assert read(table, "last_trade_age") == 1e6
    assert math.isnan(read(table, "vwap_1h"))


def test_the_last_hour_of_trades_is_counted_in_yes_terms() -> None:
    table = table_with()
    table.add_trade(0, trade(0, Side.BUY, "0.40", "100"), of_yes=True)
    table.add_trade(0, trade(10, Side.BUY, "0.50", "300", token="no"), of_yes=False)

    table.refresh_trades(at(10))

    assert read(table, "trade_count_1h", 10) == 2.0
    assert read(table, "buy_count_1h", 10) == 1.0
    assert read(table, "sell_volume_1h", 10) == 150.0
    assert read(table, "volume_1h", 10) == 190.0
    assert read(table, "vwap_1h", 10) == pytest.approx(0.475)
    assert read(table, "volatility_1h", 10) == pytest.approx(0.05)
    assert read(table, "last_trade_price", 10) == 0.5


def test_a_trade_leaves_the_last_hour_when_it_is_an_hour_old() -> None:
    table = table_with()
    table.add_trade(0, trade(0, Side.BUY, "0.40", "100"), of_yes=True)
    table.refresh_trades(at(3_599))
    before = read(table, "trade_count_1h", 3_599)

    table.refresh_trades(at(3_600))

    assert before == 1.0
    assert read(table, "trade_count_1h", 3_600) == 0.0
    assert read(table, "volume_1h", 3_600) == 0.0


def test_the_last_hour_is_missing_until_it_was_watched_for_an_hour() -> None:
    table = Table(Feeds())
    table.add(market(), Listing(), NOON)
    table.add_trade(0, trade(0, Side.BUY, "0.40", "100"), of_yes=True)

    table.refresh_trades(at(3_599))
    early = read(table, "trade_count_1h", 3_599)
    table.refresh_trades(at(3_600))

    assert math.isnan(early)
    assert read(table, "trade_count_1h", 3_600) == 0.0


def test_a_market_is_as_old_as_its_start_if_that_is_told() -> None:
    table = Table(Feeds())
    begun = msgspec.structs.replace(market(), start=NOON - HOUR)
    table.add(begun, Listing(), NOON)

    assert read(table, "market_age", 3_600) == 2.0


def test_price_falls_back_to_the_last_trade_where_the_spread_is_wide() -> None:
    table = table_with(book(bids=(("0.30", "1"),), asks=(("0.41", "1"),)))
    table.add_trade(0, trade(0, Side.BUY, "0.33", "5"), of_yes=True)

    assert read(table, "price") == 0.33


def test_rows_are_kept_when_the_table_grows() -> None:
    table = Table(Feeds())
    for number in range(200):
        table.add(market(f"m{number}", hours=number), Listing(), NOON)

    hours = table.read("hours_to_close", np.arange(200), NOON)

    assert hours.tolist() == [float(n) for n in range(200)]


def test_a_resolved_market_leaves_the_open_rows_and_takes_no_orders() -> None:
    table = Table(Feeds())
    table.add(market("a"), Listing(accepting_orders=True), NOON)
    table.add(market("b"), Listing(accepting_orders=True), NOON)

    table.close(0)

    assert table.open_rows().tolist() == [1]
    assert read(table, "accepting_orders") == 0.0


def test_a_category_we_do_not_know_is_other() -> None:
    table = Table(Feeds())
    table.add(market(category="crypto"), Listing(), NOON)
    table.add(market("n", category="philately"), Listing(), NOON)
    words = CATALOG["category"].values

    codes = table.read("category", np.arange(2), NOON)

    assert [words[int(code)] for code in codes] == ["crypto", "other"]


def test_what_a_later_listing_leaves_unsaid_stays() -> None:
    table = table_with()
    table.state_facts(0, market(), Listing(volume_24h=500.0))

    table.state_facts(0, market(), Listing(liquidity=10.0))

    assert read(table, "volume_24h") == 500.0
    assert read(table, "liquidity") == 10.0


def test_mirroring_a_no_book_gives_the_yes_book() -> None:
    no = book(bids=(("0.50", "60"),), asks=(("0.52", "100"),))
    table = table_with(
        BookChanged(
            at=NOON,
            market=no.market,
            token=no.token,
            bids=mirror(no.asks),
            asks=mirror(no.bids),
        )
    )

    assert read(table, "best_bid") == 0.48
    assert read(table, "ask_size") == 60.0


def test_a_tick_change_is_seen_at_once() -> None:
    table = table_with()

    table.state_tick(0, float(Decimal("0.001")))

    assert read(table, "tick_size") == 0.001
