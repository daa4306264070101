"""Rows that a room only adds: whoever changes one or takes one out is told of, whatever room it is."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from tests.federation.street import START

import kumihimo
from kumihimo.kernel.anchoring import Anchoring
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.health import Watch
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.migrations import APPEND_ONLY, KEPT
from kumihimo.kernel.sql import Database
from kumihimo.kernel.touching import NEVER_LESS

SOURCE = Path(kumihimo.__file__).parent
ROOMS = sorted(one.parent.parent.name for one in SOURCE.glob("rooms/*/migrations/0001_*"))
KEYS = PartyKeys("linkage", new_master(SystemEntropy()))


class Room:
    """A room's database with a row in each table that is watched, and a superuser's way in."""

    def __init__(self, postgres, name, database):
        self.admin = psycopg.connect(postgres.admin(f"kumihimo_{name}").reveal(), autocommit=True)
        self.admin.execute("SET session_replication_role = replica")
        self.database = database
        self.clock = HandClock(START)
        self.told = []
        self.anchoring = Anchoring(
            room="linkage",
            database=database,
            keys=KEYS,
            clock=self.clock,
            send=None,
            tell=self.tell,
        )

    async def tell(self, _, kind):
        self.told.append(kind)

    async def look(self):
        """Look as ten seconds later; returns the tables that were found at this look."""
        known = set(self.anchoring.found)
        self.clock.advance(timedelta(seconds=10))
        await self.anchoring.run_once()
        return {one.table or "journal" for one in set(self.anchoring.found) - known}

    def superuser(self, statement, *names):
        written = sql.SQL(statement).format(*map(sql.Identifier, names))
        self.admin.execute(written)
        self.admin.execute("SELECT pg_stat_force_next_flush()")  # or it counts a moment later

    def tables(self):
        found = self.admin.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition"
        ).fetchall()
        return {name for (name,) in found}

    def fill(self, table):
        """Put a row in, of nothing but what stands there by itself; returns one of its columns."""
        for (name,) in self.admin.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype <> 'n'",
            (table,),
        ).fetchall():
            self.superuser("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {} CASCADE", table, name)
        columns = self.admin.execute(
            "SELECT attname, attidentity <> '' FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            (table,),
        ).fetchall()
        plain = [name for name, identity in columns if not identity]
        for name in plain:
            self.superuser("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", table, name)
        if "month" in plain and "exchange" in self.tables():
            self.admin.execute("SELECT keep_month('2026-05-01')")
            self.superuser("INSERT INTO {} (month) VALUES ('2026-05-01')", table)
        else:
            self.superuser("INSERT INTO {} DEFAULT VALUES", table)
        return plain[0]


@pytest.fixture
def in_room(new_room, postgres):
    def run(room, story):
        async def whole():
            name, reached = new_room(room)
            database = Database(reached.runtime, pool_max=2)
            await database.open()
            of_room = Room(postgres, name, database)
            try:
                await story(of_room)
            finally:
                of_room.admin.close()
                await database.close()

        asyncio.run(whole())

    return run


@pytest.mark.parametrize("room", ROOMS)
def test_a_superuser_who_changes_or_takes_out_a_row_is_told_of_by_its_table(in_room, room):
    async def story(of_room):
        added = sorted((APPEND_ONLY - {"journal"}) & of_room.tables())
        columns = {table: of_room.fill(table) for table in added}
        assert await of_room.look() == set(), "what was before is the beginning"
        for table, column in columns.items():
            of_room.superuser("UPDATE {} SET {} = {}", table, column, column)
            assert await of_room.look() == {table}
        for table in sorted((NEVER_LESS - {"journal"}) & of_room.tables()):
            if table not in columns:
                of_room.fill(table)
            assert await of_room.look() == set(), f"a row that is added to {table} is none"
            of_room.superuser("DELETE FROM {}", table)
            assert await of_room.look() == {table}
        assert set(of_room.told) == {"rows-touched"}

    in_room(room, story)


def test_what_the_room_itself_may_change_or_forget_is_no_finding(in_room):
    async def story(of_room):
        assert await of_room.look() == set()
        for table in ("strict_inquiry", "kept_statement"):
            column = of_room.fill(table)
        of_room.superuser("UPDATE {} SET {} = {}", "kept_statement", column, column)
        of_room.superuser("DELETE FROM {}", "strict_inquiry")
        assert await of_room.look() == set()

    in_room("register", story)


def test_a_second_touch_is_told_again_and_the_health_names_the_table(in_room):
    async def story(of_room):
        column = of_room.fill("strict_inquiry")
        await of_room.look()
        for _ in range(2):
            of_room.superuser("UPDATE {} SET {} = {}", "strict_inquiry", column, column)
            assert await of_room.look() == {"strict_inquiry"}
            assert await of_room.look() == set()
        assert of_room.told == ["rows-touched", "rows-touched"]
        watch = Watch(
            room="register",
            database=of_room.database,
            clock=of_room.clock,
            looks=(of_room.anchoring.look,),
        )
        health = await watch.health()
        assert health.state == "damaged"
        assert {one.what for one in health.broken} == {"rows-touched strict_inquiry"}
        async with of_room.database.transaction() as tx:
            lines = await tx.connection.execute("SELECT act, detail FROM journal ORDER BY seq")
            assert await lines.fetchall() == [
                (
                    "rows-touched",
                    f'{{"rows":{rows},"table":"strict_inquiry","what":"rows-touched"}}',
                )
                for rows in (1, 2)
            ]

    in_room("register", story)


def test_a_table_is_watched_for_what_goes_unless_rows_go_by_themselves():
    """By age, or because another was quicker to bring the same row, which counts as one that went."""
    gone, raced = set(), set()
    for file in (*SOURCE.rglob("*.sql"), *SOURCE.rglob("*.py")):
        text = re.sub(r'"\s*\n\s*f?"', "", file.read_text())
        insert = r'INSERT INTO (\w+)(?:(?!INSERT INTO|\n\n)[^"])*?ON CONFLICT'
        raced.update(re.findall(insert, text))
        gone.update(re.findall(r"DELETE FROM (\w+)", text))
    by_age = (SOURCE / "rooms/jpki/migrations/0005_retention.pre.sql").read_text()
    gone.update(re.findall(r"^    \('(\w+)'", by_age, re.MULTILINE))
    assert {"exchange", "strict_inquiry"} < raced, "the pattern finds them"
    assert {"evidence", "lookup"} < gone
    assert (APPEND_ONLY | set(KEPT)) - gone - raced == NEVER_LESS
