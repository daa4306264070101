import asyncio

import psycopg
import pytest

from kumihimo.kernel import kept
from kumihimo.kernel.kept import KeptStatement
from kumihimo.kernel.sql import Database

ONE, OTHER = b"1" * 32, b"2" * 32


@pytest.fixture
def reached(new_room):
    _, found = new_room("linkage")
    return found


@pytest.fixture
def in_transactions(reached):
    """Run a story with a way to say something to the database and have it committed."""

    def run(story):
        async def whole():
            database = Database(reached.runtime, pool_max=2)
            await database.open()

            async def keep(version, body, signer=ONE):
                async with database.transaction() as tx:
                    statement = KeptStatement(version, body, b"signed")
                    return await kept.keep(tx, statement, what="directory", signer=signer)

            async def bodies(what="directory"):
                async with database.transaction() as tx:
                    found = [await kept.kept(tx, what=what, signer=one) for one in (ONE, OTHER)]
                return [one and bytes(one.body) for one in found]

            try:
                await story(keep, bodies)
            finally:
                await database.close()

        asyncio.run(whole())

    return run


def test_a_newer_statement_replaces_an_older_one_and_never_the_other_way_round(in_transactions):
    async def story(keep, bodies):
        assert await bodies() == [None, None]
        assert await keep(3, b"three")
        assert await keep(4, b"four")
        assert not await keep(3, b"three again")
        assert not await keep(4, b"another four")
        assert await bodies() == [b"four", None]

    in_transactions(story)


def test_statements_of_two_signers_and_of_two_kinds_are_apart(in_transactions):
    async def story(keep, bodies):
        await keep(9, b"nine")
        assert await keep(1, b"one", signer=OTHER)
        assert await bodies() == [b"nine", b"one"]
        assert await bodies("another") == [None, None]

    in_transactions(story)


def test_of_two_processes_that_keep_at_once_the_newest_stays(in_transactions):
    async def story(keep, bodies):
        await asyncio.gather(*(keep(version, b"%d" % version) for version in (5, 9, 7, 8, 6)))
        assert await bodies() == [b"9", None]

    in_transactions(story)


@pytest.mark.parametrize(
    "words",
    [
        "UPDATE kept_statement SET version = version - 1",
        "UPDATE kept_statement SET body = 'other'",
        "UPDATE kept_statement SET signer = repeat('3', 32)::bytea, version = version + 1",
        "DELETE FROM kept_statement",
        "TRUNCATE kept_statement",
    ],
)
def test_the_serving_role_cannot_make_the_room_forget(reached, in_transactions, words):
    async def story(keep, bodies):
        await keep(2, b"two")
        with psycopg.connect(reached.runtime.reveal()) as connection, pytest.raises(psycopg.Error):
            connection.execute(words)
        assert await bodies() == [b"two", None]

    in_transactions(story)
