"""Mail that goes out: codes, and that something waits, once until she was here again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.ledger.api import BELLS_MAX, HearBells
from kumihimo.rooms.portal import mail, wishes
from kumihimo.rooms.portal import store_wishes as store
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.mail import Mailer, Postponed
from kumihimo.rooms.portal.store_wishes import WishRow

AT_ONCE: Final = 100
TAKEN_FOR: Final = timedelta(minutes=5)  # longer than a relay may take for each step of one mail
LOOKED_AT: Final = 1_000  # our choice: of more nobody needs to know how old each is
REST_FIRST: Final = timedelta(
    minutes=1
)  # our choice: a relay that tests who tries again lets it in soon
REST_LAST: Final = timedelta(
    hours=4
)  # our choice, between the half hour and the days of RFC 5321, 4.5.4.1


async def send_due(portal: Portal) -> int:
    """Hand over what is to go out; returns how much went. Raises `Unavailable` while nothing does.

    A mail may go out twice where the portal dies in between; none is lost. What one process of the
    portal is handing over, no other takes.
    """
    if portal.mailer is None:
        return 0
    async with portal.database.transaction() as tx:
        portal.mail_waits.saw(await store.all_due(tx, LOOKED_AT), portal.clock.now())
    went = 0
    for _ in range(AT_ONCE):
        now = portal.clock.now()
        async with portal.database.transaction() as tx:
            row = await store.take_due(tx, now, until=now + TAKEN_FOR)
        if row is None:
            break
        try:
            await _send(portal, portal.mailer, row)
        except Postponed:
            await _rest(portal, row)
            continue
        except Unavailable:
            async with portal.database.transaction() as tx:
                await store.give_back(tx, row)
            raise
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
        # Who asked for another code meanwhile gets that one, too.
        if await _still(tx, row):
            sent = msgspec.structs.replace(held, postponed=0)
            await store.put(tx, wishes.locked(portal, row.account, sent))
            await portal.journal(tx, "mailed", "portal")


def rest_after(postponed: int) -> timedelta:
    """Return how long an address rests that was put off so often: twice as long each time, to a bound."""
    return min(REST_FIRST * 2 ** min(postponed - 1, 16), REST_LAST)


async def _rest(portal: Portal, row: WishRow) -> None:
    """Leave a mail due, for later: it keeps nobody else's, and the relay is not asked without end."""
    held = wishes.opened(portal, row)
    held = msgspec.structs.replace(held, postponed=held.postponed + 1)
    until = portal.clock.now() + rest_after(held.postponed)
    async with portal.database.transaction() as tx:
        if await _still(tx, row):
            rests = wishes.locked(portal, row.account, held, due=True, rests_until=until)
            await store.put(tx, rests)
            await portal.journal(tx, "mail-postponed", "portal", times=held.postponed)


async def _still(tx: Tx, row: WishRow) -> bool:
    """Say whether somebody's wishes are what they were, and keep them so to the end of the transaction."""
    now = await store.of_account(tx, row.account, lock=True)
    return now is not None and bytes(now.content_locked) == bytes(row.content_locked)


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
    if portal.mailer is not None:
        portal.mail_waits.heard(portal.clock.now())
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
