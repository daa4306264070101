"""Somebody falls silent, and the others' operators hear of it while nothing is refused yet."""

from datetime import timedelta

from kumihimo.kernel.health import Watch, look_at_leaves, look_at_letters
from kumihimo.operations.alarms import limits
from kumihimo.rooms.gateway import sending
from kumihimo.rooms.gateway.store_waits import look_at
from tests.federation.street import MINATO
from tests.federation.test_exchange import ask, jane_moves, question
from tests.federation.test_graces import come_back

SECOND = timedelta(seconds=1)


async def alarms(street, database, *looks):
    watch = Watch(room="r", database=database, clock=street.clock, limits=limits(), looks=looks)
    health = await watch.health()
    assert health.serves
    return {(one.of, one.party) for one in health.alarms}


def test_of_a_silent_ledger_the_core_tells_by_its_leaves_and_its_records(on_street):
    async def story(street):
        async def of_core():
            return await alarms(
                street, street.linkage.core.database, look_at_letters, look_at_leaves
            )

        await jane_moves(street)
        await street.deliver()
        street.transport.down.add("ledger")
        [asked] = await ask(street, question())
        assert asked.outcome == "OK"
        street.clock.advance(limits()["leaves"] - SECOND)
        assert await of_core() == set()
        street.clock.advance(SECOND)
        assert await of_core() == {("leaves", "ledger")}
        street.clock.advance(limits()["outbox"] - limits()["leaves"])
        assert await of_core() == {("leaves", "ledger"), ("outbox", "ledger")}

    on_street(story)


def test_of_a_silent_core_a_gateway_tells_by_the_questions_that_wait_until_it_is_back(on_street):
    async def story(street):
        room, tenant = street.gateways[MINATO][0], street.tenants[MINATO]

        async def of_gateway():
            return await alarms(street, room.gateway.database, look_at([MINATO]))

        await jane_moves(street)
        street.transport.down.add("linkage")
        [asked] = await ask(street, question())
        assert asked.outcome == ""
        street.clock.advance(limits()["core"] - SECOND)
        assert await of_gateway() == set()
        street.clock.advance(SECOND)
        assert await of_gateway() == {("core", MINATO)}
        await come_back(street)
        while await sending.run_once(room.gateway, tenant):
            pass
        assert await of_gateway() == set()

    on_street(story)
