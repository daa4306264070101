"""What the footer of a Parquet file says of its groups of rows, without reading any row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

import attrs

from kumihimo.linkaudit.thrift import Listed, Struct, read

_MAGIC: Final = b"PAR1"
_LENGTH: Final = 4  # bytes: how long the footer is, before the magic at the end
# As `parquet.thrift` of the format numbers them.
_GROUPS, _COLUMNS, _HEIGHT, _ABOUT, _PATH, _STATISTICS = 4, 1, 3, 3, 3, 12
_NULLS, _GREATEST, _LEAST = 3, 5, 6


@attrs.frozen
class Ends:
    """The least and the greatest value of a column in a group, as its bytes; none there is null."""

    least: bytes
    greatest: bytes

    @property
    def only(self) -> bytes | None:
        """Return the value of all rows, where all have one."""
        return self.least if self.least == self.greatest else None

    def is_run(self, height: int) -> bool:
        """Say whether integers that ascend are each one more than that before."""
        low, high = (int.from_bytes(x, "little", signed=True) for x in (self.least, self.greatest))
        return high - low + 1 == height


@attrs.frozen
class Group:
    """How many rows a group has, and the ends of some columns, None where it does not say."""

    height: int
    ends: dict[str, Ends | None]


@attrs.frozen
class Slab:
    """Groups of rows that are done together, and where the first row stands in the file."""

    first: int
    groups: list[Group]

    @property
    def tall(self) -> list[int]:
        """How many rows each has."""
        return [group.height for group in self.groups]


def slabs(found: Sequence[Group], rows: int) -> list[Slab]:
    """Put groups together to slabs of so many rows at most, or of one group."""
    told: list[Slab] = []
    begin = 0
    for group in found:
        if not told or sum(told[-1].tall) + group.height > rows:
            told.append(Slab(begin, []))
        told[-1].groups.append(group)
        begin += group.height
    return told


def run_of(some: Sequence[Group], column: str) -> int | None:
    """Return the first of integers that ascend and are each one more than that before; None else."""
    ends = [group.ends[column] for group in some]
    first, last = (ends[0], ends[-1]) if ends else (None, None)
    if first is None or last is None:
        return None
    whole = Ends(first.least, last.greatest).is_run(sum(group.height for group in some))
    return int.from_bytes(first.least, "little", signed=True) if whole else None


def groups(file: Path, columns: Sequence[str]) -> list[Group]:
    """Return what a file says of its groups. Raises `NotThrift`."""
    with file.open("rb") as part:
        ends = part.seek(-_LENGTH - len(_MAGIC), 2)
        begins = ends - int.from_bytes(part.read(_LENGTH), "little")
        part.seek(begins)
        told = read(part.read(ends - begins))
    return [_group(one, columns) for one in _structs(told, _GROUPS)]


def _group(told: Struct, columns: Sequence[str]) -> Group:
    known: dict[str, Ends | None] = {}
    for column in _structs(told, _COLUMNS):
        about = cast("Struct", column[_ABOUT][1])
        path = cast("Listed", about[_PATH][1]).values
        name = b".".join(cast("list[bytes]", path)).decode()
        if name in columns:
            known[name] = _ends(about)
    return Group(cast("int", told[_HEIGHT][1]), {name: known.get(name) for name in columns})


def _ends(about: Struct) -> Ends | None:
    if _STATISTICS not in about:
        return None
    said = cast("Struct", about[_STATISTICS][1])
    if any(field not in said for field in (_NULLS, _GREATEST, _LEAST)) or said[_NULLS][1]:
        return None
    return Ends(cast("bytes", said[_LEAST][1]), cast("bytes", said[_GREATEST][1]))


def _structs(struct: Struct, field: int) -> list[Struct]:
    return cast("list[Struct]", cast("Listed", struct[field][1]).values)
