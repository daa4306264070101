"""Checking the rows of a file of copies (副本) against a layout: good rows, and bad ones with why.

A reason names the row, the column and the rule. It never quotes the value.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

import attrs

from kumihimo.kernel.refusal import BadInput
from kumihimo.people.text import admit
from kumihimo.rooms.gateway.domain.files import BadFile, Row, Table
from kumihimo.statute.layouts import Field, Layout

ADDRESSEE: Final = "addressee"
AS_OF: Final = "as_of"
VALID_FROM: Final = "valid_from"
VALID_TO: Final = "valid_to"
NO_AUTOMATIC_ANSWER: Final = "no_automatic_answer"
COMMON: Final = {
    ADDRESSEE: "宛名番号",
    AS_OF: "基準日",
    VALID_FROM: "有効開始日",
    VALID_TO: "有効終了日",
    NO_AUTOMATIC_ANSWER: "自動応答不可",
}
_ADDRESSEE = re.compile(r"[!-~]{1,64}")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_DAY = re.compile(r"([0-9]{4})[-/]?([0-9]{2})[-/]?([0-9]{2})")
_FLAGS: Final = {"1": True, "true": True, "0": False, "false": False}

Value = str | int | bool


@attrs.frozen
class BadRow:
    """Why a row is refused. `column` is the layout's own name, or "" for the row as a whole."""

    row: int
    column: str
    why: str


@attrs.frozen(kw_only=True, repr=False)
class GoodRow:
    """A row that may be loaded; `payload` is by item."""

    row: int
    addressee: str
    as_of: date
    valid_from: date
    valid_to: date | None
    no_automatic_answer: bool
    payload: dict[str, Value]


@attrs.frozen
class Checked:
    """A file's rows after the checks that need no database."""

    good: tuple[GoodRow, ...]
    bad: tuple[BadRow, ...]


class _Wrong(Exception):
    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column = column
        self.why = why


def columns_of(header: tuple[str, ...], layout: Layout) -> dict[str, str]:
    """Map each header name to a column of the layout: by id, by its last part, or in Japanese.

    Raises `BadFile` that counts the column, for what a header without a name row would hold is a
    person's data.
    """
    known = {**{name: name for name in COMMON}, **{label: name for name, label in COMMON.items()}}
    for field in layout.fields:
        known |= {field.item: field.item, field.name: field.item, field.label: field.item}
    found: dict[str, str] = {}
    for index, name in enumerate(header, start=1):
        column = known.get(name)
        if column is None or column in found.values():
            problem = "is not one of this layout" if column is None else "stands twice"
            expected = ", ".join([*COMMON, *(field.name for field in layout.fields)])
            raise BadFile(f"header: column {index} {problem}; known are: {expected}")
        found[name] = column
    needed = [ADDRESSEE, AS_OF, *(f.item for f in layout.fields if f.required)]
    missing = [column for column in needed if column not in found.values()]
    if missing:
        raise BadFile(f"header: missing: {', '.join(missing)}")
    return found


def check(table: Table, layout: Layout, *, today: date) -> Checked:
    """Check every row. Raises `BadFile` for the header only."""
    columns = columns_of(table.header, layout)
    good: list[GoodRow] = []
    bad: list[BadRow] = []
    seen: set[str] = set()
    for row in table.rows:
        try:
            found = _row(row, columns, layout, today)
            _require_first(found.addressee, seen)
        except _Wrong as wrong:
            bad.append(BadRow(row.number, wrong.column, wrong.why))
        else:
            good.append(found)
    return Checked(tuple(good), tuple(bad))


def _require_first(addressee: str, seen: set[str]) -> None:
    if addressee in seen:
        raise _Wrong(ADDRESSEE, "stands in an earlier row of this file too")
    seen.add(addressee)


def _row(row: Row, columns: dict[str, str], layout: Layout, today: date) -> GoodRow:
    if row.broken:
        raise _Wrong("", row.broken)
    cells = {columns[name]: cell for name, cell in row.cells.items()}
    addressee = cells.get(ADDRESSEE, "")
    if not _ADDRESSEE.fullmatch(addressee):
        raise _Wrong(ADDRESSEE, "is not 1 to 64 visible ASCII characters")
    as_of = _day(cells, AS_OF)
    if as_of is None:
        raise _Wrong(AS_OF, "is missing")
    if as_of > today:
        raise _Wrong(AS_OF, "lies in the future")
    valid_from = _day(cells, VALID_FROM) or as_of
    valid_to = _day(cells, VALID_TO)
    if valid_to is not None and valid_to <= valid_from:
        raise _Wrong(VALID_TO, "is not after the day from which it is valid")
    payload = {
        field.item: value
        for field in layout.fields
        if (value := _value(field, cells.get(field.item, ""))) is not None
    }
    return GoodRow(
        row=row.number,
        addressee=addressee,
        as_of=as_of,
        valid_from=valid_from,
        valid_to=valid_to,
        no_automatic_answer=_flag(NO_AUTOMATIC_ANSWER, cells.get(NO_AUTOMATIC_ANSWER) or "0"),
        payload=payload,
    )


def _value(field: Field, cell: str) -> Value | None:
    if not cell:
        if field.required:
            raise _Wrong(field.item, "is missing")
        return None
    if len(cell) > field.length:
        raise _Wrong(field.item, f"is longer than {field.length} characters")
    return _READERS[field.kind](field.item, cell)


def _text(column: str, cell: str) -> str:
    try:
        return admit(cell, what=column, limit=len(cell))
    except BadInput as refusal:
        raise _Wrong(column, refusal.detail.partition(": ")[2]) from None


def _integer(column: str, cell: str) -> int:
    if not _INTEGER.fullmatch(cell):
        raise _Wrong(column, "is not a whole number in ASCII digits without commas")
    return int(cell)


def _flag(column: str, cell: str) -> bool:
    found = _FLAGS.get(cell.lower())
    if found is None:
        raise _Wrong(column, "is not 0, 1, true or false")
    return found


def _date(column: str, cell: str) -> str:
    found = _DAY.fullmatch(cell)
    try:
        if found is not None:
            return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        raise _Wrong(column, "is a day that the calendar does not have") from None
    raise _Wrong(column, "is not a date such as 2026-04-01 or 20260401")


def _day(cells: dict[str, str], column: str) -> date | None:
    cell = cells.get(column, "")
    return date.fromisoformat(_date(column, cell)) if cell else None


_READERS: Final[dict[str, Callable[[str, str], Value]]] = {
    "text": _text,
    "integer": _integer,
    "flag": _flag,
    "date": _date,
}
