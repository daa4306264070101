"""The core's SQL for exchanges. A batch is one statement, whatever its size.

Rows stand in the month in which the core wrote them down (`months`). What exchanges have in common
(`exchange_terms`) stands once a month. Locks are taken in the order of these tables: words, exchanges,
ends, evidence.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, Literal

import attrs
import msgspec

from kumihimo.kernel.ids import ID_BYTES, bits_of, id_of, is_bits
from kumihimo.kernel.message import Evidence, pack
from kumihimo.kernel.sql import Database, Tx
from kumihimo.rooms.linkage.api import Outcome

_SEPARATOR: Final = "\x1f"  # unnest() flattens nested arrays, so a list travels as one text


@attrs.frozen
class Id:
    """An id, as hexadecimal digits."""

    id: str

    def text(self) -> str:
        """Return it as it travels."""
        return id_of(bytes.fromhex(self.id))


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
class Parties(Id):
    """Who may report an end of a permit, and in which month the exchange stands."""

    month: date
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


def terms_of(rows: Sequence[RecordRow]) -> list[str]:
    """Return, for each record, the fingerprint of what it may have in common with others."""
    known: dict[tuple[object, ...], str] = {}
    found: list[str] = []
    for row in rows:
        words = (
            *(row.affair, row.provider, tuple(row.items), tuple(row.basis), row.list_version),
            *(row.outcome, row.reason, row.hidden, row.office, row.role),
        )
        if words not in known:
            known[words] = hashlib.sha256(msgspec.json.encode(words)).digest()[:ID_BYTES].hex()
        found.append(known[words])
    return found


async def keep_terms(database: Database, month: date, words: Mapping[str, RecordRow]) -> None:
    """Store what records have in common, by its fingerprint, alone and before them.

    In their own transaction everybody who uses the same words would wait for its end.
    """
    rows = words.values()
    await database.alone(
        "INSERT INTO exchange_terms (month, terms, affair, provider, items, basis,"
        " list_version, outcome, reason, hidden, office, role)"
        " SELECT %(month)s, terms, affair, provider, string_to_array(items, chr(31)),"
        " string_to_array(basis, chr(31)), list_version, outcome, reason, hidden, office, role"
        " FROM unnest(%(terms)s::uuid[], %(affair)s::text[], %(provider)s::text[],"
        " %(items)s::text[], %(basis)s::text[], %(list_version)s::text[], %(outcome)s::text[],"
        " %(reason)s::text[], %(hidden)s::boolean[], %(office)s::text[], %(role)s::text[])"
        " AS new (terms, affair, provider, items, basis, list_version, outcome, reason, hidden,"
        " office, role) ON CONFLICT (month, terms) DO NOTHING",
        {
            "month": month,
            "terms": list(words),
            "affair": [row.affair for row in rows],
            "provider": [row.provider for row in rows],
            "items": [_SEPARATOR.join(row.items) for row in rows],
            "basis": [_SEPARATOR.join(row.basis) for row in rows],
            "list_version": [row.list_version for row in rows],
            "outcome": [row.outcome for row in rows],
            "reason": [row.reason for row in rows],
            "hidden": [row.hidden for row in rows],
            "office": [row.office for row in rows],
            "role": [row.role for row in rows],
        },
    )


async def add_records(
    tx: Tx, rows: Sequence[RecordRow], month: date, lately: Sequence[date]
) -> set[str]:
    """Store records in a month that has their terms; returns the inquiries new in `lately`."""
    found = await tx.rows(
        "INSERT INTO exchange (month, record, permit, requester, inquiry, digest,"
        " case_reference, requested_at, expires_at, person, submission, terms)"
        " SELECT %(month)s, record, permit, requester, inquiry, digest, case_reference,"
        " requested_at, expires_at, person, submission, terms"
        " FROM unnest(%(record)s::uuid[], %(permit)s::uuid[], %(requester)s::text[],"
        " %(inquiry)s::uuid[], %(digest)s::bytea[], %(case_reference)s::text[],"
        " %(requested_at)s::timestamptz[], %(expires_at)s::timestamptz[], %(person)s::bytea[],"
        " %(submission)s::uuid[], %(terms)s::uuid[]) AS a (record, permit, requester, inquiry,"
        " digest, case_reference, requested_at, expires_at, person, submission, terms)"
        " WHERE NOT EXISTS (SELECT FROM exchange o WHERE o.month = ANY(%(lately)s)"
        " AND o.requester = a.requester AND o.inquiry = a.inquiry)"
        " ON CONFLICT (month, requester, inquiry) DO NOTHING"
        " RETURNING encode(uuid_send(inquiry), 'hex') AS id",
        {
            "month": month,
            "lately": list(lately),
            "record": _hex(row.record for row in rows),
            "permit": _hex(row.permit for row in rows),
            "requester": [row.requester for row in rows],
            "inquiry": _hex(row.inquiry for row in rows),
            "digest": [row.digest for row in rows],
            "case_reference": [row.case_reference for row in rows],
            "requested_at": [row.requested_at for row in rows],
            "expires_at": [row.expires_at for row in rows],
            "person": [row.person for row in rows],
            "submission": [row.submission and bits_of(row.submission).hex() for row in rows],
            "terms": terms_of(rows),
        },
        Id,
    )
    return {row.text() for row in found}


def _hex(ids: Iterable[str]) -> list[str]:
    return [bits_of(one).hex() for one in ids]


async def records_of(
    tx: Tx, requester: str, inquiries: Sequence[str], lately: Sequence[date]
) -> dict[str, RecordRow]:
    """Return the records of a requester's inquiries in these months."""
    rows = await tx.rows(
        "SELECT id_text(e.record) AS record, id_text(e.permit) AS permit, e.requester,"
        " id_text(e.inquiry) AS inquiry, e.digest, e.case_reference, t.affair, t.provider, t.items,"
        " t.basis, t.list_version, t.outcome, t.reason, e.requested_at, e.expires_at, e.person,"
        " t.hidden, id_text(e.submission) AS submission, t.office, t.role"
        " FROM exchange_terms t JOIN exchange e ON e.month = t.month AND e.terms = t.terms"
        " WHERE e.month = ANY(%(lately)s) AND t.month = ANY(%(lately)s)"
        " AND e.requester = %(requester)s"
        " AND e.inquiry = ANY(%(inquiries)s::uuid[])",
        {"lately": list(lately), "requester": requester, "inquiries": _hex(inquiries)},
        RecordRow,
    )
    return {row.inquiry: row for row in rows}


async def parties_of(tx: Tx, permits: Sequence[str], lately: Sequence[date]) -> dict[str, Parties]:
    """Return requester and provider of each permit that was really issued.

    One that is not in the months of `lately` is looked for in all others.
    """
    asked = [permit for permit in permits if is_bits(permit)]
    found = await _parties(tx, asked, lately)
    older = [permit for permit in asked if permit not in found]
    if not older:
        return found
    months = await tx.rows(
        "SELECT DISTINCT month FROM exchange WHERE permit = ANY(%(permits)s::uuid[])",
        {"permits": _hex(older)},
        _Month,
    )
    return found | await _parties(tx, older, [one.month for one in months])


@attrs.frozen
class _Month:
    """One column."""

    month: date


async def _parties(tx: Tx, permits: Sequence[str], months: Sequence[date]) -> dict[str, Parties]:
    rows = await tx.rows(
        "SELECT e.month, encode(uuid_send(e.permit), 'hex') AS id, e.requester, t.provider"
        " FROM exchange_terms t JOIN exchange e ON e.month = t.month AND e.terms = t.terms"
        " WHERE e.permit = ANY(%(permits)s::uuid[]) AND t.outcome = 'OK'"
        " AND e.month = ANY(%(months)s) AND t.month = ANY(%(months)s)",
        {"permits": _hex(permits), "months": list(months)},
        Parties,
    )
    return {row.text(): row for row in rows}


async def add_ends(
    tx: Tx, rows: Sequence[EndRow], months: Mapping[str, date]
) -> set[tuple[str, str]]:
    """Store ends, each in the month of its exchange; a later word replaces only a pending one.

    Returns those that said new.
    """
    found = await tx.rows(
        "INSERT INTO exchange_said (month, permit, by_provider, outcome, at, person, hidden)"
        " SELECT month, permit, by_provider, outcome, at, person, hidden"
        " FROM unnest(%(month)s::date[], %(permit)s::uuid[], %(by_provider)s::boolean[],"
        " %(outcome)s::text[], %(at)s::timestamptz[], %(person)s::bytea[], %(hidden)s::boolean[])"
        " AS new (month, permit, by_provider, outcome, at, person, hidden)"
        " ON CONFLICT (month, permit, by_provider) DO UPDATE SET outcome = excluded.outcome,"
        " at = excluded.at, person = excluded.person, hidden = excluded.hidden"
        " WHERE exchange_said.outcome = 'PENDING_MANUAL' AND excluded.outcome <> 'PENDING_MANUAL'"
        " RETURNING encode(uuid_send(permit), 'hex') AS id, by_provider",
        {
            "month": [months[r.permit] for r in rows],
            "permit": _hex(r.permit for r in rows),
            "by_provider": [r.side == "provider" for r in rows],
            "outcome": [r.outcome for r in rows],
            "at": [r.at for r in rows],
            "person": [r.person for r in rows],
            "hidden": [r.hidden for r in rows],
        },
        EndKey,
    )
    return {(row.text(), "provider" if row.by_provider else "requester") for row in found}


@attrs.frozen
class EndKey(Id):
    """Names one end."""

    by_provider: bool


async def keep_evidence(tx: Tx, evidence: Evidence, at: datetime, month: date) -> None:
    """Keep what a party signed."""
    await tx.put(
        "INSERT INTO evidence (month, at, packed, key_id, base, signature, body)"
        " VALUES (%(month)s, %(at)s, true, %(key_id)s, %(base)s, %(signature)s, %(body)s)",
        {
            "month": month,
            "at": at,
            "key_id": evidence.key_id,
            "base": evidence.base,
            "signature": evidence.signature,
            "body": pack(evidence.body),
        },
    )
