"""Inquiries, local refusals and ends: the core's hot path, a batch at a time."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from kumihimo.kernel import journal, leaves
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.ids import is_bits, new_id
from kumihimo.kernel.leaves import Submitter
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, Unavailable
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
from kumihimo.rooms.linkage.domain.conversion import Conversion, Task, convert_all
from kumihimo.rooms.linkage.domain.judge import Verdict, judge
from kumihimo.rooms.linkage.domain.sheets import PERMIT_LIFETIME, sign_sheets
from kumihimo.rooms.linkage.inside_api import LocalRefusal, StaffLook
from kumihimo.rooms.linkage.months import lately, month_of, one_month_for
from kumihimo.rooms.linkage.service import Core, deliver_to_ledger, require_batch
from kumihimo.rooms.linkage.store import DomainRow
from kumihimo.rooms.linkage.store_exchange import RecordRow

ITEMS_MAX = 64
TEXT_MAX = 128


async def inquire(core: Core, sender: Verified, batch: InquiryBatch, log: Submitter) -> Grants:
    """Judge a batch, record every inquiry, and grant permits.

    (1) only an institution asks, or the ledger for a person about herself, and not while the ledger
        is silent for too long; form, size and seals are checked, or the batch is refused whole;
    (2) each inquiry is judged by the list and the directory of today;
    (3) persons are converted, sealed, to the ledger and to the provider if it takes part;
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
    judged = _judge_all(core, requester, batch, now)
    directory = core.directory.current()
    providers = {p for p in (q.provider for q in batch.inquiries) if directory.active(p)}
    async with core.database.transaction() as tx:
        live = await store.domains(tx, sorted({requester, LEDGER, *providers}))
    check_versions(live[requester], [q.version for q in batch.inquiries], "inquiries", now)
    for_ledger, for_provider = await _convert(core, requester, live, batch)
    submission = new_id(core.entropy)
    rows = [
        _record(core, requester, inquiry, verdict, person, now, submission)
        for (inquiry, verdict), person in zip(judged, for_ledger, strict=True)
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
    await log.log_or_leave(open_leaves)
    layouts = [q.layout for q in batch.inquiries]
    sheets = _sheets(
        core, requester, zip(layouts, for_provider, settled, granted, strict=True), live, now
    )
    return Grants(granted=granted, sheets=sign_sheets(sheets, core.keys))


def _judge_all(
    core: Core, requester: str, batch: InquiryBatch, now: datetime
) -> list[tuple[Inquiry, Verdict]]:
    """Check the form of each inquiry and judge it; what is asked of many persons is judged once."""
    directory, law, today = core.directory.current(), core.law.current(), legal_day(now)
    known: dict[tuple[str, str, tuple[str, ...]], Verdict] = {}
    judged: list[tuple[Inquiry, Verdict]] = []
    for index, inquiry in enumerate(batch.inquiries):
        check_form(inquiry, f"inquiries[{index}]")
        asked = (inquiry.affair, inquiry.provider, inquiry.items)
        verdict = known.get(asked)
        if verdict is None:
            verdict = known[asked] = judge(
                inquiry, requester=requester, directory=directory, law=law, today=today
            )
        judged.append((inquiry, verdict))
    return judged


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
    seals: Sequence[tuple[bytes, int, str]],
) -> list[bytes]:
    """Convert persons that `source` sealed to the ledger into the ledger's own domain.

    Each with its version and with the place where it stands, which `BadInput` tells of one that is
    not two points.
    """
    tasks = [
        Task(sealed, where, _conversion(core, source, version, live[LEDGER]))
        for sealed, version, where in seals
    ]
    return await asyncio.to_thread(convert_all, tasks, core.entropy)


async def _convert(
    core: Core, requester: str, live: dict[str, DomainRow], batch: InquiryBatch
) -> tuple[list[bytes], list[bytes]]:
    """Convert the persons of a batch to the ledger, and to their providers where those take part."""
    ledger: list[Task] = []
    provider: list[Task] = []
    for index, inquiry in enumerate(batch.inquiries):
        where, version, to = f"inquiries[{index}]", inquiry.version, live.get(inquiry.provider)
        by = None if to is None else _conversion(core, requester, version, to)
        provider.append(Task(inquiry.for_provider, f"{where}.for_provider", by))
        by = _conversion(core, requester, version, live[LEDGER])
        ledger.append(Task(inquiry.for_ledger, f"{where}.for_ledger", by))
    persons = await asyncio.to_thread(convert_all, [*ledger, *provider], core.entropy)
    return persons[: len(ledger)], persons[len(ledger) :]


def _conversion(core: Core, source: str, version: int, to: DomainRow) -> Conversion:
    key = core.directory.current().receiving(to.domain)
    if key is None:
        raise Unavailable(f"the directory holds no receiving key of {to.domain}")
    return Conversion(core.domain_keys.factor(source, version, to.domain, to.version), key)


def digest_of(inquiry: Inquiry | LocalRefusal | StaffLook) -> bytes:
    """Return the fingerprint by which a repeated inquiry is recognised."""
    return hashlib.sha256(msgspec.json.encode(inquiry)).digest()


def _record(
    core: Core,
    requester: str,
    inquiry: Inquiry,
    verdict: Verdict,
    person: bytes,
    now: datetime,
    submission: str,
) -> RecordRow:
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


def _sheets(
    core: Core,
    requester: str,
    granted: Iterable[tuple[str, bytes, RecordRow, Granted]],
    live: dict[str, DomainRow],
    now: datetime,
) -> list[PermitSheet]:
    """Return the sheets of what was granted: layout, person for the provider, record and grant."""
    entry = core.directory.current().active(requester)
    assert entry is not None, "the requester was active when its signature was checked"
    # A repeated inquiry keeps the expiry it had, so it goes on a sheet of its own.
    sheets: dict[tuple[str, datetime], list[Permit]] = {}
    for layout, person, row, grant in granted:
        if grant.outcome != "OK":
            continue
        permit = Permit(
            permit=row.permit,
            affair=row.affair,
            items=tuple(row.items),
            layout=layout,
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
