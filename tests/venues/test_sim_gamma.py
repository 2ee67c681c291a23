"""The simulated Gamma: pages, filters, oddities, and how late it is."""

from decimal import Decimal
from typing import Any

import pytest

from polyrules.domain.money import Side
from polyrules.venues.polymarket.gamma import from_gamma
from polyrules.venues.simulated.exchange.words import NewOrder
from polyrules.venues.simulated.world.settings import Settings
from polyrules.venues.simulated.world.story import Kind
from tests.venues.sim_venue import Visit, tokens_of, visit


async def pages(
    visitor: Visit, path: str, name: str, cursor: str = ""
) -> list[list[dict[str, Any]]]:
    """Return all pages of a listing, following its cursor."""
    found: list[list[dict[str, Any]]] = []
    for _ in range(1_000):
        after = f"&after_cursor={cursor}" if cursor else ""
        status, page = await visitor.get(f"/gamma{path}{after}")
        assert status == 200
        found.append(page[name])
        if "next_cursor" not in page:
            return found
        cursor = page["next_cursor"]
    raise AssertionError("the listing never ends")


async def test_paging_shows_every_open_market_once() -> None:
    async with visit(Settings(seed=3, markets=230)) as visitor:
        found = await pages(
            visitor, "/markets/keyset?closed=false&limit=100", "markets"
        )

    ids = [market["conditionId"] for page in found for market in page]
    assert [len(page) for page in found[:2]] == [100, 100]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(visitor.venue.world.stories)


async def test_a_page_is_never_longer_than_a_hundred() -> None:
    async with visit(Settings(seed=3, markets=150)) as visitor:
        _, page = await visitor.get("/gamma/markets/keyset?limit=500")
        _, bare = await visitor.get("/gamma/markets?limit=500")

    assert len(page["markets"]) == 100
    assert len(bare) == 100


async def test_pages_by_volume_go_down_and_miss_nothing_while_the_world_goes_on() -> (
    None
):
    path = "/markets/keyset?order=volume24hr&ascending=false&limit=10"
    async with visit() as visitor:
        known = len(visitor.venue.world.stories)
        _, first = await visitor.get(f"/gamma{path}")
        visitor.pass_time(5)
        rest = await pages(visitor, path, "markets", first["next_cursor"])

    markets = [*first["markets"], *(market for page in rest for market in page)]
    volumes = [market["volume24hr"] for market in first["markets"]]
    assert volumes == sorted(volumes, reverse=True)
    assert len({market["id"] for market in markets}) == len(markets) == known


async def test_every_market_is_one_that_the_live_adapter_can_read() -> None:
    async with visit() as visitor:
        path = "/markets/keyset?closed=false&include_tag=true&limit=100"
        found = await pages(visitor, path, "markets")
        stories = visitor.venue.world.stories
        pits = visitor.venue.world.exchange.pits

    for market in (market for page in found for market in page):
        told = from_gamma(market)
        listed = stories[told.id].listed
        assert (told.yes, told.no) == (listed.yes, listed.no)
        assert told.tick == Decimal(pits[told.id].tick) / 1_000_000
        assert told.fee_rate == listed.fee_rate
        assert told.end == listed.end
        assert told.group == listed.group_slug
        assert told.category == listed.category
        assert told.neg_risk is listed.neg_risk
        assert told.by_label


async def test_lists_are_json_inside_a_text_and_numbers_are_mixed() -> None:
    async with visit() as visitor:
        _, market = await visitor.get("/gamma/markets/500001")

    assert market["outcomes"] == '["Yes", "No"]'
    assert len(tokens_of(market)) == 2
    assert isinstance(market["volume"], str)
    assert isinstance(market["volumeNum"], float)
    assert isinstance(market["orderPriceMinTickSize"], float)
    assert market["events"][0]["slug"]
    assert "tags" not in market


async def test_tags_come_when_they_are_asked_for() -> None:
    async with visit() as visitor:
        _, market = await visitor.get("/gamma/markets/500001?include_tag=true")

    assert market["tags"][0]["slug"] in ("politics", "geopolitics")


async def test_a_round_says_when_it_starts_and_by_what_it_is_paid() -> None:
    async with visit() as visitor:
        _, market = await visitor.get("/gamma/markets/slug/btc-updown-15m-1772452800")
        _, event = await visitor.get("/gamma/events/slug/btc-updown-15m-1772452800")

    assert market["outcomes"] == '["Up", "Down"]'
    assert market["eventStartTime"] == "2026-03-02T12:00:00Z"
    assert market["endDate"] == "2026-03-02T12:15:00Z"
    assert market["cryptoMarketConfig"]["twapLookbackSeconds"] == 60
    assert [inner["id"] for inner in event["markets"]] == [market["id"]]
    assert event["series"][0]["slug"] == "btc-up-or-down-15m"


async def test_markets_are_found_by_condition_token_and_slug() -> None:
    async with visit() as visitor:
        _, market = await visitor.get("/gamma/markets/500003")
        _, by_condition = await visitor.get(
            f"/gamma/markets?condition_ids={market['conditionId']}"
        )
        _, by_token = await visitor.get(
            f"/gamma/markets?clob_token_ids={tokens_of(market)[1]}"
        )
        _, by_slug = await visitor.get(f"/gamma/markets?slug={market['slug']}")

    assert [found["id"] for found in by_condition] == ["500003"]
    assert [found["id"] for found in by_token] == ["500003"]
    assert [found["id"] for found in by_slug] == ["500003"]


async def test_what_is_not_there_is_a_404_in_json() -> None:
    async with visit() as visitor:
        by_slug = await visitor.get("/gamma/markets/slug/no-such-thing")
        by_id = await visitor.get("/gamma/events/9")
        profile = await visitor.get("/gamma/public-profile?address=0x00")

    told = {"type": "not found error", "error": "id not found"}
    assert by_slug == (404, told)
    assert by_id == (404, told)
    assert profile[0] == 404


async def test_an_offset_is_refused_where_there_is_a_cursor() -> None:
    async with visit() as visitor:
        status, said = await visitor.get("/gamma/markets/keyset?offset=100")
        garbled, _ = await visitor.get("/gamma/markets/keyset?after_cursor=%21%21")

    assert status == 422
    assert said["error"] == "offset is not supported: use after_cursor"
    assert garbled == 422


async def test_events_nest_their_markets_and_groups_are_neg_risk() -> None:
    async with visit(Settings(seed=3, markets=80)) as visitor:
        found = await pages(visitor, "/events/keyset?closed=false&limit=20", "events")
        _, bare = await visitor.get("/gamma/events?limit=1&include_markets=false")

    events = [event for page in found for event in page]
    groups = [event for event in events if event["negRisk"]]
    assert groups
    for group in groups:
        assert 3 <= len(group["markets"]) <= 5
        assert all(market["negRisk"] for market in group["markets"])
        assert all(market["groupItemTitle"] for market in group["markets"])
    assert "markets" not in bare[0]


async def test_events_are_found_by_tag_and_series() -> None:
    async with visit() as visitor:
        _, tagged = await visitor.get("/gamma/events?tag_slug=up-or-down&limit=3")
        _, series = await visitor.get(
            "/gamma/events?series_id=eth-up-or-down-5m&closed=false"
        )

    assert all("updown" in event["slug"] for event in tagged)
    assert len(tagged) == 3
    assert series
    assert all(event["slug"].startswith("eth-updown-5m-") for event in series)


async def test_an_answered_market_is_closed_with_final_prices() -> None:
    async with visit() as visitor:
        _, market = await visitor.get("/gamma/markets/500005")
        asked = {"market": market["conditionId"], "payout_yes": "1"}
        await visitor.post("/admin/resolve", asked)
        visitor.pass_time(90)
        _, closed = await visitor.get("/gamma/markets/500005")
        _, still_open = await visitor.get(
            f"/gamma/markets?closed=false&condition_ids={market['conditionId']}"
        )
        _, listed = await visitor.get(
            f"/gamma/markets?condition_ids={market['conditionId']}"
        )

    assert closed["closed"] is True
    assert closed["outcomePrices"] == '["1", "0"]'
    assert closed["umaResolutionStatus"] == "resolved"
    assert closed["closedTime"] == "2026-03-02 12:00:00+00"
    assert still_open == []
    assert [found["id"] for found in listed] == ["500005"]
    assert from_gamma(closed).payout_yes == 1


async def test_gamma_is_some_time_behind_the_venue() -> None:
    async with visit() as visitor:
        story = next(iter(visitor.venue.world.stories.values()))
        listed = story.listed
        _, before = await visitor.get(f"/gamma/markets/{listed.gamma_id}")
        bids, asks = visitor.venue.world.exchange.book(listed.yes)
        better = NewOrder(
            owner=visitor.venue.world.whales[0].address,
            token=listed.yes,
            side=Side.BUY,
            price=asks[0][0] - 10_000,
            size=500_000_000,
        )
        assert better.price > bids[0][0]
        visitor.venue.world.exchange.place(better, visitor.clock.now())
        visitor.pass_time(20)
        _, soon = await visitor.get(f"/gamma/markets/{listed.gamma_id}")
        visitor.pass_time(60)
        _, later = await visitor.get(f"/gamma/markets/{listed.gamma_id}")

    assert soon == before
    assert later["updatedAt"] > before["updatedAt"]
    assert later != before


async def test_whales_have_names() -> None:
    async with visit() as visitor:
        whale = visitor.venue.world.whales[0]
        status, profile = await visitor.get(
            f"/gamma/public-profile?address={whale.address}"
        )

    assert status == 200
    assert profile["proxyWallet"] == whale.address
    assert profile["name"] == "harbourmaster"


@pytest.mark.parametrize("kind", list(Kind))
async def test_every_kind_of_market_is_there(kind: Kind) -> None:
    async with visit(Settings(seed=5, markets=60)) as visitor:
        kinds = [story.kind for story in visitor.venue.world.stories.values()]

    assert kind in kinds


async def test_the_place_is_not_blocked() -> None:
    async with visit() as visitor:
        status, told = await visitor.get("/api/geoblock")

    assert status == 200
    assert told["blocked"] is False
