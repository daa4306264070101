"""Staff look at what their institution holds of a person: each look is a record of hers.

It is written down before anything is shown, and goes to the core like a refusal of one's own clerk:
the person sealed to the ledger, which numbers it in her chain. While the core is silent it waits
here and the look goes on: no other party's data are in it. Of a person without a code only the
institution's own record says that somebody looked.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs
import msgspec

from kumihimo.kernel import journal, outbox
from kumihimo.kernel.group import Point
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, NotAllowed
from kumihimo.kernel.seal import seal
from kumihimo.rooms.gateway import store_completeness, store_exchange
from kumihimo.rooms.gateway.asking import inquiry_label, ledger_key
from kumihimo.rooms.gateway.business_looks import LookedAt, LookTold
from kumihimo.rooms.gateway.clients import BusinessClient
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.locked import RecordDetail, unlock_flags
from kumihimo.rooms.gateway.persons import require_batch, unknown_addressee
from kumihimo.rooms.gateway.records import lock_detail
from kumihimo.rooms.gateway.store_exchange import InquiryRow, RecordRow, Subject
from kumihimo.rooms.linkage.api import PARTY, STAFF_LOOKS_PATH
from kumihimo.rooms.linkage.inside_api import StaffLook, StaffLooks, look_permit

OUTCOME: Final = "LOOKED"
# What this gateway itself holds of a person, as its records name it.
PROVENANCE: Final = "kept.provenance"
CASES: Final = "kept.cases"
DOUBTS: Final = "kept.doubts"
CONSEQUENCES: Final = "kept.consequences"
NOTICES: Final = "kept.notices"


@attrs.frozen
class _Look:
    told: LookTold
    subject: Subject
    hidden: bool


async def looked(gateway: Gateway, caller: BusinessClient, at: LookedAt, *items: str) -> None:
    """Write down that the answer of this gateway about a person is looked at. Raises like `record`."""
    affair = at.affair
    if not affair and caller.affairs is not None and len(caller.affairs) == 1:
        [affair] = caller.affairs
    told = LookTold(
        look=new_id(gateway.entropy),
        addressee=at.addressee,
        items=items,
        affair=affair,
        asker=at.asker,
    )
    await record(gateway, caller, [told], where="")


async def record(
    gateway: Gateway, caller: BusinessClient, told: Sequence[LookTold], *, where: str = "looks"
) -> int:
    """Write looks down, all or none, and have the core told; returns how many were new.

    Raises `NotFound` for an addressee number that nobody has, `NotAllowed` for an affair that the
    caller does not handle, `BadInput` for an id that stands twice, `QueueFull`.
    """
    tenant = caller.tenant
    gateway.core[tenant.institution].reports.require_room()
    require_batch(len(told), "looks")
    if len({one.look for one in told}) < len(told):
        raise BadInput("this id stands twice here", pointer="looks")
    for index, one in enumerate(told):
        if one.affair and caller.affairs is not None and one.affair not in caller.affairs:
            pointer = f"{where}[{index}].affair" if where else "affair"
            raise NotAllowed("this client does not handle that affair", pointer=pointer)
    now = gateway.clock.now()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        known = await store_completeness.known(tx, [one.look for one in told])
        fresh = [one for one in told if one.look not in known]
        found = await store_exchange.subjects(tx, [one.addressee for one in fresh])
        for index, one in enumerate(told):
            if one.look not in known and one.addressee not in found:
                raise unknown_addressee(f"{where}[{index}].addressee" if where else "addressee")
        looks = [_look(tenant, one, found[one.addressee]) for one in fresh]
        if not looks:
            return 0
        await store_exchange.add_inquiries(
            tx, tenant.institution, [_inquiry(tenant, one, now) for one in looks]
        )
        await store_exchange.add_records(
            tx, tenant.institution, [_record(gateway, tenant, one, now) for one in looks]
        )
        letter = await asyncio.to_thread(_letter, gateway, looks, now)
        if letter.looks:
            await outbox.put(
                tx,
                topic=STAFF_LOOKS_PATH,
                destination=PARTY,
                sender=tenant.institution,
                body=msgspec.json.encode(letter),
                at=now,
            )
        line = journal.JournalLine(
            act="staff-looked",
            actor=tenant.institution,
            detail={"client": caller.client, "looks": len(looks)},
        )
        await journal.write(tx, line, at=now)
    return len(looks)


def _look(tenant: Tenant, told: LookTold, subject: Subject) -> _Look:
    return _Look(told, subject, unlock_flags(tenant, subject.person, subject.flags_locked).hidden)


def _letter(gateway: Gateway, looks: Sequence[_Look], now: datetime) -> StaffLooks:
    to = ledger_key(gateway)
    return StaffLooks(
        tuple(
            StaffLook(
                look=one.told.look,
                affair=one.told.affair,
                items=one.told.items,
                looked_at=now,
                for_ledger=seal(Point(bytes(one.subject.code)), to=to, entropy=gateway.entropy),
                version=one.subject.code_version,
                hidden=one.hidden,
                asker=one.told.asker.told(),
            )
            for one in looks
            if one.subject.code is not None and one.subject.code_version is not None
        )
    )


def _inquiry(tenant: Tenant, one: _Look, now: datetime) -> InquiryRow:
    """Return the row by which a repeat, a restore and her question about it find this look."""
    label = inquiry_label(tenant, one.told.look)
    return InquiryRow(
        inquiry=one.told.look,
        batch=None,
        affair=one.told.affair,
        provider=tenant.institution,
        items=one.told.items,
        layout="",
        person_locked=tenant.locker.lock(one.subject.person.encode(), label=label),
        permit=look_permit(tenant.institution, one.told.look),
        outcome=OUTCOME,
        asked_at=now,
        answered_at=now,
        result_locked=None,
        hidden=one.hidden,
    )


def _record(gateway: Gateway, tenant: Tenant, one: _Look, now: datetime) -> RecordRow:
    told = one.told
    detail = RecordDetail(
        person=one.subject.person,
        reference=told.look,
        office=told.asker.office,
        role=told.asker.role,
    )
    return RecordRow(
        side="requester",
        peer=tenant.institution,
        affair=told.affair,
        items=told.items,
        outcome=OUTCOME,
        list_version=gateway.law.current().version,
        requested_at=now,
        provided_at=None,
        hidden=one.hidden,
        detail_locked=lock_detail(tenant, detail),
    )
