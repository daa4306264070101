"""The ledger's use cases: take records, compare both ends, answer a person about herself.

It opens persons with its own key and keeps its own code of them; it never learns who they are.
"""

import asyncio
from collections.abc import Container, Sequence
from datetime import timedelta
from functools import partial
from typing import Literal

import msgspec

from kumihimo.kernel import journal, outbox
from kumihimo.kernel.group import NotInGroup, Point
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.listed import read_listed
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, NotAllowed
from kumihimo.kernel.seal import open_sealed
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.ledger import (
    chain,
    cursors,
    store,
    store_seen,
    taking,
)
from kumihimo.rooms.ledger.api import DelegatedAct, MyRecord, MyRecords, WhoAsked, WhoAskedList
from kumihimo.rooms.ledger.context import Ledger, held_steps, reading
from kumihimo.rooms.ledger.domain.codes import (
    Coded,
    Step,
    VersionForgotten,
    carried,
)
from kumihimo.rooms.ledger.store import Reader, Wanted
from kumihimo.rooms.ledger.store_delegations import ActRow
from kumihimo.rooms.ledger.store_seen import NamedRow
from kumihimo.rooms.linkage.api import PARTY as LINKAGE
from kumihimo.rooms.linkage.api import Received, Record, RecordsDelivered
from kumihimo.rooms.oversight.api import ALARM_PATH, Alarm
from kumihimo.rooms.oversight.api import PARTY as OVERSIGHT

PAGE_MAX = 200
ACTS_MAX = 200  # acts of proxies that are told at once
END_WITHIN = timedelta(days=3)  # our choice: longer than a gateway's outbox tries to deliver
MISSING_AT_ONCE = 100


async def take(ledger: Ledger, sender: Verified, delivered: RecordsDelivered) -> Received:
    """Store what the core delivers; repeats and any order give the same in the end.

    Where the provider's own seal opens to another person than the requester's, an alarm goes to
    oversight: a requester cannot hide a look behind a false seal. So it does where a record is not
    the one whose leaf the core put into the log.
    """
    if sender.sender != LINKAGE:
        raise NotAllowed("only the core delivers records")
    persons, ends = await asyncio.to_thread(_open_all, ledger, delivered)
    placed = await taking.place_records(ledger, delivered)
    fresh = await taking.new_ends(ledger, delivered.ends)
    places = await taking.place_ends(ledger, fresh)
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        steps = await held_steps(ledger, tx)
        carry = partial(_carry, version=delivered.version, steps=steps)
        people = await asyncio.to_thread(lambda: [carry(p) for p in persons])
        enders = await asyncio.to_thread(
            lambda: {key: None if p is None else carry(p) for key, p in ends.items()}
        )
        touched = await store.add_records(tx, delivered.records, people, placed.places)
        who = [enders[end.permit, end.side] for end in fresh]
        touched += await store.add_ends(tx, fresh, who, places)
        if touched:
            alarms = await compare_ends(ledger, tx, touched)
            alarms += await _tell_changed(ledger, tx, placed.changed, set(touched))
            await chain.number(ledger, tx, steps, touched)
            detail = {"new": len(touched), "alarms": alarms}
            line = journal.JournalLine(act="records-taken", actor=LINKAGE, detail=detail)
            await journal.write(tx, line, at=now)
    return Received(len(touched))


async def _tell_changed(
    ledger: Ledger, tx: Tx, changed: Sequence[Record], new: Container[str]
) -> int:
    """Tell oversight of new records that are not what the core put into the log."""
    now = ledger.clock.now()
    told = [record for record in changed if record.permit in new]
    for record in told:
        row = store.AlarmRow(
            permit=record.permit,
            requester=record.requester,
            provider=record.provider,
            noticed_at=now,
        )
        body = msgspec.json.encode(_alarm(ledger, row, "record-changed"))
        await outbox.put(tx, topic=ALARM_PATH, destination=OVERSIGHT, body=body, at=now)
    return len(told)


def _open_all(
    ledger: Ledger, delivered: RecordsDelivered
) -> tuple[list[Point], dict[tuple[str, str], Point | None]]:
    records = [
        _open(ledger, record.person, f"records[{index}].person")
        for index, record in enumerate(delivered.records)
    ]
    ends = {
        (end.permit, end.side): _open(ledger, end.person, f"ends[{index}].person")
        if end.person and end.side == "provider"
        else None
        for index, end in enumerate(delivered.ends)
    }
    return records, ends


def _carry(person: Point, version: int, steps: Sequence[Step]) -> Coded:
    try:
        return carried(Coded(version, person), steps)
    except VersionForgotten as error:
        # Stored as it is, nobody could ever find it: the core must know that it was not taken.
        raise BadInput("this key version is not alive", pointer="version") from error


async def compare_ends(ledger: Ledger, tx: Tx, permits: Sequence[str]) -> int:
    """Compare both ends of these permits, where both stand under one key version.

    An alarm for each new disagreement goes out with this transaction; returns how many.
    """
    now = ledger.clock.now()
    alarms = await store.raise_alarms(tx, permits, now)
    for alarm in alarms:
        body = msgspec.json.encode(_alarm(ledger, alarm, "ends-disagree"))
        await outbox.put(tx, topic=ALARM_PATH, destination=OVERSIGHT, body=body, at=now)
    return len(alarms)


def _open(ledger: Ledger, sealed: bytes, pointer: str) -> Point:
    try:
        return open_sealed(sealed, key=ledger.keys.receiving)
    except NotInGroup as error:
        raise BadInput("not a person sealed to the ledger", pointer=pointer) from error


def _alarm(
    ledger: Ledger,
    row: store.AlarmRow,
    kind: Literal["ends-disagree", "end-missing", "record-changed"],
) -> Alarm:
    return Alarm(
        alarm=new_id(ledger.entropy),
        kind=kind,
        permit=row.permit,
        requester=row.requester,
        provider=row.provider,
        noticed_at=row.noticed_at,
    )


async def my_records(
    ledger: Ledger, person: Coded, wanted: Wanted, *, acts: bool = False
) -> MyRecords:
    """Return a page of a person's own records, newest first, and what is true of all of hers.

    With `acts` it says what others read for her, too.
    """
    now = ledger.clock.now()
    async with reading(ledger, person, store_seen.PLAN_ONCE) as (tx, codes):
        reader = reader_of(ledger, codes)
        seen = await store_seen.page(tx, reader, wanted, acts=ACTS_MAX if acts else 0)
        records = told_whole(seen.records)
        on_her = read_listed(seen.acts, ActRow)
        detail = {"rows": len(records)} | ({"acts": len(on_her)} if acts else {})
        line = journal.JournalLine(act="records-read", actor="person", detail=detail)
        await journal.write(tx, line, at=now)
    following = cursors.write(records[-1].requested_at, records[-1].record) if seen.more else ""
    asked = zip(seen.bodies, seen.times, seen.refused, seen.last_at, strict=True)
    return MyRecords(
        records=records,
        next=following,
        first=seen.first or 0,
        last=seen.last or 0,
        bodies=tuple(
            WhoAsked(requester=body, times=times, refused=refused, last_at=last_at)
            for body, times, refused, last_at in asked
        ),
        acts=acts_told(on_her) if acts else None,
    )


def acts_told(rows: Sequence[ActRow]) -> tuple[DelegatedAct, ...]:
    """Return what was read by delegations, as it is told."""
    return tuple(
        DelegatedAct(act=row.act, delegation=row.delegation, purpose=row.purpose, at=row.at)
        for row in rows
    )


def reader_of(ledger: Ledger, codes: Sequence[Point]) -> Reader:
    """Return what a person is found by whose codes these are."""
    return Reader(codes, ledger.clock.now() - END_WITHIN)


def told_whole(records: str) -> tuple[MyRecord, ...]:
    """Return listed records of hers as she reads them."""
    return tuple(map(_mine, read_listed(records, NamedRow)))


def _mine(row: NamedRow) -> MyRecord:
    return MyRecord(
        record=row.record,
        requested_at=row.requested_at,
        requester=row.requester,
        provider=row.provider,
        affair=row.affair,
        items=tuple(row.items),
        basis=tuple(row.basis),
        outcome=row.outcome,
        provided_at=row.provided_at,
        under_investigation=row.under_investigation,
        number=row.number,
        office=row.office,
        role=row.role,
    )


async def who_asked(ledger: Ledger, person: Coded) -> WhoAskedList:
    """Return who asked about a person, how often, and when last."""
    now = ledger.clock.now()
    async with reading(ledger, person, store_seen.PLAN_ONCE) as (tx, codes):
        rows = await store_seen.who_asked(tx, reader_of(ledger, codes))
        line = journal.JournalLine(act="askers-read", actor="person", detail={"rows": len(rows)})
        await journal.write(tx, line, at=now)
    return WhoAskedList(
        tuple(
            WhoAsked(
                requester=row.requester, times=row.times, refused=row.refused, last_at=row.last_at
            )
            for row in rows
        )
    )


async def report_missing_ends(ledger: Ledger) -> int:
    """Tell oversight of granted exchanges that one end kept silent about; once each."""
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        rows = await store.overdue_ends(tx, now - END_WITHIN, now, MISSING_AT_ONCE)
        for row in rows:
            body = msgspec.json.encode(_alarm(ledger, row, "end-missing"))
            await outbox.put(tx, topic=ALARM_PATH, destination=OVERSIGHT, body=body, at=now)
        if rows:
            line = journal.JournalLine(
                act="ends-missing", actor=ledger.keys.party, detail={"alarms": len(rows)}
            )
            await journal.write(tx, line, at=now)
    return len(rows)
