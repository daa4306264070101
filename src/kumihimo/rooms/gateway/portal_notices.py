"""Telling persons something by the portal (お知らせ): sent, withdrawn, and what was sent.

An institution names the person by its own addressee number. What leaves is the person and the
content, each sealed to the ledger; the core cannot open either. Whether she reads it comes back to
nobody.
"""

import asyncio
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Final

import attrs
import msgspec
from psycopg.errors import UniqueViolation

from kumihimo.kernel import journal
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import seal_payload
from kumihimo.kernel.outbox import LETTERS_MOST
from kumihimo.kernel.refusal import BadInput, Conflict, NotAllowed, NotFound, Unavailable
from kumihimo.kernel.sql import Tx
from kumihimo.people.numbers import BadNumber, IndividualNumber, WrongNumberSpace
from kumihimo.rooms.gateway import noticing, store_exchange
from kumihimo.rooms.gateway import store_notices as store
from kumihimo.rooms.gateway.api import NOTICE_BLOCK, NoticeContent, notice_context
from kumihimo.rooms.gateway.business_notices import (
    NoticeInfo,
    NoticeOutcome,
    NoticeSent,
    NoticesToSend,
    NoticeToSend,
    NoticeWithdrawn,
)
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.locked import unlock_flags
from kumihimo.rooms.gateway.noticing import NoticeDetail
from kumihimo.rooms.gateway.persons import unknown_addressee
from kumihimo.rooms.gateway.store_exchange import Subject
from kumihimo.rooms.gateway.store_notices import CodeRow, NoticeRow
from kumihimo.rooms.linkage.api import LEDGER
from kumihimo.rooms.linkage.notice_api import PORTAL_NOTICES_MAX, NoticeState, PortalNotice
from kumihimo.statute.law import affairs as affairs_of_law

SHOWN_FOR: Final = timedelta(days=90)  # our choice, where nothing is due
SHOWN_AFTER: Final = timedelta(days=30)  # our choice: after the deadline
SHOWN_MAX: Final = timedelta(days=400)  # the core passes on nothing longer
LISTED_MAX: Final = 100
_REFERENCE_LABEL: Final = b"notice-reference"
_MAYBE_NUMBER: Final = re.compile(r"(?<![0-9])[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9])")


@cache
def _affairs() -> frozenset[str]:
    return frozenset(one.affair for one in affairs_of_law())


@attrs.frozen
class _Dated:
    asked: NoticeToSend
    until: date


async def send(
    gateway: Gateway, tenant: Tenant, asked: NoticesToSend, *, affairs: frozenset[str] | None
) -> tuple[NoticeSent, ...]:
    """Send notices; answers in their order, and the same to a repeat of a reference.

    Raises `BadInput`, `NotAllowed` and `QueueFull` for the batch as a whole: nothing of it was sent
    then.
    """
    dated = _checked(gateway, asked.notices, affairs)
    to = gateway.book.current().active(LEDGER)
    if to is None:
        raise Unavailable("the directory lists no ledger")
    now = gateway.clock.now()
    try:
        async with gateway.database.transaction(institution=tenant.institution) as tx:
            known = await store.by_reference(tx, [_tag(tenant, one.asked) for one in dated])
            found = await _subjects(tx, dated)
            sent: list[NoticeSent] = []
            new: list[tuple[_Dated, Subject, str]] = []
            for one in dated:
                earlier = known.get(_tag(tenant, one.asked))
                subject = found.get(one.asked.addressee)
                outcome = "KNOWN" if earlier else _outcome(tenant, subject)
                notice = earlier.notice if earlier else ""
                if outcome == "SENT" and subject is not None:
                    notice = new_id(gateway.entropy)
                    new.append((one, subject, notice))
                sent.append(
                    NoticeSent(reference=one.asked.reference, outcome=outcome, notice=notice)
                )
            made = await asyncio.to_thread(
                lambda: [
                    _made(gateway, tenant, asked.officer, to.keys.payload, *one) for one in new
                ]
            )
            await store.add(tx, tenant.institution, [row for row, _ in made])
            words = [word for _, word in made]
            await noticing.put_words(tenant, tx, words, now, most=LETTERS_MOST)
            await _journal(
                gateway,
                tx,
                tenant,
                "notices-sent",
                officer=asked.officer,
                asked=len(dated),
                sent=len(made),
            )
    except UniqueViolation:
        raise Conflict("the same notices are being sent elsewhere; send again") from None
    return tuple(sent)


def _checked(
    gateway: Gateway, notices: Sequence[NoticeToSend], affairs: frozenset[str] | None
) -> list[_Dated]:
    if not 1 <= len(notices) <= PORTAL_NOTICES_MAX:
        raise BadInput(f"1 to {PORTAL_NOTICES_MAX} notices are sent at once", pointer="notices")
    if len({one.reference for one in notices}) < len(notices):
        raise BadInput("a reference stands twice here", pointer="notices")
    return [_dated(gateway, one, f"notices[{index}]", affairs) for index, one in enumerate(notices)]


def _dated(
    gateway: Gateway, one: NoticeToSend, where: str, affairs: frozenset[str] | None
) -> _Dated:
    today = gateway.today()
    if one.affair not in _affairs():
        raise BadInput("no such affair", pointer=f"{where}.affair")
    if affairs is not None and one.affair not in affairs:
        raise NotAllowed("this client does not handle that affair", pointer=f"{where}.affair")
    for name in ("title", "text", "link"):
        _refuse_number(gateway, getattr(one, name), f"{where}.{name}")
    if "\n" in one.title or not one.title.strip() or not one.text.strip():
        raise BadInput("a title is one line; neither it nor the text is blank", pointer=where)
    if one.deadline is not None and one.deadline < today:
        raise BadInput("this deadline is over", pointer=f"{where}.deadline")
    until = one.until or (one.deadline + SHOWN_AFTER if one.deadline else today + SHOWN_FOR)
    if not max(today, one.deadline or today) <= until <= today + SHOWN_MAX:
        raise BadInput(
            "shown at least to the deadline, and for 400 days at most", pointer=f"{where}.until"
        )
    return _Dated(one, until)


def _refuse_number(gateway: Gateway, text: str, where: str) -> None:
    """Raise `BadInput` where a text holds an individual number: the portal is never given one."""
    for written in _MAYBE_NUMBER.findall(unicodedata.normalize("NFKC", text)):
        try:
            IndividualNumber.parse(written, space=gateway.space)
        except BadNumber:
            continue
        except WrongNumberSpace:  # a real one where only test numbers are alive, or the other way
            pass
        raise BadInput("no individual number stands in a notice", pointer=where)


def _tag(tenant: Tenant, asked: NoticeToSend) -> bytes:
    return tenant.locker.tag(asked.reference.encode(), label=_REFERENCE_LABEL)


async def _subjects(tx: Tx, dated: Sequence[_Dated]) -> Mapping[str, Subject]:
    """Return whom the notices are for; what is withheld of them stays so until this ends."""
    addressees = [one.asked.addressee for one in dated]
    found = await store_exchange.subjects(tx, addressees)
    await store.hold(tx, [one.person for one in found.values()])
    return await store_exchange.subjects(tx, addressees)


def _outcome(tenant: Tenant, subject: Subject | None) -> NoticeOutcome:
    if subject is None:
        return "NO_PERSON"
    flags = unlock_flags(tenant, subject.person, subject.flags_locked)
    if flags.hidden or flags.no_self_information:
        return "WITHHELD"
    if flags.link_suspended:
        return "LINK_SUSPENDED"
    return "PENDING_ACQUISITION" if subject.code is None else "SENT"


def _made(
    gateway: Gateway,
    tenant: Tenant,
    officer: str,
    ledger_key: bytes,
    dated: _Dated,
    subject: Subject,
    notice: str,
) -> tuple[NoticeRow, PortalNotice]:
    one = dated.asked
    assert subject.code is not None, "who gets a notice has a code"
    assert subject.code_version is not None, "a code has its version"
    content = msgspec.json.encode(
        NoticeContent(
            affair=one.affair,
            category=one.category,
            title=one.title,
            text=one.text,
            deadline=one.deadline,
            link=one.link,
        )
    )
    padded = content.ljust(-(-len(content) // NOTICE_BLOCK) * NOTICE_BLOCK)
    detail = NoticeDetail(
        person=subject.person,
        addressee=one.addressee,
        reference=one.reference,
        officer=officer,
        affair=one.affair,
        category=one.category,
        title=one.title,
        deadline=one.deadline,
    )
    row = NoticeRow(
        notice=notice,
        reference_tag=_tag(tenant, one),
        person_tag=noticing.person_tag(tenant, subject.person),
        detail_locked=noticing.lock_notice(tenant, notice, detail),
        sealed=seal_payload(
            padded, to=ledger_key, context=notice_context(tenant.institution, notice)
        ),
        state="sent",
        sent_on=gateway.today(),
        until=dated.until,
    )
    code = CodeRow(subject.person, subject.code, subject.code_version)
    return row, noticing.word_on(gateway, row, code, "sent")


async def withdraw(gateway: Gateway, tenant: Tenant, order: NoticeWithdrawn) -> None:
    """Take a notice back; a repeat changes nothing. Raises `NotFound`, `Conflict` for one removed."""
    now = gateway.clock.now()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        row = await store.named(tx, order.notice)
        if row is None:
            raise NotFound("no such notice", pointer="notice")
        if row.state == "removed":
            raise Conflict("the person does not see this notice any more", pointer="notice")
        if row.state == "withdrawn":
            return
        detail = noticing.unlock_notice(tenant, row.notice, bytes(row.detail_locked))
        code = (await store.codes(tx, [detail.person])).get(detail.person)
        if code is None:
            raise Conflict("her code is being acquired anew; try again later", pointer="notice")
        await store.becomes(tx, [row.notice], "withdrawn")
        await noticing.put_words(
            tenant, tx, [noticing.word_on(gateway, row, code, "withdrawn")], now
        )
        await _journal(gateway, tx, tenant, "notice-withdrawn", officer=order.officer)


async def of_person(gateway: Gateway, tenant: Tenant, addressee: str) -> tuple[NoticeInfo, ...]:
    """Return what a person was sent, the latest first; `NotFound` when she is not registered."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        subject = (await store_exchange.subjects(tx, [addressee])).get(addressee)
        if subject is None:
            raise unknown_addressee("addressee")
        tag = noticing.person_tag(tenant, subject.person)
        rows = await store.of_persons(tx, [tag], LISTED_MAX)
        await _journal(gateway, tx, tenant, "notices-listed", rows=len(rows))
    return tuple(_info(tenant, row) for row in rows)


def _info(tenant: Tenant, row: NoticeRow) -> NoticeInfo:
    detail = noticing.unlock_notice(tenant, row.notice, bytes(row.detail_locked))
    return NoticeInfo(
        notice=row.notice,
        reference=detail.reference,
        addressee=detail.addressee,
        affair=detail.affair,
        category=detail.category,
        title=detail.title,
        deadline=detail.deadline,
        sent_on=row.sent_on,
        until=row.until,
        state=msgspec.convert(row.state, NoticeState),
        officer=detail.officer,
    )


async def _journal(gateway: Gateway, tx: Tx, tenant: Tenant, act: str, **detail: str | int) -> None:
    line = journal.JournalLine(act=act, actor=tenant.institution, detail=dict(detail))
    await journal.write(tx, line, at=gateway.clock.now())
