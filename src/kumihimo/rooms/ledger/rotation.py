"""Changing the key of the ledger's domain while it answers: one scalar through seven tables.

From the moment a change begins, whatever is written is written under the new version, and whoever
reads looks under both. So one walk through what was there before ends the change.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.group import Point, parse_scalar
from kumihimo.kernel.keys import open_payload
from kumihimo.kernel.net import Caller
from kumihimo.rooms.ledger import service, store_rotation
from kumihimo.rooms.ledger.context import Ledger, held_steps, rotation_label, step_of
from kumihimo.rooms.ledger.domain.codes import Coded, Step, carried
from kumihimo.rooms.ledger.store_rotation import CodeRow, StepRow, Table
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

ROWS_AT_ONCE: Final = 1_000
STEP_KEPT: Final = timedelta(days=28)  # our choice: far longer than the core's outbox tries


async def state(ledger: Ledger) -> KeyState:
    """Return how the key stands here; the core is not asked."""
    async with ledger.database.transaction() as tx:
        latest = await store_rotation.latest(tx)
        version = latest.new if latest else 1
        counted = await store_rotation.count(tx, version)
    return KeyState(
        version=version,
        under_way=latest is not None and latest.finished_on is None,
        changed_on=latest.finished_on if latest else None,
        codes=counted.codes,
        left=counted.old,
    )


def _nobody_looks(_: int) -> None: ...


async def rotate(
    ledger: Ledger,
    caller: Caller,
    *,
    rows_at_once: int = ROWS_AT_ONCE,
    progress: Callable[[int], None] = _nobody_looks,
) -> int:
    """Change the key, or finish the change under way; returns how many codes were carried.

    Restartable at any point. `progress` is told how many were carried so far. Raises `Unavailable`
    and `Refused` as the core's doors do.
    """
    step = await _unfinished(ledger) or await _begin(ledger, caller)
    return await _complete(ledger, caller, step, rows_at_once, progress)


async def resume(ledger: Ledger, caller: Caller, *, rows_at_once: int = ROWS_AT_ONCE) -> int:
    """Finish a change that broke off; returns how many codes were carried."""
    step = await _unfinished(ledger)
    if step is None:
        return 0
    return await _complete(ledger, caller, step, rows_at_once, _nobody_looks)


async def forget(ledger: Ledger) -> int:
    """Forget the scalars of changes long done; returns how many."""
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        dropped = await store_rotation.forget(tx, legal_day(now) - STEP_KEPT)
        if dropped:
            await _journal(ledger, tx, "rotation-forgotten", steps=dropped)
    return dropped


async def _unfinished(ledger: Ledger) -> Step | None:
    async with ledger.database.transaction() as tx:
        row = await store_rotation.unfinished(tx)
    return None if row is None else step_of(ledger, row)


async def _begin(ledger: Ledger, caller: Caller) -> Step:
    rotation, _ = await caller.call(PARTY, ROTATE_PATH, Nothing(), Rotation)
    scalar = open_payload(rotation.sealed_scalar, key=ledger.keys.payload, context=ROTATION_CONTEXT)
    step = Step(rotation.old, rotation.new, parse_scalar(scalar))
    locked = ledger.locker("rotation").lock(scalar, label=rotation_label(step.new))
    async with ledger.database.transaction() as tx:
        await store_rotation.begin(tx, StepRow(step.old, step.new, locked))
        await _journal(ledger, tx, "rotation-begun", version=step.new)
    return step


async def _complete(
    ledger: Ledger, caller: Caller, step: Step, limit: int, progress: Callable[[int], None]
) -> int:
    count = 0
    for table in store_rotation.TABLES:
        after: str | bytes | None = table.first
        while after is not None:
            after, moved = await _carry(ledger, table, after, limit)
            count += moved
            progress(count)
    await caller.call(PARTY, ROTATED_PATH, Rotated(step.new), Received)
    now = ledger.clock.now()
    async with ledger.database.transaction() as tx:
        if await store_rotation.finish(tx, step.new, legal_day(now)):
            await _journal(ledger, tx, "rotation-finished", version=step.new)
    return count


async def _carry(
    ledger: Ledger, table: Table, after: str | bytes, limit: int
) -> tuple[str | bytes | None, int]:
    """Carry one stretch; returns where the next begins (None at the end) and how many moved."""
    async with ledger.database.transaction() as tx:
        steps = await held_steps(ledger, tx)
        rows = await store_rotation.stretch(tx, table, after, limit)
        codes = await asyncio.to_thread(lambda: [_code(row, steps) for row in rows])
        moved = [
            (row, (code.version, bytes(code.code)))
            for row, code in zip(rows, codes, strict=True)
            if code.version != row.version
        ]
        if moved:
            await store_rotation.replace(
                tx, table, [r.key for r, _ in moved], [c for _, c in moved]
            )
            # Two ends may meet under one version only now, so they are compared now. Where there
            # are none, nobody waits: who compares ends may wait for a chain that is locked here.
            if permits := [row.permit for row, _ in moved if row.permit]:
                await service.compare_ends(ledger, tx, permits)
            await _journal(ledger, tx, "codes-carried", codes=len(moved))
    return (rows[-1].key if rows else None), len(moved)


def _code(row: CodeRow, steps: list[Step]) -> Coded:
    return carried(Coded(row.version, Point(bytes(row.person))), steps)


async def _journal(ledger: Ledger, tx: journal.Tx, act: str, **counts: int) -> None:
    line = journal.JournalLine(act=act, actor=ledger.keys.party, detail=dict(counts))
    await journal.write(tx, line, at=ledger.clock.now())
