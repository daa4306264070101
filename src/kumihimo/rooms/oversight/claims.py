"""Objections of persons: taken from the ledger, shown to oversight's people, answered by them.

What a person wrote rests as it came, sealed to oversight's own key. Whose exchange it is, oversight
does not learn from it: permit, bodies and her words.
"""

from datetime import date
from typing import Final

import attrs

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.ids import is_id
from kumihimo.kernel.keys import NotSealedForUs, open_payload, seal_payload
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, Conflict, NotAllowed, NotFound
from kumihimo.kernel.wire import decode_strictly
from kumihimo.rooms.oversight import store_claims as store
from kumihimo.rooms.oversight.api import (
    ANSWER_WITHIN,
    CLAIM_ANSWER_MAX,
    AskClaims,
    Claim,
    ClaimContent,
    ClaimDecision,
    ClaimState,
    ClaimStates,
    Received,
    answer_context,
    claim_context,
)
from kumihimo.rooms.oversight.service import Oversight
from kumihimo.rooms.oversight.store_claims import ObjectionRow

LEDGER: Final = "ledger"
ASKED_MAX: Final = 1_000
LISTED_MAX: Final = 100


@attrs.frozen(kw_only=True)
class Objection:
    """An objection as oversight's people read it."""

    claim: str
    requester: str
    provider: str
    permit: str
    content: ClaimContent
    taken_on: date
    due_on: date


async def take(oversight: Oversight, sender: Verified, claim: Claim) -> Received:
    """Take an objection from the ledger; a repeat changes nothing.

    Raises `NotAllowed` for any other sender, `BadInput` for another kind or what does not open.
    """
    require_ledger(oversight, sender)
    if claim.kind != "objection":
        raise BadInput("oversight takes objections", pointer="kind")
    _opened(oversight, claim.claim, claim.sealed)
    now = oversight.clock.now()
    today = legal_day(now)
    if not (claim.permit == "" or is_id(claim.permit)):
        raise BadInput("ids are 22 characters of base64url", pointer="permit")
    row = ObjectionRow(
        claim=claim.claim,
        permit=claim.permit,
        requester=claim.requester,
        provider=claim.provider,
        sealed=claim.sealed,
        taken_on=today,
        due_on=today + ANSWER_WITHIN,
    )
    async with oversight.database.transaction() as tx:
        new = await store.add(tx, row)
        if new:
            line = journal.JournalLine(act="objection-taken", actor=LEDGER, detail={"new": new})
            await journal.write(tx, line, at=now)
    return Received(new)


def require_ledger(oversight: Oversight, sender: Verified) -> None:
    """Raise `NotAllowed` unless the ledger speaks."""
    entry = oversight.book.current().active(sender.sender)
    if entry is None or entry.kind != LEDGER:
        raise NotAllowed("only the ledger carries what persons say")


def _opened(oversight: Oversight, claim: str, sealed: bytes) -> ClaimContent:
    if not is_id(claim):
        raise BadInput("ids are 22 characters of base64url", pointer="claim")
    try:
        plain = open_payload(sealed, key=oversight.keys.payload, context=claim_context(claim))
        return decode_strictly(plain, ClaimContent)
    except (NotSealedForUs, BadInput):
        raise BadInput("not sealed to oversight", pointer="sealed") from None


async def states(oversight: Oversight, sender: Verified, asked: AskClaims) -> ClaimStates:
    """Tell the ledger how objections stand; one that never came is `unknown`."""
    require_ledger(oversight, sender)
    if len(asked.claims) > ASKED_MAX:
        raise BadInput(f"at most {ASKED_MAX} at once", pointer="claims")
    async with oversight.database.transaction() as tx:
        rows = {row.claim: row for row in await store.named(tx, asked.claims)}
    return ClaimStates(tuple(_state(name, rows.get(name)) for name in asked.claims))


def _state(name: str, row: ObjectionRow | None) -> ClaimState:
    if row is None:
        return ClaimState(claim=name, state="unknown")
    return ClaimState.kept(name, row.decision, row.answered_on, row.answer_sealed)


async def waiting(oversight: Oversight) -> list[Objection]:
    """Return the objections that wait for an answer, the one due first first."""
    async with oversight.database.transaction() as tx:
        rows = await store.waiting(tx, LISTED_MAX)
    return [
        Objection(
            claim=row.claim,
            requester=row.requester,
            provider=row.provider,
            permit=row.permit,
            content=_opened(oversight, row.claim, bytes(row.sealed)),
            taken_on=row.taken_on,
            due_on=row.due_on,
        )
        for row in rows
    ]


async def answer(oversight: Oversight, claim: str, decision: ClaimDecision, text: str) -> None:
    """Answer an objection, once: sealed to the ledger, which shows it to its person alone.

    Raises `BadInput`, `NotFound`, `Conflict` for one that is answered.
    """
    if not 1 <= len(text) <= CLAIM_ANSWER_MAX:
        raise BadInput(f"1 to {CLAIM_ANSWER_MAX} characters", pointer="text")
    entry = oversight.book.current().active(LEDGER)
    if entry is None:
        raise NotFound("the directory lists no ledger")
    sealed = seal_payload(text.encode(), to=entry.keys.payload, context=answer_context(claim))
    now = oversight.clock.now()
    async with oversight.database.transaction() as tx:
        rows = await store.named(tx, [claim])
        if not rows:
            raise NotFound("no such objection")
        if not await store.answer(tx, claim, decision, sealed, legal_day(now)):
            raise Conflict("this objection is answered")
        line = journal.JournalLine(
            act="objection-answered", actor=oversight.keys.party, detail={"decision": decision}
        )
        await journal.write(tx, line, at=now)
