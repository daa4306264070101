"""What every stage of an audit is given: where its inputs are, how large its parts, who works."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit.schema import HISTORY
from kumihimo.linkaudit.workers import cores

_BYTES: Final = 1 << 30
# Measured: what one row of a partition takes at most while it is judged, both sides together.
ROW_BYTES: Final = 1600
_ROWS_MIN: Final = 50_000  # smaller parts cost more to open than to judge
_ROWS_MAX: Final = 4_000_000


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

    def columns(self) -> list[str]:
        """Return the names of its columns."""
        return self.scan().collect_schema().names()

    def chunks(self, size: int) -> list[tuple[int, int]]:
        """Return first row and count of each chunk of at most `size` rows."""
        total = self.rows()
        return [(first, min(size, total - first)) for first in range(0, total, size)]


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

    def chunks(self, table: Table) -> list[tuple[int, int]]:
        """Return first row and count of each chunk of a table."""
        return table.chunks(self.sizes.rows)

    def read_history(self, first: int, count: int) -> pl.DataFrame:
        """Return some lines of the history, numbers as integers."""
        if self.history is None:
            return pl.DataFrame(schema=HISTORY).with_columns(pl.col("number").cast(pl.Int64))
        part = self.history.part(first, count)
        return part.select(pl.col("number").cast(pl.Int64), "attribute", "value")
