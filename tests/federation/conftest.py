import asyncio

import pytest

from tests.databases import own_server
from tests.federation.clerks import Telling
from tests.federation.street import Street
from tests.federation.test_register_and_core import open_register, register_two


@pytest.fixture
def telling(capsys, request):
    """Give what says how long nobody was told anything; `--gaps` names a file for it, too."""
    return Telling(capsys, request.config.getoption("--gaps"))


@pytest.fixture
def server():
    """Start a server of its own: a whole street's databases are named as a deployment's are."""
    with own_server() as running:
        yield running


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


@pytest.fixture
def in_town(on_street, new_room):
    """Run a story with the real register and two registered residents."""

    def run(story):
        async def whole(street):
            name, room = await open_register(street, new_room)
            street.register_room, street.register_name = room, name
            one, other = await register_two(street)
            await story(street, one, other)

        on_street(whole)

    return run
