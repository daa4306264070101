"""The regular check (定期的な照合): every link of an institution, compared with register every month.

What stands beside each number in the vault is compared through register's door, a batch at a time.
A mismatch is suspended at once; whatever somebody has to look at is kept as a finding.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import attrs
import msgspec
from psycopg.errors import UniqueViolation

from kumihimo.kernel import journal
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway import links
from kumihimo.rooms.gateway import store_checks as store
from kumihimo.rooms.gateway.asked import remember
from kumihimo.rooms.gateway.business_links import (
    LinkCheck,
    LinkFinding,
    LinksSuspended,
    LinkSuspended,
)
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.locked import lock_found, unlock_found
from kumihimo.rooms.gateway.numbers import VaultEntry, ask_sealed
from kumihimo.rooms.gateway.persons import vault_label
from kumihimo.rooms.gateway.store_checks import CheckRow, Linked
from kumihimo.rooms.register import api as register

PROGRAM: Final = "check-links"  # who suspends, in the journal
BATCH: Final = 500  # our choice: its questions fit a signed message with long names and addresses
EVERY: Final = timedelta(days=30)
LISTED: Final = 120
FINDINGS_LISTED: Final = 1_000
_LOOK_AT: Final = frozenset({"MISMATCH", "DEAD", "NOT_FOUND"})


@attrs.frozen
class _Compared:
    """One person with what register said of her link."""

    linked: Linked
    judged: register.LinkJudged


async def run_once(gateway: Gateway, tenant: Tenant, affair: str, *, anyway: bool = False) -> int:
    """Compare the next batch of the run that goes on; begin one when it is time, or `anyway`.

    Returns how many links were compared; 0 when there is nothing to do. Raises `Refused` past the
    quota at register, and `Unavailable`; the run goes on where it was.
    """
    run = await _current(gateway, tenant, affair, anyway=anyway)
    if run is None:
        return 0
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        batch = await store.linked(tx, run.done_until, BATCH)
    compared = await _compare(gateway, tenant, run.affair, batch) if batch else []
    suspended = await _suspend(gateway, tenant, run, compared)
    await _keep(gateway, tenant, run, batch, compared, suspended)
    return len(compared)


async def _current(
    gateway: Gateway, tenant: Tenant, affair: str, *, anyway: bool
) -> CheckRow | None:
    today = gateway.today()
    try:
        async with gateway.database.transaction(institution=tenant.institution) as tx:
            last = next(iter(await store.runs(tx, 1)), None)
            if last is not None and last.finished_on is None:
                return last
            if not (anyway or is_due(last.started_on if last else None, today)):
                return None
            await store.start(tx, tenant.institution, new_id(gateway.entropy), affair, today)
            [begun] = await store.runs(tx, 1)
            return begun
    except UniqueViolation:
        return None  # another process has begun it at this moment


def is_due(last: date | None, today: date) -> bool:
    """Say whether it is time for the next run."""
    return last is None or today - last >= EVERY


async def _compare(
    gateway: Gateway, tenant: Tenant, affair: str, batch: Sequence[Linked]
) -> list[_Compared]:
    entries = await asyncio.to_thread(lambda: [_entry(tenant, one) for one in batch])
    asked = {
        new_id(gateway.entropy): (one, entry)
        for one, entry in zip(batch, entries, strict=True)
        if entry.attributes.name and entry.attributes.birth  # without them nobody can be compared
    }
    if not asked:
        return []
    records = {inquiry: one.addressees for inquiry, (one, _) in asked.items()}
    await remember(gateway, tenant, records)
    question = register.LinkBatch(
        tuple(_held(inquiry, affair, entry) for inquiry, (_, entry) in asked.items())
    )
    answer = await ask_sealed(gateway, tenant, register.LINKS_PATH, question, register.LinksJudged)
    # By id and never by place, as with a strict inquiry.
    if {judged.inquiry for judged in answer.links} != asked.keys():
        raise Unavailable("register answered another batch")
    return [_Compared(asked[judged.inquiry][0], judged) for judged in answer.links]


def _entry(tenant: Tenant, one: Linked) -> VaultEntry:
    content = tenant.locker.unlock(one.vault, label=vault_label(tenant, one.person))
    return msgspec.json.decode(content, type=VaultEntry)


def _held(inquiry: str, affair: str, entry: VaultEntry) -> register.LinkHeld:
    written = entry.attributes
    held = register.HeldAttributes(
        name=written.name, birth=written.birth, sex=written.sex, address=written.address
    )
    return register.LinkHeld(inquiry=inquiry, affair=affair, number=entry.number, held=held)


async def _suspend(
    gateway: Gateway, tenant: Tenant, run: CheckRow, compared: Sequence[_Compared]
) -> int:
    """Suspend every mismatch that two people have not confirmed before; returns how many."""
    persons = {
        addressee: one.linked.person
        for one in compared
        if one.judged.verdict == "MISMATCH"
        for addressee in one.linked.addressees
    }
    known = await links.confirmed(gateway, tenant, persons)
    fresh = [
        LinkSuspended(addressee=addressee, ground="mismatch", case=run.run, affair=run.affair)
        for addressee in persons
        if addressee not in known
    ]
    for start in range(0, len(fresh), register.BATCH_MAX):
        part = tuple(fresh[start : start + register.BATCH_MAX])
        await links.suspend(gateway, tenant, LinksSuspended(officer=PROGRAM, links=part))
    return len(fresh)


async def _keep(
    gateway: Gateway,
    tenant: Tenant,
    run: CheckRow,
    batch: Sequence[Linked],
    compared: Sequence[_Compared],
    suspended: int,
) -> None:
    counts = Counter[str](run.counts)
    counts.update(one.judged.verdict for one in compared)
    counts["NOT_COMPARED"] += len(batch) - len(compared)
    over = len(batch) < BATCH
    now = attrs.evolve(
        run,
        done_until=batch[-1].person if batch else run.done_until,
        compared=run.compared + len(compared),
        suspended=run.suspended + suspended,
        counts={verdict: count for verdict, count in counts.items() if count},
        finished_on=gateway.today() if over else None,
    )
    found = [
        (one.judged.verdict, lock_found(tenant, run.run, msgspec.json.encode(_finding(run, one))))
        for one in compared
        if one.judged.verdict in _LOOK_AT
        or (one.judged.verdict == "MOVED" and one.judged.homonym is not False)
    ]
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        if not await store.advance(tx, now):
            return
        await store.add_findings(tx, tenant.institution, run.run, found)
        detail = {"compared": len(compared), "suspended": suspended, "over": int(over)}
        line = journal.JournalLine(act="links-checked", actor=tenant.institution, detail=detail)
        await journal.write(tx, line, at=gateway.clock.now())


def _finding(run: CheckRow, one: _Compared) -> LinkFinding:
    return LinkFinding(
        run=run.run,
        addressees=tuple(one.linked.addressees),
        verdict=one.judged.verdict,
        homonym=one.judged.homonym,
        name=one.judged.levels.name,
        birth=one.judged.levels.birth,
        sex=one.judged.levels.sex,
        address=one.judged.levels.address,
    )


async def history(gateway: Gateway, tenant: Tenant) -> tuple[LinkCheck, ...]:
    """Return the runs of the last ten years, the latest first."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await store.runs(tx, LISTED)
    return tuple(
        LinkCheck(
            run=row.run,
            affair=row.affair,
            started_on=row.started_on,
            finished_on=row.finished_on,
            compared=row.compared,
            suspended=row.suspended,
            counts={str(verdict): int(count) for verdict, count in row.counts.items()},
        )
        for row in rows
    )


async def findings(
    gateway: Gateway, tenant: Tenant, run: str, after: int = 0
) -> tuple[tuple[LinkFinding, ...], int]:
    """Return a page of what a run found, and where the next begins (0: there is none)."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await store.findings(tx, run, after, FINDINGS_LISTED)
    found = tuple(unlock_found(tenant, run, row.found_locked) for row in rows)
    return found, rows[-1].finding if len(rows) == FINDINGS_LISTED else 0
