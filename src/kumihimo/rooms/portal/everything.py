"""Everything that the portal can show a person, as one file by a schema: hers to take away.

What she asked institutions about herself is in it as far as she asked it in this session: the portal
has it from nowhere else, and keeps none of it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from kumihimo.pages.visits import Visit
from kumihimo.rooms.ledger.api import MyClaim, OwnAsked
from kumihimo.rooms.portal import (
    exporting,
    notices,
    proxies,
    proxies_reading,
    questions,
    reading,
    wishes,
    wording,
)
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.exporting import ExportedAct, ExportedRecord
from kumihimo.rooms.portal.notices import Notice
from kumihimo.rooms.portal.proving import Evidence
from kumihimo.rooms.portal.proxies import Mine
from kumihimo.rooms.portal.questions import Question
from kumihimo.rooms.portal.reading import Filter
from kumihimo.rooms.register.api import OfficeAsked

FORM: Final = "kumihimo-everything/1"
SAID_MAX: Final = 10_000  # of one file; she would have said one a day for years


class KeptItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item that an institution holds. `checking`: whose it is, is being checked; it has no items."""

    asked_at: datetime
    information: str
    information_name: str
    provider: str
    provider_name: str
    checking: bool
    item: str
    item_name: str
    value: str | int | float | bool | list[str] | None
    as_of: str
    registered_on: str


class KeptNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice, and what she made of it."""

    sender: str
    sender_name: str
    affair: str
    affair_name: str
    category: str
    title: str
    text: str
    told_on: date
    until: date
    deadline: date | None
    link: str
    withdrawn: bool
    mark: str


class KeptSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A question, an objection, or that something is wrong; with what her card signed, and the answer.

    `state` is "kept" while it could not be sent.
    """

    reference: str
    kind: str
    addressee: str
    addressee_name: str
    entry: str
    text: str
    said_on: date
    due_on: date
    state: str
    decision: str
    answered_on: date | None
    answer: str
    signed: Evidence


class KeptDelegation(msgspec.Struct, frozen=True, kw_only=True):
    """A delegation as she sees it. `side`: "principal", she gave it; "proxy", she holds it."""

    side: str
    label: str
    purpose: str
    purpose_name: str
    until: date
    state: str
    ended_by: str


class KeptReading(msgspec.Struct, frozen=True, kw_only=True):
    """Something that she read for somebody; `label` is what she calls whom."""

    read_at: datetime
    label: str
    purpose: str
    purpose_name: str


class KeptInquiry(msgspec.Struct, frozen=True, kw_only=True):
    """That an office asked the resident register for her number (住基ネット)."""

    asked_on: date
    office: str
    office_name: str
    affair: str
    affair_name: str
    answered: bool
    compared: bool
    inquiry: str


class Everything(msgspec.Struct, frozen=True, kw_only=True):
    """All of it at a moment; lists have the newest first. `mail` is where she is told that something waits."""

    form: str
    exported_at: datetime
    account_opened_on: date
    notice_of_each_look: bool
    mail: str
    records: tuple[ExportedRecord, ...]
    proxies: tuple[ExportedAct, ...]
    register: tuple[KeptInquiry, ...]
    own: tuple[KeptItem, ...]
    notices: tuple[KeptNotice, ...]
    said: tuple[KeptSaid, ...]
    delegations: tuple[KeptDelegation, ...]
    read_for_others: tuple[KeptReading, ...]


def schema() -> bytes:
    """Return the JSON Schema of `Everything`."""
    return msgspec.json.encode(msgspec.json.schema(Everything))


async def gathered(portal: Portal, visit: Visit) -> bytes:
    """Return all of it as JSON. Raises `FreshCardNeeded`, `Unavailable`: there is no half of it."""
    records = await reading.every_record(portal, visit, Filter())
    own = await reading.own(portal, visit)
    told = await notices.listed(portal, visit)
    mine = await proxies.listed(portal, visit.who)
    acts = await proxies_reading.acts(portal, visit, mine)
    said = await questions.listed(portal, visit.who, most=SAID_MAX)
    stands = {one.claim: one for one in await reading.claims(portal, visit)}
    wished, since = await wishes.read(portal, visit.who)
    content = Everything(
        form=FORM,
        exported_at=portal.clock.now(),
        account_opened_on=since,
        notice_of_each_look=wished.looks,
        mail=wished.address if wished.good else "",
        records=tuple(map(exporting.exported, records)),
        proxies=tuple(exporting.acted(one) for one in acts if one.side == "proxy"),
        register=tuple(map(_inquiry, (await reading.offices(portal, visit)).inquiries)),
        own=tuple(item for asked in own.asked for item in _items(asked)),
        notices=tuple(map(_notice, told)),
        said=tuple(_said(one, stands.get(one.question)) for one in said),
        delegations=tuple(map(_delegation, mine)),
        read_for_others=tuple(_reading(one) for one in acts if one.side == "principal"),
    )
    return msgspec.json.format(msgspec.json.encode(content), indent=1)


def _items(asked: OwnAsked) -> Sequence[KeptItem]:
    found: list[KeptItem] = []
    for answer in asked.answers:
        whole = KeptItem(
            asked_at=asked.asked_at,
            information=asked.information,
            information_name=wording.information(asked.information).japanese,
            provider=answer.provider,
            provider_name=wording.body(answer.provider).japanese,
            checking=answer.state == "checking",
            item="",
            item_name="",
            value=None,
            as_of="",
            registered_on="",
        )
        if whole.checking:
            found.append(whole)
        found += [
            msgspec.structs.replace(
                whole,
                item=one.item,
                item_name=wording.bare_item(one.item).japanese,
                value=one.value,
                as_of=one.as_of,
                registered_on=one.registered_on,
            )
            for one in answer.items
        ]
    return found


def _notice(one: Notice) -> KeptNotice:
    told = one.told
    return KeptNotice(
        sender=told.institution,
        sender_name=wording.body(told.institution).japanese,
        affair=told.affair,
        affair_name=wording.affair(told.affair).japanese,
        category=told.category,
        title=told.title,
        text=told.text,
        told_on=told.told_on,
        until=told.until,
        deadline=told.deadline,
        link=told.link,
        withdrawn=told.withdrawn,
        mark=one.mark,
    )


def _said(one: Question, stands: MyClaim | None) -> KeptSaid:
    asked = one.asked
    return KeptSaid(
        reference=one.question,
        kind=asked.kind,
        addressee=asked.addressee,
        addressee_name=wording.body(asked.addressee).japanese,
        entry=asked.entry,
        text=asked.text,
        said_on=one.asked_on,
        due_on=stands.due_on if stands else one.due_on,
        state=stands.state if stands else "kept",
        decision=stands.decision if stands else "",
        answered_on=stands.answered_on if stands else None,
        answer=stands.answer if stands else "",
        signed=one.signed,
    )


def _delegation(mine: Mine) -> KeptDelegation:
    return KeptDelegation(
        side=mine.side,
        label=mine.label,
        purpose=mine.one.purpose,
        purpose_name=wording.purpose(mine.one.purpose).japanese,
        until=mine.one.until,
        state=mine.one.state,
        ended_by=mine.one.why,
    )


def _reading(act: proxies_reading.Act) -> KeptReading:
    return KeptReading(
        read_at=act.at,
        label=act.label,
        purpose=act.purpose,
        purpose_name=wording.purpose(act.purpose).japanese,
    )


def _inquiry(one: OfficeAsked) -> KeptInquiry:
    return KeptInquiry(
        asked_on=one.on,
        office=one.office,
        office_name=wording.body(one.office).japanese,
        affair=one.affair,
        affair_name=wording.affair(one.affair).japanese,
        answered=one.answered,
        compared=one.compared,
        inquiry=one.inquiry,
    )
