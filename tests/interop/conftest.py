"""One reader for each test worker; a module's ordinary tests share a card, others bring their own."""

import pytest

from kumihimo.run.closed_reader import closed_reader
from tests.interop.desk import Desk


@pytest.fixture(scope="session")
def reader():
    with closed_reader() as found:
        yield found


@pytest.fixture(scope="module")
def desk(reader, tmp_path_factory):
    return Desk(reader, tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def card(desk):
    with desk.card() as found:
        yield found
