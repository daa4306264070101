"""Checking the rows of a file of copies (副本) against a layout: good rows, and bad ones with why.

A reason names the row, the column and the rule. It never quotes the value.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Final, TypeVar

import attrs

from kumihimo.kernel.refusal import BadInput
from kumihimo.people.text import admit
from kumihimo.rooms.gateway.domain.files import BadFile, Table
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

T = TypeVar("T")

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
    """Why a cell is none of its kind."""


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
    """Check every row, and say all that is wrong with it. Raises `BadFile` for the header only."""
    columns = columns_of(table.header, layout)
    good: list[GoodRow] = []
    bad: list[BadRow] = []
    seen: set[str] = set()
    for row in table.rows:
        cells = _Cells(row.number, {columns[name]: cell for name, cell in row.cells.items()})
        if row.broken:
            cells.refuse("", row.broken)
        else:
            found = _row(cells, layout, today)
            if found.addressee in seen:
                cells.refuse(ADDRESSEE, "stands in an earlier row of this file too")
            seen.add(found.addressee)
            if not cells.faults:
                good.append(found)
        bad += cells.faults
    return Checked(tuple(good), tuple(bad))


@attrs.define
class _Cells:
    """One row while it is checked: gives its cells as values and keeps what is wrong."""

    row: int
    _cells: dict[str, str]
    faults: list[BadRow] = attrs.field(factory=list[BadRow])

    def text(self, column: str) -> str:
        return self._cells.get(column, "")

    def refuse(self, column: str, why: str) -> None:
        self.faults.append(BadRow(self.row, column, why))

    def read(self, column: str, reader: Callable[[str], T]) -> T | None:
        """Return a cell as a value; None when it is empty, or wrong, which is then kept."""
        cell = self.text(column)
        try:
            return reader(cell) if cell else None
        except _Wrong as wrong:
            self.refuse(column, str(wrong))
            return None


def _row(cells: _Cells, layout: Layout, today: date) -> GoodRow:
    """Return the row; it is good only if nothing was wrong with its cells."""
    addressee = cells.text(ADDRESSEE)
    if not _ADDRESSEE.fullmatch(addressee):
        cells.refuse(ADDRESSEE, "is not 1 to 64 visible ASCII characters")
    if not cells.text(AS_OF):
        cells.refuse(AS_OF, "is missing")
    as_of = cells.read(AS_OF, _day) or date.min
    if as_of > today:
        cells.refuse(AS_OF, "lies in the future")
    valid_from = cells.read(VALID_FROM, _day) or as_of
    valid_to = cells.read(VALID_TO, _day)
    if valid_to is not None and valid_to <= valid_from:
        cells.refuse(VALID_TO, "is not after the day from which it is valid")
    payload = {
        field.item: value for field in layout.fields if (value := _value(cells, field)) is not None
    }
    return GoodRow(
        row=cells.row,
        addressee=addressee,
        as_of=as_of,
        valid_from=valid_from,
        valid_to=valid_to,
        no_automatic_answer=cells.read(NO_AUTOMATIC_ANSWER, _flag) or False,
        payload=payload,
    )


def _value(cells: _Cells, field: Field) -> Value | None:
    cell = cells.text(field.item)
    if not cell and field.required:
        cells.refuse(field.item, "is missing")
    if len(cell) > field.length:
        cells.refuse(field.item, f"is longer than {field.length} characters")
        return None
    return cells.read(field.item, _READERS[field.kind])


def _text(cell: str) -> str:
    try:
        return admit(cell, what="text", limit=len(cell))
    except BadInput as refusal:
        raise _Wrong(refusal.detail.partition(": ")[2]) from None


def _integer(cell: str) -> int:
    if not _INTEGER.fullmatch(cell):
        raise _Wrong("is not a whole number in ASCII digits without commas")
    return int(cell)


def _flag(cell: str) -> bool:
    found = _FLAGS.get(cell.lower())
    if found is None:
        raise _Wrong("is not 0, 1, true or false")
    return found


def _day(cell: str) -> date:
    found = _DAY.fullmatch(cell)
    try:
        if found is not None:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise _Wrong("is a day that the calendar does not have") from None
    raise _Wrong("is not a date such as 2026-04-01 or 20260401")


_READERS: Final[dict[str, Callable[[str], Value]]] = {
    "text": _text,
    "integer": _integer,
    "flag": _flag,
    "date": lambda cell: _day(cell).isoformat(),
}
