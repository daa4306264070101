"""What a witness decides (c2sp.org/tlog-witness): may this checkpoint follow what I saw before?

Pure: the message and its answer. Who keeps the state keeps it and the answer together, so that of
two requests at once one sees the other.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, Self

import attrs

from kumihimo.kernel.tlog.checkpoint import Checkpoint, read_hash, read_size, write_hash
from kumihimo.kernel.tlog.note import NOTE_BYTES_MAX, BadNote, Note, NoteKey
from kumihimo.kernel.tlog.tree import EMPTY_ROOT, PROOF_MAX, ProofBroken, verify_consistency

ADD_CHECKPOINT_PATH: Final = "/add-checkpoint"
SIZE_TYPE: Final = "text/x.tlog.size"
REQUEST_BYTES_MAX: Final = NOTE_BYTES_MAX + 4 * 1024  # 63 hashes in base64 take 2,835
_OLD: Final = "old "


class NotWitnessed(Exception):
    """The witness does not sign; `status` is what HTTP says."""

    status: ClassVar[int] = 400


class UnknownLog(NotWitnessed):
    """Nobody told this witness of the log."""

    status = 404


class NotByTheLog(NotWitnessed):
    """The checkpoint is not signed by the log's key."""

    status = 403


class AnotherSize(NotWitnessed):
    """The proof starts elsewhere than at the size that the witness saw last."""

    status = 409

    def __init__(self, size: int) -> None:
        super().__init__("the proof starts from another size than the one that was witnessed last")
        self.size = size


class NotConsistent(NotWitnessed):
    """The log forgot or changed what the witness saw: what a witness is there for."""

    status = 422


class WentBack(NotConsistent):
    """The log shows less than the witness saw."""

    status = 400


@attrs.frozen
class AddCheckpoint:
    """A checkpoint, and the proof that it continues the tree of size `old`."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a request's body; raises `BadNote`."""
        head, _, note = data.partition(b"\n\n")
        try:
            first, *lines = head.decode().split("\n")
        except UnicodeDecodeError as error:
            raise BadNote("a request is text") from error
        if not first.startswith(_OLD) or len(lines) > PROOF_MAX:
            raise BadNote("not a request: the old size, and at most 63 hashes")
        hashes = tuple(read_hash(line) for line in lines)
        return cls(read_size(first.removeprefix(_OLD)), hashes, Note.parse(note))

    def encode(self) -> bytes:
        """Return the body that `parse` reads."""
        lines = (f"{_OLD}{self.old}", *map(write_hash, self.proof))
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.note.encode()


@attrs.frozen
class Seen:
    """How far a witness saw a log: nothing at first."""

    size: int
    root: bytes


def follow(asked: AddCheckpoint, *, keys: Sequence[NoteKey], seen: Seen | None) -> Checkpoint:
    """Return the checkpoint if a witness that saw `seen` may sign it; raises `NotWitnessed`.

    (1) it is a checkpoint, of a log that has keys here, and one of them signed it;
    (2) its proof starts from the size that was seen; a checkpoint that is smaller than that has
        no proof, and a log that shows none that is larger forgot something;
    (3) the proof leads from the root that was seen to the new one.
    """
    try:
        checkpoint = Checkpoint.parse(asked.note.text)
    except BadNote as error:
        raise NotWitnessed(str(error)) from error
    own = [key for key in keys if key.name == checkpoint.origin]
    if not own:
        raise UnknownLog("this witness does not know the log")
    try:
        asked.note.check(own)
    except BadNote as error:
        raise NotByTheLog(str(error)) from error
    size = 0 if seen is None else seen.size
    if asked.old > checkpoint.size:
        wrong = WentBack if asked.old == size else NotWitnessed
        raise wrong("the old size is above the new one")
    if asked.old != size:
        raise AnotherSize(size)
    _check_grown(asked, checkpoint, seen)
    return checkpoint


def _check_grown(asked: AddCheckpoint, checkpoint: Checkpoint, seen: Seen | None) -> None:

    old = EMPTY_ROOT if seen is None else seen.root
    try:
        verify_consistency(asked.old, checkpoint.size, old, checkpoint.root, asked.proof)
    except ProofBroken as error:
        raise NotConsistent(str(error)) from error
