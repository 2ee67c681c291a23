"""Deadline families in real questions; without the shared data these tests skip."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from polyrules.domain.ids import MarketId, TokenId
from polyrules.domain.market import Market
from polyrules.features.families import Families

NEVILLE = "EduardoNeville-polymarket-trader"
LISTING = (
    "nautilus_trader/tests/integration_tests/adapters/polymarket/resources"
    "/http_responses/markets.json"
)


def utc(at: int | None) -> str:
    assert at is not None
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M")


def market(name: str, question: str, end: int | None = None) -> Market:
    return Market(
        id=MarketId(name),
        yes=TokenId(f"{name}-yes"),
        no=TokenId(f"{name}-no"),
        question=question,
        end=end,
    )


def families_of(table: Path) -> Families:
    """Read a table of prices as the tape does: a market is seen at its first row."""
    seen = (
        pl.scan_parquet(table)
        .group_by("market_slug", "question")
        .agg(pl.col("timestamp").min().dt.timestamp("us"))
        .sort("timestamp", "market_slug")
        .collect()
    )
    families = Families()
    for row, (slug, question, at) in enumerate(seen.iter_rows()):
        families.add(row, market(slug, question), at)
    return families


def listing(families: Families) -> dict[str, tuple[float, list[str]]]:
    return {
        family.stem: (family.confidence, [utc(member.at) for member in family.members])
        for family in families.all()
    }


def families_of_listing(file: Path) -> Families:
    """Read a page of the venue's markets, each with its end."""
    families = Families()
    for row, told in enumerate(json.loads(file.read_bytes())["data"]):
        end = datetime.fromisoformat(told["end_date_iso"])
        at = int(end.timestamp()) * 1_000_000
        families.add(row, market(told["market_slug"], told["question"], at))
    return families


def test_the_price_table_has_the_tria_family_and_the_epstein_pair(
    shared_data: Path,
) -> None:
    families = families_of(shared_data / NEVILLE / "resolved_markets.parquet")

    assert listing(families) == {
        "will tria launch a token": (
            0.9,
            [
                "2026-04-01 04:00",
                "2026-07-01 04:00",
                "2026-10-01 04:00",
                "2027-01-01 05:00",
            ],
        ),
        "will trump admin release any more epstein related files": (
            0.72,
            ["2026-02-07 05:00", "2026-02-14 05:00"],
        ),
    }
    assert len(families.pairs(adjacent=True).near) == 4
    assert len(families.pairs(adjacent=False).near) == 7


def test_thousands_of_questions_have_six_families(shared_data: Path) -> None:
    families = families_of(shared_data / NEVILLE / "large_resolved_markets.parquet")

    sizes = {family.stem: len(family.members) for family in families.all()}
    assert sizes == {
        "israel strikes iran": 2,
        "us strikes iran": 3,
        "will chatgpt be out as the #1 free app in the us apple store": 3,
        "will mrbeast hit 110 billion views": 2,
        "will tria launch a token": 4,
        "will trump admin release any more epstein related files": 2,
    }


def test_a_listing_of_the_venue_has_the_two_deadlines_of_the_merge(
    shared_data: Path,
) -> None:
    families = families_of_listing(shared_data / LISTING)

    assert listing(families) == {
        "will the ethereum merge (eip-3675) occur": (
            1.0,
            ["2022-09-02 04:00", "2022-10-02 04:00"],
        )
    }
