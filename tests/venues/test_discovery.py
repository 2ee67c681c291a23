import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import (
    FeedLost,
    FeedRestored,
    MarketChanged,
    MarketListed,
    MarketResolved,
    Stage,
    StageChanged,
    TickChanged,
)
from polyrules.domain.ids import MarketId
from polyrules.domain.market import Listing
from polyrules.domain.moments import HOUR, MINUTE, SECOND
from polyrules.errors import UnexpectedReply
from polyrules.venues.polymarket import wire
from polyrules.venues.polymarket.discovery.discovery import DiscoverySettings
from polyrules.venues.polymarket.discovery.reader import ReaderSettings
from polyrules.venues.polymarket.markets.lifecycle import LifecycleSettings
from polyrules.venues.polymarket.markets.pages import (
    group_page,
    market_page,
    one_market,
)
from tests.venues.market_fakes import (
    NOON,
    Side,
    gamma_market,
    iso,
    refused,
    timed_out,
)

SMALL = DiscoverySettings(reader=ReaderSettings(page=2))
NEW = {
    "event_type": "new_market",
    "id": "31",
    "market": "m",
    "question": "Will m happen?",
    "slug": "slug-m",
    "assets_ids": ["m-yes", "m-no"],
    "outcomes": ["Yes", "No"],
    "order_price_min_tick_size": "0.01",
    "event_message": {"slug": "group-m"},
    "timestamp": "1773316800000",
}


async def run_for(side: Side, micros: int) -> None:
    """Let discovery and resolution run for so long."""
    parts = (side.discovery.run(), side.resolution.run(), side.lifecycle.run())
    tasks = [asyncio.ensure_future(part) for part in parts]
    await side.clock.advance(micros)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_market_is_listed_with_its_facts_its_listing_and_its_tier() -> None:
    side = Side(gamma_market("m", feesEnabled=None, feeSchedule={"rate": 0.07}))
    side.gamma.groups = [
        {
            "slug": "family",
            "tags": [{"slug": "hong-kong"}, {"slug": "weather"}],
            "markets": [{"conditionId": "m"}, {"conditionId": "n"}],
        }
    ]

    await side.discovery.sweep()

    listed, step = side.told()
    assert isinstance(listed, MarketListed)
    assert listed.market == side.entry("m").market
    assert (listed.market.yes, listed.market.no) == ("m-yes", "m-no")
    assert (listed.market.group, listed.market.group_size) == ("family", 2)
    assert listed.market.category == "weather"
    assert listed.market.fee_rate == Decimal("0.07")
    assert listed.market.neg_risk is False
    assert listed.market.end == NOON + 72 * HOUR
    assert listed.listing == Listing(accepting_orders=True, volume_24h=500.0)
    assert isinstance(step, StageChanged)
    assert (step.before, step.stage) == (Stage.DISCOVERED, Stage.T0)
    assert side.entry("m").gamma_id == "7"
    assert side.entry("m").accepting is True


async def test_all_pages_of_open_markets_are_read() -> None:
    side = Side(*(gamma_market(f"m{n}") for n in range(7)), discovery=SMALL)
    counted: list[int] = []
    side.discovery._progress = counted.append

    await run_for(side, 0)

    assert len(side.registry) == 7
    assert side.discovery.ready.is_set()
    assert counted == [2, 4, 6, 7]
    assert side.gamma.count("/markets/keyset") == 4
    assert all(said["closed"] == ["false"] for _, said in side.gamma.asked)


async def test_what_has_not_changed_is_not_told_again() -> None:
    side = Side(gamma_market("m"))
    await side.discovery.sweep()
    side.told()

    await side.discovery.sweep()

    assert side.told() == []


async def test_a_change_of_facts_or_listing_is_told() -> None:
    side = Side(gamma_market("m"))
    await side.discovery.sweep()
    side.told()
    side.gamma.markets = [
        gamma_market("m", volume24hr=900, endDate=iso(NOON + 2 * HOUR))
    ]

    await side.discovery.sweep()

    changed, step = side.told()
    assert isinstance(changed, MarketChanged)
    assert changed.listing.volume_24h == 900.0
    assert changed.market.end == NOON + 2 * HOUR
    assert isinstance(step, StageChanged)
    assert (step.stage, step.reason) == (Stage.T3, "end_moved")


async def test_a_new_tick_is_told_but_an_old_one_of_the_cache_is_not() -> None:
    side = Side(gamma_market("m"))
    await side.discovery.sweep()
    side.told()
    side.gamma.markets = [gamma_market("m", orderPriceMinTickSize="0.001")]
    await side.discovery.sweep()

    (told,) = side.told()
    assert isinstance(told, TickChanged)
    assert told.tick == Decimal("0.001")

    entry = side.entry("m")
    entry.market = type(entry.market)(
        **{**_facts(entry.market), "tick": Decimal("0.1")}
    )
    await side.discovery.sweep()
    assert side.told() == [], "the listing says what it said before"


def _facts(market: Any) -> dict[str, Any]:  # noqa: ANN401 - any struct
    return {name: getattr(market, name) for name in market.__struct_fields__}


async def test_groups_that_become_known_later_are_told() -> None:
    side = Side(gamma_market("m"))
    await side.discovery.sweep()
    side.told()
    side.gamma.groups = [
        {"slug": "g", "tags": [{"slug": "crypto"}], "markets": [{"conditionId": "m"}]}
    ]

    await side.discovery.sweep()

    (changed,) = side.told()
    assert isinstance(changed, MarketChanged)
    assert (changed.market.group, changed.market.group_size) == ("g", 1)
    assert changed.market.category == "crypto"


async def test_which_token_is_yes_comes_from_the_label() -> None:
    side = Side(
        gamma_market("a", outcomes='["Down", "Up"]', clobTokenIds='["d", "u"]'),
        gamma_market("b", outcomes='["Lakers", "Celtics"]'),
    )
    await side.discovery.sweep()

    assert side.entry("a").market.yes == "u"
    assert side.entry("b").market.yes == "b-yes"
    assert side.health.counts["gamma", "no label says which token is yes"] == 1


async def test_position_ids_count_for_the_second_protocol_only() -> None:
    side = Side(
        gamma_market("a", positionIds=["1", "2"], version="v1"),
        gamma_market("b", positionIds=["3", "4"]),
        gamma_market("c", positionIds=["5", "6"], version="v2"),
    )
    await side.discovery.sweep()

    yes = [side.entry(name).market.yes for name in ("a", "b", "c")]
    assert yes == ["a-yes", "b-yes", "5"]


async def test_what_is_no_market_of_two_outcomes_is_refused_and_counted() -> None:
    side = Side(
        gamma_market("a", clobTokenIds='["1", "2", "3"]'),
        gamma_market("b", clobTokenIds="[1"),
        gamma_market("c", closed="no"),
        gamma_market("d", orderPriceMinTickSize=3),
        gamma_market("f", orderMinSize=-1),
        gamma_market("e"),
    )
    await side.discovery.sweep()

    assert [entry.id for entry in side.registry.all()] == ["e"]
    counts = side.health.counts
    assert counts["gamma", "a smallest order below 0"] == 1
    assert counts["gamma", "a market without two token ids"] == 1
    assert counts["gamma", "a list that cannot be read"] == 1
    assert counts["gamma", "a tick outside (0, 1)"] == 1


async def test_a_market_that_cannot_be_read_any_more_is_not_called_delisted() -> None:
    side = Side(gamma_market("m"))
    await side.discovery.sweep()
    side.gamma.bodies = [
        body
        for _ in range(3)
        for body in (
            b'{"events": []}',
            json.dumps({"markets": [gamma_market("m", question=7)]}).encode(),
        )
    ]
    side.told()

    for _ in range(3):
        await side.discovery.sweep()

    assert side.told() == []
    assert side.health.counts["gamma", "expected `str | null`, got `int` in $.question"]


async def test_a_market_that_vanished_twice_is_delisted_and_may_come_back() -> None:
    market = gamma_market("m")
    side = Side(market, gamma_market("n"))
    await side.discovery.sweep()
    side.told()
    side.gamma.markets = [gamma_market("n")]

    await side.discovery.sweep()
    assert side.stages() == []
    await side.discovery.sweep()
    assert side.stages() == [("m", Stage.T0, Stage.DEACTIVATED, "delisted")]
    await side.discovery.sweep()
    assert side.stages() == []

    side.gamma.markets.append(market)
    await side.discovery.sweep()
    assert side.stages() == [("m", Stage.DEACTIVATED, Stage.T0, "relisted")]


async def test_a_market_that_is_missed_now_and_then_is_not_delisted() -> None:
    market = gamma_market("m")
    side = Side(market)
    for _ in range(3):
        await side.discovery.sweep()
        side.gamma.markets = []
        await side.discovery.sweep()
        side.gamma.markets = [market]

    assert side.stages() == [("m", Stage.DISCOVERED, Stage.T0, "listed")]


async def test_a_listed_market_keeps_its_tokens_whatever_the_listing_says() -> None:
    side = Side(gamma_market("m"))
    await side.discovery.sweep()
    side.told()
    side.gamma.markets = [gamma_market("m", clobTokenIds='["x", "y"]', volume24hr=1)]

    await side.discovery.sweep()

    assert side.told() == []
    assert side.entry("m").tokens == ("m-yes", "m-no")
    assert side.health.counts["gamma", "a listed market with other tokens"] == 1


async def test_without_labels_a_listing_is_read_in_terms_of_the_yes_that_is_known() -> (
    None
):
    side = Side(gamma_market("m", outcomes='["Down", "Up"]', bestBid=0.3))
    await side.discovery.sweep()
    side.told()
    side.gamma.markets = [gamma_market("m", outcomes=None, bestBid=0.4)]

    await side.discovery.sweep()

    (changed,) = side.told()
    assert isinstance(changed, MarketChanged)
    assert (changed.market.yes, changed.market.no) == ("m-no", "m-yes")
    assert changed.listing.listed_ask == 0.6
    assert changed.listing.listed_bid is None


async def test_a_market_that_closed_before_its_end_is_resolved() -> None:
    side = Side(gamma_market("m"))
    await side.discovery.sweep()
    side.told()
    side.gamma.markets = [gamma_market("m", closed=True, outcomePrices='["1", "0"]')]

    await run_for(side, 5 * SECOND)

    resolved, step = side.told()
    assert isinstance(resolved, MarketResolved)
    assert resolved.payout_yes == Decimal(1)
    assert isinstance(step, StageChanged)
    assert step.reason == "resolved"


async def test_a_closed_market_without_an_answer_is_not_called_delisted() -> None:
    side = Side(gamma_market("m"))
    await side.discovery.sweep()
    side.gamma.markets = [gamma_market("m", closed=True)]

    await run_for(side, 2 * HOUR)

    assert side.entry("m").closed
    assert side.entry("m").stage is Stage.T0


async def test_new_markets_are_found_within_a_minute() -> None:
    side = Side(*(gamma_market(f"m{n}") for n in range(9)), discovery=SMALL)
    task = asyncio.ensure_future(side.discovery.run())
    await side.clock.advance(SECOND)
    side.gamma.markets.append(gamma_market("new", startDate="2026-03-12T12:00:00Z"))

    await side.clock.advance(MINUTE)

    assert MarketId("new") in side.registry
    task.cancel()


async def test_changed_markets_are_read_without_reading_all() -> None:
    side = Side(
        *(gamma_market(f"m{n}", updatedAt=iso(NOON - HOUR)) for n in range(9)),
        discovery=SMALL,
    )
    await side.discovery.sweep()
    side.gamma.markets[4].update(volume24hr=1.0, updatedAt=iso(NOON))
    side.told()
    side.gamma.asked.clear()

    await side.discovery.refresh()

    (changed,) = side.told()
    assert isinstance(changed, MarketChanged)
    assert changed.market.id == "m4"
    assert len(side.gamma.asked) == 2


async def test_an_announced_market_is_listed_at_once_and_filled_in_later() -> None:
    side = Side()
    task = asyncio.ensure_future(side.discovery.run())
    await side.clock.advance(0)

    side.discovery.known_soon(NEW)

    listed, step = side.told()
    assert isinstance(listed, MarketListed)
    assert (listed.market.group, listed.market.end) == ("group-m", None)
    assert isinstance(step, StageChanged)
    assert step.stage is Stage.T0
    await side.clock.advance(20 * SECOND)
    assert side.told() == []
    side.gamma.markets = [gamma_market("m", endDate=iso(NOON + HOUR // 2))]
    await side.clock.advance(30 * SECOND)

    changed, step = side.told()
    assert isinstance(changed, MarketChanged)
    assert changed.market.group == "group-m"
    assert changed.market.end == NOON + HOUR // 2
    assert isinstance(step, StageChanged)
    assert step.stage is Stage.T4
    task.cancel()


async def test_a_market_without_tokens_is_asked_for_until_it_has_them() -> None:
    born = iso(NOON - HOUR)
    side = Side(gamma_market("m", clobTokenIds=None, createdAt=born))
    task = asyncio.ensure_future(side.discovery.run())
    await side.clock.advance(10 * SECOND)
    assert MarketId("m") not in side.registry
    side.gamma.markets = [gamma_market("m")]

    await side.clock.advance(20 * SECOND)

    assert MarketId("m") in side.registry
    assert side.health.delays["hydration"].count == 1
    task.cancel()


async def test_an_old_market_without_tokens_is_not_waited_for() -> None:
    side = Side(gamma_market("m", clobTokenIds=None))
    await side.discovery.sweep()

    assert side.health.counts["gamma", "a market without two token ids"] == 1
    assert side.health.counts["discovery", "no tokens yet"] == 0


async def test_a_market_that_never_gets_tokens_is_given_up() -> None:
    side = Side()
    side.discovery.known_soon({"market": "m"})
    for _ in range(150):
        await side.clock.advance(MINUTE)
        await side.discovery.hydrate()

    assert side.health.counts["discovery", "never hydrated"] == 1
    assert 20 <= len(side.gamma.asked) <= 40


@pytest.mark.parametrize("message", [{}, {"market": 7}, {"market": ""}])
async def test_an_announcement_of_nothing_is_counted(message: dict[str, Any]) -> None:
    side = Side()

    side.discovery.known_soon(message)

    assert side.health.counts["discovery", "a new market without an id"] == 1


async def test_a_market_is_found_by_its_slug_once_it_is_whole() -> None:
    side = Side()
    assert await side.discovery.find("slug-m") is None
    side.discovery.known_soon(NEW)
    side.gamma.markets = [gamma_market("m")]

    found = await side.discovery.find("slug-m")

    assert found is not None
    assert found.market.end == NOON + 72 * HOUR
    asked = len(side.gamma.asked)
    assert await side.discovery.find("slug-m") is found
    assert len(side.gamma.asked) == asked


async def test_a_market_is_found_by_its_id_or_else_by_its_slug() -> None:
    side = Side(gamma_market("m"))
    await side.discovery.find_market(MarketId("m"))
    assert MarketId("m") in side.registry

    side.gamma.fails = [refused(400)]
    side.gamma.markets.append(gamma_market("n"))
    await side.discovery.find_market(MarketId("n"), "slug-n")

    assert MarketId("n") in side.registry


async def test_a_fee_that_gamma_does_not_tell_is_asked_of_the_clob() -> None:
    side = Side(gamma_market("m", feesEnabled=None))
    await side.discovery.sweep()
    entry = side.entry("m")
    assert entry.market.fee_rate is None
    await side.discovery.fees(entry)
    assert side.health.counts["discovery", "fees not told"] == 1
    side.clob.paths["/clob-markets/m"] = {
        "c": "m",
        "t": [{"t": "m-yes", "o": "Yes"}, {"t": "m-no", "o": "No"}],
        "mts": 0.001,
        "mos": 15,
        "fd": {"r": 0.03},
    }
    side.told()

    await side.discovery.fees(entry)

    changed, tick = side.told()
    assert isinstance(changed, MarketChanged)
    assert changed.market.fee_rate == Decimal("0.03")
    assert changed.market.size_min == Decimal(15)
    assert changed.listing.volume_24h == 500.0, "what it does not name stays"
    assert isinstance(tick, TickChanged)
    assert tick.tick == Decimal("0.001")


async def test_a_sweep_goes_on_where_a_page_failed() -> None:
    side = Side(*(gamma_market(f"m{n}") for n in range(6)), discovery=SMALL)
    side.gamma.fails = [timed_out(), timed_out()]
    side.gamma.bodies = [b"<html>Just a moment</html>"]
    task = asyncio.ensure_future(side.discovery.sweep())
    await side.clock.advance(20 * SECOND)

    assert task.done()
    assert len(side.registry) == 6
    assert side.gamma.count("/events/keyset") == 4


async def test_a_listing_that_repeats_its_page_does_not_hold_us_for_ever() -> None:
    side = Side()
    page = json.dumps({"markets": [], "next_cursor": "same"}).encode()
    side.gamma.bodies = [b'{"events": []}', page, page]

    with pytest.raises(UnexpectedReply):
        await side.discovery.sweep()


async def test_gamma_is_lost_when_it_fails_for_long_and_restored_when_read_whole() -> (
    None
):
    side = Side(gamma_market("m"))
    task = asyncio.ensure_future(side.discovery.run())
    await side.clock.advance(SECOND)
    side.told()
    side.gamma.fails = [timed_out() for _ in range(200)]
    await side.clock.advance(3 * MINUTE)
    assert side.told() == []
    await side.clock.advance(3 * MINUTE)

    (lost,) = side.told()
    assert isinstance(lost, FeedLost)
    assert lost.feed == "gamma"
    assert "no answer within 10 s" in lost.reason
    side.gamma.fails.clear()
    side.gamma.markets = [gamma_market("m", volume24hr=7)]
    await side.clock.advance(MINUTE)

    changed, restored = side.told()
    assert isinstance(changed, MarketChanged)
    assert restored == FeedRestored(at=restored.at, feed="gamma")
    assert not task.done()
    task.cancel()


async def test_failures_that_come_and_go_do_not_lose_the_feed() -> None:
    side = Side(gamma_market("m"))
    task = asyncio.ensure_future(side.discovery.run())
    await side.clock.advance(SECOND)
    side.told()
    for _ in range(10):
        side.gamma.fails = [timed_out()]
        await side.clock.advance(MINUTE)

    assert side.told() == []
    assert side.health.counts["discovery", "refresh broken off"] == 0
    task.cancel()


async def test_quiet_markets_are_let_go_of_by_sweeps() -> None:
    settings = LifecycleSettings(volume_24h_min=100, quiet_sweeps=2)
    side = Side(gamma_market("m", volume24hr=5), lifecycle=settings)
    await side.discovery.sweep()
    await side.discovery.sweep()

    assert side.stages()[-1] == ("m", Stage.T0, Stage.DEACTIVATED, "no_trades")


def test_a_page_may_be_a_bare_list_or_end_with_the_old_mark() -> None:
    market = gamma_market("m")

    bare = market_page(json.dumps([market]).encode())
    last = market_page(
        json.dumps({"markets": [market], "next_cursor": "LTE="}).encode()
    )
    more = market_page(json.dumps({"markets": [market], "next_cursor": "x"}).encode())

    assert (len(bare.markets), bare.cursor) == (1, None)
    assert (len(last.markets), last.cursor) == (1, None)
    assert (more.cursor, more.ids) == ("x", frozenset({"m"}))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"7", b'{"data": []}', b'{"markets": 1}', b"[" * 100_000]
)
def test_what_is_no_page_is_refused(body: bytes) -> None:
    for read in (market_page, group_page, one_market):
        with pytest.raises(UnexpectedReply):
            read(body)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["", "NaN", "1e999", "[1", '["a","b"]', "0.5", "2026-13-45"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["slug", "rate", "x"]), inner, max_size=2)
    ),
    max_leaves=6,
)
KEYS = [*gamma_market("m"), "version", "positionIds", "feeSchedule", "events", "tags"]


@given(
    changes=st.lists(
        st.dictionaries(st.sampled_from(KEYS), values, max_size=4), max_size=3
    ),
    group=st.dictionaries(st.sampled_from(["slug", "tags", "markets"]), values),
)
async def test_no_garbled_page_stops_discovery(
    changes: list[dict[str, Any]], group: dict[str, Any]
) -> None:
    side = Side()
    pages = [{"events": [group]}, {"markets": [gamma_market("ok")]}]
    pages[1]["markets"] += [{**gamma_market("m"), **change} for change in changes]
    side.gamma.bodies = [json.dumps(page).encode() for page in pages]

    async with asyncio.timeout(5):
        await side.discovery.sweep()

    assert MarketId("ok") in side.registry
    for entry in side.registry.all():
        assert 0 < entry.market.tick < 1
        assert entry.market.yes != entry.market.no


@given(
    volumes=st.lists(st.none() | st.floats(0, 1e6) | st.integers(0, 9), max_size=5),
    cursor=st.sampled_from([None, "", "x"]),
)
def test_a_page_reads_the_same_at_once_and_one_by_one(
    volumes: list[float | None], cursor: str | None
) -> None:
    markets = [
        gamma_market(f"m{n}", volume24hr=volume) for n, volume in enumerate(volumes)
    ]
    good = json.dumps({"markets": markets, "next_cursor": cursor}).encode()
    bad = json.dumps({"markets": [*markets, 7], "next_cursor": cursor}).encode()

    at_once, one_by_one = market_page(good), market_page(bad)

    assert at_once.markets == one_by_one.markets
    assert (at_once.ids, at_once.cursor) == (one_by_one.ids, one_by_one.cursor)
    assert one_by_one.refused == ("expected `object`, got `int`",)


listings = st.lists(
    st.dictionaries(
        st.sampled_from("abcd"), st.sampled_from(["open", "closed"]), max_size=4
    ),
    min_size=1,
    max_size=8,
)


@given(listings=listings)
async def test_after_two_sweeps_the_registry_is_what_the_venue_lists(
    listings: list[dict[str, str]],
) -> None:
    side = Side()
    for listing in [*listings, listings[-1], listings[-1]]:
        side.gamma.markets = [
            gamma_market(name, closed=state == "closed")
            for name, state in listing.items()
        ]
        await side.discovery.sweep()
        while await side.resolution.turn():
            pass

    last = listings[-1]
    for entry in side.registry.all():
        state = last.get(entry.id)
        if state is None and not entry.closed:
            assert side.lifecycle.reason(entry.id) == "delisted"
        else:
            assert entry.closed == (state != "open")
    listed = [name for name, state in last.items() if state == "open"]
    assert {entry.id for entry in side.registry.open()} >= {*listed}


@given(message=st.dictionaries(st.sampled_from([*NEW]), values))
async def test_no_garbled_announcement_stops_discovery(message: dict[str, Any]) -> None:
    side = Side()

    side.discovery.known_soon({**NEW, **message})

    assert len(side.registry) <= 1


def market_files(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return every market of Gamma in the recorded files, with its file."""
    found: list[tuple[str, dict[str, Any]]] = []
    for file in sorted(folder.rglob("*.json")):
        try:
            value = json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            continue
        found += [(file.name, each) for each in _markets(value)]
    return found


def _markets(value: object) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [market for each in value for market in _markets(each)]
    if not isinstance(value, dict):
        return []
    if "conditionId" in value and ("question" in value or "outcomes" in value):
        return [value]
    return [
        market for key in ("markets", "events") for market in _markets(value.get(key))
    ]


async def test_every_recorded_market_is_listed_or_refused_with_a_reason(
    shared_data: Path,
) -> None:
    recorded = market_files(shared_data)
    assert len(recorded) > 20
    listed = 0
    for name, market in recorded:
        side = Side()
        side.gamma.bodies = [
            b'{"events": []}',
            json.dumps({"markets": [market]}).encode(),
        ]

        await side.discovery.sweep()

        reasons = [what for where, what in side.health.counts if where == "gamma"]
        dry = side.health.counts["discovery", "no tokens yet"]
        closed = market.get("closed") is True
        assert len(side.registry) or reasons or dry or closed, name
        listed += len(side.registry)
    assert listed > 10


async def test_the_recorded_announcement_lists_its_market(shared_data: Path) -> None:
    side = Side()
    folder = shared_data / "nautilus_trader/crates/adapters/polymarket/test_data"
    message = json.loads((folder / "ws_market_new_market_msg.json").read_bytes())

    side.discovery.known_soon(message)

    (entry,) = side.registry.all()
    assert entry.market.slug == "nvda-above-240-on-january-30-2026"
    assert entry.market.group == "nvda-above-in-january-2026"
    answer = json.loads((folder / "ws_market_resolved_msg.json").read_bytes())
    side.resolution.heard(*wire.resolved(answer))
    assert entry.resolved
