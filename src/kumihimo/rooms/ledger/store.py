"""The ledger's SQL."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, LiteralString

import attrs

from kumihimo.kernel.sql import Database, Tx
from kumihimo.rooms.ledger.domain.codes import Coded
from kumihimo.rooms.linkage.api import EndRecord, Record

_COMPARING: Final = 0x6C656E64  # "lend": the advisory lock of whoever compares ends or numbers
_SEPARATOR = "\x1f"  # unnest() flattens nested arrays, so a list travels as one text


@attrs.frozen
class PermitName:
    """One column."""

    permit: str


@attrs.frozen
class SaidRow:
    """What one side of an exchange said of its end."""

    permit: str
    side: str
    outcome: str


@attrs.frozen(kw_only=True)
class MineRow:
    """A record as its person may read it."""

    record: str
    requested_at: datetime
    requester: str
    provider: str
    affair: str
    items: Sequence[str]
    basis: Sequence[str]
    outcome: str
    provided_at: datetime | None
    under_investigation: bool
    office: str
    role: str


@attrs.frozen(kw_only=True)
class AlarmRow:
    """Two ends that name different people: which exchange and which bodies."""

    permit: str
    requester: str
    provider: str
    noticed_at: datetime


async def add_records(
    tx: Tx, records: Sequence[Record], persons: Sequence[Coded], places: Sequence[int | None]
) -> list[str]:
    """Store records under the ledger's own codes; returns the permits of those that were new.

    `places` are where their leaves stand in the log.
    """
    found = await tx.rows(
        "INSERT INTO record (record, permit, person, version, requester, provider, affair, items,"
        " basis, outcome, requested_at, hidden, list_version, sealed_digest, salt, leaf,"
        " office, role)"
        " SELECT record, permit, person, version, requester, provider, affair,"
        " string_to_array(items, chr(31)), string_to_array(basis, chr(31)), outcome,"
        " requested_at, hidden, list_version, sealed_digest, nullif(salt, ''), leaf,"
        " office, role"
        " FROM unnest(%(record)s::text[], %(permit)s::text[], %(person)s::bytea[],"
        " %(version)s::integer[], %(requester)s::text[], %(provider)s::text[],"
        " %(affair)s::text[], %(items)s::text[],"
        " %(basis)s::text[], %(outcome)s::text[], %(requested_at)s::timestamptz[],"
        " %(hidden)s::boolean[], %(list_version)s::text[], %(sealed_digest)s::bytea[],"
        " %(salt)s::bytea[], %(leaf)s::bigint[], %(office)s::text[], %(role)s::text[]) AS new (record, permit, person, version,"
        " requester, provider, affair, items, basis, outcome, requested_at, hidden, list_version,"
        " sealed_digest, salt, leaf, office, role)"
        " ON CONFLICT DO NOTHING RETURNING permit",
        {
            "record": [r.record for r in records],
            "permit": [r.permit for r in records],
            "person": [p.code for p in persons],
            "version": [p.version for p in persons],
            "requester": [r.requester for r in records],
            "provider": [r.provider for r in records],
            "affair": [r.affair for r in records],
            "items": [_SEPARATOR.join(r.items) for r in records],
            "basis": [_SEPARATOR.join(r.basis) for r in records],
            "outcome": [r.outcome for r in records],
            "requested_at": [r.requested_at for r in records],
            "hidden": [r.hidden for r in records],
            "list_version": [r.list_version for r in records],
            "sealed_digest": [r.sealed_digest() for r in records],
            "salt": [r.salt for r in records],
            "leaf": list(places),
            "office": [r.asker.office if r.asker else None for r in records],
            "role": [r.asker.role if r.asker else None for r in records],
        },
        PermitName,
    )
    return [row.permit for row in found]


async def outcomes_of(tx: Tx, permits: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return what each side of these permits said so far."""
    rows = await tx.rows(
        "SELECT permit, side, outcome FROM record_end WHERE permit = ANY(%(permits)s)",
        {"permits": list(permits)},
        SaidRow,
    )
    return {(row.permit, row.side): row.outcome for row in rows}


async def add_ends(
    tx: Tx,
    ends: Sequence[EndRecord],
    persons: Sequence[Coded | None],
    places: Sequence[int | None],
) -> list[str]:
    """Store ends; a decision replaces an end that waited for it. Returns the permits that moved.

    `places` are where their leaves stand in the log.
    """
    found = await tx.rows(
        "INSERT INTO record_end (permit, side, outcome, at, person, version, hidden, leaf)"
        " SELECT permit, side, outcome, at, person, coalesce(version, 1), hidden, leaf"
        " FROM unnest(%(permit)s::text[], %(side)s::text[], %(outcome)s::text[],"
        " %(at)s::timestamptz[], %(person)s::bytea[], %(version)s::integer[],"
        " %(hidden)s::boolean[], %(leaf)s::bigint[])"
        " AS new (permit, side, outcome, at, person, version, hidden, leaf) ORDER BY permit, side"
        " ON CONFLICT (permit, side) DO UPDATE SET outcome = excluded.outcome, at = excluded.at,"
        " person = excluded.person, version = excluded.version, hidden = excluded.hidden,"
        " leaf = excluded.leaf"
        " WHERE record_end.outcome = 'PENDING_MANUAL' AND excluded.outcome <> 'PENDING_MANUAL'"
        " RETURNING permit",
        {
            "permit": [e.permit for e in ends],
            "side": [e.side for e in ends],
            "outcome": [e.outcome for e in ends],
            "at": [e.at for e in ends],
            "person": [p and p.code for p in persons],
            "version": [p and p.version for p in persons],
            "hidden": [e.hidden for e in ends],
            "leaf": list(places),
        },
        PermitName,
    )
    return [row.permit for row in found]


async def one_after_another(tx: Tx) -> None:
    """Let whoever compares ends or gives numbers wait for the one before to have committed."""
    await tx.put("SELECT pg_advisory_xact_lock(%(key)s)", {"key": _COMPARING})


async def raise_alarms(tx: Tx, permits: Sequence[str], at: datetime) -> list[AlarmRow]:
    """Compare both ends of these permits; returns the disagreements that are new.

    Codes of different key versions say nothing of each other: those ends are left for later.
    Comparisons go one after another, each with the one before committed: or two transactions that
    bring one end each would both not see the other, and nobody would ever compare them.
    """
    # OFFSET 0 has ends looked up by their key: a plan made of a young ledger's statistics went
    # through all of them, and took more than all other statements of the ledger together.
    await one_after_another(tx)
    return await tx.rows(
        "INSERT INTO alarm (permit, requester, provider, noticed_at)"
        " SELECT r.permit, r.requester, r.provider, %(at)s"
        " FROM record r CROSS JOIN LATERAL (SELECT version, person FROM record_end"
        "  WHERE permit = r.permit AND side = 'provider' OFFSET 0) AS e"
        " WHERE r.permit = ANY(%(permits)s) AND e.version = r.version AND e.person <> r.person"
        " ON CONFLICT DO NOTHING RETURNING permit, requester, provider, noticed_at",
        {"permits": list(permits), "at": at},
        AlarmRow,
    )


# What of hers a person reads, by a record `r` with its ends `q` and `p`.
VISIBLE: Final[LiteralString] = (
    "NOT (r.hidden OR coalesce(q.hidden, false) OR coalesce(p.hidden, false))"
    # What the provider may hide is not shown until it spoke: a record that vanished again would
    # tell that it is hidden. One that keeps silent for too long hides nothing any more.
    " AND (r.outcome <> 'OK' OR p.permit IS NOT NULL OR r.requested_at < %(silent_before)s)"
    # What she asked herself, and what brought her nothing: every institution that may hold a kind of
    # information is asked, and a page full of them would hide who else looked.
    " AND (r.requester <> 'ledger'"
    "      OR coalesce(q.outcome, p.outcome, r.outcome) IN ('OK', 'PENDING_MANUAL'))"
)
_NAMED: Final[LiteralString] = (
    " WHERE r.permit IN (SELECT permit FROM record WHERE person = ANY(%(persons)s::bytea[])"
    " UNION SELECT permit FROM record_end WHERE person = ANY(%(persons)s::bytea[])) AND "
)
OF_PERSON: Final[LiteralString] = _NAMED + VISIBLE
THEIR_ENDS: Final[LiteralString] = (
    " LEFT JOIN record_end q ON q.permit = r.permit AND q.side = 'requester'"
    " LEFT JOIN record_end p ON p.permit = r.permit AND p.side = 'provider'"
)
WITH_ENDS: Final[LiteralString] = " FROM record r" + THEIR_ENDS

READ_COLUMNS: Final[LiteralString] = (
    "SELECT r.record, r.requested_at, r.requester, r.provider, r.affair, r.items, r.basis,"
    " coalesce(q.outcome, p.outcome, r.outcome) AS outcome,"
    " CASE WHEN p.outcome = 'OK' THEN p.at END AS provided_at,"
    " a.permit IS NOT NULL AS under_investigation,"
    " coalesce(r.office, '') AS office, coalesce(r.role, '') AS role"
)
READ_FROM: Final[LiteralString] = WITH_ENDS + " LEFT JOIN alarm a ON a.permit = r.permit"


@attrs.frozen(kw_only=True)
class Wanted:
    """Which of a person's records: None and "" leave a filter out; the period is half-open.

    `after` is the (requested_at, record) of the last record that was read before; `skip` leaves so
    many of the newest out.
    """

    since: datetime | None = None
    until: datetime | None = None
    requester: str = ""
    provider: str = ""
    outcome: str = ""
    after: tuple[datetime, str] | None = None
    skip: int = 0
    limit: int


FITS: Final[LiteralString] = (
    " AND (%(since)s::timestamptz IS NULL OR r.requested_at >= %(since)s)"
    " AND (%(until)s::timestamptz IS NULL OR r.requested_at < %(until)s)"
    " AND (%(requester)s = '' OR r.requester = %(requester)s)"
    " AND (%(provider)s = '' OR r.provider = %(provider)s)"
    " AND (%(outcome)s = '' OR coalesce(q.outcome, p.outcome, r.outcome) = %(outcome)s)"
    " AND (%(after_at)s::timestamptz IS NULL"
    "      OR (r.requested_at, r.record) < (%(after_at)s, %(after_record)s))"
)


@attrs.frozen
class Reader:
    """Who reads: her code under each key version that a row may have.

    Exchanges granted before `silent_before` are shown though the provider never reported its end.
    """

    persons: Sequence[bytes]
    silent_before: datetime


async def mine(tx: Tx, reader: Reader, wanted: Wanted) -> list[MineRow]:
    """Return the records of a person, newest first; what either side hid is absent.

    A record belongs to the person that the requester named and to the one that the provider
    opened: where they differ, both may see that somebody looked.
    """
    return await tx.rows(
        READ_COLUMNS
        + READ_FROM
        + OF_PERSON
        + FITS
        + " ORDER BY r.requested_at DESC, r.record DESC LIMIT %(limit)s OFFSET %(skip)s",
        fitting(reader, wanted) | {"limit": wanted.limit, "skip": wanted.skip},
        MineRow,
    )


def fitting(reader: Reader, wanted: Wanted) -> dict[str, object]:
    """Return what `OF_PERSON` and `FITS` take."""
    after_at, after_record = wanted.after or (None, "")
    return {
        "persons": list(reader.persons),
        "silent_before": reader.silent_before,
        "since": wanted.since,
        "until": wanted.until,
        "requester": wanted.requester,
        "provider": wanted.provider,
        "outcome": wanted.outcome,
        "after_at": after_at,
        "after_record": after_record,
    }


@attrs.frozen(kw_only=True)
class AboutRow:
    """The exchange that a person says something of."""

    permit: str
    requester: str
    provider: str
    affair: str
    requested_at: datetime


async def about(tx: Tx, reader: Reader, name: str) -> AboutRow | None:
    """Return an exchange by its record or permit, where its person may read it; None otherwise."""
    return await tx.row(
        "SELECT r.permit, r.requester, r.provider, r.affair, r.requested_at"
        + WITH_ENDS
        + OF_PERSON
        + " AND (r.record = %(name)s OR r.permit = %(name)s)",
        {
            "persons": list(reader.persons),
            "silent_before": reader.silent_before,
            "name": name,
        },
        AboutRow,
    )


@attrs.frozen
class SessionRow:
    """A session that is open."""

    person: bytes
    version: int
    expires_at: datetime


async def use_ticket(tx: Tx, tag: bytes, on: date) -> bool:
    """Use up a ticket; False when it was used before."""
    new = await tx.execute(
        "INSERT INTO ticket_used (tag, used_on) VALUES (%(tag)s, %(on)s) ON CONFLICT DO NOTHING",
        {"tag": tag, "on": on},
    )
    return new == 1


async def add_session(tx: Tx, token_hash: bytes, person: Coded, expires_at: datetime) -> None:
    """Open a session."""
    await tx.put(
        "INSERT INTO session (token_hash, person, version, expires_at)"
        " VALUES (%(hash)s, %(person)s, %(version)s, %(expires_at)s)",
        {
            "hash": token_hash,
            "person": person.code,
            "version": person.version,
            "expires_at": expires_at,
        },
    )


async def session(database: Database, token_hash: bytes, at: datetime) -> SessionRow | None:
    """Return a session that is still open."""
    return await database.look(
        "SELECT person, version, expires_at FROM session"
        " WHERE token_hash = %(hash)s AND expires_at > %(at)s",
        {"hash": token_hash, "at": at},
        SessionRow,
    )


async def end_session(tx: Tx, token_hash: bytes) -> None:
    """Close a session."""
    await tx.put("DELETE FROM session WHERE token_hash = %(hash)s", {"hash": token_hash})


async def forget_sessions(tx: Tx, at: datetime, tickets_before: date) -> int:
    """Drop sessions that are over, and the traces of tickets that nobody could use any more."""
    dropped = await tx.execute("DELETE FROM session WHERE expires_at <= %(at)s", {"at": at})
    dropped += await tx.execute(
        "DELETE FROM ticket_used WHERE used_on < %(before)s", {"before": tickets_before}
    )
    return dropped


async def overdue_ends(tx: Tx, before: datetime, at: datetime, limit: int) -> list[AlarmRow]:
    """Mark granted exchanges whose provider never reported its end; returns those newly marked."""
    return await tx.rows(
        "INSERT INTO end_missing (permit, noticed_at)"
        " SELECT r.permit, %(at)s FROM record r"
        " LEFT JOIN record_end p ON p.permit = r.permit AND p.side = 'provider'"
        " LEFT JOIN record_end q ON q.permit = r.permit AND q.side = 'requester'"
        " WHERE r.outcome = 'OK' AND r.requested_at < %(before)s"
        " AND (p.permit IS NULL OR q.permit IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM end_missing m WHERE m.permit = r.permit)"
        " ORDER BY r.requested_at LIMIT %(limit)s"
        " ON CONFLICT DO NOTHING RETURNING permit, noticed_at,"
        " (SELECT requester FROM record WHERE record.permit = end_missing.permit) AS requester,"
        " (SELECT provider FROM record WHERE record.permit = end_missing.permit) AS provider",
        {"before": before, "at": at, "limit": limit},
        AlarmRow,
    )
