"""Questions and objections about an entry: signed by the card over the text, kept with the signature.

A question goes to the body that asked about her, an objection to oversight, "not mine" to the body
that holds the information, and so does "this is wrong" of an item of her own data. The ledger carries
each, under its id here, without the signature: a certificate is the same towards everybody, and two
institutions could lay her together by it.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, Literal

import attrs
import msgspec

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, NotFound, Unavailable
from kumihimo.pages.visits import Visit
from kumihimo.rooms.ledger.api import MyClaim, TellClaim
from kumihimo.rooms.portal import reading
from kumihimo.rooms.portal import store_questions as store
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.proving import Evidence, Spent
from kumihimo.rooms.portal.reading import FreshCardNeeded
from kumihimo.rooms.portal.store_questions import QuestionRow
from kumihimo.rooms.register.api import OfficeAsked

Kind = Literal["question", "objection", "not-mine", "wrong"]
OVERSIGHT: Final = "oversight"
ANSWER_WITHIN: Final = timedelta(days=30)  # our choice: no rule names a period
TEXT_MAX: Final = 1_000
LISTED_MAX: Final = 100


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked about which entry. `entry` says it in the words of the page that was shown.

    `record` is the ledger's id of the record, of the answer whose `item` she calls wrong, or of what
    a proxy read; "" for an `inquiry` at register.
    """

    kind: Kind
    addressee: str
    record: str
    entry: str
    text: str
    item: str = ""
    inquiry: OfficeAsked | None = None


@attrs.frozen(kw_only=True)
class Question:
    """One of her questions as she sees it."""

    question: str
    asked: Asked
    asked_on: date
    due_on: date
    state: str
    signed: Evidence


def check(text: str) -> str:
    """Return the text of a question; raises `BadInput` for none and for one too long."""
    if not text or len(text) > TEXT_MAX:
        raise BadInput(f"1 to {TEXT_MAX} characters", pointer="text")
    return text


async def keep(portal: Portal, spent: Spent, asked: Asked) -> str:
    """Keep a question that its asker has signed; returns its id."""
    question = new_id(portal.entropy)
    today = portal.today()
    row = QuestionRow(
        question=question,
        account=spent.account,
        kind=asked.kind,
        addressee=asked.addressee,
        content_locked=_locked(portal, msgspec.json.encode(asked), question),
        evidence_locked=_locked(portal, msgspec.json.encode(spent.evidence), question),
        asked_on=today,
        due_on=today + ANSWER_WITHIN,
        state="asked",
    )
    async with portal.database.transaction() as tx:
        await store.add(tx, row)
        await portal.journal(tx, "question-asked", kind=asked.kind)
    return question


async def standing(
    portal: Portal, visit: Visit, kept: Sequence[Question]
) -> dict[str, MyClaim] | None:
    """Return how the ledger says that each stands, None while it cannot be asked.

    What is kept here and the ledger does not know yet is carried now.
    """
    try:
        found = await reading.claims(portal, visit)
        known = {one.claim for one in found}
        for one in kept:
            if one.question not in known:
                found = await _carry(portal, visit, one) or found
    except (Unavailable, FreshCardNeeded):
        return None
    return {one.claim: one for one in found}


async def _carry(portal: Portal, visit: Visit, one: Question) -> Sequence[MyClaim]:
    """Carry one to the ledger; () where its record is not there yet: the next look carries it."""
    asked = one.asked
    told = TellClaim(
        claim=one.question,
        kind=asked.kind,
        about=asked.record,
        text=asked.text,
        item=asked.item,
        inquiry=asked.inquiry,
    )
    try:
        return await reading.tell_claim(portal, visit, told)
    except NotFound:
        return ()


async def listed(portal: Portal, account: str, *, most: int = LISTED_MAX) -> Sequence[Question]:
    """Return her questions, the latest first, with what her card signed."""
    async with portal.database.transaction() as tx:
        rows = await store.of_account(tx, account, most)
    return [
        Question(
            question=row.question,
            asked=msgspec.json.decode(
                portal.locker.unlock(bytes(row.content_locked), label=_label(row.question)),
                type=Asked,
            ),
            asked_on=row.asked_on,
            due_on=row.due_on,
            state=row.state,
            signed=msgspec.json.decode(
                portal.locker.unlock(bytes(row.evidence_locked), label=_label(row.question)),
                type=Evidence,
            ),
        )
        for row in rows
    ]


def _locked(portal: Portal, content: bytes, question: str) -> bytes:
    return portal.locker.lock(content, label=_label(question), block=256)


def _label(question: str) -> bytes:
    return b"question" + question.encode()
