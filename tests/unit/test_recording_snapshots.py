"""Snapshots for research: what is new is written, once, and in order."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from polyrules.app.snapshots import AGES, NAMES, PASSIVE, Snapshots
from polyrules.domain.events import ClockTicked, Event, Stage, StageChanged
from polyrules.domain.ids import MarketId
from polyrules.errors import TapeError
from polyrules.features.catalog import CATALOG, Feed
from polyrules.venues.recording import snapshots
from polyrules.venues.recording.snapshots import SnapshotWriter
from tests.builders import NOON, SECOND, at, book, listed

DAY_1, DAY_2 = "2026-01-01.parquet", "2026-01-02.parquet"


def row(*numbers: float) -> list[float]:
    return list(numbers)


def table(file: Path) -> list[tuple[object, ...]]:
    return pl.read_parquet(file).rows()


def test_rows_stand_by_market_and_time_with_null_for_what_is_missing(
    tmp_path: Path,
) -> None:
    writer = SnapshotWriter(tmp_path, ["mid", "spread"])
    writer.add(at(0), 3, ["b", "a"], np.array([row(0.5, 0.02), row(0.1, math.nan)]))
    writer.add(at(15), 4, ["b", "a"], np.array([row(0.6, 0.02), row(0.2, 0.01)]))
    writer.close()

    found = pl.read_parquet(tmp_path / DAY_1)

    assert found.schema == {
        "market": pl.String,
        "at": pl.Int64,
        "tier": pl.Int8,
        "mid": pl.Float32,
        "spread": pl.Float32,
    }
    assert [tuple(each[:3]) for each in found.rows()] == [
        ("a", at(0), 3),
        ("a", at(15), 4),
        ("b", at(0), 3),
        ("b", at(15), 4),
    ]
    assert found["spread"].round(2).to_list()[:2] == [None, pytest.approx(0.01)]
    assert [path.name for path in tmp_path.iterdir()] == [DAY_1]


def test_a_row_that_tells_nothing_new_is_not_written(tmp_path: Path) -> None:
    writer = SnapshotWriter(tmp_path, ["mid", "age"], passive=["age"])
    same = [row(0.5, 1), row(math.nan, 1)]

    counts = [
        writer.add(at(0), 4, ["a", "b"], np.array(same)),
        writer.add(at(15), 4, ["a", "b"], np.array([row(0.5, 16), row(math.nan, 16)])),
        writer.add(at(30), 4, ["a", "b"], np.array([row(0.5, 31), row(0.1, 31)])),
        writer.add(at(45), 4, ["a", "b"], np.array([row(0.4, 46), row(math.nan, 46)])),
    ]
    writer.close()

    assert counts == [2, 0, 1, 2]
    assert [(name, when, age) for name, when, _, _, age in table(tmp_path / DAY_1)] == [
        ("a", at(0), 1),
        ("a", at(45), 46),
        ("b", at(0), 1),
        ("b", at(30), 31),
        ("b", at(45), 46),
    ]


def test_each_day_stands_for_itself(tmp_path: Path) -> None:
    writer = SnapshotWriter(tmp_path, ["mid"])
    writer.add(at(0), 0, ["a"], np.array([row(0.5)]))
    writer.add(at(86_400), 0, ["a"], np.array([row(0.5)]))
    writer.close()

    assert table(tmp_path / DAY_1) == [("a", at(0), 0, 0.5)]
    assert table(tmp_path / DAY_2) == [("a", at(86_400), 0, 0.5)]


def test_a_day_goes_on_after_a_kill_and_after_a_close(tmp_path: Path) -> None:
    killed = SnapshotWriter(tmp_path, ["mid"])
    killed.add(at(0), 0, ["b"], np.array([row(0.5)]))
    killed.flush()
    closed = SnapshotWriter(tmp_path, ["mid"])
    closed.add(at(15), 0, ["a"], np.array([row(0.25)]))
    closed.close()
    again = SnapshotWriter(tmp_path, ["mid"])
    again.add(at(30), 0, ["a"], np.array([row(0.25)]))
    again.close()

    assert table(tmp_path / DAY_1) == [
        ("a", at(15), 0, 0.25),
        ("a", at(30), 0, 0.25),
        ("b", at(0), 0, 0.5),
    ]


def test_a_large_day_is_put_in_order_market_by_market(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "PART_ROWS", 50)
    monkeypatch.setattr(snapshots, "WINDOW_ROWS", 40)
    writer = SnapshotWriter(tmp_path, ["mid"])
    names = [f"m{number:02}" for number in range(20)]
    for step in range(20):
        values = np.full((20, 1), step / 32)
        writer.add(NOON + step * SECOND, 4, names[::-1], values)
    writer.close()

    found = pl.read_parquet(tmp_path / DAY_1)

    assert found.height == 400
    assert found.equals(found.sort("market", "at"))
    assert found["mid"].to_list() == [step / 32 for step in range(20)] * 20


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(TapeError, match="cannot be written"):
        SnapshotWriter(tmp_path / "file" / "snapshots", ["mid"])


def staged(seconds: float, stage: Stage, name: str = "m") -> StageChanged:
    return StageChanged(at=at(seconds), market=MarketId(name), stage=stage)


def test_a_market_is_written_as_often_as_its_tier_says(tmp_path: Path) -> None:
    every = (3_600 * SECOND, 300 * SECOND, 60 * SECOND, 30 * SECOND, 15 * SECOND)
    beside = Snapshots(tmp_path, every, (Feed.GAMMA, Feed.BOOK, Feed.CLOCK))
    happened: dict[int, list[Event]] = {
        1: [listed("m", 1), staged(1, Stage.T3), book(1)],
        50: [book(50, (("0.40", "9"),))],
        70: [book(70, (("0.41", "9"),)), staged(70, Stage.DEACTIVATED)],
    }

    for second in range(1, 120):
        for event in happened.get(second, []):
            beside.see(event)
        beside.see(ClockTicked(at=at(second)))
    beside.close()

    found = pl.read_parquet(tmp_path / DAY_1)
    assert found.select("at", "tier").rows() == [(at(1), 3), (at(60), 3)]
    assert found["best_bid"].round(2).to_list() == pytest.approx([0.48, 0.40])
    assert found["tick_size"].to_list() == pytest.approx([0.01, 0.01])
    assert found["volume_24h"].null_count() == 2
    assert beside.rows == 2


def test_the_columns_are_the_catalogs_without_the_portfolios() -> None:
    assert len(NAMES) == 87
    assert {*AGES, *PASSIVE} <= set(NAMES) <= set(CATALOG)
    assert "position_shares" not in NAMES
