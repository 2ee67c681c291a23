"""Which markets are worth following: what may be in a universe, likely ones first."""

from decimal import Decimal

from polyrules.domain.events import BookChanged, ClockTicked, FeedLost
from polyrules.domain.ids import MarketId, RunId, TokenId
from polyrules.domain.limits import Limits
from polyrules.domain.market import Listing
from polyrules.domain.money import Usd
from polyrules.engine.engine import Engine
from polyrules.features.table import Feeds
from polyrules.language.load import load
from tests.builders import at, listed, market

FAVOURITE = """
polyrules: 1
strategy: {id: favourite, version: 0.1.0}
universe:
  each: market
  where: hours_to_close < 48 and best_ask >= 0.9 and volume_24h >= 1000
rules:
  - id: enter
    when: spread <= 0.02 and position_shares == 0
    then: {action: buy, token: yes_token, price: best_ask}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
"""


def engine(*texts: str) -> Engine:
    return Engine(
        [load(text, path=f"{n}.yaml") for n, text in enumerate(texts)],
        limits=Limits(),
        bankroll=Usd(Decimal(1000)),
        feeds=Feeds(),
        run=RunId("r"),
    )


def listing(ask: float | None = None, volume: float | None = 5_000.0) -> Listing:
    bid = None if ask is None else ask - 0.01
    return Listing(
        accepting_orders=True, listed_bid=bid, listed_ask=ask, volume_24h=volume
    )


def test_a_market_that_cannot_be_in_the_universe_is_not_followed() -> None:
    found = engine(FAVOURITE)
    found.process(listed("far", facts=market("far", hours=100), listing=listing(0.95)))
    found.process(
        listed("dead", facts=market("dead", hours=10), listing=listing(0.95, 5.0))
    )
    found.process(listed("near", facts=market("near", hours=10), listing=listing(0.95)))

    assert found.interest() == ["near"]


def test_a_market_whose_listing_does_not_say_is_followed_last() -> None:
    found = engine(FAVOURITE)
    found.process(
        listed("unsaid", facts=market("unsaid", hours=1), listing=listing(None, None))
    )
    found.process(listed("away", facts=market("away", hours=2), listing=listing(0.5)))
    found.process(listed("late", facts=market("late", hours=20), listing=listing(0.95)))
    found.process(listed("soon", facts=market("soon", hours=10), listing=listing(0.95)))

    assert found.interest() == ["soon", "late", "unsaid", "away"]


def test_what_is_followed_already_does_not_change_who_is_wanted() -> None:
    found = engine(FAVOURITE)
    found.process(listed("m", facts=market("m", hours=10), listing=listing(0.95)))
    before = found.interest()

    # Its book says 0.50 now, and its listing will in a minute.
    book = BookChanged(
        at=at(1),
        market=MarketId("m"),
        token=TokenId("m:yes"),
        bids=((490_000, 100_000_000),),
        asks=((500_000, 100_000_000),),
    )
    found.process(book)
    found.process(ClockTicked(at=at(2)))
    assert found.interest() == before == ["m"]


def test_a_market_we_hold_is_followed_whatever_its_universe_says() -> None:
    found = engine(FAVOURITE)
    found.process(listed("a", facts=market("a", hours=10), listing=listing(0.95)))
    found.process(listed("b", facts=market("b", hours=5), listing=listing(0.95)))
    book = BookChanged(
        at=at(1),
        market=MarketId("a"),
        token=TokenId("a:yes"),
        bids=((940_000, 100_000_000),),
        asks=((950_000, 100_000_000),),
    )
    found.process(book)
    step = found.process(ClockTicked(at=at(2)))
    assert len(step.commands) == 1

    found.process(FeedLost(at=at(3), feed="gamma"))  # now nothing says it fits
    assert found.interest()[0] == "a"


def test_a_strategy_without_a_universe_wants_every_open_market() -> None:
    text = FAVOURITE.replace(
        "  where: hours_to_close < 48 and best_ask >= 0.9 and volume_24h >= 1000\n",
        "",
    )
    found = engine(text)
    found.process(listed("late", facts=market("late", hours=900), listing=listing()))
    found.process(listed("soon", facts=market("soon", hours=1), listing=listing()))

    assert found.interest() == ["soon", "late"]


def test_what_should_have_ended_and_was_never_answered_takes_no_one_s_place() -> None:
    text = FAVOURITE.replace("hours_to_close < 48 and ", "")
    found = engine(text)
    for name, hours in (("zombie", -900.0), ("soon", 1.0), ("unsaid", None)):
        facts = market(name, hours=hours)
        found.process(listed(name, facts=facts, listing=listing(0.95)))

    assert found.interest() == ["soon", "unsaid", "zombie"]
