"""Parquet files put together as they lie, by rows or by columns: nothing in them is written anew.

What stands in the rows of a Parquet file says nothing of where in the file it lies; its footer does.
So the rows of all files are laid one behind the other, and one footer is made of theirs, in which every
place is moved.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import Final, cast

import attrs

from kumihimo.linkaudit.thrift import (
    BINARY,
    I16,
    I32,
    I64,
    LIST,
    STRUCT,
    Listed,
    Struct,
    read,
    written,
)

_MAGIC: Final = b"PAR1"
_LENGTH: Final = 4  # bytes: how long the footer is, before the magic at the end
_BUFFER: Final = 1 << 18  # bytes: what stays in a processor's cache

# Fields by their number, as `parquet.thrift` of the format has them.
_SCHEMA, _ROWS, _GROUPS, _WORDS = 2, 3, 4, 5  # of a file; words are what a program says beside
_ORDERS = 7  # how values of each column are ordered
_NAME, _CHILDREN = 4, 5  # of a column of the file; the first is the table, with the others in it
_COLUMNS, _BYTES, _HEIGHT, _BEGIN, _PACKED, _ORDINAL = 1, 2, 3, 5, 6, 7  # of a group of rows
_ELSEWHERE, _AT, _ABOUT, _INDEXES, _SEALED = 1, 2, 3, (4, 5, 6, 7), (8, 9)  # of a column in a group
_PATH, _UNPACKED, _LONG = 3, 6, 7
_PAGES, _FILTER = (9, 10, 11), (14, 15)  # of what is told about that column


class NotAlike(ValueError):
    """The files have not the same columns, or not the same groups of rows."""


@attrs.frozen
class Strand:
    """A column of a table: in which file it stands, under which name, and its name in the table."""

    file: Path
    theirs: str
    ours: str


def splice(files: Sequence[Path], place: Path, says: Mapping[str, str] | None = None) -> None:
    """Write the tables of some Parquet files, one or more and alike, into one, in their order.

    `says` is what the file tells of itself (`polars.read_parquet_metadata`).
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
                _copy(part, whole, length, len(_MAGIC))
        for n, group in enumerate(groups):
            group[_ORDINAL] = (I16, n)
        about = {n: value for n, value in footer.items() if n != _WORDS}
        about |= {_ROWS: (I64, rows), _GROUPS: (LIST, Listed(STRUCT, [*groups]))}
        if says:
            about[_WORDS] = (LIST, Listed(STRUCT, [_word(*one) for one in says.items()]))
        _end(whole, about)


def heights(file: Path) -> list[int]:
    """Return how many rows each group of a Parquet file has."""
    with file.open("rb") as part:
        return _heights(_footer(part)[0])


def weave(strands: Sequence[Strand], place: Path) -> None:
    """Write a table of columns that stand in some Parquet files, whose groups of rows are as long.

    What `splice` leaves out is left out. Raises `NotAlike`, also where a column holds more than one
    value a row, is sealed, lies in another file or nowhere.
    """
    with ExitStack() as opened, place.open("wb") as whole:
        parts = {one.file: opened.enter_context(one.file.open("rb")) for one in strands}
        footers = {file: _footer(part)[0] for file, part in parts.items()}
        whole.write(_MAGIC)
        groups: list[Struct] = []
        if len({tuple(_heights(told)) for told in footers.values()}) != 1:
            raise NotAlike("the files' groups of rows are not as long")
        places = [_place_of(footers[one.file], one.theirs) for one in strands]
        first = footers[strands[0].file]
        for n, height in enumerate(_heights(first)):
            begin, columns = whole.tell(), list[Struct]()
            for one, at in zip(strands, places, strict=True):
                column = _column(_structs(footers[one.file], _GROUPS)[n], at, one.ours)
                columns.append(_carry(column, parts[one.file], whole))
            groups.append(_group(columns, height, begin, n))
        schema = [_structs(first, _SCHEMA)[0] | {_CHILDREN: (I32, len(strands))}]
        for one, at in zip(strands, places, strict=True):
            told = _structs(footers[one.file], _SCHEMA)[1 + at]
            schema.append(told | {_NAME: (BINARY, one.ours.encode())})
        about = {n: value for n, value in first.items() if n not in (_WORDS, _ORDERS)}
        about[_SCHEMA] = (LIST, Listed(STRUCT, [*schema]))
        about[_GROUPS] = (LIST, Listed(STRUCT, [*groups]))
        if all(_ORDERS in told for told in footers.values()):
            orders = [
                _structs(footers[one.file], _ORDERS)[at]
                for one, at in zip(strands, places, strict=True)
            ]
            about[_ORDERS] = (LIST, Listed(STRUCT, [*orders]))
        _end(whole, about)


def _heights(told: Struct) -> list[int]:
    return [cast("int", group[_HEIGHT][1]) for group in _structs(told, _GROUPS)]


def _place_of(told: Struct, name: str) -> int:
    """Return which column of a file of plain columns has a name."""
    columns = _structs(told, _SCHEMA)[1:]
    if any(_CHILDREN in column for column in columns):
        raise NotAlike("a column holds more than one value a row")
    names = [column[_NAME][1] for column in columns]
    if names.count(name.encode()) != 1:
        raise NotAlike("a column is not there, or twice")
    return names.index(name.encode())


def _column(group: Struct, at: int, name: str) -> Struct:
    """Return what a group says of a column, for another file and under another name."""
    column = dict(_structs(group, _COLUMNS)[at])  # it may stand twice, and has places to be moved
    if any(field in column for field in (_ELSEWHERE, *_SEALED)):
        raise NotAlike("a column is sealed, or lies in another file")
    about = cast("Struct", column[_ABOUT][1]) | {_PATH: (LIST, Listed(BINARY, [name.encode()]))}
    column[_ABOUT] = (STRUCT, about)
    return column


def _carry(column: Struct, part: BufferedReader, whole: BufferedWriter) -> Struct:
    """Write a column of a group; return what is said of it there."""
    about = cast("Struct", column[_ABOUT][1])
    # A writer that has no dictionary may say that it begins at 0.
    places = [place for field in _PAGES if (place := _number(about, field))]
    if not places:
        raise NotAlike("a column has no place in its file")
    begins, now = min(places), whole.tell()
    _copy(part, whole, _number(about, _LONG), begins)
    _move_column(column, now - begins)
    column[_AT] = (I64, now)
    return column


def _number(struct: Struct, field: int) -> int:
    return cast("int", struct[field][1]) if field in struct else 0


def _group(columns: list[Struct], height: int, begin: int, n: int) -> Struct:
    told = [cast("Struct", column[_ABOUT][1]) for column in columns]
    return {
        _COLUMNS: (LIST, Listed(STRUCT, [*columns])),
        _BYTES: (I64, sum(_number(one, _UNPACKED) for one in told)),
        _HEIGHT: (I64, height),
        _BEGIN: (I64, begin),
        _PACKED: (I64, sum(_number(one, _LONG) for one in told)),
        _ORDINAL: (I16, n),
    }


def _word(key: str, value: str) -> Struct:
    return {1: (BINARY, key.encode()), 2: (BINARY, value.encode())}


def _end(whole: BufferedWriter, about: Struct) -> None:
    said = written(about)
    whole.write(said + len(said).to_bytes(_LENGTH, "little") + _MAGIC)


def _footer(part: BufferedReader) -> tuple[Struct, int]:
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
            _move_column(column, by)


def _move_column(column: Struct, by: int) -> None:
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


def _copy(part: BufferedReader, whole: BufferedWriter, length: int, begins: int) -> None:
    part.seek(begins)
    room = memoryview(bytearray(min(length, _BUFFER)))
    while length:
        count = part.readinto(room[: min(length, _BUFFER)])
        if not count:
            raise NotAlike("a column has no end in its file")
        whole.write(room[:count])
        length -= count
