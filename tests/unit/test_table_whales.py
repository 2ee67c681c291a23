import math

import msgspec
import numpy as np
import pytest

from polyrules.domain.market import Listing
from polyrules.domain.money import Side
from polyrules.features.catalog import Feed
from polyrules.features.table import Feeds, Table
from tests.builders import NOON, at, market, trade

ROW = np.array([0])


def table_of(*, feeds: Feeds | None = None) -> Table:
    table = Table(feeds or Feeds())
    opens_now = msgspec.structs.replace(market(), start=NOON)
    table.add(opens_now, Listing(), NOON)
    return table


def read(table: Table, name: str, seconds: float) -> float:
    table.refresh_trades(at(seconds))
    return float(table.read(name, ROW, at(seconds))[0])


@pytest.mark.parametrize(
    ("side", "token", "flow"),
    [
        (Side.BUY, "yes", 1_500.0),
        (Side.SELL, "yes", -1_500.0),
        (Side.BUY, "no", -1_500.0),
        (Side.SELL, "no", 1_500.0),
    ],
)
def test_a_whale_leans_to_the_token_it_gathers(
    side: Side, token: str, flow: float
) -> None:
    table = table_of()
    whale = trade(0, side, "0.30", "5000", token=token)

    table.add_trade(0, whale, of_yes=token == "yes")

    assert read(table, "whale_count_1h", 1) == 1.0
    assert read(table, "whale_volume_1h", 1) == 1_500.0
    assert read(table, "whale_net_flow_1h", 1) == flow
    assert read(table, "time_since_whale", 1) == 1.0


def test_a_trade_below_a_thousand_dollars_is_no_whale() -> None:
    table = table_of()
    table.add_trade(0, trade(0, Side.BUY, "0.50", "1999.99"), of_yes=True)

    assert read(table, "whale_count_1h", 1) == 0.0
    assert read(table, "whale_volume_1h", 1) == 0.0
    assert read(table, "time_since_whale", 1) == 1e6
    assert read(table, "volume_1h", 1) == 999.995


def test_a_trade_of_a_thousand_dollars_is_a_whale() -> None:
    table = table_of()
    table.add_trade(0, trade(0, Side.BUY, "0.50", "2000"), of_yes=True)

    assert read(table, "whale_count_1h", 1) == 1.0


def test_whales_of_both_directions_are_netted() -> None:
    table = table_of()
    table.add_trade(0, trade(0, Side.BUY, "0.50", "8000"), of_yes=True)
    table.add_trade(0, trade(10, Side.SELL, "0.50", "3000"), of_yes=True)

    assert read(table, "whale_volume_1h", 10) == 5_500.0
    assert read(table, "whale_net_flow_1h", 10) == 2_500.0


def test_a_whale_leaves_the_last_hour_but_not_the_memory() -> None:
    table = table_of()
    table.add_trade(0, trade(0, Side.BUY, "0.50", "8000"), of_yes=True)

    assert read(table, "whale_count_1h", 3_599) == 1.0
    assert read(table, "whale_count_1h", 3_600) == 0.0
    assert read(table, "whale_net_flow_1h", 3_600) == 0.0
    assert read(table, "time_since_whale", 7_200) == 7_200.0


def test_no_whale_yet_is_never_not_missing() -> None:
    table = table_of()

    assert read(table, "time_since_whale", 0) == 1e6
    assert read(table, "whale_net_flow_1h", 0) == 0.0


def test_a_whale_of_long_ago_is_as_never() -> None:
    table = table_of()
    table.add_trade(0, trade(0, Side.BUY, "0.50", "8000"), of_yes=True)

    assert read(table, "time_since_whale", 2_000_000) == 1e6


def test_without_trades_whales_are_missing() -> None:
    table = table_of(feeds=Feeds(given=(Feed.BOOK,)))

    assert math.isnan(read(table, "time_since_whale", 0))
    assert table.why_missing("whale_count_1h", 0, NOON) == "no_feed"
