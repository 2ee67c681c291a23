"""Tests of strategies that speak of values over time."""

import pytest

from polyrules.documents.source import read_yaml
from polyrules.errors import StrategyError
from polyrules.language.expression import Kind, Type
from polyrules.language.files.series import NotASeries, read_series
from polyrules.language.load import load
from polyrules.language.strategy import Value
from polyrules.language.testing.suite import Ran, open_suite

PROB = Type(Kind.NUMBER, "prob")
COUNT = Type(Kind.NUMBER, "count")
SPORT = Type(Kind.ENUM, values=("crypto", "sports"))

STRATEGY = """\
polyrules: 1
strategy: {id: example, version: 1.0.0}
params:
  look: {type: duration, default: 10m, min: 1m, max: 1h}
universe: {each: market}
let:
  mean: mean_over(mid, look)
  z: zscore(mid, look)
  moved: mid - lag(mid, look)
rules:
  - id: enter
    when: moved > 0.05 and position_shares == 0
    then: {action: buy, token: yes_token, price: best_ask}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
tests:
  - name: a case
"""


def run(case: str) -> Ran:
    text = STRATEGY + case

    def loads(settings: object) -> object:
        return load(text, path="x.yaml", settings=settings)  # type: ignore[arg-type]  # as the suite hands it

    suite = open_suite(read_yaml(text, "x.yaml"), loads)  # type: ignore[arg-type]  # the same
    (ran,) = suite.run()
    return ran


@pytest.mark.parametrize(
    ("text", "type_", "samples", "after"),
    [
        ("0.5", PROB, (0.5,), 0.5),
        ("0.50x3 0.58", PROB, (0.5, 0.5, 0.5, 0.5, 0.58), 0.58),
        ("0+0.1x5", PROB, (0.0, 0.1, 0.2, 0.3, 0.4, 0.5), 0.5),
        ("10-4x3", COUNT, (10.0, 6.0, 2.0, -2.0), -2.0),
        ("-2+4x1", COUNT, (-2.0, 2.0), 2.0),
        ("1 _ 2 _x2", COUNT, (1.0, None, 2.0, None, None), 2.0),
        ("1 stale", COUNT, (1.0, None), None),
        ("1 stale _x2", COUNT, (1.0, None, None, None), None),
        ("1 stale 3", COUNT, (1.0, None, 3.0), 3.0),
        ("_", COUNT, (None,), None),
        ("truex1 false", Type(Kind.BOOL), (True, True, False), False),
        ("sportsx1 crypto", SPORT, ("sports", "sports", "crypto"), "crypto"),
    ],
)
def test_a_series_is_written_as_promtool_writes_it(
    text: str, type_: Type, samples: tuple[Value, ...], after: Value
) -> None:
    series = read_series(text, type_)

    assert series.samples == samples
    assert series.after == after
    assert series.at(len(samples)) == after


@pytest.mark.parametrize(
    ("text", "type_", "message", "part"),
    [
        ("0.5 oops", PROB, '"oops" is not a number, such as', (4, 8)),
        ("0.5 1.5x3", PROB, "1.5 is outside [0, 1]: prices are", (4, 9)),
        ("0.5+0.5x3", PROB, "1.5 is outside [0, 1]", (0, 9)),
        ("1x999999999", COUNT, "more than 20,000 samples", (0, 11)),
        ("1x15000 2x15000", COUNT, "more than 20,000 samples", (8, 15)),
        ("_x20001", COUNT, "more than 20,000 samples", (0, 7)),
        ("yes", Type(Kind.BOOL), '"yes" is not true or false', (0, 3)),
        ("sport", SPORT, '"sport" is not one of crypto, sports', (0, 5)),
        ("", COUNT, "a series has at least one value", (0, 0)),
    ],
)
def test_a_wrong_series_is_told_where_it_is_wrong(
    text: str, type_: Type, message: str, part: tuple[int, int]
) -> None:
    with pytest.raises(NotASeries) as caught:
        read_series(text, type_)

    assert message in caught.value.message
    assert caught.value.part == part


@pytest.mark.parametrize(
    "case",
    [
        # in [5m, 15m) five minutes of 0.50 and five of 0.60
        """\
    series: {mid: 0.50x9 0.60x10}
    interval: 1m
    at: 15m
    given: {best_ask: 0.61, position_shares: 0, tick_size: 0.01}
    expect: {fires: enter, values: {mean: 0.55, z: 1, moved: 0.1}}
""",
        # without `at` the last sample asks: [10m, 20m) is all 0.60
        """\
    series: {mid: 0.50x9 0.60x10}
    interval: 1m
    given: {best_ask: 0.61, position_shares: 0, tick_size: 0.01}
    expect: {fires: none, values: {mean: 0.6, z: 0, moved: 0}}
""",
        # behind its end a series goes on with its last value
        """\
    series: {mid: "0.50x9 0.60"}
    interval: 1m
    at: 15m
    given: {best_ask: 0.61, position_shares: 0, tick_size: 0.01}
    expect: {values: {mean: 0.55}}
""",
        # two samples of ten may be missing, three may not
        """\
    series: {mid: 0.50x9 _x2 0.60x10}
    interval: 1m
    at: 15m
    given: {tick_size: 0.01}
    expect: {values: {mean: 0.5375}}
""",
        """\
    series: {mid: 0.50x9 _x3 0.60x10}
    interval: 1m
    at: 15m
    given: {tick_size: 0.01}
    expect: {fires: none, values: {mean: missing}}
""",
        # a feed that is gone leaves nothing to compare
        """\
    series: {mid: 0.50x14 stale}
    interval: 1m
    given: {best_ask: 0.61, position_shares: 0}
    expect: {fires: none, unknown: [moved], values: {mean: 0.5, moved: missing}}
""",
        # a shorter look sees other samples
        """\
    with: {look: 5m}
    series: {mid: 0.50x9 0.60x10}
    interval: 1m
    at: 15m
    given: {tick_size: 0.01}
    expect: {values: {mean: 0.6, moved: 0}}
""",
    ],
)
def test_a_series_is_played_through_the_windows(case: str) -> None:
    ran = run(case)

    assert ran.result.mismatches == ()


def test_samples_stand_every_interval_of_the_schedule_unless_told_otherwise() -> None:
    # 120 samples every 5 s are ten minutes
    ran = run("""\
    series: {mid: 0.50x119 0.60}
    given: {tick_size: 0.01}
    expect: {values: {mean: 0.5, moved: 0.1}}
""")

    assert ran.result.mismatches == ()


def test_a_failure_says_how_many_samples_a_window_had() -> None:
    ran = run("""\
    series: {mid: 0.50x5 _x10}
    interval: 1m
    given: {best_ask: 0.61, position_shares: 0}
    expect: {fires: enter}
""")

    assert ran.samples == {"moved": "lag(mid): 1 of 10 samples (cover 0.8)"}


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("    series: {mdi: 0.5}\n", 'a series gives "mdi", which is no feature'),
        ("    series: {mean: 0.5}\n", 'a series gives "mean", which is no feature'),
        ("    series: {mid: 0.5y}\n", 'mid: "0.5y" is not a number'),
        ("    series: {mid: 0.5}\n    interval: 5\n", "interval needs a unit"),
        ("    series: {mid: 0.5}\n    at: 30d\n", "20,000 samples at most: at 30d"),
        ("    given: {mid: 0.5}\n    at: 1h\n", "at is about series, and there is"),
        (
            "    series: {mid: 0.5}\n    given: {mid: 0.5}\n",
            "mid is given, and there is a series of it",
        ),
        ("", "a test needs given, series or fixture"),
        (
            "    with: {look: 2h}\n    given: {}\n",
            "param look: value must be in [1m, 1h], was 2h",
        ),
        ("    with: {lok: 5m}\n    given: {}\n", 'the strategy has no param "lok"'),
    ],
)
def test_a_test_that_cannot_be_meant_is_told(case: str, message: str) -> None:
    with pytest.raises(StrategyError) as caught:
        run(case + "    expect: {fires: none}\n")

    (problem,) = caught.value.problems
    assert message in problem.message
