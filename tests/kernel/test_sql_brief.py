"""A brief transaction is one like any other: what it wrote is there whole or not at all, and vouched for."""

import attrs
import psycopg
import pytest
from tests.databases import run_on
from tests.federation.street import START

from kumihimo.kernel import journal
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.journal import JournalLine
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.kernel.vouching import Voucher

CLOCK = HandClock(START)
PUT = "INSERT INTO turn (what, until) VALUES (%(what)s, %(at)s)"
VOUCHED = [False, True]


@attrs.frozen
class Named:
    what: str


@pytest.fixture
def in_database(new_room):
    """Run a story on a room's database, of one connection, whether it vouches for what it writes or not."""
    _, reached = new_room("linkage")
    voucher = Voucher.of(PartyKeys("linkage", new_master(SystemEntropy())))

    def run(story, *, vouched):
        database = Database(reached.runtime, pool_max=1)
        run_on(database.vouched(voucher if vouched else None), story)

    return run


def row(what):
    return {"what": what, "at": CLOCK.now()}


async def names(database):
    async with database.transaction() as tx:
        return {one.what for one in await tx.rows("SELECT what FROM turn", {}, Named)}


async def lines(database):
    async with database.transaction() as tx:
        return await journal.verify(tx)


async def write_line(tx):
    await journal.write(tx, JournalLine(act="tested", actor="linkage", detail={}), at=CLOCK.now())


@pytest.mark.parametrize("vouched", VOUCHED)
def test_it_begins_with_what_it_is_told_and_is_committed_with_its_line(in_database, vouched):
    async def story(database):
        before = (
            "SET LOCAL application_name = 'brief'",
            "SELECT 1",
            "SELECT 'a', n FROM generate_series(1, 2) n",
        )
        async with database.brief(*before) as tx:
            assert [tuple(one) for one in tx.first] == [("a", 1), ("a", 2)]
            assert await tx.value("SHOW application_name") == "brief"
            await tx.put(PUT, row("one"))
            assert await tx.execute(PUT, row("two")) == 1
            assert {one.what for one in await tx.rows("SELECT what FROM turn", {}, Named)} == {
                "one",
                "two",
            }
            await write_line(tx)
        async with database.brief() as tx:
            assert tx.first == ()
            assert await tx.value("SHOW application_name") != "brief", "it was for this one alone"
        assert await names(database) == {"one", "two"}
        assert await lines(database) == 1

    in_database(story, vouched=vouched)


async def bug(_):
    raise ZeroDivisionError


async def bad_statement(tx):
    await tx.value("SELECT 1 / 0")


async def swallowed(tx):
    with pytest.raises(psycopg.Error):
        await tx.value("SELECT 1 / 0")
    await write_line(tx)


async def bad_end(tx):
    tx.last("SELECT 1 / 0")


async def lost(tx):
    await tx.value("SELECT pg_terminate_backend(pg_backend_pid())")


FAILURES = [
    (bug, ZeroDivisionError),
    (bad_statement, psycopg.Error),
    (swallowed, psycopg.Error),
    (bad_end, psycopg.Error),
    (lost, Unavailable),
]


async def put_and(database, act):
    async with database.brief() as tx:
        await tx.put(PUT, row("one"))
        await act(tx)


@pytest.mark.parametrize("vouched", VOUCHED)
@pytest.mark.parametrize(("act", "raised"), FAILURES)
def test_what_fails_in_it_leaves_nothing_behind_and_another_goes_on(
    in_database, vouched, act, raised
):
    async def story(database):
        with pytest.raises(raised):
            await put_and(database, act)
        assert await names(database) == set()
        assert await lines(database) == 0
        await put_and(database, write_line)
        assert await names(database) == {"one"}

    in_database(story, vouched=vouched)


@pytest.mark.parametrize("vouched", VOUCHED)
def test_where_its_beginning_fails_it_does_not_begin(in_database, vouched):
    async def story(database):
        begun = []
        with pytest.raises(psycopg.Error):
            async with database.brief("SELECT 1 / 0") as tx:
                begun.append(tx)
        assert begun == []
        await put_and(database, write_line)

    in_database(story, vouched=vouched)


PREPARED = "SELECT count(*) FROM pg_prepared_statements"


@pytest.mark.parametrize("vouched", VOUCHED)
@pytest.mark.parametrize("write", [False, True])
def test_its_end_forgets_no_statement_that_was_prepared(in_database, vouched, write):
    """As taking it back would, where nothing was written: each question would be planned anew."""

    async def story(database):
        for _ in range(10):
            async with database.transaction() as tx:
                await tx.rows("SELECT what FROM turn", {}, Named)
        async with database.transaction() as tx:
            before = await tx.value(PREPARED)
        async with database.brief() as tx:
            await tx.rows("SELECT what FROM turn", {}, Named)
            if write:
                await write_line(tx)
        async with database.transaction() as tx:
            assert 0 < before <= await tx.value(PREPARED)

    in_database(story, vouched=vouched)


@pytest.mark.parametrize("vouched", VOUCHED)
def test_a_statement_alone_that_may_be_lost_is_one_all_the_same(in_database, postgres, vouched):
    async def story(database):
        async with database.transaction() as tx:
            name = await tx.value("SELECT current_database()")
        with psycopg.connect(postgres.admin("postgres").reveal(), autocommit=True) as admin:
            setting = b"SET synchronous_commit = on"  # the tests' own server never waits
            admin.execute(f"ALTER DATABASE {name} ".encode() + setting)
        again = database.apart()
        await again.open()
        put = (
            "INSERT INTO turn (what, until)"
            " SELECT current_setting('synchronous_commit') || n, %(at)s FROM generate_series(1, 2) n"
        )
        at = {"at": CLOCK.now()}
        assert await again.alone(put, at, unsynced=True) == 2
        assert await again.alone(put, at) == 2
        assert await names(again) == {"off1", "off2", "on1", "on2"}
        with pytest.raises(psycopg.errors.UniqueViolation):
            await again.alone(PUT, row("on1"), unsynced=True)
        assert await names(again) == {"off1", "off2", "on1", "on2"}, "its connection goes on"
        assert await again.alone("DELETE FROM turn", unsynced=True) == 4
        await again.close()

    in_database(story, vouched=vouched)
