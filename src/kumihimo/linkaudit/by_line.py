"""Parquet columns of which every value is that of one of a few lines: the rows say which line.

Of eighty million findings there are some thousand that differ. So a group of rows is packed once, as
the places of lines, and each column lays its own dictionary before it.
"""

import io
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final, cast

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.thrift import BINARY, I16, I32, I64, LIST, STRUCT, Listed, Struct, written
from kumihimo.linkaudit.thrift import read as read_struct

_MAGIC: Final = b"PAR1"
_LENGTH: Final = 4  # bytes: of the footer's length, and of that of levels and of texts in a page
# As `parquet.thrift` of the format numbers them.
_ROWS, _GROUPS, _WORDS = 3, 4, 5
_AS_IT_IS, _GZIP = 0, 2
_PLAIN, _RLE, _BY_DICTIONARY = 0, 3, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_KINDS: Final[Mapping[type[pl.DataType], int]] = {
    pl.Int32: 1,
    pl.Float64: 5,
    pl.String: 6,
}  # of what is in a page
_GZIPPED: Final = 31  # zlib's word for gzip's wrapping
_SWIFT: Final = 1  # the least that zlib does: half of the time is compressing
_EIGHT: Final = 8
_WIDTHS: Final = (1, 2, 4, 8, 16, 32)  # bits of a place
_FEW: Final = 64  # so few values get places of their own, which pack to a third


@attrs.frozen
class _Page:
    """What stands in a page, and the page as it is written: packed (`zipped`), or as it is."""

    plain: int
    packed: bytes
    zipped: bool

    @classmethod
    def of(cls, content: bytes, *, zipped: bool = True) -> "_Page":
        if not zipped:
            return cls(len(content), content, zipped)
        # Lines come in no order that repeats: how often each comes is all that there is to pack.
        packer = zlib.compressobj(
            _SWIFT, zlib.DEFLATED, _GZIPPED, zlib.DEF_MEM_LEVEL, zlib.Z_HUFFMAN_ONLY
        )
        return cls(len(content), packer.compress(content) + packer.flush(), zipped)

    def headed(self, kind: int, field: int, about: Struct) -> tuple[bytes, int]:
        """Return the page behind its head, and its length without being packed."""
        head = written(
            {
                1: (I32, kind),
                2: (I32, self.plain),
                3: (I32, len(self.packed)),
                field: (STRUCT, about),
            }
        )
        return head + self.packed, len(head) + self.plain


def write_by_line(
    place: Path,
    lines: pl.DataFrame,
    at: NDArray[np.uint32],
    sparse: Mapping[str, NDArray[np.int32]],
    heights: Sequence[int],
) -> None:
    """Write a table of which a row has the values of the line `at` it, in groups of some heights.

    `lines` has columns of Int32, Float64 and String, none of them null; a column of `sparse` (Int32) is
    told row by row and null where it is 0. The columns of `lines` come first.
    """
    shape = pl.DataFrame(schema={**lines.schema, **dict.fromkeys(sparse, pl.Int32)})
    groups: list[Struct] = []
    few = {column.name: told for column in lines.iter_columns() if (told := _Few.of(column))}
    begin = 0
    with place.open("wb") as file:
        file.write(_MAGIC)
        for n, height in enumerate(heights):
            here = slice(begin, begin + height)
            columns = _by_lines(file, lines, few, at[here])
            columns += [_told(file, name, values[here]) for name, values in sparse.items()]
            groups.append(_group(columns, height, n))
            begin += height
        about = _footer_of(shape) | {_ROWS: (I64, begin)}
        about[_GROUPS] = (LIST, Listed(STRUCT, [*groups]))
        said = written(about)
        file.write(said + len(said).to_bytes(_LENGTH, "little") + _MAGIC)


def _footer_of(shape: pl.DataFrame) -> Struct:
    """Return what Polars says of columns of these names and types."""
    file = io.BytesIO()
    shape.write_parquet(file)
    content = file.getvalue()[: -len(_MAGIC)]
    length = int.from_bytes(content[-_LENGTH:], "little")
    footer = read_struct(content[-_LENGTH - length : -_LENGTH])
    return {field: value for field, value in footer.items() if field != _WORDS}


@attrs.frozen(eq=False)
class _Few:
    """A column of few values: these, and which of them each line has."""

    values: pl.Series
    codes: NDArray[np.uint8]

    @classmethod
    def of(cls, column: pl.Series) -> "_Few | None":
        """Look for the values of a column; None where they are many."""
        some = column.unique(maintain_order=True)
        if len(some) >= min(_FEW, len(column)):
            return None
        codes = column.replace_strict(some, np.arange(len(some)), return_dtype=pl.UInt8)
        return cls(some, codes.to_numpy())

    def among(self, lines: NDArray[np.intp]) -> tuple[pl.Series, NDArray[np.uint8]]:
        """Return the values that some lines have, and which of these each has."""
        mine = self.codes[lines]
        held = np.flatnonzero(np.bincount(mine))
        places = np.zeros(len(self.values), np.uint8)
        places[held] = np.arange(len(held))
        return self.values.gather(held), places[mine]


def _by_lines(
    file: BinaryIO, lines: pl.DataFrame, few: Mapping[str, _Few], at: NDArray[np.uint32]
) -> list[Struct]:
    """Write the columns of a group of rows; return what is said of each."""
    places = np.zeros(len(lines), np.uint32)
    places[at] = 1
    seen = np.flatnonzero(places)
    places[seen] = np.arange(len(seen))
    own = places[at]
    whole = _indexes(own, len(seen))
    pages: dict[bytes, _Page] = {}
    columns: list[Struct] = []
    for column in lines[seen].iter_columns():
        values, page = column, whole
        if column.name in few:
            values, mine = few[column.name].among(seen)
            # Columns that tell the same apart have the same places.
            if mine.tobytes() not in pages:
                pages[mine.tobytes()] = _indexes(mine[own], len(values))
            page = pages[mine.tobytes()]
        columns.append(_coded(file, values, page, len(at)))
    return columns


def _indexes(at: NDArray[np.unsignedinteger], count: int) -> _Page:
    """Return a page of places in a dictionary, of which none is null.

    Of few values a place is some bits, which pack no further.
    """
    width = next(width for width in _WIDTHS if count <= 1 << width)
    kind = np.dtype(f"<u{max(width, _EIGHT) // _EIGHT}")
    groups = -(-len(at) // _EIGHT)
    padded = np.zeros(groups * _EIGHT, kind)
    padded[: len(at)] = at
    levels = _varint(len(at) << 1) + b"\x01"
    head = len(levels).to_bytes(_LENGTH, "little") + levels + bytes([width])
    content = head + _varint(groups << 1 | 1) + _in_bits(padded, width).tobytes()
    return _Page.of(content, zipped=width >= _EIGHT)


def _in_bits(places: NDArray[np.unsignedinteger], width: int) -> NDArray[np.unsignedinteger]:
    """Return places, the first in the lowest bits of a byte; those of a byte or more as they are."""
    if width >= _EIGHT:
        return places
    several = places.reshape(-1, _EIGHT // width)
    found = several[:, 0].copy()
    for n in range(1, several.shape[1]):
        found |= several[:, n] << (width * n)
    return found


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits to a byte
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _plain(values: pl.Series) -> bytes:
    if values.dtype != pl.String:
        return values.to_numpy().tobytes()
    texts = [text.encode() for text in values.to_list()]
    return b"".join(len(text).to_bytes(_LENGTH, "little") + text for text in texts)


def _coded(file: BinaryIO, values: pl.Series, page: _Page, height: int) -> Struct:
    begin = file.tell()
    about: Struct = {1: (I32, len(values)), 2: (I32, _PLAIN)}
    page_of_values = _Page.of(_plain(values), zipped=page.zipped)
    dictionary, plain = page_of_values.headed(_DICTIONARY_PAGE, 7, about)
    file.write(dictionary)
    then = file.tell()
    plain += _put(file, page, height, _BY_DICTIONARY)
    column = _column(file, values, height, begin, plain, 0)
    packing = (I32, _GZIP if page.zipped else _AS_IT_IS)
    cast("Struct", column[3][1]).update({4: packing, 9: (I64, then), 11: (I64, begin)})
    return column


def _told(file: BinaryIO, name: str, values: NDArray[np.int32]) -> Struct:
    """Write a column that is told row by row, and null where it is 0."""
    begin = file.tell()
    known = values != 0
    levels = np.packbits(known, bitorder="little").tobytes()
    levels = _varint(len(levels) << 1 | 1) + levels
    some = values[known].astype("<i4")
    page = _Page.of(len(levels).to_bytes(_LENGTH, "little") + levels + some.tobytes())
    plain = _put(file, page, len(values), _PLAIN)
    series = pl.Series(name, values[known], dtype=pl.Int32)
    column = _column(file, series, len(values), begin, plain, len(values) - len(some))
    cast("Struct", column[3][1])[9] = (I64, begin)
    return column


def _put(file: BinaryIO, page: _Page, height: int, encoding: int) -> int:
    about: Struct = {1: (I32, height), 2: (I32, encoding), 3: (I32, _RLE), 4: (I32, _RLE)}
    content, plain = page.headed(_DATA_PAGE, 5, about)
    file.write(content)
    return plain


def _column(
    file: BinaryIO, values: pl.Series, height: int, begin: int, plain: int, nulls: int
) -> Struct:
    """Return what is said of a column that ends here; where its pages begin is not."""
    told: Struct = {3: (I64, nulls)}
    if len(values) and values.dtype != pl.Float64:  # of which 0 and -0 would have to be told apart
        told[5], told[6] = ((BINARY, _plain(one)[_skipped(one) :]) for one in _ends(values))
    about: Struct = {
        1: (I32, _KINDS[values.dtype.base_type()]),
        2: (LIST, Listed(I32, [_PLAIN, _RLE, _BY_DICTIONARY])),
        3: (LIST, Listed(BINARY, [values.name.encode()])),
        4: (I32, _GZIP),
        5: (I64, height),
        6: (I64, plain),
        7: (I64, file.tell() - begin),
        12: (STRUCT, told),
    }
    return {2: (I64, begin), 3: (STRUCT, about)}


def _ends(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the greatest and the least value, each as a column."""
    greatest, least = (pl.Series([end], dtype=values.dtype) for end in (values.max(), values.min()))
    return greatest, least


def _skipped(one: pl.Series) -> int:
    return _LENGTH if one.dtype == pl.String else 0


def _group(columns: list[Struct], height: int, n: int) -> Struct:
    told = [cast("Struct", column[3][1]) for column in columns]
    begin = cast("int", columns[0][2][1])
    return {
        1: (LIST, Listed(STRUCT, [*columns])),
        2: (I64, sum(cast("int", one[6][1]) for one in told)),
        3: (I64, height),
        5: (I64, begin),
        6: (I64, sum(cast("int", one[7][1]) for one in told)),
        7: (I16, n),
    }
