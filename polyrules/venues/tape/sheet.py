"""One batch of rows of a stranger's table, and what was kept out of it."""

import polars as pl

from polyrules.venues.tape.left_out import LeftOut

LINE = "_line"


class Sheet:
    """The rows of a file that are still good. Reasons are given as rows leave.

    Args:
        name: The file's name, for places.
        rows: A batch with its line numbers in the column `LINE`.
        schema: The columns of the file as they came.
    """

    def __init__(
        self, name: str, rows: pl.DataFrame, schema: pl.Schema, left_out: LeftOut
    ) -> None:
        self.name = name
        self.rows = rows
        self.schema = schema
        self._left_out = left_out

    def add(self, **expressions: pl.Expr) -> None:
        """Add columns, or replace them."""
        self.rows = self.rows.with_columns(**expressions)

    def keep(self, condition: pl.Expr, otherwise: str) -> None:
        """Keep the rows where `condition` is true; the others leave, `otherwise`."""
        good = self.rows.select(condition.fill_null(value=False)).to_series()
        if not good.all():
            lines = self.rows.filter(~good)[LINE].to_list()
            self._left_out.add_lines(self.name, lines, otherwise)
            self.rows = self.rows.filter(good)
