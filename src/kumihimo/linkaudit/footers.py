"""What the footer of a Parquet file says of its columns, and where each lies in each group of rows.

Read with `thrift` and without knowing what the values are; what is made of it stands in `splicing`.
"""

import os
from collections.abc import Sequence
from io import BufferedReader, BufferedWriter
from typing import Final, cast

from kumihimo.linkaudit.thrift import BINARY, I16, I64, LIST, STRUCT, Listed, Struct, read, written

MAGIC: Final = b"PAR1"
_LENGTH: Final = 4  # bytes: how long the footer is, before the magic at the end
_BUFFER: Final = 1 << 18  # bytes: what stays in a processor's cache

# Fields by their number, as `parquet.thrift` of the format has them.
SCHEMA, ROWS, GROUPS, WORDS = 2, 3, 4, 5  # of a file; words are what a program says beside
ORDERS = 7  # how values of each column are ordered
NAME, CHILDREN = 4, 5  # of a column of the file; the first is the table, with the others in it
COLUMNS, _BYTES, _HEIGHT, BEGIN, _PACKED, ORDINAL = 1, 2, 3, 5, 6, 7  # of a group of rows
_ELSEWHERE, _AT, ABOUT, _INDEXES, _SEALED = 1, 2, 3, (4, 5, 6, 7), (8, 9)  # of a column in a group
_PATH, _UNPACKED, _LONG = 3, 6, 7
_PAGES, _FILTER = (9, 10, 11), (14, 15)  # of what is told about that column


class NotAlike(ValueError):
    """The files have not the same columns, or not the same groups of rows."""


def heights_of(told: Struct) -> list[int]:
    """Return how many rows each group has."""
    return [cast("int", group[_HEIGHT][1]) for group in structs(told, GROUPS)]


def place_of(told: Struct, name: str) -> int:
    """Return which column of a file of plain columns has a name. Raises `NotAlike`."""
    columns = structs(told, SCHEMA)[1:]
    if any(CHILDREN in column for column in columns):
        raise NotAlike("a column holds more than one value a row")
    names = [column[NAME][1] for column in columns]
    if names.count(name.encode()) != 1:
        raise NotAlike("a column is not there, or twice")
    return names.index(name.encode())


def column_of(group: Struct, at: int, name: str) -> Struct:
    """Return what a group says of a column, for another file and under another name."""
    column = dict(structs(group, COLUMNS)[at])  # it may stand twice, and has places to be moved
    if any(field in column for field in (_ELSEWHERE, *_SEALED)):
        raise NotAlike("a column is sealed, or lies in another file")
    about = cast("Struct", column[ABOUT][1]) | {_PATH: (LIST, Listed(BINARY, [name.encode()]))}
    column[ABOUT] = (STRUCT, about)
    return column


def lies_at(column: Struct) -> tuple[int, int]:
    """Return where a column of a group begins in its file, and how many bytes it has."""
    about = cast("Struct", column[ABOUT][1])
    # A writer that has no dictionary may say that it begins at 0.
    places = [place for field in _PAGES if (place := _number(about, field))]
    if not places:
        raise NotAlike("a column has no place in its file")
    return min(places), _number(about, _LONG)


def carry(column: Struct, part: BufferedReader, whole: BufferedWriter) -> Struct:
    """Write a column of a group; return what is said of it there."""
    (begins, length), now = lies_at(column), whole.tell()
    copy(part, whole, length, begins)
    _move_column(column, now - begins)
    column[_AT] = (I64, now)
    return column


def told_of(column: Struct) -> bytes:
    """Return what is said of a column of a group, wherever in its file it lies (`column_of`)."""
    _move_column(column, -lies_at(column)[0])
    return written({n: value for n, value in column.items() if n != _AT})


def group_of(columns: list[Struct], height: int, begin: int, n: int) -> Struct:
    """Return what is said of a group of rows."""
    told = [cast("Struct", column[ABOUT][1]) for column in columns]
    return {
        COLUMNS: (LIST, Listed(STRUCT, [*columns])),
        _BYTES: (I64, sum(_number(one, _UNPACKED) for one in told)),
        _HEIGHT: (I64, height),
        BEGIN: (I64, begin),
        _PACKED: (I64, sum(_number(one, _LONG) for one in told)),
        ORDINAL: (I16, n),
    }


def end(whole: BufferedWriter, about: Struct) -> None:
    """Write the footer."""
    said = written(about)
    whole.write(said + len(said).to_bytes(_LENGTH, "little") + MAGIC)


def footer_of(part: BufferedReader) -> tuple[Struct, int]:
    """Return the footer of a file, and how many bytes of rows stand before it."""
    ends = part.seek(-_LENGTH - len(MAGIC), os.SEEK_END)
    begins = ends - int.from_bytes(part.read(_LENGTH), "little")
    part.seek(begins)
    return read(part.read(ends - begins)), begins - len(MAGIC)


def structs(struct: Struct, field: int) -> list[Struct]:
    """Return a list of structures."""
    return cast("list[Struct]", cast("Listed", struct[field][1]).values)


def move(groups: list[Struct], by: int) -> None:
    """Say that the rows of some groups lie so many bytes further."""
    for group in groups:
        _shift(group, (BEGIN,), by)
        for column in structs(group, COLUMNS):
            _move_column(column, by)


def _number(struct: Struct, field: int) -> int:
    return cast("int", struct[field][1]) if field in struct else 0


def _move_column(column: Struct, by: int) -> None:
    about = cast("Struct", column[ABOUT][1])
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


def copy(part: BufferedReader, whole: BufferedWriter, length: int, begins: int) -> None:
    """Write some bytes of a file into another. Raises `NotAlike` where it ends before them."""
    part.seek(begins)
    room = memoryview(bytearray(min(length, _BUFFER)))
    while length:
        count = part.readinto(room[: min(length, _BUFFER)])
        if not count:
            raise NotAlike("a column has no end in its file")
        whole.write(room[:count])
        length -= count
