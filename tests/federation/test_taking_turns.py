"""Processes of a gateway take turns at acquiring codes, and rest when register says: enough."""

from datetime import timedelta

import attrs

from kumihimo.kernel import turns
from kumihimo.rooms.gateway import acquire
from kumihimo.rooms.register.api import ACQUIRE_PATH
from kumihimo.rooms.register.app import build
from kumihimo.rooms.register.domain.quota import Limits
from tests.federation.desk import open_desk
from tests.federation.street import OSAKA, transport_to
from tests.federation.test_intake import card, state


def limit(street, limits):
    """Let register be started anew with other limits."""
    register = attrs.evolve(street.register_room.register, acquisition_limits=limits)
    room = build(register, book=street.book, net=street.net, report=street._bug)
    street.transport.apps["register"] = transport_to(room.app)
    street.register_room = room


def asked_of_register(street):
    return sum(url.endswith(ACQUIRE_PATH) for url in street.transport.urls)


def test_while_another_process_has_the_turn_register_is_not_asked_and_afterwards_it_is(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1)]))
        now = street.clock.now()
        async with desk.room.gateway.database.transaction(institution=OSAKA) as tx:
            until = now + acquire.TURN
            assert await turns.take(tx, f"acquiring|{OSAKA}", at=now, until=until)
        assert await acquire.run_once(desk.room.gateway, desk.tenant) == 1  # its number, no more
        await desk.acquire(street.register_room)
        assert await state(desk, "7") == ("SEQUENCED", "")
        assert asked_of_register(street) == 0
        street.clock.advance(acquire.TURN)  # the other died in it
        await desk.acquire(street.register_room)
        assert await state(desk, "7") == ("BOUND", "")

    in_town(story)


def test_past_its_quota_an_institution_rests_for_a_minute_and_then_gets_its_codes(in_town):
    async def story(street, one, other):
        limit(street, Limits(per_minute=1, per_day=9))
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1)]))
        await desk.acquire(street.register_room)
        assert await state(desk, "7") == ("BOUND", "")
        await desk(lambda c: c.register([card("9", other, 2)]))
        before = asked_of_register(street)
        await desk.acquire(street.register_room)
        assert await state(desk, "9") == ("SEQUENCED", "")
        assert asked_of_register(street) == before + 1  # refused once, and not asked again
        street.clock.advance(timedelta(seconds=59))
        await desk.acquire(street.register_room)
        assert asked_of_register(street) == before + 1
        street.clock.advance(timedelta(seconds=1))
        await desk.acquire(street.register_room)
        assert await state(desk, "9") == ("BOUND", "")
        async with desk.room.gateway.database.transaction(institution=OSAKA) as tx:
            query = "SELECT count(*) FROM journal WHERE act = 'acquisition-postponed'"
            assert await tx.value(query) == 1

    in_town(story)
