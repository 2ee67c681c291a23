import ast
import math

import numpy as np
import pytest

from polyrules.language.evaluators.windows import History
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.strategy import Window, WindowKernel

MINUTE = 60_000_000
HOUR = 60 * MINUTE


def window(
    kernel: WindowKernel, length: int = HOUR, cover: float = 0.8, unit: str = "usd"
) -> Window:
    tree = ast.Name("x")
    x = Expression("x", tree, {tree: Type(Kind.NUMBER, unit)}, frozenset({"x"}))
    return Window(name="@1", kernel=kernel, argument=x, length=length, cover=cover)


def told(history: History, *samples: tuple[float, float | None]) -> list[float | None]:
    """Return what a window says at each minute, in which it is told a number."""
    found = []
    for minute, value in samples:
        values = np.array([math.nan if value is None else value])
        (said,) = history.observe(round(minute * MINUTE), values, None).tolist()
        found.append(None if math.isnan(said) else said)
    return found


def last(history: History, *samples: tuple[float, float | None]) -> float | None:
    return told(history, *samples)[-1]


def test_lowest_and_highest_are_of_what_held_in_the_window() -> None:
    samples = [(0, 5.0), (10, 9.0), (20, 1.0), (65, 4.0), (70, 0.0), (140, 0.0)]

    # At 70 the 5 is over; at 140 all is but the 4 that came at 65 and held until 70.
    assert told(History(window("min_over")), *samples) == [
        *(None, None, None),
        *(1.0, 1.0, 0.0),
    ]
    assert told(History(window("max_over")), *samples)[3:] == [9.0, 9.0, 0.0]


def test_the_current_value_is_neither_lowest_nor_highest() -> None:
    samples = [(0, 5.0), (60, 1.0)]

    assert last(History(window("min_over")), *samples) == 5.0
    assert last(History(window("max_over")), *samples) == 5.0


def test_a_sum_is_what_a_counter_added_whatever_it_fell_between() -> None:
    samples = [(0, 100.0), (10, 130.0), (20, 10.0), (30, 15.0), (60, 99.0)]

    assert last(History(window("sum_over")), *samples) == 35.0


def test_a_rise_over_a_gap_counts_when_it_is_seen() -> None:
    samples = [(0, 1.0), (10, None), (12, 4.0), (60, 0.0)]

    assert last(History(window("sum_over")), *samples) == 3.0


def test_a_gap_is_bridged_however_the_window_is_summed_up() -> None:
    # Parts of 56.25 s: one gap ends in a part that is not over, one is the first part.
    late = [(0, 1.0), (10, None), (60.2, 4.0), (60.5, 0.0)]
    early = [(0, 1.0), (0.9375, None), (1.875, 4.0), (60.5, 0.0)]

    assert last(History(window("sum_over", cover=0.1)), *late) == 3.0
    assert last(History(window("sum_over", cover=0.1)), *early) == 3.0


def test_a_sum_of_prices_is_on_their_grid() -> None:
    history = History(window("sum_over", unit="prob"))

    samples = [(0, 0.0), (10, 0.7), (20, 0.6), (30, 0.7), (60, 0.0)]
    assert last(history, *samples) == 0.8
    assert 0.7 + (0.7 - 0.6) != 0.8


def test_what_became_true_is_counted_not_how_long_it_stayed() -> None:
    samples = [(0, 0.0), (10, 1.0), (20, 1.0), (30, 0.0), (31, 1.0), (59, 0.0)]

    assert last(History(window("count_over")), *samples, (60, 1.0)) == 2.0


def test_what_was_true_when_the_window_began_did_not_become_so_in_it() -> None:
    samples = [(0, 0.0), (10, 1.0), (20, 0.0), (70, 0.0), (71, 0.0)]

    assert told(History(window("count_over")), *samples)[3:] == [0.0, 0.0]


def test_a_blink_of_no_time_is_not_counted() -> None:
    samples = [(0, 0.0), (10, 1.0), (10, 0.0), (60, 0.0)]

    assert last(History(window("count_over")), *samples) == 0.0


def test_an_exponential_mean_is_half_way_after_one_half_life() -> None:
    history = History(window("ewma"))

    told(history, (0, 0.0), (6000, 8.0))

    assert last(history, (6060, 99.0)) == pytest.approx(4.0, abs=1e-12)


def test_an_exponential_mean_waits_for_its_cover() -> None:
    samples = [(0, 3.0), (47.9, 3.0), (48, 3.0), (48, 3.0)]

    assert told(History(window("ewma")), *samples) == [None, None, 3.0, 3.0]


def test_an_exponential_mean_goes_missing_when_its_feed_is_silent_for_long() -> None:
    history = History(window("ewma"))

    told(history, (0, 3.0), (6000, None))

    assert told(history, (6060, None), (6075, None)) == [3.0, None]


def test_a_slope_is_per_hour() -> None:
    history = History(window("slope"))

    # Half an hour of 0, then half an hour of 1: (1 / 8) / (1 / 12), by hand.
    assert last(history, (0, 0.0), (30, 1.0), (60, 9.0)) == pytest.approx(1.5)


def test_what_never_changes_has_no_slope_and_that_is_a_number() -> None:
    samples = [(minute, 0.37) for minute in range(61)]

    assert last(History(window("slope")), *samples) == 0.0


def test_a_steady_climb_has_its_own_slope() -> None:
    history = History(window("slope", length=24 * HOUR))

    samples = [(minute, minute / 60 * 2.0) for minute in range(24 * 60 + 1)]
    assert last(history, *samples) == pytest.approx(2.0, rel=1e-5)


def test_a_rank_is_the_share_of_time_it_was_lower() -> None:
    samples = [(0, 1.0), (15, 2.0), (30, 3.0), (45, 4.0)]

    for now, share in [(0.0, 0.0), (2.5, 0.5), (3.0, 0.625), (9.0, 1.0)]:
        assert last(History(window("pct_rank_over")), *samples, (60, now)) == share
    assert last(History(window("pct_rank_over")), *samples, (60, None)) is None


def test_a_condition_held_if_it_was_true_all_the_time_and_is() -> None:
    history = History(window("held_for"))

    assert told(history, (0, 1.0), (47, 1.0), (48, 1.0), (60, 1.0), (61, 0.0)) == [
        *(None, None, 1.0, 1.0),
        0.0,
    ]
    assert told(history, (62, 1.0), (121.9, 1.0), (122, 1.0)) == [0.0, 0.0, 1.0]


def test_whether_a_condition_held_is_unknown_while_it_is() -> None:
    samples = [(0, 1.0), (60, None)]

    assert told(History(window("held_for")), *samples) == [None, None]


def test_a_condition_that_was_false_did_not_hold_whatever_else_is_unknown() -> None:
    samples = [(0, None), (50, 0.0), (51, None), (60, 1.0)]

    assert last(History(window("held_for")), *samples) == 0.0


def test_crossing_is_true_once() -> None:
    history = History(window("crossed_above", length=0))

    assert told(history, (0, 1.0), (1, 0.0), (2, 1.0), (3, 1.0)) == [
        *(None, 0.0),
        *(1.0, 0.0),
    ]


def test_crossing_needs_both_moments_to_be_known() -> None:
    history = History(window("crossed_above", length=0))

    assert told(history, (0, 0.0), (1, None), (2, 1.0), (3, 0.0), (3, 1.0)) == [
        *(0.0, None, None),
        *(0.0, 0.0),
    ]


def test_a_second_look_at_the_same_moment_sees_the_same_crossing() -> None:
    history = History(window("crossed_above", length=0))

    assert told(history, (0, 0.0), (1, 1.0), (1, 1.0)) == [0.0, 1.0, 1.0]


def test_since_is_the_time_since_it_was_true() -> None:
    history = History(window("since", length=0))

    assert told(history, (0, 0.0), (1, 1.0), (2, 1.0), (3, 0.0), (5, 0.0)) == [
        *(1e6, 0.0, 0.0),
        *(0.0, 120.0),
    ]
    assert told(history, (6, None), (7, 0.0)) == [None, 240.0]


def test_since_is_never_more_than_never() -> None:
    history = History(window("since", length=0))

    assert last(history, (0, 1.0), (1, 0.0), (1_000_000, 0.0)) == 1e6


@pytest.mark.parametrize("kernel", ["ewma", "since", "crossed_above"])
def test_what_forgets_nothing_needs_no_memory_for_it(kernel: WindowKernel) -> None:
    history = History(window(kernel))
    told(history, (0, 1.0))
    early = history.size

    told(history, *((minute, 0.0) for minute in range(1, 500)))

    assert history.size == early


@pytest.mark.parametrize("kernel", ["lag", "slope", "since"])
def test_a_market_listed_later_is_missing_before(kernel: WindowKernel) -> None:
    history = History(window(kernel, cover=0.1))
    told(history, (0, 1.0), (30, 1.0))

    both = history.observe(60 * MINUTE, np.array([1.0, math.nan]), None)

    assert both.tolist()[0] in (1.0, 0.0)
    assert math.isnan(both.tolist()[1])


def test_the_state_of_another_window_is_refused() -> None:
    state = History(window("mean_over")).state()

    with pytest.raises(ValueError, match="no state of min_over of x"):
        History(window("min_over")).restore(state)
    with pytest.raises(ValueError, match="no state of mean_over"):
        History(window("mean_over", length=2 * HOUR)).restore(state)
    with pytest.raises(ValueError, match="no state of since"):
        History(window("since")).restore(state)


def test_a_digest_tells_one_sample_from_another() -> None:
    one, other = History(window("mean_over")), History(window("mean_over"))
    told(one, (0, 1.0))
    told(other, (0, 1.0 + 1e-15))

    assert one.digest() != other.digest()
    assert len(one.digest()) == 32


def test_a_state_is_a_copy() -> None:
    history = History(window("mean_over"))
    told(history, (0, 1.0))
    state, digest = history.state(), history.digest()

    told(history, (10, 7.0))
    history.restore(state)

    assert history.digest() == digest


def test_what_never_changed_has_no_deviation_after_a_restart_either() -> None:
    history = History(window("std_over"))
    told(history, *((minute, 0.1) for minute in range(70)))
    again = History(window("std_over"))

    again.restore(history.state())

    assert told(history, (70, 0.1)) == told(again, (70, 0.1)) == [0.0]


def test_many_looks_at_one_moment_take_no_room() -> None:
    history = History(window("mean_over"))
    early = history.size

    told(history, *((1, 0.5) for _ in range(100)))

    assert history.size == early
