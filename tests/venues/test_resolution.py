import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import MarketResolved, Stage, StageChanged
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import DAY, HOUR, MINUTE, SECOND
from polyrules.venues.polymarket.gamma import GammaMarket, RestMarket
from polyrules.venues.polymarket.markets.answers import payouts, rest_payouts
from polyrules.venues.polymarket.markets.resolution import ResolutionSettings
from polyrules.venues.polymarket.wire import WireResolved, convert
from tests.venues.market_fakes import (
    NOON,
    Side,
    end_at,
    gamma_market,
    iso,
    timed_out,
)

HALF = Decimal("0.5")
SELDOM = ResolutionSettings(turn=30 * SECOND)  # days go by in fewer steps


def won(token: str, market: str = "m") -> WireResolved:
    return WireResolved(market=market, winning_asset_id=token)


def closed(name: str = "m", **change: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return gamma_market(
        name, **{"closed": True, "outcomePrices": '["1", "0"]', **change}
    )


def of_clob(name: str = "m", **change: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "condition_id": name,
        "closed": True,
        "tokens": [
            {"token_id": f"{name}-yes", "outcome": "Yes", "winner": False},
            {"token_id": f"{name}-no", "outcome": "No", "winner": True},
        ],
        **change,
    }


def answers(side: Side) -> list[tuple[str, Decimal]]:
    return [
        (event.market, event.payout_yes)
        for event in side.told()
        if isinstance(event, MarketResolved)
    ]


async def run_for(side: Side, micros: int) -> None:
    """Let resolution run for so long."""
    task = asyncio.ensure_future(side.resolution.run())
    await side.clock.advance(micros)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_answer_of_the_channel_is_told_with_the_time_of_the_venue() -> None:
    side = Side()
    side.put("m", NOON + HOUR)
    side.told()
    await side.clock.advance(SECOND)

    side.resolution.heard(NOON, won("m-no"))

    assert side.told() == [
        MarketResolved(
            at=NOON + SECOND,
            venue_at=NOON,
            market=MarketId("m"),
            payout_yes=Decimal(0),
        ),
        StageChanged(
            at=NOON + SECOND,
            market=MarketId("m"),
            stage=Stage.DEACTIVATED,
            before=Stage.T3,
            hours_to_close=1 - 1 / 3600,
            reason="resolved",
        ),
    ]
    assert side.entry("m").resolved
    assert not side.entry("m").is_open


async def test_an_answer_is_told_once_and_a_contradiction_is_counted() -> None:
    side = Side(closed(endDate=iso(NOON)))
    side.put("m", NOON)
    side.resolution.heard(NOON, won("m-no"))
    side.resolution.heard(NOON, won("m-no"))
    side.resolution.heard(NOON, won("m-yes"))

    await run_for(side, HOUR)

    assert answers(side) == [("m", Decimal(0))]
    assert side.health.counts["resolution", "a second answer that differs"] == 1
    assert side.gamma.asked == []


async def test_an_answer_for_a_market_nobody_listed_is_counted() -> None:
    side = Side()

    side.resolution.heard(NOON, won("m-yes"))

    assert side.told() == []
    assert side.health.counts["resolution", "unknown market"] == 1


async def test_an_answer_without_a_winner_makes_us_ask() -> None:
    even = '["0.5", "0.5"]'
    side = Side(closed(outcomePrices=even, umaResolutionStatus="resolved"))
    side.put("m", NOON + HOUR)

    side.resolution.heard(NOON, won(""))
    await run_for(side, SECOND)

    assert answers(side) == [("m", HALF)]


async def test_a_round_is_asked_about_every_few_seconds_after_its_end() -> None:
    side = Side(gamma_market("m", endDate=iso(NOON)))
    side.put("m", NOON)

    await run_for(side, 54 * SECOND)
    assert answers(side) == []
    side.gamma.markets = [closed(outcomePrices='["0", "1"]')]
    await run_for(side, 6 * SECOND)

    assert answers(side) == [("m", Decimal(0))]
    assert side.health.delays["resolution"].most <= 60


async def test_nobody_is_asked_about_before_its_end() -> None:
    side = Side(closed())
    side.put("m", NOON + HOUR)

    await run_for(side, HOUR + 4 * SECOND)
    assert side.gamma.asked == []
    await run_for(side, 2 * SECOND)

    assert answers(side) == [("m", Decimal(1))]


async def test_an_end_that_is_put_off_puts_off_the_question() -> None:
    side = Side(resolution=SELDOM)
    entry = side.put("m", NOON + HOUR)
    end_at(entry, NOON + 20 * HOUR)
    side.lifecycle.review(entry)

    await run_for(side, 19 * HOUR)

    assert side.gamma.asked == []


async def test_questions_get_rarer_and_never_stop() -> None:
    side = Side(gamma_market("m"), resolution=SELDOM)
    side.put("m", NOON)

    await run_for(side, HOUR)
    first = len(side.gamma.asked)
    await run_for(side, DAY)

    assert 10 <= first <= 20
    assert len(side.gamma.asked) - first in (96, 97)


async def test_markets_that_ended_long_ago_do_not_keep_the_rounds_waiting() -> None:
    side = Side()
    for number in range(2000):
        side.put(f"old{number}", NOON - 3 * DAY)
    side.put("m", NOON)
    side.gamma.markets = [closed()]

    await run_for(side, 7 * SECOND)
    assert answers(side) == [("m", Decimal(1))]
    await run_for(side, 16 * MINUTE)

    ids = [ids for _, said in side.gamma.asked for ids in said["condition_ids"]]
    assert len({*ids}) == 2001
    assert all(len(said["condition_ids"]) <= 50 for _, said in side.gamma.asked)


async def test_the_clob_is_asked_where_gamma_knows_no_final_answer() -> None:
    side = Side(closed(outcomePrices='["0.9995", "0.0005"]'))
    side.put("m", NOON)
    side.clob.paths["/markets/m"] = of_clob()

    await run_for(side, 10 * SECOND)

    assert answers(side) == [("m", Decimal(0))]


async def test_the_clob_is_asked_where_gamma_still_says_open_half_a_minute_later() -> (
    None
):
    side = Side(gamma_market("m"))
    side.put("m", NOON)
    side.clob.paths["/markets/m"] = of_clob()

    await run_for(side, 29 * SECOND)
    assert side.clob.asked == []
    await run_for(side, 7 * SECOND)

    assert answers(side) == [("m", Decimal(0))]


async def test_a_disputed_answer_stays_open_and_is_told_once() -> None:
    side = Side(closed(umaResolutionStatus="disputed"))
    side.put("m", NOON)
    side.clob.paths["/markets/m"] = of_clob()
    side.told()

    await run_for(side, HOUR // 2)

    (step,) = side.told()
    assert isinstance(step, StageChanged)
    assert (step.before, step.stage, step.reason) == (Stage.T4, Stage.T4, "disputed")
    assert side.health.counts["lifecycle", "disputed"] == 1
    side.gamma.markets = [closed(umaResolutionStatus="resolved")]
    await run_for(side, HOUR)
    assert answers(side) == [("m", Decimal(1))]


async def test_a_market_that_closed_early_is_asked_about_on_its_way_to_its_end() -> (
    None
):
    side = Side(gamma_market("m", closed=True), resolution=SELDOM)
    entry = side.put("m", NOON + 13 * HOUR)
    side.resolution.look([entry])
    await run_for(side, 2 * HOUR)
    side.lifecycle.turn()
    assert entry.stage is Stage.T2
    assert side.health.counts["resolution", "an answer for other tokens"] == 0
    side.gamma.markets = [closed()]

    await run_for(side, 16 * MINUTE)

    assert answers(side) == [("m", Decimal(1))]


async def test_a_turn_asks_the_clob_about_a_few_markets_only() -> None:
    side = Side()
    for number in range(30):
        side.put(f"m{number}", NOON)
    await side.clock.advance(MINUTE)

    assert await side.resolution.turn() == 30

    assert len(side.clob.asked) == 10


async def test_going_from_tier_to_tier_keeps_one_reminder_of_the_end() -> None:
    side = Side()
    side.put("m", NOON + 50 * HOUR)
    for _ in range(50):
        await side.clock.advance(HOUR)
        side.lifecycle.turn()

    assert side.entry("m").stage is Stage.T4
    assert len(side.resolution._heap) == 1


async def test_an_expired_market_is_still_answered() -> None:
    side = Side(gamma_market("m"), resolution=SELDOM)
    side.put("m", NOON - 2 * HOUR)
    assert side.entry("m").stage is Stage.DEACTIVATED
    await run_for(side, DAY)
    side.gamma.markets = [closed()]

    await run_for(side, 16 * MINUTE)

    assert answers(side) == [("m", Decimal(1))]
    assert side.lifecycle.reason(MarketId("m")) == "resolved"


async def test_failures_of_the_venue_only_cost_time() -> None:
    side = Side(closed())
    side.put("m", NOON)
    side.gamma.fails = [timed_out() for _ in range(5)]
    side.gamma.bodies = [b"<html>", b'{"markets": 3}', b"[]"]

    await run_for(side, 3 * MINUTE)

    assert answers(side) == [("m", Decimal(1))]
    assert side.health.counts["resolution", "gamma failed"] == 7


@pytest.mark.parametrize(
    ("change", "yes"),
    [
        ({}, Decimal(1)),
        ({"outcomePrices": '["0", "1"]'}, Decimal(0)),
        ({"outcomePrices": ["1.0", "0.0"]}, Decimal(1)),
        ({"outcomes": '["No", "Yes"]'}, Decimal(1)),
        ({"outcomePrices": '["0.5","0.5"]', "umaResolutionStatus": "resolved"}, HALF),
        ({"outcomePrices": '["0.5","0.5"]', "resolutionStatus": "resolved"}, HALF),
        ({"outcomePrices": '["0.5","0.5"]'}, None),
        ({"outcomePrices": '["0", "0"]'}, None),
        ({"outcomePrices": '["0.99", "0.01"]'}, None),
        ({"outcomePrices": '["1"]'}, None),
        ({"outcomePrices": None}, None),
        ({"closed": False}, None),
        ({"umaResolutionStatus": "proposed"}, None),
        ({"umaResolutionStatus": "disputed"}, None),
    ],
)
def test_only_a_final_price_is_an_answer(
    change: dict[str, Any], yes: Decimal | None
) -> None:
    wire = convert(closed(**change), GammaMarket)

    assert payouts(wire).get("m-yes") == yes


@pytest.mark.parametrize(
    ("change", "yes"),
    [
        ({}, Decimal(0)),
        ({"closed": False}, None),
        (
            {"tokens": [{"token_id": "m-yes"}, {"token_id": "m-no"}]},
            None,
        ),
        (
            {
                "tokens": [{"token_id": "m-yes"}, {"token_id": "m-no"}],
                "is_50_50_outcome": True,
            },
            HALF,
        ),
        (
            {
                "tokens": [
                    {"token_id": "m-yes", "winner": True},
                    {"token_id": "m-no", "winner": True},
                ]
            },
            None,
        ),
    ],
)
def test_the_clob_names_a_winner_or_nobody(
    change: dict[str, Any], yes: Decimal | None
) -> None:
    wire = convert(of_clob(**change), RestMarket)

    assert rest_payouts(wire).get("m-yes") == yes


async def test_an_answer_that_names_other_tokens_is_not_believed() -> None:
    side = Side(closed(clobTokenIds='["x", "y"]'))
    side.put("m", NOON)

    await run_for(side, 10 * SECOND)

    assert answers(side) == []
    assert side.health.counts["resolution", "an answer for other tokens"] >= 1


words = st.lists(
    st.sampled_from(["yes", "no", "gamma", "clob", "look", "wait", "end"]), max_size=12
)


@given(words=words)
async def test_each_market_is_resolved_at_most_once(words: list[str]) -> None:
    side = Side(gamma_market("m"))
    entry = side.put("m", NOON)
    for word in words:
        match word:
            case "yes" | "no":
                side.resolution.heard(NOON, won(f"m-{word}"))
            case "gamma":
                side.gamma.markets = [closed()]
            case "clob":
                side.clob.paths["/markets/m"] = of_clob()
            case "look":
                side.resolution.look([entry])
            case "end":
                end_at(entry, side.clock.now() + HOUR)
                side.lifecycle.review(entry)
            case _:
                await run_for(side, 2 * MINUTE)

    told = answers(side)
    assert len(told) <= 1
    assert entry.resolved == bool(told)
