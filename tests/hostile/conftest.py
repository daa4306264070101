import pytest

from tests.hostile.doors import Town


@pytest.fixture(scope="session")
def town(postgres):
    found = Town(postgres)
    yield found
    found.close()


@pytest.fixture(autouse=True)
def no_bugs_of_before(request):
    """Let each test answer for its own bugs."""
    if "town" in request.fixturenames:
        request.getfixturevalue("town").bugs.clear()
