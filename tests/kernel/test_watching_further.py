"""What the watch over who wrote does where the server changed: another leads, or its log is gone."""

import asyncio
import shutil
from contextlib import closing, contextmanager

import psycopg
import pytest
from tests.databases import Databases, own_server
from tests.kernel.watched import Room, telling_server

from kumihimo.kernel.postgres import let_watch
from kumihimo.kernel.watching import OFTEN

INSERT = "INSERT INTO domain (domain) VALUES ('lg-131032')"
PLACES = "SELECT (SELECT place FROM watched), confirmed_flush_lsn - '0/0' FROM pg_replication_slots"


def another_leads(of_room, *, without_slots=False):
    """Go on from what is on the disk as a server that followed does: on a timeline of its own."""
    of_room.admin.close()
    server = of_room.server
    server.stop()
    if without_slots:
        for slot in (server.folder / "data" / "pg_replslot").iterdir():
            shutil.rmtree(slot)
    (server.folder / "data" / "standby.signal").touch()
    server.restart()
    with psycopg.connect(server.admin("postgres").reveal(), autocommit=True) as admin:
        assert admin.execute("SELECT pg_promote()").fetchone() == (True,)
    of_room.admin = of_room.enter()


def places(of_room):
    """Return up to where the room says that it has seen, and up to where the server may forget."""
    [found] = of_room.superuser(PLACES).fetchall()
    return found


def test_of_a_server_that_is_followed_by_another_nothing_that_was_seen_is_left_out_there():
    async def story(of_room):
        process = await of_room.process()
        await process.look()
        of_room.superuser(INSERT)
        before = places(of_room)
        watching = process.anchoring.watching
        seen = await watching.look(of_room.clock.now())
        assert [one.table for one in seen] == ["domain"]
        another_leads(of_room)
        # What the other server has there may be something else.
        assert not await watching.done()
        assert places(of_room) == before
        assert await process.tables() == {"domain"}
        assert places(of_room) > before
        assert await process.look() == set()

    with telling_server() as server, closing(Databases(server)) as databases:
        asyncio.run(Room(server, *databases.make("linkage")).lives(story))


def test_where_another_server_leads_that_took_no_slot_along_it_is_told_that_nobody_watched():
    async def story(of_room):
        process = await of_room.process()
        await process.look()
        of_room.superuser(INSERT)
        another_leads(of_room, without_slots=True)
        assert await process.look() == {("watch-lost", "")}
        of_room.superuser("UPDATE domain SET version = 2")
        assert await process.tables() == {"domain"}, "and the watch goes on"

    with telling_server() as server, closing(Databases(server)) as databases:
        asyncio.run(Room(server, *databases.make("linkage")).lives(story))


@contextmanager
def forgetful_server():
    """Run a server that tells who wrote, and keeps next to nothing for who does not ask."""
    with own_server() as server:
        with psycopg.connect(server.admin("postgres").reveal(), autocommit=True) as admin:
            for setting in ("wal_level = logical", "max_slot_wal_keep_size = '16MB'"):
                admin.execute(f"ALTER SYSTEM SET {setting}".encode())
            admin.execute("ALTER ROLE ALL SET synchronous_commit = on")
        server.stop()
        server.restart()
        yield server


def fill(of_room, segments):
    """Have the server write so much more, and clear up."""
    for _ in range(segments):
        of_room.superuser("SELECT pg_logical_emit_message(true, 'filled', 'with nothing')")
        of_room.superuser("SELECT pg_switch_wal()")
    of_room.superuser("CHECKPOINT")


def test_where_the_servers_log_is_taken_away_it_is_told_that_nobody_watched():
    async def story(of_room):
        process = await of_room.process()
        await process.look()
        of_room.superuser(INSERT)
        fill(of_room, 1)
        assert await process.tables() == {"domain"}, "there was room for it"
        of_room.superuser("UPDATE domain SET version = 2")
        fill(of_room, 4)
        statuses = of_room.superuser("SELECT wal_status FROM pg_replication_slots").fetchall()
        assert statuses == [("lost",)]
        assert await process.look() == {("watch-lost", "")}
        assert set(process.told) == {"rows-touched"}
        of_room.superuser("UPDATE domain SET version = 3")
        assert await process.tables() == {"domain"}, "and the watch goes on"

    with forgetful_server() as server, closing(Databases(server)) as databases:
        asyncio.run(Room(server, *databases.make("linkage")).lives(story))


def test_who_writes_down_what_the_room_wrote_when_it_began_is_told_of(in_room):
    async def story(of_room):
        process = await of_room.process()
        await process.anchoring.run_once()
        begun = of_room.superuser("SELECT place, seal FROM watched").fetchall()
        await process.look()
        assert places(of_room)[0] < begun[0][0]
        of_room.superuser(INSERT)
        of_room.admin.execute("UPDATE watched SET place = %s, seal = %s", begun[0])
        of_room.superuser(
            "SELECT pg_replication_slot_advance(kumihimo_watch.slot(), pg_current_wal_lsn())"
        )
        assert await process.look() == {("watch-moved", "")}

    in_room("linkage", story)


def test_where_nothing_happens_the_server_may_forget_all_the_same_now_and_then(in_room):
    async def story(of_room):
        process = await of_room.process()
        await process.look()
        before = places(of_room)
        await process.look()
        assert places(of_room) == before
        of_room.clock.advance(OFTEN)
        assert await process.look() == set()
        assert places(of_room) > before

    in_room("linkage", story)


BROKEN = {
    "seen": "seen(most integer) RETURNS TABLE (transaction bigint, tables text[], messages bytea[],"
    " until pg_lsn, more boolean)",
    "form": "form() RETURNS TABLE (sum text, migrations bigint)",
    "slot": "slot() RETURNS name",
}


@pytest.mark.parametrize("broken", BROKEN)
def test_who_breaks_what_the_room_asks_is_told_of_and_so_is_what_he_did_then(in_room, broken):
    async def story(of_room):
        process = await of_room.process()
        await process.look()
        for statement in (INSERT, "DELETE FROM domain"):
            of_room.superuser(
                f"CREATE OR REPLACE FUNCTION kumihimo_watch.{BROKEN[broken]}"
                " LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"
            )
            of_room.superuser(statement)
            found = await process.look()
            assert {("watch-broken", "")} <= found <= {("watch-broken", ""), ("form-changed", "")}
            assert set(process.told) == {"rows-touched"}
            assert await process.look() == set(), "told once"
            let_watch(of_room.server.admin(f"kumihimo_{of_room.name}"), of_room.reached.role)
            assert ("rows-unvouched", "domain") in await process.look()
            assert await process.look() == set(), "the watch goes on"

    in_room("linkage", story)
