"""What the parties report afterwards: local refusals, and each side's end of an exchange."""

from collections.abc import Sequence
from datetime import datetime

from kumihimo.kernel import journal
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.leaves import Submitter
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, NotAllowed
from kumihimo.rooms.linkage import store
from kumihimo.rooms.linkage.api import (
    LEDGER,
    End,
    EndRecord,
    Ends,
    LocalRefusal,
    LocalRefusals,
    Outcome,
    Received,
    RecordsDelivered,
)
from kumihimo.rooms.linkage.domain.conversion import parse_sealed
from kumihimo.rooms.linkage.inquiries import (
    check_form,
    check_given,
    check_once,
    digest_of,
    hand_on,
    to_ledger,
    unlogged,
)
from kumihimo.rooms.linkage.service import Core, deliver_to_ledger, require_batch
from kumihimo.rooms.linkage.store import EndRow, RecordRow

LOCAL_OUTCOMES: frozenset[Outcome] = frozenset({"REFUSED_CASE", "REFUSED_FLAG"})


async def take_refusals(
    core: Core, sender: Verified, batch: LocalRefusals, log: Submitter
) -> Received:
    """Record what a requester refused its own clerk, as if the core had refused it."""
    requester = sender.sender
    core.require_kind(requester, "institution")
    require_batch(len(batch.refusals), "refusals")
    check_once([r.inquiry for r in batch.refusals], "refusals")
    now = core.clock.now()
    seals = [
        (parse_sealed(r.for_ledger, pointer=f"refusals[{i}].for_ledger"), r.version)
        for i, r in enumerate(batch.refusals)
    ]
    for index, refusal in enumerate(batch.refusals):
        check_form(refusal, f"refusals[{index}]")
        if refusal.outcome not in LOCAL_OUTCOMES:
            raise BadInput("not a refusal of a requester", pointer=f"refusals[{index}].outcome")
    async with core.database.transaction() as tx:
        live = await store.domains(tx, sorted({requester, LEDGER}))
    check_given(live[requester], [r.version for r in batch.refusals], "refusals")
    persons = await to_ledger(core, requester, live, seals)
    submission = new_id(core.entropy)
    rows = [
        _refusal(core, requester, refusal, person, now, submission)
        for refusal, person in zip(batch.refusals, persons, strict=True)
    ]
    async with core.database.transaction() as tx:
        new = await store.add_records(tx, rows)
        repeated = [r.inquiry for r in rows if r.inquiry not in new]
        known = await store.records_of(tx, requester, repeated) if repeated else {}
        open_leaves = await unlogged(tx, known.values())
        if new:
            await store.keep_evidence(tx, sender.evidence, now)
            fresh = [r for r in rows if r.inquiry in new]
            open_leaves.append(await hand_on(tx, fresh, live[LEDGER].version, now, log))
            await _journal(core, tx, "refusals-recorded", requester, new=len(new))
    await log.log_or_leave(open_leaves)
    return Received(len(new))


def _refusal(
    core: Core,
    requester: str,
    refusal: LocalRefusal,
    person: bytes,
    now: datetime,
    submission: str,
) -> RecordRow:
    return RecordRow(
        record=new_id(core.entropy),
        permit=new_id(core.entropy),
        requester=requester,
        inquiry=refusal.inquiry,
        digest=digest_of(refusal),
        case_reference="",
        affair=refusal.affair,
        provider=refusal.provider,
        items=refusal.items,
        basis=(),
        list_version=core.law.current().version,
        outcome=refusal.outcome,
        reason="refused by the requester itself",
        requested_at=refusal.refused_at,
        expires_at=now,
        person=person,
        hidden=refusal.hidden,
        submission=submission,
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
        parties = await store.parties_of(tx, [end.permit for end in batch.ends])
    for index, end in enumerate(batch.ends):
        found = parties.get(end.permit)
        if found is None or party != getattr(found, end.side):
            raise NotAllowed("not your end of a permit", pointer=f"ends[{index}].permit")
    told = [end for end in batch.ends if end.side == "provider" and end.for_ledger]
    check_given(live[party], [end.version for end in told], "ends")
    seals = [(parse_sealed(e.for_ledger, pointer="ends.for_ledger"), e.version) for e in told]
    converted = dict(
        zip((e.permit for e in told), await to_ledger(core, party, live, seals), strict=True)
    )
    rows = _rows(batch.ends, converted)
    async with core.database.transaction() as tx:
        new = await store.add_ends(tx, rows)
        if new:
            await store.keep_evidence(tx, sender.evidence, now)
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
