from decimal import Decimal
from typing import Any

import pytest

from polyrules.domain.market import Listing
from polyrules.errors import UnexpectedReply
from polyrules.venues.polymarket import gamma

MARKET: dict[str, Any] = {
    "id": "1557558",
    "conditionId": "0xc",
    "question": "Bitcoin Up or Down?",
    "slug": "btc-updown",
    "startDate": "2026-03-11T09:29:01Z",
    "eventStartTime": "2026-03-12T09:20:00Z",
    "endDate": "2026-03-12T09:25:00Z",
    "outcomes": '["Up", "Down"]',
    "outcomePrices": '["0.505", "0.495"]',
    "clobTokenIds": '["104", "711"]',
    "volumeNum": 9.5,
    "volume24hr": "20",
    "liquidity": "20328.25",
    "active": True,
    "closed": False,
    "acceptingOrders": True,
    "orderPriceMinTickSize": 0.01,
    "orderMinSize": 5,
    "negRisk": False,
    "bestBid": 0.5,
    "bestAsk": None,
    "spread": "",
    "updatedAt": "2026-03-12T09:21:00Z",
    "feeType": "crypto_fees_v2",
    "feeSchedule": {"exponent": 1, "rate": 0.07, "takerOnly": True},
    "umaResolutionStatuses": "[]",
    "events": [{"id": "1", "slug": "btc-event"}],
}
CLOSED: dict[str, Any] = {
    **MARKET,
    "closed": True,
    "outcomePrices": '["0", "1"]',
    "closedTime": "2026-03-12 09:26:10+00",
}


def test_a_market_of_gamma_tells_its_facts() -> None:
    told = gamma.from_gamma(MARKET)

    assert (told.id, told.yes, told.no) == ("0xc", "104", "711")
    assert told.group == "btc-event"
    assert told.category == "crypto"
    assert (told.tick, told.size_min) == (Decimal("0.01"), Decimal(5))
    assert told.fee_rate == Decimal("0.07")
    assert told.start == 1_773_307_200_000_000
    assert told.end == 1_773_307_500_000_000
    assert told.said_at == 1_773_307_260_000_000


def test_what_a_listing_says_of_the_moment_is_kept_apart_and_may_be_absent() -> None:
    assert gamma.from_gamma(MARKET).listing == Listing(
        accepting_orders=True,
        listed_bid=0.5,
        volume_total=9.5,
        volume_24h=20.0,
        liquidity=20328.25,
    )


@pytest.mark.parametrize(
    ("outcomes", "yes"),
    [
        ('["Yes", "No"]', "104"),
        ('["No", "Yes"]', "711"),
        ('["DOWN", "UP"]', "711"),
        ('["Lakers", "Celtics"]', "104"),
        (["no", "yes"], "711"),
        ('["No", "Draw"]', "711"),
        ('["Draw", "No"]', "104"),
        ('["Draw", "Yes"]', "711"),
        ('["No", "Down"]', "104"),
        (None, "104"),
    ],
)
def test_which_token_is_yes_comes_from_its_label_else_it_is_the_first(
    outcomes: object, yes: str
) -> None:
    assert gamma.from_gamma({**MARKET, "outcomes": outcomes}).yes == yes


def test_outcomes_named_otherwise_are_told_apart() -> None:
    named = gamma.from_gamma({**MARKET, "outcomes": '["Lakers", "Celtics"]'})

    assert not named.by_label
    assert not gamma.from_gamma({**MARKET, "outcomes": None}).by_label
    assert not gamma.from_gamma({**MARKET, "outcomes": ["No", "Down"]}).by_label
    assert gamma.from_gamma({**MARKET, "outcomes": ["No", "Draw"]}).by_label
    assert gamma.from_gamma(MARKET).by_label


def test_prices_of_a_listing_are_those_of_its_first_outcome_and_told_of_yes() -> None:
    prices = {"bestBid": 0.3, "bestAsk": 0.34, "oneDayPriceChange": 0.05}

    told = gamma.from_gamma({**MARKET, **prices, "outcomes": ["Down", "Up"]})

    assert told.listing.listed_bid == 0.66
    assert told.listing.listed_ask == 0.7
    assert told.listing.price_change_1d == -0.05


@pytest.mark.parametrize(
    ("prices", "payout"),
    [
        ('["0", "1"]', Decimal(0)),
        ('["1", "0"]', Decimal(1)),
        ('["0.5", "0.5"]', Decimal("0.5")),
        ('["0", "0"]', None),
        ('["0.999", "0.001"]', None),
        (None, None),
    ],
)
def test_a_closed_market_knows_its_answer_where_its_prices_are_final(
    prices: str | None, payout: Decimal | None
) -> None:
    told = gamma.from_gamma({**CLOSED, "outcomePrices": prices})

    assert told.payout_yes == payout
    assert told.closed_at == 1_773_307_570_000_000


def test_an_open_market_knows_no_answer_whatever_its_prices() -> None:
    told = gamma.from_gamma({**MARKET, "outcomePrices": '["0", "1"]'})

    assert told.payout_yes is None


def test_a_closed_market_takes_no_orders_whatever_it_says() -> None:
    assert gamma.from_gamma(CLOSED).listing.accepting_orders is False


@pytest.mark.parametrize(
    ("change", "category"),
    [
        ({"feeType": "sports_fees"}, "sports"),
        ({"feeType": None, "category": "US-current-affairs"}, "us-current-affairs"),
        (
            {"feeType": None, "tags": [{"slug": "fed"}, {"slug": "politics"}]},
            "politics",
        ),
        ({"feeType": None, "tags": [{"slug": "fed"}]}, "weather"),
    ],
)
def test_the_subject_is_that_of_the_fee_the_market_its_tags_or_its_event(
    change: dict[str, object], category: str
) -> None:
    told = gamma.from_gamma({**MARKET, **change}, tags=("hong-kong", "weather"))

    assert told.category == category


@pytest.mark.parametrize(
    ("change", "rate"),
    [
        ({"feeSchedule": None, "feesEnabled": False}, Decimal(0)),
        ({"feeSchedule": None, "feesEnabled": True}, None),
        ({"feeSchedule": {"rate": "0.05"}, "feesEnabled": True}, Decimal("0.05")),
    ],
)
def test_a_fee_that_is_not_said_is_unknown_and_not_0(
    change: dict[str, object], rate: Decimal | None
) -> None:
    assert gamma.from_gamma({**MARKET, **change}).fee_rate == rate


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"clobTokenIds": None}, "a market without two token ids"),
        ({"clobTokenIds": '["1"]'}, "a market without two token ids"),
        ({"clobTokenIds": '["1", "1"]'}, "a market without two token ids"),
        ({"clobTokenIds": "[1"}, "a list that cannot be read"),
        ({"endDate": "next week"}, "a time that cannot be read"),
        ({"conditionId": 7}, "expected `str`, got `int` in"),
    ],
)
def test_a_market_that_cannot_be_traded_or_read_is_refused(
    change: dict[str, object], told: str
) -> None:
    with pytest.raises(UnexpectedReply, match=told):
        gamma.from_gamma({**MARKET, **change})


def test_the_clobs_list_tells_tick_fee_and_tokens() -> None:
    payload = {
        "c": "0xc",
        "t": [{"t": "711", "o": "No"}, {"t": "104", "o": "Yes"}],
        "mts": 0.001,
        "mos": 5,
        "nr": True,
        "ao": True,
        "fd": {"r": 0.05, "e": 1, "to": True},
    }

    told = gamma.from_clob(payload)

    assert (told.yes, told.no) == ("104", "711")
    assert (told.tick, told.fee_rate) == (Decimal("0.001"), Decimal("0.05"))
    assert told.neg_risk is True


REST: dict[str, Any] = {
    "condition_id": "0xc",
    "closed": False,
    "accepting_orders": True,
    "accepting_order_timestamp": "2026-03-12T09:21:00Z",
    "tokens": [
        {"token_id": "711", "outcome": "No", "winner": False},
        {"token_id": "104", "outcome": "Yes", "winner": False},
    ],
}


@pytest.mark.parametrize(
    ("change", "accepting"),
    [
        ({}, True),
        ({"closed": True}, None),
        ({"accepting_orders": False}, None),
    ],
)
def test_that_a_market_takes_no_orders_is_unsaid_where_no_time_is_said(
    change: dict[str, object], accepting: bool | None
) -> None:
    told = gamma.from_rest({**REST, **change})

    assert told.listing.accepting_orders is accepting


def test_a_listing_says_when_its_market_was_created() -> None:
    born = {"createdAt": "2026-03-11T09:00:00Z", "startDate": None}

    assert gamma.from_gamma(MARKET).created == 1_773_221_341_000_000
    assert gamma.from_gamma({**MARKET, **born}).created == 1_773_219_600_000_000
    assert gamma.from_rest(REST).created == 1_773_307_260_000_000


def test_a_time_before_the_venue_was_there_says_nothing() -> None:
    unset = {"createdAt": "0001-01-01T00:00:00Z", "startDate": None}

    assert gamma.from_gamma({**MARKET, **unset}).created is None


def test_the_clobs_market_knows_a_winner_but_not_since_when() -> None:
    payload = {
        "condition_id": "0xc",
        "closed": True,
        "accepting_orders": True,
        "tokens": [
            {"token_id": "711", "outcome": "No", "winner": True},
            {"token_id": "104", "outcome": "Yes", "winner": False},
        ],
    }

    told = gamma.from_rest(payload)

    assert told.payout_yes == 0
    assert told.closed_at is None
    assert told.listing.accepting_orders is None
