"""Each month's exchanges, counted once and left for oversight to publish."""

from typing import Final

import msgspec

from kumihimo.kernel import journal, outbox, turns
from kumihimo.rooms.linkage import store_statistics as store
from kumihimo.rooms.linkage.api import PARTY
from kumihimo.rooms.linkage.domain.counting import counted, days_of, last_settled
from kumihimo.rooms.linkage.service import Core
from kumihimo.rooms.oversight.api import COUNTED_PATH
from kumihimo.rooms.oversight.api import PARTY as OVERSIGHT

_COUNTING: Final = "month-counted"


async def count_month(core: Core) -> int:
    """Count the last month that is settled, unless it was; return how many institutions it names."""
    now = core.clock.now()
    month = last_settled(now)
    async with core.database.transaction() as tx:
        if await store.is_counted(tx, month):
            return 0
    # A statement for each day: the rows of a country's month are too many for one.
    found: list[store.Counted] = []
    for begins, ends in days_of(month):
        async with core.database.transaction() as tx:
            found += await store.count(tx, begins, ends)
    told = counted(month, found)
    async with core.database.transaction() as tx:
        # Of two processes that counted the second waits here, and finds the line.
        await turns.take(tx, _COUNTING, at=now, until=now)
        if not await store.mark_counted(tx, month, now):
            return 0
        body = msgspec.json.encode(told)
        await outbox.put(tx, topic=COUNTED_PATH, destination=OVERSIGHT, body=body, at=now)
        detail = {"month": f"m-{month}", "institutions": len(told.institutions)}
        await journal.write(
            tx, journal.JournalLine(act=_COUNTING, actor=PARTY, detail=detail), at=now
        )
    return len(told.institutions)
