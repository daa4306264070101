"""One file in: the rows that can be judged as Parquet, the others listed with row, column and reason.

Rows in = rows out + rows listed. Only lines without anything after the last row count for nothing.
"""

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import msgspec
import numpy as np
import polars as pl

from kumihimo.linkaudit import schema
from kumihimo.linkaudit.intake.cells import Reading, joined, read_cells
from kumihimo.linkaudit.intake.delimited import read_text
from kumihimo.linkaudit.intake.mapping import COLUMNS, NEEDED, Layout, Mapping, Side
from kumihimo.linkaudit.intake.parquets import read_parquet
from kumihimo.linkaudit.intake.quality import Quality, Tally
from kumihimo.linkaudit.intake.sheets import BadTable, Progress, Sheet, kind_of, no_progress
from kumihimo.linkaudit.intake.workbooks import read_workbook
from kumihimo.linkaudit.schema import Fault

# What stands between columns that are joined: a space, but in what is a code.
_JOINTS: Final = {"number": "", "record_id": "-", "account": "-", "household": "-"}
_TWICE: Final = -1
_SPACE: Final = "\u3000"
_TABLES: Final = {"rows": schema.ROWS, "snapshot": schema.SNAPSHOT, "history": schema.HISTORY}


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one file: rows in, out and listed, and the quality of each column."""

    side: Side
    rows_in: int
    rows_out: int
    rows_listed: int
    quality: list[Quality]


def open_sheet(path: Path, layout: Layout) -> Sheet:
    """Open a file by what it is, whatever it is called. Raises `BadTable`."""
    kind = "parquet" if path.is_dir() else kind_of(path)
    if not str(path).isprintable():
        raise BadTable(f"{path}: give the file a name that can be printed")
    if kind == "parquet":
        return read_parquet(path)
    return read_workbook(path, layout) if kind == "excel" else read_text(path, layout)


def take_in(
    mapping: Mapping, side: Side, path: Path, folder: Path, *, progress: Progress = no_progress
) -> Taken:
    """Read one file into `folder`/<side>/part-*.parquet and `folder`/bad_<side>.parquet.

    What stood there of an earlier attempt is replaced. Raises `BadTable`.
    """
    out = folder / side
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True, mode=0o700)
    work, bad = _pass(mapping, side, path, out, progress)
    bad.write_parquet(folder / f"bad_{side}.parquet")
    return work.told(bad)


def look_over(mapping: Mapping, side: Side, path: Path, *, rows_max: int) -> Taken:
    """Say what `take_in` would, of the first rows at least; writes nothing. Raises `BadTable`."""
    work, bad = _pass(mapping, side, path, None, no_progress, rows_max)
    return work.told(bad)


def _pass(
    mapping: Mapping,
    side: Side,
    path: Path,
    out: Path | None,
    progress: Progress,
    rows_max: float = math.inf,
) -> tuple["_Work", pl.DataFrame]:
    layout = mapping.layout(side)
    sheet = open_sheet(path, layout)
    picked = _picked(path, sheet.headings, layout, mapping, side)
    needed = mapping.required if side == "rows" else NEEDED[side]
    reading = Reading(
        columns=tuple(picked),
        required=tuple(name for name in needed if name in picked),
        space=mapping.space,
        dates=layout.dates,
        pad=layout.pad,
    )
    work = _Work(mapping, side, reading, out)
    for block in _numbered(sheet.blocks):
        work.add(block.select("row", "line", "fault", "at", **picked))
        progress(sheet.done(), sheet.total)
        if work.rows_in >= rows_max:
            break
    return work, work.finish()


def _picked(
    path: Path, headings: tuple[str, ...], layout: Layout, mapping: Mapping, side: Side
) -> dict[str, pl.Expr]:
    """Return each column of ours as an expression over theirs.

    Headings are not quoted: where the heading's line is wrong they are a person's data.
    """
    where = {f"#{n}": n for n in range(1, len(headings) + 1)}
    for n, name in enumerate(headings, start=1):
        where[name] = n if where.get(name, n) == n else _TWICE
    found: dict[str, pl.Expr] = {}
    for ours in COLUMNS[side]:
        theirs = layout.columns.get(ours)
        if theirs is None or ours in mapping.without:
            continue
        listed = [theirs] if isinstance(theirs, str) else theirs
        places = [where.get("".join(name.split()), 0) for name in listed]
        for name, place in zip(listed, places, strict=True):
            if place < 1:
                if getattr(mapping, side) is None and place == 0 and ours not in NEEDED[side]:
                    break  # a file in the audit's own columns need not hold all of them
                count = "stands more than once" if place else "is not there"
                raise BadTable(
                    f"{path}: {side}.columns.{ours}: {name!r} {count} in line {layout.heading}"
                    f" ({len(headings)} columns); `kumihimo audit map` shows them",
                    pointer=f"{side}.columns.{ours}",
                )
        else:
            parts = [pl.col(f"c{place}") for place in places]
            whole = parts[0] if len(parts) == 1 else joined(parts, _JOINTS.get(ours, _SPACE))
            found[ours] = whole
    return found


def _numbered(blocks: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Count the rows from 1, mark the empty ones, and hold back those that nothing follows."""
    held: list[pl.DataFrame] = []
    row = 0
    for found in blocks:
        texts = pl.all_horizontal(pl.col("^c[0-9]+$").str.strip_chars() == "")
        empty = found.select(texts & pl.col("fault").is_null()).to_series().fill_null(value=False)
        fault = pl.when(empty).then(pl.lit(Fault.EMPTY)).otherwise(pl.col("fault"))
        block = found.with_columns(fault=fault)
        full = (~empty).arg_true()
        if not len(full):
            held.append(block)
            continue
        last = int(full[-1]) + 1
        whole = pl.concat([*held, block[:last]])
        held = [block[last:]]
        yield whole.with_row_index("row", row + 1).with_columns(pl.col("row").cast(pl.Int64))
        row += len(whole)


@attrs.define
class _Work:
    """The pass over one file."""

    mapping: Mapping
    side: Side
    reading: Reading
    out: Path | None
    rows_in: int = 0
    number: int = 0
    bad: list[pl.DataFrame] = attrs.Factory(list[pl.DataFrame])
    tally: Tally = attrs.Factory(Tally)

    def add(self, block: pl.DataFrame) -> None:
        self.rows_in += len(block)
        # What the file calls the column where a line could not be decoded.
        column = pl.when(pl.col("at").is_not_null()).then(pl.format("#{}", "at"))
        block = block.with_columns(column=column)
        read = read_cells(block, self.reading)
        self.tally.add(block, read, self.reading)
        if "record_id" not in read.columns and self.side == "rows":
            read = read.with_columns(record_id=pl.col("row").cast(pl.String))
        self.bad.append(_listed(read.filter(pl.col("fault").is_not_null())))
        if self.out is not None:
            self._write(read.filter(pl.col("fault").is_null()), self.out)

    def told(self, bad: pl.DataFrame) -> Taken:
        """Say what came of the file."""
        return Taken(
            side=self.side,
            rows_in=self.rows_in,
            rows_out=self.rows_in - len(bad),
            rows_listed=len(bad),
            quality=self.tally.told(),
        )

    def _write(self, good: pl.DataFrame, out: Path) -> None:
        table = _TABLES[self.side]
        made = good.select(
            pl.col(name).cast(kind) if name in good.columns else self._absent(name, kind)
            for name, kind in table.items()
        )
        made.write_parquet(out / f"part-{self.number:05}.parquet", compression="zstd")
        self.number += 1

    def _absent(self, name: str, kind: type[pl.DataType]) -> pl.Expr:
        value = self.mapping.affair if (self.side, name) == ("rows", "affair") else None
        return pl.lit(value, kind).alias(name)

    def finish(self) -> pl.DataFrame:
        """List the rows whose record id stood in an earlier row; return everything listed."""
        if self.side == "rows" and self.number and self.out is not None:
            self._take_out_repeated(self.out)
        listed = [one for one in self.bad if len(one)]
        return pl.concat(listed).sort("row") if listed else pl.DataFrame(schema=schema.BAD_ROWS)

    def _take_out_repeated(self, out: Path) -> None:
        parts = sorted(out.glob("part-*.parquet"))
        twice = _twice(parts)
        if not len(twice):
            return
        # Two ids may share a hash: the texts decide.
        suspected = pl.col("record_id").hash().is_in(twice.implode())
        scan = pl.scan_parquet(parts).select("row", "record_id").filter(suspected)
        texts = scan.collect(engine="streaming").sort("row")
        later = texts.filter(~pl.col("record_id").is_first_distinct())["row"]
        for part in parts:
            table = pl.read_parquet(part)
            again = table["row"].is_in(later.implode())
            if again.any():
                self.bad.append(
                    table.filter(again).select(
                        "row",
                        pl.lit(None, pl.Int64).alias("line"),
                        "record_id",
                        pl.lit("record_id").alias("column"),
                        pl.lit(Fault.REPEATED).alias("fault"),
                    )
                )
                table.filter(~again).write_parquet(part, compression="zstd")


def _twice(parts: list[Path]) -> pl.Series:
    """Return the hashes of record ids that occur more than once; eight bytes a row are held."""
    sizes = [int(pl.scan_parquet(part).select(pl.len()).collect().item()) for part in parts]
    hashes = np.empty(sum(sizes), dtype=np.uint64)
    at = 0
    for part, size in zip(parts, sizes, strict=True):
        ids = pl.read_parquet(part, columns=["record_id"])["record_id"]
        hashes[at : at + size] = ids.hash().to_numpy()
        at += size
    hashes.sort()
    return pl.Series(np.unique(hashes[1:][hashes[1:] == hashes[:-1]]))


def _listed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind).alias(name)
        for name, kind in schema.BAD_ROWS.items()
    )
