"""Reading for somebody, and what both are told of it: what was read, by which delegation, and when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import NotFound, Unavailable
from kumihimo.pages.visits import Visit
from kumihimo.rooms.ledger.api import DELEGATIONS_MAX, DelegatedAct, DelegatedRead
from kumihimo.rooms.portal import proxies_kept as kept
from kumihimo.rooms.portal import reading
from kumihimo.rooms.portal import store_proxies as rows
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.domain import delegations as domain
from kumihimo.rooms.portal.domain.delegations import Side
from kumihimo.rooms.portal.domain.refusals import DelegationNotInForce
from kumihimo.rooms.portal.proxies import Mine, listed, of
from kumihimo.rooms.portal.proxies_kept import Word

FORGOTTEN: Final = "-"  # what she called somebody whose delegation is not kept here any more


async def act(
    portal: Portal, visit: Visit, part: str, *, cursor: str = "", ask: bool = False
) -> DelegatedRead:
    """Read for somebody. She is told that it was done, and the ledger has each time on record.

    Raises `DelegationNotInForce`, `NotFound`; `Unavailable` while a certificate of either could not
    be looked at for too long: who cannot be checked acts for nobody.
    """
    _, one = await of(portal, visit.who, part)
    domain.require_acting(one, visit.who)
    assert one.principal is not None, "what is in force has both sides"
    now = portal.clock.now()
    async with portal.database.transaction() as tx:
        for name in (one.principal.part, part):
            row = await rows.part(tx, name)
            if row is None or now >= row.good_until:
                raise Unavailable("a certificate has not been looked at for too long")
        word = Word(part=one.principal.part, kind="acted", at=now)
        await kept.tell(portal, tx, one.principal, word, name=kept.once_a_day(portal, one))
    try:
        return await reading.with_session(
            portal,
            visit,
            lambda token: portal.ledger.act_for(token, one.secret, cursor=cursor, ask=ask),
        )
    except Refused as refused:
        if refused.reason == NotFound.code:
            raise DelegationNotInForce from refused
        raise Unavailable("the ledger does not answer this") from refused


@attrs.frozen(kw_only=True)
class Act:
    """Something that was read by a delegation: when, what for, and what she calls the other."""

    act: str
    at: datetime
    purpose: str
    label: str
    side: Side


async def acts(portal: Portal, visit: Visit, mine: Sequence[Mine]) -> list[Act]:
    """Return what was read for her and what she read for others, the latest first."""
    found = await reading.with_session(portal, visit, portal.ledger.acts_on_me)
    told = _on_her(found.acts, mine)
    held = {one.one.ledger: one for one in mine if one.side == "proxy" and one.one.secret}
    if held:
        secrets = [one.one.secret for one in held.values()][:DELEGATIONS_MAX]
        own = await reading.with_session(
            portal, visit, lambda token: portal.ledger.acts_for(token, secrets)
        )
        told += [
            Act(
                act=one.act,
                at=one.at,
                purpose=one.purpose,
                label=held[one.delegation].label,
                side="principal",
            )
            for one in own.acts
            if one.delegation in held
        ]
    return sorted(told, key=lambda one: one.at, reverse=True)


async def acts_on(portal: Portal, visit: Visit, found: Sequence[DelegatedAct] | None) -> list[Act]:
    """Return what was read for her, the latest first; `found` is what the ledger told of it.

    A ledger that is older than this tells none with her records: then it is asked.
    """
    if found is None:
        found = (await reading.with_session(portal, visit, portal.ledger.acts_on_me)).acts
    return _on_her(found, await listed(portal, visit.who)) if found else []


def _on_her(found: Sequence[DelegatedAct], mine: Sequence[Mine]) -> list[Act]:
    labels = {one.one.ledger: one.label for one in mine if one.side == "principal"}
    told = [
        Act(
            act=one.act,
            at=one.at,
            purpose=one.purpose,
            label=labels.get(one.delegation, FORGOTTEN),
            side="proxy",
        )
        for one in found
    ]
    return sorted(told, key=lambda one: one.at, reverse=True)


async def unseen(portal: Portal, account: str) -> int:
    """Return how much of what she was told of her delegations she has not seen."""
    async with portal.database.transaction() as tx:
        return await rows.unseen(tx, account)


async def words(portal: Portal, account: str) -> list[tuple[Word, bool]]:
    """Return what she was told, the latest first, and whether each is new; from now on none is."""
    async with portal.database.transaction() as tx:
        found = await kept.words_of(portal, tx, account)
        new = [row.word for _, row in found if not row.seen]
        if new:
            await rows.saw(tx, new)
            await portal.journal(tx, "proxy-words-seen", rows=len(new))
    return [(word, not row.seen) for word, row in found]
