"""A server that tells who wrote, a room's process on it, and a superuser who goes around the room."""

import asyncio
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg import sql
from tests.databases import own_server
from tests.federation.street import START

import kumihimo
from kumihimo.kernel.anchoring import Anchoring
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.kernel.vouching import Voucher

SOURCE = Path(kumihimo.__file__).parent
ROOMS = sorted(one.parent.parent.name for one in SOURCE.glob("rooms/*/migrations/0001_*"))
KEYS = PartyKeys("linkage", new_master(SystemEntropy()))
# What a look itself reads and writes cannot hold rows of nothing.
NEEDED = {"journal", "journal_head", "journal_anchor", "watched"}


class Process:
    """One process of a room: its connections, and what it found and told."""

    def __init__(self, reached, clock):
        self.database = Database(reached.runtime, pool_max=3).vouched(Voucher.of(KEYS))
        self.clock = clock
        self.told = []
        self.oversight_silent = False
        self.anchoring = Anchoring(
            room="linkage",
            database=self.database,
            keys=KEYS,
            clock=clock,
            send=None,
            tell=self.tell,
        )

    async def tell(self, _, kind):
        if self.oversight_silent:
            raise Unavailable
        self.told.append(kind)

    async def look(self):
        """Look as ten seconds later; returns what was found new, without the server's count."""
        known = set(self.anchoring.found)
        self.clock.advance(timedelta(seconds=10))
        while await self.anchoring.run_once():
            pass
        new = set(self.anchoring.found) - known
        return {(one.what, one.table) for one in new if one.counts in {"transaction", "place"}}

    async def tables(self):
        """Look, and return the tables into which somebody else wrote."""
        found = await self.look()
        assert {what for what, _ in found} <= {"rows-unvouched"}
        return {table for _, table in found}


class Room:
    """A room's database. `superuser` changes what he likes, and no trigger of the room's fires."""

    def __init__(self, server, name, reached):
        self.server = server
        self.reached = reached
        self.clock = HandClock(START)
        self.name = name
        self.opened = []
        self.admin = self.enter()

    def enter(self):
        """Return a way in for the superuser, of whose transactions no trigger of the room knows."""
        admin = psycopg.connect(
            self.server.admin(f"kumihimo_{self.name}").reveal(), autocommit=True
        )
        admin.execute("SET session_replication_role = replica")
        return admin

    async def process(self):
        one = Process(self.reached, self.clock)
        await one.database.open()
        self.opened.append(one.database)
        return one

    def superuser(self, statement, *names):
        return self.admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def tables(self, logged="p"):
        found = self.admin.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition AND relpersistence = %s"
            " ORDER BY relname",
            (logged,),
        ).fetchall()
        return [name for (name,) in found]

    def takes_anything(self, table):
        """Have a table take rows of nothing; returns a column, and one that is an instant."""
        for (name,) in self.admin.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype <> 'n'",
            (table,),
        ).fetchall():
            self.superuser("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {} CASCADE", table, name)
        columns = self.admin.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''",
            (table,),
        ).fetchall()
        for name, _ in columns:
            self.superuser("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", table, name)
        for part in self.parts(table):
            self.superuser("ALTER TABLE {} REPLICA IDENTITY FULL", part)
        at = [name for name, kind in columns if kind == "timestamp with time zone"]
        return columns[0][0], at[0] if at else None

    def parts(self, table):
        found = self.admin.execute(
            "SELECT relname FROM pg_class WHERE oid = %(table)s::regclass"
            " UNION SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = %(table)s::regclass",
            {"table": table},
        )
        return [name for (name,) in found]

    def insert(self, table):
        if len(self.parts(table)) > 1:
            self.superuser("INSERT INTO {} (month) VALUES ('2026-05-01')", table)
        else:
            self.superuser("INSERT INTO {} DEFAULT VALUES", table)

    async def lives(self, story):
        try:
            await story(self)
        finally:
            for database in self.opened:
                await database.close()
            self.admin.close()


@contextmanager
def telling_server():
    """Run a server that tells who wrote, of what it has written down: at once, as a durable one does."""
    with own_server(watched=True) as server:
        with psycopg.connect(server.admin("postgres").reveal(), autocommit=True) as admin:
            admin.execute("ALTER ROLE ALL SET synchronous_commit = on")
        yield server


@contextmanager
def in_rooms(databases, server):
    """Give what runs a story in a room's database of its own on a server that tells who wrote."""
    with databases.lent() as make:

        def run(room, story):
            asyncio.run(Room(server, *make(room)).lives(story))

        yield run
        admin = psycopg.connect(server.admin("postgres").reveal(), autocommit=True)
        with admin:  # of a database that is watched none can be dropped
            admin.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
