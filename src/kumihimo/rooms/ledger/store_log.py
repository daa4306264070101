"""The ledger's SQL for the log: batches of entries, whole hashes, submissions. Append only."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs
from psycopg.errors import UniqueViolation

from kumihimo.kernel.sql import Database, Tx
from kumihimo.kernel.tlog.edge import Place
from kumihimo.kernel.tlog.leaf import LEAF_BYTES, split


@attrs.frozen
class HeadRow:
    """How far the log is: its size, the root over all entries, and the checkpoint that says so."""

    size: int
    root: bytes
    note: str


@attrs.frozen
class _EntriesRow:
    start: int
    entries: bytes


@attrs.frozen
class _HashRow:
    place: int
    hash: bytes


@attrs.frozen
class SubmissionRow:
    """Whose leaves stand where."""

    submission: str
    sender: str
    first: int
    leaves: int
    kind: str = ""


async def head(tx: Tx) -> HeadRow | None:
    """Return how far the log is; None before the first entry."""
    return await tx.row(
        "SELECT size, root, note FROM log_batch ORDER BY start DESC LIMIT 1", {}, HeadRow
    )


@attrs.frozen
class Batch:
    """What one statement appends: `head` is how far the log is with it."""

    start: int
    head: HeadRow
    entries: bytes
    whole: Mapping[Place, bytes]
    submissions: Sequence[SubmissionRow]


async def append(database: Database, batch: Batch, at: datetime) -> bool:
    """Append a batch; False where the log goes on otherwise there, or has one of the submissions.

    One statement alone: nobody waits for a process that sleeps.
    """
    whole, rows = batch.whole, batch.submissions
    try:
        await database.alone(
            "WITH batch AS (INSERT INTO log_batch (start, size, at, entries, root, note)"
            " VALUES (%(start)s, %(size)s, %(at)s, %(entries)s, %(root)s, %(note)s)),"
            " nodes AS (INSERT INTO log_node (level, place, hash) SELECT level, place, hash"
            " FROM unnest(%(levels)s::integer[], %(places)s::bigint[], %(hashes)s::bytea[])"
            " AS new (level, place, hash))"
            " INSERT INTO log_submission (submission, sender, first, leaves, kind)"
            " SELECT submission, sender, first, leaves, kind FROM unnest(%(ids)s::text[],"
            " %(senders)s::text[], %(firsts)s::bigint[], %(leaves)s::integer[],"
            " %(kinds)s::text[]) AS new (submission, sender, first, leaves, kind)",
            {
                "start": batch.start,
                "size": batch.head.size,
                "at": at,
                "entries": batch.entries,
                "root": batch.head.root,
                "note": batch.head.note,
                "levels": [level for level, _ in whole],
                "places": [place for _, place in whole],
                "hashes": list(whole.values()),
                "ids": [row.submission for row in rows],
                "senders": [row.sender for row in rows],
                "firsts": [row.first for row in rows],
                "leaves": [row.leaves for row in rows],
                "kinds": [row.kind for row in rows],
            },
        )
    except UniqueViolation:
        return False
    return True


async def entries(tx: Tx, start: int, end: int) -> list[bytes]:
    """Return the entries [start, end) of the log, as far as it has them."""
    rows = await tx.rows(
        "SELECT start, entries FROM log_batch WHERE size > %(start)s AND start < %(end)s"
        " ORDER BY start",
        {"start": start, "end": end},
        _EntriesRow,
    )
    if not rows:
        return []
    before = start - rows[0].start
    found = b"".join(bytes(row.entries) for row in rows)
    return split(found[before * LEAF_BYTES : (before + end - start) * LEAF_BYTES])


async def hashes(tx: Tx, level: int, start: int, end: int) -> list[bytes]:
    """Return the hashes at places [start, end) of a level above the entries."""
    rows = await tx.rows(
        "SELECT place, hash FROM log_node"
        " WHERE level = %(level)s AND place >= %(start)s AND place < %(end)s ORDER BY place",
        {"level": level, "start": start, "end": end},
        _HashRow,
    )
    return [bytes(row.hash) for row in rows]


async def submissions(tx: Tx, ids: Sequence[str]) -> list[SubmissionRow]:
    """Return those of these submissions that are in the log."""
    return await tx.rows(
        "SELECT submission, sender, first, leaves FROM log_submission"
        " WHERE submission = ANY(%(ids)s)",
        {"ids": list(ids)},
        SubmissionRow,
    )


@attrs.frozen
class CosignedRow:
    """A checkpoint as the ledger signed it, and the lines of those who cosigned it."""

    size: int
    note: str
    lines: str


async def cosigned(tx: Tx) -> CosignedRow | None:
    """Return the newest checkpoint that is cosigned."""
    return await tx.row(
        "SELECT b.size, b.note, string_agg(c.line, '' ORDER BY c.witness) AS lines"
        " FROM log_cosignature c JOIN log_batch b ON b.size = c.size"
        " WHERE c.size = (SELECT max(size) FROM log_cosignature) GROUP BY b.size, b.note",
        {},
        CosignedRow,
    )


async def keep_cosignature(
    database: Database, size: int, witness: str, line: str, at: datetime
) -> None:
    """Keep a witness's line; the first one on a checkpoint stays."""
    await database.alone(
        "INSERT INTO log_cosignature (size, witness, line, at)"
        " VALUES (%(size)s, %(witness)s, %(line)s, %(at)s) ON CONFLICT DO NOTHING",
        {"size": size, "witness": witness, "line": line, "at": at},
    )
