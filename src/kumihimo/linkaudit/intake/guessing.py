"""What a file most likely is: encoding, separator, heading and columns, as a mapping to be checked."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Final, Literal, cast

import attrs
import msgspec

from kumihimo.kernel.files import open_regular
from kumihimo.kernel.refusal import BadInput
from kumihimo.linkaudit.intake.cells import is_date
from kumihimo.linkaudit.intake.headings import Named, looks_like, named, space_of
from kumihimo.linkaudit.intake.mapping import (
    COLUMNS,
    NEEDED,
    Dates,
    Layout,
    Side,
    misplaced,
)
from kumihimo.linkaudit.intake.sheets import BadTable, kind_of
from kumihimo.linkaudit.intake.taking import open_sheet
from kumihimo.linkaudit.intake.workbooks import first_rows, open_workbook

_HEAD_BYTES: Final = 1024 * 1024
_HEAD_LINES: Final = 20  # our choice: how far down a heading is looked for
SAMPLE: Final = 300  # our choice: rows that columns are guessed from
_SEPARATORS: Final = (",", "\t", ";", "|")
_DATES: Final[tuple[Dates, ...]] = ("written", "gyymmdd", "yy-era", "mdy", "dmy", "serial")


@attrs.frozen
class Guess:
    """A layout as guessed, and what it rests on: headings, some cells of each column, the doubts.

    `doubts` names those columns of ours that no heading named, or more than one did.
    """

    layout: Layout
    headings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    sheets: tuple[str, ...]
    doubts: tuple[str, ...]
    number_space: Literal["official", "test"] | None
    kind: str

    def heading_is_sure(self, side: Side) -> bool:
        """Tell whether what was taken for headings is: where it is not, it is somebody's data."""
        found = [one for one in self.headings if named(one, COLUMNS[side]) is not None]
        return self.kind == "parquet" or len(found) > 1


def guess(path: Path, side: Side, *, fixed: dict[str, object] | None = None) -> Guess:
    """Look at the head of a file; `fixed` are keys of the layout that the person has said.

    Raises `BadTable` where the file is none of those that are read.
    """
    fixed = fixed or {}
    draft: dict[str, object] = {"columns": {"number": "#1"}}
    kind = "parquet" if path.is_dir() else kind_of(path)
    sheets: tuple[str, ...] = ()
    if kind == "excel":
        book = open_workbook(path)
        sheets = tuple(book.sheet_names)
        draft["sheet"] = fixed.get("sheet") or sheets[0]
    if kind == "text":
        draft |= _text_form(path) | fixed
    layout = msgspec.convert(draft | fixed, Layout)
    if kind != "parquet":
        lines = _lines(path, layout, sheets)
        draft |= {"heading_lines": 1} if "heading" in fixed else _heading(lines)
        layout = msgspec.convert(draft | fixed, Layout)
        wrong = misplaced(layout)
        if wrong is not None:
            raise BadInput(wrong, pointer="heading")
    headings, cells = _cells(path, layout)
    columns, doubts = _columns(headings, cells, side)
    draft["columns"] = columns | cast("dict[str, str]", fixed.get("columns", {}))
    if "birth" in columns and "dates" not in fixed:
        draft["dates"] = _dates(_of(columns["birth"], headings, cells))
    layout = msgspec.convert(draft | {k: v for k, v in fixed.items() if k != "columns"}, Layout)
    numbers = _of(layout.columns.get("number", ""), headings, cells)
    found = space_of(numbers)
    space = found.value if found else None
    return Guess(layout, headings, cells, sheets, doubts, space, kind)


def _text_form(path: Path) -> dict[str, object]:
    with open_regular(path) as file:
        head = file.read(_HEAD_BYTES)
    if len(head) == _HEAD_BYTES:
        head = head[: head.rfind(b"\n") + 1]
    encoding = "utf-8"
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError:
        encoding = "cp932"
        text = head.decode("cp932", errors="replace")
    lines = [line for line in text.splitlines()[:_HEAD_LINES] if line.strip()]
    counts = {sign: [line.count(sign) for line in lines] for sign in _SEPARATORS}
    usual = {sign: max(set(n), key=n.count) if n else 0 for sign, n in counts.items()}
    separator = max(
        _SEPARATORS,
        key=lambda sign: (usual[sign] > 0, counts[sign].count(usual[sign]), usual[sign]),
    )
    return {"encoding": encoding, "separator": separator}


def _lines(path: Path, layout: Layout, sheets: Sequence[str]) -> list[list[str]]:
    """Return the first lines of a file that has no heading of its own accord."""
    if sheets:
        names = [layout.sheet] if isinstance(layout.sheet, str) else layout.sheet
        if names[0] not in sheets:
            raise BadTable(f"{path}: no sheet is named {names[0]!r}")
        return first_rows(open_workbook(path).get_sheet_by_name(names[0]), _HEAD_LINES)
    whole = msgspec.structs.replace(layout, heading=0, heading_lines=1, columns={})
    with open_regular(path) as file:
        raw = [file.readline(_HEAD_BYTES) for _ in range(_HEAD_LINES)]
    texts = [
        line.decode(whole.encoding, errors="replace").rstrip("\r\n").lstrip("\ufeff")
        for line in raw
        if line
    ]
    return [[cell.strip('"') for cell in text.split(whole.separator)] for text in texts]


def _heading(lines: Sequence[Sequence[str]]) -> dict[str, object]:
    """Return where the heading most likely ends, and how many lines it takes."""
    every = tuple(dict.fromkeys(chain.from_iterable(COLUMNS.values())))
    scores = [sum(named(cell, every) is not None for cell in line) for line in lines]
    best = max(range(len(lines)), key=lambda n: scores[n], default=0)
    if not lines or not scores[best]:
        first: Sequence[str] = lines[0] if lines else ()
        data = any(looks_like([cell]) in {"number", "birth"} for cell in first)
        return {"heading": 0 if data else 1, "heading_lines": 1}
    below: Sequence[str] = lines[best + 1] if best + 1 < len(lines) else ()
    # A merged heading: the line below names parts, and nothing under what is whole already.
    parts = [n for n, cell in enumerate(below) if cell.strip()]
    over = [n for n, cell in enumerate(lines[best]) if cell.strip()]
    two = bool(parts) and scores[best + 1] > 0 and len(set(over) - set(parts)) > 0
    two = two and not any(looks_like([below[n]]) in {"number", "birth"} for n in parts)
    return {"heading": best + 1 + two, "heading_lines": 1 + two}


def _cells(path: Path, layout: Layout) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the headings, and the first cells of each column."""
    sheet = open_sheet(path, layout)
    block = next(sheet.blocks, None)
    if block is None:
        return sheet.headings, ((),) * len(sheet.headings)
    some = block.select("^c[0-9]+$").head(SAMPLE).fill_null("")
    return sheet.headings, tuple(tuple(column.to_list()) for column in some.get_columns())


def _columns(
    headings: Sequence[str], cells: Sequence[Sequence[str]], side: Side
) -> tuple[dict[str, str | list[str]], tuple[str, ...]]:
    """Return ours to theirs by heading, and by content what no heading names; with the doubts."""
    wanted = COLUMNS[side]
    found: dict[str, list[tuple[Named, int]]] = {}
    for n, heading in enumerate(headings):
        name = named(heading, wanted)
        if name is not None:
            found.setdefault(name.ours, []).append((name, n))
    used = {n for parts in found.values() for _, n in parts}
    doubts: list[str] = []
    for n, column in enumerate(cells):
        seen = looks_like(column) if n not in used else None
        if seen in wanted and seen not in found:
            found[seen] = [(Named(0, seen, "whole"), n)]
            doubts.append(seen)
    columns: dict[str, str | list[str]] = {}
    for ours in wanted:
        places, sure = _of_one(sorted(found.get(ours, [])))
        if not sure:
            doubts.append(ours)
        if places:
            names = [_theirs(headings, n) for n in places]
            columns[ours] = names[0] if len(names) == 1 else names
    doubts += [name for name in NEEDED[side] if name not in columns]
    return columns, tuple(dict.fromkeys(doubts))


def _of_one(found: list[tuple[Named, int]]) -> tuple[list[int], bool]:
    """Return which columns of theirs make one of ours, and whether only one reading is possible."""
    wholes = [n for name, n in found if name.kind == "whole"]
    parts = [(name, n) for name, n in found if name.kind == "part"]
    tails = [n for name, n in found if name.kind == "tail"]
    twice = len({name for name, _ in parts}) < len(parts)
    sure = len(wholes) <= 1 and not twice and not (wholes and parts)
    return (wholes[:1] or [n for _, n in parts]) + tails, sure


def _theirs(headings: Sequence[str], n: int) -> str:
    return headings[n] if list(headings).count(headings[n]) == 1 else f"#{n + 1}"


def _of(
    theirs: str | list[str], headings: Sequence[str], cells: Sequence[Sequence[str]]
) -> Sequence[str]:
    if not isinstance(theirs, str) or not theirs:
        return ()
    names = ["".join(theirs.split())]
    places = [n for n, heading in enumerate(headings) if heading in names or f"#{n + 1}" in names]
    return cells[places[0]] if places else ()


def _dates(cells: Sequence[str]) -> Dates:
    """Return the notation in which most of the cells are dates."""
    filled = [cell for cell in cells if cell.strip()]
    counts = {dates: sum(is_date(cell, dates) for cell in filled) for dates in _DATES}
    return max(_DATES, key=lambda dates: counts[dates])
