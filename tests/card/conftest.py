"""Cards for tests: keys are drawn once for a worker, memories are made anew for each test."""

from functools import cache

import pytest

from kumihimo.card.carriers import CARRIERS, ORDINARY
from kumihimo.card.chip import Chip
from kumihimo.card.memory import Volatile
from kumihimo.card.specimen import specimen
from kumihimo.kernel.entropy import SeededEntropy
from tests.card.reader import Reader


@cache
def drawn(carrier):
    return specimen(CARRIERS[carrier], entropy=SeededEntropy("specimen"))


@pytest.fixture
def insert():
    """Return a maker of readers with a specimen in them, just powered on."""

    def make(card=ORDINARY, switches=None, memory=None):
        memory = memory or Volatile(drawn(card.name))
        chip = Chip(card, memory, entropy=SeededEntropy("card"), switches=switches)
        chip.power_on()
        return Reader(chip, memory)

    return make


@pytest.fixture
def reader(insert):
    """Return a reader with an ordinary card in it."""
    return insert()
