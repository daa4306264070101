"""BER-TLV as the card's files use it: tags of one or two bytes, definite lengths."""

from collections.abc import Iterator
from typing import Final

_LONG_TAG: Final = 0x1F
_LONG_LENGTH: Final = 0x80
_LENGTH_BYTES_MAX: Final = 2  # no file is longer than 64 KiB


class BadTlv(ValueError):
    """Bytes that are no TLV."""


def tlv(tag: int, value: bytes) -> bytes:
    """Encode one object, its length in the shortest form."""
    name = tag.to_bytes(2 if tag > 0xFF else 1, "big")  # noqa: PLR2004 - one byte
    size = len(value)
    if size < _LONG_LENGTH:
        return name + bytes((size,)) + value
    length = size.to_bytes(1 if size <= 0xFF else 2, "big")  # noqa: PLR2004 - one byte
    return name + bytes((_LONG_LENGTH | len(length),)) + length + value


def parse(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each object's tag and value; filler (00 or FF at a tag's place) ends it.

    Raises `BadTlv`. FF starts a tag too (FF10): it is filler when FF follows.
    """
    at = 0
    while at < len(data):
        if data[at] == 0 or data[at : at + 2] in {b"\xff\xff", b"\xff"}:
            return
        tag, start, end = header(data, at)
        if end > len(data):
            raise BadTlv
        yield tag, data[start:end]
        at = end


def parse_one(data: bytes) -> tuple[int, bytes]:
    """Return the tag and value of the one object that these bytes are. Raises `BadTlv`."""
    if not data:
        raise BadTlv
    tag, start, end = header(data, 0)
    if end != len(data):
        raise BadTlv
    return tag, data[start:end]


def header(data: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag at a place, where its value starts and where it ends. Raises `BadTlv`."""
    try:
        tag = data[at]
        at += 1
        if tag & _LONG_TAG == _LONG_TAG:
            tag = tag << 8 | data[at]
            at += 1
        length = data[at]
        at += 1
    except IndexError as error:
        raise BadTlv from error
    if length & _LONG_LENGTH:
        width = length ^ _LONG_LENGTH
        if not 0 < width <= _LENGTH_BYTES_MAX or at + width > len(data):
            raise BadTlv
        length = int.from_bytes(data[at : at + width], "big")
        at += width
    return tag, at, at + length
