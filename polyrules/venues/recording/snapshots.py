"""Features of markets at moments, for research: one table a day, apart from the tape.

A row is written only if it tells something new: a market whose features are all as they
were at its last row has none. Numbers are float32, missing is null, rows stand by
market and then by time. A day is gathered in parts and put in order when it is over, or
at the end; a kill costs at most the part at hand.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from polyrules.clock import to_datetime
from polyrules.domain.moments import DAY, day_of
from polyrules.errors import TapeError
from polyrules.venues.recording import disk

PART_ROWS = 100_000  # rows gathered before they become a part
WINDOW_ROWS = 400_000  # rows sorted at once
ROW_GROUP = 50_000
KEYS = ("market", "at", "tier")

Values = NDArray[np.float32]


class SnapshotWriter:
    """Writes snapshots below a folder, `YYYY-MM-DD.parquet` for each day.

    Args:
        path: The folder; days that are there stay, and the day at hand goes on.
        names: The columns, in the order of what `add` is given.
        passive: Those among them that change by time alone, such as ages: they are
            written with a row, and are no reason for one.

    Attributes:
        rows: Rows written or gathered since it was opened.

    Raises:
        TapeError: The folder cannot be made.
    """

    def __init__(
        self, path: Path, names: Sequence[str], passive: Sequence[str] = ()
    ) -> None:
        self.rows = 0
        self._path = path
        self._names = tuple(names)
        self._active = np.array([name not in passive for name in names])
        self._index: dict[str, int] = {}  # markets, by their row in `_last`
        self._last: Values = np.zeros((0, len(names)), np.float32)
        self._seen = np.zeros(0, np.bool_)
        self._frames: list[pl.DataFrame] = []
        self._held = 0
        self._day = -1
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(path, error) from error

    def add(
        self, at: int, tier: int, markets: Sequence[str], values: NDArray[np.floating]
    ) -> int:
        """Take a snapshot of some markets.

        Args:
            at: Its moment [microseconds UTC], never before the last one.
            tier: Their tier, 0 to 4.
            markets: Their ids.
            values: Their features, shape (markets, names); NaN is missing.

        Returns:
            How many of them told something new.

        Raises:
            TapeError: It cannot be written.
        """
        if day_of(at) != self._day:
            self._turn(day_of(at))
        told = values.astype(np.float32)
        new = self._changed(markets, told)
        count = int(new.sum())
        if count:
            kept = [
                market for market, is_new in zip(markets, new, strict=True) if is_new
            ]
            self._frames.append(self._frame(at, tier, kept, told[new]))
            self._held += count
            self.rows += count
        if self._held >= PART_ROWS:
            self.flush()
        return count

    def flush(self) -> None:
        """Return once what was gathered would survive a crash.

        Raises:
            TapeError: It cannot be written.
        """
        if not self._frames:
            return
        frame = pl.concat(self._frames).sort("market", "at")
        folder = self._folder(self._day)
        try:
            folder.mkdir(exist_ok=True)
            number = len(list(folder.glob("*.parquet"))) + 1
            _put(frame.lazy(), folder / f"{number:06}.parquet")
        except (OSError, pl.exceptions.PolarsError) as error:
            raise _unwritable(folder, error) from error
        self._frames, self._held = [], 0

    def close(self) -> None:
        """Put every day in order.

        Raises:
            TapeError: It cannot be written; the parts stay.
        """
        self.flush()
        for folder in sorted(self._path.glob(".*.parts")):
            _merge(folder, self._path / f"{folder.name[1:11]}.parquet")

    def _turn(self, day: int) -> None:
        """Begin a day: each one stands for itself, so its first rows are whole."""
        self.close()
        self._day = day
        self._seen[:] = False

    def _folder(self, day: int) -> Path:
        date = to_datetime(day * DAY).date().isoformat()
        return self._path / f".{date}.parts"

    def _changed(self, markets: Sequence[str], told: Values) -> NDArray[np.bool_]:
        """Return which rows differ from the last of their market, and remember them."""
        places = np.array([self._place(market) for market in markets], np.intp)
        last = self._last[places]
        same = (last == told) | (np.isnan(last) & np.isnan(told))
        new: NDArray[np.bool_] = ~self._seen[places] | ~same[:, self._active].all(
            axis=1
        )
        self._last[places[new]] = told[new]
        self._seen[places[new]] = True
        return new

    def _place(self, market: str) -> int:
        place = self._index.setdefault(market, len(self._index))
        if place >= len(self._last):
            more = max(len(self._last), 1_024)
            blank = np.zeros((more, len(self._names)), np.float32)
            self._last = np.concatenate([self._last, blank])
            self._seen = np.concatenate([self._seen, np.zeros(more, np.bool_)])
        return place

    def _frame(
        self, at: int, tier: int, markets: list[str], values: Values
    ) -> pl.DataFrame:
        numbers = pl.from_numpy(values, schema=list(self._names)).fill_nan(None)
        return numbers.select(
            pl.Series("market", markets, pl.String),
            pl.lit(at, pl.Int64).alias("at"),
            pl.lit(tier, pl.Int8).alias("tier"),
            *self._names,
        )


def _merge(folder: Path, path: Path) -> None:
    """Bring the parts of a day, and what is there of it already, into one table."""
    parts = sorted(folder.glob("[0-9]*.parquet"))
    if path.exists():
        parts = [path, *parts]
    windows = []
    try:
        for number, (first, after) in enumerate(_windows(parts)):
            window = pl.scan_parquet(parts, glob=False).filter(
                pl.col("market") >= first,
                pl.lit(value=True) if after is None else pl.col("market") < after,
            )
            windows.append(folder / f"window-{number:06}.partial")
            window.sort("market", "at").collect().write_parquet(
                windows[-1], compression="zstd", row_group_size=ROW_GROUP
            )
        if windows:
            _put(pl.scan_parquet(windows, glob=False), path)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unwritable(path, error) from error


def _windows(parts: list[Path]) -> Iterator[tuple[str, str | None]]:
    """Yield [first market, market after the last), each about WINDOW_ROWS rows."""
    if not parts:
        return
    counts = pl.scan_parquet(parts, glob=False).group_by("market").len().collect()
    starts: list[str] = []
    held = WINDOW_ROWS
    for market, rows in counts.sort("market").iter_rows():
        if held + rows > WINDOW_ROWS:
            starts.append(market)
            held = 0
        held += rows
    yield from pairwise([*starts, None])


def _put(frame: pl.LazyFrame, path: Path) -> None:
    partial = path.with_name(f".{path.name}.partial")
    frame.sink_parquet(partial, compression="zstd", row_group_size=ROW_GROUP)
    disk.put(partial, path)


def _unwritable(path: Path, error: Exception) -> TapeError:
    return TapeError(f"{path}: cannot be written: {error}")
