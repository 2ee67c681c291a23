"""Reference, columns and the function of one row are three tellings of one meaning."""

from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.language.load import load
from tests.laws import agreement
from tests.laws.grammar import (
    SYMBOLS,
    expression,
    read_by,
    row,
    strategy,
    text,
)

STRATEGIES = Path(__file__).parents[2] / "strategies"
randoms = st.randoms(use_true_random=True)


@given(random=randoms, depth=st.integers(0, 4))
@settings(max_examples=200)
def test_every_evaluator_equals_the_reference_in_every_bit(
    random: Random, depth: int
) -> None:
    expressions = [
        expression(text(random, random.choice(SYMBOLS), depth)) for _ in range(5)
    ]
    rows = [row(random) for _ in range(20)]

    assert agreement.of_expressions(expressions, rows) == []


@given(random=randoms)
@settings(max_examples=100)
def test_whole_strategies_decide_the_same(random: Random) -> None:
    drawn = strategy(random)
    rows = [row(random) for _ in range(30)]

    assert agreement.of_strategy(drawn, rows) == []


@given(random=randoms)
@settings(max_examples=20)
def test_the_shipped_strategies_decide_the_same(random: Random) -> None:
    for path in sorted(STRATEGIES.glob("*.yaml")):
        shipped = load(path.read_text(), path=path.name)
        types = read_by(shipped)
        rows = [row(random, types) for _ in range(50)]

        assert agreement.of_strategy(shipped, rows, types) == []
