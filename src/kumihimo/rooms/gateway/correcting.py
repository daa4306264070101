"""Correcting a link: the number was another person's, so the record gets a place of its own.

The integrated id under which the record stood goes on standing for the other person, or for nobody.
What was done under it stays on record there: it is the list of what went wrong.
"""

from collections.abc import Mapping

import attrs
import msgspec
from psycopg.errors import UniqueViolation

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, Conflict, NotAllowed
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway import store_copies, store_persons, store_provide
from kumihimo.rooms.gateway import store_links as store
from kumihimo.rooms.gateway.answers import record_decided, waiting_for
from kumihimo.rooms.gateway.business import Registration
from kumihimo.rooms.gateway.business_links import LinkCorrected, Suspension
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.links import CopyPlan, StandingCopy, plan_copies, wrong_copies
from kumihimo.rooms.gateway.links import (
    asked_about,
    mark,
    open_suspension,
    settled,
    write_line,
)
from kumihimo.rooms.gateway.locked import (
    SuspensionDetail,
    case_tag,
    lock_copy,
    lock_flags,
    lock_suspension,
    unlock_copy,
    unlock_flags,
    unlock_suspension,
)
from kumihimo.rooms.gateway.numbers import (
    Found,
    VaultEntry,
    numbers_of,
    require_two,
    same_person,
)
from kumihimo.rooms.gateway.persons import new_person, vault_label


@attrs.frozen(kw_only=True)
class _Wrong:
    """What stood under the wrong person when the correction began."""

    person: str
    addressee: str
    shared: bool
    entry: VaultEntry | None
    copies: Mapping[int, store.MovedCopy]
    standing: tuple[StandingCopy, ...]


async def correct(
    gateway: Gateway,
    tenant: Tenant,
    order: LinkCorrected,
    *,
    affairs: frozenset[str] | None = None,
) -> Suspension:
    """Take the wrong number from a suspended record, and give it the right one if it is known.

    (1) two people stand for it, and the right number is read or confirmed by register; (2) the
    record moves to an integrated id of its own, or to that of the person who is known here under
    the right number; (3) its copies are registered again there, each superseding the one that stood
    wrong; (4) an integrated id that stands for nobody any more loses number and code; (5) what was
    received about the other person is dropped, and who waits for a decision is told that there is
    nobody.

    Raises `BadInput`, `NotFound`, `Conflict` (settled already; register confirms no number; the
    number is the one that stands there, or another person's here), `NotAllowed` for an affair that
    the caller does not handle, `Unavailable` without register.
    """
    if order.affair and affairs is not None and order.affair not in affairs:
        raise NotAllowed("this client does not handle that affair", pointer="affair")
    require_two(order.officer, order.approver, "approver")
    right = await _right_number(gateway, tenant, order)
    now = gateway.clock.now()
    try:
        async with gateway.database.transaction(institution=tenant.institution) as tx:
            row = await open_suspension(tx, tenant, order.addressee, order.case)
            detail = unlock_suspension(tenant, row.suspension, row.detail_locked)
            wrong = await _wrong(tx, tenant, detail)
            person = await _place(gateway, tenant, tx, wrong, right)
            await store.reattach(tx, order.addressee, person)
            plan = await _move_copies(tx, tenant, wrong, person)
            await _leave(gateway, tenant, tx, wrong, person)
            locked = lock_suspension(tenant, row.suspension, _detail(detail, order, wrong, person))
            await store.settle(tx, row.suspension, state="CORRECTED", at=now, detail=locked)
            if wrong.shared and not await store.open_for_person(tx, row.person_tag):
                await mark(tx, tenant, [wrong.person], suspended=False)
            await _forget_received(tx, tenant, wrong.person)
            await write_line(
                gateway,
                tenant,
                tx,
                "link-corrected",
                officer=order.officer,
                approver=order.approver,
                source=order.source,
            )
    except UniqueViolation:
        raise Conflict("this number is being registered elsewhere; send again") from None
    return msgspec.structs.replace(
        settled(order.addressee, row, "CORRECTED", now), load_again=plan.load_again
    )


async def _right_number(gateway: Gateway, tenant: Tenant, order: LinkCorrected) -> Found | None:
    if order.source == "none":
        if order.number or order.affair or order.attributes is not None:
            raise BadInput("without a source there is no number", pointer="source")
        return None
    if order.attributes is None:
        raise BadInput("a number comes with the attributes of its person", pointer="attributes")
    asked = Registration(
        addressee=order.addressee,
        source=order.source,
        attributes=order.attributes,
        number=order.number,
        affair=order.affair,
        sexless_scheme=order.sexless_scheme,
        officer=order.officer,
        approver=order.approver,
    )
    [found] = await numbers_of(gateway, tenant, [asked])
    if found is None:
        raise Conflict(
            "register confirms no such number for these attributes; nothing was changed",
            pointer="attributes",
        )
    return found


async def _wrong(tx: Tx, tenant: Tenant, detail: SuspensionDetail) -> _Wrong:
    others = set(await store.addressees_of(tx, detail.person)) - {detail.addressee}
    locked = await store_persons.vault_of(tx, detail.person)
    rows = await store.copies_of(tx, detail.person)
    return _Wrong(
        person=detail.person,
        addressee=detail.addressee,
        shared=bool(others),
        entry=_entry(tenant, detail.person, locked) if locked is not None else None,
        copies={row.copy: row for row in rows},
        standing=tuple(
            StandingCopy(
                copy=row.copy,
                info=row.info,
                as_of=row.as_of,
                current=row.current,
                addressee=unlock_copy(tenant, detail.person, row.info, row.locked).addressee,
            )
            for row in rows
        ),
    )


def _entry(tenant: Tenant, person: str, locked: bytes) -> VaultEntry:
    content = tenant.locker.unlock(locked, label=vault_label(tenant, person))
    return msgspec.json.decode(content, type=VaultEntry)


async def _place(
    gateway: Gateway, tenant: Tenant, tx: Tx, wrong: _Wrong, right: Found | None
) -> str:
    """Return the integrated id of the right person: known here, or new."""
    locked = (await store_persons.flags_of(tx, [wrong.person]))[wrong.person]
    flags = msgspec.structs.replace(
        unlock_flags(tenant, wrong.person, locked), link_suspended=False
    )
    if right is None:
        person = new_id(gateway.entropy)
        sealed = lock_flags(tenant, person, flags)
        await store.add_person(tx, tenant.institution, person, sealed)
        return person
    holder = (await store_persons.by_number(tx, [right.tag])).get(right.tag)
    if holder == wrong.person:
        raise Conflict("this is the number that stands there; confirm the link", pointer="number")
    if holder is None:
        new = new_person(gateway, tenant, right)
        new = attrs.evolve(new, flags_locked=lock_flags(tenant, new.person, flags))
        await store_persons.add_persons(tx, tenant.institution, [new])
        return new.person
    held = await store_persons.vault_of(tx, holder)
    assert held is not None, "whoever is found by a number has one"
    known = _entry(tenant, holder, held).attributes
    if not same_person(known, right.entry.attributes, sex_required=True):
        raise Conflict("this number stands for another person here", pointer="number")
    return holder


async def _move_copies(tx: Tx, tenant: Tenant, wrong: _Wrong, person: str) -> CopyPlan:
    there = [row for row in await store.copies_of(tx, person) if row.current]
    plan = plan_copies(
        wrong.standing,
        addressee=wrong.addressee,
        shared=wrong.shared,
        held={row.info: row.as_of for row in there},
    )
    moved = [wrong.copies[copy] for copy in plan.moved]
    infos = {row.info for row in moved}
    replaced = [row.copy for row in there if row.info in infos]
    await store_copies.retire(tx, [*plan.retired, *replaced])
    for row in moved:
        content = unlock_copy(tenant, wrong.person, row.info, row.locked)
        locked = lock_copy(tenant, person, row.info, content)
        await store.move_copy(tx, tenant.institution, row.copy, person, locked)
    return plan


async def _leave(gateway: Gateway, tenant: Tenant, tx: Tx, wrong: _Wrong, person: str) -> None:
    """Leave the other person's integrated id to her other records, or empty it."""
    if wrong.shared:
        return
    await store.unbind(tx, wrong.person)
    await store.move_cases(tx, case_tag(tenant, wrong.person), case_tag(tenant, person))
    now = gateway.clock.now()
    for permit in await store.waiting_permits(tx):
        manual = waiting_for(tenant, permit.permit, permit.manual_locked)
        if manual.person == wrong.person and await store_provide.decide(
            tx, permit.permit, "NO_PERSON", None
        ):
            await record_decided(
                tx, tenant, permit.permit, manual, "NO_PERSON", None, permit.received_at, now
            )


async def _forget_received(tx: Tx, tenant: Tenant, person: str) -> None:
    asked = await asked_about(tx, tenant, [person])
    await store.withhold(tx, asked, "link-corrected", was=["", "link-suspended"])
    await store.drop_results(tx, asked)


def _detail(
    detail: SuspensionDetail, order: LinkCorrected, wrong: _Wrong, person: str
) -> SuspensionDetail:
    copies = wrong_copies(wrong.standing, addressee=wrong.addressee, shared=wrong.shared)
    return msgspec.structs.replace(
        detail,
        decided_by=order.officer,
        approved_by=order.approver,
        number=wrong.entry.number if wrong.entry else "",
        holder=wrong.entry.attributes if wrong.entry else None,
        corrected_to=person,
        copies=tuple(copy.copy for copy in copies),
        shared=wrong.shared,
    )
