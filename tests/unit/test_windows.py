import ast
import math

import numpy as np
import pytest

from polyrules.language.evaluators.windows import History
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.strategy import Window, WindowKernel

MINUTE = 60_000_000
HOUR = 60 * MINUTE


def window(kernel: WindowKernel, length: int = HOUR, cover: float = 0.8) -> Window:
    tree = ast.Name("mid")
    mid = Expression("mid", tree, {tree: Type(Kind.NUMBER, "prob")}, frozenset({"mid"}))
    return Window(name="@1", kernel=kernel, argument=mid, length=length, cover=cover)


def observe(history: History, minute: float, *values: float) -> list[float | None]:
    column = history.observe(round(minute * MINUTE), np.array(values), None)
    return [None if math.isnan(value) else value for value in column.tolist()]


def test_lag_is_the_value_that_held_so_long_ago() -> None:
    history = History(window("lag"))

    assert observe(history, 0, 0.40) == [None]
    assert observe(history, 20, 0.50) == [None]
    assert observe(history, 60, 0.60) == [0.40]
    assert observe(history, 79, 0.70) == [0.40]
    assert observe(history, 80, 0.80) == [0.50]
    assert observe(history, 1000, 0.90) == [0.80]


def test_lag_is_missing_where_the_value_was_missing_then() -> None:
    history = History(window("lag"))

    observe(history, 0, math.nan)
    observe(history, 10, 0.50)

    assert observe(history, 60, 0.50) == [None]
    assert observe(history, 70, 0.50) == [0.50]


def test_a_mean_weighs_each_sample_by_how_long_it_held() -> None:
    history = History(window("mean_over"))

    observe(history, 0, 1.0)
    observe(history, 45, 5.0)

    assert observe(history, 60, 99.0) == [2.0]


def test_the_current_value_is_not_in_its_own_baseline() -> None:
    history = History(window("zscore", cover=0.0))

    observe(history, 0, 1.0)
    observe(history, 30, 3.0)

    assert observe(history, 60, 7.0) == [5.0]


def test_a_deviation_is_that_of_the_population() -> None:
    history = History(window("std_over"))

    observe(history, 0, 1.0)
    observe(history, 30, 3.0)

    assert observe(history, 60, 7.0) == [1.0]


def test_too_little_cover_is_missing_and_just_enough_is_not() -> None:
    history = History(window("mean_over", cover=0.8))

    observe(history, 0, 4.0)

    assert observe(history, 47.9, 4.0) == [None]
    assert observe(history, 48, 4.0) == [4.0]


def test_a_missing_sample_covers_nothing() -> None:
    history = History(window("mean_over", cover=0.5))

    observe(history, 0, 4.0, 4.0)
    observe(history, 20, math.nan, 4.0)
    observe(history, 50, 8.0, 8.0)

    assert observe(history, 60, 0.0, 0.0) == pytest.approx([16 / 3, 14 / 3])


def test_a_price_that_never_moves_has_no_score_without_a_floor() -> None:
    history = History(window("zscore"))

    for minute in range(90):
        observe(history, minute, 0.1)

    assert observe(history, 90, 0.1) == [None]


def test_a_deviation_is_never_below_the_tick() -> None:
    history = History(window("zscore"))
    tick = np.array([0.01])

    for minute in range(60):
        history.observe(minute * MINUTE, np.array([0.50]), tick)
    found = history.observe(60 * MINUTE, np.array([0.53]), tick)

    assert found.tolist() == [(0.53 - 0.50) / 0.01]


def test_without_a_known_tick_a_price_has_no_deviation() -> None:
    history = History(window("std_over"))
    unknown = np.array([math.nan])

    history.observe(0, np.array([0.50]), unknown)

    assert np.isnan(history.observe(60 * MINUTE, np.array([0.53]), unknown))


def test_a_market_listed_later_was_missing_before() -> None:
    history = History(window("mean_over", cover=0.4))

    observe(history, 0, 1.0)
    observe(history, 30, 1.0, *[5.0] * 99)

    assert observe(history, 50, 1.0, *[5.0] * 99) == [1.0, *[None] * 99]
    assert observe(history, 60, 1.0, *[5.0] * 99) == [1.0, *[5.0] * 99]


def test_memory_stays_flat_however_long_it_runs() -> None:
    history = History(window("mean_over", length=HOUR))

    for minute in range(300):
        observe(history, minute, 0.5)
    early = history.size
    for minute in range(300, 3000):
        observe(history, minute, 0.5)

    assert history.size == early


def test_a_long_silence_is_one_long_sample() -> None:
    history = History(window("mean_over"))

    observe(history, 0, 1.0)
    observe(history, 1_000_000, 3.0)

    assert observe(history, 1_000_030, 0.0) == [2.0]
    assert observe(history, 9_000_000, 0.0) == [0.0]


def test_many_samples_in_one_moment_count_as_the_last_of_them() -> None:
    history = History(window("mean_over"))

    observe(history, 0, 1.0)
    observe(history, 0, 2.0)
    observe(history, 0, 3.0)

    assert observe(history, 60, 0.0) == [3.0]
