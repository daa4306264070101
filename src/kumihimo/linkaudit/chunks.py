"""Which columns of which groups of rows lie in a Parquet file as they lay in another: by their bytes.

The same bytes, of which the footer says the same, are the same values. A digest of them (SHA-256: what a
processor has an instruction for, and nobody finds other values for) is kept in place of the bytes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from kumihimo.linkaudit.footers import (
    GROUPS,
    SCHEMA,
    NotAlike,
    column_of,
    footer_of,
    heights_of,
    lies_at,
    place_of,
    structs,
    told_of,
)
from kumihimo.linkaudit.thrift import NotThrift, written

_BUFFER: Final = 1 << 18  # bytes: what stays in a processor's cache


@attrs.frozen
class Chunk:
    """A column of a group of rows: where it lies, how long it is, and what the footer says of it."""

    begins: int
    length: int
    told: bytes


@attrs.frozen
class Group:
    """How many rows a group has, and its columns."""

    height: int
    columns: dict[str, Chunk]


def groups_of(file: Path, names: Mapping[str, str]) -> list[Group] | None:
    """Return the groups of a file, with those columns that are named: ours as theirs.

    None where the footer is not as the format says, or a column does not lie in it as a plain one does.
    """
    try:
        with file.open("rb") as part:
            told, _ = footer_of(part)
        places = {ours: place_of(told, theirs) for ours, theirs in names.items()}
        kinds = {ours: written(structs(told, SCHEMA)[1 + at]) for ours, at in places.items()}
        found: list[Group] = []
        for height, group in zip(heights_of(told), structs(told, GROUPS), strict=True):
            columns: dict[str, Chunk] = {}
            for ours, at in places.items():
                column = column_of(group, at, ours)
                columns[ours] = Chunk(*lies_at(column), kinds[ours] + told_of(column))
            found.append(Group(height, columns))
    except (NotAlike, NotThrift):
        return None
    return found


def digests(file: Path, groups: Sequence[Group]) -> list[dict[str, str]]:
    """Return a digest of each column of some groups of a file."""
    room = memoryview(bytearray(_BUFFER))
    found: list[dict[str, str]] = []
    with file.open("rb", buffering=0) as part:
        for group in groups:
            mine: dict[str, str] = {}
            for name, chunk in group.columns.items():
                digest, left = hashlib.sha256(chunk.told), chunk.length
                part.seek(chunk.begins)
                while left and (count := part.readinto(room[: min(left, _BUFFER)])):
                    digest.update(room[:count])
                    left -= count
                digest.update(left.to_bytes(8, "little"))  # the file may end before it
                mine[name] = digest.hexdigest()
            found.append(mine)
    return found
