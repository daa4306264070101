"""An institution changes its key with the core: nothing is left behind, whatever gets lost."""

from datetime import timedelta

import pytest

from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway import rotation
from kumihimo.rooms.linkage.api import ROTATED_PATH
from tests.federation.desk import open_desk
from tests.federation.street import OSAKA
from tests.federation.test_intake import card, state


async def lose_the_end(street, gateway, tenant):
    """Let a change of key go all its way but for its last word, which never arrives."""
    plain = street.net.post

    async def post(party, path, **message):
        if path == ROTATED_PATH:
            raise Unavailable
        return await plain(party, path, **message)

    street.net.post = post
    with pytest.raises(Unavailable):
        await rotation.rotate(gateway, tenant)
    street.net.post = plain


async def versions(gateway):
    async with gateway.database.transaction(institution=OSAKA) as tx:
        found = await tx.value("SELECT array_agg(DISTINCT code_version) FROM person")
        return found, await tx.value("SELECT count(*) FROM rotation")


def test_a_change_of_key_whose_end_got_lost_is_ended_and_not_begun_again(in_town):
    async def story(street, one, other):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1), card("9", other, 2)]))
        await desk.acquire(street.register_room)
        await lose_the_end(street, desk.room.gateway, desk.tenant)
        assert await rotation.rotate(desk.room.gateway, desk.tenant) == 0
        street.clock.advance(timedelta(hours=2))  # a key rests so long between changes
        assert await rotation.rotate(desk.room.gateway, desk.tenant) == 2
        assert await versions(desk.room.gateway) == ([3], 2)

    in_town(story)


def test_a_code_that_comes_while_the_key_changes_is_not_left_behind(in_town):
    async def story(street, one, other):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1)]))
        await desk.acquire(street.register_room)
        await lose_the_end(street, desk.room.gateway, desk.tenant)
        await desk(lambda c: c.register([card("9", other, 2)]))
        await desk.acquire(street.register_room)  # the core still gives codes under the old key
        assert await state(desk, "9") == ("BOUND", "")
        assert await rotation.rotate(desk.room.gateway, desk.tenant) == 0
        assert await versions(desk.room.gateway) == ([2], 1)

    in_town(story)


def test_whoever_looks_sees_the_version_and_how_far_a_change_is(in_town):
    async def story(street, one, other):
        desk = await open_desk(street, OSAKA)
        gateway, tenant = desk.room.gateway, desk.tenant

        async def look():
            state = await rotation.state(gateway, tenant)
            return state.version, state.under_way, state.changed_on, state.codes, state.left

        await desk(lambda c: c.register([card("7", one, 1), card("9", other, 2)]))
        assert await look() == (1, False, None, 0, 0)
        await desk.acquire(street.register_room)
        assert await look() == (1, False, None, 2, 0)
        await lose_the_end(street, gateway, tenant)
        assert await look() == (2, True, None, 2, 0)
        await rotation.rotate(gateway, tenant)
        assert await look() == (2, False, gateway.today(), 2, 0)

    in_town(story)
