"""Excel (.xlsx, .xlsm, .xlsb, .xls) and OpenDocument by blocks of texts.

A number in a cell becomes the digits it shows without a format: its leading zeros were lost when
it was typed, and whoever needs twelve finds fewer. A date in a cell becomes 1990-04-01.
"""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from kumihimo.kernel.files import open_regular
from kumihimo.linkaudit.intake.mapping import Layout
from kumihimo.linkaudit.intake.sheets import COLUMNS_MAX, BadTable, Sheet, frame, heading_of
from kumihimo.linkaudit.schema import Fault

Cell: TypeAlias = "int | float | str | bool | time | date | datetime | timedelta"
ROWS_AT_A_TIME: Final = 50_000  # our choice
UNPACKED_BYTES_MAX: Final = 8 * 1024**3  # our choice: eight times the largest book we could make


def read_workbook(path: Path, layout: Layout) -> Sheet:
    """Open the sheets that a layout names as one table. Raises `BadTable`."""
    book = open_workbook(path)
    names = [layout.sheet] if isinstance(layout.sheet, str) else layout.sheet
    names = [name or book.sheet_names[0] for name in names] or book.sheet_names[:1]
    for name in names:
        if name not in book.sheet_names:
            raise BadTable(f"{path}: no sheet is named {name!r}; `sheet` says which are read")
    sheets = [book.get_sheet_by_name(name) for name in names]
    first, *others = (heading_of(path, _head(one, layout), layout) for one in sheets)
    if any(other != first for other in others):
        raise BadTable(f"{path}: the headings of the sheets differ; map them one by one")
    if len(first) > COLUMNS_MAX:
        raise BadTable(f"{path}: more than {COLUMNS_MAX} columns")
    read = [0]
    blocks = chain.from_iterable(_blocks(one, layout, len(first), read) for one in sheets)
    return Sheet(first, blocks, sum(one.total_height for one in sheets), lambda: read[0])


def open_workbook(path: Path) -> CalamineWorkbook:
    """Return a book. Raises `BadTable` where it is none, needs a password or unpacks without end."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if sum(one.file_size for one in archive.infolist()) > UNPACKED_BYTES_MAX:
                    raise BadTable(f"{path}: unpacks to more than {UNPACKED_BYTES_MAX >> 30} GiB")
        with open_regular(path) as file:
            book = CalamineWorkbook.from_filelike(file)
    except PasswordError:
        raise BadTable(f"{path}: needs a password; save a copy without one") from None
    except (CalamineError, zipfile.BadZipFile):
        raise BadTable(f"{path}: not an Excel file that can be read; save it as .xlsx") from None
    if not book.sheet_names:
        raise BadTable(f"{path}: has no sheet")
    return book


def first_rows(sheet: CalamineSheet, count: int) -> list[list[str]]:
    """Return the first rows of a sheet as texts, from A1."""
    if sheet.start is None:
        return []
    return [_texts(sheet, row) for row in islice(sheet.iter_rows(), count)]


def text_of(cell: Cell) -> str:
    """Return what a cell says, in the form of its value and not of its format."""
    match cell:
        case str():
            return cell
        case bool():
            return "TRUE" if cell else "FALSE"
        case int() | float():
            return str(int(cell)) if cell == int(cell) else repr(cell)
        case datetime():
            midnight = cell.time() == time()
            return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)


def _head(sheet: CalamineSheet, layout: Layout) -> list[list[str]]:
    return first_rows(sheet, max(layout.heading, 1))


def _texts(sheet: CalamineSheet, row: Sequence[Cell]) -> list[str]:
    assert sheet.start is not None
    return [""] * sheet.start[1] + [text_of(cell) for cell in row]


def _blocks(
    sheet: CalamineSheet, layout: Layout, width: int, read: list[int]
) -> Iterator[pl.DataFrame]:
    if sheet.start is None:
        return
    rows = islice(sheet.iter_rows(), layout.heading, None)
    line = layout.heading
    read[0] += layout.heading
    while some := list(islice(rows, ROWS_AT_A_TIME)):
        texts = [
            (_texts(sheet, row) + [""] * width)[: max(width, _filled(row, sheet))] for row in some
        ]
        yield _block(texts, line + 1, width)
        line += len(some)
        read[0] += len(some)


def _filled(row: Sequence[Cell], sheet: CalamineSheet) -> int:
    """Return how many columns of a row hold something."""
    assert sheet.start is not None
    last = max((n for n, cell in enumerate(row, start=1) if cell != ""), default=0)
    return sheet.start[1] + last if last else 0


def _block(texts: list[list[str]], line: int, width: int) -> pl.DataFrame:
    lines = pl.int_range(line, line + len(texts), eager=True)
    columns = [pl.Series([row[n] for row in texts], dtype=pl.String) for n in range(width)]
    block = frame(lines, columns)
    wide = pl.Series([len(row) > width for row in texts])
    fault = pl.when(wide).then(pl.lit(Fault.WIDTH)).otherwise(pl.col("fault")).alias("fault")
    return block.with_columns(fault)
