"""What persons say of an exchange: taken from the ledger, shown to the institution, answered by it.

The claim names a permit, or an inquiry at register, and never a person: who has the exchange or the
inquiry on record knows whom it was about.
An answer goes back sealed to the ledger, which asks for it.
"""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.ids import is_id
from kumihimo.kernel.keys import NotSealedForUs, open_payload, seal_payload
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, Conflict, NotAllowed, NotFound
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.wire import decode_strictly
from kumihimo.rooms.gateway import store_claims as store
from kumihimo.rooms.gateway import store_links
from kumihimo.rooms.gateway.asked import records_of
from kumihimo.rooms.gateway.business_claims import ClaimAnswered, ClaimShown
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.records import unlock_detail
from kumihimo.rooms.gateway.store_claims import ClaimRow
from kumihimo.rooms.linkage.api import LEDGER, Received
from kumihimo.rooms.oversight.api import (
    ANSWER_WITHIN,
    AskClaims,
    Claim,
    ClaimContent,
    ClaimKind,
    ClaimState,
    ClaimStates,
    answer_context,
    claim_context,
)

ASKED_MAX: Final = 1_000
LISTED_MAX: Final = 100
# A record names its permit under the key only, so the records of this time are opened.
AROUND: Final = timedelta(hours=1)
DETAIL_BLOCK: Final = 256


class _Detail(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a claim is about ("" where her record is gone), and the exchange; locked in the database."""

    person: str
    permit: str
    peer: str


async def take(gateway: Gateway, tenant: Tenant, sender: Verified, claim: Claim) -> Received:
    """Take a claim from the ledger; a repeat changes nothing.

    Raises `NotAllowed` for any other sender and for an exchange that is not ours, `BadInput` for an
    objection and for what does not open.
    """
    require_ledger(gateway, sender)
    own = {"question": claim.requester, "not-mine": claim.provider, "wrong": claim.provider}
    if claim.kind not in own:
        raise BadInput("objections go to oversight", pointer="kind")
    if own[claim.kind] != tenant.institution:
        raise NotAllowed("this is not for this institution")
    without_permit = claim.kind == "question" and claim.permit == ""  # it asked register about her
    if not (is_id(claim.claim) and (without_permit or is_id(claim.permit))):
        raise BadInput("ids are 22 characters of base64url", pointer="claim")
    _opened(tenant, claim.claim, claim.sealed)
    today = gateway.today()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        peer = claim.provider if claim.kind == "question" else claim.requester
        person = await _person(tx, tenant, claim)
        row = ClaimRow(
            claim=claim.claim,
            kind=claim.kind,
            affair=claim.affair,
            sealed=claim.sealed,
            detail_locked=_locked(
                tenant, claim, _Detail(person=person, permit=claim.permit, peer=peer)
            ),
            taken_on=today,
            due_on=today + ANSWER_WITHIN,
        )
        new = await store.add(tx, tenant.institution, row)
        if new:
            await _journal(gateway, tx, "claim-taken", LEDGER, kind=claim.kind)
    return Received(new)


def require_ledger(gateway: Gateway, sender: Verified) -> None:
    """Raise `NotAllowed` unless the ledger speaks."""
    entry = gateway.book.current().active(sender.sender)
    if entry is None or entry.kind != LEDGER:
        raise NotAllowed("only the ledger carries what persons say")


def _opened(tenant: Tenant, claim: str, sealed: bytes) -> ClaimContent:
    try:
        plain = open_payload(sealed, key=tenant.keys.payload, context=claim_context(claim))
        return decode_strictly(plain, ClaimContent)
    except (NotSealedForUs, BadInput):
        raise BadInput("not sealed to this institution", pointer="sealed") from None


async def _person(tx: Tx, tenant: Tenant, claim: Claim) -> str:
    """Return whom the exchange was about here, "" where no record says it (any more)."""
    if not claim.permit:
        return ""
    side, reference = "provider", claim.permit
    if claim.kind == "question" or claim.requester == claim.provider:  # a look of its own staff
        side, reference = "requester", await store.inquiry_of(tx, claim.permit) or ""
    if not reference:
        return ""
    around = (claim.requested_at - AROUND, claim.requested_at + AROUND)
    locked = await store.details(tx, side, *around)

    def search() -> str:
        details = (unlock_detail(tenant, one) for one in locked)
        return next((one.person for one in details if one.reference == reference), "")

    return await asyncio.to_thread(search)


def _label(tenant: Tenant, claim: str) -> bytes:
    return f"{tenant.institution}|claim|{claim}".encode()


def _locked(tenant: Tenant, claim: Claim, detail: _Detail) -> bytes:
    value = msgspec.json.encode(detail)
    return tenant.locker.lock(value, label=_label(tenant, claim.claim), block=DETAIL_BLOCK)


async def states(
    gateway: Gateway, tenant: Tenant, sender: Verified, asked: AskClaims
) -> ClaimStates:
    """Tell the ledger how claims stand; one that never came is `unknown`."""
    require_ledger(gateway, sender)
    if len(asked.claims) > ASKED_MAX:
        raise BadInput(f"at most {ASKED_MAX} at once", pointer="claims")
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = {row.claim: row for row in await store.named(tx, asked.claims)}
    return ClaimStates(tuple(_state(name, rows.get(name)) for name in asked.claims))


def _state(name: str, row: ClaimRow | None) -> ClaimState:
    if row is None:
        return ClaimState(claim=name, state="unknown")
    return ClaimState.kept(name, row.decision, row.answered_on, row.answer_sealed)


async def waiting(
    gateway: Gateway, tenant: Tenant, *, affairs: frozenset[str] | None
) -> list[ClaimShown]:
    """Return the claims that wait for an answer, the one due first first."""
    wanted = None if affairs is None else sorted(affairs)
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await store.waiting(tx, wanted, LISTED_MAX)
        shown = [await _shown(gateway, tx, tenant, row) for row in rows]
        if shown:
            await _journal(gateway, tx, "claims-read", tenant.institution, rows=len(shown))
    return shown


async def _shown(gateway: Gateway, tx: Tx, tenant: Tenant, row: ClaimRow) -> ClaimShown:
    plain = tenant.locker.unlock(bytes(row.detail_locked), label=_label(tenant, row.claim))
    detail = msgspec.json.decode(plain, type=_Detail)
    content = _opened(tenant, row.claim, bytes(row.sealed))
    found = (
        await store_links.addressees_of(tx, detail.person)
        if detail.person
        else await records_of(tx, tenant, content.reference)
    )
    return ClaimShown(
        claim=row.claim,
        kind=msgspec.convert(row.kind, ClaimKind),
        addressees=tuple(found),
        affair=row.affair,
        peer=detail.peer,
        permit=detail.permit,
        item=content.item,
        reference=content.reference,
        text=content.text,
        taken_on=row.taken_on,
        due_on=row.due_on,
        overdue=gateway.today() > row.due_on,
    )


async def answer(
    gateway: Gateway, tenant: Tenant, given: ClaimAnswered, *, affairs: frozenset[str] | None
) -> None:
    """Answer a claim, once: sealed to the ledger, which shows it to its person alone.

    Raises `NotFound`, `NotAllowed` for an affair that the caller does not handle, `Conflict` for
    one that is answered.
    """
    entry = gateway.book.current().active(LEDGER)
    if entry is None:
        raise NotFound("the directory lists no ledger")
    context = answer_context(given.claim)
    sealed = seal_payload(given.text.encode(), to=entry.keys.payload, context=context)
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await store.named(tx, [given.claim])
        if not rows:
            raise NotFound("no such claim", pointer="claim")
        if affairs is not None and rows[0].affair not in affairs:
            raise NotAllowed("this client does not handle that affair", pointer="claim")
        today = gateway.today()
        if not await store.answer(tx, given.claim, given.decision, sealed, given.officer, today):
            raise Conflict("this claim is answered", pointer="claim")
        await _journal(
            gateway,
            tx,
            "claim-answered",
            tenant.institution,
            decision=given.decision,
            officer=given.officer,
        )


async def _journal(gateway: Gateway, tx: Tx, act: str, actor: str, **detail: str | int) -> None:
    line = journal.JournalLine(act=act, actor=actor, detail=dict(detail))
    await journal.write(tx, line, at=gateway.clock.now())
