"""A room with nothing but a journal, a log that takes one leaf under an id, and a superuser behind both."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from tests.federation.street import START

from kumihimo.kernel import journal
from kumihimo.kernel.anchoring import Anchoring
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.journal import JournalLine
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.refusal import Conflict, Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.kernel.tlog.leaf import Logged

KEYS = PartyKeys("linkage", new_master(SystemEntropy()))


class FakeLog:
    """Takes one leaf under an id for ever, and says where it stands."""

    def __init__(self):
        self.taken = {}
        self.silent = False

    async def send(self, submitted):
        if self.silent:
            raise Unavailable
        [one] = submitted.submissions
        place, leaves = self.taken.setdefault(one.submission, (len(self.taken), one.leaves))
        if leaves != one.leaves:
            raise Conflict
        return Logged((place,))


class Room:
    """A room with nothing but a journal; `superuser` goes around its triggers."""

    def __init__(self, postgres, name, database):
        self.admin = postgres.admin(f"kumihimo_{name}").reveal()
        self.database = database
        self.clock = HandClock(START)
        self.log = FakeLog()
        self.told = []
        self.oversight_silent = False
        self.told_of = lambda: None  # what happens as soon as oversight knows
        self.begin()

    def begin(self, lines_at_once=20_000):
        """Begin as a process does, with nothing in memory."""
        self.anchoring = self.process(lines_at_once)

    def process(self, lines_at_once=20_000):
        return Anchoring(
            room="linkage",
            database=self.database,
            keys=KEYS,
            clock=self.clock,
            send=self.log.send,
            tell=self.tell,
            lines_at_once=lines_at_once,
        )

    async def tell(self, alarm, _):
        if self.oversight_silent:
            raise Unavailable
        self.told.append(alarm)
        self.told_of()

    async def write(self, count=1, **detail):
        for number in range(count):
            at = self.clock.now()
            async with self.database.transaction() as tx:
                line = JournalLine(act="tested", actor="linkage", detail={"n": number, **detail})
                await journal.write(tx, line, at=at)

    async def look(self, times=1):
        """Look, ten seconds apart; returns what was found so far."""
        for _ in range(times):
            self.clock.advance(timedelta(seconds=10))
            await self.anchoring.run_once()
        return {(wrong.what, wrong.seq) for wrong in self.anchoring.found}

    async def rows(self, query):
        async with self.database.transaction() as tx:
            found = await tx.connection.execute(query)
            return await found.fetchall()

    def superuser(self, *statements):
        with psycopg.connect(self.admin) as admin:
            admin.execute("SET session_replication_role = replica")
            for statement in statements:
                admin.execute(statement)
            admin.execute("SELECT pg_stat_force_next_flush()")  # or it counts a moment later

    def forge(self, seq, *, at="at", act="act"):
        """Rewrite a line and every digest behind it, and the head: all of it fits together."""
        self.superuser(
            f"UPDATE journal SET at = {at}, act = {act} WHERE seq = {seq}",
            "DO $$ DECLARE l record; d bytea; BEGIN"
            f" SELECT digest INTO d FROM journal WHERE seq = {seq} - 1;"
            " d := coalesce(d, decode(repeat('00', 32), 'hex'));"
            f" FOR l IN SELECT * FROM journal WHERE seq >= {seq} ORDER BY seq LOOP"
            " d := sha256(d || convert_to('[' || l.seq || ',\"' || to_char(l.at AT TIME ZONE"
            " 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"') || '\",\"' || l.act || '\",\"'"
            " || l.actor || '\",' || l.detail || ']', 'UTF8'));"
            " UPDATE journal SET digest = d WHERE seq = l.seq; END LOOP;"
            " UPDATE journal_head SET digest = d; END $$",
        )


@pytest.fixture
def in_room(new_room, postgres):
    def run(story):
        async def whole():
            name, reached = new_room("linkage")
            database = Database(reached.runtime, pool_max=3)
            await database.open()
            try:
                await story(Room(postgres, name, database))
            finally:
                await database.close()

        asyncio.run(whole())

    return run
