"""準法定事務: affairs that an ordinance of the minister declares equal to a row of 別表.

Number Act art. 9(1). Such an affair inherits what its row of 別表 may ask for, from the day of the
declaration. The list of the real ones was not found; whoever has it gives it as a file.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

import attrs
import msgspec

from kumihimo.statute.law import affairs
from kumihimo.statute.positive_list import Entry, PositiveList
from kumihimo.statute.tabular import Line, read_lines, refuse_bad

LAW: Final = "番号法第九条第一項（準法定事務）"
COLUMNS: Final = (
    "affair",
    "name",
    "row",
    "handlers",
    "ordinance",
    "valid_from",
    "valid_to",
    "basis",
)
_AFFAIR: Final = re.compile(r"q[0-9]{3}(-[0-9]{2}){1,2}")


@attrs.frozen(kw_only=True)
class QuasiAffair:
    """An affair, the row of 別表 it equals, and the bodies that handle it.

    `handlers` (準法定事務処理者) are classes or institutions; none means all that the row names.
    """

    affair: str
    name: str
    row: str
    handlers: tuple[str, ...]
    ordinance: str
    valid_from: date
    valid_to: date | None
    basis: str


def read_quasi_affairs(content: bytes, law: PositiveList) -> tuple[QuasiAffair, ...]:
    """Read a file of declarations against the list whose rows they inherit.

    Raises `BadRows`, which names every row, column and reason; nothing is half-loaded.
    """
    lines = read_lines(content, COLUMNS)
    rows = {a.affair: [e for e in law.entries if e.affair == a.affair] for a in affairs()}
    taken = {entry.affair: 0 for entry in law.entries}
    found = [_quasi(line, law, rows, taken) for line in lines]
    refuse_bad(lines)
    return tuple(found)


def quasi_entries(quasi: Sequence[QuasiAffair], law: PositiveList) -> tuple[Entry, ...]:
    """Return what each inherits: `q081-01-old2-168` of the row's entry `old2-168`.

    An inherited entry is in force while both the declaration and the entry it comes from are.
    """
    found: list[Entry] = []
    for one in quasi:
        for row in law.entries:
            if row.affair != one.row:
                continue
            requesters = _requesters(one, row, law)
            start, end = _both(one, row)
            if not requesters or (end is not None and end <= start):
                continue
            found.append(
                msgspec.structs.replace(
                    row,
                    entry=f"{one.affair}-{row.entry}",
                    affair=one.affair,
                    requesters=requesters,
                    basis=f"{one.ordinance}（{one.basis}） {LAW}; {one.row}: {row.basis}",
                    valid_from=start,
                    valid_to=end,
                )
            )
    return tuple(found)


def _both(one: QuasiAffair, row: Entry) -> tuple[date, date | None]:
    ends = [end for end in (one.valid_to, row.valid_to) if end is not None]
    return max(one.valid_from, row.valid_from), min(ends, default=None)


def _requesters(one: QuasiAffair, row: Entry, law: PositiveList) -> tuple[str, ...]:
    if not one.handlers:
        return row.requesters
    return tuple(name for name in one.handlers if law.covers(row.requesters, name))


def _quasi(
    line: Line, law: PositiveList, rows: dict[str, list[Entry]], taken: dict[str, int]
) -> QuasiAffair:
    start, end = line.period()
    found = QuasiAffair(
        affair=line.matching("affair", _AFFAIR, "an id like q081-01"),
        name=line.text("name"),
        row=line.text("row"),
        handlers=line.names("handlers", required=False),
        ordinance=line.text("ordinance"),
        valid_from=start,
        valid_to=end,
        basis=line.text("basis"),
    )
    if line.sound:
        _check(line, found, law, rows)
        _check_taken(line, found, taken)
    return found


def _check(line: Line, one: QuasiAffair, law: PositiveList, rows: dict[str, list[Entry]]) -> None:
    if one.row not in rows:
        line.refuse("row", "is not a row of 別表")
        return
    if one.affair[:-3] != f"q{one.row[1:]}":
        line.refuse("affair", f"does not carry its row; q{one.row[1:]}-01 would")
    if not rows[one.row]:
        line.refuse("row", "the list lets this affair ask for nothing that could be inherited")
        return
    for place, name in enumerate(one.handlers, start=1):
        if not law.members(name):
            line.refuse("handlers", f"name {place} is no institution and no class that has any")
        elif not any(law.covers(row.requesters, name) for row in rows[one.row]):
            line.refuse("handlers", f"name {place} may ask for nothing in {one.row}")
    if line.sound and not quasi_entries([one], law):
        line.refuse("valid_from", f"on no day of this period may {one.row} ask for anything")


def _check_taken(line: Line, one: QuasiAffair, taken: dict[str, int]) -> None:
    earlier = taken.setdefault(one.affair, line.number)
    if earlier != line.number:
        line.refuse("affair", f"stands in row {earlier}" if earlier else "is on the list already")
