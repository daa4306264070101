"""Reading a municipal file: bytes to text to rows of cells, or one reason why not.

UTF-8 with and without BOM and CP932 (Shift_JIS as Windows writes it); CSV with a header, a JSON
array of objects, or one JSON object on each line. A refusal names a place, never a value.
"""

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any, Final, Literal, cast

import attrs

from kumihimo.kernel.refusal import BadInput

FILE_BYTES_MAX: Final = 64 * 1024 * 1024  # our choice: 100,000 rows of 600 bytes
ROWS_MAX: Final = 100_000  # our choice: one ward's adults; more go in several files
COLUMNS_MAX: Final = 200
CELL_CHARS_MAX: Final = 4_000

Encoding = Literal["utf-8", "cp932"]
Form = Literal["csv", "json"]

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_BOM = b"\xef\xbb\xbf"
# Kana, kanji, full-width and half-width forms: what a Japanese file has beside ASCII.
_JAPANESE = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


class BadFile(BadInput):
    """The file as a whole cannot be read; nothing of it was loaded."""

    code = "bad-file"
    title = "The file cannot be read"


@attrs.frozen
class Row:
    """One row as it stands in the file: its number (1 is the first row of data) and its cells.

    `broken` is the reason when the row has no cells that can be trusted.
    """

    number: int
    cells: dict[str, str]
    raw: tuple[str, ...]
    broken: str = ""


@attrs.frozen
class Table:
    """A file's header and rows."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]


def read_text(content: bytes, encoding: Encoding | None) -> str:
    """Decode a file. Raises `BadFile` with the byte where it stops to be what it should be."""
    if not content.strip():
        raise BadFile("the file is empty")
    if len(content) > FILE_BYTES_MAX:
        raise BadFile(f"the file is larger than {FILE_BYTES_MAX // 1024 // 1024} MiB")
    if content.startswith(_UTF16):
        raise BadFile("the file is UTF-16; save it as UTF-8 or CP932 (Shift_JIS)")
    if b"\0" in content:
        raise BadFile(f"byte {content.index(0)} is a NUL; this is not a text file")
    if encoding is None:
        encoding = _guess(content)
    bare = content.removeprefix(_UTF8_BOM) if encoding == "utf-8" else content
    try:
        return bare.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadFile(f"byte {error.start} is not {encoding.upper()}") from None


def _guess(content: bytes) -> Encoding:
    """Tell UTF-8 from CP932; a text that could well be either must be declared."""
    if content.startswith(_UTF8_BOM):
        return "utf-8"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp932"
    if text.isascii() or _JAPANESE.search(text):
        return "utf-8"
    try:
        content.decode("cp932")
    except UnicodeDecodeError:
        return "utf-8"
    raise BadFile("the text could be UTF-8 or CP932; declare its encoding")


def read_table(text: str, form: Form) -> Table:
    """Read rows of cells. Raises `BadFile`; a row that is broken by itself is kept and marked."""
    return _csv(text) if form == "csv" else _json(text)


def _csv(text: str) -> Table:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    header: tuple[str, ...] = ()
    try:
        for cells in reader:
            if not header:
                header = _header([cell.strip() for cell in cells])
            elif cells:
                rows.append(_csv_row(len(rows) + 1, header, cells))
                _limit(len(rows))
    except csv.Error:
        raise BadFile(
            f"line {reader.line_num}: quotation marks or line breaks do not fit"
        ) from None
    if not rows:
        raise BadFile("the file has a header and no rows")
    return Table(header, tuple(rows))


def _header(names: Sequence[str]) -> tuple[str, ...]:
    if len(names) > COLUMNS_MAX:
        raise BadFile(f"the header has more than {COLUMNS_MAX} columns")
    for index, name in enumerate(names):
        if not name:
            raise BadFile(f"header: column {index + 1} has no name")
        if name in names[:index]:
            raise BadFile(f"header: column {index + 1} has the name of an earlier one")
    return tuple(names)


def _csv_row(number: int, header: tuple[str, ...], cells: list[str]) -> Row:
    raw = tuple(cells)
    if len(cells) != len(header):
        return Row(number, {}, raw, f"has {len(cells)} cells, the header {len(header)}")
    if any(len(cell) > CELL_CHARS_MAX for cell in cells):
        return Row(number, {}, raw, f"a cell is longer than {CELL_CHARS_MAX} characters")
    return Row(number, dict(zip(header, (cell.strip() for cell in cells), strict=True)), raw)


def _limit(rows: int) -> None:
    if rows > ROWS_MAX:
        raise BadFile(f"more than {ROWS_MAX} rows; send several files")


def _json(text: str) -> Table:
    bare = text.strip()
    if bare.startswith("["):
        found = _parse(bare, "the file")
        if not isinstance(found, list):
            raise BadFile("the file is not an array of objects")
        values = cast("list[Any]", found)
    else:
        lines = [line for line in bare.splitlines() if line.strip()]
        _limit(len(lines))
        values = [_parse(line, f"line {n}") for n, line in enumerate(lines, start=1)]
    _limit(len(values))
    if not values:
        raise BadFile("the file has no rows")
    rows = tuple(_json_row(number, value) for number, value in enumerate(values, start=1))
    header = tuple(dict.fromkeys(name for row in rows for name in row.cells))
    return Table(_header(header), rows)


def _parse(text: str, where: str) -> Any:  # noqa: ANN401 - JSON is anything
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadFile(f"{where} is not JSON, or an object names a key twice") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(_: str) -> float:
    raise ValueError("NaN and Infinity are not JSON")


def _json_row(number: int, value: Any) -> Row:  # noqa: ANN401 - JSON is anything
    raw = (json.dumps(value, ensure_ascii=False),)
    if not isinstance(value, dict):
        return Row(number, {}, raw, "is not an object")
    cells: dict[str, str] = {}
    for name, cell in cast("dict[str, Any]", value).items():
        text = _cell(cell)
        if text is None or len(text) > CELL_CHARS_MAX or not name.strip():
            return Row(
                number, {}, raw, "a value is not a text, a whole number, true, false or null"
            )
        cells[name.strip()] = text.strip()
    return Row(number, cells, raw)


def _cell(cell: Any) -> str | None:  # noqa: ANN401 - JSON is anything
    match cell:
        case None:
            return ""
        case bool():
            return "1" if cell else "0"
        case int():
            return str(cell) if abs(cell) < 10**18 else None
        case str():
            return cell
        case _:
            return None
