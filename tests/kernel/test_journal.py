import asyncio

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.federation.street import START

from kumihimo.kernel import journal
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.journal import JournalBroken, JournalLine
from kumihimo.kernel.sql import Database

CLOCK = HandClock(START)


def line(number):
    return JournalLine(act="tested", actor="register", detail={"number": number})


@pytest.fixture
def journalled(new_room, postgres):
    """Write ten lines from five tasks at once; return how to check, and how to break in."""
    name, reached = new_room("linkage")

    async def write_all(database):
        async def writer(start):
            for number in range(start, start + 2):
                async with database.transaction() as tx:
                    await journal.write(tx, line(number), at=CLOCK.now())

        await asyncio.gather(*(writer(n * 2) for n in range(5)))

    async def with_database(work):
        database = Database(reached.runtime, pool_max=5)
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    async def check(database):
        async with database.transaction() as tx:
            return await journal.verify(tx)

    asyncio.run(with_database(write_all))

    def verify():
        return asyncio.run(with_database(check))

    def break_in(statement):
        with psycopg.connect(postgres.admin(f"kumihimo_{name}").reveal()) as admin:
            admin.execute("SET session_replication_role = replica")  # a superuser's way in
            admin.execute(statement)

    return verify, break_in, reached


def test_lines_of_many_writers_make_one_chain(journalled):
    verify, _, _ = journalled
    assert verify() == 10


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE journal SET actor = 'ledger' WHERE seq = 4",
        "UPDATE journal SET at = at - interval '1 day' WHERE seq = 4",
        "DELETE FROM journal WHERE seq = 4",
        "DELETE FROM journal WHERE seq = 10",
        "INSERT INTO journal SELECT 11, at, act, actor, detail, digest FROM journal WHERE seq = 9",
        "UPDATE journal SET detail = '{\"number\":99}' WHERE seq = 1",
    ],
)
def test_a_superuser_who_touches_the_journal_is_found_out(journalled, tampering):
    verify, break_in, _ = journalled
    break_in(tampering)
    with pytest.raises(JournalBroken):
        verify()


@pytest.mark.parametrize("statement", ["UPDATE journal SET actor = 'x'", "DELETE FROM journal"])
def test_the_serving_role_cannot_change_the_journal(journalled, statement):
    _, _, reached = journalled
    with (
        psycopg.connect(reached.runtime.reveal()) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


@pytest.mark.parametrize(
    "detail", [{"name": "山田太郎"}, {"number": "123456789018"}, {"free": "two words"}]
)
def test_a_journal_line_refuses_what_could_be_personal(detail):
    with pytest.raises(AssertionError):
        JournalLine(act="tested", actor="register", detail=detail)


def test_a_journal_line_counts_and_holds_no_truth_values():
    with pytest.raises(AssertionError, match="counts"):
        JournalLine(act="tested", actor="register", detail={"hidden": False})
    JournalLine(act="tested", actor="register", detail={"hidden": 0})


def test_a_room_cannot_enter_another_rooms_database(new_room):
    _, first = new_room("linkage")
    second_name, _ = new_room("gateway")
    intruder = make_conninfo(first.runtime.reveal(), dbname=f"kumihimo_{second_name}")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(intruder)


def test_a_line_whose_words_cannot_be_read_is_named(journalled):
    verify, break_in, _ = journalled
    break_in("UPDATE journal SET detail = '{broken' WHERE seq = 7")
    with pytest.raises(JournalBroken) as broken:
        verify()
    assert "7" in str(broken.value)
