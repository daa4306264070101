"""Inquiries, local refusals and ends: the core's hot path, a batch at a time."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs
import msgspec

from kumihimo.kernel import journal, leaves
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.group import Point
from kumihimo.kernel.ids import is_bits, new_id
from kumihimo.kernel.leaves import Submitter
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, Unavailable
from kumihimo.kernel.seal import Sealed
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.tlog.leaf import Submission
from kumihimo.rooms.linkage import store, store_exchange
from kumihimo.rooms.linkage.api import (
    LEDGER,
    Granted,
    Grants,
    Inquiry,
    InquiryBatch,
    Permit,
    PermitSheet,
    Record,
    RecordsDelivered,
    Sent,
)
from kumihimo.rooms.linkage.asker_api import asker_of
from kumihimo.rooms.linkage.domain.conversion import Task, convert_all, parse_sealed
from kumihimo.rooms.linkage.domain.judge import Verdict, judge
from kumihimo.rooms.linkage.domain.sheets import PERMIT_LIFETIME, sign_sheets
from kumihimo.rooms.linkage.inside_api import LocalRefusal, StaffLook
from kumihimo.rooms.linkage.months import lately, month_of, one_month_for
from kumihimo.rooms.linkage.service import Core, deliver_to_ledger, require_batch
from kumihimo.rooms.linkage.store import DomainRow
from kumihimo.rooms.linkage.store_exchange import RecordRow

ITEMS_MAX = 64
TEXT_MAX = 128


@attrs.frozen
class _Judged:
    """One inquiry with everything that was decided and converted for it."""

    inquiry: Inquiry
    verdict: Verdict
    for_provider: Sealed
    for_ledger: Sealed


async def inquire(core: Core, sender: Verified, batch: InquiryBatch, log: Submitter) -> Grants:
    """Judge a batch, record every inquiry, and grant permits.

    (1) only an institution asks, or the ledger for a person about herself, and not while the ledger
        is silent for too long; form, size and seals are checked, or the batch is refused whole;
    (2) each inquiry is judged by the list and the directory of today;
    (3) persons are converted, sealed, to the ledger and (if permitted) to the provider;
    (4) records, their leaves, journal, evidence and the ledger's message are committed together;
    (5) sheets are signed, and the leaves put into the log; only then does the answer leave. While
        the log is silent, and not for too long, they wait for it here.
    A repeated inquiry gives the permit it had; a changed one under the same id is a DUPLICATE.
    Within a batch an id stands once: two permits under one id would leave one off the record.
    """
    requester = sender.sender
    core.require_kind(requester, "institution", LEDGER)
    require_batch(len(batch.inquiries), "inquiries")
    check_once([q.inquiry for q in batch.inquiries], "inquiries")
    now = core.clock.now()
    core.ledger.require(now)
    judged = [_judge_one(core, requester, i, q, now) for i, q in enumerate(batch.inquiries)]
    directory = core.directory.current()
    providers = {p for p in (q.provider for q in batch.inquiries) if directory.active(p)}
    async with core.database.transaction() as tx:
        live = await store.domains(tx, sorted({requester, LEDGER, *providers}))
    check_versions(live[requester], [q.version for q in batch.inquiries], "inquiries", now)
    persons = await to_ledger(
        core, requester, live, [(j.for_ledger, j.inquiry.version) for j in judged]
    )
    submission = new_id(core.entropy)
    rows = [
        _record(core, requester, j, person, now, submission)
        for j, person in zip(judged, persons, strict=True)
    ]
    month = await core.months.ready(now, rows)
    async with core.database.transaction() as tx:
        new, known = await put_down(tx, rows, now)
        open_leaves = await unlogged(tx, known.values())
        if new:
            fresh = [r for r in rows if r.inquiry in new]
            await store_exchange.keep_evidence(tx, sender.evidence, now, month)
            open_leaves.append(await hand_on(tx, fresh, live[LEDGER].version, now, log))
            line = journal.JournalLine(
                act="inquiries-recorded",
                actor=requester,
                detail={"asked": len(rows), "permitted": sum(r.outcome == "OK" for r in fresh)},
            )
            await journal.write(tx, line, at=now)
    settled = [known.get(r.inquiry, r) for r in rows]
    granted = tuple(_grant(s, r, live, now) for s, r in zip(settled, rows, strict=True))
    sheets, _ = await asyncio.gather(
        _sheets(core, requester, list(zip(judged, settled, granted, strict=True)), live, now),
        log.log_or_leave(open_leaves),
    )
    return Grants(granted=granted, sheets=sign_sheets(sheets, core.keys))


def _judge_one(core: Core, requester: str, index: int, inquiry: Inquiry, now: datetime) -> _Judged:
    where = f"inquiries[{index}]"
    check_form(inquiry, where)
    verdict = judge(
        inquiry,
        requester=requester,
        directory=core.directory.current(),
        law=core.law.current(),
        today=legal_day(now),
    )
    return _Judged(
        inquiry,
        verdict,
        parse_sealed(inquiry.for_provider, pointer=f"{where}.for_provider"),
        parse_sealed(inquiry.for_ledger, pointer=f"{where}.for_ledger"),
    )


def check_form(inquiry: Inquiry | LocalRefusal, where: str) -> None:
    """Raise `BadInput` unless ids and texts have the form and length that a record takes."""
    texts = {"affair": (inquiry.affair,), "provider": (inquiry.provider,), "items": inquiry.items}
    if isinstance(inquiry, Inquiry):
        texts |= {"layout": (inquiry.layout,), "case": (inquiry.case,)}
    check_words(inquiry.inquiry, texts, where)


def check_words(name: str, texts: Mapping[str, Sequence[str]], where: str) -> None:
    """Raise `BadInput` unless an id, its items and its other texts are as a record takes them."""
    if not is_bits(name):
        raise BadInput("an inquiry id is 22 characters of base64url", pointer=f"{where}.inquiry")
    if not 1 <= len(texts["items"]) <= ITEMS_MAX:
        raise BadInput(f"1 to {ITEMS_MAX} items are asked at once", pointer=f"{where}.items")
    for place, values in texts.items():
        for value in values:
            if not value.isprintable() or not 1 <= len(value) <= TEXT_MAX:
                raise BadInput(
                    f"1 to {TEXT_MAX} printable characters are expected",
                    pointer=f"{where}.{place}",
                )


def check_once(ids: Sequence[str], where: str) -> None:
    """Raise `BadInput` for an inquiry id that stands twice in a batch."""
    seen: set[str] = set()
    for index, name in enumerate(ids):
        if name in seen:
            raise BadInput("this id stands twice here", pointer=f"{where}[{index}].inquiry")
        seen.add(name)


def check_versions(domain: DomainRow, versions: Sequence[int], where: str, now: datetime) -> None:
    """Raise `BadInput` for a key version that is not alive.

    Nobody may ask with an old code: a code that leaked dies with the version of its key.
    """
    alive = domain.alive(now)
    for index, version in enumerate(versions):
        if version not in alive:
            raise BadInput("this key version is not alive", pointer=f"{where}[{index}].version")


def check_given(domain: DomainRow, versions: Sequence[int], where: str) -> None:
    """Raise `BadInput` for a key version that the domain never had.

    What happened is recorded under whatever version it happened: a report may come days later.
    """
    for index, version in enumerate(versions):
        if version not in domain.given():
            raise BadInput("this key version was never given", pointer=f"{where}[{index}].version")


async def to_ledger(
    core: Core,
    source: str,
    live: dict[str, DomainRow],
    seals: Sequence[tuple[Sealed, int]],
) -> list[bytes]:
    """Convert persons that `source` sealed to the ledger into the ledger's own domain."""
    to = _receiving(core, LEDGER)
    ledger = live[LEDGER].version
    tasks = [
        Task(sealed, core.domain_keys.factor(source, version, LEDGER, ledger), to)
        for sealed, version in seals
    ]
    return await asyncio.to_thread(convert_all, tasks, core.entropy)


def _receiving(core: Core, party: str) -> Point:
    point = core.directory.current().receiving(party)
    if point is None:
        raise Unavailable(f"the directory holds no receiving key of {party}")
    return point


def digest_of(inquiry: Inquiry | LocalRefusal | StaffLook) -> bytes:
    """Return the fingerprint by which a repeated inquiry is recognised."""
    return hashlib.sha256(msgspec.json.encode(inquiry)).digest()


def _record(
    core: Core, requester: str, judged: _Judged, person: bytes, now: datetime, submission: str
) -> RecordRow:
    inquiry, verdict = judged.inquiry, judged.verdict
    return RecordRow(
        record=new_id(core.entropy),
        permit=new_id(core.entropy),
        requester=requester,
        inquiry=inquiry.inquiry,
        digest=digest_of(inquiry),
        case_reference=inquiry.case,
        affair=inquiry.affair,
        provider=inquiry.provider,
        items=inquiry.items,
        basis=verdict.basis,
        list_version=core.law.current().version,
        outcome=verdict.outcome,
        reason=verdict.reason,
        requested_at=now,
        expires_at=now + PERMIT_LIFETIME,
        person=person,
        hidden=inquiry.hidden,
        submission=submission,
        office=inquiry.asker.office if inquiry.asker else None,
        role=inquiry.asker.role if inquiry.asker else None,
    )


async def put_down(
    tx: Tx, rows: Sequence[RecordRow], now: datetime
) -> tuple[set[str], dict[str, RecordRow]]:
    """Store a requester's records; returns the inquiries that are new, and what stood there before."""
    requester = rows[0].requester
    await one_month_for(tx, requester, now)
    months = lately(now, min(row.requested_at for row in rows))
    new = await store_exchange.add_records(tx, rows, month_of(now), months)
    repeated = [row.inquiry for row in rows if row.inquiry not in new]
    if not repeated:
        return new, {}
    return new, await store_exchange.records_of(tx, requester, repeated, months)


async def unlogged(tx: Tx, rows: Iterable[RecordRow]) -> list[Submission]:
    """Return the leaves of records that an earlier answer may not have waited for."""
    ids = sorted({row.submission for row in rows if row.submission is not None})
    return await leaves.unlogged(tx, ids) if ids else []


async def hand_on(
    tx: Tx, fresh: Sequence[RecordRow], version: int, now: datetime, log: Submitter
) -> Submission:
    """Put new records into the ledger's mail, and write their leaves down; returns those."""
    records = tuple(wire(row, log.salt(row.record)) for row in fresh)
    name = fresh[0].submission
    assert name is not None, "a new record has a submission"
    submission = Submission(name, b"".join(record.leaf() for record in records), "record")
    await leaves.put(tx, submission, now)
    sent = (Sent(name, len(records)),)
    delivered = RecordsDelivered(records=records, version=version, submissions=sent)
    await deliver_to_ledger(tx, delivered, now)
    return submission


def wire(row: RecordRow, salt: bytes) -> Record:
    """Return a record as the ledger receives it."""
    return Record(
        record=row.record,
        permit=row.permit,
        requester=row.requester,
        provider=row.provider,
        affair=row.affair,
        items=tuple(row.items),
        basis=tuple(row.basis),
        list_version=row.list_version,
        outcome=row.outcome,
        requested_at=row.requested_at,
        person=row.person,
        hidden=row.hidden,
        salt=salt,
        asker=asker_of(row.office, row.role),
    )


def _grant(
    settled: RecordRow, asked: RecordRow, live: dict[str, DomainRow], now: datetime
) -> Granted:
    if settled.digest != asked.digest:
        reason = "another inquiry was recorded under this id"
        return Granted(inquiry=asked.inquiry, outcome="DUPLICATE", reason=reason)
    outcome, reason = settled.outcome, settled.reason
    if settled.outcome == "OK" and settled.expires_at <= now:
        outcome, reason = "EXPIRED", "the permit has expired; ask anew under a new id"
    elif settled.outcome == "OK" and settled.provider not in live:
        outcome, reason = "REFUSED_PROVIDER", "the provider no longer takes part"
    # A permit that leads nowhere any more is named all the same: its end is still to be reported.
    permit = settled.permit if settled.outcome == "OK" else ""
    return Granted(inquiry=asked.inquiry, outcome=outcome, permit=permit, reason=reason)


async def _sheets(
    core: Core,
    requester: str,
    granted: Sequence[tuple[_Judged, RecordRow, Granted]],
    live: dict[str, DomainRow],
    now: datetime,
) -> list[PermitSheet]:
    permitted = [(judged, row) for judged, row, grant in granted if grant.outcome == "OK"]
    tasks = [
        Task(
            judged.for_provider,
            core.domain_keys.factor(
                requester, judged.inquiry.version, row.provider, live[row.provider].version
            ),
            _receiving(core, row.provider),
        )
        for judged, row in permitted
    ]
    persons = await asyncio.to_thread(convert_all, tasks, core.entropy)
    entry = core.directory.current().active(requester)
    assert entry is not None, "the requester was active when its signature was checked"
    # A repeated inquiry keeps the expiry it had, so it goes on a sheet of its own.
    sheets: dict[tuple[str, datetime], list[Permit]] = {}
    for (judged, row), person in zip(permitted, persons, strict=True):
        permit = Permit(
            permit=row.permit,
            affair=row.affair,
            items=tuple(row.items),
            layout=judged.inquiry.layout,
            person=person,
            hidden=row.hidden,
        )
        sheets.setdefault((row.provider, row.expires_at), []).append(permit)
    return [
        PermitSheet(
            requester=requester,
            requester_payload_key=entry.keys.payload,
            provider=provider,
            list_version=core.law.current().version,
            issued_at=now,
            expires_at=expires_at,
            version=live[provider].version,
            permits=tuple(permits),
        )
        for (provider, expires_at), permits in sheets.items()
    ]
