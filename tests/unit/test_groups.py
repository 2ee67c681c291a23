import math

import numpy as np
import pytest

from polyrules.domain.events import Event
from polyrules.language.evaluators import groups
from polyrules.language.expression import Expression, Kind, Type
from polyrules.language.expressions.check import Checked, Scope, check, feature_types
from polyrules.language.expressions.hoist import Windows
from polyrules.language.strategy import Grouping, GroupKernel
from tests.builders import at, book, listed, market, tick
from tests.strategies import strategy
from tests.unit.test_engine import engine_of, traded

PARAMS = {"look": (Type(Kind.NUMBER, "seconds"), 300.0)}
NAN = math.nan
TYPES = feature_types()


def checked(source: str, windows: Windows | None = None, **lets: Expression) -> Checked:
    types = {**TYPES, **{name: let.type for name, let in lets.items()}}
    windows = Windows() if windows is None else windows
    return check(source, Scope(types, PARAMS, windows, lets), None)


def grouping(source: str, **lets: Expression) -> Grouping:
    windows = Windows()
    found = checked(source, windows, **lets)
    assert found.findings == ()
    return windows.groupings[-1]


def column(
    kernel: GroupKernel, values: list[float], codes: list[int]
) -> list[float | None]:
    found = groups.column(kernel, np.array(values), np.array(codes))
    return [None if math.isnan(value) else value for value in found.tolist()]


def test_the_highest_of_a_group_is_first_and_equals_share_the_better_place() -> None:
    values = [0.2, 0.7, 0.7, 0.1, 0.9, 0.9]

    assert column("rank", values, [5, 5, 5, 5, 7, -1]) == [3, 1, 1, 4, 1, None]


def test_a_market_without_a_value_has_no_rank_and_takes_no_place() -> None:
    assert column("rank", [NAN, 0.1, 0.5], [1, 1, 1]) == [None, 2, 1]


@pytest.mark.parametrize(
    ("kernel", "of_the_first", "of_the_second"),
    [
        ("sum_in", 6.0, None),
        ("max_in", 4.0, None),
        ("min_in", 2.0, None),
        ("mean_in", 3.0, None),
        ("count_in", 3.0, 1.0),
        ("exposure", 6.0, None),
    ],
)
def test_a_group_comes_to_what_its_known_members_do(
    kernel: GroupKernel, of_the_first: float, of_the_second: float | None
) -> None:
    found = column(kernel, [2.0, NAN, 4.0, NAN], [0, 1, 0, 0])

    assert found == [of_the_first, of_the_second, of_the_first, of_the_first]


def test_shares_of_a_group_add_up_to_one() -> None:
    assert column("share_in", [1.0, 3.0, NAN, 5.0], [2, 2, 2, -1]) == [
        *(0.25, 0.75),
        *(None, None),
    ]


def test_there_are_no_shares_of_nothing() -> None:
    assert column("share_in", [1.0, -1.0], [0, 0]) == [None, None]


def test_a_sum_beyond_all_numbers_is_missing() -> None:
    assert column("sum_in", [1e308, 1e308, 1.0], [0, 0, 1]) == [None, None, 1.0]


def test_a_sum_is_the_nearest_number_to_the_exact_one() -> None:
    assert column("sum_in", [1e16, 1.0, -1e16, 0.1, 0.2, 0.3], [0, 0, 0, 1, 1, 1]) == [
        *(1.0, 1.0, 1.0),
        *(0.6, 0.6, 0.6),
    ]


def test_of_two_zeros_none_is_the_higher_whatever_their_order() -> None:
    found = column("max_in", [-0.0, 0.0, 0.0, -0.0], [0, 0, 1, 1])

    assert str(found) == "[0.0, 0.0, 0.0, 0.0]"


def test_no_rows_have_no_groups() -> None:
    assert column("rank", [], []) == []
    assert column("mean_in", [], []) == []
    assert column("count_in", [1.0], [-1]) == [None]


def test_a_sum_of_prices_is_on_their_grid() -> None:
    values, codes = np.array([0.1, 0.2, 0.3]), np.array([0, 0, 1])

    of_prices = groups.of(grouping("sum_in(mid, by='event')"), values, codes)
    of_dollars = groups.of(grouping("sum_in(volume_1h, by='event')"), values, codes)

    assert of_prices.tolist() == [0.3, 0.3, 0.3]
    assert of_dollars.tolist() == [0.1 + 0.2, 0.1 + 0.2, 0.3]


@pytest.mark.parametrize(
    ("source", "unit"),
    [
        ("rank(mid)", "count"),
        ("rank(mid, by='category')", "count"),
        ("sum_in(mid, by='event')", "prob"),
        ("count_in('event')", "count"),
        ("max_in(volume_1h, 'all')", "usd"),
        ("min_in(spread, 'family')", "prob"),
        ("mean_in(best_ask - best_bid, by='event')", "prob"),
        ("share_in(volume_24h, by='event')", "1"),
        ("exposure(by='event')", "usd"),
        ("mid / sum_in(mid, by='event') - 1 / count_in(by='event')", "1"),
    ],
)
def test_group_functions_have_units(source: str, unit: str) -> None:
    found = checked(source).expression

    assert found is not None
    assert found.type == Type(Kind.NUMBER, unit)


@pytest.mark.parametrize(
    ("source", "by"),
    [
        ("rank(mid)", "event"),
        ("rank(mid, 'family')", "family"),
        ("rank(mid, by='all')", "all"),
        ("count_in('category')", "category"),
    ],
)
def test_a_group_is_named_by_what_its_markets_have_in_common(
    source: str, by: str
) -> None:
    assert grouping(source).by == by


def test_exposure_is_what_the_strategy_paid() -> None:
    found = grouping("exposure('event')")

    assert found.kernel == "exposure"
    assert found.argument is not None
    assert found.argument.reads == {"position_cost"}
    assert grouping("count_in('event')").argument is None


def test_columns_are_numbered_together_and_each_is_there_once() -> None:
    windows = Windows()

    checked("rank(mid) + rank(mid, by='event')", windows)
    checked("lag(mid, look) - sum_in(mid, by='all')", windows)
    checked("count_in('all') * rank(mid)", windows)

    assert [each.name for each in windows.groupings] == ["@1", "@3", "@4"]
    assert [each.name for each in windows] == ["@2"]
    assert len(windows) == 4


def test_what_looks_back_can_be_compared_between_markets() -> None:
    windows = Windows()
    z = checked("zscore(mid, look)", windows).expression
    assert z is not None

    checked("rank(z) + rank(delta(mid, look))", windows, z=z)

    of_z, of_delta = windows.groupings
    assert of_z.argument is not None
    assert of_z.argument.reads == {"@1"}
    assert of_delta.argument is not None
    assert of_delta.argument.reads == {"mid", "@3"}


def test_a_group_function_knows_its_market() -> None:
    types = {"m.mid": TYPES["mid"], "m.position_cost": TYPES["position_cost"]}
    windows = Windows()

    check("rank(m.mid) + count_in('all')", Scope(types, PARAMS, windows), None)

    of_mid, count = windows.groupings
    assert of_mid.argument is not None
    assert of_mid.argument.reads == {"mid"}
    assert of_mid.alias == "m"
    assert (count.alias, count.argument) == ("m", None)


@pytest.mark.parametrize(
    ("source", "code", "marked", "message"),
    [
        (
            "sum_in(mid)",
            "PT005",
            "sum_in(mid)",
            "sum_in takes 2 arguments, got 1",
        ),
        (
            "rank(mid, 'event', by='event')",
            "PT005",
            "rank(mid, 'event', by='event')",
            "rank takes 2 arguments, got 3",
        ),
        (
            "exposure()",
            "PT005",
            "exposure()",
            "exposure takes 1 argument, got 0",
        ),
        (
            "rank(by='event')",
            "PT005",
            "rank(by='event')",
            "rank takes 2 arguments, got 1",
        ),
        (
            "sum_in(mid, by='evnt')",
            "PT004",
            "'evnt'",
            "sum_in needs the word for a group: 'event', 'family', 'category', 'all'",
        ),
        (
            "sum_in(mid, spread)",
            "PT004",
            "spread",
            "sum_in needs the word for a group: 'event', 'family', 'category', 'all'",
        ),
        (
            "sum_in(mid, by=event)",
            "PN001",
            "event",
            'unknown feature "event"',
        ),
        (
            "sum_in(mid, by='all', cover=0.5)",
            "PE002",
            "0.5",
            'sum_in has no argument "cover"',
        ),
        ("rank(neg_risk)", "PW002", "neg_risk", "rank compares a number, got bool"),
        (
            "mean_in(0.5, 'all')",
            "PW002",
            "0.5",
            "mean_in compares what changes, and this is a constant",
        ),
    ],
)
def test_a_group_function_that_makes_no_sense_is_refused(
    source: str, code: str, marked: str, message: str
) -> None:
    (finding,) = checked(source).findings

    assert (finding.code, source[finding.start : finding.end]) == (code, marked)
    assert finding.message == message


def test_a_misspelt_group_gets_a_suggestion() -> None:
    (finding,) = checked("sum_in(mid, by='evnt')").findings

    assert finding.help == 'did you mean "event"?'


def test_a_group_function_stands_in_a_let_only() -> None:
    (finding,) = check("rank(mid) == 1", Scope(TYPES, PARAMS, None), None).findings

    assert (finding.code, finding.message) == (
        "PW001",
        "rank compares markets, which only a let can do",
    )


def test_a_strategy_has_fifty_group_functions_and_no_more() -> None:
    windows = Windows()
    for index in range(50):
        assert checked(f"rank(mid + 0.{index:02})", windows).findings == ()

    (finding,) = checked("rank(spread)", windows).findings

    assert finding.code == "PW004"
    assert checked("rank(mid + 0.49) * zscore(mid, look)", windows).findings == ()


BEST_OF_EVENT = """\
polyrules: 1
strategy: {id: best_of_event, version: 1.0.0}
universe: {each: market, where: accepting_orders}
let:
  place: rank(mid, by='event')
  members: count_in(by='event')
  staked: exposure(by='event')
  moved: rank(delta(mid, seconds(5)), by='event')
  calm: held_for(spread < 0.05, seconds(5), cover=0.9)
rules:
  - id: enter
    when: place == 1 and members >= 2 and staked < 30 and calm and known(moved)
    then: {action: buy, token: yes_token, price: best_ask,
           reason: "{place:.0f} of {members:.0f}, {moved:.0f}, {staked:.2f} USD"}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 1s}
"""


def test_the_engine_compares_the_markets_of_an_event() -> None:
    happened: list[Event] = [
        listed("a", facts=market("a", group="e")),
        listed("b", facts=market("b", group="e")),
        listed("alone", facts=market("alone")),
        book(1, name="a"),
        book(1, (("0.58", "100"),), (("0.60", "100"),), name="b"),
        book(1, name="alone"),
        *(tick(second) for second in range(1, 9)),
    ]

    steps = traded(engine_of(strategy(BEST_OF_EVENT)), *happened)

    decided = [
        (step.event.at, decision.market, decision.reason)
        for step in steps
        for decision in step.decisions
    ]
    # Five seconds after the first sample the change is known; then 20 USD are at stake.
    assert decided == [
        (at(6), "b", "1 of 2, 1, 0.00 USD"),
        (at(7), "b", "1 of 2, 1, 20.00 USD"),
    ]
