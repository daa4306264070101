"""Parquet files put together as they lie, by rows or by columns: nothing in them is written anew.

What stands in the rows of a Parquet file says nothing of where in the file it lies; its footer does.
So the rows of all files are laid one behind the other, and one footer is made of theirs, in which every
place is moved.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from io import BufferedWriter
from pathlib import Path
from typing import cast

import attrs

from kumihimo.linkaudit.footers import (
    BEGIN,
    CHILDREN,
    COLUMNS,
    GROUPS,
    MAGIC,
    NAME,
    ORDERS,
    ORDINAL,
    ROWS,
    SCHEMA,
    WORDS,
    NotAlike,
    carry,
    column_of,
    copy,
    end,
    footer_of,
    group_of,
    heights_of,
    move,
    place_of,
    structs,
)
from kumihimo.linkaudit.thrift import BINARY, I16, I32, I64, LIST, STRUCT, Listed, Struct


@attrs.frozen
class Strand:
    """A column of a table: in which file it stands, under which name, and its name in the table."""

    file: Path
    theirs: str
    ours: str


def splice(
    files: Iterable[Path], place: Path, says: Callable[[], Mapping[str, str]] = dict
) -> None:
    """Write the tables of some Parquet files, one or more and alike, into one, in their order.

    They may come into being one after the other meanwhile. `says` is asked last: what it gives is what the
    file tells of itself (`polars.read_parquet_metadata`).
    Kept are rows, and columns in the types that Parquet has. What a program says of the types that it
    had them in (Arrow's schema) is left out, and so are indexes of pages and filters, which tell places
    of their own. Raises `NotAlike`.
    """
    footer: Struct = {}
    groups: list[Struct] = []
    rows = 0
    with place.open("wb") as whole:
        whole.write(MAGIC)
        for file in files:
            with file.open("rb") as part:
                told, length = footer_of(part)
                footer = footer or told
                if told[SCHEMA] != footer[SCHEMA]:
                    raise NotAlike(f"{file.name}: other columns than those before it")
                mine = structs(told, GROUPS)
                move(mine, whole.tell() - len(MAGIC))
                groups += mine
                rows += cast("int", told[ROWS][1])
                copy(part, whole, length, len(MAGIC))
        for n, group in enumerate(groups):
            group[ORDINAL] = (I16, n)
        _end(whole, footer, groups, rows, says())


def heights(file: Path) -> list[int]:
    """Return how many rows each group of a Parquet file has."""
    with file.open("rb") as part:
        return heights_of(footer_of(part)[0])


def weave(
    tables: Iterable[Sequence[Strand]], place: Path, says: Callable[[], Mapping[str, str]] = dict
) -> None:
    """Write tables, one or more and alike, of columns that stand in some Parquet files, into one.

    The files of a table have groups of rows that are as long. Tables come, `says` is asked and what is left
    out is as in `splice`. Raises `NotAlike`, also where a column holds more than one value a row, is
    sealed, lies in another file or nowhere.
    """
    about: Struct = {}
    groups: list[Struct] = []
    rows = 0
    with place.open("wb") as whole:
        whole.write(MAGIC)
        for strands in tables:
            told = _woven(strands, whole, groups)
            about = about or told
            if told[SCHEMA] != about[SCHEMA]:
                raise NotAlike("a table has other columns than those before it")
            rows += cast("int", told[ROWS][1])
        _end(whole, about, groups, rows, says())


def _woven(strands: Sequence[Strand], whole: BufferedWriter, groups: list[Struct]) -> Struct:
    """Write the groups of a table; add what is said of them, and return what is said of the whole."""
    with ExitStack() as opened:
        parts = {one.file: opened.enter_context(one.file.open("rb")) for one in strands}
        footers = {file: footer_of(part)[0] for file, part in parts.items()}
        if len({tuple(heights_of(told)) for told in footers.values()}) != 1:
            raise NotAlike("the files' groups of rows are not as long")
        places = [place_of(footers[one.file], one.theirs) for one in strands]
        first = footers[strands[0].file]
        for n, height in enumerate(heights_of(first)):
            begin, columns = whole.tell(), list[Struct]()
            for one, at in zip(strands, places, strict=True):
                column = column_of(structs(footers[one.file], GROUPS)[n], at, one.ours)
                columns.append(carry(column, parts[one.file], whole))
            groups.append(group_of(columns, height, begin, len(groups)))
        schema = [structs(first, SCHEMA)[0] | {CHILDREN: (I32, len(strands))}]
        for one, at in zip(strands, places, strict=True):
            told = structs(footers[one.file], SCHEMA)[1 + at]
            schema.append(told | {NAME: (BINARY, one.ours.encode())})
        about = {n: value for n, value in first.items() if n not in (WORDS, ORDERS)}
        about[SCHEMA] = (LIST, Listed(STRUCT, [*schema]))
        if all(ORDERS in told for told in footers.values()):
            orders = [
                structs(footers[one.file], ORDERS)[at]
                for one, at in zip(strands, places, strict=True)
            ]
            about[ORDERS] = (LIST, Listed(STRUCT, [*orders]))
        return about


def _end(
    whole: BufferedWriter, about: Struct, groups: list[Struct], rows: int, says: Mapping[str, str]
) -> None:
    """Write the footer of a table of these groups."""
    told = {n: value for n, value in about.items() if n != WORDS}
    told |= {ROWS: (I64, rows), GROUPS: (LIST, Listed(STRUCT, [*groups]))}
    if says:
        told[WORDS] = (LIST, Listed(STRUCT, [_word(*one) for one in says.items()]))
    end(whole, told)


def lay_behind(strands: Sequence[Strand], place: Path) -> None:
    """Lay other values of some columns of a table behind it, as they stand in some Parquet files.

    The table is written where it lies: what it said stays, up to its length of before. Kinds of columns stay
    as they are. Raises `NotAlike`, before anything is written or after.
    """
    with place.open("rb") as held:
        about, _ = footer_of(held)
    with ExitStack() as opened, place.open("ab") as whole:
        parts = {one.file: opened.enter_context(one.file.open("rb")) for one in strands}
        footers = {file: footer_of(part)[0] for file, part in parts.items()}
        tall = heights_of(about)
        if any(heights_of(told) != tall for told in footers.values()):
            raise NotAlike("the files' groups of rows are not as long")
        if not all(ORDERS in told for told in footers.values()):
            about.pop(ORDERS, None)
        whole.seek(0, os.SEEK_END)
        groups: list[Struct] = []
        for n, group in enumerate(structs(about, GROUPS)):
            columns = structs(group, COLUMNS)
            for one in strands:
                at = place_of(footers[one.file], one.theirs)
                column = column_of(structs(footers[one.file], GROUPS)[n], at, one.ours)
                columns[place_of(about, one.ours)] = carry(column, parts[one.file], whole)
            groups.append(group_of(columns, tall[n], cast("int", group[BEGIN][1]), n))
        about[GROUPS] = (LIST, Listed(STRUCT, [*groups]))
        end(whole, about)


def _word(key: str, value: str) -> Struct:
    return {1: (BINARY, key.encode()), 2: (BINARY, value.encode())}
