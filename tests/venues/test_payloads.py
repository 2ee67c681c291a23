"""Raw payloads in files: told apart by their keys, and put at the time they tell."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import (
    BookChanged,
    Event,
    LevelsChanged,
    MarketChanged,
    MarketListed,
    MarketResolved,
    TickChanged,
    TradePrinted,
)
from polyrules.domain.market import Listing, Market
from polyrules.errors import InputError
from polyrules.venues.tape import json_files
from polyrules.venues.tape.payloads import import_payloads, kind_of
from polyrules.venues.tape.reader import Tape
from polyrules.venues.tape.writer import TapeWriter

T0 = 1_773_307_230_000  # 2026-03-12 09:20:30, milliseconds
AT = T0 * 1000
SECOND = 1_000_000


def book(seconds: int = 0, token: str = "104", **more: object) -> dict[str, Any]:
    return {
        "market": "0xc",
        "asset_id": token,
        "timestamp": str(T0 + seconds * 1000),
        "bids": [{"price": "0.48", "size": "30"}],
        "asks": [{"price": "0.52", "size": "25"}],
        **more,
    }


def change(seconds: int, **more: object) -> dict[str, Any]:
    changed = {"asset_id": "104", "price": "0.47", "size": "9", "side": "BUY", **more}
    return {
        "event_type": "price_change",
        "market": "0xc",
        "timestamp": str(T0 + seconds * 1000),
        "price_changes": [changed],
    }


GAMMA: dict[str, Any] = {
    "conditionId": "0xc",
    "question": "Up or Down?",
    "slug": "updown",
    "outcomes": '["Down", "Up"]',
    "outcomePrices": '["0.5", "0.5"]',
    "clobTokenIds": '["711", "104"]',
    "endDate": "2026-03-12T09:25:00Z",
    "orderPriceMinTickSize": 0.01,
    "volume24hr": 20,
    "closed": False,
    "updatedAt": "2026-03-12T09:21:00Z",
}


def taken(folder: Path, **files: object) -> Tape:
    """Return the tape of files named by the arguments, each one JSON value."""
    folder.mkdir(exist_ok=True)
    paths = []
    for name, value in files.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(value), "utf-8")
        paths.append(path)
    return taken_from(folder, *paths)


def taken_from(folder: Path, *paths: Path) -> Tape:
    with TapeWriter(folder / "tape", ranked=True) as writer:
        import_payloads(list(paths), writer, lambda *_: None)
    return Tape.open(folder / "tape")


def kinds(tape: Tape) -> list[type[Event]]:
    return [type(event) for event in tape.events()]


def test_a_listing_stands_at_the_first_moment_of_the_other_payloads(
    tmp_path: Path,
) -> None:
    tape = taken(tmp_path, frames=[book(5), book(0)], gamma={"markets": [GAMMA]})

    listed = next(tape.events())
    assert isinstance(listed, MarketListed)
    assert listed.at == AT
    assert (listed.market.yes, listed.market.no) == ("104", "711")


def test_what_a_listing_says_of_the_moment_waits_until_it_was_said(
    tmp_path: Path,
) -> None:
    tape = taken(tmp_path, frames=[book(0), book(60)], gamma=GAMMA)

    listed, first, changed, second = tape.events()

    assert isinstance(listed, MarketListed)
    assert listed.listing.volume_24h is None
    assert isinstance(changed, MarketChanged)
    assert changed.at == AT + 30 * SECOND
    assert changed.listing.volume_24h == 20.0
    assert isinstance(first, BookChanged)
    assert isinstance(second, BookChanged)


def test_the_answer_of_a_closed_market_is_not_known_before_it_closed(
    tmp_path: Path,
) -> None:
    closed = {
        **GAMMA,
        "closed": True,
        "outcomePrices": '["1", "0"]',
        "closedTime": "2026-03-12 09:26:10+00",
        "volume24hr": 999,
    }

    tape = taken(tmp_path, frames=[book(0)], gamma=closed)

    listed, _, changed, answer = tape.events()
    assert isinstance(listed, MarketListed)
    assert listed.listing.volume_24h is None
    assert listed.listing.accepting_orders is None
    assert isinstance(changed, MarketChanged)
    assert changed.listing.accepting_orders is False
    assert isinstance(answer, MarketResolved)
    assert answer.at == answer.venue_at == AT + 340 * SECOND
    assert answer.payout_yes == 0


def test_a_listing_alone_stands_when_it_was_said(tmp_path: Path) -> None:
    (listed,) = taken(tmp_path, gamma=GAMMA).events()

    assert listed.at == AT + 30 * SECOND


def test_facts_of_several_listings_are_put_together(tmp_path: Path) -> None:
    clob = {
        "c": "0xc",
        "t": [{"t": "104", "o": "Up"}, {"t": "711", "o": "Down"}],
        "mts": 0.001,
        "mos": 15,
        "fd": {"r": 0.07, "e": 1},
    }
    event = {"slug": "rounds", "markets": [GAMMA], "tags": [{"slug": "crypto"}]}

    tape = taken(tmp_path, books=[book()], clob=[clob], gamma={"events": [event]})

    listed = next(tape.events())
    assert isinstance(listed, MarketListed)
    market = listed.market
    assert market.tick == Decimal("0.001")
    assert (market.size_min, market.fee_rate) == (Decimal(15), Decimal("0.07"))
    assert (market.group, market.category) == ("rounds", "crypto")
    assert market.question == "Up or Down?"
    assert tape.manifest.stated["fee_rate"] == 1


def test_a_market_that_only_books_speak_of_is_listed_with_what_they_say(
    tmp_path: Path,
) -> None:
    frames = [book(0, "9", tick_size="0.001"), book(0, "4"), book(1, "9")]

    tape = taken(tmp_path, frames=frames)

    listed = next(tape.events())
    assert isinstance(listed, MarketListed)
    assert (listed.market.yes, listed.market.no) == ("9", "4")
    assert listed.market.tick == Decimal("0.001")
    assert any("no listing describes" in each for each in tape.manifest.assumptions)


def sentences(tape: Tape, word: str) -> list[str]:
    return [each for each in tape.manifest.assumptions if word in each]


def the_market(tape: Tape) -> Market:
    listed = next(tape.events())
    assert isinstance(listed, MarketListed)
    return listed.market


CLOB: dict[str, Any] = {"c": "0xc", "t": [{"t": "711"}, {"t": "104"}], "ao": True}
TEAMS = {**GAMMA, "outcomes": '["Lakers", "Celtics"]'}


@pytest.mark.parametrize("names", [("frames", "gamma"), ("gamma", "frames")])
def test_outcomes_with_names_are_told_and_counted_whatever_is_read_first(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    files: dict[str, Any] = {"frames": [book(0)], "gamma": TEAMS}

    tape = taken(tmp_path, **{name: files[name] for name in names})

    assert the_market(tape).yes == "711"
    (sentence,) = sentences(tape, "first outcome")
    assert sentence.endswith("(1)")


@pytest.mark.parametrize("names", [("clob", "gamma"), ("gamma", "clob")])
def test_a_label_says_which_token_is_yes_whatever_is_read_first(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    files: dict[str, Any] = {"clob": [CLOB], "gamma": GAMMA}

    tape = taken(tmp_path, frames=[book(0)], **{name: files[name] for name in names})

    assert (the_market(tape).yes, the_market(tape).no) == ("104", "711")
    assert sentences(tape, "first outcome") == []


@pytest.mark.parametrize("names", [("bare", "clob"), ("clob", "bare")])
def test_an_answer_goes_with_its_token_and_not_with_its_place(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    bare = {
        **GAMMA,
        "outcomes": None,
        "closed": True,
        "outcomePrices": '["1", "0"]',
        "closedTime": "2026-03-12 09:26:10+00",
    }
    labelled = {**CLOB, "t": [{"t": "711", "o": "Down"}, {"t": "104", "o": "Up"}]}
    files: dict[str, Any] = {"bare": bare, "clob": [labelled]}

    tape = taken(tmp_path, frames=[book(0)], **{name: files[name] for name in names})

    answer = list(tape.events())[-1]
    assert isinstance(answer, MarketResolved)
    assert the_market(tape).yes == "104"
    assert answer.payout_yes == 0


@pytest.mark.parametrize("names", [("bare", "clob"), ("clob", "bare")])
def test_listed_prices_go_with_their_token_and_not_with_their_place(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    bare = {**GAMMA, "outcomes": None, "bestBid": 0.3, "bestAsk": 0.34}
    labelled = {**CLOB, "t": [{"t": "711", "o": "Down"}, {"t": "104", "o": "Up"}]}
    files: dict[str, Any] = {"bare": bare, "clob": [labelled]}

    tape = taken(tmp_path, frames=[book(60)], **{n: files[n] for n in names})

    listed = next(tape.events())
    assert isinstance(listed, MarketListed)
    assert (listed.listing.listed_bid, listed.listing.listed_ask) == (0.66, 0.7)


def test_a_closed_market_without_a_closing_time_may_have_taken_orders_until_the_end(
    tmp_path: Path,
) -> None:
    rest = {
        "condition_id": "0xc",
        "closed": True,
        "accepting_orders": False,
        "accepting_order_timestamp": "2026-03-12T09:00:00Z",
        "tokens": [
            {"token_id": "104", "outcome": "Up", "winner": True},
            {"token_id": "711", "outcome": "Down", "winner": False},
        ],
    }

    tape = taken(tmp_path, frames=[book(0), book(60)], rest=[rest])

    listed = next(tape.events())
    assert isinstance(listed, MarketListed)
    assert listed.listing.accepting_orders is None
    assert kinds(tape) == [MarketListed, BookChanged, BookChanged]
    assert (
        tape.manifest.notes[
            "closed markets without the time they closed: the end of orders is unsaid"
        ]
        == 1
    )


def test_a_closed_market_of_gamma_without_any_time_says_nothing_of_the_moment(
    tmp_path: Path,
) -> None:
    closed = {**GAMMA, "closed": True, "updatedAt": None, "startDate": "2026-03-12"}

    listed = next(taken(tmp_path, frames=[book(0)], gamma=closed).events())

    assert isinstance(listed, MarketListed)
    assert listed.listing == Listing()


OTHER = book(0) | {"market": "0xother", "asset_id": "5"}


def test_a_market_is_not_listed_before_it_was_created(tmp_path: Path) -> None:
    born = {**GAMMA, "createdAt": "2026-03-12T09:20:50Z"}

    tape = taken(tmp_path, frames=[OTHER, book(40)], gamma=born)

    listed = {e.market.id: e.at for e in tape.events() if isinstance(e, MarketListed)}
    assert listed == {"0xother": AT, "0xc": AT + 20 * SECOND}


def test_a_market_with_a_book_is_listed_by_then_whenever_it_says_it_was_created(
    tmp_path: Path,
) -> None:
    born = {**GAMMA, "createdAt": "2026-03-12T09:20:50Z"}

    tape = taken(tmp_path, frames=[OTHER, book(10)], gamma=born)

    listed = {e.market.id: e.at for e in tape.events() if isinstance(e, MarketListed)}
    assert listed == {"0xother": AT, "0xc": AT + 10 * SECOND}


def test_all_frames_of_the_market_channel_have_their_event(tmp_path: Path) -> None:
    trade = {
        "market": "0xc",
        "asset_id": "104",
        "price": "0.5",
        "size": "3",
        "side": "BUY",
        "timestamp": str(T0 + 2000),
        "fee_rate_bps": "0",
    }
    tick = {
        "event_type": "tick_size_change",
        "market": "0xc",
        "asset_id": "104",
        "old_tick_size": "0.01",
        "new_tick_size": "0.001",
        "timestamp": str(T0 + 3000),
    }
    answer = {
        "event_type": "market_resolved",
        "market": "0xc",
        "assets_ids": ["711", "104"],
        "winning_asset_id": "104",
        "winning_outcome": "Up",
        "timestamp": str(T0 + 4000),
    }
    fresh = {
        "event_type": "new_market",
        "market": "0xc",
        "assets_ids": ["711", "104"],
        "outcomes": ["Down", "Up"],
        "question": "Up or Down?",
        "timestamp": str(T0 - 1000),
    }

    tape = taken(tmp_path, frames=[fresh, book(0), change(1), trade, tick, answer])

    assert kinds(tape) == [
        MarketListed,
        BookChanged,
        LevelsChanged,
        TradePrinted,
        TickChanged,
        MarketResolved,
    ]
    listed, *_, resolved = tape.events()
    assert listed.at == AT - SECOND
    assert isinstance(resolved, MarketResolved)
    assert resolved.payout_yes == 1


def test_an_answer_that_names_neither_token_is_left_out(tmp_path: Path) -> None:
    answer = {"market": "0xc", "winning_asset_id": "5", "timestamp": str(T0)}

    tape = taken(tmp_path, gamma=GAMMA, frames=[book(), answer])

    assert tape.manifest.problems == (
        "frames.json[1]: an answer that names neither token",
    )


def test_torn_lines_cost_themselves_only(tmp_path: Path) -> None:
    lines = [json.dumps(book(0)), '{"market": "0xc", "bi', "", json.dumps(book(1))]
    file = tmp_path / "frames.jsonl"
    file.write_text("\n".join(lines), "utf-8")

    tape = taken_from(tmp_path, file)

    assert tape.manifest.counts["BookChanged"] == 2
    assert tape.manifest.problems == ("frames.jsonl:2: not JSON, or torn",)


def test_lines_may_hold_arrays_and_json_may_hold_lines(tmp_path: Path) -> None:
    file = tmp_path / "frames.json"
    file.write_text(f"{json.dumps([book(0), book(1)])}\n{json.dumps(book(2))}", "utf-8")

    assert taken_from(tmp_path, file).manifest.counts["BookChanged"] == 3


def test_gzipped_files_are_read_and_a_torn_one_as_far_as_it_goes(
    tmp_path: Path,
) -> None:
    lines = "\n".join(json.dumps(book(n)) for n in range(2000)).encode()
    whole, torn = tmp_path / "whole.jsonl.gz", tmp_path / "torn.jsonl.gz"
    whole.write_bytes(gzip.compress(lines, mtime=0))
    torn.write_bytes(gzip.compress(lines, mtime=0)[:-3000])

    tape = taken_from(tmp_path, whole)
    (tmp_path / "second").mkdir()
    half = taken_from(tmp_path / "second", torn)

    assert tape.manifest.counts["BookChanged"] == 2000
    assert 0 < half.manifest.counts["BookChanged"] < 2000
    assert "torn.jsonl.gz: gzipped data that ends early or is damaged" in (
        half.manifest.problems
    )


@pytest.mark.parametrize("packed", [False, True])
def test_json_in_one_piece_is_read_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, packed: bool
) -> None:
    monkeypatch.setattr(json_files, "WHOLE", 1_000)
    text = json.dumps([book(n) for n in range(100)]).encode()
    file = tmp_path / ("frames.json.gz" if packed else "frames.json")
    file.write_bytes(gzip.compress(text, mtime=0) if packed else text)

    with pytest.raises(InputError, match="more than 1,000 bytes in one piece") as told:
        taken_from(tmp_path, file)

    assert str(file) in told.value.message
    assert ".jsonl" in told.value.hint


@pytest.mark.parametrize("packed", [False, True])
def test_lines_go_on_beyond_that_limit_but_no_single_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, packed: bool
) -> None:
    monkeypatch.setattr(json_files, "WHOLE", 1_000)
    lines = [json.dumps(book(n)).encode() for n in range(100)]
    name = "frames.jsonl.gz" if packed else "frames.jsonl"
    pack = gzip.compress if packed else bytes
    (tmp_path / name).write_bytes(pack(b"\n".join(lines)))

    tape = taken_from(tmp_path, tmp_path / name)

    assert tape.manifest.counts["BookChanged"] == 100
    (tmp_path / name).write_bytes(pack(lines[0] + b" " * 1_000 + lines[1]))
    with pytest.raises(InputError, match="more than 1,000 bytes in one piece"):
        taken_from(tmp_path / "again", tmp_path / name)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ({"owner": "k", "market": "0xc", "asset_id": "1", "side": "BUY"}, "an account"),
        ({"event_type": "trade", "market": "0xc"}, "an account"),
        ({"event_type": "noise"}, "no kind we know"),
        ({"event_type": "best_bid_ask", "market": "0xc"}, "best_bid_ask"),
        ({"proxyWallet": "0x", "conditionId": "0xc"}, "wallets"),
        ({"event": {}, "markets": []}, "another venue"),
        ({"error": "rate limited"}, "no kind we know"),
        ({"data": 7, "next_cursor": ""}, "no kind we know"),
        ({"markets": [7]}, "no kind we know"),
        (book(timestamp=None), "no timestamp"),
        (7, "a JSON value that is no object"),
    ],
)
def test_foreign_payloads_are_refused_with_a_reason(
    tmp_path: Path, payload: object, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        taken(tmp_path, frames=[payload])

    assert not (tmp_path / "tape").exists()


def test_a_listing_without_any_time_is_refused(tmp_path: Path) -> None:
    timeless = {key: value for key, value in GAMMA.items() if key != "updatedAt"}

    with pytest.raises(InputError, match="a listing that says no time"):
        taken(tmp_path, gamma=timeless)


def test_a_file_that_is_no_json_is_sent_to_the_mapping(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not JSON by its name") as caught:
        taken_from(tmp_path, tmp_path / "table.csv")

    assert "--mapping" in caught.value.hint


@pytest.mark.parametrize(
    "wrong",
    [
        book(1, timestamp="1e999999"),
        book(1, bids=[{"price": "0.48", "size": "1e999999"}]),
        book(1, bids=[{"price": "0.48", "size": "1e30"}]),
        change(1, size="1e30"),
        change(1, price="1e999999"),
        {**GAMMA, "volume24hr": "1e999999"},
        {**GAMMA, "orderMinSize": "1e30"},
    ],
)
def test_a_number_beyond_all_reason_costs_its_own_payload_only(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    tape = taken(tmp_path, frames=[book(0), wrong, book(2)])

    assert kinds(tape) == [MarketListed, BookChanged, BookChanged]
    assert sum(tape.manifest.left_out.values()) == 1


keys = st.sampled_from(
    [
        *("market", "asset_id", "bids", "asks", "price_changes", "changes", "side"),
        *("timestamp", "price", "size", "event_type", "conditionId", "clobTokenIds"),
        *("outcomes", "markets", "events", "data", "next_cursor", "c", "t", "tokens"),
        *("condition_id", "winning_asset_id", "assets_ids", "new_tick_size"),
    ]
)
words = st.sampled_from(
    ["0xc", "104", "0.5", "BUY", "book", "NaN", "", str(T0), "[1]", "1e999999", "1e30"]
)
wild: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=9)
    ),
    max_leaves=12,
)


@given(payload=st.dictionaries(keys, wild, max_size=10))
def test_any_payload_at_all_is_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, payload: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("wild")

    tape = taken(folder, sane=[book(0)], wild=payload)

    assert tape.manifest.counts["BookChanged"] >= 1
    assert kind_of(payload)
