import asyncio

import pytest

from tests.rooms.jpki.house import House


@pytest.fixture
def in_house(new_room):
    """Run one coroutine function on a fresh jpki; fails when the room reported a bug."""

    def run(story, *, founded=True):
        async def whole():
            house = House()
            await house.start(new_room, founded=founded)
            try:
                await story(house)
            finally:
                await house.stop()
                for _, error in house.bugs:
                    raise error

        asyncio.run(whole())

    return run
