import math

import msgspec
import numpy as np
import pytest

from polyrules.domain.events import GameChanged, OddsChanged
from polyrules.domain.ids import MarketId
from polyrules.domain.market import Listing
from polyrules.features.catalog import CATALOG, Feed
from polyrules.features.table import Feeds, Table
from tests.builders import NOON, at, market

ROW = np.array([0])


def table_of(*, feeds: Feeds | None = None) -> Table:
    table = Table(feeds or Feeds())
    table.add(market(), Listing(), NOON)
    return table


def game(
    seconds: float,
    win_prob: float = 0.5,
    happened: str = "none",
    *,
    status: str = "live",
    seconds_left: float = 1_800.0,
    venue: float | None = None,
) -> GameChanged:
    return GameChanged(
        at=at(seconds),
        venue_at=None if venue is None else at(venue),
        market=MarketId("m"),
        status=status,
        seconds_left=seconds_left,
        win_prob=win_prob,
        happened=happened,
    )


def odds(seconds: float = 0, fair: float = 0.6) -> OddsChanged:
    return OddsChanged(
        at=at(seconds),
        market=MarketId("m"),
        fair=fair,
        books=4,
        dispersion=0.015,
        match_score=0.97,
    )


def told(*events: GameChanged | OddsChanged, feeds: Feeds | None = None) -> Table:
    table = table_of(feeds=feeds)
    for event in events:
        if isinstance(event, OddsChanged):
            table.change_odds(0, event)
        else:
            table.change_game(0, event)
    return table


def read(table: Table, name: str, seconds: float = 0) -> float:
    return float(table.read(name, ROW, at(seconds))[0])


def word(table: Table, name: str, seconds: float = 0) -> str:
    return CATALOG[name].values[int(read(table, name, seconds))]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("odds.fair", 0.6),
        ("odds.books", 4.0),
        ("odds.dispersion", 0.015),
        ("odds.match_score", 0.97),
        ("odds.age", 10.0),
    ],
)
def test_odds_are_taken_as_told(name: str, value: float) -> None:
    assert read(told(odds()), name, 10) == value


def test_odds_are_stale_after_five_minutes_but_have_an_age() -> None:
    table = told(odds())

    assert read(table, "odds.fair", 300) == 0.6
    assert math.isnan(read(table, "odds.fair", 301))
    assert read(table, "odds.age", 301) == 301.0
    assert table.why_missing("odds.fair", 0, at(301)) == "stale"


def test_a_market_without_odds_or_game_misses_them() -> None:
    table = table_of()
    names = [name for name in CATALOG if name.startswith(("odds.", "game."))]

    known = [name for name in names if not math.isnan(read(table, name))]

    assert known == []
    assert table.why_missing("odds.fair", 0, NOON) == "not_covered"
    assert table.why_missing("game.status", 0, NOON) == "not_covered"


def test_odds_that_are_no_chance_are_missing_and_leave_the_rest() -> None:
    table = told(odds(fair=1.3))

    assert math.isnan(read(table, "odds.fair"))
    assert table.why_missing("odds.fair", 0, NOON) == "not_stated"
    assert read(table, "odds.books") == 4.0


def test_without_their_feeds_odds_and_game_are_missing() -> None:
    table = told(odds(), game(0), feeds=Feeds(given=(Feed.BOOK,)))

    assert math.isnan(read(table, "odds.fair"))
    assert math.isnan(read(table, "game.win_prob"))
    assert table.why_missing("game.win_prob", 0, NOON) == "no_feed"


def test_a_game_is_taken_as_told() -> None:
    table = told(game(0, 0.55, status="halftime", seconds_left=2_700.0))

    assert word(table, "game.status") == "halftime"
    assert read(table, "game.seconds_left") == 2_700.0
    assert read(table, "game.win_prob") == 0.55


def test_nothing_has_happened_yet_is_a_word_and_an_age_of_never() -> None:
    table = told(game(0), game(10))

    assert word(table, "game.event", 10) == "none"
    assert read(table, "game.event_age", 10) == 1e6
    assert math.isnan(read(table, "game.win_prob_before", 10))
    assert table.why_missing("game.win_prob_before", 0, at(10)) == "not_stated"


def test_what_happened_last_stays_while_time_goes_by() -> None:
    table = told(game(0, 0.5), game(10, 0.7, "score"), game(20, 0.72))

    assert word(table, "game.event", 25) == "score"
    assert read(table, "game.event_age", 25) == 15.0
    assert read(table, "game.win_prob", 25) == 0.72
    assert read(table, "game.win_prob_before", 25) == 0.5


def test_each_happening_remembers_the_chance_just_before_it() -> None:
    table = told(game(0, 0.5), game(10, 0.7, "score"), game(20, 0.4, "red_card"))

    assert word(table, "game.event", 20) == "red_card"
    assert read(table, "game.win_prob_before", 20) == 0.7


def test_of_a_game_first_told_with_a_score_the_chance_before_is_missing() -> None:
    table = told(game(0, 0.7, "score"))

    assert word(table, "game.event") == "score"
    assert math.isnan(read(table, "game.win_prob_before"))


def test_a_happening_is_as_old_as_the_venue_says() -> None:
    table = told(game(10, 0.7, "score", venue=4))

    assert read(table, "game.event_age", 10) == 6.0


def test_a_venue_whose_clock_is_ahead_does_not_make_a_happening_newer() -> None:
    table = told(game(10, 0.7, "score", venue=100))

    assert read(table, "game.event_age", 15) == 5.0


def test_a_game_is_stale_after_a_minute_whatever_happened() -> None:
    table = told(game(0, 0.7, "score"))
    names = [name for name in CATALOG if name.startswith("game.")]

    fresh = [name for name in names if not math.isnan(read(table, name, 60))]
    known = [name for name in names if not math.isnan(read(table, name, 61))]

    assert set(names) - set(fresh) == {"game.win_prob_before"}
    assert known == []
    assert table.why_missing("game.event_age", 0, at(61)) == "stale"


def test_a_feed_may_be_given_more_time() -> None:
    feeds = Feeds(max_age={Feed.GAME: 600_000_000})

    assert read(told(game(0, 0.7), feeds=feeds), "game.win_prob", 599) == 0.7


def test_a_status_nobody_knows_is_missing() -> None:
    table = told(game(0), game(1, status="rain_delay"))

    assert math.isnan(read(table, "game.status", 1))
    assert table.why_missing("game.status", 0, at(1)) == "not_stated"
    assert read(table, "game.win_prob", 1) == 0.5


def test_of_a_happening_nobody_knows_only_the_time_and_the_chances_are_known() -> None:
    table = told(game(0, 0.5), game(10, 0.6, "var_review"), game(20, 0.6))

    assert math.isnan(read(table, "game.event", 20))
    assert read(table, "game.event_age", 20) == 10.0
    assert read(table, "game.win_prob_before", 20) == 0.5


def test_numbers_that_cannot_be_are_missing() -> None:
    table = told(game(0, math.nan, seconds_left=-5.0))

    assert math.isnan(read(table, "game.win_prob"))
    assert math.isnan(read(table, "game.seconds_left"))


def test_a_market_far_down_the_table_has_a_game_of_its_own() -> None:
    table = Table(Feeds())
    for number in range(200):
        table.add(market(f"m{number}"), Listing(), NOON)
    for row in (3, 150):
        table.change_game(row, msgspec.structs.replace(game(0), win_prob=row / 200))

    chances = table.read("game.win_prob", np.array([150, 199, 3, 0]), NOON)

    assert chances[[0, 2]].tolist() == [0.75, 0.015]
    assert np.isnan(chances[[1, 3]]).all()


def test_what_happened_long_ago_is_as_never() -> None:
    feeds = Feeds(max_age={Feed.GAME: 10**13})
    table = told(game(0, 0.7, "score"), feeds=feeds)

    assert read(table, "game.event_age", 2_000_000) == 1e6
