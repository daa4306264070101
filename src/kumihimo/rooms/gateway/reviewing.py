"""What a check found, for the people of the institution who decide about it.

The gateway knows no desk: whoever has a token for the affair of the check asks, page by page.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.refusal import NotAllowed, NotFound
from kumihimo.rooms.gateway import links
from kumihimo.rooms.gateway import store_checks as store
from kumihimo.rooms.gateway.business import Attributes
from kumihimo.rooms.gateway.business_links import (
    FindingsOf,
    LinkFinding,
    LinksToReview,
    LinkToReview,
)
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.locked import unlock_found
from kumihimo.rooms.gateway.numbers import VaultEntry
from kumihimo.rooms.gateway.persons import vault_label
from kumihimo.rooms.gateway.store_checks import CheckRow, Standing
from kumihimo.rooms.gateway.store_links import SuspensionRow

AT_ONCE: Final = 200  # our choice: some hundred kilobytes with long names and addresses


async def to_review(
    gateway: Gateway,
    tenant: Tenant,
    page: FindingsOf,
    *,
    affairs: frozenset[str] | None = None,
) -> LinksToReview:
    """Return a page of what a run found and nobody has settled.

    Left out is what has been decided since the run began, what has no number any more, and a
    mismatch that two people confirmed before. Raises `NotFound`, and `NotAllowed` for a run of an
    affair that the caller does not handle.
    """
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        check = await store.run_of(tx, page.run)
        if check is None:
            raise NotFound("no such run", pointer="run")
        if affairs is not None and check.affair not in affairs:
            raise NotAllowed("this client does not handle the affair of this run", pointer="run")
        rows = await store.findings(tx, page.run, page.after, AT_ONCE)
        found = await asyncio.to_thread(
            lambda: [unlock_found(tenant, page.run, row.found_locked) for row in rows]
        )
        named = [addressee for one in found for addressee in one.addressees]
        doubts = await links.of_records(tx, tenant, named)
        standing = {one.addressee: one for one in await store.standing(tx, named)}
        told = [
            _told(tenant, one, standing[addressee], doubts[addressee])
            for one in found
            for addressee in one.addressees
            if addressee in standing
            and not _settled(tenant, check, one, standing[addressee], doubts[addressee])
        ]
        if told:
            line = journal.JournalLine(
                act="links-to-review", actor=tenant.institution, detail={"links": len(told)}
            )
            await journal.write(tx, line, at=gateway.clock.now())
    until = rows[-1].finding if rows else page.after
    return LinksToReview(links=tuple(told), until=until, more=len(rows) == AT_ONCE)


def _settled(
    tenant: Tenant,
    check: CheckRow,
    found: LinkFinding,
    standing: Standing,
    doubts: Sequence[SuspensionRow],
) -> bool:
    if any(one.state == "SUSPENDED" for one in doubts):
        return False
    days = [legal_day(one.settled_at) for one in doubts if one.settled_at]
    return any(day >= check.started_on for day in days) or (
        found.verdict == "MISMATCH" and links.was_confirmed(tenant, standing.person, doubts)
    )


def _told(
    tenant: Tenant, found: LinkFinding, standing: Standing, doubts: Sequence[SuspensionRow]
) -> LinkToReview:
    content = tenant.locker.unlock(standing.vault, label=vault_label(tenant, standing.person))
    held = msgspec.json.decode(content, type=VaultEntry).attributes
    return LinkToReview(
        addressee=standing.addressee,
        verdict=found.verdict,
        homonym=found.homonym,
        name=found.name,
        birth=found.birth,
        sex=found.sex,
        address=found.address,
        attributes=Attributes(name=held.name, birth=held.birth, sex=held.sex, address=held.address),
        doubts=tuple(links.told(standing.addressee, one) for one in doubts),
    )
