from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import (
    BookChanged,
    LevelChange,
    LevelsChanged,
    TickChanged,
    TradePrinted,
)
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.money import Side
from polyrules.errors import UnexpectedReply
from polyrules.venues.polymarket import wire

STAMP = "1772279170123"  # milliseconds
AT = 1_772_279_170_123_000
BOOK: dict[str, Any] = {
    "event_type": "book",
    "market": "0xc",
    "asset_id": "1",
    "timestamp": STAMP,
    "bids": [{"price": ".48", "size": "30"}, {"price": "0.49", "size": "20"}],
    "asks": [{"price": "0.52", "size": "25"}, {"price": "0.53", "size": "60"}],
    "tick_size": "0.01",
    "hash": "0x0",
}


def test_a_book_is_read_best_price_first_whatever_the_order_of_its_levels() -> None:
    book, frame = wire.book(BOOK)

    assert book == BookChanged(
        at=AT,
        venue_at=AT,
        market=MarketId("0xc"),
        token=TokenId("1"),
        bids=((490_000, 20_000_000), (480_000, 30_000_000)),
        asks=((520_000, 25_000_000), (530_000, 60_000_000)),
    )
    assert frame.tick_size == "0.01"


@given(st.permutations(BOOK["bids"]), st.permutations(BOOK["asks"]))
def test_the_order_of_levels_never_matters(
    bids: list[dict[str, str]], asks: list[dict[str, str]]
) -> None:
    assert wire.book({**BOOK, "bids": bids, "asks": asks})[0] == wire.book(BOOK)[0]


def test_a_one_sided_book_is_a_book_and_empty_levels_are_none() -> None:
    book, _ = wire.book({**BOOK, "bids": [], "asks": [{"price": "0.5", "size": "0"}]})

    assert book.bids == ()
    assert book.asks == ()


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ({"price": "NaN", "size": "1"}, "a price or size that is no number"),
        ({"price": "0.5", "size": "Infinity"}, "a price or size that is no number"),
        ({"price": "0.5", "size": "-1"}, "a size below 0"),
        ({"price": "0.5", "size": "1e30"}, "a number beyond 1e12"),
        ({"price": "0.5", "size": "1e999999"}, "a number beyond 1e12"),
        ({"price": "-1e9999999", "size": "1"}, "a number beyond 1e12"),
        ({"price": "0.5", "size": 10**40}, "a number beyond 1e12"),
        ({"price": "1e-9999999", "size": "1"}, r"a price outside \(0, 1\)"),
        ({"price": "1.00", "size": "1"}, r"a price outside \(0, 1\)"),
        ({"price": "0", "size": "1"}, r"a price outside \(0, 1\)"),
        ({"price": None, "size": "1"}, "a price or size that is no number"),
        ({"size": "1"}, "object missing required field `price`"),
        ([], "expected `object`, got `array`"),
    ],
)
def test_a_book_with_one_impossible_level_is_not_believed(
    level: object, told: str
) -> None:
    with pytest.raises(UnexpectedReply, match=told):
        wire.book({**BOOK, "bids": [*BOOK["bids"], level]})


NEW_SHAPE: dict[str, Any] = {
    "market": "0xc",
    "timestamp": STAMP,
    "price_changes": [
        {"asset_id": "1", "price": "0.51", "size": "150", "side": "BUY"},
        {"asset_id": "2", "price": "0.49", "size": "0", "side": "SELL"},
    ],
}
OLD_SHAPE: dict[str, Any] = {
    "market": "0xc",
    "asset_id": "1",
    "timestamp": STAMP,
    "changes": [{"price": "0.51", "size": "150", "side": "BUY"}],
}
OLDEST_SHAPE: dict[str, Any] = {
    "market": "0xc",
    "asset_id": "1",
    "timestamp": STAMP,
    "price": "0.51",
    "size": "150",
    "side": "buy",
}


def test_one_message_may_change_the_books_of_both_tokens() -> None:
    changed = wire.levels(NEW_SHAPE)

    assert changed == LevelsChanged(
        at=AT,
        venue_at=AT,
        market=MarketId("0xc"),
        changes=(
            LevelChange(TokenId("1"), Side.BUY, 510_000, 150_000_000),
            LevelChange(TokenId("2"), Side.SELL, 490_000, 0),
        ),
    )


@pytest.mark.parametrize("payload", [OLD_SHAPE, OLDEST_SHAPE])
def test_the_old_shapes_of_a_price_change_still_read(payload: dict[str, Any]) -> None:
    assert wire.levels(payload).changes == (
        LevelChange(TokenId("1"), Side.BUY, 510_000, 150_000_000),
    )


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({**NEW_SHAPE, "price_changes": []}, "a price change without changes"),
        ({**OLD_SHAPE, "asset_id": None}, "names no token"),
        ({**OLDEST_SHAPE, "side": "HOLD"}, "neither BUY nor SELL"),
    ],
)
def test_a_price_change_that_says_too_little_is_refused(
    payload: dict[str, Any], told: str
) -> None:
    with pytest.raises(UnexpectedReply, match=told):
        wire.levels(payload)


def test_a_trade_keeps_the_takers_side_and_its_transaction() -> None:
    payload = {**OLDEST_SHAPE, "side": "SELL", "transaction_hash": "0xab"}

    assert wire.trade(payload) == TradePrinted(
        at=AT,
        venue_at=AT,
        market=MarketId("0xc"),
        token=TokenId("1"),
        side=Side.SELL,
        price=510_000,
        size=150_000_000,
        transaction="0xab",
    )


def test_a_trade_of_nothing_is_none() -> None:
    with pytest.raises(UnexpectedReply, match="a trade of 0 shares"):
        wire.trade({**OLDEST_SHAPE, "size": "0"})


def test_a_tick_change_tells_the_new_tick() -> None:
    payload = {"market": "0xc", "new_tick_size": "0.001", "timestamp": STAMP}

    assert wire.tick(payload) == TickChanged(
        at=AT, venue_at=AT, market=MarketId("0xc"), tick=Decimal("0.001")
    )


@pytest.mark.parametrize("tick", ["0", "1", "nan", None])
def test_a_tick_outside_0_and_1_is_refused(tick: str | None) -> None:
    with pytest.raises(UnexpectedReply, match="a tick outside"):
        wire.tick({"market": "0xc", "new_tick_size": tick, "timestamp": STAMP})


@pytest.mark.parametrize(
    "stamp",
    [
        "1730906220",
        1730906220,
        "1730906220000",
        1730906220000.0,
        "1730906220000000",
        "2024-11-06T15:17:00Z",
        "2024-11-06 15:17:00+00",
        "2024-11-06T17:17:00+02:00",
        "2024-11-06 15:17:00",
    ],
)
def test_times_are_read_in_every_spelling_the_venue_has(stamp: wire.Number) -> None:
    assert wire.time(stamp) == 1_730_906_220_000_000


@pytest.mark.parametrize(
    ("stamp", "told"),
    [
        (None, "no timestamp"),
        ("", "no timestamp"),
        ("soon", "a time that cannot be read"),
        (0, "a timestamp out of range"),
        ("1e300", "a timestamp out of range"),
        ("1e999999", "a timestamp out of range"),
        ("-1e9999999", "a timestamp out of range"),
        ("1e-9999999", "a timestamp out of range"),
        ("1970-01-01", "a timestamp out of range"),
    ],
)
def test_a_time_that_is_none_is_refused(stamp: wire.Number, told: str) -> None:
    with pytest.raises(UnexpectedReply, match=told):
        wire.time(stamp)


def test_the_largest_number_that_is_believed_fits_a_tape() -> None:
    assert wire.shares("1e12") == 10**18 < 2**63


huge = st.sampled_from(["1e999999", "-1e999999", "1e30", "1e-999999", 10**40, 1e308])
values: st.SearchStrategy[Any] = st.recursive(
    (st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8))
    | huge,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["price", "size", "side", "asset_id"]), inner)
    ),
    max_leaves=6,
)


@given(
    shape=st.sampled_from([BOOK, NEW_SHAPE, OLD_SHAPE, OLDEST_SHAPE]),
    field=st.sampled_from([*BOOK, *NEW_SHAPE, *OLD_SHAPE, *OLDEST_SHAPE]),
    value=values,
)
def test_a_message_with_any_field_gone_wild_is_read_or_refused(
    shape: dict[str, Any], field: str, value: object
) -> None:
    payload = {**shape, field: value}

    for read in (wire.book, wire.levels, wire.trade, wire.tick, wire.resolved):
        try:
            read(payload)
        except UnexpectedReply as error:
            assert error.message  # noqa: PT017 - either is right; a crash is not
