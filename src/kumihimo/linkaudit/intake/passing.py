"""One pass over a file, block by block: what can be judged is written, what cannot is listed."""

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Columns
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit import schema
from kumihimo.linkaudit.intake.cells import Column, Reading, read_cells
from kumihimo.linkaudit.intake.mapping import Mapping, Side
from kumihimo.linkaudit.intake.marking import Marked, mixed
from kumihimo.linkaudit.intake.parquets import Piece
from kumihimo.linkaudit.intake.quality import Tally, marks
from kumihimo.linkaudit.intake.sheets import empty_rows
from kumihimo.linkaudit.schema import Fault

TABLES: Final = {"rows": schema.ROWS, "snapshot": schema.SNAPSHOT, "history": schema.HISTORY}


@attrs.frozen(eq=False)
class Errand:
    """How a file is taken in. `picked` says our columns as expressions over `c1`, `c2`, …."""

    mapping: Mapping
    side: Side
    reading: Reading
    picked: dict[str, pl.Expr]

    def asked(self) -> set[str]:
        """Return which of `c1`, `c2`, … are picked."""
        return {name for one in self.picked.values() for name in one.meta.root_names()}


@attrs.frozen(eq=False)
class Read:
    """The good rows of a block (`Pass.table`). `same`: they are all of them, and read as they stood.

    `fresh` are those of them that were read and not known from before; `prints`, `marks` and `who`
    are kept of each row of the block (`marking`). `last` is its last row in which something stands, 0 for
    none; `blank` says that there is one in which nothing does.
    """

    good: pl.DataFrame
    same: bool
    fresh: pl.DataFrame
    last: int
    blank: bool
    prints: NDArray[np.uint64]
    marks: NDArray[np.uint32]
    who: NDArray[np.uint64]


@attrs.define
class Pass:
    """What came of a pass over a file, or over a piece of one."""

    errand: Errand
    rows_in: int = 0
    tally: Tally = attrs.Factory(Tally)
    bad: list[pl.DataFrame] = attrs.Factory(list[pl.DataFrame])

    def add(self, raw: pl.DataFrame, first: int, before: Marked | None = None) -> Read:
        """Read a block as a sheet has it, of rows that are counted from `first`.

        What stood as it is in the file before is not read again.
        """
        rows = pl.int_range(first, first + len(raw), dtype=pl.Int64, eager=True).alias("row")
        raw = raw.with_columns(rows)
        block = self._ours(raw)
        self.rows_in += len(block)
        hashes = {name: block[name].hash() for name in self.errand.reading.columns}
        prints, who = mixed(hashes)
        counted = np.zeros(len(block), np.uint32)
        if before is not None:
            counted = before.of(first, prints)  # 0 too where nothing stands: it may be a fault now
        new = counted == 0
        some = raw if new.all() else raw.filter(pl.Series(new)).rechunk()
        asked = self._ours(some)
        # Of what was known something stood in a column that is picked, and does.
        blank = empty_rows(some)
        if len(blank):
            fault = asked["fault"].scatter(blank.to_list(), str(Fault.EMPTY))
            asked = asked.with_columns(fault=fault)
        made = Made.of(asked, self.errand.reading, self.errand.reading.columns)
        kept = counted.copy()
        kept[new] = np.where(made.same, made.marks, 0)
        counted[new] = made.marks
        self.tally.add(hashes, first, counted)
        if made.bad is not None:
            self._list(made.bad)
            prints[made.bad["row"].to_numpy() - first] = 0
        full = np.ones(len(block), bool)
        full[np.flatnonzero(new)[blank.to_numpy()]] = False
        last = first + int(np.flatnonzero(full)[-1]) if full.any() else 0
        fresh, same = self.table(made.rows), bool(made.same.all())
        good = block if same else self._joined(block, new, fresh)
        return Read(good, same, fresh, last, bool(len(blank)), prints, kept, who)

    def _ours(self, raw: pl.DataFrame) -> pl.DataFrame:
        return raw.select("row", "line", "fault", "at", **self.errand.picked)

    def _joined(
        self, block: pl.DataFrame, new: NDArray[np.bool_], fresh: pl.DataFrame
    ) -> pl.DataFrame:
        """Return the rows of a block that were read beside those that were known."""
        if new.all():
            return fresh
        known = self.table(block.filter(pl.Series(~new)))
        return pl.concat([known, fresh]).sort("row")

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

    def table(self, good: pl.DataFrame, names: Collection[str] | None = None) -> pl.DataFrame:
        """Return rows in the columns of ours, or some of them, those that are not held as they count."""
        return good.select(
            pl.col(name).cast(kind) if name in good.columns else self._absent(name, kind)
            for name, kind in TABLES[self.errand.side].items()
            if names is None or name in names
        )

    def _absent(self, name: str, kind: type[pl.DataType]) -> pl.Expr:
        match self.errand.side, name:
            case "rows", "record_id":
                return pl.col("row").cast(kind).alias(name)
            case "rows", "affair":
                return pl.lit(self.errand.mapping.affair, kind).alias(name)
            case _:
                return pl.lit(None, kind).alias(name)


@attrs.frozen(eq=False)
class Made:
    """What was made of rows: the `good` ones as read, and of all whether they stand as read."""

    rows: pl.DataFrame
    same: NDArray[np.bool_]
    marks: NDArray[np.uint32]
    bad: pl.DataFrame | None

    @classmethod
    def of(cls, block: pl.DataFrame, reading: Reading, among: Sequence[str]) -> "Made":
        """Read the cells of a block; `among` are the names of all columns that are held."""
        columns = read_cells(block, reading)
        rows = pl.DataFrame(
            [block["row"], *(one.read.alias(name) for name, one in columns.items())]
        )
        same = np.ones(len(block), bool)
        for name, one in columns.items():
            if not one.same:
                same &= one.read.eq_missing(block[name]).to_numpy()
        faults, counted = _first_faults(block, columns), marks(columns, among)
        if faults is None:
            return cls(rows, same, counted, None)
        wrong = faults["fault"].is_not_null()
        told = rows.with_columns(block["line"], *faults.get_columns())
        bad = listed(told.filter(wrong))
        return cls(rows.filter(~wrong), same & (~wrong).to_numpy(), counted, bad)


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


def places(errand: Errand, piece: Piece) -> dict[str, str] | None:
    """Return what the file calls each column that is picked; None where one is no plain text."""
    held = pl.read_parquet_schema(piece.file)
    names = {f"c{n}": name for n, name in enumerate(piece.names, start=1)}
    theirs: dict[str, str] = {}
    for ours, one in errand.picked.items():
        name = names[one.meta.output_name()]
        if not one.meta.is_column() or held[name] != pl.String:
            return None
        theirs[ours] = name
    return theirs
