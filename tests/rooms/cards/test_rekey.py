"""Cards kept by an older canonical form: stopped when lost all the same, and made anew."""

from kumihimo.people.names import NAME_FORM_VERSION
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.rekey import rekey
from tests.rooms.cards.house import House
from tests.rooms.cards.test_cuts import handed_over

KEYS = "SELECT c.name_key, a.name_key FROM card c JOIN application a USING (application)"


async def grow_old(house):
    async with house.cards_database.transaction() as tx:
        for statement in (
            "UPDATE card SET name_key = 'older ' || split_part(name_key, ':', 2)",
            "UPDATE application SET name_key = 'older ' || split_part(name_key, ':', 2)",
        ):
            await tx.execute(statement)


async def keys(house):
    async with house.cards_database.transaction() as tx:
        return await (await tx.connection.execute(KEYS)).fetchall()


def test_a_lost_card_is_stopped_although_its_key_is_of_an_older_form(in_house):
    async def story(house: House):
        await handed_over(house)
        await grow_old(house)
        _, written = house.people[1]
        asked = api.HoldCard(attributes=written, channel="phone")
        assert (await house.desk(api.HOLD_PATH, asked, api.Held)).new == 1

    in_house(story)


def test_keys_of_an_older_form_are_made_anew(in_house):
    async def story(house: House):
        await handed_over(house)
        fresh = await keys(house)
        assert all(key.startswith(f"{NAME_FORM_VERSION}:") for row in fresh for key in row)
        await grow_old(house)
        assert await rekey(house.cards) == 2
        assert await keys(house) == fresh
        assert await rekey(house.cards) == 0

    in_house(story)
