"""Frames: both ways of reading agree, and nothing a venue can send is too much."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.money import Side, from_micros
from polyrules.errors import UnexpectedReply
from polyrules.venues.polymarket import wire
from polyrules.venues.polymarket.channel.books import Distrust, LocalBook
from polyrules.venues.polymarket.channel.reading.frames import (
    BestFrame,
    BookFrame,
    Entry,
    LevelsFrame,
    Message,
    Notice,
    Refused,
    TickFrame,
    TradeFrame,
    decode,
    tolerant,
)
from polyrules.venues.polymarket.channel.reading.micros import (
    BESTS,
    PRICES,
    SIZES,
    plain,
    stamp,
)

DATA = Path(__file__).parents[3] / "shared" / "data"
PREDXT = DATA / "predxt"
recorded = pytest.mark.skipif(not DATA.is_dir(), reason="no recorded data beside us")

CHANGE: dict[str, Any] = {
    "event_type": "price_change",
    "market": "0xc",
    "timestamp": "1772279170123",
    "price_changes": [
        {
            "asset_id": "1",
            "price": "0.48",
            "size": "30.5",
            "side": "BUY",
            "hash": "ab",
            "best_bid": "0.48",
            "best_ask": "0.52",
        }
    ],
}
BOOK: dict[str, Any] = {
    "event_type": "book",
    "market": "0xc",
    "asset_id": "1",
    "timestamp": "1772279170123",
    "bids": [{"price": ".48", "size": "30"}],
    "asks": [{"price": "0.52", "size": "25"}],
    "hash": "ab",
    "tick_size": "0.01",
    "min_order_size": "5",
    "last_trade_price": "0.5",
}
TRADE: dict[str, Any] = {
    "event_type": "last_trade_price",
    "market": "0xc",
    "asset_id": "1",
    "price": "0.5",
    "size": "2",
    "side": "SELL",
    "fee_rate_bps": "0",
    "timestamp": "1772279170123",
    "transaction_hash": "0x3d",
}
TICK: dict[str, Any] = {
    "event_type": "tick_size_change",
    "market": "0xc",
    "asset_id": "1",
    "old_tick_size": "0.01",
    "new_tick_size": "0.001",
    "timestamp": "1772279170123",
}
BEST: dict[str, Any] = {
    "event_type": "best_bid_ask",
    "market": "0xc",
    "asset_id": "1",
    "best_bid": "0.73",
    "best_ask": "0.77",
    "spread": "0.04",
    "timestamp": "1772279170123",
}
RESOLVED: dict[str, Any] = {
    "event_type": "market_resolved",
    "market": "0xc",
    "winning_asset_id": "1",
    "timestamp": "1772279170123",
}
ALL = [CHANGE, BOOK, TRADE, TICK, BEST, RESOLVED]


def read(value: object) -> list[Message]:
    return decode(json.dumps(value).encode())


def test_each_kind_is_read_with_what_it_says() -> None:
    assert read(ALL) == [
        LevelsFrame(
            market="0xc",
            price_changes=[
                Entry(
                    asset_id="1",
                    price="0.48",
                    size="30.5",
                    side=Side.BUY,
                    best_bid="0.48",
                    best_ask="0.52",
                )
            ],
            timestamp="1772279170123",
        ),
        *read(BOOK),
        *read(TRADE),
        TickFrame(market="0xc", new_tick_size="0.001", timestamp="1772279170123"),
        BestFrame(
            market="0xc",
            asset_id="1",
            timestamp="1772279170123",
            best_bid="0.73",
            best_ask="0.77",
        ),
        Notice(kind="market_resolved", payload=RESOLVED),
    ]


@pytest.mark.parametrize("value", ALL)
def test_the_fast_and_the_tolerant_way_read_the_same(value: dict[str, Any]) -> None:
    raw = json.dumps(value).encode()

    assert decode(raw) == tolerant(raw)


def test_the_shapes_of_before_september_2025_are_read() -> None:
    nested = {**CHANGE, "asset_id": "1", "changes": CHANGE["price_changes"]}
    del nested["price_changes"]
    flat: dict[str, Any] = {**CHANGE, "asset_id": "1", "price": 0.48, "size": "30.5"}
    flat |= {"side": "buy", "timestamp": 1772279170123}
    del flat["price_changes"]

    assert read(nested) == read(CHANGE)
    assert read(flat) == [
        LevelsFrame(
            market="0xc",
            price_changes=[
                Entry(asset_id="1", price="0.48", size="30.5", side=Side.BUY)
            ],
            timestamp="1772279170123",
        )
    ]


def test_one_bad_message_in_a_frame_takes_no_other_with_it() -> None:
    bad = {**CHANGE, "price_changes": [{"price": "0.5"}]}

    first, second, third = read([BOOK, bad, TRADE])

    assert isinstance(first, BookFrame)
    assert second == Refused(
        reason="object missing required field `size` in $.price_changes[0]",
        kind="price_change",
        market="0xc",
    )
    assert isinstance(third, TradeFrame)


@pytest.mark.parametrize("frame", [b"PONG", b"[]"])
def test_a_pong_and_an_empty_list_say_nothing(frame: bytes) -> None:
    assert decode(frame) == []


@pytest.mark.parametrize(
    "frame",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"event_type":"book"', b"pong"],
)
def test_what_is_no_json_is_refused(frame: bytes) -> None:
    assert decode(frame) == [Refused(reason="not json")]


PLAIN = st.from_regex(r"\A[0-9]{0,12}(\.[0-9]{0,8})?\Z")
NUMBERS = st.one_of(
    PLAIN,
    st.text(max_size=12),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        ["", ".", "1.", ".5", "1_000", " 0.5", "0.5\n", "+1", "-0", "\u0660.\u0664"]
    ),
)


def outcome(function: Any, value: str) -> object:  # noqa: ANN401 - two ways to read
    try:
        return function(value)
    except UnexpectedReply as error:
        return error.message


@given(NUMBERS)
@example("0.4800000")
@example("0.0000005")
@example("999999999999.999999")
@example("1772279170123")
def test_text_is_read_without_decimal_to_what_decimal_reads(value: str) -> None:
    fast = plain(value)
    if fast is not None:
        assert fast == wire.shares(value)
    assert outcome(PRICES.__missing__, value) == outcome(wire.price, value)
    assert outcome(SIZES.__missing__, value) == outcome(wire.shares, value)
    assert outcome(stamp, value) == outcome(wire.time, value)


@given(st.integers(0, 10**17))
def test_every_amount_up_to_all_there_is_is_read_exactly(micros: int) -> None:
    assert SIZES[f"{from_micros(micros):f}"] == micros


@pytest.mark.parametrize(
    ("value", "micros"), [("0", 0), ("1", 1_000_000), (".5", 500_000)]
)
def test_an_empty_side_has_a_best_price_of_0_or_1(value: str, micros: int) -> None:
    assert BESTS[value] == micros


def test_a_best_price_above_1_is_none() -> None:
    with pytest.raises(UnexpectedReply, match="a best price above 1"):
        BESTS["1.01"]


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["NaN", "Infinity", "1e400", "-1", "0", "", "0.5", 10**40]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def spoiled(draw: st.DrawFn) -> object:
    """Return a message with one thing in it removed or made something else."""
    value = json.loads(json.dumps(draw(st.sampled_from(ALL))))
    place = value
    while True:
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else [0]))
        inner = place[key]
        if isinstance(inner, dict | list) and inner and draw(st.booleans()):
            place = inner
            continue
        if isinstance(place, dict) and draw(st.booleans()):
            del place[key]
        else:
            place[key] = draw(VALUES)
        return value


@given(st.one_of(spoiled(), st.lists(spoiled(), max_size=3), VALUES))
def test_whatever_is_sent_is_read_or_refused_with_a_reason(value: object) -> None:
    book = LocalBook(MarketId("0xc"), TokenId("1"), TokenId("2"))

    for message in read(value):
        assert not isinstance(message, Refused) or message.reason
        try:
            if isinstance(message, LevelsFrame):
                book.levels(message)
            elif isinstance(message, BookFrame):
                book.whole(message)
            elif isinstance(message, BestFrame):
                book.agrees(message)
        except (UnexpectedReply, Distrust):
            book = LocalBook(MarketId("0xc"), TokenId("1"), TokenId("2"))
    assert all(0 < price < 1_000_000 for price, _ in [*book.bids(), *book.asks()])


@given(st.binary(max_size=60))
def test_no_bytes_are_too_much(frame: bytes) -> None:
    for message in decode(frame):
        assert not isinstance(message, Refused) or message.reason


@recorded
def test_a_recorded_half_minute_of_a_real_market_agrees_with_itself() -> None:
    messages = [
        message
        for name in ("polymarket_order_books.json", "polymarket_trade_updates.json")
        for message in json.loads((PREDXT / name).read_bytes())
    ]
    messages.sort(key=lambda one: int(one["timestamp"]))
    tokens = {one["asset_id"] for one in messages if "bids" in one}
    book = LocalBook(MarketId(messages[0]["market"]), *map(TokenId, sorted(tokens)))

    applied = {BookFrame: 0, LevelsFrame: 0}
    for value in messages:
        (message,) = read(value)
        if isinstance(message, BookFrame):
            book.whole(message)
        else:
            assert isinstance(message, LevelsFrame)
            book.levels(message)
        applied[type(message)] += 1

    assert applied == {BookFrame: 16, LevelsFrame: 97}


@recorded
def test_every_recorded_frame_is_read_or_refused_with_a_reason() -> None:
    kinds: dict[str, int] = {}
    for file in sorted(DATA.rglob("*.json")):
        raw = file.read_bytes()
        if b'"event_type"' not in raw:
            continue
        for message in decode(raw):
            if isinstance(message, Refused):
                assert message.reason, file
            kinds[type(message).__name__] = kinds.get(type(message).__name__, 0) + 1

    assert kinds.pop("Refused") >= 1
    assert min(kinds.values()) >= 1
    assert {"BookFrame", "LevelsFrame", "TradeFrame", "TickFrame", "BestFrame"} <= set(
        kinds
    )


def test_a_price_is_a_decimal_of_micros() -> None:
    assert from_micros(PRICES["0.514"]) == Decimal("0.514")
