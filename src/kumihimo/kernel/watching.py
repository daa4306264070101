"""Whose each change of a row was, in every table: the room's own, or somebody else's (decision 0018).

(1) The server hands out what was committed since the last look: numbers of transactions, their tables
    and messages, no row.
(2) A transaction without a message that only the room can leave behind (`vouching`) was not the room's.
(3) What was found is told before the server may forget the rest (`done`), and up to where was seen is
    written down under the room's seal: whoever moves the server's place is found out.
    Of a server that took the place of the one that was asked, nothing is written down: what was seen
    there may be something else here. The next look begins where the last one ended that stands here.
(4) Triggers, rules and functions run in the room's own name, so whoever changes one, or a table's
    form, is told of while a process of the room runs, unless a migration did. Whoever has the server
    fail at what is asked is told of, too.
Not seen: what is done without a row being written and leaves the form as it was.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import attrs
import psycopg

from kumihimo.kernel import store_watched
from kumihimo.kernel.sql import Database
from kumihimo.kernel.store_watched import Act, Form, Kept, Server, Slot
from kumihimo.kernel.vouching import Voucher

# Our choice: so often the server may forget, though nothing happened. Who stands by to take its place
# takes a slot along once it was moved since.
OFTEN: Final = timedelta(minutes=1)
AHEAD: Final = 1 << 26  # our choice, in bytes: what a server writes while it begins
AT_ONCE: Final = 50_000  # our choice: changes that one look takes, some tenths of a second

Unseen = Literal[
    "rows-unvouched", "form-changed", "watch-lost", "watch-moved", "watch-changed", "watch-broken"
]


@attrs.frozen
class Foreign:
    """What was not the room's: a table's rows, by a transaction; or the watch itself, at a place."""

    what: Unseen
    number: int
    table: str = ""


@attrs.frozen
class _Asked:
    """What a look was told first."""

    server: Server
    slot: Slot | None
    kept: Kept | None
    form: Form | None


@attrs.frozen
class _End:
    """Up to where a look came, None where the watch begins; on which timeline and after which look.

    `more`: there is more to see. `at`: when it looked.
    """

    timeline: str
    before: int | None
    until: int | None = None
    more: bool = False
    at: datetime | None = None


@attrs.define(kw_only=True)
class Watching:
    """Looks who wrote into a room's database. `seen_at`: when it had last seen everything."""

    database: Database
    at_once: int = AT_ONCE
    seen_at: datetime | None = attrs.field(init=False, default=None)
    _publication: str | None = attrs.field(init=False, default=None)
    _form: Form | None = attrs.field(init=False, default=None)
    _sees: bool = attrs.field(init=False, default=False)
    _place: int = attrs.field(init=False, default=0)
    _broken: bool = attrs.field(init=False, default=False)
    _ended_at: datetime | None = attrs.field(init=False, default=None)
    _ends: _End | None = attrs.field(init=False, default=None)

    async def look(self, now: datetime) -> list[Foreign]:
        """Return what was not the room's since `done` was called."""
        self._ends = None
        voucher = self.database.voucher
        if voucher is None:
            return []
        try:
            asked = await self._ask()
        except psycopg.Error:
            return self._in_vain()
        self._place = asked.server.place
        self.database.vouches = asked.server.can
        if not asked.server.can:
            return self._lost(voucher, asked.server, asked.kept)
        acts = await self._seen(asked.slot)
        # Nothing is waited for from here on: what one look alone can see is not lost with it.
        changed = [*self._changed(asked.server), *self._formed(asked.form, asked.server.place)]
        return changed + self._told(voucher, asked, acts, now)

    async def _ask(self) -> _Asked:
        async with self.database.transaction() as tx:
            server = await store_watched.server(tx)
            # The place first: another process writes down where it is before it moves.
            slot = await store_watched.slot(tx) if server.can else None
            kept = await store_watched.kept(tx)
            form = await store_watched.form(tx) if server.can else None
        return _Asked(server, slot, kept, form)

    async def _seen(self, slot: Slot | None) -> list[Act] | None:
        """Return what the server tells; None where it is asked in vain."""
        if slot is None or slot.lost:
            return []
        try:
            return await store_watched.seen(self.database, self.at_once)
        except psycopg.Error:
            return None

    def _told(
        self, voucher: Voucher, asked: _Asked, acts: list[Act] | None, now: datetime
    ) -> list[Foreign]:
        """Say who wrote, and take note up to where was seen."""
        slot, kept, timeline = asked.slot, asked.kept, asked.server.timeline
        before = None if kept is None else kept.place
        if slot is None or slot.lost:
            self._ends = _End(timeline, before)
            return self._lost(voucher, asked.server, kept)
        told = self._moved(voucher, slot, kept)
        if acts is None:
            return told + self._in_vain()
        self._broken = False
        if not acts:
            return told
        last = acts.pop()
        until, more = max(last.until or 0, slot.place), bool(last.more)
        told += foreign(voucher, acts)
        if told or more or self._worth_an_end(acts, kept, now):
            self._ends = _End(timeline, before, until, more, now)
        if not more:
            self.seen_at = now
        return told

    async def done(self) -> bool:
        """Write down what was seen, now that it was told; says whether there is more to see."""
        voucher, ends = self.database.voucher, self._ends
        self._ends = None
        if voucher is None or ends is None:
            return False
        async with self.database.transaction() as tx:
            # Who is ended while it begins has moved nothing: what it wrote is ahead of the server.
            until = ends.until or (await store_watched.server(tx)).place + AHEAD
            kept = Kept(until, voucher.seal(until), ahead=ends.until is None)
            if not await store_watched.keep(tx, kept, before=ends.before, timeline=ends.timeline):
                return False
        if ends.until is None:
            await store_watched.begin(self.database)
            return True
        await store_watched.done(self.database, until)
        self._sees, self._ended_at = True, ends.at
        return ends.more

    def _in_vain(self) -> list[Foreign]:
        """Say, once while it lasts, that the server refuses what is asked, or fails at it.

        Somebody changed a function, or rights. A server that is away or busy is `Unavailable`.
        """
        before, self._broken = self._broken, True
        return [] if before else [Foreign("watch-broken", self._place)]

    def _lost(self, voucher: Voucher, server: Server, kept: Kept | None) -> list[Foreign]:
        """Say from where on nobody watches, if anybody did."""
        saw, self._sees, self.seen_at = self._sees, False, None
        if not saw and (kept is None or _begins(voucher, kept)):
            return []
        return [Foreign("watch-lost", server.place if kept is None else kept.place)]

    def _moved(self, voucher: Voucher, slot: Slot, kept: Kept | None) -> list[Foreign]:
        """Find out who let the server forget, or wrote down something else than the room did."""
        if kept is not None and not self._sees and _begins(voucher, kept):
            return []
        self._sees = True
        if (
            kept is None
            or kept.ahead
            or kept.place < slot.place
            or not voucher.sealed(kept.place, kept.seal)
        ):
            return [Foreign("watch-moved", slot.place)]
        return []

    def _worth_an_end(self, acts: Sequence[Act], kept: Kept | None, now: datetime) -> bool:
        # What was seen is itself written down: that alone is no reason to write again at once.
        others = any(act.tables != ["watched"] for act in acts)
        late = self._ended_at is None or now - self._ended_at >= OFTEN
        return others or late or (kept is not None and kept.ahead)

    def _changed(self, server: Server) -> list[Foreign]:
        """Find out who had the server tell of fewer tables, if only for a while."""
        before, self._publication = self._publication, server.publication or ""
        if before == self._publication or (before is None and server.publication):
            return []
        return [Foreign("watch-changed", int((server.publication or "0 0").split()[1]))]

    def _formed(self, form: Form | None, place: int) -> list[Foreign]:
        """Find out who changed what tables are made of, but for migrations, which are rows themselves."""
        before, self._form = self._form, form
        if before is None or form is None or before == form or before.migrations != form.migrations:
            return []
        return [Foreign("form-changed", place)]


def _begins(voucher: Voucher, kept: Kept) -> bool:
    """Say whether somebody of the room was ended while it began: ahead of the server is nobody else."""
    return kept.ahead and voucher.sealed(kept.place, kept.seal)


def foreign(voucher: Voucher, acts: Sequence[Act]) -> list[Foreign]:
    """Return which tables were written into by whoever is not the room, each by its last commit.

    What was told before may be seen again, and before what is new: the first would hide that.
    """
    found: dict[str, Foreign] = {}
    for act in sorted(acts, key=lambda act: act.until or 0):
        assert act.transaction is not None, "only the last row has none"
        if any(voucher.is_ours(act.transaction, one) for one in act.messages or ()):
            continue
        for table in act.tables or ():
            found[table] = Foreign("rows-unvouched", act.transaction, table)
    return list(found.values())
