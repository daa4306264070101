"""jpki's operators hear of a list of revoked certificates that is not made anew."""

from datetime import timedelta

from kumihimo.kernel.health import Watch
from kumihimo.operations.alarms import limits
from kumihimo.rooms.jpki.lists import publish_due
from kumihimo.rooms.jpki.store_lists import newest

SECOND = timedelta(seconds=1)


async def alarms(house):
    watch = Watch(
        room="jpki",
        database=house.jpki.database,
        clock=house.clock,
        limits=limits(),
        looks=(newest,),
    )
    return {one.of for one in (await watch.health()).alarms}


def test_a_list_that_is_older_than_a_day_and_an_hour_is_told_until_there_is_a_new_one(in_house):
    async def story(house):
        while await publish_due(house.jpki):
            pass
        house.clock.advance(timedelta(hours=25) - SECOND)
        assert await alarms(house) == set()
        house.clock.advance(SECOND)
        assert await alarms(house) == {"list sign", "list auth"}
        while await publish_due(house.jpki):
            pass
        assert await alarms(house) == set()

    in_house(story)
