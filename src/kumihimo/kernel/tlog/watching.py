"""A log seen from outside: its newest checkpoint, and the proof that it grew from what was seen.

Who watches keeps its own state and believes nothing that the log says but by proof.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import BadNote, Note, NoteKey
from kumihimo.kernel.tlog.tiles import Hashes, NoSuchTile, tiles_of
from kumihimo.kernel.tlog.tree import consistency_path
from kumihimo.kernel.tlog.witnessing import (
    AddCheckpoint,
    NotByTheLog,
    NotWitnessed,
    Seen,
    follow,
)

CHECKPOINT: Final = "checkpoint"
TILE: Final = "tile/"

Read = Callable[[str], Awaitable[bytes]]
"""What the log serves under a path below its prefix; raises `Unavailable`."""


async def newest(read: Read, keys: Sequence[NoteKey]) -> Note:
    """Return a log's newest checkpoint, signed by one of its keys.

    Raises `NotWitnessed` for what is none, and `Unavailable` from `read`.
    """
    try:
        note = Note.parse(await read(CHECKPOINT))
        note.check([key for key in keys if key.name == Checkpoint.parse(note.text).origin])
    except BadNote as error:
        raise NotByTheLog(str(error)) from error
    return note


async def continued(
    read: Read, note: Note, keys: Sequence[NoteKey], seen: Seen | None
) -> Checkpoint:
    """Return the checkpoint of a log if it continues what was seen.

    Raises `NotWitnessed`: `NotConsistent` where the log forgot or changed what was seen, and
    `Unavailable` from `read`. A checkpoint that is older than what was seen continues nothing: who
    shows an old one to somebody may show another one to others.
    """
    old = 0 if seen is None else seen.size
    if old > Checkpoint.parse(note.text).size:
        return follow(AddCheckpoint(old, (), note), keys=keys, seen=seen)
    return follow(await proved(read, note, old), keys=keys, seen=seen)


async def proved(read: Read, note: Note, old: int) -> AddCheckpoint:
    """Return a checkpoint with the proof, from the log's tiles, that it continues size `old`.

    Raises `BadNote`, `NotWitnessed` for tiles that are none, and `Unavailable` from `read`.
    """
    size = Checkpoint.parse(note.text).size
    path = consistency_path(old, size)
    try:
        tiles = {tile: await read(TILE + tile.path()) for tile in tiles_of(path, size)}
        proof = Hashes.of(tiles).proof(path)
    except NoSuchTile as error:
        raise NotWitnessed(str(error)) from error
    return AddCheckpoint(old, tuple(proof), note)
