"""The gateway's SQL for a person's own records: their tags, and sessions of the data tracker."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True)
class Untagged:
    """A record that has no tag yet."""

    record: int
    requested_at: datetime
    affair: str
    outcome: str
    hidden: bool
    detail_locked: bytes


@attrs.frozen
class Tagged:
    """A record that has one of the tags looked for."""

    tag: bytes
    record: int


@attrs.frozen(kw_only=True)
class UsedRow:
    """What a record tells its person."""

    side: str
    peer: str
    affair: str
    outcome: str
    requested_at: datetime


@attrs.frozen(kw_only=True)
class SessionRow:
    """Who was let in, under the institution's key."""

    token_hash: bytes
    person_locked: bytes
    until: datetime


async def alone(tx: Tx, institution: str) -> bool:
    """Take the tagging of an institution for this transaction; False when another has it."""
    return await tx.value(
        "SELECT pg_try_advisory_xact_lock(hashtextextended('record-tag|' || %(name)s, 0))",
        {"name": institution},
    )


async def untagged(tx: Tx, limit: int) -> list[Untagged]:
    """Return records without a tag."""
    return await tx.rows(
        "SELECT r.record, r.requested_at, r.affair, r.outcome, r.hidden, r.detail_locked"
        " FROM record_tag t JOIN exchange_record r"
        " ON r.institution = t.institution AND r.record = t.record"
        " WHERE t.tag IS NULL LIMIT %(limit)s",
        {"limit": limit},
        Untagged,
    )


async def tagged(tx: Tx, tags: Sequence[bytes]) -> list[Tagged]:
    """Return which of these tags stand on which records."""
    return await tx.rows(
        "SELECT tag, record FROM record_tag WHERE tag = ANY(%(tags)s)",
        {"tags": list(tags)},
        Tagged,
    )


async def put_tags(tx: Tx, tags: Sequence[Tagged]) -> None:
    """Give records their tags."""
    await tx.put(
        "UPDATE record_tag t SET tag = new.tag"
        " FROM unnest(%(records)s::bigint[], %(tags)s::bytea[]) AS new (record, tag)"
        " WHERE t.record = new.record AND t.tag IS NULL",
        {"records": [one.record for one in tags], "tags": [one.tag for one in tags]},
    )


async def used(
    tx: Tx,
    records: Sequence[int],
    *,
    since: datetime | None,
    until: datetime | None,
    skip: int,
    limit: int,
) -> tuple[int, list[UsedRow]]:
    """Return how many of these records fit a period, and a page of them, the newest first."""
    period = {"records": list(records), "since": since, "until": until}
    total: int = await tx.value(
        "SELECT count(*) FROM exchange_record WHERE record = ANY(%(records)s) AND NOT hidden"
        " AND (%(since)s::timestamptz IS NULL OR requested_at >= %(since)s)"
        " AND (%(until)s::timestamptz IS NULL OR requested_at < %(until)s)",
        period,
    )
    rows = await tx.rows(
        "SELECT side, peer, affair, outcome, requested_at FROM exchange_record"
        " WHERE record = ANY(%(records)s) AND NOT hidden"
        " AND (%(since)s::timestamptz IS NULL OR requested_at >= %(since)s)"
        " AND (%(until)s::timestamptz IS NULL OR requested_at < %(until)s)"
        " ORDER BY requested_at DESC, record DESC OFFSET %(skip)s LIMIT %(limit)s",
        {**period, "skip": skip, "limit": limit},
        UsedRow,
    )
    return total, rows


async def kept_since(tx: Tx, at: datetime) -> datetime:
    """Return how far back records are kept, by the database's own table of the law."""
    return await tx.value(
        "SELECT %(at)s - kept FROM retention WHERE what = 'exchange_record'", {"at": at}
    )


async def add_session(tx: Tx, institution: str, row: SessionRow) -> None:
    """Let somebody in."""
    await tx.put(
        "INSERT INTO tracker_session (institution, token_hash, person_locked, until)"
        " VALUES (%(institution)s, %(hash)s, %(person)s, %(until)s)",
        {
            "institution": institution,
            "hash": row.token_hash,
            "person": row.person_locked,
            "until": row.until,
        },
    )


async def session(tx: Tx, token_hash: bytes, at: datetime) -> SessionRow | None:
    """Return who was let in with a token, while that holds."""
    return await tx.row(
        "SELECT token_hash, person_locked, until FROM tracker_session"
        " WHERE token_hash = %(hash)s AND until > %(at)s",
        {"hash": token_hash, "at": at},
        SessionRow,
    )


async def drop_sessions(tx: Tx, at: datetime) -> None:
    """Forget sessions that are over."""
    await tx.put("DELETE FROM tracker_session WHERE until <= %(at)s", {"at": at})
