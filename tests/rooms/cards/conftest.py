import asyncio

import pytest

from tests.rooms.cards.house import House


@pytest.fixture
def in_house(new_room):
    """Run one coroutine function with register and cards; fails when a room reported a bug."""

    def run(story):
        async def whole():
            house = House()
            await house.start(new_room)
            try:
                await story(house)
            finally:
                await house.stop()
            assert house.bugs == []

        asyncio.run(whole())

    return run
