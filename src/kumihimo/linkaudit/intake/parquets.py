"""Parquet by blocks of texts: a number, a date or a category is read as the text it stands for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from kumihimo.linkaudit.intake.sheets import BLOCK_ROWS, BadTable, Sheet, frame, parts

_TEXTS: Final = (pl.String, pl.Categorical, pl.Enum)


def read_parquet(path: Path) -> Sheet:
    """Open a Parquet file, or the parts of a folder, as one table. Raises `BadTable`."""
    files = parts(path)
    names, *others = (_names(file) for file in files)
    if any(other != names for other in others):
        raise BadTable(f"{path}: the parts have different columns")
    read = [0]
    sizes = [int(pl.scan_parquet(file).select(pl.len()).collect().item()) for file in files]
    return Sheet(tuple(names), _blocks(files, names, sizes, read), sum(sizes), lambda: read[0])


def _names(file: Path) -> list[str]:
    """Return the columns that hold one plain value a row."""
    try:
        found = pl.read_parquet_schema(file)
    except (pl.exceptions.PolarsError, OSError):
        raise BadTable(f"{file}: not a Parquet file that can be read") from None
    return [name for name, kind in found.items() if not kind.is_nested() and kind != pl.Binary]


def _blocks(
    files: list[Path], names: list[str], sizes: list[int], read: list[int]
) -> Iterator[pl.DataFrame]:
    line = 0
    for file, size in zip(files, sizes, strict=True):
        for start in range(0, size, BLOCK_ROWS):
            table = _slice(file, names, start)
            lines = pl.int_range(line + 1, line + 1 + len(table), eager=True)
            yield frame(lines, [_text(column) for column in table.get_columns()])
            line += len(table)
            read[0] = line


def _slice(file: Path, names: list[str], start: int) -> pl.DataFrame:
    try:
        return pl.scan_parquet(file).select(names).slice(start, BLOCK_ROWS).collect()
    except (pl.exceptions.PolarsError, OSError):
        raise BadTable(f"{file}: not a Parquet file that can be read") from None


def _text(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, _TEXTS):
        return column.cast(pl.String).fill_null("")
    if column.dtype.is_float():
        whole = (column == column.round()).all()
        column = column.cast(pl.Int64) if whole else column
    if column.dtype.is_temporal() and column.dtype != pl.Date:
        column = column.dt.strftime("%Y-%m-%d %H:%M:%S").str.strip_suffix(" 00:00:00")
    return column.cast(pl.String, strict=False).fill_null("")
