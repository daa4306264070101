import pytest

from tests.browser.chromium import Chromium, Loop


@pytest.fixture(scope="session")
def loop():
    made = Loop()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def chromium(loop):
    browser = Chromium()
    loop.run(browser.start())
    yield browser
    loop.run(browser.stop())
