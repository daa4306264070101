"""Proofs to keep (c2sp.org/tlog-proof): an entry is in a log, checked without the log."""

from typing import Final, Self

import attrs

from kumihimo.kernel.tlog.checkpoint import read_hash, read_size, write_hash
from kumihimo.kernel.tlog.note import NOTE_BYTES_MAX, BadNote, Note
from kumihimo.kernel.tlog.tree import PROOF_MAX

_FIRST: Final = "c2sp.org/tlog-proof@v1"
_BYTES_MAX: Final = 2 * NOTE_BYTES_MAX
_INDEX: Final = "index "


@attrs.frozen
class InclusionProof:
    """Where an entry stands, the hashes from it to the root, and the checkpoint with that root."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: Note

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a proof; raises `BadNote`. What it carries beside (`extra`) is not looked at."""
        if len(data) > _BYTES_MAX:
            raise BadNote("a proof is too long")
        head, _, note = data.partition(b"\n\n")
        try:
            first, *lines = head.decode().split("\n")
        except UnicodeDecodeError as error:
            raise BadNote("a proof is text") from error
        if lines and lines[0].startswith("extra "):
            del lines[0]
        if first != _FIRST or not lines or not lines[0].startswith(_INDEX):
            raise BadNote("not a proof: its first line, and the place of its entry")
        if len(lines) > 1 + PROOF_MAX:
            raise BadNote("a proof is too long")
        hashes = tuple(read_hash(line) for line in lines[1:])
        return cls(read_size(lines[0].removeprefix(_INDEX)), hashes, Note.parse(note))

    def encode(self) -> bytes:
        """Return the proof as `parse` reads it."""
        lines = (_FIRST, f"{_INDEX}{self.index}", *map(write_hash, self.hashes))
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint.encode()
