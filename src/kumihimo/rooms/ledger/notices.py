"""Notices to persons (お知らせ): kept as they came, opened for the person who is there, forgotten in time.

The content rests sealed to the ledger's key until it is over. Nobody is told that she read it.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.group import NotInGroup, Point
from kumihimo.kernel.keys import NotSealedForUs, open_payload
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, NotAllowed
from kumihimo.kernel.seal import open_sealed
from kumihimo.kernel.wire import decode_strictly
from kumihimo.rooms.gateway.api import NoticeContent, notice_context
from kumihimo.rooms.ledger import store_bells
from kumihimo.rooms.ledger import store_notices as store
from kumihimo.rooms.ledger.api import MyNotice, MyNotices
from kumihimo.rooms.ledger.context import Ledger, held_steps
from kumihimo.rooms.ledger.domain.codes import Coded, VersionForgotten, candidates, carried
from kumihimo.rooms.ledger.sessions import Person
from kumihimo.rooms.ledger.store_notices import NoticeRow
from kumihimo.rooms.linkage.api import PARTY as LINKAGE
from kumihimo.rooms.linkage.api import Received
from kumihimo.rooms.linkage.notice_api import PortalNotice, PortalNotices

LISTED_MAX: Final = 100
BESIDE_FROM: Final = 9  # to open fewer takes less than to hand them to a thread


async def take(ledger: Ledger, sender: Verified, delivered: PortalNotices) -> Received:
    """Take what the core passes on; repeats and any order come to the same.

    Raises `NotAllowed` for any other sender, `BadInput` for a person that does not open.
    """
    if sender.sender != LINKAGE:
        raise NotAllowed("only the core passes notices on")
    persons = await asyncio.to_thread(
        lambda: [_open(ledger, one, f"notices[{i}]") for i, one in enumerate(delivered.notices)]
    )
    now = ledger.clock.now()
    new, heard = 0, list[bytes]()
    async with ledger.database.transaction() as tx:
        steps = await held_steps(ledger, tx)
        for one, person in zip(delivered.notices, persons, strict=True):
            try:
                code = carried(Coded(one.version, person), steps)
            except VersionForgotten as error:
                raise BadInput(
                    "this key version is not alive", pointer="notices.version"
                ) from error
            row = NoticeRow(
                notice=one.notice,
                institution=delivered.institution,
                person=bytes(code.code),
                version=code.version,
                state=one.state,
                sealed=one.sealed or None,
                taken_on=legal_day(now),
                until=one.until,
            )
            # A word that came too late has nobody to read it.
            if row.until >= row.taken_on and await store.take(tx, row):
                new += 1
                heard += [bytes(one) for one in candidates(code, steps)]
        if new:
            await store_bells.ring(tx, heard)
            line = journal.JournalLine(act="notices-taken", actor=LINKAGE, detail={"new": new})
            await journal.write(tx, line, at=now)
    return Received(new)


def _open(ledger: Ledger, one: PortalNotice, where: str) -> Point:
    try:
        return open_sealed(one.for_ledger, key=ledger.keys.receiving)
    except NotInGroup as error:
        raise BadInput(
            "not a person sealed to the ledger", pointer=f"{where}.for_ledger"
        ) from error


async def mine(ledger: Ledger, person: Person) -> MyNotices:
    """Return what a person was told and may still read, the latest first."""
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        steps = await held_steps(ledger, tx)
        codes = candidates(person.code, steps)
        rows = await store.mine(tx, codes, legal_day(now), LISTED_MAX)
        if rows:
            line = journal.JournalLine(
                act="notices-read", actor="person", detail={"rows": len(rows)}
            )
            await journal.write(tx, line, at=now)
    return await told_of(ledger, rows)


async def told_of(ledger: Ledger, rows: Sequence[NoticeRow]) -> MyNotices:
    """Return notices as their person reads them, opened beside the loop where there are many."""
    if len(rows) < BESIDE_FROM:
        return MyNotices(_all_told(ledger, rows))
    return MyNotices(await asyncio.to_thread(_all_told, ledger, rows))


def _all_told(ledger: Ledger, rows: Sequence[NoticeRow]) -> tuple[MyNotice, ...]:
    return tuple(told for row in rows if (told := _told(ledger, row)) is not None)


def _told(ledger: Ledger, row: NoticeRow) -> MyNotice | None:
    """Return a notice in words; None for what its institution did not seal as a notice is sealed.

    Of one that was withdrawn only what it was about is told: who acted on it knows then.
    """
    assert row.sealed is not None, "what is removed is not read"
    context = notice_context(row.institution, row.notice)
    try:
        plain = open_payload(bytes(row.sealed), key=ledger.keys.payload, context=context)
        content = decode_strictly(plain.rstrip(b" "), NoticeContent)
    except (NotSealedForUs, BadInput):
        return None
    withdrawn = row.state == "withdrawn"
    return MyNotice(
        notice=row.notice,
        institution=row.institution,
        withdrawn=withdrawn,
        told_on=row.taken_on,
        until=row.until,
        affair=content.affair,
        category=content.category,
        title=content.title,
        text="" if withdrawn else content.text,
        deadline=None if withdrawn else content.deadline,
        link="" if withdrawn else content.link,
    )
