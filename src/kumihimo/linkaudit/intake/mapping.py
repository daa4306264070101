"""The mapping file: which of their columns are ours, and how their file is written.

TOML, read strictly. Its values are names of columns and ways of writing, never data of persons.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.linkaudit import schema
from kumihimo.people.addresses import places
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import MunicipalityCode

Side = Literal["rows", "snapshot", "history"]
Dates = Literal["written", "gyymmdd", "yy-era", "mdy", "dmy", "serial"]

# What each side may hold. `row` is counted and not read.
COLUMNS: Final[dict[Side, tuple[str, ...]]] = {
    "rows": tuple(name for name in schema.ROWS if name != "row"),
    "snapshot": tuple(schema.SNAPSHOT),
    "history": tuple(schema.HISTORY),
}
NEEDED: Final[dict[Side, tuple[str, ...]]] = {
    "rows": ("number",),
    "snapshot": ("number", "name", "birth"),
    "history": ("number", "attribute", "value"),
}
HEADING_MAX: Final = 1_000  # our choice: a heading further down was not seen
HEADING_LINES_MAX: Final = 5  # our choice: merged headings of more lines were not seen


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one file is written. `columns` says ours = theirs, or several of theirs joined.

    A column of theirs is named by its heading, or as `#3` by its place. `heading` is the line on
    which the heading ends (0: there is none), `heading_lines` how many lines it takes. `pad` = 12
    gives a number its lost leading zeros back; 0, the default, lists such a row as bad.
    """

    columns: dict[str, str | list[str]]
    encoding: Literal["utf-8", "cp932"] = "utf-8"
    separator: Literal[",", "\t", ";", "|"] = ","
    heading: int = 1
    heading_lines: int = 1
    sheet: str | list[str] = ""
    dates: Dates = "written"
    pad: Literal[0, 12] = 0


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping file: whose records these are, and the layout of each file."""

    institution: str
    affair: str
    municipality: str = ""
    number_space: Literal["official", "test"] = "official"
    without: tuple[str, ...] = ()
    required: tuple[str, ...] = ("number",)
    rows: Layout | None = None
    snapshot: Layout | None = None
    history: Layout | None = None

    def layout(self, side: Side) -> Layout:
        """Return the layout of a side; what is not told is in the audit's own columns."""
        told: Layout | None = getattr(self, side)
        if told is not None:
            return told
        return Layout(columns={name: name for name in COLUMNS[side]})

    @property
    def space(self) -> NumberSpace:
        """Return which check rule the numbers follow."""
        return NumberSpace(self.number_space)


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises `BadSettings` by file, key and reason."""
    found = load(path, Mapping)
    if found.rows is None:
        raise BadSettings(f"{path}: rows: this key is missing", pointer="rows")
    if found.municipality:
        try:
            require_holder(found.municipality)
        except BadInput as error:
            raise BadSettings(
                f"{path}: municipality: {error.detail}", pointer="municipality"
            ) from None
    _known(path, "without", found.without, schema.ATTRIBUTES)
    _known(path, "required", found.required, COLUMNS["rows"])
    for side in COLUMNS:
        if getattr(found, side) is not None:
            _check_layout(path, side, found.layout(side))
    return found


def require_holder(code: str) -> None:
    """Raise `BadInput` unless addresses can be restored as whoever has this code leaves them out."""
    MunicipalityCode.parse(code)
    try:
        places().holder(code)
    except KeyError:
        raise BadInput(
            "no municipality and no prefecture has this code today", pointer="municipality"
        ) from None


def _check_layout(path: Path, side: Side, layout: Layout) -> None:
    _known(path, f"{side}.columns", layout.columns, COLUMNS[side])
    for name in NEEDED[side]:
        if name not in layout.columns:
            raise BadSettings(
                f"{path}: {side}.columns.{name}: this key is missing",
                pointer=f"{side}.columns.{name}",
            )
    for name, theirs in layout.columns.items():
        if not theirs or not all([theirs] if isinstance(theirs, str) else theirs):
            raise BadSettings(f"{path}: {side}.columns.{name}: names no column", pointer=name)
    wrong = misplaced(layout)
    if wrong is not None:
        raise BadSettings(f"{path}: {side}.{wrong}", pointer=side)


def misplaced(layout: Layout) -> str | None:
    """Return what is wrong with where a layout says that the heading stands."""
    if not 0 <= layout.heading <= HEADING_MAX:
        return f"heading: 0 to {HEADING_MAX}"
    if not 1 <= layout.heading_lines <= min(HEADING_LINES_MAX, max(layout.heading, 1)):
        return f"heading_lines: 1 to {HEADING_LINES_MAX}, and not above the first line"
    return None


def _known(path: Path, key: str, names: Iterable[str], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise BadSettings(f"{path}: {key}: {name!r} is none of {', '.join(known)}", pointer=key)
