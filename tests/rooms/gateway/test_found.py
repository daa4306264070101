"""What a check found is read in today's words, also where an earlier program has stored it."""

import json

import msgspec
import pytest

from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.keys import Locker, PartyKeys
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.gateway.context import Tenant
from kumihimo.rooms.gateway.locked import lock_found, unlock_found

RUN = "r" * 22
STORED = {
    "run": RUN,
    "addressees": ["100"],
    "verdict": "MISMATCH",
    "homonym": None,
    "name": "canonical",
    "birth": "part",
    "sex": "equal",
    "address": "town",
}


@pytest.fixture
def tenant():
    keys = PartyKeys("lg-131032", Withheld(b"m" * 32))
    return Tenant("lg-131032", keys, Locker.of(keys.secret("columns"), SeededEntropy("found")))


def read(tenant, **changes):
    stored = json.dumps(STORED | changes).encode()
    return unlock_found(tenant, RUN, lock_found(tenant, RUN, stored))


@pytest.mark.parametrize(
    ("attribute", "before", "now"),
    [
        ("birth", "swapped", "different"),
        ("address", "canonical", "without-room"),
        ("address", "room", "other-room"),
        # Words that mean today what they meant.
        ("name", "canonical", "canonical"),
        ("birth", "unknown", "unknown"),
        ("address", "town", "town"),
    ],
)
def test_a_finding_of_an_earlier_program_says_no_more_than_was_seen(tenant, attribute, before, now):
    found = read(tenant, **{attribute: before})
    assert getattr(found, attribute) == now
    rest = {**STORED, attribute: now}
    assert json.loads(msgspec.json.encode(found)) == rest


def test_a_word_that_no_program_wrote_is_a_bug_and_is_not_guessed_at(tenant):
    with pytest.raises(msgspec.ValidationError):
        read(tenant, address="nearby")
