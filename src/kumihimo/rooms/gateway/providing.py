"""The provider's side: a permit sheet comes in, a sealed answer for each permit goes out.

Number Act art. 22: whoever is asked through the network must provide. What it may not do is
trust the core blindly: sheet, list and keys are checked again here.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Literal

import attrs
import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.group import NotInGroup, Point
from kumihimo.kernel.keys import Sealing
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, Conflict, NotAllowed, NotFound
from kumihimo.kernel.seal import open_sealed, seal
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway import store_exchange, store_provide, store_tracker, tracker
from kumihimo.rooms.gateway.api import (
    Ask,
    Provide,
    Provided,
    Provision,
    Provisions,
    payload_context,
)
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.codes import candidates
from kumihimo.rooms.gateway.domain.providing import (
    Asked,
    HeldCopy,
    HeldPerson,
    as_told,
    asks_for_usages,
    info_of,
    outcome_before_reading,
    outcome_of_usages,
    read_items,
)
from kumihimo.rooms.gateway.locked import unlock_copy, unlock_flags
from kumihimo.rooms.gateway.records import (
    Manual,
    RecordDetail,
    lock_detail,
    manual_label,
    put_ends,
)
from kumihimo.rooms.gateway.rotation import steps_of
from kumihimo.rooms.gateway.store_exchange import CopyRow, ProvisionRow, RecordRow
from kumihimo.rooms.gateway.store_tracker import SessionRow
from kumihimo.rooms.linkage.api import (
    BATCH_MAX,
    LEDGER,
    End,
    Ends,
    Outcome,
    Permit,
    PermitSheet,
    verify_sheet,
)
from kumihimo.statute.positive_list import Ground, Permitted, Refused


@attrs.frozen(kw_only=True)
class _Answered:
    """One permit with its answer, before it is stored."""

    permit: Permit
    outcome: Outcome
    told: Outcome
    answer: bytes | None
    person: HeldPerson | None
    copy: HeldCopy | None
    for_ledger: bytes
    session: SessionRow | None = None


async def provide(gateway: Gateway, tenant: Tenant, sender: Verified, asked: Provide) -> Provisions:
    """Answer a sheet. Raises `CoreSilent` while our reports have not arrived for too long.

    (1) the core signed the sheet, for us, for this sender and its published payload key, and in
        time; (2) permits seen before keep their answer; (3) each permit is checked against our
        own copy of the list; (4) persons are opened and looked up; (5) payloads are read and
        sealed to the requester; (6) answers, records, evidence, our end for the core and the
        journal line are committed together, before the answer leaves.
    """
    now = gateway.clock.now()
    gateway.require_heard(tenant, asking=False)
    sheet = _check(gateway, tenant, sender, asked, now)
    opened = await asyncio.to_thread(_open_all, tenant, sheet.permits)
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        known = await store_provide.provisions(tx, [p.permit for p in sheet.permits])
        opened = {permit: code for permit, code in opened.items() if permit not in known}
        rows = await _look_up(tx, tenant, sheet, opened) if opened else {}
    if opened:
        judged = await asyncio.to_thread(_answer_all, gateway, tenant, sheet, opened, rows, now)
        known |= await _commit(gateway, tenant, sender, sheet, judged, now)
    return Provisions(tuple(_wire(sender, known[p.permit]) for p in sheet.permits))


def _check(
    gateway: Gateway, tenant: Tenant, sender: Verified, asked: Provide, now: datetime
) -> PermitSheet:
    sheet = verify_sheet(asked.sheet, gateway.book)
    if sheet.provider != tenant.institution or sheet.requester != sender.sender:
        raise NotAllowed("this sheet is for another provider or another requester")
    entry = gateway.book.current().active(sheet.requester)
    if entry is None or entry.keys.payload != sheet.requester_payload_key:
        raise NotAllowed("the sheet names a payload key that the directory does not")
    if sheet.expires_at <= now:
        raise Conflict("this sheet has expired")
    if not 1 <= len(sheet.permits) <= BATCH_MAX:
        raise BadInput(f"a sheet holds 1 to {BATCH_MAX} permits", pointer="sheet")
    if len({permit.permit for permit in sheet.permits}) != len(sheet.permits):
        raise BadInput("a permit stands twice in this sheet", pointer="sheet")
    return sheet


def _open_all(tenant: Tenant, permits: Sequence[Permit]) -> dict[str, Point | None]:
    opened: dict[str, Point | None] = {}
    for permit in permits:
        try:
            opened[permit.permit] = open_sealed(permit.person, key=tenant.keys.receiving)
        except NotInGroup:
            opened[permit.permit] = None
    return opened


async def _look_up(
    tx: Tx, tenant: Tenant, sheet: PermitSheet, opened: dict[str, Point | None]
) -> dict[str, list[CopyRow]]:
    steps = await steps_of(tx, tenant)
    asked: dict[tuple[int, bytes], str] = {}
    for permit, code in opened.items():
        if code is not None:
            for version, point in candidates(code, sheet.version, steps):
                asked[(version, bytes(point))] = permit
    infos = {info_of(item) for permit in sheet.permits for item in permit.items}
    rows = await store_provide.held(tx, list(asked), sorted(infos))
    held: dict[str, list[CopyRow]] = {}
    for row in rows:
        held.setdefault(asked[(row.code_version, bytes(row.code))], []).append(row)
    # Two permits of one sheet may ask about one person; each code points at the last of them.
    by_code = {opened[permit]: rows for permit, rows in held.items()}
    return {p: by_code[c] for p, c in opened.items() if c is not None and c in by_code}


def held_person(tenant: Tenant, rows: Sequence[CopyRow]) -> HeldPerson:
    """Unlock the person, with her copies, whose joined rows these are (at least one)."""
    copies = tuple(
        HeldCopy(
            copy=row.copy,
            info=row.info,
            layout=row.layout,
            as_of=row.as_of,
            registered_on=legal_day(row.loaded_at),
            no_automatic_answer=content.no_automatic_answer,
            values=content.values,
        )
        for row in rows
        if row.copy is not None
        and row.info is not None
        and row.layout is not None
        and row.as_of is not None
        and row.loaded_at is not None
        and row.locked is not None
        and (content := unlock_copy(tenant, row.person, row.info, row.locked))
    )
    first = rows[0]
    flags = unlock_flags(tenant, first.person, first.flags_locked)
    return HeldPerson(
        person=first.person,
        no_self_information=flags.no_self_information,
        hidden=flags.hidden,
        link_suspended=flags.link_suspended,
        copies=copies,
    )


def _answer_all(
    gateway: Gateway,
    tenant: Tenant,
    sheet: PermitSheet,
    opened: dict[str, Point | None],
    rows: dict[str, list[CopyRow]],
    now: datetime,
) -> list[_Answered]:
    ledger = gateway.book.current().receiving(LEDGER)
    sealing = Sealing.to(sheet.requester_payload_key, gateway.entropy)
    law, today = gateway.law.current(), legal_day(now)

    @cache  # permits of a sheet ask mostly the same
    def on_list(affair: str, items: tuple[str, ...]) -> Permitted | Refused:
        asker, own = sheet.requester, tenant.institution
        return law.decide(requester=asker, affair=affair, provider=own, items=items, on=today)

    answered: list[_Answered] = []
    for permit in sheet.permits:
        if permit.permit not in opened:
            continue
        person = held_person(tenant, rows[permit.permit]) if permit.permit in rows else None
        outcome, copy, provided, session = _answer_one(
            gateway, tenant, on_list(permit.affair, permit.items), permit, person, now
        )
        asked = Asked(affair=permit.affair, items=permit.items, layout=permit.layout)
        code = opened[permit.permit]
        for_ledger = b""
        if code is not None and ledger is not None:
            for_ledger = seal(code, to=ledger, entropy=gateway.entropy)
        answered.append(
            _Answered(
                permit=permit,
                outcome=outcome,
                told=as_told(asked, outcome),
                answer=None
                if provided is None
                else seal_provided(provided, permit.permit, permit.items, sealing),
                person=person,
                copy=copy,
                for_ledger=for_ledger,
                session=session,
            )
        )
    return answered


def _answer_one(
    gateway: Gateway,
    tenant: Tenant,
    found: Permitted | Refused,
    permit: Permit,
    person: HeldPerson | None,
    now: datetime,
) -> tuple[Outcome, HeldCopy | None, Provided | None, SessionRow | None]:
    if isinstance(found, Refused):
        return _ground(found.ground), None, None, None
    asked = Asked(affair=permit.affair, items=permit.items, layout=permit.layout)
    if asks_for_usages(asked):
        outcome = outcome_of_usages(person)
        if outcome != "OK" or person is None:
            return outcome, None, None, None
        session, provided = tracker.let_in(gateway, tenant, person.person, permit.items, now)
        return outcome, None, provided, session
    outcome, copy = outcome_before_reading(asked, person)
    if outcome != "OK" or copy is None:
        return outcome, copy, None, None
    outcome, provided = read_items(asked, copy)
    return outcome, copy, provided if outcome == "OK" else None, None


def seal_provided(
    provided: Provided, permit: str, items: tuple[str, ...], sealing: Sealing
) -> bytes:
    """Seal a payload to the requester, bound to its permit and items."""
    context = payload_context(permit, items)
    return sealing.seal(msgspec.json.encode(provided), context=context)


def _ground(
    ground: Ground,
) -> Literal["REFUSED_REQUESTER", "REFUSED_AFFAIR", "REFUSED_PROVIDER", "REFUSED_ITEM"]:
    match ground:
        case Ground.REQUESTER:
            return "REFUSED_REQUESTER"
        case Ground.AFFAIR:
            return "REFUSED_AFFAIR"
        case Ground.PROVIDER:
            return "REFUSED_PROVIDER"
        case Ground.ITEM:
            return "REFUSED_ITEM"


async def _commit(
    gateway: Gateway,
    tenant: Tenant,
    sender: Verified,
    sheet: PermitSheet,
    judged: Sequence[_Answered],
    now: datetime,
) -> dict[str, ProvisionRow]:
    rows = [_row(gateway, tenant, sheet, j, now) for j in judged]
    permits = [row.permit for row in rows]
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        new = await store_provide.add_provisions(tx, tenant.institution, rows)
        fresh = [j for j in judged if j.permit.permit in new]
        if fresh:
            records = [
                _record(tenant, sheet, j, now) for j in fresh if j.outcome != "PENDING_MANUAL"
            ]
            await store_exchange.add_records(tx, tenant.institution, records)
            await store_exchange.keep_evidence(tx, tenant.institution, sender.evidence, now)
            for one in fresh:
                if one.session is not None:
                    await store_tracker.add_session(tx, tenant.institution, one.session)
            ends = Ends(tuple(_end(sheet, j, now) for j in fresh))
            await put_ends(tenant, tx, ends, now)
            detail = {"permits": len(fresh), "given": sum(j.outcome == "OK" for j in fresh)}
            line = journal.JournalLine(act="sheet-answered", actor=sheet.requester, detail=detail)
            await journal.write(tx, line, at=now)
        if len(new) < len(rows):
            return await store_provide.provisions(tx, permits)
    return {row.permit: row for row in rows}


def _row(
    gateway: Gateway, tenant: Tenant, sheet: PermitSheet, judged: _Answered, now: datetime
) -> ProvisionRow:
    manual = None
    if judged.outcome == "PENDING_MANUAL" and judged.person is not None:
        content = Manual(
            person=judged.person.person,
            affair=judged.permit.affair,
            items=judged.permit.items,
            layout=judged.permit.layout,
            requester=sheet.requester,
            payload_key=sheet.requester_payload_key,
            list_version=sheet.list_version,
            hidden=judged.permit.hidden or judged.person.hidden,
            for_ledger=judged.for_ledger,
            code_version=sheet.version,
        )
        label = manual_label(tenant, judged.permit.permit)
        manual = tenant.locker.lock(msgspec.json.encode(content), label=label)
    return ProvisionRow(
        permit=judged.permit.permit,
        requester=sheet.requester,
        outcome=judged.told,
        received_at=now,
        purge_after=now + gateway.result_lifetime,
        answer=judged.answer,
        manual_locked=manual,
    )


def _record(tenant: Tenant, sheet: PermitSheet, judged: _Answered, now: datetime) -> RecordRow:
    detail = RecordDetail(
        person=judged.person.person if judged.person else "",
        reference=judged.permit.permit,
        copies=(judged.copy.copy,) if judged.copy and judged.outcome == "OK" else (),
    )
    return RecordRow(
        side="provider",
        peer=sheet.requester,
        affair=judged.permit.affair,
        items=judged.permit.items,
        outcome=judged.outcome,
        list_version=sheet.list_version,
        requested_at=sheet.issued_at,
        provided_at=now if judged.outcome == "OK" else None,
        hidden=judged.permit.hidden or (judged.person is not None and judged.person.hidden),
        detail_locked=lock_detail(tenant, detail),
    )


def _end(sheet: PermitSheet, judged: _Answered, now: datetime) -> End:
    # A missing line would stand out among those of the institutions that know nobody.
    as_unknown = judged.told != judged.outcome
    return End(
        permit=judged.permit.permit,
        side="provider",
        outcome=judged.told,
        at=now,
        for_ledger=judged.for_ledger,
        version=sheet.version,
        hidden=judged.person is not None and judged.person.hidden and not as_unknown,
    )


def _wire(sender: Verified, row: ProvisionRow) -> Provision:
    if row.requester != sender.sender:
        raise NotFound
    outcome = msgspec.convert(row.outcome, Outcome)
    return Provision(permit=row.permit, outcome=outcome, sealed=row.answer or b"")


async def results(gateway: Gateway, tenant: Tenant, sender: Verified, ask: Ask) -> Provisions:
    """Tell a requester what became of its permits that waited for a person."""
    if not 1 <= len(ask.permits) <= BATCH_MAX:
        raise BadInput(f"1 to {BATCH_MAX} permits are asked at once", pointer="permits")
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await store_provide.provisions(tx, ask.permits)
    return Provisions(
        tuple(
            _wire(sender, rows[permit])
            if permit in rows and rows[permit].requester == sender.sender
            else Provision(permit=permit, outcome="EXPIRED")
            for permit in ask.permits
        )
    )
