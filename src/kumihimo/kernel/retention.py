"""Forgetting what was kept long enough. Each room's database says how long, and for which law.

A room's role may not delete a record. Its owner leaves a function behind, `forget_expired`, that
deletes only what the table `retention` calls old: by the room's clock and by the database's own.
"""

from typing import Final

import attrs

from kumihimo.kernel import journal
from kumihimo.kernel.clock import Clock
from kumihimo.kernel.sql import Database

AT_ONCE: Final = 10_000  # rows of a kind in one transaction: some tenths of a second


@attrs.frozen
class _Gone:
    """How many rows of one kind were forgotten."""

    what: str
    gone: int


async def forget(
    database: Database,
    *,
    clock: Clock,
    actor: str,
    institution: str = "",
    at_once: int = AT_ONCE,
) -> int:
    """Forget what is over its time, with one line in the journal; returns how many rows went."""
    now = clock.now()
    async with database.transaction(institution=institution) as tx:
        rows = await tx.rows(
            "SELECT what, gone FROM forget_expired(%(at)s, %(most)s)",
            {"at": now, "most": at_once},
            _Gone,
        )
        detail = {row.what: row.gone for row in rows if row.gone}
        if detail:
            line = journal.JournalLine(act="forgotten-by-age", actor=actor, detail=detail)
            await journal.write(tx, line, at=now)
    return sum(detail.values())
