"""A link in doubt (ひも付け誤りの疑い): suspended at once, then confirmed by two people or corrected.

While a link is suspended nothing about the person goes out, she reads nothing of this record by the
portal, and nobody here asks about her. What was answered and may be fetched again is taken back.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from psycopg.errors import UniqueViolation

from kumihimo.kernel import journal
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, Conflict, NotFound
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway import mislinks, noticing, store_persons, store_provide
from kumihimo.rooms.gateway import store_links as store
from kumihimo.rooms.gateway.answers import RECORDS_AT_ONCE
from kumihimo.rooms.gateway.asking import inquiry_label
from kumihimo.rooms.gateway.business_links import (
    Ground,
    LinkConfirmed,
    LinksSuspended,
    LinkSuspended,
    Suspension,
    SuspensionState,
)
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.locked import (
    SuspensionDetail,
    lock_flags,
    lock_suspension,
    unlock_flags,
    unlock_suspension,
)
from kumihimo.rooms.gateway.numbers import require_two
from kumihimo.rooms.gateway.persons import require_batch, unknown_addressee
from kumihimo.rooms.gateway.records import unlock_detail
from kumihimo.rooms.gateway.store_links import SuspensionRow
from kumihimo.rooms.gateway.store_persons import FlagsOf

ADDRESSEE_LABEL: Final = b"suspension-of-record"
PERSON_LABEL: Final = b"suspension-of-person"
# An answer that travels while the doubt is written down is caught by looking a little further back.
OVERLAP: Final = timedelta(minutes=10)


def addressee_tag(tenant: Tenant, addressee: str) -> bytes:
    """Return what a doubt calls its record."""
    return tenant.locker.tag(addressee.encode(), label=ADDRESSEE_LABEL)


def person_tag(tenant: Tenant, person: str) -> bytes:
    """Return what a doubt calls its person."""
    return tenant.locker.tag(person.encode(), label=PERSON_LABEL)


async def suspend(
    gateway: Gateway, tenant: Tenant, order: LinksSuspended
) -> tuple[Suspension, ...]:
    """Suspend links, all or none; answers in the order given, and the same to a repeat.

    A link that is in doubt already stays with the case that doubted it first. Raises `NotFound` for
    an unknown addressee number, `Conflict` for a case that has settled this link before.
    """
    links = order.links
    require_batch(len(links), "links")
    if len({link.addressee for link in links}) < len(links):
        raise BadInput("a record stands twice here", pointer="links")
    now = gateway.clock.now()
    try:
        async with gateway.database.transaction(institution=tenant.institution) as tx:
            persons = await _persons(tx, links)
            standing = await _standing(tx, tenant, links)
            rows = [
                _row(gateway, tenant, order.officer, link, persons[link.addressee], now)
                for link in links
                if link.addressee not in standing
            ]
            if rows:
                await store.suspend(tx, tenant.institution, rows)
                await mark(tx, tenant, set(persons.values()), suspended=True)
                await noticing.remove_all(gateway, tenant, tx, set(persons.values()))
                kept_for = {addressee_tag(tenant, one.addressee): one.affair for one in links}
                of_rows = {row.suspension: kept_for[bytes(row.addressee_tag)] for row in rows}
                await mislinks.doubted(gateway, tenant, tx, rows, of_rows, now)
                await write_line(
                    gateway, tenant, tx, "links-suspended", officer=order.officer, links=len(rows)
                )
    except UniqueViolation:
        raise Conflict("the same link is being suspended elsewhere; send again") from None
    if rows:
        await _take_back(gateway, tenant, frozenset(persons.values()), now)
    by_tag = {bytes(row.addressee_tag): row for row in rows}
    return tuple(
        told(
            link.addressee,
            standing.get(link.addressee) or by_tag[addressee_tag(tenant, link.addressee)],
        )
        for link in links
    )


async def _persons(tx: Tx, links: Sequence[LinkSuspended]) -> Mapping[str, str]:
    persons = await store_persons.by_addressee(tx, [link.addressee for link in links])
    for index, link in enumerate(links):
        if link.addressee not in persons:
            raise unknown_addressee(f"links[{index}].addressee")
    return persons


async def _standing(
    tx: Tx, tenant: Tenant, links: Sequence[LinkSuspended]
) -> dict[str, SuspensionRow]:
    """Return the open doubts about these records."""
    tags = {addressee_tag(tenant, link.addressee): link for link in links}
    found: dict[str, SuspensionRow] = {}
    for row in await store.of_addressees(tx, list(tags)):
        link = tags[bytes(row.addressee_tag)]
        if row.state == "SUSPENDED":
            found[link.addressee] = row
        elif row.review_case == link.case:
            raise Conflict("this case has settled this link already", pointer="links")
    return found


def _row(
    gateway: Gateway,
    tenant: Tenant,
    officer: str,
    link: LinkSuspended,
    person: str,
    now: datetime,
) -> SuspensionRow:
    name = new_id(gateway.entropy)
    detail = SuspensionDetail(addressee=link.addressee, person=person, officer=officer)
    return SuspensionRow(
        suspension=name,
        review_case=link.case,
        addressee_tag=addressee_tag(tenant, link.addressee),
        person_tag=person_tag(tenant, person),
        ground=link.ground,
        state="SUSPENDED",
        suspended_at=now,
        settled_at=None,
        detail_locked=lock_suspension(tenant, name, detail),
    )


async def mark(tx: Tx, tenant: Tenant, persons: Collection[str], *, suspended: bool) -> None:
    """Set or lift what stops everything about persons, and hide or show what was received."""
    flags = await store_persons.flags_of(tx, sorted(persons))
    changed = [
        FlagsOf(
            person,
            lock_flags(tenant, person, msgspec.structs.replace(held, link_suspended=suspended)),
        )
        for person, locked in flags.items()
        if (held := unlock_flags(tenant, person, locked))
    ]
    await store_persons.set_all_flags(tx, changed)
    asked = await asked_about(tx, tenant, persons)
    old, new = ("", "link-suspended") if suspended else ("link-suspended", "")
    await store.withhold(tx, asked, new, was=[old])


async def asked_about(tx: Tx, tenant: Tenant, persons: Collection[str]) -> list[str]:
    """Return the questions about persons whose answer is kept here or may still come."""
    wanted = {person.encode() for person in persons}
    rows = await store.received(tx)
    return await asyncio.to_thread(
        lambda: [
            row.inquiry
            for row in rows
            if tenant.locker.unlock(row.person_locked, label=inquiry_label(tenant, row.inquiry))
            in wanted
        ]
    )


async def confirmed(gateway: Gateway, tenant: Tenant, persons: Mapping[str, str]) -> set[str]:
    """Return those records (with the persons they stand under) whose link was confirmed before."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        doubts = await of_records(tx, tenant, list(persons))
    return {
        addressee
        for addressee, person in persons.items()
        if was_confirmed(tenant, person, doubts[addressee])
    }


def was_confirmed(tenant: Tenant, person: str, doubts: Sequence[SuspensionRow]) -> bool:
    """Whether two people have said before that this record is this person's."""
    tag = person_tag(tenant, person)
    return any(one.state == "CONFIRMED" and bytes(one.person_tag) == tag for one in doubts)


async def _take_back(
    gateway: Gateway, tenant: Tenant, persons: frozenset[str], now: datetime
) -> None:
    """Refuse from now on what could be fetched a second time by whoever received it once."""
    since, after = now - gateway.result_lifetime - OVERLAP, 0
    while True:
        async with gateway.database.transaction(institution=tenant.institution) as tx:
            page = await store_provide.provided_records(
                tx, since=since, after=after, limit=RECORDS_AT_ONCE
            )
            if not page:
                return
            details = [unlock_detail(tenant, row.detail_locked) for row in page]
            permits = [d.reference for d in details if d.person in persons]
            if permits:
                await store.take_back_answers(tx, permits)
            after = page[-1].record


async def open_suspension(tx: Tx, tenant: Tenant, addressee: str, case: str) -> SuspensionRow:
    """Return the open doubt of a case about a record, locked; `NotFound` or `Conflict`."""
    rows = await store.of_addressees(tx, [addressee_tag(tenant, addressee)])
    row = next((row for row in rows if row.review_case == case), None)
    if row is None:
        raise NotFound("this case has suspended no such link", pointer="case")
    if row.state != "SUSPENDED":
        raise Conflict("this case has settled this link already", pointer="case")
    return row


async def confirm(gateway: Gateway, tenant: Tenant, order: LinkConfirmed) -> Suspension:
    """Lift a suspension: the link was right. Everything goes on unless another doubt is open.

    Raises `NotFound`, `Conflict` when it is settled already, `BadInput` unless two people stand
    for it.
    """
    require_two(order.officer, order.approver, "approver")
    now = gateway.clock.now()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        row = await open_suspension(tx, tenant, order.addressee, order.case)
        detail = msgspec.structs.replace(
            unlock_suspension(tenant, row.suspension, row.detail_locked),
            decided_by=order.officer,
            approved_by=order.approver,
        )
        locked = lock_suspension(tenant, row.suspension, detail)
        await store.settle(tx, row.suspension, state="CONFIRMED", at=now, detail=locked)
        if not await store.open_for_person(tx, row.person_tag):
            await mark(tx, tenant, [detail.person], suspended=False)
        await mislinks.found_right(gateway, tenant, tx, row, now)
        await write_line(
            gateway,
            tenant,
            tx,
            "link-confirmed",
            officer=order.officer,
            approver=order.approver,
        )
    return settled(order.addressee, row, "CONFIRMED", now)


async def of_records(
    tx: Tx, tenant: Tenant, addressees: Sequence[str]
) -> dict[str, list[SuspensionRow]]:
    """Return the doubts about records, of each the latest first."""
    names = {addressee_tag(tenant, addressee): addressee for addressee in addressees}
    found: dict[str, list[SuspensionRow]] = {addressee: [] for addressee in addressees}
    for row in await store.of_addressees(tx, list(names)):
        found[names[bytes(row.addressee_tag)]].append(row)
    return found


async def of_record(gateway: Gateway, tenant: Tenant, addressee: str) -> tuple[Suspension, ...]:
    """Return the doubts about a record, the latest first; `NotFound` when it is not known."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        if addressee not in await store_persons.by_addressee(tx, [addressee]):
            raise unknown_addressee("addressee")
        rows = (await of_records(tx, tenant, [addressee]))[addressee]
    return tuple(told(addressee, row) for row in rows)


def told(addressee: str, row: SuspensionRow) -> Suspension:
    """Return what the institution is told of a doubt."""
    return Suspension(
        addressee=addressee,
        case=row.review_case,
        ground=msgspec.convert(row.ground, Ground),
        state=msgspec.convert(row.state, SuspensionState),
        suspended_at=row.suspended_at,
        settled_at=row.settled_at,
    )


def settled(addressee: str, row: SuspensionRow, state: SuspensionState, at: datetime) -> Suspension:
    """Return what the institution is told of a doubt that was settled a moment ago."""
    return msgspec.structs.replace(told(addressee, row), state=state, settled_at=at)


async def write_line(
    gateway: Gateway, tenant: Tenant, tx: Tx, act: str, **detail: int | str
) -> None:
    """Write the journal line of an act upon links."""
    line = journal.JournalLine(act=act, actor=tenant.institution, detail=detail)
    await journal.write(tx, line, at=gateway.clock.now())
