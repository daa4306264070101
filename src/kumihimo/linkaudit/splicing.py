"""Parquet files of one table put together as they lie: nothing that stands in them is written anew.

What stands in the rows of a Parquet file says nothing of where in the file it lies; its footer does.
So the rows of all files are laid one behind the other, and one footer is made of theirs, in which every
place is moved.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, cast

from kumihimo.linkaudit.thrift import I16, I64, LIST, STRUCT, Listed, Struct, read, written

_MAGIC: Final = b"PAR1"
_LENGTH: Final = 4  # bytes: how long the footer is, before the magic at the end
_BUFFER: Final = 1 << 22

# Fields by their number, as `parquet.thrift` of the format has them.
_SCHEMA, _ROWS, _GROUPS, _WORDS = 2, 3, 4, 5  # of a file; words are what a program says beside
_COLUMNS, _BEGIN, _ORDINAL = 1, 5, 7  # of a group of rows
_AT, _ABOUT, _INDEXES = 2, 3, (4, 5, 6, 7)  # of a column in a group
_PAGES, _FILTER = (9, 10, 11), (14, 15)  # of what is told about that column


class NotAlike(ValueError):
    """The files have not the same columns."""


def splice(files: Sequence[Path], place: Path) -> None:
    """Write the tables of some Parquet files, one or more and alike, into one, in their order.

    Kept are rows, and columns in the types that Parquet has. What a program says of the types that it
    had them in (Arrow's schema) is left out, and so are indexes of pages and filters, which tell places
    of their own. Raises `NotAlike`.
    """
    footer: Struct = {}
    groups: list[Struct] = []
    rows = 0
    with place.open("wb") as whole:
        whole.write(_MAGIC)
        for file in files:
            with file.open("rb") as part:
                told, length = _footer(part)
                footer = footer or told
                if told[_SCHEMA] != footer[_SCHEMA]:
                    raise NotAlike(f"{file.name}: other columns than {files[0].name}")
                mine = _structs(told, _GROUPS)
                _move(mine, whole.tell() - len(_MAGIC))
                groups += mine
                rows += cast("int", told[_ROWS][1])
                _copy(part, whole, length)
        for n, group in enumerate(groups):
            group[_ORDINAL] = (I16, n)
        about = {n: value for n, value in footer.items() if n != _WORDS}
        about |= {_ROWS: (I64, rows), _GROUPS: (LIST, Listed(STRUCT, [*groups]))}
        said = written(about)
        whole.write(said + len(said).to_bytes(_LENGTH, "little") + _MAGIC)


def _footer(part: BinaryIO) -> tuple[Struct, int]:
    """Return the footer of a file, and how many bytes of rows stand before it."""
    ends = part.seek(-_LENGTH - len(_MAGIC), os.SEEK_END)
    begins = ends - int.from_bytes(part.read(_LENGTH), "little")
    part.seek(begins)
    return read(part.read(ends - begins)), begins - len(_MAGIC)


def _structs(struct: Struct, field: int) -> list[Struct]:
    return cast("list[Struct]", cast("Listed", struct[field][1]).values)


def _move(groups: list[Struct], by: int) -> None:
    """Say that the rows of some groups lie so many bytes further."""
    for group in groups:
        _shift(group, (_BEGIN,), by)
        for column in _structs(group, _COLUMNS):
            about = cast("Struct", column[_ABOUT][1])
            for struct, fields in ((column, _INDEXES), (about, _FILTER)):
                for field in fields:
                    struct.pop(field, None)
            _shift(column, (_AT,), by)
            _shift(about, _PAGES, by)


def _shift(struct: Struct, fields: Sequence[int], by: int) -> None:
    for field in fields:
        if field in struct:
            kind, place = struct[field]
            struct[field] = (kind, cast("int", place) + by)


def _copy(part: BinaryIO, whole: BinaryIO, length: int) -> None:
    part.seek(len(_MAGIC))
    while length:
        some = part.read(min(length, _BUFFER))
        whole.write(some)
        length -= len(some)
