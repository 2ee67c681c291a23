"""What a lost feed said is missing until it tells again; nothing stale looks fresh."""

import math
from decimal import Decimal

import numpy as np
import pytest

from polyrules.domain.events import (
    BookChanged,
    ClockTicked,
    Event,
    FeedLost,
    FeedRestored,
    LevelChange,
    LevelsChanged,
    MarketChanged,
    MarketListed,
    PastTrade,
    RoundChanged,
    SpotTicked,
    Stage,
    StageChanged,
    TradePrinted,
    TradesTold,
    WalletTraded,
)
from polyrules.domain.ids import MarketId, StrategyId, TokenId
from polyrules.domain.market import Listing, Market
from polyrules.domain.moments import HOUR, SECOND
from polyrules.domain.money import Side, Usd
from polyrules.engine.state import State
from polyrules.features.table import Feeds

M = MarketId("0xm")
YES, NO = TokenId("1"), TokenId("2")
T0 = 1_767_225_600 * SECOND


def state() -> State:
    found = State(Usd(Decimal(1000)), (StrategyId("s"),), Feeds())
    listed = MarketListed(
        at=T0,
        market=Market(id=M, yes=YES, no=NO, start=T0, end=T0 + 48 * HOUR),
        listing=Listing(volume_24h=5_000.0),
    )
    found.apply(listed)
    return found


def read(state: State, name: str) -> float:
    state.refresh()
    return float(state.table.read(name, np.array([0]), state.now)[0])


def why(state: State, name: str) -> str:
    return state.table.why_missing(name, 0, state.now)


def book(at: int) -> Event:
    return BookChanged(
        at=at,
        market=M,
        token=YES,
        bids=((480_000, 10_000_000),),
        asks=((520_000, 10_000_000),),
    )


def trade(at: int, size: int = 10_000_000) -> Event:
    return TradePrinted(
        at=at, market=M, token=YES, side=Side.BUY, price=500_000, size=size
    )


@pytest.mark.parametrize("market", [M, None])
def test_a_lost_book_is_missing_until_a_whole_one_is_shown(
    market: MarketId | None,
) -> None:
    held = state()
    held.apply(book(T0 + SECOND))
    assert read(held, "best_ask") == 0.52

    held.apply(FeedLost(at=T0 + 2 * SECOND, feed="book", market=market))
    assert math.isnan(read(held, "best_ask"))
    assert math.isnan(read(held, "ask_size"))

    # A single level is no book: what else rests is not known.
    change = LevelChange(YES, Side.SELL, 510_000, 1_000_000)
    held.apply(LevelsChanged(at=T0 + 3 * SECOND, market=M, changes=(change,)))
    assert math.isnan(read(held, "best_ask"))

    held.apply(book(T0 + 4 * SECOND))
    assert read(held, "best_ask") == 0.52


def test_a_book_that_moved_right_before_it_was_lost_is_not_written_afterwards() -> None:
    held = state()
    held.apply(book(T0 + SECOND))
    held.apply(FeedLost(at=T0 + SECOND, feed="book", market=M))

    assert math.isnan(read(held, "bid_size"))


def test_what_a_lost_book_was_worth_is_what_it_was_worth_last() -> None:
    held = state()
    held.apply(book(T0 + SECOND))
    assert held.worth(M, YES) == Decimal("0.48")

    held.apply(FeedLost(at=T0 + 2 * SECOND, feed="book", market=M))
    assert held.worth(M, YES) == Decimal("0.48")


def test_sums_over_an_hour_are_missing_for_an_hour_after_a_gap_in_the_trades() -> None:
    held = state()
    held.apply(trade(T0 + SECOND))
    assert read(held, "trade_count_1h") == 1.0

    held.apply(FeedLost(at=T0 + 2 * SECOND, feed="trades", market=M))
    assert math.isnan(read(held, "trade_count_1h"))
    assert math.isnan(read(held, "last_trade_price"))

    held.apply(FeedRestored(at=T0 + 60 * SECOND, feed="trades", market=M))
    held.apply(ClockTicked(at=T0 + 60 * SECOND + HOUR - 1))
    assert math.isnan(read(held, "trade_count_1h"))
    held.apply(ClockTicked(at=T0 + 60 * SECOND + HOUR))
    assert read(held, "trade_count_1h") == 0.0


def test_how_long_ago_a_whale_was_is_not_known_after_a_gap_until_the_next_one() -> None:
    held = state()
    assert read(held, "time_since_whale") == 1e6

    held.apply(FeedLost(at=T0 + SECOND, feed="trades", market=None))
    assert math.isnan(read(held, "time_since_whale"))
    held.apply(FeedRestored(at=T0 + 2 * SECOND, feed="trades", market=None))
    assert math.isnan(read(held, "time_since_whale"))
    assert why(held, "time_since_whale") == "lost"

    held.apply(trade(T0 + 3 * SECOND, size=4_000_000_000))
    held.apply(ClockTicked(at=T0 + 5 * SECOND))
    assert read(held, "time_since_whale") == 2.0


def test_trades_of_a_market_nobody_follows_yet_are_not_no_trades() -> None:
    held = State(Usd(Decimal(1000)), (StrategyId("s"),), Feeds())
    held.apply(FeedLost(at=T0, feed="trades", reason="nothing is followed yet"))
    held.apply(
        MarketListed(at=T0, market=Market(id=M, yes=YES, no=NO, start=T0 + HOUR))
    )
    held.apply(ClockTicked(at=T0 + 3 * HOUR))
    assert math.isnan(read(held, "trade_count_1h"))
    assert math.isnan(read(held, "time_since_whale"))

    held.apply(FeedRestored(at=T0 + 3 * HOUR, feed="trades", market=M))
    held.apply(ClockTicked(at=T0 + 4 * HOUR))
    assert read(held, "trade_count_1h") == 0.0
    assert read(held, "time_since_whale") == 1e6


def test_history_closes_the_gap_before_a_market_was_followed() -> None:
    held = state()
    held.apply(FeedLost(at=T0, feed="trades"))
    now = T0 + 2 * HOUR
    held.apply(FeedRestored(at=now, feed="trades", market=M))
    held.apply(trade(now + SECOND))
    assert math.isnan(read(held, "trade_count_1h"))

    past = (
        PastTrade(now - 1800 * SECOND, YES, Side.BUY, 400_000, 5_000_000_000),
        PastTrade(now - 600 * SECOND, NO, Side.BUY, 300_000, 10_000_000),
    )
    held.apply(
        TradesTold(at=now + 330 * SECOND, market=M, since=now - HOUR, trades=past)
    )
    assert read(held, "trade_count_1h") == 3.0
    assert read(held, "buy_count_1h") == 2.0  # a purchase of NO sells YES
    assert read(held, "whale_volume_1h") == 2000.0
    assert read(held, "time_since_whale") == 1800.0 + 330.0
    assert read(held, "last_trade_price") == 0.5  # the one that was heard, not the past

    # What is told leaves after its hour like any other trade.
    held.apply(ClockTicked(at=now + 1800 * SECOND))
    assert read(held, "trade_count_1h") == 2.0
    held.apply(ClockTicked(at=now + 3000 * SECOND))
    assert read(held, "trade_count_1h") == 1.0


def test_history_of_nothing_says_that_nothing_was() -> None:
    held = state()
    held.apply(FeedLost(at=T0, feed="trades"))
    now = T0 + 2 * HOUR
    held.apply(FeedRestored(at=now, feed="trades", market=M))
    held.apply(TradesTold(at=now, market=M, since=now - HOUR, trades=()))

    assert read(held, "trade_count_1h") == 0.0
    assert read(held, "time_since_whale") == 1e6


def test_history_that_reaches_back_too_little_leaves_the_sums_missing() -> None:
    held = state()
    held.apply(FeedLost(at=T0, feed="trades"))
    now = T0 + 2 * HOUR
    held.apply(FeedRestored(at=now, feed="trades", market=M))
    held.apply(TradesTold(at=now, market=M, since=now - HOUR // 2, trades=()))

    assert math.isnan(read(held, "trade_count_1h"))


def test_what_the_listing_says_of_the_moment_is_missing_while_gamma_is_lost() -> None:
    held = state()
    held.apply(FeedLost(at=T0 + SECOND, feed="gamma"))

    assert math.isnan(read(held, "volume_24h"))
    assert why(held, "volume_24h") == "lost"
    assert read(held, "tick_size") == 0.01  # a fact is no word of the moment

    held.apply(FeedRestored(at=T0 + 2 * SECOND, feed="gamma"))
    assert read(held, "volume_24h") == 5000.0


def test_no_price_of_a_coin_holds_while_its_feed_is_lost() -> None:
    held = state()
    held.apply(
        MarketListed(
            at=T0,
            market=Market(
                id=MarketId("0xr"),
                yes=TokenId("3"),
                no=TokenId("4"),
                slug=f"btc-updown-15m-{T0 // SECOND}",
                start=T0,
                end=T0 + 900 * SECOND,
            ),
        )
    )
    held.apply(SpotTicked(at=T0, symbol="BTC", source="price", price=90_000.0))

    def price() -> float:
        return float(held.table.read("spot.price", np.array([1]), held.now)[0])

    assert price() == 90_000.0
    held.apply(FeedLost(at=T0 + SECOND, feed="rtds"))
    assert math.isnan(price())
    assert held.table.why_missing("spot.price", 1, held.now) == "lost"
    held.apply(FeedRestored(at=T0 + 2 * SECOND, feed="rtds"))
    assert price() == 90_000.0


def test_no_wallet_is_followed_while_its_trades_go_by_untold() -> None:
    held = state()
    traded = WalletTraded(
        at=T0 + SECOND,
        market=M,
        token=YES,
        side=Side.BUY,
        price=500_000,
        size=1_000_000,
        wallet="0xabc",
    )
    held.apply(traded)
    assert held.wallets.rows(held.now, HOUR).wallets == ["0xabc"]

    held.apply(FeedLost(at=T0 + 2 * SECOND, feed="wallets"))
    assert held.wallets.rows(held.now, HOUR).wallets == []
    held.apply(FeedRestored(at=T0 + 3 * SECOND, feed="wallets"))
    assert held.wallets.rows(held.now, HOUR).wallets == ["0xabc"]


def test_stages_and_rounds_are_told_and_change_nothing() -> None:
    held = state()
    held.apply(StageChanged(at=T0, market=M, stage=Stage.T1, before=Stage.T0))
    held.apply(
        RoundChanged(
            at=T0,
            market=M,
            series="btc_updown_15m",
            symbol="BTC",
            stage="activated",
            start=T0,
            end=T0 + HOUR,
        )
    )
    assert held.table.is_open().tolist() == [True]


def test_a_trade_heard_before_a_gap_and_told_again_after_it_counts_once() -> None:
    held = state()
    heard = T0 + 2 * HOUR
    held.apply(FeedRestored(at=heard - 60 * SECOND, feed="trades", market=M))
    held.apply(trade(heard))
    held.apply(FeedLost(at=heard + 10 * SECOND, feed="trades", market=M))
    now = heard + 60 * SECOND
    held.apply(FeedRestored(at=now, feed="trades", market=M))

    again = PastTrade(heard - 400_000, YES, Side.BUY, 500_000, 10_000_000)
    unheard = PastTrade(heard + 30 * SECOND, YES, Side.BUY, 600_000, 20_000_000)
    held.apply(
        TradesTold(
            at=now + 330 * SECOND,
            market=M,
            since=now - HOUR,
            trades=(again, unheard),
        )
    )

    assert read(held, "trade_count_1h") == 2.0
    assert read(held, "volume_1h") == 5.0 + 12.0
    assert read(held, "last_trade_price") == 0.6


def test_an_hour_after_a_gap_nothing_of_before_it_is_left_in_the_sums() -> None:
    held = state()
    held.apply(trade(T0 + SECOND))
    assert read(held, "volume_1h") == 5.0

    held.apply(FeedLost(at=T0 + 2 * SECOND, feed="trades", market=M))
    held.apply(FeedRestored(at=T0 + 3 * SECOND, feed="trades", market=M))
    held.apply(ClockTicked(at=T0 + 3 * SECOND + HOUR))

    assert read(held, "volume_1h") == 0.0
    assert read(held, "trade_count_1h") == 0.0


def test_the_last_price_is_known_again_when_history_tells_no_newer_trade() -> None:
    held = state()
    held.apply(trade(T0 + SECOND))
    held.apply(FeedLost(at=T0 + 2 * SECOND, feed="trades", market=M))
    now = T0 + 60 * SECOND
    held.apply(FeedRestored(at=now, feed="trades", market=M))
    assert math.isnan(read(held, "last_trade_price"))

    # The venue's list has whole seconds, so the same trade looks older there.
    same = (PastTrade(T0, YES, Side.BUY, 500_000, 10_000_000),)
    held.apply(TradesTold(at=now + SECOND, market=M, since=now - HOUR, trades=same))

    assert read(held, "last_trade_price") == 0.5
    assert read(held, "last_trade_age") == 61.0


def test_history_that_comes_after_the_trades_were_lost_again_is_not_believed() -> None:
    held = state()
    now = T0 + 2 * HOUR
    held.apply(FeedRestored(at=now, feed="trades", market=M))
    held.apply(FeedLost(at=now + SECOND, feed="trades", market=M))
    held.apply(TradesTold(at=now + SECOND, market=M, since=now - 2 * HOUR, trades=()))

    assert math.isnan(read(held, "trade_count_1h"))
    assert math.isnan(read(held, "time_since_whale"))


def test_why_a_lost_book_is_missing_is_told_apart_from_one_never_seen() -> None:
    held = state()
    assert why(held, "best_ask") == "no_book"

    held.apply(book(T0 + SECOND))
    held.apply(FeedLost(at=T0 + 2 * SECOND, feed="book", market=M))
    assert why(held, "best_ask") == "lost"


def test_a_book_told_before_yes_and_no_changed_places_is_not_read_afterwards() -> None:
    held = state()
    held.apply(book(T0 + SECOND))
    held.apply(
        MarketChanged(
            at=T0 + 2 * SECOND,
            market=Market(id=M, yes=NO, no=YES, start=T0, end=T0 + 48 * HOUR),
        )
    )
    assert math.isnan(read(held, "best_ask"))
    assert held.markets[M].ask(NO) is None

    held.apply(book(T0 + 3 * SECOND))  # 0.48 is paid for the token that is NO now
    assert read(held, "best_ask") == 0.52
    assert read(held, "no_best_bid") == 0.48
