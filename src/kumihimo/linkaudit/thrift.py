"""Structures in Thrift's compact protocol, as the footers of Parquet files are written.

A structure is read without knowing what it means, and written as it was read.
"""

from typing import Final, TypeAlias

import attrs

# Types of values. Of a field that is true or false the type says which.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
_EIGHT: Final = 8  # bytes of a double
_LONG: Final = (
    15  # how many elements a list has, or how far a field is off, is written apart from here
)
_SEVEN: Final = 0x7F  # seven bits of a number stand in a byte; the eighth says that more follow

Value: TypeAlias = "int | bytes | Listed | Struct"
Struct: TypeAlias = "dict[int, tuple[int, Value]]"  # type and value by the number of the field


@attrs.frozen
class Listed:
    """A list of values of one type."""

    kind: int
    values: list[Value]


class NotThrift(ValueError):
    """Not a structure as Parquet's footers are."""


def read(content: bytes) -> Struct:
    """Read a structure. Raises `NotThrift`."""
    try:
        return _Reader(content).struct()
    except IndexError:
        raise NotThrift("it ends too early") from None


def written(struct: Struct) -> bytes:
    """Write a structure."""
    out = bytearray()
    _write_struct(out, struct)
    return bytes(out)


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def struct(self) -> Struct:
        found: Struct = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else _signed(self._number())
            found[field] = (head & _LONG, self._value(head & _LONG))
        return found

    def _value(self, kind: int) -> Value:
        if kind in (TRUE, FALSE):
            return kind
        if kind in (LIST, SET):
            return self._list()
        if kind == STRUCT:
            return self.struct()
        if kind in (DOUBLE, BINARY):
            return self._bytes(_EIGHT if kind == DOUBLE else self._number())
        if kind in (I16, I32, I64):
            return _signed(self._number())
        if kind != BYTE:
            raise NotThrift(f"a value of type {kind}")
        return self._byte()

    def _list(self) -> Listed:
        head = self._byte()
        count, kind = head >> 4, head & _LONG
        count = self._number() if count == _LONG else count
        # In a list each truth value is a byte.
        of = BYTE if kind in (TRUE, FALSE) else kind
        return Listed(kind, [self._value(of) for _ in range(count)])

    def _number(self) -> int:
        found = shift = 0
        while (byte := self._byte()) > _SEVEN:
            found |= (byte & _SEVEN) << shift
            shift += 7
        return found | byte << shift

    def _byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def _bytes(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._content):
            raise IndexError
        return self._content[self._at - count : self._at]


def _signed(zigzag: int) -> int:
    return zigzag >> 1 ^ -(zigzag & 1)


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else -number * 2 - 1


def _write_struct(out: bytearray, struct: Struct) -> None:
    last = 0
    for field, (kind, value) in sorted(struct.items()):
        if 0 < field - last <= _LONG:
            out.append(field - last << 4 | kind)
        else:
            out.append(kind)
            _write_number(out, _zigzag(field))
        _write_value(out, kind, value)
        last = field
    out.append(0)


def _write_value(out: bytearray, kind: int, value: Value) -> None:
    match value:
        case int() if kind in (TRUE, FALSE):
            pass
        case int() if kind == BYTE:
            out.append(value)
        case int():
            _write_number(out, _zigzag(value))
        case bytes():
            if kind == BINARY:
                _write_number(out, len(value))
            out += value
        case Listed():
            _write_list(out, value)
        case _:
            _write_struct(out, value)


def _write_list(out: bytearray, listed: Listed) -> None:
    count = len(listed.values)
    out.append(min(count, _LONG) << 4 | listed.kind)
    if count >= _LONG:
        _write_number(out, count)
    of = BYTE if listed.kind in (TRUE, FALSE) else listed.kind
    for one in listed.values:
        _write_value(out, of, one)


def _write_number(out: bytearray, number: int) -> None:
    while number > _SEVEN:
        out.append(number & _SEVEN | _SEVEN + 1)
        number >>= 7
    out.append(number)
