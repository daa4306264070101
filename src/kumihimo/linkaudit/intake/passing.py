"""One pass over a file, block by block: what can be judged is written, what cannot is listed."""

from collections.abc import Mapping as Columns
from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit import schema
from kumihimo.linkaudit.intake.cells import Column, Reading, read_cells
from kumihimo.linkaudit.intake.mapping import Mapping, Side
from kumihimo.linkaudit.intake.quality import Tally

TABLES: Final = {"rows": schema.ROWS, "snapshot": schema.SNAPSHOT, "history": schema.HISTORY}


@attrs.frozen(eq=False)
class Errand:
    """How a file is taken in. `picked` says our columns as expressions over `c1`, `c2`, …."""

    mapping: Mapping
    side: Side
    reading: Reading
    picked: dict[str, pl.Expr]


@attrs.frozen(eq=False)
class Read:
    """The good rows of a block. `same` says that they are all of them, and read as they stood."""

    good: pl.DataFrame
    same: bool


@attrs.define
class Pass:
    """What came of a pass over a file, or over a piece of one."""

    errand: Errand
    rows_in: int = 0
    tally: Tally = attrs.Factory(Tally)
    bad: list[pl.DataFrame] = attrs.Factory(list[pl.DataFrame])

    def add(self, block: pl.DataFrame) -> Read:
        """Read a block: row, line, fault, at (what was wrong before, and where), and our columns."""
        self.rows_in += len(block)
        columns = read_cells(block, self.errand.reading)
        self.tally.add(columns)
        same = all(one.same for one in columns.values())
        whole = pl.DataFrame(
            [block["row"], *(one.read.alias(name) for name, one in columns.items())]
        )
        if "record_id" not in columns and self.errand.side == "rows":
            whole, same = whole.with_columns(record_id=pl.col("row").cast(pl.String)), False
        faults = _first_faults(block, columns)
        if faults is None:
            return Read(self._table(whole), same)
        wrong = faults["fault"].is_not_null()
        marked = whole.with_columns(block["line"], *faults.get_columns())
        self._list(listed(marked.filter(wrong)))
        return Read(self._table(whole.filter(~wrong)), same=False)

    def _list(self, bad: pl.DataFrame) -> None:
        self.bad.append(bad)
        self.tally.add_faults(bad)

    def plus(self, later: "Pass") -> None:
        """Take what came of the next piece of the file."""
        self.rows_in += later.rows_in
        self.tally.plus(later.tally)
        self.bad += later.bad

    def end_at(self, last: int) -> None:
        """Forget the empty rows after the last full one: they are no rows."""
        empty = self.rows_in - last
        if empty:
            self.rows_in = last
            self.tally.without_last(empty)
            self.bad = [one.filter(pl.col("row") <= last) for one in self.bad]

    def listed(self) -> pl.DataFrame:
        """Return everything that was listed, by row."""
        found = [one for one in self.bad if len(one)]
        return pl.concat(found).sort("row") if found else pl.DataFrame(schema=schema.BAD_ROWS)

    def _table(self, good: pl.DataFrame) -> pl.DataFrame:
        return good.select(
            pl.col(name).cast(kind) if name in good.columns else self._absent(name, kind)
            for name, kind in TABLES[self.errand.side].items()
        )

    def _absent(self, name: str, kind: type[pl.DataType]) -> pl.Expr:
        value = (
            self.errand.mapping.affair if (self.errand.side, name) == ("rows", "affair") else None
        )
        return pl.lit(value, kind).alias(name)


def _first_faults(block: pl.DataFrame, columns: Columns[str, Column]) -> pl.DataFrame | None:
    """Return `fault` and `column` of each row, null where nothing is wrong; None if nothing is at all."""
    wrong = {name: one.faults for name, one in columns.items() if one.faults is not None}
    if not wrong and block["fault"].null_count() == len(block):
        return None
    # What the file calls the column where a line could not be decoded.
    place = pl.when(pl.col("at").is_not_null()).then(pl.format("#{}", "at"))
    found = block.select("fault", place.alias("column"))
    for name, faults in wrong.items():
        first = pl.col("fault").is_null() & faults.is_not_null()
        found = found.with_columns(
            fault=pl.coalesce(pl.col("fault"), faults),
            column=pl.when(first).then(pl.lit(name)).otherwise("column"),
        )
    return found


def listed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return `BAD_ROWS` of rows with `fault`."""
    return rows.select(
        pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind).alias(name)
        for name, kind in schema.BAD_ROWS.items()
    )
