"""Mail that goes out: codes, and that something waits, once until she was here again."""

from collections.abc import Sequence
from typing import Final

import msgspec

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.ledger.api import BELLS_MAX, HearBells
from kumihimo.rooms.portal import mail, wishes
from kumihimo.rooms.portal import store_wishes as store
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.mail import Mailer, Postponed
from kumihimo.rooms.portal.store_wishes import WishRow

AT_ONCE: Final = 100


async def send_due(portal: Portal) -> int:
    """Hand over what is to go out; returns how much went. Raises `Unavailable` while nothing does.

    A mail may go out twice where the portal dies in between; none is lost.
    """
    if portal.mailer is None:
        return 0
    async with portal.database.transaction() as tx:
        rows = await store.due(tx, AT_ONCE)
    went = 0
    for row in rows:
        try:
            await _send(portal, portal.mailer, row)
        except Postponed:
            continue  # it stays due, and keeps nobody else's
        went += 1
    return went


async def _send(portal: Portal, mailer: Mailer, row: WishRow) -> None:
    held = wishes.opened(portal, row)
    good = held.good and held.told
    fresh = held.code_until is not None and portal.clock.now() < held.code_until
    if held.address and (good or fresh):
        subject, text = mail.waits() if good else mail.with_code(held.code)
        await mailer.send(held.address, subject, text)
    async with portal.database.transaction() as tx:
        now = await store.of_account(tx, row.account, lock=True)
        # Who asked for another code meanwhile gets that one, too.
        if now is not None and bytes(now.content_locked) == bytes(row.content_locked):
            await store.put(tx, wishes.locked(portal, row.account, held))
            await portal.journal(tx, "mailed", "portal")


async def listen(portal: Portal) -> int:
    """Ask the ledger which bells ring; to whom one rings, a mail is due that was not told yet."""
    after = ""
    while portal.mailer is not None:
        async with portal.database.transaction() as tx:
            rows = await store.listening(tx, after, BELLS_MAX)
        if not rows:
            break
        await _hear(portal, rows)
        after = rows[-1].account
    return 0


async def _hear(portal: Portal, rows: Sequence[WishRow]) -> None:
    of = {wishes.opened(portal, row).bell: row.account for row in rows}
    try:
        rings = await portal.ledger.hear_bells(HearBells(bells=tuple(of)))
    except Refused as refused:
        raise Unavailable("the ledger does not answer this") from refused
    heard = [one for one in rings if one in of]
    for one in heard:
        async with portal.database.transaction() as tx:
            row = await store.of_account(tx, of[one], lock=True)
            held = None if row is None else wishes.opened(portal, row)
            if held is not None and held.good and held.bell == one and not held.told:
                told = msgspec.structs.replace(held, told=True)
                await store.put(tx, wishes.locked(portal, of[one], told, due=True))
                await portal.journal(tx, "mail-due", "portal")
    if heard:
        # Only now is it still: what was cut before rings again.
        await portal.ledger.hear_bells(HearBells(bells=(), heard=tuple(heard)))
