"""Changing a domain's key while it answers: one scalar multiplied through the table of codes."""

import asyncio
from collections.abc import Callable
from datetime import date

import attrs

from kumihimo.kernel import journal
from kumihimo.kernel.group import Point, multiply, parse_scalar
from kumihimo.kernel.keys import open_payload
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.codes import Step
from kumihimo.rooms.linkage.api import (
    PARTY,
    ROTATE_PATH,
    ROTATED_PATH,
    ROTATION_CONTEXT,
    KeyState,
    Nothing,
    Received,
    Rotated,
    Rotation,
)

ROWS_AT_ONCE = 1_000


@attrs.frozen
class _Latest:
    new: int
    finished_on: date | None


@attrs.frozen
class _StepRow:
    old: int
    new: int
    scalar_locked: bytes


@attrs.frozen
class _CodeRow:
    person: str
    code: bytes


def _label(tenant: Tenant, new: int) -> bytes:
    return f"{tenant.institution}|rotation|{new}".encode()


async def steps_of(tx: Tx, tenant: Tenant) -> list[Step]:
    """Return the latest step of this institution's codes, under way or just done."""
    rows = await tx.rows(
        "SELECT old, new, scalar_locked FROM rotation ORDER BY new DESC LIMIT 1", {}, _StepRow
    )
    return [
        Step(
            row.old,
            row.new,
            parse_scalar(tenant.locker.unlock(row.scalar_locked, label=_label(tenant, row.new))),
        )
        for row in rows
    ]


async def hold(tx: Tx, tenant: Tenant) -> None:
    """Keep a change of key from beginning before this transaction ends.

    Whoever writes a code holds first and then asks for the steps, so no code is left behind under
    an old version.
    """
    await tx.put(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended(%(name)s, 0))",
        {"name": _lock_name(tenant)},
    )


def _lock_name(tenant: Tenant) -> str:
    return f"rotation|{tenant.institution}"


async def state(gateway: Gateway, tenant: Tenant) -> KeyState:
    """Return how a tenant's key stands here; the core is not asked."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        latest = await tx.row(
            "SELECT new, finished_on FROM rotation ORDER BY new DESC LIMIT 1", {}, _Latest
        )
        version = latest.new if latest else 1
        codes = await tx.value("SELECT count(*) FROM person WHERE code IS NOT NULL")
        left = await tx.value(
            "SELECT count(*) FROM person WHERE code_version < %(new)s", {"new": version}
        )
    return KeyState(
        version=version,
        under_way=latest is not None and latest.finished_on is None,
        changed_on=latest.finished_on if latest else None,
        codes=codes,
        left=left,
    )


def _nobody_looks(_: int) -> None: ...


async def rotate(
    gateway: Gateway, tenant: Tenant, *, progress: Callable[[int], None] = _nobody_looks
) -> int:
    """Carry every code of a tenant to the next key version; returns how many were carried.

    Restartable at any point: a change that is under way is gone on with, and never begun anew.
    `progress` is told how many were carried so far. Raises `Unavailable`, and `Refused` as the
    core's doors do: so with `conflict` within two hours after the last change.
    """
    caller = gateway.caller(tenant)
    step = await _unfinished(gateway, tenant)
    if step is None:
        rotation, _ = await caller.call(PARTY, ROTATE_PATH, Nothing(), Rotation)
        step = await _begin(gateway, tenant, rotation)
    carried = 0
    while count := await _carry(gateway, tenant, step):
        carried += count
        progress(carried)
    await caller.call(PARTY, ROTATED_PATH, Rotated(step.new), Received)
    await _finish(gateway, tenant, step)
    return carried


async def _unfinished(gateway: Gateway, tenant: Tenant) -> Step | None:
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        under_way = await tx.value("SELECT 1 FROM rotation WHERE finished_on IS NULL")
        steps = await steps_of(tx, tenant) if under_way else []
    return steps[0] if steps else None


async def _begin(gateway: Gateway, tenant: Tenant, rotation: Rotation) -> Step:
    scalar = open_payload(rotation.sealed_scalar, key=tenant.keys.payload, context=ROTATION_CONTEXT)
    step = Step(rotation.old, rotation.new, parse_scalar(scalar))
    locked = tenant.locker.lock(scalar, label=_label(tenant, step.new))
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        await tx.put(
            "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))",
            {"name": _lock_name(tenant)},
        )
        await tx.put(
            "INSERT INTO rotation (institution, old, new, scalar_locked)"
            " VALUES (%(institution)s, %(old)s, %(new)s, %(locked)s) ON CONFLICT DO NOTHING",
            {
                "institution": tenant.institution,
                "old": step.old,
                "new": step.new,
                "locked": locked,
            },
        )
        line = journal.JournalLine(
            act="rotation-begun", actor=tenant.institution, detail={"version": step.new}
        )
        await journal.write(tx, line, at=gateway.clock.now())
    return step


async def _finish(gateway: Gateway, tenant: Tenant, step: Step) -> None:
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        await tx.put(
            "UPDATE rotation SET finished_on = %(on)s WHERE new = %(new)s",
            {"on": gateway.today(), "new": step.new},
        )
        line = journal.JournalLine(
            act="rotation-finished", actor=tenant.institution, detail={"version": step.new}
        )
        await journal.write(tx, line, at=gateway.clock.now())


async def _carry(gateway: Gateway, tenant: Tenant, step: Step) -> int:
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await tx.rows(
            "SELECT person, code FROM person WHERE code_version = %(old)s"
            " ORDER BY person LIMIT %(limit)s FOR UPDATE",
            {"old": step.old, "limit": ROWS_AT_ONCE},
            _CodeRow,
        )
        if not rows:
            return 0
        points = await asyncio.to_thread(
            lambda: [bytes(multiply(step.scalar, Point(bytes(row.code)))) for row in rows]
        )
        await tx.put(
            "UPDATE person SET code = new.code, code_version = %(version)s"
            " FROM unnest(%(persons)s::text[], %(codes)s::bytea[]) AS new (person, code)"
            " WHERE person.person = new.person",
            {
                "version": step.new,
                "persons": [row.person for row in rows],
                "codes": points,
            },
        )
        line = journal.JournalLine(
            act="codes-carried", actor=tenant.institution, detail={"codes": len(rows)}
        )
        await journal.write(tx, line, at=gateway.clock.now())
    return len(rows)
