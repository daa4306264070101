"""What goes on without anybody there: delegations end with their time, and stop with a card.

Each certificate is looked at in a turn of its own, at moments that no act sets off: jpki, which knows
who holds what, would otherwise learn by time who acts for whom.
"""

from datetime import timedelta
from typing import Final

from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.portal import proxies, store_proxies
from kumihimo.rooms.portal import proxies_kept as kept
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.domain.delegations import GOOD_FOR, stopped
from kumihimo.rooms.portal.store_proxies import PartRow

AT_ONCE: Final = 100
AGAIN_AFTER: Final = timedelta(minutes=2)  # our choice: where jpki did not answer


async def look_after(portal: Portal) -> int:
    """End what is over, look at certificates whose turn it is, tell the ledger; returns how many moved."""
    moved = await _end_overdue(portal)
    moved += await _look(portal)
    await proxies.tell_ledger(portal)
    return moved


async def _end_overdue(portal: Portal) -> int:
    async with portal.database.transaction() as tx:
        names = await store_proxies.overdue(tx, portal.clock.now(), portal.today(), AT_ONCE)
        for name in names:
            await kept.load(portal, tx, name)
        if names:
            await portal.journal(tx, "delegations-over", "portal", rows=len(names))
    return len(names)


async def _look(portal: Portal) -> int:
    now = portal.clock.now()
    async with portal.database.transaction() as tx:
        due = await store_proxies.take_due(tx, now, again_at=now + AGAIN_AFTER, most=AT_ONCE)
    suspended = 0
    for row in due:
        part = kept.part_of(portal, row)
        try:
            good = await portal.identity.is_good(part.certificate)
        except Unavailable:
            continue
        suspended += 0 if good else await _stop(portal, part.delegation)
        if good:
            await _believe(portal, row)
    return suspended


async def _believe(portal: Portal, row: PartRow) -> None:
    now = portal.clock.now()
    async with portal.database.transaction() as tx:
        await store_proxies.looked_at(
            tx, row.part, check_at=kept.next_look(portal, now), good_until=now + GOOD_FOR
        )


async def _stop(portal: Portal, delegation: str) -> int:
    async with portal.database.transaction() as tx:
        found = await kept.load(portal, tx, delegation)
        if found is None:
            return 0
        after = stopped(found)
        if after == found:
            return 0
        await kept.save(portal, tx, found, after)
        await portal.journal(tx, "delegation-suspended", "portal")
    return 1
