"""Tables of strangers, through a mapping, onto a tape.

Files are read in batches and turned into rows by columns, twice: first for the facts of
the markets, then for their rows. What does not fit is left out, counted and told with
its line. Facts of a market come from its earliest row, whatever the order of the files,
and its answer only from a row of outcomes: nothing is ever taken from a later row.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import polars as pl

from polyrules.domain.money import ONE
from polyrules.errors import InputError
from polyrules.venues.tape import columns, shapes
from polyrules.venues.tape.assumptions import answers_known, sentences
from polyrules.venues.tape.left_out import LeftOut
from polyrules.venues.tape.manifest import FORMAT, Manifest, source
from polyrules.venues.tape.mapping import (
    Mapping,
    Markets,
    Outcomes,
    PriceSeries,
    RowTable,
    Table,
    Time,
    micros,
)
from polyrules.venues.tape.markets import Known
from polyrules.venues.tape.sheet import LINE, Sheet
from polyrules.venues.tape.writer import TapeWriter

BATCH = 50_000  # rows held at once
SUFFIXES = (".parquet", ".csv", ".csv.gz")
HALF = ONE // 2
Progress = Callable[[str, int], None]  # file name, rows read since the last call


def import_tables(
    files: list[Path], mapping: Mapping, writer: TapeWriter, progress: Progress
) -> Manifest:
    """Read `files` as `mapping` says and close `writer` with what they hold.

    Raises:
        InputError: A file is of no known kind, matches no table, cannot be read or
            lacks a column; a table of the mapping matches no file; or nothing in the
            files can be used.
        TapeError: The tape cannot be written.
    """
    importing = TableImport(mapping, writer, progress)
    importing.read(_match(files, mapping))
    for event in importing.known.events():
        writer.append(event)
    if writer.empty:
        raise importing.left_out.everything()
    return writer.close(importing.manifest(files))


class TableImport:
    """An import under way: what is known of the markets, and what was left out."""

    def __init__(
        self, mapping: Mapping, writer: TapeWriter, progress: Progress
    ) -> None:
        self.mapping = mapping
        self.left_out = LeftOut()
        self.notes: Counter[str] = Counter()
        self.known = Known(mapping.constants, self.left_out)
        self._writer = writer
        self._progress = progress

    def read(self, pairs: list[tuple[Path, Table]]) -> None:
        """Read files, each as its table of the mapping."""
        for file, table in pairs:
            self._look(file, table)
        joined = self.known.joined()
        for file, table in pairs:
            if isinstance(table, Markets):
                continue
            for batch, schema in _batches(file, table, shapes.named(table)):
                self._progress(file.name, batch.height)
                sheet = Sheet(file.name, batch, schema, self.left_out)
                self._take(sheet, table, joined)

    def manifest(self, files: Iterable[Path]) -> Manifest:
        """Return what the tape's manifest is to say of this import."""
        mapping, assume = self.mapping, self.mapping.assume
        answers = [
            answers_known(mapping, table.at)
            for table in mapping.tables
            if isinstance(table, Outcomes)
        ]
        return Manifest(
            format=FORMAT,
            made_by="",
            title=mapping.title,
            sources=tuple(map(source, files)),
            stated=self.known.stated(),
            assumptions=(*sentences(mapping), *answers),
            tick=micros(assume.tick_interval) if assume.tick_interval else None,
            max_age={"book": micros(assume.book_stands)} if assume.book_stands else {},
            assumed_books=any(isinstance(each, PriceSeries) for each in mapping.tables),
            flagged=assume.flag_prices,
            left_out=self.left_out.as_counts(),
            problems=tuple(self.left_out.problems),
            notes=dict(self.notes),
        )

    def _look(self, file: Path, table: Table) -> None:
        """Read what a file tells of its markets; its rows come later."""
        if isinstance(table, Outcomes):
            return
        when = table.listed if isinstance(table, Markets) else table.at
        names = [table.market, *shapes.named(table.facts)]
        names += shapes.named(when) if when else []
        for batch, schema in _batches(file, table, names):
            if isinstance(table, Markets):
                self._progress(file.name, batch.height)
                sheet = Sheet(file.name, batch, schema, self.left_out)
                _stand(sheet, table.market, when)
                self.known.describe(shapes.facts(table.facts, sheet))
            else:  # what leaves here leaves again, and is told, with the rows
                sheet = Sheet(file.name, batch, schema, LeftOut())
                _stand(sheet, table.market, when)
                self.known.see(shapes.facts(table.facts, sheet))

    def _take(
        self, sheet: Sheet, table: RowTable | Outcomes, joined: pl.DataFrame
    ) -> None:
        if isinstance(table, Outcomes):
            self._answers(sheet, table)
            return
        _stand(sheet, table.market, table.at)
        sheet.rows = sheet.rows.join(
            joined, on="market", how="left", maintain_order="left"
        )
        for frame in shapes.events(sheet, table, self.mapping.assume):
            self._writer.append_frame(frame)
            self._look_at(frame)

    def _look_at(self, frame: pl.DataFrame) -> None:
        """Note what the finished rows show: finer ticks, prices to be distrusted."""
        if "bid_px" not in frame.columns:
            return
        if self.mapping.assume.tick_from_books:
            for market, tick, at in shapes.finest(frame).iter_rows():
                self.known.finer(market, tick, at)
        flags = self.mapping.assume.flag_prices
        if flags:
            mid = (
                pl.col("bid_px").list.first().fill_null(0)
                + pl.col("ask_px").list.first().fill_null(ONE)
            ) / (2 * ONE)
            flagged = frame.filter((mid <= flags.below) | (mid >= flags.above))
            self.notes["prices possibly after the answer"] += flagged.height

    def _answers(self, sheet: Sheet, table: Outcomes) -> None:
        delay = micros(self.mapping.assume.resolution_delay)
        _name(sheet, table.market)
        sheet.add(
            at=columns.time(table.at, sheet.schema) + delay,
            payout=shapes.payout(table),
        )
        if table.winner is None:
            # A flag stands on some rows only: the others are silent, not wrong.
            sheet.rows = sheet.rows.filter(columns.text(table.payout_yes).is_not_null())
        sheet.keep(pl.col("payout").is_in([0, HALF, ONE]), "no answer we know")
        sheet.keep(columns.plausible(pl.col("at")), columns.NO_TIME)
        rows = sheet.rows.select("market", "at", "payout", LINE)
        for market, at, payout, line in rows.iter_rows():
            self.known.answer(market, at, payout, f"{sheet.name}:{line}")


def _name(sheet: Sheet, market: str) -> None:
    sheet.add(market=columns.text(market))
    sheet.keep(pl.col("market").is_not_null(), "no market")


def _stand(sheet: Sheet, market: str, when: Time | None) -> None:
    """Give the rows of `sheet` their market and their time, if they have one."""
    _name(sheet, market)
    if when is None:
        sheet.add(at=pl.lit(None, pl.Int64))
    else:
        sheet.add(at=columns.time(when, sheet.schema))
        sheet.keep(columns.plausible(pl.col("at")), columns.NO_TIME)


def is_for(file: Path, mapping: Mapping) -> bool:
    """Tell whether a table of `mapping` is for `file`, by its name."""
    return any(fnmatchcase(file.name, table.file) for table in mapping.tables)


def _match(files: list[Path], mapping: Mapping) -> list[tuple[Path, Table]]:
    """Pair files with their tables: descriptions of markets first."""
    pairs = [
        (file, table)
        for table in mapping.tables
        for file in files
        if fnmatchcase(file.name, table.file)
    ]
    for file in files:
        if not file.name.endswith(SUFFIXES):
            raise InputError(
                f"{file}: not a table", hint=f"tables are {', '.join(SUFFIXES)}"
            )
        if not is_for(file, mapping):
            names = ", ".join(table.file for table in mapping.tables)
            raise InputError(
                f"{file}: no table of the mapping is for this file",
                hint=f"the mapping's tables are for: {names}",
            )
    for number, table in enumerate(mapping.tables):
        if all(table is not matched for _, matched in pairs):
            raise InputError(
                f"tables[{number}] of the mapping is for {table.file}, and no such"
                " file was given"
            )
    return sorted(pairs, key=lambda pair: not isinstance(pair[1], Markets))


def _batches(
    file: Path, table: Table, names: list[str | None]
) -> Iterator[tuple[pl.DataFrame, pl.Schema]]:
    """Yield the rows of `file`, numbered as its lines are, with the file's schema.

    Of its columns come those of `names`; all that `table` names must be there.
    """
    is_parquet = file.name.endswith(".parquet")
    try:
        if is_parquet:
            lazy = pl.scan_parquet(file, glob=False)
        else:
            # Text stays text: ids of 77 digits fit no number, and nothing is guessed.
            lazy = pl.scan_csv(file, infer_schema=False, glob=False)
        schema = lazy.collect_schema()
        columns.require(schema, shapes.named(table), file.name)
        numbered = lazy.with_row_index(LINE, 1 if is_parquet else 2)
        wanted = numbered.select(LINE, *dict.fromkeys(filter(None, names)))
        batches = wanted.collect_batches(chunk_size=BATCH, maintain_order=True)
        for batch in batches:
            yield batch, schema
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from error
