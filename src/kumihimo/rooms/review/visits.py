"""Who is at the desk, in its database: several processes share it, a restart signs nobody out."""

from typing import Final

import attrs

from kumihimo.kernel.refusal import TooMany
from kumihimo.pages.officers import LOCKED_FOR, TRIES, Officers
from kumihimo.pages.stored import lock_content, open_visit, token_hash
from kumihimo.pages.visits import VISIT_FOR, Visit
from kumihimo.rooms.review import store_visits as store
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.store_visits import VisitRow

_ENTRY: Final = b"entry"


@attrs.frozen
class StoredVisits:
    """`pages.visits.Visits` in the database; what a visit keeps stands locked.

    An officer who is no longer in the file, or has another passcode or role in it, is nobody's
    visit any more.
    """

    desk: Desk
    officers: Officers

    async def find(self, token: str) -> Visit | None:
        """Return a visit that goes on, and let it go on."""
        now = self.desk.clock.now()
        async with self.desk.database.transaction() as tx:
            await store.may_be_lost(tx)  # each page goes through here, twice
            row = await store.go_on(tx, token_hash(token), until=now + VISIT_FOR, at=now)
            if row is None:
                return None
            if bytes(row.entry_tag) != self._entry(row.officer):
                await store.end(tx, bytes(row.token_hash))
                return None
        return open_visit(
            self.desk.locker,
            bytes(row.content_locked),
            token=token,
            who=row.officer,
            role=self.officers.roles.get(row.officer, ""),
        )

    async def begin(self, visit: Visit) -> None:
        """Write a new visit down."""
        row = VisitRow(
            token_hash=token_hash(visit.token),
            officer=visit.who,
            entry_tag=self._entry(visit.who),
            content_locked=lock_content(self.desk.locker, visit),
            until=self.desk.clock.now() + VISIT_FOR,
        )
        async with self.desk.database.transaction() as tx:
            await store.add(tx, row)

    async def keep(self, visit: Visit) -> None:
        """Write down what changed; one that was ended meanwhile stays so."""
        locked = lock_content(self.desk.locker, visit)
        async with self.desk.database.transaction() as tx:
            await store.may_be_lost(tx)
            await store.keep(tx, token_hash(visit.token), locked)

    async def end(self, token: str) -> None:
        """End a visit."""
        async with self.desk.database.transaction() as tx:
            await store.end(tx, token_hash(token))

    async def end_of(self, who: str) -> None:
        """End every visit of somebody."""
        async with self.desk.database.transaction() as tx:
            await store.end_of(tx, who)

    def _entry(self, officer: str) -> bytes:
        return self.desk.locker.tag(self.officers.entry(officer), label=_ENTRY)


@attrs.frozen
class StoredTries:
    """`pages.officers.Tries` in the database: as many tries at two processes as at one."""

    desk: Desk

    async def spend(self, officer: str) -> None:
        """Count a try. Raises `TooMany`."""
        now = self.desk.clock.now()
        async with self.desk.database.transaction() as tx:
            over = now - LOCKED_FOR
            if not await store.spend_try(tx, officer, most=TRIES, over=over, at=now):
                raise TooMany

    async def forget(self, officer: str) -> None:
        """Begin anew."""
        async with self.desk.database.transaction() as tx:
            await store.forget_tries(tx, officer)


async def forget_over(desk: Desk) -> int:
    """Drop visits and tries that are over; returns how many rows."""
    now = desk.clock.now()
    async with desk.database.transaction() as tx:
        return await store.forget_over(tx, at=now, tries_until=now - LOCKED_FOR)
