import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.group import hash_to_group, multiply, quotient, random_scalar
from kumihimo.rooms.ledger.domain.codes import (
    Coded,
    Step,
    VersionForgotten,
    candidates,
    carried,
)

SECRETS = {version: random_scalar(SystemEntropy()) for version in range(1, 6)}
PERSON = hash_to_group(b"one", b"test")


def coded(version, person=PERSON):
    return Coded(version, multiply(SECRETS[version], person))


def step(old, *, forgotten=False):
    scalar = None if forgotten else quotient(SECRETS[old + 1], SECRETS[old])
    return Step(old, old + 1, scalar)


@given(st.integers(1, 5), st.integers(1, 5), st.randoms())
def test_a_code_is_carried_to_the_newest_version_that_steps_lead_to(at, newest, random):
    steps = [step(old) for old in range(1, newest)]
    random.shuffle(steps)
    assert carried(coded(at), steps) == coded(max(at, newest))


@given(st.integers(1, 5), st.integers(1, 5))
def test_the_candidates_of_a_code_are_the_person_under_each_version_and_nobody_else(at, newest):
    steps = [step(old) for old in range(1, newest)]
    found = candidates(coded(at), steps)
    reached = range(1, newest + 1) if at <= newest else [at]
    assert sorted(found) == sorted(coded(version).code for version in reached)
    stranger = hash_to_group(b"other", b"test")
    assert not set(found) & set(candidates(coded(at, stranger), steps))


def test_a_code_behind_a_forgotten_step_is_not_carried_to_a_wrong_one():
    steps = [step(1, forgotten=True), step(2)]
    with pytest.raises(VersionForgotten):
        carried(coded(1), steps)
    assert carried(coded(2), steps) == coded(3)
    assert sorted(candidates(coded(3), steps)) == sorted([coded(2).code, coded(3).code])


def test_a_code_does_not_print():
    assert coded(1).code.hex() not in repr(coded(1)).lower()
    assert str(bytes(coded(1).code)) not in repr(coded(1))
