"""A room behind a pooler that lends it another session for each transaction (decision 0014).

What a room needs of a session is there in each, and what one institution's transaction set is gone in
the next one's.
"""

import asyncio
import re

import pytest

from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database
from tests.run.poolers import pooler_to

TIMES = 12  # past the number of times after which a client prepares a statement


@pytest.fixture(scope="module")
def room(databases):
    with databases.lent() as make:
        yield make("linkage")[1].runtime


@pytest.fixture(scope="module")
def pooler(room):
    with pooler_to(room) as dsn:
        yield dsn


def in_two(dsn, story, *, pooler=True):
    """Run a story with two clients of one connection each."""

    async def whole():
        one, other = (Database(dsn, pool_max=1, pooler=pooler) for _ in range(2))
        await one.open()
        await other.open()
        try:
            async with asyncio.timeout(30):
                await story(one, other)
        finally:
            await one.close()
            await other.close()

    asyncio.run(whole())


def test_a_room_whose_session_changes_under_it_finds_each_statement_known(pooler):
    async def often(database):
        async with database.transaction() as tx:
            return [await tx.value("SELECT %s::int", (index,)) for index in range(TIMES)]

    async def story(one, other):
        known = await often(one)
        async with other.transaction() as tx:  # it has the session in which the other was
            await tx.value("SELECT 1")
            assert await often(one) == known == list(range(TIMES))

    in_two(pooler, story)


def test_an_institution_that_one_transaction_named_is_unknown_to_the_next_in_that_session(pooler):
    async def whose(database, institution=""):
        async with database.transaction(institution=institution) as tx:
            session = await tx.value("SELECT pg_backend_pid()")
            return session, await tx.value("SELECT current_setting('kumihimo.institution', true)")

    async def story(one, other):
        session, named = await whose(one, "lg-131032")
        again, unnamed = await whose(other)
        assert (named, unnamed or "") == ("lg-131032", "")
        assert again == session, "the pooler lent it another session"

    in_two(pooler, story)


def test_every_session_that_a_pooler_lends_has_the_bounds_of_a_room(pooler):
    async def bounds(tx):
        names = ("statement_timeout", "transaction_timeout", "idle_in_transaction_session_timeout")
        return [await tx.value(f"SHOW {name}") for name in (*names, "TimeZone")]

    async def story(one, other):
        async with one.transaction() as tx, other.transaction() as beside:
            assert await bounds(tx) == await bounds(beside) == ["1min", "1min", "1min", "UTC"]

    in_two(pooler, story)


def test_a_pooler_whose_sessions_lack_bounds_is_refused_by_their_names(room):
    def unbound(text):
        return re.sub(r" connect_query='.*'\n", "\n", text)

    async def story(*_):
        pytest.fail("it opened")

    with (
        pooler_to(room, unbound) as dsn,
        pytest.raises(Unavailable, match=r"do not set .*statement_timeout, transaction_timeout"),
    ):
        in_two(dsn, story)


def test_a_room_that_was_not_told_of_its_pooler_does_not_open(pooler, monkeypatch):
    monkeypatch.setattr("kumihimo.kernel.connections.POOL_WAIT_S", 0.5)

    async def story(*_):
        pytest.fail("it opened")

    with pytest.raises(Unavailable):
        in_two(pooler, story, pooler=False)
