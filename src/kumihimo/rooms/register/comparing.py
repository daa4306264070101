"""Comparing links that an institution holds with register: a class and levels, never a value.

The comparison that found the mis-links of 2023 (総点検), as a door: an institution sends number and
attributes as it holds them, and is told how far they agree. Each comparison is logged for the
person of the number, who is told of it like of a strict inquiry.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from kumihimo.kernel.ids import is_id
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.sql import Tx
from kumihimo.people.address_levels import AddressLevel
from kumihimo.people.birth_levels import BirthLevel, SexLevel
from kumihimo.people.kana import canonical_kana
from kumihimo.people.levels import NameLevel
from kumihimo.rooms.register import logged
from kumihimo.rooms.register import store_comparing as store
from kumihimo.rooms.register.api import (
    Attributes,
    HeldAttributes,
    LinkBatch,
    LinkHeld,
    LinkJudged,
    LinkLevels,
    LinksJudged,
    StrictInquiry,
)
from kumihimo.rooms.register.context import Register, require_batch
from kumihimo.rooms.register.domain.links import Recorded, levels, verdict
from kumihimo.rooms.register.domain.refusals import InquiryIdReused, at
from kumihimo.rooms.register.domain.strict import asked
from kumihimo.rooms.register.identify import tag_of
from kumihimo.rooms.register.inquiries import spend
from kumihimo.rooms.register.store_asking import InquiryRow

FILL_AT_ONCE: Final = 5_000  # records in one transaction, as in `numbers.BULK`
_UNTOLD: Final = LinkLevels(
    name=NameLevel.MISSING,
    kana=NameLevel.MISSING,
    birth=BirthLevel.MISSING,
    sex=SexLevel.MISSING,
    address=AddressLevel.MISSING,
)


@attrs.frozen(repr=False)
class _Compared:
    """One link with what came of it, and the tag under which the person is told."""

    link: LinkHeld
    judged: LinkJudged
    tag: bytes


async def compare(register: Register, office: str, batch: LinkBatch) -> LinksJudged:
    """Answer a batch in its order. Raises `TooMany` past the office's quota, `BadInput`, `LedgerSilent`.

    A repeated inquiry id is answered from the present state and logged once; with another
    content it is `InquiryIdReused`.
    """
    require_batch(len(batch.links), "links")
    register.institution(office)
    register.require_ledger()
    _check(register, batch.links)
    await spend(register, office, len(batch.links), "comparisons")
    bodies = [register.body(link.number) or "" for link in batch.links]
    async with register.database.transaction() as tx:
        found = await store.recorded(tx, bodies)
        shared = await store.homonyms(tx, [found[body].person for body in bodies if body in found])
        compared = await asyncio.to_thread(
            _compare_all, register, list(zip(batch.links, bodies, strict=True)), found, shared
        )
        await _log(register, tx, office, compared)
        known = sum(one.judged.verdict != "NOT_FOUND" for one in compared)
        await register.journal(tx, "links-compared", office, compared=len(compared), known=known)
    return LinksJudged(tuple(one.judged for one in compared))


def _check(register: Register, links: Sequence[LinkHeld]) -> None:
    seen: set[str] = set()
    for index, link in enumerate(links):
        place = f"links[{index}]"
        if not is_id(link.inquiry) or link.inquiry in seen:
            raise BadInput("an id of its own, 22 characters", pointer=f"{place}.inquiry")
        if link.affair not in register.affairs:
            raise BadInput("not an id of an affair", pointer=f"{place}.affair")
        if not (link.held.name or link.held.kana) or not link.held.birth:
            raise BadInput("a name or reading and a birth date", pointer=f"{place}.held")
        seen.add(link.inquiry)


def _compare_all(
    register: Register,
    links: Sequence[tuple[LinkHeld, str]],
    found: Mapping[str, store.RecordedPerson],
    shared: Mapping[int, bool | None],
) -> list[_Compared]:
    return [_compare(register, link, found.get(body), shared) for link, body in links]


def _compare(
    register: Register,
    link: LinkHeld,
    found: store.RecordedPerson | None,
    shared: Mapping[int, bool | None],
) -> _Compared:
    if found is None:
        judged = LinkJudged(inquiry=link.inquiry, verdict="NOT_FOUND", levels=_UNTOLD, homonym=None)
        return _Compared(link, judged, _tag(register, link.affair, _written(link.held)))
    recorded = Recorded(found.now, found.before)
    told = levels(link.held, recorded)
    judged = LinkJudged(
        inquiry=link.inquiry,
        verdict=verdict(told, recorded),
        levels=told,
        homonym=shared.get(found.person),
    )
    now = found.now
    attributes = Attributes(name=now.name, birth=now.birth, sex=now.sex, address=now.address)
    return _Compared(link, judged, _tag(register, link.affair, attributes))


def _written(held: HeldAttributes) -> Attributes:
    return Attributes(name=held.name, birth=held.birth, sex=held.sex, address=held.address)


def _tag(register: Register, affair: str, attributes: Attributes) -> bytes:
    named = StrictInquiry(inquiry="", affair=affair, attributes=attributes)
    return tag_of(register, asked(named, frozenset({affair})))


async def _log(register: Register, tx: Tx, office: str, compared: Sequence[_Compared]) -> None:
    rows = [
        InquiryRow(
            inquiry=one.link.inquiry,
            affair=one.link.affair,
            person_tag=one.tag,
            answered=one.judged.verdict != "NOT_FOUND",
            compared=True,
        )
        for one in compared
    ]
    reused = await logged.log(register, tx, office, rows)
    for index, one in enumerate(compared):
        if one.link.inquiry in reused:
            raise at(InquiryIdReused(), f"links[{index}].inquiry")


async def read_kana(register: Register) -> int:
    """Fill in the readings of records from before they were indexed; returns how many."""
    async with register.database.transaction() as tx:
        rows = await store.unread(tx, FILL_AT_ONCE)
        if rows:
            keys = await asyncio.to_thread(lambda: [canonical_kana(row.kana) for row in rows])
            await store.set_kana(tx, [row.person for row in rows], keys)
            await register.journal(tx, "readings-indexed", register.keys.party, records=len(rows))
    return len(rows)
