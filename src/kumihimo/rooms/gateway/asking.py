"""The requester's side: a clerk's questions become a signed batch; answers come back later.

A question about a person without an open case for the affair is refused here, before anything
leaves the house (as the Belgian Crossroads Bank's reference check does), and so is one about a
person whose link is suspended; the refusal is recorded like any other. Everything that leaves is stored first, so a crash loses no question.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs
import msgspec

from kumihimo.kernel import journal, outbox
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.group import Point
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, NotAllowed, NotFound, Unavailable
from kumihimo.kernel.seal import seal
from kumihimo.rooms.gateway import store_exchange
from kumihimo.rooms.gateway.business import Accepted, Question
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.providing import info_of
from kumihimo.rooms.gateway.locked import RecordDetail, case_tag, unlock_flags
from kumihimo.rooms.gateway.records import lock_detail
from kumihimo.rooms.gateway.store_exchange import BatchRow, InquiryRow, RecordRow, Subject
from kumihimo.rooms.linkage.api import (
    BATCH_MAX,
    LEDGER,
    PARTY,
    REFUSALS_PATH,
    Inquiry,
    InquiryBatch,
    Outcome,
)
from kumihimo.rooms.linkage.inside_api import LocalRefusal, LocalRefusals

# Whoever takes a question also sends it; the worker takes up what that errand did not finish.
ERRAND_GRACE = timedelta(seconds=5)
REFUSED_HERE = frozenset[Outcome]({"REFUSED_CASE", "REFUSED_FLAG"})


@attrs.frozen(kw_only=True)
class _Prepared:
    inquiry: str
    question: Question
    subject: Subject
    case_file: str | None
    hidden: bool
    outcome: Outcome | None


@attrs.frozen
class Taken:
    """Questions that were stored: where to ask for each answer, and the batch that is to be sent."""

    accepted: list[Accepted]
    batch: BatchRow | None
    rows: Sequence[InquiryRow]  # of the batch


def check_questions(questions: Sequence[Question], affairs: frozenset[str] | None) -> None:
    """Raise `BadInput` or `NotAllowed` before anything is stored. `affairs` None: every affair."""
    if not 1 <= len(questions) <= BATCH_MAX:
        raise BadInput(f"1 to {BATCH_MAX} questions are asked at once", pointer="questions")
    for index, question in enumerate(questions):
        where = f"questions[{index}]"
        if not question.items:
            raise BadInput("at least one item is asked", pointer=f"{where}.items")
        if len({info_of(item) for item in question.items}) != 1:
            raise BadInput(
                "all items of a question belong to one kind of information",
                pointer=f"{where}.items",
            )
        if affairs is not None and question.affair not in affairs:
            raise NotAllowed("this client does not handle that affair", pointer=f"{where}.affair")


async def ask(
    gateway: Gateway,
    tenant: Tenant,
    questions: Sequence[Question],
    *,
    affairs: frozenset[str] | None = None,
) -> Taken:
    """Take a clerk's questions; who calls this also has the batch sent (`sending.carry`).

    Raises `BadInput`, `NotAllowed`, `CoreSilent`, or `NotFound` for an addressee number that nobody
    has; then nothing of the batch is stored.
    """
    check_questions(questions, affairs)
    gateway.require_heard(tenant, asking=True)
    now = gateway.clock.now()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        found = await store_exchange.subjects(tx, [q.addressee for q in questions])
        of_tag = {case_tag(tenant, s.person): s.person for s in found.values()}
        open_cases = await store_exchange.open_cases(tx, list(of_tag), legal_day(now))
    cases = {(of_tag[tag], affair): case for (tag, affair), case in open_cases.items()}
    prepared = [_prepare(gateway, tenant, i, q, found, cases) for i, q in enumerate(questions)]
    to_send = [p for p in prepared if p.outcome is None]
    refused = [p for p in prepared if p.outcome in REFUSED_HERE]
    batch = new_id(gateway.entropy) if to_send else None
    body, refusals = await asyncio.to_thread(
        lambda: (
            msgspec.json.encode(InquiryBatch(tuple(_inquiry(gateway, tenant, p) for p in to_send))),
            _refusals(gateway, refused, now),
        )
    )
    rows = [_row(tenant, p, batch, now) for p in prepared]
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        if batch is not None:
            await store_exchange.add_batch(
                tx, tenant.institution, batch, body, at=now, next_try_at=now + ERRAND_GRACE
            )
        await store_exchange.add_inquiries(tx, tenant.institution, rows)
        if refused:
            records = [_refused_record(tenant, gateway, p, now) for p in refused]
            await store_exchange.add_records(tx, tenant.institution, records)
        if refusals.refusals:
            await outbox.put(
                tx,
                topic=REFUSALS_PATH,
                destination=PARTY,
                sender=tenant.institution,
                body=msgspec.json.encode(refusals),
                at=now,
            )
        detail = {"asked": len(prepared), "sent": len(to_send), "refused": len(refused)}
        line = journal.JournalLine(act="questions-taken", actor=tenant.institution, detail=detail)
        await journal.write(tx, line, at=now)
    return Taken(
        [Accepted(inquiry=p.inquiry, outcome=p.outcome or "") for p in prepared],
        None if batch is None else BatchRow(batch, "ASKED", body, None, 0),
        [row for row in rows if row.batch is not None],
    )


def _prepare(
    gateway: Gateway,
    tenant: Tenant,
    index: int,
    question: Question,
    found: Mapping[str, Subject],
    cases: Mapping[tuple[str, str], str],
) -> _Prepared:
    subject = found.get(question.addressee)
    if subject is None:
        raise NotFound(
            "no person is registered under this addressee number",
            pointer=f"questions[{index}].addressee",
        )
    case_file = cases.get((subject.person, question.affair))
    flags = unlock_flags(tenant, subject.person, subject.flags_locked)
    outcome: Outcome | None = None
    if case_file is None:
        outcome = "REFUSED_CASE"
    elif flags.link_suspended:
        outcome = "REFUSED_FLAG"
    elif subject.code is None:
        outcome = "PENDING_ACQUISITION"
    return _Prepared(
        inquiry=new_id(gateway.entropy),
        question=question,
        subject=subject,
        case_file=case_file,
        hidden=flags.hidden,
        outcome=outcome,
    )


def ledger_key(gateway: Gateway) -> Point:
    """Return the key to which persons are sealed for the ledger; raises `Unavailable`."""
    point = gateway.book.current().receiving(LEDGER)
    if point is None:
        raise Unavailable("the directory holds no receiving key of the ledger")
    return point


def _inquiry(gateway: Gateway, tenant: Tenant, prepared: _Prepared) -> Inquiry:
    question, subject = prepared.question, prepared.subject
    assert subject.code is not None, "only a person with a code is asked about"
    assert subject.code_version is not None, "a code has its version"
    code = Point(bytes(subject.code))
    ledger = ledger_key(gateway)
    # For a provider that does not take part the core refuses; it must still be asked, so that the
    # refusal is recorded. The seal then goes to the ledger's key: nobody will ever open it.
    to = gateway.book.current().receiving(question.provider) or ledger
    # A fresh reference for each inquiry: the core's record and our case table cannot be joined.
    reference = tenant.locker.tag(
        f"{prepared.case_file}|{prepared.inquiry}".encode(), label=b"case-reference"
    ).hex()[:32]
    return Inquiry(
        inquiry=prepared.inquiry,
        affair=question.affair,
        provider=question.provider,
        items=question.items,
        layout=question.layout,
        case=reference,
        for_provider=seal(code, to=to, entropy=gateway.entropy),
        for_ledger=seal(code, to=ledger, entropy=gateway.entropy),
        version=subject.code_version,
        hidden=prepared.hidden,
        asker=question.asker.told(),
    )


def _refusals(gateway: Gateway, refused: Sequence[_Prepared], now: datetime) -> LocalRefusals:
    return LocalRefusals(
        tuple(
            LocalRefusal(
                inquiry=p.inquiry,
                affair=p.question.affair,
                provider=p.question.provider,
                items=p.question.items,
                outcome=p.outcome,
                refused_at=now,
                for_ledger=seal(
                    Point(bytes(p.subject.code)),
                    to=ledger_key(gateway),
                    entropy=gateway.entropy,
                ),
                version=p.subject.code_version,
                hidden=p.hidden,
                asker=p.question.asker.told(),
            )
            for p in refused
            if p.subject.code is not None
            and p.subject.code_version is not None
            and p.outcome is not None
        )
    )


def inquiry_label(tenant: Tenant, inquiry: str) -> bytes:
    """Return what binds an inquiry's locked columns to its row."""
    return f"{tenant.institution}|inquiry|{inquiry}".encode()


def _row(tenant: Tenant, prepared: _Prepared, batch: str | None, now: datetime) -> InquiryRow:
    label = inquiry_label(tenant, prepared.inquiry)
    return InquiryRow(
        inquiry=prepared.inquiry,
        batch=batch if prepared.outcome is None else None,
        affair=prepared.question.affair,
        provider=prepared.question.provider,
        items=prepared.question.items,
        layout=prepared.question.layout,
        person_locked=tenant.locker.lock(prepared.subject.person.encode(), label=label),
        permit=None,
        outcome=prepared.outcome,
        asked_at=now,
        answered_at=now if prepared.outcome else None,
        result_locked=None,
        hidden=prepared.hidden,
    )


def _refused_record(
    tenant: Tenant, gateway: Gateway, prepared: _Prepared, now: datetime
) -> RecordRow:
    detail = RecordDetail(person=prepared.subject.person, reference=prepared.inquiry)
    return RecordRow(
        side="requester",
        peer=prepared.question.provider,
        affair=prepared.question.affair,
        items=prepared.question.items,
        outcome=prepared.outcome or "",
        list_version=gateway.law.current().version,
        requested_at=now,
        provided_at=None,
        hidden=prepared.hidden,
        detail_locked=lock_detail(tenant, detail),
    )
