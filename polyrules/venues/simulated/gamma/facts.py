"""One market, or one event, as Gamma tells it: mixed types, JSON inside texts, gaps.

The venue's own oddities are kept: volumes are texts and numbers at once, lists are JSON
inside a text, absent is not null, and `closedTime` is written unlike all other times.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from polyrules.domain.money import ONE
from polyrules.venues.simulated.exchange.exchange import Exchange
from polyrules.venues.simulated.world.questions.texts import FEES, iso
from polyrules.venues.simulated.world.story import Event, Kind, Story

LOOKBACK = 60  # seconds of the mean that rounds are paid by
TAGS = {  # Gamma numbers its tags
    name: str(number) for number, name in enumerate((*FEES, "elections", "up-or-down"))
}


def market_facts(story: Story, exchange: Exchange) -> dict[str, Any]:
    """Return a market, without its events and tags."""
    listed = story.listed
    pit = exchange.pits[listed.id]
    yes = _price(story, pit.bids.best(), pit.asks.best())
    closed = story.stage == "resolved"
    volume = story.volume + story.traded
    facts: dict[str, Any] = {
        "id": listed.gamma_id,
        "question": listed.question,
        "conditionId": listed.id,
        "questionID": listed.id,
        "slug": listed.slug,
        "description": f"Resolves by what is known at the end: {listed.question}",
        "startDate": iso(listed.created),
        "endDate": iso(story.end),
        "endDateIso": iso(story.end)[:10],
        "createdAt": iso(listed.created),
        "updatedAt": iso(max(story.changed, listed.created)),
        "acceptingOrdersTimestamp": iso(listed.created),
        "outcomes": _text(listed.outcomes),
        "outcomePrices": _text(_prices(story, yes)),
        "clobTokenIds": _text((listed.yes, listed.no)),
        "umaResolutionStatuses": _text((story.stage,) if story.stage else ()),
        "active": True,
        "closed": closed,
        "archived": False,
        "restricted": False,
        "acceptingOrders": not closed,
        "enableOrderBook": True,
        "ready": False,
        "funded": False,
        "approved": True,
        "negRisk": listed.neg_risk,
        "orderPriceMinTickSize": pit.tick / ONE,
        "orderMinSize": float(listed.size_min),
        "volume": f"{volume:.6f}",
        "volumeNum": round(volume, 6),
        "volume24hr": round(story.volume_24h + story.traded, 6),
        "volume1wk": round(0.5 * story.volume, 6),
        "feesEnabled": bool(listed.fee_rate),
        "makerBaseFee": 1000,
        "takerBaseFee": 1000,
        "version": "v1",
        **_liquidity(story),
        **_fees(story),
        **_best(story, pit.bids.best(), pit.asks.best()),
        **_round(story),
    }
    if story.title:
        facts["groupItemTitle"] = story.title
    if listed.neg_risk:
        facts["negRiskMarketID"] = f"0x{story.event.id:064x}"
    if story.stage:
        facts["umaResolutionStatus"] = story.stage
    if closed:
        facts["closedTime"] = f"{iso(story.stage_at)[:19].replace('T', ' ')}+00"
    if story.last_price is not None:
        facts["lastTradePrice"] = round(story.last_price, 4)
    return facts


def event_facts(event: Event, stories: Iterable[Story]) -> dict[str, Any]:
    """Return an event, without its markets."""
    listed = [story.listed for story in stories]
    volume = sum(story.volume + story.traded for story in stories)
    open_ones = [story for story in stories if story.stage != "resolved"]
    facts: dict[str, Any] = {
        "id": str(event.id),
        "ticker": event.slug,
        "slug": event.slug,
        "title": event.title,
        "description": "",
        "startDate": iso(min(each.created for each in listed)),
        "creationDate": iso(min(each.created for each in listed)),
        "endDate": iso(max(story.end for story in stories)),
        "active": True,
        "closed": not open_ones,
        "archived": False,
        "featured": False,
        "restricted": False,
        "volume": round(volume, 6),
        "volume24hr": round(sum(s.volume_24h + s.traded for s in stories), 6),
        "liquidity": round(sum(_liquidity_usd(s) for s in stories), 4),
        "openInterest": 0,
        "commentCount": 0,
        "negRisk": event.neg_risk,
        "enableNegRisk": event.neg_risk,
        "tags": tags_facts(event.tags),
    }
    if event.neg_risk:
        facts["negRiskMarketID"] = f"0x{event.id:064x}"
    if event.series:
        facts["series"] = [{"id": event.series, "slug": event.series}]
    return facts


def tags_facts(tags: tuple[str, ...]) -> list[dict[str, str]]:
    """Return tags as Gamma lists them."""
    return [{"id": TAGS.get(t, t), "label": t.title(), "slug": t} for t in tags]


def event_name(event: Event) -> dict[str, Any]:
    """Return an event as it is named inside a market."""
    return {
        "id": str(event.id),
        "ticker": event.slug,
        "slug": event.slug,
        "title": event.title,
        "negRisk": event.neg_risk,
    }


def _price(story: Story, bid: int | None, ask: int | None) -> float:
    if bid is not None and ask is not None:
        return (bid + ask) / 2 / ONE
    if story.last_price is not None:
        return story.last_price
    return 0.5 if story.belief is None else story.belief


def _prices(story: Story, yes: float) -> tuple[str, str]:
    if story.payout_yes is not None:
        return f"{story.payout_yes:g}", f"{1 - story.payout_yes:g}"
    return f"{round(yes, 4):g}", f"{round(1 - yes, 4):g}"


def _best(story: Story, bid: int | None, ask: int | None) -> dict[str, float]:
    """Return the best prices, absent where there are none."""
    if story.stage == "resolved" or bid is None or ask is None:
        return {}
    return {
        "bestBid": bid / ONE,
        "bestAsk": ask / ONE,
        "spread": round((ask - bid) / ONE, 6),
        "competitive": round(1 - abs((bid + ask) / ONE - 1) ** 2, 6),
    }


def _liquidity_usd(story: Story) -> float:
    return story.manner.lot * story.manner.levels * 0.9


def _liquidity(story: Story) -> dict[str, Any]:
    usd = round(_liquidity_usd(story), 4)
    return {"liquidity": f"{usd}", "liquidityNum": usd}


def _fees(story: Story) -> dict[str, Any]:
    rate, kind = FEES.get(story.listed.category, ("0", ""))
    if not kind:
        return {}
    schedule = {
        "exponent": 1,
        "rate": float(rate),
        "takerOnly": True,
        "rebateRate": 0.25,
    }
    return {"feeType": kind, "feeSchedule": schedule}


def _round(story: Story) -> dict[str, Any]:
    if story.kind is not Kind.ROUND or story.listed.start is None:
        return {}
    coin, _, rest = story.listed.slug.partition("-updown-")
    minutes = rest.partition("-")[0]
    return {
        "eventStartTime": iso(story.listed.start),
        "resolutionSource": f"https://data.chain.link/streams/{coin}-usd-twap-60s-streams",
        "cryptoMarketConfig": {
            "id": f"{coin}-{minutes}-twap-60",
            "asset": coin.upper(),
            "duration": minutes,
            "twapEnabled": True,
            "twapLookbackSeconds": LOOKBACK,
        },
    }


def _text(value: Iterable[str]) -> str:
    # Gamma's own spelling: a blank behind each comma
    return "[" + ", ".join(msgspec.json.encode(each).decode() for each in value) + "]"
