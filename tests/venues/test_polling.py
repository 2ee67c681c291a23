import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import BookChanged, TickChanged
from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.moments import HOUR, MINUTE, SECOND
from polyrules.errors import UnexpectedReply, VenueError
from polyrules.venues.polymarket.markets.polling import PollingSettings
from polyrules.venues.polymarket.registry import Entry
from tests.venues.market_fakes import NOON, Side, book, refused, timed_out


def tokens(*names: str) -> list[TokenId]:
    return [TokenId(name) for name in names]


async def test_books_come_with_the_time_received_and_the_time_of_the_venue() -> None:
    side = Side()
    side.put("m", NOON + HOUR)
    side.clob.books["m-yes"] = book("m-yes")
    side.told()
    await side.clock.advance(SECOND)

    found = await side.snapshots.books(tokens("m-yes"))

    assert found == {
        TokenId("m-yes"): BookChanged(
            at=NOON + SECOND,
            venue_at=NOON,
            market=MarketId("m"),
            token=TokenId("m-yes"),
            bids=((480_000, 100_000_000),),
            asks=((520_000, 50_000_000),),
        )
    }
    assert side.entry("m").has_book is True


async def test_more_than_five_hundred_books_take_more_than_one_request() -> None:
    side = Side()

    await side.snapshots.books([TokenId(str(number)) for number in range(1001)])

    assert [len(batch) for batch in side.clob.batches] == [500, 500, 1]


async def test_a_market_without_a_book_is_noted() -> None:
    side = Side()
    side.put("m", NOON + HOUR)

    assert await side.snapshots.books(tokens("m-yes")) == {}
    assert side.entry("m").has_book is False
    assert side.health.counts["books", "missing"] == 1


async def test_one_token_the_venue_refuses_does_not_cost_the_others_their_books() -> (
    None
):
    side = Side()
    names = [f"t{number}" for number in range(300)]
    side.clob.books = {name: book(name) for name in names}
    side.clob.spoils = {"t123", "t256"}

    found = await side.snapshots.books(tokens(*names))

    assert {*names} - {*found} == {"t123", "t256"}
    assert len(side.clob.batches) <= 40


@pytest.mark.parametrize("status", [401, 403, 429])
async def test_a_refusal_of_the_asker_is_not_looked_for_in_the_tokens(
    status: int,
) -> None:
    side = Side()
    side.clob.fails = [refused(status)]

    with pytest.raises(VenueError):
        await side.snapshots.books(tokens("a", "b"))
    assert len(side.clob.batches) == 1


async def test_a_venue_that_refuses_everything_is_not_asked_a_thousand_times() -> None:
    side = Side()
    names = [f"t{number}" for number in range(500)]
    side.clob.spoils = {*names}

    with pytest.raises(VenueError):
        await side.snapshots.books(tokens(*names))
    assert len(side.clob.batches) <= 41


async def test_another_tick_in_a_book_is_told_once() -> None:
    side = Side()
    side.put("m", NOON + HOUR)
    side.clob.books["m-yes"] = book("m-yes", tick_size="0.001")
    side.told()

    await side.snapshots.books(tokens("m-yes"))
    await side.snapshots.books(tokens("m-yes"))

    (told,) = side.told()
    assert isinstance(told, TickChanged)
    assert str(told.tick) == "0.001"
    assert str(side.entry("m").market.tick) == "0.001"


async def test_a_crossed_book_is_counted_and_still_told() -> None:
    side = Side()
    side.clob.books["t"] = book("t", bids=[{"price": "0.60", "size": "1"}])

    found = await side.snapshots.books(tokens("t"))

    assert TokenId("t") in found
    assert side.health.counts["books", "crossed"] == 1


async def test_a_garbled_book_costs_only_itself() -> None:
    side = Side()
    side.clob.books = {
        "a": book("a", bids=[{"price": "NaN", "size": "1"}]),
        "b": ["no book"],
        "c": book("another"),
        "d": book("d", tick_size="huge"),
    }

    found = await side.snapshots.books(tokens("a", "b", "c", "d"))

    assert [*found] == ["d"]
    assert side.health.counts["books", "a price or size that is no number"] == 1
    assert side.health.counts["books", "not a book"] == 1
    assert side.health.counts["books", "a book nobody asked for"] == 1


async def test_an_answer_that_is_no_list_is_no_answer() -> None:
    side = Side()
    side.clob.page = b"<html>"

    with pytest.raises(UnexpectedReply):
        await side.snapshots.books(tokens("a"))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["price", "size"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(change=st.dictionaries(st.sampled_from([*book("t")]), values, max_size=3))
async def test_no_garbled_book_breaks_a_batch(change: dict[str, Any]) -> None:
    side = Side()
    side.clob.books = {"t": {**book("t"), **change}, "u": book("u")}

    found = await side.snapshots.books(tokens("t", "u"))

    assert TokenId("u") in found


def polled(side: Side) -> list[str]:
    return [event.market for event in side.told() if isinstance(event, BookChanged)]


async def run_for(side: Side, micros: int) -> None:
    """Let polling and lifecycle run for so long."""
    parts = (side.polling.run(), side.lifecycle.run())
    tasks = [asyncio.ensure_future(part) for part in parts]
    await side.clock.advance(micros)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_markets_are_polled_as_often_as_their_tier_says() -> None:
    side = Side()
    for name, hours in (("t1", 20), ("t2", 8), ("t3", 3.5), ("t4", 0.9)):
        side.put(name, NOON + int(hours * HOUR))
        side.clob.books[f"{name}-yes"] = book(f"{name}-yes")
    await run_for(side, MINUTE + 15 * SECOND)
    side.told()

    await run_for(side, 10 * MINUTE)

    told = polled(side)
    counts = [told.count(name) for name in ("t1", "t2", "t3", "t4")]
    assert 1 <= counts[0] <= 3
    assert [counts[1] in (9, 10, 11), counts[2], counts[3]] == [True, 20, 40]


async def test_a_market_that_moves_to_a_nearer_tier_is_polled_more_often() -> None:
    side = Side()
    side.put("m", NOON + HOUR + 10 * MINUTE)
    side.clob.books["m-yes"] = book("m-yes")
    await run_for(side, 10 * MINUTE)
    assert len(polled(side)) in (20, 21)

    await run_for(side, 10 * MINUTE)

    assert len(polled(side)) in (39, 40, 41)


async def test_what_a_socket_serves_is_not_polled() -> None:
    served = {"a"}
    side = Side(served=lambda market: market in served)
    for name in ("a", "b"):
        side.put(name, NOON + HOUR // 2)
        side.clob.books[f"{name}-yes"] = book(f"{name}-yes")

    await run_for(side, MINUTE)
    assert {*polled(side)} == {"b"}
    served.clear()
    await run_for(side, MINUTE)
    assert {*polled(side)} == {"a", "b"}


async def test_only_what_is_wanted_is_polled_then_even_beyond_the_look_ahead() -> None:
    side = Side()
    for name, hours in (("far", 400), ("near", 1), ("other", 1)):
        side.put(name, NOON + hours * HOUR)
        side.clob.books[f"{name}-yes"] = book(f"{name}-yes")
    await run_for(side, MINUTE)
    assert {*polled(side)} == {"near", "other"}

    side.polling.want([MarketId("far"), MarketId("near"), MarketId("unknown")])

    await run_for(side, 2 * MINUTE)
    assert {*polled(side)} == {"far", "near"}
    side.polling.want(None)
    await run_for(side, 2 * MINUTE)
    assert {*polled(side)} == {"near", "other"}


async def test_what_is_wanted_before_it_is_listed_is_polled_once_it_is() -> None:
    side = Side()
    side.polling.want([MarketId("m")])
    side.clob.books["m-yes"] = book("m-yes")
    side.put("m", NOON + HOUR)
    side.put("n", NOON + HOUR)

    await run_for(side, 2 * MINUTE)

    assert {*polled(side)} == {"m"}
    assert side.health.gauges["polled"] == 1


async def test_the_answered_and_the_closed_are_polled_no_more() -> None:
    side = Side()
    for name in ("a", "b"):
        side.put(name, NOON + HOUR // 2)
        side.clob.books[f"{name}-yes"] = book(f"{name}-yes")
    side.entry("a").resolved = True
    side.lifecycle.deactivate(side.entry("a"), "resolved")
    side.entry("b").closed = True

    await run_for(side, MINUTE)

    assert side.clob.batches == []


async def test_a_book_that_is_not_there_yet_is_asked_for_again_ever_more_rarely() -> (
    None
):
    side = Side()
    side.put("m", NOON + 72 * HOUR)

    await run_for(side, 31 * MINUTE)

    assert len(side.clob.batches) == 5  # at most 1, then after 1, 2, 4, 8 min
    side.clob.books["m-yes"] = book("m-yes")
    await run_for(side, HOUR)
    assert polled(side)[0] == "m"


async def test_after_a_failure_the_same_markets_are_asked_for_again_soon() -> None:
    side = Side()
    side.put("m", NOON + 72 * HOUR)
    side.clob.books["m-yes"] = book("m-yes")
    side.clob.fails = [timed_out(), timed_out()]

    await run_for(side, MINUTE + 11 * SECOND)

    assert polled(side) == ["m"]
    assert side.health.counts["polling", "failed"] == 2


async def test_no_more_requests_are_under_way_than_allowed() -> None:
    side = Side(polling=PollingSettings(batch=10, in_flight=3))
    for number in range(200):
        side.put(f"m{number}", NOON + HOUR // 2)
    under_way, most = 0, 0

    async def slow(tokens: Sequence[TokenId]) -> dict[TokenId, BookChanged]:
        nonlocal under_way, most
        assert len(tokens) <= 10
        under_way += 1
        most = max(most, under_way)
        await side.clock.sleep(SECOND)
        under_way -= 1
        return {}

    side.snapshots.books = slow  # type: ignore[method-assign]  # only the pace counts

    await run_for(side, MINUTE)

    assert most == 3
    assert side.health.delays["tier_lateness"].count >= 200


acts = st.lists(
    st.one_of(
        st.tuples(st.just("list"), st.sampled_from("abcd"), st.integers(-3, 500)),
        st.tuples(
            st.sampled_from(["resolved", "delisted", "back"]),
            st.sampled_from("abcd"),
            st.just(0),
        ),
        st.tuples(st.just("wait"), st.just(""), st.integers(1, 300)),
        st.tuples(
            st.just("want"), st.sampled_from(["", "a", "bc", "abcd"]), st.just(0)
        ),
        st.tuples(st.just("want all"), st.just(""), st.just(0)),
    ),
    max_size=20,
)


@given(acts=acts)
async def test_exactly_the_open_and_wanted_markets_are_scheduled(
    acts: list[tuple[str, str, int]],
) -> None:
    side, wanted = Side(), None
    for what, name, number in acts:
        entry = side.registry.get(MarketId(name))
        if what == "list" and entry is None:
            side.put(name, side.clock.now() + number * HOUR)
        elif what == "wait":
            await side.clock.advance(number * HOUR)
            side.lifecycle.turn()
        elif what == "want":
            wanted = {*name}
            side.polling.want(map(MarketId, name))
        elif what == "want all":
            wanted = None
            side.polling.want(None)
        elif what == "back" and entry is not None:
            side.lifecycle.review(entry)
        elif entry is not None and what in ("resolved", "delisted"):
            entry.resolved = entry.resolved or what == "resolved"
            side.lifecycle.deactivate(entry, what)

    expected = {
        entry.id
        for entry in side.registry.open()
        if (entry.id in wanted if wanted is not None else in_sight(side, entry))
    }
    assert {*side.polling._schedule._slots} == expected


def in_sight(side: Side, entry: Entry) -> bool:
    end = entry.market.end
    return end is None or end - side.clock.now() <= 336 * HOUR


async def test_a_book_that_comes_when_a_socket_serves_the_market_already_is_old() -> (
    None
):
    served: set[str] = set()
    side = Side(served=lambda market: market in served)
    entries = [side.put(name, NOON + HOUR // 2) for name in ("a", "b")]
    for name in ("a", "b"):
        side.clob.books[f"{name}-yes"] = book(f"{name}-yes")
    side.told()

    asking = asyncio.create_task(side.polling.poll(entries))
    served.add("a")  # while the venue answers, its socket tells the whole book
    await asking

    assert [e.market for e in side.told() if isinstance(e, BookChanged)] == ["b"]


async def test_a_market_that_leaves_its_socket_is_asked_for_at_once() -> None:
    served = {"a"}
    side = Side(served=lambda market: market in served)
    side.put("a", NOON + 100 * HOUR)
    side.clob.books["a-yes"] = book("a-yes")
    await run_for(side, 2 * MINUTE)
    assert polled(side) == []

    served.clear()
    side.polling.hurry([MarketId("a"), MarketId("of nobody")])
    await run_for(side, SECOND)

    assert polled(side) == ["a"]
