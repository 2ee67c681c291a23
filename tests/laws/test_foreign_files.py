"""Whatever a file says: it loads and can be run, or it is told why not. Never more."""

import unicodedata
from contextlib import suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.cli.problems import rendered
from polyrules.cli.shipped import folder
from polyrules.errors import ConfigError, Problem, Severity
from polyrules.language.cost import parts
from polyrules.language.evaluators.compile import Plan
from polyrules.language.load import load_all
from polyrules.language.strategy import Strategy
from tests.foreign.corpus import HOST, PAIR
from tests.foreign.crowds import CROWDS
from tests.foreign.mutations import damaged, file_around
from tests.foreign.sandbox import differences

SHIPPED = [path.read_text("utf-8") for path in sorted(folder("strategies").glob("*"))]
OPERATIONS_MAX = 40  # lines of source a part: a look-up, a test, or a rounding of five
randoms = st.randoms(use_true_random=False)


@given(
    source=st.sampled_from([HOST, PAIR, *SHIPPED]),
    random=randoms,
    times=st.integers(1, 4),
)
@settings(max_examples=300)
def test_a_damaged_file_loads_and_runs_or_is_told_why_not(
    source: str, random: Random, times: int
) -> None:
    strategy, problems = load_all(damaged(random, source, times), "zq.yaml")

    assert_clear(strategy, problems)
    assert strategy is None or differences(strategy) == 0


@given(random=randoms)
@settings(max_examples=300)
def test_any_expression_anywhere_loads_and_runs_or_is_told_why_not(
    random: Random,
) -> None:
    strategy, problems = load_all(file_around(random), "zq.yaml")

    assert_clear(strategy, problems)
    assert strategy is None or differences(strategy) == 0


@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_any_bytes_and_any_text_are_told_what_is_wrong(data: bytes | str) -> None:
    assert_clear(*load_all(data, "zq.yaml"))


@given(
    source=st.sampled_from(SHIPPED),
    names=st.lists(
        st.sampled_from(["min_prob", "look", "__class__", "zq"]), max_size=3
    ),
    value=st.one_of(st.text(max_size=20), st.just("1e999"), st.just("9" * 5_000)),
)
def test_any_setting_fits_or_is_told_why_not(
    source: str, names: list[str], value: str
) -> None:
    with suppress(ConfigError):
        assert_clear(*load_all(source, "zq.yaml", dict.fromkeys(names, value)))


@given(random=randoms)
@settings(max_examples=50)
def test_what_is_printed_grows_with_the_parts_of_a_strategy_and_no_faster(
    random: Random,
) -> None:
    strategy, _ = load_all(file_around(random), "zq.yaml")

    if strategy is not None:
        lines = Plan(strategy).source.count("\n")
        assert lines <= OPERATIONS_MAX * parts(strategy)


def test_lets_that_double_what_they_read_are_printed_once() -> None:
    strategy, _ = load_all(CROWDS["dear_lets"][1], "zq.yaml")

    assert strategy is not None
    assert len(strategy.lets) == 199
    assert parts(strategy) < 1_000
    assert Plan(strategy).source.count("\n") < OPERATIONS_MAX * parts(strategy)


def assert_clear(strategy: Strategy | None, problems: tuple[Problem, ...]) -> None:
    errors = [p for p in problems if p.severity is Severity.ERROR]
    assert (strategy is None) is bool(errors)
    for problem in problems:
        assert problem.line >= 1
        assert problem.end_column >= problem.column >= 1
        assert problem.message.strip()
        assert problem.code[:1] == "P"
    shown = "".join(rendered(problems)).replace("\n", "")
    assert not [char for char in shown if unicodedata.category(char)[0] == "C"]
    assert not {"\u2028", "\u2029"} & set(shown)
