"""Checkpoints (c2sp.org/tlog-checkpoint): what a log says of itself at one size."""

import base64
import re
from typing import Final, Self

import attrs

from kumihimo.kernel.tlog.note import BadNote, unbase64
from kumihimo.kernel.tlog.tree import HASH_BYTES

ORIGIN_CHARS_MAX: Final = 255
_SIZE: Final = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)
_LINES: Final = 3


def read_size(text: str) -> int:
    """Return a number of entries; raises `BadNote` unless it is written as everyone writes it."""
    if not _SIZE.fullmatch(text) or int(text) >= 1 << 63:
        raise BadNote("not a number of entries")
    return int(text)


def read_hash(text: str) -> bytes:
    """Return a hash that is written in base64; raises `BadNote`."""
    data = unbase64(text)
    if len(data) != HASH_BYTES:
        raise BadNote("not a hash")
    return data


def write_hash(value: bytes) -> str:
    """Return a hash as notes and proofs write it."""
    return base64.b64encode(value).decode()


@attrs.frozen
class Checkpoint:
    """A log's name, how many entries it has, and the root over them. Its text is what is signed."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a note; raises `BadNote` unless it is a checkpoint's."""
        lines = text.split("\n")
        if len(lines) <= _LINES or lines.pop() or not all(lines):
            raise BadNote("not a checkpoint: name, size and root are expected")
        if len(lines[0]) > ORIGIN_CHARS_MAX:
            raise BadNote("a log's name is too long")
        return cls(lines[0], read_size(lines[1]), read_hash(lines[2]), tuple(lines[_LINES:]))

    def text(self) -> str:
        """Return the text of the note."""
        lines = (self.origin, str(self.size), write_hash(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)
