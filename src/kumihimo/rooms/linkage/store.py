"""The core's SQL. A batch is one statement, whatever its size."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import attrs

from kumihimo.kernel.message import Evidence
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.linkage.api import Outcome


@attrs.frozen
class DomainRow:
    """Which key versions of a domain are alive."""

    domain: str
    version: int
    rotating_to: int | None
    previous_until: datetime | None

    def alive(self, at: datetime) -> frozenset[int]:
        """Return the versions that a code of this domain may have at this instant."""
        versions = {self.version}
        if self.rotating_to is not None:
            versions.add(self.rotating_to)
        if self.previous_until is not None and at < self.previous_until:
            versions.add(self.version - 1)
        return frozenset(versions)

    def given(self) -> range:
        """Return every version that a code of this domain ever had."""
        return range(1, (self.rotating_to or self.version) + 1)


@attrs.frozen
class AcquisitionRow:
    """An acquisition number and the blinded point that waits under it."""

    acquisition: str
    domain: str
    point: bytes | None
    state: str
    expires_at: datetime


@attrs.frozen(kw_only=True)
class RecordRow:
    """An exchange record as it is stored."""

    record: str
    permit: str
    requester: str
    inquiry: str
    digest: bytes
    case_reference: str
    affair: str
    provider: str
    items: Sequence[str]
    basis: Sequence[str]
    list_version: str
    outcome: Outcome
    reason: str
    requested_at: datetime
    expires_at: datetime
    person: bytes
    hidden: bool
    submission: str | None
    office: str | None = None
    role: str | None = None


@attrs.frozen
class Parties:
    """Who may report an end of a permit."""

    permit: str
    requester: str
    provider: str


@attrs.frozen(kw_only=True)
class EndRow:
    """One reported end."""

    permit: str
    side: Literal["requester", "provider"]
    outcome: Outcome
    at: datetime
    person: bytes
    hidden: bool


async def domains(tx: Tx, names: Sequence[str]) -> dict[str, DomainRow]:
    """Return the domains by name; one never seen begins at version 1."""
    await tx.put(
        "INSERT INTO domain (domain) SELECT unnest(%(names)s::text[]) ON CONFLICT DO NOTHING",
        {"names": sorted(names)},
    )
    rows = await tx.rows(
        "SELECT domain, version, rotating_to, previous_until FROM domain"
        " WHERE domain = ANY(%(names)s)",
        {"names": list(names)},
        DomainRow,
    )
    return {row.domain: row for row in rows}


async def begin_rotation(tx: Tx, domain: str) -> DomainRow:
    """Lock a domain and set its next version, once."""
    await tx.put("INSERT INTO domain (domain) VALUES (%(d)s) ON CONFLICT DO NOTHING", {"d": domain})
    return await tx.one(
        "UPDATE domain SET rotating_to = version + 1 WHERE domain = %(d)s"
        " RETURNING domain, version, rotating_to, previous_until",
        {"d": domain},
        DomainRow,
    )


async def finish_rotation(tx: Tx, domain: str, version: int, previous_until: datetime) -> bool:
    """Make the new version the present one; False when it already is or was never begun."""
    row = await tx.row(
        "UPDATE domain SET version = %(v)s, rotating_to = NULL, previous_until = %(until)s"
        " WHERE domain = %(d)s AND rotating_to = %(v)s"
        " RETURNING domain, version, rotating_to, previous_until",
        {"d": domain, "v": version, "until": previous_until},
        DomainRow,
    )
    return row is not None


async def add_acquisitions(
    tx: Tx,
    *,
    acquisitions: Sequence[str],
    domains: Sequence[str],
    points: Sequence[bytes],
    expires_at: datetime,
) -> int:
    """Store blinded points; a number that was ever used is left as it is. Returns the new ones."""
    return await tx.execute(
        "INSERT INTO acquisition (acquisition, domain, point, state, expires_at)"
        " SELECT t, d, p, 'waiting', %(expires)s"
        " FROM unnest(%(ts)s::text[], %(ds)s::text[], %(ps)s::bytea[]) AS new (t, d, p)"
        " ON CONFLICT (acquisition) DO NOTHING",
        {
            "ts": list(acquisitions),
            "ds": list(domains),
            "ps": list(points),
            "expires": expires_at,
        },
    )


async def acquisitions(tx: Tx, numbers: Sequence[str]) -> dict[str, AcquisitionRow]:
    """Return what is known of acquisition numbers."""
    rows = await tx.rows(
        "SELECT acquisition, domain, point, state, expires_at FROM acquisition"
        " WHERE acquisition = ANY(%(numbers)s)",
        {"numbers": list(numbers)},
        AcquisitionRow,
    )
    return {row.acquisition: row for row in rows}


async def spend_expired(tx: Tx, at: datetime) -> int:
    """Drop the numbers whose time is over; returns how many."""
    return await tx.execute("DELETE FROM acquisition WHERE expires_at <= %(at)s", {"at": at})


async def add_records(tx: Tx, rows: Sequence[RecordRow]) -> set[str]:
    """Store records; returns the inquiry ids that were new."""
    found = await tx.rows(
        "INSERT INTO exchange_record (record, permit, requester, inquiry, digest, case_reference,"
        " affair, provider, items, basis, list_version, outcome, reason, requested_at, expires_at,"
        " person, hidden, submission, office, role)"
        " SELECT record, permit, requester, inquiry, digest, case_reference, affair, provider,"
        " string_to_array(items, chr(31)), string_to_array(basis, chr(31)), list_version,"
        " outcome, reason, requested_at, expires_at, person, hidden, submission,"
        " office, role"
        " FROM unnest(%(record)s::text[], %(permit)s::text[], %(requester)s::text[],"
        " %(inquiry)s::text[], %(digest)s::bytea[], %(case_reference)s::text[],"
        " %(affair)s::text[], %(provider)s::text[], %(items)s::text[], %(basis)s::text[],"
        " %(list_version)s::text[], %(outcome)s::text[], %(reason)s::text[],"
        " %(requested_at)s::timestamptz[], %(expires_at)s::timestamptz[], %(person)s::bytea[],"
        " %(hidden)s::boolean[], %(submission)s::text[], %(office)s::text[], %(role)s::text[])"
        " AS new (record, permit, requester, inquiry, digest,"
        " case_reference, affair, provider, items, basis, list_version, outcome, reason,"
        " requested_at, expires_at, person, hidden, submission, office, role)"
        " ON CONFLICT (requester, inquiry) DO NOTHING RETURNING inquiry",
        _columns(rows),
        InquiryId,
    )
    return {row.inquiry for row in found}


@attrs.frozen
class InquiryId:
    """One column."""

    inquiry: str


def _columns(rows: Sequence[RecordRow]) -> dict[str, list[object]]:
    names = [field.name for field in attrs.fields(RecordRow)]
    columns: dict[str, list[object]] = {n: [getattr(row, n) for row in rows] for n in names}
    # unnest() flattens nested arrays, so lists travel as one text each.
    columns["items"] = ["\x1f".join(row.items) for row in rows]
    columns["basis"] = ["\x1f".join(row.basis) for row in rows]
    return columns


async def records_of(tx: Tx, requester: str, inquiries: Sequence[str]) -> dict[str, RecordRow]:
    """Return the records of a requester's inquiries."""
    rows = await tx.rows(
        "SELECT record, permit, requester, inquiry, digest, case_reference, affair, provider,"
        " items, basis, list_version, outcome, reason, requested_at, expires_at, person, hidden,"
        " submission, office, role FROM exchange_record"
        " WHERE requester = %(requester)s AND inquiry = ANY(%(inquiries)s)",
        {"requester": requester, "inquiries": list(inquiries)},
        RecordRow,
    )
    return {row.inquiry: row for row in rows}


async def parties_of(tx: Tx, permits: Sequence[str]) -> dict[str, Parties]:
    """Return requester and provider of each permit that was really issued."""
    rows = await tx.rows(
        "SELECT permit, requester, provider FROM exchange_record"
        " WHERE permit = ANY(%(permits)s) AND outcome = 'OK'",
        {"permits": list(permits)},
        Parties,
    )
    return {row.permit: row for row in rows}


async def add_ends(tx: Tx, rows: Sequence[EndRow]) -> set[tuple[str, str]]:
    """Store ends; a later word replaces only a pending one. Returns those that said new."""
    found = await tx.rows(
        "INSERT INTO exchange_end (permit, side, outcome, at, person, hidden)"
        " SELECT permit, side, outcome, at, person, hidden"
        " FROM unnest(%(permit)s::text[], %(side)s::text[], %(outcome)s::text[],"
        " %(at)s::timestamptz[], %(person)s::bytea[], %(hidden)s::boolean[])"
        " AS new (permit, side, outcome, at, person, hidden)"
        " ON CONFLICT (permit, side) DO UPDATE SET outcome = excluded.outcome, at = excluded.at,"
        " person = excluded.person, hidden = excluded.hidden"
        " WHERE exchange_end.outcome = 'PENDING_MANUAL' AND excluded.outcome <> 'PENDING_MANUAL'"
        " RETURNING permit, side",
        {
            "permit": [r.permit for r in rows],
            "side": [r.side for r in rows],
            "outcome": [r.outcome for r in rows],
            "at": [r.at for r in rows],
            "person": [r.person for r in rows],
            "hidden": [r.hidden for r in rows],
        },
        EndKey,
    )
    return {(row.permit, row.side) for row in found}


@attrs.frozen
class EndKey:
    """Names one end."""

    permit: str
    side: str


async def keep_evidence(tx: Tx, evidence: Evidence, at: datetime) -> None:
    """Keep what a party signed."""
    await tx.put(
        "INSERT INTO evidence (at, key_id, base, signature, body)"
        " VALUES (%(at)s, %(key_id)s, %(base)s, %(signature)s, %(body)s)",
        {
            "at": at,
            "key_id": evidence.key_id,
            "base": evidence.base,
            "signature": evidence.signature,
            "body": evidence.body,
        },
    )
