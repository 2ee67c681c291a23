import math
from decimal import Decimal

import pytest

from polyrules.domain.events import Event, WalletTraded
from polyrules.domain.ids import MarketId, StrategyId, TokenId
from polyrules.domain.money import Side, Usd
from polyrules.engine.state import State
from polyrules.features.catalog import ROW_FEATURES
from polyrules.features.table import Feeds
from polyrules.features.wallets import Recent, WalletRows
from tests.builders import SECOND, at, book, levels, listed

HOUR = 3_600 * SECOND


def bought(
    seconds: float,
    wallet: str = "0xaa",
    price: str = "0.40",
    size: str = "1000",
    *,
    name: str = "m",
    token: str = "yes",
    side: Side = Side.BUY,
    venue: float | None = None,
    win_rate: float | None = None,
    trades_30d: int | None = None,
) -> WalletTraded:
    ((micros, shares),) = levels((price, size))
    return WalletTraded(
        at=at(seconds),
        venue_at=None if venue is None else at(venue),
        market=MarketId(name),
        token=TokenId(f"{name}:{token}"),
        side=side,
        price=micros,
        size=shares,
        wallet=wallet,
        win_rate=win_rate,
        trades_30d=trades_30d,
    )


def state_of(*events: Event, feeds: Feeds | None = None) -> State:
    state = State(Usd(Decimal(1000)), (StrategyId("one"),), feeds or Feeds())
    for event in (listed(), listed("n"), *events):
        state.apply(event)
    state.refresh()
    return state


def rows(
    state: State,
    seconds: float,
    within: int = HOUR,
    wallets: frozenset[str] | None = None,
    limit: int | None = None,
) -> WalletRows:
    return state.wallets.rows(at(seconds), within, wallets, limit)


def test_a_trade_of_a_wallet_has_every_feature_of_the_catalog() -> None:
    state = state_of(
        book(0, (("0.38", "10"),), (("0.41", "10"),)),
        bought(1, side=Side.SELL, win_rate=0.62, trades_30d=40),
    )

    found = rows(state, 11)

    assert found.columns.keys() == ROW_FEATURES["t"].keys()
    assert {name: column.tolist() for name, column in found.columns.items()} == {
        "t.price": [0.4],
        "t.size": [1_000.0],
        "t.notional": [400.0],
        "t.age": [10.0],
        "t.side": [1.0],
        "t.token": [0.0],
        "t.ask_now": [0.41],
        "t.bid_now": [0.38],
        "t.wallet_win_rate": [0.62],
        "t.wallet_trades_30d": [40.0],
    }
    assert found.markets.tolist() == [0]
    assert found.wallets == ["0xaa"]


def test_prices_now_are_those_of_the_token_traded() -> None:
    state = state_of(
        book(0, (("0.38", "10"),), (("0.41", "10"),)), bought(1, token="no")
    )

    columns = rows(state, 1).columns

    assert columns["t.token"].tolist() == [1.0]
    assert columns["t.ask_now"].tolist() == [0.62]
    assert columns["t.bid_now"].tolist() == [0.59]


@pytest.mark.parametrize("bid", ["0.42", "0.41"])
def test_of_a_crossed_or_locked_book_no_price_is_told(bid: str) -> None:
    state = state_of(book(0, ((bid, "10"),), (("0.41", "10"),)), bought(1))

    assert math.isnan(rows(state, 1).columns["t.ask_now"][0])


def test_of_a_stale_book_no_price_is_told() -> None:
    state = state_of(book(0), bought(301))

    assert rows(state, 300).columns["t.ask_now"].tolist() == [0.5]
    assert math.isnan(rows(state, 301).columns["t.ask_now"][0])


def test_what_nobody_looked_up_of_a_wallet_is_missing() -> None:
    columns = rows(state_of(bought(1)), 1).columns

    assert math.isnan(columns["t.wallet_win_rate"][0])
    assert math.isnan(columns["t.wallet_trades_30d"][0])


def test_of_a_wallet_and_token_only_the_newest_trade_counts() -> None:
    state = state_of(
        bought(1, price="0.40"),
        bought(2, price="0.45", token="no"),
        bought(3, "0xAA", price="0.50", side=Side.SELL),
    )

    columns = rows(state, 3).columns

    assert columns["t.price"].tolist() == [0.45, 0.5]
    assert columns["t.side"].tolist() == [0.0, 1.0]


def test_rows_are_ordered_by_market_token_and_wallet() -> None:
    state = state_of(
        bought(1, "0xbb", name="n"),
        bought(2, "0xaa", name="n"),
        bought(3, "0xbb", name="m"),
        bought(4, "0xaa", name="m"),
        bought(5, "0xcc", name="m", token="no"),
    )

    found = rows(state, 5)

    assert found.markets.tolist() == [0, 0, 0, 1, 1]
    assert found.wallets == ["0xcc", "0xaa", "0xbb", "0xaa", "0xbb"]
    assert found.columns["t.age"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_only_watched_wallets_are_told_whatever_the_case_of_their_letters() -> None:
    state = state_of(bought(1, "0xAbC"), bought(2, "0xdef"))

    assert rows(state, 2, wallets=frozenset({"0xaBc"})).wallets == ["0xabc"]
    assert rows(state, 2, wallets=frozenset()).wallets == []


def test_a_trade_leaves_when_it_is_older_than_asked_for() -> None:
    state = state_of(bought(1, "0xaa"), bought(10, "0xbb"))

    assert rows(state, 61, within=60 * SECOND).wallets == ["0xaa", "0xbb"]
    assert rows(state, 62, within=60 * SECOND).wallets == ["0xbb"]
    assert rows(state, 71, within=60 * SECOND).wallets == []


def test_an_old_trade_that_is_told_late_does_not_look_new() -> None:
    state = state_of(bought(2_000, venue=200))

    assert rows(state, 2_000).columns["t.age"].tolist() == [1_800.0]
    assert rows(state, 2_000, within=900 * SECOND).wallets == []


def test_an_old_trade_that_is_told_again_replaces_no_newer_one() -> None:
    state = state_of(
        bought(1, price="0.40", venue=1),
        bought(10, price="0.50", venue=10),
        bought(20, price="0.40", venue=1),
    )

    found = rows(state, 20)

    assert found.columns["t.price"].tolist() == [0.5]
    assert found.columns["t.age"].tolist() == [10.0]


def test_a_venue_whose_clock_is_ahead_makes_no_trade_newer_than_now() -> None:
    assert rows(state_of(bought(5, venue=90)), 5).columns["t.age"].tolist() == [0.0]


def test_of_too_many_rows_the_newest_stay_and_the_others_are_counted() -> None:
    state = state_of(bought(1, "0xaa"), bought(2, "0xbb"), bought(3, "0xcc"))

    found = rows(state, 9, limit=2)

    assert found.wallets == ["0xbb", "0xcc"]
    assert found.cut == 1


def test_a_trade_in_a_market_or_token_nobody_described_is_counted_and_skipped() -> None:
    state = state_of(bought(1, name="unheard"), bought(2, token="maybe"))

    assert rows(state, 2).wallets == []
    assert state.wallets.unknown == 2


def test_a_trade_of_a_wallet_is_no_second_trade_of_the_market() -> None:
    state = state_of(bought(1, size="100000"))

    assert state.table.column("trade_count_1h").tolist() == [0.0, 0.0]
    assert state.table.column("whale_volume_1h").tolist() == [0.0, 0.0]
    assert math.isnan(state.table.column("last_trade_price")[0])


def test_the_oldest_trades_go_when_there_are_too_many_and_are_counted() -> None:
    recent = Recent(state_of().table, kept=2)
    recent.add(0, bought(1, "0xaa"), of_yes=True)
    recent.add(0, bought(2, "0xbb"), of_yes=True)
    recent.add(0, bought(3, "0xaa"), of_yes=True)
    recent.add(0, bought(4, "0xcc"), of_yes=True)

    found = recent.rows(at(4), HOUR)

    assert found.wallets == ["0xaa", "0xcc"]
    assert recent.dropped == 1


def test_nothing_traded_is_no_row() -> None:
    found = rows(state_of(), 1)

    assert found.markets.tolist() == []
    assert all(not len(column) for column in found.columns.values())
    assert found.columns.keys() == ROW_FEATURES["t"].keys()


def test_the_newest_trade_is_the_one_made_last_not_the_one_told_last() -> None:
    state = state_of(bought(1, "0xaa"), bought(5, "0xbb"), bought(6, "0xcc", venue=0))

    assert rows(state, 6, limit=2).wallets == ["0xaa", "0xbb"]
