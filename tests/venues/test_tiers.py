from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from polyrules.domain.events import Stage
from polyrules.domain.ids import MarketId
from polyrules.domain.moments import HOUR, MINUTE, SECOND
from polyrules.language.tiers import TIERS
from polyrules.venues.polymarket.markets.tiers import Schedule, Tiers, hours_to_close

NOW = 1_773_316_800 * SECOND
A, B = MarketId("a"), MarketId("b")


def test_the_tier_is_told_by_the_hours_to_the_end() -> None:
    tiers = Tiers()

    assert tiers.tier(48) is Stage.T0
    assert tiers.tier(47.999) is Stage.T1
    assert tiers.tier(12) is Stage.T1
    assert tiers.tier(11.999) is Stage.T2
    assert tiers.tier(4) is Stage.T2
    assert tiers.tier(3.999) is Stage.T3
    assert tiers.tier(1) is Stage.T3
    assert tiers.tier(0.999) is Stage.T4
    assert tiers.tier(-5) is Stage.T4
    assert tiers.tier(None) is Stage.T0


def test_tiers_are_those_that_the_checker_knows() -> None:
    tiers = Tiers()

    for stage in (Stage.T0, Stage.T1, Stage.T2, Stage.T3, Stage.T4):
        assert tiers.interval(stage) == TIERS[stage.value].every
        assert tiers.tier(TIERS[stage.value].above) is stage


def test_what_ends_beyond_the_look_ahead_is_not_polled_unasked() -> None:
    tiers = Tiers()

    assert tiers.within(336)
    assert not tiers.within(336.1)
    assert tiers.within(None)


def test_no_stated_end_is_no_number_of_hours() -> None:
    assert hours_to_close(None, NOW) is None
    assert hours_to_close(NOW + 90 * MINUTE, NOW) == 1.5
    assert hours_to_close(NOW - HOUR, NOW) == -1.0


@given(hours=st.integers(-100, 10_000_000_000))
def test_a_market_never_changes_its_tier_before_its_next_move(hours: int) -> None:
    tiers, end = Tiers(), NOW + hours * 360
    tier = tiers.tier(hours_to_close(end, NOW))

    move = tiers.next_move(end, NOW)

    if move is None:
        assert tier is Stage.T4
    else:
        before = tiers.tier(hours_to_close(end, move - 1))
        after = tiers.tier(hours_to_close(end, move))
        assert before is tier
        assert after is not tier or tiers.within(hours_to_close(end, move))


def test_a_market_without_an_end_never_moves() -> None:
    assert Tiers().next_move(None, NOW) is None


def test_a_new_market_is_due_within_a_minute_and_then_once_an_interval() -> None:
    schedule = Schedule()
    schedule.put(A, HOUR, NOW)

    first = schedule.next_due()
    assert first is not None
    assert NOW <= first < NOW + MINUTE
    assert schedule.due(first - 1, 10) == []
    assert schedule.due(first, 10) == [(A, first)]
    second = schedule.next_due()
    assert second is not None
    assert first + HOUR <= second < first + 2 * HOUR
    schedule.due(second, 10)
    assert schedule.next_due() == second + HOUR


def test_a_shorter_interval_counts_at_once() -> None:
    schedule = Schedule()
    schedule.put(A, HOUR, NOW)
    schedule.due(NOW + MINUTE, 10)

    schedule.put(A, 15 * SECOND, NOW + 20 * MINUTE)

    due = schedule.next_due()
    assert due is not None
    assert NOW + 20 * MINUTE <= due < NOW + 20 * MINUTE + 15 * SECOND


def test_a_shorter_interval_never_puts_off_the_first_poll() -> None:
    schedule = Schedule()
    schedule.put(A, HOUR, NOW)
    first = schedule.next_due()
    assert first is not None

    schedule.put(A, 15 * SECOND, first - 1)

    assert schedule.next_due() == first


def test_who_is_late_by_whole_intervals_is_polled_once() -> None:
    schedule = Schedule()
    schedule.put(A, 15 * SECOND, NOW)

    assert len(schedule.due(NOW + HOUR, 10)) == 1
    assert schedule.due(NOW + HOUR, 10) == []


def test_who_is_removed_is_due_no_more() -> None:
    schedule = Schedule()
    schedule.put(A, MINUTE, NOW)
    schedule.put(B, MINUTE, NOW)

    schedule.remove(A)

    assert A not in schedule
    assert len(schedule) == 1
    assert [market for market, _ in schedule.due(NOW + HOUR, 10)] == [B]


def test_who_is_wanted_again_sooner_comes_sooner_but_never_later() -> None:
    schedule = Schedule()
    schedule.put(A, HOUR, NOW)
    schedule.due(NOW + MINUTE, 1)

    schedule.again(A, NOW + 2 * MINUTE)
    schedule.again(A, NOW + 3 * MINUTE)
    schedule.again(B, NOW)

    assert schedule.due(NOW + 2 * MINUTE, 5) == [(A, NOW + 2 * MINUTE)]


def test_many_markets_spread_evenly_over_their_interval() -> None:
    schedule = Schedule()
    for number in range(3000):
        schedule.put(MarketId(f"market-{number}"), 5 * MINUTE, NOW)
    schedule.due(NOW + 10 * MINUTE, 3000)

    minutes: Counter[int] = Counter()
    begin = NOW + 10 * MINUTE
    for at in range(begin, begin + 5 * MINUTE + 1, SECOND):
        for _, due in schedule.due(at, 3000):
            minutes[(due - begin) // MINUTE] += 1

    assert sum(minutes.values()) == 3000
    assert all(500 < minutes[minute] < 700 for minute in range(5))


moves = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.sampled_from([15, 30, 60, 300, 3600]),
        st.integers(0, 4000),
    ),
    max_size=30,
)


@given(moves=moves)
def test_nobody_is_polled_twice_within_an_interval_and_nobody_is_forgotten(
    moves: list[tuple[str, int, int]],
) -> None:
    schedule, now = Schedule(), NOW
    polled: dict[MarketId, list[int]] = {}
    every: dict[MarketId, int] = {}
    moved: dict[MarketId, int] = {}
    for name, seconds, wait in moves:
        market = MarketId(name)
        schedule.put(market, seconds * SECOND, now)
        if every.get(market) != seconds:
            polled[market], every[market], moved[market] = [], seconds, now
        until = now + wait * SECOND
        while (due := schedule.next_due()) is not None and due <= until:
            for found, at in schedule.due(due, 1):
                polled[found].append(at)
        now = until

    assert len(schedule) == len(every)
    for market, seconds in every.items():
        times = polled[market]
        assert all(b - a >= seconds * SECOND for a, b in pairwise(times))
        last = times[-1] if times else moved[market]
        assert now - last <= 2 * seconds * SECOND
