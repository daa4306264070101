"""Tables of texts from a file, block by block: CSV, Parquet and Excel look the same after this.

A block is a data frame with `line` (of the file or sheet, from 1), `fault` and `at` (what was wrong
with a row already here, and in which column from 1; null where nothing was), and one text column
for each of the file's: `c1`, `c2`, … An empty field is an empty text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs
import polars as pl

from kumihimo.kernel.files import open_regular
from kumihimo.kernel.refusal import BadInput
from kumihimo.linkaudit.intake.mapping import Layout

BLOCK_ROWS: Final = 500_000  # our choice: some hundred megabytes of texts at a time
COLUMNS_MAX: Final = 2_000  # our choice: ten times the widest file of an office


class BadTable(BadInput):
    """A file cannot be read as the table that its mapping says."""

    code = "bad-table"
    title = "The file is not the table that the mapping describes"


@attrs.frozen(eq=False)
class Sheet:
    """A file opened as a table: its heading, and its rows in blocks. `done` of `total` are read."""

    headings: tuple[str, ...]
    blocks: Iterator[pl.DataFrame]
    total: int
    done: Callable[[], int]


def kind_of(path: Path) -> str:
    """Return `parquet`, `excel` or `text`, by the file's first bytes. Raises `BadTable`."""
    try:
        with open_regular(path) as file:
            start = file.read(8)
    except OSError as error:
        raise BadTable(f"{path}: {error.strerror}") from None
    if not start:
        raise BadTable(f"{path}: the file is empty")
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
        return "excel"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadTable(f"{path}: written in UTF-16; save it as UTF-8 or CP932 (Shift_JIS)")
    return "text"


def parts(path: Path) -> list[Path]:
    """Return the files to read: the file itself, or the Parquet parts of a folder, in order."""
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.parquet"))
    if not found:
        raise BadTable(f"{path}: a folder without *.parquet; name a file")
    return found


def heading_of(path: Path, lines: Sequence[Sequence[str]], layout: Layout) -> tuple[str, ...]:
    """Return one heading for each column, from the lines above the data.

    Of a heading with several lines the parts are joined by `/`; a merged cell counts for the
    columns to its right, up to the next heading of its line.
    """
    if layout.heading == 0:
        width = len(lines[0]) if lines else 0
        return tuple(f"#{n}" for n in range(1, width + 1))
    if len(lines) < layout.heading:
        raise BadTable(f"{path}: ends before line {layout.heading}, where the heading should stand")
    used = lines[layout.heading - layout.heading_lines : layout.heading]
    width = max(len(line) for line in used)
    if width > COLUMNS_MAX:
        raise BadTable(f"{path}: line {layout.heading} has more than {COLUMNS_MAX} columns")
    filled = [_fill(line, width, spread=line is not used[-1]) for line in used]
    names = (
        "/".join(dict.fromkeys(one for one in column if one))
        for column in zip(*filled, strict=True)
    )
    return tuple(name or f"#{n}" for n, name in enumerate(names, start=1))


def _fill(line: Sequence[str], width: int, *, spread: bool) -> list[str]:
    found: list[str] = []
    for n in range(width):
        name = "".join(line[n].split()) if n < len(line) else ""
        found.append(name or (found[-1] if spread and found else ""))
    return found


def frame(lines: pl.Series, columns: Sequence[pl.Series]) -> pl.DataFrame:
    """Return a block of rows in which nothing was wrong."""
    none = [("fault", pl.String), ("at", pl.Int64)]
    faults = [pl.Series(name, [None], kind).new_from_index(0, len(lines)) for name, kind in none]
    named = [column.alias(f"c{n}") for n, column in enumerate(columns, start=1)]
    return pl.DataFrame([lines.cast(pl.Int64).alias("line"), *faults, *named])


def bad_rows(rows: Sequence[tuple[int, str, int | None]], width: int) -> pl.DataFrame:
    """Return a block of rows that could not be taken apart: line, fault, and column from 1."""
    schema = {"line": pl.Int64, "fault": pl.String, "at": pl.Int64}
    texts = [pl.lit(None, pl.String).alias(f"c{n}") for n in range(1, width + 1)]
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(*texts)


def empty_rows(block: pl.DataFrame) -> pl.Series:
    """Return where the rows of a block are in which nothing stands and nothing was wrong."""
    texts = [block[name] for name in block.columns if re.fullmatch("c[0-9]+", name)]
    rows = block["fault"].is_null().arg_true()
    for column in texts:
        if not len(rows):
            break
        rest = column if len(rows) == len(column) else column.gather(rows)
        rows = rows.filter(rest.is_null() | (rest.str.strip_chars() == ""))
    return rows
