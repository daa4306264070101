"""Whose each change of a row was, in every table: the room's own, or somebody else's (decision 0018).

(1) The server hands out what was committed since the last look: numbers of transactions, their tables
    and messages, no row.
(2) A transaction without a message that only the room can leave behind (`vouching`) was not the room's.
(3) What was found is told before the server may forget the rest (`done`), and up to where was seen is
    written down under the room's seal: whoever moves the server's place is found out.
(4) Triggers, rules and functions run in the room's own name, so whoever changes one, or a table's
    form, is told of while a process of the room runs, unless a migration did.
Not seen: what is done without a row being written and leaves the form as it was.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import attrs

from kumihimo.kernel import store_watched
from kumihimo.kernel.sql import Database
from kumihimo.kernel.store_watched import Act, Form, Server, Slot
from kumihimo.kernel.vouching import Voucher

FAR: Final = (
    1 << 24
)  # our choice, in bytes: what a server keeps for a room in which nothing happens
AHEAD: Final = 1 << 26  # our choice, in bytes: what a server writes while it begins
AT_ONCE: Final = 50_000  # our choice: changes that one look takes, some tenths of a second

Unseen = Literal["rows-unvouched", "form-changed", "watch-lost", "watch-moved", "watch-changed"]


@attrs.frozen
class Foreign:
    """What was not the room's: a table's rows, by a transaction; or the watch itself, at a place."""

    what: Unseen
    number: int
    table: str = ""


@attrs.define(kw_only=True)
class Watching:
    """Looks who wrote into a room's database. `seen_at`: when it had last seen everything."""

    database: Database
    at_once: int = AT_ONCE
    seen_at: datetime | None = attrs.field(init=False, default=None)
    _publication: str | None = attrs.field(init=False, default=None)
    _form: Form | None = attrs.field(init=False, default=None)
    _until: int | None = attrs.field(init=False, default=None)
    _anew: bool = attrs.field(init=False, default=False)
    _begins: bool = attrs.field(init=False, default=False)
    _more: bool = attrs.field(init=False, default=False)

    async def look(self, now: datetime) -> list[Foreign]:
        """Return what was not the room's since `done` was called."""
        voucher = self.database.voucher
        if voucher is None:
            return []
        async with self.database.transaction() as tx:
            server = await store_watched.server(tx)
            # The place first: another process writes down where it is before it moves.
            slot = await store_watched.slot(tx) if server.can else None
            kept = await store_watched.kept(tx)
            form = await store_watched.form(tx) if server.can else None
        self.database.vouches = server.can
        if not server.can:
            self.seen_at = None
            return [] if kept is None else [Foreign("watch-lost", kept.place)]
        found = [*self._changed(server), *self._formed(form, server.place)]
        if slot is None or slot.lost:
            self._begins = True
            # Ahead of the server is only who was ended while it began.
            if kept is not None and kept.place <= server.place:
                found.append(Foreign("watch-lost", kept.place))
            return found
        if kept is None or kept.place < slot.place or not voucher.sealed(kept.place, kept.seal):
            self._anew = True
            found.append(Foreign("watch-moved", slot.place))
        return found + await self._read(voucher, slot, now)

    async def done(self) -> bool:
        """Write down what was seen, now that it was told; says whether there is more to see."""
        voucher, until = self.database.voucher, self._until
        if voucher is not None and self._begins:
            await self._begin(voucher)
            return True
        if voucher is None or until is None:
            return False
        async with self.database.transaction() as tx:
            await store_watched.keep(tx, until, voucher.seal(until), anew=self._anew)
        await store_watched.done(self.database, until)
        self._until, self._anew = None, False
        return self._more

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

    async def _begin(self, voucher: Voucher) -> None:
        """Have the server keep its log. Who is ended in between has moved nothing: it is ahead of it."""
        async with self.database.transaction() as tx:
            ahead = (await store_watched.server(tx)).place + AHEAD
            await store_watched.keep(tx, ahead, voucher.seal(ahead), anew=True)
        if await store_watched.begin(self.database):
            async with self.database.transaction() as tx:
                slot = await store_watched.slot(tx)
                assert slot is not None, "it was just made"
                await store_watched.keep(tx, slot.place, voucher.seal(slot.place), anew=True)
        self._begins = False

    async def _read(self, voucher: Voucher, slot: Slot, now: datetime) -> list[Foreign]:
        acts = await store_watched.seen(self.database, self.at_once)
        if not acts:
            return []
        last = acts.pop()
        self._more = bool(last.more)
        until = max(last.until or 0, slot.place)
        # What was seen is itself written down: that alone is no reason to write again.
        others = any(act.tables != ["watched"] for act in acts)
        found = foreign(voucher, acts)
        if others or found or self._anew or self._more or until - slot.place > FAR:
            self._until = until
        if not self._more:
            self.seen_at = now
        return found


def foreign(voucher: Voucher, acts: Sequence[Act]) -> list[Foreign]:
    """Return which tables were written into by whoever is not the room, each by its first transaction."""
    found: dict[str, Foreign] = {}
    for act in acts:
        assert act.transaction is not None, "only the last row has none"
        if any(voucher.is_ours(act.transaction, one) for one in act.messages or ()):
            continue
        for table in act.tables or ():
            found.setdefault(table, Foreign("rows-unvouched", act.transaction, table))
    return list(found.values())
