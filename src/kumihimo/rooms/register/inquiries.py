"""The strict inquiry: whose number is this? Exactly one person, or silence.

In force since 2023-12-18. There is no list of candidates, no partial match and no reason in the
answer. Every inquiry of a batch takes the same statements and the same steps whatever comes of it.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from kumihimo.kernel.ids import is_id
from kumihimo.kernel.refusal import BadInput, NotFound, TooMany
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.register import logged
from kumihimo.rooms.register import store_asking as store
from kumihimo.rooms.register.api import (
    AboutMe,
    Attributes,
    DisclosureAsked,
    OfficeAsked,
    StrictAnswer,
    StrictAnswers,
    StrictBatch,
    StrictInquiry,
)
from kumihimo.rooms.register.context import Register, require_batch
from kumihimo.rooms.register.domain import quota
from kumihimo.rooms.register.domain.refusals import InquiryIdReused, at
from kumihimo.rooms.register.domain.strict import Asked, asked
from kumihimo.rooms.register.identify import identify, tag_of, tags_of
from kumihimo.rooms.register.store_asking import AskedRow, InquiryRow, Match

_AFFAIR_CHARS_MAX: Final = 64


async def inquire(register: Register, office: str, batch: StrictBatch) -> StrictAnswers:
    """Answer a batch in its order. Raises `TooMany` (429) past the office's quota, `LedgerSilent`.

    A repeated inquiry id is answered from the present state and logged once; with another
    content it is `InquiryIdReused`.
    """
    require_batch(len(batch.inquiries), "inquiries")
    register.institution(office)
    register.require_ledger()
    _check_ids(batch.inquiries)
    await spend(register, office, len(batch.inquiries))
    sought = await asyncio.to_thread(
        lambda: [asked(inquiry, register.affairs) for inquiry in batch.inquiries]
    )
    async with register.database.transaction() as tx:
        found = await store.matches(tx, sought)
        answers = _answers(register, batch.inquiries, found)
        await _log(register, tx, office, list(zip(sought, batch.inquiries, answers, strict=True)))
        answered = sum(answer.answered for answer in answers)
        await register.journal(tx, "strict-inquiry", office, asked=len(answers), answered=answered)
    return StrictAnswers(tuple(answers))


def _check_ids(inquiries: Sequence[StrictInquiry]) -> None:
    seen: set[str] = set()
    for index, inquiry in enumerate(inquiries):
        place = f"inquiries[{index}]"
        if not is_id(inquiry.inquiry) or inquiry.inquiry in seen:
            raise BadInput("an id of its own, 22 characters", pointer=f"{place}.inquiry")
        if len(inquiry.affair) > _AFFAIR_CHARS_MAX:
            raise BadInput("not an id of an affair", pointer=f"{place}.affair")
        seen.add(inquiry.inquiry)


async def spend(
    register: Register, office: str, count: int, of: quota.Counted = "inquiries"
) -> None:
    """Take `count` from the office's quota in a transaction of its own; raises `TooMany`.

    Its own, so that what was asked counts also when the batch is refused afterwards, and the
    refusal is on record.
    """
    at_now, today = register.clock.now(), register.today()
    async with register.database.transaction() as tx:
        limits = register.limits_of(of)
        fresh = quota.full(limits, at_now, today)
        bucket = await store.lock_bucket(tx, of, office, fresh)
        left = quota.draw(bucket, count, limits, at=at_now, day=today)
        if left is None:
            await register.journal(tx, "quota-exceeded", office, asked=count, of=of)
        else:
            await store.save_bucket(tx, of, office, left)
    if left is None:
        raise TooMany(f"this office has used up its {of} for now")


def _answers(
    register: Register, inquiries: Sequence[StrictInquiry], found: Sequence[Match]
) -> list[StrictAnswer]:
    by_place: dict[int, list[Match]] = {}
    for match in found:
        by_place.setdefault(match.place, []).append(match)
    return [
        _answer(register, inquiry, by_place.get(place, []))
        for place, inquiry in enumerate(inquiries)
    ]


def _answer(register: Register, inquiry: StrictInquiry, found: list[Match]) -> StrictAnswer:
    if len(found) != 1 or not found[0].number_body:
        return StrictAnswer(inquiry=inquiry.inquiry, answered=False)
    [held] = found
    attributes = Attributes(
        name=held.name,
        birth=held.birth,
        sex="" if inquiry.sexless_scheme else held.sex,
        address=held.address,
        municipality=held.municipality,
    )
    return StrictAnswer(
        inquiry=inquiry.inquiry,
        answered=True,
        number=register.number(held.number_body),
        attributes=attributes,
    )


async def _log(
    register: Register,
    tx: Tx,
    office: str,
    batch: Sequence[tuple[Asked, StrictInquiry, StrictAnswer]],
) -> None:
    rows = [
        InquiryRow(
            inquiry=inquiry.inquiry,
            affair=inquiry.affair,
            person_tag=tag_of(register, sought),
            answered=answer.answered,
        )
        for sought, inquiry, answer in batch
    ]
    reused = await logged.log(register, tx, office, rows)
    for index, (_, inquiry, _) in enumerate(batch):
        if inquiry.inquiry in reused:
            raise at(InquiryIdReused(), f"inquiries[{index}].inquiry")


async def about_me(register: Register, counter: str, person: DisclosureAsked) -> AboutMe:
    """Tell a person, through the counter that identified her, who asked for her number.

    Found by every set of attributes that was ever recorded of her. Raises `NotFound` unless
    number and all four attributes fit.
    """
    register.institution(counter)
    await spend(register, counter, 1)
    async with register.database.transaction() as tx:
        holder = await identify(register, tx, person)
        told = await told_about(register, tx, holder)
        identified = int(holder is not None)
        await register.journal(tx, "asked-about-me", counter, identified=identified)
    if holder is None:
        raise NotFound
    return told


async def told_about(register: Register, tx: Tx, person: int | None) -> AboutMe:
    """Return who asked about a person; nothing about nobody."""
    rows = await _rows_about(register, tx, person) if person is not None else []
    return AboutMe(
        tuple(
            OfficeAsked(
                office=r.office,
                affair=r.affair,
                on=r.asked_on,
                answered=r.answered,
                compared=r.compared,
                inquiry=r.inquiry,
            )
            for r in rows
        )
    )


async def _rows_about(register: Register, tx: Tx, person: int) -> list[AskedRow]:
    written = await store.written_of(tx, person)
    # What could name nobody was about nobody: one tag for all such inquiries, told to no one.
    tags = {tag for sought in _sought(written) for tag in tags_of(register, sought)}
    return await store.inquiries_about(tx, sorted(tags))


def _sought(written: Sequence[tuple[str, str, str, str]]) -> list[Asked]:
    affair = "about-me"
    return [
        asked(
            StrictInquiry(
                inquiry="",
                affair=affair,
                attributes=Attributes(name=name, birth=birth, sex=sex, address=address),
            ),
            frozenset({affair}),
            earlier=True,
        )
        for name, birth, sex, address in written
    ]
