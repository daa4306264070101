import pytest

from kumihimo.world.nation import World


@pytest.fixture(scope="session")
def world():
    return World.generate(10_000, 7, municipalities=20)
