"""Commands and answers of a chip as bytes (ISO 7816-4), and the status words of JICSAP.

Pure. A command that does not parse has no other fault than its length: `BadLength`.
"""

from typing import Final, Self

import attrs

OK: Final = 0x9000
END_OF_FILE: Final = 0x6282
COMPARE_FAILED: Final = 0x6300  # tries are not limited
TRIES: Final = 0x63C0  # the last digit is how many are left
MEMORY_FAILED: Final = 0x6581
SECURITY_ENVIRONMENT: Final = 0x66F1  # no key delivery is set up here
WRONG_LENGTH: Final = 0x6700
NO_CHANNEL: Final = 0x6881
NO_SECURE_MESSAGING: Final = 0x6882
WRONG_FILE_TYPE: Final = 0x6981
SECURITY: Final = 0x6982
AUTHENTICATION_BLOCKED: Final = 0x6983
LOCKED: Final = 0x6984
CONDITIONS: Final = 0x6985
NO_CURRENT_FILE: Final = 0x6986
SM_OBJECT_MISSING: Final = 0x6987
SM_OBJECT_WRONG: Final = 0x6988
SM_SESSION_GONE: Final = 0x69FC
WRONG_DATA: Final = 0x6A80
NO_FUNCTION: Final = 0x6A81
NO_FILE: Final = 0x6A82
NO_RECORD: Final = 0x6A83
NO_SPACE: Final = 0x6A84
WRONG_PARAMETERS: Final = 0x6A86
NO_REFERENCE: Final = 0x6A88  # also: no such data object
OUT_OF_RANGE: Final = 0x6B00
NO_INSTRUCTION: Final = 0x6D00
NO_CLASS: Final = 0x6E00
FAULT: Final = 0x6F00

SHORT_MAX: Final = 256
EXTENDED_MAX: Final = 65536
_HEADER: Final = 4


class BadLength(ValueError):
    """The lengths inside a command do not add up."""


@attrs.frozen
class Command:
    """One command. `le` is how many bytes the reader takes at most, None when it wants none."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = attrs.field(default=b"", repr=False)
    le: int | None = None

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read cases 1, 2S, 3S, 4S, 2E, 3E and 4E. Raises `BadLength`."""
        size = len(raw)
        if size < _HEADER:
            raise BadLength
        cla, ins, p1, p2 = raw[:_HEADER]
        if size == _HEADER:
            return cls(cla, ins, p1, p2)
        first = raw[4]
        if size == 5:  # noqa: PLR2004 - the header and Le
            return cls(cla, ins, p1, p2, b"", first or SHORT_MAX)
        if first:
            data, le = _body(raw, start=5, length=first, width=1)
        elif size == 7:  # noqa: PLR2004 - the header, 00 and two bytes of Le
            data, le = b"", int.from_bytes(raw[5:], "big") or EXTENDED_MAX
        else:
            data, le = _body(raw, start=7, length=int.from_bytes(raw[5:7], "big"), width=2)
        return cls(cla, ins, p1, p2, data, le)

    def encode(self) -> bytes:
        """Return the bytes: short where that will do, extended where it must be."""
        header = bytes((self.cla, self.ins, self.p1, self.p2))
        extended = len(self.data) >= SHORT_MAX or (self.le or 0) > SHORT_MAX
        size = len(self.data)
        length = b"" if not size else size.to_bytes(3, "big") if extended else bytes((size,))
        if self.le is None:
            return header + length + self.data
        if not extended:
            return header + length + self.data + bytes((self.le % SHORT_MAX,))
        le = (self.le % EXTENDED_MAX).to_bytes(2, "big")
        return header + length + self.data + (le if size else b"\0" + le)


def _body(raw: bytes, *, start: int, length: int, width: int) -> tuple[bytes, int | None]:
    end = start + length
    if not length or len(raw) not in {end, end + width}:
        raise BadLength
    if len(raw) == end:
        return raw[start:], None
    most = SHORT_MAX if width == 1 else EXTENDED_MAX
    return raw[start:end], int.from_bytes(raw[end:], "big") or most


@attrs.frozen
class Response:
    """One answer: data, and the status word that ends it."""

    data: bytes = attrs.field(repr=False)
    status: int

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Split an answer. Raises `BadLength` when there is not even a status word."""
        if len(raw) < 2:  # noqa: PLR2004 - a status word
            raise BadLength
        return cls(raw[:-2], int.from_bytes(raw[-2:], "big"))

    def encode(self) -> bytes:
        """Return the bytes."""
        return self.data + self.status.to_bytes(2, "big")


class Declined(Exception):
    """What the chip does not do, by status word; ends a command inside the chip."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


def tries_left(left: int) -> int:
    """Return the status word that says how many tries are left (15 at most can be told)."""
    return TRIES | min(left, 0xF)
