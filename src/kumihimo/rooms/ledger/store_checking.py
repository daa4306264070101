"""The SQL by which the ledger holds its rows against its log, a stretch of the log at a time."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.ledger.store_chain import RECORD, RecordRow

UNPROVEN_AT_ONCE = 100


@attrs.frozen(kw_only=True)
class EndLeafRow:
    """An end of an exchange, with what its leaf commits to."""

    permit: str
    side: str
    outcome: str
    at: datetime
    hidden: bool
    leaf: int


@attrs.frozen(kw_only=True)
class LinkedRow:
    """A link with its chain and its neighbours.

    `before_leaf` is the leaf of the link before, `followed` whether there is one after.
    """

    chain: str
    number: int
    record: str
    before: bytes | None
    before_at: datetime | None
    leaf: bytes
    place: int
    person: bytes | None
    version: int
    newest: int
    head: bytes | None
    forgotten: int
    before_leaf: bytes | None
    followed: bool


@attrs.frozen(kw_only=True)
class TakenRow:
    """A submission: where it begins, and how many rows of ours claim one of its places."""

    submission: str
    sender: str
    kind: str
    first: int
    leaves: int
    at: datetime
    rows: int


@attrs.frozen
class PartiesRow:
    """An exchange, and between whom."""

    permit: str
    requester: str
    provider: str


async def records(tx: Tx, start: int, end: int) -> list[RecordRow]:
    """Return the records whose leaves stand in [start, end)."""
    return await tx.rows(
        RECORD
        + " FROM record r LEFT JOIN record_end p ON p.permit = r.permit AND p.side = 'provider'"
        " WHERE r.leaf >= %(start)s AND r.leaf < %(end)s",
        {"start": start, "end": end},
        RecordRow,
    )


async def named(tx: Tx, records: Sequence[str]) -> dict[str, RecordRow]:
    """Return records by name."""
    rows = await tx.rows(
        RECORD
        + " FROM record r LEFT JOIN record_end p ON p.permit = r.permit AND p.side = 'provider'"
        " WHERE r.record = ANY(%(records)s)",
        {"records": list(records)},
        RecordRow,
    )
    return {row.record: row for row in rows}


async def unproven(tx: Tx, after: str) -> list[RecordRow]:
    """Return records that stand nowhere in the log, behind a name."""
    return await tx.rows(
        RECORD
        + " FROM record r LEFT JOIN record_end p ON p.permit = r.permit AND p.side = 'provider'"
        " WHERE r.leaf IS NULL AND r.record > %(after)s ORDER BY r.record LIMIT %(most)s",
        {"after": after, "most": UNPROVEN_AT_ONCE},
        RecordRow,
    )


async def ends(tx: Tx, start: int, end: int) -> list[EndLeafRow]:
    """Return the ends whose leaves stand in [start, end)."""
    return await tx.rows(
        "SELECT permit, side, outcome, at, hidden, leaf FROM record_end"
        " WHERE leaf >= %(start)s AND leaf < %(end)s",
        {"start": start, "end": end},
        EndLeafRow,
    )


async def links(tx: Tx, start: int, end: int) -> list[LinkedRow]:
    """Return the links whose leaves stand in [start, end)."""
    return await tx.rows(
        "SELECT l.chain, l.number, l.record, l.before, l.before_at, l.leaf, l.place,"
        " c.person, c.version, c.number AS newest, c.head, c.forgotten, b.leaf AS before_leaf,"
        " n.chain IS NOT NULL AS followed"
        " FROM person_link l JOIN person_chain c ON c.chain = l.chain"
        " LEFT JOIN person_link b ON b.chain = l.chain AND b.number = l.number - 1"
        " LEFT JOIN person_link n ON n.chain = l.chain AND n.number = l.number + 1"
        " WHERE l.place >= %(start)s AND l.place < %(end)s",
        {"start": start, "end": end},
        LinkedRow,
    )


async def alarmed(tx: Tx, permits: Sequence[str]) -> frozenset[str]:
    """Return those of these exchanges of which the two ends name different people."""
    rows = await tx.rows(
        "SELECT permit, requester, provider FROM alarm WHERE permit = ANY(%(permits)s)",
        {"permits": list(permits)},
        PartiesRow,
    )
    return frozenset(row.permit for row in rows)


async def submissions(tx: Tx, start: int, end: int) -> list[TakenRow]:
    """Return the submissions of [start, end) in the order of the log, and the one before."""
    return await tx.rows(
        "SELECT s.submission, s.sender, s.kind, s.first, s.leaves, b.at, CASE s.kind"
        " WHEN 'record' THEN (SELECT count(*) FROM record r"
        "   WHERE r.leaf >= s.first AND r.leaf < s.first + s.leaves)"
        " WHEN 'link' THEN (SELECT count(*) FROM person_link l"
        "   WHERE l.place >= s.first AND l.place < s.first + s.leaves)"
        " ELSE s.leaves END AS rows"
        " FROM log_submission s JOIN log_batch b ON b.start = (SELECT max(o.start)"
        "   FROM log_batch o WHERE o.start <= s.first)"
        " WHERE s.first >= (SELECT coalesce(max(y.first), 0) FROM log_submission y"
        "   WHERE y.first < %(start)s)"
        " AND s.first < %(end)s ORDER BY s.first",
        {"start": start, "end": end},
        TakenRow,
    )


@attrs.frozen
class MarkRow:
    """What stands for the rows that claim places of one stretch: how many, and a keyed sum."""

    stretch: int
    rows: int
    sum: int


async def marks(tx: Tx, seed: int, start: int, end: int, width: int) -> list[MarkRow]:
    """Return the marks of the stretches of [start, end) that have rows."""
    return await tx.rows(
        "SELECT stretch, count(*) AS rows, bit_xor(sum) AS sum FROM ("
        "SELECT leaf / %(width)s AS stretch, hash_record_extended(r, %(seed)s::bigint) AS sum"
        " FROM record r WHERE leaf >= %(start)s AND leaf < %(end)s UNION ALL"
        " SELECT leaf / %(width)s, hash_record_extended(e, %(seed)s::bigint # 1)"
        " FROM record_end e WHERE leaf >= %(start)s AND leaf < %(end)s UNION ALL"
        " SELECT place / %(width)s, hash_record_extended(l, %(seed)s::bigint # 2)"
        " FROM person_link l WHERE place >= %(start)s AND place < %(end)s UNION ALL"
        " SELECT first / %(width)s, hash_record_extended(s, %(seed)s::bigint # 3)"
        " FROM log_submission s WHERE first >= %(start)s AND first < %(end)s"
        ") AS one GROUP BY stretch",
        {"seed": seed, "start": start, "end": end, "width": width},
        MarkRow,
    )


async def kept_since(tx: Tx, at: datetime) -> datetime:
    """Return since when nothing can have been forgotten by age.

    A record is forgotten by its own age, and its leaves may be younger: a year, or half of what
    is kept, lies between.
    """
    found = await tx.value(
        "SELECT %(at)s::timestamptz - greatest(kept - interval '1 year', kept / 2)"
        " FROM retention WHERE what = 'record'",
        {"at": at},
    )
    assert isinstance(found, datetime), "an instant"
    return found
