"""Proxies (代理人): one person lets another read one thing for her, until a day. Both confirm by card.

(1) one of the two opens it, given or asked for, and her card signs what for and until when;
(2) she gets a code and hands it over herself: nobody is found here by a name or a number;
(3) the other types it, sees what it is, and her card signs; now it is in force, and both are told;
(4) the ledger lets the one who holds its secret read, in a session by her own card, and writes each
    time down for the one whose data it is.

The portal keeps what each calls the other, and knows neither.
"""

from datetime import date, timedelta
from typing import Final, Literal

import attrs
import msgspec

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import BadInput, NotFound, TooMany, Unavailable
from kumihimo.kernel.sql import Tx
from kumihimo.pages.visits import Visit
from kumihimo.rooms.ledger.api import (
    DelegationGiven,
    GiveDelegation,
)
from kumihimo.rooms.portal import proxies_kept as kept
from kumihimo.rooms.portal import reading, store
from kumihimo.rooms.portal import store_proxies as rows
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.domain import delegations as domain
from kumihimo.rooms.portal.domain.delegations import CODE_FOR, CODE_TRIES_MAX, Delegation, Side, Who
from kumihimo.rooms.portal.domain.refusals import (
    CardStillStopped,
    CodeUnknown,
)
from kumihimo.rooms.portal.proving import Spent
from kumihimo.rooms.portal.proxies_kept import Part
from kumihimo.statute.delegated import delegated_purposes

LABEL_MAX: Final = 40
DAYS: Final = (7, 30, 90, 365)  # our choice


class Opening(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    """Somebody opens a delegation as one of its sides, and calls the other by a word of her own."""

    side: Side
    purpose: str
    until: date
    label: str


class Joining(msgspec.Struct, frozen=True, kw_only=True, tag="join"):
    """Somebody joins what waits."""

    delegation: str
    label: str


class Restoring(msgspec.Struct, frozen=True, kw_only=True, tag="restore"):
    """Somebody lets what was suspended go on."""

    part: str


Change = Opening | Joining | Restoring
Done = Literal["opened", "joined", "restored"]


@attrs.frozen(kw_only=True)
class Mine:
    """A delegation as one of its sides sees it. `label` is what she calls the other."""

    part: str
    side: Side
    label: str
    one: Delegation


def opening(side: Side, purpose: str, days: str, label: str, *, today: date) -> Opening:
    """Return what a form asks for. Raises `BadInput`."""
    if purpose not in delegated_purposes():
        raise BadInput("choose one", pointer="purpose")
    if days not in {str(one) for one in DAYS}:
        raise BadInput("choose one", pointer="days")
    until = today + timedelta(days=int(days))
    return Opening(side=side, purpose=purpose, until=until, label=label_of(label))


def label_of(typed: str) -> str:
    """Return what somebody calls the other. Raises `BadInput` for nothing and for too much."""
    label = " ".join(typed.split())
    if not label or len(label) > LABEL_MAX:
        raise BadInput(f"1 to {LABEL_MAX} characters", pointer="label")
    return label


async def waiting_under(portal: Portal, visit: Visit, typed: str) -> Delegation:
    """Return what waits under a code. Raises `CodeUnknown` whatever is wrong, `TooMany`."""
    refusal: CodeUnknown | None = None
    found: Delegation | None = None
    async with portal.database.transaction() as tx:
        await _count(portal, tx, visit.who)
        try:
            one = await kept.by_code(portal, tx, domain.typed_code(typed))
            found = domain.joinable(one, visit.who)
        except CodeUnknown as unknown:
            refusal = unknown
        await portal.journal(tx, "code-tried", found=int(found is not None))
    if found is None:
        raise CodeUnknown(pointer="code") from refusal
    return found


async def _count(portal: Portal, tx: Tx, account: str) -> None:
    minute = portal.clock.now().replace(second=0, microsecond=0)
    tag = portal.locker.tag(account.encode(), label=b"code tries")
    if await store.count_try(tx, "fail", tag, minute) > CODE_TRIES_MAX:
        raise TooMany("too many codes; try again in a minute")


async def find(portal: Portal, visit: Visit, name: str) -> Delegation:
    """Return what she is about to join. Raises `CodeUnknown`."""
    async with portal.database.transaction() as tx:
        return domain.joinable(await kept.load(portal, tx, name), visit.who)


async def do(portal: Portal, visit: Visit, spent: Spent) -> tuple[Done, str]:
    """Do what her card signed; returns what was done, and the code to hand over where there is one.

    The check of her card opens a session at the ledger, too, where the one before is over.
    """
    visit.kept[reading.VERIFICATION] = spent.verification
    match _change(spent):
        case Opening() as change:
            return "opened", await _open(portal, visit, spent, change)
        case Joining() as change:
            await _join(portal, visit, spent, change)
            return "joined", ""
        case Restoring() as change:
            await _restore(portal, spent, change)
            return "restored", ""


def _change(spent: Spent) -> Change:
    return msgspec.json.decode(spent.wanted.change, type=Change)


async def _open(portal: Portal, visit: Visit, spent: Spent, change: Opening) -> str:
    given = DelegationGiven(delegation="", secret="")
    if change.side == "principal":
        given = await _give(portal, visit, change.purpose, change.until)
    code = domain.draw_code(portal.entropy)
    who = Who(spent.account, new_id(portal.entropy))
    one = Delegation(
        delegation=new_id(portal.entropy),
        state="offered",
        purpose=change.purpose,
        until=change.until,
        opener=change.side,
        principal=who if change.side == "principal" else None,
        proxy=who if change.side == "proxy" else None,
        code_until=portal.clock.now() + CODE_FOR,
        ledger=given.delegation,
        secret=given.secret,
    )
    async with portal.database.transaction() as tx:
        await kept.add(portal, tx, one, code)
        await _put_part(portal, tx, spent, one, who, change.side, change.label)
        await portal.journal(tx, "delegation-opened", side=change.side)
    return domain.shown_code(code)


async def _join(portal: Portal, visit: Visit, spent: Spent, change: Joining) -> None:
    one = await find(portal, visit, change.delegation)
    side = domain.other(one.opener)
    ledger, secret = one.ledger, one.secret
    if side == "principal":
        given = await _give(portal, visit, one.purpose, one.until)
        ledger, secret = given.delegation, given.secret
    who = Who(spent.account, new_id(portal.entropy))
    async with portal.database.transaction() as tx:
        found = await kept.load(portal, tx, change.delegation)
        after = domain.joined(found, who, ledger=ledger, secret=secret)
        assert found is not None, "what was joined is there"
        await _put_part(portal, tx, spent, after, who, side, change.label)
        await kept.save(portal, tx, found, after)
        await portal.journal(tx, "delegation-joined", side=side)


async def _give(portal: Portal, visit: Visit, purpose: str, until: date) -> DelegationGiven:
    asked = GiveDelegation(purpose=purpose, until=until)
    try:
        return await reading.with_session(
            portal, visit, lambda token: portal.ledger.give_delegation(token, asked)
        )
    except Refused as refused:
        if refused.reason == TooMany.code:
            raise TooMany("she has given as many as there may be") from refused
        raise Unavailable("the ledger does not take this") from refused


async def _put_part(
    portal: Portal, tx: Tx, spent: Spent, one: Delegation, who: Who, side: Side, label: str
) -> None:
    part = Part(
        delegation=one.delegation,
        side=side,
        label=label,
        certificate=spent.certificate,
        evidence=(spent.evidence,),
    )
    await kept.put_part(portal, tx, who, part, one.until)


async def _restore(portal: Portal, spent: Spent, change: Restoring) -> None:
    """Let a delegation go on with the cards that both have now. Raises `CardStillStopped`."""
    mine, one = await of(portal, spent.account, change.part)
    domain.restored(one, spent.account)
    assert one.proxy is not None, "what was in force has both sides"
    async with portal.database.transaction() as tx:
        row = await rows.part(tx, one.proxy.part)
    assert row is not None, "a part goes after its delegation"
    theirs = kept.part_of(portal, row)
    certificate = await portal.identity.newest(theirs.certificate)
    if not await portal.identity.is_good(certificate):
        raise CardStillStopped
    async with portal.database.transaction() as tx:
        found = await kept.load(portal, tx, one.delegation)
        if found is None:
            raise NotFound
        after = domain.restored(found, spent.account)
        assert after.principal is not None, "she restores it"
        assert after.proxy is not None, "what was in force has both sides"
        mine = msgspec.structs.replace(
            mine, certificate=spent.certificate, evidence=(*mine.evidence, spent.evidence)
        )
        await kept.put_part(portal, tx, after.principal, mine, after.until)
        theirs = msgspec.structs.replace(theirs, certificate=certificate)
        await kept.put_part(portal, tx, after.proxy, theirs, after.until)
        await kept.save(portal, tx, found, after)
        await portal.journal(tx, "delegation-restored")


async def end(portal: Portal, visit: Visit, part: str) -> None:
    """End a delegation, as whichever side she is; the ledger is told at once, or by the next round."""
    _, one = await of(portal, visit.who, part)
    async with portal.database.transaction() as tx:
        found = await kept.load(portal, tx, one.delegation)
        if found is None:
            raise NotFound
        after = domain.ended(found, found.side_of(part))
        if after != found:
            await kept.save(portal, tx, found, after)
            await portal.journal(tx, "delegation-ended")
    await tell_ledger(portal)


async def tell_ledger(portal: Portal, most: int = 50) -> int:
    """Tell the ledger of delegations that are over; returns how many it heard of."""
    async with portal.database.transaction() as tx:
        found = await rows.untold(tx, most)
    heard = 0
    for row in found:
        secret = kept.opened(portal, row).secret
        try:
            if secret:
                await portal.ledger.end_delegation(secret)
        except (Refused, Unavailable):
            continue
        async with portal.database.transaction() as tx:
            await rows.told(tx, row.delegation)
        heard += 1
    return heard


async def listed(portal: Portal, account: str) -> list[Mine]:
    """Return her delegations, those in force first, then by their last day."""
    found: list[Mine] = []
    async with portal.database.transaction() as tx:
        for row in await rows.parts_of(tx, account, kept.LISTED_MAX):
            part = kept.part_of(portal, row)
            one = await kept.load(portal, tx, part.delegation)
            if one is not None:
                found.append(Mine(part=row.part, side=part.side, label=part.label, one=one))
    order = {"active": 0, "suspended": 1, "offered": 2, "ended": 3}
    return sorted(found, key=lambda mine: (order[mine.one.state], mine.one.until, mine.part))


async def one_of(portal: Portal, visit: Visit, part: str) -> Mine:
    """Return one of her delegations. Raises `NotFound`."""
    mine, one = await of(portal, visit.who, part)
    return Mine(part=part, side=mine.side, label=mine.label, one=one)


async def of(portal: Portal, account: str, part: str) -> tuple[Part, Delegation]:
    """Return one side's part and its delegation. Raises `NotFound` for anybody else's."""
    async with portal.database.transaction() as tx:
        row = await rows.part(tx, part)
        if row is None or row.account != account:
            raise NotFound
        mine = kept.part_of(portal, row)
        one = await kept.load(portal, tx, mine.delegation)
    if one is None:
        raise NotFound
    return mine, one
