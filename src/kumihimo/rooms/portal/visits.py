"""Visits of browsers in the portal's database: several processes share them, a restart ends none."""

import hashlib
from datetime import datetime
from typing import Final

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.pages.stored import changed, lock_content, open_visit, token_hash
from kumihimo.pages.visits import Visit
from kumihimo.rooms.portal import store_visits as store
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.domain import limits
from kumihimo.rooms.portal.domain.limits import Span
from kumihimo.rooms.portal.store_visits import VisitRow

PRESENCE: Final = "presence"  # in `kept`: what a shared terminal proves with that the card is there


@attrs.frozen
class StoredVisits:
    """`pages.visits.Visits` in the database; what a visit keeps stands locked.

    Of pages of one visit that come at once, one lets it last on.
    """

    portal: Portal
    _moving: set[bytes] = attrs.field(init=False, factory=set[bytes])

    async def find(self, token: str) -> Visit | None:
        """Return a visit that goes on, and let it go on."""
        now = self.portal.clock.now()
        row = await store.find(self.portal.database, token_hash(token))
        if row is None:
            return None
        span = _span(row)
        if not limits.goes_on(span, now):
            await self.end(token)
            return None
        until = limits.after_request(span, now)
        if until != span.until and not await self._go_on(row, until):
            return await self.find(token)
        return self._visit(token, row)

    async def begin(self, visit: Visit) -> None:
        """Write a new visit down."""
        now = self.portal.clock.now()
        async with self.portal.database.transaction() as tx:
            await store.add(tx, self._row(visit, now))

    async def keep(self, visit: Visit) -> None:
        """Write down what changed, if anything did; one that was ended meanwhile stays so."""
        if not changed(visit):
            return
        await store.keep(self.portal.database, token_hash(visit.token), self._locked(visit))

    async def share(self, visit: Visit) -> None:
        """Make it the visit of a shared terminal: short, and over when the card is taken out."""
        async with self.portal.database.transaction() as tx:
            await store.share(tx, self._row(visit, self.portal.clock.now()))

    async def end(self, token: str) -> None:
        """End a visit."""
        async with self.portal.database.transaction() as tx:
            await store.end(tx, token_hash(token))

    async def end_of(self, who: str) -> None:
        """End every visit of somebody."""
        async with self.portal.database.transaction() as tx:
            await store.end_of(tx, who)

    async def _go_on(self, row: VisitRow, until: datetime) -> bool:
        """Let a visit last on; False where it is not what it was: ended, or a shared terminal's by now."""
        name = bytes(row.token_hash)
        if name in self._moving:
            return True
        self._moving.add(name)
        try:
            return await store.go_on(self.portal.database, row, until)
        finally:
            self._moving.discard(name)

    def _row(self, visit: Visit, now: datetime) -> VisitRow:
        presence = visit.kept.get(PRESENCE, "")
        span = limits.begun(now, shared=bool(presence))
        return VisitRow(
            token_hash=token_hash(visit.token),
            account=visit.who or None,
            content_locked=self._locked(visit),
            presence_hash=bytes.fromhex(presence) if presence else None,
            begun_at=now,
            until=span.until,
            ends_at=span.ends_at,
            lease_until=span.lease_until,
        )

    def _locked(self, visit: Visit) -> bytes:
        return lock_content(self.portal.locker, visit)

    def _visit(self, token: str, row: VisitRow) -> Visit:
        locked = bytes(row.content_locked)
        return open_visit(self.portal.locker, locked, token=token, who=row.account or "")


def keep_with(portal: Portal, tx: Tx, visit: Visit) -> None:
    """Write down what a visit keeps together with what made it change; `was_stored` says that it is.

    So of the two none is without the other, and the database is asked once.
    """
    locked = lock_content(portal.locker, visit)
    store.keep_with(tx, token_hash(visit.token), locked)


async def still_there(portal: Portal, presence: bytes) -> bool:
    """Take the word of a shared terminal that the card is in its reader; False when it is over."""
    now = portal.clock.now()
    async with portal.database.transaction() as tx:
        return await store.lease(tx, presence, now + limits.LEASE_FOR, now)


async def taken_out(portal: Portal, presence: bytes) -> None:
    """End the visit whose card was taken out of a shared terminal."""
    async with portal.database.transaction() as tx:
        ended = await store.removed(tx, presence)
        if ended:
            await portal.journal(tx, "card-removed", visits=ended)


def presence_hash(secret: bytes) -> bytes:
    """Return what a terminal's secret is known by."""
    return hashlib.sha256(b"kumihimo presence " + secret).digest()


def _span(row: VisitRow) -> Span:
    return Span(row.until, row.ends_at, row.lease_until)
