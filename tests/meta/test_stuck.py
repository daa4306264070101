"""A test that hangs is named, however it hangs, and the others run."""

import re
import signal
import subprocess
import sys

from kumihimo.kernel.settings import environment_with
from tests.hostile.terminal import SECONDS, typed
from tests.meta.project import ROOT

# Two that their bound does not end (one of them fails before), one that fails, and one that is well.
TESTS = """
import asyncio, pytest, time

async def deaf():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def room():
    await asyncio.create_task(deaf())

def test_a_room_hears_nothing():
    asyncio.run(room())

@pytest.fixture
def room_that_does_not_end():
    yield
    time.sleep(600)

def test_an_ending_hangs(room_that_does_not_end):
    time.sleep(600)

def test_fails():
    assert False

def test_is_well():
    pass
"""


def test_a_test_that_nothing_ends_is_named_with_its_place_and_the_others_run(tmp_path):
    (tmp_path / "test_it.py").write_text(TESTS)
    plugins = [word for one in ("xdist", "pytest_timeout", "tests.stuck") for word in ("-p", one)]
    bounds = ("-o", "timeout=1", "--stuck-after=3")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n1", *plugins, *bounds, str(tmp_path)],
        cwd=ROOT,
        env=environment_with(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 1, told
    named = re.findall(r"crashed while running '.*test_it\.py::(\w+)'", done.stdout)
    assert set(named) == {"test_a_room_hears_nothing", "test_an_ending_hangs"}, told
    assert 'test_it.py", line' in done.stderr, told
    assert "4 failed, 1 passed" in done.stdout, told


def test_a_test_that_types_a_line_keeps_its_own_bound():
    bound, _ = signal.getitimer(signal.ITIMER_REAL)
    typed("--version")
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    assert SECONDS < left <= bound
