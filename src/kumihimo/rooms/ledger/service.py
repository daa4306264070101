"""The ledger's use cases: take records, compare both ends, answer a person about herself.

It opens persons with its own key and keeps its own code of them; it never learns who they are.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

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
from kumihimo.rooms.ledger import store
from kumihimo.rooms.ledger.api import MyRecord, WhoAsked
from kumihimo.rooms.linkage.api import PARTY as LINKAGE
from kumihimo.rooms.linkage.api import Received, RecordsDelivered
from kumihimo.rooms.oversight.api import ALARM_PATH, Alarm
from kumihimo.rooms.oversight.api import PARTY as OVERSIGHT

PAGE_MAX = 200


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
                body = msgspec.json.encode(_alarm(ledger, alarm))
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


def _alarm(ledger: Ledger, row: store.AlarmRow) -> Alarm:
    return Alarm(
        alarm=new_id(ledger.entropy),
        kind="ends-disagree",
        permit=row.permit,
        requester=row.requester,
        provider=row.provider,
        noticed_at=row.noticed_at,
    )


async def my_records(
    ledger: Ledger, person: bytes, *, before: datetime | None = None, limit: int = PAGE_MAX
) -> Sequence[MyRecord]:
    """Return a page of a person's own records, newest first. `person` is the ledger's code."""
    async with ledger.database.transaction() as tx:
        rows = await store.mine(tx, person, before=before, limit=min(limit, PAGE_MAX))
    return [
        MyRecord(
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
        for row in rows
    ]


async def who_asked(ledger: Ledger, person: bytes) -> Sequence[WhoAsked]:
    """Return who asked about a person, how often, and when last."""
    async with ledger.database.transaction() as tx:
        rows = await store.who_asked(tx, person)
    return [
        WhoAsked(requester=row.requester, times=row.times, refused=row.refused, last_at=row.last_at)
        for row in rows
    ]
