"""Files that others give to the law's tables: bytes to lines, or what is wrong, and where.

A file is TSV with a header, or a JSON array of objects with the same names. It is UTF-8, with or
without BOM; a TSV may be CP932. Nothing of a file with one bad row is used. What is said of a bad
row names its place and never quotes it.
"""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

import attrs
import msgspec

from kumihimo.kernel.files import open_regular
from kumihimo.kernel.refusal import BadInput

FILE_BYTES_MAX: Final = 16 * 1024 * 1024  # our choice: a few hundred bytes for each row
ROWS_MAX: Final = 50_000  # our choice: some thirty rows for each local government
CELL_CHARS_MAX: Final = 2_000
NAMES_MAX: Final = 100
SEPARATOR: Final = "|"

_UTF8_BOM: Final = b"\xef\xbb\xbf"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,127}")
# Controls, marks of direction, lone surrogates, unassigned; line and paragraph separators.
_UNFIT: Final = ("C", "Zl", "Zp")


class BadRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, and where. Row 1 is the first row of data; row 0 is the file or its header."""

    row: int
    column: str
    reason: str


class BadRows(BadInput):
    """Rows of a given file break a condition; nothing of the file is used."""

    code = "bad-rows"
    title = "Rows of the file cannot be used"

    def __init__(self, rows: Sequence[BadRow]) -> None:
        self.rows = tuple(rows)
        first = self.rows[0]
        place = f"row {first.row}" + (f", {first.column}" if first.column else "")
        more = f"; and {len(rows) - 1} more" if len(rows) > 1 else ""
        super().__init__(f"{place}: {first.reason}{more}", pointer=first.column)


@attrs.define
class Line:
    """One row of a file while it is read: gives its cells as values, keeps what is wrong."""

    number: int
    cells: Mapping[str, str]
    faults: list[BadRow]

    @property
    def sound(self) -> bool:
        """Say whether nothing was wrong so far."""
        return not self.faults

    def refuse(self, column: str, reason: str) -> None:
        """Keep that a column of this row is wrong."""
        self.faults.append(BadRow(row=self.number, column=column, reason=reason))

    def text(self, column: str) -> str:
        """Return a cell that must not be empty."""
        found = self.cells.get(column, "")
        if not found:
            self.refuse(column, "is empty")
        return found

    def matching(self, column: str, form: re.Pattern[str], described: str) -> str:
        """Return a cell of the form; `described` says the form in words."""
        found = self.text(column)
        if found and not form.fullmatch(found):
            self.refuse(column, f"is not {described}")
        return found

    def day(self, column: str) -> date:
        """Return a day; the first of all days when it is none, which is then told."""
        return self.day_or_none(column, required=True) or date.min

    def day_or_none(self, column: str, *, required: bool = False) -> date | None:
        """Return a day, or none when the cell is empty."""
        found = self.text(column) if required else self.cells.get(column, "")
        if not found:
            return None
        if _DAY.fullmatch(found):
            try:
                return date.fromisoformat(found)
            except ValueError:
                pass
        self.refuse(column, "is not a day like 2026-04-01")
        return None

    def period(self) -> tuple[date, date | None]:
        """Return `valid_from` and `valid_to`; the latter may be empty."""
        start, end = self.day("valid_from"), self.day_or_none("valid_to")
        if end is not None and end <= start:
            self.refuse("valid_to", "is not after valid_from")
        return start, end

    def names(self, column: str, *, required: bool = True) -> tuple[str, ...]:
        """Return ids that stand apart by `|`, each once."""
        whole = self.text(column) if required else self.cells.get(column, "")
        found = tuple(name.strip() for name in whole.split(SEPARATOR)) if whole else ()
        if len(found) > NAMES_MAX:
            self.refuse(column, f"names more than {NAMES_MAX} ids")
            return ()
        for place, name in enumerate(found, start=1):
            if not _NAME.fullmatch(name):
                self.refuse(column, f"name {place} is not an id of small letters and digits")
            elif name in found[: place - 1]:
                self.refuse(column, f"name {place} stands twice")
        return found


def read_file(path: Path) -> bytes:
    """Return a file's bytes, one more than `FILE_BYTES_MAX` at most. Raises `BadInput`."""
    try:
        with open_regular(path) as file:
            return file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error


def read_lines(content: bytes, columns: Iterable[str]) -> list[Line]:
    """Return the rows of a file that has these columns and no others.

    In JSON a name may be left out, and a list of texts stands for texts joined by `|`.
    Raises `BadRows`.
    """
    known = tuple(columns)
    header, rows = _rows(_text(content))
    if header is not None:
        _check_header(header, known)
    found = [Line(number, {}, []) for number in range(1, len(rows) + 1)]
    for line, row in zip(found, rows, strict=True):
        line.cells = _cells(line, row, known)
    refuse_bad(found)
    return found


def columns_of(content: bytes) -> frozenset[str]:
    """Return the names in a file's header, or of its first object. Raises `BadRows`."""
    header, rows = _rows(_text(content))
    return frozenset(rows[0] or () if header is None else header)


def refuse_bad(lines: Iterable[Line]) -> None:
    """Raise `BadRows` when something is wrong with one of the lines."""
    faults = [fault for line in lines for fault in line.faults]
    if faults:
        raise BadRows(faults)


def _whole(reason: str) -> BadRows:
    return BadRows([BadRow(row=0, column="", reason=reason)])


def _text(content: bytes) -> str:
    if len(content) > FILE_BYTES_MAX:
        raise _whole(f"the file is larger than {FILE_BYTES_MAX // 1024 // 1024} MiB")
    try:
        found = content.removeprefix(_UTF8_BOM).decode("utf-8")
    except UnicodeDecodeError:
        try:
            found = content.decode("cp932")
        except UnicodeDecodeError:
            raise _whole("the file is neither UTF-8 nor CP932 (Shift_JIS)") from None
    if "\0" in found:
        raise _whole("the file holds a NUL; it is not a text")
    if not found.strip():
        raise _whole("the file is empty")
    return found


def _rows(text: str) -> tuple[list[str] | None, list[dict[str, Any] | None]]:
    """Return a header (JSON has none) and rows; a row that is none has no names for its cells."""
    header, rows = (None, _json(text)) if text.lstrip().startswith(("[", "{")) else _tsv(text)
    _limit(len(rows))
    return header, rows


def _check_header(header: list[str], known: tuple[str, ...]) -> None:
    faults = [
        BadRow(row=0, column=name, reason="the header does not name this column")
        for name in known
        if name not in header
    ]
    faults += [
        BadRow(row=0, column="", reason=f"column {place} of the header has no known name")
        for place, name in enumerate(header, start=1)
        if name not in known
    ]
    if len(set(header)) != len(header):
        faults.append(BadRow(row=0, column="", reason="the header names a column twice"))
    if faults:
        raise BadRows(faults)


def _limit(rows: int) -> None:
    if not rows:
        raise _whole("the file has no rows")
    if rows > ROWS_MAX:
        raise _whole(f"the file has more than {ROWS_MAX} rows")


def _tsv(text: str) -> tuple[list[str], list[dict[str, Any] | None]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True)
    header: list[str] = []
    rows: list[dict[str, Any] | None] = []
    try:
        for cells in reader:
            if not header:
                header = [cell.strip() for cell in cells]
            elif cells and len(rows) <= ROWS_MAX:
                same = len(cells) == len(header)
                rows.append(dict(zip(header, cells, strict=True)) if same else None)
    except csv.Error:
        reason = "quotation marks or line breaks do not fit, or a cell is too long"
        raise _whole(f"line {reader.line_num}: {reason}") from None
    return header, rows


def _json(text: str) -> list[dict[str, Any] | None]:
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _whole("the file is not JSON, or an object names a key twice") from None
    if not isinstance(found, list):
        raise _whole("the file is not an array of objects")
    rows = cast("list[Any]", found)
    return [cast("dict[str, Any]", row) if isinstance(row, dict) else None for row in rows]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _cells(line: Line, row: dict[str, Any] | None, known: tuple[str, ...]) -> dict[str, str]:
    if row is None:
        line.refuse("", "is not an object, or has not as many cells as the header")
        return {}
    unknown = sum(1 for name in row if name not in known)
    if unknown:
        line.refuse("", f"has {unknown} columns of no known name; known: {', '.join(known)}")
    return {name: _cell(line, name, row.get(name)) for name in known}


def _cell(line: Line, column: str, value: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        parts = cast("list[Any]", value)
        value = SEPARATOR.join(parts) if all(isinstance(part, str) for part in parts) else 0
    text = value.strip() if isinstance(value, str) else ""
    if not isinstance(value, str) and value is not None:
        line.refuse(column, "is not a text or a list of texts")
    elif len(text) > CELL_CHARS_MAX:
        line.refuse(column, f"is longer than {CELL_CHARS_MAX} characters")
    elif not text.isprintable() and any(unicodedata.category(c).startswith(_UNFIT) for c in text):
        line.refuse(column, "holds a character that cannot be printed")
    return text
