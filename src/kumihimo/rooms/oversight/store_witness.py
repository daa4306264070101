"""Oversight's SQL as a witness: how far it saw a log, and what did not continue that."""

from datetime import datetime

import attrs

from kumihimo.kernel.sql import Database, Tx
from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import Note
from kumihimo.kernel.tlog.witnessing import Seen


@attrs.frozen
class WitnessedRow:
    """The newest checkpoint that was witnessed, with its note."""

    size: int
    root: bytes
    note: str

    def seen(self) -> Seen:
        """Return how far that is."""
        return Seen(self.size, bytes(self.root))


@attrs.frozen
class _Alarm:
    alarm: str


async def witnessed(tx: Tx, log: str) -> WitnessedRow | None:
    """Return how far a log was seen."""
    return await tx.row(
        "SELECT size, root, note FROM witnessed WHERE log = %(log)s", {"log": log}, WitnessedRow
    )


async def move(
    database: Database, checkpoint: Checkpoint, note: Note, seen: Seen | None, at: datetime
) -> bool:
    """Note a checkpoint that continues `seen`; False where another was noted since.

    One statement alone, so that of two checkpoints at once one comes second and is told.
    """
    moved = await database.alone(
        "INSERT INTO witnessed (log, size, root, note, at)"
        " VALUES (%(log)s, %(size)s, %(root)s, %(note)s, %(at)s)"
        " ON CONFLICT (log) DO UPDATE SET size = excluded.size, root = excluded.root,"
        " note = excluded.note, at = excluded.at"
        " WHERE witnessed.size = %(seen_size)s AND witnessed.root = %(seen_root)s",
        {
            "log": checkpoint.origin,
            "size": checkpoint.size,
            "root": checkpoint.root,
            "note": note.encode().decode(),
            "at": at,
            "seen_size": -1 if seen is None else seen.size,
            "seen_root": b"" if seen is None else seen.root,
        },
    )
    return moved == 1


async def keep_two_histories(
    tx: Tx, *, alarm: str, log: str, seen: str, shown: str, at: datetime
) -> bool:
    """Keep both; False where they are kept already."""
    found = await tx.rows(
        "INSERT INTO two_histories (alarm, log, seen, shown, noticed_at)"
        " VALUES (%(alarm)s, %(log)s, %(seen)s, %(shown)s, %(at)s)"
        " ON CONFLICT DO NOTHING RETURNING alarm",
        {"alarm": alarm, "log": log, "seen": seen, "shown": shown, "at": at},
        _Alarm,
    )
    return bool(found)
