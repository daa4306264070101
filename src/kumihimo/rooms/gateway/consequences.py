"""What a wrong link has done: who received wrong data, who saw another's, and who must be told.

Worked out from the records of art. 23 when a link is corrected, and told in one transaction: a
signed notice to each institution that received, a letter that each of the two persons is owed, the
report of the leak to oversight, and the report of the mis-link to the agency, which hears again
when the letters are out. Nobody who is told is told whose number it was.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from kumihimo.kernel import journal, outbox
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import NotFound
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway import mislinks, store_links, store_persons
from kumihimo.rooms.gateway import store_consequences as store
from kumihimo.rooms.gateway.answers import RECORDS_AT_ONCE
from kumihimo.rooms.gateway.api import WITHDRAWN_PATH, WithdrawnProvisions
from kumihimo.rooms.gateway.business_links import (
    Consequence,
    Consequences,
    LeakDue,
    NoticeDue,
)
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.providing import SELF_INFORMATION
from kumihimo.rooms.gateway.links import addressee_tag
from kumihimo.rooms.gateway.locked import (
    RecordDetail,
    SuspensionDetail,
    lock_misled,
    lock_recipient,
    unlock_misled,
    unlock_recipient,
    unlock_suspension,
)
from kumihimo.rooms.gateway.mislinks import persons_shown
from kumihimo.rooms.gateway.numbers import NUMBER_LABEL
from kumihimo.rooms.gateway.records import unlock_detail
from kumihimo.rooms.gateway.store_consequences import (
    ConsequenceKind,
    ConsequenceRow,
    ExchangeRow,
    LeakCaseRow,
    NoticeRow,
)
from kumihimo.rooms.gateway.store_links import SuspensionRow
from kumihimo.rooms.linkage.api import BATCH_MAX, LEDGER
from kumihimo.rooms.oversight.api import LEAK_PATH, LeakEvent, LeakReported
from kumihimo.rooms.oversight.api import PARTY as OVERSIGHT
from kumihimo.rooms.oversight.client import classify

Holder = Literal["administrative-organ", "local-government", "independent-agency", "private"]

AT_ONCE: Final = 20
# What the bodies with a name of their own are before the Act; every other is a private one.
HOLDERS: Final[Mapping[str, Holder]] = {
    "mhlw": "administrative-organ",
    "mext": "administrative-organ",
    "jasso": "independent-agency",
    "farmers-pension-fund": "independent-agency",
    "pmda": "independent-agency",
    "sports-council": "independent-agency",
}
NOTICES_LISTED: Final = 1_000


async def run_once(gateway: Gateway, tenant: Tenant) -> int:
    """Work out the consequences of corrections that nobody has followed up; returns how many.

    All that a correction leads to is written in the transaction that says it was followed up, so
    each institution is told once, whatever crashes.
    """
    now = gateway.clock.now()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await store.unfollowed(tx, AT_ONCE)
        for row in rows:
            detail = unlock_suspension(tenant, row.suspension, row.detail_locked)
            misled = await _misled(tx, tenant, row, detail)
            await _tell_all(gateway, tenant, tx, row, detail, misled, now)
            await store.follow_up(tx, row.suspension, now)
        if rows:
            line = journal.JournalLine(
                act="consequences-told", actor=tenant.institution, detail={"links": len(rows)}
            )
            await journal.write(tx, line, at=now)
    return len(rows)


async def _misled(
    tx: Tx, tenant: Tenant, row: SuspensionRow, detail: SuspensionDetail
) -> list[ConsequenceRow]:
    """Read every record that was made while the link stood: its person is named under the key."""
    assert row.settled_at is not None, "only a settled link is followed up"
    found: list[ConsequenceRow] = []
    after = 0
    while True:
        page = await store.exchanges(tx, until=row.settled_at, after=after, limit=RECORDS_AT_ONCE)
        if not page:
            return found
        found += await asyncio.to_thread(_of_page, tenant, row.suspension, detail, page)
        after = page[-1].record


def _of_page(
    tenant: Tenant, suspension: str, detail: SuspensionDetail, page: Sequence[ExchangeRow]
) -> list[ConsequenceRow]:
    opened = [(one, unlock_detail(tenant, one.detail_locked)) for one in page]
    return [
        ConsequenceRow(
            suspension=suspension,
            kind=kind,
            peer=one.peer,
            affair=one.affair,
            items=one.items,
            at=one.provided_at or one.requested_at,
            certain=not detail.shared or kind != "taken",
            detail_locked=lock_misled(tenant, suspension, record),
        )
        for one, record in opened
        if (kind := _kind(one, record, detail)) is not None
    ]


def _kind(
    one: ExchangeRow, record: RecordDetail, detail: SuspensionDetail
) -> ConsequenceKind | None:
    if record.person != detail.person:
        return None
    if one.side == "requester":
        return "taken"
    if not set(record.copies) & set(detail.copies):
        return None
    return "seen" if one.affair == SELF_INFORMATION else "given"


async def _tell_all(
    gateway: Gateway,
    tenant: Tenant,
    tx: Tx,
    row: SuspensionRow,
    detail: SuspensionDetail,
    misled: Sequence[ConsequenceRow],
    now: datetime,
) -> None:
    await store.add_consequences(tx, tenant.institution, misled)
    await _tell_institutions(tenant, tx, row.suspension, misled, now)
    await _note_letters(gateway, tenant, tx, row, detail, misled, now)
    leak = await _report_leak(gateway, tenant, tx, row, misled, now)
    await mislinks.corrected(gateway, tenant, tx, row, misled, leak, now)


async def _tell_institutions(
    tenant: Tenant, tx: Tx, suspension: str, misled: Sequence[ConsequenceRow], now: datetime
) -> None:
    """Tell whoever received: that copy was of another person. The portal is told like any other."""
    permits: dict[str, list[str]] = {}
    for one in misled:
        if one.kind in {"given", "seen"}:
            record = unlock_misled(tenant, suspension, one.detail_locked)
            permits.setdefault(one.peer, []).append(record.reference)
    for peer, all_of_peer in permits.items():
        if peer == LEDGER:
            continue  # the portal shows an answer once and stores none
        for start in range(0, len(all_of_peer), BATCH_MAX):
            notice = WithdrawnProvisions(tuple(all_of_peer[start : start + BATCH_MAX]))
            await outbox.put(
                tx,
                topic=WITHDRAWN_PATH,
                destination=peer,
                sender=tenant.institution,
                body=msgspec.json.encode(notice),
                at=now,
            )


async def _note_letters(
    gateway: Gateway,
    tenant: Tenant,
    tx: Tx,
    row: SuspensionRow,
    detail: SuspensionDetail,
    misled: Sequence[ConsequenceRow],
    now: datetime,
) -> None:
    """Note the letters that are owed: to the record's person, and to whose number it was."""
    kinds = {one.kind for one in misled}
    blank = NoticeDue(notice="", case=row.review_case, kind="your-data-went-astray", made_at=now)
    holder = detail.holder
    owed: list[NoticeDue] = []
    if kinds & {"given", "seen"}:
        owed.append(msgspec.structs.replace(blank, addressee=detail.addressee))
    if holder is not None:
        to_holder = msgspec.structs.replace(blank, name=holder.name, address=holder.address)
        if "taken" in kinds:
            owed.append(to_holder)
        if "seen" in kinds:
            owed.append(msgspec.structs.replace(to_holder, kind="you-saw-anothers-data"))
    named = [msgspec.structs.replace(one, notice=new_id(gateway.entropy)) for one in owed]
    rows = [
        NoticeRow(
            notice=one.notice,
            suspension=row.suspension,
            kind=one.kind,
            made_at=now,
            to_locked=lock_recipient(tenant, one.notice, msgspec.json.encode(one)),
        )
        for one in named
    ]
    await store.add_notices(tx, tenant.institution, rows)


async def _report_leak(
    gateway: Gateway,
    tenant: Tenant,
    tx: Tx,
    row: SuspensionRow,
    misled: Sequence[ConsequenceRow],
    now: datetime,
) -> LeakCaseRow | None:
    """Tell oversight when anybody's data reached another: a gateway is part of the network (1a)."""
    assert row.settled_at is not None, "only a settled link is followed up"
    persons = persons_shown({one.kind for one in misled})
    event = LeakEvent(
        system="network",
        holder=_holder(tenant.institution),
        acts=("leak",),
        persons=persons,
        known_on=legal_day(row.settled_at),
    )
    found = classify(event)
    if not found.types:
        return None
    leak = new_id(gateway.entropy)
    case = LeakCaseRow(
        leak=leak,
        suspension=row.suspension,
        known_on=event.known_on,
        types=found.types,
        persons=persons,
        preliminary_due=found.preliminary_due,
        final_due=found.final_due,
    )
    await store.add_leak(tx, tenant.institution, case)
    report = LeakReported(leak=leak, stage="known", event=event)
    await outbox.put(
        tx,
        topic=LEAK_PATH,
        destination=OVERSIGHT,
        sender=tenant.institution,
        body=msgspec.json.encode(report),
        at=now,
    )
    return case


def _holder(institution: str) -> Holder:
    return (
        "local-government" if institution.startswith("lg-") else HOLDERS.get(institution, "private")
    )


async def consequences(gateway: Gateway, tenant: Tenant, addressee: str, case: str) -> Consequences:
    """Return what a corrected link had done; `NotFound`. Not `ready` yet: ask again in a minute."""
    tag = addressee_tag(tenant, addressee)
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = [r for r in await store_links.of_case(tx, case) if bytes(r.addressee_tag) == tag]
        if not rows:
            raise NotFound("this case has suspended no such link", pointer="case")
        return await _consequences(tx, tenant, rows[0])


async def consequences_of_case(
    gateway: Gateway, tenant: Tenant, case: str
) -> tuple[Consequences, ...]:
    """Return what every link of a case had done; `NotFound` where the case has suspended none."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await store_links.of_case(tx, case)
        if not rows:
            raise NotFound("this case has suspended no link", pointer="case")
        return tuple([await _consequences(tx, tenant, row) for row in rows])


async def _consequences(tx: Tx, tenant: Tenant, row: SuspensionRow) -> Consequences:
    detail = unlock_suspension(tenant, row.suspension, row.detail_locked)
    leak = await store.leak_of(tx, row.suspension)
    misled = await store.consequences(tx, row.suspension)
    return Consequences(
        addressee=detail.addressee,
        case=row.review_case,
        ready=await store.followed_up_at(tx, row.suspension) is not None,
        holders_records=await _holders_records(tx, tenant, detail),
        exchanges=tuple(_told(tenant, one) for one in misled),
        leak=_leak(leak) if leak else None,
    )


async def _holders_records(tx: Tx, tenant: Tenant, detail: SuspensionDetail) -> tuple[str, ...]:
    """Return the records here of the person whose number stood on the wrong one."""
    tag = tenant.locker.tag(detail.number.encode(), label=NUMBER_LABEL)
    person = (await store_persons.by_number(tx, [tag])).get(tag) if detail.number else None
    return tuple(await store_links.addressees_of(tx, person)) if person else ()


def _told(tenant: Tenant, row: ConsequenceRow) -> Consequence:
    record = unlock_misled(tenant, row.suspension, row.detail_locked)
    return Consequence(
        kind=row.kind,
        institution=row.peer,
        affair=row.affair,
        items=tuple(row.items),
        at=row.at,
        reference=record.reference,
        copies=record.copies,
        certain=row.certain,
    )


def _leak(row: LeakCaseRow) -> LeakDue:
    return LeakDue(
        leak=row.leak,
        known_on=row.known_on,
        types=tuple(row.types),
        persons=row.persons,
        preliminary_due=row.preliminary_due,
        final_due=row.final_due,
    )


async def due_letters(gateway: Gateway, tenant: Tenant) -> tuple[NoticeDue, ...]:
    """List letters that persons are owed, the oldest first, with whom each goes to."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await store.due_notices(tx, NOTICES_LISTED)
    return tuple(
        msgspec.json.decode(unlock_recipient(tenant, row.notice, row.to_locked), type=NoticeDue)
        for row in rows
    )


async def letter_sent(gateway: Gateway, tenant: Tenant, notice: str, officer: str) -> None:
    """Note that a letter went out. Raises `NotFound` when it had, or is none."""
    now = gateway.clock.now()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        suspension = await store.notice_sent(tx, notice, by=officer, at=now)
        if suspension is None:
            raise NotFound("no such letter is due", pointer="notice")
        if not await store.letters_due(tx, suspension):
            row = await store_links.of_suspension(tx, suspension)
            leak = await store.leak_of(tx, suspension)
            await mislinks.persons_told(gateway, tenant, tx, row, leak, now)
        line = journal.JournalLine(
            act="letter-sent", actor=tenant.institution, detail={"officer": officer}
        )
        await journal.write(tx, line, at=now)
