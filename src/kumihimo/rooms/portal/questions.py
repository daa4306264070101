"""Questions and objections about an entry: signed by the card over the text, kept with the signature.

A question goes to the body that asked about her, an objection to oversight, "not mine" to the body
that holds the information. Each has a day by which it is to be answered.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, Literal

import attrs
import msgspec

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.portal import store_questions as store
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.proving import Spent
from kumihimo.rooms.portal.store_questions import QuestionRow

Kind = Literal["question", "objection", "not-mine"]
KINDS: Final[tuple[Kind, ...]] = ("question", "objection", "not-mine")
OVERSIGHT: Final = "oversight"
ANSWER_WITHIN: Final = timedelta(days=30)  # our choice: no rule names a period
TEXT_MAX: Final = 1_000
LISTED_MAX: Final = 100


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked about which entry. `entry` says it in the words of the page that was shown."""

    kind: Kind
    addressee: str
    record: str
    entry: str
    text: str


@attrs.frozen(kw_only=True)
class Question:
    """One of her questions as she sees it."""

    question: str
    asked: Asked
    asked_on: date
    due_on: date
    state: str


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


async def listed(portal: Portal, account: str) -> Sequence[Question]:
    """Return her questions, the latest first."""
    async with portal.database.transaction() as tx:
        rows = await store.of_account(tx, account, LISTED_MAX)
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
        )
        for row in rows
    ]


def _locked(portal: Portal, content: bytes, question: str) -> bytes:
    return portal.locker.lock(content, label=_label(question), block=256)


def _label(question: str) -> bytes:
    return b"question" + question.encode()
