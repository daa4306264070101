"""A server that tells who wrote, for each file that asks for one, and rooms on it."""

from contextlib import closing

import pytest
from tests.databases import Databases
from tests.kernel.watched import in_rooms, telling_server


@pytest.fixture(scope="module")
def server():
    with telling_server() as server:
        yield server


@pytest.fixture(scope="module")
def watched(server):
    with closing(Databases(server)) as found:
        yield found


@pytest.fixture
def in_room(watched, server):
    with in_rooms(watched, server) as run:
        yield run
