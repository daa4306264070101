import asyncio
from datetime import timedelta

import psycopg
import pytest
from tests.federation.street import START

from kumihimo.kernel import health, outbox
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.grace import Grace, Silence
from kumihimo.kernel.health import UNWRITTEN_FOR, Made, Waits, Watch
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld

DAY = timedelta(days=1)
GRACE = Grace(
    room="here", missing="there", goes_on="", stops="", period=DAY, then=Unavailable, test=""
)


@pytest.fixture
def watched(new_room):
    """Run a story with a room's database and a watch over it."""
    _, reached = new_room("linkage")

    def run(story, **given):
        async def whole():
            clock = HandClock(START)
            database = Database(reached.runtime, pool_max=2)
            watch = Watch(room="linkage", database=database.apart(), clock=clock, **given)
            await database.open()
            await watch.database.open(wait=False)
            try:
                await story(watch, database, clock)
            finally:
                await watch.database.close()
                await database.close()

        asyncio.run(whole())

    return run


async def put(database, sender, destination, at):
    async with database.transaction() as tx:
        await outbox.put(tx, topic="/x", destination=destination, body=b"x", at=at, sender=sender)


def test_a_room_with_nothing_to_do_is_well(watched):
    async def story(watch, database, clock):
        found = await watch.health()
        assert (found.room, found.state, found.at) == ("linkage", "ok", START)
        assert (found.queues, found.ages, found.graces) == ((), (), ())
        assert found.serves

    watched(story)


def test_what_waits_is_told_by_kind_and_party_with_the_age_of_the_oldest(watched):
    async def story(watch, database, clock):
        await put(database, "one", "ledger", clock.now())
        clock.advance(timedelta(seconds=90))
        await put(database, "other", "ledger", clock.now())
        await put(database, "", "jpki", clock.now())
        clock.advance(timedelta(seconds=1.9))
        found = {(q.queue, q.party): (q.count, q.oldest_s) for q in (await watch.health()).queues}
        assert found == {("outbox", "ledger"): (2, 91), ("outbox", "jpki"): (1, 1)}

    watched(story)


def test_what_a_room_adds_stands_beside(watched):
    async def look(tx):
        assert await tx.value("SELECT 1") == 1
        return [Waits("notice", "lg-131032", 3, START - DAY), Made("list", START - DAY)]

    async def story(watch, database, clock):
        found = await watch.health()
        assert [(q.queue, q.count, q.oldest_s) for q in found.queues] == [("notice", 3, 86_400)]
        assert [(a.what, a.age_s) for a in found.ages] == [("directory", None), ("list", 86_400)]

    watched(story, looks=(look,), ages=lambda: [Made("directory", None)])


def test_a_grace_that_runs_and_one_that_is_over_are_told_apart(watched):
    silence = Silence(GRACE, START)

    async def story(watch, database, clock):
        assert (await watch.health()).state == "ok"
        clock.advance(DAY / 2)
        found = await watch.health()
        assert (found.state, found.serves) == ("grace", True)
        assert [one.left_s for one in found.graces] == [43_200]
        clock.advance(DAY / 2)
        found = await watch.health()
        assert (found.state, found.serves) == ("refusing", False)

    watched(story, silences=(silence,))


def test_a_crowd_that_has_every_connection_of_the_room_does_not_blind_its_operators(watched):
    async def story(watch, database, clock):
        async with database.transaction(), database.transaction():
            assert (await watch.health()).state == "ok"

    watched(story)


def test_a_database_that_is_not_there_is_told_in_time(monkeypatch):
    monkeypatch.setattr(health, "LOOK_TIMEOUT_S", 0.3)

    async def whole():
        nowhere = Database(Withheld("host=127.0.0.1 port=1 dbname=none connect_timeout=1"))
        watch = Watch(room="linkage", database=nowhere, clock=HandClock(START))
        await nowhere.open(wait=False)
        try:
            both = await asyncio.wait_for(asyncio.gather(watch.health(), watch.health()), timeout=5)
            assert [(one.state, one.serves) for one in both] == [("no-database", False)] * 2
        finally:
            await nowhere.close()

    asyncio.run(whole())


def test_a_bug_in_a_look_is_no_silence_of_the_database(watched):
    async def look(tx):
        raise ZeroDivisionError

    async def story(watch, database, clock):
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await watch.health()

    watched(story, looks=(look,))


@pytest.mark.parametrize("code", ["disk_full", "io_error"])
def test_a_room_whose_database_reads_and_cannot_write_is_not_well_until_it_writes_again(
    new_room, code
):
    _, reached = new_room("linkage")

    async def fails(database, code, raises: type[Exception] = Unavailable):
        with pytest.raises(raises):
            await database.alone(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$")

    async def whole():
        clock, database = HandClock(START), Database(reached.runtime, pool_max=1)
        watch = Watch(room="linkage", database=database, clock=clock, crowd=database.crowd)
        await database.open()
        try:
            await fails(database, "raise_exception", psycopg.errors.RaiseException)
            assert (await watch.health()).state == "ok", "that is not the disk's"
            await fails(database, code)
            for _ in range(2):
                assert (await watch.health()).state == "no-database"
                clock.advance(UNWRITTEN_FOR / 2)
            assert (await watch.health()).state == "ok"
            await fails(database, code)
            assert (await watch.health()).state == "no-database"
        finally:
            await database.close()

    asyncio.run(whole())
