import asyncio

import pytest

from tests.federation.street import Street


@pytest.fixture
def on_street(new_room):
    """Run one coroutine function on a fresh street; fails when a room reported a bug."""

    def run(story):
        async def whole():
            street = Street()
            await street.start(new_room)
            try:
                await story(street)
            finally:
                await street.stop()
            assert street.bugs == []

        asyncio.run(whole())

    return run
