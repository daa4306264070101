"""Tags by which a person's own records are found, and by which nobody else finds anything.

A record carries instants, so it must not tell of which person it is, nor that it is of the same as
another (docs/decisions/0002). Its tag is made of person, day and a count under the institution's
key: all different, and random to whoever has no key. Who has it makes the tags of a person's days
and looks which of them there are.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway import store_tracker as store
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.providing import SELF_INFORMATION
from kumihimo.rooms.gateway.records import unlock_detail
from kumihimo.rooms.gateway.store_tracker import Tagged, Untagged

AT_ONCE: Final = 500

Day = tuple[str, date]  # a person's, by the institution's own id of her


async def run_once(gateway: Gateway, tenant: Tenant) -> int:
    """Give records their tags that have none yet; returns how many. One process at a time."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        if not await store.alone(tx, tenant.institution):
            return 0
        rows = await store.untagged(tx, AT_ONCE)
        if not rows:
            return 0
        whose = await asyncio.to_thread(lambda: [_day_of(tenant, row) for row in rows])
        free = {
            day: len(found)
            for day, found in (await _of_days(tx, tenant, {d for d in whose if d})).items()
        }
        given: list[Tagged] = []
        for row, day in zip(rows, whose, strict=True):
            if day is None:
                given.append(Tagged(gateway.entropy.bytes(32), row.record))
            else:
                given.append(Tagged(_tag(tenant, day, free[day]), row.record))
                free[day] += 1
        await store.put_tags(tx, given)
    return len(rows)


def _day_of(tenant: Tenant, row: Untagged) -> Day | None:
    """Return under which day a record is found; None for one that nobody may find."""
    person = unlock_detail(tenant, row.detail_locked).person
    # Who is withheld from whoever reads as her was told that she is unknown here; so must this be.
    withheld = row.affair == SELF_INFORMATION and row.outcome == "REFUSED_FLAG"
    if row.hidden or withheld or not person:
        return None
    return person, legal_day(row.requested_at)


def _tag(tenant: Tenant, day: Day, count: int) -> bytes:
    person, on = day
    return tenant.locker.tag(f"{on}|{count}|{person}".encode(), label=b"record-of")


async def records_of(tx: Tx, tenant: Tenant, person: str, *, first: date, last: date) -> list[int]:
    """Return the records of a person's days, both included."""
    days = {(person, first + timedelta(days=n)) for n in range((last - first).days + 1)}
    found = await _of_days(tx, tenant, days)
    return [record for records in found.values() for record in records]


async def _of_days(tx: Tx, tenant: Tenant, days: Collection[Day]) -> dict[Day, list[int]]:
    """Return the records of days: the counts of one have no gap, so the first that lacks ends it.

    Hardly anybody has two on a day, so each look asks for twice as many as the one before.
    """
    found: dict[Day, list[int]] = {day: [] for day in days}
    going, counts = list(days), range(1)
    while going:
        tags = await asyncio.to_thread(_tags, tenant, going, counts)
        have = {bytes(one.tag): one.record for one in await store.tagged(tx, list(tags))}
        for tag, (day, _) in tags.items():
            if tag in have:
                found[day].append(have[tag])
        going = [day for day in going if len(found[day]) == counts.stop]
        counts = range(counts.stop, 2 * counts.stop + 1)
    return found


def _tags(
    tenant: Tenant, days: Sequence[Day], counts: Iterable[int]
) -> dict[bytes, tuple[Day, int]]:
    return {_tag(tenant, day, n): (day, n) for day in days for n in counts}
