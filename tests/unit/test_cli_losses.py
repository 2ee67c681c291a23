"""What a run says while feeds of the venue are lost, and where none can be reached."""

from decimal import Decimal

import pytest

from polyrules.cli.losses import Losses
from polyrules.cli.way_out import reaching
from polyrules.config import Desk, DeskClock, default_desk
from polyrules.domain.events import (
    ClockTicked,
    Event,
    FeedLost,
    FeedRestored,
    MarketResolved,
    Stage,
    StageChanged,
)
from polyrules.domain.ids import MarketId
from polyrules.errors import VenueError
from tests.builders import book

A, B, C, D = map(MarketId, "abcd")


def told(losses: Losses, *events: Event) -> list[str]:
    return [words for event in events if (words := losses.see(event))]


def gone(market: MarketId | None, feed: str = "book") -> FeedLost:
    return FeedLost(at=1, feed=feed, market=market, reason="cut off")


def back(market: MarketId | None, feed: str = "book") -> FeedRestored:
    return FeedRestored(at=2, feed=feed, market=market)


TICK = ClockTicked(at=3)


@pytest.fixture
def losses() -> Losses:
    found = Losses()
    assert told(found, *(book(name=each) for each in (A, B, C, D)), TICK) == []
    return found


def test_a_single_book_that_is_lost_is_counted_and_not_told(losses: Losses) -> None:
    assert told(losses, gone(A), TICK) == []
    assert losses.standing() == "1 of 4 books lost"


def test_most_books_lost_is_told_once_and_so_is_their_return(losses: Losses) -> None:
    lost = told(losses, *map(gone, (A, B, C, D)), TICK, TICK)
    half = told(losses, back(A), book(name=B), TICK)
    most = told(losses, back(C), TICK, TICK)

    assert lost == ["4 of 4 books lost (cut off): rules that read them wait"]
    assert half == []
    assert most == ["books are told again, 1 still lost"]
    assert losses.standing() == "1 of 4 books lost"


def test_a_market_that_is_over_is_no_loss(losses: Losses) -> None:
    over = StageChanged(at=2, market=B, stage=Stage.DEACTIVATED, reason="expired")
    answered = MarketResolved(at=2, market=A, payout_yes=Decimal(0))

    assert told(losses, gone(A), gone(B), gone(C), answered, over, back(C), TICK) == []
    assert losses.standing() == ""


def test_a_whole_feed_is_told_when_it_goes_and_when_it_comes(losses: Losses) -> None:
    went = told(losses, gone(None, "gamma"), gone(None, "gamma"), TICK)
    stands = losses.standing()
    came = told(losses, back(None, "gamma"), back(None, "gamma"))

    assert went == ["gamma lost: cut off"]
    assert stands == "gamma lost"
    assert came == ["gamma is told again"]


def test_what_is_not_there_at_the_start_was_not_lost() -> None:
    losses = Losses()

    assert told(losses, gone(None, "trades"), gone(A), TICK, back(None, "trades")) == []
    assert losses.standing() == ""


def way_out(desk: Desk, path: str | None) -> str:
    with pytest.raises(VenueError) as caught, reaching(desk, path):
        raise VenueError("cannot reach it", hint="do something")
    assert caught.value.message == "cannot reach it"
    return caught.value.hint


def test_the_way_out_of_no_network_is_a_tape_or_a_venue_here() -> None:
    expected = "use a tape (polyrules run --tape TAPE), or a venue here: polyrules sim"

    assert way_out(default_desk(), None) == expected


def test_sources_of_one_s_own_are_named_first() -> None:
    sources = {**Desk().sources, "gamma": "https://gamma-api.polymarket.con"}

    hint = way_out(Desk(sources=sources), "mine.yaml")

    assert hint == "is this right in mine.yaml? sources: gamma"


def test_a_simulated_venue_may_not_be_running() -> None:
    desk = Desk(clock=DeskClock(source="venue", speed=20.0))

    hint = way_out(desk, None)

    assert hint == "is it running? polyrules sim --write-desk desk.yaml starts one"
