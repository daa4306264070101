"""Taking back what was given: another institution says that an answer was about somebody else."""

from typing import Final

from kumihimo.kernel import journal
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.gateway import store_consequences as store
from kumihimo.rooms.gateway import store_exchange, store_links
from kumihimo.rooms.gateway.api import WithdrawnProvisions
from kumihimo.rooms.gateway.asking import inquiry_label
from kumihimo.rooms.gateway.business_links import WithdrawnAnswer
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.linkage.api import BATCH_MAX, Received

LISTED: Final = 1_000


async def take(
    gateway: Gateway, tenant: Tenant, sender: Verified, notice: WithdrawnProvisions
) -> Received:
    """Mark answers as withdrawn and forget their values; a repeat changes nothing.

    A permit of another provider, or one that is not known here any more, is passed over. What the
    sender signed is kept: a decision that rested on the answer may have to be explained.
    """
    if not 1 <= len(notice.permits) <= BATCH_MAX:
        raise BadInput(f"1 to {BATCH_MAX} permits are withdrawn at once", pointer="permits")
    now = gateway.clock.now()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        new = await store.withdraw_received(tx, notice.permits, provider=sender.sender, at=now)
        if new:
            await store_exchange.keep_evidence(tx, tenant.institution, sender.evidence, now)
            line = journal.JournalLine(
                act="answers-withdrawn", actor=sender.sender, detail={"answers": new}
            )
            await journal.write(tx, line, at=now)
    return Received(new)


async def withdrawn(gateway: Gateway, tenant: Tenant) -> tuple[WithdrawnAnswer, ...]:
    """List what was taken back, the latest first, with the records that it had been asked for."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await store.withdrawn(tx, LISTED)
        found: list[WithdrawnAnswer] = []
        for row in rows:
            label = inquiry_label(tenant, row.inquiry)
            person = tenant.locker.unlock(row.person_locked, label=label).decode()
            found.append(
                WithdrawnAnswer(
                    inquiry=row.inquiry,
                    addressees=tuple(await store_links.addressees_of(tx, person)),
                    affair=row.affair,
                    provider=row.provider,
                    items=tuple(row.items),
                    asked_at=row.asked_at,
                    withdrawn_at=row.withdrawn_at,
                )
            )
    return tuple(found)
