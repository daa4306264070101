import asyncio

import pytest

from tests.rooms.review.house import House


@pytest.fixture
def at_desk(new_room):
    """Run one coroutine function at a desk; fails when the room reported a bug."""

    def run(story, gateway=None, **changes):
        async def whole():
            house = House(gateway, **changes)
            await house.start(new_room)
            try:
                await story(house)
            finally:
                await house.stop()
            assert house.bugs == []

        asyncio.run(whole())

    return run
