"""A person's records in the words of the Estonian data tracker, for a program that speaks them.

The same records by the same rules as in her history: what is hidden is absent, from the list and
from the count.
"""

from datetime import datetime

import attrs
from typing_extensions import override

from kumihimo.kernel import journal
from kumihimo.kernel.tracker import (
    FindUsageResponse,
    Usage,
    UsesAsked,
    UsesReader,
    user_code,
)
from kumihimo.rooms.ledger import sessions, store, store_tracker
from kumihimo.rooms.ledger.context import Ledger, reading
from kumihimo.rooms.ledger.service import reader_of
from kumihimo.rooms.ledger.sessions import Person
from kumihimo.rooms.ledger.store import MineRow, Wanted
from kumihimo.statute.usages import usage


@attrs.frozen
class Herself(UsesReader):
    """A session's person at the data tracker's doors."""

    ledger: Ledger
    person: Person

    @property
    @override
    def user_code(self) -> str:
        return user_code(self.person.token.reveal())

    @override
    async def find(self, asked: UsesAsked) -> FindUsageResponse:
        ledger, now = self.ledger, self.ledger.clock.now()
        wanted = Wanted(since=asked.since, until=asked.until, skip=asked.skip, limit=asked.limit)
        async with reading(ledger, self.person.code) as (tx, codes):
            reader = reader_of(ledger, codes)
            total = await store_tracker.how_many(tx, reader, wanted)
            rows = await store.mine(tx, reader, wanted)
            line = journal.JournalLine(
                act="usage-found", actor="person", detail={"rows": len(rows)}
            )
            await journal.write(tx, line, at=now)
        return FindUsageResponse(total_usages=total, usages=tuple(map(_usage, rows)))

    @override
    async def kept_since(self) -> datetime:
        async with self.ledger.database.transaction() as tx:
            return await store_tracker.kept_since(tx, self.ledger.clock.now())


async def let_in(ledger: Ledger, authorization: str) -> UsesReader:
    """Return whoever shows a session's token; raises `NotAuthentic`."""
    return Herself(ledger, await sessions.authenticate(ledger, authorization))


def _usage(row: MineRow) -> Usage:
    return usage(
        requested_at=row.requested_at,
        affair=row.affair,
        outcome=row.outcome,
        receiver=row.requester,
    )
