"""What the parties report afterwards: refusals and looks inside a house, and ends of exchanges."""

from collections.abc import Sequence
from datetime import datetime

import attrs
from msgspec import UnsetType

from kumihimo.kernel import journal
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.leaves import Submitter
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, NotAllowed
from kumihimo.rooms.linkage import store, store_exchange
from kumihimo.rooms.linkage.api import (
    LEDGER,
    End,
    EndRecord,
    Ends,
    Outcome,
    Received,
    RecordsDelivered,
)
from kumihimo.rooms.linkage.asker_api import Asker
from kumihimo.rooms.linkage.inquiries import (
    check_form,
    check_given,
    check_once,
    check_words,
    digest_of,
    hand_on,
    put_down,
    to_ledger,
    unlogged,
)
from kumihimo.rooms.linkage.inside_api import (
    LocalRefusal,
    LocalRefusals,
    StaffLook,
    StaffLooks,
    look_permit,
)
from kumihimo.rooms.linkage.months import lately
from kumihimo.rooms.linkage.service import Core, deliver_to_ledger, require_batch
from kumihimo.rooms.linkage.store_exchange import EndRow, RecordRow

LOCAL_OUTCOMES: frozenset[Outcome] = frozenset({"REFUSED_CASE", "REFUSED_FLAG"})


@attrs.frozen(kw_only=True)
class _Told:
    """What happened inside a house: `provider` is whom it would have asked, or itself."""

    name: str
    permit: str
    affair: str
    provider: str
    items: tuple[str, ...]
    outcome: Outcome
    reason: str
    at: datetime
    for_ledger: bytes
    version: int
    hidden: bool
    asker: Asker | UnsetType
    digest: bytes


def _of_refusal(refusal: LocalRefusal) -> _Told:
    return _Told(
        name=refusal.inquiry,
        permit="",
        affair=refusal.affair,
        provider=refusal.provider,
        items=refusal.items,
        outcome=refusal.outcome,
        reason="refused by the requester itself",
        at=refusal.refused_at,
        for_ledger=refusal.for_ledger,
        version=refusal.version,
        hidden=refusal.hidden,
        asker=refusal.asker,
        digest=digest_of(refusal),
    )


def _of_look(institution: str, look: StaffLook) -> _Told:
    return _Told(
        name=look.look,
        permit=look_permit(institution, look.look),
        affair=look.affair,
        provider=institution,
        items=look.items,
        outcome="LOOKED",
        reason="staff looked at what the institution holds",
        at=look.looked_at,
        for_ledger=look.for_ledger,
        version=look.version,
        hidden=look.hidden,
        asker=look.asker,
        digest=digest_of(look),
    )


async def take_refusals(
    core: Core, sender: Verified, batch: LocalRefusals, log: Submitter
) -> Received:
    """Record what a requester refused its own clerk, as if the core had refused it."""
    core.require_kind(sender.sender, "institution")
    require_batch(len(batch.refusals), "refusals")
    check_once([r.inquiry for r in batch.refusals], "refusals")
    for index, refusal in enumerate(batch.refusals):
        check_form(refusal, f"refusals[{index}]")
        if refusal.outcome not in LOCAL_OUTCOMES:
            raise BadInput("not a refusal of a requester", pointer=f"refusals[{index}].outcome")
    told = [_of_refusal(refusal) for refusal in batch.refusals]
    return await _record(core, sender, told, "refusals", log)


async def take_looks(core: Core, sender: Verified, batch: StaffLooks, log: Submitter) -> Received:
    """Record what an institution's own staff looked at, with nobody's permit and nobody's answer."""
    core.require_kind(sender.sender, "institution")
    require_batch(len(batch.looks), "looks")
    check_once([look.look for look in batch.looks], "looks")
    for index, look in enumerate(batch.looks):
        affair = (look.affair,) if look.affair else ()
        check_words(look.look, {"affair": affair, "items": look.items}, f"looks[{index}]")
    told = [_of_look(sender.sender, look) for look in batch.looks]
    return await _record(core, sender, told, "looks", log)


async def _record(
    core: Core, sender: Verified, told: Sequence[_Told], where: str, log: Submitter
) -> Received:
    """Record what happened inside a requester's house alone, each under its id once."""
    requester, now = sender.sender, core.clock.now()
    seals = [
        (one.for_ledger, one.version, f"{where}[{i}].for_ledger") for i, one in enumerate(told)
    ]
    async with core.database.transaction() as tx:
        live = await store.domains(tx, sorted({requester, LEDGER}))
    check_given(live[requester], [one.version for one in told], where)
    persons = await to_ledger(core, requester, live, seals)
    submission = new_id(core.entropy)
    rows = [
        _row(core, requester, one, person, now, submission)
        for one, person in zip(told, persons, strict=True)
    ]
    month = await core.months.ready(now, rows)
    async with core.database.transaction() as tx:
        new, known = await put_down(tx, rows, now)
        open_leaves = await unlogged(tx, known.values())
        if new:
            await store_exchange.keep_evidence(tx, sender.evidence, now, month)
            fresh = [r for r in rows if r.inquiry in new]
            open_leaves.append(await hand_on(tx, fresh, live[LEDGER].version, now, log))
            await _journal(core, tx, f"{where}-recorded", requester, new=len(new))
    await log.log_or_leave(open_leaves)
    return Received(len(new))


def _row(
    core: Core, requester: str, told: _Told, person: bytes, now: datetime, submission: str
) -> RecordRow:
    return RecordRow(
        record=new_id(core.entropy),
        permit=told.permit or new_id(core.entropy),
        requester=requester,
        inquiry=told.name,
        digest=told.digest,
        case_reference="",
        affair=told.affair,
        provider=told.provider,
        items=told.items,
        basis=(),
        list_version=core.law.current().version,
        outcome=told.outcome,
        reason=told.reason,
        requested_at=told.at,
        expires_at=now,
        person=person,
        hidden=told.hidden,
        submission=submission,
        office=told.asker.office if told.asker else None,
        role=told.asker.role if told.asker else None,
    )


async def take_ends(core: Core, sender: Verified, batch: Ends) -> Received:
    """Record what a party says of its end, and pass it on to the ledger.

    Only the requester and the provider of a permit may speak of it, each for its own side. The
    provider seals the person from its own code, so the ledger can compare the two ends.
    """
    party = sender.sender
    core.require_kind(party, "institution", LEDGER)
    require_batch(len(batch.ends), "ends")
    now = core.clock.now()
    async with core.database.transaction() as tx:
        live = await store.domains(tx, sorted({party, LEDGER}))
        parties = await store_exchange.parties_of(
            tx, [end.permit for end in batch.ends], lately(now)
        )
    for index, end in enumerate(batch.ends):
        found = parties.get(end.permit)
        if found is None or party != getattr(found, end.side):
            raise NotAllowed("not your end of a permit", pointer=f"ends[{index}].permit")
    told = [end for end in batch.ends if end.side == "provider" and end.for_ledger]
    check_given(live[party], [end.version for end in told], "ends")
    seals = [(end.for_ledger, end.version, "ends.for_ledger") for end in told]
    converted = dict(
        zip((e.permit for e in told), await to_ledger(core, party, live, seals), strict=True)
    )
    rows = _rows(batch.ends, converted)
    months = {permit: found.month for permit, found in parties.items()}
    month = await core.months.ready(now)
    async with core.database.transaction() as tx:
        new = await store_exchange.add_ends(tx, rows, months)
        if new:
            await store_exchange.keep_evidence(tx, sender.evidence, now, month)
            ends = tuple(_wire(r) for r in rows if (r.permit, r.side) in new)
            delivered = RecordsDelivered(ends=ends, version=live[LEDGER].version)
            await deliver_to_ledger(tx, delivered, now)
            await _journal(core, tx, "ends-recorded", party, new=len(new))
    return Received(len(new))


def _rows(ends: Sequence[End], converted: dict[str, bytes]) -> list[EndRow]:
    # One statement cannot touch a row twice: of two words on one end in a batch the last counts.
    last = {(end.permit, end.side): end for end in ends}
    return [
        EndRow(
            permit=end.permit,
            side=end.side,
            outcome=end.outcome,
            at=end.at,
            person=converted.get(end.permit, b"") if end.side == "provider" else b"",
            hidden=end.hidden,
        )
        for end in last.values()
    ]


def _wire(row: EndRow) -> EndRecord:
    return EndRecord(
        permit=row.permit,
        side=row.side,
        outcome=row.outcome,
        at=row.at,
        person=row.person,
        hidden=row.hidden,
    )


async def _journal(core: Core, tx: store.Tx, act: str, actor: str, **counts: int) -> None:
    line = journal.JournalLine(act=act, actor=actor, detail=dict(counts))
    await journal.write(tx, line, at=core.clock.now())
