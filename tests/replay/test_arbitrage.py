"""A real event of five markets as one basket; without the shared data this skips."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import Result

from polyrules import app
from polyrules.config import default_desk
from polyrules.domain.events import ClockTicked
from polyrules.domain.ids import StrategyId
from polyrules.engine.asking.rules import Funnel
from polyrules.engine.engine import Engine
from polyrules.engine.rows.groups import baskets
from polyrules.venues.recorded import with_ticks

Cli = Callable[..., Result]
FED = "polymarket-cli-go-fed-event/fed-decision-in-june-825"
FILES = ("gamma-event.json", "clob-markets.json", "clob-books.json")
ARBITRAGE = StrategyId("arbitrage")


class Played(NamedTuple):
    """What came of playing the event to its end."""

    engine: Engine
    funnel: Funnel
    decisions: int
    edges: list[tuple[float, float]]  # of all YES, of all NO, where they were known


@pytest.fixture
def tape(cli: Cli, shared_data: Path, tmp_path: Path) -> Path:
    """The Fed's decision of June 2026: ten books within three minutes."""
    place = tmp_path / "tape"
    sources = [str(shared_data / FED / name) for name in FILES]
    result = cli("tape", "import", *sources, "--out", str(place))
    assert result.exit_code == 0, result.output
    return place


def play(root: Path, tape: Path, **settings: str) -> Played:
    text = (root / "strategies" / "arbitrage.yaml").read_text("utf-8")
    source = app.Source(path="arbitrage.yaml", text=text, settings=settings)
    job = app.paper_job([source], default_desk(), tape=tape)
    engine = app.build_engine(app.begin(job), job.strategies)
    decisions = 0
    for event in with_ticks(job.tape.events(), job.tick):
        decisions += len(engine.process(event).decisions)
    assert isinstance(event, ClockTicked)
    own = baskets(engine.state, ARBITRAGE, ("neg_risk",)).own
    return Played(
        engine=engine,
        funnel=engine.rules[ARBITRAGE].funnel,
        decisions=decisions,
        edges=list(
            zip(
                1 - own["basket.sum_yes_ask"] - own["basket.fee_yes"],
                own["basket.legs"]
                - 1
                - own["basket.sum_no_ask"]
                - own["basket.fee_no"],
                strict=True,
            )
        ),
    )


def test_the_event_is_one_basket_of_five_at_100_4_cents_and_4_001_dollars(
    root: Path, tape: Path
) -> None:
    engine = play(root, tape).engine

    found = baskets(engine.state, ARBITRAGE, ("neg_risk",))
    own = {name: values.tolist() for name, values in found.own.items()}
    assert found.count == 1
    assert own["basket.legs"] == [5]
    assert own["basket.complete"] == [1]
    assert own["basket.sum_yes_ask"] == [1.004]
    assert own["basket.sum_no_ask"] == [4.001]
    # the oldest book is 178 s old when the youngest comes
    assert own["basket.max_book_age"][0] == pytest.approx(178.19, abs=0.01)


def test_the_listing_says_that_there_are_five_markets(root: Path, tape: Path) -> None:
    engine = play(root, tape).engine

    sizes = {known.market.group_size for known in engine.state.markets.values()}
    assert sizes == {5}


def test_books_of_different_moments_are_no_basket(root: Path, tape: Path) -> None:
    played = play(root, tape)

    assert played.decisions == 0
    # the event once its books are all there, and each market alone between two books
    assert played.funnel.guarded["fresh"] == 58


def test_with_the_age_lifted_there_still_is_nothing_to_earn(
    root: Path, tape: Path
) -> None:
    played = play(root, tape, age_max="300", min_edge="0.001")

    assert played.funnel.guarded == {}
    assert played.decisions == 0
    ((all_yes, all_no),) = played.edges
    # at the fee rate of 0.05 the legs cost 0.2 cents more on either side
    assert all_yes == pytest.approx(-0.00607, abs=1e-5)
    assert all_no == pytest.approx(-0.00292, abs=1e-5)
