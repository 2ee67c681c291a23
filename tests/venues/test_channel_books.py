"""One market's local book: what it takes from both tokens, and what it distrusts."""

import pytest

from polyrules.clock import MICROSECONDS
from polyrules.domain.events import LevelChange, TradePrinted
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.money import Side
from polyrules.errors import UnexpectedReply
from polyrules.venues.live.inbox import Inbox
from polyrules.venues.polymarket.channel.books import Distrust, LocalBook
from polyrules.venues.polymarket.channel.printing import Once, Trades
from polyrules.venues.polymarket.channel.reading.frames import (
    BestFrame,
    BookFrame,
    Entry,
    Level,
    LevelsFrame,
    TradeFrame,
)
from polyrules.venues.polymarket.channel.sockets.meter import Meter
from tests.builders import NOON, SECOND
from tests.venues.channel_venue import Hand

BUY, SELL = Side.BUY, Side.SELL
YES, NO = TokenId("y"), TokenId("n")
T0 = NOON // 1000


def shown(
    *,
    token: str = YES,
    bid: str = "0.48",
    ask: str = "0.50",
    size: str = "100",
    millis: int = 0,
) -> BookFrame:
    return BookFrame(
        market="m",
        asset_id=token,
        bids=[Level("0.01", "9"), Level(bid, size)],
        asks=[Level("0.99", "9"), Level(ask, size)],
        timestamp=str(T0 + millis),
    )


def of_yes(side: Side, price: str, size: str, **best: str) -> Entry:
    return Entry(asset_id=YES, price=price, size=size, side=side, **best)


def of_no(side: Side, price: str, size: str, **best: str) -> Entry:
    return Entry(asset_id=NO, price=price, size=size, side=side, **best)


def told(*entries: Entry, millis: int = 1) -> LevelsFrame:
    return LevelsFrame(market="m", price_changes=[*entries], timestamp=str(T0 + millis))


@pytest.fixture
def book() -> LocalBook:
    local = LocalBook(MarketId("m"), YES, NO)
    local.whole(shown())
    return local


def test_a_no_book_is_the_mirror_of_the_yes_book() -> None:
    local = LocalBook(MarketId("m"), YES, NO)

    assert local.whole(shown(token=NO, bid="0.50", ask="0.52"))

    assert (local.best_bid, local.best_ask) == (480_000, 500_000)


def test_the_mirror_of_the_same_moment_changes_nothing(book: LocalBook) -> None:
    assert not book.whole(shown(token=NO, bid="0.50", ask="0.52"))


def test_tokens_that_show_different_books_at_one_moment_are_distrusted(
    book: LocalBook,
) -> None:
    with pytest.raises(Distrust, match="tokens disagree"):
        book.whole(shown(token=NO, bid="0.49", ask="0.52"))


def test_a_later_book_replaces_the_other_tokens(book: LocalBook) -> None:
    assert book.whole(shown(token=NO, bid="0.49", ask="0.52", millis=1))

    assert (book.best_bid, book.best_ask) == (480_000, 510_000)


def test_a_whole_book_older_than_a_change_already_applied_is_distrusted(
    book: LocalBook,
) -> None:
    book.levels(told(of_yes(BUY, "0.47", "5"), millis=5))

    with pytest.raises(Distrust, match="out of order"):
        book.whole(shown(millis=3))


def test_a_whole_book_older_than_the_last_whole_one_says_nothing(
    book: LocalBook,
) -> None:
    assert not book.whole(shown(bid="0.40", millis=-1))

    assert book.best_bid == 480_000


CHANGED = (LevelChange(YES, BUY, 490_000, 5_000_000),)


@pytest.mark.parametrize(
    "entries",
    [
        [of_yes(BUY, "0.49", "5"), of_no(SELL, "0.51", "5")],
        [of_no(SELL, "0.51", "5"), of_yes(BUY, "0.49", "5")],
        [of_no(SELL, "0.51", "5.0"), of_yes(BUY, ".490", "5")],
        [of_yes(BUY, "0.49", "5")],
        [of_no(SELL, "0.51", "5")],
        [of_yes(BUY, "0.49", "5")] * 3,
    ],
)
def test_a_level_is_one_change_whoever_tells_it_and_how_often(
    book: LocalBook, entries: list[Entry]
) -> None:
    assert book.levels(told(*entries)) == CHANGED
    assert book.best_bid == 490_000


def test_several_levels_in_one_message_are_all_applied(book: LocalBook) -> None:
    changes = book.levels(
        told(
            of_yes(BUY, "0.48", "0"),
            of_no(SELL, "0.52", "0"),
            of_yes(SELL, "0.49", "3"),
            of_no(BUY, "0.51", "3", best_bid="0.51", best_ask="0.99"),
        )
    )

    assert changes == (
        LevelChange(YES, BUY, 480_000, 0),
        LevelChange(YES, SELL, 490_000, 3_000_000),
    )
    assert book.bids() == [(10_000, 9_000_000)]


@pytest.mark.parametrize(
    "entries",
    [
        [of_yes(BUY, "0.49", "5"), of_no(SELL, "0.51", "6")],
        [of_yes(BUY, "0.48", "100"), of_no(SELL, "0.52", "6")],
        [
            of_yes(BUY, "0.40", "5"),
            of_no(SELL, "0.60", "4"),
            of_yes(BUY, "0.41", "5"),
        ],
    ],
)
def test_tokens_that_tell_different_totals_are_distrusted(
    book: LocalBook, entries: list[Entry]
) -> None:
    with pytest.raises(Distrust, match="tokens disagree"):
        book.levels(told(*entries))


@pytest.mark.parametrize(
    "entries",
    [
        [of_yes(BUY, "0.47", "5", best_bid="0.49")],
        [of_yes(BUY, "0.47", "5", best_ask="0.51")],
        [of_yes(BUY, "0.47", "5", best_ask="1")],
        [of_yes(BUY, "0.47", "5", best_bid="0")],
        [of_no(SELL, "0.53", "5", best_bid="0.51")],
        [of_no(SELL, "0.53", "5", best_ask="0.51")],
        [of_yes(BUY, "0.47", "5", best_bid="0.49"), of_no(SELL, "0.53", "5")],
        [of_yes(BUY, "0.47", "5", best_ask="0.49"), of_no(SELL, "0.53", "5")],
        [of_yes(BUY, "0.47", "5"), of_no(SELL, "0.53", "5", best_bid="0.49")],
        [of_yes(BUY, "0.47", "5"), of_no(SELL, "0.53", "5", best_ask="0.49")],
    ],
)
def test_other_best_prices_than_the_message_states_are_distrusted(
    book: LocalBook, entries: list[Entry]
) -> None:
    with pytest.raises(Distrust, match="best prices differ"):
        book.levels(told(*entries))


@pytest.mark.parametrize(
    ("bid", "ask"), [("0", "1"), ("", ""), ("0", "0"), ("0.00", "1.0")]
)
def test_an_empty_side_is_stated_as_0_or_1_or_not_at_all(bid: str, ask: str) -> None:
    local = LocalBook(MarketId("m"), YES, NO)
    local.take(((480_000, 1_000_000),), (), NOON)

    changes = local.levels(told(of_yes(BUY, "0.48", "0", best_bid=bid, best_ask=ask)))

    assert changes == (LevelChange(YES, BUY, 480_000, 0),)


@pytest.mark.parametrize(
    "entries",
    [
        [of_yes(BUY, "0.50", "5")],
        [of_yes(BUY, "0.50", "5"), of_no(SELL, "0.50", "5")],
    ],
)
def test_a_book_that_becomes_crossed_is_distrusted(
    book: LocalBook, entries: list[Entry]
) -> None:
    with pytest.raises(Distrust, match="crossed"):
        book.levels(told(*entries))


def test_a_book_that_rest_itself_shows_crossed_is_not_asked_for_again() -> None:
    local = LocalBook(MarketId("m"), YES, NO)
    local.take(((500_000, 1_000_000),), ((500_000, 1_000_000),), NOON)

    assert local.levels(told(of_yes(BUY, "0.40", "5")))
    assert local.levels(told(of_yes(BUY, "0.50", "0"), millis=2))
    with pytest.raises(Distrust, match="crossed"):
        local.levels(told(of_yes(BUY, "0.50", "1"), millis=3))


@pytest.mark.parametrize(
    ("entries", "told_why"),
    [
        ([], "a price change without changes"),
        ([of_yes(BUY, "1.00", "5")], r"a price outside \(0, 1\)"),
        ([of_yes(BUY, "0.5", "-1")], "a size below 0"),
        ([Entry(asset_id="x", price="0.5", size="1", side=BUY)], "not the market's"),
    ],
)
def test_an_impossible_message_is_refused(
    book: LocalBook, entries: list[Entry], told_why: str
) -> None:
    with pytest.raises(UnexpectedReply, match=told_why):
        book.levels(told(*entries))


def test_stated_best_prices_are_compared(book: LocalBook) -> None:
    def best(token: str, bid: str, ask: str) -> BestFrame:
        return BestFrame(
            market="m", asset_id=token, timestamp="", best_bid=bid, best_ask=ask
        )

    assert book.agrees(best(YES, "0.48", "0.5"))
    assert book.agrees(best(NO, "0.50", "0.52"))
    assert not book.agrees(best(NO, "0.51", "0.52"))


def trade(millis: int, transaction: str | None = "0xa") -> TradeFrame:
    return TradeFrame(
        market="m",
        asset_id=YES,
        price="0.5",
        size="2",
        side=BUY,
        timestamp=str(T0 + millis),
        transaction_hash=transaction,
    )


def test_a_trade_of_half_an_hour_ago_is_not_told() -> None:
    inbox = Inbox(Hand(), SECOND)
    trades = Trades(inbox)

    assert trades.take(trade(1_800_000), MarketId("m")) == ""
    assert trades.take(trade(0, "0xb"), MarketId("m")) == "an old trade"

    assert [one.venue_at for one in inbox._waiting] == [NOON + 1_800 * MICROSECONDS]


def test_without_a_transaction_equal_trades_are_both_told() -> None:
    inbox = Inbox(Hand(), SECOND)
    trades = Trades(inbox)

    for _ in range(2):
        assert trades.take(trade(0, None), MarketId("m")) == ""

    assert [type(one) for one in inbox._waiting] == [TradePrinted, TradePrinted]


def test_a_trade_of_no_shares_is_refused() -> None:
    frame = trade(0)
    frame.size = "0.000000"

    with pytest.raises(UnexpectedReply, match="a trade of 0 shares"):
        Trades(Inbox(Hand(), SECOND)).take(frame, MarketId("m"))


def test_only_the_last_things_are_remembered() -> None:
    once = Once(most=2)

    assert [once.is_new(thing) for thing in "abab"] == [True, True, False, False]
    assert [once.is_new(thing) for thing in "ca"] == [True, True]


def test_what_is_normal_is_learned_in_a_minute_and_kept_over_a_new_connection() -> None:
    meter = Meter()
    meter.restart(NOON)
    for second in range(60):
        for _ in range(2):
            meter.hear(NOON + second * SECOND)
        meter.advance(NOON + (second + 1) * SECOND)
    assert (meter.lately(), meter.normal()) == (120.0, 120.0)

    meter.restart(NOON + 61 * SECOND)

    assert meter.lately() is None
    assert meter.normal() == 120.0
    assert not meter.degraded(0.5, 10)


def test_a_minute_that_says_a_tenth_of_what_is_normal_is_too_little() -> None:
    meter = Meter()
    meter.restart(NOON)
    for second in range(120):
        for _ in range(10 if second < 60 else second % 2):
            meter.hear(NOON + second * SECOND)
        meter.advance(NOON + (second + 1) * SECOND)

    assert meter.lately() == 30.0
    assert meter.degraded(0.1, 10)
    assert not meter.degraded(0.01, 10)
    assert not meter.degraded(0.1, 10_000)


def test_a_stated_norm_counts_where_a_socket_never_said_more() -> None:
    meter = Meter()

    assert meter.normal(40) == 40
    meter.restart(NOON)
    meter.advance(NOON + 60 * SECOND)
    assert meter.normal(40) == 40
    meter.hear(NOON + 61 * SECOND)
    for _ in range(60):
        meter.hear(NOON + 62 * SECOND)
    meter.advance(NOON + 120 * SECOND)
    assert meter.normal(40) == 40
    assert 5 < meter.normal() < 10
