"""DER (X.690): the little of it that answers about certificates are made of. Strict on reading."""

from datetime import UTC, datetime
from typing import Final

SEQUENCE: Final = 0x30
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OID: Final = 0x06
ENUMERATED: Final = 0x0A
UTF8_STRING: Final = 0x0C
GENERALIZED_TIME: Final = 0x18
_CONTEXT: Final = 0x80
_CONSTRUCTED: Final = 0x20
_LONG: Final = 0x80  # from this length on, the length has bytes of its own
_MULTI_BYTE_TAG: Final = 0x1F
_LENGTH_BYTES_MAX: Final = 3  # nothing of ours is longer than 16 MiB


class NotDer(ValueError):
    """The bytes are not the DER that is expected here."""


def tagged(tag: int, content: bytes) -> bytes:
    """Return one element."""
    size = len(content)
    if size < _LONG:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, _LONG | len(length)]) + length + content


def context(number: int, content: bytes, *, constructed: bool = True) -> bytes:
    """Return an element under a context tag."""
    return tagged(_CONTEXT | (_CONSTRUCTED if constructed else 0) | number, content)


def sequence(*elements: bytes) -> bytes:
    """Return a SEQUENCE."""
    return tagged(SEQUENCE, b"".join(elements))


def generalized_time(at: datetime) -> bytes:
    """Return a GeneralizedTime in whole seconds (RFC 5280, 4.1.2.5.2)."""
    return tagged(GENERALIZED_TIME, at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


class Cursor:
    """Reads elements one after the other; every method raises `NotDer` on what it did not expect."""

    __slots__ = ("_at", "_data")  # a question is read by a dozen of them

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def peek(self) -> int | None:
        """Return the next tag, or None at the end."""
        return self._data[self._at] if self._at < len(self._data) else None

    def optional(self, number: int, *, constructed: bool = True) -> bytes | None:
        """Return the content of the element under a context tag, if that comes next."""
        tag = _CONTEXT | (_CONSTRUCTED if constructed else 0) | number
        return self.take(tag) if self.peek() == tag else None

    def take(self, tag: int) -> bytes:
        """Return the content of the next element, which has this tag."""
        return self._element(tag)[1]

    def whole(self, tag: int) -> bytes:
        """Return the next element with its tag and length."""
        return self._element(tag)[0]

    def integer(self) -> int:
        """Return the next element, a minimal INTEGER."""
        content = self.take(INTEGER)
        redundant = len(content) > 1 and content[0] in {0x00, 0xFF}
        if not content or (redundant and (content[0] ^ content[1]) < _LONG):
            raise NotDer("an integer is written in as few bytes as it needs")
        return int.from_bytes(content, "big", signed=True)

    def name(self) -> bytes:
        """Return the content of the next element, an OBJECT IDENTIFIER whose arcs are minimal."""
        content = self.take(OID)
        arc_begins = True
        for byte in content:
            if arc_begins and byte == _LONG:
                break
            arc_begins = byte < _LONG
        else:
            if content and arc_begins:
                return content
        raise NotDer("an arc of a name is written in as few bytes as it needs")

    def end(self) -> None:
        """Refuse whatever comes after the last element."""
        if self._at != len(self._data):
            raise NotDer("there is something after the last element")

    def _element(self, tag: int) -> tuple[bytes, bytes]:
        data, begin = self._data, self._at
        whole = len(data)
        if begin >= whole or data[begin] != tag or tag & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
            raise NotDer("another element is expected here")
        size, start = self._length(begin + 1)
        stop = start + size
        if stop > whole:
            raise NotDer("an element is cut off")
        self._at = stop
        return data[begin:stop], data[start:stop]

    def _length(self, at: int) -> tuple[int, int]:
        """Return the length that stands at a place, and where the content begins."""
        if at >= len(self._data):
            raise NotDer("an element is cut off")
        first = self._data[at]
        if first < _LONG:
            return first, at + 1
        count = first - _LONG
        found = self._data[at + 1 : at + 1 + count]
        if not 1 <= count <= _LENGTH_BYTES_MAX or len(found) < count:
            raise NotDer("a length is cut off or has no end")
        size = int.from_bytes(found, "big")
        if size < _LONG or found[0] == 0:
            raise NotDer("a length is written in as few bytes as it needs")
        return size, at + 1 + count
