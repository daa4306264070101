"""The ledger's SQL for the log: batches of entries, whole hashes, submissions. Append only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.kernel.tlog.edge import Place
from kumihimo.kernel.tlog.leaf import LEAF_BYTES, split

_APPENDING: Final = 0x6C6C6F67  # "llog": the advisory lock of whoever appends


@attrs.frozen
class HeadRow:
    """How far the log is: its size, and the root over all entries."""

    size: int
    root: bytes


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


async def hold(tx: Tx) -> None:
    """Let nobody else append until this transaction ends."""
    await tx.put("SELECT pg_advisory_xact_lock(%(key)s)", {"key": _APPENDING})


async def head(tx: Tx) -> HeadRow | None:
    """Return how far the log is; None before the first entry."""
    return await tx.row("SELECT size, root FROM log_batch ORDER BY start DESC LIMIT 1", {}, HeadRow)


async def note(tx: Tx) -> str | None:
    """Return the newest checkpoint, as it was signed."""
    found = await tx.value("SELECT note FROM log_batch ORDER BY start DESC LIMIT 1")
    return found if found is None else str(found)


async def append(
    tx: Tx,
    head: HeadRow,
    entries: Sequence[bytes],
    whole: Mapping[Place, bytes],
    note: str,
    at: datetime,
) -> None:
    """Write a batch: `head` is how far the log is with it."""
    await tx.put(
        "INSERT INTO log_batch (start, size, at, entries, root, note)"
        " VALUES (%(start)s, %(size)s, %(at)s, %(entries)s, %(root)s, %(note)s)",
        {
            "start": head.size - len(entries),
            "size": head.size,
            "at": at,
            "entries": b"".join(entries),
            "root": head.root,
            "note": note,
        },
    )
    if whole:
        await tx.put(
            "INSERT INTO log_node (level, place, hash)"
            " SELECT level, place, hash FROM"
            " unnest(%(levels)s::integer[], %(places)s::bigint[], %(hashes)s::bytea[])"
            " AS new (level, place, hash)",
            {
                "levels": [level for level, _ in whole],
                "places": [place for _, place in whole],
                "hashes": list(whole.values()),
            },
        )


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


async def submissions(tx: Tx, ids: Sequence[str]) -> dict[str, SubmissionRow]:
    """Return those of these submissions that are in the log."""
    rows = await tx.rows(
        "SELECT submission, sender, first, leaves FROM log_submission"
        " WHERE submission = ANY(%(ids)s)",
        {"ids": list(ids)},
        SubmissionRow,
    )
    return {row.submission: row for row in rows}


async def add_submissions(tx: Tx, rows: Sequence[SubmissionRow]) -> None:
    """Write down whose leaves were appended where."""
    await tx.put(
        "INSERT INTO log_submission (submission, sender, first, leaves)"
        " SELECT submission, sender, first, leaves FROM unnest(%(ids)s::text[],"
        " %(senders)s::text[], %(firsts)s::bigint[], %(leaves)s::integer[])"
        " AS new (submission, sender, first, leaves)",
        {
            "ids": [row.submission for row in rows],
            "senders": [row.sender for row in rows],
            "firsts": [row.first for row in rows],
            "leaves": [row.leaves for row in rows],
        },
    )
