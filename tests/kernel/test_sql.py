"""A process that sleeps in the middle of its work keeps nobody from working, for long or at all."""

import asyncio

import attrs
import psycopg
import pytest
from tests.federation.street import START

from kumihimo.kernel import journal
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.journal import JournalLine
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database

BOUND_MS = 400
LOCK = "SELECT pg_advisory_xact_lock(7)"
CLOCK = HandClock(START)


@attrs.frozen
class Written:
    seq: int
    actor: str


@pytest.fixture
def in_database(new_room):
    """Run a story on a room's database, with a way in of its own for whoever sleeps."""
    _, reached = new_room("linkage")

    def run(story, *, bound_ms=BOUND_MS):
        async def whole():
            sleeper = Database(reached.runtime, pool_max=2, transaction_ms=bound_ms)
            other = Database(reached.runtime, pool_max=2)
            await sleeper.open()
            await other.open()
            try:
                async with asyncio.timeout(30):
                    await story(sleeper, other)
            finally:
                await sleeper.close()
                await other.close()

        asyncio.run(whole())

    return run


def line(actor):
    return JournalLine(act="tested", actor=actor, detail={})


async def write(database, actor):
    async with database.transaction() as tx:
        await journal.write(tx, line(actor), at=CLOCK.now())


def test_whoever_sleeps_over_a_line_of_the_journal_keeps_nobody_from_writing(in_database):
    async def story(sleeper, other):
        async with sleeper.transaction() as tx:
            await tx.execute("SELECT 1")
            await journal.write(tx, line("sleeper"), at=CLOCK.now())
            await asyncio.sleep(0.5)  # for the database to work on what it was sent, if it was
            await asyncio.wait_for(write(other, "other"), 10)
        async with other.transaction() as tx:
            assert await journal.verify(tx) == 2
            found = await tx.rows("SELECT seq, actor FROM journal ORDER BY seq", {}, Written)
        assert [row.actor for row in found] == ["other", "sleeper"]

    in_database(story, bound_ms=60_000)


HELD = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND granted"


async def sleep_over_the_lock(sleeper, other, how):
    """Take the lock and fall asleep until another had it."""
    async with sleeper.transaction() as tx:
        await tx.put("INSERT INTO turn (what, until) VALUES ('x', %s)", (CLOCK.now(),))
        await getattr(tx, how)(LOCK)
        async with other.transaction() as waiting:
            while not await waiting.value(HELD):
                continue
            await waiting.execute(LOCK)


@pytest.mark.parametrize("how", ["put", "execute", "value"])
def test_whoever_sleeps_in_a_transaction_loses_what_it_locked(in_database, how):
    async def story(sleeper, other):
        with pytest.raises(Unavailable):
            await sleep_over_the_lock(sleeper, other, how)
        async with other.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM turn") == 0

    in_database(story)


def test_whoever_is_quick_enough_keeps_what_it_locked(in_database):
    async def story(sleeper, other):
        async with sleeper.transaction() as tx:
            await tx.execute(LOCK)
            async with other.transaction() as waiting:
                assert not await waiting.value("SELECT pg_try_advisory_xact_lock(7)")

    in_database(story)


def test_a_transaction_that_says_so_may_take_longer(in_database):
    async def story(sleeper, other):
        async with sleeper.transaction() as tx:
            await tx.unbounded()
            await tx.value("SELECT pg_sleep(%s)", (2 * BOUND_MS / 1_000,))
            await tx.put("INSERT INTO turn (what, until) VALUES ('x', %s)", (CLOCK.now(),))
        async with other.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM turn") == 1

    in_database(story)


WORDS = ["it's", "a\\b", "'; DROP TABLE turn; --", "%s", "葉"]


def test_what_comes_last_is_written_with_the_rest_or_not_at_all(in_database):
    put = "INSERT INTO turn (what, until) VALUES (%(what)s, %(at)s)"

    async def names(database):
        async with database.transaction() as tx:
            found = await tx.connection.execute("SELECT what FROM turn")
            return {what for (what,) in await found.fetchall()}

    async def write_badly(database, bad):
        async with database.transaction() as tx:
            await tx.put(put, {"what": "first", "at": CLOCK.now()})
            tx.last(put, {"what": "second", "at": CLOCK.now()})
            tx.last(bad)

    async def story(sleeper, other):
        for bad in ("SELECT 1 / 0", "INSERT INTO nowhere VALUES (1)"):
            with pytest.raises(Exception, match=r"division by zero|nowhere"):
                await write_badly(sleeper, bad)
            assert await names(other) == set()
        async with sleeper.transaction() as tx:
            await tx.put(put, {"what": "first", "at": CLOCK.now()})
            for word in WORDS:
                tx.last(put, {"what": word, "at": CLOCK.now()})
        assert await names(other) == {"first", *WORDS}

    in_database(story)


def test_a_statement_alone_is_committed_by_itself_or_not_at_all(in_database):
    async def story(sleeper, other):
        put = "INSERT INTO turn (what, until) SELECT unnest(%s::text[]), %s"
        assert await sleeper.alone(put, (["one", "two"], CLOCK.now())) == 2
        with pytest.raises(Exception, match="duplicate key"):
            await sleeper.alone(put, (["three", "one"], CLOCK.now()))
        with pytest.raises(Unavailable):
            await sleeper.alone("SELECT pg_terminate_backend(pg_backend_pid())")
        async with other.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM turn") == 2

    in_database(story)


def test_what_may_be_done_again_does_not_wait_for_the_disk_and_what_comes_after_it_does(
    in_database,
):
    async def synced(database, *, may_be_repeated):
        async with database.transaction() as tx:
            if may_be_repeated:
                await tx.unsynced()
            return await tx.value("SHOW synchronous_commit")

    async def story(sleeper, other):
        one = sleeper.apart()  # one connection: the setting would stay on it
        await one.open()
        try:
            async with one.transaction() as tx:
                await tx.put("SET synchronous_commit = on")  # the tests' own server never waits
            assert await synced(one, may_be_repeated=True) == "off"
            assert await synced(one, may_be_repeated=False) == "on"
        finally:
            await one.close()

    in_database(story)


def test_a_server_that_may_only_read_is_unavailable_and_left_for_one_that_may_write(
    new_room, postgres
):
    name, reached = new_room("linkage")
    put = "INSERT INTO turn (what, until) VALUES (%s, %s)"

    def read_only(word):
        with psycopg.connect(postgres.admin("postgres").reveal(), autocommit=True) as admin:
            setting = f"SET default_transaction_read_only = {word}"
            admin.execute(f"ALTER DATABASE kumihimo_{name} {setting}".encode())

    async def in_transaction(database, what):
        async with database.transaction() as tx:
            await tx.put(put, (what, CLOCK.now()))

    async def in_copy(database, what):
        await database.copy_in("COPY turn (what, until) FROM STDIN", [(what, CLOCK.now())])

    async def in_last(database, what):
        async with database.transaction() as tx:
            tx.last(put, (what, CLOCK.now()))

    async def whole():
        database = Database(reached.runtime, pool_max=1)
        await database.open()
        try:
            for write in (in_transaction, in_copy, in_last):
                with pytest.raises(Unavailable):
                    await write(database, write.__name__)
                assert await database.alone("SELECT 1") == 1  # what only reads goes on
            with pytest.raises(Unavailable):
                await database.alone(put, ("alone", CLOCK.now()))
            read_only("off")  # for sessions to come, as when another server leads
            await in_transaction(database, "last")
            assert await database.alone("DELETE FROM turn") == 1
        finally:
            await database.close()

    read_only("on")
    asyncio.run(whole())
