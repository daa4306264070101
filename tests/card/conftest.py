"""Cards for tests: keys are drawn once for a worker, memories are made anew for each test."""

from functools import cache

import pytest

from kumihimo.card.carriers import CARRIERS, ORDINARY
from kumihimo.card.chip import Chip
from kumihimo.card.memory import Volatile
from kumihimo.card.personalise import personalise
from kumihimo.card.specimen import specimen_order
from kumihimo.kernel.entropy import SeededEntropy
from tests.card.issued import issuer, keys
from tests.card.reader import Reader


@cache
def drawn(carrier):
    card, entropy = CARRIERS[carrier], SeededEntropy("specimen")
    order = specimen_order(card, entropy=entropy, keys=keys(card.key_type), issuer=issuer())
    return personalise(order, entropy=entropy)


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
