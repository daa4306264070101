"""Whoever changes a row behind a room's back is told of by its table, in any table of any room."""

import asyncio
from contextlib import closing

import attrs
import psycopg
import pytest
from psycopg import errors
from tests.databases import Databases
from tests.kernel.watched import KEYS, NEEDED, ROOMS, Room, telling_server

from kumihimo.kernel import journal, store_watched
from kumihimo.kernel.health import Made
from kumihimo.kernel.journal import JournalLine
from kumihimo.kernel.migrations import migrate
from kumihimo.kernel.postgres import let_watch
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.store_watched import Kept
from kumihimo.kernel.vouching import Voucher
from kumihimo.kernel.watching import AHEAD


@attrs.frozen
class _Name:
    name: str


async def told_of(of_room):
    """Have a process that was just started look; returns the tables that it told of."""
    process = await of_room.process()
    tables = await process.tables()
    assert set(process.told) == ({"rows-touched"} if tables else set())
    return tables


@pytest.mark.parametrize("room", ROOMS)
def test_whoever_puts_in_changes_back_dates_or_takes_out_a_row_is_told_of_in_every_table(
    in_room, room
):
    async def story(of_room):
        if "exchange" in of_room.tables():
            of_room.superuser("SELECT keep_month('2026-05-01')")
        tables = set(of_room.tables()) - NEEDED
        columns = {table: of_room.takes_anything(table) for table in tables}
        assert await told_of(of_room) == set(), "what was before is the beginning"
        for table in columns:
            of_room.insert(table)
        assert await told_of(of_room) == tables
        for table, (column, _) in columns.items():
            of_room.superuser("UPDATE {} SET {} = {}", table, column, column)
        assert await told_of(of_room) == tables
        dated = {table: at for table, (_, at) in columns.items() if at is not None}
        for table, at in dated.items():
            of_room.superuser("UPDATE {} SET {} = '2020-02-02'", table, at)
        assert await told_of(of_room) == set(dated) != set()
        for table in columns:
            of_room.superuser("DELETE FROM {}", table)
        assert await told_of(of_room) == tables
        assert await told_of(of_room) == set(), "and each is told once"

    in_room(room, story)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_may_change_and_forget_rows_on_a_server_that_tells_who_wrote(in_room, room):
    """The server changes no row that it could not name to whoever is told."""

    async def story(of_room):
        if "exchange" in of_room.tables():
            of_room.superuser("SELECT keep_month('2026-05-01')")
        nameless = of_room.superuser(
            "SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace"
            " AND relkind = 'r' AND relpersistence = 'p' AND relreplident <> 'f' AND NOT (relreplident = 'd' AND EXISTS"
            " (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary))"
        ).fetchall()
        assert nameless == []
        # The desk's is empty but while it loads an audit, of which each row is judged anew.
        assert of_room.tables(logged="u") == (["loading"] if room == "review" else [])

    in_room(room, story)


async def write(process, party="lg-131032"):
    """Do as a room does: a row, and its line in the journal."""
    async with process.database.transaction() as tx:
        await tx.put("INSERT INTO domain (domain) VALUES (%s) ON CONFLICT DO NOTHING", (party,))
        line = JournalLine(act="tested", actor="linkage", detail={"n": 1})
        await journal.write(tx, line, at=process.clock.now())


async def write_and_fail(process):
    async with process.database.transaction() as tx:
        await tx.execute("INSERT INTO domain (domain) VALUES ('lg-231002')")
        raise ZeroDivisionError


async def write_in_every_way(process):
    """Write with a line in the journal and without one, in few statements, in one alone, and by COPY."""
    await write(process)
    async with process.database.brief("SELECT 1") as tx:
        await tx.put("UPDATE domain SET version = version + 1")
        line = JournalLine(act="tested", actor="linkage", detail={"n": 1})
        await journal.write(tx, line, at=process.clock.now())
    async with process.database.transaction() as tx:
        assert await tx.execute("UPDATE domain SET version = version + 1")
        await tx.rows("SELECT domain AS name FROM domain FOR UPDATE", {}, _Name)
    await process.database.alone("SELECT keep_month('2026-05-01')")
    added = await process.database.alone(
        "INSERT INTO domain (domain) VALUES (%(party)s)", {"party": "lg-271004"}
    )
    assert added == 1
    async with process.database.brief("UPDATE domain SET version = version + 1"):
        pass
    assert await process.database.alone("UPDATE domain SET version = 7", unsynced=True) == 2
    rows = [(f"lg-{number}", 1) for number in range(3)]
    await process.database.copy_in("COPY domain (domain, version) FROM STDIN", rows)
    async with process.database.transaction() as tx:
        found = await tx.rows("DELETE FROM domain RETURNING domain AS name", {}, _Name)
    assert len(found) == 5


def test_what_a_room_writes_itself_is_told_of_nobody_whichever_process_looks(in_room):
    async def story(of_room):
        one, other = await of_room.process(), await of_room.process()
        assert await one.look() == set()
        for writer in (one, other):
            await write_in_every_way(writer)
            with pytest.raises(ZeroDivisionError):
                await write_and_fail(writer)
            assert await other.look() | await one.look() == set()
        assert one.database.vouches, "and it was vouched for"
        await write(one)
        later = await of_room.process()
        assert await later.look() == set(), "nor by a process that begins"
        assert later.anchoring.watching.seen_at == of_room.clock.now()

    in_room("linkage", story)


def test_what_a_superuser_takes_back_is_told_of_nobody(in_room):
    async def story(of_room):
        process = await of_room.process()
        await process.look()
        of_room.superuser("BEGIN")
        of_room.superuser("INSERT INTO domain (domain) VALUES ('lg-131032')")
        of_room.superuser("ROLLBACK")
        assert await process.look() == set()
        of_room.superuser("INSERT INTO domain (domain) VALUES ('lg-131032')")
        assert await process.tables() == {"domain"}

    in_room("linkage", story)


def test_who_has_the_rooms_role_and_not_its_key_is_told_of(in_room):
    async def story(of_room):
        process = await of_room.process()
        await process.look()
        of_room.superuser("SET ROLE {}", of_room.reached.role)
        of_room.superuser("INSERT INTO domain (domain) VALUES ('lg-131032')")
        assert await process.tables() == {"domain"}
        with psycopg.connect(of_room.reached.runtime.reveal()) as stolen:
            stolen.execute("UPDATE domain SET version = 2")
        assert await process.tables() == {"domain"}

    in_room("linkage", story)


def test_a_message_that_is_copied_vouches_for_no_other_transaction(in_room):
    async def story(of_room):
        process = await of_room.process()
        await process.look()
        await write(process)
        [(number,)] = of_room.superuser("SELECT pg_current_xact_id()::text::bigint").fetchall()
        for seen in range(number - 5, number + 1):
            with of_room.admin.transaction():
                of_room.superuser(process.database.voucher.statement(seen))
                of_room.superuser(
                    "INSERT INTO domain (domain) VALUES ({})".replace("{}", f"'{seen}'")
                )
        assert await process.tables() == {"domain"}
        [one] = process.anchoring.found
        assert one.seq == number + 6, "the last of them"

    in_room("linkage", story)


def test_rows_changed_while_no_process_runs_or_before_the_server_died_are_told_of():
    async def story(of_room):
        assert await told_of(of_room) == set()
        await write(await of_room.process())
        of_room.superuser("INSERT INTO domain (domain) VALUES ('lg-271004')")
        of_room.server.kill()
        of_room.server.restart()
        of_room.admin.close()
        of_room.admin = of_room.enter()
        assert await told_of(of_room) == {"domain"}
        assert await told_of(of_room) == set()

    with telling_server() as server, closing(Databases(server)) as databases:
        asyncio.run(Room(server, *databases.make("linkage")).lives(story))


def test_while_oversight_is_silent_nothing_is_forgotten(in_room):
    async def story(of_room):
        process = await of_room.process()
        await process.look()
        process.oversight_silent = True
        of_room.superuser("INSERT INTO domain (domain) VALUES ('lg-131032')")
        for _ in range(2):
            with pytest.raises(Unavailable):
                await process.look()
            assert [one.table for one in process.anchoring.found] == ["domain"]
        assert await told_of(of_room) == {"domain"}, "by another process"
        process.oversight_silent = False
        await process.look()
        assert process.told == ["rows-touched"]

    in_room("linkage", story)


def test_what_is_seen_again_hides_nothing_that_was_changed_in_the_same_table_since(in_room):
    """As after a server that had the room's last look not yet began to lead."""

    async def story(of_room):
        process = await of_room.process()
        await process.look()
        slow = of_room.enter()
        slow.execute("BEGIN")
        slow.execute("INSERT INTO domain (domain) VALUES ('lg-131041')")
        process.oversight_silent = True
        of_room.superuser("INSERT INTO domain (domain) VALUES ('lg-131032')")
        with pytest.raises(Unavailable):
            await process.look()
        slow.execute("COMMIT")  # it began before, so its number is the lower
        slow.close()
        with pytest.raises(Unavailable):
            await process.look()
        of_room.superuser("DELETE FROM domain WHERE domain = 'lg-131032'")
        process.oversight_silent = False
        await process.look()
        assert process.told == ["rows-touched"] * 3
        assert await process.look() == set()

    in_room("linkage", story)


def test_of_very_much_a_part_is_seen_at_each_look(in_room):
    async def story(of_room):
        process = await of_room.process()
        await process.look()
        process.anchoring.watching.at_once = 5
        assert await process.anchoring.run_once() == 1, "the next is what it wrote down itself"
        process.anchoring.watching.at_once = 20
        for number in range(8):
            await write(process, f"lg-{number}")
        of_room.superuser("INSERT INTO domain (domain) VALUES ('lg-131032')")
        assert await process.anchoring.run_once() == 1
        assert not process.anchoring.found, "it is not there yet"
        assert await process.tables() == {"domain"}
        assert await process.anchoring.run_once() == 0

    in_room("linkage", story)


UNSEEN = {
    "watch-moved": [
        ["SELECT pg_replication_slot_advance(kumihimo_watch.slot(), pg_current_wal_lsn())"],
        ["UPDATE watched SET place = place - 1"],
        [
            "UPDATE watched SET place = place + 1000000",
            "SELECT pg_replication_slot_advance(kumihimo_watch.slot(), pg_current_wal_lsn())",
        ],
    ],
    "watch-lost": [
        ["SELECT pg_drop_replication_slot(kumihimo_watch.slot())"],
        ["SELECT pg_drop_replication_slot(kumihimo_watch.slot())", "DELETE FROM watched"],
    ],
    "watch-changed": [
        [
            "ALTER PUBLICATION kumihimo SET (publish = 'insert')",
            "ALTER PUBLICATION kumihimo SET (publish = 'insert, update, delete, truncate')",
        ],
        ["DROP PUBLICATION kumihimo", "CREATE PUBLICATION kumihimo FOR TABLE domain"],
    ],
}
UNSEEN["form-changed"] = [
    [
        "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER planted BEFORE INSERT ON domain FOR EACH ROW EXECUTE FUNCTION planted()",
    ],
    [
        "ALTER TABLE journal DISABLE TRIGGER journal_no_change",
        "ALTER TABLE journal ENABLE TRIGGER journal_no_change",
    ],
    ["CREATE RULE planted AS ON DELETE TO domain DO INSTEAD NOTHING"],
    ["ALTER TABLE domain ALTER COLUMN previous_until TYPE date USING '2020-02-02'"],
    ["ALTER TABLE domain SET UNLOGGED"],
    ["ALTER FUNCTION kumihimo_watch.seen(integer) OWNER TO CURRENT_USER"],
]
WAYS = [(what, *way) for what, ways in UNSEEN.items() for way in ways]


@pytest.mark.parametrize("way", WAYS, ids=[f"{way[0]}-{len(way)}-{len(way[-1])}" for way in WAYS])
def test_who_keeps_the_server_from_telling_is_told_of(in_room, way):
    what, *statements = way

    async def story(of_room):
        process = await of_room.process()
        await write(process)
        await process.look()
        await write(process, "lg-231002")
        await process.look()
        of_room.superuser("INSERT INTO domain (domain) VALUES ('lg-271004')")
        for statement in statements:
            of_room.superuser(statement)
        assert what in {found for found, _ in await process.look()}
        assert set(process.told) == {"rows-touched"}
        assert await process.look() == set(), "told once, and the watch goes on"

    in_room("linkage", story)


def test_a_process_that_is_ended_while_it_begins_leaves_nothing_to_tell(in_room):
    async def story(of_room):
        ended = await of_room.process()
        for steps in range(3):
            await ended.anchoring.watching.look(of_room.clock.now())
            await begins_as_far_as(ended.anchoring.watching, steps)
            assert await told_of(of_room) == set()
            of_room.superuser("INSERT INTO domain (domain) VALUES ({})".replace("{}", f"'{steps}'"))
            assert await told_of(of_room) == {"domain"}
            await forgotten(of_room)

    in_room("linkage", story)


async def begins_as_far_as(watching, steps):
    """Do what a beginning does, up to where the process is ended."""
    database, voucher = watching.database, watching.database.voucher
    if steps > 0:
        async with database.transaction() as tx:
            server = await store_watched.server(tx)
            ahead = server.place + AHEAD
            kept = Kept(ahead, voucher.seal(ahead), ahead=True)
            assert await store_watched.keep(tx, kept, before=None, timeline=server.timeline)
    if steps > 1:
        assert await store_watched.begin(database)


async def forgotten(of_room):
    """Have the server as if nobody had ever looked."""
    of_room.superuser("SELECT pg_drop_replication_slot(kumihimo_watch.slot())")
    of_room.superuser("DELETE FROM watched")


def test_two_processes_that_begin_at_once_find_nothing(in_room):
    async def story(of_room):
        processes = [await of_room.process() for _ in range(2)]
        for _ in range(4):
            await asyncio.gather(*(one.anchoring.run_once() for one in processes))
            await asyncio.gather(*(write(one, str(n)) for n, one in enumerate(processes)))
        assert [one.anchoring.found for one in processes] == [{}, {}]

    in_room("linkage", story)


def test_the_rooms_role_sees_who_wrote_and_no_row_of_it(in_room):
    async def story(of_room):
        process = await of_room.process()
        await process.look()
        with psycopg.connect(of_room.reached.runtime.reveal(), autocommit=True) as role:
            for reading in (
                "pg_logical_slot_peek_changes(kumihimo_watch.slot(), NULL, NULL)",
                "pg_create_logical_replication_slot('mine', 'pgoutput')",
            ):
                with pytest.raises(errors.InsufficientPrivilege):
                    role.execute(f"SELECT {reading}")
            seen = role.execute("SELECT tables FROM kumihimo_watch.seen(9)").fetchall()
            assert seen == [(["watched"],), (None,)]

    in_room("linkage", story)


@pytest.mark.parametrize("prepared", [False, True])
def test_where_the_server_cannot_tell_the_room_says_so_and_goes_on(new_room, postgres, prepared):
    async def story(of_room):
        if prepared:
            let_watch(postgres.admin(f"kumihimo_{of_room.name}"), of_room.reached.role)
        process = await of_room.process()
        await process.look()
        of_room.superuser("INSERT INTO domain (domain) VALUES ('lg-131032')")
        await write(process, "lg-271004")
        assert await process.look() == set()
        assert not process.database.vouches, "nobody would read it"
        async with process.database.transaction() as tx:
            assert Made("writers-seen", None) in await process.anchoring.look(tx)

    asyncio.run(Room(postgres, *new_room("linkage")).lives(story))


def test_a_migration_by_whoever_has_the_rooms_key_is_told_of_nobody(in_room):
    async def story(of_room):
        process = await of_room.process()
        await process.look()
        for voucher, told in ((Voucher.of(KEYS), set()), (None, {"migration"})):
            of_room.superuser("DROP TABLE month_counted")
            of_room.superuser("DELETE FROM migration WHERE name LIKE '0006_statistics%'")
            await process.look()
            applied = migrate(
                of_room.reached.owner,
                ["kumihimo.rooms.linkage"],
                runtime_role=of_room.reached.role,
                voucher=voucher,
            )
            assert applied == ["kumihimo.rooms.linkage/0006_statistics.pre.sql"]
            assert await process.tables() == told

    in_room("linkage", story)
