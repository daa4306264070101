"""Seeds: a few for every run, more with `--simulation-seeds N`."""

import pytest

from tests.federation.conftest import on_street
from tests.simulation.play import CI_SEEDS, play

__all__ = ("on_street",)
FIRST_LONG_SEED = 1_000


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        more = metafunc.config.getoption("--simulation-seeds")
        metafunc.parametrize("seed", [*CI_SEEDS, *range(FIRST_LONG_SEED, FIRST_LONG_SEED + more)])


@pytest.fixture(scope="session")
def played(databases, postgres):
    """Play a seed, once in a session: tests that look at the same seed share what happened."""
    done = {}

    def of(seed, steps):
        if (seed, steps) not in done:
            with databases.lent() as new_room:
                done[seed, steps] = play(seed, steps, new_room, postgres.admin)
        return done[seed, steps]

    return of
