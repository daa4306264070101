"""What a room has little of is handed out in turns by consumer: a flood waits behind itself."""

import asyncio

import pytest
from tests.databases import run_on

from kumihimo.kernel.fair import FairGate, working_for
from kumihimo.kernel.refusal import Busy, Overloaded, Unavailable
from kumihimo.kernel.sql import Database


def gate(*, at_once=1, each=100, most=200, wait_s=30.0):
    return FairGate(at_once, each=each, most=most, wait_s=wait_s)


async def wait(gate, consumer, order):
    with working_for(consumer):
        await gate.enter()
    order.append(consumer)
    gate.leave()


async def come(gate, order, *consumers):
    """Let all come, one after another."""
    tasks = [asyncio.create_task(wait(gate, name, order)) for name in consumers]
    await asyncio.sleep(0)
    return tasks


def run(story, **how):
    async def whole():
        async with asyncio.timeout(30):  # who is forgotten would wait for ever
            await story(gate(**how), [])

    asyncio.run(whole())


def test_whoever_comes_behind_anothers_flood_waits_for_one_of_its_turns_and_no_more():
    async def story(gate, order):
        await gate.enter()
        tasks = await come(gate, order, *["minato"] * 50, "osaka", "osaka", "nagoya")
        gate.leave()
        await asyncio.gather(*tasks)
        assert order[:5] == ["minato", "osaka", "nagoya", "minato", "osaka"]
        assert order[5:] == ["minato"] * 48
        await gate.enter()
        assert not (await come(gate, order))
        assert gate.waiting == 0

    run(story)


def test_lines_have_a_bound_for_each_and_one_for_all():
    async def story(gate, order):
        await gate.enter()
        tasks = await come(gate, order, "minato", "minato", "osaka")
        with pytest.raises(Busy):
            await wait(gate, "minato", order)
        tasks += await come(gate, order, "nagoya")
        with pytest.raises(Overloaded):
            await wait(gate, "kyoto", order)
        assert (gate.failed, gate.waiting) == (2, 4)
        gate.leave()
        await asyncio.gather(*tasks)
        assert len(order) == 4

    run(story, each=2, most=4)


def test_who_waits_too_long_is_told_so_and_takes_no_turn():
    async def story(gate, order):
        await gate.enter()
        with pytest.raises(TimeoutError):
            await wait(gate, "minato", order)
        assert (gate.failed, gate.waiting) == (1, 0)
        gate.leave()
        await wait(gate, "osaka", order)
        assert order == ["osaka"]

    run(story, wait_s=0.01)


@pytest.mark.parametrize("given", [False, True])
def test_a_turn_of_one_who_went_away_is_the_next_ones(given):
    async def story(gate, order):
        await gate.enter()
        gone, stays = await come(gate, order, "minato", "osaka")
        if given:
            gate.leave()  # it is minato's, who is cancelled before it learns of it
        gone.cancel()
        if not given:
            gate.leave()
        await stays
        assert order == ["osaka"]
        await gate.enter()  # none was lost

    run(story)


@pytest.fixture
def in_database(new_room):
    _, reached = new_room("linkage")

    def run(story):
        run_on(Database(reached.runtime, pool_max=1), story)

    return run


def test_connections_go_in_turns_to_those_for_whom_a_room_works(in_database):
    async def story(database):
        order = []

        async def use(consumer):
            with working_for(consumer):
                async with database.transaction() as tx:
                    await tx.value("SELECT 1")
                    order.append(consumer)

        async with database.transaction():
            flood = [asyncio.create_task(use("minato")) for _ in range(40)]
            await asyncio.sleep(0)
            other = asyncio.create_task(use("osaka"))
            await asyncio.sleep(0)
            assert (database.crowd().waiting, database.crowd().failed) == (41, 0)
        await other
        assert order.index("osaka") == 1
        await asyncio.gather(*flood)
        assert database.crowd().waiting == 0
        assert database.crowd().asked == 42

    in_database(story)


def test_a_connection_that_fails_gives_its_turn_back(in_database):
    async def story(database):
        for _ in range(3):
            with pytest.raises(Unavailable):
                async with database.transaction() as tx:
                    await tx.value("SELECT pg_terminate_backend(pg_backend_pid())")
        async with database.transaction() as tx:
            assert await tx.value("SELECT 1") == 1

    in_database(story)
