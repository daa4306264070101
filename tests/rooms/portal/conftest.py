import asyncio

import pytest

from tests.rooms.portal.house import House


@pytest.fixture
def at_portal(new_room):
    """Run one coroutine function at a portal; fails when the room reported a bug."""

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
