"""What every stage of an audit is given: where its inputs are, how large its parts, who works."""

from collections.abc import Collection
from itertools import groupby
from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.arrows import batches
from kumihimo.linkaudit.schema import HISTORY
from kumihimo.linkaudit.workers import cores

_BYTES: Final = 1 << 30
FRESH: Final = ".fresh"
# Measured: what one row of a partition takes at most while it is judged, both sides together.
ROW_BYTES: Final = 2000
_ROWS_MIN: Final = 50_000  # smaller parts cost more to open than to judge
_ROWS_MAX: Final = 4_000_000
_FEW: Final = 20_000  # rows, both sides: they are judged before a process of its own has begun


@attrs.frozen
class Table:
    """A table given to an audit: a Parquet file, or a folder of them in the order of their names."""

    path: Path

    @property
    def files(self) -> list[Path]:
        """Return its files."""
        return sorted(self.path.glob("*.parquet")) if self.path.is_dir() else [self.path]

    def scan(self) -> pl.LazyFrame:
        """Return the table unread."""
        return pl.scan_parquet(self.files)

    def rows(self) -> int:
        """Return how many rows it has."""
        return int(self.scan().select(pl.len()).collect().item())

    def part(self, first: int, count: int, columns: Collection[str] | None = None) -> pl.DataFrame:
        """Return some rows of it, in those of some columns that it has."""
        scan = self.scan()
        if columns is not None:
            scan = scan.select(name for name in self.columns() if name in columns)
        return scan.slice(first, count).collect()

    def at(self, rows: NDArray[np.int64], columns: Collection[str]) -> pl.DataFrame:
        """Return the rows of some numbers (`row`, ascending), in those of some columns that it has.

        What an intake has read anew stands apart: whole rows, or of rows what changed in them. Of a large
        table little else is to be asked: to read few lines of a column takes as long as to read all of it.
        """
        held = [name for name in self.columns() if name in columns]
        asked = pl.Series("row", rows)
        files = sorted((self.path / FRESH).glob("*")) if self.path.is_dir() else []
        apart = [_apart(file, asked, held) for file in files if _near(file, rows)]
        found = list[pl.DataFrame]()
        for names, group in groupby(sorted(apart, key=_names), _names):
            some = pl.concat(group)
            lacking = [name for name in held if name not in names]
            if lacking and len(some):  # these stand as they stood, and not apart
                rest = _among(self.scan(), some["row"], ["row", *lacking])
                some = some.join(rest, on="row")
            found.append(some.select(held))
        have = pl.concat([one["row"] for one in found]) if found else asked.clear()
        rest = asked.filter(~asked.is_in(have.implode()))
        if len(rest):
            found.append(_among(self.scan(), rest, held))
        return pl.concat(found).sort("row") if found else self.part(0, 0, columns)

    def prints(self) -> Path | None:
        """Return where the intake left fingerprints of the rows, by row; None where it did not.

        They compare with those that lie in a folder of the same name.
        """
        return next(self.path.glob(".marked-*/prints.npy"), None) if self.path.is_dir() else None

    def who(self) -> Path | None:
        """Return where it left, by row, what of that is of whom the row names and not of her address."""
        prints = self.prints()
        return prints.with_name("who.npy") if prints else None

    def end(self) -> int:
        """Return a number above that of every row (`row`)."""
        prints = self.prints()
        if prints is not None:
            return len(np.load(prints, mmap_mode="r"))
        return 1 + (self.scan().select(pl.col("row").max()).collect().item() or 0)

    def columns(self) -> list[str]:
        """Return the names of its columns."""
        return self.scan().collect_schema().names()

    def chunks(self, size: int) -> list[tuple[int, int]]:
        """Return first row and count of each chunk of at most `size` rows."""
        return stretches(self.rows(), size)


def stretches(total: int, size: int) -> list[tuple[int, int]]:
    """Return first and count of each stretch of at most `size` of some things."""
    return [(first, min(size, total - first)) for first in range(0, total, size)]


def fresh_beside(part: Path) -> Path:
    """Return where rows of a part stand that were not known before."""
    return part.parent / FRESH / f"{part.stem}.arrow"


def _near(file: Path, rows: NDArray[np.int64]) -> bool:
    """Say whether some rows lie where those of a file do; both ascend."""
    ends = [(theirs[0], theirs[-1]) for one in batches(file) if len(theirs := one.integers("row"))]
    return any(len(rows) and rows[0] <= last and first <= rows[-1] for first, last in ends)


def _names(table: pl.DataFrame) -> list[str]:
    return table.columns


def _apart(file: Path, rows: pl.Series, columns: Collection[str]) -> pl.DataFrame:
    scan = pl.scan_ipc(file)
    held = scan.collect_schema().names()
    return _among(scan, rows, [name for name in held if name in columns])


def _among(scan: pl.LazyFrame, rows: pl.Series, columns: Collection[str]) -> pl.DataFrame:
    low, high = rows.min(), rows.max()
    some = scan.select(columns).filter(pl.col("row").is_between(low, high))
    return some.filter(pl.col("row").is_in(rows.implode())).collect()


@attrs.frozen
class Sizes:
    """How many rows a chunk or partition has, how many are done at a time, for a memory limit."""

    rows: int
    workers: int
    memory: int  # bytes, all workers together

    @classmethod
    def of(cls, memory_gib: float) -> "Sizes":
        """Return sizes with which `workers` parts together stay under the limit."""
        memory = int(memory_gib * _BYTES)
        workers = max(1, min(cores(), int(memory // (_ROWS_MIN * 4 * ROW_BYTES))))
        rows = int(memory / workers / ROW_BYTES)
        return cls(max(_ROWS_MIN, min(rows, _ROWS_MAX)), workers, memory)

    def even(self, rows: int) -> int:
        """Return the size of parts as large as may be, alike, and as many for every worker."""
        parts = -(-rows // self.rows)
        if parts > 1:
            parts = -(-parts // self.workers) * self.workers
        return max(1, -(-rows // max(1, parts)))


@attrs.frozen
class Setting:
    """One audit. A task gets it whole, so it holds paths and no secret.

    `holder` is the code of the municipality that keeps the rows, "" where none does.
    """

    folder: Path
    rows: Table
    snapshot: Table
    history: Table | None
    key: Path
    sizes: Sizes
    holder: str = ""

    def workers(self) -> int:
        """Return how many processes the audit is worth."""
        few = self.rows.rows() + self.snapshot.rows() < _FEW
        return 1 if few else self.sizes.workers

    def chunks(self, table: Table) -> list[tuple[int, int]]:
        """Return first row and count of each chunk of a table."""
        return table.chunks(self.sizes.even(table.rows()))

    def read_history(self, first: int, count: int) -> pl.DataFrame:
        """Return some lines of the history, numbers as integers."""
        if self.history is None:
            return pl.DataFrame(schema=HISTORY).with_columns(pl.col("number").cast(pl.Int64))
        part = self.history.part(first, count)
        return part.select(pl.col("number").cast(pl.Int64), "attribute", "value")
