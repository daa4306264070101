"""Parquet by blocks of texts: a number, a date or a category is read as the text it stands for.

A block is a piece of one file, and can be read by whoever is free.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit.intake.sheets import BLOCK_ROWS, BadTable, Sheet, frame, parts

_TEXTS: Final = (pl.Categorical, pl.Enum)


@attrs.frozen
class Piece:
    """Some rows of one file: the file, where they begin in it, how many; `line` is the first's."""

    file: Path
    names: tuple[str, ...]
    first: int
    count: int
    line: int

    def read(self, asked: Collection[str] | None = None) -> pl.DataFrame:
        """Return its rows as a block, of `c1`, `c2`, … only those that are asked. Raises `BadTable`."""
        names = {f"c{n}": name for n, name in enumerate(self.names, start=1)}
        if asked is not None:
            names = {ours: name for ours, name in names.items() if ours in asked}
        try:
            scan = pl.scan_parquet(self.file).select(names.values())
            table = scan.slice(self.first, self.count).collect()
        except (pl.exceptions.PolarsError, OSError):
            raise BadTable(f"{self.file}: not a Parquet file that can be read") from None
        lines = pl.int_range(self.line, self.line + len(table), eager=True)
        block = frame(lines, [_text(column) for column in table.get_columns()])
        return block.rename({f"c{n}": ours for n, ours in enumerate(names, start=1)})


def read_parquet(path: Path) -> Sheet:
    """Open a Parquet file, or the parts of a folder, as one table. Raises `BadTable`."""
    files = parts(path)
    names, *others = (_names(file) for file in files)
    if any(other != names for other in others):
        raise BadTable(f"{path}: the parts have different columns")
    found = pieces(path)
    read = [0]
    total = sum(one.count for one in found)
    return Sheet(tuple(names), _blocks(found, read), total, lambda: read[0])


def pieces(path: Path) -> list[Piece]:
    """Return the pieces of a Parquet file, or of the parts of a folder, in order. Raises `BadTable`."""
    found: list[Piece] = []
    line = 1
    for file in parts(path):
        names = tuple(_names(file))
        size = int(pl.scan_parquet(file).select(pl.len()).collect().item())
        found += [
            Piece(file, names, first, min(BLOCK_ROWS, size - first), line + first)
            for first in range(0, size, BLOCK_ROWS)
        ]
        line += size
    return found


def _names(file: Path) -> list[str]:
    """Return the columns that hold one plain value a row."""
    try:
        found = pl.read_parquet_schema(file)
    except (pl.exceptions.PolarsError, OSError):
        raise BadTable(f"{file}: not a Parquet file that can be read") from None
    return [name for name, kind in found.items() if not kind.is_nested() and kind != pl.Binary]


def _blocks(found: Sequence[Piece], read: list[int]) -> Iterator[pl.DataFrame]:
    for piece in found:
        yield piece.read()
        read[0] += piece.count


def _text(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        return column
    if isinstance(column.dtype, _TEXTS):
        return column.cast(pl.String)
    if column.dtype.is_float():
        whole = (column == column.round()).all()
        column = column.cast(pl.Int64) if whole else column
    if column.dtype.is_temporal() and column.dtype != pl.Date:
        column = column.dt.strftime("%Y-%m-%d %H:%M:%S").str.strip_suffix(" 00:00:00")
    return column.cast(pl.String, strict=False)
