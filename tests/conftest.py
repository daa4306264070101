"""One PostgreSQL for each test worker; each test that asks gets databases of its own."""

import gc
import logging
import signal
from contextlib import closing, suppress
from importlib import import_module

import pytest
from hypothesis import settings

from tests.databases import Databases, own_server
from tests.meta.project import ROOT
from tests.order import turn

pytest_plugins = ["tests.stuck"]

# A run tells about the code and not about the machine or the day: no example is timed, and each
# run tries the same ones, so that fewer do. To hunt for others: `--hypothesis-profile random`.
settings.register_profile("random", deadline=None)
settings.register_profile("same", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("same")

# A run in the background of a shell is deaf to Ctrl-C, and so would be what a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

GARBAGE_YOUNG = 20_000  # objects; Python's own 700 is for programs that build no rooms


def pytest_addoption(parser):
    parser.addoption(
        "--simulation-seeds",
        type=int,
        default=0,
        metavar="N",
        help="simulate the federation under N more seeds (tests/simulation)",
    )
    parser.addoption(
        "--gaps",
        default="",
        metavar="FILE",
        help="write down how long nobody was told anything while something failed, as JSON lines",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session):
    """Let each worker of a whole run read other tests first: what one has compiled, all read."""
    worker = getattr(session.config, "workerinput", None)
    if worker is None or session.config.args != ["tests"]:
        return
    files = sorted(path.relative_to(ROOT) for path in ROOT.glob("tests/**/test_*.py"))
    place, of = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    for file in files[place * len(files) // of :]:
        with suppress(Exception):  # collecting tells of it
            import_module(".".join(file.with_suffix("").parts))


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: turn(item.nodeid))


def pytest_collection_finish():
    """Look for garbage only among what tests leave: modules and tests stay until the end.

    Each room that is built leaves tens of thousands of objects; to look through all that a worker
    collected, again and again, was a sixth of what a room's tests cost.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_YOUNG, 20, 10)


@pytest.fixture(autouse=True)
def no_log_left_behind():
    """A room's log takes over what libraries say; a test that starts one leaves none to the next."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    yield
    root.handlers[:], root.level, logging.raiseExceptions = before


@pytest.fixture(scope="session")
def postgres():
    with own_server() as server:
        yield server


@pytest.fixture(scope="session")
def databases(postgres):
    with closing(Databases(postgres)) as found:
        yield found


@pytest.fixture
def new_room(databases):
    """Make a migrated database for a room, under a name that no other test has."""
    with databases.lent() as make:
        yield make
