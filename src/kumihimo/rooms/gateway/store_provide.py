"""The gateway's SQL for the provider's side."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway.store_exchange import CopyRow, ProvisionRow


async def provisions(tx: Tx, permits: Sequence[str]) -> dict[str, ProvisionRow]:
    """Return what was answered to permits before."""
    rows = await tx.rows(
        "SELECT permit, requester, outcome, received_at, purge_after, answer, manual_locked"
        " FROM provision WHERE permit = ANY(%(permits)s)",
        {"permits": list(permits)},
        ProvisionRow,
    )
    return {row.permit: row for row in rows}


async def held(tx: Tx, codes: Sequence[tuple[int, bytes]], infos: Sequence[str]) -> list[CopyRow]:
    """Return the persons behind codes with their current copies of some kinds of information."""
    return await tx.rows(
        "SELECT p.code_version, p.code, p.person, p.flags_locked, c.copy, c.info,"
        " c.layout, c.as_of, l.loaded_at, c.locked"
        " FROM unnest(%(versions)s::integer[], %(codes)s::bytea[]) AS asked (version, code)"
        " JOIN person p ON p.code_version = asked.version AND p.code = asked.code"
        " LEFT JOIN copy c ON c.institution = p.institution AND c.person = p.person AND c.current"
        " AND c.info = ANY(%(infos)s)"
        " LEFT JOIN load l ON l.institution = c.institution AND l.load = c.load",
        {
            "versions": [version for version, _ in codes],
            "codes": [code for _, code in codes],
            "infos": list(infos),
        },
        CopyRow,
    )


async def held_by_person(tx: Tx, person: str, infos: Sequence[str]) -> list[CopyRow]:
    """Return one person with her current copies of some kinds of information."""
    return await tx.rows(
        "SELECT coalesce(p.code_version, 0) AS code_version, coalesce(p.code, '') AS code,"
        " p.person, p.flags_locked, c.copy, c.info, c.layout, c.as_of, l.loaded_at, c.locked"
        " FROM person p"
        " LEFT JOIN copy c ON c.institution = p.institution AND c.person = p.person AND c.current"
        " AND c.info = ANY(%(infos)s)"
        " LEFT JOIN load l ON l.institution = c.institution AND l.load = c.load"
        " WHERE p.person = %(person)s",
        {"person": person, "infos": list(infos)},
        CopyRow,
    )


@attrs.frozen
class PermitName:
    """One column."""

    permit: str


async def add_provisions(tx: Tx, institution: str, rows: Sequence[ProvisionRow]) -> set[str]:
    """Store answers; returns the permits that were new."""
    found = await tx.rows(
        "INSERT INTO provision (institution, permit, requester, outcome, received_at, purge_after,"
        " answer, manual_locked)"
        " SELECT %(institution)s, permit, requester, outcome, received_at, purge_after, answer,"
        " manual_locked"
        " FROM unnest(%(permit)s::text[], %(requester)s::text[], %(outcome)s::text[],"
        " %(received_at)s::timestamptz[], %(purge_after)s::timestamptz[], %(answer)s::bytea[],"
        " %(manual_locked)s::bytea[])"
        " AS new (permit, requester, outcome, received_at, purge_after, answer, manual_locked)"
        " ON CONFLICT (institution, permit) DO NOTHING RETURNING permit",
        {
            "institution": institution,
            "permit": [r.permit for r in rows],
            "requester": [r.requester for r in rows],
            "outcome": [r.outcome for r in rows],
            "received_at": [r.received_at for r in rows],
            "purge_after": [r.purge_after for r in rows],
            "answer": [r.answer for r in rows],
            "manual_locked": [r.manual_locked for r in rows],
        },
        PermitName,
    )
    return {row.permit for row in found}


async def waiting(tx: Tx, limit: int) -> list[ProvisionRow]:
    """Return the permits that wait for a person, oldest first."""
    return await tx.rows(
        "SELECT permit, requester, outcome, received_at, purge_after, answer, manual_locked"
        " FROM provision WHERE outcome = 'PENDING_MANUAL' ORDER BY received_at LIMIT %(limit)s",
        {"limit": limit},
        ProvisionRow,
    )


async def decide(tx: Tx, permit: str, outcome: str, answer: bytes | None) -> bool:
    """Replace a waiting answer by the decision; False when it no longer waits."""
    changed = await tx.execute(
        "UPDATE provision SET outcome = %(outcome)s, answer = %(answer)s, manual_locked = NULL"
        " WHERE permit = %(permit)s AND outcome = 'PENDING_MANUAL'",
        {"permit": permit, "outcome": outcome, "answer": answer},
    )
    return changed == 1


@attrs.frozen(kw_only=True)
class ProvidedRecord:
    """A record of this institution as provider, with its locked detail."""

    record: int
    peer: str
    affair: str
    items: Sequence[str]
    requested_at: datetime
    provided_at: datetime | None
    detail_locked: bytes


async def provided_records(
    tx: Tx, *, since: datetime, after: int, limit: int
) -> list[ProvidedRecord]:
    """Return a page of this institution's records as provider that gave something out."""
    return await tx.rows(
        "SELECT record, peer, affair, items, requested_at, provided_at, detail_locked"
        " FROM exchange_record WHERE side = 'provider' AND outcome = 'OK'"
        " AND requested_at >= %(since)s AND record > %(after)s ORDER BY record LIMIT %(limit)s",
        {"since": since, "after": after, "limit": limit},
        ProvidedRecord,
    )


async def purge(tx: Tx, at: datetime) -> tuple[int, int]:
    """Drop results and answers whose time is over; returns how many of each."""
    results = await tx.execute(
        "UPDATE inquiry SET result_locked = NULL"
        " WHERE purge_after <= %(at)s AND result_locked IS NOT NULL",
        {"at": at},
    )
    answers = await tx.execute(
        "DELETE FROM provision WHERE purge_after <= %(at)s AND outcome <> 'PENDING_MANUAL'",
        {"at": at},
    )
    return results, answers


async def drop_undecided(tx: Tx, at: datetime) -> list[ProvisionRow]:
    """Drop permits that waited for a person until their time was over; returns them."""
    return await tx.rows(
        "DELETE FROM provision WHERE purge_after <= %(at)s AND outcome = 'PENDING_MANUAL'"
        " RETURNING permit, requester, outcome, received_at, purge_after, answer, manual_locked",
        {"at": at},
        ProvisionRow,
    )
