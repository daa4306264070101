"""The gateway's SQL for exchanges. Row-level security keeps every statement to one institution."""

from collections.abc import Sequence
from datetime import date, datetime

import attrs

from kumihimo.kernel.message import Evidence, pack
from kumihimo.kernel.sql import Tx

_SEPARATOR = "\x1f"  # unnest() flattens nested arrays, so a list travels as one text


@attrs.frozen
class Subject:
    """A person as an inquiry needs her: her code, and what the institution withholds of her."""

    addressee: str
    person: str
    code: bytes | None
    code_version: int | None
    flags_locked: bytes


@attrs.frozen
class OpenCase:
    """An open case, by the tag of its person."""

    person_tag: bytes
    case_file: str
    affair: str


@attrs.frozen(kw_only=True)
class InquiryRow:
    """One inquiry of a clerk."""

    inquiry: str
    batch: str | None
    affair: str
    provider: str
    items: Sequence[str]
    layout: str
    person_locked: bytes
    permit: str | None
    outcome: str | None
    asked_at: datetime
    answered_at: datetime | None
    result_locked: bytes | None
    hidden: bool
    withheld: str = ""


@attrs.frozen
class BatchRow:
    """A batch on its way."""

    batch: str
    state: str
    body: bytes
    granted: bytes | None
    tries: int


@attrs.frozen(kw_only=True)
class RecordRow:
    """The legal record of art. 23 at this end."""

    side: str
    peer: str
    affair: str
    items: Sequence[str]
    outcome: str
    list_version: str
    requested_at: datetime
    provided_at: datetime | None
    hidden: bool
    detail_locked: bytes


@attrs.frozen(kw_only=True)
class ProvisionRow:
    """A permit that this institution has answered or holds for a person to decide."""

    permit: str
    requester: str
    outcome: str
    received_at: datetime
    purge_after: datetime
    answer: bytes | None
    manual_locked: bytes | None


@attrs.frozen(kw_only=True)
class CopyRow:
    """A current copy, with the person it belongs to."""

    code_version: int
    code: bytes
    person: str
    flags_locked: bytes
    copy: int | None
    info: str | None
    layout: str | None
    as_of: date | None
    loaded_at: datetime | None
    locked: bytes | None


async def subjects(tx: Tx, addressees: Sequence[str]) -> dict[str, Subject]:
    """Return the persons behind addressee numbers."""
    rows = await tx.rows(
        "SELECT a.addressee, p.person, p.code, p.code_version, p.flags_locked"
        " FROM addressee a JOIN person p USING (institution, person)"
        " WHERE a.addressee = ANY(%(addressees)s)",
        {"addressees": list(addressees)},
        Subject,
    )
    return {row.addressee: row for row in rows}


async def open_cases(tx: Tx, tags: Sequence[bytes], on: date) -> dict[tuple[bytes, str], str]:
    """Return an open case for each (tag of a person, affair)."""
    rows = await tx.rows(
        "SELECT person_tag, case_file, affair FROM case_file WHERE person_tag = ANY(%(tags)s)"
        " AND opened_on <= %(on)s AND (closed_on IS NULL OR closed_on > %(on)s)",
        {"tags": list(tags), "on": on},
        OpenCase,
    )
    return {(bytes(row.person_tag), row.affair): row.case_file for row in rows}


async def add_batch(
    tx: Tx, institution: str, batch: str, body: bytes, *, at: datetime, next_try_at: datetime
) -> None:
    """Store a batch before anything of it leaves, so that a crash loses no question."""
    await tx.put(
        "INSERT INTO batch (institution, batch, state, body, created_at, next_try_at)"
        " VALUES (%(institution)s, %(batch)s, 'ASKED', %(body)s, %(at)s,"
        " %(next_try_at)s)",
        {
            "institution": institution,
            "batch": batch,
            "body": body,
            "at": at,
            "next_try_at": next_try_at,
        },
    )


async def add_inquiries(tx: Tx, institution: str, rows: Sequence[InquiryRow]) -> None:
    """Store inquiries, asked or refused on the spot, and looks of the institution's own staff."""
    await tx.put(
        "INSERT INTO inquiry (institution, inquiry, batch, affair, provider, items, layout,"
        " person_locked, permit, outcome, asked_at, answered_at, hidden)"
        " SELECT %(institution)s, inquiry, batch, affair, provider,"
        " string_to_array(items, chr(31)), layout, person_locked, permit, outcome, asked_at,"
        " answered_at, hidden"
        " FROM unnest(%(inquiry)s::text[], %(batch)s::text[], %(affair)s::text[],"
        " %(provider)s::text[], %(items)s::text[], %(layout)s::text[], %(person_locked)s::bytea[],"
        " %(permit)s::text[], %(outcome)s::text[], %(asked_at)s::timestamptz[],"
        " %(answered_at)s::timestamptz[], %(hidden)s::boolean[])"
        " AS new (inquiry, batch, affair, provider, items, layout, person_locked, permit, outcome,"
        " asked_at, answered_at, hidden)",
        {
            "institution": institution,
            "inquiry": [r.inquiry for r in rows],
            "batch": [r.batch for r in rows],
            "affair": [r.affair for r in rows],
            "provider": [r.provider for r in rows],
            "items": [_SEPARATOR.join(r.items) for r in rows],
            "layout": [r.layout for r in rows],
            "person_locked": [r.person_locked for r in rows],
            "permit": [r.permit for r in rows],
            "outcome": [r.outcome for r in rows],
            "asked_at": [r.asked_at for r in rows],
            "answered_at": [r.answered_at for r in rows],
            "hidden": [r.hidden for r in rows],
        },
    )


async def inquiries(tx: Tx, ids: Sequence[str]) -> dict[str, InquiryRow]:
    """Return inquiries by id."""
    rows = await tx.rows(
        "SELECT inquiry, batch, affair, provider, items, layout, person_locked, permit, outcome,"
        " asked_at, answered_at, result_locked, hidden, withheld FROM inquiry"
        " WHERE inquiry = ANY(%(ids)s)",
        {"ids": list(ids)},
        InquiryRow,
    )
    return {row.inquiry: row for row in rows}


async def batch_inquiries(tx: Tx, batch: str) -> list[InquiryRow]:
    """Return the inquiries of a batch."""
    return await tx.rows(
        "SELECT inquiry, batch, affair, provider, items, layout, person_locked, permit, outcome,"
        " asked_at, answered_at, result_locked, hidden FROM inquiry WHERE batch = %(batch)s",
        {"batch": batch},
        InquiryRow,
    )


async def claim_batch(tx: Tx, at: datetime, *, until: datetime) -> str | None:
    """Claim the batch whose next step is most overdue; None when none is due.

    A claim is a lease: whoever dies with it leaves the batch to be claimed again.
    """
    row = await tx.row(
        "UPDATE batch SET next_try_at = %(until)s WHERE batch = ("
        " SELECT batch FROM batch WHERE state <> 'DONE' AND next_try_at <= %(at)s"
        " ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING batch",
        {"at": at, "until": until},
        BatchName,
    )
    return row.batch if row else None


@attrs.frozen
class Unheard:
    """Batches that the core has not answered: how many, and since when the oldest."""

    count: int
    since: datetime | None


async def unheard(tx: Tx) -> Unheard:
    """Return what waits for the core's answer."""
    return await tx.one(
        "SELECT count(*) AS count, min(created_at) AS since FROM batch"
        " WHERE state <> 'DONE' AND granted IS NULL",
        {},
        Unheard,
    )


@attrs.frozen
class BatchName:
    """One column."""

    batch: str


async def batch(tx: Tx, name: str) -> BatchRow | None:
    """Return a batch."""
    return await tx.row(
        "SELECT batch, state, body, granted, tries FROM batch WHERE batch = %(batch)s",
        {"batch": name},
        BatchRow,
    )


async def set_granted(tx: Tx, name: str, granted: bytes) -> bool:
    """Store the core's answer, once; False when somebody else did."""
    changed = await tx.execute(
        "UPDATE batch SET state = 'GRANTED', granted = %(granted)s, tries = 0"
        " WHERE batch = %(batch)s AND state = 'ASKED'",
        {"batch": name, "granted": granted},
    )
    return changed == 1


async def postpone(tx: Tx, name: str, until: datetime) -> None:
    """Try a batch again later."""
    await tx.put(
        "UPDATE batch SET tries = tries + 1, next_try_at = %(until)s WHERE batch = %(batch)s",
        {"batch": name, "until": until},
    )


async def set_done(tx: Tx, name: str) -> None:
    """Close a batch; what was sent and granted stays as evidence, not here."""
    await tx.put(
        "UPDATE batch SET state = 'DONE', body = '', granted = NULL WHERE batch = %(batch)s",
        {"batch": name},
    )


@attrs.frozen(kw_only=True)
class Settled:
    """What became of an inquiry."""

    inquiry: str
    permit: str | None
    outcome: str
    answered_at: datetime
    result_locked: bytes | None
    purge_after: datetime | None


@attrs.frozen
class InquiryName:
    """One column."""

    inquiry: str


PASSING = ("PROVIDER_DOWN", "PENDING_MANUAL")


async def settle(tx: Tx, rows: Sequence[Settled]) -> set[str]:
    """Give inquiries their outcome; one that already has a final outcome keeps it.

    Returns the inquiries that changed, so that each outcome is recorded once.
    """
    found = await tx.rows(
        "UPDATE inquiry SET permit = coalesce(new.permit, inquiry.permit),"
        " outcome = new.outcome, answered_at = new.answered_at,"
        " result_locked = CASE WHEN inquiry.withheld <> 'link-corrected'"
        " THEN new.result_locked END, purge_after = new.purge_after"
        " FROM unnest(%(inquiry)s::text[], %(permit)s::text[], %(outcome)s::text[],"
        " %(answered_at)s::timestamptz[], %(result_locked)s::bytea[],"
        " %(purge_after)s::timestamptz[])"
        " AS new (inquiry, permit, outcome, answered_at, result_locked, purge_after)"
        " WHERE inquiry.inquiry = new.inquiry"
        " AND (inquiry.outcome IS NULL"
        "      OR (inquiry.outcome = ANY(%(passing)s) AND inquiry.outcome <> new.outcome))"
        " RETURNING inquiry.inquiry",
        {
            "inquiry": [r.inquiry for r in rows],
            "permit": [r.permit for r in rows],
            "outcome": [r.outcome for r in rows],
            "answered_at": [r.answered_at for r in rows],
            "result_locked": [r.result_locked for r in rows],
            "purge_after": [r.purge_after for r in rows],
            "passing": list(PASSING),
        },
        InquiryName,
    )
    return {row.inquiry for row in found}


async def add_records(tx: Tx, institution: str, rows: Sequence[RecordRow]) -> None:
    """Write the legal records of this end; the tags by which they are found come later (`tagging`)."""
    await tx.put(
        "WITH added AS ("
        "INSERT INTO exchange_record (institution, side, peer, affair, items, outcome,"
        " list_version, requested_at, provided_at, hidden, detail_locked)"
        " SELECT %(institution)s, side, peer, affair, string_to_array(items, chr(31)), outcome,"
        " list_version, requested_at, provided_at, hidden, detail_locked"
        " FROM unnest(%(side)s::text[], %(peer)s::text[], %(affair)s::text[], %(items)s::text[],"
        " %(outcome)s::text[], %(list_version)s::text[], %(requested_at)s::timestamptz[],"
        " %(provided_at)s::timestamptz[], %(hidden)s::boolean[], %(detail_locked)s::bytea[])"
        " AS new (side, peer, affair, items, outcome, list_version, requested_at, provided_at,"
        " hidden, detail_locked) RETURNING institution, record)"
        " INSERT INTO record_tag (institution, record) SELECT institution, record FROM added",
        {
            "institution": institution,
            "side": [r.side for r in rows],
            "peer": [r.peer for r in rows],
            "affair": [r.affair for r in rows],
            "items": [_SEPARATOR.join(r.items) for r in rows],
            "outcome": [r.outcome for r in rows],
            "list_version": [r.list_version for r in rows],
            "requested_at": [r.requested_at for r in rows],
            "provided_at": [r.provided_at for r in rows],
            "hidden": [r.hidden for r in rows],
            "detail_locked": [r.detail_locked for r in rows],
        },
    )


async def keep_evidence(tx: Tx, institution: str, evidence: Evidence, at: datetime) -> None:
    """Keep what a party signed."""
    await tx.put(
        "INSERT INTO evidence (institution, at, packed, key_id, base, signature, body)"
        " VALUES (%(institution)s, %(at)s, true, %(key_id)s, %(base)s, %(signature)s, %(body)s)",
        {
            "institution": institution,
            "at": at,
            "key_id": evidence.key_id,
            "base": evidence.base,
            "signature": evidence.signature,
            "body": pack(evidence.body),
        },
    )
