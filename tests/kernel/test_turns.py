import asyncio
from datetime import timedelta

import pytest
from tests.federation.street import START

from kumihimo.kernel import turns
from kumihimo.kernel.sql import Database

MINUTE = timedelta(minutes=1)


@pytest.fixture
def with_turns(new_room):
    _, reached = new_room("linkage")

    def run(story):
        async def whole():
            database = Database(reached.runtime, pool_max=6)
            await database.open()

            async def take(at=START, what="work"):
                async with database.transaction() as tx:
                    return await turns.take(tx, what, at=at, until=at + MINUTE)

            async def end(at, taken_until):
                async with database.transaction() as tx:
                    await turns.end(tx, "work", taken_until=taken_until, at=at)

            try:
                await story(take, end)
            finally:
                await database.close()

        asyncio.run(whole())

    return run


def test_one_of_many_gets_the_turn_and_another_work_is_another_turn(with_turns):
    async def story(take, end):
        assert sorted(await asyncio.gather(*(take() for _ in range(6)))) == [False] * 5 + [True]
        assert await take(what="other work")

    with_turns(story)


def test_a_turn_that_ended_is_anybodys(with_turns):
    async def story(take, end):
        assert await take()
        await end(START, START + MINUTE)
        assert await take()

    with_turns(story)


def test_who_dies_in_a_turn_loses_it_by_time_and_not_before(with_turns):
    async def story(take, end):
        assert await take()
        assert not await take(START + MINUTE - timedelta(microseconds=1))
        assert await take(START + MINUTE)

    with_turns(story)


def test_who_was_too_slow_does_not_end_the_turn_of_another(with_turns):
    async def story(take, end):
        assert await take()
        assert await take(START + MINUTE)
        await end(START + MINUTE, START + MINUTE)  # the first comes late
        assert not await take(START + MINUTE)

    with_turns(story)
