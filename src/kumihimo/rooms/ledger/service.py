"""The ledger's use cases: take records, compare both ends, answer a person about herself.

It opens persons with its own key and keeps its own code of them; it never learns who they are.
"""

import asyncio
from datetime import timedelta
from typing import Literal

import attrs
import msgspec

from kumihimo.kernel import journal, outbox
from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.group import NotInGroup
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, NotAllowed
from kumihimo.kernel.seal import Sealed, open_sealed
from kumihimo.kernel.sql import Database
from kumihimo.rooms.ledger import cursors, store
from kumihimo.rooms.ledger.api import MyRecord, MyRecords, WhoAsked, WhoAskedList
from kumihimo.rooms.ledger.store import Wanted
from kumihimo.rooms.linkage.api import PARTY as LINKAGE
from kumihimo.rooms.linkage.api import Received, RecordsDelivered
from kumihimo.rooms.oversight.api import ALARM_PATH, Alarm
from kumihimo.rooms.oversight.api import PARTY as OVERSIGHT

PAGE_MAX = 200
END_WITHIN = timedelta(days=3)  # our choice: longer than a gateway's outbox tries to deliver
MISSING_AT_ONCE = 100


@attrs.frozen
class Ledger:
    """What every use case of the ledger needs."""

    database: Database
    keys: PartyKeys
    clock: Clock
    entropy: Entropy


async def take(ledger: Ledger, sender: Verified, delivered: RecordsDelivered) -> Received:
    """Store what the core delivers; repeats and any order give the same in the end.

    Where the provider's own seal opens to another person than the requester's, an alarm goes to
    oversight: a requester cannot hide a look behind a false seal.
    """
    if sender.sender != LINKAGE:
        raise NotAllowed("only the core delivers records")
    persons, end_persons = await asyncio.to_thread(_open_all, ledger, delivered)
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        touched = await store.add_records(tx, delivered.records, persons, delivered.version)
        touched += await store.add_ends(tx, delivered.ends, end_persons)
        if touched:
            alarms = await store.raise_alarms(tx, touched, now)
            for alarm in alarms:
                body = msgspec.json.encode(_alarm(ledger, alarm, "ends-disagree"))
                await outbox.put(tx, topic=ALARM_PATH, destination=OVERSIGHT, body=body, at=now)
            detail = {"new": len(touched), "alarms": len(alarms)}
            line = journal.JournalLine(act="records-taken", actor=LINKAGE, detail=detail)
            await journal.write(tx, line, at=now)
    return Received(len(touched))


def _open_all(
    ledger: Ledger, delivered: RecordsDelivered
) -> tuple[list[bytes], list[bytes | None]]:
    records = [
        _open(ledger, record.person, f"records[{index}].person")
        for index, record in enumerate(delivered.records)
    ]
    ends = [
        _open(ledger, end.person, f"ends[{index}].person") if end.person else None
        for index, end in enumerate(delivered.ends)
    ]
    return records, ends


def _open(ledger: Ledger, sealed: bytes, pointer: str) -> bytes:
    try:
        return open_sealed(Sealed.parse(sealed), key=ledger.keys.receiving)
    except NotInGroup as error:
        raise BadInput("not a person sealed to the ledger", pointer=pointer) from error


def _alarm(
    ledger: Ledger, row: store.AlarmRow, kind: Literal["ends-disagree", "end-missing"]
) -> Alarm:
    return Alarm(
        alarm=new_id(ledger.entropy),
        kind=kind,
        permit=row.permit,
        requester=row.requester,
        provider=row.provider,
        noticed_at=row.noticed_at,
    )


async def my_records(ledger: Ledger, person: bytes, wanted: Wanted) -> MyRecords:
    """Return a page of a person's own records, newest first. `person` is the ledger's code."""
    now = ledger.clock.now()
    more = attrs.evolve(wanted, limit=wanted.limit + 1)
    async with ledger.database.transaction() as tx:
        rows = await store.mine(tx, person, more)
        line = journal.JournalLine(act="records-read", actor="person", detail={"rows": len(rows)})
        await journal.write(tx, line, at=now)
    page = rows[: wanted.limit]
    following = (
        cursors.write(page[-1].requested_at, page[-1].record) if len(rows) > len(page) else ""
    )
    return MyRecords(records=tuple(_mine(row) for row in page), next=following)


def _mine(row: store.MineRow) -> MyRecord:
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
    )


async def who_asked(ledger: Ledger, person: bytes) -> WhoAskedList:
    """Return who asked about a person, how often, and when last."""
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        rows = await store.who_asked(tx, person)
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
