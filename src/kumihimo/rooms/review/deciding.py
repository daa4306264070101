"""What a decision does: the values go, and the gateway is told where the link changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway.business import Attributes
from kumihimo.rooms.review import sides, store, store_effects
from kumihimo.rooms.review.api import Answer, EffectKind
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.domain import answers
from kumihimo.rooms.review.sides import Correction
from kumihimo.rooms.review.store import ItemRow, LookRow

SETTLE_AT_ONCE: Final = 100  # items in one transaction


async def decide(
    desk: Desk, tx: Tx, row: ItemRow, looks: Sequence[LookRow], *, at: datetime
) -> None:
    """Close an item as its last look says, and tell the gateway what follows for the link."""
    last = looks[-1]
    decision = Answer(last.answer)
    for kind in answers.told(decision, suspended=row.suspended):
        locked = _correction(desk, row, last) if kind is EffectKind.CORRECT else None
        await store_effects.ask(tx, row, kind, correction=locked, at=at)
    await store.close(tx, row, decision, looks=len(looks), on=desk.today())
    await store.forget_numbers(tx, row.item)


def _correction(desk: Desk, row: ItemRow, look: LookRow) -> bytes | None:
    """Return what the gateway needs for the right number, locked; None when nobody knows it."""
    if look.number_locked is None:
        return None
    assert row.sides_locked is not None, "an open item has its values"
    label = sides.label("number", row.affair, row.record_id)
    number = desk.locker.unlock(look.number_locked, label=label).decode()
    both = sides.sides(
        desk.locker, row.sides_locked, label=sides.label("sides", row.affair, row.record_id)
    ).reveal()
    correction = Correction(
        number=number,
        attributes=Attributes(
            name=both.own.get("name", ""),
            birth=both.own.get("birth", ""),
            sex=both.own.get("sex", ""),
            address=both.own.get("address", ""),
        ),
    )
    label = sides.label("correction", row.affair, row.record_id)
    return sides.lock(desk.locker, correction, label=label)


async def settle(desk: Desk) -> int:
    """Decide what one person said and can no longer take back; returns how many."""
    at = desk.clock.now()
    async with desk.database.transaction() as tx:
        due = await store.due_answered(tx, at=at, most=SETTLE_AT_ONCE)
        for item in due:
            row = await store.lock_item(tx, item)
            assert row is not None, "it is locked by us"
            await decide(desk, tx, row, await store.looks_at(tx, row), at=at)
        if due:
            await desk.journal(tx, "settled", "desk", items=len(due))
    return len(due)
