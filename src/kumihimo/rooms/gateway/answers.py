"""What people at an institution do with exchanges: read answers, decide, find who got what."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.keys import Sealing
from kumihimo.kernel.refusal import BadInput, Conflict, NotFound
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway import store_exchange, store_provide, store_tracker
from kumihimo.rooms.gateway.api import ItemValue, Provided
from kumihimo.rooms.gateway.asking import inquiry_label
from kumihimo.rooms.gateway.business import (
    Decide,
    InquiryAnswer,
    Recipient,
    Waiting,
    WithheldBecause,
)
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.providing import (
    Asked,
    HeldCopy,
    info_of,
    outcome_before_reading,
    read_items,
)
from kumihimo.rooms.gateway.providing import held_person, seal_provided
from kumihimo.rooms.gateway.records import (
    Manual,
    RecordDetail,
    lock_detail,
    manual_label,
    put_ends,
    unlock_detail,
)
from kumihimo.rooms.gateway.store_exchange import InquiryRow, RecordRow
from kumihimo.rooms.gateway.store_provide import ProvidedRecord
from kumihimo.rooms.linkage.api import (
    BATCH_MAX,
    End,
    Ends,
    Outcome,
)

RECORDS_AT_ONCE = 5_000
DECIDABLE = frozenset({"OK", "PENDING_MANUAL"})


async def poll(gateway: Gateway, tenant: Tenant, ids: Sequence[str]) -> list[InquiryAnswer]:
    """Return where inquiries stand, in the order asked; `NotFound` for one that is not ours."""
    if not 1 <= len(ids) <= BATCH_MAX:
        raise BadInput(f"1 to {BATCH_MAX} inquiries are polled at once", pointer="inquiries")
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await store_exchange.inquiries(tx, ids)
    missing = next((i for i, name in enumerate(ids) if name not in rows), None)
    if missing is not None:
        raise NotFound("no such inquiry of this institution", pointer=f"inquiries[{missing}]")
    return [_answer(tenant, rows[name]) for name in ids]


def _answer(tenant: Tenant, row: InquiryRow) -> InquiryAnswer:
    values: tuple[ItemValue, ...] = ()
    if row.result_locked is not None and not row.withheld:
        label = inquiry_label(tenant, row.inquiry) + b"|result"
        payload = tenant.locker.unlock(row.result_locked, label=label)
        values = msgspec.json.decode(payload, type=Provided).values
    return InquiryAnswer(
        inquiry=row.inquiry,
        outcome=row.outcome or "",
        provider=row.provider,
        affair=row.affair,
        items=tuple(row.items),
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        values=values,
        purged=row.outcome == "OK" and row.result_locked is None and not row.withheld,
        withheld=msgspec.convert(row.withheld, WithheldBecause),
    )


async def waiting(gateway: Gateway, tenant: Tenant, limit: int = 100) -> list[Waiting]:
    """List permits that wait for a decision, oldest first."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await store_provide.waiting(tx, limit)
    found: list[Waiting] = []
    for row in rows:
        manual = waiting_for(tenant, row.permit, row.manual_locked)
        found.append(
            Waiting(
                permit=row.permit,
                requester=row.requester,
                affair=manual.affair,
                items=manual.items,
                received_at=row.received_at,
            )
        )
    return found


def waiting_for(tenant: Tenant, permit: str, locked: bytes | None) -> Manual:
    """Open what a waiting permit keeps for whoever decides; `Conflict` when it waits no longer."""
    if locked is None:
        raise Conflict("this permit no longer waits for a decision")
    content = tenant.locker.unlock(locked, label=manual_label(tenant, permit))
    return msgspec.json.decode(content, type=Manual)


async def decide(gateway: Gateway, tenant: Tenant, decision: Decide) -> Outcome:
    """Answer a waiting permit by a person's decision; returns the outcome.

    Raises `NotFound` or `Conflict`. The decision, its record and our end are one transaction.
    """
    now, permit = gateway.clock.now(), decision.permit
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        row = (await store_provide.provisions(tx, [permit])).get(permit)
        if row is None:
            raise NotFound("no such permit waits here")
        manual = waiting_for(tenant, permit, row.manual_locked)
        outcome, copy, answer = await _prepare(tx, gateway, tenant, manual, decision)
        if not await store_provide.decide(tx, permit, outcome, answer):
            raise Conflict("somebody decided this permit a moment ago")
        await record_decided(tx, tenant, permit, manual, outcome, copy, row.received_at, now)
        line = journal.JournalLine(
            act="permit-decided",
            actor=tenant.institution,
            detail={"outcome": outcome, "officer": decision.officer},
        )
        await journal.write(tx, line, at=now)
    return outcome


async def _prepare(
    tx: Tx, gateway: Gateway, tenant: Tenant, manual: Manual, decision: Decide
) -> tuple[Outcome, HeldCopy | None, bytes | None]:
    if decision.decision == "refuse":
        return "REFUSED_FLAG", None, None
    rows = await store_provide.held_by_person(tx, manual.person, [info_of(manual.items[0])])
    held = held_person(tenant, rows) if rows else None
    asked = Asked(affair=manual.affair, items=manual.items, layout=manual.layout)
    if held is not None and held.link_suspended:
        raise Conflict("whose number stands on this record is being checked", pointer="permit")
    # Copy and flags may have changed while the permit waited; who decides is told apart as well.
    outcome, copy = outcome_before_reading(asked, held)
    if held is None or copy is None or outcome not in DECIDABLE:
        return outcome, None, None
    outcome, provided = read_items(asked, copy)
    if outcome != "OK":
        return outcome, copy, None
    sealing = Sealing.to(manual.payload_key, gateway.entropy)
    return outcome, copy, seal_provided(provided, decision.permit, manual.items, sealing)


async def record_decided(
    tx: Tx,
    tenant: Tenant,
    permit: str,
    manual: Manual,
    outcome: Outcome,
    copy: HeldCopy | None,
    received_at: datetime,
    now: datetime,
) -> None:
    """Record what became of a permit that waited, and report our end of it."""
    given = outcome == "OK"
    detail = RecordDetail(
        person=manual.person,
        reference=permit,
        copies=(copy.copy,) if copy is not None and given else (),
    )
    record = RecordRow(
        side="provider",
        peer=manual.requester,
        affair=manual.affair,
        items=manual.items,
        outcome=outcome,
        list_version=manual.list_version,
        requested_at=received_at,
        provided_at=now if given else None,
        hidden=manual.hidden,
        detail_locked=lock_detail(tenant, detail),
    )
    await store_exchange.add_records(tx, tenant.institution, [record])
    end = End(
        permit=permit,
        side="provider",
        outcome=outcome,
        at=now,
        for_ledger=manual.for_ledger,
        version=manual.code_version,
        hidden=manual.hidden,
    )
    await put_ends(tenant, tx, Ends((end,)), now)


async def recipients(
    gateway: Gateway, tenant: Tenant, copies: Sequence[int], *, since: datetime
) -> list[Recipient]:
    """Find everyone who received given copies: the query after a wrong link is found.

    Records name their copies only under the institution's key, so each record of the period is
    opened; a million take some seconds, and nobody without the key can do it at all.
    """
    wanted = frozenset(copies)
    found: list[Recipient] = []
    after = 0
    while True:
        async with gateway.database.transaction(institution=tenant.institution) as tx:
            page = await store_provide.provided_records(
                tx, since=since, after=after, limit=RECORDS_AT_ONCE
            )
        if not page:
            return found
        found += await asyncio.to_thread(_matching, tenant, page, wanted)
        after = page[-1].record


def _matching(
    tenant: Tenant, page: Sequence[ProvidedRecord], wanted: frozenset[int]
) -> list[Recipient]:
    return [
        Recipient(
            requester=row.peer,
            affair=row.affair,
            items=tuple(row.items),
            provided_at=row.provided_at,
            copy=copy,
        )
        for row in page
        for copy in unlock_detail(tenant, row.detail_locked).copies
        if copy in wanted
    ]


async def purge(gateway: Gateway, tenant: Tenant) -> tuple[int, int]:
    """Drop results and answers whose time is over; returns how many of each.

    A permit that nobody decided in that time is recorded as EXPIRED at both ends: it was asked.
    """
    now = gateway.clock.now()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        undecided = await store_provide.drop_undecided(tx, now)
        for row in undecided:
            manual = waiting_for(tenant, row.permit, row.manual_locked)
            await record_decided(
                tx, tenant, row.permit, manual, "EXPIRED", None, row.received_at, now
            )
        results, answers = await store_provide.purge(tx, now)
        await store_tracker.drop_sessions(tx, now)
        answers += len(undecided)
        if results or answers:
            detail = {"results": results, "answers": answers, "undecided": len(undecided)}
            line = journal.JournalLine(act="purged", actor=tenant.institution, detail=detail)
            await journal.write(tx, line, at=now)
    return results, answers
