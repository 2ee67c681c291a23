"""Deadlines the wrong way round in a month of real prices, as the engine reads them.

The data lies beside the checkout and is no part of it; without it these tests skip.
"""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from polyrules import app
from polyrules.cli import polyrules
from polyrules.config import default_desk
from polyrules.domain.ids import StrategyId
from polyrules.engine.engine import Engine
from polyrules.venues.recorded import with_ticks

TABLE = "EduardoNeville-polymarket-trader"
MARCH_TO_JUNE = 91 * 24  # hours between the two deadlines; no other pair has as many
COUNT = f"""\
polyrules: 1
strategy: {{id: count, version: 1.0.0, title: Counts and trades nothing}}
universe:
  each: pair
  family: deadline
  where: known(near.price) and known(far.price)
rules:
  - id: by_four_cents
    when: near.price - far.price > 0.04 and pair.gap == {MARCH_TO_JUNE}
    then: {{action: none}}
  - {{id: by_less, when: near.price > far.price and pair.gap == {MARCH_TO_JUNE},
     then: {{action: none}}}}
  - {{id: right, when: pair.gap == {MARCH_TO_JUNE}, then: {{action: none}}}}
sizing: {{method: fixed, amount: 20 USD}}
schedule: {{every: 10m}}
"""


@pytest.fixture(scope="module")
def tape(
    root: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A month of prices of 192 markets, one every ten minutes."""
    place = tmp_path_factory.mktemp("neville") / "tape"
    mapping = root / "examples" / "mappings" / "neville_prices.yaml"
    arguments = ["tape", "import", str(shared_data / TABLE), "--out", str(place)]
    result = CliRunner().invoke(polyrules, [*arguments, "--mapping", str(mapping)])
    assert result.exit_code == 0, result.output
    return place


@pytest.fixture(scope="module")
def played(tape: Path) -> Engine:
    """The engine after the month, with a strategy that counted."""
    source = app.Source(path="count.yaml", text=COUNT)
    job = app.paper_job([source], default_desk(), tape=tape)
    engine = app.build_engine(app.begin(job), job.strategies)
    for event in with_ticks(job.tape.events(), job.tick):
        engine.process(event)
    return engine


def slots(folder: Path, question: str) -> pl.DataFrame:
    """Return the last price of each ten minutes, in half tenths of a cent."""
    table = pl.read_parquet(folder / TABLE / "resolved_markets.parquet")
    return (
        table.filter(pl.col("question").str.contains(question, literal=True))
        .unique(["market_slug", "timestamp"])
        .sort("timestamp")
        .group_by(pl.col("timestamp").dt.truncate("10m").alias("slot"))
        .agg((pl.col("price").last() * 2000).round().cast(pl.Int64))
    )


def test_the_engine_finds_the_family_of_tria_and_the_pair_of_epstein(
    played: Engine,
) -> None:
    families = played.state.joins.families.all()

    assert {family.stem: len(family.members) for family in families} == {
        "will tria launch a token": 4,
        "will trump admin release any more epstein related files": 2,
    }


def test_in_the_table_march_stands_above_june_in_1412_slots(shared_data: Path) -> None:
    march = slots(shared_data, "Tria launch a token by March 31")
    june = slots(shared_data, "Tria launch a token by June 30")

    both = march.join(june, on="slot", suffix="_june")
    gap = both["price"] - both["price_june"]
    assert len(both) == 3_554
    assert int((gap > 0).sum()) == 1_412
    # as floats 50 of the gaps of just four cents come out above 0.04, as 586 in all
    assert (int((gap > 80).sum()), int((gap == 80).sum())) == (536, 51)


def test_the_engine_reads_the_same_inversions_slot_by_slot(played: Engine) -> None:
    fired = played.rules[StrategyId("count")].funnel.fired

    # 40 of the 1,412 slots lie where the assumed book has no ask: from 0.9985 on, the
    # price rounds to a dollar. In 6 slots a price still stands that was not told anew.
    assert fired == Counter(by_four_cents=539, by_less=839, right=2_152)
    assert fired["by_four_cents"] + fired["by_less"] == 1_412 - 40 + 6


def test_each_inverted_pair_is_bought_once_and_pays_what_it_promised(
    root: Path, tape: Path, tmp_path: Path
) -> None:
    examples = root / "examples"
    result = CliRunner().invoke(
        polyrules,
        [
            *("run", "--paper", "--tape", str(tape), "--json"),
            str(examples / "strategies" / "term_structure_prices.yaml"),
            *("--desk", str(examples / "desk.research.yaml")),
            *("--journal", f"sqlite:///{tmp_path / 'journal.db'}"),
        ],
    )

    summary = json.loads(result.stdout)
    assert (summary["decisions"], summary["fills"]) == (6, 6)
    assert Decimal(summary["traded_usd"]) == Decimal("55.72")
    # three baskets of 20: 60 shares that paid a dollar each, for 55.72
    assert Decimal(summary["realised_usd"]) == Decimal("4.28")
    assert Decimal(summary["equity_usd"]) == Decimal("10004.28")
