"""A test that does not end though it was told to: its process ends, and another runs the rest.

The bound of pyproject.toml is raised inside the test. What swallows that, and an ending that hangs,
would hold up the whole run.
"""

import faulthandler

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key  # before pytest captures


def pytest_addoption(parser):
    parser.addoption(
        "--stuck-after",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="say where a test is and end its process, whatever else was tried",
    )


def _watch(config):
    after = config.getoption("stuck_after")
    faulthandler.dump_traceback_later(
        after, file=config.stash[fault_handler_stderr_fd_key], exit=True
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    _watch(item.config)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node):
    if isinstance(node, pytest.Item):  # pytest itself has just taken the watch away
        _watch(node.config)
