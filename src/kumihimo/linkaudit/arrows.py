"""Arrow files as they lie: a column is an array over the file, and a few of its lines are read alone.

Polars makes views of all the texts of a file that it opens, and of one line in a hundred that costs
a hundred times what is asked. Read is what `joining.write_plain` writes: batches that are not packed,
of integers and of texts with offsets of 64 bits.
"""

import mmap
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

_MAGIC: Final = b"ARROW1"
_LENGTH: Final = 4  # bytes: how long the footer is, before the magic at the end
_HEAD: Final = 8  # bytes: before what is said of a batch, a mark and a length
_EIGHT: Final = 8  # lines in a byte that says which of them are null
# As `File.fbs`, `Message.fbs` and `Schema.fbs` of the format number the fields of their tables.
_SCHEMA, _BATCHES = 1, 3  # of a file
_BATCH: Final = 2  # of a message
_HEIGHT, _NODES, _BUFFERS, _PACKING = 0, 1, 2, 3  # of a batch
_FIELDS: Final = 1  # of a schema
_NAME, _KIND, _TYPE, _WORDS = 0, 2, 3, 4  # of a column
_WIDTH, _SIGNED = 0, 1  # of integers
_INTEGER, _LONG_TEXT = 2, 20
_BLOCK: Final = struct.Struct(
    "<qi4xq"
)  # where a batch begins, how long what is said of it is, and it
_PAIR: Final = struct.Struct(
    "<qq"
)  # of a column: lines, nulls; of a buffer: where it begins, length


class NotPlain(ValueError):
    """Not an Arrow file of plain integers and texts."""


@attrs.frozen(eq=False)
class _Column:
    """One column of a batch. `nulls` says of each line, a bit, whether something stands there."""

    values: NDArray[Any]  # of a text: where each begins, and where the last ends
    texts: memoryview | None
    nulls: NDArray[np.uint8] | None

    def holds(self, lines: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say in which of some lines something stands."""
        if self.nulls is None:
            return np.ones(len(lines), bool)
        return (self.nulls[lines // _EIGHT] >> (lines % _EIGHT).astype(np.uint8) & 1).astype(bool)

    def at(self, lines: NDArray[np.int64]) -> NDArray[Any] | list[str | None]:
        """Return what stands in some lines, of texts None where nothing does."""
        if self.texts is None:
            return self.values[lines]
        texts = self.texts
        ends = zip(self.values[lines].tolist(), self.values[lines + 1].tolist(), strict=True)
        if self.nulls is None:
            return [str(texts[begin:end], "utf-8") for begin, end in ends]
        both = zip(ends, self.holds(lines).tolist(), strict=True)
        return [str(texts[begin:end], "utf-8") if held else None for (begin, end), held in both]


@attrs.frozen(eq=False)
class Batch:
    """Lines of a file that stand together; `first` is the place of the first in the file."""

    first: int
    height: int
    _columns: Mapping[str, _Column]

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def integers(self, name: str) -> NDArray[Any]:
        """Return a column of integers; where there is none, what stands there means nothing."""
        column = self._columns[name]
        if column.texts is not None:
            raise NotPlain(f"{name}: not a column of integers")
        return column.values

    def holds(self, name: str, lines: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say in which of some lines of a column something stands."""
        return self._columns[name].holds(lines)

    def at(self, name: str, lines: NDArray[np.int64]) -> NDArray[Any] | list[str | None]:
        """Return what stands in some lines of a column."""
        return self._columns[name].at(lines)


def batches(place: Path) -> Iterator[Batch]:
    """Map the batches of a file. Raises `NotPlain`."""
    with place.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    ends = len(content) - _LENGTH - len(_MAGIC)
    if content[-len(_MAGIC) :] != _MAGIC:
        raise NotPlain("not an Arrow file")
    begins = ends - int.from_bytes(content[ends : ends + _LENGTH], "little")
    footer = _Table.root(content, begins)
    kinds = [_kind(field) for field in footer.table(_SCHEMA).tables(_FIELDS)]
    first = 0
    for block in footer.structs(_BATCHES, _BLOCK):
        batch = _batch(content, block, kinds, first)
        yield batch
        first += batch.height


@attrs.frozen(eq=False)
class _Table:
    """A table of FlatBuffers: its fields lie where a list before it says."""

    content: mmap.mmap
    place: int

    @classmethod
    def root(cls, content: mmap.mmap, place: int) -> "_Table":
        return cls(content, place + _number(content, place, "<I"))

    def field(self, n: int) -> int:
        """Return where a field lies; 0 where it is not told."""
        told = self.place - _number(self.content, self.place, "<i")
        at = 4 + 2 * n
        if at >= _number(self.content, told, "<H"):
            return 0
        far = _number(self.content, told + at, "<H")
        return self.place + far if far else 0

    def number(self, n: int, form: str) -> int:
        place = self.field(n)
        return _number(self.content, place, form) if place else 0

    def table(self, n: int) -> "_Table":
        place = self.field(n)
        if not place:
            raise NotPlain("something is not told")
        return _Table.root(self.content, place)

    def vector(self, n: int) -> tuple[int, int]:
        """Return where the elements of a list begin, and how many there are."""
        place = self.field(n)
        if not place:
            return 0, 0
        place += _number(self.content, place, "<I")
        return place + 4, _number(self.content, place, "<I")

    def tables(self, n: int) -> "list[_Table]":
        begins, count = self.vector(n)
        return [_Table.root(self.content, begins + 4 * at) for at in range(count)]

    def structs(self, n: int, form: struct.Struct) -> list[tuple[int, ...]]:
        begins, count = self.vector(n)
        return [form.unpack_from(self.content, begins + form.size * at) for at in range(count)]

    def text(self, n: int) -> str:
        begins, count = self.vector(n)
        return self.content[begins : begins + count].decode()


def _number(content: mmap.mmap, place: int, form: str) -> int:
    return struct.unpack_from(form, content, place)[0]


def _kind(field: _Table) -> tuple[str, np.dtype[Any] | None]:
    """Return name and type of a column, None for a text. Raises `NotPlain`."""
    name, kind = field.text(_NAME), field.number(_KIND, "<B")
    if kind == _LONG_TEXT and not field.field(_WORDS):
        return name, None
    if kind != _INTEGER or field.field(_WORDS):
        raise NotPlain(f"{name}: a column of another type")
    about = field.table(_TYPE)
    sign = "i" if about.number(_SIGNED, "<B") else "u"
    return name, np.dtype(f"<{sign}{about.number(_WIDTH, '<i') // _EIGHT}")


def _batch(
    content: mmap.mmap,
    block: tuple[int, ...],
    kinds: list[tuple[str, np.dtype[Any] | None]],
    first: int,
) -> Batch:
    begins, head, _ = block
    about = _Table.root(content, begins + _HEAD).table(_BATCH)
    if about.field(_PACKING):
        raise NotPlain("the file is packed")
    body, height = begins + head, about.number(_HEIGHT, "<q")
    nodes = about.structs(_NODES, _PAIR)
    buffers = iter(about.structs(_BUFFERS, _PAIR))
    columns: dict[str, _Column] = {}
    for (name, kind), (_, nulls) in zip(kinds, nodes, strict=True):
        known, values = next(buffers), next(buffers)
        bits = np.frombuffer(content, np.uint8, known[1], body + known[0]) if nulls else None
        if kind is not None:
            array = np.frombuffer(content, kind, height, body + values[0])
            columns[name] = _Column(array, None, bits)
            continue
        texts = next(buffers)
        offsets = np.frombuffer(content, "<i8", height + 1, body + values[0])
        whole = memoryview(content)[body + texts[0] : body + sum(texts)]
        columns[name] = _Column(offsets, whole, bits)
    return Batch(first, height, columns)
