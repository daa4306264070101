"""Cards issued by a hierarchy whose keys a test has: counters and terminals can be made for them."""

from functools import cache

from kumihimo.card.carriers import CARRIERS
from kumihimo.card.chip import Chip
from kumihimo.card.files import Role
from kumihimo.card.hierarchy import Hierarchy
from kumihimo.card.holding import HolderKeys
from kumihimo.card.memory import Volatile
from kumihimo.card.personalise import personalise
from kumihimo.card.specimen import PRINTED, specimen_order
from kumihimo.kernel.entropy import SeededEntropy

SERIAL = PRINTED.serial.encode("ascii")


@cache
def hierarchy():
    return Hierarchy.draw()


@cache
def terminal(role):
    return hierarchy().terminal(role, {Role.COUNTER: "7000001", Role.TERMINAL: "7000002"}[role])


@cache
def impostor():
    """Return a counter that another hierarchy certified."""
    return Hierarchy.draw().terminal(Role.COUNTER, "7000003")


@cache
def issuer():
    return hierarchy().issuer(PRINTED.municipality)


@cache
def keys(key_type):
    return HolderKeys.draw(key_type)


@cache
def _contents(carrier):
    card = CARRIERS[carrier]
    order = specimen_order(
        card, entropy=SeededEntropy(carrier), keys=keys(card.key_type), issuer=issuer()
    )
    return personalise(order, entropy=SeededEntropy(carrier))


def issue(carrier="card"):
    """Return a powered chip of a carrier and its memory."""
    memory = Volatile(_contents(carrier))
    chip = Chip(CARRIERS[carrier], memory, entropy=SeededEntropy("chip"))
    chip.power_on()
    return chip, memory
