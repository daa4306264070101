"""What everybody may read of the exchanges: the core's counts by month, as it signed and sent them."""

from typing import Final

import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import NotAllowed, NotFound
from kumihimo.rooms.oversight import store_published as store
from kumihimo.rooms.oversight.api import Received
from kumihimo.rooms.oversight.service import Oversight
from kumihimo.rooms.oversight.statistics_api import MonthCounted, Months

CORE: Final = "linkage"


async def take(oversight: Oversight, sender: Verified, told: MonthCounted) -> Received:
    """Take a month from the core; one that is published stays as it is. Raises `NotAllowed`."""
    entry = oversight.book.current().active(sender.sender)
    if entry is None or entry.kind != CORE:
        raise NotAllowed("only the core counts exchanges")
    now = oversight.clock.now()
    async with oversight.database.transaction() as tx:
        new = await store.add(tx, told.month, msgspec.json.encode(told), now)
        if new:
            detail = {"month": f"m-{told.month}", "institutions": len(told.institutions)}
            line = journal.JournalLine(act="statistics-published", actor=CORE, detail=detail)
            await journal.write(tx, line, at=now)
    return Received(new)


async def months(oversight: Oversight) -> Months:
    """Return the months that are published."""
    async with oversight.database.transaction() as tx:
        return Months(tuple(row.month for row in await store.months(tx)))


async def month(oversight: Oversight, name: str) -> MonthCounted:
    """Return a month; raises `NotFound`."""
    async with oversight.database.transaction() as tx:
        found = await store.month(tx, name)
    if found is None:
        raise NotFound("no statistics of this month; a month is written 2026-10")
    return msgspec.json.decode(found, type=MonthCounted)
